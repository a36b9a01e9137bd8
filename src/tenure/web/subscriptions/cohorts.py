"""Everything the page of cohorts shows: how much of each is left, the average over all, and who is behind a cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.core.metrics.cohorts import Cell, average, grid
from tenure.web import formatting as f
from tenure.web.asking import Seen
from tenure.web.choices import one_of, refused
from tenure.web.export import exports
from tenure.web.goals.annotations import Happened
from tenure.web.heat import SCALE, HeatCell, heat_cell
from tenure.web.sparkline import sparkline
from tenure.web.stretch import COARSE, Stretch
from tenure.web.subscriptions import findings, proof, slices
from tenure.web.subscriptions.board import Ask, cut_fields, freshness, made_of, narrowing, picker
from tenure.web.subscriptions.figures import Row
from tenure.web.subscriptions.words import GRAINS, SLICES

ACCOUNTS_SHOWN = 100
SLICES_SHOWN = 50
MOST_STEPS = 240
VALUES: Mapping[str, Any] = {"customers": gettext_lazy("Customers"), "mrr": gettext_lazy("MRR")}
SHOWS: Mapping[str, Any] = {"share": gettext_lazy("As shares"), "number": gettext_lazy("As numbers")}
_START = {"customers": "size", "mrr": "start_mrr"}
Names = Callable[[list[str]], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the reader chose in the address: of what the cohorts are made, how it is written, and the field by which
    the average is cut."""

    value: str
    show: str
    by: str

    @property
    def own(self) -> dict[str, str]:
        """The choices but the field."""
        return {"value": self.value, "show": self.show}

    @property
    def kept(self) -> dict[str, str]:
        return {**self.own, "by": self.by}

    def address(self, stretch: Stretch, route: str = "cohorts", **more: str) -> str:
        return f"{reverse(route)}?{stretch.query(**{**self.kept, **more})}"


def choices(query: Mapping[str, str]) -> Choices:
    """What an address asks of this page.

    Raises: QuestionRefused if a value is not one of its kind.
    """
    return Choices(one_of(query, "value", VALUES, "customers"), one_of(query, "show", SHOWS, "share"), slices.by(query))


@dataclass(frozen=True, slots=True)
class Followed:
    """The cohorts of a stretch with their cells, the newest last."""

    rows: list[Row]
    cells: list[list[Cell]]
    average: list[Cell]
    currency: str
    answer: Any


def _followed(ask: Ask, stretch: Stretch, chosen: Choices) -> Followed:
    asked = {"question": "cohorts", **stretch.asked(stretch.first, stretch.shown[-1])}
    answer = ask(asked)
    rows = [row for row in answer.to_dicts() if row["size"]]
    cells = _grid(rows, chosen)
    return Followed(rows, cells, average(cells), answer.definition["settings"]["reporting_currency"], answer)


def _grid(rows: Sequence[Row], chosen: Choices) -> list[list[Cell]]:
    starts = [(Decimal(row[_START[chosen.value]]), [Decimal(v) for v in row[chosen.value]]) for row in rows]
    return grid(starts, all(row["complete"] for row in rows))


def board(ask: Ask, stretch: Stretch, chosen: Choices, happened: Happened) -> dict[str, Any]:
    """The whole page as values a template only has to print."""
    found = _followed(ask, stretch, chosen)
    return {
        "range": picker(stretch, "cohorts", compares=False, grains=COARSE, **chosen.kept),
        "facts": [freshness(), made_of(found.answer)],
        "title": findings.cohorts_title(found.average, stretch.grain, chosen.value),
        "summary": _summary(chosen, found.currency),
        "values": [
            {"label": said, "href": chosen.address(stretch, value=code), "current": code == chosen.value}
            for code, said in VALUES.items()
        ],
        "shows": [
            {"label": said, "href": chosen.address(stretch, show=code), "current": code == chosen.show}
            for code, said in SHOWS.items()
        ],
        "heat": _heat(found, stretch, chosen, happened.said(stretch.shown)),
        "cut": _pieces(ask, stretch, chosen),
        "scale": [{"text": text, "shape": shade} for text, shade in SCALE],
        "exports": exports("cohorts_file", query=stretch.query(**chosen.kept)),
    }


def _summary(chosen: Choices, currency: str) -> str:
    if chosen.value == "customers":
        return _("By the period of their first paid day: how many are customers at the close of each later period.")
    said = _("By the period of their first paid day: what they pay at the close of each later period, in %(unit)s.")
    return said % {"unit": f.symbol(currency).strip()}


def _heat(found: Followed, stretch: Stretch, chosen: Choices, said: Mapping[str, str]) -> dict[str, Any]:
    columns = max((len(row) for row in found.cells), default=0)
    head = {
        "name": _("Weighted average"),
        "is_average": True,
        "spark": sparkline([cell.share for cell in found.average]),
        "whole": "",
        "exact": "",
        "cells": [_average_cell(cell, k, stretch.grain) for k, cell in enumerate(found.average)],
    }
    body = [
        {
            "name": f.period(row["cohort"]),
            "happened": said.get(row["cohort"], ""),
            "whole": f.exact(row[_START[chosen.value]]),
            "exact": f.plain(row[_START[chosen.value]]),
            "cells": [_cell(row, cell, k, stretch, chosen) for k, cell in enumerate(cells)],
        }
        for row, cells in zip(found.rows, found.cells, strict=True)
    ]
    return {
        "corner": GRAINS[stretch.grain],
        "base": _base(chosen),
        "heads": [str(k) for k in range(columns)],
        "rows": [head, *body] if body else [],
    }


def _pieces(ask: Ask, stretch: Stretch, chosen: Choices) -> dict[str, Any]:
    """The weighted average of all cohorts, slice by slice, the largest first. An account belongs to the slice of the
    line it first paid for, or of its own attribute."""
    asked = {"question": "cohorts", **stretch.asked(stretch.first, stretch.shown[-1]), "by": [chosen.by]}
    found: dict[str, list[Row]] = {}
    for row in ask(asked).to_dicts():
        found.setdefault(row[chosen.by], []).append(row)
    whole = {name: sum(row[_START[chosen.value]] for row in rows) for name, rows in found.items()}
    lines = []
    for name in sorted(found, key=lambda name: (-whole[name], name))[:SLICES_SHOWN]:
        means = average(_grid(found[name], chosen))
        lines.append(
            {
                "name": slices.said(name),
                "href": narrowing(stretch, "cohorts", chosen.by, name, chosen.own),
                "whole": f.exact(whole[name]),
                "exact": f.plain(whole[name]),
                "cells": [_average_cell(cell, k, stretch.grain) for k, cell in enumerate(means)],
            }
        )
    columns = max((len(line["cells"]) for line in lines), default=0)
    return {
        "title": _("Retention by %(field)s") % {"field": SLICES[chosen.by]},
        "summary": _("The average of all cohorts on this page, weighted by size. A customer counts where it began."),
        "fields": cut_fields(stretch, "cohorts", chosen.by, kept=chosen.own),
        "corner": SLICES[chosen.by],
        "base": _base(chosen),
        "heads": [str(k) for k in range(columns)],
        "rows": lines,
    }


def _base(chosen: Choices) -> str:
    return _("MRR at the start") if chosen.value == "mrr" else _("New customers")


def _average_cell(cell: Cell, k: int, grain: str) -> HeatCell:
    said = _("%(when)s: %(share)s on average, weighted by size") % {
        "when": findings.after(k, grain),
        "share": f.percent(cell.share),
    }
    return heat_cell(f.percent(cell.share, 0), cell.share, said, "", running=False)


def _cell(row: Row, cell: Cell, k: int, stretch: Stretch, chosen: Choices) -> HeatCell:
    places = {
        "cohort": f.period(row["cohort"]),
        "when": findings.after(k, stretch.grain),
        "part": f.exact(cell.part),
        "whole": f.exact(cell.whole),
        "share": f.percent(cell.share),
    }
    said = _("Cohort %(cohort)s, %(when)s: %(part)s of %(whole)s, %(share)s") % places
    if not cell.complete:
        said = _("Cohort %(cohort)s, %(when)s: %(part)s of %(whole)s, %(share)s; not over") % places
    text = f.percent(cell.share, 0) if chosen.show == "share" else str(f.short(cell.part))
    own = {"grain": stretch.grain, "cohort": row["cohort"], "k": str(k), "value": chosen.value}
    asked = [*own.items(), *stretch.kept]
    return heat_cell(text, cell.share, said, f"{reverse('cohort_rows')}?{urlencode(asked)}", running=not cell.complete)


def table(ask: Ask, stretch: Stretch, chosen: Choices) -> tuple[list[Any], list[list[Any]]]:
    """The map as a table, exact, for a file: the average first where it has one."""
    found = _followed(ask, stretch, chosen)
    shown = _heat(found, stretch, chosen, {})

    def line(cells: Sequence[Cell]) -> list[str]:
        return [cell.share if chosen.show == "share" else cell.part for cell in cells]

    rows = [
        [row["cohort"], row[_START[chosen.value]], *line(cells)]
        for row, cells in zip(found.rows, found.cells, strict=True)
    ]
    mean = [[_("Weighted average"), "", *(cell.share for cell in found.average)]] if rows else []
    return [shown["corner"], shown["base"], *shown["heads"]], [*mean, *rows]


def behind(opened: Seen, query: Mapping[str, str], names: Names) -> dict[str, Any]:
    """Who is behind a cell: the accounts of the cohort that are no longer there, and those that are.

    Raises: QuestionRefused if the address names no cell.
    """
    chosen = choices(query)
    calendar = opened.definition().calendar
    given = {**query, "grain": query.get("grain", "month"), "period": query.get("cohort", ""), "kind": "close"}
    named = proof.figure(given, calendar)
    k = _steps(query.get("k", ""))
    try:
        period = calendar.step(named.period, named.grain, k)
        calendar.after(period, named.grain)
    except (ValueError, OverflowError):
        raise refused("k", str(k), ["0 … 12"]) from None
    asked = {"question": "cohorts", "from": named.period, "to": period, "grain": named.grain}
    answer = opened.ask(asked)
    (cells,) = grid(_starts(answer.to_dicts(), named.period, chosen.value), True) or [
        [Cell(Decimal(0), Decimal(0), True)]
    ]
    cell = cells[-1]
    people = [row for row in opened.ask({**asked, "by": ["account_id"]}).to_dicts() if row["cohort"] == named.period]
    gone = sorted(
        (row for row in people if not row["customers"][-1]), key=lambda row: (-row["start_mrr"], row["account_id"])
    )
    stay = sorted((row for row in people if row["customers"][-1]), key=lambda row: (-row["mrr"][-1], row["account_id"]))
    shown = [*gone[:ACCOUNTS_SHOWN], *stay[:ACCOUNTS_SHOWN]]
    called = names([row["account_id"] for row in shown])
    currency = answer.definition["settings"]["reporting_currency"]
    unit = f.symbol(currency).strip()
    money = chosen.value == "mrr"
    address = {"grain": named.grain, "cohort": named.period, "k": str(k), "value": chosen.value}
    at_close = replace(named, period=period, kind="close")
    return {
        "title": _("Cohort %(cohort)s, %(when)s")
        % {"cohort": f.period(named.period), "when": findings.after(k, named.grain)},
        "where": f.period(period),
        "kind": VALUES[chosen.value],
        "figure": f.percent(cell.share),
        "exact": f.plain(cell.share),
        "rule": _("MRR at this close, over their MRR on the first paid day.")
        if money
        else _("Customers at this close, over all accounts that first paid in the cohort's period."),
        "formula": f"{f.exact(cell.part)} / {f.exact(cell.whole)} = {f.percent(cell.share)}" if cell.whole else "",
        **proof.evidence(answer),
        "groups": [
            {
                "title": ngettext("%(count)s account is gone", "%(count)s accounts are gone", len(gone))
                % {"count": f.exact(len(gone))},
                "unit": _("%(unit)s at the start") % {"unit": unit},
                "rows": [
                    _account(row, row["start_mrr"], called, replace(named, kind="new")) for row in gone[:ACCOUNTS_SHOWN]
                ],
                "more": proof.more(len(gone) - ACCOUNTS_SHOWN),
            },
            {
                "title": ngettext("%(count)s account is there", "%(count)s accounts are there", len(stay))
                % {"count": f.exact(len(stay))},
                "unit": _("%(unit)s at this close") % {"unit": unit},
                "rows": [_account(row, row["mrr"][-1], called, at_close) for row in stay[:ACCOUNTS_SHOWN]],
                "more": proof.more(len(stay) - ACCOUNTS_SHOWN),
            },
        ],
        **proof.sources(answer.rows_behind({"cohort": named.period, "k": k})),
        "here": f"{reverse('cohort_rows')}?{urlencode([*address.items(), *proof.kept_of(query)])}",
    }


def _steps(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= MOST_STEPS):
        raise refused("k", text, [f"0 … {MOST_STEPS}"])
    return int(text)


def _starts(rows: Sequence[Row], cohort: str, value: str) -> list[tuple[Decimal, list[Decimal]]]:
    return [(Decimal(row[_START[value]]), [Decimal(v) for v in row[value]]) for row in rows if row["cohort"] == cohort]


def _account(row: Row, amount: Decimal, called: Mapping[str, str], moved: proof.Figure) -> dict[str, str]:
    return {
        "name": called.get(row["account_id"], row["account_id"]),
        "href": moved.address(account=row["account_id"]),
        "amount": f.exact(amount, f.places_of([amount])),
        "exact": f.plain(amount),
    }
