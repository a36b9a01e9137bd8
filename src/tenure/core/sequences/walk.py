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
def value_sign(count: int, cell: I64, state: I64, currencies: int, rates: I64) -> int:
    """Sign of a state of several cells, valued at `rates`."""
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
        w0, w1, w2 = wide.weigh(state[k, 0], state[k, 1], rates[cell[k] % currencies])
        t0, t1, t2 = wide.add_weighed(t0, t1, t2, w0, w1, w2)
    return wide.sign_weighed(t0, t1, t2)


@njit(cache=True)
def _comes_after(i: int, j: int, day: I64, key: I64, span: I64) -> bool:
    if day[i] != day[j]:
        return bool(day[i] > day[j])
    if key[i] != key[j]:
        return bool(key[i] > key[j])
    return bool(span[i] > span[j])


@njit(cache=True)
def _swap(i: int, j: int, day: I64, key: I64, span: I64, sign: I64) -> None:
    day[i], day[j] = day[j], day[i]
    key[i], key[j] = key[j], key[i]
    span[i], span[j] = span[j], span[i]
    sign[i], sign[j] = sign[j], sign[i]


@njit(cache=True)
def _sift(root: int, end: int, day: I64, key: I64, span: I64, sign: I64) -> None:
    while 2 * root + 1 < end:
        child = 2 * root + 1
        if child + 1 < end and _comes_after(child + 1, child, day, key, span):
            child += 1
        if not _comes_after(child, root, day, key, span):
            return
        _swap(root, child, day, key, span, sign)
        root = child


@njit(cache=True)
def collect(
    lo: int, hi: int, start: I32, stop: I32, day: I64, key: I64, span: I64, sign: I64, row: I32, line: I64
) -> int:
    """The starts and ends of the spans lo .. hi, by day (and by `line` of their rows, if given); returns how many.

    Sorted by insertion, as suits the few events most accounts have, and by a heap where there are many.
    """
    count = 0
    for s in range(lo, hi):
        place = line[row[s]] if line.shape[0] > 0 else 0
        day[count], key[count], span[count], sign[count] = start[s], place, s, 1
        count += 1
        if stop[s] < OPEN:
            day[count], key[count], span[count], sign[count] = stop[s], place, s, -1
            count += 1
    if count <= 24:
        for i in range(1, count):
            j = i
            while j > 0 and _comes_after(j - 1, j, day, key, span):
                _swap(j - 1, j, day, key, span, sign)
                j -= 1
        return count
    for root in range(count // 2 - 1, -1, -1):
        _sift(root, count, day, key, span, sign)
    for end in range(count - 1, 0, -1):
        _swap(0, end, day, key, span, sign)
        _sift(0, end, day, key, span, sign)
    return count


@njit(cache=True)
def bridge(
    count: int,
    day: I64,
    span: I64,
    sign: I64,
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
    """Move what happens inside a gap of at most `grace` days to its last day: the state before it lasts through it."""
    used = 0
    paid_before = False
    gap_from = -1
    gap_day = 0
    i = 0
    while i < count:
        j = i
        while j < count and day[j] == day[i]:
            s = span[j]
            c = cells_of[s - base]
            if local[c] < 0:
                local[c] = used
                cell[used] = c
                state[used, 0], state[used, 1] = 0, 0
                used += 1
            k = local[c]
            if sign[j] > 0:
                state[k, 0], state[k, 1] = wide.add(state[k, 0], state[k, 1], amount[s, 0], amount[s, 1])
            else:
                state[k, 0], state[k, 1] = wide.subtract(state[k, 0], state[k, 1], amount[s, 0], amount[s, 1])
            j += 1
        paid = value_sign(used, cell, state, currencies, rates) > 0
        if paid and gap_from >= 0:
            if day[i] - gap_day <= grace:
                for e in range(gap_from, i):
                    day[e] = day[i]
            gap_from = -1
        if not paid and paid_before:
            gap_from, gap_day = i, day[i]
        paid_before = paid
        i = j
    for k in range(used):
        local[cell[k]] = -1


@njit(cache=True)
def _first_paid(
    accounts: int,
    first: I64,
    row: I32,
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
    day = np.empty(2 * widest, np.int64)
    span = np.empty(2 * widest, np.int64)
    key = np.empty(2 * widest, np.int64)
    sign = np.empty(2 * widest, np.int64)
    no_line = np.empty(0, np.int64)
    cell = np.arange(currencies)
    state = np.zeros((currencies, 2), np.int64)
    amounts = np.zeros((accounts, currencies, 2), np.int64)
    for a in range(accounts):
        lo, hi = first[a], first[a + 1]
        count = collect(lo, hi, start, stop, day, key, span, sign, row, no_line)
        for c in range(currencies):
            state[c, 0], state[c, 1] = 0, 0
        i = 0
        while i < count:
            today = day[i]
            while i < count and day[i] == today:
                s = span[i]
                c = currency[s]
                if sign[i] > 0:
                    state[c, 0], state[c, 1] = wide.add(state[c, 0], state[c, 1], amount[s, 0], amount[s, 1])
                else:
                    state[c, 0], state[c, 1] = wide.subtract(state[c, 0], state[c, 1], amount[s, 0], amount[s, 1])
                i += 1
            if value_sign(currencies, cell, state, currencies, rates) > 0:
                days[a] = today
                for c in range(currencies):
                    amounts[a, c, 0], amounts[a, c, 1] = state[c, 0], state[c, 1]
                break
    return days, amounts


def first_paid(spans: Spans, currencies: int, rates: I64) -> tuple[I32, I64]:
    """Per account the first day with MRR above 0 (OPEN if none) and its MRR then, (accounts, currencies, 2)."""
    days, amounts = _first_paid(
        len(spans.accounts), spans.first, spans.row, spans.start, spans.stop, spans.currency, spans.amount,
        currencies, rates,
    )  # fmt: skip
    return days, amounts


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
