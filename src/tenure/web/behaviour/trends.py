"""Trends: how often something is done, by how many, how much of it; several series, a formula, a breakdown."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenure.core.errors import QuestionRefused
from tenure.warehouse.answer import Answer
from tenure.web import formatting as f
from tenure.web.behaviour import pictures, said
from tenure.web.behaviour.address import Place, Word
from tenure.web.behaviour.form import LETTERS
from tenure.web.behaviour.sheet import Given, Row, Sheet, Table

MEASURES = {
    "count": gettext_lazy("Events"),
    "accounts": gettext_lazy("Accounts"),
    "users": gettext_lazy("Users"),
    "sum": gettext_lazy("Sum of a property"),
    "avg": gettext_lazy("Mean of a property"),
    "p90": gettext_lazy("Nine in ten are below (90th percentile)"),
}
OF_A_PROPERTY = ("sum", "avg", "p90")
MOST_CUTS = 8
PLACES = (Place("s", gettext_lazy("Series"), 12, 1, "*", add=gettext_lazy("Add a series"), letters=True),)
WORDS = (
    Word("measure", gettext_lazy("Counted"), usual="count", options=MEASURES),
    Word("of", gettext_lazy("Property that is measured"), "text"),
    Word("formula", gettext_lazy("Formula"), "text", hint=gettext_lazy("Of the series by their letters: B / A")),
    Word("by", gettext_lazy("Broken down by"), "text", offers="event-props"),
)


def question(given: Given) -> dict[str, Any]:
    """The question of a page of trends."""
    measure = given["measure"]
    if measure in OF_A_PROPERTY:
        if not given["of"]:
            raise QuestionRefused(
                "page.property", "A property has to be named.", fix="Name a property of the events.", field="of"
            )
        measure = f"{measure}:{given['of']}"
    series = {letter: one.matcher for letter, one in zip(LETTERS, given.events("s"), strict=False)}
    asked: dict[str, Any] = {"question": "trend", **given.days, "period": given.stretch.grain, "series": series}
    asked |= {"measure": measure} if measure != "count" else {}
    asked |= {"formula": given["formula"]} if given["formula"] else {}
    return asked | ({"breakdown": {"prop": given["by"], "limit": MOST_CUTS}} if given["by"] else {})


def whose(given: Given) -> tuple[str, dict[str, Any]]:
    """Behind a number of events are the accounts that did them; users where they are counted."""
    counted = "users" if given["measure"] == "users" else "accounts"
    return counted.removesuffix("s"), {"measure": counted, "formula": None}


def board(given: Given, answer: Answer) -> Mapping[str, Any]:
    """The lines, and the same as a table."""
    rows, prop = answer.to_dicts(), given["by"]
    periods = list(dict.fromkeys(row["interval"] for row in rows))
    found: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        found.setdefault((row.get("series", ""), row.get(prop, "")), {})[row["interval"]] = row
    drawn = [_line(given, key, [by_period[period] for period in periods]) for key, by_period in found.items()]
    drawn.sort(key=lambda line: -sum((value for value in line.values if value is not None), Decimal(0)))
    label = str(MEASURES[given["measure"]]) if not given["formula"] else given["formula"]
    chart = pictures.lines(label, periods, given, drawn)
    return {
        "title": _("%(what)s, by period") % {"what": label},
        "chart": chart,
        "legend": pictures.legend(chart),
        "more": len(drawn) - pictures.HUES,
        "notes": said.notes(answer.notes),
        "heads": [line.name for line in drawn],
        "rows": [
            {
                "name": f.period(period, given.stretch.grain),
                "open": not all(line.over[at] for line in drawn),
                "cells": [_cell(line, at) for line in drawn],
            }
            for at, period in reversed(list(enumerate(periods)))
        ],
    }


def _line(given: Given, key: tuple[str, str], rows: list[Row]) -> pictures.Line:
    series, cut = key
    prop = given["by"]
    hrefs = [] if given["formula"] else [given.people(_cell_of(row, series, prop)) for row in rows]
    values = [None if row["value"] is None else Decimal(row["value"]) for row in rows]
    return pictures.Line(_name(given, series, cut), values, [row["complete"] for row in rows], hrefs)


def _cell_of(row: Row, series: str, prop: str) -> dict[str, str]:
    out = {"interval": row["interval"], "series": series}
    return {**out, prop: row[prop]} if prop else out


def _name(given: Given, series: str, cut: str) -> str:
    """What a line is called: its events, its value of the breakdown, or both; the formula where there is one."""
    chosen = given.events("s")
    name = said.events(chosen[LETTERS.index(series)]) if series else given["formula"]
    if not given["by"]:
        return f"{series} {name}".strip() if len(chosen) > 1 else name
    return said.value(cut) if len(chosen) == 1 or not series else f"{series} {name} · {said.value(cut)}"


def _cell(line: pictures.Line, at: int) -> dict[str, str]:
    value = line.values[at]
    return {
        "text": f.exact(value, f.places_of(line.values)),
        "exact": f.plain(value),
        "href": line.hrefs[at] if line.hrefs and value else "",
    }


def table(given: Given, answer: Answer) -> Table:
    """The answer, exact."""
    return [said.column(name) for name in answer.table.column_names], [list(row.values()) for row in answer.to_dicts()]


def behind(given: Given, cell: Row) -> str:
    """What a point of a line is called."""
    places = {
        "what": _name(given, str(cell.get("series", "")), str(cell.get(given["by"], ""))),
        "period": f.period(str(cell.get("interval", "")), given.stretch.grain),
    }
    return _("%(what)s, %(period)s") % places


def figure(given: Given, answer: Answer) -> Mapping[str, Any]:
    """The last period that is over, of all lines together where that can be added up."""
    by_period: dict[str, list[Row]] = {}
    for row in answer.to_dicts():
        by_period.setdefault(row["interval"], []).append(row)
    one_line = all(len(rows) == 1 for rows in by_period.values())
    adds_up = one_line or (given["measure"] in ("count", "sum") and not given["formula"])
    values = [_sum(rows) for rows in by_period.values()] if adds_up else []
    over = [rows[0]["complete"] for rows in by_period.values()]
    shown = next((at for at in range(len(over) - 1, -1, -1) if over[at]), len(over) - 1)
    value = values[shown] if values else None
    return {
        "value": str(f.short(value)) if value is not None and abs(value) >= 1 else f.exact(value, f.places_of([value])),
        "exact": f.plain(value),
        "note": f.period(list(by_period)[shown], given.stretch.grain) if by_period else "",
        "values": values,
        "running": bool(over) and not over[-1],
    }


def _sum(rows: list[Row]) -> Decimal | None:
    known = [Decimal(row["value"]) for row in rows if row["value"] is not None]
    return sum(known, Decimal(0)) if known else None


SHEET = Sheet(
    name="trends",
    path="activate/trends/",
    heading=gettext_lazy("Trends"),
    places=PLACES,
    words=WORDS,
    question=question,
    board=board,
    table=table,
    behind=behind,
    figure=figure,
    fields={"series": "s", "breakdown": "by"},
    counts_units=False,
    whose=whose,
)
