"""Periods of a calendar: labels, first days, and the edges between them. Hides all calendar arithmetic of questions.

Days are plain integers inside the engine (days since 1970-01-01, as Arrow's date32 keeps them); this module is the only
one that turns them into years, quarters, months and weeks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

from tenure.core.errors import QuestionRefused

Grain = Literal["day", "week", "month", "quarter", "year"]
GRAINS: tuple[str, ...] = get_args(Grain)
EPOCH = date(1970, 1, 1)
_LABEL = re.compile(r"^(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?$")
LONGEST = 40_000
"""More periods than this in one question are refused: 109 years of days."""


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH).days


def day_date(number: int) -> date:
    """The date of a day number."""
    return EPOCH + timedelta(days=int(number))


def add_months(anchor: date, months: int) -> date:
    """The same day of the month `months` later, clamped to the end of a shorter month."""
    total = anchor.year * 12 + anchor.month - 1 + months
    year, month = divmod(total, 12)
    first_of_next = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(anchor.day, (first_of_next - timedelta(days=1)).day))


def first_day(day: date, grain: str, week_start: int = 0) -> date:
    """The first day of the period that holds `day`. `week_start`: 0 is Monday."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=(day.weekday() - week_start) % 7)
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1)


_NEXT: dict[str, Callable[[date], date]] = {
    "day": lambda d: d + timedelta(days=1),
    "week": lambda d: d + timedelta(days=7),
    "month": lambda d: add_months(d, 1),
    "quarter": lambda d: add_months(d, 3),
    "year": lambda d: add_months(d, 12),
}


def next_first_day(first: date, grain: str) -> date:
    """The first day of the period after the one that starts on `first`."""
    return _NEXT[grain](first)


def label(first: date, grain: str) -> str:
    """The name of the period that starts on `first`: 2024, 2024-Q1, 2024-03; days and weeks by their first day."""
    if grain == "year":
        return f"{first.year:04d}"
    if grain == "quarter":
        return f"{first.year:04d}-Q{(first.month + 2) // 3}"
    if grain == "month":
        return f"{first.year:04d}-{first.month:02d}"
    return first.isoformat()


def parse_label(text: str) -> tuple[date, date, bool]:
    """(first day, day after the last, is a day) of a label or an ISO day.

    Raises: ValueError if the text is neither.
    """
    found = _LABEL.match(text)
    if found is None:
        raise ValueError(text)
    year = int(found["year"])
    if found["quarter"]:
        first = date(year, int(found["quarter"]) * 3 - 2, 1)
        return first, add_months(first, 3), False
    if found["day"]:
        first = date(year, int(found["month"]), int(found["day"]))
        return first, first + timedelta(days=1), True
    if found["month"]:
        first = date(year, int(found["month"]), 1)
        return first, add_months(first, 1), False
    return date(year, 1, 1), date(year + 1, 1, 1), False


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods of a question: `edges[i]` is the first day of period i, `edges[-1]` the day after the last."""

    grain: str
    edges: tuple[date, ...]
    week_start: int = 0

    @property
    def labels(self) -> list[str]:
        return [label(first_day(first, self.grain, self.week_start), self.grain) for first in self.edges[:-1]]

    def __len__(self) -> int:
        return len(self.edges) - 1

    def index(self, name: str) -> int:
        """The place of a period by its label.

        Raises: QuestionRefused if the answer has no such period.
        """
        try:
            return self.labels.index(name)
        except ValueError:
            raise QuestionRefused(
                "question.unknown_period",
                f"The answer has no period {name!r}.",
                fix=f"Take one from {self.labels[0]} to {self.labels[-1]}." if len(self) else "The answer is empty.",
                field="period",
                value=name,
            ) from None


def between(start: date, stop: date, grain: str, week_start: int = 0) -> Periods:
    """The periods of the half-open stretch [start, stop); the first and the last are cut to it.

    Raises: QuestionRefused if there are more than `LONGEST`.
    """
    edges = [start]
    following = next_first_day(first_day(start, grain, week_start), grain)
    while edges[-1] < stop:
        if len(edges) > LONGEST:
            raise QuestionRefused(
                "question.too_long",
                f"From {start} to {stop} by {grain} is more than {LONGEST} periods.",
                fix="Ask for a shorter stretch or a coarser grain.",
                field="grain",
                value=grain,
                allowed=list(GRAINS),
            )
        edges.append(min(following, stop))
        following = next_first_day(following, grain)
    return Periods(grain, tuple(edges), week_start)
