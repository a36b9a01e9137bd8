"""Paths: what units do one after the other, as edges between nodes at positions of a session.

One pass over the events; edges are counted in a hash table that grows with the different ones, not with the events.
Source: docs/metrics/paths.md. Hides: sessions, repeats, anchors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from tenure.core.errors import QuestionRefused
from tenure.core.sequences.events import I32, I64, U64, Flags, columns, mask, still

DROP_OFF = -1
"""The target of an edge of sessions that end there."""

_EMPTY = -1
_FACTOR = 0x1E3779B97F4A7C15
_NODE_BITS = 24
MOST_NODES = (1 << _NODE_BITS) - 2
MOST_STEPS = 1 << 14


class Rule(NamedTuple):
    """How sessions and paths are cut; moments and gap in microseconds."""

    match: int
    gap: int
    """a gap of at least this begins a session"""
    steps: int
    """most nodes of a path"""
    begin: int
    end: int
    """events outside [begin, end) are not seen"""
    anchor: int | None = None
    """the code of a node that every path contains"""
    to_anchor: bool = False
    """the path ends with the anchor, else it begins with it"""


class Paths(NamedTuple):
    """Counted edges, in order of position, origin and target; the target is at the next position."""

    position: I64
    """of the origin, from 1"""
    origin: I64
    target: I64
    """a node's code, or DROP_OFF"""
    sessions: I64


@njit(cache=True, nogil=True)
def _next_path(
    i: int, high: int, at: I64, bits: U64, node: I32, match: np.uint64, gap: int, steps: int, begin: int, end: int,
    anchor: int, to_anchor: bool, path: I32,
) -> tuple[int, int, int, bool]:  # fmt: skip
    """Read one session of a unit from event i: (the event after it, the path's first and last + 1 in `path`, dropped).

    `path` takes the nodes of the whole session; (high, 0, 0, False) at the end.
    """
    count = 0
    before = 0
    while i < high:
        if bits[i] & match == 0 or node[i] < 0 or at[i] < begin:
            i += 1
            continue
        if at[i] >= end:
            i = high
            break
        if count > 0 and at[i] - before >= gap:
            break
        before = at[i]
        if count == 0 or path[count - 1] != node[i]:
            path[count] = node[i]
            count += 1
        i += 1
    if anchor < 0:
        return i, 0, min(count, steps), count < steps
    for k in range(count):
        if path[k] == anchor:
            if to_anchor:
                return i, max(0, k + 1 - steps), k + 1, False
            return i, k, min(count, k + steps), count - k < steps
    return i, 0, 0, False


@njit(cache=True, nogil=True)
def _slot(keys: I64, key: int) -> int:
    """Where a key is in the table, or where it belongs."""
    room = keys.shape[0] - 1
    mixed = key * _FACTOR
    slot = (mixed ^ (mixed >> 32)) & room
    while keys[slot] != key and keys[slot] != _EMPTY:
        slot = (slot + 1) & room
    return slot


@njit(cache=True, nogil=True)
def _paths(
    units: int, first: I64, at: I64, bits: U64, node: I32, match: np.uint64, gap: int, steps: int, begin: int, end: int,
    anchor: int, to_anchor: bool, path: I32, keys: I64, counts: I64,
) -> tuple[int, int]:  # fmt: skip
    """Count the edges of units from `units` on until the table is half full; (the next unit, different edges)."""
    filled = 0
    for slot in range(keys.shape[0]):
        filled += keys[slot] != _EMPTY
    u = units
    while u < first.shape[0] - 1:
        i, high = first[u], first[u + 1]
        # a unit has at most as many edges as events
        if 2 * (filled + high - i) > keys.shape[0]:
            break
        while i < high:
            i, low, stop, dropped = _next_path(
                i, high, at, bits, node, match, gap, steps, begin, end, anchor, to_anchor, path
            )
            for k in range(low, stop):
                if k + 1 < stop:
                    target = np.int64(path[k + 1]) + 1
                elif dropped:
                    target = np.int64(0)
                else:
                    break
                key = ((np.int64(k - low + 1) << _NODE_BITS | np.int64(path[k])) << _NODE_BITS) | target
                slot = _slot(keys, key)
                if keys[slot] == _EMPTY:
                    keys[slot] = key
                    filled += 1
                counts[slot] += 1
        u += 1
    return u, filled


@njit(cache=True, nogil=True)
def _moved(keys: I64, counts: I64, into: I64, into_counts: I64) -> None:
    """Put what one table has into a larger, empty one."""
    for s in range(keys.shape[0]):
        if keys[s] != _EMPTY:
            slot = _slot(into, keys[s])
            into[slot], into_counts[slot] = keys[s], counts[s]


@njit(cache=True, nogil=True)
def _walkers(
    first: I64, at: I64, bits: U64, node: I32, match: np.uint64, gap: int, steps: int, begin: int, end: int,
    anchor: int, to_anchor: bool, position: int, origin: int, target: int,
) -> Flags:  # fmt: skip
    units = first.shape[0] - 1
    out = np.zeros(units, np.bool_)
    widest = 0
    for u in range(units):
        widest = max(widest, first[u + 1] - first[u])
    path = np.empty(widest, np.int32)
    for u in range(units):
        i, high = first[u], first[u + 1]
        while i < high and not out[u]:
            i, low, stop, dropped = _next_path(
                i, high, at, bits, node, match, gap, steps, begin, end, anchor, to_anchor, path
            )
            k = low + position - 1
            if k < stop and path[k] == origin:
                if k + 1 < stop:
                    out[u] = path[k + 1] == target
                else:
                    out[u] = dropped and target < 0
    return out


def _columns(first: I64, at: I64, bits: U64, node: I32, rule: Rule) -> tuple[object, ...]:
    if not 1 <= rule.steps <= MOST_STEPS:
        raise QuestionRefused(
            "question.bad_value",
            f"A path cannot have {rule.steps} nodes.",
            fix=f"Take 1 to {MOST_STEPS}.",
            field="max_steps",
            value=rule.steps,
            allowed=[f"1 to {MOST_STEPS}"],
        )
    anchor = -1 if rule.anchor is None else rule.anchor
    return (
        *columns(first, at, bits), still(node, np.int32), mask(rule.match), rule.gap, rule.steps, rule.begin, rule.end,
        anchor, rule.to_anchor,
    )  # fmt: skip


def paths(first: I64, at: I64, bits: U64, node: I32, rule: Rule) -> Paths:
    """How many sessions go along each edge, drop-offs included (their target is DROP_OFF).

    `node` is a code per event, from 0 to MOST_NODES; an event with -1 is not seen.
    """
    given = _columns(first, at, bits, node, rule)
    widest = int(np.diff(first).max(initial=0))
    path = np.empty(widest, np.int32)
    keys, counts = np.full(1024, _EMPTY, np.int64), np.zeros(1024, np.int64)
    unit, filled = 0, 0
    while True:
        unit, filled = _paths(unit, *given, path, keys, counts)
        if unit == len(first) - 1:
            used = keys != _EMPTY
            return _counted(keys[used], counts[used])
        room = 1 << (4 * (filled + int(first[unit + 1] - first[unit]))).bit_length()
        into, into_counts = np.full(room, _EMPTY, np.int64), np.zeros(room, np.int64)
        _moved(keys, counts, into, into_counts)
        keys, counts = into, into_counts


def joined(parts: Sequence[Paths]) -> Paths:
    """The paths of slices of units as one."""
    keys = [((p.position << _NODE_BITS | p.origin) << _NODE_BITS) | (p.target + 1) for p in parts]
    unique, place = np.unique(np.concatenate(keys), return_inverse=True)
    counts = np.zeros(len(unique), np.int64)
    np.add.at(counts, place, np.concatenate([p.sessions for p in parts]))
    return _counted(unique, counts)


def _counted(keys: I64, counts: I64) -> Paths:
    order = np.argsort(keys)
    keys = keys[order]
    node = (1 << _NODE_BITS) - 1
    return Paths(keys >> (2 * _NODE_BITS), keys >> _NODE_BITS & node, (keys & node) - 1, counts[order])


def walkers(first: I64, at: I64, bits: U64, node: I32, rule: Rule, position: int, origin: int, target: int) -> Flags:
    """Per unit whether a session of it goes along an edge, or drops off there (target DROP_OFF)."""
    return np.asarray(_walkers(*_columns(first, at, bits, node, rule), position, origin, target))
