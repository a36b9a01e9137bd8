"""Retention: of those who started in a period, how many came back in each later one, as a curve and as a triangle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.core.metrics.cohorts import Cell, average
from tenure.warehouse.answer import Answer
from tenure.web import formatting as f
from tenure.web.behaviour import pictures, said
from tenure.web.behaviour.address import Place, Word
from tenure.web.behaviour.curves import curve
from tenure.web.behaviour.sheet import UNITS, Given, Row, Sheet, Table
from tenure.web.heat import PART_SCALE, HeatCell, heat_cell, part_step
from tenure.web.sparkline import sparkline
from tenure.web.subscriptions.words import GRAINS

MOST_CUTS = 8
MODES = {
    "recurring": gettext_lazy("In every period they start in"),
    "first_time": gettext_lazy("When they start for the first time"),
    "first_ever": gettext_lazy("At their first event of all, if it meets the conditions"),
}
BASES = {
    "calendar": gettext_lazy("By the calendar"),
    "rolling": gettext_lazy("By the clock, from each start"),
}
PLACES = (
    Place("s", gettext_lazy("They start with"), usual="*"),
    Place("r", gettext_lazy("They come back with"), usual="*"),
)
WORDS = (
    Word("mode", gettext_lazy("They belong to a cohort"), usual="recurring", options=MODES),
    Word("basis", gettext_lazy("Periods"), usual="calendar", options=BASES),
    Word("times", gettext_lazy("Back at least so many times"), "whole", "1"),
    Word("later", gettext_lazy("Back then or in any later period"), "flag"),
    Word("by", gettext_lazy("Broken down by"), "text", offers="event-props"),
)


def question(given: Given) -> dict[str, Any]:
    """The question of a page of retention."""
    (start,), (back,) = given.events("s"), given.events("r")
    asked: dict[str, Any] = {"question": "retention", "unit": given["unit"], **given.intervals}
    asked |= {"start": start.matcher} if start.matcher != {"event": None} else {}
    asked |= {"return": back.matcher} if back.matcher != {"event": None} else {}
    asked |= {"mode": given["mode"]} if given["mode"] != "recurring" else {}
    asked |= {"basis": given["basis"]} if given["basis"] != "calendar" else {}
    times = given.whole("times", 1, 1_000_000)
    asked |= {"min_returns": times} if times is not None and times > 1 else {}
    asked |= {"unbounded": True} if given["later"] else {}
    return asked | ({"breakdown": {"prop": given["by"], "limit": MOST_CUTS}} if given["by"] else {})


def after(k: int, grain: str) -> str:
    """The k-th period after the one of the start, in words."""
    if not k:
        itself = {"day": _("on the day itself"), "week": _("in the week itself"), "month": _("in the month itself")}
        return itself[grain]
    words = {
        "day": ngettext("after %(count)s day", "after %(count)s days", k),
        "week": ngettext("after %(count)s week", "after %(count)s weeks", k),
        "month": ngettext("after %(count)s month", "after %(count)s months", k),
    }
    return words[grain] % {"count": k}


def _cells(row: Row) -> list[Cell]:
    """The cells of a cohort; one that is not over counts for nothing."""
    return [Cell(Decimal(n or 0), Decimal(row["size"]), n is not None) for n in row["values"]]


def board(given: Given, answer: Answer) -> Mapping[str, Any]:
    """The curves, and a triangle for each value of the breakdown."""
    rows, prop, grain = answer.to_dicts(), given["by"], given.stretch.grain
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.get(prop, ""), []).append(row)
    means = {cut: average([_cells(row) for row in found]) for cut, found in groups.items()}
    width = max((len(cells) for cells in means.values()), default=0)
    drawn = [
        pictures.Line(
            said.value(cut) if prop else _("Average of all cohorts"),
            [cells[k].share if k < len(cells) else None for k in range(width)],
            [True] * width,
        )
        for cut, cells in means.items()
    ]
    chart = curve(_("Share that comes back"), [after(k, grain) for k in range(width)], drawn)
    return {
        "title": title(given, next(iter(means.values()), []) if not prop else []),
        "chart": chart,
        "legend": pictures.legend(chart),
        "notes": said.notes(answer.notes),
        "groups": [_group(given, cut, found, means[cut]) for cut, found in groups.items()],
        "scale": [{"text": text, "shape": shade} for text, shade in PART_SCALE],
    }


def title(given: Given, mean: Sequence[Cell]) -> str:
    """What the curve says at the last step that is usual to quote."""
    reached = [k for k in (12, 8, 6, 4, 3, 2, 1) if k < len(mean) and mean[k].share is not None]
    if not reached:
        return _("How many come back")
    return _("%(share)s come back %(when)s") % {
        "share": f.percent(mean[reached[0]].share),
        "when": after(reached[0], given.stretch.grain),
    }


def _group(given: Given, cut: str, rows: Sequence[Row], mean: Sequence[Cell]) -> dict[str, Any]:
    """A triangle as the heat map shows it: the average first, then every cohort, the newest last."""
    grain, prop = given.stretch.grain, given["by"]
    head = {
        "name": _("Weighted average"),
        "is_average": True,
        "spark": sparkline([cell.share for cell in mean]),
        "whole": "",
        "exact": "",
        "cells": [_average(cell, k, grain) for k, cell in enumerate(mean)],
    }
    own = {prop: cut} if prop else {}
    body = [
        {
            "name": f.period(row["cohort"], grain),
            "whole": f.exact(row["size"]),
            "exact": f.plain(row["size"]),
            "cells": [_cell(given, row, cell, k, own) for k, cell in enumerate(_cells(row))],
        }
        for row in rows
    ]
    return {
        "name": said.value(cut) if prop else "",
        "heat": {
            "corner": GRAINS[grain],
            "base": UNITS[given["unit"]],
            "heads": [str(k) for k in range(max((len(row["values"]) for row in rows), default=0))],
            "rows": [head, *body] if any(row["size"] for row in rows) else [],
        },
    }


def _average(cell: Cell, k: int, grain: str) -> HeatCell:
    text = _("%(when)s: %(share)s on average, weighted by size") % {
        "when": after(k, grain),
        "share": f.percent(cell.share),
    }
    return heat_cell(f.percent(cell.share, 0), cell.share, text, "", running=False, step=part_step)


def _cell(given: Given, row: Row, cell: Cell, k: int, own: Mapping[str, str]) -> HeatCell:
    places = {
        "cohort": f.period(row["cohort"], given.stretch.grain),
        "when": after(k, given.stretch.grain),
        "part": f.exact(cell.part),
        "whole": f.exact(cell.whole),
        "share": f.percent(cell.share),
    }
    if not cell.complete:
        return heat_cell("", None, _("Cohort %(cohort)s, %(when)s: not over") % places, "", running=True)
    href = given.people({"cohort": row["cohort"], "column": k, **own}) if cell.part else ""
    text = _("Cohort %(cohort)s, %(when)s: %(part)s of %(whole)s, %(share)s") % places
    shown = f.percent(cell.share, 0) if cell.share is not None else ""
    return heat_cell(shown, cell.share, text, href, running=False, step=part_step)


def table(given: Given, answer: Answer) -> Table:
    """Every cohort, as numbers; a cell that is not over is empty."""
    rows, prop = answer.to_dicts(), given["by"]
    width = max((len(row["values"]) for row in rows), default=0)
    own = [prop] if prop else []
    heads = [_("Cohort"), *own, UNITS[given["unit"]], *(str(k) for k in range(width))]
    lines = [[row["cohort"], *(row[name] for name in own), row["size"], *row["values"]] for row in rows]
    return heads, [[*line, *[None] * (len(heads) - len(line))] for line in lines]


def behind(given: Given, cell: Row) -> str:
    """What a cell is called."""
    k = str(cell.get("column", "0"))
    places = {
        "cohort": f.period(str(cell.get("cohort", "")), given.stretch.grain),
        "when": after(int(k) if k.isdecimal() and len(k) < 5 else 0, given.stretch.grain),
    }
    return _("Cohort %(cohort)s, %(when)s") % places


def figure(given: Given, answer: Answer) -> Mapping[str, Any]:
    """The share that comes back one period later, on average, and the curve."""
    mean = average([_cells(row) for row in answer.to_dicts()])
    share = mean[1].share if len(mean) > 1 else None
    return {
        "value": f.percent(share),
        "exact": f.plain(share),
        "note": after(1, given.stretch.grain),
        "values": [cell.share for cell in mean],
        "running": False,
    }


SHEET = Sheet(
    name="retention",
    path="activate/retention/",
    heading=gettext_lazy("Retention"),
    places=PLACES,
    words=WORDS,
    question=question,
    board=board,
    table=table,
    behind=behind,
    figure=figure,
    fields={"start": "s", "return": "r", "min_returns": "times", "unbounded": "later", "breakdown": "by"},
)
