"""Columns as given into columns of the schema. Hides how typed columns are read whole and others cell by cell.

A typed column (numbers, days, stamps, texts in Arrow) is read by whole-column functions; of any other, each distinct
cell is read once by `cells`. A cell that cannot be read becomes null, and the draft notes which rows and why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core import localtime
from tenure.core.money import MONEY, too_large
from tenure.warehouse import cells, schema
from tenure.warehouse.sources import Cells

Flags = npt.NDArray[np.bool_]
Reader = Callable[[Any], Any]

CLOSING = frozenset(("end", "period_end", "full_period_end"))
"""Day columns in which a stamp of 23:59:59 means the next midnight."""

_PLAIN_NUMBER = r"^[+-]?[0-9]{1,19}(\.[0-9]{1,18})?$"
_GROUPED_NUMBER = r"^[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$"
_LONGER = pa.decimal128(38, 18)
_STAMP = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?"
_OFFSET = r"(Z|[+-](0[0-9]|1[0-9]|2[0-3]):?[0-5][0-9])$"
_FIRST_SECOND = localtime.day_number(date.min) * 86_400
_LAST_SECOND = (localtime.day_number(date.max) + 1) * 86_400 - 1
_MANY = 10_000
"""Distinct texts from which on looking for whole-column ways pays."""


@dataclass
class Draft:
    """The rows of one load on their way: finished columns by name, flaws by kind, unreadable rows by column."""

    table: schema.Table
    count: int
    timezone: str
    currency: str
    columns: dict[str, pa.Array] = field(default_factory=dict)
    flaws: dict[str, Flags] = field(default_factory=dict)
    unreadable: dict[str, Flags] = field(default_factory=dict)

    def flag(self, kind: str, rows: Flags, column: str | None = None) -> None:
        """Note a flaw of some rows; with `column`, that its cells could not be read."""
        if rows.any():
            _add(self.flaws, kind, rows)
            if column is not None:
                _add(self.unreadable, column, rows)

    def valid(self, name: str) -> Flags:
        """Which rows have a value in a column."""
        return flags(self.columns[name].is_valid())

    def unread(self, *names: str) -> Flags:
        """Which rows have a cell in one of the columns that could not be read."""
        found = np.zeros(self.count, np.bool_)
        for name in names:
            if name in self.unreadable:
                found |= self.unreadable[name]
        return found

    def read(self, column: schema.Column, given: list[Cells]) -> None:
        """Read one column of the table from given ones: in each row, the first that holds something counts."""
        names = [column.name, f"{column.name}_at"] if column.kind == "day" else [column.name]
        if not given:
            types = [column.arrow, schema.STAMP]
            self.columns.update({name: pa.nulls(self.count, dtype) for name, dtype in zip(names, types, strict=False)})
            return
        first, *others = [self._parsed(column, one) for one in given]
        for other in others:
            empty = pc.invert(first[0].is_valid())
            first = [pc.if_else(empty, new, old) for old, new in zip(first, other, strict=True)]
        self.columns.update(zip(names, first, strict=True))

    def texts(self, given: Cells, reader: Reader) -> pa.Array:
        """A text per row, made by a function from each distinct cell."""
        return self._by_cell("", _whole(given), reader, [pa.string()])[0]

    # ------------------------------------------------------------------ cell by cell

    def _parsed(self, column: schema.Column, given: Cells) -> list[pa.Array]:
        """The column's values, and for a day the moments beside them."""
        whole = _whole(given)
        if isinstance(whole, pa.Array):
            if pa.types.is_null(whole.type):
                whole = whole.cast(pa.string())
            typed = self._typed(column, whole)
            if typed is not None:
                return typed
        return self._by_cell(column.name, whole, *_reader(column, self.timezone))

    def _by_cell(
        self,
        name: str,
        given: list[Any] | pa.Array,
        reader: Reader,
        types: list[pa.DataType],
        rows: npt.NDArray[np.int64] | None = None,
    ) -> list[pa.Array]:
        """Read each distinct cell once in Python and spread the results; `rows` are those given, if not all."""
        distinct, codes = _distinct(given)
        values: list[list[Any]] = [[] for _ in types]
        kinds: dict[str, list[int]] = {}
        for at, one in enumerate(distinct):
            value = None
            if one is not None:
                try:
                    value = reader(one)
                except cells.BadCell as bad:
                    kinds.setdefault(bad.kind, []).append(at)
                    value = bad.value
            for i, part in enumerate(value if isinstance(value, tuple) else (value,) * len(types)):
                values[i].append(part)
        for kind, places in kinds.items():
            found = np.zeros(len(distinct), np.bool_)
            found[places] = True
            self.flag(kind, self._spread(found if codes is None else found[codes], rows), name)
        arrays = [_retyped(pa.array(parts, dtype), len(types)) for parts, dtype in zip(values, types, strict=True)]
        return arrays if codes is None else [array.take(pa.array(codes)) for array in arrays]

    def _spread(self, found: Flags, rows: npt.NDArray[np.int64] | None) -> Flags:
        """Flags of some rows as flags of all."""
        if rows is None:
            return found
        whole = np.zeros(self.count, np.bool_)
        whole[rows] = found
        return whole

    # ------------------------------------------------------------------ whole columns

    def _typed(self, column: schema.Column, given: pa.Array) -> list[pa.Array] | None:
        """The column's values where the given type allows whole-column work; None: read it cell by cell."""
        kind, of = column.kind, given.type
        if kind == "text":
            return self._typed_text(column, given)
        if kind == "number":
            return self._typed_number(column, given)
        if (kind == "integer" and of == pa.int32()) or (kind == "boolean" and pa.types.is_boolean(of)):
            return [given]
        if kind == "day" and pa.types.is_date32(of):
            return [given, pa.nulls(self.count, schema.STAMP)]
        if kind in ("day", "stamp"):
            stamps = _stamps(given) if _is_text(of) else given
            if stamps is not None and pa.types.is_timestamp(stamps.type):
                return self._typed_stamp(column, stamps)
        return None

    def _typed_text(self, column: schema.Column, given: pa.Array) -> list[pa.Array] | None:
        if pa.types.is_integer(given.type):
            return [given.cast(pa.string())]
        if not _is_text(given.type):
            return None
        texts = given.cast(pa.string())
        nul = pc.match_substring(texts, "\x00")
        if pc.any(nul).as_py():
            self.flag("bad_text", flags(nul.fill_null(False)), column.name)
            texts = pc.replace_substring(texts, "\x00", "")
        texts = pc.utf8_trim_whitespace(texts)
        empty = pc.equal(texts, "")
        return [pc.if_else(empty, None, texts) if pc.any(empty).as_py() else texts]

    def _typed_number(self, column: schema.Column, given: pa.Array) -> list[pa.Array] | None:
        of = given.type
        if _is_text(of) or pa.types.is_floating(of):
            return self._typed_texts_of_numbers(column, given.cast(pa.string()))
        if pa.types.is_decimal(of) and of.scale <= MONEY.scale and of.precision - of.scale <= 26:
            amounts = given.cast(MONEY)
            large = too_large(amounts)
            self.flag("too_large", large, column.name)
            return [pc.if_else(pa.array(large), pa.scalar(None, MONEY), amounts) if large.any() else amounts]
        return [given.cast(MONEY)] if pa.types.is_integer(of) else None

    def _typed_texts_of_numbers(self, column: schema.Column, texts: pa.Array) -> list[pa.Array]:
        """Numbers written plainly or with thousands separators in one go, all others cell by cell."""
        grouped = pc.match_substring_regex(texts, _GROUPED_NUMBER)
        joined = pc.if_else(grouped, pc.replace_substring(texts, ",", ""), texts) if pc.any(grouped).as_py() else texts
        plain = pc.match_substring_regex(joined, _PLAIN_NUMBER)
        longer = pc.if_else(plain, joined, None).cast(_LONGER)
        amounts = pc.round(longer, MONEY.scale, round_mode="half_to_even").cast(MONEY)
        rows = np.flatnonzero(~flags(plain.fill_null(True)))
        if len(rows):
            others = self._by_cell(column.name, texts.take(pa.array(rows)), *_reader(column, self.timezone), rows)[0]
            amounts = pc.replace_with_mask(amounts, pc.invert(plain.fill_null(True)), others)
        return [amounts]

    def _typed_stamp(self, column: schema.Column, given: pa.Array) -> list[pa.Array]:
        valid = flags(given.is_valid())
        # whole seconds first: a cast of a far moment to microseconds would overflow
        seconds = given.cast(pa.timestamp("s", given.type.tz), safe=False).cast(pa.int64()).fill_null(0)
        moment = np.asarray(seconds.to_numpy(zero_copy_only=False))
        far = (moment < _FIRST_SECOND) | (moment > _LAST_SECOND)
        self.flag("bad_date", far, column.name)
        valid = valid & ~far
        near = pc.if_else(pa.array(valid), given, pa.scalar(None, given.type))
        micros = near.cast(pa.timestamp("us", given.type.tz), safe=False).cast(pa.int64()).fill_null(0)
        shown = np.array(micros.to_numpy(zero_copy_only=False), np.int64)
        plain = np.zeros(len(given), np.bool_)
        if given.type.tz is None:
            plain = shown % localtime.DAY == 0
            moments = localtime.moments_of_local(shown, self.timezone)
        else:
            moments = np.clip(shown, localtime.EARLIEST, localtime.LATEST)
        if column.kind == "stamp":
            return [pa.array(moments, mask=~valid).cast(schema.STAMP)]
        local = localtime.local_micros(moments, self.timezone)
        days = local // localtime.DAY
        if column.name in CLOSING:
            days = days + ((local % localtime.DAY) // localtime.SECOND == 86_399)
        days = np.where(plain, shown // localtime.DAY, days)
        return [
            pa.array(days.astype(np.int32), mask=~valid).cast(schema.DAY),
            pa.array(moments, mask=~valid | plain).cast(schema.STAMP),
        ]


def flags(mask: pa.Array) -> Flags:
    """An Arrow mask without nulls as a numpy one."""
    return np.asarray(mask.to_numpy(zero_copy_only=False), np.bool_)


def _add(known: dict[str, Flags], key: str, rows: Flags) -> None:
    known[key] = known[key] | rows if key in known else rows.copy()


def _whole(given: Cells) -> list[Any] | pa.Array:
    """A chunked column as one array."""
    if isinstance(given, list):
        return given
    if given.num_chunks == 1:
        return given.chunk(0)
    return pa.concat_arrays(given.chunks) if given.num_chunks else pa.array([], given.type)


def _is_text(of: pa.DataType) -> bool:
    return bool(pa.types.is_string(of) or pa.types.is_large_string(of) or pa.types.is_string_view(of))


def _stamps(texts: pa.Array) -> pa.Array | None:
    """Very many texts as timestamps, where all are written alike, with or without an offset; else None."""
    if len(texts) < _MANY or pc.count_distinct(texts).as_py() < _MANY:
        return None
    for pattern, of in ((_STAMP + _OFFSET, pa.timestamp("us", "UTC")), (_STAMP + "$", pa.timestamp("us"))):
        if pc.all(pc.match_substring_regex(texts, pattern)).as_py() is not False:
            try:
                return texts.cast(of)
            except pa.ArrowInvalid:  # one of them is no day of the calendar
                return None
    return None


def _reader(column: schema.Column, timezone: str) -> tuple[Reader, list[pa.DataType]]:
    """(function that reads one cell, types of what it gives)."""
    local = localtime.zone(timezone)
    percent = {"tax_inclusive_rate": Decimal("0.01"), "value": Decimal(1)}.get(column.name)
    readers: dict[str, tuple[Reader, list[pa.DataType]]] = {
        "text": (cells.text, [pa.string()]),
        "number": (partial(cells.number, percent=percent), [MONEY]),
        "integer": (cells.integer, [pa.int32()]),
        "boolean": (cells.boolean, [pa.bool_()]),
        "day": (partial(cells.day, local=local, closing=column.name in CLOSING), [pa.int32(), pa.int64()]),
        "stamp": (partial(cells.stamp, local=local), [pa.int64()]),
        "spans": (partial(cells.spans, local=local), [schema.SPAN]),
        "steps": (partial(cells.steps, local=local), [schema.STEP]),
        "texts": (cells.texts, [column.arrow]),
        "json": (cells.json_text, [pa.string()]),
    }
    return readers[column.kind]


def _retyped(array: pa.Array, parts: int) -> pa.Array:
    """Day numbers and microseconds as days and stamps."""
    if array.type == pa.int64():
        return array.cast(schema.STAMP)
    if array.type == pa.int32() and parts == 2:
        return array.cast(schema.DAY)
    return array


def _distinct(given: list[Any] | pa.Array) -> tuple[list[Any], npt.NDArray[np.int64] | None]:
    """(distinct cells, position of each row's cell among them); no positions where every row is on its own."""
    if isinstance(given, pa.Array):
        if pa.types.is_nested(given.type):
            return given.to_pylist(), None
        encoded = given if pa.types.is_dictionary(given.type) else given.dictionary_encode()
        distinct = [*encoded.dictionary.to_pylist(), None]
        positions = encoded.indices.fill_null(len(distinct) - 1).to_numpy(zero_copy_only=False)
        return distinct, positions.astype(np.int64)
    seen: dict[Any, int] = {}
    distinct = []
    codes = np.empty(len(given), np.int64)
    for row, one in enumerate(given):
        key: Any = (type(one), one)  # True, 1 and Decimal(1) are equal, and are not read alike
        try:
            at = seen.get(key)
        except TypeError:  # a list or a dict
            at, key = None, (object, row)
        if at is None:
            at = seen[key] = len(distinct)
            distinct.append(one)
        codes[row] = at
    return distinct, codes
