"""What is computed of a row once, on load: its keys and its price per month. Hides which rows count nothing, and why.

A row whose price or period cannot be read adds 0 to MRR and is flagged: an anomaly, never a wrong number.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core import pricing
from tenure.core.hashing import stable_hash
from tenure.core.money import MONEY, Words, from_words, words
from tenure.warehouse import cells, schema
from tenure.warehouse.columns import Draft, Flags, flags

Codes = npt.NDArray[np.int8]
Integers = npt.NDArray[np.int64]


def derive(draft: Draft) -> None:
    """Add the derived columns of the draft's table."""
    for name in ("account", "subscription"):
        if f"{name}_key" in draft.table.by_name:
            draft.columns[f"{name}_key"] = pa.array(stable_hash(draft.columns[f"{name}_id"]))
    further = _OF_TABLE.get(draft.table.name)
    if further is not None:
        further(draft)


def _subscription(draft: Draft) -> None:
    columns = draft.columns
    key = stable_hash(columns["account_id"], columns["subscription_id"], columns["item"])
    columns["line_key"] = pa.array(key)
    interval, count = _interval(draft, np.ones(draft.count, np.bool_))
    quantity = words(columns["quantity"])
    draft.flag("negative_quantity", quantity[:, 1] < 0)
    _need_amount(draft, "amount")
    rate = words(columns["tax_inclusive_rate"])
    draft.flag("bad_number", rate[:, 1] < 0, "tax_inclusive_rate")
    each, large = pricing.prices_per_month(words(columns["amount"]), quantity, interval, count, rate)
    _settle(
        draft,
        each,
        large,
        "amount",
        "quantity",
        "interval_count",
        "tax_inclusive_rate",
        "start",
        "end",
        "trial_end",
        "pauses",
    )


def _contract(draft: Draft) -> None:
    columns = draft.columns
    columns["line_key"] = pa.array(stable_hash(columns["account_id"], columns["contract_id"], tag="contract"))
    columns["schedule"] = _priced_steps(draft, columns["schedule"])
    stepped = draft.valid("schedule")
    _need_amount(draft, "total", stepped | draft.unread("schedule"))
    start, end = _days(columns["start"]), _days(columns["end"])
    bounded = draft.valid("start") & draft.valid("end")
    open_ended = draft.valid("start") & ~draft.valid("end") & ~draft.unread("end")
    draft.flag("missing_end", open_ended & ~stepped)
    total = words(columns["total"]) * ~stepped[:, None]
    each, large = pricing.totals_per_month(total, start, np.where(bounded, end, start))
    _settle(draft, each, large, "total", "schedule", "start", "end")


def _invoice_line(draft: Draft) -> None:
    columns = draft.columns
    columns["line_key"] = pa.array(stable_hash(columns["line_id"], tag="invoice"))
    _need_amount(draft, "amount")
    recurring = flags(pc.equal(columns["type"], "subscription").fill_null(False))
    interval, count = _interval(draft, recurring)
    prorated = flags(columns["prorated"].fill_null(False))
    _close_periods(draft, interval, count, prorated)
    bounded = draft.valid("period_start") & draft.valid("period_end")
    draft.flag("bad_date", recurring & ~bounded)
    end = _days(columns["period_end"])
    period = (end - _days(columns["period_start"])).astype(np.int64)
    draft.flag("end_before_start", bounded & (period < 0))
    stated = draft.valid("full_period_start") & draft.valid("full_period_end")
    full = np.where(
        stated,
        _days(columns["full_period_end"]) - _days(columns["full_period_start"]),
        end - pricing.shifted(end, interval, -count),
    ).astype(np.int64)
    partial = prorated & bounded
    narrower = pa.decimal128(MONEY.precision - 1, MONEY.scale)  # a difference has one digit more
    net = pc.subtract(columns["amount"].fill_null(0).cast(narrower), columns["tax"].cast(narrower))
    each, large = pricing.invoiced_per_month(
        words(net) * recurring[:, None], interval, count, np.where(partial, full, 1), np.where(partial, period, 1)
    )
    draft.flag("end_before_start", recurring & partial & stated & (full <= 0))
    _settle(
        draft, each, large, "amount", "tax", "interval_count", "prorated",
        "period_start", "period_end", "full_period_start", "full_period_end",
    )  # fmt: skip


def _close_periods(draft: Draft, interval: Codes, count: Integers, prorated: Flags) -> None:
    """Where only the start of a period is given, the period is one billing interval."""
    columns = draft.columns
    needed = draft.valid("period_start") & ~draft.valid("period_end") & ~prorated & ~draft.unread("period_end")
    needed &= interval != pricing.UNKNOWN
    if needed.any():
        end = pa.array(pricing.shifted(_days(columns["period_start"]), interval, count)).cast(schema.DAY)
        columns["period_end"] = pc.if_else(pa.array(needed), end, columns["period_end"])


def _interval(draft: Draft, matters: Flags) -> tuple[Codes, Integers]:
    """Bring words such as `yearly` to the four intervals; (codes, counts), unknown ones flagged."""
    columns = draft.columns
    encoded = columns["interval"].dictionary_encode()
    meant = [cells.interval(name) for name in encoded.dictionary.to_pylist()] + [(None, 1)]
    at = encoded.indices.fill_null(len(meant) - 1).to_numpy(zero_copy_only=False)
    codes = pricing.interval_codes([name for name, _ in meant])[at]
    times = np.array([times for _, times in meant], np.int64)[at]
    count = columns["interval_count"].to_numpy().astype(np.int64) * times
    bad = (codes == pricing.UNKNOWN) | (count < 1) | (count > pricing.MOST_INTERVALS)
    draft.flag("unknown_interval", bad & matters)
    kept = pa.array([name for name, _ in meant], pa.string()).take(pa.array(at))
    columns["interval"] = pc.coalesce(kept, columns["interval"])
    columns["interval_count"] = pa.array(np.where(bad, columns["interval_count"], count), pa.int32())
    return np.where(bad, np.int8(pricing.UNKNOWN), codes), count


def _need_amount(draft: Draft, name: str, unless: Flags | None = None) -> None:
    """A missing amount is a flaw, unless it was there and could not be read, which is one already."""
    missing = ~draft.valid(name) & ~draft.unread(name)
    draft.flag("missing_amount", missing if unless is None else missing & ~unless)


def _settle(draft: Draft, each: Words, large: Flags, *needed: str) -> None:
    """Set the price per month, 0 in rows of which a needed cell could not be read."""
    draft.flag("too_large", large)
    draft.columns["mrr"] = from_words(each * ~draft.unread(*needed)[:, None])


def _priced_steps(draft: Draft, steps: pa.Array) -> pa.Array:
    """The steps with the price per month of each."""
    if steps.null_count == len(steps):
        return steps
    first, last, amount, _ = steps.flatten().flatten()
    each, large = pricing.totals_per_month(words(amount), _days(first), _days(last))
    lengths = np.asarray(pc.list_value_length(steps).fill_null(0).to_numpy(zero_copy_only=False), np.int32)
    rows = np.repeat(np.arange(len(steps)), lengths)
    found = np.zeros(len(steps), np.bool_)
    found[rows[large]] = True
    draft.flag("too_large", found)
    priced = pa.StructArray.from_arrays([first, last, amount, from_words(each)], fields=list(schema.STEP.value_type))
    offsets = np.zeros(len(steps) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), priced, type=schema.STEP, mask=steps.is_null())


def _days(column: pa.Array) -> npt.NDArray[np.int32]:
    """Day numbers; null reads as 0."""
    return np.asarray(column.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False), np.int32)


def _event(draft: Draft) -> None:
    columns = draft.columns
    columns["user_key"] = pa.array(stable_hash(pc.coalesce(columns["user_id"], columns["anonymous_id"])))
    columns["place"] = pa.array(np.arange(draft.count, dtype=np.int64))
    columns["received_at"] = pc.coalesce(columns["received_at"], columns["recorded_at"])


_OF_TABLE: dict[str, Callable[[Draft], None]] = {
    "events": _event,
    "subscriptions": _subscription,
    "contracts": _contract,
    "invoice_lines": _invoice_line,
}
