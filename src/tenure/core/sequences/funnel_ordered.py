"""Ordered funnels: the deepest step of a unit in one pass, and the exact attempts that options ask for.

Without options one pass keeps, per depth, the latest start that reached it (`deepest`). Exclusions, optional steps
and committee steps depend on where an attempt started, so there each start is tried by itself inside its window
(`exact`). Hides both, and when which is enough. Definitions: docs/metrics/funnels.md.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tenure.core.sequences.events import I64, first_from
from tenure.core.sequences.funnel_state import (
    ALSO,
    BEGAN,
    BEST,
    CHOSEN,
    DUE,
    EARLIEST,
    FLOOR,
    FRESH,
    FRESH_DUE,
    LATEST,
    NEED,
    NOUGHT,
    OPTIONS,
    PICK,
    SEEN,
    SLOT,
    TRIAL,
    Events,
    Room,
    Rules,
    Table,
    grow,
    last_moment,
    tie_from,
    tie_to,
)


@njit(cache=True, nogil=True, inline="always")
def deepest(
    events: Events, rules: Rules, room: Room, lo: int, hi: int, enters_from: int, enters_to: int
) -> tuple[int, int]:
    """How deep a unit comes, and the event with which the tie of its start begins (-1 if it does not enter).

    Of the starts that first reach the depth it is the latest. A later start has the later end of its window, so the
    latest start of each depth is all that must be kept.
    """
    at, bits, want = events.at, events.bits, rules.want
    began, due, fresh, fresh_due = room[BEGAN], room[DUE], room[FRESH], room[FRESH_DUE]
    steps = want.shape[0]
    relevant, shared = rules.relevant, rules.shared
    i = lo
    while i < hi and (bits[i] & want[0] == 0 or at[i] < enters_from):
        i += 1
    if i == hi or at[i] >= enters_to:
        return 0, -1
    for k in range(steps):
        began[k] = -1
    depth, start = NOUGHT, NOUGHT - 1
    live = want[0]  # a step counts once the one before it was reached: what else happens is passed at once
    while i < hi and depth < steps:
        if bits[i] & live == 0:
            i += 1
            continue
        moment, before = at[i], depth
        if (i == lo or at[i - 1] != moment) and (i + 1 == hi or at[i + 1] != moment):
            j = i + 1
            union = bits[i] & relevant
            several = union & (union - 1) | union & shared
        else:
            i = tie_from(at, lo, i)
            j = i
            union, several = NOUGHT, NOUGHT
            while j < hi and at[j] == moment:
                b = bits[j] & relevant
                union |= b
                several |= b & (b - 1) | b & shared
                j += 1
        enters = enters_from <= moment < enters_to
        if not enters and moment >= enters_to and moment > due[0]:
            break
        if several == 0 and j == i + 1:
            # by far the most usual: one event that is one step
            if union == want[0]:
                if enters:
                    began[0], due[0] = i, last_moment(rules, moment)
                    if depth == 0:
                        depth, start = NOUGHT + 1, i
            else:
                k = 1
                while union != want[k]:
                    k += 1
                if began[k - 1] >= 0 and moment <= due[k - 1]:
                    began[k], due[k] = began[k - 1], due[k - 1]
                    if k >= depth:
                        depth, start = k + 1, began[k]
        elif several != 0 and j > i + 1 and not rules.strict_time and not rules.reuse:
            # the slots of one base are a matching; the smallest base has the latest start
            for k in range(steps):
                fresh[k] = -1
            for base in range(steps):
                if base == 0:
                    if not enters:
                        continue
                    origin, end = i, last_moment(rules, moment)
                else:
                    origin, end = began[base - 1], due[base - 1]
                    if origin < 0 or moment > end:
                        continue
                k = base
                while k < steps and grow(bits, i, j, want, base, k, room, rules.reuse):
                    if fresh[k] < 0:
                        fresh[k], fresh_due[k] = origin, end
                    k += 1
            for k in range(steps):
                if fresh[k] >= 0:
                    began[k], due[k] = fresh[k], fresh_due[k]
                    if k >= depth:
                        depth, start = k + 1, began[k]
        else:
            # from the last step down an event serves once; from the first up each event of a tie serves its own step
            up = (several == 0 or rules.reuse) and not rules.strict_time
            for turn in range(steps):
                k = turn if up else steps - 1 - turn
                if union & want[k] == 0:
                    continue
                if k == 0:
                    if not enters:
                        continue
                    began[0], due[0] = i, last_moment(rules, moment)
                else:
                    if began[k - 1] < 0 or moment > due[k - 1]:
                        continue
                    began[k], due[k] = began[k - 1], due[k - 1]
                if k >= depth:
                    depth, start = k + 1, began[k]
                union &= ~want[k] | shared
                if union == 0:
                    break
        for k in range(before + 1, min(depth + 1, steps)):
            live |= want[k]
        i = j
    return depth, start


@njit(cache=True, nogil=True, inline="always")
def _alone(events: Events, rules: Rules, depth: int, start: int, lo: int, hi: int, chain: I64) -> bool:
    """Fill the chain from its start, each step as early as it can be, if none of its events is part of a tie."""
    at, bits = events.at, events.bits
    i = start
    for k in range(depth):
        while bits[i] & rules.want[k] == 0:
            i += 1
        if (i > lo and at[i - 1] == at[i]) or (i + 1 < hi and at[i + 1] == at[i]):
            return False
        chain[k] = i
        i += 1
    return True


@njit(cache=True, nogil=True)
def _gather(events: Events, lo: int, hi: int, bit: int, enough: int, seen: I64, count: int) -> int:
    """Add the persons of lo .. hi who did it to seen[:count], up to `enough`; returns how many there are."""
    for e in range(lo, hi):
        if count >= enough:
            break
        person = events.person[e]
        if events.bits[e] & bit == 0 or person < 0:
            continue
        known = False
        for p in range(count):
            if seen[p] == person:
                known = True
                break
        if not known:
            seen[count] = person
            count += 1
    return count


@njit(cache=True, nogil=True)
def _places(events: Events, rules: Rules, room: Room, lo: int, hi: int) -> Table:
    """Where things are, seen from each event of a unit, so that no attempt has to pass what is nothing to it.

    Returns: row k is the next event, from this one on, that is step k (hi if none, or if the unit has too few persons
             ever to do it); the rows after the steps are the last event, up to this one, of each exclusion (-1 if
             none).
    """
    steps, voids = rules.want.shape[0], rules.void.shape[0]
    found = np.empty((steps + voids, hi - lo + 1), np.int64)
    for k in range(steps):
        need = rules.need[k]
        enough = need == 1 or _gather(events, lo, hi, rules.want[k], need, room[SEEN], NOUGHT) == need
        found[k, hi - lo] = hi
        for e in range(hi - 1, lo - 1, -1):
            found[k, e - lo] = e if enough and events.bits[e] & rules.want[k] != 0 else found[k, e - lo + 1]
    for q in range(voids):
        last = -1
        for e in range(lo, hi):
            if events.bits[e] & rules.void[q] != 0:
                last = e
            found[steps + q, e - lo] = last
    return found


@njit(cache=True, nogil=True)
def _choose(rules: Rules, room: Room, slot: int, step: int) -> None:
    room[CHOSEN, slot] = step
    room[SLOT, slot] = rules.want[step]
    room[NEED, slot] = rules.need[step]


@njit(cache=True, nogil=True)
def _earliest(
    events: Events, rules: Rules, room: Room, places: Table, lo: int, i: int, hi: int, due: int, count: int
) -> int:
    """How many of the chosen steps, in order, a chain does that starts in the tie beginning at event i.

    room[PICK] holds its events: each step is as early as it can be, and not before room[FLOOR]. For any rules here the
    earliest moments of two chains together are those of a chain again, so all steps are earliest at once.
    """
    at, bits = events.at, events.bits
    origin = at[i]
    done = NOUGHT
    persons = NOUGHT
    while i < hi and done < count:
        base = done
        if room[NEED, base] == 1 and at[i] < room[FLOOR, base]:
            i = first_from(at, i, hi, room[FLOOR, base])
        following = places[room[CHOSEN, base], i - lo]
        if following == hi or at[following] > due:
            break
        i = tie_from(at, i, following)
        moment = at[i]
        j = tie_to(at, hi, i)
        if room[NEED, base] > 1:
            persons = _gather(events, i, j, room[SLOT, base], room[NEED, base], room[SEEN], persons)
        k = base
        while k < count:
            if moment < room[FLOOR, k] or (rules.strict_time and k > base):
                break
            need = room[NEED, k]
            if need == 1:
                if k == 0 and moment > origin:
                    return 0
            elif k == base:
                if persons < need:
                    break
            elif _gather(events, i, j, room[SLOT, k], need, room[ALSO], NOUGHT) < need:
                break
            if not grow(bits, i, j, room[SLOT], base, k, room, rules.reuse):
                break
            k += 1
        if k > base:
            done = k
            persons = NOUGHT
            if done < count and room[NEED, done] > 1 and not rules.strict_time:
                persons = _gather(events, i, j, room[SLOT, done], room[NEED, done], room[SEEN], NOUGHT)
        i = j
    return done


@njit(cache=True, nogil=True)
def _raised(events: Events, rules: Rules, room: Room, places: Table, lo: int, hi: int, due: int, count: int) -> bool:
    """Is the chain in room[PICK] dirty? Then raise the floor of a step to where no clean chain has it earlier."""
    at, pick = events.at, room[PICK]
    for q in range(rules.void.shape[0]):
        opening, closing = -1, -1
        for s in range(count):
            if room[CHOSEN, s] == rules.void_from[q]:
                opening = s
            if closing < 0 and room[CHOSEN, s] >= rules.void_to[q]:
                closing = s
        if opening < 0:
            continue
        after = at[pick[opening]]
        before = due + 1 if closing < 0 else at[pick[closing]]
        if after >= before:
            continue
        last = places[rules.want.shape[0] + q, first_from(at, pick[opening], hi, before) - 1 - lo]
        if last >= 0 and at[last] > after:
            room[FLOOR, opening] = at[last]
            return True
    return False


@njit(cache=True, nogil=True)
def _clean(
    events: Events, rules: Rules, room: Room, places: Table, lo: int, i: int, hi: int, due: int, count: int
) -> bool:
    """Can the chosen steps all be done without an exclusion? room[PICK] then holds the earliest such chain."""
    for s in range(count):
        room[FLOOR, s] = EARLIEST
    while _earliest(events, rules, room, places, lo, i, hi, due, count) == count:
        if not _raised(events, rules, room, places, lo, hi, due, count):
            return True
    return False


@njit(cache=True, nogil=True)
def _earlier(events: Events, steps: int, one: I64, other: I64) -> bool:
    """Is a chain, read from its end, earlier than another of as many steps? Where moments agree, the deeper step is."""
    k, m = steps - 1, steps - 1
    while True:
        while k >= 0 and one[k] < 0:
            k -= 1
        while m >= 0 and other[m] < 0:
            m -= 1
        if k < 0 or m < 0:
            break
        if events.at[one[k]] != events.at[other[m]]:
            return events.at[one[k]] < events.at[other[m]]
        k -= 1
        m -= 1
    for k in range(steps - 1, -1, -1):
        if (one[k] < 0) != (other[k] < 0):
            return other[k] < 0
    return False


@njit(cache=True, nogil=True)
def _attempt(
    events: Events, rules: Rules, room: Room, places: Table, lo: int, i: int, hi: int, due: int
) -> tuple[int, int]:
    """The deepest required step (from 1) of the start at event i, and the steps of its best clean chain (0: void).

    room[BEST] holds that chain. Depth 0 means that the first step itself is not done: too few persons.
    """
    steps = rules.want.shape[0]
    required = NOUGHT
    for k in range(steps):
        if not rules.optional[k]:
            _choose(rules, room, required, k)
            room[FLOOR, required] = EARLIEST
            required += 1
    reached = _earliest(events, rules, room, places, lo, i, hi, due, required)
    if reached == 0:
        return 0, 0
    depth = room[CHOSEN, reached - 1] + 1
    limit = room[CHOSEN, reached] if reached < required else steps
    options = 0
    for k in range(limit):
        following = places[k, i - lo]
        if rules.optional[k] and following < hi and events.at[following] <= due:
            room[OPTIONS, options] = k
            options += 1
    for wanted in range(options, -1, -1):
        found = 0
        for subset in range(1 << options):
            size = 0
            for o in range(options):
                size += subset >> o & 1
            if size != wanted:
                continue
            count, o = NOUGHT, 0
            for k in range(limit):
                taken = not rules.optional[k]
                if o < options and room[OPTIONS, o] == k:
                    taken = subset >> o & 1 != 0
                    o += 1
                if taken:
                    _choose(rules, room, count, k)
                    count += 1
            if not _clean(events, rules, room, places, lo, i, hi, due, count):
                continue
            for k in range(steps):
                room[TRIAL, k] = -1
            for s in range(count):
                room[TRIAL, room[CHOSEN, s]] = room[PICK, s]
            if found == 0 or _earlier(events, steps, room[TRIAL], room[BEST]):
                for k in range(steps):
                    room[BEST, k] = room[TRIAL, k]
            found = count
        if found > 0:
            return depth, found
    return depth, 0


@njit(cache=True, nogil=True)
def _exact(
    events: Events, rules: Rules, room: Room, lo: int, hi: int, enters_from: int, enters_to: int, chain: I64
) -> tuple[int, int, bool]:
    """The best attempt of a unit that is not void, each start tried by itself; see `ordered`."""
    at, bits = events.at, events.bits
    steps = rules.want.shape[0]
    depth, width, start, end = 0, 0, -1, LATEST
    entered = False
    places = _places(events, rules, room, lo, hi)
    i = lo
    while i < hi and at[i] < enters_to:
        if bits[i] & rules.want[0] == 0 or at[i] < enters_from:
            i += 1
            continue
        if width == steps and at[i] > end:
            break
        origin = tie_from(at, lo, i)
        reached, count = _attempt(events, rules, room, places, lo, origin, hi, last_moment(rules, at[i]))
        entered = entered or reached > 0
        if count > 0 and (reached > depth or (reached == depth and count >= width)):
            last = EARLIEST
            for k in range(steps):
                if room[BEST, k] >= 0:
                    last = at[room[BEST, k]]
            if reached > depth or count > width or last <= end:
                depth, width, start, end = reached, count, i, last
                for k in range(steps):
                    chain[k] = room[BEST, k]
        i = tie_to(at, hi, i)
    if depth > 0 and rules.need[0] == 1:
        start = chain[0]
    return depth, start, entered and depth == 0


@njit(cache=True, nogil=True, inline="always")
def ordered(
    events: Events, rules: Rules, room: Room, lo: int, hi: int, enters_from: int, enters_to: int, chain: I64
) -> tuple[int, int, bool]:
    """(depth, event of the entry, all attempts are void) of the unit lo .. hi; `chain` is filled with its events."""
    steps = rules.want.shape[0]
    for k in range(steps):
        if rules.optional[k] or rules.need[k] > 1:
            return _exact(events, rules, room, lo, hi, enters_from, enters_to, chain)
    depth, start = deepest(events, rules, room, lo, hi, enters_from, enters_to)
    if depth == 0:
        return 0, -1, False
    void = 0
    for q in range(rules.void.shape[0]):
        void |= rules.void[q]
    if void != 0:
        for e in range(lo, hi):
            if events.bits[e] & void != 0:
                return _exact(events, rules, room, lo, hi, enters_from, enters_to, chain)
    if rules.reuse or not _alone(events, rules, depth, start, lo, hi, chain):
        for k in range(depth):
            _choose(rules, room, k, k)
            room[FLOOR, k] = EARLIEST
        _earliest(events, rules, room, _places(events, rules, room, start, hi), start, start, hi, LATEST, depth)
        for k in range(depth):
            chain[k] = room[PICK, k]
    return depth, chain[0], False
