"""Every worked example of the public contract, through `tenure.open().load().ask()`."""

from __future__ import annotations

from typing import Any

import pytest

from reference.asked import opened
from reference.cases import ANOMALIES, Example, examples, missing, near

pytestmark = [pytest.mark.usefixtures("engine"), pytest.mark.skipif(missing() is not None, reason=str(missing()))]

NEAR = "0.000001"


def by_name(name: str, as_known: bool = False) -> Any:
    """The examples that expect this. Only `movements` can be asked as known on a day."""
    found = [e for e in examples() if name in e.expect and (as_known or e.as_known_on is None)]
    return pytest.mark.parametrize("example", [pytest.param(e, id=e.name) for e in found])


def ask(example: Example, question: str, **fields: Any) -> list[dict[str, Any]]:
    asked: dict[str, Any] = {"question": question, **(example.window or {}), **fields}
    if example.where:
        asked["where"] = example.where
    if example.as_known_on:
        asked["as_known_on"] = example.as_known_on
    answer = opened(example.tables, example.settings).ask(asked)
    assert all(check["ok"] for check in answer.checks)
    return answer.to_dicts()


def assert_near(found: dict[str, Any], expected: dict[str, Any]) -> None:
    wrong = {k: (found[k], v) for k, v in expected.items() if not near(found[k], v, NEAR)}
    assert not wrong


@by_name("months", as_known=True)
def test_movements(example: Example) -> None:
    found = ask(example, "movements", grain="month")
    assert [row["period"] for row in found] == [row["month"] for row in example.expect["months"]]
    for row, expected in zip(found, example.expect["months"], strict=True):
        assert_near(row, {k: v for k, v in expected.items() if k != "month"})
        assert_near(row, {"entering": 0, "leaving": 0, "customers_entering": 0, "customers_leaving": 0})


@by_name("ledger")
def test_ledger(example: Example) -> None:
    found = {(str(r["date"]), r["account_id"], r["kind"]): r["amount"] for r in ask(example, "ledger")}
    expected = {(r["date"], r["customer_id"], r["type"]): r["amount"] for r in example.expect["ledger"]}
    assert found.keys() == expected.keys()
    assert_near(found, expected)


@by_name("metrics")
def test_revenue_metrics(example: Example) -> None:
    found = {row["period"]: row for row in ask(example, "revenue_metrics", grain="month")}
    assert found.keys() == example.expect["metrics"].keys()
    for month, expected in example.expect["metrics"].items():
        assert_near(found[month], expected)


@by_name("cohorts")
def test_cohorts(example: Example) -> None:
    by_customers = {row["cohort"]: row for row in ask(example, "cohorts", value="customers")}
    by_mrr = {row["cohort"]: row for row in ask(example, "cohorts", value="mrr")}
    for expected in example.expect["cohorts"]:
        row = by_mrr[expected["cohort"]]
        assert row["size"] == by_customers[expected["cohort"]]["size"] == expected["size"]
        assert by_customers[expected["cohort"]]["customers"] == expected["customers"]
        assert len(row["mrr"]) == len(expected["mrr"])
        assert all(near(a, b, NEAR) for a, b in zip(row["mrr"], expected["mrr"], strict=True))
        assert near(row["start_mrr"], expected["start_mrr"], NEAR)


@by_name("renewals")
def test_renewals(example: Example) -> None:
    for month, expected in example.expect["renewals"].items():
        fields = {"from": month, "to": month, "as_of": example.as_of}
        (row,) = ask(example, "renewals", **fields)
        assert row["period"] == month
        assert_near(row, expected)


@by_name("anomalies")
def test_anomalies(example: Example) -> None:
    answer = opened(example.tables, example.settings).ask({"question": "anomalies"})
    kinds = {ANOMALIES.get(kind, kind) for kind in example.expect["anomalies"]}
    assert {row["kind"] for row in answer.to_dicts()} == kinds
