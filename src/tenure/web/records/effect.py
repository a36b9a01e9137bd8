"""What a write did to the figures: MRR of the accounts it touched, month by month, before and after."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenure.apps.subscriptions import selectors
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


def said(before: Closes, after: Closes, opened: asking.Seen) -> str:
    """The effect in one sentence: the newest month that moved, and how many closed months are restated."""
    moved = {month: after[month] - before.get(month, Decimal(0)) for month in after}
    moved = {month: amount for month, amount in moved.items() if amount}
    if not moved:
        return _("Saved. MRR is as it was.")
    newest = max(moved)
    currency = opened.definition().reporting_currency
    told = {"month": f.period(newest), "amount": f.money(moved[newest], currency, plus=True)}
    closed = {row.month for row in selectors.closed_months()} & set(moved)
    if not closed:
        return _("Saved. MRR of %(month)s: %(amount)s.") % told
    return ngettext(
        "Saved. MRR of %(month)s: %(amount)s. %(count)s closed month is restated.",
        "Saved. MRR of %(month)s: %(amount)s. %(count)s closed months are restated.",
        len(closed),
    ) % {**told, "count": f.exact(len(closed))}


def accounts_of(row: Mapping[str, Any]) -> set[str]:
    """The accounts whose figures a record with this content is part of."""
    named = {row[name] for name in ("account_id", "merged_into") if row.get(name)}
    if "account_id" not in row and row.get("subscription_id"):
        named |= selectors.accounts_of_subscription(row["subscription_id"])
    return named
