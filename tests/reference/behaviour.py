"""What behaviour questions mean, slow and obvious: whole histories, sets of units, calendars by the standard library.

Nothing here is shared with the kernels. An event has a unit, a moment (microseconds UTC), the numbers of the matchers
it meets, and perhaps a node and a value; the order of a list is the order of arrival.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000


@dataclass(frozen=True)
class Event:
    unit: int
    moment: int
    meets: frozenset[int]
    node: int = -1
    value: int = -1


Interval = Callable[[int], int]
"""The number of the interval that holds a moment; negative before the first one."""


def micros(stamp: datetime) -> int:
    return (stamp - EPOCH) // timedelta(microseconds=1)


def calendar(first: datetime, period: str, zone: str, every: int = 1) -> Interval:
    """Intervals of a local calendar by the arithmetic of dates."""
    local = ZoneInfo(zone)
    begin = micros(first.replace(tzinfo=local))

    def interval(moment: int) -> int:
        if period == "hour":
            return (moment - begin) // HOUR // every
        day: date = (EPOCH + timedelta(microseconds=moment)).astimezone(local).date()
        if period == "month":
            return ((day.year - first.year) * 12 + day.month - first.month) // every
        return (day - first.date()).days // (7 if period == "week" else 1) // every

    return interval


def histories(events: list[Event]) -> dict[int, list[Event]]:
    """Each unit's events, in order."""
    out: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        out[event.unit].append(event)
    return {unit: sorted(own, key=lambda e: e.moment) for unit, own in out.items()}


def retention(
    events: list[Event],
    interval: Interval,
    rows: int,
    columns: int | None,
    *,
    start: int,
    back: int,
    once: int | None = None,
    unbounded: bool = False,
    least: int = 1,
    length: int = 0,
    floor: int = 1,
) -> dict[tuple[int, int, int], set[int]]:
    """The units in each cell (value, row, column)."""
    cells: dict[tuple[int, int, int], set[int]] = defaultdict(set)
    for unit, own in histories(events).items():
        if once is None:
            begun = [e for e in own if start in e.meets]
        else:
            begun = [e for e in own if once in e.meets][:1]
            begun = [e for e in begun if start in e.meets]
        for row in range(rows):
            here = [e for e in begun if interval(e.moment) == row]
            if not here:
                continue
            entry = here[0]
            width = rows - row if columns is None else columns
            zero = entry.moment // floor * floor

            def column_of(e: Event, row: int = row, zero: int = zero) -> int:
                return (e.moment - zero) // length if length else interval(e.moment) - row

            returns = Counter(column_of(e) for e in own if back in e.meets)
            cells[entry.value, row, 0].add(unit)
            for column in range(1, width):
                looked_at = range(column, width) if unbounded else [column]
                if any(returns[c] >= least for c in looked_at):
                    cells[entry.value, row, column].add(unit)
    return cells


def active(events: list[Event], interval: Interval, match: int) -> dict[int, set[int]]:
    """The units with a match in each interval."""
    out: dict[int, set[int]] = defaultdict(set)
    for event in events:
        if match in event.meets:
            out[interval(event.moment)].add(event.unit)
    return out


def lifecycle(events: list[Event], interval: Interval, match: int, count: int) -> list[dict[str, set[int]]]:
    """The units in each state, by interval; `asleep` is the whole stock."""
    there = active(events, interval, match)
    out = []
    for i in range(count):
        earlier = {unit for k, units in there.items() if k < i for unit in units}
        now, before = there[i], there[i - 1]
        out.append(
            {
                "new": now - earlier,
                "returning": now & before,
                "resurrecting": now & earlier - before,
                "dormant": before - now,
                "asleep": earlier - now,
            }
        )
    return out


def stickiness(
    events: list[Event], interval: Interval, match: int, count: int, operator: str, value: int
) -> Counter[int]:
    """For each unit with a match the number of intervals that meet the criterion."""
    matches = Counter((e.unit, interval(e.moment)) for e in events if match in e.meets)
    holds = {"gte": int.__ge__, "lte": int.__le__, "exact": int.__eq__}[operator]
    return Counter(unit for (unit, i), n in matches.items() if 0 <= i < count and holds(n, value))


def paths(
    events: list[Event],
    match: int,
    gap: int,
    steps: int,
    begin: int,
    end: int,
    anchor: int | None = None,
    to_anchor: bool = False,
) -> dict[tuple[int, int, int], list[int]]:
    """For each edge (position, origin, target) the units of the sessions that go along it; target -1 is a drop-off."""
    edges: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for unit, own in histories(events).items():
        seen = [e for e in own if match in e.meets and e.node >= 0 and begin <= e.moment < end]
        sessions: list[list[Event]] = []
        for k, event in enumerate(seen):
            if k == 0 or event.moment - seen[k - 1].moment >= gap:
                sessions.append([])
            sessions[-1].append(event)
        for session in sessions:
            nodes = [e.node for k, e in enumerate(session) if k == 0 or session[k - 1].node != e.node]
            arrived = False
            if anchor is not None:
                if anchor not in nodes:
                    continue
                place = nodes.index(anchor)
                arrived = to_anchor
                nodes = nodes[: place + 1][-steps:] if to_anchor else nodes[place:]
            shown = nodes[:steps]
            for k in range(len(shown) - 1):
                edges[k + 1, shown[k], shown[k + 1]].append(unit)
            if len(shown) < steps and not arrived:
                edges[len(shown), shown[-1], -1].append(unit)
    return edges


def chance_events(
    chance: random.Random, begin: datetime, end: datetime, *, units: int = 8, events: int = 60, matchers: int = 3
) -> list[Event]:
    """Events of a few units with many ties and with moments at the edges of hours."""
    low, high = micros(begin), micros(end)
    moments = [chance.randrange(low // HOUR, high // HOUR) * HOUR for _ in range(events // 3 + 1)]
    out = []
    for _ in range(events):
        moment = chance.choice(moments) + chance.choice([0, 0, -1, 1, HOUR // 2, chance.randrange(HOUR)])
        meets = frozenset(k for k in range(matchers) if chance.random() < 0.5)
        out.append(Event(chance.randrange(units), moment, meets, chance.randrange(-1, 4), chance.randrange(-1, 3)))
    return out


@dataclass(frozen=True)
class Arrays:
    """Events as kernels take them; unit u is the u-th of `units`."""

    units: list[int]
    first: np.ndarray
    at: np.ndarray
    bits: np.ndarray
    node: np.ndarray
    value: np.ndarray


def arrays(events: list[Event], units: list[int] | None = None) -> Arrays:
    """Events sorted by unit, moment and arrival; `units` may name some without events."""
    own = histories(events)
    units = sorted(own) if units is None else units
    rows = [e for unit in units for e in own.get(unit, [])]
    first = np.cumsum([0, *(len(own.get(unit, [])) for unit in units)])
    return Arrays(
        units,
        first.astype(np.int64),
        np.array([e.moment for e in rows], np.int64),
        np.array([sum(1 << k for k in e.meets) for e in rows], np.uint64),
        np.array([e.node for e in rows], np.int32),
        np.array([e.value for e in rows], np.int32),
    )
