"""Channels: what each cost, what came of its leads, and whether to go on; with the flow of money into MRR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.warehouse.answer import Answer
from tenure.warehouse.lines import NONE
from tenure.warehouse.questions.channels import CREDITS
from tenure.web import formatting as f
from tenure.web.acquisition.words import ACQUIRED, FIELDS, MODELS, named, notes
from tenure.web.behaviour import pictures
from tenure.web.behaviour.address import Word
from tenure.web.behaviour.sheet import Given, Row, Sheet, Table

VERDICTS: Mapping[str, tuple[Any, str, Any]] = {
    "raise": (gettext_lazy("Raise"), "badge badge--better", gettext_lazy("Customers cost less than they may.")),
    "keep": (gettext_lazy("Keep going"), "badge", gettext_lazy("Customers cost about what they may.")),
    "test": (gettext_lazy("Test on"), "badge badge--line", gettext_lazy("Too few wins to tell.")),
    "stop": (gettext_lazy("Stop"), "badge badge--worse", gettext_lazy("Customers cost more than they may.")),
}
WORDS = (
    Word("by", gettext_lazy("A row is"), usual="channel", options=FIELDS),
    Word(
        "credit",
        gettext_lazy("Wins are credited"),
        usual="lead",
        options={
            "lead": gettext_lazy("To the channel of the lead"),
            **{m: MODELS[m][0] for m in CREDITS if m in MODELS},
        },
    ),
    Word("lookback", gettext_lazy("Touches of so many days before"), "whole", "180"),
    Word("ceiling", gettext_lazy("A customer may cost"), "text", hint=gettext_lazy("Empty: its first year's revenue.")),
)
SHOWN = 200
MOST_FLOWS = 8
_COLUMNS: Mapping[str, Any] = {
    "impressions": gettext_lazy("Impressions"),
    "clicks": gettext_lazy("Clicks"),
    "ctr": gettext_lazy("CTR"),
    "cost": gettext_lazy("Cost"),
    "cpc": gettext_lazy("CPC"),
    "leads": gettext_lazy("Leads"),
    "lead_rate": gettext_lazy("Lead rate"),
    "cpl": gettext_lazy("Cost of a lead"),
    "mql": gettext_lazy("MQL"),
    "sql": gettext_lazy("SQL"),
    "opportunities": gettext_lazy("Opportunities"),
    "won": gettext_lazy("Won"),
    "win_rate": gettext_lazy("Win rate"),
    "cac": gettext_lazy("CAC"),
    "new_mrr": gettext_lazy("New MRR"),
    "first_year_revenue": gettext_lazy("First year's revenue"),
    "roi": gettext_lazy("ROI"),
    "payback_months": gettext_lazy("Payback, months"),
    "days_to_win": gettext_lazy("Days to win"),
    "immature_leads": gettext_lazy("Young leads"),
    "verdict": gettext_lazy("Verdict"),
}


def question(given: Given) -> dict[str, Any]:
    """The question of the page."""
    asked: dict[str, Any] = {"question": "channels", "by": given["by"], "credit": given["credit"], **given.days}
    asked["lookback_days"] = given.whole("lookback", 1, 3_650)
    return asked | ({"ceiling": given["ceiling"]} if given["ceiling"] else {})


def board(given: Given, answer: Answer) -> Mapping[str, Any]:
    """The table, and where money goes in and MRR comes out."""
    rows = answer.to_dicts()
    currency = answer.definition["settings"]["reporting_currency"]
    return {
        "title": _title(given, rows, currency),
        "unit": f.symbol(currency).strip(),
        "field": FIELDS[given["by"]],
        "rows": [_row(given, row, currency) for row in rows[:SHOWN]],
        "more": max(len(rows) - SHOWN, 0),
        "chart": _flows(given, rows, currency),
        "verdicts": [{"name": name, "shape": shape, "means": means} for name, shape, means in VERDICTS.values()],
        "notes": notes(answer.notes),
    }


def _title(given: Given, rows: Sequence[Row], currency: str) -> str:
    if not rows:
        return _("Nothing was spent, and no lead came in this time")
    cost, won = (sum((row[name] for row in rows), Decimal(0)) for name in ("cost", "won"))
    stop = [named(row[given["by"]]) for row in rows if row["verdict"] == "stop"]
    whole = ngettext("%(cost)s brought %(won)s customer", "%(cost)s brought %(won)s customers", round(won)) % {
        "cost": f.money(cost, currency),
        "won": _count(won),
    }
    if not stop:
        return whole
    return _("%(whole)s; stop %(names)s") % {"whole": whole, "names": f.listed(stop[:4]) + ("…" if stop[4:] else "")}


def _count(won: Decimal) -> str:
    """A number of wins; shares of a win, as credits are, have one place."""
    return f.exact(won, 0 if round(won, 6) == round(won) else 1)


def _row(given: Given, row: Row, currency: str) -> dict[str, Any]:
    name = row[given["by"]]
    verdict, shape, means = VERDICTS.get(row["verdict"], ("", "", ""))
    low, high = (f.percent(_decimal(row[f"win_rate_{end}"]), 0) for end in ("low", "high"))

    def door(of: str) -> str:
        return given.people({given["by"]: name, "of": of}, ACQUIRED)

    return {
        "name": named(name),
        "is_none": name == NONE,
        "verdict": verdict,
        "shape": shape,
        "means": means,
        "cost": f.exact(row["cost"]),
        "cost_href": door("cost") if row["cost"] else "",
        "clicks": f.exact(row["clicks"]),
        "ctr": f.percent(row["ctr"]),
        "cpc": f.exact(row["cpc"], 2),
        "leads": f.exact(row["leads"]),
        "leads_href": door("leads") if row["leads"] else "",
        "cpl": f.exact(row["cpl"]),
        "mql": f.exact(row["mql"]),
        "sql": f.exact(row["sql"]),
        "opportunities": f.exact(row["opportunities"]),
        "won": _count(row["won"]),
        "won_href": door("won") if given["credit"] == "lead" and row["won"] else "",
        "win_rate": f.percent(row["win_rate"], 0),
        "win_range": f"{low} – {high}" if row["win_rate_low"] is not None else "",
        "cac": f.exact(row["cac"]),
        "new_mrr": f.exact(row["new_mrr"]),
        "roi": f.percent(row["roi"], 0),
        "payback": f.exact(row["payback_months"], 1),
        "days": f.exact(_decimal(row["days_to_win"])),
        "young": f.exact(row["immature_leads"]) if row["immature_leads"] else "",
    }


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _flows(given: Given, rows: Sequence[Row], currency: str) -> dict[str, Any] | None:
    """Cost as it goes into channels, and MRR as it comes out of them, each as a share of its whole."""
    cost, mrr = (sum((row[name] or Decimal(0) for row in rows), Decimal(0)) for name in ("cost", "new_mrr"))
    if not cost or not mrr:
        return None
    drawn: list[pictures.Flow] = []
    shown = sorted(rows, key=lambda row: -(row["cost"] / cost + (row["new_mrr"] or Decimal(0)) / mrr))
    sums: dict[str, tuple[Decimal, Decimal]] = {}
    for at, row in enumerate(shown):
        name = named(row[given["by"]]) if at < MOST_FLOWS else _("others")
        spent, brought = sums.get(name, (Decimal(0), Decimal(0)))
        sums[name] = spent + row["cost"], brought + (row["new_mrr"] or Decimal(0))
    for name, (spent, brought) in sums.items():
        parts = (
            ((1, _("Cost")), (2, name), spent / cost, f.money(spent, currency)),
            ((2, name), (3, _("New MRR")), brought / mrr, f.money(brought, currency)),
        )
        for origin, target, share, money in parts:
            if share > 0:
                said = {"start": origin[1], "end": target[1], "money": money, "share": f.percent(share, 0)}
                text = _("%(start)s → %(end)s: %(money)s, %(share)s") % said
                drawn.append(pictures.Flow(origin, target, max(round(share * 1000), 1), text, ""))
    return pictures.flows(_("From cost to new MRR"), drawn, "")


def table(given: Given, answer: Answer) -> Table:
    """Every row, exact."""
    heads = [FIELDS[given["by"]], *_COLUMNS.values()]
    return heads, [[row[given["by"]], *(row[name] for name in _COLUMNS)] for row in answer.to_dicts()]


def behind(given: Given, cell: Row) -> str:
    """What a figure is called."""
    of = {"cost": _("Cost"), "won": _("Won")}.get(str(cell.get("of", "")), _("Leads"))
    return f"{named(str(cell.get(given['by'], '')))} · {of}"


def figure(given: Given, answer: Answer) -> Mapping[str, Any]:
    """What a customer cost over all channels."""
    rows = answer.to_dicts()
    currency = answer.definition["settings"]["reporting_currency"]
    cost, won = (sum((row[name] for row in rows), Decimal(0)) for name in ("cost", "won"))
    mean = cost / won if won else None
    return {
        "value": f.money(mean, currency) if mean is not None else f.NOTHING,
        "exact": f.plain(mean),
        "note": _("a customer; %(won)s won for %(cost)s") % {"won": _count(won), "cost": f.money(cost, currency)},
        "values": [],
        "running": False,
    }


SHEET = Sheet(
    name="channels",
    path="acquire/channels/",
    heading=gettext_lazy("Channels"),
    places=(),
    words=WORDS,
    question=question,
    board=board,
    table=table,
    behind=behind,
    figure=figure,
    fields={"lookback_days": "lookback"},
    grains=("month", "quarter", "year"),
    grain="month",
    counts_units=False,
    folder="acquisition",
    reads=("leads", "spend", "deals"),
    empty="acquisition/empty.html",
    narrows=False,
)
