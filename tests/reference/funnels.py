"""Funnels the slow and obvious way: every chain of every attempt is made, and the rules are read off it one by one.

Written for the tests alone, from docs/metrics/funnels.md; nothing here is shared with the kernels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby, pairwise, permutations, product

NEVER = 10**19


@dataclass(frozen=True)
class Event:
    at: int
    does: frozenset[int]
    person: int = -1
    value: int = -1


@dataclass(frozen=True)
class Step:
    bit: int
    optional: bool = False
    min_users: int = 1


@dataclass(frozen=True)
class Rules:
    """A funnel; `exclusions` are (bit, from_step, to_step)."""

    steps: tuple[Step, ...]
    window: int = NEVER
    closes: tuple[int, ...] = ()
    order: str = "ordered"
    exclusions: tuple[tuple[int, int, int], ...] = ()
    strict_time: bool = False
    event_reuse: bool = False
    reentry: str = "latest"
    enters_from: int = -NEVER
    enters_to: int = NEVER
    ignored: int | None = None

    def last_moment(self, start: int) -> int:
        if self.closes:
            return min(close for close in (*self.closes, NEVER) if close > start) - 1
        return start + self.window


Chain = dict[int, Event]
"""From step to event."""


@dataclass(frozen=True)
class Found:
    """What became of a unit: `moments` has one entry a step, None where the chain has none."""

    depth: int
    excluded: bool
    entry: int | None
    moments: tuple[int | None, ...]


def funnel(rules: Rules, events: list[Event]) -> Found:
    nothing = (None,) * len(rules.steps)
    starts = _starts(rules, events)
    best: tuple[tuple[int, ...], Found] | None = None
    entered = False
    for start in starts:
        for depth, moments in _attempts(rules, events, start):
            entered = True
            if moments is None:
                continue
            known = [moment for moment in moments if moment is not None]
            rank = (depth, len(known), -max(known), start, *(-moment for moment in known))
            if best is None or rank > best[0]:
                best = rank, Found(depth, False, start, moments)
    return best[1] if best else Found(0, entered, None, nothing)


def funnel_by_value(rules: Rules, events: list[Event]) -> Found:
    """The property stays constant: each value is a funnel by itself, and the best of them counts."""
    found = [funnel(rules, [e for e in events if e.value == v]) for v in sorted({e.value for e in events} - {-1})]

    def rank(one: Found) -> tuple[int, ...]:
        known = [moment for moment in one.moments if moment is not None]
        return (one.depth, len(known), -max(known, default=0), one.entry or 0)

    nowhere = Found(0, any(f.excluded for f in found), None, (None,) * len(rules.steps))
    return max((f for f in found if f.depth), key=rank, default=nowhere)


def trend(rules: Rules, events: list[Event], edges: list[int]) -> list[tuple[int, int]]:
    """Per period of entry, does the unit enter, and does it convert?"""
    end = edges[-1]
    if rules.reentry == "first":
        end = min([*_starts(replace(rules, enters_from=edges[0], enters_to=end), events), end]) + 1
    found = []
    for opens, closes in pairwise(edges):
        one = funnel(replace(rules, enters_from=opens, enters_to=min(closes, end), reentry="latest"), events)
        found.append((int(one.depth > 0), int(one.depth == len(rules.steps))))
    return found


def _starts(rules: Rules, events: list[Event]) -> list[int]:
    """The moments at which an attempt may start."""
    opening = {step.bit for step in rules.steps} if rules.order == "unordered" else {rules.steps[0].bit}
    starts = sorted({e.at for e in events if e.does & opening and rules.enters_from <= e.at < rules.enters_to})
    return starts[:1] if rules.reentry == "first" else starts


Attempt = tuple[int, tuple[int | None, ...] | None]
"""How deep, and when each step was done; None if the attempt is void."""


def _attempts(rules: Rules, events: list[Event], start: int) -> list[Attempt]:
    if rules.order == "ordered":
        return _ordered(rules, events, start)
    if rules.order == "strict":
        return _strict(rules, events, start)
    return _unordered(rules, events, start)


def _inside(rules: Rules, events: list[Event], start: int) -> list[Event]:
    return [e for e in events if start <= e.at <= rules.last_moment(start)]


def _ordered(rules: Rules, events: list[Event], start: int) -> list[Attempt]:
    inside = _inside(rules, events, start)
    chains = [chain for chain in _chains(rules, inside, start, {}, 0) if chain]
    if not chains:
        return []
    required = [k for k, step in enumerate(rules.steps) if not step.optional]
    depth = max(max(k for k in chain if k in required) for chain in chains)
    deepest = [chain for chain in chains if max(k for k in chain if k in required) == depth]
    clean = [chain for chain in deepest if not _dirty(rules, inside, chain)]
    if not clean:
        return [(depth + 1, None)]

    def rank(chain: Chain) -> tuple[object, ...]:
        last_first = sorted(chain, reverse=True)
        return -len(chain), [chain[k].at for k in last_first], [-k for k in last_first]

    best = min(clean, key=rank)
    return [(depth + 1, tuple(best[k].at if k in best else None for k in range(len(rules.steps))))]


def _chains(rules: Rules, inside: list[Event], start: int, chain: Chain, k: int) -> Iterator[Chain]:
    """All chains that begin like `chain` and go on with step k or a later one."""
    yield chain
    if k == len(rules.steps):
        return
    step = rules.steps[k]
    former = max((e.at for e in chain.values()), default=start)
    for e in inside:
        if step.bit not in e.does or e.at < former:
            continue
        if not rules.event_reuse and any(e is other for other in chain.values()):
            continue
        if rules.strict_time and chain and e.at == former:
            continue
        if not chain and step.min_users == 1 and e.at != start:
            continue
        if step.min_users > 1:
            late = rules.strict_time and chain
            since = [
                o for o in inside if step.bit in o.does and former <= o.at <= e.at and not (late and o.at == former)
            ]
            if len({o.person for o in since} - {-1}) < step.min_users:
                continue
        yield from _chains(rules, inside, start, {**chain, k: e}, k + 1)
    if step.optional:
        yield from _chains(rules, inside, start, chain, k + 1)


def _dirty(rules: Rules, inside: list[Event], chain: Chain) -> bool:
    for bit, from_step, to_step in rules.exclusions:
        if from_step not in chain:
            continue
        closing = min((k for k in chain if k >= to_step), default=None)
        before = NEVER if closing is None else chain[closing].at
        if any(bit in e.does and chain[from_step].at < e.at < before for e in inside):
            return True
    return False


def _strict(rules: Rules, events: list[Event], start: int) -> list[Attempt]:
    """Every order of the events of each tie, and in it every way to call an event a step or a repeat."""
    bits = {step.bit for step in rules.steps}
    heard = [e for e in events if rules.ignored not in e.does or e.does & bits]
    ties = [list(tie) for _, tie in groupby((e for e in heard if e.at >= start), key=lambda e: e.at)]
    best: list[tuple[tuple[int, ...], tuple[int, ...]]] = []
    for order in product(*(permutations(tie) for tie in ties)):
        row = [e for tie in order for e in tie]
        for i, e in enumerate(row):
            if e.at == start and rules.steps[0].bit in e.does:
                for moments in _passes(rules, row[i + 1 :], (start,), rules.last_moment(start)):
                    best.append(((len(moments), *(-m for m in (moments[-1], *moments))), moments))
    if not best:
        return []
    moments = max(best)[1]
    return [(len(moments), (*moments, *(None,) * (len(rules.steps) - len(moments))))]


def _passes(rules: Rules, row: list[Event], moments: tuple[int, ...], due: int) -> Iterator[tuple[int, ...]]:
    yield moments
    if len(moments) == len(rules.steps) or not row or row[0].at > due:
        return
    e, rest = row[0], row[1:]
    if rules.steps[len(moments)].bit in e.does and not (rules.strict_time and e.at == moments[-1]):
        yield from _passes(rules, rest, (*moments, e.at), due)
    if rules.steps[len(moments) - 1].bit in e.does:
        yield from _passes(rules, rest, moments, due)


def _unordered(rules: Rules, events: list[Event], start: int) -> list[Attempt]:
    inside = _inside(rules, events, start)
    filled = {end: _filled(rules, [e for e in inside if e.at <= end]) for end in sorted({e.at for e in inside})}
    depth = max(filled.values())
    moments = tuple(min(end for end, count in filled.items() if count > k) for k in range(depth))
    x = {bit for bit, _, _ in rules.exclusions}
    if depth < len(rules.steps) and any(e.does & x and e.at > start for e in inside):
        return [(depth, None)]
    return [(depth, (*moments, *(None,) * (len(rules.steps) - depth)))]


def _filled(rules: Rules, events: list[Event]) -> int:
    """The most steps that distinct events serve."""
    best = {frozenset[int]()}
    for e in events:
        best |= {
            filled | {k}
            for filled in best
            for k, step in enumerate(rules.steps)
            if step.bit in e.does and k not in filled
        }
    return max(map(len, best))
