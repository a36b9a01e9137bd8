"""The discounts of every row, in the order the price kernel wants them. Hides how they find their lines.

A discount names a subscription. Percentages go to each of its rows; an amount is taken off once a subscription, however
many items it has (`prices.share_out`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.money import from_word_pair, to_words, words
from tenure.core.periods import add_months, day_date, day_number
from tenure.core.pricing import FACTORS
from tenure.core.sequences import prices
from tenure.core.sequences.spans import I8, I32, I64, OPEN, repeated
from tenure.warehouse.arrays import coded, days, numbers
from tenure.warehouse.measures import Condition
from tenure.warehouse.snapshot import Snapshot

Bools = npt.NDArray[np.bool_]


class Laid(NamedTuple):
    """What the price kernel needs beside list prices."""

    numerator: I64
    """per month = per billing period x numerator / denominator; 1 / 1 on rows without an amount discount"""
    denominator: I64
    lists: tuple[I64, I32, I32, I8, I64, I64, I64]
    """first, from, to, kind, kept, of, value: see prices.Lines"""


class _Known(NamedTuple):
    """The discounts a definition lets in."""

    key: I64
    start: I32
    stop: I32
    kind: I8
    keep: I64
    value: I64
    once: Bools
    """once, without an end: one billing period"""


class _Pairs(NamedTuple):
    """Discounts on rows: one entry a pair."""

    row: I64
    which: I64
    start: I32
    stop: I32


class Terms(NamedTuple):
    """Subscription rows as they are before discounts: days, list prices per month, CSR lists of pauses."""

    start: I32
    paid_from: I32
    """the start, or the end of the trial"""
    stop: I32
    price: I64
    pauses: tuple[I64, I32, I32]
    counts: Bools
    """false for a row that was sent before"""


def of_rows(snapshot: Snapshot, table: pa.Table, terms: Terms) -> Laid:
    """The discounts of subscription rows, given with their columns and terms."""
    rows = len(terms.start)
    numerator, denominator = np.ones(rows, np.int64), np.ones(rows, np.int64)
    known = _known(snapshot)
    if known is None or rows == 0:
        none = np.zeros(0, np.int64)
        day, kind = none.astype(np.int32), none.astype(np.int8)
        return Laid(
            numerator, denominator, (np.zeros(rows + 1, np.int64), day, day, kind, none, none, none.reshape(0, 2))
        )
    pairs = _pairs(table, known, terms)
    kind, keep, value = known.kind[pairs.which], known.keep[pairs.which], known.value[pairs.which]
    owner, begin, over = pairs.row, pairs.start, pairs.stop
    priced = np.unique(owner[kind == prices.AMOUNT])
    numerator[priced], denominator[priced] = _factors(table, priced)
    groups = _of_several_items(snapshot, table, priced[terms.counts[priced]])
    if groups:
        shares = _share_out(groups, table, known, pairs, terms, (numerator, denominator))
        shared = np.array([row for group in groups for row, _ in group], np.int64)
        stay = ~((kind == prices.AMOUNT) & np.isin(owner, shared))
        listed = np.array([s[:3] for s in shares], np.int64).reshape(-1, 3)
        owner = np.concatenate([owner[stay], listed[:, 0]])
        begin = np.concatenate([begin[stay], listed[:, 1]]).astype(np.int32)
        over = np.concatenate([over[stay], listed[:, 2]]).astype(np.int32)
        kind = np.concatenate([kind[stay], np.full(len(shares), prices.MONTHLY)]).astype(np.int8)
        keep = np.concatenate([keep[stay], np.ones((len(shares), 2), np.int64)])
        value = np.concatenate([value[stay], np.array([to_words(s[3]) for s in shares], np.int64).reshape(-1, 2)])
    first, order = prices.compress(owner, rows)
    lists = (first, begin[order], over[order], kind[order], keep[order, 0], keep[order, 1], value[order])
    return Laid(numerator, denominator, lists)


def let_in(snapshot: Snapshot, wanted: Sequence[str]) -> pa.Table | None:
    """Columns of the discounts that a definition lets in, in the order of the measure; None if it can let none in."""
    policy = snapshot.definition.discount_policy
    if policy == "none" or not snapshot.has("discounts"):
        return None
    where = [Condition("duration", "eq", "forever")] if policy == "forever" else []
    return snapshot.run("discount_rows", wanted, where)


def _known(snapshot: Snapshot) -> _Known | None:
    moved = snapshot.definition.timezone != snapshot.lake_timezone
    wanted = ["row_key", "recorded_at", "subscription_key", "kind", "value", "duration", "start", "end"]
    if moved:
        wanted += ["start_at", "end_at"]
    table = let_in(snapshot, wanted)
    if table is None or not table.num_rows:
        return None
    begin = days(snapshot, table, "start", -OPEN, moved)
    over = days(snapshot, table, "end", OPEN, moved)
    percent, amount, once = (
        np.asarray(pc.fill_null(pc.equal(table.column(c), v), False).to_numpy(), bool)
        for c, v in (("kind", "percent"), ("kind", "amount"), ("duration", "once"))
    )
    value = words(table.column("value"))
    usable = (percent | amount) & (begin < over) & (value[:, 1] >= 0)
    usable &= ~repeated(numbers(table.column("row_key")), numbers(table.column("recorded_at")))
    codes, shares = coded(table.column("value"))
    keep = np.array([_kept(share or Decimal(0)) for share in shares], np.int64)[codes]
    kind = np.where(percent, np.int8(prices.PERCENT), np.int8(prices.AMOUNT))
    key = numbers(table.column("subscription_key"))
    known = _Known(key, begin, over, kind, keep, value, once & (over == OPEN))
    return _Known._make(part[usable] for part in known)


def _kept(percent: Decimal) -> tuple[int, int]:
    """What is left after a percentage, as a fraction a kernel can use (exact to 9 decimals)."""
    left = max(Fraction(0), 1 - Fraction(percent) / 100).limit_denominator(2_000_000_000)
    return left.numerator, left.denominator


def _pairs(table: pa.Table, known: _Known, terms: Terms) -> _Pairs:
    """All pairs (row, discount) of one subscription, in the order of rows."""
    keys = numbers(table.column("subscription_key"))
    order = np.argsort(known.key, kind="stable")
    named, begin_of, times = np.unique(known.key[order], return_index=True, return_counts=True)
    maybe = np.zeros(1 << 20, bool)
    maybe[named & 0xFFFFF] = True
    candidates = np.flatnonzero(maybe[keys & 0xFFFFF])
    place = np.minimum(np.searchsorted(named, keys[candidates]), len(named) - 1)
    found = named[place] == keys[candidates]
    candidates, low, count = candidates[found], begin_of[place[found]], times[place[found]]
    row = np.repeat(candidates, count).astype(np.int64)
    offset = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    which = order[np.repeat(low, count) + offset].astype(np.int64)
    begin, over = known.start[which], known.stop[which]
    account = numbers(table.column("account_key"))
    for pair in np.flatnonzero(known.once[which]):
        if begin[pair] == -OPEN:  # from the beginning of the subscription, not of each of its versions
            same = row[(which == which[pair]) & terms.counts[row]]
            begin[pair] = terms.start[same[account[same] == account[row[pair]]]].min(initial=terms.start[row[pair]])
        anchor = day_date(int(begin[pair]))
        begin[pair] = day_number(anchor)
        over[pair] = day_number(_one_period_after(anchor, table, int(row[pair])))
    return _Pairs(row, which, begin, over)


def _one_period_after(anchor: date, table: pa.Table, row: int) -> date:
    """The day one billing period of a row after `anchor`."""
    interval = table.column("interval")[row].as_py()
    count = max(int(table.column("interval_count")[row].as_py() or 1), 1)
    if interval in ("month", "year"):
        return add_months(anchor, count * (12 if interval == "year" else 1))
    return anchor + timedelta(days=count * (7 if interval == "week" else 1))


def _factors(table: pa.Table, rows: I64) -> tuple[I64, I64]:
    """Month factors of some rows; 0 / 1 for an unknown interval."""
    code, names = coded(table.column("interval").take(pa.array(rows)))
    factors = [FACTORS.get(name, Fraction(0)) for name in names]
    parts = np.array([(f.numerator, f.denominator) for f in factors], np.int64).reshape(-1, 2)
    counts = numbers(pc.fill_null(table.column("interval_count").take(pa.array(rows)), 1))
    return parts[code, 0], parts[code, 1] * np.maximum(counts, 1)


def _of_several_items(snapshot: Snapshot, table: pa.Table, rows: I64) -> list[list[tuple[int, str]]]:
    """Of the rows with an amount discount, the subscriptions of several items, as lists of (row, item)."""
    keys = numbers(table.column("subscription_key"))[rows]
    account = numbers(table.column("account_key"))[rows]
    line = numbers(table.column("line_key"))[rows]
    order = np.lexsort((account, keys))
    same = (keys[order][1:] == keys[order][:-1]) & (account[order][1:] == account[order][:-1])
    mixed = same & (line[order][1:] != line[order][:-1])
    if not mixed.any():
        return []
    several = set(zip(keys[order][1:][mixed].tolist(), account[order][1:][mixed].tolist(), strict=True))
    items = snapshot.run("subscription_rows", ["row_key", "item"], [Condition("item", "set", None)])
    names: Mapping[int, str] = dict(zip(items["row_key"].to_pylist(), items["item"].to_pylist(), strict=True))
    row_keys = numbers(table.column("row_key"))[rows]
    out: dict[tuple[int, int], list[tuple[int, str]]] = {}
    for row, k, a, row_key in zip(rows.tolist(), keys.tolist(), account.tolist(), row_keys.tolist(), strict=True):
        if (k, a) in several:
            out.setdefault((k, a), []).append((row, names.get(row_key, "main")))
    return list(out.values())


def _share_out(
    groups: list[list[tuple[int, str]]],
    table: pa.Table,
    known: _Known,
    pairs: _Pairs,
    terms: Terms,
    factors: tuple[I64, I64],
) -> list[tuple[int, int, int, int]]:
    """What each row of the groups bears of its subscription's amount discounts: (row, start, stop, per month)."""
    recorded, key = numbers(table.column("recorded_at")), numbers(table.column("row_key"))
    first, pause_from, pause_to = terms.pauses
    shares = []
    for group in groups:
        versions = []
        for row, item in group:
            paused = slice(int(first[row]), int(first[row + 1]))
            versions.append(
                prices.Version(
                    row,
                    item,
                    int(terms.start[row]),
                    int(terms.stop[row]),
                    from_word_pair(*terms.price[row].tolist()),
                    int(factors[0][row]),
                    int(factors[1][row]),
                    int(recorded[row]),
                    int(key[row]),
                    int(terms.paid_from[row]),
                    tuple(zip(pause_from[paused].tolist(), pause_to[paused].tolist(), strict=True)),
                )
            )
        found: dict[int, prices.Discount] = {}
        for pair in np.flatnonzero(np.isin(pairs.row, [row for row, _ in group])).tolist():
            d = int(pairs.which[pair])
            kept = (int(known.keep[d, 0]), int(known.keep[d, 1]))
            worth = from_word_pair(*known.value[d].tolist())
            span = int(pairs.start[pair]), int(pairs.stop[pair])
            found[d] = prices.Discount(int(known.kind[d]), *span, kept, worth)
        shares += prices.share_out(versions, list(found.values()))
    return shares
