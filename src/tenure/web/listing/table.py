"""A list declared once, and what a page of it shows. Hides every address, word and cell that its template prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenure.web import formatting as f
from tenure.web.listing import address
from tenure.web.listing.address import State
from tenure.web.listing.columns import (
    OPERATORS,
    OPERATORS_SAID,
    WITHOUT_VALUE,
    Cell,
    Column,
    Row,
    places_of,
)
from tenure.web.listing.selection import Page, Selection, Source

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Empty:
    """What a list says while it has no rows at all: what it is for, and the next step."""

    title: str
    text: str
    command: str = ""
    actions: tuple[Mapping[str, str], ...] = ()
    """{label, href}: where to go from here"""


@dataclass(frozen=True, slots=True)
class Listing:
    """One list: its columns, the first of which names its rows, and what can be done with them."""

    name: str
    label: str
    """what a screen reader calls the table"""
    columns: tuple[Column, ...]
    sort: str
    """the column that orders it until the reader chooses, `-` in front: the largest first"""
    counted: Callable[[int], str]
    """how many rows, in words: 182 accounts"""
    empty: Empty
    key: str = "id"
    search: tuple[str, ...] = ()
    """columns in which `q` is looked for; none: no search"""
    currency: str = ""
    row: Callable[[Row], str] | None = None
    """where a row leads"""
    peek: Callable[[Row], str] | None = None
    """what opens beside the list"""
    files: Mapping[str, str] = field(default_factory=dict)
    """form (csv, xlsx) -> address of the export"""
    bulk: str = ""
    """where the chosen rows are sent; empty: rows cannot be chosen"""
    actions: tuple[Mapping[str, str], ...] = ()
    """{name, label, icon} of what can be done with the chosen rows"""
    beside: tuple[str, ...] = ()
    """words of the address that the page reads itself"""
    anchor: str = ""
    """the list's place in a page that has more on it"""

    def state(self, request: HttpRequest, today: date) -> State:
        """What the address asks for.

        Raises: QuestionRefused if it names what the list does not have.
        """
        return address.read(request.GET, self.columns, self.sort, today, self.beside)

    def moved(self, request: HttpRequest) -> HttpResponseRedirect | None:
        """Where a form of the list leads, if the request is one: the address that says the same."""
        query = address.canonical(request.GET, self.columns)
        if query is None:
            return None
        return HttpResponseRedirect(f"{request.path}?{query}{self.anchor and '#' + self.anchor}")

    def shown(self, source: Source, state: State, *, tabs: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
        """A page of the list as values that the template only prints."""
        selected = source.select(state, self.search)
        page = selected.page(state.cursor, PER_PAGE)
        places = places_of(self.columns, page.rows, self.currency)
        return {
            "name": self.name,
            "label": self.label,
            "key": self.key,
            "anchor": self.anchor or self.name,
            "tabs": tabs,
            "count": self.counted(selected.count),
            "count_plain": selected.count,
            "chips": _chips(state),
            "match": _match(state) if len(state.filters) > 1 else [],
            "match_label": _("Filters joined by"),
            "clear": f"?{replace(state, q='').query(filters=(), match_any=False, view='')}",
            "add": _adding(self, source, state),
            "search": {"value": state.q, "hidden": state.without("q", "view")} if self.search else None,
            "chooser": _chooser(self, state),
            "files": [
                {"label": form.upper(), "href": f"{place}?{state.query()}"} for form, place in self.files.items()
            ],
            "is_drawn": bool(state.widths),
            "narrowest": address.NARROWEST,
            "widest": address.WIDEST,
            "heads": [_head(column, state, place) for place, column in enumerate(state.columns)],
            "rows": _rows(self, state, page.rows, places),
            "foot": _foot(state, selected, self.currency),
            "pages": _pages(state, page, selected.count),
            "empty": self.empty,
            "is_filtered": state.is_filtered,
            "bulk": self.bulk,
            "actions": self.actions,
            "query": state.query(),
        }

    def file(self, source: Source, state: State) -> tuple[list[str], Any]:
        """Heads and rows of an export: the filters, columns and order of the screen, every row, exact."""
        return self.table(source.select(state, self.search).rows(), state)

    def table(self, rows: Iterable[Row], state: State) -> tuple[list[str], Any]:
        """Heads and rows of an export of some rows, in the columns of the screen."""
        heads = [column.heading for column in state.columns]
        return heads, ([column.exported(row) for column in state.columns] for row in rows)


def _chips(state: State) -> list[dict[str, str]]:
    found = [
        {
            "field": str(one.column.label),
            "op": one.column.operator_said(one.op),
            "value": one.column.said(one.op, one.text),
            "drop": f"?{state.query(filters=tuple(other for other in state.filters if other is not one))}",
        }
        for one in state.filters
    ]
    if state.q:
        found.insert(
            0,
            {"field": _("Search"), "op": _("finds"), "value": state.q, "drop": f"?{state.query(q='')}"},
        )
    return found


def _match(state: State) -> list[dict[str, Any]]:
    said = {False: _("All hold"), True: _("Any holds")}
    return [
        {"label": label, "href": f"?{state.query(match_any=any_of)}", "current": any_of == state.match_any}
        for any_of, label in said.items()
    ]


def _adding(listing: Listing, source: Source, state: State) -> dict[str, Any]:
    """The form that adds a filter: fields, operators by kind of field, and values to choose from."""
    fields = [column for column in listing.columns if column.filterable]
    return {
        "hidden": state.pairs(),
        "fields": [{"name": c.name, "label": c.label, "ops": " ".join(c.operators), "kind": c.kind} for c in fields],
        "operators": [
            {
                "name": op,
                "label": OPERATORS_SAID[op],
                "without_value": op in WITHOUT_VALUE,
            }
            for op in OPERATORS
        ],
        "values": [
            {
                "name": column.name,
                "options": [{"value": value, "label": column.text(value)} for value in values],
            }
            for column in fields
            if (values := _values(column, source))
        ],
    }


def _values(column: Column, source: Source) -> Sequence[str]:
    if column.kind == "yes_no":
        return ("yes", "no")
    return tuple(column.choices) or source.values(column) if column.is_text and column.kind != "link" else ()


def _chooser(listing: Listing, state: State) -> dict[str, Any]:
    chosen = list(state.columns)
    rest = [column for column in listing.columns if column not in chosen]
    return {
        "hidden": state.without("columns"),
        "order": ",".join(column.name for column in chosen),
        "columns": [
            {
                "name": column.name,
                "label": column.heading,
                "is_shown": column in chosen,
                "is_fixed": place == 0,
                "earlier": _earlier(state, place) if 1 < place < len(chosen) else "",
            }
            for place, column in enumerate([*chosen, *rest])
        ],
        "usual": f"?{state.query(chosen_columns=False, widths={})}",
        "is_usual": not (state.chosen_columns or state.widths),
    }


def _earlier(state: State, place: int) -> str:
    """The address in which a column stands one place earlier."""
    order = list(state.columns)
    order[place - 1], order[place] = order[place], order[place - 1]
    return f"?{state.query(columns=tuple(order), chosen_columns=True)}"


def _head(column: Column, state: State, place: int) -> dict[str, Any]:
    ordered = column.name == state.sort.name
    return {
        "name": column.name,
        "label": column.label,
        "unit": column.unit.strip(),
        "title": column.heading,
        "href": f"?{state.sorted_by(column)}" if column.sortable else "",
        "order": ("descending" if state.descending else "ascending") if ordered else "",
        "icon": "fall" if state.descending else "up",
        "shape": _shape(column, state, place),
        "width": state.widths.get(column.name, ""),
        "edge": _("Width of the column %(label)s") % {"label": column.heading},
    }


def _shape(column: Column, state: State, place: int) -> str:
    drawn = column.name in state.widths
    shape = ["stick" if place == 0 else "", "num" if column.is_number else "", "drawn" if drawn else ""]
    return " ".join(filter(None, shape))


def _rows(listing: Listing, state: State, rows: Sequence[Row], places: Mapping[str, int]) -> list[dict[str, Any]]:
    """The rows of a page. What is the same all the way down a column is said once."""
    naming, *others = state.columns
    columns = [
        (column, places.get(column.name, 0), _attributes(column, state), column.name in state.widths)
        for column in others
    ]
    choose, preview = _("Select %(name)s"), _("Preview %(name)s")
    out = []
    for row in rows:
        named = {"name": str(row[listing.columns[0].name] or row[listing.key])}
        cells = [
            (column.cell(row, decimals), attributes, is_drawn) for column, decimals, attributes, is_drawn in columns
        ]
        out.append(
            {
                "key": row[listing.key],
                "choose": choose % named,
                "preview": preview % named,
                "href": listing.row(row) if listing.row is not None else "",
                "peek": listing.peek(row) if listing.peek is not None else "",
                "said": _said(naming.cell(row, places.get(naming.name, 0)), row, listing),
                "cells": [
                    {"attributes": attributes, "title": cell.title or (cell.text if is_drawn else ""), "cell": cell}
                    for cell, attributes, is_drawn in cells
                ],
            }
        )
    return out


def _attributes(column: Column, state: State) -> SafeString:
    shape = " ".join(filter(None, [_shape(column, state, 1), "ink" if column.kind == "money" else ""]))
    return format_html(' class="{}" data-card="{}"' if column.card else ' class="{}"', shape, column.card)


def _said(cell: Cell, row: Row, listing: Listing) -> str:
    """What the first cell says: which row it is, by its key where it has no name."""
    return str(row[listing.key]) if cell.text == f.NOTHING else cell.text


def _foot(state: State, selected: Selection, currency: str) -> list[dict[str, str]]:
    """The sums under the columns that have one; nothing where no column on the screen has."""
    added = [column for column in state.columns if column.total]
    if not added or not selected.count:
        return []
    totals = selected.totals(added)
    out = []
    for place, column in enumerate(state.columns):
        total = totals.get(column.name)
        places = f.places_of([total], currency or None)
        text = f.exact(total, places) if column.total else _("Sum") if place == 0 else ""
        out.append(
            {"text": text, "title": f.plain(total) if column.total else "", "shape": _shape(column, state, place)}
        )
    return out


def _pages(state: State, page: Page, count: int) -> dict[str, str]:
    said = ""
    if page.first is not None and page.rows:
        last = page.first + len(page.rows) - 1
        said = _("%(first)s–%(last)s of %(count)s") % {
            "first": f.exact(page.first),
            "last": f.exact(last),
            "count": f.exact(count),
        }
    elif page.rows:
        said = ngettext("%(count)s row", "%(count)s rows", len(page.rows)) % {"count": len(page.rows)}
    return {
        "said": said,
        "previous": f"?{state.at(page.previous)}" if page.previous else "",
        "following": f"?{state.at(page.following)}" if page.following else "",
    }
