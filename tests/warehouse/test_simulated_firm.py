"""The simulated firm as the questions see it: within its stated ranges, without faults but the planted ones, and moved
by what is done for its customers (docs/explanation/simulated-firm.md).
"""

from __future__ import annotations

import os
import statistics
from collections import Counter
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import tenure
from tenure.core.periods import day_number
from tenure.core.simulation import Firm, Intervention, Scenario
from tenure.core.simulation.calendar import NEW_YEARS
from tenure.core.simulation.scenario import CNY, DOLLAR, FEATURES, KINDS

UNTIL = date(2026, 11, 1)
SEEDS = range(1, 1 + int(os.environ.get("TENURE_TEST_SEEDS", "6")))
"""The firms that are tried; more with the variable."""
HOUSE = {"reporting_currency": "CNY", "timezone": "Asia/Shanghai"}
REVENUE = ("subscriptions", "discounts", "contracts", "invoice_lines", "fx_rates")


def loaded(tables: dict[str, pa.Table]) -> Any:
    workspace = tenure.open(settings=HOUSE)
    for name in REVENUE:
        if tables[name].num_rows:
            workspace.load(name, tables[name])
    return workspace


def lived(scenario: Scenario, seed: int) -> Firm:
    firm = Firm(scenario, np.random.default_rng(seed))
    for week in range(scenario.weeks):
        firm.step(week)
    return firm


@pytest.mark.parametrize("seed", SEEDS)
def test_the_firm_stays_within_its_ranges(seed: int) -> None:
    firm, _ = left_alone(seed)
    tables = firm.journal.current()
    workspace = loaded(tables)
    years = workspace.ask({"question": "revenue_metrics", "from": "2024", "to": "2025", "grain": "year"}).to_dicts()
    for year in years:
        assert 0.10 <= year["customer_churn_rate"] <= 0.20, year
        assert 0.92 <= year["nrr"] <= 1.10, year
    active = firm.books.active
    assert 0.60 <= firm.people.annual[active].mean() <= 0.80
    assert 0.15 <= statistics.mean(one.silent for one in firm.departures) <= 0.35
    rate = np.where(firm.people.currency == CNY, 1, DOLLAR)
    sizes = np.sort((firm.books.mrr(firm.until) * rate)[active])[::-1]
    assert sizes[: len(sizes) // 10].sum() > 0.5 * sizes.sum()
    months = Counter(day.month for day in tables["contracts"]["end"].to_pylist())
    assert sum(count for _, count in months.most_common(3)) > 0.30 * months.total()
    found = workspace.ask({"question": "anomalies"}).to_dicts()
    assert [row["kind"] for row in found] == ["overlap"] * len(firm.forgotten)
    assert {row["account_id"].replace("A", "S") for row in found} == set(firm.forgotten)


@pytest.mark.parametrize("seed", SEEDS)
def test_work_stops_at_spring_festival_and_features_follow_zipf(seed: int) -> None:
    scenario = Scenario(accounts=150, months=18, until=UNTIL)
    firm = Firm(scenario, np.random.default_rng(seed))
    events = pa.concat_tables([firm.step(week).events for week in range(scenario.weeks)])
    days = pc.divide(pc.add(events["ts"].cast(pa.int64()), 8 * 3_600_000_000), 86_400_000_000).to_numpy()
    per_day = np.bincount(days - scenario.since, minlength=firm.until - scenario.since)
    for year in NEW_YEARS:
        place = year - scenario.since
        if 35 <= place < len(per_day) - 35:
            ordinary = (per_day[place - 28 : place - 14].sum() + per_day[place + 21 : place + 35].sum()) / 4
            assert per_day[place : place + 7].sum() < 0.4 * ordinary
    uses = Counter(pc.unique(events["event"].cast(pa.string())).to_pylist())
    counts = events["event"].cast(pa.string()).value_counts()
    names = {feature.event for feature in FEATURES}
    uses = Counter({row["values"]: row["counts"] for row in counts.to_pylist() if row["values"] in names})
    use = np.array([count for _, count in uses.most_common()])
    rank = np.log(np.arange(1, len(use) + 1))
    slope, _ = np.polyfit(rank, np.log(use), 1)
    assert len(use) == 30
    assert -1.35 < slope < -0.75
    assert np.corrcoef(rank, np.log(use))[0, 1] ** 2 > 0.85


def test_the_firm_is_what_the_questions_say() -> None:
    """The firm's own sum of what it has sold, against the answer from its rows."""
    firm = lived(Scenario(accounts=300, until=UNTIL, activity=0, planted=0), 5)
    workspace = loaded(firm.journal.current())
    last = workspace.ask({"question": "movements", "from": "2026-10", "to": "2026-10", "by": ["currency"]}).to_dicts()
    customers = sum(row["customers_close"] for row in last)
    assert customers == int((firm.books.mrr(firm.until - 1) > 0).sum())
    yuan = next(row["close"] for row in last if row["currency"] == "CNY")
    own = firm.books.mrr(firm.until - 1)[firm.people.currency == CNY].sum()
    # changes sold in the last weeks begin on the next billing day: the firm's own sum has them already
    assert abs(float(own) / 10_000 / float(yuan) - 1) < 0.02


def test_the_history_knows_what_was_known_when() -> None:
    firm = lived(Scenario(accounts=120, until=UNTIL, activity=0, planted=0), 3)
    workspace = tenure.open(settings=HOUSE)
    for name, table in firm.journal.history().items():
        workspace.load(name, table)
    asked = {"question": "movements", "from": "2026-09", "to": "2026-10"}
    now = loaded(firm.journal.current()).ask(asked).to_dicts()
    assert workspace.ask(asked).to_dicts() == now
    early = workspace.ask({**asked, "as_known_on": "2026-07-31"}).to_dicts()
    assert early[1]["close"] != now[1]["close"]
    assert not workspace.ask({"question": "anomalies"}).to_dicts()


# What actions are worth -----------------------------------------------------------------------------------------------


def governed(seed: int, policy: Any) -> tuple[Firm, float]:
    """A firm under a policy, and its net revenue retention over the last two years, year on year."""
    firm = Firm(Scenario(accounts=1_500, until=UNTIL, activity=0), np.random.default_rng(seed))
    rng = np.random.default_rng(1_000 + seed)
    rate = np.where(firm.people.currency == CNY, 1, DOLLAR)
    weeks = firm.scenario.weeks
    seen = {}
    for week in range(weeks):
        firm.step(week, policy(firm, week, rng))
        if week in (weeks - 105, weeks - 53, weeks - 1):
            seen[week] = firm.books.mrr(firm.scenario.since + 7 * week + 6) * rate
    first, second, third = seen.values()
    return firm, float((second[first > 0].sum() / first.sum() + third[second > 0].sum() / second.sum()) / 2)


@cache
def left_alone(seed: int) -> tuple[Firm, float]:
    """The same firm for which nothing is done."""
    return governed(seed, nothing)


def gain(seed: int, policy: Any) -> float:
    """The retention that a policy adds."""
    return governed(seed, policy)[1] - left_alone(seed)[1]


def nothing(firm: Firm, week: int, rng: np.random.Generator) -> list[Intervention]:
    return []


def everything(firm: Firm, week: int, rng: np.random.Generator) -> list[Intervention]:
    """Every kind of action for every account once in eight weeks."""
    return [
        Intervention(kind, [a for i, a in enumerate(firm.books.ids) if (i + k + week) % 8 == 0])
        for k, kind in enumerate(KINDS)
    ]


def at_random(firm: Firm, week: int, rng: np.random.Generator) -> list[Intervention]:
    """Any action for any account, one or two a year each."""
    ids = np.array(firm.books.ids)
    return [Intervention(kind, ids[rng.random(len(ids)) < 0.03 / len(KINDS)].tolist()) for kind in KINDS]


@pytest.mark.parametrize("seed", SEEDS)
def test_doing_everything_keeps_revenue_in_every_seed(seed: int) -> None:
    assert gain(seed, everything) > 0


def test_doing_things_at_random_does_nothing_on_average() -> None:
    gains = [gain(seed, at_random) for seed in SEEDS]
    error = statistics.stdev(gains) / len(gains) ** 0.5
    assert abs(statistics.mean(gains)) < 0.01
    assert abs(statistics.mean(gains)) < 2.5 * error, (statistics.mean(gains), error)


def test_a_year_of_the_lunar_calendar_has_about_its_length() -> None:
    lengths = {later - earlier for earlier, later in pairwise(NEW_YEARS)}
    assert lengths <= {354, 355, 383, 384, 385}
    assert NEW_YEARS[0] == day_number(date(2012, 1, 23))
