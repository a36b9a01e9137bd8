"""`lifecycle`, `stickiness` and `paths`: who is active when, how often, and in what order things are done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa

from tenure.core.sequences import lifecycle as states
from tenure.core.sequences import paths as walks
from tenure.core.sequences import stickiness as counting
from tenure.core.sequences.edges import intervals_over
from tenure.warehouse import trails
from tenure.warehouse.answer import Result
from tenure.warehouse.matchers import Matcher
from tenure.warehouse.questions import base, behaviour
from tenure.warehouse.questions.base import Ask, asked, no_cell
from tenure.warehouse.questions.behaviour import SECOND, Behaviour, Criteria
from tenure.warehouse.questions.movements import known
from tenure.warehouse.slices import Where
from tenure.warehouse.snapshot import Snapshot
from tenure.warehouse.trails import PROPERTY, Integers, Trails, Wanted

DROP_OFF = "drop-off"
STATES = ("new", "returning", "resurrecting", "dormant", "asleep")
STATES_OF = {
    "active": (states.NEW, states.RETURNING, states.RESURRECTING),
    "new": (states.NEW,),
    "returning": (states.RETURNING,),
    "resurrecting": (states.RESURRECTING,),
    "dormant": (states.DORMANT,),
    "asleep": (states.DORMANT, states.ASLEEP),
}
"""Count of an answer -> the states of units in it."""


class Counts(NamedTuple):
    """Units by the number of intervals in which they are active."""

    units: Integers


@dataclass(frozen=True)
class Lifecycle(Behaviour):
    """New, returning, resurrecting, dormant and asleep units of each interval."""

    name: ClassVar[str] = "lifecycle"
    doc: ClassVar[str] = (
        "How many units are new, returning, resurrecting or dormant in each interval, and how many sleep."
    )
    columns: ClassVar[Mapping[str, str]] = {
        "interval": "label of the interval",
        "active": "units with a match: new + returning + resurrecting",
        "new": "units whose first match of all is in it",
        "returning": "units active in it and in the interval before",
        "resurrecting": "units active in it, not in the interval before, and once before that",
        "dormant": "units active in the interval before and not in it",
        "asleep": "units that were active once and are not now; the dormant are part of it",
        "complete": "false while the interval is not over",
    }
    match: Matcher = behaviour.MATCH
    period: str = behaviour.PERIOD
    first_interval: str | None = behaviour.FIRST_INTERVAL
    intervals: int = behaviour.INTERVALS
    unit: str = behaviour.UNIT
    now: str | None = behaviour.NOW
    where: Where = behaviour.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        snapshot = known(ask, self.as_known_on)
        edges = self._edges(snapshot)
        counts, left_out = trails.counted(
            snapshot, self._wanted(edges), self.where,
            lambda part: states.lifecycle(part.first, part.at, part.bits, 0, edges),
        )  # fmt: skip
        over = intervals_over(edges, behaviour.now_of(self.now, snapshot)) - 1
        labels = [behaviour.interval_label(edge, self.period, snapshot) for edge in edges[1:-1].tolist()]
        data: dict[str, pa.Array] = {"interval": pa.array(labels, pa.string()), "active": pa.array(counts.active[1:])}
        data |= {name: pa.array(getattr(counts, name)[1:]) for name in STATES}
        data["complete"] = pa.array([i < over for i in range(len(labels))], pa.bool_())
        stays = counts.active[:-1] == counts.returning[1:] + counts.dormant[1:]
        check = {"name": "active before = returning + dormant", "ok": bool(stays.all()), "detail": len(stays)}
        notes = [{"code": "without_unit", "count": left_out}] if left_out else []
        return Result(pa.table(data), [check], notes)

    def behind(self, ask: Ask, cell: Mapping[str, Any]) -> tuple[Trails, Integers]:
        snapshot = known(ask, self.as_known_on)
        edges = self._edges(snapshot)
        labels = [behaviour.interval_label(edge, self.period, snapshot) for edge in edges[1:-1].tolist()]
        if set(cell) != {"interval", "state"} or cell["interval"] not in labels or cell["state"] not in STATES_OF:
            raise no_cell(
                self.name, cell, f"Name an interval and a state of: {', '.join(STATES_OF)}.", ("interval", "state")
            )
        found = trails.read(snapshot, self._wanted(edges), self.where)
        place = labels.index(str(cell["interval"])) + 1
        state, _ = states.lifecycle_states(found.first, found.at, found.bits, 0, edges, place)
        chosen = np.flatnonzero(np.isin(state, STATES_OF[str(cell["state"])]))
        return found, behaviour.last_events(found, chosen, int(edges[place + 1]))

    def _edges(self, snapshot: Snapshot) -> Integers:
        """The edges of the intervals, and of one before them."""
        first = behaviour.first_of(self.first_interval, self.period, self.intervals, 1, snapshot)
        return behaviour.edges_from(first, self.period, self.intervals, snapshot, before=1)

    def _wanted(self, edges: Integers) -> Wanted:
        return Wanted(self.unit, [self.match], before=int(edges[-1]))


@dataclass(frozen=True)
class Stickiness(Behaviour):
    """In how many intervals of a range units are active."""

    name: ClassVar[str] = "stickiness"
    doc: ClassVar[str] = "How many units are active in exactly, or in at least, k intervals of a range."
    columns: ClassVar[Mapping[str, str]] = {
        "k": "number of intervals",
        "units": "units active in so many of them",
        "complete": "false while the range is not over",
    }
    match: Matcher = behaviour.MATCH
    period: str = behaviour.PERIOD
    interval_count: int = asked("whole", "Periods in an interval.", 1, bounds=(1, 366))
    first_interval: str | None = behaviour.FIRST_INTERVAL
    intervals: int = behaviour.INTERVALS
    criteria: Criteria | None = asked("criteria", "How many events an interval needs: op gte, lte, exact.", None)
    cumulative: bool = asked("flag", "At least k intervals, not exactly k.", False)
    unit: str = behaviour.UNIT
    now: str | None = behaviour.NOW
    where: Where = behaviour.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        snapshot = known(ask, self.as_known_on)
        edges = self._edges(snapshot)

        def walk(part: Trails) -> Counts:
            return Counts(counting.stickiness(self._active(part, edges), self.intervals, cumulative=self.cumulative))

        counts, left_out = trails.counted(snapshot, self._wanted(edges), self.where, walk)
        over = intervals_over(edges, behaviour.now_of(self.now, snapshot)) == self.intervals
        data = {
            "k": pa.array(range(1, self.intervals + 1), pa.int64()),
            "units": pa.array(counts.units),
            "complete": pa.array([over] * self.intervals, pa.bool_()),
        }
        notes = [{"code": "without_unit", "count": left_out}] if left_out else []
        return Result(pa.table(data), [], notes)

    def behind(self, ask: Ask, cell: Mapping[str, Any]) -> tuple[Trails, Integers]:
        k = str(cell.get("k"))
        if set(cell) != {"k"} or not k.isdecimal() or not 1 <= int(k) <= self.intervals:
            raise no_cell(self.name, cell, f"Name k from 1 to {self.intervals}.", ("k",))
        snapshot = known(ask, self.as_known_on)
        edges = self._edges(snapshot)
        found = trails.read(snapshot, self._wanted(edges), self.where)
        active = self._active(found, edges)
        chosen = np.flatnonzero(active >= int(k) if self.cumulative else active == int(k))
        return found, behaviour.last_events(found, chosen, int(edges[-1]))

    def _edges(self, snapshot: Snapshot) -> Integers:
        first = behaviour.first_of(self.first_interval, self.period, self.intervals, self.interval_count, snapshot)
        return behaviour.edges_from(first, self.period, self.intervals, snapshot, every=self.interval_count)

    def _wanted(self, edges: Integers) -> Wanted:
        return Wanted(self.unit, [self.match], since=int(edges[0]), before=int(edges[-1]))

    def _active(self, part: Trails, edges: Integers) -> Any:
        """Per unit in how many intervals it is active."""
        rule = self.criteria or Criteria("gte", 1)
        return counting.active_intervals(part.first, part.at, part.bits, 0, edges, criteria=(rule.op, rule.value))


@dataclass(frozen=True)
class Paths(Behaviour):
    """What units do one after the other, inside a session."""

    name: ClassVar[str] = "paths"
    doc: ClassVar[str] = "Which step follows which in a session, by position, and where sessions end."
    columns: ClassVar[Mapping[str, str]] = {
        "from": "position and name of a node, as 1_login",
        "to": "the node at the next position; k_drop-off where the session ends",
        "count": "sessions that go this way",
        "complete": "false while the range is not over",
    }
    match: Matcher = behaviour.MATCH
    node: str = asked("text", "What a node is: event, or prop:NAME.", "event")
    max_steps: int = asked("whole", "Most nodes of a path.", 5, bounds=(2, 100))
    session_gap_seconds: int = asked("whole", "A gap of at least this begins a session.", 1_800, bounds=(1, 31_536_000))
    from_: str | None = behaviour.FROM
    to: str | None = behaviour.TO
    from_anchor: str | None = asked("text", "Paths begin with this node.", None)
    to_anchor: str | None = asked("text", "Paths end with this node.", None)
    unit: str = behaviour.UNIT
    now: str | None = behaviour.NOW
    where: Where = behaviour.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.from_anchor is not None and self.to_anchor is not None:
            raise base.refused("to_anchor", "Give from_anchor or to_anchor, one of the two.")
        if self.node != "event" and not self.node.startswith(PROPERTY):
            raise base.refused("node", "Use event or prop:NAME.")

    def answer(self, ask: Ask) -> Result:
        snapshot = known(ask, self.as_known_on)
        found, codes, names = self._read(snapshot)
        rule = self._rule(snapshot, names)
        shape = pa.schema([("from", pa.string()), ("to", pa.string()), ("count", pa.int64()), ("complete", pa.bool_())])
        if rule is None:
            return Result(shape.empty_table())
        edges = walks.paths(found.first, found.at, found.bits, codes, rule)
        over = rule.end <= behaviour.now_of(self.now, snapshot)
        rows = [
            {
                "from": f"{position}_{names[origin]}",
                "to": f"{position + 1}_{DROP_OFF if target == walks.DROP_OFF else names[target]}",
                "count": count,
                "complete": over,
            }
            for position, origin, target, count in zip(*(part.tolist() for part in edges), strict=True)
        ]
        rows.sort(key=lambda row: (int(row["from"].partition("_")[0]), -row["count"], row["from"], row["to"]))
        notes = [{"code": "without_unit", "count": found.left_out}] if found.left_out else []
        return Result(pa.Table.from_pylist(rows, schema=shape), [], notes)

    def behind(self, ask: Ask, cell: Mapping[str, Any]) -> tuple[Trails, Integers]:
        snapshot = known(ask, self.as_known_on)
        found, codes, names = self._read(snapshot)
        rule = self._rule(snapshot, names)
        place, _, origin = str(cell.get("from", "")).partition("_")
        target = str(cell.get("to", "")).partition("_")[2]
        known_names = origin in names and (target in names or target == DROP_OFF)
        if set(cell) != {"from", "to"} or rule is None or not place.isdecimal() or not known_names:
            raise no_cell(self.name, cell, "Name an edge of the answer by from and to.", ("from", "to"))
        to = walks.DROP_OFF if target == DROP_OFF and target not in names else names.index(target)
        who = walks.walkers(found.first, found.at, found.bits, codes, rule, int(place), names.index(origin), to)
        there = np.flatnonzero(codes == names.index(origin))
        unit = found.unit_of(there)
        chosen = there[who[unit]]
        return found, chosen[np.unique(unit[who[unit]], return_index=True)[1]]

    def _read(self, snapshot: Snapshot) -> tuple[Trails, Any, list[str]]:
        """(trails, code of each event's node, the nodes)."""
        since, before = behaviour.bounds(self.from_, self.to, snapshot)
        prop = self.node.removeprefix(PROPERTY)
        wanted = Wanted(self.unit, [self.match], values=(prop,), since=since, before=before)
        found = trails.read(snapshot, wanted, self.where)
        return found, *found.values[prop]

    def _rule(self, snapshot: Snapshot, names: list[str]) -> walks.Rule | None:
        """How sessions are cut; None where no event has the anchor."""
        anchor = self.from_anchor if self.from_anchor is not None else self.to_anchor
        if anchor is not None and anchor not in names:
            return None
        since, before = behaviour.bounds(self.from_, self.to, snapshot)
        return walks.Rule(
            0, self.session_gap_seconds * SECOND, self.max_steps, -(1 << 62) if since is None else since,
            1 << 62 if before is None else before, None if anchor is None else names.index(anchor),
            self.to_anchor is not None,
        )  # fmt: skip
