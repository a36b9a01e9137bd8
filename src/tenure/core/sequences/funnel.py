"""Funnels over sorted events: how deep each unit comes, by which events, and what each period's entries become.

Engines sort, this walks: any slice of units at a time, without the interpreter's lock, so several threads can each
take a part and results are concatenated (`Chains`) or added (`by_entry`). Hides the kernels of the three orders and
which of them is enough. Definitions: docs/metrics/funnels.md; figures of the results: `tenure.core.metrics.funnel`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numba import njit

from tenure.core.sequences import funnel_state as state
from tenure.core.sequences.events import I32, I64, NO_CODES, U64, Flags, still
from tenure.core.sequences.funnel_ordered import ordered
from tenure.core.sequences.funnel_state import EARLIEST, LATEST, ORDERED, STRICT, UNORDERED, Rules, room_for
from tenure.core.sequences.funnel_strict import strict
from tenure.core.sequences.funnel_unordered import unordered

Order = Literal["ordered", "strict", "unordered"]
Reentry = Literal["latest", "first"]
ORDERS: dict[Order, int] = {"ordered": ORDERED, "strict": STRICT, "unordered": UNORDERED}
OPTIONAL_LIMIT = 8
"""Optional steps of one funnel: every choice of those that occur may have to be tried."""

_FAR = 10**18
_NOTHING = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Step:
    """What a unit does next: the matcher's bit, and how it counts."""

    bit: int
    optional: bool = False
    min_users: int = 1
    """so many distinct persons must have done it since the step before; then `Events.person` is needed"""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What must not happen after one step and before another, both counted from 0."""

    bit: int
    from_step: int
    to_step: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """A funnel to walk.

    Units:  moments and `window` in microseconds; `closes` are the moments at which local days begin, ascending, from
            the first entry to the day after the last: then the window ends with the local day of the entry.
    Needs:  the caller refuses what has no meaning: no steps; a first or last step that is optional; more than
            OPTIONAL_LIMIT optional ones; an exclusion whose from_step is not before its to_step; optional steps and
            min_users outside "ordered"; exclusions with "strict" (there anything between voids already); strict_time
            with "unordered"; event_reuse outside "ordered".
    """

    steps: tuple[Step, ...]
    window: int = _FAR
    closes: I64 = field(default_factory=lambda: _NOTHING)
    order: Order = "ordered"
    exclusions: tuple[Exclusion, ...] = ()
    strict_time: bool = False
    event_reuse: bool = False
    """one event may serve several steps, as in ClickHouse's `windowFunnel`"""
    reentry: Reentry = "latest"
    enters_from: int = EARLIEST
    """only events at or after it, and before enters_to, may be an entry"""
    enters_to: int = LATEST
    ignored: int | None = None
    """the bit of noise, which breaks no strict attempt; an event that is a step of the funnel is never noise"""


class Events(NamedTuple):
    """Events by unit, moment and arrival (`tenure.core.sequences.events`): the seam that every engine fills."""

    first: I64
    """unit u has the events first[u] .. first[u + 1]; a part of it is a slice of units over the same events"""
    at: I64
    """microseconds UTC"""
    bits: U64
    """bit k is set where the event meets matcher k"""
    person: I32 = NO_CODES
    """code of who did it, -1 for nobody known; only committee steps ask"""


class Chains(NamedTuple):
    """What became of each unit."""

    depth: I32
    """the deepest required step it reaches, from 1; 0 if it does not enter or is excluded"""
    excluded: Flags
    """it entered, and every attempt is void"""
    entry: I64
    """the event that opens the window of its chain; -1 at depth 0"""
    event: I64
    """(units, steps): the event of each step, -1 where its chain has none; unordered: the event that made it k + 1"""


def _bit(place: int) -> int:
    """The word with one bit, as a signed one."""
    return int(np.uint64(1 << place).astype(np.int64))


def _rules(funnel: Funnel) -> Rules:
    want = [_bit(step.bit) for step in funnel.steps]
    return Rules(
        order=ORDERS[funnel.order],
        want=np.array(want, np.int64),
        relevant=int(np.bitwise_or.reduce(np.array(want, np.int64))),
        shared=int(np.bitwise_or.reduce(np.array([0, *(w for w in want if want.count(w) > 1)], np.int64))),
        optional=still([step.optional for step in funnel.steps], np.bool_),
        need=still([step.min_users for step in funnel.steps], np.int64),
        void=still([_bit(x.bit) for x in funnel.exclusions], np.int64),
        void_from=still([x.from_step for x in funnel.exclusions], np.int64),
        void_to=still([x.to_step for x in funnel.exclusions], np.int64),
        window=min(funnel.window, _FAR),
        closes=still(funnel.closes, np.int64),
        strict_time=int(funnel.strict_time),
        reuse=int(funnel.event_reuse),
        first_only=int(funnel.reentry == "first"),
        ignored=0 if funnel.ignored is None else _bit(funnel.ignored),
    )


@njit(cache=True, nogil=True)
def _first_entry(events: state.Events, rules: Rules, lo: int, hi: int, enters_from: int, enters_to: int) -> int:
    """The first event that may be an entry, or hi."""
    entries = rules.relevant if rules.order == UNORDERED else rules.want[0]
    for e in range(lo, hi):
        if events.bits[e] & entries != 0 and events.at[e] >= enters_from:
            return e if events.at[e] < enters_to else hi
    return hi


@njit(cache=True, nogil=True)
def _walk(
    events: state.Events, rules: Rules, edges: I64,
    depth: I32, excluded: Flags, entry: I64, event: I64, counts: I64,
) -> None:  # fmt: skip
    """Walk every unit: once over all entries if there is room for one result a unit, else once for each period."""
    room = room_for(rules)
    steps, periods = rules.want.shape[0], edges.shape[0] - 1
    by_unit = depth.shape[0] > 0
    for u in range(events.first.shape[0] - 1):
        lo, hi = events.first[u], events.first[u + 1]
        chain = event[u if by_unit else 0]
        while True:
            p = 0
            opens, closes = edges[0], edges[periods]
            if rules.first_only or not by_unit:
                found = _first_entry(events, rules, lo, hi, opens, closes)
                if found == hi:
                    break
                lo = state.tie_from(events.at, lo, found)
                p = np.searchsorted(edges, events.at[lo], side="right") - 1
                opens, closes = edges[p], edges[p + 1]
                if rules.first_only:
                    closes = events.at[lo] + 1
            if rules.order == ORDERED:
                reached, start, void = ordered(events, rules, room, lo, hi, opens, closes, chain)
            elif rules.order == STRICT:
                reached, start, void = strict(events, rules, room, lo, hi, opens, closes, chain)
            else:
                reached, start, void = unordered(events, rules, room, lo, hi, opens, closes, chain)
            counts[p, 0] += reached > 0
            counts[p, 1] += reached == steps
            if by_unit:
                depth[u], entry[u], excluded[u] = reached, start, void
            if by_unit or rules.first_only:
                break
            while lo < hi and events.at[lo] < closes:
                lo += 1


def _walked(funnel: Funnel, events: Events, edges: I64, units: int) -> tuple[Chains, I64]:
    """What became of so many units (none: of nobody by name), and per period who entered and who converted."""
    steps = len(funnel.steps)
    chains = Chains(
        np.zeros(units, np.int32), np.zeros(units, np.bool_), np.full(units, -1, np.int64),
        np.full((max(units, 1), steps), -1, np.int64),
    )  # fmt: skip
    counts = np.zeros((len(edges) - 1, 2), np.int64)
    bits = still(events.bits, np.uint64).view(np.int64)
    kernel = state.Events(
        still(events.first, np.int64), still(events.at, np.int64), still(bits, np.int64),
        still(events.person, np.int32),
    )  # fmt: skip
    _walk(kernel, _rules(funnel), still(edges, np.int64), *chains, counts)
    return chains, counts


def walk(funnel: Funnel, events: Events) -> Chains:
    """How deep each unit comes and by which events: of its best attempts the one that first comes so deep.

    Returns: one entry a unit; event numbers are places in the arrays given.
    """
    units = len(events.first) - 1
    chains, _ = _walked(funnel, events, np.array([funnel.enters_from, funnel.enters_to]), units)
    return chains._replace(event=chains.event[:units])


def by_entry(funnel: Funnel, events: Events, edges: I64) -> I64:
    """Per period of entry how many units enter, and how many of them come to the last step: (periods, 2).

    Each period is a funnel of its own entries, so a unit may enter in several; with reentry "first" it is in the
    period of its first entry alone.

    Shapes:  edges[p] .. edges[p + 1] is period p; the funnel's own enters_from and enters_to are not looked at.
    """
    return _walked(funnel, events, edges, 0)[1]


def mature(funnel: Funnel, edges: I64, now: int) -> Flags:
    """Per period of entry, is the window of its last moment over, so that nobody who entered can convert any more?"""
    last = edges[1:] - 1
    if len(funnel.closes) == 0:
        return np.asarray(last + min(funnel.window, _FAR) < now)
    return np.asarray(np.append(funnel.closes, LATEST)[np.searchsorted(funnel.closes, last, side="right")] <= now)


class Parts(NamedTuple):
    """Events dealt out to parts, each of one unit and one value: a walk over them is a funnel per value."""

    events: Events
    unit: I64
    """the unit of each part; parts of a unit stand together"""
    value: I32
    event: I64
    """the place of each dealt event in the arrays it came from"""


def by_value(events: Events, value: I32) -> Parts:
    """The events of each unit by value (-1, missing, is left out): for a property that stays constant in a chain, and
    for a breakdown that counts a unit under each of its values.
    """
    lo, hi = events.first[0], events.first[-1]
    unit = np.repeat(np.arange(len(events.first) - 1), np.diff(events.first))
    kept = lo + np.flatnonzero(value[lo:hi] >= 0)
    kept = kept[np.lexsort((value[kept], unit[kept - lo]))]
    unit, value = unit[kept - lo], value[kept]
    opens = np.flatnonzero(np.diff(unit, prepend=-1) | np.diff(value, prepend=-1)) if len(kept) else _NOTHING
    person = events.person[kept] if len(events.person) else events.person
    dealt = Events(np.append(opens, len(kept)), events.at[kept], events.bits[kept], person)
    return Parts(dealt, unit[opens], value[opens], kept)


def whole(parts: Parts, chains: Chains, units: int) -> Chains:
    """What became of each unit, from its parts: its best one, in the places of the arrays the parts came from.

    The deepest, then that with the most steps, the earliest end, the latest entry. Excluded is a unit that comes
    nowhere and has an excluded part.
    """
    at = np.append(parts.events.at, LATEST)
    end = np.where(chains.event >= 0, at[chains.event], EARLIEST).max(axis=1, initial=EARLIEST)
    width = (chains.event >= 0).sum(axis=1)
    order = np.lexsort((-at[chains.entry], end, -width, -chains.depth, parts.unit))
    best = order[np.diff(parts.unit[order], prepend=-1) > 0]
    origin = np.append(parts.event, -1)
    depth, entry = np.zeros(units, np.int32), np.full(units, -1, np.int64)
    event = np.full((units, chains.event.shape[1]), -1, np.int64)
    unit = parts.unit[best]
    depth[unit], entry[unit], event[unit] = chains.depth[best], origin[chains.entry[best]], origin[chains.event[best]]
    excluded = np.zeros(units, np.bool_)
    excluded[parts.unit[chains.excluded]] = True
    return Chains(depth, excluded & (depth == 0), entry, event)
