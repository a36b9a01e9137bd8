"""Intervals of a local calendar: where they begin, also where clocks are changed, and which one holds a moment."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from reference.behaviour import EPOCH, calendar, micros
from tenure.core.errors import QuestionRefused
from tenure.core.sequences.edges import interval_at, interval_edges, intervals_over

ZONES = [
    "UTC",
    "America/New_York",
    "Asia/Shanghai",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Asia/Beirut",
]


def shown(edges: np.ndarray, zone: str) -> list[str]:
    stamps = [EPOCH + timedelta(microseconds=int(edge)) for edge in edges]
    return [stamp.astimezone(ZoneInfo(zone)).isoformat(timespec="minutes") for stamp in stamps]


@pytest.mark.parametrize(
    ("first", "period", "zone", "expected"),
    [
        pytest.param(
            date(2024, 3, 30), "day", "Europe/Berlin",
            ["2024-03-30T00:00+01:00", "2024-03-31T00:00+01:00", "2024-04-01T00:00+02:00"],
            id="a day of 23 hours",
        ),
        pytest.param(
            datetime(2024, 10, 27, 2), "hour", "Europe/Berlin",  # noqa: DTZ001 - local
            ["2024-10-27T02:00+02:00", "2024-10-27T02:00+01:00", "2024-10-27T03:00+01:00"],
            id="an hour that is shown twice is two",
        ),
        pytest.param(
            date(2024, 1, 31).replace(day=1), "month", "Asia/Shanghai",
            ["2024-01-01T00:00+08:00", "2024-02-01T00:00+08:00", "2024-03-01T00:00+08:00"],
            id="months of the calendar",
        ),
        pytest.param(
            date(2011, 12, 29), "day", "Pacific/Apia",
            ["2011-12-29T00:00-10:00", "2011-12-31T00:00+14:00", "2011-12-31T00:00+14:00"],
            id="a day that was skipped is empty",
        ),
        pytest.param(
            date(2024, 3, 31), "day", "Asia/Beirut",
            ["2024-03-31T01:00+03:00", "2024-04-01T00:00+03:00", "2024-04-02T00:00+03:00"],
            id="a day without midnight begins when the clock goes on",
        ),
    ],
)  # fmt: skip
def test_where_intervals_begin(first: date, period: str, zone: str, expected: list[str]) -> None:
    assert shown(interval_edges(first, period, 2, zone), zone) == expected


@pytest.mark.parametrize(
    ("first", "period", "expected"),
    [
        (date(2024, 4, 1), "year", ["2024-04-01", "2025-04-01", "2026-04-01"]),
        (date(2024, 7, 1), "quarter", ["2024-07-01", "2024-10-01", "2025-01-01"]),
    ],
)
def test_years_and_quarters_begin_with_the_fiscal_year(first: date, period: str, expected: list[str]) -> None:
    assert [day[:10] for day in shown(interval_edges(first, period, 2, "UTC", year_start=4), "UTC")] == expected
    with pytest.raises(QuestionRefused, match=f"No {period} begins"):
        interval_edges(first, period, 2, "UTC", year_start=3)


def test_longer_intervals_and_some_in_front() -> None:
    edges = interval_edges(date(2024, 3, 1), "month", 2, "UTC", every=2, before=1)
    assert shown(edges, "UTC") == [f"2024-{m:02}-01T00:00+00:00" for m in (1, 3, 5, 7)]


@pytest.mark.parametrize(
    ("first", "period", "week_start", "instead"),
    [
        pytest.param(date(2024, 5, 1), "week", 0, "2024-04-29", id="weeks begin on Monday"),
        pytest.param(date(2024, 4, 29), "week", 6, "2024-04-28", id="or on Sunday"),
        pytest.param(date(2024, 5, 2), "month", 0, "2024-05-01", id="months on the first"),
        pytest.param(datetime(2024, 5, 1, 8), "day", 0, "2024-05-01", id="days at midnight"),  # noqa: DTZ001 - local
        pytest.param(datetime(2024, 5, 1, 8, 30), "hour", 0, "2024-05-01T08:00", id="full hours"),  # noqa: DTZ001
    ],
)
def test_a_range_begins_where_a_period_does(first: date, period: str, week_start: int, instead: str) -> None:
    with pytest.raises(QuestionRefused) as refused:
        interval_edges(first, period, 3, "UTC", week_start=week_start)
    assert refused.value.where["allowed"] == [instead]


@pytest.mark.parametrize(
    ("first", "count"),
    [pytest.param(date(2024, 1, 1), 40_001, id="too many"), pytest.param(date(9999, 1, 1), 13, id="no such year")],
)
def test_a_range_ends_within_the_calendar(first: date, count: int) -> None:
    with pytest.raises(QuestionRefused) as refused:
        interval_edges(first, "month", count, "UTC")
    assert refused.value.code == "question.too_long"


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("period", ["hour", "day", "week", "month"])
def test_a_moment_lies_in_the_interval_of_its_local_date(zone: str, period: str) -> None:
    chance = random.Random(f"{zone} {period}")
    first = {"hour": datetime(2024, 3, 30), "week": datetime(2024, 2, 26)}.get(period, datetime(2024, 2, 1))  # noqa: DTZ001
    edges = interval_edges(first, period, 40, zone)
    slow = calendar(first, period, zone)
    moments = sorted(
        [int(edge) + d for edge in edges for d in (-1, 0, 1)]
        + [chance.randrange(int(edges[0]) - 10**12, int(edges[-1]) + 10**12) for _ in range(300)]
    )
    found = [interval_at(edges, moment, chance.randrange(-3, 44)) for moment in moments]
    assert found == [min(max(slow(m), -1), 40) for m in moments]


@pytest.mark.parametrize("edges", [[5], [5, 5], [0, 1, 2, 1000], [0, 998, 999, 1000], [0, 0, 0, 7, 7, 7]])
def test_intervals_of_any_lengths(edges: list[int]) -> None:
    for moment in range(-1, edges[-1] + 2):
        for likely in range(-2, len(edges) + 2):
            assert interval_at(np.array(edges), moment, likely) == sum(edge <= moment for edge in edges) - 1


def test_how_many_are_over() -> None:
    edges = interval_edges(date(2024, 5, 1), "day", 3, "UTC")
    end_of_first = micros(datetime(2024, 5, 2, tzinfo=UTC))
    assert [intervals_over(edges, now) for now in (end_of_first - 1, end_of_first, None)] == [0, 1, 3]
