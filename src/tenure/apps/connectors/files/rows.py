"""Rows of a file as rows of a table: every check of one row by itself. Hides how texts become typed columns at speed.

Checks run on whole batches with Arrow; only rows that fail are looked at one by one, to say where and why.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.apps.connectors.files import rejects
from tenure.apps.connectors.files.limits import Limits
from tenure.apps.connectors.files.mapping import Plan, needed, normal_exact
from tenure.apps.connectors.files.options import Options
from tenure.apps.connectors.files.problems import ImportRefused, Problem, shown
from tenure.apps.connectors.files.readers import Batch, Facts
from tenure.apps.connectors.files.typed import (
    COMMA_DECIMALS,
    EITHER_DECIMALS,
    POINT_DECIMALS,
    Converted,
    Notation,
    TypedColumn,
)
from tenure.apps.workspaces.services import custom
from tenure.apps.workspaces.services.rows import as_json
from tenure.apps.workspaces.services.values import ValueRefused
from tenure.core import localtime
from tenure.core.money import MONEY, trimmed
from tenure.warehouse.schema import STAMP, TABLES

Mask = npt.NDArray[np.bool_]

_UNREADABLE = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\\x{fffd}]"
_FORMULA = "^[=+\\-@]"
_NOT_FORMULA = "^[+\\-]?[0-9][0-9 ().,\\-]*$|^[\\-]+$"
_SPACES = " \t\r\n\x0b\x0c\xa0\u3000\ufeff\u200b"
_PLACE = re.compile(r"\{([^{}]+)\}")
_QUANTITY_LIMIT = Decimal(10**9)
_COUNTERS = frozenset({"quantity", "employees", "interval_count", "notice_days"})
_NOT_NEGATIVE = frozenset({"quantity", "employees", "notice_days", "total"})
_SPANS = (
    ("start", "end"),
    ("period_start", "period_end"),
    ("full_period_start", "full_period_end"),
)


class Rows:
    """Turns batches of texts into typed rows, telling what is wrong with each row it leaves out."""

    def __init__(
        self,
        plan: Plan,
        options: Options,
        facts: Facts,
        limits: Limits,
        timezone: str,
        headings: list[str],
        tell: Callable[[Problem], None],
    ) -> None:
        local = localtime.zone(timezone)
        self._plan, self._options, self._facts, self._limits, self._tell = plan, options, facts, limits, tell
        self._headings = headings
        self._row_place = rejects.row_place(headings)
        self._table = TABLES[plan.kind]
        self._notation = Notation(
            local, localtime.zone(plan.stamps) if plan.stamps else local, date_format=options.date_format
        )
        self._filled = list(dict.fromkeys([*(c.column for c in plan.chosen), *plan.constants]))
        by_name = self._table.by_name
        self._typed = {name: TypedColumn(plan.kind, by_name[name], self._notation) for name in self._filled}
        self._own = dict(plan.own)
        self._decimals_known = False
        self.schema = _schema(plan, self._filled)
        self._check_constants()

    @property
    def notation(self) -> dict[str, Any]:
        """How numbers and days turned out to be written, as options: for a file of some of these rows."""
        orders = {typed.order for typed in self._typed.values()} - {None}
        order = orders.pop() if len(orders) == 1 else self._options.date_format
        comma = None if self._notation.ambiguous_comma else self._notation.decimal_comma
        return {"decimal_comma": comma, "date_format": order}

    def _check_constants(self) -> None:
        """A constant that cannot be read is refused before any row is."""
        for column, value in self._plan.constants.items():
            if _PLACE.search(value):
                self._pieces(value)
                continue
            converted = self._typed[column].convert(pa.array([value], pa.string()))
            if converted.bad:
                _at, code, detail = converted.bad[0]
                remedy = Problem(code, column=column, value=value, detail=detail)
                raise ImportRefused("import.bad_constant", column=column, value=value, remedy=remedy.fix)

    def _pieces(self, template: str) -> list[str | int]:
        """A constant such as `{Invoice}-{row}` as texts and places of columns (-1: the row's number)."""
        exact = [normal_exact(h) for h in self._headings]
        pieces: list[str | int] = []
        for at, piece in enumerate(_PLACE.split(template)):
            if at % 2 == 0:
                pieces.append(piece)
            elif normal_exact(piece) in exact:
                pieces.append(exact.index(normal_exact(piece)))
            elif normal_exact(piece) == "row":
                pieces.append(-1 if self._row_place is None else self._row_place)
            else:
                listed = ", ".join(shown(h, 40) for h in self._headings if h)
                raise ImportRefused("import.unknown_heading", value=piece, headings=listed)
        return pieces

    def read(self, batch: Batch) -> pa.Table:
        """The good rows of a batch, typed, with `file_row`; the others are told."""
        bad: Mask = np.zeros(len(batch.rows), np.bool_)
        kept = {c.index for c in self._plan.chosen}
        left = {i for i, _heading in self._plan.unused} if self._options.keep_unused else set(self._own)
        used = kept | left
        texts = {i: _trimmed(batch.columns[i]) for i in used}
        for index, column in texts.items():
            self._check_text(column, self._headings[index], batch, bad)
        if not self._decimals_known:
            self._find_decimals(texts)
        columns: dict[str, pa.Array] = {}
        implied_count: pa.Array | None = None
        for name in self._filled:
            given = self._texts_of(name, texts, batch)
            converted = self._typed[name].convert(given)
            self._report(name, given, converted, batch, bad)
            implied_count = converted.values.pop("count", implied_count)
            columns.update(converted.values)
        self._finish(columns, implied_count, batch, bad)
        if left and "attributes" not in columns:
            columns["attributes"] = self._attributes(texts, batch, bad)
        columns["file_row"] = pa.array(batch.rows, pa.int64())
        table = pa.table([_fitted(columns, field, len(batch.rows)) for field in self.schema], schema=self.schema)
        return table if not bad.any() else table.filter(pa.array(~bad))

    # ------------------------------------------------------------------ texts

    def _texts_of(self, name: str, texts: Mapping[int, pa.Array], batch: Batch) -> pa.Array:
        for chosen in self._plan.chosen:
            if chosen.column == name:
                return texts[chosen.index]
        template = self._plan.constants[name]
        if not _PLACE.search(template):
            return pa.array([template], pa.string()).take(pa.array(np.zeros(len(batch.rows), np.int64)))
        parts: list[Any] = []
        for piece in self._pieces(template):
            if isinstance(piece, str):
                parts.append(piece)
            elif piece < 0:
                parts.append(pa.array(batch.rows).cast(pa.string()))
            else:
                parts.append(pc.fill_null(_trimmed(batch.columns[piece]), ""))
        return pc.binary_join_element_wise(*parts, "")

    def _check_text(self, column: pa.Array, heading: str, batch: Batch, bad: Mask) -> None:
        limit = self._limits.text_characters
        for at in _where(pc.match_substring_regex(column, _UNREADABLE)):
            text = column[at].as_py()
            code = "import.nul" if "\x00" in text else "import.control_character"
            if "\ufffd" in text and code != "import.nul":
                code = "import.bad_character"
            self._at(code, batch, at, heading, value=text, encoding=self._facts.encoding or "UTF-8")
            bad[at] = True
        for at in _where(pc.greater(pc.utf8_length(column), limit)):
            if column[at].as_py()[:1] in "[{" and len(column[at].as_py()) < self._limits.cell_characters:
                continue
            count = len(column[at].as_py())
            self._at("import.text_too_long", batch, at, heading, value=column[at].as_py(), count=count, limit=limit)
            bad[at] = True
        formula = pc.match_substring_regex(column, _FORMULA)
        if pc.any(formula, min_count=0).as_py():
            formula = pc.and_(formula, pc.invert(pc.match_substring_regex(column, _NOT_FORMULA)))
            if self._is_text(heading):
                for at in _where(formula):
                    self._at("import.formula_text", batch, at, heading, value=column[at].as_py())

    def _is_text(self, heading: str) -> bool:
        """Whether what stands under a heading is kept as text (other columns say themselves what they cannot read)."""
        for chosen in self._plan.chosen:
            if chosen.heading == heading:
                return self._table.by_name[chosen.column].kind in ("text", "texts")
        return True

    def _find_decimals(self, texts: Mapping[int, pa.Array]) -> None:
        """Decide between 1,250.50 and 1.250,50 by the first rows, if nobody has said."""
        self._decimals_known = True
        delimited = self._facts.format == "csv"
        if self._options.decimal_comma is not None:
            self._notation.decimal_comma = self._options.decimal_comma
            self._notation.only_with_comma = not delimited
            return
        numbers = [
            texts[c.index]
            for c in self._plan.chosen
            if self._table.by_name[c.column].kind in ("number", "integer") and c.index in texts
        ]
        if not delimited or not numbers:
            return

        def seen(pattern: str) -> bool:
            return any(pc.any(pc.match_substring_regex(n, pattern), min_count=0).as_py() for n in numbers)

        commas, points = seen(COMMA_DECIMALS), seen(POINT_DECIMALS)
        self._notation.decimal_comma = commas and not points
        undecided = not commas and not points and self._facts.separator == "semicolon"
        self._notation.ambiguous_comma = undecided and seen(EITHER_DECIMALS)

    # ------------------------------------------------------------------ checks of one row

    def _finish(self, columns: dict[str, pa.Array], implied: pa.Array | None, batch: Batch, bad: Mask) -> None:
        """Checks that need the typed values, and values that follow from others."""
        for name in needed(self._plan.kind):
            if name in columns:
                self._missing(name, columns[name], batch, bad)
        if self._plan.kind == "contracts":
            self._missing("total", _first_known(columns, ("total", "schedule")), batch, bad)
        if implied is not None and "interval" in columns:
            count = columns.get("interval_count")
            columns["interval_count"] = implied if count is None else _times(count, implied)
        if self._options.end_inclusive:
            for _start, end in _SPANS:
                if end in columns:
                    columns[end] = _next_day(columns[end], columns.get(f"{end}_at"))
        for start, end in _SPANS:
            if start in columns and end in columns:
                self._ordered(start, end, columns, batch, bad)
        for name in self._filled:
            values = columns[name]
            if name in _COUNTERS:
                self._each(
                    pc.greater_equal(pc.abs(values), _like(values, _QUANTITY_LIMIT)),
                    "import.number_too_large",
                    name,
                    values,
                    batch,
                    bad,
                    limit="10^9",
                )
            if name in _NOT_NEGATIVE:
                self._each(pc.less(values, _like(values, 0)), "import.negative", name, values, batch, bad)
        self._special(columns, batch, bad)

    def _special(self, columns: dict[str, pa.Array], batch: Batch, bad: Mask) -> None:
        """Rules of single kinds."""
        kind = self._plan.kind
        if "interval_count" in columns:
            values = columns["interval_count"]
            self._each(pc.less(values, 1), "import.out_of_range", "interval_count", values, batch, bad, range="≥ 1")
        if "tax_inclusive_rate" in columns:
            values = columns["tax_inclusive_rate"]
            outside = pc.or_(pc.less(values, _like(values, 0)), pc.greater_equal(values, _like(values, 1)))
            self._each(
                outside, "import.out_of_range", "tax_inclusive_rate", values, batch, bad, range="0 – 1 (0.13 = 13 %)"
            )
        if kind == "fx_rates" and "rate" in columns:
            values = columns["rate"]
            self._each(
                pc.less_equal(values, _like(values, 0)), "import.out_of_range", "rate", values, batch, bad, range="> 0"
            )
        if kind == "discounts" and "value" in columns and "kind" in columns:
            values, percent = columns["value"], pc.equal(columns["kind"], "percent")
            self._each(pc.less(values, _like(values, 0)), "import.negative", "value", values, batch, bad)
            over = pc.and_(percent, pc.greater(values, _like(values, 100)))
            self._each(over, "import.out_of_range", "value", values, batch, bad, range="0 – 100 (20 = 20 %)")
        if kind == "subscriptions" and "amount" in columns:
            values = columns["amount"]
            for at in _where(pc.less(values, _like(values, 0))):
                self._at(
                    "import.negative_amount",
                    batch,
                    at,
                    self._plan.heading_of("amount"),
                    column="amount",
                    value=values[at].as_py(),
                )
        mapped = {c.column for c in self._plan.chosen}
        if kind == "invoice_lines" and "amount" in columns and "type" not in mapped:
            values = columns["amount"]
            usual = columns.get("type", pa.array(["subscription"] * len(values), pa.string()))
            columns["type"] = pc.if_else(pc.fill_null(pc.less(values, _like(values, 0)), False), "refund", usual)

    def _missing(self, name: str, values: pa.Array, batch: Batch, bad: Mask) -> None:
        """Needed and empty; a cell that was not empty but unreadable has been told already."""
        for at in np.flatnonzero(pc.is_null(values).to_numpy(zero_copy_only=False) & ~bad).tolist():
            self._at("import.missing_value", batch, at, self._plan.heading_of(name), column=name)
            bad[at] = True

    def _ordered(self, start: str, end: str, columns: Mapping[str, pa.Array], batch: Batch, bad: Mask) -> None:
        first, last = columns[start], columns[end]
        for at in _where(pc.less(last, first)):
            self._at(
                "import.end_before_start",
                batch,
                at,
                self._plan.heading_of(end),
                column=end,
                value=last[at].as_py(),
                start=first[at].as_py(),
            )
            bad[at] = True
        for at in _where(pc.equal(last, first)):
            self._at("import.no_days", batch, at, self._plan.heading_of(end), column=end, value=last[at].as_py())

    def _each(
        self, hits: pa.Array, code: str, name: str, values: pa.Array, batch: Batch, bad: Mask, **detail: Any
    ) -> None:
        for at in _where(hits):
            self._at(
                code, batch, at, self._plan.heading_of(name), column=name, value=_written(values[at].as_py()), **detail
            )
            bad[at] = True

    # ------------------------------------------------------------------ telling

    def _report(self, name: str, given: pa.Array, converted: Converted, batch: Batch, bad: Mask) -> None:
        heading = self._plan.heading_of(name)
        for at, code, detail in converted.bad:
            if not bad[at]:
                self._at(code, batch, at, heading, column=name, value=given[at].as_py(), **detail)
            bad[at] = True

    def _at(
        self, code: str, batch: Batch, at: int, heading: str, *, column: str = "", value: Any = "", **detail: Any
    ) -> None:
        column = column or next((c.column for c in self._plan.chosen if c.heading == heading), "")
        self._tell(
            Problem(
                code, row=int(batch.rows[at]), heading=shown(heading), column=column, value=shown(value), detail=detail
            )
        )

    # ------------------------------------------------------------------ columns nobody mapped

    def _attributes(self, texts: Mapping[int, pa.Array], batch: Batch, bad: Mask) -> pa.Array:
        """The cells of custom fields and of unmapped columns as one JSON object per row, null where all are empty."""
        length = len(batch.rows)
        unused = [(i, heading) for i, heading in self._plan.unused if i in texts]
        plain = iter(_distinct([heading for i, heading in unused if i not in self._own]))
        pieces: list[pa.Array] = []
        for index, heading in unused:
            column, field = texts[index], self._own.get(index)
            name = next(plain) if field is None else field.key
            if column.null_count == length:
                continue
            values = _quoted(column) if field is None else self._typed_own(field, column, heading, batch, bad)
            key = json.dumps(name, ensure_ascii=False)
            pieces.append(pc.fill_null(pc.binary_join_element_wise(f",{key}:", values, ""), ""))
        if not pieces:
            return pa.nulls(length, pa.string())
        inside = pc.utf8_slice_codeunits(pc.binary_join_element_wise(*pieces, ""), 1)
        whole = pc.binary_join_element_wise("{", inside, "}", "")
        return pc.if_else(pc.equal(inside, ""), pa.scalar(None, pa.string()), whole)

    def _typed_own(self, field: Any, column: pa.Array, heading: str, batch: Batch, bad: Mask) -> pa.Array:
        """The cells of a custom field as JSON; each value is read once, however often it is there."""
        coded = column.dictionary_encode()
        read: list[str | None] = []
        for text in coded.dictionary.to_pylist():
            try:
                value = custom.value_of(field, text)
                read.append(None if value is None else as_json(value))
            except ValueRefused as problem:
                read.append(None)
                for at in _where(pc.equal(column, text)):
                    detail = {"remedy": problem.fix}
                    self._at("import.bad_custom", batch, at, heading, column=field.key, value=text, **detail)
                    bad[at] = True
        return pa.array(read, pa.string()).take(coded.indices)


def _schema(plan: Plan, filled: list[str]) -> pa.Schema:
    """The staged columns: the inputs of the table that the file can fill, the moments of days, and the file's row."""
    table, fields = TABLES[plan.kind], []
    for column in table.inputs:
        if column.name in ("recorded_at", "superseded_at"):
            continue
        fields.append(pa.field(column.name, column.arrow))
        if column.kind == "day" and f"{column.name}_at" in table.by_name and column.name in filled:
            fields.append(pa.field(f"{column.name}_at", STAMP))
    return pa.schema([*fields, pa.field("file_row", pa.int64())])


def _fitted(columns: Mapping[str, pa.Array], field: pa.Field, length: int) -> pa.Array:
    column = columns.get(field.name)
    if column is None:
        return pa.nulls(length, field.type)
    return column if column.type == field.type else pc.cast(column, field.type)


def _trimmed(column: pa.Array) -> pa.Array:
    """Texts without white space around them (full-width space included), null where nothing is left."""
    trimmed = pc.utf8_trim(column, _SPACES)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _where(mask: pa.Array) -> list[int]:
    return np.flatnonzero(pc.fill_null(mask, False).to_numpy(zero_copy_only=False)).tolist()


def _like(values: pa.Array, number: int | Decimal) -> pa.Scalar:
    return pa.scalar(Decimal(number), MONEY) if values.type == MONEY else pa.scalar(int(number), values.type)


def _first_known(columns: Mapping[str, pa.Array], names: tuple[str, ...]) -> pa.Array:
    """Where any of the columns has a value."""
    known = [pc.is_valid(columns[n]) for n in names if n in columns]
    either = known[0]
    for mask in known[1:]:
        either = pc.or_(either, mask)
    return pc.if_else(either, True, pa.scalar(None, pa.bool_()))


def _times(count: pa.Array, implied: pa.Array) -> pa.Array:
    """How many intervals a billing period has: 2 quarters are 6 months."""
    return pc.multiply(pc.cast(pc.fill_null(count, 1), pa.int32()), pc.cast(pc.fill_null(implied, 1), pa.int32()))


def _next_day(days: pa.Array, moments: pa.Array | None) -> pa.Array:
    """The day after each last day; an end that was given as a moment is exact already."""
    numbers = pc.add(days.cast(pa.int32()), pa.scalar(1, pa.int32())).cast(pa.date32())
    return numbers if moments is None else pc.if_else(pc.is_valid(moments), days, numbers)


def _written(value: Any) -> Any:
    return format(trimmed(value), "f") if isinstance(value, Decimal) else value


def _quoted(column: pa.Array) -> pa.Array:
    """Texts as JSON strings."""
    if pc.any(pc.match_substring_regex(column, "[\\x00-\\x1f]"), min_count=0).as_py():
        return pa.array(
            [None if v is None else json.dumps(v, ensure_ascii=False) for v in column.to_pylist()], pa.string()
        )
    escaped = pc.replace_substring(pc.replace_substring(column, "\\", "\\\\"), '"', '\\"')
    return pc.binary_join_element_wise('"', escaped, '"', "")


def _distinct(names: list[str]) -> list[str]:
    """Headings as keys: a repeated one gets a number."""
    counts: Counter[str] = Counter()
    found = []
    for name in names:
        counts[name] += 1
        found.append(name if counts[name] == 1 else f"{name} ({counts[name]})")
    return found
