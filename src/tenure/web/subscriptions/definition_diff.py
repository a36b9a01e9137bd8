"""What two metric definitions say of the same rows: which figures differ, by how much, and whose accounts do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.core.definition import Definition
from tenure.web import formatting as f
from tenure.web.definition import called
from tenure.web.export import exports
from tenure.web.range import picker
from tenure.web.stretch import COARSE, Stretch
from tenure.web.subscriptions.board import Ask
from tenure.web.subscriptions.definition_words import SETTINGS
from tenure.web.subscriptions.definitions import Choices
from tenure.web.subscriptions.figures import Row
from tenure.web.subscriptions.words import KINDS, METRICS, MORE_METRICS, REASONS

ACCOUNTS_SHOWN = 100
"""As many as the question names."""
_SMALL = Decimal("0.005")
"""A smaller difference is written out: it is one, and two decimals would hide it."""
Names = Callable[[list[str]], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that is compared: its column, how it is written, and the movements behind it."""

    name: str
    label: Any
    form: str
    behind: str


FIGURES = (
    *(
        Figure(metric.name, metric.label, metric.form, metric.behind)
        for metric in (*METRICS, *MORE_METRICS)
        if metric.name not in ("net_new_mrr", "ltv_trailing6")
    ),
    Figure("customers_close", gettext_lazy("Customers at the close"), "count", "close"),
    Figure("customers_new", gettext_lazy("New customers"), "count", "new"),
    Figure("customers_churned", gettext_lazy("Customers lost"), "count", "churn"),
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two definitions over a stretch, of which the last period is in focus."""

    left: Definition
    right: Definition
    stretch: Stretch

    @property
    def sides(self) -> tuple[Definition, Definition]:
        return self.left, self.right

    @property
    def one_currency(self) -> bool:
        return self.left.reporting_currency == self.right.reporting_currency

    @property
    def focus(self) -> dict[str, str]:
        return self.stretch.asked(self.stretch.last, self.stretch.last)

    def asked(self, ask: Ask) -> list[Row]:
        names = list(dict.fromkeys(side.name for side in self.sides))
        stretched = self.stretch.asked(self.stretch.first, self.stretch.last)
        return ask({"question": "definition_diff", "definitions": names, **stretched}).to_dicts()

    def proof(self, side: Definition, kind: str, **more: str) -> str:
        """The rows behind a figure of the period in focus, under one of the two."""
        asked = {"grain": self.stretch.grain, "period": self.stretch.last, "kind": kind, **more}
        return f"{reverse('movement_rows')}?{urlencode({**asked, 'definition': side.name})}"


def pair(known: Mapping[str, Definition], chosen: Choices, stretch: Stretch) -> Pair:
    return Pair(known[chosen.left], known[chosen.right], stretch)


def board(ask: Ask, known: Mapping[str, Definition], stretch: Stretch, chosen: Choices, names: Names) -> dict[str, Any]:
    """The comparison as values a template only has to print."""
    both = pair(known, chosen, stretch)
    rows = both.asked(ask)
    focus = {row["metric"]: row for row in rows if row["period"] == stretch.last}
    often = {figure.name: sum(row["differs"] for row in rows if row["metric"] == figure.name) for figure in FIGURES}
    lines = [_line(both, figure, focus[figure.name], often[figure.name]) for figure in FIGURES]
    differing = [line for line in lines if line["differs"]]
    accounts = sorted({account for row in focus.values() for account in row["accounts"]})
    return {
        "range": picker(stretch, "definitions", compares=False, grains=COARSE, **chosen.kept),
        "options": [
            {"field": field, "label": label, "chosen": side.name, "names": [(code, called(code)) for code in known]}
            for field, label, side in (("left", _("One definition"), both.left), ("right", _("The other"), both.right))
        ],
        "compared": {
            "title": _title(differing, stretch),
            "apart": apart(both),
            "left": called(both.left.name),
            "right": called(both.right.name),
            "rows": [*differing, *(line for line in lines if not line["differs"])],
            "accounts": _accounts(ask, both, accounts, names),
            "exports": exports("definition_diff_file", query=stretch.query(**chosen.kept)),
        },
    }


def _title(differing: Sequence[Row], stretch: Stretch) -> str:
    places = {"period": f.period(stretch.last, stretch.grain), "count": len(FIGURES), "differing": len(differing)}
    if not differing:
        return _("%(period)s: both definitions say the same") % places
    return (
        ngettext(
            "%(period)s: %(differing)s of %(count)s figures differs",
            "%(period)s: %(differing)s of %(count)s figures differ",
            len(differing),
        )
        % places
    )


def apart(both: Pair) -> list[str]:
    """The settings in which the two differ, in words."""
    left, right = both.left.settings, both.right.settings
    return [
        _("%(setting)s: %(left)s, or %(right)s")
        % {
            "setting": setting.label,
            "left": setting.said(left[setting.name]),
            "right": setting.said(right[setting.name]),
        }
        for setting in SETTINGS
        if left[setting.name] != right[setting.name]
    ]


def _line(both: Pair, figure: Figure, row: Row, often: int) -> dict[str, Any]:
    left, right = (row[side.name] for side in both.sides)
    gap = right - left if left is not None and right is not None else None
    periods = ngettext("in %(count)s period", "in %(count)s periods", often) % {"count": f.exact(often)}
    return {
        "label": figure.label,
        "cells": [
            {
                "text": _said(row[side.name], figure.form, side.reporting_currency),
                "exact": f.plain(row[side.name]),
                "href": both.proof(side, figure.behind),
            }
            for side in both.sides
        ],
        "gap": _gap(both, gap, figure.form) if row["differs"] else "",
        "gap_exact": f.plain(gap),
        "differs": row["differs"],
        "often": periods if often else "",
    }


def _said(value: Decimal | None, form: str, currency: str) -> str:
    if form == "money":
        return f.money(value, currency)
    return {"rate": f.percent(value, 2), "ratio": f.ratio(value), "count": f.exact(value)}[form]


def _gap(both: Pair, value: Decimal | None, form: str) -> str:
    """The difference; of rates in points, of amounts in two currencies none."""
    if value is None or (form == "money" and not both.one_currency):
        return f.NOTHING
    if form == "money":
        return f.money(value, both.left.reporting_currency, plus=True)
    if form == "count":
        return f.exact(value, plus=True)
    shown = value * 100 if form == "rate" else value
    written = f.exact(shown, 2 if abs(shown) >= _SMALL else 6, plus=True)
    return _("%(points)s points") % {"points": written} if form == "rate" else written


def _accounts(ask: Ask, both: Pair, accounts: Sequence[str], names: Names) -> dict[str, Any]:
    """The accounts that make the difference: what each pays under either definition, and which movements differ."""
    if not accounts:
        return {"title": "", "rows": []}
    pays = [_closes(ask, both, side, accounts) for side in both.sides]
    moves = [_moves(ask, both, side, accounts) for side in both.sides]
    known = names([*accounts])
    rows = []
    for account in accounts:
        amounts = [side.get(account, Decimal(0)) for side in pays]
        rows.append(
            {
                "name": known.get(account, account),
                "cells": [
                    {
                        "text": f.money(amount, side.reporting_currency),
                        "exact": f.plain(amount),
                        "href": both.proof(side, "close", account=account),
                    }
                    for amount, side in zip(amounts, both.sides, strict=True)
                ],
                "gap": _gap(both, amounts[1] - amounts[0], "money"),
                "size": abs(amounts[1] - amounts[0]),
                "why": _why(both, [side.get(account, []) for side in moves], amounts[0] != amounts[1]),
            }
        )
    rows.sort(key=lambda row: (-row["size"], row["name"]))
    title = ngettext("%(count)s account makes the difference", "%(count)s accounts make the difference", len(accounts))
    if len(accounts) >= ACCOUNTS_SHOWN:
        title = _("The first %(count)s accounts that make the difference")
    return {"title": title % {"count": f.exact(len(accounts))}, "rows": rows}


def _closes(ask: Ask, both: Pair, side: Definition, accounts: Sequence[str]) -> dict[str, Decimal]:
    only = {"where": {"account_id": [*accounts]}, "definition": side.name}
    asked = {"question": "movements", **both.focus, "by": ["account_id"], **only}
    return {row["account_id"]: row["close"] for row in ask(asked).to_dicts()}


def _moves(ask: Ask, both: Pair, side: Definition, accounts: Sequence[str]) -> dict[str, list[Row]]:
    only = {"where": {"account_id": [*accounts]}, "definition": side.name}
    found: dict[str, list[Row]] = {}
    stretched = {name: value for name, value in both.focus.items() if name != "grain"}
    for row in ask({"question": "ledger", **stretched, **only}).to_dicts():
        found.setdefault(row["account_id"], []).append(row)
    return found


def _why(both: Pair, moves: Sequence[Sequence[Row]], pays_differ: bool) -> list[str]:
    """The movements that only one of the two sees; where there is none, that the difference is older."""
    seen = [{(row["date"], row["kind"], row["amount"]): row for row in side} for side in moves]
    said = []
    for side, here, there in zip(both.sides, seen, reversed(seen), strict=True):
        for key in sorted(here.keys() - there.keys()):
            row = here[key]
            places = {
                "name": called(side.name),
                "day": row["date"].isoformat(),
                "kind": KINDS[row["kind"]],
                "amount": f.exact(row["amount"], f.places_of([row["amount"]]), plus=True),
                "reason": REASONS.get(row["reason"], row["reason"]),
            }
            said.append(_("%(name)s: %(day)s %(kind)s %(amount)s (%(reason)s)") % places)
    if not said and pays_differ:
        return [_("No movement differs: it paid another amount before the period already.")]
    return said


def table(ask: Ask, both: Pair) -> tuple[list[Any], list[list[Any]]]:
    """The comparison of every period and figure, exact, for a file."""
    labels = {figure.name: figure.label for figure in FIGURES}
    heads = [_("Period"), _("Figure"), *(called(side.name) for side in both.sides), _("Differs"), _("Accounts")]
    return heads, [
        [
            *(row["period"], labels[row["metric"]], *(f.plain(row[side.name]) for side in both.sides)),
            *(_("yes") if row["differs"] else _("no"), " ".join(row["accounts"])),
        ]
        for row in both.asked(ask)
        if row["metric"] in labels
    ]
