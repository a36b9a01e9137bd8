"""The event catalogue: counts as trends have them, all of time from files read once, entries, and what is hidden."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import tenure
from tenure.core.errors import QuestionRefused
from tenure.warehouse import catalogue
from tenure.warehouse.catalogue import Entry, Summaries

START = datetime(2024, 1, 1, tzinfo=UTC)
MARCH = {"question": "event_catalogue", "days": 31, "to": "2024-03-31"}


def event(name: str, day: float, **more: Any) -> dict[str, Any]:
    return {"event": name, "ts": (START + timedelta(days=day)).isoformat(), **more}


def by_name(workspace: Any, **asked: Any) -> dict[str, dict[str, Any]]:
    return {row["event"]: row for row in workspace.ask({**MARCH, **asked}).to_dicts()}


@pytest.fixture
def many() -> Any:
    """Events at random over three months, some sent twice, some of unknown people or of those who became known."""
    rng = np.random.default_rng(7)
    workspace = tenure.open(settings={"timezone": "Asia/Shanghai"})
    rows = [
        {
            **event(f"e{rng.integers(6)}", float(rng.uniform(0, 91))),
            "event_id": f"id{i}",
            "account_id": f"a{rng.integers(5)}" if rng.random() < 0.7 else None,
            **({"user_id": f"u{rng.integers(20)}"} if rng.random() < 0.8 else {"anonymous_id": f"d{rng.integers(20)}"}),
        }
        for i in range(2_000)
    ]
    for part in (rows[:900], rows[900:], rows[100:150]):
        workspace.load("events", part, source="app")
    workspace.load("identities", [{"anonymous_id": f"d{i}", "user_id": f"u{i}"} for i in range(10)])
    workspace.load("accounts", [{"account_id": f"a{i}", "owner": "ann" if i < 2 else "ben"} for i in range(5)])
    return workspace


@pytest.mark.parametrize("where", [{}, {"owner": "ann"}], ids=["all accounts", "some accounts"])
def test_counts_are_those_of_trends(many, where):
    found = by_name(many, where=where)
    march = {"question": "trend", "from": "2024-03", "to": "2024-03", "where": where}
    for name, row in found.items():
        of_days = many.ask({**march, "match": {"event": name}, "period": "day"}).to_dicts()
        assert row["by_day"] == [day["value"] for day in of_days]
        assert row["events"] == sum(row["by_day"])
        for measure in ("users", "accounts"):
            (month,) = many.ask({**march, "match": {"event": name}, "period": "month", "measure": measure}).to_dicts()
            assert row[measure] == month["value"]


def test_all_of_time_is_told_though_few_days_are_counted():
    workspace = tenure.open()
    workspace.load("events", [event("old", 1), event("old", 3), event("new", 88), event("$identify", 88)])
    found = by_name(workspace, days=7)
    assert {name: (row["events"], row["first_seen"].day, row["last_seen"].day) for name, row in found.items()} == {
        "old": (0, 2, 4),
        "new": (1, 29, 29),
    }
    assert [row["alarms"] for row in found.values()] == [["new"], []]


def test_a_property_that_changes_its_type():
    rows = [event("pay", day, properties={"amount": day if day < 86 else str(day), "x": 1}) for day in range(60, 91)]
    workspace = tenure.open()
    workspace.load("events", rows)
    assert by_name(workspace)["pay"]["alarms"] == ["type:amount"]
    found = workspace.ask({"question": "event_properties", "event": "pay", "to": "2024-03-31"}).to_dicts()
    assert [(row["property"], row["types"], row["changed"]) for row in found] == [
        ("amount", ["number", "text"], True),
        ("x", ["number"], False),
    ]
    assert found[0]["examples"] == ["90", "89", "88"]


def test_properties_that_cannot_be_read_say_nothing():
    workspace = tenure.open()
    rows = pa.table({"event": ["a", "a", "a"], "ts": [START] * 3, "properties": ['{"x": 1', "[1]", None]})
    workspace.load("events", rows)
    assert workspace.ask({"question": "event_properties", "event": "a"}).table.num_rows == 0


def test_a_file_is_read_once_and_forgotten_with_the_table(tmp_path, monkeypatch):
    workspace = tenure.open(tmp_path)
    for day in (80, 85):
        workspace.load("events", [event("a", day)])
    read: list[str] = []
    summary = catalogue._summary
    monkeypatch.setattr(catalogue, "_summary", lambda lake, file: read.append(Path(file).stem) or summary(lake, file))
    assert by_name(workspace)["a"]["first_seen"].day == 21
    workspace.load("events", [event("a", 1)])
    assert by_name(workspace)["a"]["first_seen"].day == 2
    assert len(read) == len(set(read)) == 3
    assert workspace.lake.compact("events") == 3
    assert by_name(workspace, days=30)["a"]["first_seen"].day == 2
    kept = {file.name.partition(".")[0] for file in (tmp_path / "cache" / "catalogue").iterdir()}
    assert kept == {read[-1]}
    for file in (tmp_path / "cache" / "catalogue").iterdir():
        file.write_bytes(file.read_bytes()[:100])
    assert by_name(workspace, days=29)["a"]["first_seen"].day == 2


def test_what_is_kept_of_a_file_is_bounded(tmp_path):
    workspace = tenure.open(tmp_path)
    count = 12_000
    rows = pa.table(
        {
            "event": [f"e{i % 10_000}" for i in range(count)],
            "ts": [START + timedelta(seconds=i) for i in range(count)],
            "properties": [json.dumps({f"k{i}": "v" * 50}) for i in range(count)],
        }
    )
    workspace.load("events", rows)
    summaries = Summaries(workspace.lake, None)
    assert summaries.samples(workspace.lake.version("events")).num_rows <= 2 * catalogue.SAMPLES_OF_A_FILE
    answer = workspace.ask(MARCH)
    assert answer.table.num_rows == 2_000
    assert answer.notes == [{"code": "events_left_out", "count": 8_000}]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([], [("a", ("a",)), ("b", ("b",)), ("c", ("c",))], id="each event is one"),
        pytest.param(
            [Entry("c", "two", None, None, False), Entry("a", "two", None, None, False)],
            [("two", ("a", "c")), ("b", ("b",))], id="several are one feature",
        ),
        pytest.param(
            [Entry("a", "two", None, None, True), Entry("b", None, None, None, True)], [("c", ("c",))], id="hidden"
        ),
        pytest.param(
            [Entry("b", "a", None, None, False)], [("a", ("a", "b")), ("c", ("c",))], id="a feature named as an event"
        ),
    ],
)  # fmt: skip
def test_features_of_events(entries, expected):
    assert catalogue.features(["a", "b", "c"], {entry.event: entry for entry in entries}) == expected


def test_the_heat_map_has_the_features_of_the_catalogue():
    workspace = tenure.open()
    workspace.load("events", [event(name, day, account_id="x") for name in "abc" for day in (0, 31)])
    workspace.load("event_entries", [{"event": "a", "feature": "both"}, {"event": "b", "feature": "both"}])
    workspace.load("event_entries", [{"event": "c", "hidden": True}])
    asked = {"question": "feature_retention", "period": "month", "first_interval": "2024-01-01", "intervals": 2}
    assert workspace.ask(asked).table["feature"].to_pylist() == ["both"]
    assert {name: row["hidden"] for name, row in by_name(workspace).items()} == {"a": False, "b": False, "c": True}


def test_an_entry_without_events_is_listed():
    workspace = tenure.open()
    workspace.load("event_entries", [{"event": "planned", "owner": "ann"}])
    assert by_name(workspace)["planned"]["first_seen"] is None
    assert by_name(workspace, where={"owner": "ann"}) == {}


def test_conditions_on_rows_are_refused():
    with pytest.raises(QuestionRefused):
        by_name(tenure.open(), where={"plan": "team"})
