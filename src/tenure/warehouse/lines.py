"""From the lake's rows to lines with prices: what the ledger is built from. Hides columns, currencies, merged accounts.

Subscriptions and contracts add up; with `revenue_source` = invoices, the lines of invoices stand for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.hashing import stable_hash
from tenure.core.money import from_word_pair, to_words, words
from tenure.core.periods import add_months, day_date, day_number
from tenure.core.sequences import prices
from tenure.core.sequences.prices import Lines
from tenure.core.sequences.spans import I8, I32, I64, OPEN, Steps, repeated
from tenure.warehouse.measures import Condition, columns
from tenure.warehouse.snapshot import Snapshot

TABLES = ("subscriptions", "contracts", "invoice_lines", "discounts", "accounts", "fx_rates")
FIELDS = ("plan", "product", "currency", "interval", "item")
"""Fields of rows that a question may slice by or select."""

NONE = "(none)"
_FACTORS = {"month": (1, 1), "year": (1, 12), "week": (52, 12), "day": (365, 12)}
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Read:
    """Every known row as arrays, with its steps."""

    row_key: I64
    account: I64
    line: I64
    recorded: I64
    start: I32
    stop: I32
    worth: I64
    currency: I32
    valued: Bools
    steps: Steps
    currencies: tuple[str, ...]
    parts: tuple[tuple[str, int], ...]


def measures_of(snapshot: Snapshot) -> list[str]:
    """The measures whose rows make the ledger."""
    if snapshot.definition.revenue_source == "invoices":
        return ["invoice_rows"] if snapshot.has("invoice_lines") else []
    wanted = [("subscriptions", "subscription_rows"), ("contracts", "contract_rows")]
    return [measure for table, measure in wanted if snapshot.has(table)]


def conditions_for(measure: str, where: Sequence[Condition]) -> list[Condition] | None:
    """The conditions as the measure can apply them; None if none of its rows can meet them all.

    A field that a table does not have reads as (none) on its rows.
    """
    out = [Condition("type", "eq", "subscription")] if measure == "invoice_rows" else []
    for condition in where:
        if condition.column in columns(measure):
            out.append(condition)
        elif not meets(NONE, condition):
            return None
    return out


def meets(value: str, condition: Condition) -> bool:
    """Does a text meet a condition? `(none)` stands for nothing."""
    given = condition.value
    listed = [str(v) for v in given] if isinstance(given, (list, tuple)) else [str(given)]
    if condition.op in ("eq", "in"):
        return value in listed
    if condition.op == "ne":
        return value not in listed
    if condition.op == "set":
        return value != NONE
    if condition.op == "not_set":
        return value == NONE
    if condition.op == "contains":
        return str(given) in value
    try:
        left, right = Fraction(value), Fraction(str(given))
    except ValueError:
        return value > str(given) if condition.op == "gt" else value < str(given)
    return left > right if condition.op == "gt" else left < right


def read_column(snapshot: Snapshot, measure: str, where: Sequence[Condition], column: str) -> pa.ChunkedArray:
    """One column of the rows that `read` reads of a measure, in the same order."""
    found = conditions_for(measure, where)
    if found is None:
        return pa.chunked_array([pa.array([], pa.string())])
    if column in columns(measure):
        return snapshot.run(measure, [column], found).column(column)
    return pa.chunked_array([pa.nulls(snapshot.run(measure, ["row_key"], found).num_rows, pa.string())])


def read(snapshot: Snapshot, where: Sequence[Condition]) -> Read:
    """All rows of the ledger under the snapshot's definition."""
    parts = []
    for measure in measures_of(snapshot):
        found = conditions_for(measure, where)
        if found is not None:
            parts.append((measure, _part(snapshot, measure, found)))
    keys = [_account_keys(snapshot, p["account_key"]) for _, p in parts]
    codes, currencies = _currency_codes([p["currency"] for _, p in parts], snapshot.definition.reporting_currency)
    priceless = np.array([not snapshot.rates.known(c) for c in currencies], bool)
    return Read(
        _joined([_numbers(p["row_key"]) for _, p in parts], np.int64),
        _joined(keys, np.int64),
        _joined([_numbers(p["line_key"]) for _, p in parts], np.int64),
        _joined([_numbers(p["recorded_at"]) for _, p in parts], np.int64),
        _joined([p["start"] for _, p in parts], np.int32),
        _joined([p["stop"] for _, p in parts], np.int32),
        _joined([p["worth"] for _, p in parts], np.int64, 2),
        codes,
        ~priceless[codes],
        _steps([p["steps"] for _, p in parts]),
        tuple(currencies),
        tuple((m, len(p["start"])) for m, p in parts),
    )


# ---------------------------------------------------------------------------------------------------- one table


def _part(snapshot: Snapshot, measure: str, where: Sequence[Condition]) -> dict[str, Any]:
    if measure == "subscription_rows":
        return _subscriptions(snapshot, where)
    if measure == "contract_rows":
        return _contracts(snapshot, where)
    return _invoice_lines(snapshot, where)


def _subscriptions(snapshot: Snapshot, where: Sequence[Condition]) -> dict[str, Any]:
    definition = snapshot.definition
    moved = snapshot.definition.timezone != snapshot.lake_timezone
    days = ["start", "end", "trial_end", "unpaid"]
    if definition.churn_recognition == "cancel_request":
        days.append("cancelled")
    wanted = ["row_key", "account_key", "line_key", "subscription_key", "recorded_at", "mrr", "currency"]
    wanted += ["interval", "interval_count", *days]
    if definition.pause_policy == "zero":
        wanted.append("pauses")
    if moved:
        wanted += [f"{d}_at" for d in days]
    table = snapshot.run("subscription_rows", wanted, where)
    start = _days(snapshot, table, "start", OPEN, moved)
    end = _days(snapshot, table, "end", OPEN, moved)
    unpaid = _days(snapshot, table, "unpaid", OPEN, moved)
    stop = np.minimum(end, unpaid)
    cause_stop = np.where(unpaid < end, np.int8(prices.CAUSE_UNPAID), np.int8(0))
    if "cancelled" in days:
        cancelled = _days(snapshot, table, "cancelled", OPEN, moved)
        cause_stop = np.where(cancelled < stop, np.int8(prices.CAUSE_CANCELLED), cause_stop)
        stop = np.minimum(stop, cancelled)
    trial = _days(snapshot, table, "trial_end", -OPEN, moved)
    price = words(table.column("mrr"))
    rows = len(start)
    pauses = _pauses(table.column("pauses"), rows) if "pauses" in wanted else prices.empty_lists(rows)
    numerator, denominator = _factors(table, rows)
    discounts = _discounts(snapshot, table, start, stop, price, numerator, denominator)
    steps = prices.lay(
        Lines._make(
            (
                np.maximum(start, trial),
                stop,
                price,
                numerator,
                denominator,
                np.where(trial > start, np.int8(prices.CAUSE_TRIAL), np.int8(0)),
                cause_stop,
                *pauses,
                *discounts,
            )
        )
    )
    return {**{c: table.column(c) for c in wanted}, "start": start, "stop": stop, "worth": price, "steps": steps}


def _contracts(snapshot: Snapshot, where: Sequence[Condition]) -> dict[str, Any]:
    moved = snapshot.definition.timezone != snapshot.lake_timezone
    wanted = ["row_key", "account_key", "line_key", "recorded_at", "start", "end", "mrr", "currency", "schedule"]
    if moved:
        wanted += ["start_at", "end_at"]
    table = snapshot.run("contract_rows", wanted, where)
    start = _days(snapshot, table, "start", OPEN, moved)
    stop = _days(snapshot, table, "end", start, moved)
    price = words(table.column("mrr"))
    ramps = {}
    schedule = table.column("schedule")
    if schedule.null_count < len(schedule):
        ramps = {i: steps for i, steps in enumerate(schedule.to_pylist()) if steps}
    counts = np.ones(len(start), np.int64)
    counts[list(ramps)] = [len(steps) for steps in ramps.values()]
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    at = first[:-1]
    total = int(first[-1])
    s_start, s_stop = np.empty(total, np.int32), np.empty(total, np.int32)
    amount = np.zeros((total, 2), np.int64)
    s_start[at], s_stop[at], amount[at] = start, stop, price
    for i, steps in ramps.items():
        for k, step in enumerate(sorted(steps, key=lambda s: s["from"] or day_date(0))):
            there = at[i] + k
            usable = step["from"] is not None and step["to"] is not None and step["mrr"] is not None
            s_start[there] = day_number(step["from"]) if usable else 0
            s_stop[there] = day_number(step["to"]) if usable else 0
            amount[there] = to_words(int(step["mrr"].scaleb(12))) if usable else (0, 0)
    zero = np.zeros(total, np.int8)
    steps_of = Steps(first, s_start, s_stop, amount, zero, zero, np.zeros(total))
    return {**{c: table.column(c) for c in wanted}, "start": start, "stop": stop, "worth": price, "steps": steps_of}


def _invoice_lines(snapshot: Snapshot, where: Sequence[Condition]) -> dict[str, Any]:
    moved = snapshot.definition.timezone != snapshot.lake_timezone
    wanted = ["row_key", "account_key", "line_key", "recorded_at", "period_start", "period_end", "mrr", "currency"]
    if moved:
        wanted += ["period_start_at", "period_end_at"]
    table = snapshot.run("invoice_rows", wanted, where)
    start = _days(snapshot, table, "period_start", OPEN, moved)
    stop = _days(snapshot, table, "period_end", start, moved)
    price = words(table.column("mrr"))
    rows = len(start)
    zero = np.zeros(rows, np.int8)
    steps = Steps(np.arange(rows + 1), start, stop, price, zero, zero, np.zeros(rows))
    return {**{c: table.column(c) for c in wanted}, "start": start, "stop": stop, "worth": price, "steps": steps}


# ------------------------------------------------------------------------------------------------------- pieces


def _numbers(column: pa.ChunkedArray) -> I64:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    return np.asarray(column.to_numpy(), np.int64)


def _joined(arrays: list[Any], dtype: Any, width: int = 0) -> Any:
    if len(arrays) == 1:
        return np.ascontiguousarray(arrays[0], dtype)
    if not arrays:
        return np.zeros((0, width) if width else 0, dtype)
    return np.concatenate(arrays).astype(dtype)


def _steps(parts: list[Steps]) -> Steps:
    if len(parts) == 1:
        return parts[0]
    if not parts:
        none = np.zeros(0, np.int32)
        return Steps(
            np.zeros(1, np.int64), none, none, np.zeros((0, 2), np.int64), none.astype(np.int8), none.astype(np.int8),
            np.zeros(0),
        )  # fmt: skip
    first = [parts[0].first]
    for part in parts[1:]:
        first.append(part.first[1:] + first[-1][-1])
    rest = [np.concatenate([part[k] for part in parts]) for k in range(1, len(Steps._fields))]
    return Steps(np.concatenate(first), *rest)


def _days(snapshot: Snapshot, table: pa.Table, name: str, missing: Any, moved: bool) -> I32:
    """A day column as numbers, made again from its moments if the definition counts days in another time zone."""
    column = table.column(name)
    days = np.asarray(pc.fill_null(column.cast(pa.int32()), 0).to_numpy(), np.int32)
    if column.null_count:
        empty = np.asarray(pc.is_null(column).to_numpy(), bool)
        days = np.where(empty, missing, days).astype(np.int32)
    if moved:
        moments = table.column(f"{name}_at")
        if moments.null_count < len(moments):
            local = pc.local_timestamp(moments.cast(pa.timestamp("us", tz=snapshot.definition.timezone)))
            again = local.cast(pa.int64())
            of_day = pc.floor(pc.divide(again.cast(pa.float64()), 86_400e6)).cast(pa.int32())
            numbers = np.asarray(pc.fill_null(of_day, 0).to_numpy(), np.int32)
            if name.endswith("end") and name != "trial_end":
                second = np.asarray(pc.fill_null(again, 0).to_numpy(), np.int64) // 1_000_000 % 86_400
                numbers = numbers + (second == 86_399)
            given = np.asarray(pc.is_valid(moments).to_numpy(), bool)
            days = np.where(given, numbers, days).astype(np.int32)
    return days


def _pauses(column: pa.ChunkedArray, rows: int) -> tuple[I64, I32, I32]:
    if column.null_count == rows:
        return prices.empty_lists(rows)
    lists = column.combine_chunks()
    if isinstance(lists, pa.ChunkedArray):
        lists = pa.concat_arrays(lists.chunks)
    owner = np.asarray(pc.list_parent_indices(lists).to_numpy(), np.int64)
    flat = pc.list_flatten(lists)
    begin = pc.fill_null(flat.field("from").cast(pa.int32()), int(OPEN))
    over = pc.fill_null(flat.field("to").cast(pa.int32()), int(OPEN))
    first = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=rows))]).astype(np.int64)
    return first, np.asarray(begin.to_numpy(), np.int32), np.asarray(over.to_numpy(), np.int32)


def _factors(table: pa.Table, rows: int) -> tuple[I64, I64]:
    """Per month = per billing period x numerator / denominator; 0 / 1 for an unknown interval."""
    encoded = pc.fill_null(table.column("interval"), "").combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    names = encoded.dictionary.to_pylist()
    numerators = np.array([_FACTORS.get(n, (0, 1))[0] for n in names] or [0], np.int64)
    denominators = np.array([_FACTORS.get(n, (0, 1))[1] for n in names] or [1], np.int64)
    code = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), np.int64)
    count = np.maximum(np.asarray(pc.fill_null(table.column("interval_count"), 1).to_numpy(), np.int64), 1)
    if rows == 0:
        return np.zeros(0, np.int64), np.ones(0, np.int64)
    return numerators[code], denominators[code] * count


def _currency_codes(chunks: list[pa.ChunkedArray], reporting: str) -> tuple[I32, list[str]]:
    """Codes of currencies; the reporting currency is always 0."""
    names = [reporting]
    codes = []
    for column in chunks:
        encoded = pc.fill_null(column, reporting).combine_chunks().dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        listed = encoded.dictionary.to_pylist()
        names += [n for n in listed if n not in names]
        table = np.array([names.index(n) for n in listed] or [0], np.int32)
        codes.append(table[np.asarray(encoded.indices.to_numpy(zero_copy_only=False), np.int64)])
    return _joined(codes, np.int32), names


def _account_keys(snapshot: Snapshot, column: pa.ChunkedArray) -> I64:
    """Account keys, with those of merged accounts replaced by the account they ended in."""
    keys = _numbers(column)
    roots = merged_roots(snapshot)
    if not roots or not len(keys):
        return keys
    children = np.array(sorted(roots), np.int64)
    targets = np.array([roots[k] for k in children.tolist()], np.int64)
    place = np.minimum(np.searchsorted(children, keys), len(children) - 1)
    return np.where(children[place] == keys, targets[place], keys)


def merged_roots(snapshot: Snapshot) -> dict[int, int]:
    """Account key -> key of the account it was merged into in the end; a circle ends at its smallest key."""
    if not snapshot.has("accounts"):
        return {}
    table = snapshot.known(None).run(
        "account_rows", ["account_key", "merged_into"], [Condition("merged_into", "set", None)]
    )
    if not table.num_rows:
        return {}
    into = dict(zip(table["account_key"].to_pylist(), stable_hash(table["merged_into"]).tolist(), strict=True))
    roots = {}
    for key in into:
        seen = [key]
        while seen[-1] in into and into[seen[-1]] not in seen:
            seen.append(into[seen[-1]])
        circle = into.get(seen[-1])
        root = seen[-1] if circle is None else min(seen[seen.index(circle) :])
        if root != key:
            roots[key] = root
    return roots


# ---------------------------------------------------------------------------------------------------- discounts


def _discounts(
    snapshot: Snapshot, table: pa.Table, start: I32, stop: I32, price: I64, numerator: I64, denominator: I64
) -> tuple[I64, I32, I32, I8, I64, I64, I64]:
    """The discounts of every row as a list of lists, in the order the price kernel wants them."""
    rows = len(start)
    found = _applicable(snapshot)
    if found is None or rows == 0:
        none = np.zeros(0, np.int64)
        return (
            np.zeros(rows + 1, np.int64), none.astype(np.int32), none.astype(np.int32), none.astype(np.int8),
            none, none, np.zeros((0, 2), np.int64),
        )  # fmt: skip
    key, begin, over, kind, keep, value, once = found
    owner, which = _match(_numbers(table.column("subscription_key")), key)
    d_start, d_stop = begin[which], over[which]
    for pair in np.flatnonzero(once[which]):
        row = owner[pair]
        anchor = day_date(int(d_start[pair] if d_start[pair] > -OPEN else start[row]))
        d_start[pair] = day_number(anchor)
        d_stop[pair] = day_number(_one_period(anchor, table, int(row)))
    d_kind, d_keep, d_value = kind[which], keep[which], value[which]
    shared = _shared(snapshot, table, owner, d_kind)
    if shared:
        shares = _share_out(
            table,
            shared,
            start,
            stop,
            price,
            numerator,
            denominator,
            owner,
            which,
            begin,
            over,
            kind,
            keep,
            value,
            d_start,
            d_stop,
        )
        drop = (d_kind == prices.AMOUNT) & np.isin(owner, np.array([r for rows_ in shared for r, _ in rows_], np.int64))
        stay = ~drop
        extra = np.array([[s[0], s[1], s[2]] for s in shares], np.int64).reshape(-1, 3)
        owner = np.concatenate([owner[stay], extra[:, 0]])
        d_start = np.concatenate([d_start[stay], extra[:, 1]]).astype(np.int32)
        d_stop = np.concatenate([d_stop[stay], extra[:, 2]]).astype(np.int32)
        d_kind = np.concatenate([d_kind[stay], np.full(len(shares), prices.MONTHLY, np.int8)]).astype(np.int8)
        d_keep = np.concatenate([d_keep[stay], np.ones((len(shares), 2), np.int64)])
        taken = np.array([to_words(s[3]) for s in shares], np.int64).reshape(-1, 2)
        d_value = np.concatenate([d_value[stay], taken])
    first, order = prices.compress(owner, rows)
    return (
        first, d_start[order], d_stop[order], d_kind[order],
        np.ascontiguousarray(d_keep[order, 0]), np.ascontiguousarray(d_keep[order, 1]),
        np.ascontiguousarray(d_value[order]),
    )  # fmt: skip


def _applicable(snapshot: Snapshot) -> tuple[I64, I32, I32, I8, I64, I64, Bools] | None:
    """The discounts the definition lets in: key, start, stop, kind, (kept, of), value, once without an end."""
    policy = snapshot.definition.discount_policy
    if policy == "none" or not snapshot.has("discounts"):
        return None
    moved = snapshot.definition.timezone != snapshot.lake_timezone
    wanted = ["row_key", "recorded_at", "subscription_key", "kind", "value", "duration", "start", "end"]
    if moved:
        wanted += ["start_at", "end_at"]
    where = [Condition("duration", "eq", "forever")] if policy == "forever" else []
    table = snapshot.run("discount_rows", wanted, where)
    if not table.num_rows:
        return None
    begin = _days(snapshot, table, "start", -OPEN, moved)
    over = _days(snapshot, table, "end", OPEN, moved)
    percent = np.asarray(pc.equal(table.column("kind"), "percent").fill_null(False).to_numpy(), bool)
    amount = np.asarray(pc.equal(table.column("kind"), "amount").fill_null(False).to_numpy(), bool)
    once = np.asarray(pc.equal(table.column("duration"), "once").fill_null(False).to_numpy(), bool) & (over == OPEN)
    value = words(table.column("value"))
    usable = (percent | amount) & (begin < over) & (value[:, 1] >= 0)
    usable &= ~_repeated(table)
    pairs, inverse = np.unique(value, axis=0, return_inverse=True)
    keep = np.array([_kept(from_word_pair(*pair)) for pair in pairs.tolist()], np.int64)[inverse.reshape(-1)]
    kind = np.where(percent, np.int8(prices.PERCENT), np.int8(prices.AMOUNT))
    key = _numbers(table.column("subscription_key"))
    return key[usable], begin[usable], over[usable], kind[usable], keep[usable], value[usable], once[usable]


def _repeated(table: pa.Table) -> Bools:
    found: Bools = repeated(_numbers(table.column("row_key")), _numbers(table.column("recorded_at")))
    return found


def _kept(scaled_percent: int) -> tuple[int, int]:
    """What is left after a percentage, as a fraction a kernel can use (exact to 9 decimals)."""
    left = max(Fraction(0), 1 - Fraction(scaled_percent, 100 * 10**12)).limit_denominator(2_000_000_000)
    return left.numerator, left.denominator


def _match(keys: I64, wanted: I64) -> tuple[I64, I64]:
    """All pairs (row, discount) of one subscription."""
    order = np.argsort(wanted, kind="stable")
    ordered = wanted[order]
    maybe = np.zeros(1 << 20, bool)
    maybe[ordered & 0xFFFFF] = True
    candidates = np.flatnonzero(maybe[keys & 0xFFFFF])
    low = np.searchsorted(ordered, keys[candidates], "left")
    high = np.searchsorted(ordered, keys[candidates], "right")
    count = high - low
    owner = np.repeat(candidates, count)
    offset = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    return owner.astype(np.int64), order[np.repeat(low, count) + offset].astype(np.int64)


def _one_period(anchor: Any, table: pa.Table, row: int) -> Any:
    """The day one billing period of a row after `anchor`."""
    interval = table.column("interval")[row].as_py()
    count = max(int(table.column("interval_count")[row].as_py() or 1), 1)
    if interval in ("month", "year"):
        return add_months(anchor, count * (12 if interval == "year" else 1))
    return anchor + timedelta(days=count * (7 if interval == "week" else 1))


def _shared(snapshot: Snapshot, table: pa.Table, owner: I64, kind: I8) -> list[list[tuple[int, str]]]:
    """The subscriptions of several items with an amount discount, as lists of (row, item)."""
    rows = np.unique(owner[kind == prices.AMOUNT])
    if not len(rows):
        return []
    keys = _numbers(table.column("subscription_key"))[rows]
    account = _numbers(table.column("account_key"))[rows]
    line = _numbers(table.column("line_key"))[rows]
    groups: dict[tuple[int, int], set[int]] = {}
    for k, a, part in zip(keys.tolist(), account.tolist(), line.tolist(), strict=True):
        groups.setdefault((k, a), set()).add(part)
    several = {g for g, parts in groups.items() if len(parts) > 1}
    if not several:
        return []
    items = snapshot.run("subscription_rows", ["row_key", "item"], [Condition("item", "set", None)])
    names: Mapping[int, str] = dict(zip(items["row_key"].to_pylist(), items["item"].to_pylist(), strict=True))
    row_keys = _numbers(table.column("row_key"))[rows]
    out: dict[tuple[int, int], list[tuple[int, str]]] = {}
    for row, k, a, row_key in zip(rows.tolist(), keys.tolist(), account.tolist(), row_keys.tolist(), strict=True):
        if (k, a) in several:
            out.setdefault((k, a), []).append((row, names.get(row_key, "main")))
    return list(out.values())


def _share_out(
    table: pa.Table, groups: list[list[tuple[int, str]]], start: I32, stop: I32, price: I64, numerator: I64,
    denominator: I64, owner: I64, which: I64, begin: I32, over: I32, kind: I8, keep: I64, value: I64,
    d_start: I32, d_stop: I32,
) -> list[tuple[int, int, int, int]]:  # fmt: skip
    shares = []
    for group in groups:
        versions = [
            prices.Version(
                row, item, int(start[row]), int(stop[row]), from_word_pair(*price[row].tolist()),
                int(numerator[row]), int(denominator[row]),
            )
            for row, item in group
        ]  # fmt: skip
        seen: dict[int, prices.Discount] = {}
        for pair in np.flatnonzero(np.isin(owner, [row for row, _ in group])).tolist():
            d = int(which[pair])
            seen[d] = prices.Discount(
                int(kind[d]), int(d_start[pair]), int(d_stop[pair]), (int(keep[d, 0]), int(keep[d, 1])),
                from_word_pair(*value[d].tolist()),
            )  # fmt: skip
        shares += prices.share_out(versions, list(seen.values()))
    return shares
