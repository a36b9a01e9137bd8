"""Attribution: which channel conversions are credited to, by every model side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.warehouse.answer import Answer
from tenure.warehouse.lines import NONE
from tenure.web import formatting as f
from tenure.web.acquisition.words import ACQUIRED, FIELDS, MODELS, named, notes
from tenure.web.behaviour.address import Word
from tenure.web.behaviour.sheet import Given, Row, Sheet, Table
from tenure.web.meter import meter

CONVERSIONS = {
    "won": gettext_lazy("Deals won"),
    "opportunity": gettext_lazy("Deals begun"),
    "lead": gettext_lazy("Leads"),
    "expansion": gettext_lazy("Expansions"),
    "renewal": gettext_lazy("Renewals"),
}
SIDE_BY_SIDE = ("first", "last", "linear", "position", "w_shaped", "time_decay", "markov")
"""Models of the page; the question has more."""
DIAGNOSTIC = "shapley_rate"
ROUNDS = 200
WORDS = (
    Word("conversion", gettext_lazy("What is credited"), usual="won", options=CONVERSIONS),
    Word("by", gettext_lazy("To what"), usual="channel", options=FIELDS),
    Word("lookback", gettext_lazy("Touches of so many days before"), "whole", "180"),
    Word("half_life", gettext_lazy("Days in which a touch fades to half"), "whole", "30"),
    Word("reset", gettext_lazy("A touch serves only the next conversion"), "flag"),
    Word("interval", gettext_lazy("With intervals (slower)"), "flag"),
)


def question(given: Given) -> dict[str, Any]:
    """The question of the page."""
    asked: dict[str, Any] = {
        "question": "attribution",
        "conversion": given["conversion"],
        "by": given["by"],
        **given.days,
    }
    asked["models"] = [*SIDE_BY_SIDE, DIAGNOSTIC]
    asked["lookback_days"] = given.whole("lookback", 1, 3_650)
    asked["half_life_days"] = given.whole("half_life", 1, 3_650)
    asked |= {"reset_on_conversion": True} if given["reset"] else {}
    return asked | ({"bootstrap": ROUNDS} if given["interval"] else {})


def board(given: Given, answer: Answer) -> Mapping[str, Any]:
    """Channels by models: the credit of each as a figure and a bar, and how far the models are apart."""
    rows = answer.to_dicts()
    by = given["by"]
    cells = {(row[by], row["model"]): row for row in rows}
    names = list(dict.fromkeys(row[by] for row in rows))
    total = sum((row["credit"] for row in rows if row["model"] == SIDE_BY_SIDE[0]), Decimal(0))
    names.sort(key=lambda name: (name == NONE, -_mean(cells, name), name))
    widest = max((cells[name, model]["credit"] for name in names for model in SIDE_BY_SIDE), default=Decimal(0))
    currency = answer.definition["settings"]["reporting_currency"]
    return {
        "title": _title(total, given["conversion"], names, cells),
        "field": FIELDS[by],
        "models": [{"name": MODELS[model][0], "means": MODELS[model][1]} for model in (*SIDE_BY_SIDE, DIAGNOSTIC)],
        "rows": [
            {
                "name": named(name),
                "is_none": name == NONE,
                "apart": _apart(cells, name),
                "cells": [_cell(given, cells[name, model], widest, currency) for model in SIDE_BY_SIDE],
                "diagnostic": _cell(given, cells[name, DIAGNOSTIC], Decimal(0), currency),
            }
            for name in names
        ],
        "total": f.exact(total),
        "notes": notes(answer.notes),
    }


def _mean(cells: Mapping[tuple[str, str], Row], name: str) -> Decimal:
    return sum((cells[name, model]["credit"] for model in SIDE_BY_SIDE), Decimal(0)) / len(SIDE_BY_SIDE)


def _apart(cells: Mapping[tuple[str, str], Row], name: str) -> str:
    """The least and the most that a model gives the channel."""
    found = [cells[name, model]["credit"] for model in SIDE_BY_SIDE]
    least, most = f.exact(min(found), 1), f.exact(max(found), 1)
    return least if least == most else f"{least} – {most}"


def _title(total: Decimal, conversion: str, names: Sequence[str], cells: Mapping[tuple[str, str], Row]) -> str:
    if not total:
        return _("Nothing was converted in this time")
    count = f.exact(total)
    if conversion == "won":
        whole = ngettext("%(count)s deal was won", "%(count)s deals were won", int(total)) % {"count": count}
    else:
        whole = _("%(count)s conversions") % {"count": count}
    first = next((name for name in names if name != NONE), None)
    if first is None or not _mean(cells, first):
        return _("%(whole)s; no touch is known before any of them") % {"whole": whole}
    return _("%(whole)s; most go to %(channel)s, by every model %(apart)s") % {
        "whole": whole,
        "channel": named(first),
        "apart": _apart(cells, first),
    }


def _cell(given: Given, row: Row, widest: Decimal, currency: str) -> dict[str, Any]:
    bar = max(row["credit"], Decimal(0))
    low, high = ("" if row[end] is None else f.exact(Decimal(str(row[end])), 1) for end in ("low", "high"))
    said = f.exact(row["credit"], 2)
    if row["value"] is not None:
        said = _("%(credit)s conversions, %(value)s") % {"credit": said, "value": f.money(row["value"], currency)}
    if low:
        told = {"said": said, "low": low, "high": high}
        said = _("%(said)s; between %(low)s and %(high)s in 95 of 100 cases") % told
    return {
        "text": f.exact(row["credit"], 1),
        "range": f"{low} – {high}" if low else "",
        "said": said,
        "bar": meter(bar, bar, widest) if widest else None,
        "href": given.people({given["by"]: row[given["by"]], "model": row["model"]}, ACQUIRED) if row["credit"] else "",
    }


def table(given: Given, answer: Answer) -> Table:
    """Every channel and model, exact."""
    heads = [FIELDS[given["by"]], _("Model"), _("Credit"), _("Money"), _("Low"), _("High")]
    names = (given["by"], "model", "credit", "value", "low", "high")
    return heads, [[row[name] for name in names] for row in answer.to_dicts()]


def behind(given: Given, cell: Row) -> str:
    """What a credit is called."""
    model = MODELS.get(str(cell.get("model", "")), (cell.get("model", ""), ""))[0]
    return f"{named(str(cell.get(given['by'], '')))} · {model}"


def figure(given: Given, answer: Answer) -> Mapping[str, Any]:
    """The channel that most is credited to, on the mean of the models."""
    shown = board(given, answer)
    first = next((row for row in shown["rows"] if not row["is_none"]), None)
    return {
        "value": first["name"] if first else f.NOTHING,
        "exact": first["apart"] if first else "",
        "note": _("most credited; by the models %(apart)s of %(total)s")
        % {"apart": first["apart"], "total": shown["total"]}
        if first
        else "",
        "values": [],
        "running": False,
    }


SHEET = Sheet(
    name="attribution",
    path="acquire/attribution/",
    heading=gettext_lazy("Attribution"),
    places=(),
    words=WORDS,
    question=question,
    board=board,
    table=table,
    behind=behind,
    figure=figure,
    fields={
        "lookback_days": "lookback",
        "half_life_days": "half_life",
        "reset_on_conversion": "reset",
        "bootstrap": "interval",
    },
    grains=("month", "quarter", "year"),
    grain="month",
    counts_units=False,
    folder="acquisition",
    reads=("touches", "leads", "deals"),
    empty="acquisition/empty.html",
)
