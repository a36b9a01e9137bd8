"""Business time: made-up days, breaks, pauses and clocks that leap. See docs/explanation/leads-and-sla.md."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tenure.core.errors import TenureError
from tenure.core.sla import (
    MINUTE,
    BusinessCalendar,
    business_minutes_between,
    business_time_between,
    due,
    hours_from,
    hours_text,
)

SHANGHAI, BERLIN, NEW_YORK = (ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "America/New_York"))
NINE_TO_SIX = dict.fromkeys(range(5), ((540, 1080),))
SPRING = frozenset(date(2026, 2, day) for day in range(15, 24))
CHINA = BusinessCalendar(NINE_TO_SIX, SHANGHAI, off=SPRING, extra=frozenset({date(2026, 2, 14), date(2026, 2, 28)}))
LUNCH = BusinessCalendar(dict.fromkeys(range(5), ((540, 720), (780, 1080))), SHANGHAI)
NIGHTS = BusinessCalendar(dict.fromkeys(range(7), ((0, 165), (180, 1440))), BERLIN)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("calendar", "received", "minutes", "expected"),
    [
        pytest.param(CHINA, "2026-02-13 17:30", 240, "2026-02-14 12:30", id="a Saturday that is made up"),
        pytest.param(CHINA, "2026-02-14 17:00", 120, "2026-02-24 10:00", id="over Spring Festival"),
        pytest.param(CHINA, "2026-03-07 11:00", 60, "2026-03-09 10:00", id="comes on a weekend"),
        pytest.param(CHINA, "2026-03-09 03:00", 540, "2026-03-09 18:00", id="before work, one whole day"),
        pytest.param(CHINA, "2026-03-09 18:00", 1, "2026-03-10 09:01", id="the last minute is over"),
        pytest.param(LUNCH, "2026-03-09 11:30", 60, "2026-03-09 13:30", id="over the break"),
        pytest.param(CHINA, "2026-03-07 11:00", 0, "2026-03-07 11:00", id="no time at all"),
    ],
)
def test_when_it_is_due(calendar: BusinessCalendar, received: str, minutes: int, expected: str) -> None:
    assert due(calendar, at(received), minutes) == at(expected)


def test_pauses_do_not_count() -> None:
    pauses = [(at("2026-03-09 10:00"), at("2026-03-09 11:30")), (at("2026-03-09 11:00"), at("2026-03-09 12:00"))]
    assert due(CHINA, at("2026-03-09 09:00"), 120, pauses) == at("2026-03-09 13:00")
    assert business_minutes_between(CHINA, at("2026-03-09 09:00"), at("2026-03-09 13:00"), pauses) == 120


@pytest.mark.parametrize(
    ("zone", "day", "minutes"),
    [
        pytest.param(NEW_YORK, "2026-03-08", 23 * 60, id="the clock leaps"),
        pytest.param(NEW_YORK, "2026-11-01", 25 * 60, id="the clock goes back"),
        pytest.param(BERLIN, "2026-03-29", 23 * 60, id="Berlin leaps"),
    ],
)
def test_a_day_around_the_clock_is_as_long_as_it_was(zone: ZoneInfo, day: str, minutes: int) -> None:
    always = BusinessCalendar(dict.fromkeys(range(7), ((0, 1440),)), zone)
    start = at(f"{day} 00:00", zone)
    assert (
        business_minutes_between(always, start, at(f"{date.fromisoformat(day) + timedelta(days=1)}", zone)) == minutes
    )


@pytest.mark.parametrize("calendar", [CHINA, LUNCH, NIGHTS], ids=["made-up days", "lunch", "day and night"])
def test_laws_on_random_moments(calendar: BusinessCalendar) -> None:
    rng = np.random.default_rng(7)
    for _round in range(60):
        start = at("2026-01-20 00:00") + timedelta(seconds=int(rng.integers(0, 80 * 86_400)), microseconds=7)
        minutes, more = (int(one) for one in rng.integers(1, 2_000, 2))
        since = start + timedelta(minutes=int(rng.integers(0, 600)))
        pauses = [(since, since + timedelta(minutes=int(rng.integers(0, 3_000))))]
        end = due(calendar, start, minutes, pauses)
        assert business_time_between(calendar, start, end, pauses) == minutes * MINUTE
        assert start < end <= due(calendar, start, minutes + more, pauses)
        assert end <= due(calendar, start + timedelta(minutes=more), minutes, pauses)
        middle = start + (end - start) / 3
        parts = [business_time_between(calendar, *pair, pauses) for pair in ((start, middle), (middle, end))]
        assert sum(parts, timedelta(0)) == minutes * MINUTE


def test_a_calendar_without_hours_says_so() -> None:
    with pytest.raises(TenureError, match="too few working hours"):
        due(BusinessCalendar({}, SHANGHAI), at("2026-03-09 09:00"), 1)
    assert business_minutes_between(CHINA, at("2026-03-10 09:00"), at("2026-03-09 09:00")) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("09:00-12:00, 13:00-18:00", ((540, 720), (780, 1080)), id="with a break"),
        pytest.param("9-24", ((540, 1440),), id="hours only"),
        pytest.param("9：00–18：00", ((540, 1080),), id="full width"),
        pytest.param("", (), id="free"),
    ],
)
def test_hours_as_people_write_them(text: str, expected: tuple[tuple[int, int], ...]) -> None:
    assert hours_from(text) == expected
    assert hours_from(hours_text(expected)) == expected


@pytest.mark.parametrize("text", ["18-9", "9-25", "9:60-10", "9-12, 11-13", "soon", "٩-12", "9-" + "1" * 5000])
def test_what_are_no_hours(text: str) -> None:
    with pytest.raises(TenureError, match="no working hours"):
        hours_from(text)
