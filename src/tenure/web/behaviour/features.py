"""Features side by side: how far each reaches, how well it holds, and what the accounts that use it pay and renew."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.core.metrics.features import ENOUGH, GROWTH
from tenure.warehouse.answer import Answer
from tenure.web import formatting as f
from tenure.web.behaviour import said
from tenure.web.behaviour.address import Place, Word
from tenure.web.behaviour.retained import after
from tenure.web.behaviour.sheet import UNITS, Given, Row, Sheet, Table
from tenure.web.heat import PART_SCALE, HeatCell, heat_cell, part_step
from tenure.web.meter import meter

RETURNS = {
    "same": gettext_lazy("In the feature itself"),
    "any": gettext_lazy("In anything at all"),
}
SHOWN = 7
"""Columns of the map: the period of a use and the six after it."""
POINTS = {
    "growth": gettext_lazy("Growth point"),
    "hidden": gettext_lazy("Worth showing"),
    "leak": gettext_lazy("Leak"),
    "minor": gettext_lazy("Minor"),
}
POINTS_MEAN = {
    "growth": gettext_lazy("Many use it, and they stay: build on it."),
    "hidden": gettext_lazy("Few use it, and they stay: show it to others."),
    "leak": gettext_lazy("Many use it, and do not come back: repair it."),
    "minor": gettext_lazy("Few use it, and do not come back."),
}
SHAPES = {
    "growth": "badge badge--better",
    "hidden": "badge",
    "leak": "badge badge--worse",
    "minor": "badge badge--line",
}
PLACES = (Place("f", gettext_lazy("Feature"), 30, 0, add=gettext_lazy("Choose features")),)
WORDS = (Word("back", gettext_lazy("They come back"), usual="same", options=RETURNS),)
_COLUMNS: Mapping[str, Any] = {
    "feature": gettext_lazy("Feature"),
    "point": gettext_lazy("Point"),
    "reach": gettext_lazy("Used by"),
    "share_of_active": gettext_lazy("Of all who are active"),
    "held": gettext_lazy("Held"),
    "size": gettext_lazy("Uses by period"),
    "accounts": gettext_lazy("Accounts"),
    "mrr": gettext_lazy("Their MRR"),
    "mrr_without": gettext_lazy("MRR of the others"),
    "decided": gettext_lazy("Contracts decided"),
    "renewed": gettext_lazy("Renewed"),
    "renewal_rate": gettext_lazy("Renewal rate"),
    "decided_without": gettext_lazy("Contracts decided, of the others"),
    "renewed_without": gettext_lazy("Renewed, of the others"),
    "renewal_rate_without": gettext_lazy("Renewal rate of the others"),
}


def question(given: Given) -> dict[str, Any]:
    """The question of the page of features."""
    asked: dict[str, Any] = {"question": "feature_retention", "unit": given["unit"], **given.intervals, "revenue": True}
    asked["columns"] = min(asked["intervals"], SHOWN)
    asked |= {"return": given["back"]} if given["back"] != "same" else {}
    named = {said.events(one): one.matcher for one in given.events("f")}
    return asked | ({"features": named} if named else {})


def board(given: Given, answer: Answer) -> Mapping[str, Any]:
    """The heat map with reach, points, MRR and renewals beside it."""
    rows = answer.to_dicts()
    currency = answer.definition["settings"]["reporting_currency"]
    widest = max((Decimal(row["reach"]) for row in rows), default=Decimal(0))
    return {
        "title": _title(rows),
        "points": [
            {"label": label, "shape": SHAPES[point], "means": POINTS_MEAN[point]} for point, label in POINTS.items()
        ],
        "unit": f.symbol(currency).strip(),
        "counted": UNITS[given["unit"]],
        "heads": [str(k) for k in range(max((len(row["rate"]) for row in rows), default=0))],
        "rows": [_row(given, row, widest, currency) for row in rows],
        "notes": said.notes(answer.notes),
        "scale": [{"text": text, "shape": shade} for text, shade in PART_SCALE],
    }


def _title(rows: list[Row]) -> str:
    growth = [row["feature"] for row in rows if row["point"] == GROWTH]
    if not growth:
        return _("How far features reach, and how well they hold")
    return ngettext("%(count)s growth point: %(names)s", "%(count)s growth points: %(names)s", len(growth)) % {
        "count": len(growth),
        "names": f.listed(growth[:4]) + ("…" if len(growth) > 4 else ""),
    }


def _row(given: Given, row: Row, widest: Decimal, currency: str) -> dict[str, Any]:
    href = given.people({"feature": row["feature"]}) if row["reach"] else ""
    ours, others = row["renewal_rate"], row["renewal_rate_without"]
    apart = None if ours is None or others is None else Decimal(ours) - Decimal(others)
    return {
        "name": row["feature"],
        "href": href,
        "point": POINTS.get(row["point"], ""),
        "shape": SHAPES.get(row["point"], ""),
        "means": POINTS_MEAN.get(row["point"], ""),
        "reach": f.exact(row["reach"]),
        "share": f.percent(row["share_of_active"], 0),
        "bar": meter(widest, Decimal(row["reach"]), widest),
        "held": f.percent(row["held"], 0),
        "mrr": str(f.short(Decimal(row["mrr"]))),
        "mrr_exact": f.money(Decimal(row["mrr"]), currency),
        "renewal": f.percent(ours, 0),
        "renewal_said": _renewals(row["renewed"], row["decided"]),
        "others": f.percent(others, 0),
        "others_said": _renewals(row["renewed_without"], row["decided_without"]),
        "few": row["decided_without"] < ENOUGH,
        "apart": "" if apart is None else f.exact(apart * 100, 0, plus=True),
        "cells": [_cell(given, row, k, href) for k in range(len(row["rate"]))],
    }


def _renewals(renewed: int, decided: int) -> str:
    return _("%(renewed)s of %(decided)s contracts that were decided") % {
        "renewed": f.exact(renewed),
        "decided": f.exact(decided),
    }


def _cell(given: Given, row: Row, k: int, href: str) -> HeatCell:
    rate, low, high = row["rate"][k], row["low"][k], row["high"][k]
    places = {"feature": row["feature"], "when": after(k, given.stretch.grain)}
    if rate is None:
        return heat_cell("", None, _("%(feature)s, %(when)s: not over") % places, "", running=True)
    places |= {
        "share": f.percent(rate),
        "low": f.percent(Decimal(str(low)), 0),
        "high": f.percent(Decimal(str(high)), 0),
    }
    text = _("%(feature)s, %(when)s: %(share)s came back; between %(low)s and %(high)s in 95 of 100 cases") % places
    cell = heat_cell(f.percent(rate, 0), rate, text, href, running=False, step=part_step)
    return HeatCell(cell.text, "is-few", cell.said, cell.href) if row["size"] < ENOUGH else cell


def table(given: Given, answer: Answer) -> Table:
    """Every feature, exact."""
    rows = answer.to_dicts()
    width = max((len(row["rate"]) for row in rows), default=0)
    heads = [*_COLUMNS.values(), *(str(k) for k in range(width))]
    return heads, [[*(row[name] for name in _COLUMNS), *row["rate"]] for row in rows]


def behind(given: Given, cell: Row) -> str:
    """What a row is called."""
    return _("Used: %(feature)s") % {"feature": cell.get("feature", "")}


def figure(given: Given, answer: Answer) -> Mapping[str, Any]:
    """How many growth points there are, and which is the widest."""
    growth = [row["feature"] for row in answer.to_dicts() if row["point"] == GROWTH]
    return {
        "value": f.exact(len(growth)),
        "exact": str(len(growth)),
        "note": _("growth points: %(names)s") % {"names": f.listed(growth[:3])} if growth else _("growth points"),
        "values": [],
        "running": False,
    }


SHEET = Sheet(
    name="features",
    path="activate/features/",
    heading=gettext_lazy("Features"),
    places=PLACES,
    words=WORDS,
    question=question,
    board=board,
    table=table,
    behind=behind,
    figure=figure,
    fields={"features": "f", "return": "back"},
    grain="month",
)
