"""From the lake's rows to lines with prices: what the ledger is built from. Hides columns, currencies, merged accounts.

Subscriptions and contracts add up; with `revenue_source` = invoices, the lines of invoices stand for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.hashing import stable_hash
from tenure.core.money import to_words, words
from tenure.core.periods import day_date, day_number
from tenure.core.sequences import prices
from tenure.core.sequences.prices import Lines
from tenure.core.sequences.spans import I32, I64, OPEN, Steps, owned, repeated
from tenure.warehouse import discounts
from tenure.warehouse.arrays import coded
from tenure.warehouse.arrays import days as _days
from tenure.warehouse.arrays import numbers as _numbers
from tenure.warehouse.measures import Condition, columns
from tenure.warehouse.snapshot import Snapshot

TABLES = ("subscriptions", "contracts", "invoice_lines", "discounts", "accounts", "fx_rates")
FIELDS = ("plan", "product", "currency", "interval", "item")
"""Fields of rows that a question may slice by or select."""

NONE = "(none)"
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
    repeated: Bools
    """sent before under the same source and row_id, in the same table"""
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


def read_column(
    snapshot: Snapshot, measure: str, where: Sequence[Condition], column: str, row_key: I64
) -> pa.ChunkedArray:
    """One column of the rows that `read` reads of a measure, one value for each of these row keys, in their order.

    Engines give a measure's rows the same way each time; where one does not, values find their rows by key.
    """
    found = conditions_for(measure, where)
    if found is None or column not in columns(measure):
        return pa.chunked_array([pa.nulls(len(row_key), pa.string())])
    table = snapshot.run(measure, ["row_key", column], found)
    given = _numbers(table.column("row_key"))
    if np.array_equal(given, row_key):
        return table.column(column)
    if len(given) != len(row_key):
        raise RuntimeError(f"{measure} gave {len(given)} rows instead of {len(row_key)}")
    place = np.empty(len(given), np.int64)
    place[np.argsort(row_key, kind="stable")] = np.argsort(given, kind="stable")
    return table.column(column).take(pa.array(place))


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
        _joined([p["repeated"] for _, p in parts], np.bool_),
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
    beside = ThreadPoolExecutor(1)
    sent_before, currency = beside.submit(_again, table), beside.submit(coded, table.column("currency"))
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
    again = sent_before.result()
    paid_from = np.maximum(start, trial)
    laid = discounts.of_rows(snapshot, table, discounts.Terms(start, paid_from, stop, price, pauses, ~again))
    steps = prices.lay(
        Lines._make(
            (
                paid_from,
                stop,
                price,
                laid.numerator,
                laid.denominator,
                np.where(trial > start, np.int8(prices.CAUSE_TRIAL), np.int8(0)),
                cause_stop,
                *pauses,
                *laid.lists,
            )
        ),
        snapshot.threads,
    )
    beside.shutdown()
    return {
        **{c: table.column(c) for c in wanted},
        "currency": currency.result(),
        "start": start,
        "stop": stop,
        "worth": price,
        "steps": steps,
        "repeated": again,
    }


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
    counts = np.zeros(len(start), np.int64)
    counts[list(ramps)] = [len(steps) for steps in ramps.values()]
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    at = first[:-1]
    total = int(first[-1])
    s_start, s_stop = np.empty(total, np.int32), np.empty(total, np.int32)
    amount = np.zeros((total, 2), np.int64)
    for i, steps in ramps.items():
        for k, step in enumerate(sorted(steps, key=lambda s: s["from"] or day_date(0))):
            there = at[i] + k
            usable = step["from"] is not None and step["to"] is not None and step["mrr"] is not None
            s_start[there] = day_number(step["from"]) if usable else 0
            s_stop[there] = day_number(step["to"]) if usable else 0
            amount[there] = to_words(int(step["mrr"].scaleb(12))) if usable else (0, 0)
    zero = np.zeros(total, np.int8)
    steps_of = Steps(first, s_start, s_stop, amount, zero, zero, np.zeros(total))
    return {
        **{c: table.column(c) for c in wanted},
        "currency": coded(table.column("currency")),
        "start": start,
        "stop": stop,
        "worth": price,
        "steps": steps_of,
        "repeated": _again(table),
    }


def _invoice_lines(snapshot: Snapshot, where: Sequence[Condition]) -> dict[str, Any]:
    moved = snapshot.definition.timezone != snapshot.lake_timezone
    wanted = ["row_key", "account_key", "line_key", "recorded_at", "period_start", "period_end", "mrr", "currency"]
    if moved:
        wanted += ["period_start_at", "period_end_at"]
    table = snapshot.run("invoice_rows", wanted, where)
    start = _days(snapshot, table, "period_start", OPEN, moved)
    stop = _days(snapshot, table, "period_end", start, moved)
    price = words(table.column("mrr"))
    return {
        **{c: table.column(c) for c in wanted},
        "currency": coded(table.column("currency")),
        "start": start,
        "stop": stop,
        "worth": price,
        "steps": _no_steps(len(start)),
        "repeated": _again(table),
    }


# ------------------------------------------------------------------------------------------------------- pieces


def _again(table: pa.Table) -> Bools:
    """Which rows were sent before."""
    found: Bools = repeated(_numbers(table.column("row_key")), _numbers(table.column("recorded_at")))
    return found


def _joined(arrays: list[Any], dtype: Any, width: int = 0) -> Any:
    if len(arrays) == 1:
        return owned(arrays[0], dtype)
    if not arrays:
        return np.zeros((0, width) if width else 0, dtype)
    return np.concatenate(arrays).astype(dtype)


def _steps(parts: list[Steps]) -> Steps:
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return _no_steps(0)
    return prices.joined(parts)


def _no_steps(rows: int) -> Steps:
    day, cause = np.zeros(0, np.int32), np.zeros(0, np.int8)
    return Steps(np.zeros(rows + 1, np.int64), day, day, np.zeros((0, 2), np.int64), cause, cause, np.zeros(0))


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


def _currency_codes(parts: list[tuple[I32, list[str | None]]], reporting: str) -> tuple[I32, list[str]]:
    """Codes of currencies; the reporting currency, which a row without one is in, is always 0."""
    names = [reporting]
    codes = []
    for indices, texts in parts:
        listed = [text or reporting for text in texts]
        names += [n for n in dict.fromkeys(listed) if n not in names]
        codes.append(np.array([names.index(n) for n in listed] or [0], np.int32)[indices])
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
    return snapshot.made("merged_roots", None, partial(_merged_roots, snapshot))


def _merged_roots(snapshot: Snapshot) -> dict[int, int]:
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
