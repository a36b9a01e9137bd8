"""Exchange rates by month, and the periods of each grain with the month-ends whose rates open and close them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from reference.prices import add_months
from reference.rows import ONE_DAY, World, day, number

MONTHS = {"month": 1, "quarter": 3, "year": 12}


class Rates:
    """The rate of a month is that of its last day: the last known one, or the first one before any is known."""

    def __init__(self, world: World) -> None:
        self.reporting = world.setting("reporting_currency")
        self.known: dict[str, dict[date, Fraction]] = {}
        for row in world.rows("fx_rates"):
            self.known.setdefault(row["currency"], {})[day(row["day"], world.zone)] = number(row["rate"])

    def rate(self, currency: str, month_end: date) -> Fraction:
        if currency == self.reporting:
            return Fraction(1)
        by_day = self.known.get(currency)
        if not by_day:
            return Fraction(0)
        return by_day[max((d for d in by_day if d <= month_end), default=min(by_day))]

    @staticmethod
    def month_end(on: date) -> date:
        """The last day of the month of `on`."""
        return add_months(on.replace(day=1), 1) - ONE_DAY


def last_month_end(on: date) -> date:
    """The last month-end on or before `on`."""
    return on if (on + ONE_DAY).day == 1 else on.replace(day=1) - ONE_DAY


def month_span(text: str) -> tuple[date, date]:
    """First and last day of a month written 2024-03."""
    first = date.fromisoformat(f"{text}-01")
    return first, Rates.month_end(first)


@dataclass(frozen=True)
class Period:
    """First and last day, both inside, and the grain's label."""

    first: date
    last: date
    label: str

    @property
    def before(self) -> date:
        """The day whose close is this period's opening."""
        return self.first - ONE_DAY

    @property
    def opening_rate_day(self) -> date:
        return last_month_end(self.before)

    @property
    def closing_rate_day(self) -> date:
        return last_month_end(self.last)


def start_of_period(on: date, grain: str, week_start: str = "monday") -> date:
    if grain == "day":
        return on
    if grain == "week":
        return on - timedelta(days=(on.weekday() + (1 if week_start == "sunday" else 0)) % 7)
    step = MONTHS[grain]
    return date(on.year, (on.month - 1) // step * step + 1, 1)


def next_period(start: date, grain: str) -> date:
    if grain in MONTHS:
        return add_months(start, MONTHS[grain])
    return start + timedelta(days=7 if grain == "week" else 1)


def label(start: date, grain: str) -> str:
    if grain == "month":
        return f"{start:%Y-%m}"
    if grain == "quarter":
        return f"{start.year}-Q{(start.month - 1) // 3 + 1}"
    return f"{start.year}" if grain == "year" else start.isoformat()


def periods(first: date, last: date, grain: str, week_start: str = "monday") -> list[Period]:
    """The periods of the grain from `first` to `last`; the first and the last are cut to that stretch."""
    edges = [start_of_period(first, grain, week_start)]
    while edges[-1] <= last:
        edges.append(next_period(edges[-1], grain))
    return [Period(max(a, first), min(b - ONE_DAY, last), label(a, grain)) for a, b in pairwise(edges)]
