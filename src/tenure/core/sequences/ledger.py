"""The ledger kernels: accounts walked day by day, their movements named and added up. Hides the arithmetic of states.

Two views of one walk (docs/explanation/ledger.md):
- `net` gives what happened to each account between the close before a period and the period's own close, added up per
  period and slice;
- `daily` gives one movement per account and day, with its reason and the rows that caused it.

Amounts stay in their own currency, as 128-bit integers; rates decide only whether an account with several currencies
went up or down. So sums are exact, and money meets a rate once, outside, in Decimal.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from tenure.core.sequences import wide
from tenure.core.sequences.prices import CAUSE_PAUSE, CAUSE_TRIAL, CAUSE_UNPAID
from tenure.core.sequences.spans import I32, I64, OPEN, Spans

NEW, EXPANSION, CONTRACTION, CHURN, REACTIVATION, ENTERING, LEAVING = range(7)
KINDS = ("new", "expansion", "contraction", "churn", "reactivation", "entering", "leaving")
AT_CLOSING_RATE = (NEW, REACTIVATION)
"""Kinds valued at the period's own rate: the account had nothing at the opening. The others take the opening rate."""

COUNTS = ("new", "churned", "reactivated", "entering", "leaving", "close")
C_NEW, C_CHURNED, C_REACTIVATED, C_ENTERING, C_LEAVING, C_CLOSE = range(6)

REASONS = (
    "started", "ended", "plan", "term", "quantity", "discount", "price", "paused", "resumed", "trial", "involuntary",
)  # fmt: skip
(
    R_STARTED, R_ENDED, R_PLAN, R_TERM, R_QUANTITY, R_DISCOUNT, R_PRICE, R_PAUSED, R_RESUMED, R_TRIAL, R_INVOLUNTARY,
) = range(11)  # fmt: skip

NO_LIMIT = -1


class Cells(NamedTuple):
    """Where an amount belongs: the cell of a span is (account's slice, row's slice, row's currency)."""

    row_currency: I32
    row_slice: I32
    account_slice: I32
    row_slices: int
    slices: int
    """account slices x row slices"""
    currencies: int


class Net(NamedTuple):
    """Sums of a `net` walk; amounts (..., 2) are low and high words in the cell's own currency."""

    opening: I64
    """(cells, 2) at the close before the first period"""
    customers_open: I64
    """(slices,)"""
    amounts: I64
    """(kinds, periods, cells, 2)"""
    change: I64
    """(periods, cells, 2): what the state changed by, movements or not"""
    counts: I64
    """(COUNTS, periods, slices); `close` is the change of the number of customers"""
    negative: npt.NDArray[np.bool_]
    """per account: its lines added up below 0 at some close; it counts 0 there"""
    lines: tuple[I32, I32, I32, npt.NDArray[np.int8], I64]
    """the movements themselves, if asked for: period, account, cell, kind, amount"""


@njit(cache=True)
def _value_sign(count: int, cell: I64, state: I64, currencies: int, rates: I64) -> int:
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
def _collect(
    lo: int, hi: int, start: I32, stop: I32, day: I64, span: I64, sign: I64, by_line: bool, row: I32, line: I64
) -> int:
    """The starts and ends of the spans lo .. hi, by day (and line); returns how many."""
    count = 0
    for s in range(lo, hi):
        day[count], span[count], sign[count] = start[s], s, 1
        count += 1
        if stop[s] < OPEN:
            day[count], span[count], sign[count] = stop[s], s, -1
            count += 1
    if count <= 24 and not by_line:
        for i in range(1, count):
            d, s, g = day[i], span[i], sign[i]
            j = i
            while j > 0 and day[j - 1] > d:
                day[j], span[j], sign[j] = day[j - 1], span[j - 1], sign[j - 1]
                j -= 1
            day[j], span[j], sign[j] = d, s, g
        return count
    if by_line:
        places = np.argsort(line[row[span[:count]]], kind="mergesort")
        day[:count], span[:count], sign[:count] = day[:count][places], span[:count][places], sign[:count][places]
    places = np.argsort(day[:count], kind="mergesort")
    day[:count], span[:count], sign[:count] = day[:count][places], span[:count][places], sign[:count][places]
    return count


@njit(cache=True)
def _bridge(
    count: int,
    day: I64,
    span: I64,
    sign: I64,
    grace: int,
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
            c = cells_of[s]
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
        paid = _value_sign(used, cell, state, currencies, rates) > 0
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
def _net(
    accounts: int,
    first: I64,
    row: I32,
    start: I32,
    stop: I32,
    amount: I64,
    row_currency: I32,
    row_slice: I32,
    account_slice: I32,
    row_slices: int,
    slices: int,
    currencies: int,
    edges: I64,
    opening_rates: I64,
    closing_rates: I64,
    window: int,
    grace: int,
    keep: bool,
    room: int,
) -> tuple:  # type: ignore[type-arg]  # numba's own tuple of arrays
    periods = edges.shape[0] - 1
    cells = slices * currencies
    opening = np.zeros((cells, 2), np.int64)
    customers_open = np.zeros(slices, np.int64)
    amounts = np.zeros((7, periods, cells, 2), np.int64)
    change = np.zeros((periods, cells, 2), np.int64)
    counts = np.zeros((6, periods, slices), np.int64)
    negative = np.zeros(accounts, np.bool_)
    out_period = np.empty(room, np.int32)
    out_account = np.empty(room, np.int32)
    out_cell = np.empty(room, np.int32)
    out_kind = np.empty(room, np.int8)
    out_amount = np.empty((room, 2), np.int64)
    kept = 0
    widest = 0
    for a in range(accounts):
        widest = max(widest, first[a + 1] - first[a])
    day = np.empty(2 * widest, np.int64)
    span = np.empty(2 * widest, np.int64)
    sign = np.empty(2 * widest, np.int64)
    cells_of = np.empty(row.shape[0], np.int64)
    local = np.full(cells, -1, np.int64)
    cell = np.empty(widest, np.int64)
    state = np.zeros((widest, 2), np.int64)
    before = np.zeros((widest, 2), np.int64)
    slice_local = np.full(slices, -1, np.int64)
    slice_of = np.empty(widest, np.int64)
    slice_before = np.zeros((widest, 3), np.int64)
    slice_after = np.zeros((widest, 3), np.int64)
    no_line = np.empty(0, np.int64)
    for a in range(accounts):
        lo, hi = first[a], first[a + 1]
        if lo == hi:
            continue
        for s in range(lo, hi):
            r = row[s]
            cells_of[s] = (account_slice[a] * row_slices + row_slice[r]) * currencies + row_currency[r]
        count = _collect(lo, hi, start, stop, day, span, sign, False, row, no_line)
        if grace > 0 and count > 2:
            _bridge(count, day, span, sign, grace, amount, cells_of, local, cell, state, currencies, opening_rates[0])
        used = 0
        ever = False
        paid = False
        left = 0
        period = -1
        open_paid = False
        entry = -1
        i = 0
        while i < count:
            # the period of this day; days before the first edge build the opening
            here = period
            while here + 1 < periods + 1 and day[i] >= edges[here + 1]:
                here += 1
            if here >= periods:
                break
            if here > period:
                period = here
                open_paid = paid
                entry = -1
                for k in range(used):
                    before[k, 0], before[k, 1] = state[k, 0], state[k, 1]
            # every event of the period up to the next one
            last = edges[period + 1] if period >= 0 else edges[0]
            while i < count and day[i] < last:
                today = day[i]
                while i < count and day[i] == today:
                    s = span[i]
                    c = cells_of[s]
                    if local[c] < 0:
                        local[c] = used
                        cell[used] = c
                        state[used, 0], state[used, 1] = 0, 0
                        before[used, 0], before[used, 1] = 0, 0
                        used += 1
                    k = local[c]
                    if sign[i] > 0:
                        state[k, 0], state[k, 1] = wide.add(state[k, 0], state[k, 1], amount[s, 0], amount[s, 1])
                    else:
                        state[k, 0], state[k, 1] = wide.subtract(state[k, 0], state[k, 1], amount[s, 0], amount[s, 1])
                    i += 1
                rates = opening_rates[0]
                if period >= 0:
                    rates = opening_rates[period] if open_paid else closing_rates[period]
                value = _value_sign(used, cell, state, currencies, rates)
                if value < 0:
                    negative[a] = True
                if value > 0 and not paid:
                    fresh = not ever or (window >= 0 and today - left > window)
                    if entry < 0:
                        entry = NEW if fresh else REACTIVATION
                    ever = True
                    paid = True
                elif value <= 0 and paid:
                    paid = False
                    left = today
            if period < 0:
                if paid:
                    for k in range(used):
                        c = cell[k]
                        opening[c, 0], opening[c, 1] = wide.add(opening[c, 0], opening[c, 1], state[k, 0], state[k, 1])
                    # customers of each slice
                    touched = 0
                    for k in range(used):
                        sl = cell[k] // currencies
                        if slice_local[sl] < 0:
                            slice_local[sl] = touched
                            slice_of[touched] = sl
                            slice_after[touched, :] = 0
                            touched += 1
                        t = slice_local[sl]
                        w0, w1, w2 = wide.weigh(state[k, 0], state[k, 1], opening_rates[0][cell[k] % currencies])
                        slice_after[t, 0], slice_after[t, 1], slice_after[t, 2] = wide.add_weighed(
                            slice_after[t, 0], slice_after[t, 1], slice_after[t, 2], w0, w1, w2
                        )
                    for t in range(touched):
                        sl = slice_of[t]
                        if wide.sign_weighed(slice_after[t, 0], slice_after[t, 1], slice_after[t, 2]) > 0:
                            customers_open[sl] += 1
                        slice_local[sl] = -1
                continue
            if not open_paid and not paid:
                continue
            rates = opening_rates[period] if open_paid else closing_rates[period]
            touched = 0
            for k in range(used):
                sl = cell[k] // currencies
                if slice_local[sl] < 0:
                    slice_local[sl] = touched
                    slice_of[touched] = sl
                    slice_before[touched, :] = 0
                    slice_after[touched, :] = 0
                    touched += 1
                t = slice_local[sl]
                rate = rates[cell[k] % currencies]
                if open_paid:
                    w0, w1, w2 = wide.weigh(before[k, 0], before[k, 1], rate)
                    slice_before[t, 0], slice_before[t, 1], slice_before[t, 2] = wide.add_weighed(
                        slice_before[t, 0], slice_before[t, 1], slice_before[t, 2], w0, w1, w2
                    )
                if paid:
                    w0, w1, w2 = wide.weigh(state[k, 0], state[k, 1], rate)
                    slice_after[t, 0], slice_after[t, 1], slice_after[t, 2] = wide.add_weighed(
                        slice_after[t, 0], slice_after[t, 1], slice_after[t, 2], w0, w1, w2
                    )
            for t in range(touched):
                sl = slice_of[t]
                was = wide.sign_weighed(slice_before[t, 0], slice_before[t, 1], slice_before[t, 2])
                now = wide.sign_weighed(slice_after[t, 0], slice_after[t, 1], slice_after[t, 2])
                n0, n1, n2 = slice_before[t, 0], slice_before[t, 1], slice_before[t, 2]
                # after - before, by adding the negation
                m0 = -n0
                carry = 1 if m0 == 0 else 0
                m1 = ~n1 + carry
                m2 = ~n2 + (1 if (carry == 1 and m1 == 0) else 0)
                d0, d1, d2 = wide.add_weighed(slice_after[t, 0], slice_after[t, 1], slice_after[t, 2], m0, m1, m2)
                moved = wide.sign_weighed(d0, d1, d2)
                kind = -1
                if not open_paid:
                    kind = entry if entry >= 0 else REACTIVATION
                    if now > 0:
                        counts[C_NEW if kind == NEW else C_REACTIVATED, period, sl] += 1
                elif not paid:
                    kind = CHURN
                    if was > 0:
                        counts[C_CHURNED, period, sl] += 1
                elif was <= 0 and now > 0:
                    kind = ENTERING
                    counts[C_ENTERING, period, sl] += 1
                elif was > 0 and now <= 0:
                    kind = LEAVING
                    counts[C_LEAVING, period, sl] += 1
                elif moved > 0:
                    kind = EXPANSION
                elif moved < 0:
                    kind = CONTRACTION
                counts[C_CLOSE, period, sl] += (1 if now > 0 else 0) - (1 if was > 0 else 0)
                slice_of[t] = kind
                slice_local[sl] = t
            for k in range(used):
                c = cell[k]
                lo0, hi0, lo1, hi1 = 0, 0, 0, 0
                if open_paid:
                    lo0, hi0 = before[k, 0], before[k, 1]
                if paid:
                    lo1, hi1 = state[k, 0], state[k, 1]
                dlo, dhi = wide.subtract(lo1, hi1, lo0, hi0)
                if dlo == 0 and dhi == 0:
                    continue
                change[period, c, 0], change[period, c, 1] = wide.add(
                    change[period, c, 0], change[period, c, 1], dlo, dhi
                )
                kind = slice_of[slice_local[c // currencies]]
                if kind >= 0:
                    amounts[kind, period, c, 0], amounts[kind, period, c, 1] = wide.add(
                        amounts[kind, period, c, 0], amounts[kind, period, c, 1], dlo, dhi
                    )
                    if keep:
                        if kept < room:
                            out_period[kept] = period
                            out_account[kept] = a
                            out_cell[kept] = c
                            out_kind[kept] = kind
                            out_amount[kept, 0], out_amount[kept, 1] = dlo, dhi
                        kept += 1
            for k in range(used):
                slice_local[cell[k] // currencies] = -1
        for k in range(used):
            local[cell[k]] = -1
    return (
        opening, customers_open, amounts, change, counts, negative,
        out_period, out_account, out_cell, out_kind, out_amount, kept,
    )  # fmt: skip


def net(
    spans: Spans,
    cells: Cells,
    edges: I64,
    opening_rates: I64,
    closing_rates: I64,
    *,
    window: int = NO_LIMIT,
    grace: int = 0,
    keep: bool = False,
) -> Net:
    """Sums of period-net movements over all accounts.

    Shapes: `edges` (periods + 1,) day numbers; rates (periods, currencies), whole numbers of one scale below 2**63.
    `window`: a return after more days is `new`; `grace`: a gap of at most so many days did not happen.
    """
    room = 1024 if keep else 0
    while True:
        *parts, period, account, cell, kind, amount, kept = _net(
            len(spans.accounts), spans.first, spans.row, spans.start, spans.stop, spans.amount,
            cells.row_currency, cells.row_slice, cells.account_slice, cells.row_slices, cells.slices, cells.currencies,
            edges, opening_rates, closing_rates, window, grace, keep, room,
        )  # fmt: skip
        if kept <= room:
            return Net(*parts, (period[:kept], account[:kept], cell[:kept], kind[:kept], amount[:kept]))
        room = kept


class Daily(NamedTuple):
    """Movements of a `daily` walk, by account and day."""

    account: I32
    day: I32
    kind: npt.NDArray[np.int8]
    reason: npt.NDArray[np.int8]
    month: I32
    """whose rate values it: months[m] is the month of the day, months[m - 1] the one before"""
    amount_first: I64
    """movement i owns the amounts first[i] .. first[i + 1]"""
    amount_currency: I32
    amount: I64
    row_first: I64
    """movement i was caused by the rows first[i] .. first[i + 1]"""
    row: I32


@njit(cache=True)
def _rough(amount: I64, s: int) -> float:
    """An amount as a float: to compare sizes, never to add up."""
    return np.float64(amount[s, 1]) * 18446744073709551616.0 + np.float64(np.uint64(amount[s, 0]))


@njit(cache=True)
def _same_list_price(p: int, q: int, amount: I64, discount: npt.NDArray[np.float64]) -> bool:
    """Do two spans differ only by what is taken off?"""
    a = _rough(amount, p) + discount[p]
    b = _rough(amount, q) + discount[q]
    return bool(abs(a - b) <= 1e-9 * max(abs(a), abs(b)))


@njit(cache=True)
def _reason(
    lo: int,
    hi: int,
    span: I64,
    sign: I64,
    row: I32,
    amount: I64,
    cause_start: npt.NDArray[np.int8],
    cause_stop: npt.NDArray[np.int8],
    discount: npt.NDArray[np.float64],
    line: I64,
    plan: I64,
    term: I64,
    quantity: npt.NDArray[np.float64],
) -> int:
    """Why an account's MRR moved on a day: the reason of the largest change among its lines (events lie by line)."""
    best = -1.0
    reason = R_PRICE
    ended = -1
    started = -1
    ended_size = -1.0
    started_size = -1.0
    i = lo
    while i < hi:
        j = i
        off = -1
        on = -1
        size = 0.0
        while j < hi and line[row[span[j]]] == line[row[span[i]]]:
            s = span[j]
            worth = _rough(amount, s)
            size += worth if sign[j] > 0 else -worth
            if sign[j] > 0:
                on = s
            else:
                off = s
            j += 1
        size = abs(size)
        if off >= 0 and on >= 0:
            p, q = row[off], row[on]
            found = R_PRICE
            if plan[p] != plan[q]:
                found = R_PLAN
            elif term[p] != term[q]:
                found = R_TERM
            elif quantity[p] != quantity[q]:
                found = R_QUANTITY
            elif discount[off] != discount[on] and _same_list_price(off, on, amount, discount):
                found = R_DISCOUNT
            if size > best:
                best, reason = size, found
        elif off >= 0:
            if size > ended_size:
                ended, ended_size = off, size
        elif on >= 0 and size > started_size:
            started, started_size = on, size
        i = j
    if ended >= 0 and started >= 0:
        p, q = row[ended], row[started]
        size = abs(started_size - ended_size)
        found = R_PRICE
        if plan[p] != plan[q]:
            found = R_PLAN
        elif term[p] != term[q]:
            found = R_TERM
        elif quantity[p] != quantity[q]:
            found = R_QUANTITY
        if size > best:
            reason = found
        return reason
    if ended >= 0 and ended_size > best:
        best = ended_size
        reason = R_ENDED
        if cause_stop[ended] == CAUSE_PAUSE:
            reason = R_PAUSED
        elif cause_stop[ended] == CAUSE_UNPAID:
            reason = R_INVOLUNTARY
    if started >= 0 and started_size > best:
        reason = R_STARTED
        if cause_start[started] == CAUSE_PAUSE:
            reason = R_RESUMED
        elif cause_start[started] == CAUSE_TRIAL:
            reason = R_TRIAL
    return reason


@njit(cache=True)
def _daily(
    accounts: int,
    first: I64,
    row: I32,
    start: I32,
    stop: I32,
    amount: I64,
    cause_start: npt.NDArray[np.int8],
    cause_stop: npt.NDArray[np.int8],
    discount: npt.NDArray[np.float64],
    line: I64,
    plan: I64,
    term: I64,
    quantity: npt.NDArray[np.float64],
    row_currency: I32,
    currencies: int,
    edges: I64,
    rates: I64,
    since: int,
    until: int,
    window: int,
    grace: int,
) -> tuple:  # type: ignore[type-arg]  # numba's own tuple of arrays
    most = 2 * row.shape[0]
    out_account = np.empty(most, np.int32)
    out_day = np.empty(most, np.int32)
    out_kind = np.empty(most, np.int8)
    out_reason = np.empty(most, np.int8)
    out_month = np.empty(most, np.int32)
    amount_first = np.empty(most + 1, np.int64)
    amount_currency = np.empty(most, np.int32)
    out_amount = np.empty((most, 2), np.int64)
    row_first = np.empty(most + 1, np.int64)
    out_row = np.empty(most, np.int32)
    moved, amounts, caused = 0, 0, 0
    widest = 0
    for a in range(accounts):
        widest = max(widest, first[a + 1] - first[a])
    day = np.empty(2 * widest, np.int64)
    span = np.empty(2 * widest, np.int64)
    sign = np.empty(2 * widest, np.int64)
    cells_of = np.empty(row.shape[0], np.int64)
    local = np.full(currencies, -1, np.int64)
    cell = np.empty(currencies, np.int64)
    state = np.zeros((currencies, 2), np.int64)
    before = np.zeros((currencies, 2), np.int64)
    delta = np.zeros((currencies, 2), np.int64)
    for a in range(accounts):
        lo, hi = first[a], first[a + 1]
        for s in range(lo, hi):
            cells_of[s] = row_currency[row[s]]
        count = _collect(lo, hi, start, stop, day, span, sign, True, row, line)
        if grace > 0 and count > 2:
            _bridge(count, day, span, sign, grace, amount, cells_of, local, cell, state, currencies, rates[0])
        used = 0
        ever = False
        paid = False
        left = 0
        month = -1
        open_paid = False
        i = 0
        while i < count:
            today = day[i]
            here = month
            while here + 2 < edges.shape[0] and today >= edges[here + 1]:
                here += 1
            if here > month:
                month = here
                open_paid = paid
            for k in range(used):
                before[k, 0], before[k, 1] = state[k, 0], state[k, 1]
            group = i
            while i < count and day[i] == today:
                s = span[i]
                c = cells_of[s]
                if local[c] < 0:
                    local[c] = used
                    cell[used] = c
                    state[used, 0], state[used, 1] = 0, 0
                    before[used, 0], before[used, 1] = 0, 0
                    used += 1
                k = local[c]
                if sign[i] > 0:
                    state[k, 0], state[k, 1] = wide.add(state[k, 0], state[k, 1], amount[s, 0], amount[s, 1])
                else:
                    state[k, 0], state[k, 1] = wide.subtract(state[k, 0], state[k, 1], amount[s, 0], amount[s, 1])
                i += 1
            valued = max(month, 0) if open_paid else max(month, 0) + 1
            now = _value_sign(used, cell, state, currencies, rates[valued]) > 0
            was = paid
            kind = -1
            if now and not was:
                kind = NEW if (not ever or (window >= 0 and today - left > window)) else REACTIVATION
                ever = True
            elif was and not now:
                kind = CHURN
                left = today
            paid = now
            changed = False
            for k in range(used):
                lo0, hi0, lo1, hi1 = 0, 0, 0, 0
                if was:
                    lo0, hi0 = before[k, 0], before[k, 1]
                if now:
                    lo1, hi1 = state[k, 0], state[k, 1]
                delta[k, 0], delta[k, 1] = wide.subtract(lo1, hi1, lo0, hi0)
                changed = changed or delta[k, 0] != 0 or delta[k, 1] != 0
            if not changed or today < since or today >= until:
                continue
            if kind < 0:
                way = _value_sign(used, cell, delta, currencies, rates[valued])
                if way == 0:
                    continue
                kind = EXPANSION if way > 0 else CONTRACTION
            out_account[moved], out_day[moved], out_kind[moved], out_month[moved] = a, today, kind, valued
            out_reason[moved] = _reason(
                group, i, span, sign, row, amount, cause_start, cause_stop, discount, line, plan, term, quantity
            )
            amount_first[moved], row_first[moved] = amounts, caused
            for k in range(used):
                if delta[k, 0] != 0 or delta[k, 1] != 0:
                    amount_currency[amounts] = cell[k]
                    out_amount[amounts, 0], out_amount[amounts, 1] = delta[k, 0], delta[k, 1]
                    amounts += 1
            for e in range(group, i):
                out_row[caused] = row[span[e]]
                caused += 1
            moved += 1
        for k in range(used):
            local[cell[k]] = -1
    amount_first[moved], row_first[moved] = amounts, caused
    return (
        out_account[:moved].copy(), out_day[:moved].copy(), out_kind[:moved].copy(), out_reason[:moved].copy(),
        out_month[:moved].copy(), amount_first[: moved + 1].copy(), amount_currency[:amounts].copy(),
        out_amount[:amounts].copy(), row_first[: moved + 1].copy(), out_row[:caused].copy(),
    )  # fmt: skip


class Traits(NamedTuple):
    """What a row says beside its price: compared, to name the reason of a change. One entry a row."""

    line: I64
    plan: I64
    term: I64
    quantity: npt.NDArray[np.float64]
    currency: I32


def daily(
    spans: Spans,
    traits: Traits,
    currencies: int,
    edges: I64,
    rates: I64,
    *,
    since: int,
    until: int,
    window: int = NO_LIMIT,
    grace: int = 0,
) -> Daily:
    """One movement per account and day inside [since, until).

    Shapes: `edges` (months + 1,) first days of months; `rates` (months + 1, currencies): row m + 1 is the rate of
    month m, row 0 the one before the first.
    """
    return Daily(
        *_daily(
            len(spans.accounts), spans.first, spans.row, spans.start, spans.stop, spans.amount,
            spans.cause_start, spans.cause_stop, spans.discount,
            traits.line, traits.plan, traits.term, traits.quantity, traits.currency, currencies,
            edges, rates, since, until, window, grace,
        )
    )  # fmt: skip


@njit(cache=True)
def _first_paid(
    accounts: int,
    first: I64,
    row: I32,
    start: I32,
    stop: I32,
    amount: I64,
    row_currency: I32,
    currencies: int,
    rates: I64,
) -> tuple:  # type: ignore[type-arg]  # numba's own tuple of arrays
    days = np.full(accounts, OPEN, np.int32)
    widest = 0
    for a in range(accounts):
        widest = max(widest, first[a + 1] - first[a])
    day = np.empty(2 * widest, np.int64)
    span = np.empty(2 * widest, np.int64)
    sign = np.empty(2 * widest, np.int64)
    no_line = np.empty(0, np.int64)
    cell = np.arange(currencies)
    state = np.zeros((currencies, 2), np.int64)
    amounts = np.zeros((accounts, currencies, 2), np.int64)
    for a in range(accounts):
        lo, hi = first[a], first[a + 1]
        count = _collect(lo, hi, start, stop, day, span, sign, False, row, no_line)
        state[:] = 0
        i = 0
        while i < count:
            today = day[i]
            while i < count and day[i] == today:
                s = span[i]
                c = row_currency[row[s]]
                if sign[i] > 0:
                    state[c, 0], state[c, 1] = wide.add(state[c, 0], state[c, 1], amount[s, 0], amount[s, 1])
                else:
                    state[c, 0], state[c, 1] = wide.subtract(state[c, 0], state[c, 1], amount[s, 0], amount[s, 1])
                i += 1
            if _value_sign(currencies, cell, state, currencies, rates) > 0:
                days[a] = today
                for c in range(currencies):
                    amounts[a, c, 0], amounts[a, c, 1] = state[c, 0], state[c, 1]
                break
    return days, amounts


def first_paid(spans: Spans, row_currency: I32, currencies: int, rates: I64) -> tuple[I32, I64]:
    """Per account the first day with MRR above 0 (OPEN if none) and its MRR then, (accounts, currencies, 2)."""
    days, amounts = _first_paid(
        len(spans.accounts), spans.first, spans.row, spans.start, spans.stop, spans.amount,
        row_currency, currencies, rates,
    )  # fmt: skip
    return days, amounts
