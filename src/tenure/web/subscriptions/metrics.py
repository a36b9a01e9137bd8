"""Everything the page of metrics shows: each over time, what is committed, and what a customer is worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from tenure.web import formatting as f
from tenure.web.export import exports
from tenure.web.goals.annotations import Happened
from tenure.web.sparkline import Sparkline, sparkline
from tenure.web.stretch import Stretch
from tenure.web.subscriptions import findings, proof, slices
from tenure.web.subscriptions.board import (
    Ask,
    Rows,
    cut_fields,
    door,
    freshness,
    gather,
    made_of,
    narrowing,
    picker,
    series_of,
)
from tenure.web.subscriptions.figures import Row, Tile, exactly, net_new, tiles, written
from tenure.web.subscriptions.proof import Figure
from tenure.web.subscriptions.words import COMMITTED, GRAINS, METHODS, METRICS, MORE_METRICS, SLICES, WHY

ALL = (*METRICS, *MORE_METRICS)
ASKED = ("simple", "margin", "trailing6", "net_retention")
SLICES_SHOWN = 50
WIDTH, HEIGHT = 240, 56


@dataclass(frozen=True, slots=True)
class Multiple:
    """One metric over the periods of the page: its tile, its line, and the first and last period under it."""

    tile: Tile
    line: Sparkline | None
    first: str
    last: str


def board(ask: Ask, stretch: Stretch, by: str, happened: Happened) -> dict[str, Any]:
    """The whole page as values a template only has to print."""
    rows = gather(ask, stretch)
    currency = rows.movements.definition["settings"]["reporting_currency"]
    shown = rows.of(stretch.shown)
    multiples = _multiples(rows, shown, stretch, currency, happened)
    unusual = [m.tile.label for m in multiples if m.tile.delta is not None and m.tile.delta.mood]
    heads, lines = _lines(shown, stretch, currency)
    return {
        "range": picker(stretch, "metrics", by=by),
        "facts": [freshness(), made_of(rows.movements)],
        "title": findings.metrics_title(unusual, len(ALL), f.period(stretch.last, stretch.grain)),
        "summary": _("The open end of a line is the period that is not over."),
        "multiples": multiples,
        "corner": GRAINS[stretch.grain],
        "columns": heads,
        "rows": lines,
        "committed": _committed(ask, currency, stretch),
        "ltv": _ltv(ask, by, currency, stretch),
        "exports": exports("metrics_file", query=stretch.query(by=by)),
        "ltv_exports": exports("ltv_file", query=urlencode([("by", by), *stretch.kept])),
        "cut": _cut(ask, stretch, rows.by_period[stretch.last], by, currency),
    }


def _multiples(rows: Rows, shown: Sequence[Row], stretch: Stretch, currency: str, happened: Happened) -> list[Multiple]:
    opens, focus = door(stretch), rows.by_period[stretch.last]
    cards = tiles(series_of(rows, stretch, happened), currency, lambda kind: opens(focus, kind), ALL)
    running, marks = not shown[-1]["complete"], happened.marks(stretch.shown)
    first, last = (f.period(shown[at]["period"], stretch.grain) for at in (0, -1))
    return [
        Multiple(
            card,
            sparkline([row[metric.name] for row in shown], running, width=WIDTH, height=HEIGHT, marks=marks),
            first,
            last,
        )
        for metric, card in zip(ALL, cards, strict=True)
    ]


def _lines(shown: Sequence[Row], stretch: Stretch, currency: str) -> tuple[list[str], list[dict[str, Any]]]:
    opens = door(stretch)
    unit = f.symbol(currency).strip()
    heads = _heads(unit)
    places = {m.name: f.places_of([row[m.name] for row in shown], currency) for m in ALL if m.form == "money"}
    lines = [
        {
            "label": f.period(row["period"], stretch.grain),
            "is_focus": row["period"] == stretch.last,
            "running": "" if row["complete"] else _("not over"),
            "cells": [
                {
                    "text": f.exact(row[m.name], places[m.name]) if m.form == "money" else written(m, row[m.name], ""),
                    "exact": exactly(m, row[m.name], currency),
                    "href": opens(row, m.behind),
                }
                for m in ALL
            ],
        }
        for row in reversed(shown)
    ]
    return heads, lines


def _cut(ask: Ask, stretch: Stretch, focus: Row, by: str, currency: str) -> dict[str, Any]:
    """The metrics of the period in focus, slice by slice; what is made of several slices cannot be added up."""
    figure = Figure(stretch.grain, stretch.last, "close", focus.get("days"), "", stretch.calendar)
    moved = ask({**figure.question, "by": [by]}).to_dicts()
    measured = ask({"question": "revenue_metrics", **figure.stretch, "by": [by]}).to_dicts()
    found = [{**one, "net_new_mrr": net_new(other)} for one, other in zip(measured, moved, strict=True)]
    ordered = sorted(found, key=lambda row: (-(row["mrr"] or 0), row[by]))
    unit = f.symbol(currency).strip()
    places = {m.name: f.places_of([row[m.name] for row in ordered], currency) for m in ALL if m.form == "money"}
    return {
        "title": _("Metrics of %(period)s by %(field)s")
        % {"period": f.period(stretch.last, stretch.grain), "field": SLICES[by]},
        "summary": _("A customer with lines in several slices counts in each of them."),
        "by": SLICES[by],
        "fields": cut_fields(stretch, "metrics", by),
        "heads": _heads(unit),
        "rows": [
            {
                "name": slices.said(row[by]),
                "href": narrowing(stretch, "metrics", by, row[by]),
                "cells": [
                    {
                        "text": f.exact(row[m.name], places[m.name])
                        if m.form == "money"
                        else written(m, row[m.name], ""),
                        "exact": exactly(m, row[m.name], currency),
                        "href": replace(figure, kind=m.behind, kept=stretch.kept, piece=(by, row[by])).address(),
                    }
                    for m in ALL
                ],
            }
            for row in ordered[:SLICES_SHOWN]
        ],
    }


def _heads(unit: str) -> list[str]:
    return [
        _("%(name)s, %(unit)s") % {"name": metric.label, "unit": unit} if metric.form == "money" else str(metric.label)
        for metric in ALL
    ]


def table(ask: Ask, stretch: Stretch) -> tuple[list[Any], list[list[Any]]]:
    """The metrics of the page, exact, for a file."""
    shown = gather(ask, stretch).of(stretch.shown)
    heads = [GRAINS[stretch.grain], *(metric.label for metric in ALL), _("Over")]
    return heads, [
        [row["period"], *(row[m.name] for m in ALL), _("yes") if row["complete"] else _("no")]
        for row in reversed(shown)
    ]


def _committed(ask: Ask, currency: str, stretch: Stretch) -> dict[str, Any]:
    (row,) = ask({"question": "committed_mrr"}).to_dicts()
    notes = {
        "cmrr": _("as seen today"),
        "mrr": _("at the close of today"),
        "signed_not_started": _("comes on top"),
        "known_ends": _("goes off"),
    }
    return {
        "title": findings.committed_title(row, currency),
        "summary": _("MRR with what is already signed and without what is already known to end."),
        "facts": [
            {
                "label": said,
                "text": str(f.short(row[kind], currency=currency)),
                "exact": f.money(row[kind], currency),
                "note": notes[kind],
                "href": f"{reverse('committed_rows')}?{urlencode([('kind', kind), *stretch.kept])}",
            }
            for kind, said in COMMITTED.items()
        ],
    }


def _methods(ask: Ask) -> list[Row]:
    return [ask({"question": "ltv", "method": method}).to_dicts()[0] | {"asked": method} for method in ASKED]


def _slices(ask: Ask, by: str) -> list[Row]:
    rows = ask({"question": "ltv", "by": [by]}).to_dicts()
    return sorted(rows, key=lambda row: (-(row["n"] or 0), row["slice"]))


def _ltv(ask: Ask, by: str, currency: str, stretch: Stretch) -> dict[str, Any]:
    (best,) = ask({"question": "ltv"}).to_dicts()
    sliced = _slices(ask, by)
    return {
        "title": findings.ltv_title(best, METHODS[best["method"]], currency),
        "summary": _("Of the last whole month. Low and high are the ends of the 95 % interval of churn."),
        "unit": f.symbol(currency).strip(),
        "methods": [
            _worth(row, METHODS[row["asked"]], currency, stretch, method=row["asked"])
            | {"is_best": row["asked"] == best["method"]}
            for row in _methods(ask)
        ],
        "by": SLICES[by],
        "fields": cut_fields(stretch, "metrics", by, "slices-title"),
        "slices": [
            _worth(row, slices.said(row["slice"]), currency, stretch, slice=f"{by}~{row['slice']}")
            for row in sliced[:SLICES_SHOWN]
        ],
        "more": proof.more(len(sliced) - SLICES_SHOWN),
    }


def _worth(row: Row, name: Any, currency: str, stretch: Stretch, **asked: str) -> dict[str, Any]:
    def amount(value: Any) -> str:
        return f.exact(value, 0)

    return {
        "name": name,
        "ltv": amount(row["ltv"]),
        "exact": f.money(row["ltv"], currency),
        "href": f"{reverse('ltv_rows')}?{urlencode([*asked.items(), *stretch.kept])}",
        "low": amount(row["low"]),
        "high": amount(row["high"]),
        "n": f.exact(row["n"]),
        "method": METHODS[row["method"]],
        "why": WHY.get(row["why"], row["why"]),
    }


def ltv_table(ask: Ask, by: str) -> tuple[list[Any], list[list[Any]]]:
    """The lifetime values of the page, exact, for a file: by method, then by slice."""
    heads = [_("Slice"), _("Method"), _("LTV"), _("Low"), _("High"), _("Customers measured"), _("Why")]
    named = [("", METHODS[row["asked"]], row) for row in _methods(ask)]
    named += [(slices.said(row["slice"]), METHODS[row["method"]], row) for row in _slices(ask, by)]
    return heads, [
        [
            name,
            method,
            *(row[column] for column in ("ltv", "low", "high")),
            row["n"],
            WHY.get(row["why"], row["why"]),
        ]
        for name, method, row in named
    ]
