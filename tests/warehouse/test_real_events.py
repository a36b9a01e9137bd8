"""Sixteen years of companies using six modules of a product: every behaviour question against counts by hand."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

import tenure
from reference.cases import SHARED

FILE = SHARED / "data" / "openstack_events" / "events.csv.gz"
MODULES = ("nova", "neutron", "horizon", "glance", "keystone", "heat")
COMPANIES = {"tier": "company"}
STEPS = ("core", "test", "docs", "release_note")
WINDOW = timedelta(days=90)
COUNTED_OUTSIDE = {
    2011: (37, 13.5), 2012: (58, 22.4), 2013: (74, 17.6), 2014: (89, 23.6), 2015: (97, 22.7), 2016: (99, 33.3),
    2017: (81, 22.2), 2018: (82, 36.6), 2019: (61, 44.3), 2020: (46, 50.0), 2021: (38, 36.8), 2022: (34, 32.4),
    2023: (33, 33.3), 2024: (30, 40.0), 2025: (27, 44.4),
}  # fmt: skip
"""Year -> (companies seen in it, percent of them not seen in the next), as the data's README tells."""


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """The events in the order of the file, with their moment."""
    if not FILE.exists():
        pytest.skip("the data set openstack_events is not here (set TENURE_SHARED)")
    with gzip.open(FILE, "rt") as lines:
        return [{**row, "ts": datetime.fromisoformat(row["ts_utc"])} for row in csv.DictReader(lines)]


@pytest.fixture(scope="module")
def company_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["account_kind"] == "company"]


@pytest.fixture(scope="module")
def workspace(rows: list[dict[str, Any]]) -> Any:
    """The events in a lake, the module as a property, the kind of account as its tier."""
    made = tenure.open(settings={"timezone": "UTC"})
    columns = {name: [row[name] for row in rows] for name in ("ts", "event", "user_id", "account_id")}
    columns["event_id"] = [str(number) for number in range(len(rows))]
    columns["properties"] = [json.dumps({"module": row["module"]}) for row in rows]
    made.load("events", pa.table(columns))
    kinds = {row["account_id"]: row["account_kind"] for row in rows}
    made.load("accounts", [{"account_id": account, "tier": kind} for account, kind in kinds.items()])
    return made


def test_companies_of_a_year_and_those_gone_in_the_next(workspace: Any) -> None:
    asked = {"question": "lifecycle", "period": "year", "first_interval": "2010-01-01", "intervals": 17}
    years = {row["interval"]: row for row in workspace.ask({**asked, "unit": "account", "where": COMPANIES}).to_dicts()}
    told = {
        year: (years[str(year)]["active"], round(100 * years[str(year + 1)]["dormant"] / years[str(year)]["active"], 1))
        for year in COUNTED_OUTSIDE
    }
    assert told == COUNTED_OUTSIDE
    for year in range(2011, 2027):
        row, before = years[str(year)], years[str(year - 1)]
        assert row["active"] == row["new"] + row["returning"] + row["resurrecting"]
        assert row["returning"] + row["dormant"] == before["active"]


def test_yearly_retention_is_that_of_sets(workspace: Any, company_rows: list[dict[str, Any]]) -> None:
    seen = defaultdict(set)
    for row in company_rows:
        seen[row["ts"].year].add(row["account_id"])
    asked = {"question": "retention", "period": "year", "first_interval": "2010-01-01", "intervals": 16}
    answer = workspace.ask({**asked, "unit": "account", "where": COMPANIES, "now": "2026-01-01"})
    for row in answer.to_dicts():
        year = int(row["cohort"])
        assert row["values"] == [len(seen[year] & seen[later]) for later in range(year, 2026)]


def test_the_month_with_most_people(workspace: Any) -> None:
    asked = {"question": "trend", "period": "month", "from": "2010-06", "to": "2026-07", "measure": "users"}
    months = {row["interval"]: row["value"] for row in workspace.ask(asked).to_dicts()}
    assert max(months, key=lambda month: months[month]) == "2015-08"
    assert months["2015-08"] == 303


def test_modules_by_reach_and_retention(workspace: Any, company_rows: list[dict[str, Any]]) -> None:
    used = defaultdict(set)
    for row in company_rows:
        used[row["module"], row["ts"].year].add(row["account_id"])
    features = {name: {"event": None, "where": [{"prop": "module", "op": "eq", "value": name}]} for name in MODULES}
    asked = {
        "question": "feature_retention", "features": features, "period": "year", "first_interval": "2012-01-01",
        "intervals": 14, "columns": 2, "unit": "account", "where": COMPANIES, "now": "2026-01-01",
    }  # fmt: skip
    answer = workspace.ask(asked).to_dicts()
    assert [(row["feature"], row["reach"]) for row in answer[:3]] == [("nova", 162), ("neutron", 134), ("horizon", 122)]
    years = range(2012, 2026)
    for row in answer:
        of = [used[row["feature"], year] for year in years]
        stayed = sum(len(one & two) for one, two in itertools.pairwise(of))
        assert row["reach"] == len(set().union(*of))
        assert float(row["rate"][1]) == pytest.approx(stayed / sum(map(len, of[:-1])), abs=1e-9)


@pytest.mark.parametrize("unit", ["account", "user"])
def test_how_many_months_of_a_year(workspace: Any, company_rows: list[dict[str, Any]], unit: str) -> None:
    months = defaultdict(set)
    for row in company_rows:
        if row["ts"].year == 2015:
            months[row[f"{unit}_id"]].add(row["ts"].month)
    counts = Counter(map(len, months.values()))
    asked = {"question": "stickiness", "period": "month", "first_interval": "2015-01-01", "intervals": 12}
    answer = workspace.ask({**asked, "unit": unit, "where": COMPANIES})
    assert {row["k"]: row["units"] for row in answer.to_dicts()} == {k: counts[k] for k in range(1, 13)}


@pytest.mark.parametrize("unit", ["account", "user"])
def test_from_a_change_to_its_release_note(workspace: Any, company_rows: list[dict[str, Any]], unit: str) -> None:
    asked = {
        "question": "funnel", "steps": [{"event": step} for step in STEPS], "unit": unit, "where": COMPANIES,
        "window_seconds": int(WINDOW.total_seconds()), "from": "2018-01-01", "to": "2019-01-01",
    }  # fmt: skip
    trails = defaultdict(list)
    for row in company_rows:
        trails[row[f"{unit}_id"]].append(row)
    depths = Counter(_depth(sorted(events, key=lambda row: row["ts"])) for events in trails.values())
    reached = [sum(count for depth, count in depths.items() if depth >= step) for step in range(1, len(STEPS) + 1)]
    assert [row["units"] for row in workspace.ask(asked).to_dicts()] == reached
    assert reached == ([56, 46, 29, 20] if unit == "account" else [165, 123, 54, 38])


def _depth(events: list[dict[str, Any]]) -> int:
    """How deep the best attempt gets that begins in 2018: each step at the first moment it can be, in the window.

    Steps of one moment are taken in any order, as no two steps have one name.
    """
    best = 0
    moments = {step: [row["ts"] for row in events if row["event"] == step] for step in STEPS}
    for entry in moments[STEPS[0]]:
        now, depth = entry, 1
        while depth < len(STEPS) and entry.year == 2018:
            later = [moment for moment in moments[STEPS[depth]] if now <= moment <= entry + WINDOW]
            if not later:
                break
            now, depth = min(later), depth + 1
        best = max(best, depth if entry.year == 2018 else 0)
    return best
