"""From versions of lines to spans: stretches of days on which a line adds a constant amount to its account's MRR.

A *line* is what can be paid for only once at a time: an item of a subscription, a contract, an invoice line. Its rows
are versions in time; where two overlap, the one with the later start is in force (docs/explanation/ledger.md). A row's
price may change inside it (discounts, pauses, trials, ramps): its *steps*. A span is a row or a step of it, cut to the
days on which the row is in force.

Hides: the order of rows, duplicates, overlaps. One pass over rows in account order; memory is a few words a span.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from tenure.core.sequences import wide

OPEN = np.int32(3_000_000)
"""The end of what has none, as a day number (the year 10183)."""

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
I8 = npt.NDArray[np.int8]


def owned(array: Any, dtype: Any) -> npt.NDArray[Any]:
    """The array as a kernel takes it: contiguous, of one type, writable: so it is compiled for one kind only."""
    return np.require(array, dtype, ["C", "W"])


def concatenated(columns: list[list[npt.NDArray[Any]]], threads: int) -> list[npt.NDArray[Any]]:
    """Each column's pieces as one array, several columns at a time."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(np.concatenate, columns))


class Rows(NamedTuple):
    """Versions of lines, in any order; every array has one entry a row."""

    account: I64
    line: I64
    key: I64
    """hash of the row's identity: equal keys are one row sent more than once"""
    recorded: I64
    start: I32
    stop: I32
    """first day without service; OPEN if there is none"""
    currency: I32
    price: I64
    """(rows, 2): per month, of a row without steps"""


class Steps(NamedTuple):
    """What rows are worth, by stretches of days; steps of one row stand together, in time order, without overlap.

    Most rows have none: they are worth their price from their start to their stop.
    """

    first: I64
    """row i owns the steps first[i] .. first[i + 1]"""
    start: I32
    stop: I32
    amount: I64
    """shape (steps, 2): low and high word of the amount per month, scaled by 10**12"""
    cause_start: I8
    cause_stop: I8
    discount: npt.NDArray[np.float64]
    """how much of the list price is taken off: only compared, never added"""


STEP_TYPES = (np.int64, np.int32, np.int32, np.int64, np.int8, np.int8, np.float64)


class Spans(NamedTuple):
    """Spans in account order: accounts[i] owns spans first[i] .. first[i + 1]."""

    accounts: I64
    """the account keys, ascending"""
    first: I64
    row: I32
    """the row of each span"""
    start: I32
    stop: I32
    currency: I32
    amount: I64
    cause_start: I8
    cause_stop: I8
    discount: npt.NDArray[np.float64]


def repeated(key: I64, recorded: I64) -> npt.NDArray[np.bool_]:
    """Which rows are a repetition of a row already there: of equal keys the first recorded one stays."""
    return _repeated(owned(key, np.int64), owned(recorded, np.int64))


@njit(cache=True, nogil=True)
def _repeated(key: I64, recorded: I64) -> npt.NDArray[np.bool_]:
    n = key.shape[0]
    out = np.zeros(n, np.bool_)
    size = 1
    while size < 2 * n + 2:
        size *= 2
    slot = np.full(size, -1, np.int64)
    mask = size - 1
    for i in range(n):
        at = (key[i] ^ (key[i] >> 32)) & mask
        while True:
            j = slot[at]
            if j < 0:
                slot[at] = i
                break
            if key[j] == key[i]:
                if recorded[i] < recorded[j]:
                    out[j] = True
                    slot[at] = i
                else:
                    out[i] = True
                break
            at = (at + 1) & mask
    return out


@njit(cache=True)
def _later(a: int, b: int, line: I64, start: I32, recorded: I64, worth: I64, stop: I32, key: I64) -> bool:
    """Does row a come after row b: by line, then by the rule of which version wins?"""
    if line[a] != line[b]:
        return bool(line[a] > line[b])
    if start[a] != start[b]:
        return bool(start[a] > start[b])
    if recorded[a] != recorded[b]:
        return bool(recorded[a] > recorded[b])
    if worth[a, 1] != worth[b, 1] or worth[a, 0] != worth[b, 0]:
        return wide.less(worth[b, 0], worth[b, 1], worth[a, 0], worth[a, 1])
    if stop[a] != stop[b]:
        return bool(stop[a] > stop[b])
    return bool(key[a] > key[b])


@njit(cache=True, nogil=True)
def _arrange(
    order: I64, lo: int, hi: int, scratch: I64, line: I64, start: I32, recorded: I64, worth: I64, stop: I32, key: I64
) -> None:
    """Sort order[lo:hi] by version: insertion for the few rows most accounts have, merging runs for the many."""
    run = 16
    at = lo
    while at < hi:
        end = min(at + run, hi)
        for i in range(at + 1, end):
            moving = order[i]
            j = i
            while j > at and _later(order[j - 1], moving, line, start, recorded, worth, stop, key):
                order[j] = order[j - 1]
                j -= 1
            order[j] = moving
        at = end
    while run < hi - lo:
        at = lo
        while at < hi:
            middle = min(at + run, hi)
            end = min(at + 2 * run, hi)
            i, j, k = at, middle, at
            while k < end:
                if i < middle and (j >= end or not _later(order[i], order[j], line, start, recorded, worth, stop, key)):
                    scratch[k] = order[i]
                    i += 1
                else:
                    scratch[k] = order[j]
                    j += 1
                k += 1
            at = end
        for k in range(lo, hi):
            order[k] = scratch[k]
        run *= 2


@njit(cache=True, nogil=True)
def _resolve(
    order: I64,
    account: I64,
    line: I64,
    key: I64,
    recorded: I64,
    start: I32,
    stop: I32,
    currency: I32,
    price: I64,
    worth: I64,
    sfirst: I64,
    sstart: I32,
    sstop: I32,
    samount: I64,
    scause_start: I8,
    scause_stop: I8,
    sdiscount: npt.NDArray[np.float64],
) -> tuple:  # type: ignore[type-arg]  # numba's own tuple of arrays
    n = order.shape[0]
    most = sstart.shape[0] + 2 * n
    row = np.empty(most, np.int32)
    out_start = np.empty(most, np.int32)
    out_stop = np.empty(most, np.int32)
    out_currency = np.empty(most, np.int32)
    amount = np.empty((most, 2), np.int64)
    cause_start = np.empty(most, np.int8)
    cause_stop = np.empty(most, np.int8)
    discount = np.empty(most, np.float64)
    overlapping = np.zeros(account.shape[0], np.bool_)
    accounts = np.empty(n, np.int64)
    first = np.empty(n + 1, np.int64)
    scratch = np.empty(n, np.int64)
    stack = np.empty(n, np.int64)
    spans = 0
    groups = 0
    at = 0
    while at < n:
        end = at + 1
        while end < n and account[order[end]] == account[order[at]]:
            end += 1
        accounts[groups] = account[order[at]]
        first[groups] = spans
        groups += 1
        if end - at > 1:
            _arrange(order, at, end, scratch, line, start, recorded, worth, stop, key)
        i = at
        while i < end:
            until = i + 1
            while until < end and line[order[until]] == line[order[i]]:
                until += 1
            # rows i .. until of one line, by start: the last one begun and not yet over is in force
            depth = 0
            today = start[order[i]]
            nxt = i
            while nxt < until or depth > 0:
                if depth == 0:
                    r = order[nxt]
                    nxt += 1
                    today = start[r]
                    stack[0] = r
                    depth = 1
                    continue
                r = stack[depth - 1]
                if stop[r] <= today:
                    depth -= 1
                    continue
                change = stop[r]
                begins = nxt < until and start[order[nxt]] < change
                if begins:
                    overlapping[r] = True
                    change = start[order[nxt]]
                if change > today:
                    plain = sfirst[r] == sfirst[r + 1]
                    for s in range(sfirst[r], sfirst[r + 1] + plain):
                        a, b = today, change
                        lo, hi = price[r, 0], price[r, 1]
                        if not plain:
                            a, b = max(sstart[s], today), min(sstop[s], change)
                            lo, hi = samount[s, 0], samount[s, 1]
                        if a >= b or (lo == 0 and hi == 0):
                            continue
                        row[spans] = r
                        out_start[spans] = a
                        out_stop[spans] = b
                        out_currency[spans] = currency[r]
                        amount[spans, 0] = lo
                        amount[spans, 1] = hi
                        cause_start[spans] = 0 if plain or a > sstart[s] else scause_start[s]
                        cause_stop[spans] = 0 if plain or b < sstop[s] else scause_stop[s]
                        discount[spans] = 0 if plain else sdiscount[s]
                        spans += 1
                today = change
                if begins:
                    stack[depth] = order[nxt]
                    depth += 1
                    nxt += 1
                else:
                    depth -= 1
            i = until
        at = end
    first[groups] = spans
    return (
        accounts[:groups],
        first[: groups + 1],
        row[:spans],
        out_start[:spans],
        out_stop[:spans],
        out_currency[:spans],
        amount[:spans],
        cause_start[:spans],
        cause_stop[:spans],
        discount[:spans],
        overlapping,
    )


def resolve(
    rows: Rows, steps: Steps, worth: I64, used: npt.NDArray[np.bool_], threads: int = 1
) -> tuple[Spans, npt.NDArray[np.bool_]]:
    """Spans of the rows marked `used`, and which rows give way to a version of their line that began later.

    `worth` (rows, 2) is the list price per month: it only decides between versions that start on one day and were
    recorded at one moment (the larger wins), so that the order of rows never matters. `threads`: accounts are shared
    out, the spans are the same.
    """
    order = np.flatnonzero(used & (rows.start < rows.stop))
    account = rows.account[order]
    if (account[1:] < account[:-1]).any():  # one file lies in account order, several may not
        order = order[np.argsort(account, kind="stable")]
    arrays = (
        owned(rows.account, np.int64),
        owned(rows.line, np.int64),
        owned(rows.key, np.int64),
        owned(rows.recorded, np.int64),
        owned(rows.start, np.int32),
        owned(rows.stop, np.int32),
        owned(rows.currency, np.int32),
        owned(rows.price, np.int64),
        owned(worth, np.int64),
        *(owned(part, dtype) for part, dtype in zip(steps, STEP_TYPES, strict=True)),
    )
    shares = _whole_accounts(order, arrays[0], threads)
    if len(shares) == 1:
        parts = [_resolve(shares[0], *arrays)]
    else:
        with ThreadPoolExecutor(len(shares)) as pool:
            parts = list(pool.map(lambda share: _resolve(share, *arrays), shares))
    first = [parts[0][1]]
    for part in parts[1:]:
        first.append(part[1][1:] + first[-1][-1])
    columns = concatenated([[part[k] for part in parts] for k in (0, *range(2, 10))], threads)
    spans = Spans(columns[0], np.concatenate(first), *columns[1:])
    return spans, np.logical_or.reduce([part[10] for part in parts])


def _whole_accounts(order: I64, account: I64, threads: int) -> list[I64]:
    """The rows in account order, cut into as many shares as threads, never inside an account."""
    shares = max(1, min(threads, len(order) // 100_000))
    cuts = []
    for i in range(1, shares):
        at = len(order) * i // shares
        while at < len(order) and account[order[at]] == account[order[at - 1]]:
            at += 1
        cuts.append(at)
    return [np.ascontiguousarray(part) for part in np.split(order, cuts)]
