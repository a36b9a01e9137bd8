"""Rows as given into rows of the lake: read leniently, priced per month, keyed. Hides every default and repair.

A cell that cannot be read becomes null and its row names the flaw; a column the table does not know goes to
`attributes`; nothing about a cell raises. What is derived from a row depends on that row alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core import localtime, pricing
from tenure.core.hashing import stable_hash
from tenure.core.money import MONEY, from_words, words
from tenure.warehouse import cells as cell
from tenure.warehouse import schema
from tenure.warehouse.lake import schema_of
from tenure.warehouse.sources import Cells, columns_of

Flags = npt.NDArray[np.bool_]

CLOSING = frozenset(("end", "period_end", "full_period_end"))
"""Day columns in which a stamp of 23:59:59 means the next midnight."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of the rows: how many, which columns the table does not know, how often which flaw was found."""

    table: str
    rows: int
    unknown_columns: list[str]
    flaws: dict[str, int]
    version: int | None = None


@dataclass
class _Load:
    """The rows of one load on their way: finished columns by name, and flaws by kind."""

    table: schema.Table
    count: int
    timezone: str
    currency: str
    columns: dict[str, pa.Array] = field(default_factory=dict)
    flaws: dict[str, Flags] = field(default_factory=dict)

    def flag(self, kind: str, rows: Flags) -> None:
        if rows.any():
            known = self.flaws.get(kind)
            self.flaws[kind] = rows.copy() if known is None else known | rows

    def valid(self, name: str) -> Flags:
        """Which rows have a value in a column."""
        return _flags(self.columns[name].is_valid())

    def nulls(self, dtype: pa.DataType) -> pa.Array:
        return pa.nulls(self.count, dtype)


def conform(
    name: str,
    rows: Any,
    *,
    timezone: str,
    reporting_currency: str,
    recorded_at: datetime,
    source: str | None,
    origin: str,
    batch: str,
) -> tuple[pa.Table, LoadReport]:
    """The rows as the lake keeps them, with all derived columns, and a report.

    Raises: LoadRefused if there is no such table or the input is not rows at all; never for a single cell.
    """
    wanted = schema_of(name)
    given, count = columns_of(rows)
    load = _Load(schema.TABLES[name], count, timezone, reporting_currency)
    known, unknown = _assigned(load.table, given)
    for column in load.table.inputs:
        if column.name != "attributes":
            _read(load, column, known.get(column.name, []))
    _identify(load, source, origin, batch, recorded_at)
    load.columns["attributes"] = _attributes(load, known.get("attributes", []), {n: given[n] for n in unknown})
    _check(load)
    _keys(load)
    if name in _PRICED:
        _PRICED[name](load)
    load.columns["flaws"] = _flaw_lists(load)
    table = pa.table([load.columns[column] for column in wanted.names], schema=wanted)
    counts = {kind: int(rows.sum()) for kind, rows in sorted(load.flaws.items())}
    return table, LoadReport(name, count, sorted(unknown), counts)


# ---------------------------------------------------------------------- which column is which


def _assigned(table: schema.Table, given: dict[str, Cells]) -> tuple[dict[str, list[Cells]], list[str]]:
    """(table column -> the given columns that fill it, best first; given columns that the table does not know)."""
    inputs = {column.name for column in table.inputs}
    known: dict[str, list[Cells]] = {}
    unknown = []
    for exact in (True, False):
        for name, column in given.items():
            plain = name.strip().lower().replace(" ", "_").replace("-", "_")
            target = plain if plain in inputs else schema.GIVEN_AS.get(plain)
            if (name in inputs) is not exact:
                continue
            if target in inputs:
                known.setdefault(str(target), []).append(column)
            else:
                unknown.append(name)
    return known, unknown


def _read(load: _Load, column: schema.Column, given: list[Cells]) -> None:
    """Read one column of the table from the given columns (the first that has a value in a row counts)."""
    read: list[pa.Array] | None = None
    names = [column.name, f"{column.name}_at"] if column.kind == "day" else [column.name]
    for one in given:
        more = _parsed(load, column, one)
        if read is None:
            read = more
        else:
            first = read[0].is_valid()
            read = [pc.if_else(first, old, new) for old, new in zip(read, more, strict=True)]
    if read is None:
        types = [column.arrow, schema.STAMP] if column.kind == "day" else [column.arrow]
        read = [load.nulls(dtype) for dtype in types]
    load.columns.update(zip(names, read, strict=False))


# ---------------------------------------------------------------------- cells to arrays


def _parsed(load: _Load, column: schema.Column, given: Cells) -> list[pa.Array]:
    """The column's values, and for a day the moments beside them."""
    if isinstance(given, pa.ChunkedArray):
        given = given.combine_chunks() if given.num_chunks != 1 else given.chunk(0)
        if isinstance(given, pa.ChunkedArray):
            given = pa.concat_arrays(given.chunks) if given.num_chunks else pa.array([], given.type)
        if pa.types.is_null(given.type):
            given = given.cast(pa.string())
        typed = _typed(load, column, given)
        if typed is not None:
            return typed
    return _by_cell(load, given, *_reader(column, load.timezone))


def _reader(column: schema.Column, timezone: str) -> tuple[Callable[[Any], Any], list[pa.DataType]]:
    """(function that reads one cell, types of what it gives)."""
    local = localtime.zone(timezone)
    percent = Decimal("0.01") if column.name == "tax_inclusive_rate" else None
    if column.name == "value":
        percent = Decimal(1)
    readers: dict[str, tuple[Callable[[Any], Any], list[pa.DataType]]] = {
        "text": (cell.text, [pa.string()]),
        "number": (partial(cell.number, percent=percent), [MONEY]),
        "integer": (cell.integer, [pa.int32()]),
        "boolean": (cell.boolean, [pa.bool_()]),
        "day": (partial(cell.day, local=local, closing=column.name in CLOSING), [pa.int32(), pa.int64()]),
        "stamp": (partial(cell.stamp, local=local), [pa.int64()]),
        "spans": (partial(cell.spans, local=local), [schema.SPAN]),
        "steps": (partial(cell.steps, local=local), [schema.STEP]),
        "texts": (cell.texts, [column.arrow]),
        "json": (cell.json_text, [pa.string()]),
    }
    return readers[column.kind]


def _by_cell(
    load: _Load, given: Cells | pa.Array, reader: Callable[[Any], Any], types: list[pa.DataType]
) -> list[pa.Array]:
    """Read each distinct cell once in Python and spread the results over the rows."""
    codes: npt.NDArray[np.int64] | None = None
    distinct: list[Any]
    if isinstance(given, list):
        distinct, codes = _distinct(given)
    elif pa.types.is_nested(given.type) or pa.types.is_large_list(given.type):
        distinct = given.to_pylist()
    else:
        encoded = given if pa.types.is_dictionary(given.type) else given.dictionary_encode()
        distinct = [*encoded.dictionary.to_pylist(), None]
        codes = encoded.indices.fill_null(len(distinct) - 1).to_numpy(zero_copy_only=False).astype(np.int64)
    values: list[list[Any]] = [[] for _ in types]
    kinds: dict[str, list[int]] = {}
    for at, one in enumerate(distinct):
        value = None
        if one is not None:
            try:
                value = reader(one)
            except cell.BadCell as bad:
                kinds.setdefault(bad.kind, []).append(at)
                value = bad.value
        for i, part in enumerate(value if isinstance(value, tuple) else (value,) * len(types)):
            values[i].append(part)
    arrays = [pa.array(parts, dtype) for parts, dtype in zip(values, types, strict=True)]
    for kind, at in kinds.items():
        flags = np.zeros(len(distinct), np.bool_)
        flags[at] = True
        load.flag(kind, flags if codes is None else flags[codes])
    if codes is not None:
        arrays = [array.take(pa.array(codes)) for array in arrays]
    return [_retyped(array, len(types)) for array in arrays]


def _retyped(array: pa.Array, parts: int) -> pa.Array:
    """Day numbers and microseconds as days and stamps."""
    if array.type == pa.int64():
        return array.cast(schema.STAMP)
    if array.type == pa.int32() and parts == 2:
        return array.cast(schema.DAY)
    return array


def _distinct(given: list[Any]) -> tuple[list[Any], npt.NDArray[np.int64]]:
    """(distinct cells, position of each row's cell among them); equal cells of different types stay apart."""
    seen: dict[Any, int] = {}
    distinct: list[Any] = []
    codes = np.empty(len(given), np.int64)
    for row, one in enumerate(given):
        key = (type(one), one)
        try:
            at = seen.get(key)
        except TypeError:  # a list or a dict
            at, key = None, (object, row)
        if at is None:
            at = seen[key] = len(distinct)
            distinct.append(one)
        codes[row] = at
    return distinct, codes


def _typed(load: _Load, column: schema.Column, given: pa.Array) -> list[pa.Array] | None:
    """The column's values where the given type allows whole-column work; None: read it cell by cell."""
    kind, of = column.kind, given.type
    if kind == "text" and (pa.types.is_string(of) or pa.types.is_large_string(of) or pa.types.is_string_view(of)):
        return _typed_text(load, given)
    if kind == "text" and pa.types.is_integer(of):
        return [given.cast(pa.string())]
    if kind == "number":
        return _typed_number(given)
    if kind == "integer" and of == pa.int32():
        return [given]
    if kind == "boolean" and pa.types.is_boolean(of):
        return [given]
    if kind == "day" and pa.types.is_date32(of):
        return [given, load.nulls(schema.STAMP)]
    if kind in ("day", "stamp") and pa.types.is_timestamp(of):
        return _typed_stamp(load, column, given)
    return None


def _typed_text(load: _Load, given: pa.Array) -> list[pa.Array]:
    texts = given.cast(pa.string())
    nul = pc.match_substring(texts, "\x00")
    if pc.any(nul).as_py():
        load.flag("bad_text", _flags(nul.fill_null(False)))
        texts = pc.replace_substring(texts, "\x00", "")
    texts = pc.utf8_trim_whitespace(texts)
    empty = pc.equal(texts, "")
    if pc.any(empty).as_py():
        texts = pc.if_else(empty, None, texts)
    return [texts]


_SAFE_NUMBER = r"^[+-]?[0-9]{1,19}(\.[0-9]{1,12})?$"


def _typed_number(given: pa.Array) -> list[pa.Array] | None:
    of = given.type
    if pa.types.is_integer(of) and not pa.types.is_uint64(of):
        return [given.cast(MONEY)]
    if pa.types.is_decimal(of) and of.scale <= MONEY.scale and of.precision - of.scale <= 20:
        return [given.cast(MONEY)]
    if pa.types.is_string(of) or pa.types.is_large_string(of):
        safe = pc.match_substring_regex(given, _SAFE_NUMBER)
        if pc.all(safe).as_py() is not False:
            return [given.cast(MONEY)]
    return None


def _typed_stamp(load: _Load, column: schema.Column, given: pa.Array) -> list[pa.Array]:
    valid = _flags(given.is_valid())
    micros = given.cast(pa.timestamp("us", given.type.tz), safe=False).cast(pa.int64()).fill_null(0)
    shown = np.array(micros.to_numpy(zero_copy_only=False), np.int64)
    plain = np.zeros(len(given), np.bool_)
    if given.type.tz is None:
        plain = shown % localtime.DAY == 0 if column.kind == "day" else plain
        moments = localtime.moments_of_local(shown, load.timezone)
    else:
        moments, shown = shown, localtime.local_micros(shown, load.timezone)
    at = pa.array(moments, mask=~valid).cast(schema.STAMP)
    if column.kind == "stamp":
        return [at]
    days = shown // localtime.DAY
    if column.name in CLOSING:
        days = days + ((shown % localtime.DAY) // localtime.SECOND == 86_399)
    return [
        pa.array(days.astype(np.int32), mask=~valid).cast(schema.DAY),
        pc.if_else(pa.array(plain), pa.scalar(None, schema.STAMP), at),
    ]


# ---------------------------------------------------------------------- identity, attributes, flaws


def _identify(load: _Load, source: str | None, origin: str, batch: str, recorded_at: datetime) -> None:
    columns = load.columns
    if source is not None:
        columns["source"] = columns["source"].fill_null(source)
    if load.table.name == "invoice_lines":
        columns["row_id"] = pc.coalesce(columns["row_id"], columns["line_id"])
    if columns["row_id"].null_count:
        made = pc.binary_join_element_wise(pa.scalar(batch), pa.array(np.arange(load.count)).cast(pa.string()), "/")
        columns["row_id"] = pc.coalesce(columns["row_id"], made)
    at = pa.scalar(localtime.moment(recorded_at, localtime.zone("UTC")), pa.int64()).cast(schema.STAMP)
    columns["recorded_at"] = columns["recorded_at"].fill_null(at)
    columns["origin"] = pa.repeat(pa.scalar(origin, pa.string()), load.count)
    columns["row_key"] = pa.array(stable_hash(columns["source"].fill_null(""), columns["row_id"]))


def _attributes(load: _Load, given: list[Cells], unknown: dict[str, Cells]) -> pa.Array:
    """One JSON object per row (each part begins with its comma) of what the table does not know; null where there is nothing."""
    parts = []
    for name, column in sorted(unknown.items()):
        key = cell.as_json(cell.clean(name)[0])
        dumped = _by_cell(load, _whole(column), partial(_member, key), [pa.string()])[0]
        parts.append(dumped)
    for column in given:
        parts.append(_by_cell(load, _whole(column), _members, [pa.string()])[0])
    if not parts:
        return load.nulls(pa.string())
    joined = pc.binary_join_element_wise(*(part.fill_null("") for part in parts), "")
    whole = pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(joined, 1), "}", "")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), whole)


def _whole(column: Cells) -> Cells | pa.Array:
    return column if isinstance(column, list) else pa.chunked_array(column.chunks, column.type).combine_chunks()


def _member(key: str, value: Any) -> str | None:
    return None if cell.is_empty(value) else f",{key}:{cell.as_json(value)}"


def _members(value: Any) -> str | None:
    """The inside of a JSON object; a value that is not an object is kept under `attributes`."""
    text = cell.json_text(value)
    if text is None:
        return None
    text = text.strip()
    if not text.startswith("{"):
        return f',"attributes":{text}'
    inside = text[1:-1].strip()
    return f",{inside}" if inside else None


def _check(load: _Load) -> None:
    """Flag what a row cannot do without; fill what has a default."""
    for column in load.table.columns:
        if column.name in ("interval", "interval_count", "item", "type", "duration", "kind", "quantity", "tax"):
            _default(load, column)
    if "currency" in load.columns:
        upper = pc.utf8_upper(load.columns["currency"]).fill_null(load.currency)
        load.flag("bad_currency", ~_flags(pc.match_substring_regex(upper, "^[A-Z]{3}$")))
        load.columns["currency"] = upper
    for name in load.table.required:
        missing = ~load.valid(name)
        if load.table.by_name[name].kind == "day":
            load.flag("bad_date", missing)
        elif load.table.by_name[name].kind == "text":
            load.flag(f"missing_{name}", missing)
    if {"start", "end"} <= load.columns.keys():
        before = pc.less(load.columns["end"], load.columns["start"]).fill_null(False)
        load.flag("end_before_start", _flags(before))


def _default(load: _Load, column: schema.Column) -> None:
    if column.default is not None and load.columns[column.name].null_count:
        dtype = column.arrow
        scalar = pa.scalar(column.default).cast(dtype)
        load.columns[column.name] = load.columns[column.name].fill_null(scalar)


def _flaw_lists(load: _Load) -> pa.Array:
    kinds = sorted(load.flaws)
    if not kinds:
        return pa.ListArray.from_arrays(pa.array(np.zeros(load.count + 1, np.int32)), pa.array([], pa.string()))
    matrix = np.stack([load.flaws[kind] for kind in kinds], axis=1)
    offsets = np.zeros(load.count + 1, np.int32)
    np.cumsum(matrix.sum(axis=1), out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(kinds).take(pa.array(np.nonzero(matrix)[1])))


def _flags(mask: pa.Array) -> Flags:
    return np.asarray(mask.to_numpy(zero_copy_only=False), np.bool_)


# ---------------------------------------------------------------------- what is derived


def _keys(load: _Load) -> None:
    """The keys that stand for one id."""
    for name in ("account", "subscription"):
        if f"{name}_key" in load.table.by_name:
            load.columns[f"{name}_key"] = pa.array(stable_hash(load.columns[f"{name}_id"]))


def _subscription(load: _Load) -> None:
    columns = load.columns
    key = stable_hash(columns["account_id"], columns["subscription_id"], columns["item"])
    columns["line_key"] = pa.array(key)
    interval = _interval(load, np.ones(load.count, np.bool_))
    quantity = words(columns["quantity"])
    load.flag("negative_quantity", quantity[:, 1] < 0)
    _need_amount(load, "amount")
    each, large = pricing.prices_per_month(
        words(columns["amount"]),
        quantity,
        interval,
        columns["interval_count"].to_numpy().astype(np.int64),
        words(columns["tax_inclusive_rate"]),
    )
    load.flag("too_large", large)
    columns["mrr"] = from_words(each)


def _interval(load: _Load, matters: Flags) -> npt.NDArray[np.int8]:
    """Bring words such as `yearly` to the four intervals; codes of the intervals, unknown ones flagged."""
    columns = load.columns
    encoded = columns["interval"].dictionary_encode()
    names = [cell.interval(name) for name in encoded.dictionary.to_pylist()] + [(None, 1)]
    at = encoded.indices.fill_null(len(names) - 1).to_numpy(zero_copy_only=False)
    codes = pricing.interval_codes([name for name, _ in names])[at]
    times = np.array([times for _, times in names], np.int64)[at]
    count = columns["interval_count"].to_numpy().astype(np.int64) * times
    bad = (codes == pricing.UNKNOWN) | (count < 1) | (count >= 2**31)
    load.flag("unknown_interval", bad & matters)
    kept = pa.array([name for name, _ in names], pa.string()).take(pa.array(at))
    columns["interval"] = pc.coalesce(kept, columns["interval"])
    columns["interval_count"] = pa.array(np.where(bad, 1, count), pa.int32())
    return np.where(bad, np.int8(pricing.UNKNOWN), codes)


def _need_amount(load: _Load, name: str, unless: Flags | None = None) -> None:
    """A missing amount is a flaw, unless it was there and could not be read, which is one already."""
    known = load.valid(name)
    for kind in ("bad_number", "too_large"):
        if kind in load.flaws:
            known = known | load.flaws[kind]
    load.flag("missing_amount", ~known if unless is None else ~known & ~unless)


def _contract(load: _Load) -> None:
    columns = load.columns
    columns["line_key"] = pa.array(stable_hash(columns["account_id"], columns["contract_id"], tag="contract"))
    columns["schedule"] = _priced_steps(load, columns["schedule"])
    stepped = load.valid("schedule")
    _need_amount(load, "total", stepped)
    start, end = _day_numbers(columns["start"]), _day_numbers(columns["end"])
    bounded = load.valid("start") & load.valid("end")
    load.flag("missing_end", load.valid("start") & ~load.valid("end") & ~stepped)
    each, large = pricing.totals_per_month(words(columns["total"]), start, np.where(bounded, end, start))
    load.flag("too_large", large)
    columns["mrr"] = from_words(each * ~stepped[:, None])


def _priced_steps(load: _Load, steps: pa.Array) -> pa.Array:
    """The steps with the price per month of each."""
    if steps.null_count == len(steps):
        return steps
    flat = steps.flatten()
    first, last, amount, _ = flat.flatten()
    each, large = pricing.totals_per_month(words(amount), _day_numbers(first), _day_numbers(last))
    rows = np.repeat(np.arange(len(steps)), pc.list_value_length(steps).fill_null(0).to_numpy(zero_copy_only=False))
    flags = np.zeros(len(steps), np.bool_)
    flags[rows[large]] = True
    load.flag("too_large", flags)
    priced = pa.StructArray.from_arrays([first, last, amount, from_words(each)], fields=list(schema.STEP.value_type))
    offsets = np.zeros(len(steps) + 1, np.int32)
    np.cumsum(pc.list_value_length(steps).fill_null(0), out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), priced, type=schema.STEP, mask=steps.is_null())


def _day_numbers(column: pa.Array) -> npt.NDArray[np.int32]:
    return np.asarray(column.cast(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False), np.int32)


def _invoice_line(load: _Load) -> None:
    columns = load.columns
    columns["line_key"] = pa.array(stable_hash(columns["line_id"], tag="invoice"))
    _need_amount(load, "amount")
    recurring = _flags(pc.equal(columns["type"], "subscription").fill_null(False))
    interval = _interval(load, recurring)
    count = columns["interval_count"].to_numpy().astype(np.int64)
    start, end = _day_numbers(columns["period_start"]), _day_numbers(columns["period_end"])
    period = (end - start).astype(np.int64)
    bounded = load.valid("period_start") & load.valid("period_end")
    load.flag("bad_date", recurring & ~bounded)
    load.flag("end_before_start", bounded & (period < 0))
    full = _full_periods(load, interval, count, end)
    prorated = _flags(columns["prorated"].fill_null(False)) & bounded
    narrower = pa.decimal128(MONEY.precision - 1, MONEY.scale)  # a difference has one digit more
    net = pc.subtract(columns["amount"].fill_null(0).cast(narrower), columns["tax"].cast(narrower))
    each, large = pricing.invoiced_per_month(
        words(net) * recurring[:, None],
        interval,
        count,
        np.where(prorated, full, 1),
        np.where(prorated, period, 1),
    )
    load.flag("too_large", large)
    columns["mrr"] = from_words(each)


def _full_periods(
    load: _Load, interval: npt.NDArray[np.int8], count: npt.NDArray[np.int64], end: npt.NDArray[np.int32]
) -> npt.NDArray[np.int64]:
    """Days of the whole billing period: as given, or one interval counted back from the end of the period billed."""
    given = load.valid("full_period_start") & load.valid("full_period_end")
    stated = _day_numbers(load.columns["full_period_end"]) - _day_numbers(load.columns["full_period_start"])
    return np.where(given, stated, pricing.period_days(interval, count, end)).astype(np.int64)


_PRICED: dict[str, Callable[[_Load], None]] = {
    "subscriptions": _subscription,
    "contracts": _contract,
    "invoice_lines": _invoice_line,
}
