"""`funnel`: how many users or accounts go through steps, how long it takes them, and who stops where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tenure.core.localtime import local_stamp, zone
from tenure.core.metrics import funnel as figures
from tenure.core.money import MONEY
from tenure.core.sequences import funnel as walks
from tenure.core.sequences.edges import PERIODS, interval_edges
from tenure.core.sequences.funnel import Chains, Events
from tenure.warehouse import trails
from tenure.warehouse.answer import Result
from tenure.warehouse.lines import NONE
from tenure.warehouse.matchers import Matcher
from tenure.warehouse.questions import base, behaviour
from tenure.warehouse.questions.base import Ask, asked, no_cell
from tenure.warehouse.questions.behaviour import SECOND, Behaviour, Breakdown, Exclusion, Step
from tenure.warehouse.questions.movements import known
from tenure.warehouse.revenue import rounded
from tenure.warehouse.slices import Where
from tenure.warehouse.snapshot import Snapshot
from tenure.warehouse.trails import MISSING, Trails, Wanted

Integers = npt.NDArray[np.int64]
FOURTEEN_DAYS = 14 * 86_400
REACHED, DROPPED = "reached", "dropped"
"""Outcomes of a step that a cell may name: who took it, or who took the required step before and not this one."""


@dataclass(frozen=True)
class _Group:
    """The chains of one value of a breakdown, or of all."""

    name: str
    chains: Chains
    unit: Integers
    """the unit of each chain"""


@dataclass(frozen=True)
class Funnel(Behaviour):
    """Steps that a unit takes inside a window."""

    name: ClassVar[str] = "funnel"
    doc: ClassVar[str] = "How many users or accounts take one step after the other, and how long it takes them."
    columns: ClassVar[Mapping[str, str]] = {
        "step": "number of the step, from 1",
        "units": "units that reach it",
        "of_first": "their share of those who entered; null where nobody did",
        "of_previous": "their share of those at the required step before; null at the first",
        "seconds_mean": "mean seconds from the former step; null where nobody took it",
        "seconds_median": "median of the same",
        "seconds_p90": "90th percentile of the same",
        "complete": "false while somebody who entered may still go on",
    }
    steps: tuple[Step, ...] = asked("steps", "Matchers in their order, each with optional, role and min_users.")
    order: walks.Order = asked(
        "choice", "ordered: others may lie between; strict: nothing may; unordered: in any order.", "ordered",
        ("ordered", "strict", "unordered"),
    )  # fmt: skip
    window_seconds: int = asked(
        "whole", "Seconds from the first step, inclusive.", FOURTEEN_DAYS, bounds=(0, behaviour.LONGEST_SECONDS)
    )
    window: str | None = asked("choice", "same_day: up to the end of the entry's local day.", None, ("same_day",))
    exclusions: tuple[Exclusion, ...] = asked(
        "exclusions", "What must not happen between two steps: matchers with from_step and to_step, counted from 0.", ()
    )
    unit: str = behaviour.UNIT
    from_: str | None = behaviour.FROM
    to: str | None = behaviour.TO
    strict_time: bool = asked("flag", "Each step strictly later than the one before, not at the same moment.", False)
    event_reuse: bool = asked("flag", "One event may be several steps, as in ClickHouse's windowFunnel.", False)
    reentry: walks.Reentry = asked(
        "choice", "latest: any entry may convert; first: only the first counts.", "latest", ("latest", "first")
    )
    breakdown: Breakdown | None = asked(
        "breakdown", "Property to cut by, and whose value counts: first_touch, last_touch, step k, all.", None
    )
    trend: str | None = asked("choice", "Also by local period of entry.", None, PERIODS)
    hold_constant: str | None = asked("text", "Property that must be the same in all steps.", None)
    ignore: tuple[str, ...] = asked("names", "Events that break no strict sequence, such as heartbeats.", ())
    now: str | None = behaviour.NOW
    where: Where = behaviour.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def __post_init__(self) -> None:
        super().__post_init__()
        steps = len(self.steps)
        ordered = self.order == "ordered"
        optional = sum(step.optional for step in self.steps)
        at_step = self.breakdown.attribution if self.breakdown is not None else None
        refusals = (
            (any(x.to_step >= steps for x in self.exclusions), "exclusions", f"Steps run from 0 to {steps - 1}."),
            (self.order == "strict" and bool(self.exclusions), "exclusions", "A strict funnel has no use for them."),
            (optional and not ordered, "steps", "Only an ordered funnel has optional steps."),
            (optional > walks.OPTIONAL_LIMIT, "steps", f"At most {walks.OPTIONAL_LIMIT} steps are optional."),
            (not ordered and any(s.min_users > 1 for s in self.steps), "steps", "min_users needs an ordered funnel."),
            (self.event_reuse and not ordered, "event_reuse", "It needs an ordered funnel."),
            (self.strict_time and self.order == "unordered", "strict_time", "Without an order nothing is later."),
            (isinstance(at_step, int) and at_step > steps, "breakdown", f"The funnel has {steps} steps."),
            (
                self.order == "unordered" and at_step not in (None, "first_touch", "all"), "breakdown",
                "A funnel without order is cut by first_touch or all.",
            ),
            (
                self.hold_constant is not None and (self.trend is not None or at_step == "all"), "hold_constant",
                "Ask for the trend or for all values without it.",
            ),
        )  # fmt: skip
        for wrong, field, fix in refusals:
            if wrong:
                raise base.refused(field, fix)

    def answer(self, ask: Ask) -> Result:
        snapshot = known(ask, self.as_known_on)
        found, chains, walk = self._walked(snapshot, people=False)
        groups = self._groups(found, chains, walk)
        complete = self._complete(found, chains, walk, snapshot)
        nobody = self._bars(_only("", chains, np.arange(found.units), np.zeros(found.units, bool)), found, complete)
        table = pa.concat_tables([nobody.slice(0, 0), *(self._bars(group, found, complete) for group in groups)])
        beside = _times(found, chains)
        if self.trend is not None:
            beside["trend"] = self._trend(found, walk, snapshot)
        notes: list[dict[str, Any]] = []
        if found.left_out:
            notes.append({"code": "without_unit", "count": found.left_out})
        if chains.excluded.any():
            notes.append({"code": "excluded", "count": int(chains.excluded.sum())})
        return Result(table, [], notes, beside)

    def by_unit(self, ask: Ask) -> Mapping[str, pa.Table]:
        found, chains, _ = self._walked(known(ask, self.as_known_on), people=True)
        unit, step = np.nonzero(chains.event >= 0)
        return {
            "depth": pa.table({"unit": found.names, "depth": pa.array(chains.depth, pa.int32())}),
            "excluded": pa.table({"unit": found.names.take(pa.array(np.flatnonzero(chains.excluded)))}),
            "reached": pa.table({"unit": found.names.take(pa.array(unit)), "step": pa.array(step + 1, pa.int64())}),
        }

    def behind(self, ask: Ask, cell: Mapping[str, Any]) -> tuple[Trails, Integers]:
        allowed = ("step", "outcome", *((self.breakdown.prop,) if self.breakdown else ()))
        step = cell.get("step")
        if set(cell) - {*allowed} or not str(step).isdecimal() or not 1 <= int(str(step)) <= len(self.steps):
            raise no_cell(self.name, cell, f"Name a step from 1 to {len(self.steps)}.", allowed)
        outcome = cell.get("outcome", REACHED)
        if outcome not in (REACHED, DROPPED) or (outcome == DROPPED and int(str(step)) == 1):
            raise no_cell(self.name, cell, f"An outcome is {REACHED}, or from step 2 on {DROPPED}.", allowed)
        found, chains, walk = self._walked(known(ask, self.as_known_on), people=True)
        groups = self._groups(found, chains, walk)
        if self.breakdown is not None and self.breakdown.prop in cell:
            groups = [group for group in groups if group.name == str(cell[self.breakdown.prop])]
        at = int(str(step)) - 1
        taken = [self._stopped(g.chains, at) if outcome == DROPPED else g.chains.event[:, at] for g in groups]
        events = np.concatenate(taken or [np.zeros(0, np.int64)])
        return found, np.unique(events[events >= 0])

    def _stopped(self, chains: Chains, at: int) -> Integers:
        """The event of the required step before, of each chain that has it and not the one at `at`; else -1."""
        before = next(k for k in range(at - 1, -1, -1) if not self.steps[k].optional)
        return np.where(chains.event[:, at] < 0, chains.event[:, before], -1)

    # ------------------------------------------------------------------------------------------------- walking

    def _walked(self, snapshot: Snapshot, *, people: bool) -> tuple[Trails, Chains, walks.Funnel]:
        """The events, what became of each unit, and the funnel as the kernels take it; `people` asks who they are."""
        since, before = behaviour.bounds(self.from_, self.to, snapshot)
        matchers = [step.matcher for step in self.steps] + [x.matcher for x in self.exclusions]
        matchers += [Matcher(self.ignore)] if self.ignore else []
        last = (
            None
            if before is None
            else before + (SECOND * 2 * 86_400 if self.window else SECOND * self.window_seconds) + 1
        )
        props = [self.breakdown.prop] if self.breakdown is not None else []
        props += [self.hold_constant] if self.hold_constant is not None else []
        wanted = Wanted(
            self.unit, matchers, every=self.order == "strict", person=any(s.min_users > 1 for s in self.steps),
            values=tuple(dict.fromkeys(props)), since=since, before=last, silent=True,
            roles={k: step.role for k, step in enumerate(self.steps) if step.role is not None},
            proof=people, named=people,
        )  # fmt: skip
        whole = self.trend is not None or (self.breakdown is not None and self.breakdown.attribution == "all")

        def walked(part: Trails) -> tuple[Trails, Chains]:
            chains = self._chains(part, self._funnel(part, since, before, snapshot))
            return (part, chains) if whole else _of_chains(part, chains)

        parts = trails.each(snapshot, wanted, self.where, walked, lent=not whole)
        found = trails.joined([part for part, _ in parts])
        ends = np.cumsum([0, *(len(part.at) for part, _ in parts)])
        moved = [
            chains._replace(entry=_moved(chains.entry, end), event=_moved(chains.event, end))
            for (_, chains), end in zip(parts, ends.tolist(), strict=False)
        ]
        chains = Chains(*(np.concatenate(columns) for columns in zip(*moved, strict=True)))
        return found, chains, self._funnel(found, since, before, snapshot)

    def _chains(self, part: Trails, walk: walks.Funnel) -> Chains:
        """What became of each unit of some trails."""
        events = Events(part.first, part.at, part.bits, part.person)
        if self.hold_constant is None:
            return walks.walk(walk, events)
        dealt = walks.by_value(events, part.values[self.hold_constant][0])
        return walks.whole(dealt, walks.walk(walk, dealt.events), part.units)

    def _funnel(self, found: Trails, since: int | None, before: int | None, snapshot: Snapshot) -> walks.Funnel:
        steps = len(self.steps)
        walk = walks.Funnel(
            tuple(walks.Step(k, step.optional, step.min_users) for k, step in enumerate(self.steps)),
            window=self.window_seconds * SECOND,
            order=self.order,
            exclusions=tuple(walks.Exclusion(steps + k, x.from_step, x.to_step) for k, x in enumerate(self.exclusions)),
            strict_time=self.strict_time,
            event_reuse=self.event_reuse,
            reentry=self.reentry,
            ignored=steps + len(self.exclusions) if self.ignore else None,
        )
        walk = replace(walk, enters_from=since) if since is not None else walk
        walk = replace(walk, enters_to=before) if before is not None else walk
        if self.window is not None and len(found.at):
            local = zone(snapshot.definition.timezone)
            first = local_stamp(int(found.at.min()), local).date()
            days = (local_stamp(int(found.at.max()), local).date() - first).days + 1
            walk = replace(walk, closes=interval_edges(first, "day", days, snapshot.definition.timezone))
        return walk

    def _groups(self, found: Trails, chains: Chains, walk: walks.Funnel) -> list[_Group]:
        """The chains by the values of the breakdown; all of them where there is none."""
        everybody = np.arange(found.units)
        if self.breakdown is None:
            return [_Group("", chains, everybody)]
        codes, texts = found.values[self.breakdown.prop]
        texts = [*texts, NONE]
        by = self.breakdown.attribution
        if by == "all":
            given = np.where(codes == MISSING, len(texts) - 1, codes).astype(np.int32)
            parts = walks.by_value(Events(found.first, found.at, found.bits, found.person), given)
            dealt = walks.walk(walk, parts.events)
            chains = Chains(
                dealt.depth,
                dealt.excluded,
                np.append(parts.event, -1)[dealt.entry],
                np.append(parts.event, -1)[dealt.event],
            )
            unit, code = parts.unit, parts.value.astype(np.int64)
        else:
            unit, code = everybody, figures.attributed(chains.event, codes, by).astype(np.int64)  # type: ignore[arg-type]
            code = np.where(code == figures.MISSING, len(texts) - 1, code)
        code = np.where(chains.depth > 0, code, figures.NOT_THERE)
        present = [int(c) for c in np.unique(code) if c >= 0]
        entered = {texts[c]: int((code == c).sum()) for c in present}
        leading = figures.leading(entered, self.breakdown.limit)
        groups = [_only(name, chains, unit, code == texts.index(name)) for name in leading]
        rest = [c for c in present if texts[c] not in leading]
        return groups + ([_only(behaviour.OTHER, chains, unit, np.isin(code, rest))] if rest else [])

    # ------------------------------------------------------------------------------------------------ its tables

    def _bars(self, group: _Group, found: Trails, complete: bool) -> pa.Table:
        counts = figures.reached(group.chains.event).tolist()
        bars = figures.bars(counts, [step.optional for step in self.steps])
        waited = figures.waited(group.chains.event, found.at)
        waits = [figures.waits(waited[:, k]) for k in range(len(self.steps))]
        data: dict[str, pa.Array] = {"step": pa.array(range(1, len(bars) + 1), pa.int64())}
        if self.breakdown is not None:
            data[self.breakdown.prop] = pa.array([group.name] * len(bars), pa.string())
        data["units"] = pa.array([bar.units for bar in bars], pa.int64())
        for name in ("of_first", "of_previous"):
            shares = [getattr(bar, name) for bar in bars]
            data[name] = pa.array([None if share is None else rounded(share) for share in shares], MONEY)
        for name in ("mean", "median", "p90"):
            data[f"seconds_{name}"] = pa.array([getattr(wait, name) for wait in waits], pa.float64())
        data["complete"] = pa.array([complete] * len(bars), pa.bool_())
        return pa.table(data)

    def _complete(self, found: Trails, chains: Chains, walk: walks.Funnel, snapshot: Snapshot) -> bool:
        entries = found.at[chains.entry[chains.entry >= 0]]
        if not len(entries):
            return True
        edges = np.array([int(entries.min()), int(entries.max()) + 1], np.int64)
        return bool(walks.mature(walk, edges, behaviour.now_of(self.now, snapshot))[0])

    def _trend(self, found: Trails, walk: walks.Funnel, snapshot: Snapshot) -> pa.Table:
        """Entries by period, from the first to the last one or from `from` to `to`, empty ones with zeros."""
        shape = pa.schema(
            [("period", pa.string()), ("entered", pa.int64()), ("converted", pa.int64()), ("mature", pa.bool_())]
        )
        opening = np.uint64((1 << len(self.steps)) - 1 if self.order == "unordered" else 1)
        met = found.at[(found.bits & opening != 0) & (found.at >= walk.enters_from) & (found.at < walk.enters_to)]
        since = walk.enters_from if self.from_ is not None else int(met.min()) if len(met) else None
        before = walk.enters_to if self.to is not None else int(met.max()) + 1 if len(met) else None
        if since is None or before is None or since >= before:
            return shape.empty_table()
        edges = behaviour.edges_between(since, before, str(self.trend), snapshot)
        cut = np.clip(edges, walk.enters_from, walk.enters_to)
        counts = walks.by_entry(walk, Events(found.first, found.at, found.bits, found.person), cut)
        mature = walks.mature(walk, cut, behaviour.now_of(self.now, snapshot))
        labels = [behaviour.interval_label(edge, str(self.trend), snapshot) for edge in edges[:-1].tolist()]
        columns = [pa.array(labels), pa.array(counts[:, 0]), pa.array(counts[:, 1]), pa.array(mature)]
        return pa.Table.from_arrays(columns, schema=shape)


def _of_chains(part: Trails, chains: Chains) -> tuple[Trails, Chains]:
    """Trails with the events of chains alone, and the chains in their places: an answer asks for no others."""
    there = np.zeros(len(part.at) + 1, np.bool_)
    there[chains.event.ravel()] = True
    there[chains.entry] = True
    there[-1] = False  # what -1 marked
    kept = np.flatnonzero(there)
    place = np.full(len(there), -1, np.int64)
    place[kept] = np.arange(len(kept))
    few = Trails(
        part.names,
        np.searchsorted(kept, part.first).astype(np.int64),
        part.at[kept],
        part.bits[kept],
        part.row_key[kept] if len(part.row_key) else part.row_key,
        part.person[kept] if len(part.person) else part.person,
        {name: (codes[kept], texts) for name, (codes, texts) in part.values.items()},
        part.left_out,
    )
    return few, chains._replace(entry=place[chains.entry], event=place[chains.event])


def _moved(events: Integers, by: int) -> Integers:
    """Places of events behind so many others; -1 stays."""
    return np.where(events >= 0, events + by, events)


def _only(name: str, chains: Chains, unit: Integers, chosen: npt.NDArray[np.bool_]) -> _Group:
    kept = Chains(chains.depth[chosen], chains.excluded[chosen], chains.entry[chosen], chains.event[chosen])
    return _Group(name, kept, unit[chosen])


def _times(found: Trails, chains: Chains) -> dict[str, pa.Table]:
    """How long those took who went the whole way: mean, median, 90th percentile; and how many took how long."""
    taken = figures.way(chains.event, found.at)
    whole = figures.waits(taken)
    brackets = figures.spread(taken)
    return {
        "through": pa.table(
            {f"seconds_{name}": pa.array([value], pa.float64()) for name, value in whole._asdict().items()}
        ),
        "times": pa.table(
            {
                "seconds_from": pa.array([one.since for one in brackets], pa.int64()),
                "seconds_to": pa.array([one.before for one in brackets], pa.int64()),
                "units": pa.array([one.units for one in brackets], pa.int64()),
            }
        ),
    }
