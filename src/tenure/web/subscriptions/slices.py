"""Slices of the revenue pages: which rows and accounts a page is about, and by which field its figures are cut.

The address says them as a list says its filters: `f=plan~eq~Pro`, repeated; `by` is the field of the table of slices.
A page that is narrowed asks every question of the narrowed workspace, so that no figure of it is of something else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from tenure.warehouse.slices import Where, parse_where
from tenure.web.choices import refused
from tenure.web.listing import address
from tenure.web.listing.columns import OPERATORS_SAID, SEPARATOR, WITHOUT_VALUE, Column
from tenure.web.subscriptions import proof
from tenure.web.subscriptions.words import SLICES

SHOWN = 8
"""Slices that stand for themselves; the others are added up as one."""
MOST_OPTIONS = 60
FORM = ("slice_field", "slice_op", "slice_value")
"""What the form of the slice bar sends, to be written as an address."""
COLUMNS = tuple(Column(name, said) for name, said in SLICES.items())


@dataclass(frozen=True, slots=True)
class Slice:
    """Conditions of an address."""

    filters: tuple[address.Filter, ...] = ()

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The words of the address that say it."""
        return tuple(("f", str(one)) for one in self.filters)

    @property
    def where(self) -> Where:
        """The conditions as a question takes them."""
        return parse_where([{"prop": one.column.name, "op": one.op, "value": one.value} for one in self.filters])

    def without(self, gone: address.Filter) -> Slice:
        return Slice(tuple(one for one in self.filters if one is not gone))


def of(query: QueryDict, today: date, fields: Collection[str] = SLICES) -> Slice:
    """The slice an address names, by some of the fields.

    Raises: QuestionRefused for an unknown field, operator or value.
    """
    given = QueryDict(mutable=True)
    given.setlist("f", query.getlist("f"))
    columns = _columns(fields)
    return Slice(address.read(given, columns, columns[0].name, today).filters)


def _columns(fields: Collection[str]) -> tuple[Column, ...]:
    return tuple(column for column in COLUMNS if column.name in fields)


def canonical(query: QueryDict) -> str | None:
    """The address that the form of the slice bar means; None if it is written as an address already."""
    if not any(name in query for name in FORM):
        return None
    out = query.copy()
    field, op, value = (out.get(name, "").strip() for name in FORM)
    for name in FORM:
        out.pop(name, None)
    filters = out.getlist("f")
    if field and op in WITHOUT_VALUE:
        filters.append(f"{field}~{op}")
    elif field and value:
        filters.append(f"{field}~{'in' if SEPARATOR in value and op == 'eq' else op}~{value}")
    out.setlist("f", list(dict.fromkeys(filters)))
    return out.urlencode()


def by(query: Mapping[str, str]) -> str:
    """The field by which the figures of a page are cut.

    Raises: QuestionRefused if it is not one of those offered.
    """
    chosen = query.get("by") or "plan"
    if chosen not in SLICES:
        raise refused("by", chosen, list(SLICES))
    return chosen


def said(value: str) -> str:
    """What a slice is called."""
    return _("Not given") if value == proof.NOT_GIVEN else value


def filter_of(field: str, value: str) -> str:
    """The word of an address that narrows to one slice."""
    return f"{field}~not_set" if value == proof.NOT_GIVEN else f"{field}~eq~{value}"


def bar(
    chosen: Slice,
    path: str,
    pairs: Sequence[tuple[str, str]],
    values: Sequence[str],
    fields: Collection[str] = SLICES,
) -> dict[str, Any]:
    """The chips of the slice in force and the form that adds one, with values to offer."""
    other = [pair for pair in pairs if pair[0] != "f"]

    def href(slice_: Slice) -> str:
        return f"{path}?{urlencode([*other, *slice_.pairs])}"

    return {
        "chips": [
            {
                "field": one.column.label,
                "op": one.column.operator_said(one.op),
                "value": one.column.said(one.op, one.text),
                "drop": href(chosen.without(one)),
            }
            for one in chosen.filters
        ],
        "clear": href(Slice()),
        "path": path,
        "hidden": [*other, *chosen.pairs],
        "fields": [{"name": column.name, "label": column.label} for column in _columns(fields)],
        "operators": [{"name": op, "label": OPERATORS_SAID[op]} for op in COLUMNS[0].operators],
        "values": list(values)[:MOST_OPTIONS],
    }


@dataclass(frozen=True, slots=True)
class Piece:
    """One slice of a table: its value (empty for the others together), its name, and its row."""

    value: str
    name: str
    row: Mapping[str, Any]


def pieces(rows: Sequence[Mapping[str, Any]], field: str, weight: Callable[[Mapping[str, Any]], Any]) -> list[Piece]:
    """The slices of one period, the weightiest first; from the ninth on they are added up as one."""
    ordered = sorted(rows, key=lambda row: (-abs(weight(row)), row[field]))
    if len(ordered) <= SHOWN:
        return [Piece(row[field], said(row[field]), row) for row in ordered]
    head, tail = ordered[: SHOWN - 1], ordered[SHOWN - 1 :]
    other = {
        name: sum((row[name] for row in tail), type(value)(0))
        for name, value in tail[0].items()
        if isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    }
    shown = [Piece(row[field], said(row[field]), row) for row in head]
    return [*shown, Piece("", _("Others (%(count)s)") % {"count": len(tail)}, {**tail[0], **other})]
