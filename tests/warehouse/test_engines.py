"""Every question gives the same table on one machine and on Spark: of a simulated firm, and of sixteen real years."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from clusters import differences, pair, without_spark
from reference.cases import SHARED
from tenure.core.simulation import Firm, Scenario
from tenure.warehouse.questions import FAMILIES
from tenure.warehouse.workspace import Workspace

pytestmark = pytest.mark.skipif(bool(without_spark()), reason=without_spark())

EVENTS = SHARED / "data" / "openstack_events" / "events.csv.gz"
NOW = {"now": "2026-11-01T00:00:00"}
SPAN = {"from": "2026-01", "to": "2026-10"}
WEEKS = {"period": "week", "first_interval": "2026-08-03", "intervals": 8, **NOW}
OCTOBER = {"question": "trend", "period": "day", "from": "2026-10", "to": "2026-10", **NOW}
STEPS = [{"event": "login"}, {"event": "task_created"}, {"event": "task_completed"}]
FIRM: dict[str, list[tuple[dict[str, Any], dict[str, Any] | None]]] = {
    "movements": [
        (SPAN, {"period": "2026-03", "kind": "new"}),
        ({**SPAN, "by": ["plan"], "where": {"currency": "CNY"}, "as_known_on": "2026-06-30"}, None),
    ],
    "ledger": [({"from": "2026-05", "to": "2026-06"}, None)],
    "revenue_metrics": [({**SPAN, "grain": "quarter", "by": ["industry"]}, {"period": "2026-Q2", "metric": "mrr"})],
    "accounts": [({"as_of": "2026-10-01"}, None)],
    "cohorts": [({"from": "2025-01", "to": "2026-10"}, {"cohort": "2025-04"})],
    "renewals": [({**SPAN, "as_of": "2026-10-31"}, {"period": "2026-05", "kind": "expiring"})],
    "attribution": [({"conversion": "expansion"}, {"channel": "(none)"}), ({"conversion": "renewal"}, None)],
    "channels": [({**SPAN, "credit": "linear"}, {"channel": "baidu"}), ({**SPAN, "by": "keyword"}, None)],
    "cac": [({**SPAN, "maturity_days": 60}, {"slice": "all", "of": "cost"})],
    "contracts_due": [({"as_of": "2026-10-01"}, None)],
    "committed_mrr": [({"as_of": "2026-10-01"}, {"kind": "mrr"})],
    "ltv": [({"as_of": "2026-09-30", "by": ["plan"]}, None)],
    "definition_diff": [({**SPAN, "definitions": ["default", "chartmogul-like"]}, None)],
    "reconcile": [({"totals": [{"period": "2026-02", "amount": "1"}], "compare": "invoiced"}, {"period": "2026-02"})],
    "invoiced": [({**SPAN, "by": ["industry"]}, {"period": "2026-02"})],
    "closes": [({}, None)],
    "restatements": [(SPAN, None)],
    "anomalies": [({}, None)],
    "funnel": [
        ({"steps": STEPS, "from": "2026-08-01", "to": "2026-10-01", **NOW}, {"step": "2"}),
        (
            {
                "steps": [STEPS[0], {"event": "task_created", "where": [{"prop": "industry", "op": "set"}]}],
                "unit": "account", "breakdown": {"prop": "industry", "attribution": "all"}, "trend": "week",
                "exclusions": [{"event": "support_opened", "from_step": 0, "to_step": 1}], **NOW,
            },
            {"step": "1"},
        ),
        ({"steps": STEPS[:2], "order": "strict", "ignore": ["help_viewed"], "unit": "prop:plan", **NOW}, None),
        ({"steps": [STEPS[0], {**STEPS[1], "min_users": 2}], "unit": "account", "window": "same_day", **NOW}, None),
    ],
    "retention": [
        ({"start": {"event": "login"}, "return": {"event": None}, **WEEKS}, {"cohort": "2026-08-10", "column": "1"}),
        ({"breakdown": {"prop": "plan"}, "unit": "account", "mode": "first_ever", **WEEKS}, None),
    ],
    "feature_retention": [({**WEEKS, "revenue": True}, {"feature": "login"}), ({**WEEKS, "unit": "user"}, None)],
    "lifecycle": [({**WEEKS, "unit": "user"}, {"interval": "2026-08-10", "state": "returning"})],
    "lifecycle_contracts": [({"period": "month", "due_days": 200, **NOW}, None)],
    "stickiness": [(WEEKS, {"k": "2"})],
    "account_stickiness": [({"as_of": "2026-10-01"}, None)],
    "paths": [({"from": "2026-09-01", "to": "2026-09-15"}, None)],
    "trend": [
        ({"period": "week", "from": "2026-08", "to": "2026-10", "breakdown": {"prop": "plan"}, **NOW}, None),
        ({"period": "day", "from": "2026-10", "to": "2026-10", "measure": "users", **NOW}, {"interval": "2026-10-05"}),
        ({**OCTOBER, "measure": "users", "breakdown": {"prop": "industry", "limit": 2}}, None),
        ({**OCTOBER, "measure": "avg:employees", "breakdown": "industry"}, None),
        (
            {
                "period": "month", "from": "2026-08", "to": "2026-10", "formula": "A / B", **NOW,
                "series": {"A": {"event": "login"}, "B": {"event": None}}, "measure": "accounts",
            },
            None,
        ),
    ],
    "actors": [
        ({"of": {"question": "lifecycle", **WEEKS}, "cell": {"interval": "2026-08-10", "state": "returning"}}, None)
    ],
    "event_catalogue": [({"to": "2026-10-31"}, None)],
    "event_properties": [({"event": "login", "to": "2026-10-31"}, None)],
}  # fmt: skip
"""Question -> ways to ask it, each with a cell whose rows are looked at."""
YEARS = {"period": "year", "first_interval": "2010-01-01", "intervals": 16, "unit": "account"}
CODE = [{"event": step} for step in ("core", "test", "docs", "release_note")]
REAL: list[dict[str, Any]] = [
    {"question": "lifecycle", **YEARS, "where": {"tier": "company"}},
    {"question": "retention", **YEARS, "start": {"event": "core"}, "return": {"event": None}},
    {
        "question": "feature_retention", **YEARS,
        "features": {m: {"event": None, "where": {"module": m}} for m in ("nova", "neutron", "horizon")},
    },
    {"question": "stickiness", "period": "month", "first_interval": "2015-01-01", "intervals": 12},
    {"question": "funnel", "steps": CODE, "unit": "account", "window_seconds": 7_776_000, "from": "2014", "to": "2018"},
    {"question": "trend", "period": "month", "from": "2010-06", "to": "2026-07", "measure": "users"},
    {"question": "paths", "from": "2015-01-01", "to": "2015-02-01", "node": "prop:module"},
]  # fmt: skip


@cache
def firm(folder: Path) -> tuple[Workspace, Workspace]:
    """A firm of 120 accounts over a year, its months up to June closed as known then, in Chinese time and money."""
    made = Workspace.open(folder, {"reporting_currency": "CNY", "timezone": "Asia/Shanghai"})
    scenario = Scenario(accounts=120, months=14, until=date(2026, 11, 1), activity=0.2)
    lived = Firm(scenario, np.random.default_rng(5))
    events = [lived.step(week).events for week in range(scenario.weeks)]
    for name, rows in lived.journal.current().items():
        if rows.num_rows and name in (
            "subscriptions",
            "discounts",
            "contracts",
            "invoice_lines",
            "fx_rates",
            "accounts",
            *("leads", "deals", "touches", "spend"),
        ):
            half = rows.num_rows // 2
            made.load(name, rows.slice(0, half), recorded_at=datetime(2026, 6, 15, tzinfo=UTC))
            made.load(name, rows.slice(half), recorded_at=datetime(2026, 10, 1, tzinfo=UTC))
    for some in (events[: len(events) // 2], events[len(events) // 2 :]):
        made.load("events", pa.concat_tables(some))
    return pair(folder)


@pytest.fixture(scope="module")
def of_firm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Workspace]:
    return firm(tmp_path_factory.mktemp("firm"))


@pytest.fixture(scope="module")
def of_openstack(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Workspace]:
    if not EVENTS.exists():
        pytest.skip("the data set openstack_events is not here (set TENURE_SHARED)")
    folder = tmp_path_factory.mktemp("openstack")
    made = Workspace.open(folder, {"timezone": "UTC"})
    with gzip.open(EVENTS, "rt") as lines:
        rows = list(csv.DictReader(lines))
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in ("event", "user_id", "account_id")}
    columns["ts"] = [datetime.fromisoformat(row["ts_utc"]) for row in rows]
    columns["event_id"] = [str(number) for number in range(len(rows))]
    columns["properties"] = [json.dumps({"module": row["module"]}) for row in rows]
    made.load("events", pa.table(columns))
    kinds = {row["account_id"]: row["account_kind"] for row in rows}
    made.load("accounts", [{"account_id": account, "tier": kind} for account, kind in kinds.items()])
    return pair(folder)


def test_every_question_is_asked() -> None:
    assert set(FIRM) == set(FAMILIES)


@pytest.mark.parametrize(
    ("asked", "cell"),
    [
        pytest.param({"question": name, **fields}, cell, id=f"{name}-{number}")
        for name, ways in FIRM.items()
        for number, (fields, cell) in enumerate(ways)
    ],
)
def test_of_the_firm(of_firm: tuple[Workspace, Workspace], asked: dict[str, Any], cell: dict[str, Any] | None) -> None:
    assert_alike(of_firm, asked, cell)


@pytest.mark.parametrize("asked", [pytest.param(asked, id=asked["question"]) for asked in REAL])
def test_of_real_years(of_openstack: tuple[Workspace, Workspace], asked: dict[str, Any]) -> None:
    assert_alike(of_openstack, asked, None)


def assert_alike(pairs: tuple[Workspace, Workspace], asked: dict[str, Any], cell: dict[str, Any] | None) -> None:
    """The answer, what stands beside it, and the rows behind a cell are alike on both."""
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    here, there = (workspace.ask(asked, now=moment) for workspace in pairs)
    assert not differences(here.table, there.table)
    assert (here.notes, here.checks, here.rows_read) == (there.notes, there.checks, there.rows_read)
    tables = [(here.beside, there.beside), (here.by_unit(), there.by_unit())]
    for one, other in tables:
        assert one.keys() == other.keys()
        assert not [line for name in one for line in differences(one[name], other[name])]
    if cell is not None:
        rows, others = here.rows_behind(cell), there.rows_behind(cell)
        assert rows.num_rows
        assert not differences(rows, others)
