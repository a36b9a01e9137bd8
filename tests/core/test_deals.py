"""Time in stages, next steps, standing still, exact sums by currency, win rate and cycle."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from reference.cases import SHARED
from tenure.core.deals import (
    Deal,
    Entry,
    cycle_days,
    durations,
    is_rotting,
    next_step,
    stays,
    totals,
    usual_cycle,
    weighted,
    win_rate,
)


def at(day, month=6):
    return datetime(2026, month, day, tzinfo=UTC)


NOW = at(30)


@pytest.mark.parametrize(
    ("history", "live", "expected"),
    [
        pytest.param([], ("a", 1), {"a": 29}, id="never moved"),
        pytest.param([("a", 1), ("a", 1)], ("b", 11), {"a": 10, "b": 19}, id="moved once, saved twice"),
        pytest.param([("a", 1), ("b", 5)], ("a", 10), {"a": 24, "b": 5}, id="back again adds up"),
        pytest.param([("a", 1), ("b", 20)], ("a", 1), {"a": 29}, id="what was undone does not count"),
        pytest.param([("a", 1), (None, None)], ("won", 8), {"a": 7}, id="an end takes no time"),
        pytest.param([("a", 1), ("a", 5)], ("b", 8), {"a": 7, "b": 22}, id="the same stage twice is one stay"),
        pytest.param([("a", 1)], (None, None), {}, id="no stage"),
    ],
)
def test_time_in_each_stage(history, live, expected):
    entries = [Entry(stage, None if day is None else at(day)) for stage, day in (*history, live)]
    found = durations(stays(entries, entries[-1]), NOW)
    assert {stage: lasted.days for stage, lasted in found.items()} == expected


@pytest.mark.parametrize(
    ("text", "on", "state"),
    [
        pytest.param(None, None, "none", id="nothing"),
        pytest.param("  ", None, "none", id="only spaces"),
        pytest.param("call", None, "planned", id="without a day"),
        pytest.param("call", date(2026, 6, 30), "planned", id="today is not late"),
        pytest.param(None, date(2026, 6, 29), "late", id="yesterday"),
    ],
)
def test_state_of_the_next_step(text, on, state):
    assert next_step(text, on, NOW.date()) == state


def test_a_deal_rots_after_its_days_and_never_once_ended():
    assert not is_rotting("a", NOW - timedelta(days=14), 14, NOW)
    assert is_rotting("a", NOW - timedelta(days=14, seconds=1), 14, NOW)
    assert not is_rotting("won", at(1, 1), 14, NOW)
    assert not is_rotting("a", at(1, 1), None, NOW)


def test_sums_keep_currencies_apart_and_every_digit():
    deals = [
        Deal("a", Decimal("0.1"), "CNY"),
        Deal("b", Decimal("99999999999999999999.000000000001"), "CNY"),
        Deal("a", None, "CNY"),
        Deal("x", Decimal(5), "USD"),
    ]
    yuan, dollars = totals(deals, {"a": Decimal("0.5"), "b": Decimal(1)})
    assert (yuan.count, yuan.amount) == (3, Decimal("99999999999999999999.100000000001"))
    assert yuan.weighted == Decimal("99999999999999999999.050000000001")
    assert (dollars.currency, dollars.weighted) == ("USD", None)
    assert weighted(None, Decimal(1)) is None


def test_rates_and_cycles_count_what_is_decided():
    won = Deal("won", created_at=at(1), won_at=at(11))
    assert win_rate([won, Deal("lost"), Deal("a"), won, won]) == Decimal("0.75")
    assert win_rate([Deal("a")]) is None
    assert (cycle_days(won), cycle_days(Deal("lost", created_at=at(1), lost_at=at(3)))) == (10, None)
    assert cycle_days(Deal("won", created_at=at(11), won_at=at(1))) is None
    assert usual_cycle([won, Deal("won", created_at=at(1), won_at=at(4))]) == Decimal("6.5")


def test_the_time_in_stages_adds_up_to_the_deals_age():
    random = Random(7)
    for _ in range(100):
        entries = [Entry(random.choice("abc"), at(1) + timedelta(hours=random.randrange(600))) for _ in range(8)]
        live = max(entries, key=lambda entry: entry.stage_at)
        found = durations(stays(entries, live), NOW)
        assert sum(found.values(), timedelta(0)) == NOW - min(entry.stage_at for entry in entries)


PUBLISHED = SHARED / "data/crm_opportunities/sales_pipeline.csv.gz"


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the public data sets are not beside this clone")
def test_a_published_pipeline_gives_its_figures_with_and_without_rows_of_no_account():
    with gzip.open(PUBLISHED, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    def moment(text):
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None

    def deal(row):
        amount = Decimal(row["close_value"]) if row["close_value"] else None
        stage, made, ended = row["deal_stage"].lower(), moment(row["engage_date"]), moment(row["close_date"])
        return Deal(stage, amount, "USD", made, ended if stage == "won" else None)

    kept = [row for row in rows if row["account"]]
    assert (len(rows), len(kept)) == (8800, 7375)
    for part in (rows, kept):
        deals = [deal(row) for row in part]
        assert (round(win_rate(deals), 4), usual_cycle(deals)) == (Decimal("0.6315"), 57)
        assert totals([one for one in deals if one.is_won], {})[0].amount == 10_005_534
