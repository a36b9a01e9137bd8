"""Everything the page of movements shows, gathered from answers; it computes nothing that a question answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Protocol
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenure.core.periods import CIVIL, Calendar, add_months, label, next_first_day
from tenure.web import formatting as f
from tenure.web.export import exports
from tenure.web.goals.annotations import Happened, Mark
from tenure.web.range import against_name, compared_name, comparison_names, picker
from tenure.web.stretch import Stretch
from tenure.web.subscriptions import findings, slices
from tenure.web.subscriptions.figures import Row, Series, Tile, data_as_of, net_new, tiles
from tenure.web.subscriptions.pictures import (
    Beside,
    Door,
    bridge_chart,
    bridge_rows,
    kinds_in,
    moves_chart,
    moves_columns,
    moves_table,
    net_then,
    value_of,
)
from tenure.web.subscriptions.proof import Figure
from tenure.web.subscriptions.words import GRAINS, KINDS, REASONS, RENEWALS, SLICES

HISTORY = 13
"""Periods before the one in focus that tell what is usual (and hold the same period of the year before)."""
YEARS_BACK = 60
LEDGER_ROWS = 50
Given = Mapping[str, Any]


class Answer(Protocol):
    """What the page reads of an answer."""

    definition: Mapping[str, Any]
    checks: list[dict[str, Any]]
    computed_at: Any

    def to_dicts(self) -> list[dict[str, Any]]: ...


Ask = Callable[[Given], Answer]


def newest_month(ask: Ask, today: date, calendar: Calendar = CIVIL) -> str | None:
    """The month to show first: the last finished one, or the last in which anything moved; None if nothing ever did."""
    finished = add_months(today.replace(day=1), -1)
    for grain, first in (("month", add_months(finished, -60)), ("year", date(today.year - YEARS_BACK, 1, 1))):
        asked = calendar.asked(calendar.name(first, grain), calendar.name(today, grain), grain)
        rows = ask({"question": "movements", **asked}).to_dicts()
        moved = [row["period"] for row in rows if net_new(row) or row["customers_new"] or row["customers_churned"]]
        if moved:
            last = calendar.after(moved[-1], grain) - timedelta(days=1)
            return label(min(last.replace(day=1), finished), "month")
        if any(row["close"] for row in rows):
            return label(finished, "month")
    return None


def door(stretch: Stretch) -> Door:
    """The address of the rows behind a figure of this page."""

    def address(row: Row, kind: str) -> str:
        return Figure(stretch.grain, row["period"], kind, row.get("days"), "", stretch.calendar, stretch.kept).address()

    return address


@dataclass(frozen=True, slots=True)
class Rows:
    """The answers of one page: movements with their metrics by period, and what stands beside them."""

    by_period: dict[str, Row]
    against: Row | None
    movements: Answer

    def of(self, periods: list[str]) -> list[Row]:
        return [self.by_period[period] for period in periods]


def _merged(ask: Ask, asked: Mapping[str, str]) -> tuple[dict[str, Row], Answer]:
    """Movements and metrics of the same periods, as one row each."""
    movements = ask({"question": "movements", **asked})
    metrics = ask({"question": "revenue_metrics", **asked})
    rows = {}
    for moved, measured in zip(movements.to_dicts(), metrics.to_dicts(), strict=True):
        row = {**measured, **moved}
        rows[row["period"]] = {**row, "net_new_mrr": net_new(row)}
    return rows, movements


def _days(period: str, stretch: Stretch) -> int:
    """Finished days of a period that still runs; its first day counts even while it runs."""
    return max((stretch.today - stretch.calendar.first(period)).days, 1)


def gather(ask: Ask, stretch: Stretch) -> Rows:
    """Ask for every period the page shows or judges by; a running one is cut to its finished days, and so is the
    period it is compared with: a part is never compared with a whole. One that is not over is not compared with."""
    first = min(stretch.first, stretch.step(stretch.last, -HISTORY), key=stretch.calendar.first)
    rows, movements = _merged(ask, stretch.asked(first, stretch.shown[-1]))
    days = _days(stretch.current, stretch)
    if stretch.current in rows:
        rows[stretch.current] = {**_part(ask, stretch, stretch.current, days), "complete": False}
    compared = stretch.compared
    if compared is None or not stretch.is_over(compared):
        return Rows(rows, None, movements)
    if stretch.is_running:
        return Rows(rows, _part(ask, stretch, compared, days), movements)
    if compared in rows:
        return Rows(rows, rows[compared], movements)
    (against,) = _merged(ask, stretch.asked(compared, compared))[0].values()
    return Rows(rows, against, movements)


def beside(ask: Ask, stretch: Stretch, rows: Rows) -> dict[str, Beside]:
    """Shown period -> what it is compared with, a part with a part; without those whose other is not over."""
    pairs = {name: other for name in stretch.shown if (other := stretch.compared_with(name)) is not None}
    pairs = {name: other for name, other in pairs.items() if stretch.is_over(other)}
    missing = sorted((o for o in pairs.values() if o not in rows.by_period), key=stretch.calendar.first)
    found = dict(rows.by_period)
    if missing:
        found.update(_merged(ask, stretch.asked(missing[0], missing[-1]))[0])
    if (other := pairs.get(stretch.current)) is not None:
        is_focus = stretch.is_running and rows.against is not None
        part = rows.against if is_focus else _part(ask, stretch, other, _days(stretch.current, stretch))
    out = {}
    for name, other in pairs.items():
        is_running = name == stretch.current
        row = part if is_running else found[other]
        out[name] = Beside(row, compared_name(stretch, other, part=is_running))
    return out


def _part(ask: Ask, stretch: Stretch, period: str, days: int) -> Row:
    """The first `days` days of a period, as a row of its own."""
    start = stretch.calendar.first(period)
    stop = min(start + timedelta(days=days), next_first_day(start, stretch.grain))
    rows, _answer = _merged(ask, {"from": start.isoformat(), "to": stop.isoformat(), "grain": stretch.grain})
    (row,) = rows.values()
    return {**row, "period": period, "days": days}


def cut_fields(
    stretch: Stretch, route: str, by: str, anchor: str = "by-title", kept: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """The choice of the field by which a page's figures are cut; `kept`: what else its address says."""
    own = kept or {}
    return [
        {"label": said, "href": f"{reverse(route)}?{stretch.query(**own, by=code)}#{anchor}", "current": code == by}
        for code, said in SLICES.items()
    ]


def narrowing(stretch: Stretch, route: str, by: str, value: str, kept: Mapping[str, str] | None = None) -> str:
    """The address of a page that shows one slice alone; `kept`: what else its address says."""
    pairs = [*stretch.pairs, *(kept or {}).items(), ("f", slices.filter_of(by, value)), ("by", by)]
    return f"{reverse(route)}?{urlencode(list(dict.fromkeys(pairs)))}"


def board(
    ask: Ask,
    stretch: Stretch,
    by: str,
    names: Callable[[list[str]], dict[str, str]],
    happened: Happened,
) -> dict[str, Any]:
    """The whole page as values a template only has to print."""
    rows = gather(ask, stretch)
    focus = rows.by_period[stretch.last]
    definition = rows.movements.definition
    currency = definition["settings"]["reporting_currency"]
    opens = door(stretch)
    series = series_of(rows, stretch, happened)
    cards = tiles(series, currency, lambda kind: opens(focus, kind))
    moves = _ledger_rows(ask, stretch)
    called = names([move["account_id"] for move in moves[:LEDGER_ROWS]])
    shown = rows.of(stretch.shown)
    return {
        "range": picker(stretch, by=by),
        "facts": _facts(ask, stretch, rows.movements),
        "broken": [
            _("A check of these figures failed: %(name)s. Do not rely on them before it is cleared up.") % check
            for check in rows.movements.checks
            if not check["ok"]
        ],
        "tiles": cards,
        "bridge": _bridge(
            stretch, series, currency, findings.bridge_summary(focus, moves, called), _is_churn_news(cards)
        ),
        "moves": _moves(stretch, shown, beside(ask, stretch, rows), currency, happened.marks(stretch.shown)),
        "cut": _cut(ask, stretch, focus, by, currency),
        "renewals": renewals(ask, stretch, currency),
        "ledger": _ledger(stretch, moves, called, currency),
        "exports": exports("movements_file", query=stretch.query(by=by)),
    }


def series_of(rows: Rows, stretch: Stretch, happened: Happened) -> Series:
    """The period in focus with what is usual before it, what it is compared with, and what happened."""
    periods = [stretch.step(stretch.last, n) for n in range(1 - HISTORY, 1)]
    return Series(
        rows.of(periods),
        rows.by_period[stretch.last],
        rows.against,
        against_name(stretch),
        stretch.is_running,
        happened.marks(periods),
    )


def made_of(answer: Answer) -> dict[str, str]:
    """By which definition an answer was made, as a fact for the line under a title."""
    places = {"name": answer.definition["name"], "version": answer.definition["version"]}
    return {"text": _("Definition %(name)s, version %(version)s") % places}


def freshness() -> dict[str, Any]:
    """How fresh the figures of a page are, as a fact for the line under its title; known once they are all asked."""
    return {"text": lazy(data_as_of, str)()}


def _facts(ask: Ask, stretch: Stretch, movements: Answer) -> list[dict[str, str]]:
    """The line under the title: how fresh, whether closed, by which definition, and what in the data looks wrong."""
    facts = [freshness()]
    focus = stretch.asked(stretch.last, stretch.last)
    del focus["grain"]
    if stretch.grain == "month" and ask({"question": "closes", **focus}).to_dicts():
        facts.append({"text": _("Month closed")})
        changed = len(ask({"question": "restatements", **focus}).to_dicts())
        if changed:
            text = ngettext("%(count)s restatement since", "%(count)s restatements since", changed)
            facts.append({"text": text % {"count": f.exact(changed)}})
    facts.append(made_of(movements))
    count = len(ask({"question": "anomalies"}).to_dicts())
    if count:
        text = ngettext("%(count)s anomaly in the data", "%(count)s anomalies in the data", count)
        facts.append({"text": text % {"count": f.exact(count)}, "href": f"{reverse('health')}#anomalies-title"})
    return facts


def _is_churn_news(cards: list[Tile]) -> bool:
    return any(card.delta is not None and card.delta.mood == "worse" and "kind=churn" in card.href for card in cards)


def _bridge(stretch: Stretch, series: Series, currency: str, summary: str, churn_is_news: bool) -> dict[str, Any]:
    name, focus, against = f.period(stretch.last, stretch.grain), series.focus, series.against
    title = findings.bridge_title(focus, against, name, series.against_name)
    unusual = {"churn"} if churn_is_news else set()
    chart = bridge_chart(focus, currency, title, door(stretch), unusual, against, series.against_name)
    foot = f.short(Decimal(chart["min"]))
    sign = f.symbol(currency).strip()
    heads = _("%(period)s, %(unit)s")
    return {
        "title": title,
        "summary": summary,
        "chart": chart,
        "cut": _("The feet are cut: the axis begins at %(amount)s.") % {"amount": foot} if chart["min"] > 0 else "",
        "rows": bridge_rows(focus, against, currency, door(stretch)),
        "unit_this": heads % {"period": name, "unit": sign},
        "unit_that": heads % {"period": series.against_name, "unit": sign} if against else "",
    }


def _moves(
    stretch: Stretch,
    shown: list[Row],
    others: Mapping[str, Beside],
    currency: str,
    marks: Sequence[Mark],
) -> dict[str, Any]:
    finished = [row for row in shown if row["complete"]] or shown
    running = None if shown[-1]["complete"] else f.period(shown[-1]["period"], stretch.grain)
    title = findings.moves_title(finished)
    heads, lines = moves_table(shown, stretch.last, currency, door(stretch), others)
    chart = moves_chart(shown, stretch.last, currency, title, door(stretch), marks, others)
    return {
        "title": title,
        "summary": findings.moves_summary(running, stretch.today - timedelta(days=1)),
        "chart": chart,
        "compared": compared_legend(stretch) if chart["compared"] else "",
        "legend": [{"kind": kind, "name": KINDS[kind]} for kind in kinds_in(shown)],
        "corner": f"{GRAINS[stretch.grain]} · {f.symbol(currency).strip()}",
        "columns": heads,
        "rows": lines,
    }


def compared_legend(stretch: Stretch) -> str:
    """What the dashed line of a chart stands for."""
    if stretch.compare == "custom":
        return _("Compared with %(period)s, the others likewise") % {"period": against_name(stretch)}
    return _("Compared with %(period)s") % {"period": comparison_names(stretch)[stretch.compare]}


def _cut(ask: Ask, stretch: Stretch, focus: Row, by: str, currency: str) -> dict[str, Any]:
    """The movements of the period in focus, slice by slice; they add up to the figures above."""
    figure = Figure(stretch.grain, stretch.last, "net", focus.get("days"), "", stretch.calendar)
    rows = [{**row, "net": net_new(row)} for row in ask({**figure.question, "by": [by]}).to_dicts()]
    shown = slices.pieces(rows, by, lambda row: row["close"])
    kinds = [*moves_columns(rows or [focus])]
    places = f.places_of([row[kind] for row in rows for kind in kinds], currency)

    def cell(row: Row, kind: str, value: str) -> dict[str, str]:
        behind = replace(figure, kind=kind, kept=stretch.kept, piece=(by, value))
        doored = value and (kind != "fx" or row[kind])
        return {
            "text": f.exact(row[kind], places, plus=kind not in ("open", "close")),
            "exact": f.plain(row[kind]),
            "href": behind.address() if doored else "",
        }

    named = {"period": f.period(stretch.last, stretch.grain), "field": SLICES[by]}
    return {
        "title": _("Movements of %(period)s by %(field)s") % named,
        "summary": _("Who also pays in another slice enters and leaves this one; seen alone, it comes and goes."),
        "by": SLICES[by],
        "fields": cut_fields(stretch, "movements", by),
        "heads": [KINDS[kind] for kind in kinds],
        "rows": [
            {
                "name": piece.name,
                "href": narrowing(stretch, "movements", by, piece.value) if piece.value else "",
                "cells": [cell(piece.row, kind, piece.value) for kind in kinds],
            }
            for piece in shown
        ],
        "total": [
            cell({kind: sum((row[kind] for row in rows), Decimal(0)) for kind in kinds}, kind, "") for kind in kinds
        ],
    }


def renewals(ask: Ask, stretch: Stretch, currency: str) -> dict[str, Any]:
    """The strip of the period in focus: the rate of the decided leads, the pending stand beside it."""
    asked = {"question": "renewals", **stretch.asked(stretch.last, stretch.last)}
    row = ask(asked).to_dicts()[0]
    base, own = reverse("renewal_rows"), (("grain", stretch.grain), ("period", stretch.last))
    notes = _renewal_notes(row, currency)
    facts = [
        {
            "label": RENEWALS[kind],
            "text": f.exact(row[kind]) if kind in ("pending", "lost") else f.percent(row[kind]),
            "note": notes[kind],
            "href": f"{base}?{urlencode([*own, ('kind', kind), *stretch.kept])}",
        }
        for kind in RENEWALS
    ]
    return {
        "title": findings.renewals_title(row, f.period(stretch.last, stretch.grain)),
        "summary": _("A contract belongs to the period of its last day of service."),
        "facts": facts if row["expiring"] else [],
    }


def _renewal_notes(row: Row, currency: str) -> dict[str, str]:
    cases = _("%(part)s of %(whole)s contracts")
    return {
        "renewal_rate_decided": cases % {"part": row["renewed"], "whole": row["expiring"] - row["pending"]},
        "pending": _("not signed, not lost"),
        "lost": _("won back later: %(count)s") % {"count": row["win_back"]},
        "renewal_rate": cases % {"part": row["renewed"], "whole": row["expiring"]},
        "gross_renewal_rate_decided": _("of %(amount)s a month")
        % {"amount": f.short(row["expiring_mrr"], currency=currency)},
        "net_renewal_rate_decided": _("with expansion"),
    }


def _ledger_rows(ask: Ask, stretch: Stretch) -> list[Row]:
    """The single movements of the period in focus, the largest first."""
    asked = stretch.asked(stretch.last, stretch.last)
    rows = ask({"question": "ledger", "from": asked["from"], "to": asked["to"]}).to_dicts()
    return sorted(rows, key=lambda row: (-abs(row["amount"]), row["date"], row["account_id"]))


def _ledger(stretch: Stretch, moves: list[Row], called: dict[str, str], currency: str) -> dict[str, Any]:
    shown, rest = moves[:LEDGER_ROWS], moves[LEDGER_ROWS:]
    places = f.places_of([move["amount"] for move in moves], currency)
    behind = Figure(stretch.grain, stretch.last, "net", None, "", stretch.calendar, stretch.kept)
    count = len(moves)
    rows = []
    for move in shown:
        rows.append(
            {
                "account": called.get(move["account_id"], move["account_id"]),
                "kind": move["kind"],
                "label": KINDS[move["kind"]],
                "reason": REASONS.get(move["reason"], move["reason"]),
                "amount": f.exact(move["amount"], places, plus=True),
                "exact": f.plain(move["amount"]),
                "date": move["date"].isoformat(),
                "href": behind.address(account=move["account_id"]),
            }
        )
    left = ngettext("%(count)s more movement", "%(count)s more movements", len(rest)) % {"count": f.exact(len(rest))}
    return {
        "title": _("Every movement of %(period)s") % {"period": f.period(stretch.last, stretch.grain)},
        "summary": ngettext("%(count)s movement, the largest first", "%(count)s movements, the largest first", count)
        % {"count": f.exact(count)},
        "unit": _("Change, %(unit)s") % {"unit": f.symbol(currency).strip()},
        "rows": rows,
        "rest": left if rest else "",
        "rest_amount": f.exact(sum((m["amount"] for m in rest), Decimal(0)), places, plus=True),
    }


def table(ask: Ask, stretch: Stretch) -> tuple[list[str], list[list[str]]]:
    """The table of the second chart for a file: the same periods and kinds, every decimal."""
    rows = gather(ask, stretch)
    shown = rows.of(stretch.shown)
    kinds = moves_columns(shown)
    others = beside(ask, stretch, rows)
    then = [net_then()] if others else []
    heads = [str(GRAINS[stretch.grain]), *(str(KINDS[kind]) for kind in kinds), *then, _("Over")]
    lines = [
        [
            row["period"],
            *(value_of(row, kind) for kind in kinds),
            *([net_new(others[row["period"]].row) if row["period"] in others else None] if others else []),
            _yes(row["complete"]),
        ]
        for row in reversed(shown)
    ]
    return heads, lines


def _yes(value: bool) -> str:
    return _("yes") if value else _("no")
