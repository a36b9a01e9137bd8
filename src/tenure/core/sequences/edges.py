"""Intervals of a local calendar as moments, and the interval a moment lies in. Hides daylight saving.

The edges of n intervals are n + 1 moments (microseconds UTC, ascending): interval i holds edges[i] <= moment and
moment < edges[i + 1]. A local day that a zone skipped has two equal edges and holds nothing.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
from numba import njit

from tenure.core import localtime
from tenure.core.errors import QuestionRefused
from tenure.core.localtime import DAY, SECOND
from tenure.core.periods import DAYS, LONGEST, MONTHS, add_months, day_number, first_day
from tenure.core.sequences.events import I64

HOUR = 3600 * SECOND
PERIODS = ("hour", "day", "week", "month", "quarter", "year")
LENGTHS = {
    "hour": HOUR, "day": DAY, "week": 7 * DAY, "month": 30 * DAY, "quarter": 91 * DAY, "year": 365 * DAY,
}  # fmt: skip
"""How long an interval is by the clock, from a start that is nobody else's."""


def interval_edges(
    first: date,
    period: str,
    count: int,
    timezone_name: str,
    *,
    week_start: int = 0,
    year_start: int = 1,
    every: int = 1,
    before: int = 0,
) -> I64:
    """The moments at which `count` local intervals begin, and the one at which the last ends.

    `first` is a local date, or a date with a time for hours; `week_start`: 0 is Monday; `year_start`: a
    month; an interval is `every` periods
    long; `before` more intervals are put in front. An hour is a real one, also where a clock is changed.

    Returns: count + before + 1 moments.
    Raises:  QuestionRefused if `first` is not the beginning of a period, or there are too many of them.
    """
    stamp = first if isinstance(first, datetime) else datetime.combine(first, time.min)
    begin = _begin(stamp, period, week_start, year_start)
    if begin != stamp:
        allowed = begin.isoformat(timespec="minutes") if period == "hour" else begin.date().isoformat()
        raise QuestionRefused(
            "question.bad_value",
            f"No {period} begins at {first}.",
            fix=f"Take the beginning of a {period}, for example {allowed}.",
            field="first_interval",
            value=str(first),
            allowed=[allowed],
        )
    steps = [k * every for k in range(-before, count + 1)]
    try:
        if (count + before) * every > LONGEST:
            raise OverflowError
        if period == "hour":
            shown = np.array([day_number(begin.date()) * DAY + begin.hour * HOUR])
            return np.asarray(localtime.moments_of_local(shown, timezone_name) + HOUR * np.array(steps), np.int64)
        days = np.array([day_number(moved(begin.date(), period, k)) for k in steps], np.int64)
    except (OverflowError, ValueError) as error:
        raise QuestionRefused(
            "question.too_long",
            f"{count} intervals from {first} by {period} are more than {LONGEST}, or beyond the calendar.",
            fix="Ask for fewer intervals or a longer period.",
            field="intervals",
            value=count,
        ) from error
    return localtime.moments_of_local(days * DAY, timezone_name)


def _begin(stamp: datetime, period: str, week_start: int, year_start: int) -> datetime:
    if period == "hour":
        return stamp.replace(minute=0, second=0, microsecond=0)
    return datetime.combine(first_day(stamp.date(), period, week_start, year_start), time.min)


def moved(day: date, period: str, by: int) -> date:
    """The day so many periods of a day or longer later; earlier if negative."""
    return add_months(day, by * MONTHS[period]) if period in MONTHS else day + timedelta(days=by * DAYS[period])


def intervals_over(edges: I64, now: int | None) -> int:
    """How many of the intervals are over at a moment; all of them if there is none."""
    return len(edges) - 1 if now is None else int(np.searchsorted(edges[1:], now, side="right"))


@njit(cache=True, nogil=True)
def interval_at(edges: I64, moment: int, likely: int) -> int:
    """The interval of a moment: -1 before the first, their number after the last.

    The likely one is looked at first: most often that after the one before. Intervals are nearly of one length, so the
    place in the whole says which other one it is, or the one beside it.
    """
    last = edges.shape[0] - 1
    if 0 <= likely < last and edges[likely] <= moment < edges[likely + 1]:
        return likely
    if moment < edges[0]:
        return -1
    if moment >= edges[last]:
        return last
    place = min(int((moment - edges[0]) / (edges[last] - edges[0]) * last), last - 1)
    while moment < edges[place]:
        place -= 1
    while moment >= edges[place + 1]:
        place += 1
    return place
