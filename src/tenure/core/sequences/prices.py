"""What a line is worth on which days: list price, trials, pauses and discounts laid over one another.

Percentages come first (they multiply), then amounts, never below 0. Results are rounded half to even at 12 decimals.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from tenure.core.sequences import wide
from tenure.core.sequences.spans import I8, I32, I64, Steps, concatenated, owned

PERCENT, AMOUNT, MONTHLY = 0, 1, 2
"""Kinds of discount: a share, an amount per billing period, an amount per month already shared out to the row."""

CAUSE_NONE, CAUSE_TRIAL, CAUSE_PAUSE, CAUSE_UNPAID, CAUSE_CANCELLED = range(5)
"""Why a step begins or ends where it does, beside the row's own start and end."""


class Lines(NamedTuple):
    """Rows before their prices are laid out; arrays of one entry a row, CSR lists of pauses and discounts."""

    start: I32
    """first paid day: the start, or the end of the trial"""
    stop: I32
    list_price: I64
    """(rows, 2): per month"""
    numerator: I64
    """per month = per billing period * numerator / denominator"""
    denominator: I64
    cause_start: I8
    cause_stop: I8
    pause_first: I64
    pause_from: I32
    pause_to: I32
    discount_first: I64
    discount_from: I32
    discount_to: I32
    discount_kind: I8
    discount_numerator: I64
    """PERCENT: what is kept, as a fraction"""
    discount_denominator: I64
    discount_value: I64
    """(discounts, 2): AMOUNT per billing period, MONTHLY per month"""


@njit(cache=True)
def _sort(values: I64, count: int) -> None:
    """A heap sort: as quick as any for a handful of days, bounded for a thousand, and small to compile."""
    for step in range(count // 2 - 1 + count, 0, -1):
        root, end = (step - count, count) if step >= count else (0, step)
        if step < count:
            values[0], values[step] = values[step], values[0]
        while 2 * root + 1 < end:
            child = 2 * root + 1
            if child + 1 < end and values[child + 1] > values[child]:
                child += 1
            if values[child] <= values[root]:
                break
            values[child], values[root] = values[root], values[child]
            root = child


@njit(cache=True)
def _net(
    lo: int,
    hi: int,
    day: int,
    first: int,
    last: int,
    numerator: int,
    denominator: int,
    discount_from: I32,
    discount_to: I32,
    kind: I8,
    keep: I64,
    of: I64,
    value: I64,
) -> tuple[int, int]:
    """The price per month on `day` after the discounts first .. last."""
    debit = wide.sign(lo, hi) < 0
    for d in range(first, last):
        if kind[d] == PERCENT and discount_from[d] <= day < discount_to[d]:
            lo, hi, _ = wide.scale(lo, hi, keep[d], of[d])
    if debit:
        return lo, hi
    for d in range(first, last):
        if kind[d] != PERCENT and discount_from[d] <= day < discount_to[d]:
            vlo, vhi = value[d, 0], value[d, 1]
            if kind[d] == AMOUNT:
                vlo, vhi, _ = wide.scale(vlo, vhi, numerator, denominator)
            lo, hi = wide.subtract(lo, hi, vlo, vhi)
    if wide.sign(lo, hi) < 0:
        return 0, 0
    return lo, hi


@njit(cache=True, nogil=True)
def _lay(
    begin: int,
    end: int,
    start: I32,
    stop: I32,
    price: I64,
    numerator: I64,
    denominator: I64,
    cause_start: I8,
    cause_stop: I8,
    pause_first: I64,
    pause_from: I32,
    pause_to: I32,
    discount_first: I64,
    discount_from: I32,
    discount_to: I32,
    kind: I8,
    keep: I64,
    of: I64,
    value: I64,
) -> tuple:  # type: ignore[type-arg]  # numba's own tuple of arrays
    n = end - begin
    most, longest = 0, 0
    for i in range(begin, end):
        listed = pause_first[i + 1] - pause_first[i] + discount_first[i + 1] - discount_first[i]
        if listed > 0 or cause_start[i] != CAUSE_NONE or cause_stop[i] != CAUSE_NONE:
            most += 1 + 2 * listed
            longest = max(longest, 2 + 2 * listed)
    cuts = np.empty(longest, np.int64)
    first = np.zeros(n + 1, np.int64)
    out_start = np.empty(most, np.int32)
    out_stop = np.empty(most, np.int32)
    amount = np.empty((most, 2), np.int64)
    out_cause_start = np.zeros(most, np.int8)
    out_cause_stop = np.zeros(most, np.int8)
    discounted = np.zeros(most, np.float64)
    count = 0
    for i in range(begin, end):
        first[i - begin] = count
        p0, p1 = pause_first[i], pause_first[i + 1]
        d0, d1 = discount_first[i], discount_first[i + 1]
        if p0 == p1 and d0 == d1 and cause_start[i] == CAUSE_NONE and cause_stop[i] == CAUSE_NONE:
            continue
        if p0 == p1 and d0 == d1 and start[i] < stop[i]:
            out_start[count], out_stop[count] = start[i], stop[i]
            amount[count, 0], amount[count, 1] = price[i, 0], price[i, 1]
            out_cause_start[count], out_cause_stop[count] = cause_start[i], cause_stop[i]
            count += 1
            continue
        cuts[0], cuts[1] = start[i], stop[i]
        k = 2
        for p in range(p0, p1):
            cuts[k], cuts[k + 1] = pause_from[p], pause_to[p]
            k += 2
        for d in range(d0, d1):
            cuts[k], cuts[k + 1] = discount_from[d], discount_to[d]
            k += 2
        _sort(cuts, k)
        before = CAUSE_NONE
        for c in range(k - 1):
            a, b = cuts[c], cuts[c + 1]
            if a >= b or a < start[i] or b > stop[i]:
                continue
            paused = False
            for p in range(p0, p1):
                if pause_from[p] <= a < pause_to[p]:
                    paused = True
            if paused:
                if count > first[i - begin] and out_stop[count - 1] == a:
                    out_cause_stop[count - 1] = CAUSE_PAUSE
                before = CAUSE_PAUSE
                continue
            lo, hi = _net(
                price[i, 0], price[i, 1], a, d0, d1, numerator[i], denominator[i],
                discount_from, discount_to, kind, keep, of, value,
            )  # fmt: skip
            same = count > first[i - begin] and out_stop[count - 1] == a and amount[count - 1, 0] == lo
            if same and amount[count - 1, 1] == hi:
                out_stop[count - 1] = b
            else:
                out_start[count] = a
                out_stop[count] = b
                amount[count, 0] = lo
                amount[count, 1] = hi
                out_cause_start[count] = cause_start[i] if a == start[i] else before
                glo, ghi = wide.subtract(price[i, 0], price[i, 1], lo, hi)
                discounted[count] = np.float64(ghi) * 18446744073709551616.0 + np.float64(np.uint64(glo))
                count += 1
            before = CAUSE_NONE
            if b == stop[i]:
                out_cause_stop[count - 1] = cause_stop[i]
        if count == first[i - begin]:  # paid on no day at all: one step that is worth nothing
            out_start[count], out_stop[count] = start[i], stop[i]
            amount[count, 0], amount[count, 1] = 0, 0
            count += 1
    first[n] = count
    return (
        first,
        out_start[:count],
        out_stop[:count],
        amount[:count],
        out_cause_start[:count],
        out_cause_stop[:count],
        discounted[:count],
    )


LINE_TYPES = (
    np.int32, np.int32, np.int64, np.int64, np.int64, np.int8, np.int8, np.int64, np.int32, np.int32,
    np.int64, np.int32, np.int32, np.int8, np.int64, np.int64, np.int64,
)  # fmt: skip


def lay(lines: Lines, threads: int = 1) -> Steps:
    """The steps of the rows with a trial, a pause, a discount or a cause to end; the others have none.

    `threads`: rows are shared out, the steps are the same.
    """
    arrays = [owned(part, dtype) for part, dtype in zip(lines, LINE_TYPES, strict=True)]
    rows = len(lines.start)
    shares = max(1, min(threads, rows // 100_000))
    bounds = [rows * i // shares for i in range(shares + 1)]
    if shares == 1:
        return Steps(*_lay(0, rows, *arrays))
    with ThreadPoolExecutor(shares) as pool:
        parts = list(pool.map(lambda begin, end: _lay(begin, end, *arrays), bounds[:-1], bounds[1:]))
    return joined([Steps(*part) for part in parts], threads)


def joined(parts: list[Steps], threads: int = 1) -> Steps:
    """The steps of rows that stand one after the other."""
    first = [parts[0].first]
    for part in parts[1:]:
        first.append(part.first[1:] + first[-1][-1])
    rest = concatenated([[part[k] for part in parts] for k in range(1, len(Steps._fields))], threads)
    return Steps(np.concatenate(first), *rest)


class Discount(NamedTuple):
    """One discount of a subscription, with whole-number money (scaled by 10**12)."""

    kind: int
    start: int
    stop: int
    keep: tuple[int, int]
    value: int


class Version(NamedTuple):
    """One row of a subscription of several items, for sharing out an amount."""

    row: int
    item: str
    start: int
    stop: int
    price: int
    numerator: int
    denominator: int
    recorded: int
    key: int
    paid_from: int
    """the start, or the end of the trial"""
    pauses: tuple[tuple[int, int], ...]

    def is_paid(self, day: int) -> bool:
        """In force on `day`, is it neither in trial nor paused?"""
        return day >= self.paid_from and not any(a <= day < b for a, b in self.pauses)


def share_out(versions: list[Version], discounts: list[Discount]) -> list[tuple[int, int, int, int]]:
    """How much of a subscription's amount discounts each of its rows bears, as (row, start, stop, per month).

    An amount is taken off once a subscription, not once an item: from the item `main` first, then from the others in
    the order of their names, each down to 0. On each day the version of an item that wins (spans.resolve) speaks for
    it; one in trial or paused costs nothing, so there is nothing to take off.
    """
    days = {d for v in versions for d in (v.start, v.stop, v.paid_from, *(p for pause in v.pauses for p in pause))}
    cuts = sorted(days | {d for x in discounts for d in (x.start, x.stop)})
    shares: list[tuple[int, int, int, int]] = []
    for a, b in pairwise(cuts):
        in_force: dict[str, Version] = {}
        for v in sorted((v for v in versions if v.start <= a < v.stop), key=_precedence):
            in_force[v.item] = v
        items = sorted((v for v in in_force.values() if v.is_paid(a)), key=lambda v: (v.item != "main", v.item))
        if not items:
            continue
        active = [x for x in discounts if x.start <= a < x.stop]
        left = sum(_ratio(x.value, items[0].numerator, items[0].denominator) for x in active if x.kind == AMOUNT)
        for v in items:
            price = v.price
            for x in active:
                if x.kind == PERCENT:
                    price = _ratio(price, *x.keep)
            taken = max(0, min(price, left))
            if taken:
                shares.append((v.row, a, b, taken))
                left -= taken
    return shares


def _precedence(v: Version) -> tuple[int, ...]:
    """Of overlapping versions the one last in this order is in force: the order of spans.resolve."""
    return v.start, v.recorded, v.price, v.stop, v.key


def _ratio(amount: int, numerator: int, denominator: int) -> int:
    """amount * numerator / denominator, rounded half to even."""
    quotient, rest = divmod(amount * numerator, denominator)
    twice = 2 * rest
    return quotient + (1 if twice > denominator or (twice == denominator and quotient % 2) else 0)


def empty_lists(rows: int) -> tuple[I64, I32, I32]:
    """The CSR lists of rows without pauses."""
    return np.zeros(rows + 1, np.int64), np.empty(0, np.int32), np.empty(0, np.int32)


def compress(owner: npt.NDArray[np.int64], rows: int) -> tuple[I64, npt.NDArray[np.int64]]:
    """CSR starts of a list of entries by their row, and the order that puts the entries there."""
    order = np.argsort(owner, kind="stable")
    return np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=rows))]).astype(np.int64), order
