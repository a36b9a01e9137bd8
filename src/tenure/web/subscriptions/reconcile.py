"""Totals of another system beside ours: the gap of each period with what explains it, and the accounts that make it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.apps.crm import selectors as crm
from tenure.apps.subscriptions.models import Reconciliation
from tenure.core.periods import parse_label
from tenure.warehouse.answer import edge
from tenure.web import formatting as f
from tenure.web.asking import Seen
from tenure.web.choices import refused
from tenure.web.definition import FIELD, called
from tenure.web.export import exports
from tenure.web.subscriptions import proof
from tenure.web.subscriptions.board import made_of
from tenure.web.subscriptions.figures import Row
from tenure.web.subscriptions.names import Names
from tenure.web.subscriptions.proof import Figure

ACCOUNTS_SHOWN = 200
LISTED = 50
CENT = Decimal("0.005")
"""A smaller gap is rounding."""
FIGURES: Mapping[str, Any] = {
    "mrr": gettext_lazy("MRR at the end of the period"),
    "invoiced": gettext_lazy("Invoiced in the period"),
}
CAUSES: Mapping[str, Any] = {
    "discounts_not_deducted": gettext_lazy("they show list prices, without discounts"),
    "only_lasting_discounts": gettext_lazy("they deduct only discounts that never end"),
    "pauses_counted": gettext_lazy("they count paused subscriptions"),
    "churn_on_request": gettext_lazy("they end a subscription on the cancel request"),
    "churn_at_service_end": gettext_lazy("they end a subscription at the end of service"),
    "timezone_utc": gettext_lazy("their days begin in UTC"),
    "invoices_instead_of_prices": gettext_lazy("they read invoices instead of prices"),
    "subscriptions_instead_of_invoices": gettext_lazy("they read prices instead of invoices"),
    "currency_not_converted": gettext_lazy("they add up currencies without converting them"),
    "tax": gettext_lazy("they include tax"),
    "refunds_not_deducted": gettext_lazy("they leave refunds in"),
}


def address(kept: Reconciliation, route: str = "reconciliation", *more: str) -> str:
    return reverse(route, args=[kept.pk, *more])


def listed(rows: Sequence[Reconciliation]) -> list[dict[str, Any]]:
    """What was compared before, as values a template only has to print."""
    return [
        {
            "href": address(row),
            "at": f.moment(timezone.localtime(row.made_at)),
            "by": row.actor,
            "compare": FIGURES[row.compare],
            "periods": _stretch(_periods(row)),
            "file": row.file_name or _("pasted"),
            "lines": f.exact(len(row.lines)),
        }
        for row in rows
    ]


def _periods(kept: Reconciliation) -> list[str]:
    return sorted({line[0] for line in kept.lines}, key=lambda name: (parse_label(name)[0], name))


def _stretch(periods: Sequence[str]) -> str:
    if len(periods) == 1:
        return f.period(periods[0])
    return _("%(first)s to %(last)s") % {"first": f.period(periods[0]), "last": f.period(periods[-1])}


def question(kept: Reconciliation) -> dict[str, Any]:
    """The question a kept comparison asks."""
    sums = dict.fromkeys(_periods(kept), Decimal(0))
    for period, _account, amount in kept.lines:
        sums[period] += Decimal(amount)
    totals = [{"period": period, "amount": str(amount)} for period, amount in sums.items()]
    asked = {"question": "reconcile", "compare": kept.compare, "totals": totals}
    return {**asked, "definition": kept.definition} if kept.definition else asked


def board(opened: Seen, kept: Reconciliation, names: Names) -> dict[str, Any]:
    """One comparison as values a template only has to print."""
    answer = opened.ask(question(kept))
    rows = answer.to_dicts()
    currency = answer.definition["settings"]["reporting_currency"]
    accounts = _accounts(opened, kept)
    return {
        "facts": [
            {"text": FIGURES[kept.compare]},
            {"text": _("%(at)s by %(name)s") % {"at": f.moment(timezone.localtime(kept.made_at)), "name": kept.actor}},
            {"text": kept.file_name or _("pasted")},
            made_of(answer),
        ],
        "title": _title(rows, currency),
        "unit": f.symbol(currency).strip(),
        "rows": [_row(row, kept, currency) for row in reversed(rows)],
        "left_out": [{"number": number, "why": why} for number, why in kept.left_out],
        "accounts": _listed_accounts(kept, accounts, names, currency) if accounts is not None else None,
        "exports": exports("reconciliation_file", kept.pk),
        "accounts_exports": exports("reconciled_accounts_file", kept.pk) if accounts else [],
    }


def _row(row: Row, kept: Reconciliation, currency: str) -> dict[str, Any]:
    places = f.places_of([row["ours"], row["theirs"], row["difference"]], currency)
    return {
        "label": f.period(row["period"]),
        "running": "" if row["complete"] else _("not over"),
        "ours": f.exact(row["ours"], places),
        "ours_href": _proof(kept, row["period"]),
        "theirs": f.exact(row["theirs"], places),
        "gap": f.exact(row["difference"], places, plus=True),
        "agrees": abs(row["difference"]) < CENT,
        "causes": [
            {
                "text": CAUSES[cause["cause"]],
                "amount": f.exact(cause["amount"], f.places_of([cause["amount"]], currency), plus=True),
                "href": rows_address(kept, row["period"], cause["cause"]),
            }
            for cause in row["explained"]
        ],
        "remainder": f.exact(row["remainder"], f.places_of([row["remainder"]], currency), plus=True),
        "is_open": abs(row["remainder"]) >= CENT,
    }


def _proof(kept: Reconciliation, period: str) -> str:
    """The rows behind our figure."""
    return rows_address(kept, period) if kept.compare == "invoiced" else _closing(kept, period)


def _closing(kept: Reconciliation, period: str, **more: str) -> str:
    """Our MRR at the end of a period, under the definition of the comparison."""
    named = ((FIELD, kept.definition),) if kept.definition else ()
    return Figure(_grain(period), period, "close", None, "", kept=named).address(**more)


def _grain(period: str) -> str:
    return "quarter" if "Q" in period else "month" if len(period) == 7 else "year"


def rows_address(kept: Reconciliation, period: str, cause: str = "") -> str:
    asked = {"period": period, **({"cause": cause} if cause else {})}
    return f"{address(kept, 'reconciled_rows')}?{urlencode(asked)}"


def _title(rows: Sequence[Row], currency: str) -> str:
    apart = [row for row in rows if abs(row["difference"]) >= CENT]
    unclear = [row for row in apart if abs(row["remainder"]) >= CENT]
    places = {"count": f.exact(len(rows)), "apart": f.exact(len(apart)), "unclear": f.exact(len(unclear))}
    if not apart:
        said = ngettext(
            "Both systems agree in the %(count)s period", "Both systems agree in all %(count)s periods", len(rows)
        )
        return said % places
    places["amount"] = f.money(sum((row["remainder"] for row in rows), Decimal(0)), currency, plus=True)
    if not unclear:
        return (
            ngettext(
                "%(apart)s of %(count)s periods differs, and the gap is explained to the cent",
                "%(apart)s of %(count)s periods differ, and every gap is explained to the cent",
                len(apart),
            )
            % places
        )
    return (
        ngettext(
            "%(apart)s of %(count)s periods differs; %(amount)s is not explained",
            "%(apart)s of %(count)s periods differ; %(amount)s together is not explained",
            len(apart),
        )
        % places
    )


# ------------------------------------------------------------------------------------------------------- by account


def _accounts(opened: Seen, kept: Reconciliation) -> list[Row] | None:
    """Every account and period in which the two differ, the largest gap first; None if theirs are not by account."""
    given = [line for line in kept.lines if line[1]]
    if not given:
        return None
    known = crm.known_as(opened.caller, [line[1] for line in given])
    theirs: dict[tuple[str, str], Decimal] = {}
    for period, account, amount in given:
        key = (period, known.get(account, account))
        theirs[key] = theirs.get(key, Decimal(0)) + Decimal(amount)
    ours = {}
    for period in _periods(kept):
        ours |= {(period, account): amount for account, amount in _ours(opened, kept, period).items()}
    found = []
    for key in ours.keys() | theirs.keys():
        mine, yours = ours.get(key), theirs.get(key)
        gap = (yours or Decimal(0)) - (mine or Decimal(0))
        if abs(gap) >= CENT:
            found.append({"period": key[0], "account_id": key[1], "ours": mine, "theirs": yours, "gap": gap})
    return sorted(found, key=lambda row: (-abs(row["gap"]), row["period"], row["account_id"]))


def _ours(opened: Seen, kept: Reconciliation, period: str) -> dict[str, Decimal]:
    """Our figure of each account in a period."""
    name, column = ("movements", "close") if kept.compare == "mrr" else ("invoiced", "net")
    asked = {"question": name, "from": period, "to": period, "grain": _grain(period), "by": ["account_id"]}
    rows = opened.ask({**asked, **({"definition": kept.definition} if kept.definition else {})}).to_dicts()
    return {row["account_id"]: row[column] for row in rows if row[column]}


def _listed_accounts(kept: Reconciliation, rows: Sequence[Row], names: Names, currency: str) -> dict[str, Any]:
    shown, rest = rows[:ACCOUNTS_SHOWN], len(rows) - ACCOUNTS_SHOWN
    called_ = names([row["account_id"] for row in shown])
    places = f.places_of([value for row in shown for value in (row["ours"], row["theirs"])], currency)
    count = ngettext("%(count)s account and period differs", "%(count)s accounts and periods differ", len(rows))
    return {
        "title": count % {"count": f.exact(len(rows))} if rows else _("Every account agrees"),
        "rows": [
            {
                "account": called_.get(row["account_id"], row["account_id"]),
                "period": f.period(row["period"]),
                "ours": f.exact(row["ours"], places),
                "theirs": f.exact(row["theirs"], places),
                "gap": f.exact(row["gap"], places, plus=True),
                "exact": f.plain(row["gap"]),
                "note": _note(row),
                "href": _closing(kept, row["period"], account=row["account_id"])
                if kept.compare == "mrr" and row["ours"] is not None
                else "",
            }
            for row in shown
        ],
        "more": _("and %(count)s more in the export") % {"count": f.exact(rest)} if rest > 0 else "",
    }


def _note(row: Row) -> str:
    if row["theirs"] is None:
        return _("only with us")
    return _("only with them") if row["ours"] is None else ""


def apart(opened: Seen, kept: Reconciliation) -> list[dict[str, Any]]:
    """The accounts and periods that differ as JSON values."""
    rows = _accounts(opened, kept) or []
    return [{name: edge(value) for name, value in row.items()} for row in rows]


# ------------------------------------------------------------------------------------------------- files and proofs


def table(opened: Seen, kept: Reconciliation) -> tuple[list[Any], list[list[Any]]]:
    """The periods, exact, for a file: a line per cause, so that the parts can be added up."""
    rows = opened.ask(question(kept)).to_dicts()
    heads = [_("Period"), _("Ours"), _("Theirs"), _("Difference"), _("Cause"), _("Amount"), _("Remainder")]
    lines = []
    for row in rows:
        whole = [row["period"], row["ours"], row["theirs"], row["difference"]]
        causes = [[CAUSES[cause["cause"]], cause["amount"]] for cause in row["explained"]] or [["", None]]
        lines += [[*whole, *cause, row["remainder"]] for cause in causes]
    return heads, lines


def accounts_table(opened: Seen, kept: Reconciliation, names: Names) -> tuple[list[Any], list[list[Any]]]:
    """The accounts and periods that differ, exact, for a file."""
    rows = _accounts(opened, kept) or []
    called_ = names([row["account_id"] for row in rows])
    heads = [_("Account"), _("Account id"), _("Period"), _("Ours"), _("Theirs"), _("Difference"), _("Note")]
    return heads, [
        [
            *(called_.get(row["account_id"], row["account_id"]), row["account_id"], row["period"]),
            *(row["ours"], row["theirs"], row["gap"], _note(row)),
        ]
        for row in rows
    ]


def behind(opened: Seen, kept: Reconciliation, query: Mapping[str, str]) -> dict[str, Any]:
    """The proof of a part of the gap: the amount, and the rows it is made of."""
    period, cause = query.get("period", ""), query.get("cause", "")
    answer = opened.ask(question(kept))
    row = next((row for row in answer.to_dicts() if row["period"] == period), None)
    if row is None:
        raise refused("period", period, _periods(kept))
    part = next((one for one in row["explained"] if one["cause"] == cause), None)
    if cause and part is None:
        raise refused("cause", cause, [one["cause"] for one in row["explained"]])
    currency = answer.definition["settings"]["reporting_currency"]
    amount = part["amount"] if part else row["ours"]
    return {
        "title": _("%(period)s: what the gap is made of") % {"period": f.period(period)}
        if part
        else _("%(period)s: what we invoiced") % {"period": f.period(period)},
        "where": f.period(period),
        "kind": CAUSES[cause] if part else FIGURES[kept.compare],
        "figure": f.money(amount, currency, plus=bool(part)),
        "exact": f.plain(amount),
        "rule": _("Our figure would move by this if we did the same.") if part else _("Invoiced less refunds and tax."),
        **proof.evidence(answer),
        **proof.sources(answer.rows_behind({"period": period, **({"cause": cause} if part else {})})),
        "here": rows_address(kept, period, cause),
    }


def definition_choices(opened: Seen) -> list[tuple[str, str]]:
    """The definitions under which ours can be counted; the empty one is the workspace's own."""
    return [("" if name == "default" else name, called(name)) for name in opened.definitions()]
