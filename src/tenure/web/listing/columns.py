"""The columns of a list and their values: what a column is called, how it is filtered, shown and exported."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import reduce
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenure.web import formatting as f

Row = Mapping[str, Any]
KINDS = ("text", "link", "choice", "number", "money", "day", "moment", "yes_no")
NUMBERS = ("number", "money")
ORDERED = ("number", "money", "day", "moment")
OPERATORS = ("eq", "ne", "in", "contains", "gt", "lt", "set", "not_set")
WITHOUT_VALUE = ("set", "not_set")
SEPARATOR = "|"
"""Between the values of `in`."""
_OF_KIND: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("text", "link"), ("eq", "ne", "in", "contains", "set", "not_set")),
    "choice": ("eq", "ne", "in", "set", "not_set"),
    **dict.fromkeys(ORDERED, ("eq", "ne", "gt", "lt", "set", "not_set")),
    "yes_no": ("eq", "set", "not_set"),
}
OPERATORS_SAID = {
    "eq": gettext_lazy("is"),
    "ne": gettext_lazy("is not"),
    "in": gettext_lazy("is one of"),
    "contains": gettext_lazy("contains"),
    "gt": gettext_lazy("is more than"),
    "lt": gettext_lazy("is less than"),
    "set": gettext_lazy("has a value"),
    "not_set": gettext_lazy("has no value"),
}
_OF_DAYS = {"gt": gettext_lazy("is after"), "lt": gettext_lazy("is before")}
_RELATIVE = re.compile(r"^([+-]\d{1,4})d$")
TODAY = "today"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. It prints itself: a template for each of a thousand cells would take longer than all the rest."""

    text: str
    title: str = ""
    href: str = ""
    shape: str = ""
    """the class of what holds the text: `quiet`, `due due--soon`, `tier tier--s` ..."""
    delta: Mapping[str, Any] | None = None
    """a change, as components/delta.html takes it"""

    def __str__(self) -> SafeString:
        if self.delta:
            return render_to_string("components/delta.html", {"delta": self.delta})
        if self.href:
            return format_html('<a class="link" href="{}">{}</a>', self.href, self.text)
        return format_html('<span class="{}">{}</span>', self.shape, self.text) if self.shape else escape(self.text)

    __html__ = __str__


@dataclass(frozen=True, slots=True)
class Column:
    """One column: declared once, then filtered, sorted, shown and exported by its kind."""

    name: str
    label: Any
    kind: str = "text"
    unit: str = ""
    """in the head, never in the cells: ¥, days"""
    choices: Mapping[str, Any] = field(default_factory=dict)
    """of a `choice`: value -> label"""
    sortable: bool = True
    filterable: bool = True
    shown: bool = True
    """whether it is there until the reader chooses columns"""
    total: bool = False
    """whether the foot has its sum"""
    card: str = ""
    """on a phone: `start` or `end` of the row's card; empty: not on it"""
    href: Callable[[Row], str] | None = None
    """of a `link`: where it goes"""
    dress: Callable[[Row, Cell], Cell] | None = None
    """the last word on how a cell looks"""

    @property
    def is_number(self) -> bool:
        return self.kind in NUMBERS

    @property
    def is_text(self) -> bool:
        return self.kind in ("text", "link", "choice")

    @property
    def operators(self) -> tuple[str, ...]:
        return _OF_KIND[self.kind] if self.filterable else ()

    @property
    def heading(self) -> str:
        """The label with its unit."""
        if not self.unit:
            return str(self.label)
        return _("%(label)s, %(unit)s") % {"label": self.label, "unit": self.unit.strip()}

    def read(self, text: str, today: date) -> Any:
        """A value of the address as this column's values are.

        Raises: ValueError if it is none.
        """
        text = text.strip()
        if self.kind in NUMBERS:
            return _number(text)
        if self.kind in ("day", "moment"):
            return _day(text, today)
        if self.kind == "yes_no":
            if text not in ("yes", "no"):
                raise ValueError(text)
            return text == "yes"
        if not text or (self.kind == "choice" and self.choices and text not in self.choices):
            raise ValueError(text)
        return text

    def placed(self, value: Any) -> Any:
        """The sort value of a place in the address, as this column's values are.

        Raises: ValueError or ArithmeticError if it is none.
        """
        if value is None:
            return None
        if self.kind in NUMBERS:
            return _number(str(value))
        if self.kind == "day":
            return date.fromisoformat(str(value))
        if self.kind == "moment":
            return datetime.fromisoformat(str(value))
        return bool(value) if self.kind == "yes_no" else str(value)

    def said(self, op: str, text: str) -> str:
        """A value of the address in words, as a chip shows it."""
        if op in WITHOUT_VALUE:
            return ""
        named = [self._named(part) for part in (text.split(SEPARATOR) if op == "in" else [text])]
        return reduce(lambda first, second: _("%(first)s, %(second)s") % {"first": first, "second": second}, named)

    def _named(self, text: str) -> str:
        if self.kind == "choice":
            return str(self.choices.get(text, text))
        if self.kind == "yes_no":
            return _("yes") if text == "yes" else _("no")
        relative = _RELATIVE.match(text) if self.kind in ("day", "moment") else None
        if text == TODAY and self.kind in ("day", "moment"):
            return _("today")
        if relative:
            days = int(relative[1])
            return _("in %(days)s days") % {"days": days} if days >= 0 else _("%(days)s days ago") % {"days": -days}
        return text

    def operator_said(self, op: str) -> str:
        """An operator in words."""
        said = _OF_DAYS.get(op) if self.kind in ("day", "moment") else None
        return str(said or OPERATORS_SAID[op])

    def cell(self, row: Row, places: int) -> Cell:
        """The cell of a row; numbers with `places` decimals."""
        value = row[self.name]
        cell = self._plain_cell(row, value, places)
        return self.dress(row, cell) if self.dress is not None else cell

    def _plain_cell(self, row: Row, value: Any, places: int) -> Cell:
        if value is None or value == "":
            return Cell(f.NOTHING, shape="quiet")
        if self.is_number:
            return Cell(f.exact(value, places), title=f.plain(value))
        if self.kind == "moment":
            return Cell(f"{value:%Y-%m-%d %H:%M}", title=value.isoformat())
        if self.kind == "day":
            return Cell(value.isoformat())
        cell = Cell(self.text(value))
        return replace(cell, href=self.href(row)) if self.href is not None else cell

    def text(self, value: Any) -> str:
        """A value that is no number, in words; empty where there is none."""
        if value is None:
            return ""
        if self.kind == "choice":
            return str(self.choices.get(value, value))
        if self.kind == "yes_no":
            return _("yes") if value else _("no")
        return str(value)

    def exported(self, row: Row) -> Any:
        """The value in a file: exact numbers and days, everything else in words."""
        value = row[self.name]
        return value if self.kind in ORDERED and value is not None else self.text(value)


def places_of(columns: Sequence[Column], rows: Sequence[Row], currency: str) -> dict[str, int]:
    """Decimals of each column of numbers, the same all the way down."""
    return {
        column.name: f.places_of(
            _decimals(row[column.name] for row in rows), currency if column.kind == "money" else None
        )
        for column in columns
        if column.is_number
    }


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation as error:
        raise ValueError(text) from error
    if not number.is_finite() or abs(number) >= 10**20:
        raise ValueError(text)
    return number


def _day(text: str, today: date) -> date:
    """A day as 2026-11-22, `today`, or so many days from today: +90d, -30d."""
    if text == TODAY:
        return today
    relative = _RELATIVE.match(text)
    return today + timedelta(days=int(relative[1])) if relative else date.fromisoformat(text)


def value_text(value: Any) -> Any:
    """A value as a cursor of the address holds it."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _decimals(values: Iterable[Decimal | int | None]) -> list[Decimal | None]:
    return [None if value is None else Decimal(value) for value in values]
