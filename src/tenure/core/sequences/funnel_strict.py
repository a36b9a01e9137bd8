"""Strict funnels: between two steps lie only repeats of the former one; anything else breaks the attempt.

Hides what survives a tie whose events could have come in any order. Definitions: docs/metrics/funnels.md.
"""

from __future__ import annotations

from numba import njit

from tenure.core.sequences.events import I64
from tenure.core.sequences.funnel_state import (
    BEGAN,
    DUE,
    FRESH,
    FRESH_DUE,
    HELD,
    LATEST,
    NOUGHT,
    PICK,
    TRIAL,
    Events,
    Room,
    Rules,
    grow,
    last_moment,
    tie_from,
)


@njit(cache=True, nogil=True)
def _before(at: I64, count: int, start: int, chain: I64, other_start: int, other: I64) -> bool:
    """Is a chain preferred to another as deep: by the later start, else by the earlier steps in their order?"""
    if start != other_start:
        return start > other_start
    for k in range(count):
        if at[chain[k]] != at[other[k]]:
            return at[chain[k]] < at[other[k]]
    return False


@njit(cache=True, nogil=True)
def _noise(rules: Rules, b: int) -> bool:
    """May the event lie anywhere? It is marked so, and is no step."""
    return b & rules.ignored != 0 and b & rules.relevant == 0


@njit(cache=True, nogil=True)
def strict(
    events: Events, rules: Rules, room: Room, lo: int, hi: int, enters_from: int, enters_to: int, chain: I64
) -> tuple[int, int, bool]:
    """(depth, event of the entry, False) of the unit lo .. hi; `chain` is filled with its events.

    Kept per depth: the attempt whose last event has that step and which nothing has broken yet, with the latest start
    and, among equal starts, the earliest steps. A tie is passed whole if every event of it repeats or does one of the
    steps passed; what is not needed lies before a start or after the end.
    """
    at, bits, want = events.at, events.bits, rules.want
    began, due, fresh, fresh_due = room[BEGAN], room[DUE], room[FRESH], room[FRESH_DUE]
    steps = want.shape[0]
    held, fresh_held, pick, trial = room[HELD : HELD + steps], room[HELD + steps :], room[PICK], room[TRIAL]
    for k in range(steps):
        began[k] = -1
    alive = 0
    depth, origin, end = 0, -1, LATEST
    i = lo
    while i < hi and depth < steps:
        if alive == 0 and (bits[i] & want[0] == 0 or at[i] < enters_from):
            i += 1
            continue
        moment = at[i]
        enters = enters_from <= moment < enters_to
        if alive == 0 and not enters:
            break
        if alive == 0:
            i = tie_from(at, lo, i)
        j = i + 1
        while j < hi and at[j] == moment:
            j += 1
        counted, union = 0, NOUGHT
        for e in range(i, j):
            if not _noise(rules, bits[e]):
                counted += 1
                union |= bits[e]
        if counted > 0 and union & rules.relevant == 0:
            alive = 0
            for k in range(steps):
                began[k] = -1
        if (alive == 0 and union & want[0] == 0) or counted == 0:
            i = j
            continue
        for k in range(steps):
            fresh[k] = -1
        for base in range(-1, steps):
            # base: the step done last before the tie; -1 is a start inside it
            if base < 0:
                if not enters:
                    continue
                start, last = i, last_moment(rules, moment)
            else:
                start, last = began[base], due[base]
                if start < 0 or moment > last:
                    continue
                for k in range(base + 1):
                    trial[k] = held[base, k]
            passed = 0
            k = base
            while True:
                if k >= 0:
                    passed |= want[k]
                    whole = True
                    if base >= 0:
                        for e in range(i, j):
                            if bits[e] & passed == 0 and not _noise(rules, bits[e]):
                                whole = False
                                break
                    if whole and (fresh[k] < 0 or _before(at, k + 1, start, trial, fresh[k], fresh_held[k])):
                        fresh[k], fresh_due[k] = start, last
                        for m in range(k + 1):
                            fresh_held[k, m] = trial[m]
                    if k > base and (
                        k >= depth
                        or (k == depth - 1 and moment == end and _before(at, depth, start, trial, origin, chain))
                    ):
                        depth, origin, end = k + 1, start, moment
                        for m in range(depth):
                            chain[m] = trial[m]
                if k + 1 == steps or (rules.strict_time and k > base):
                    break
                if not grow(bits, i, j, want, base + 1, k + 1, room, rules.reuse):
                    break
                k += 1
                for m in range(base + 1, k + 1):
                    trial[m] = pick[m]
        alive = 0
        for k in range(steps):
            began[k], due[k] = fresh[k], fresh_due[k]
            if began[k] >= 0:
                alive += 1
                for m in range(k + 1):
                    held[k, m] = fresh_held[k, m]
        i = j
    return depth, chain[0] if depth > 0 else -1, False
