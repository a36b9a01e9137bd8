"""Lifecycle: who is new, came back, woke up or fell silent in each period, and how the figures hang together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenure.warehouse.answer import Answer
from tenure.web import formatting as f
from tenure.web.behaviour import address, said
from tenure.web.behaviour.address import Place
from tenure.web.behaviour.sheet import Given, Row, Sheet, Table
from tenure.web.subscriptions.pictures import axis_name, round_values, width_of

PLACES = (Place("m", gettext_lazy("Active means"), usual="*"),)
STATES: Mapping[str, Any] = {
    "new": gettext_lazy("New"),
    "returning": gettext_lazy("Returning"),
    "resurrecting": gettext_lazy("Resurrecting"),
    "dormant": gettext_lazy("Dormant"),
}
ACTIVE = gettext_lazy("All active")
ASLEEP = gettext_lazy("Asleep")
_HUES = {"new": "new", "returning": "expansion", "resurrecting": "reactivation", "dormant": "churn"}
"""State -> the kind of movement whose colour it has: gains above the line, what fell silent below it."""


def question(given: Given) -> dict[str, Any]:
    """The question of a page of lifecycle."""
    (match,) = given.events("m")
    asked: dict[str, Any] = {"question": "lifecycle", "unit": given["unit"], **given.intervals}
    return asked | ({"match": match.matcher} if match.matcher != {"event": None} else {})


def board(given: Given, answer: Answer) -> Mapping[str, Any]:
    """The bars, and the same as a table in which the figures add up."""
    rows = answer.to_dicts()
    chart = _chart(given, rows)
    return {
        "title": _title(given, rows),
        "chart": chart,
        "legend": [{"kind": one["kind"], "name": one["name"]} for one in chart["series"]],
        "heads": [STATES["new"], STATES["returning"], STATES["resurrecting"], ACTIVE, STATES["dormant"], ASLEEP],
        "rows": [_line(given, rows, at) for at in reversed(range(len(rows)))],
        "notes": said.notes(answer.notes),
        "sleepers": the_same(given, "sleepers") if given["unit"] == "account" else "",
    }


def the_same(given: Given, route: str) -> str:
    """Another page about the same activity of the same accounts in the same range."""
    words = [*address.pairs_of(PLACES[0], given.places["m"]), *given.slice.pairs, *given.said]
    return f"{reverse(route)}?{urlencode(words)}"


def _title(given: Given, rows: Sequence[Row]) -> str:
    over = [row for row in rows if row["complete"]]
    if not over:
        return _("Who comes, and who falls silent")
    row = over[-1]
    places = {
        "period": f.period(row["interval"], given.stretch.grain),
        "active": said.units(given["unit"], row["active"]),
        "woke": f.exact(row["new"] + row["resurrecting"]),
        "slept": f.exact(row["dormant"]),
    }
    return _("%(period)s: %(active)s active; %(woke)s came or came back, %(slept)s fell silent") % places


def _chart(given: Given, rows: Sequence[Row]) -> dict[str, Any]:
    """Active above the line, dormant below it, period by period."""
    low = -max((Decimal(row["dormant"]) for row in rows), default=Decimal(0))
    high = max((Decimal(row["active"]) for row in rows), default=Decimal(0))
    ticks = round_values(low, high)
    scale = f.scale_of(ticks)
    names = {**{state: str(label) for state, label in STATES.items()}, "active": str(ACTIVE)}
    return {
        "kind": "moves",
        "label": _("Lifecycle"),
        "min": float(min(low, ticks[0])),
        "max": float(max(high, ticks[-1])) or 1.0,
        "ticks": [{"value": float(t), "text": scale.text(abs(t))} for t in ticks],
        "widest": max((width_of(f.period_short(row["interval"])) for row in rows), default=1),
        "widestName": max(width_of(name) for name in names.values()),
        "periods": [
            {
                "name": axis_name(row["interval"]),
                "tip": _tip(given, row, names),
                "running": not row["complete"],
                "picked": False,
            }
            for row in rows
        ],
        "series": [
            {
                "kind": kind,
                "name": names[state],
                "values": [-row[state] if state == "dormant" else row[state] for row in rows],
                "hrefs": [_people(given, row, state) for row in rows],
            }
            for state, kind in _HUES.items()
        ],
        "marks": [],
        "net": {"name": names["active"], "values": [row["active"] for row in rows]},
        "compared": [],
    }


def _tip(given: Given, row: Row, names: Mapping[str, str]) -> str:
    name = f.period(row["interval"], given.stretch.grain)
    lines = [name if row["complete"] else _("%(period)s, not over") % {"period": name}]
    lines += [_("%(name)s: %(amount)s") % {"name": names[key], "amount": f.exact(row[key])} for key in names]
    return "\n".join(lines)


def _people(given: Given, row: Row, state: str) -> str:
    return given.people({"interval": row["interval"], "state": state})


def _line(given: Given, rows: Sequence[Row], at: int) -> dict[str, Any]:
    row = rows[at]
    shown = ("new", "returning", "resurrecting", "active", "dormant", "asleep")
    before = row["returning"] + row["dormant"]
    return {
        "name": f.period(row["interval"], given.stretch.grain),
        "open": not row["complete"],
        "cells": [
            {"text": f.exact(row[state]), "href": _people(given, row, state) if row[state] else ""} for state in shown
        ],
        "now": f"{f.exact(row['new'])} + {f.exact(row['returning'])} + {f.exact(row['resurrecting'])}"
        f" = {f.exact(row['active'])}",
        "before": f"{f.exact(row['returning'])} + {f.exact(row['dormant'])} = {f.exact(before)}",
    }


def table(given: Given, answer: Answer) -> Table:
    """Every period, exact."""
    names = ["interval", "new", "returning", "resurrecting", "active", "dormant", "asleep"]
    heads = [said.column("interval"), STATES["new"], STATES["returning"], STATES["resurrecting"], ACTIVE,
             STATES["dormant"], ASLEEP]  # fmt: skip
    return heads, [[row[name] for name in names] for row in answer.to_dicts()]


def behind(given: Given, cell: Row) -> str:
    """What a figure is called."""
    state = str(cell.get("state", ""))
    label = {**STATES, "active": ACTIVE, "asleep": ASLEEP}.get(state, state)
    return f"{label}, {f.period(str(cell.get('interval', '')), given.stretch.grain)}"


def figure(given: Given, answer: Answer) -> Mapping[str, Any]:
    """How many were active in the last period that is over."""
    rows = answer.to_dicts()
    over = [row for row in rows if row["complete"]] or rows[-1:]
    return {
        "value": f.exact(over[-1]["active"]) if over else f.NOTHING,
        "exact": str(over[-1]["active"]) if over else "",
        "note": _("active, %(period)s") % {"period": f.period(over[-1]["interval"], given.stretch.grain)}
        if over
        else "",
        "values": [Decimal(row["active"]) for row in rows],
        "running": bool(rows) and not rows[-1]["complete"],
    }


SHEET = Sheet(
    name="lifecycle",
    path="activate/lifecycle/",
    heading=gettext_lazy("Lifecycle"),
    places=PLACES,
    words=(),
    question=question,
    board=board,
    table=table,
    behind=behind,
    figure=figure,
    fields={"match": "m"},
)
