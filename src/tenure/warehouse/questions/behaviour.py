"""What the behaviour questions share: their fields, and moments of local periods. Hides how each field is read.

Importing this module teaches `base` to read matchers, steps, exclusions and the other fields of these questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tenure.core.localtime import local_stamp, moment, zone
from tenure.core.periods import Calendar, first_day, label, parse_label
from tenure.core.sequences.edges import PERIODS, interval_edges, moved
from tenure.core.sequences.stickiness import Operator
from tenure.core.tracking import SAID
from tenure.warehouse import matchers, trails
from tenure.warehouse.matchers import Matcher
from tenure.warehouse.questions import base
from tenure.warehouse.questions.base import Ask, Question, asked
from tenure.warehouse.slices import Where
from tenure.warehouse.snapshot import Snapshot
from tenure.warehouse.trails import PROPERTY, Trails

Integers = npt.NDArray[np.int64]

SECOND = 1_000_000
LONGEST_SECONDS = 10_000_000_000
"""A window of more than 317 years is refused: it would leave the calendar."""
MOST_STEPS = 30
PERSONAL = frozenset({"user_id", "title", *SAID})
"""Properties that tell who a person is, and events that hold what is said of one."""
OTHER = "Other"
"""The values of a breakdown beyond its limit."""
NAMES_OF_STEP = ("event", "event_in", "where", "optional", "role", "min_users")


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a funnel."""

    matcher: Matcher
    optional: bool = False
    role: str | None = None
    min_users: int = 1

    def canonical(self) -> dict[str, Any]:
        """The JSON form: the matcher's keys and those that differ from what is usual."""
        out = self.matcher.canonical()
        out |= {"optional": True} if self.optional else {}
        out |= {"role": self.role} if self.role is not None else {}
        return out | ({"min_users": self.min_users} if self.min_users > 1 else {})


@dataclass(frozen=True, slots=True)
class Exclusion:
    """An event that must not happen between two steps, counted from 0."""

    matcher: Matcher
    from_step: int
    to_step: int

    def canonical(self) -> dict[str, Any]:
        """The JSON form."""
        return {**self.matcher.canonical(), "from_step": self.from_step, "to_step": self.to_step}


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The property an answer is cut by; `attribution` is first_touch, last_touch, all, or the number of a step."""

    prop: str
    attribution: str | int = "first_touch"
    limit: int = 25

    def canonical(self) -> dict[str, Any]:
        """The JSON form."""
        step = self.attribution if isinstance(self.attribution, str) else f"step {self.attribution}"
        return {"prop": self.prop, "attribution": step, "limit": self.limit}


@dataclass(frozen=True, slots=True)
class Criteria:
    """How many events an interval needs to count."""

    op: Operator
    value: int

    def canonical(self) -> dict[str, Any]:
        """The JSON form."""
        return {"op": self.op, "value": self.value}


# --------------------------------------------------------------------------------------------------------- readers


def _read_matcher(f: Field[Any], value: Any) -> Matcher | None:
    if value is None and f.default is None:
        return None
    return matchers.parse(value, base.json_name(f.name))


def _read_steps(f: Field[Any], value: Any) -> tuple[Step, ...]:
    name = base.json_name(f.name)
    if not isinstance(value, (list, tuple)) or not value:
        raise base.bad(f, value, 'Write a list of steps such as [{"event": "signup"}, {"event": "pay"}].')
    if len(value) > MOST_STEPS:
        raise base.bad(f, f"{len(value)} steps", f"A funnel has at most {MOST_STEPS} steps.")
    steps = tuple(one if isinstance(one, Step) else _step(f, one, f"{name}[{i}]") for i, one in enumerate(value))
    if steps[0].optional or steps[-1].optional:
        raise base.bad(f, [s.canonical() for s in steps], "The first and the last step cannot be optional.")
    return steps


def _step(f: Field[Any], given: Any, place: str) -> Step:
    own, rest = _parted(f, given, NAMES_OF_STEP, ("optional", "role", "min_users"))
    optional, role, min_users = own.get("optional", False), own.get("role"), own.get("min_users", 1)
    if not isinstance(optional, bool):
        raise base.bad(f, optional, "`optional` is true or false.")
    if role is not None and (not isinstance(role, str) or not role):
        raise base.bad(f, role, "`role` is the name of a role in the buying committee.")
    if isinstance(min_users, bool) or not isinstance(min_users, int) or not 1 <= min_users <= 1_000:
        raise base.bad(f, min_users, "`min_users` is a whole number from 1 to 1000.")
    return Step(matchers.parse(rest, place), optional, role, min_users)


def _parted(
    f: Field[Any], given: Any, allowed: tuple[str, ...], own: tuple[str, ...]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the keys of its own, the matcher's keys) of an object in which both stand side by side."""
    if not isinstance(given, Mapping):
        raise base.bad(f, given, f"Write an object with: {', '.join(allowed)}.")
    unknown = [key for key in given if key not in allowed]
    if unknown:
        raise base.bad(f, unknown[0], f"Its keys are: {', '.join(allowed)}.", allowed)
    return {k: v for k, v in given.items() if k in own}, {k: v for k, v in given.items() if k not in own}


def _read_exclusions(f: Field[Any], value: Any) -> tuple[Exclusion, ...]:
    if not isinstance(value, (list, tuple)):
        raise base.bad(f, value, 'Write a list such as [{"event": "cancel", "from_step": 0, "to_step": 1}].')
    own = ("from_step", "to_step")
    out = []
    for i, one in enumerate(value):
        if isinstance(one, Exclusion):
            out.append(one)
            continue
        mine, rest = _parted(f, one, (*matchers.KEYS, *own), own)
        first, last = mine.get("from_step", -1), mine.get("to_step", -1)
        if not (_whole(first) and _whole(last)) or not 0 <= first < last:
            raise base.bad(f, one, "from_step and to_step are whole numbers counted from 0, the first is the smaller.")
        out.append(Exclusion(matchers.parse(rest, f"{base.json_name(f.name)}[{i}]"), first, last))
    return tuple(out)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _read_named_matchers(f: Field[Any], value: Any) -> tuple[tuple[str, Matcher], ...] | str:
    if value == "all" == f.default:
        return "all"
    if not value and f.default == ():
        return ()
    if isinstance(value, (list, tuple)) and all(isinstance(one, (list, tuple)) and len(one) == 2 for one in value):
        value = {str(name): matcher for name, matcher in value}
    if not isinstance(value, Mapping) or not value:
        raise base.bad(f, value, 'Write {"search": {"event": "search"}, ...}.')
    place = base.json_name(f.name)
    return tuple((str(name), matchers.parse(given, f"{place}.{name}")) for name, given in value.items())


def _read_whole(f: Field[Any], value: Any) -> int | None:
    if value is None and f.default is None:
        return None
    least, most = f.metadata["bounds"]
    if not _whole(value) or not least <= value <= most:
        raise base.bad(f, value, f"Write a whole number from {least} to {most}.")
    return int(value)


def _read_flag(f: Field[Any], value: Any) -> bool:
    if not isinstance(value, bool):
        raise base.bad(f, value, "Write true or false.", ("true", "false"))
    return value


def _read_unit(f: Field[Any], value: Any) -> str:
    known = value in ("user", "account") or (
        isinstance(value, str) and value.startswith(PROPERTY) and len(value) > len(PROPERTY)
    )
    if not known:
        raise base.bad(f, value, "Use user, account, or prop:NAME.", ("user", "account", "prop:NAME"))
    return str(value)


def _read_breakdown(f: Field[Any], value: Any) -> Breakdown | None:
    if value is None or isinstance(value, Breakdown):
        return value
    if isinstance(value, str):
        value = {"prop": value}
    if not isinstance(value, Mapping) or set(value) - {"prop", "attribution", "limit"}:
        raise base.bad(f, value, 'Write {"prop": "plan", "attribution": "first_touch", "limit": 25}.')
    prop, attribution, limit = value.get("prop"), value.get("attribution", "first_touch"), value.get("limit", 25)
    if not isinstance(prop, str) or not prop:
        raise base.bad(f, prop, "`prop` is the name of a property.")
    if not _whole(limit) or not 1 <= limit <= 1_000:
        raise base.bad(f, limit, "`limit` is a whole number from 1 to 1000.")
    return Breakdown(prop, _attribution(f, attribution), limit)


def _attribution(f: Field[Any], value: Any) -> str | int:
    if value in ("first_touch", "last_touch", "all"):
        return str(value)
    number = value.removeprefix("step").strip(" _") if isinstance(value, str) else str(value)
    if number.isdecimal() and 1 <= int(number) <= MOST_STEPS and not isinstance(value, bool):
        return int(number)
    allowed = ("first_touch", "last_touch", "all", "step 1")
    raise base.bad(f, value, "Use first_touch, last_touch, all, or a step such as `step 2`.", allowed)


def _read_criteria(f: Field[Any], value: Any) -> Criteria | None:
    if value is None or isinstance(value, Criteria):
        return value
    if not isinstance(value, Mapping) or set(value) != {"op", "value"} or value["op"] not in ("gte", "lte", "exact"):
        raise base.bad(f, value, 'Write {"op": "gte", "value": 3}; op is gte, lte or exact.', ("gte", "lte", "exact"))
    if not _whole(value["value"]) or not 0 <= value["value"] <= 1_000_000:
        raise base.bad(f, value["value"], "`value` is a whole number of events.")
    return Criteria(value["op"], value["value"])


def _read_moment(f: Field[Any], value: Any) -> str | None:
    """A day, or a date and time; one without an offset is local."""
    if value is None and f.default is None:
        return None
    text = value.isoformat() if isinstance(value, date) else value
    try:
        if not isinstance(text, str):
            raise ValueError(text)
        found = datetime.fromisoformat(text.strip())
        if found.year not in base.YEARS:
            raise ValueError(text)
    except ValueError:
        raise base.bad(f, value, "Write a day or a moment as 2024-03-31 or 2024-03-31T09:00:00+08:00.") from None
    return text.strip()


def _read_measure(f: Field[Any], value: Any) -> str:
    how, _, prop = value.partition(":") if isinstance(value, str) else ("", "", "")
    if value not in ("count", "users", "accounts") and (how not in ("sum", "avg", "p90") or not prop):
        allowed = ("count", "users", "accounts", "sum:NAME", "avg:NAME", "p90:NAME")
        raise base.bad(f, value, f"Use one of: {', '.join(allowed)}.", allowed)
    return str(value)


def _read_object(f: Field[Any], value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise base.bad(f, value, "Write a JSON object.")
    return dict(value)


base.READERS.update(
    object=_read_object,
    matcher=_read_matcher,
    steps=_read_steps,
    exclusions=_read_exclusions,
    named_matchers=_read_named_matchers,
    whole=_read_whole,
    flag=_read_flag,
    unit=_read_unit,
    breakdown=_read_breakdown,
    criteria=_read_criteria,
    moment=_read_moment,
    measure=_read_measure,
)

# ---------------------------------------------------------------------------------------------- fields many share

ANY = Matcher()
UNIT = asked("unit", "What is counted: user, account, or prop:NAME for the values of a property.", "user")
PERIOD = asked("choice", "Length of the intervals, by the local calendar.", "day", PERIODS)
FIRST_INTERVAL = asked("moment", "Local start of the first interval. Default: the last one is running.", None)
INTERVALS = asked("whole", "How many intervals.", 12, bounds=(1, 1_000))
MATCH = asked("matcher", "The events that count. Default: any.", ANY)
NOW = asked("moment", "The moment up to which intervals are over. Default: now.", None)
FROM = asked("label", "First period or day. Default: from the first event on.", None)
TO = asked("label", "Last period, inclusive as a label, exclusive as a day or time. Default: to the last event.", None)
WHERE = asked("where", "Conditions on accounts.", Where())


@dataclass(frozen=True)
class Behaviour(Question):
    """The common part of the questions about events: their proof is the events that put a unit into a cell."""

    of_events: ClassVar[bool] = True
    of_lines: ClassVar[bool] = False

    def clock(self, snapshot: Snapshot) -> str:
        return _hour(snapshot).isoformat()

    def behind(self, ask: Ask, cell: Mapping[str, Any]) -> tuple[Trails, Integers]:
        """The trails, and the events of them that a cell counts."""
        raise NotImplementedError(self.name)

    def silent(self, ask: Ask, cell: Mapping[str, Any]) -> list[str]:
        """Units that a cell counts although no event of theirs is behind it."""
        return []

    def persons(self) -> frozenset[str]:
        named: set[str] = set()
        for f in fields(self):
            named |= _named(getattr(self, f.name))
        return frozenset(named & PERSONAL)

    def personal(self) -> frozenset[str]:
        return frozenset({"user_id", "properties"})

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        found, events = self.behind(ask, cell)
        return trails.rows(ask.snapshot, found.row_key[events]).drop_columns(["row_key"])


def _named(value: Any) -> set[str]:
    """The properties and events that a field's value names; a text may be a property, or name one after a colon."""
    if isinstance(value, Matcher):
        return {*(value.events or ()), *value.props()}
    if isinstance(value, (Step, Exclusion)):
        return _named(value.matcher)
    if isinstance(value, Breakdown):
        return {value.prop}
    if isinstance(value, tuple):
        return set().union(*map(_named, value))
    return {value, value.partition(":")[2]} if isinstance(value, str) else set()


def moment_of(text: str, snapshot: Snapshot) -> int:
    """The moment of a day or a date and time, local where it has no offset; microseconds UTC."""
    return moment(datetime.fromisoformat(text), zone(snapshot.definition.timezone))


def bounds(from_: str | None, to: str | None, snapshot: Snapshot) -> tuple[int | None, int | None]:
    """The moments [since, before) of `from` and `to`, None where open: labels inclusive, days and times half-open."""
    since = None if from_ is None else _edge(from_, snapshot, last=False)
    before = None if to is None else _edge(to, snapshot, last=True)
    if since is not None and before is not None and since > before:
        raise base.backwards(from_, to)
    return since, before


def _edge(text: str, snapshot: Snapshot, *, last: bool) -> int:
    if len(text) > 10:
        return moment_of(text, snapshot)
    first, after, is_day = parse_label(text, snapshot.definition.fiscal_year_start)
    day = after if last and not is_day else first
    return moment(datetime.combine(day, time.min), zone(snapshot.definition.timezone))


def now_of(given: str | None, snapshot: Snapshot) -> int:
    """The moment up to which intervals are over; without one given, the beginning of the running hour."""
    return moment(_hour(snapshot), zone("UTC")) if given is None else moment_of(given, snapshot)


def _hour(snapshot: Snapshot) -> datetime:
    """The beginning of the running hour: an answer holds until the next."""
    return snapshot.now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def edges_between(since: int, before: int, period: str, snapshot: Snapshot) -> Integers:
    """The edges of the local intervals that hold the moments from `since` up to `before`, not included."""
    definition = snapshot.definition
    local = zone(definition.timezone)
    shown, last = (local_stamp(micros, local).replace(tzinfo=None) for micros in (since, before - 1))
    if period == "hour":
        first: date = shown.replace(minute=0, second=0, microsecond=0)
        count = (before - 1 - moment_of(first.isoformat(), snapshot)) // (3_600 * SECOND) + 1
    else:
        calendar = Calendar(definition.first_weekday, definition.fiscal_year_start)
        name = calendar.name(shown.date(), period)
        first, count = calendar.first(name), calendar.count(name, calendar.name(last.date(), period), period)
    return edges_from(first, period, count, snapshot)


def edges_from(
    first: date, period: str, count: int, snapshot: Snapshot, *, every: int = 1, before: int = 0
) -> Integers:
    """The edges of local intervals from the one that begins on a day, by the definition's calendar."""
    definition = snapshot.definition
    return interval_edges(
        first, period, count, definition.timezone, week_start=definition.first_weekday,
        year_start=definition.fiscal_year_start, every=every, before=before,
    )  # fmt: skip


def first_of(
    given: str | None, period: str, intervals: int, every: int, snapshot: Snapshot, now: str | None = None
) -> date:
    """The local start of the first interval, as a day or a day with an hour; without one, the last one runs `now`."""
    if given is not None:
        found = datetime.fromisoformat(given)
        if found.tzinfo is not None:
            found = found.astimezone(zone(snapshot.definition.timezone)).replace(tzinfo=None)
        return found if period == "hour" else _whole_day(found)
    here = local_stamp(now_of(now, snapshot), zone(snapshot.definition.timezone)).replace(tzinfo=None)
    back = every * intervals - 1
    if period == "hour":
        return here.replace(minute=0, second=0, microsecond=0) - timedelta(hours=back)
    definition = snapshot.definition
    return moved(first_day(here.date(), period, definition.first_weekday, definition.fiscal_year_start), period, -back)


def _whole_day(stamp: datetime) -> date:
    """A midnight as its day; any other time stays, to be refused by what needs a beginning."""
    return stamp.date() if stamp.time() == time.min else stamp


def first_events(found: Trails, units: Integers, matcher: int, since: int, before: int) -> Integers:
    """Of each of the units the first event in [since, before) that meets a matcher; those without one have none."""
    met = np.flatnonzero((found.bits >> np.uint64(matcher)) & np.uint64(1))
    met = met[(found.at[met] >= since) & (found.at[met] < before)]
    unit = found.unit_of(met)
    kept = np.isin(unit, units)
    _, first = np.unique(unit[kept], return_index=True)
    return met[kept][first]


def last_events(found: Trails, units: Integers, before: int) -> Integers:
    """Of each of the units the last event before a moment."""
    met = np.flatnonzero(found.at < before)[::-1]
    unit = found.unit_of(met)
    kept = np.isin(unit, units)
    _, first = np.unique(unit[kept], return_index=True)
    return met[kept][first]


def interval_label(micros: int, period: str, snapshot: Snapshot) -> str:
    """The name of the interval that begins at a moment: 2024, 2024-Q1, 2024-03, the day, or the local hour."""
    shown = local_stamp(micros, zone(snapshot.definition.timezone))
    if period == "hour":
        return shown.isoformat()[:16]
    return label(shown.date(), period, snapshot.definition.fiscal_year_start)
