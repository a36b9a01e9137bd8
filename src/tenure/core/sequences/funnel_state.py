"""What the funnel kernels share: the events, the rules and the scratch room, windows, and matching inside a tie.

Hides how distinct events are found for distinct steps where several events have one moment.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from tenure.core.sequences.events import I32, I64, Flags

ORDERED, STRICT, UNORDERED = range(3)


def _word(value: int) -> Any:
    """A number of the machine: kernels that are handed a plain constant are compiled for it alone."""
    return np.int64(value)


NOUGHT: int = _word(0)
EARLIEST: int = _word(np.iinfo(np.int64).min)
LATEST: int = _word(np.iinfo(np.int64).max - 1)


class Events(NamedTuple):
    """Events of many units, by unit, moment and ingest order; see `tenure.core.sequences.funnel.Events`."""

    first: I64
    at: I64
    bits: I64
    person: I32


class Rules(NamedTuple):
    """A funnel as the kernels take it; one entry a step, one a rule of exclusion."""

    order: int
    want: I64
    """the bit of each step; steps that match the same events may share one"""
    relevant: int
    """the bits of all steps"""
    shared: int
    """bits that several steps have"""
    optional: Flags
    need: I64
    """distinct persons a step asks for"""
    void: I64
    """the bit of each exclusion"""
    void_from: I64
    void_to: I64
    window: int
    closes: I64
    """moments at which local days begin; empty where the window is elapsed time"""
    strict_time: int
    reuse: int
    first_only: int
    ignored: int


Table = npt.NDArray[np.int64]
"""Two dimensions."""

Room = Table
"""Scratch of one walk, a row for each purpose: an array by name each would be most of every call."""

BEGAN, DUE, FRESH, FRESH_DUE, PICK, QUEUE, CAME, CHOSEN, SLOT, NEED, FLOOR, BEST, TRIAL, OPTIONS, SEEN, ALSO, HELD = (
    range(17)
)
"""Rows of the room; from HELD on a chain for each step, and as many again for those after a tie."""


@njit(cache=True, nogil=True)
def room_for(rules: Rules) -> Room:
    """Scratch for walks under these rules."""
    steps = rules.want.shape[0]
    return np.zeros((HELD + 2 * steps, max(steps + 1, rules.need.max())), np.int64)


@njit(cache=True, nogil=True, inline="always")
def last_moment(rules: Rules, start: int) -> int:
    """The last moment that counts for a chain which starts at `start`."""
    if rules.closes.shape[0] == 0:
        return start + rules.window
    place = np.searchsorted(rules.closes, start, side="right")
    return rules.closes[place] - 1 if place < rules.closes.shape[0] else LATEST


@njit(cache=True, nogil=True)
def tie_from(at: I64, lo: int, i: int) -> int:
    """The first event, from lo on, of the moment of event i."""
    while i > lo and at[i - 1] == at[i]:
        i -= 1
    return i


@njit(cache=True, nogil=True)
def tie_to(at: I64, hi: int, i: int) -> int:
    """The event, before hi, that follows the moment of event i."""
    moment = at[i]
    i += 1
    while i < hi and at[i] == moment:
        i += 1
    return i


@njit(cache=True, nogil=True)
def grow(bits: I64, lo: int, hi: int, want: I64, base: int, k: int, room: Room, reuse: int) -> bool:
    """Find an event among lo .. hi for slot k as well, so that slots base .. k have one each, all distinct.

    Slot s takes an event that has want[s]; room[PICK] holds the events of slots base .. k and is changed only if
    there is a way. A breadth-first search for an augmenting path, by slots: events need no marks.
    With `reuse` any event does.
    """
    pick, queue, came = room[PICK], room[QUEUE], room[CAME]
    for s in range(base, k):
        came[s] = -1
    came[k] = k
    queue[0] = k
    count = 1
    head = 0
    while head < count:
        s = queue[head]
        head += 1
        for e in range(lo, hi):
            if bits[e] & want[s] == 0:
                continue
            if reuse:
                pick[k] = e
                return True
            holder = -1
            for q in range(base, k):
                if pick[q] == e:
                    holder = q
                    break
            if holder >= 0:
                if came[holder] < 0:
                    came[holder] = s
                    queue[count] = holder
                    count += 1
                continue
            given = e
            while s != k:
                pick[s], given = given, pick[s]
                s = came[s]
            pick[k] = given
            return True
    return False
