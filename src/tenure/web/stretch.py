"""The stretch of time a page shows, as its address says it: from, to, grain, comparison. Hides how periods are counted.

`to` is the period in focus: the tiles and the first chart are about it. `from` is where the charts and tables begin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import urlencode

from tenure.core.errors import QuestionRefused
from tenure.core.periods import add_months, first_day, label, next_first_day, parse_label

MONTHS = {"month": 1, "quarter": 3, "year": 12}
SHOWN = {"month": 12, "quarter": 8, "year": 5}
"""How many periods a page shows until the reader chooses."""
LONGEST = 60
COMPARISONS = ("previous", "year", "none")


def step(name: str, grain: str, by: int) -> str:
    """The label `by` periods later (earlier if negative)."""
    return label(add_months(parse_label(name)[0], by * MONTHS[grain]), grain)


def count(first: str, last: str, grain: str) -> int:
    """How many periods from `first` to `last`, both included."""
    a, b = parse_label(first)[0], parse_label(last)[0]
    return ((b.year - a.year) * 12 + b.month - a.month) // MONTHS[grain] + 1


@dataclass(frozen=True, slots=True)
class Stretch:
    """Periods `first` to `last` of one grain, and what the last is compared with."""

    grain: str
    first: str
    last: str
    compare: str
    today: date

    @property
    def labels(self) -> list[str]:
        return [step(self.first, self.grain, n) for n in range(count(self.first, self.last, self.grain))]

    @property
    def current(self) -> str:
        """The period that holds today."""
        return label(first_day(self.today, self.grain), self.grain)

    @property
    def compared(self) -> str | None:
        """The period the last one is compared with."""
        back = {"previous": 1, "year": 12 // MONTHS[self.grain], "none": 0}[self.compare]
        return step(self.last, self.grain, -back) if back else None

    @property
    def is_running(self) -> bool:
        """Whether the last period is not over."""
        return self.today < next_first_day(parse_label(self.last)[0], self.grain)

    @property
    def shown(self) -> list[str]:
        """The periods of the charts: those asked for, and the one that runs now if it comes next."""
        following = step(self.last, self.grain, 1)
        return [*self.labels, following] if following == self.current else self.labels

    def moved(self, by: int) -> Stretch | None:
        """The same number of periods later or earlier; None beyond the running one."""
        last = step(self.last, self.grain, by)
        return None if last > self.current else replace(self, first=step(self.first, self.grain, by), last=last)

    def in_grain(self, grain: str) -> Stretch:
        """The period of another grain that holds the end of this one, with that grain's usual length."""
        inside = min(add_months(parse_label(self.last)[1], -1), self.today)
        last = label(first_day(inside, grain), grain)
        return replace(self, grain=grain, first=step(last, grain, 1 - SHOWN[grain]), last=last)

    def query(self, **more: str) -> str:
        """The part of an address that says this stretch."""
        own = {"grain": self.grain, "from": self.first, "to": self.last, "compare": self.compare}
        return urlencode({**own, **more})


def of(query: Mapping[str, str], today: date, newest: str) -> Stretch:
    """The stretch an address asks for; `newest` is the month to show where it says nothing.

    Raises: QuestionRefused if a value is not one of its kind, names an impossible period, or spans too many.
    """
    grain = _choice(query, "grain", tuple(MONTHS), "month")
    compare = _choice(query, "compare", COMPARISONS, "previous")
    usual = label(first_day(parse_label(newest)[0], grain), grain)
    last = _period(query, "to", grain, usual)
    first = _period(query, "from", grain, step(last, grain, 1 - SHOWN[grain]))
    if not 1 <= count(first, last, grain) <= LONGEST:
        raise QuestionRefused(
            "page.stretch",
            f"From {first} to {last} is not a stretch this page can show.",
            fix=f"Choose at most {LONGEST} periods, the first not after the last.",
            field="from",
            value=first,
            longest=LONGEST,
        )
    return Stretch(grain, first, last, compare, today)


def _choice(query: Mapping[str, str], field: str, allowed: tuple[str, ...], usual: str) -> str:
    value = query.get(field) or usual
    if value not in allowed:
        raise QuestionRefused(
            "page.choice",
            f"{field!r} cannot be {value!r}.",
            fix="Take one of: " + ", ".join(allowed) + ".",
            field=field,
            value=value,
            allowed=list(allowed),
        )
    return value


def _period(query: Mapping[str, str], field: str, grain: str, usual: str) -> str:
    """A period of the grain by the label in the address: 2026-10 read as a quarter is 2026-Q4."""
    value = query.get(field) or usual
    try:
        name = label(first_day(parse_label(value)[0], grain), grain)
        step(name, grain, -LONGEST), step(name, grain, LONGEST)
    except ValueError:
        raise QuestionRefused(
            "page.period",
            f"{field!r} is {value!r}, which is not a period.",
            fix="Write a month (2026-10), a quarter (2026-Q4) or a year (2026).",
            field=field,
            value=value,
        ) from None
    return name
