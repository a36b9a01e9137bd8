"""What a list shows, as its address says it: filters, search, order, columns, place. Hides how addresses are written.

`f=field~op~value` is one filter, and may be repeated; `match=any` joins them by "or". `q` is what is looked for,
`sort=-mrr` the order (the largest first), `columns=a,b` the columns in their order, `w=a~180` the widths of those that
were drawn, in pixels, `after` and `before` the place: the last (first) row of the page one came from, `view` the saved
view whose tab is open.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from tenure.core.errors import QuestionRefused
from tenure.web.listing.columns import OPERATORS, SEPARATOR, WITHOUT_VALUE, Column, value_text

MOST_FILTERS = 20
LONGEST_SEARCH = 200
NARROWEST = 56
WIDEST = 800
MATCHES = ("all", "any")
OWN = ("f", "match", "q", "sort", "columns", "w", "after", "before", "view")
"""What of an address belongs to the list; a page keeps its other words itself."""
FORM = ("field", "op", "value", "column", "drop")
"""What the forms of the filter bar send, to be written as an address."""

_WIDTH = re.compile(r"[1-9][0-9]{1,2}\Z")


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition: a column, an operator, and the value as the address has it and as the column's values are."""

    column: Column
    op: str
    text: str
    value: Any

    def __str__(self) -> str:
        return f"{self.column.name}~{self.op}" + ("" if self.op in WITHOUT_VALUE else f"~{self.text}")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the list: the sort value and the key of the row next to it; rows `after` it, or `before` it."""

    value: Any
    key: str
    is_before: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """Everything an address says about a list."""

    columns: tuple[Column, ...]
    sort: Column
    descending: bool
    filters: tuple[Filter, ...] = ()
    match_any: bool = False
    q: str = ""
    cursor: Cursor | None = None
    view: str = ""
    chosen_columns: bool = False
    chosen_sort: bool = False
    widths: Mapping[str, int] = field(default_factory=dict)
    """of the shown columns whose width was drawn by hand, in pixels"""
    beside: tuple[tuple[str, str], ...] = ()
    """the other words of the page's address, kept as they are"""

    @property
    def is_filtered(self) -> bool:
        return bool(self.filters or self.q)

    @property
    def order(self) -> str:
        return f"-{self.sort.name}" if self.descending else self.sort.name

    def pairs(self) -> list[tuple[str, str]]:
        """The words of the address that say this state, without the place."""
        out = [*self.beside, *(("f", str(one)) for one in self.filters)]
        if self.match_any:
            out.append(("match", "any"))
        if self.q:
            out.append(("q", self.q))
        if self.chosen_sort:
            out.append(("sort", self.order))
        if self.chosen_columns:
            out.append(("columns", ",".join(column.name for column in self.columns)))
        if self.widths:
            out.append(("w", ",".join(f"{name}~{width}" for name, width in self.widths.items())))
        if self.view:
            out.append(("view", self.view))
        return out

    def query(self, **changes: Any) -> str:
        """The address's query of this state, with some of it changed; its place is the beginning."""
        changed = replace(self, cursor=None, **changes)
        return urlencode(changed.pairs())

    def without(self, *names: str) -> list[tuple[str, str]]:
        """The words for a form that says `names` itself."""
        return [(name, value) for name, value in self.pairs() if name not in names]

    def sorted_by(self, column: Column) -> str:
        """The address in which this column orders the list: the other way round if it does already."""
        largest_first = column.is_number or column.kind == "moment"
        descending = not self.descending if column.name == self.sort.name else largest_first
        return self.query(sort=column, descending=descending, chosen_sort=True)

    def at(self, cursor: Cursor) -> str:
        """The address of the page next to a row."""
        name = "before" if cursor.is_before else "after"
        return urlencode([*replace(self, cursor=None).pairs(), (name, _cursor_text(cursor))])


def read(
    query: QueryDict,
    columns: Sequence[Column],
    sort: str,
    today: date,
    beside: Sequence[str] = (),
) -> State:
    """The state an address asks for; `beside` names the words that the page itself reads.

    Raises: QuestionRefused for an unknown column, operator, value, order, width or place.
    """
    by_name = {column.name: column for column in columns}
    order = query.get("sort") or sort
    ordered = by_name.get(order.removeprefix("-"))
    if ordered is None or not ordered.sortable:
        raise _refused("sort", order, [c.name for c in columns if c.sortable])
    shown = _columns(query.get("columns", ""), columns)
    widths = _widths(query.get("w", ""), by_name)
    match = query.get("match") or "all"
    if match not in MATCHES:
        raise _refused("match", match, list(MATCHES))
    texts = query.getlist("f")
    if len(texts) > MOST_FILTERS:
        raise QuestionRefused(
            "list.too_many_filters",
            _("A list takes at most %(most)s filters.") % {"most": MOST_FILTERS},
            fix=_("Leave some out, or write several values of one field as one filter."),
            field="f",
        )
    return State(
        columns=shown,
        sort=ordered,
        descending=order.startswith("-"),
        filters=tuple(_filter(text, by_name, today) for text in texts),
        match_any=match == "any",
        q=query.get("q", "").strip()[:LONGEST_SEARCH],
        cursor=_cursor(query, ordered),
        view=query.get("view", ""),
        chosen_columns=bool(query.get("columns")),
        chosen_sort=bool(query.get("sort")),
        widths={column.name: widths[column.name] for column in shown if column.name in widths},
        beside=tuple((name, value) for name in beside for value in query.getlist(name) if value),
    )


def canonical(query: QueryDict, columns: Sequence[Column]) -> str | None:
    """The address that a form of the filter bar means; None if it is written as an address already.

    A form sends a filter as field, op and value, the columns one by one, and empty words for what is not filled in.
    """
    if not any(name in query for name in FORM) and not any(value == "" for value in query.values()):
        return None
    out = query.copy()
    field, op = out.get("field", ""), out.get("op", "")
    values = [value.strip() for value in out.getlist("value") if value.strip()]
    drop = out.get("drop", "")
    chosen = [name for name in out.getlist("column") if name]
    if "column" in out:
        before = [name for name in out.get("columns", "").split(",") if name in chosen]
        rest = [c.name for c in columns if c.name in chosen and c.name not in before]
        out["columns"] = ",".join([*before, *rest])
    for name in (*FORM, "after", "before"):
        out.pop(name, None)
    filters = [text for text in out.getlist("f") if text and text != drop]
    if field and (values or op in WITHOUT_VALUE):
        known = next((c for c in columns if c.name == field), None)
        if len(values) > 1 and op in ("eq", "") and known is not None and "in" in known.operators:
            op = "in"
        parts = [field, op] if op in WITHOUT_VALUE else [field, op, SEPARATOR.join(values)]
        filters.append("~".join(parts))
    out.setlist("f", list(dict.fromkeys(filters)))
    for name in list(out):
        out.setlist(name, [value for value in out.getlist(name) if value != ""])
    return out.urlencode()


def _columns(text: str, columns: Sequence[Column]) -> tuple[Column, ...]:
    """The chosen columns; the first of the list names its rows and is always there, at its place."""
    if not text:
        return tuple(column for column in columns if column.shown)
    by_name = {column.name: column for column in columns}
    names = list(dict.fromkeys(text.split(",")))
    for name in names:
        if name not in by_name:
            raise _refused("columns", name, list(by_name))
    return (columns[0], *(by_name[name] for name in names if name != columns[0].name))


def _widths(text: str, by_name: Mapping[str, Column]) -> dict[str, int]:
    """The widths that were drawn, by column."""
    widths = {}
    for one in text.split(",") if text else ():
        name, _between, width = one.partition("~")
        if name not in by_name:
            raise _refused("w", one, [f"{known}~{NARROWEST}" for known in by_name])
        if not _WIDTH.match(width) or not NARROWEST <= int(width) <= WIDEST:
            raise _refused("w", one, [f"{name}~{NARROWEST} … {name}~{WIDEST}"])
        widths[name] = int(width)
    return widths


def _filter(text: str, by_name: Mapping[str, Column], today: date) -> Filter:
    name, op, value = [*text.split("~", 2), "", ""][:3]
    column = by_name.get(name)
    if column is None or not column.filterable:
        raise _refused("f", name, [c.name for c in by_name.values() if c.filterable])
    if op not in OPERATORS or op not in column.operators:
        raise _refused("f", f"{name}~{op}", [f"{name}~{one}" for one in column.operators])
    if op in WITHOUT_VALUE:
        return Filter(column, op, "", None)
    try:
        read = [column.read(part, today) for part in (value.split(SEPARATOR) if op == "in" else [value])]
    except (ValueError, OverflowError):
        raise _refused("f", text, _values_of(column)) from None
    return Filter(column, op, value, read if op == "in" else read[0])


def _values_of(column: Column) -> list[str]:
    if column.choices:
        return list(column.choices)
    samples = {"day": ["2026-11-22", "today", "+90d"], "yes_no": ["yes", "no"]}
    samples["moment"] = samples["day"]
    return samples.get(column.kind, ["1234.50"] if column.is_number else [_("a text")])


def _refused(field: str, value: str, allowed: list[str]) -> QuestionRefused:
    return QuestionRefused(
        "list.bad_address",
        _("“%(field)s” of the address cannot be “%(value)s”.") % {"field": field, "value": value[:100]},
        fix=_("Take one of: %(allowed)s.") % {"allowed": ", ".join(allowed)},
        field=field,
        value=value[:100],
        allowed=allowed,
    )


def _cursor_text(cursor: Cursor) -> str:
    content = json.dumps([value_text(cursor.value), cursor.key], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def _cursor(query: QueryDict, sort: Column) -> Cursor | None:
    for name in ("after", "before"):
        text = query.get(name)
        if not text:
            continue
        try:
            value, key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            if not isinstance(key, str) or not isinstance(value, (str, int, bool, type(None))):
                raise ValueError(text)
            return Cursor(sort.placed(value), key, is_before=name == "before")
        except (ValueError, TypeError, ArithmeticError):
            raise QuestionRefused(
                "list.bad_place",
                _("The address names a place that this list does not have."),
                fix=_("Go back to the beginning of the list."),
                field=name,
                value=text[:100],
            ) from None
    return None
