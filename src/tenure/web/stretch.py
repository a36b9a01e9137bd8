"""The stretch of time a page shows, as its address says it: from, to, grain, comparison. Hides how periods are counted.

`to` is the period in focus: the tiles and the first chart are about it. `from` is where the charts and tables begin.
What else an address says (a slice, a definition) is carried along in `kept`, so that every link of a page keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlencode

from tenure.core.errors import QuestionRefused
from tenure.core.periods import CIVIL, DAYS, GRAINS, MONTHS, Calendar, add_months, parse_label
from tenure.web.choices import one_of

COARSE = tuple(MONTHS)
"""The lengths of period of a page that has no figures of single days."""
SHOWN = {"day": 28, "week": 13, "month": 12, "quarter": 8, "year": 5}
"""How many periods a page shows until the reader chooses."""
LONGEST = {"day": 120, "week": 106, "month": 60, "quarter": 60, "year": 60}
COMPARISONS = ("previous", "year", "custom", "none")
MATCHES = ("weekday", "date")
"""How a day finds the one it is compared with."""
AUTOMATIC = {"day": 45, "week": 26 * 7, "month": 3 * 365 + 1, "quarter": 15 * 365}
"""Up to how many days a grain is taken where an address names days and no grain; years beyond."""
_A_YEAR = {"day": 364, "week": 52, "month": 12, "quarter": 4, "year": 1}
"""The same period of the year before; of a day, the same weekday 52 weeks before."""
_BEFORE = {"day": 7}
"""The period before; of a day, the same weekday of the week before: a Sunday is never compared with a Saturday."""
PRESETS: Mapping[str, tuple[str, int | None, int]] = {
    "today": ("day", None, 0),
    "yesterday": ("day", None, -1),
    "days_7": ("day", -7, -1),
    "days_28": ("day", -28, -1),
    "days_90": ("day", -90, -1),
    "this_week": ("week", None, 0),
    "last_week": ("week", None, -1),
    "this_month": ("month", None, 0),
    "last_month": ("month", None, -1),
    "months_3": ("month", -3, -1),
    "months_6": ("month", -6, -1),
    "months_12": ("month", -12, -1),
    "this_quarter": ("quarter", None, 0),
    "last_quarter": ("quarter", None, -1),
    "this_year": ("year", None, 0),
    "last_year": ("year", None, -1),
}
"""Name -> grain, first period (None: as many as is usual) and last one, counted from the running one."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Periods `first` to `last` of one grain, and what the last is compared with."""

    grain: str
    first: str
    last: str
    compare: str
    today: date
    against: str = ""
    with_running: bool = True
    match: str = "weekday"
    named: tuple[date, date] | None = None
    """the days an address names without a grain, which is then taken by how many they are"""
    calendar: Calendar = CIVIL
    timezone: str = "UTC"
    kept: tuple[tuple[str, str], ...] = ()

    def step(self, name: str, by: int) -> str:
        """The period `by` later (earlier if negative)."""
        return self.calendar.step(name, self.grain, by)

    @property
    def labels(self) -> list[str]:
        return [self.step(self.first, n) for n in range(self.calendar.count(self.first, self.last, self.grain))]

    @property
    def current(self) -> str:
        """The period that holds today."""
        return self.calendar.name(self.today, self.grain)

    @property
    def compared(self) -> str | None:
        """The period the last one is compared with."""
        return self.compared_with(self.last)

    def compared_with(self, name: str) -> str | None:
        """The period another one is compared with: as far from it as `compared` is from the last one."""
        if self.compare == "none":
            return None
        if self.compare == "custom":
            return self.step(name, 1 - self.calendar.count(self.against, self.last, self.grain))
        by_date = self.grain == "day" and self.match == "date"
        if by_date and self.compare == "year":
            return add_months(self.calendar.first(name), -12).isoformat()
        before = 1 if by_date else _BEFORE.get(self.grain, 1)
        return self.step(name, -(before if self.compare == "previous" else _A_YEAR[self.grain]))

    def is_over(self, name: str) -> bool:
        """Whether a period has ended before today."""
        return self.calendar.after(name, self.grain) <= self.today

    @property
    def is_running(self) -> bool:
        """Whether the last period is not over."""
        return not self.is_over(self.last)

    @property
    def following(self) -> str:
        """The running period, if it comes right after the last one; else nothing."""
        following = self.step(self.last, 1)
        return following if following == self.current else ""

    @property
    def shown(self) -> list[str]:
        """The periods of the charts: those asked for, and the one that runs now if it comes next and is wanted."""
        return [*self.labels, self.following] if self.following and self.with_running else self.labels

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day of the periods asked for."""
        return self.calendar.first(self.first), self.calendar.after(self.last, self.grain) - timedelta(days=1)

    def asked(self, first: str, last: str) -> dict[str, str]:
        """The fields of a question about the periods from `first` to `last`."""
        return self.calendar.asked(first, last, self.grain)

    def moved(self, by: int) -> Stretch | None:
        """The same number of periods later or earlier; None beyond the running one."""
        last = self.step(self.last, by)
        if self.calendar.first(last) > self.calendar.first(self.current):
            return None
        return replace(self, first=self.step(self.first, by), last=last, named=None)

    def in_grain(self, grain: str) -> Stretch:
        """The period of another grain that holds the end of this one, with that grain's usual length."""
        last = self.calendar.name(min(self.days[1], self.today), grain)
        first = self.calendar.step(last, grain, 1 - SHOWN[grain])
        compare = "previous" if self.compare == "custom" else self.compare
        return replace(self, grain=grain, first=first, last=last, compare=compare, against="", named=None)

    def by_days(self, grain: str) -> Stretch:
        """The days an address names, in a grain of the reader's choice, as far as that many can be shown."""
        if self.named is None:
            return self.in_grain(grain)
        first, last = (self.calendar.name(day, grain) for day in self.named)
        if self.calendar.count(first, last, grain) > LONGEST[grain]:
            return self.in_grain(grain)
        return replace(self.in_grain(grain), first=first, last=last)

    def automatic(self, grains: Sequence[str]) -> Stretch:
        """The same days in the grain that suits their number."""
        first, last = self.named or self.days
        there = replace(self, named=(first, last))
        return replace(there.by_days(grain_of(first, last, grains)), named=there.named)

    def preset(self, name: str) -> Stretch:
        """A stretch of PRESETS, counted from today."""
        grain, first, last = PRESETS[name]
        here = self.in_grain(grain)
        end = here.step(here.current, last)
        start = here.step(end, 1 - SHOWN[grain]) if first is None else here.step(here.current, first)
        return replace(here, first=start, last=end)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The names and values of the part of an address that says this stretch, and what is kept beside it."""
        own = {"grain": self.grain, "from": self.first, "to": self.last}
        if self.named is not None:
            own = dict(zip(("from", "to"), (day.isoformat() for day in self.named), strict=True))
        own["compare"] = self.compare
        if self.compare == "custom":
            own["against"] = self.against
        if not self.with_running:
            own["running"] = "no"
        if self.match != MATCHES[0]:
            own["match"] = self.match
        return [*own.items(), *self.kept]

    def query(self, **more: str) -> str:
        """The part of an address that says this stretch; `more` goes before what it says by the same name."""
        return urlencode([(name, value) for name, value in self.pairs if name not in more] + [*more.items()])


def grain_of(first: date, last: date, grains: Sequence[str]) -> str:
    """The finest of the grains that shows these days in a number of periods that can be read."""
    count = (last - first).days + 1
    return next((grain for grain in grains if count <= AUTOMATIC.get(grain, count)), grains[-1])


def of(
    query: Mapping[str, str],
    today: date,
    newest: str,
    calendar: Calendar = CIVIL,
    *,
    grains: Sequence[str] = GRAINS,
    timezone: str = "UTC",
    kept: Sequence[tuple[str, str]] = (),
) -> Stretch:
    """The stretch an address asks for; `newest` is the month to show where it says nothing.

    Raises: QuestionRefused if a value is not one of its kind, names an impossible period, or spans too many.
    """
    named = None if query.get("grain") else _named(query)
    grain = one_of(query, "grain", tuple(grains), "month" if named is None else grain_of(*named, grains))
    compare = one_of(query, "compare", COMPARISONS, "previous")
    month, after, _ = parse_label(newest)
    if grain in DAYS:
        month = min(after, today) - timedelta(days=1) if after < today.replace(day=1) else today - timedelta(days=1)
    usual = calendar.name(month, grain)
    last = _period(query, "to", grain, usual, calendar)
    first = _period(query, "from", grain, calendar.step(last, grain, 1 - SHOWN[grain]), calendar)
    if not 1 <= calendar.count(first, last, grain) <= LONGEST[grain]:
        raise QuestionRefused(
            "page.stretch",
            f"From {first} to {last} is not a stretch this page can show.",
            fix=f"Choose at most {LONGEST[grain]} periods, the first not after the last.",
            field="from",
            value=first,
            longest=LONGEST[grain],
        )
    against = ""
    if compare == "custom":
        against = _period(query, "against", grain, calendar.step(last, grain, -1), calendar)
    running = one_of(query, "running", ("yes", "no"), "yes") == "yes"
    match = one_of(query, "match", MATCHES, MATCHES[0])
    return Stretch(grain, first, last, compare, today, against, running, match, named, calendar, timezone, tuple(kept))


def _named(query: Mapping[str, str]) -> tuple[date, date] | None:
    """The first and the last day an address names, if it names days."""
    try:
        return date.fromisoformat(query["from"]), date.fromisoformat(query["to"])
    except (KeyError, ValueError):
        return None


def _period(query: Mapping[str, str], field: str, grain: str, usual: str, calendar: Calendar) -> str:
    """A period of the grain by a label or a day in the address: 2026-10 or 2026-10-31 read as a quarter is 2026-Q4."""
    value = query.get(field) or usual
    try:
        name = calendar.name(calendar.first(value), grain)
        calendar.step(name, grain, -2 * LONGEST[grain]), calendar.step(name, grain, 2 * LONGEST[grain])
    except (ValueError, OverflowError):
        raise QuestionRefused(
            "page.period",
            f"{field!r} is {value!r}, which is not a period.",
            fix="Write a month (2026-10), a quarter (2026-Q4), a year (2026) or a day (2026-10-31).",
            field=field,
            value=value,
        ) from None
    return name
