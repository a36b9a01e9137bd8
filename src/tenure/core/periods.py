"""Periods of a calendar: labels, first days, and the edges between them. Hides all calendar arithmetic of questions.

Days are plain integers inside the engine (days since 1970-01-01, as Arrow's date32 keeps them); this module is the only
one that turns them into years, quarters, months and weeks.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

from tenure.core.errors import QuestionRefused

Grain = Literal["day", "week", "month", "quarter", "year"]
GRAINS: tuple[str, ...] = get_args(Grain)
EPOCH = date(1970, 1, 1)
_LABEL = re.compile(r"^(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?$")
_FISCAL = re.compile(r"^FY(?P<year>\d{4})(?:-Q(?P<quarter>[1-4]))?$")
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
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))


def month_end(day: date) -> date:
    """The last day of the month that holds `day`."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def later(day: date, days: int) -> date:
    """The day `days` later; the last of the calendar where there is none, for 9999-12-31 often stands for never."""
    return day + timedelta(days=min(days, (date.max - day).days))


def first_day(day: date, grain: str, week_start: int = 0, year_start: int = 1) -> date:
    """The first day of the period that holds `day`. `week_start`: 0 is Monday; `year_start`: the year's first month."""
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=(day.weekday() - week_start) % 7)
    if grain == "month":
        return day.replace(day=1)
    months = 3 if grain == "quarter" else 12
    return add_months(day.replace(day=1), -((day.month - year_start) % months))


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


def label(first: date, grain: str, year_start: int = 1) -> str:
    """The name of the period that starts on `first`: 2024, 2024-Q1, 2024-03; days and weeks by their first day.

    Where the year does not start in January it is a fiscal one, named by the calendar year in which it ends:
    FY2025, FY2025-Q1.
    """
    if grain in ("year", "quarter"):
        fiscal = year_start != 1
        year = first.year + (1 if fiscal and first.month >= year_start else 0)
        name = f"{'FY' if fiscal else ''}{year:04d}"
        return name if grain == "year" else f"{name}-Q{(first.month - year_start) % 12 // 3 + 1}"
    if grain == "month":
        return f"{first.year:04d}-{first.month:02d}"
    return first.isoformat()


def parse_label(text: str, year_start: int = 1) -> tuple[date, date, bool]:
    """(first day, day after the last, is a day) of a label or an ISO day; `year_start` is for FY2025 and FY2025-Q1.

    Raises: ValueError if the text is neither.
    """
    fiscal = _FISCAL.match(text)
    if fiscal is not None:
        year = int(fiscal["year"]) - (1 if year_start != 1 else 0)
        months = 0 if fiscal["quarter"] is None else int(fiscal["quarter"]) * 3 - 3
        first = add_months(date(year, year_start, 1), months)
        return first, add_months(first, 12 if fiscal["quarter"] is None else 3), False
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


MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAYS = {"day": 1, "week": 7}


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where weeks and years begin; periods by their names. `week_start`: 0 is Monday; `year_start`: a month."""

    week_start: int = 0
    year_start: int = 1

    def name(self, day: date, grain: str) -> str:
        """The name of the period that holds a day."""
        return label(first_day(day, grain, self.week_start, self.year_start), grain, self.year_start)

    def first(self, name: str) -> date:
        """The first day of a period, by its name."""
        return parse_label(name, self.year_start)[0]

    def after(self, name: str, grain: str) -> date:
        """The first day after a period."""
        return next_first_day(self.first(name), grain)

    def step(self, name: str, grain: str, by: int) -> str:
        """The name of the period `by` later (earlier if negative)."""
        first = self.first(name)
        moved = first + timedelta(days=DAYS[grain] * by) if grain in DAYS else add_months(first, MONTHS[grain] * by)
        return label(moved, grain, self.year_start)

    def count(self, first: str, last: str, grain: str) -> int:
        """How many periods from `first` to `last`, both included; below 1 if `last` is before `first`."""
        a, b = self.first(first), self.first(last)
        if grain in DAYS:
            return (b - a).days // DAYS[grain] + 1
        return ((b.year - a.year) * 12 + b.month - a.month) // MONTHS[grain] + 1

    def asked(self, first: str, last: str, grain: str) -> dict[str, str]:
        """The fields of a question about the periods from `first` to `last`; days and weeks are asked for by days."""
        if grain in DAYS:
            return {"from": first, "to": self.after(last, grain).isoformat(), "grain": grain}
        return {"from": first, "to": last, "grain": grain}


CIVIL = Calendar()
"""Weeks from Monday, years from January."""


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods of a question: `edges[i]` is the first day of period i, `edges[-1]` the day after the last."""

    grain: str
    edges: tuple[date, ...]
    week_start: int = 0
    year_start: int = 1

    @property
    def labels(self) -> list[str]:
        starts = (first_day(first, self.grain, self.week_start, self.year_start) for first in self.edges[:-1])
        return [label(first, self.grain, self.year_start) for first in starts]

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


def between(start: date, stop: date, grain: str, week_start: int = 0, year_start: int = 1) -> Periods:
    """The periods of the half-open stretch [start, stop); the first and the last are cut to it.

    Raises: QuestionRefused if there are more than `LONGEST`.
    """
    edges = [start]
    following = next_first_day(first_day(start, grain, week_start, year_start), grain)
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
    return Periods(grain, tuple(edges), week_start, year_start)
