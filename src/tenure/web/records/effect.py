"""What a write did to the figures: MRR of the accounts it touched, month by month, before and after."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenure.apps.subscriptions import selectors
from tenure.apps.workspaces.permissions import Caller, sees_everything
from tenure.core.periods import add_months, label
from tenure.web import asking
from tenure.web import formatting as f

COUNTED = frozenset({"subscriptions", "contracts", "discounts", "accounts"})
"""Kinds whose records change figures."""
MONTHS_BACK = 60
Closes = Mapping[str, Decimal]


def closes(opened: asking.Seen, accounts: Collection[str]) -> Closes:
    """MRR of the accounts at the close of each of the last five years' months, the running one included."""
    named = sorted(account for account in accounts if account)
    if not named:
        return {}
    month = asking.today(opened).replace(day=1)
    asked = {"question": "movements", "from": label(add_months(month, -MONTHS_BACK), "month")}
    rows = opened.ask({**asked, "to": label(month, "month"), "where": {"account_id": named}}).to_dicts()
    return {row["period"]: row["close"] for row in rows}


@dataclass(frozen=True, slots=True)
class Effect:
    """What a write did: a sentence, and the closed months that are restated by it."""

    text: str
    restated: tuple[str, ...]


def between(before: Closes, after: Closes, opened: asking.Seen) -> Effect:
    """The newest month that moved and by how much, and the closed months that did."""
    moved = {month: after[month] - before.get(month, Decimal(0)) for month in after}
    moved = {month: amount for month, amount in moved.items() if amount}
    if not moved:
        return Effect(_("Saved. MRR is as it was."), ())
    newest = max(moved)
    told = {
        "month": f.period(newest),
        "amount": f.money(moved[newest], opened.definition().reporting_currency, plus=True),
    }
    closed = tuple(sorted(_closed() & set(moved)))
    if not closed:
        return Effect(_("Saved. MRR of %(month)s: %(amount)s.") % told, ())
    text = ngettext(
        "Saved. MRR of %(month)s: %(amount)s. %(count)s closed month is restated.",
        "Saved. MRR of %(month)s: %(amount)s. %(count)s closed months are restated.",
        len(closed),
    )
    return Effect(text % {**told, "count": f.exact(len(closed))}, closed)


def restated(query: Mapping[str, str], caller: Caller) -> list[dict[str, str]]:
    """The closed months that the write before this page restated, as its address says; only to who may see them."""
    named = query.get("restated", "")
    if not named or not sees_everything(caller):
        return []
    months = sorted(set(named.split(",")) & _closed())
    return [{"label": f.period(month), "href": reverse("closing_month", args=[month])} for month in months]


def _closed() -> set[str]:
    return {row.month for row in selectors.closed_months()}


def accounts_of(row: Mapping[str, Any]) -> set[str]:
    """The accounts whose figures a record with this content is part of."""
    named = {row[name] for name in ("account_id", "merged_into") if row.get(name)}
    if "account_id" not in row and row.get("subscription_id"):
        named |= selectors.accounts_of_subscription(row["subscription_id"])
    return named
