"""What the values of one record must fulfil together. Hides which rule belongs to which table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from tenure.apps.workspaces.services.checks import at_least, currency, ends_after, one_of
from tenure.apps.workspaces.services.values import refuse
from tenure.core.definition import PRESETS

INTERVALS = ("day", "week", "month", "year")
OWN_DEFINITION = "default"
"""The name of the workspace's own metric definition."""
_NAME = re.compile(r"[^\W_][\w .-]{0,59}")
_COLUMNS = ("period", "metric", "differs", "accounts", "complete")
"""Columns of a comparison of definitions, which has a column per definition beside them."""
COMPARED = ("mrr", "invoiced")
"""What the totals of another system can be totals of."""
MOST_PERIODS = 60
"""So many periods are compared at once."""
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def _plan(values: Mapping[str, Any]) -> None:
    currency(values)
    at_least(values, "amount", 0)
    one_of(values, "interval", INTERVALS)
    at_least(values, "interval_count", 1)


def _subscription(values: Mapping[str, Any]) -> None:
    currency(values)
    at_least(values, "quantity", 0)
    one_of(values, "interval", INTERVALS)
    at_least(values, "interval_count", 1)
    at_least(values, "tax_inclusive_rate", 0)
    ends_after(values)


def _discount(values: Mapping[str, Any]) -> None:
    one_of(values, "kind", ("percent", "amount"))
    one_of(values, "duration", ("once", "repeating", "forever"))
    at_least(values, "value", 0)
    if values.get("kind") == "percent" and values["value"] > 100:
        raise refuse("value", str(values["value"]), _("Write a percentage from 0 to 100."))
    ends_after(values)


def _contract(values: Mapping[str, Any]) -> None:
    currency(values)
    one_of(values, "kind", ("term", "month_to_month"))
    at_least(values, "quantity", 0)
    at_least(values, "notice_days", 0)
    ends_after(values)


def _invoice_line(values: Mapping[str, Any]) -> None:
    currency(values)
    one_of(values, "type", ("subscription", "one_time", "usage", "refund"))
    one_of(values, "interval", INTERVALS)
    at_least(values, "interval_count", 1)
    ends_after(values, "period_start", "period_end")
    ends_after(values, "full_period_start", "full_period_end")


def _rate(values: Mapping[str, Any]) -> None:
    currency(values)
    if values["rate"] <= 0:
        raise refuse("rate", str(values["rate"]), _("Write a rate above 0."))


RULES: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "plans": _plan,
    "subscriptions": _subscription,
    "discounts": _discount,
    "contracts": _contract,
    "invoice_lines": _invoice_line,
    "trials": ends_after,
    "fx_rates": _rate,
}


def month(text: str) -> str:
    """A month such as 2024-03, or a refusal."""
    if not _MONTH.fullmatch(text):
        raise refuse("month", text, _("Write a month such as 2024-03."))
    return text


def definition_name(text: str) -> str:
    """The name of a definition that may be written, or a refusal: presets stay what they are."""
    name = text.strip()
    if name in PRESETS:
        raise refuse("name", name, _("Choose another name: this one comes with Tenure and stays as it is."))
    if name in _COLUMNS or not _NAME.fullmatch(name):
        raise refuse("name", name, _("Write up to 60 letters, digits, spaces, points and hyphens, such as board."))
    return name
