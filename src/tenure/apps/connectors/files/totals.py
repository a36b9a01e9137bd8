"""Totals of another system, as they are pasted or uploaded: per month, or per account and month. Hides every layout.

Two layouts are read: one line per month (and account), with or without headings; and months side by side as columns,
with the accounts below each other. A line that cannot be read is named by its number and left to the reader, never
guessed and never dropped.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from tenure.apps.connectors.files.limits import Limits
from tenure.apps.connectors.files.problems import ImportRefused
from tenure.apps.connectors.files.readers.workbook import WorkbookReader
from tenure.apps.connectors.files.sniff import sniff_encoding, sniff_format
from tenure.apps.connectors.files.source import Source, opened
from tenure.core.periods import label, parse_label
from tenure.warehouse import cells

MOST_LINES = 50_000
LIMITS = Limits(file_bytes=20 * 1024**2, workbook_bytes=200 * 1024**2, workbook_cells=600_000, rows=MOST_LINES)
_ROLES = {
    "period": ("month", "period", "date", "month end", "月份", "月", "年月", "期间", "账期", "周期", "日期"),
    "account": (
        *("account", "account id", "customer", "customer id", "client", "company", "name"),
        *("客户", "客户编号", "客户id", "客户 id", "客户名称", "客户名", "公司", "公司名称", "名称"),
    ),
    "amount": (
        *("amount", "total", "mrr", "revenue", "invoiced", "billed", "value"),
        *("金额", "总额", "总计", "合计", "收入", "月度经常性收入", "开票金额", "账单金额", "发票金额"),
    ),
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR_MONTH = re.compile(r"(\d{4})(?:\s*[-/.年]\s*(\d{1,2})|(\d{2}))\s*月?")
_MONTH_YEAR = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{4})")
_NAMED = re.compile(r"([a-z]{3,9})\.?[\s,'-]*(\d{4}|\d{2})")
_QUARTER = re.compile(r"(\d{4})\s*(?:[-/]?\s*q|年第?)\s*([1-4])\s*(?:季度?)?")


@dataclass(frozen=True, slots=True)
class Line:
    """A total that could be read; `account` is empty where it is of all accounts together."""

    number: int
    period: str
    account: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that could not be read: its number, what stands in it, and what is wrong."""

    number: int
    text: str
    why: str


@dataclass(slots=True)
class Totals:
    """What was read, in the order it was given, and the lines that were not."""

    lines: list[Line] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)

    @property
    def periods(self) -> list[str]:
        return sorted({line.period for line in self.lines}, key=lambda name: parse_label(name)[0])

    def of(self, period: str) -> Decimal:
        """The total of a period over all its lines."""
        return sum((line.amount for line in self.lines if line.period == period), Decimal(0))


def read_totals(given: str | bytes | Path | BinaryIO, name: str | None = None) -> Totals:
    """The totals in a pasted text, or in a CSV or Excel file.

    Raises: ImportRefused for a file that is missing, damaged, too large or of another format, or holds no line.
    """
    content = given.encode() if isinstance(given, str) else given
    with opened(content, LIMITS, name) as source:
        rows = [(number, row) for number, row in _rows(source) if any(cell.strip() for cell in row)]
    if len(rows) > MOST_LINES:
        raise ImportRefused("import.too_many_rows", file=source.name, limit=MOST_LINES)
    found = Totals()
    if rows:
        months = [period_of(cell) for cell in rows[0][1]]
        if _are_columns(months, rows):
            _read_wide(rows, months, found)
        else:
            _read_long(rows, found)
    return found


def _are_columns(months: Sequence[str | None], rows: Sequence[tuple[int, list[str]]]) -> bool:
    """Whether the first line names months as columns: several, or one beside no amount and above no month."""
    places = [at for at, month in enumerate(months) if month is not None]
    if len(places) != 1 or len(rows) < 2:
        return len(places) > 1
    (at,), head, below = places, rows[0][1], rows[1][1]
    beside = any(_amount_of(cell) is not None for place, cell in enumerate(head) if place != at)
    return not beside and at < len(below) and _amount_of(below[at]) is not None and period_of(below[at]) is None


def _rows(source: Source) -> Iterator[tuple[int, list[str]]]:
    """The cells of every row with its number in the file."""
    kind = sniff_format(source)
    if kind not in ("workbook", "delimited"):
        raise ImportRefused("import.unknown_format", file=source.name)
    if kind == "workbook":
        reader = WorkbookReader(source, LIMITS)
        yield 1, list(reader.headings)
        for batch in reader.batches(lambda _problem: None):
            columns = [column.to_pylist() for column in batch.columns]
            for number, *row in zip(batch.rows.tolist(), *columns, strict=True):
                yield number, [cell or "" for cell in row]
        return
    encoding = sniff_encoding(source)
    text = source.text("utf-8-sig" if encoding == "utf-8" else encoding).read()
    lines = text.splitlines()
    separator = next((one for one in "\t;|" if any(one in line for line in lines)), ",")
    for number, line in enumerate(lines, start=1):
        yield number, next(csv.reader([line], delimiter=separator), [])


def _folded(cell: str) -> str:
    return unicodedata.normalize("NFKC", cell).strip().casefold().replace("_", " ")


def period_of(cell: str) -> str | None:
    """The month, quarter or year a cell names: 2026-03, 2026年3月, 3/2026, Mar 2026, 202603, 2026-03-31, 2026-Q1."""
    text = _folded(cell).removesuffix(" 00:00:00")
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return _month(int(text[:4]), int(text[5:7])) if _is_day(text) else None
    if found := _QUARTER.fullmatch(text):
        return f"{found[1]}-Q{found[2]}"
    if re.fullmatch(r"\d{4}年?", text):
        return text[:4] if 1900 <= int(text[:4]) < 2200 else None
    if found := _YEAR_MONTH.fullmatch(text):
        return _month(int(found[1]), int(found[2] or found[3]))
    if found := _MONTH_YEAR.fullmatch(text):
        return _month(int(found[2]), int(found[1]))
    if (found := _NAMED.fullmatch(text)) and found[1][:3] in _MONTHS:
        year = int(found[2])
        return _month(year + 2000 if year < 100 else year, _MONTHS.index(found[1][:3]) + 1)
    return None


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _month(year: int, month: int) -> str | None:
    return label(date(year, month, 1), "month") if 1900 <= year < 2200 and 1 <= month <= 12 else None


def _amount_of(cell: str) -> Decimal | None:
    """The amount in a cell; None if there is none, or it cannot be read."""
    try:
        return cells.number(re.sub(r"[\s']", "", cell))
    except cells.BadCell:
        return None


def _read_wide(rows: Sequence[tuple[int, list[str]]], months: Sequence[str | None], found: Totals) -> None:
    """Months side by side: the first other column names the account, unless there is one row of totals only."""
    places = [at for at, month in enumerate(months) if month is not None]
    named = next((at for at, month in enumerate(months) if month is None), None)
    body = rows[1:]
    if named is not None and len(body) == 1 and _folded(rows[0][1][named]) not in _ROLES["account"]:
        named = None
    for number, row in body:
        account = row[named].strip() if named is not None and named < len(row) else ""
        if named is not None and not account:
            found.bad.append(BadLine(number, _text(row), _("The line names no account.")))
            continue
        for at in places:
            cell = row[at].strip() if at < len(row) else ""
            if not cell:
                continue
            amount = _amount_of(cell)
            if amount is None:
                found.bad.append(BadLine(number, cell, _("This is no amount.")))
            else:
                found.lines.append(Line(number, months[at] or "", account, amount))


def _read_long(rows: Sequence[tuple[int, list[str]]], found: Totals) -> None:
    """One line per month, or per account and month."""
    roles = _roles(rows[0][1])
    body = rows[1:] if roles else rows
    roles = roles or _guessed(rows)
    taken: dict[tuple[str, str], int] = {}
    for number, row in body:
        line, why = _line(number, row, roles)
        if line is None:
            found.bad.append(BadLine(number, _text(row), why))
        elif (line.period, line.account) in taken:
            first = taken[line.period, line.account]
            why = _("Line %(first)s gives a total for the same already.") % {"first": first}
            found.bad.append(BadLine(number, _text(row), why))
        else:
            taken[line.period, line.account] = number
            found.lines.append(line)


def _line(number: int, row: Sequence[str], roles: dict[str, int]) -> tuple[Line | None, str]:
    """A line, or why it is none."""
    if len(row) <= max(roles.values(), default=0) or not {"period", "amount"} <= roles.keys():
        return None, _("The line needs a month and an amount.")
    period, amount = period_of(row[roles["period"]]), _amount_of(row[roles["amount"]])
    account = row[roles["account"]].strip() if "account" in roles else ""
    if period is None:
        return None, _("“%(value)s” is no month.") % {"value": row[roles["period"]].strip()}
    if amount is None:
        return None, _("“%(value)s” is no amount.") % {"value": row[roles["amount"]].strip()}
    if len(row) - 1 > max(roles.values()) and any(cell.strip() for cell in row[max(roles.values()) + 1 :]):
        return None, _("The amount may be cut by a comma: put it in quotes, or separate the columns by tabs.")
    if account.isdigit() and "account" in roles and _looks_cut(account, row[roles["amount"]]):
        return None, _("The amount may be cut by a comma: put it in quotes, or separate the columns by tabs.")
    if "account" in roles and not account:
        return None, _("The line names no account.")
    return Line(number, period, account, amount), ""


def _looks_cut(account: str, amount: str) -> bool:
    """48,310 between commas reads as account 48 and amount 310."""
    return len(account) <= 3 and re.fullmatch(r"\d{3}(\.\d+)?", amount.strip()) is not None


def _roles(headings: Sequence[str]) -> dict[str, int]:
    """Which column is what, by its heading; nothing if the first line is none of headings."""
    roles: dict[str, int] = {}
    for at, heading in enumerate(headings):
        text = re.sub(r"\s*[(（].*[)）]$", "", _folded(heading))
        for role, words in _ROLES.items():
            if text in words and role not in roles:
                roles[role] = at
    return roles if len(roles) > 1 else {}


def _guessed(rows: Sequence[tuple[int, list[str]]]) -> dict[str, int]:
    """Which column is what, by what stands in the first line that has a month: the month, the last amount, the rest."""
    for _number, row in rows:
        period = next((at for at, cell in enumerate(row) if period_of(cell) is not None), None)
        amounts = [at for at, cell in enumerate(row) if at != period and _amount_of(cell) is not None]
        if period is None or not amounts:
            continue
        rest = [at for at, cell in enumerate(row) if at not in (period, amounts[-1]) and cell.strip()]
        return {"period": period, "amount": amounts[-1], **({"account": rest[0]} if rest else {})}
    return {}


def _text(row: Sequence[str]) -> str:
    return " | ".join(cell.strip() for cell in row)[:200]
