"""The daily walk: one movement per account and day, with its reason and the rows that caused it.

The other view of the same walk is `net` (docs/explanation/ledger.md). Hides how a reason is found.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from tenure.core.sequences import wide
from tenure.core.sequences.prices import CAUSE_PAUSE, CAUSE_TRIAL, CAUSE_UNPAID
from tenure.core.sequences.spans import I32, I64, Spans
from tenure.core.sequences.walk import (
    CHURN,
    CONTRACTION,
    EXPANSION,
    NEW,
    NO_LIMIT,
    REACTIVATION,
    bridge,
    collect,
    day_of,
    span_of,
    value_sign,
)

REASONS = (
    "started", "ended", "plan", "term", "quantity", "discount", "price", "paused", "resumed", "trial", "involuntary",
)  # fmt: skip
(
    R_STARTED, R_ENDED, R_PLAN, R_TERM, R_QUANTITY, R_DISCOUNT, R_PRICE, R_PAUSED, R_RESUMED, R_TRIAL, R_INVOLUNTARY,
) = range(11)  # fmt: skip


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
    base: int,
    events: I64,
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
        while j < hi and line[row[base + span_of(events[j])]] == line[row[base + span_of(events[i])]]:
            s = base + span_of(events[j])
            worth = _rough(amount, s)
            size += worth if events[j] & 1 else -worth
            if events[j] & 1:
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
    currency: I32,
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
    events = np.empty(2 * widest, np.int64)
    cells_of = np.empty(widest, np.int64)
    local = np.full(currencies, -1, np.int64)
    cell = np.empty(currencies, np.int64)
    state = np.zeros((currencies, 2), np.int64)
    before = np.zeros((currencies, 2), np.int64)
    delta = np.zeros((currencies, 2), np.int64)
    for a in range(accounts):
        lo, hi = first[a], first[a + 1]
        for s in range(lo, hi):
            cells_of[s - lo] = currency[s]
        count = collect(lo, hi, start, stop, events)
        if grace > 0 and count > 2:
            bridge(count, events, grace, lo, amount, cells_of, local, cell, state, currencies, rates)
        used = 0
        ever = False
        paid = False
        left = 0
        month = -1
        open_paid = False
        i = 0
        while i < count:
            today = day_of(events[i])
            here = month
            while here + 2 < edges.shape[0] and today >= edges[here + 1]:
                here += 1
            if here > month:
                month = here
                open_paid = paid
            for k in range(used):
                before[k, 0], before[k, 1] = state[k, 0], state[k, 1]
            group = i
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
            valued = max(month, 0) if open_paid else max(month, 0) + 1
            now = value_sign(used, cell, state, currencies, rates, valued) > 0
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
                way = value_sign(used, cell, delta, currencies, rates, valued)
                if way == 0:
                    continue
                kind = EXPANSION if way > 0 else CONTRACTION
            out_account[moved], out_day[moved], out_kind[moved], out_month[moved] = a, today, kind, valued
            out_reason[moved] = _reason(
                group, i, lo, events, row, amount, cause_start, cause_stop, discount, line, plan, term, quantity
            )
            amount_first[moved], row_first[moved] = amounts, caused
            for k in range(used):
                if delta[k, 0] != 0 or delta[k, 1] != 0:
                    amount_currency[amounts] = cell[k]
                    out_amount[amounts, 0], out_amount[amounts, 1] = delta[k, 0], delta[k, 1]
                    amounts += 1
            for e in range(group, i):
                out_row[caused] = row[lo + span_of(events[e])]
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
            traits.line, traits.plan, traits.term, traits.quantity, spans.currency, currencies,
            edges, rates, since, until, window, grace,
        )
    )  # fmt: skip
