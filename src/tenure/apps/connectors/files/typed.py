"""Text columns as typed columns, strictly: a cell that cannot be read is reported, never guessed and never emptied.

Hides notations (dates, numbers, intervals, currencies) and speed: each different text is read once by the warehouse's
own cell parsers and remembered; plain numbers are cast as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.apps.connectors.files.currencies import currency
from tenure.core import localtime
from tenure.core.money import MONEY
from tenure.warehouse import cells
from tenure.warehouse.schema import STAMP, Column

MOST_WORDS = 200_000
"""different texts remembered per column"""
_PLAIN = r"^-?[0-9]{1,19}(\.[0-9]{1,12})?$"
_CODES = {
    "bad_number": "import.bad_number",
    "too_large": "import.number_too_large",
    "bad_date": "import.bad_day",
    "bad_boolean": "import.bad_boolean",
    "bad_list": "import.bad_list",
    "bad_pause": "import.bad_spans",
    "bad_schedule": "import.bad_steps",
}
_WORDS: dict[str, dict[str, str]] = {
    "duration": {
        **dict.fromkeys(("once", "一次", "单次", "首期"), "once"),
        **dict.fromkeys(("repeating", "repeat", "多次", "重复", "限期"), "repeating"),
        **dict.fromkeys(("forever", "永久", "长期", "一直"), "forever"),
    },
    "type": {
        **dict.fromkeys(("subscription", "recurring", "订阅", "订阅费", "续费"), "subscription"),
        **dict.fromkeys(("one_time", "one-time", "one time", "onetime", "一次性", "一次性费用"), "one_time"),
        **dict.fromkeys(("usage", "metered", "用量", "按量"), "usage"),
        **dict.fromkeys(("refund", "credit_note", "credit note", "退款", "红字"), "refund"),
    },
    "discounts.kind": {
        **dict.fromkeys(("percent", "percentage", "%", "百分比", "折扣率"), "percent"),
        **dict.fromkeys(("amount", "fixed", "fixed_amount", "金额", "固定金额", "立减"), "amount"),
    },
    "contracts.kind": {
        **dict.fromkeys(("term", "fixed term", "定期", "固定期限", "年度"), "term"),
        **dict.fromkeys(
            ("month_to_month", "month-to-month", "month to month", "monthly", "按月", "月付"), "month_to_month"
        ),
    },
}
_EVERY = re.compile(r"(?:every|per|每|p)?\s*(\d{1,3})\s*(?:个)?\s*([a-z]+|[日天周月季年]|星期|季度)")
_ISO_UNITS = {"d": "day", "w": "week", "m": "month", "y": "year"}
_SLASHED = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4})(?!\d)(.*)", re.DOTALL)
_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ],
        start=1,
    )
    for name in names.split()
}
_NAMED_FIRST = re.compile(r"([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?!\d)(.*)", re.DOTALL)
_NAMED_SECOND = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[\s\-]+([A-Za-z]{3,9})\.?[\s\-,]+(\d{4})(?!\d)(.*)", re.DOTALL)
_CLOCK_AT_END = re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*$")
_COMMA_NUMBER = re.compile(r"([^\d.,]*)(\d{1,3}(?:[.\s'\u00a0\u202f]\d{3})+|\d+)(?:,(\d+))?(\D*)")
COMMA_DECIMALS = r"^[^0-9.,]*([0-9]{1,3}(\.[0-9]{3})+,[0-9]+|[0-9]+,([0-9]{1,2}|[0-9]{4,}))[^0-9.,]*$"
POINT_DECIMALS = (
    r"^[^0-9.,]*([0-9]{1,3}(,[0-9]{3})+\.[0-9]+|[0-9]+\.([0-9]{1,2}|[0-9]{4,})|[0-9]{1,3}(,[0-9]{3}){2,})[^0-9.,]*$"
)
EITHER_DECIMALS = r"^[^0-9.,]*[0-9]{1,3},[0-9]{3}[^0-9.,]*$"

Mask = npt.NDArray[np.bool_]


class Refused(Exception):
    """A text cannot be read; `code` says why."""

    def __init__(self, code: str, **detail: Any) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


@dataclass(slots=True)
class Converted:
    """A typed column with what could not be read: (row index, code, details)."""

    values: dict[str, pa.Array]
    bad: list[tuple[int, str, Mapping[str, Any]]] = field(default_factory=list)


@dataclass(slots=True)
class Notation:
    """How a file writes its numbers and days. Shared by its columns."""

    local: tzinfo
    stamps: tzinfo
    date_format: str = "auto"
    decimal_comma: bool = False
    only_with_comma: bool = False
    """of a decimal comma: texts without a comma still have a decimal point (workbooks hold real numbers)"""
    ambiguous_comma: bool = False
    """1,250 could be one or the other: refuse it"""


class TypedColumn:
    """Turns the texts of one column into values of its type."""

    def __init__(self, kind: str, column: Column, notation: Notation) -> None:
        self._column, self._notation = column, notation
        self._order: str | None = None if notation.date_format == "auto" else notation.date_format
        self._parse, self._types = self._reading(kind, column)
        self._memo: dict[str, tuple[Any, ...] | Refused] = {}

    @property
    def order(self) -> str | None:
        """Whether its days put the day or the month first, as far as that is known."""
        return self._order

    def _reading(self, kind: str, column: Column) -> tuple[Callable[[str], tuple[Any, ...]], dict[str, pa.DataType]]:
        name, types = column.name, {column.name: column.arrow}
        words = _WORDS.get(f"{kind}.{name}") or _WORDS.get(name)
        if name == "currency":
            return _currency, types
        if name == "interval":
            return _interval, {name: pa.string(), "count": pa.int32()}
        if words is not None and column.kind == "text":
            return lambda text: (_word(text, words),), types
        local = self._notation.local
        match column.kind:
            case "number":
                share = Decimal(1) / 100 if name == "tax_inclusive_rate" else Decimal(1)
                percent = share if name in ("tax_inclusive_rate", "value") else None
                return lambda text: (cells.number(self._number(text), percent=percent),), types
            case "integer":
                return lambda text: (_integer(self._number(text)),), types
            case "boolean":
                return lambda text: (cells.boolean(text),), types
            case "day":
                return self._day, {name: column.arrow, f"{name}_at": STAMP}
            case "stamp":
                return lambda text: (self._stamp(text),), types
            case "spans":
                return lambda text: (cells.spans(text, local),), types
            case "steps":
                return lambda text: (cells.steps(text, local),), types
            case "texts":
                return lambda text: (cells.texts(text),), types
            case "json":
                return lambda text: (_json(text),), types
            case _:
                return _same, types

    def convert(self, texts: pa.Array) -> Converted:
        """The typed values of trimmed texts (null where empty), null again where they cannot be read."""
        if self._parse is _same:
            return Converted({self._column.name: texts})
        kind = self._column.kind
        if kind == "number" and not self._notation.decimal_comma and not self._notation.ambiguous_comma:
            plain_texts = pc.match_substring_regex(texts, _PLAIN)
            if pc.all(plain_texts, min_count=0).as_py():
                return Converted({self._column.name: pc.cast(texts, MONEY)})
        return self._by_word(texts)

    def _by_word(self, texts: pa.Array) -> Converted:
        encoded = texts.dictionary_encode()
        words = encoded.dictionary.to_pylist()
        if kind_is_day(self._column) and self._order is None:
            self._order = day_order(words)
        if len(self._memo) > MOST_WORDS:
            self._memo.clear()
        values: dict[str, list[Any]] = {name: [] for name in self._types}
        refused: dict[int, Refused] = {}
        for at, word in enumerate(words):
            found = self._memo.get(word)
            if found is None:
                found = self._memo[word] = self._read(word)
            if isinstance(found, Refused):
                refused[at] = found
                for column in values.values():
                    column.append(None)
            else:
                for column, value in zip(values.values(), found, strict=True):
                    column.append(value)
        made = {name: pa.array(values[name], kind).take(encoded.indices) for name, kind in self._types.items()}
        bad: list[tuple[int, str, Mapping[str, Any]]] = []
        if refused:
            codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            for at in np.flatnonzero(np.isin(codes, list(refused))).tolist():
                why = refused[int(codes[at])]
                bad.append((at, why.code, why.detail))
        return Converted(made, bad)

    def _read(self, text: str) -> tuple[Any, ...] | Refused:
        try:
            return self._parse(text)
        except cells.BadCell as error:
            detail = {"limit": "10^20"} if error.kind == "too_large" else {}
            return Refused(_CODES.get(error.kind, "import.bad_number"), **detail)
        except Refused as error:
            return error

    def _number(self, text: str) -> str:
        notation = self._notation
        if notation.ambiguous_comma and re.match(EITHER_DECIMALS, text):
            raise Refused("import.ambiguous_number")
        if not notation.decimal_comma or (notation.only_with_comma and "," not in text):
            return text
        found = _COMMA_NUMBER.fullmatch(text)
        if found is None:
            raise Refused("import.bad_number")
        before, whole, decimals, after = found.groups()
        digits = re.sub(r"\D", "", whole)
        return f"{before}{digits}.{decimals}{after}" if decimals else f"{before}{digits}{after}"

    def _day(self, text: str) -> tuple[int | None, int | None]:
        found = cells.day(self._instant(text), self._notation.local, closing=self._column.name in CLOSING)
        return (None, None) if found is None else found

    def _stamp(self, text: str) -> int | None:
        return cells.stamp(self._instant(text), self._notation.local)

    def _instant(self, text: str) -> str | datetime:
        """The text in the one order the warehouse reads, its stamp in the zone the file is written in."""
        text = self._ordered(text)
        if self._notation.stamps is self._notation.local or not _CLOCK_AT_END.search(text):
            return text
        micros = cells.stamp(text, self._notation.stamps)
        return text if micros is None else localtime.local_stamp(micros, localtime.zone("UTC"))

    def _ordered(self, text: str) -> str:
        slashed = _SLASHED.fullmatch(text)
        if slashed is not None:
            first, second, year, rest = slashed.groups()
            order = self._order or _own_order(int(first), int(second))
            if order is None:
                raise Refused("import.ambiguous_day")
            if order == "ymd":
                raise Refused("import.bad_day")
            day, month = (first, second) if order == "dmy" else (second, first)
            return f"{year}-{month}-{day}{rest}"
        named = _NAMED_FIRST.fullmatch(text)
        month_name, day, year, rest = named.groups() if named is not None else ("", "", "", "")
        if named is None and (named := _NAMED_SECOND.fullmatch(text)) is not None:
            day, month_name, year, rest = named.groups()
        if month_name.lower() in _MONTHS:
            return f"{year}-{_MONTHS[month_name.lower()]}-{day}{rest}"
        return text


CLOSING = frozenset({"end", "period_end", "full_period_end"})
"""Days that are exclusive ends: a stamp at 23:59:59 means the next midnight."""


def kind_is_day(column: Column) -> bool:
    return column.kind in ("day", "stamp")


def day_order(words: list[str]) -> str | None:
    """Whether 03/04/2026 puts the day or the month first, if other days of the column tell."""
    found = {_own_order(int(m[1]), int(m[2])) for w in words if w and (m := _SLASHED.fullmatch(w))}
    found -= {None, "same"}
    return found.pop() if len(found) == 1 else None


def _own_order(first: int, second: int) -> str | None:
    """The order one day tells by itself; None if it could be both."""
    if first == second or first > 12:
        return "dmy" if first > 12 else "same"
    return "mdy" if second > 12 else None


def _same(text: str) -> tuple[str]:
    return (text,)


def _integer(text: str) -> int | None:
    try:
        return cells.integer(text)
    except cells.BadCell as error:
        if error.kind == "too_large":
            raise
        raise Refused("import.bad_integer") from None


def _currency(text: str) -> tuple[str]:
    code = currency(text)
    if code is None:
        raise Refused("import.unknown_currency")
    return (code,)


def _interval(text: str) -> tuple[str, int]:
    """The billing period with how many of it: quarterly is 3 months."""
    unit, count = cells.interval(text)
    if unit is not None:
        return unit, count
    found = _EVERY.fullmatch(re.sub(r"\s+", " ", text.strip().lower()))
    if found is not None:
        unit, count = cells.interval(_ISO_UNITS.get(found[2], found[2]))
        if unit is not None and int(found[1]) > 0:
            return unit, count * int(found[1])
    raise Refused("import.unknown_interval")


def _word(text: str, words: Mapping[str, str]) -> str:
    found = words.get(text.strip().lower())
    if found is None:
        raise Refused("import.unknown_word", allowed=", ".join(dict.fromkeys(words.values())))
    return found


def _json(text: str) -> str | None:
    if not text.startswith(("{", "[")):
        raise Refused("import.bad_json")
    found = cells.json_text(text)
    if found is not None and not found.startswith(("{", "[")):
        raise Refused("import.bad_json")
    return found
