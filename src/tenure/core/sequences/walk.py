"""Walking an account's days: what `net`, `daily` and `first_paid` share. Hides the order of events and signs of states.

Amounts stay in their own currency, as 128-bit integers; rates decide only whether an account with several currencies
went up or down. So sums are exact, and money meets a rate once, outside, in Decimal.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tenure.core.sequences import wide
from tenure.core.sequences.spans import I32, I64, OPEN, Spans

NEW, EXPANSION, CONTRACTION, CHURN, REACTIVATION, ENTERING, LEAVING = range(7)
KINDS = ("new", "expansion", "contraction", "churn", "reactivation", "entering", "leaving")
AT_CLOSING_RATE = (NEW, REACTIVATION)
"""Kinds valued at the period's own rate: the account had nothing at the opening. The others take the opening rate."""

COUNTS = ("new", "churned", "reactivated", "entering", "leaving", "close")
C_NEW, C_CHURNED, C_REACTIVATED, C_ENTERING, C_LEAVING, C_CLOSE = range(6)

NO_LIMIT = -1


@njit(cache=True)
def value_sign(count: int, cell: I64, state: I64, currencies: int, rates: I64, month: int) -> int:
    """Sign of a state of several cells, valued at rates[month]; a row of it is never cut out, which would cost more
    than the rest of the walk.
    """
    if count == 1:
        return wide.sign(state[0, 0], state[0, 1])
    above = False
    below = False
    for k in range(count):
        s = wide.sign(state[k, 0], state[k, 1])
        above = above or s > 0
        below = below or s < 0
    if not below:
        return 1 if above else 0
    if not above:
        return -1
    t0, t1, t2 = 0, 0, 0
    for k in range(count):
        w0, w1, w2 = wide.weigh(state[k, 0], state[k, 1], rates[month, cell[k] % currencies])
        t0, t1, t2 = wide.add_weighed(t0, t1, t2, w0, w1, w2)
    return wide.sign_weighed(t0, t1, t2)


_SHIFT = 40
_ORIGIN = 1 << 22
_REST = (1 << _SHIFT) - 1


@njit("int64(int64)", cache=True)
def day_of(event: int) -> int:
    """The day of an event: an integer of day, place among the account's spans, and 1 for a start or 0 for an end.

    Spans of one line lie together, so sorted events lie by day and, inside a day, by line.
    """
    return (event >> _SHIFT) - _ORIGIN


@njit("int64(int64)", cache=True)
def span_of(event: int) -> int:
    """The place of its span among the account's spans."""
    return (event & _REST) >> 1


@njit(cache=True)
def sort_events(events: I64, count: int) -> None:
    """By insertion, as suits the few events most accounts have, and by a heap where there are many."""
    if count <= 24:
        for i in range(1, count):
            moving = events[i]
            j = i
            while j > 0 and events[j - 1] > moving:
                events[j] = events[j - 1]
                j -= 1
            events[j] = moving
        return
    for step in range(count // 2 - 1 + count, 0, -1):
        root, end = (step - count, count) if step >= count else (0, step)
        if step < count:
            events[0], events[step] = events[step], events[0]
        while 2 * root + 1 < end:
            child = 2 * root + 1
            if child + 1 < end and events[child + 1] > events[child]:
                child += 1
            if events[child] <= events[root]:
                break
            events[child], events[root] = events[root], events[child]
            root = child


@njit(cache=True)
def collect(lo: int, hi: int, start: I32, stop: I32, events: I64) -> int:
    """The starts and ends of the spans lo .. hi, sorted; returns how many."""
    count = 0
    for s in range(lo, hi):
        place = (s - lo) << 1
        events[count] = ((np.int64(start[s]) + _ORIGIN) << _SHIFT) | place | 1
        count += 1
        if stop[s] < OPEN:
            events[count] = ((np.int64(stop[s]) + _ORIGIN) << _SHIFT) | place
            count += 1
    sort_events(events, count)
    return count


@njit(cache=True)
def bridge(
    count: int,
    events: I64,
    grace: int,
    base: int,
    amount: I64,
    cells_of: I64,
    local: I64,
    cell: I64,
    state: I64,
    currencies: int,
    rates: I64,
) -> None:
    """Move what happens inside a gap of at most `grace` days to its last day: the state before it lasts through it.

    States are valued at rates[0].
    """
    used = 0
    paid_before = False
    gap_from = -1
    gap_day = 0
    i = 0
    while i < count:
        j = i
        today = day_of(events[i])
        while j < count and day_of(events[j]) == today:
            place = span_of(events[j])
            s = base + place
            c = cells_of[place]
            if local[c] < 0:
                local[c] = used
                cell[used] = c
                state[used, 0], state[used, 1] = 0, 0
                used += 1
            k = local[c]
            if events[j] & 1:
                state[k, 0], state[k, 1] = wide.add(state[k, 0], state[k, 1], amount[s, 0], amount[s, 1])
            else:
                state[k, 0], state[k, 1] = wide.subtract(state[k, 0], state[k, 1], amount[s, 0], amount[s, 1])
            j += 1
        paid = value_sign(used, cell, state, currencies, rates, 0) > 0
        if paid and gap_from >= 0:
            if today - gap_day <= grace:
                for e in range(gap_from, i):
                    events[e] = ((today + _ORIGIN) << _SHIFT) | (events[e] & _REST)
            gap_from = -1
        if not paid and paid_before:
            gap_from, gap_day = i, today
        paid_before = paid
        i = j
    for k in range(used):
        local[cell[k]] = -1
    sort_events(events, count)


@njit(cache=True)
def _first_paid(
    accounts: int,
    first: I64,
    start: I32,
    stop: I32,
    currency: I32,
    amount: I64,
    currencies: int,
    rates: I64,
) -> tuple:  # type: ignore[type-arg]  # numba's own tuple of arrays
    days = np.full(accounts, OPEN, np.int32)
    widest = 0
    for a in range(accounts):
        widest = max(widest, first[a + 1] - first[a])
    events = np.empty(2 * widest, np.int64)
    cell = np.arange(currencies)
    state = np.zeros((currencies, 2), np.int64)
    amounts = np.zeros((accounts, currencies, 2), np.int64)
    for a in range(accounts):
        lo, hi = first[a], first[a + 1]
        count = collect(lo, hi, start, stop, events)
        for c in range(currencies):
            state[c, 0], state[c, 1] = 0, 0
        i = 0
        while i < count:
            today = day_of(events[i])
            while i < count and day_of(events[i]) == today:
                s = lo + span_of(events[i])
                c = currency[s]
                if events[i] & 1:
                    state[c, 0], state[c, 1] = wide.add(state[c, 0], state[c, 1], amount[s, 0], amount[s, 1])
                else:
                    state[c, 0], state[c, 1] = wide.subtract(state[c, 0], state[c, 1], amount[s, 0], amount[s, 1])
                i += 1
            if value_sign(currencies, cell, state, currencies, rates, 0) > 0:
                days[a] = today
                for c in range(currencies):
                    amounts[a, c, 0], amounts[a, c, 1] = state[c, 0], state[c, 1]
                break
    return days, amounts


def first_paid(spans: Spans, currencies: int, rates: I64) -> tuple[I32, I64]:
    """Per account the first day with MRR above 0 (OPEN if none) and its MRR then, (accounts, currencies, 2)."""
    days, amounts = _first_paid(
        len(spans.accounts), spans.first, spans.start, spans.stop, spans.currency, spans.amount,
        currencies, rates.reshape(1, -1),
    )  # fmt: skip
    return days, amounts


@njit(cache=True, nogil=True)
def _by_account(
    first: I64,
    start: I32,
    stop: I32,
    currency: I32,
    amount: I64,
    currencies: int,
    rates: I64,
    grace: int,
    day: int,
) -> I64:
    accounts = first.shape[0] - 1
    out = np.zeros((accounts, currencies, 2), np.int64)
    widest = 0
    for a in range(accounts):
        widest = max(widest, first[a + 1] - first[a])
    events = np.empty(2 * widest, np.int64)
    cells_of = np.empty(widest, np.int64)
    local = np.full(currencies, -1, np.int64)
    cell = np.empty(widest, np.int64)
    state = np.zeros((widest, 2), np.int64)
    for a in range(accounts):
        lo, hi = first[a], first[a + 1]
        count = collect(lo, hi, start, stop, events)
        if grace > 0 and count > 2:
            for s in range(lo, hi):
                cells_of[s - lo] = currency[s]
            bridge(count, events, grace, lo, amount, cells_of, local, cell, state, currencies, rates)
        for i in range(count):
            if day_of(events[i]) > day:
                break
            s = lo + span_of(events[i])
            c = currency[s]
            if events[i] & 1:
                out[a, c, 0], out[a, c, 1] = wide.add(out[a, c, 0], out[a, c, 1], amount[s, 0], amount[s, 1])
            else:
                out[a, c, 0], out[a, c, 1] = wide.subtract(out[a, c, 0], out[a, c, 1], amount[s, 0], amount[s, 1])
    return out


def by_account(spans: Spans, currencies: int, rates: I64, day: int, *, grace: int = 0) -> I64:
    """What each account has at the close of a day, (accounts, currencies, 2).

    A gap of at most `grace` days did not happen; `rates` (currencies,) say only whether an account is above 0 in it.
    """
    out: I64 = _by_account(
        spans.first, spans.start, spans.stop, spans.currency, spans.amount, currencies, rates.reshape(1, -1), grace, day
    )
    return out


@njit(cache=True, nogil=True)
def _in_force(start: I32, stop: I32, currency: I32, amount: I64, currencies: int, day: int) -> I64:
    out = np.zeros((currencies, 2), np.int64)
    for s in range(start.shape[0]):
        if start[s] <= day < stop[s]:
            c = currency[s]
            out[c, 0], out[c, 1] = wide.add(out[c, 0], out[c, 1], amount[s, 0], amount[s, 1])
    return out


def in_force(spans: Spans, currencies: int, day: int) -> I64:
    """The sum of all spans in force on a day, (currencies, 2): a figure without any walk, for the checks."""
    out: I64 = _in_force(spans.start, spans.stop, spans.currency, spans.amount, currencies, day)
    return out
