"""The period-net walk: what happened to each account between two closes, added up by period and slice.

The other view of the same walk is `daily` (docs/explanation/ledger.md). Hides states, slices and their kinds.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from tenure.core.sequences import wide
from tenure.core.sequences.spans import I32, I64, Spans
from tenure.core.sequences.walk import (
    C_CHURNED,
    C_CLOSE,
    C_ENTERING,
    C_LEAVING,
    C_NEW,
    C_REACTIVATED,
    CHURN,
    CONTRACTION,
    ENTERING,
    EXPANSION,
    LEAVING,
    NEW,
    NO_LIMIT,
    REACTIVATION,
    bridge,
    collect,
    day_of,
    span_of,
    value_sign,
)


class Cells(NamedTuple):
    """Where an amount belongs: the cell of a span is (account's slice, row's slice, span's currency)."""

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


@njit(cache=True, nogil=True)
def _net(
    begin: int,
    accounts: int,
    first: I64,
    row: I32,
    start: I32,
    stop: I32,
    currency: I32,
    amount: I64,
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
    negative = np.zeros(accounts - begin, np.bool_)
    out_period = np.empty(room, np.int32)
    out_account = np.empty(room, np.int32)
    out_cell = np.empty(room, np.int32)
    out_kind = np.empty(room, np.int8)
    out_amount = np.empty((room, 2), np.int64)
    kept = 0
    widest = 0
    for a in range(begin, accounts):
        widest = max(widest, first[a + 1] - first[a])
    events = np.empty(2 * widest, np.int64)
    period_of = np.empty(edges[periods] - edges[0], np.int32)
    for p in range(periods):
        for d in range(edges[p] - edges[0], edges[p + 1] - edges[0]):
            period_of[d] = p
    cells_of = np.empty(widest, np.int64)
    local = np.full(cells, -1, np.int64)
    cell = np.empty(widest, np.int64)
    state = np.zeros((widest, 2), np.int64)
    before = np.zeros((widest, 2), np.int64)
    slice_local = np.full(slices, -1, np.int64)
    slice_of = np.empty(widest, np.int64)
    slice_before = np.zeros((widest, 3), np.int64)
    slice_after = np.zeros((widest, 3), np.int64)
    for a in range(begin, accounts):
        lo, hi = first[a], first[a + 1]
        if lo == hi:
            continue
        for s in range(lo, hi):
            piece = account_slice[a] * row_slices
            if row_slices > 1:
                piece += row_slice[row[s]]
            cells_of[s - lo] = piece * currencies + currency[s]
        count = collect(lo, hi, start, stop, events)
        if grace > 0 and count > 2:
            bridge(count, events, grace, lo, amount, cells_of, local, cell, state, currencies, opening_rates)
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
            today = day_of(events[i])
            if today >= edges[periods]:
                break
            here = period_of[today - edges[0]] if today >= edges[0] else -1
            if here > period:
                period = here
                open_paid = paid
                entry = -1
                for k in range(used):
                    before[k, 0], before[k, 1] = state[k, 0], state[k, 1]
            # every event of the period up to the next one
            last = edges[period + 1] if period >= 0 else edges[0]
            while i < count and day_of(events[i]) < last:
                today = day_of(events[i])
                while i < count and day_of(events[i]) == today:
                    place = span_of(events[i])
                    s = lo + place
                    c = cells_of[place]
                    if local[c] < 0:
                        local[c] = used
                        cell[used] = c
                        state[used, 0], state[used, 1] = 0, 0
                        before[used, 0], before[used, 1] = 0, 0
                        used += 1
                    k = local[c]
                    if events[i] & 1:
                        state[k, 0], state[k, 1] = wide.add(state[k, 0], state[k, 1], amount[s, 0], amount[s, 1])
                    else:
                        state[k, 0], state[k, 1] = wide.subtract(state[k, 0], state[k, 1], amount[s, 0], amount[s, 1])
                    i += 1
                if used == 1:  # as most accounts have: no rate has a say
                    value = wide.sign(state[0, 0], state[0, 1])
                elif open_paid or period < 0:
                    value = value_sign(used, cell, state, currencies, opening_rates, max(period, 0))
                else:
                    value = value_sign(used, cell, state, currencies, closing_rates, period)
                if value < 0:
                    negative[a - begin] = True
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
                            slice_after[touched, 0], slice_after[touched, 1], slice_after[touched, 2] = 0, 0, 0
                            touched += 1
                        t = slice_local[sl]
                        w0, w1, w2 = wide.weigh(state[k, 0], state[k, 1], opening_rates[0, cell[k] % currencies])
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
            if used == 1:
                # nor has any other slice
                c = cell[0]
                sl = c // currencies
                dlo, dhi = state[0, 0], state[0, 1]
                if not open_paid:
                    kind = entry if entry >= 0 else REACTIVATION
                    counts[C_NEW if kind == NEW else C_REACTIVATED, period, sl] += 1
                    counts[C_CLOSE, period, sl] += 1
                elif not paid:
                    kind = CHURN
                    counts[C_CHURNED, period, sl] += 1
                    counts[C_CLOSE, period, sl] -= 1
                    dlo, dhi = wide.negate(before[0, 0], before[0, 1])
                else:
                    dlo, dhi = wide.subtract(dlo, dhi, before[0, 0], before[0, 1])
                    if dlo == 0 and dhi == 0:
                        continue
                    kind = EXPANSION if dhi >= 0 else CONTRACTION
                change[period, c, 0], change[period, c, 1] = wide.add(
                    change[period, c, 0], change[period, c, 1], dlo, dhi
                )
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
                continue
            rates = opening_rates if open_paid else closing_rates
            touched = 0
            for k in range(used):
                sl = cell[k] // currencies
                if slice_local[sl] < 0:
                    slice_local[sl] = touched
                    slice_of[touched] = sl
                    slice_before[touched, 0], slice_before[touched, 1], slice_before[touched, 2] = 0, 0, 0
                    slice_after[touched, 0], slice_after[touched, 1], slice_after[touched, 2] = 0, 0, 0
                    touched += 1
                t = slice_local[sl]
                rate = rates[period, cell[k] % currencies]
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
    threads: int = 1,
) -> Net:
    """Sums of period-net movements over all accounts.

    Shapes: `edges` (periods + 1,) day numbers; rates (periods, currencies), whole numbers of one scale below 2**63.
    `window`: a return after more days is `new`; `grace`: a gap of at most so many days did not happen; `keep`: give the
    movements themselves too; `threads`: accounts are shared out, the sums are the same.
    """
    accounts = len(spans.accounts)
    shares = max(1, min(threads, accounts // 10_000))
    bounds = [accounts * i // shares for i in range(shares + 1)]

    def walk(begin: int, end: int) -> Net:
        room = 1024 if keep else 0
        while True:
            *parts, period, account, cell, kind, amount, kept = _net(
                begin, end, spans.first, spans.row, spans.start, spans.stop, spans.currency, spans.amount,
                cells.row_slice, cells.account_slice, cells.row_slices, cells.slices, cells.currencies,
                edges, opening_rates, closing_rates, window, grace, keep, room,
            )  # fmt: skip
            if kept <= room:
                return Net._make([*parts, (period[:kept], account[:kept], cell[:kept], kind[:kept], amount[:kept])])
            room = kept

    if shares == 1:
        return walk(0, accounts)
    with ThreadPoolExecutor(shares) as pool:
        return _joined(list(pool.map(walk, bounds[:-1], bounds[1:])))


def _joined(parts: list[Net]) -> Net:
    """The sums of walks over disjoint accounts, in their order."""
    whole = parts[0]
    for part in parts[1:]:
        whole = Net(
            wide.add_columns(whole.opening, part.opening),
            whole.customers_open + part.customers_open,
            wide.add_columns(whole.amounts, part.amounts),
            wide.add_columns(whole.change, part.change),
            whole.counts + part.counts,
            np.concatenate([whole.negative, part.negative]),
            tuple(np.concatenate(pair) for pair in zip(whole.lines, part.lines, strict=True)),  # type: ignore[arg-type]
        )
    return whole
