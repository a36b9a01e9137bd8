"""The worked examples of behaviour, asked as anybody would ask them: tables in, a question, the figures expected."""

from __future__ import annotations

import json
from typing import Any

import pytest

import tenure
from reference.cases import SHARED

PLACE = SHARED / "cases" / "behaviour_examples.json"
CASES = json.loads(PLACE.read_text(encoding="utf-8"))["cases"] if PLACE.exists() else []
RENAMED = {"date_from": "from", "date_to": "to", "rolling": "unbounded"}
OF_SETTINGS = ("timezone", "week_start")


def opened(case: dict[str, Any], tmp_path: Any) -> Any:
    settings = {name: case["query"][name] for name in OF_SETTINGS if name in case["query"]}
    workspace = tenure.open(tmp_path / "w", settings=settings)
    rows = [
        {
            "user_id": e["actor"],
            "account_id": e["account"],
            "event": e["event"],
            "ts": e["ts"],
            "properties": e["props"],
        }
        for e in case["events"]
    ]
    if rows:
        workspace.load("events", rows)
    return workspace


def question(case: dict[str, Any]) -> dict[str, Any]:
    asked = {RENAMED.get(k, k): v for k, v in case["query"].items() if k not in OF_SETTINGS}
    asked["unit"] = {"actor": "user"}.get(asked.get("unit"), asked.get("unit", "user"))
    return {"question": case["kind"], **asked}


def of_kind(kind: str) -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in CASES if case["kind"] == kind]


pytestmark = [
    pytest.mark.usefixtures("engine"),
    pytest.mark.skipif(not CASES, reason="needs the worked cases in the folder shared"),
]


@pytest.mark.parametrize("case", of_kind("funnel"))
def test_funnel(case: dict[str, Any], tmp_path: Any) -> None:
    answer = opened(case, tmp_path).ask(question(case))
    rows, expect = answer.to_dicts(), case["expect"]
    if "breakdown" in expect:
        prop = case["query"]["breakdown"]["prop"]
        for value, wanted in expect["breakdown"].items():
            own = [row for row in rows if row[prop] == value]
            assert [row["units"] for row in own] == wanted["counts"]
            if "avg_seconds" in wanted:
                assert [row["seconds_mean"] for row in own][1:] == wanted["avg_seconds"][1 : len(own)]
    if "counts" in expect:
        assert [row["units"] for row in rows] == expect["counts"]
    if "depth" in expect:
        found = {row["unit"]: row["depth"] for row in answer.depth.to_pylist()}
        assert {unit: found.get(unit, 0) for unit in expect["depth"]} == expect["depth"]
    for step, units in expect.get("actors", {}).items():
        assert sorted(answer.actors(int(step))["unit"].to_pylist()) == sorted(units)
    if "excluded" in expect:
        assert sorted(answer.excluded["unit"].to_pylist()) == sorted(expect["excluded"])
    for period, counts in expect.get("trend", {}).items():
        by_period = {row["period"]: row for row in answer.trend.to_pylist()}
        label = period[:7] if case["query"]["trend"] == "month" else period
        assert [by_period[label][name] for name in ("entered", "converted")] == counts


@pytest.mark.parametrize("case", of_kind("retention"))
def test_retention(case: dict[str, Any], tmp_path: Any) -> None:
    rows = opened(case, tmp_path).ask(question(case)).to_dicts()
    assert [row["values"] for row in rows] == case["expect"]["table"]


@pytest.mark.parametrize("case", of_kind("lifecycle"))
def test_lifecycle(case: dict[str, Any], tmp_path: Any) -> None:
    rows = opened(case, tmp_path).ask(question(case)).to_dicts()
    for name, wanted in case["expect"].items():
        assert [row[name] for row in rows] == wanted, name


@pytest.mark.parametrize("case", of_kind("stickiness"))
def test_stickiness(case: dict[str, Any], tmp_path: Any) -> None:
    rows = opened(case, tmp_path).ask(question(case)).to_dicts()
    assert [row["units"] for row in rows] == case["expect"]["data"]


@pytest.mark.parametrize("case", of_kind("paths"))
def test_paths(case: dict[str, Any], tmp_path: Any) -> None:
    rows = opened(case, tmp_path).ask(question(case)).to_dicts()
    edges = [[row["from"], row["to"], row["count"]] for row in rows if not row["to"].endswith("_drop-off")]
    assert sorted(edges) == sorted(case["expect"]["edges"])
