"""Unordered funnels: the most steps that distinct events inside one window fill, in any order.

The sets of events that can serve distinct steps are the independent sets of a matroid. Its basis of latest events,
kept as events come, tells the depth of every window that ends now: how many of its members lie in the window.
Hides that, and which attempts an exclusion voids. Definitions: docs/metrics/funnels.md.
"""

from __future__ import annotations

from numba import njit

from tenure.core.sequences.events import I64
from tenure.core.sequences.funnel_state import (
    CAME,
    EARLIEST,
    LATEST,
    NOUGHT,
    PICK,
    QUEUE,
    Events,
    Room,
    Rules,
    last_moment,
    tie_from,
    tie_to,
)


@njit(cache=True, nogil=True)
def _serve(bits: I64, want: I64, e: int, room: Room) -> bool:
    """Let event e serve a step, in place of the earliest one that this makes spare. Is a step more filled than before?

    room[PICK, k] is the event that serves step k, or -1; events come in order, so the new one always stays.
    """
    pick, queue, came = room[PICK], room[QUEUE], room[CAME]
    steps = want.shape[0]
    count = 0
    for k in range(steps):
        came[k] = -2
        if bits[e] & want[k] != 0:
            came[k] = -1
            queue[count] = k
            count += 1
    head = 0
    last = -1
    while head < count:
        k = queue[head]
        head += 1
        if last < 0 or pick[k] < pick[last]:
            last = k
        if pick[k] < 0:
            break
        for m in range(steps):
            if came[m] == -2 and bits[pick[k]] & want[m] != 0:
                came[m] = k
                queue[count] = m
                count += 1
    if last < 0:
        return False
    filled = pick[last] < 0
    while came[last] >= 0:
        pick[last] = pick[came[last]]
        last = came[last]
    pick[last] = e
    return filled


@njit(cache=True, nogil=True)
def _void(rules: Rules) -> int:
    """The bits of all exclusions; in any order there is no "between", so a range of steps means nothing."""
    void = NOUGHT
    for q in range(rules.void.shape[0]):
        void |= rules.void[q]
    return void


@njit(cache=True, nogil=True)
def _latest_start(
    events: Events, rules: Rules, lo: int, hi: int, i: int, enters_from: int, enters_to: int, void: int
) -> int:
    """The latest event up to the moment of event i that may start an attempt which is not void."""
    at, bits = events.at, events.bits
    i = tie_to(at, hi, i) - 1
    following = LATEST
    if void != 0:
        for e in range(i + 1, hi):
            if bits[e] & void != 0:
                following = at[e]
                break
    while i >= lo:
        j = tie_from(at, lo, i)
        moment = at[i]
        if enters_from <= moment < enters_to and following > last_moment(rules, moment):
            for e in range(i, j - 1, -1):
                if bits[e] & rules.relevant != 0:
                    return e
        if void != 0:
            for e in range(j, i + 1):
                if bits[e] & void != 0:
                    following = moment
        i = j - 1
    return -1


@njit(cache=True, nogil=True)
def _most(
    events: Events, rules: Rules, room: Room, lo: int, hi: int, enters_from: int, enters_to: int, void: int
) -> tuple[int, int]:
    """(the most steps inside one window, the latest start that first has them); windows with `void` are left out."""
    at, bits = events.at, events.bits
    steps = rules.want.shape[0]
    pick = room[PICK]
    for k in range(steps):
        pick[k] = -1
    depth, start = 0, -1
    i = lo
    while i < hi and (bits[i] & rules.relevant == 0 or at[i] < enters_from):
        i += 1
    opened, due = i, EARLIEST  # the first tie whose window is open, and its end
    following = i
    while i < hi and depth < steps:
        if bits[i] & rules.relevant == 0:
            i += 1
            continue
        moment = at[i]
        j = tie_to(at, hi, i)
        for e in range(i, j):
            if bits[e] & rules.relevant != 0:
                _serve(bits, rules.want, e, room)
        while opened < j and due < moment:
            # an event that may start, whose window reaches to now and has nothing of what is excluded
            if bits[opened] & rules.relevant == 0 or not enters_from <= at[opened] < enters_to:
                opened += 1
                continue
            last = last_moment(rules, at[opened])
            following = max(following, opened)
            while void != 0 and following < hi and (bits[following] & void == 0 or at[following] <= at[opened]):
                following += 1
            if last < moment or (void != 0 and following < hi and at[following] <= last):
                opened += 1
                continue
            due = last
        if due >= moment and opened < j:
            origin = tie_from(at, lo, opened)
            count = 0
            first = hi
            for k in range(steps):
                if pick[k] >= origin:
                    count += 1
                    first = min(first, pick[k])
            if count > depth:
                depth = count
                start = _latest_start(events, rules, lo, hi, first, enters_from, enters_to, void)
        elif moment >= enters_to:
            break
        i = j
    return depth, start


@njit(cache=True, nogil=True)
def unordered(
    events: Events, rules: Rules, room: Room, lo: int, hi: int, enters_from: int, enters_to: int, chain: I64
) -> tuple[int, int, bool]:
    """(depth, event of the entry, all attempts are void) of the unit lo .. hi; chain[k] is the event with which k + 1
    steps are done.
    """
    steps = rules.want.shape[0]
    depth, start = _most(events, rules, room, lo, hi, enters_from, enters_to, NOUGHT)
    void = _void(rules)
    if void != 0 and 0 < depth < steps:
        depth, start = _most(events, rules, room, lo, hi, enters_from, enters_to, void)
        if depth == 0:
            return 0, -1, True
    if depth == 0:
        return 0, -1, False
    for k in range(steps):
        room[PICK, k] = -1
    done = 0
    i = tie_from(events.at, lo, start)
    while done < depth:
        if events.bits[i] & rules.relevant != 0 and _serve(events.bits, rules.want, i, room):
            chain[done] = i
            done += 1
        i += 1
    return depth, chain[0], False
