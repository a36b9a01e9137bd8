"""Single cells as people and programs write them: numbers, days, stamps, lists. Hides every accepted notation.

Each function takes one cell (text or native) and returns its value, None for an empty cell, or raises BadCell with the
anomaly kind. Nothing is guessed: what could be read in two ways is bad.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from tenure.core import localtime
from tenure.core.money import from_scaled, to_scaled

_SIGNS = "$€£¥￥₩₹₽₺₫฿₴₱₪元"
_DAY = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})|年(\d{1,2})月(\d{1,2})日)"
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_CLOCK = re.compile(
    r"[Tt\s]\s*(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(?:([Zz]|UTC|GMT)|([+-])(\d{2}):?(\d{2})?)?"
)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?")
_LIST_MARKS = re.compile(r"[,;、，；|]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_TRUE = frozenset(("true", "t", "yes", "y", "1", "是", "真", "有"))
_FALSE = frozenset(("false", "f", "no", "n", "0", "否", "假", "无"))
_LONGEST_NUMBER = 200

_INTERVAL_WORDS = {
    ("day", 1): "day days daily 日 天 按日 按天 每日 每天",
    ("week", 1): "week weeks weekly 周 星期 按周 每周",
    ("week", 2): "fortnight fortnightly biweekly bi-weekly 双周 每两周",
    ("month", 1): "month months monthly mo 月 个月 月付 按月 每月 月度 包月",
    ("month", 3): "quarter quarters quarterly 季 季度 季付 按季 每季 每季度 按季度 包季",
    ("month", 6): "half-year half-yearly semiannual semi-annual semiannually 半年 半年付 每半年",
    ("year", 1): "year years yearly annual annually yr 年 年付 按年 每年 年度 包年",
}
_INTERVALS = {word: meaning for meaning, words in _INTERVAL_WORDS.items() for word in words.split()}


class BadCell(ValueError):
    """A cell that cannot be read; `kind` is the anomaly it becomes, `value` what is kept of it."""

    def __init__(self, kind: str, value: Any = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.value = value


def is_empty(cell: Any) -> bool:
    """Nothing was written."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def clean(text: str) -> tuple[str, bool]:
    """The text without NUL bytes and lone surrogates, trimmed; and whether there were any."""
    bad = "\x00" in text or _SURROGATE.search(text) is not None
    if bad:
        text = _SURROGATE.sub("\ufffd", text.replace("\x00", ""))
    return text.strip(), bad


def text(cell: Any) -> str | None:
    """A cleaned text; one that held NUL bytes or lone surrogates is bad, and kept without them."""
    cleaned, bad = clean(written(cell))
    if bad:
        raise BadCell("bad_text", cleaned or None)
    return cleaned or None


def interval(name: str) -> tuple[str | None, int]:
    """(day, week, month or year; how many of them) of a word such as `quarterly` or 按年; (None, 1) if unknown."""
    return _INTERVALS.get(_narrow(name).strip().lower(), (None, 1))


def written(cell: Any) -> str:
    """A cell as text, as one would write it: 12.0 is 12, True is true."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, Decimal) and cell.is_finite() and cell == cell.to_integral_value():
        return str(int(cell)) if cell.adjusted() < 40 else str(cell)
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    if isinstance(cell, Mapping | list | tuple):
        return as_json(cell)
    return str(cell)


def _narrow(text: str) -> str:
    """Full-width digits and signs as ASCII."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def number(cell: Any, *, percent: Decimal | None = None) -> Decimal | None:
    """An exact amount with at most 12 decimals. `percent` is what one per cent is worth, where `%` may be written."""
    if isinstance(cell, bool):
        raise BadCell("bad_number")
    if isinstance(cell, float):
        cell = repr(cell)
    elif isinstance(cell, Decimal | int):
        return _fit(cell)
    if is_empty(cell):
        return None
    if not isinstance(cell, str) or len(cell) > _LONGEST_NUMBER:
        raise BadCell("bad_number")
    text = _narrow(cell).strip().replace("\u2212", "-").replace("_", "x")
    factor = Decimal(1)
    if text.endswith("%") and percent is not None:
        text, factor = text[:-1].rstrip(), percent
    if text.startswith("(") and text.endswith(")"):
        text, factor = text[1:-1].strip(), -factor
    text = _without_signs(text)
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    if not _PLAIN.fullmatch(text):
        raise BadCell("bad_number")
    return _fit(Decimal(text) * factor) if factor != 1 else _fit(Decimal(text))


def _without_signs(text: str) -> str:
    """The number without the currency around it: ¥100, -$5, 100 元, USD 100."""
    text = re.sub(rf"^([+-]?)\s*(?:[A-Z]{{2,3}}|[A-Z]{{0,2}}[{_SIGNS}])\s*(?=[\d.+-])", r"\1", text)
    return re.sub(rf"\s*(?:[A-Z]{{3}}|[{_SIGNS}])$", "", text)


def _fit(value: Decimal | int) -> Decimal:
    try:
        return from_scaled(to_scaled(value))
    except OverflowError:
        raise BadCell("too_large") from None
    except (ValueError, InvalidOperation):
        raise BadCell("bad_number") from None


def integer(cell: Any) -> int | None:
    """A whole number of at most nine digits."""
    value = number(cell)
    if value is None:
        return None
    if value != value.to_integral_value() or abs(value) >= 10**9:
        raise BadCell("bad_number")
    return int(value)


def boolean(cell: Any) -> bool | None:
    """Yes or no."""
    if isinstance(cell, bool):
        return cell
    if is_empty(cell):
        return None
    text = written(cell).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise BadCell("bad_boolean")


def day(cell: Any, local: tzinfo, *, closing: bool = False) -> tuple[int, int | None] | None:
    """(day number, moment in microseconds if one was given).

    A stamp becomes its local day; with `closing` (an end, exclusive), 23:59:59 means the next midnight. A midnight
    without offset is how spreadsheets write a plain day, and is taken as one.
    """
    if is_empty(cell):
        return None
    read = _stamp_or_day(cell)
    if not isinstance(read, datetime):
        return localtime.day_number(read), None
    if read.tzinfo is None and (read.hour, read.minute, read.second, read.microsecond) == (0, 0, 0, 0):
        return localtime.day_number(read.date()), None
    try:
        micros = localtime.moment(read, local)
        shown = localtime.local_stamp(micros, local)
    except (OverflowError, ValueError):
        raise BadCell("bad_date") from None
    number_of_day = localtime.day_number(shown.date())
    if closing and (shown.hour, shown.minute, shown.second) == (23, 59, 59):
        number_of_day += 1
    return number_of_day, micros


def stamp(cell: Any, local: tzinfo) -> int | None:
    """A moment in microseconds; a plain day is its local midnight, a stamp without offset is local."""
    if is_empty(cell):
        return None
    read = _stamp_or_day(cell)
    if not isinstance(read, datetime):
        read = datetime(read.year, read.month, read.day)  # noqa: DTZ001 - made local in the next line
    try:
        return localtime.moment(read, local)
    except (OverflowError, ValueError):
        raise BadCell("bad_date") from None


def _stamp_or_day(cell: Any) -> date:
    if isinstance(cell, datetime | date):
        return cell
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        cell = written(cell)
        if not _COMPACT.fullmatch(cell):
            raise BadCell("bad_date")
    if not isinstance(cell, str) or len(cell) > 64:
        raise BadCell("bad_date")
    text = _narrow(cell).strip()
    found = _DAY.match(text) or _COMPACT.match(text)
    if found is None:
        raise BadCell("bad_date")
    year, month, day_of_month = (int(part) for part in found.groups() if part is not None and part.isdigit())
    rest = text[found.end() :]
    try:
        read = date(year, month, day_of_month)
        if not rest:
            return read
        clock = _CLOCK.fullmatch(rest)
        if clock is None:
            raise BadCell("bad_date")
        return _with_clock(read, clock)
    except (ValueError, OverflowError):
        raise BadCell("bad_date") from None


def _with_clock(read: date, clock: re.Match[str]) -> datetime:
    hour, minute, second, fraction, utc, sign, hours, minutes = clock.groups()
    local: tzinfo | None = None
    if utc is not None:
        local = localtime.zone("UTC")
    elif sign is not None:
        offset = int(hours) * 60 + int(minutes or 0)
        local = localtime.fixed(offset if sign == "+" else -offset)
    micros = int((fraction or "0")[:6].ljust(6, "0"))
    whole_day = int(hour) == 24 and int(minute) == int(second or 0) == micros == 0
    at = time(0 if whole_day else int(hour), int(minute), int(second or 0), micros, local)
    return datetime.combine(read + timedelta(days=1) if whole_day else read, at)


def texts(cell: Any) -> list[str] | None:
    """A list of texts: a list, JSON, or text with commas, semicolons or 、 between."""
    if is_empty(cell):
        return None
    if isinstance(cell, str):
        cell = _json(cell, "bad_list") if cell.lstrip().startswith("[") else _LIST_MARKS.split(cell)
    if not isinstance(cell, list | tuple):
        cell = [cell]
    if any(isinstance(part, Mapping | list | tuple) for part in cell):
        raise BadCell("bad_list")
    found = [clean(written(part))[0] for part in cell if part is not None]
    return [text for text in found if text] or None


def spans(cell: Any, local: tzinfo) -> list[dict[str, int | None]] | None:
    """Stretches [from, to) as day numbers: JSON or a list of pairs or of {from, to}; `to` may be open."""
    if is_empty(cell):
        return None
    if isinstance(cell, str):
        cell = _json(cell, "bad_pause")
    if isinstance(cell, Mapping) or (isinstance(cell, list | tuple) and len(cell) == 2 and not _nested(cell)):
        cell = [cell]
    if not isinstance(cell, list | tuple):
        raise BadCell("bad_pause")
    found: list[dict[str, int | None]] = []
    for part in cell:
        if isinstance(part, Mapping):
            start, end = part.get("from"), part.get("to")
        elif isinstance(part, list | tuple) and 1 <= len(part) <= 2:
            start, end = part[0], part[1] if len(part) == 2 else None
        else:
            raise BadCell("bad_pause")
        first, last = day(start, local), day(end, local, closing=True)
        if first is None or (last is not None and last[0] < first[0]):
            raise BadCell("bad_pause")
        found.append({"from": first[0], "to": None if last is None else last[0]})
    return sorted(found, key=lambda span: span["from"] or 0) or None


def steps(cell: Any, local: tzinfo) -> list[dict[str, Any]] | None:
    """Steps of a ramp {from, to, amount}: day numbers and an exact amount, in the order of their days."""
    if is_empty(cell):
        return None
    if isinstance(cell, str):
        cell = _json(cell, "bad_schedule")
    if isinstance(cell, Mapping):
        cell = [cell]
    if not isinstance(cell, list | tuple):
        raise BadCell("bad_schedule")
    found = []
    for part in cell:
        if not isinstance(part, Mapping):
            raise BadCell("bad_schedule")
        first, last = day(part.get("from"), local), day(part.get("to"), local, closing=True)
        amount = number(part.get("amount"))
        if first is None or last is None or amount is None or last[0] <= first[0]:
            raise BadCell("bad_schedule")
        found.append({"from": first[0], "to": last[0], "amount": amount})
    return sorted(found, key=lambda step: (step["from"], step["to"])) or None


def _nested(cell: list[Any] | tuple[Any, ...]) -> bool:
    return any(isinstance(part, Mapping | list | tuple) for part in cell)


def _json(text: str, kind: str) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise BadCell(kind) from None


def json_text(cell: Any) -> str | None:
    """JSON as text: of a value, or a text that already is JSON."""
    if is_empty(cell):
        return None
    if isinstance(cell, str):
        given = clean(cell)[0]
        try:
            json.loads(given, parse_constant=_refused)
        except (ValueError, RecursionError):
            return as_json(given)
        return given
    return as_json(cell)


def as_json(value: Any) -> str:
    """Canonical JSON: sorted keys, native and clean text, numbers and days as they are written."""
    try:
        return json.dumps(_plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    except RecursionError:
        raise BadCell("bad_json") from None


def _plain(value: Any) -> Any:
    """A value of nothing but what JSON has."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return clean(value)[0]
    if isinstance(value, Mapping):
        return {clean(written(key))[0]: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and math.isfinite(value):
        return value
    return clean(written(value))[0]


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
