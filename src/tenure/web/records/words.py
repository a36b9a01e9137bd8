"""What the kinds of records, their columns, allowed values and steps are called on screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as noop


@dataclass(frozen=True, slots=True)
class KindWords:
    """A kind in words: one of it, several, and what its pages invite to do."""

    one: Any
    many: Any
    new: Any


KINDS: Mapping[str, KindWords] = {
    "accounts": KindWords(gettext_lazy("Account"), gettext_lazy("Accounts"), gettext_lazy("New account")),
    "contacts": KindWords(gettext_lazy("Contact"), gettext_lazy("Contacts"), gettext_lazy("New contact")),
    "products": KindWords(gettext_lazy("Product"), gettext_lazy("Products"), gettext_lazy("New product")),
    "plans": KindWords(gettext_lazy("Plan"), gettext_lazy("Plans"), gettext_lazy("New plan")),
    "subscriptions": KindWords(
        gettext_lazy("Subscription"), gettext_lazy("Subscriptions"), gettext_lazy("New subscription")
    ),
    "discounts": KindWords(gettext_lazy("Discount"), gettext_lazy("Discounts"), gettext_lazy("New discount")),
    "contracts": KindWords(gettext_lazy("Contract"), gettext_lazy("Contracts"), gettext_lazy("New contract")),
}
"""The kinds that have pages; the others are written by import, program and command."""

_ANYWHERE: Mapping[str, Any] = {
    "account_id": gettext_lazy("Account id"),
    "amount": gettext_lazy("Price"),
    "attributes": gettext_lazy("Further attributes"),
    "auto_renew": gettext_lazy("Renews by itself"),
    "cancelled": gettext_lazy("Cancelled on"),
    "consent": gettext_lazy("Consent"),
    "contact_id": gettext_lazy("Contact id"),
    "contract_id": gettext_lazy("Contract number"),
    "created_at": gettext_lazy("Customer record since"),
    "currency": gettext_lazy("Currency"),
    "duration": gettext_lazy("Duration"),
    "email": gettext_lazy("E-mail address"),
    "employees": gettext_lazy("Employees"),
    "end": gettext_lazy("First day without service"),
    "industry": gettext_lazy("Industry"),
    "interval": gettext_lazy("Billing interval"),
    "interval_count": gettext_lazy("Intervals per billing period"),
    "item": gettext_lazy("Item"),
    "kind": gettext_lazy("Kind"),
    "left": gettext_lazy("Left on"),
    "merged_into": gettext_lazy("Merged into"),
    "name": gettext_lazy("Name"),
    "notice_days": gettext_lazy("Notice period, days"),
    "notice_given": gettext_lazy("Notice given on"),
    "owner": gettext_lazy("Looked after by"),
    "parent_id": gettext_lazy("Parent account"),
    "pauses": gettext_lazy("Pauses"),
    "phone": gettext_lazy("Telephone"),
    "plan": gettext_lazy("Plan"),
    "product": gettext_lazy("Product"),
    "quantity": gettext_lazy("Quantity"),
    "region": gettext_lazy("Region"),
    "renews": gettext_lazy("Renews the contracts"),
    "roles": gettext_lazy("Roles in the purchase"),
    "schedule": gettext_lazy("Steps of a ramp"),
    "signed": gettext_lazy("Signed on"),
    "source": gettext_lazy("Source"),
    "start": gettext_lazy("First day with service"),
    "subscription_id": gettext_lazy("Subscription number"),
    "tax_inclusive_rate": gettext_lazy("Tax rate in the price"),
    "tier": gettext_lazy("Tier"),
    "title": gettext_lazy("Job title"),
    "total": gettext_lazy("Total without tax"),
    "trial_end": gettext_lazy("First paid day"),
    "unpaid": gettext_lazy("Given up unpaid on"),
    "user_id": gettext_lazy("User id in events"),
    "value": gettext_lazy("Value"),
}
_OF_KIND: Mapping[tuple[str, str], Any] = {
    ("discounts", "start"): gettext_lazy("First day in force"),
    ("discounts", "end"): gettext_lazy("First day no longer in force"),
    ("plans", "amount"): gettext_lazy("List price"),
    ("plans", "plan"): gettext_lazy("Plan code"),
    ("products", "product"): gettext_lazy("Product code"),
    ("accounts", "product"): gettext_lazy("Main product"),
    ("accounts", "name"): gettext_lazy("Account name"),
    ("products", "name"): gettext_lazy("Product name"),
    ("plans", "name"): gettext_lazy("Plan name"),
}
_HINTS: Mapping[tuple[str, str], Any] = {
    ("accounts", "owner"): gettext_lazy("The member who looks after the account: their e-mail address or name."),
    ("accounts", "parent_id"): gettext_lazy("The id of the account it belongs to."),
    ("accounts", "merged_into"): gettext_lazy("The id of the account that it is one customer with."),
    ("accounts", "created_at"): gettext_lazy("A moment such as 2026-03-31T12:00:00Z."),
    ("contacts", "consent"): gettext_lazy("A JSON object."),
    ("subscriptions", "amount"): gettext_lazy("Per unit and billing period; without tax, unless a tax rate is given."),
    ("subscriptions", "item"): gettext_lazy("The line inside the subscription; empty means its main line."),
    ("subscriptions", "end"): gettext_lazy("Empty while it goes on."),
    ("subscriptions", "trial_end"): gettext_lazy("Nothing counts before it."),
    ("subscriptions", "pauses"): gettext_lazy("One a line: the first day without service, and the first day with it."),
    ("subscriptions", "tax_inclusive_rate"): gettext_lazy("0.13 if the price contains 13 % tax."),
    ("subscriptions", "unpaid"): gettext_lazy("The day on which it was given up because it was not paid."),
    ("contracts", "total"): gettext_lazy("The value of the whole term."),
    ("contracts", "schedule"): gettext_lazy("One a line: first day, first day after it, and the amount of the step."),
    ("contracts", "renews"): gettext_lazy("Numbers of earlier contracts, separated by commas."),
    ("contracts", "notice_days"): gettext_lazy("Days before the end by which notice must be given."),
    ("discounts", "value"): gettext_lazy("20 means 20 %, or an amount in the subscription's currency."),
    ("discounts", "start"): gettext_lazy("Empty means from the beginning."),
    ("discounts", "end"): gettext_lazy("Empty while it goes on; for one billing period only, leave it empty too."),
    ("plans", "amount"): gettext_lazy("Per unit and billing period, without tax."),
}
INTERVALS: Mapping[str, Any] = {
    "day": gettext_lazy("Day"),
    "week": gettext_lazy("Week"),
    "month": gettext_lazy("Month"),
    "year": gettext_lazy("Year"),
}
ROLES: Mapping[str, Any] = {
    "decision_maker": gettext_lazy("Decision maker"),
    "manager": gettext_lazy("Manager"),
    "executor": gettext_lazy("Executor"),
    "technical_expert": gettext_lazy("Technical expert"),
    "procurement": gettext_lazy("Procurement"),
    "liaison": gettext_lazy("Liaison"),
    "champion": gettext_lazy("Champion"),
    "blocker": gettext_lazy("Blocker"),
    "finance": gettext_lazy("Finance"),
    "legal": gettext_lazy("Legal"),
}
CHOICES: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("plans", "interval"): INTERVALS,
    ("subscriptions", "interval"): INTERVALS,
    ("discounts", "kind"): {"percent": gettext_lazy("Percent"), "amount": gettext_lazy("Amount per billing period")},
    ("discounts", "duration"): {
        "once": gettext_lazy("One billing period"),
        "repeating": gettext_lazy("Until its end"),
        "forever": gettext_lazy("As long as the subscription"),
    },
    ("contracts", "kind"): {
        "term": gettext_lazy("Fixed term"),
        "month_to_month": gettext_lazy("Month to month"),
    },
    ("contacts", "roles"): ROLES,
}
"""Columns whose values are chosen from a list."""
YES_NO: Mapping[str, Any] = {"true": gettext_lazy("Yes"), "false": gettext_lazy("No")}
VERBS: Mapping[str, str] = {
    "added": noop("Added"),
    "edited": noop("Changed"),
    "ended": noop("Ended"),
    "merged": noop("Merged into another account"),
    "withdrew": noop("Withdrawn"),
    "restored": noop("Withdrawal taken back"),
    "undid edit": noop("Change taken back"),
    "imported": noop("Imported"),
    "undid import": noop("Import taken back"),
    "erased": noop("Personal data erased"),
}


def label(kind: str, column: str) -> str:
    """A column in words; one without words keeps its name."""
    return str(_OF_KIND.get((kind, column)) or _ANYWHERE.get(column) or column)


def hint(kind: str, column: str) -> str:
    """What one should know to fill a column in; empty where the label says it all."""
    return str(_HINTS.get((kind, column), ""))


def verb(name: str) -> str:
    """What a step did, in words; one without words stays as it was written."""
    return _(VERBS[name]) if name in VERBS else name
