"""Business time: when so many working minutes after a moment are over, and how many lie between two moments.

Hides breaks, days off, made-up working days, daylight saving and pauses. See docs/explanation/leads-and-sla.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from tenure.core.errors import TenureError

DAY = 24 * 60
MINUTE = timedelta(minutes=1)
_FARTHEST = timedelta(days=3660)
Hours = tuple[tuple[int, int], ...]
"""Stretches of one day in minutes after midnight; the end is the first minute without work."""
Pause = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """When work is done: the hours of each weekday (0 is Monday), days off, and days worked although free otherwise."""

    week: Mapping[int, Hours]
    zone: tzinfo
    off: frozenset[date] = frozenset()
    extra: frozenset[date] = frozenset()
    extra_hours: Hours = field(default=((540, 1080),))
    """of a day worked on a weekday that has none of its own"""

    def hours(self, day: date) -> Hours:
        """The hours of one day; a day that is both off and extra is worked: who adds a day means it."""
        if day in self.extra:
            return self.week.get(day.weekday()) or self.extra_hours
        return () if day in self.off else self.week.get(day.weekday(), ())


def due(calendar: BusinessCalendar, received: datetime, minutes: int, pauses: Sequence[Pause] = ()) -> datetime:
    """The moment at which so many minutes of business time have passed since a moment; 0 minutes: that moment.

    Raises: TenureError (sla.no_hours) if ten years hold too little business time.
    """
    left = minutes * MINUTE
    if left <= timedelta(0):
        return received
    for start, end in _worked(calendar, received, received + _FARTHEST, pauses):
        if end - start >= left:
            return start + left
        left -= end - start
    raise TenureError(
        "sla.no_hours",
        "The calendar has too few working hours.",
        fix="Give at least one weekday working hours.",
        value=str(minutes),
    )


def business_time_between(
    calendar: BusinessCalendar, start: datetime, end: datetime, pauses: Sequence[Pause] = ()
) -> timedelta:
    """The business time between two moments, less the pauses; none if the end is not after the start."""
    return sum((until - since for since, until in _worked(calendar, start, end, pauses)), timedelta(0))


def business_minutes_between(
    calendar: BusinessCalendar, start: datetime, end: datetime, pauses: Sequence[Pause] = ()
) -> int:
    """The whole minutes of business time between two moments, less the pauses."""
    return business_time_between(calendar, start, end, pauses) // MINUTE


def hours_from(text: str) -> Hours:
    """Hours as people write them: `09:00-12:00, 13:00-18:00`; nothing is a day without work.

    Raises: TenureError (sla.bad_hours).
    """
    found = []
    for part in text.replace("，", ",").replace("：", ":").replace("–", "-").split(","):
        if part.strip():
            start, _dash, end = part.partition("-")
            found.append((_minute(start, text), _minute(end, text)))
    ends = [0, *(end for _start, end in found)]
    if any(not before <= start < end <= DAY for before, (start, end) in zip(ends, found, strict=False)):
        raise _bad(text)
    return tuple(found)


def hours_text(hours: Hours) -> str:
    """Hours as people write them."""
    return ", ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in hours)


def _minute(text: str, whole: str) -> int:
    hour, _colon, minute = text.strip().partition(":")
    digits = (hour, minute or "00")
    if not all(part.isascii() and part.isdigit() and len(part) <= 2 for part in digits) or int(digits[1]) > 59:
        raise _bad(whole)
    return int(digits[0]) * 60 + int(digits[1])


def _bad(text: str) -> TenureError:
    return TenureError(
        "sla.bad_hours",
        f"These are no working hours: {text[:80]!r}.",
        fix="Write them as 09:00-12:00, 13:00-18:00, in order and within one day; nothing for a day without work.",
        value=text[:80],
    )


def _worked(
    calendar: BusinessCalendar, start: datetime, end: datetime, pauses: Sequence[Pause]
) -> Iterator[tuple[datetime, datetime]]:
    """The stretches of business time between two moments, in order, without the pauses."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    paused = sorted((a.astimezone(UTC), b.astimezone(UTC)) for a, b in pauses)
    day, last = start.astimezone(calendar.zone).date() - timedelta(days=1), start
    until = end.astimezone(calendar.zone).date()
    while day <= until:
        for first, after in calendar.hours(day):
            since, to = max(_at(day, first, calendar.zone), last), min(_at(day, after, calendar.zone), end)
            if since < to:
                yield from _without(since, to, paused)
                last = to  # an hour that the clock passes twice is worked once where stretches meet in it
        day += timedelta(days=1)


def _without(start: datetime, end: datetime, paused: Sequence[Pause]) -> Iterator[tuple[datetime, datetime]]:
    for since, until in paused:
        if until <= start or since >= end:
            continue
        if start < since:
            yield start, since
        start = max(start, until)
    if start < end:
        yield start, end


def _at(day: date, minute: int, zone: tzinfo) -> datetime:
    """A moment of a local day, in UTC; one that the clock leaps over is as far after midnight as it says."""
    whole, rest = divmod(minute, DAY)
    local = datetime.combine(day + timedelta(days=whole), time(rest // 60, rest % 60), tzinfo=zone)
    return local.astimezone(UTC)
