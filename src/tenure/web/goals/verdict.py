"""Whether MRR is on course: against its next target where one is set, else by its own trend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from tenure.core.metrics.mrr import ratio
from tenure.core.periods import Calendar, parse_label
from tenure.web.subscriptions.figures import Row, net_new

TREND = 3
"""Periods of which a trend is made."""


@dataclass(frozen=True, slots=True)
class Course:
    """A target with the straight line to it, from MRR at the close before the first period shown."""

    period: str
    ends: date
    target: Decimal
    base: Decimal
    starts: date
    on: date
    actual: Decimal

    def due(self, day: date) -> Decimal:
        """What MRR should be at the close of a day."""
        whole = (self.ends - self.starts).days
        gone = min(max((day - self.starts).days, 0), whole)
        return self.base + (self.target - self.base) * gone / whole

    @property
    def expected(self) -> Decimal:
        return self.due(self.on)

    @property
    def reached(self) -> Decimal | None:
        """How much of what should be there is."""
        return ratio(self.actual, self.expected)

    @property
    def is_on_course(self) -> bool:
        return self.actual >= self.expected


def next_target(targets: Mapping[str, Decimal], last: date, calendar: Calendar) -> tuple[str, date, Decimal] | None:
    """The first target that is due on a day or after it: its period, its last day, its value."""
    ends = []
    for period, value in targets.items():
        after = parse_label(period, calendar.year_start)[1]
        ends.append((after - timedelta(days=1), period, value))
    ahead = sorted(end for end in ends if end[0] >= last)
    return (ahead[0][1], ahead[0][0], ahead[0][2]) if ahead else None


def course(
    rows: Sequence[Row], first: date, last: date, targets: Mapping[str, Decimal], calendar: Calendar
) -> Course | None:
    """The course of MRR over the rows shown, from the day before `first`; `last` is the last day that is known.

    None without a target to come, and where it is due before the rows begin: no line leads back to it.
    """
    aim = next_target(targets, last, calendar)
    starts = first - timedelta(days=1)
    if aim is None or aim[1] <= starts:
        return None
    period, ends, value = aim
    return Course(period, ends, value, rows[0]["open"], starts, last, rows[-1]["close"])


@dataclass(frozen=True, slots=True)
class Trend:
    """The mean net new MRR of the last periods, and of as many before them."""

    now: Decimal
    before: Decimal | None


def trend(rows: Sequence[Row]) -> Trend | None:
    """The trend of the finished periods; None with none of them."""
    done = [net_new(row) for row in rows if row["complete"]]
    if not done:
        return None
    last, former = done[-TREND:], done[-2 * TREND : -TREND]
    mean = sum(last, Decimal(0)) / len(last)
    return Trend(mean, sum(former, Decimal(0)) / len(former) if len(former) == TREND else None)
