"""What the values of one account, deal, tender, demand or activity must fulfil together."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo
from typing import Any

from django.utils.translation import gettext as _

from tenure.apps.workspaces.services.checks import at_least, between, currency, one_of
from tenure.apps.workspaces.services.values import refuse
from tenure.core import tenders

SALES_MOTIONS = ("self_serve", "standard", "customised", "tender")
PUBLIC = "public"
"""What `pool` says of an account that anybody may take."""
PIPELINES = ("new", "expansion", "renewal", "tender")
WON, LOST = "won", "lost"
"""The two stages that end a deal, in every pipeline."""
ROLES = (
    *("decision_maker", "manager", "executor", "technical_expert", "procurement", "liaison"),
    *("champion", "blocker", "finance", "legal"),
)
TENDER_METHODS = ("public", "invited", "negotiated", "single")
TENDER_STATES = ("found", "go_no_go", "preparing", "ready", "submitted", "opened", "won", "lost", "void")
DEPOSIT_FORMS = ("transfer", "guarantee", "cheque", "none")
ITEM_KINDS = ("document", "qualification", "deposit", "signature", "task")
ITEM_STATES = ("open", "done", "waived")
DEMAND_KINDS = ("feature", "bug", "customisation", "service", "content")
DELIVERIES = ("standard", "custom")
DEMAND_STATES = ("open", "planned", "started", "shipped", "declined")
NEEDS = ("nice", "important", "must", "deal_breaker")
ACTIVITY_KINDS = ("note", "call", "meeting", "visit", "email", "wechat", "task")


def _account(values: Mapping[str, Any]) -> None:
    between(values, "icp_fit", 0, 100)
    one_of(values, "sales_motion", SALES_MOTIONS)
    one_of(values, "pool", (PUBLIC,))


def _deal(values: Mapping[str, Any]) -> None:
    currency(values)
    one_of(values, "pipeline", PIPELINES)
    at_least(values, "amount", 0)
    at_least(values, "term_months", 1)
    if values.get("won_at") is not None and values.get("lost_at") is not None:
        raise refuse("lost_at", str(values["lost_at"]), _("A deal is won or lost, not both: empty one of them."))


def _committee_member(values: Mapping[str, Any]) -> None:
    between(values, "decision_power", 0, 3)
    between(values, "influence", 0, 3)
    between(values, "stance", -2, 2)
    for role in json.loads(values.get("roles") or "[]"):
        one_of({"roles": role}, "roles", ROLES)
    if values["contact_id"] in json.loads(values.get("influences") or "[]"):
        raise refuse("influences", values["contact_id"], _("Name other people: nobody sways themselves."))


def _tender(values: Mapping[str, Any]) -> None:
    currency(values)
    one_of(values, "method", TENDER_METHODS)
    one_of(values, "state", TENDER_STATES)
    one_of(values, "deposit_form", DEPOSIT_FORMS)
    for money in ("budget", "deposit", "our_price", "winning_price"):
        at_least(values, money, 0)


def tender_items(items: Iterable[Any]) -> list[tenders.Item]:
    """Items of a tender as the rules know them; what is not said is mandatory and open."""
    return [
        tenders.Item(one.title or one.item, one.mandatory is not False, one.state or "open", one.valid_until)
        for one in items
    ]


def lack_text(lack: tenders.Lack) -> str:
    """What is to be done about something that keeps a bid from being ready."""
    said = {
        tenders.OPEN: _("Do it or waive it first: %(item)s is open."),
        tenders.EXPIRES: _("Renew the certificate: %(item)s ends before the day on which the bid must be handed in."),
        tenders.NO_DAY: _("Say until when the bid must be handed in: %(item)s is a certificate with a last day."),
    }
    return said[lack.why] % {"item": lack.item}


def bid_is_ready(values: Mapping[str, Any], items: Iterable[Any], local: tzinfo) -> None:
    """Refuse to call a bid ready while something is lacking; the first reason is told."""
    for lack in tenders.lacking(tender_items(items), values.get("submit_by"), local):
        raise refuse("state", "ready", lack_text(lack))


def _tender_item(values: Mapping[str, Any]) -> None:
    one_of(values, "kind", ITEM_KINDS)
    one_of(values, "state", ITEM_STATES)


def _demand(values: Mapping[str, Any]) -> None:
    one_of(values, "kind", DEMAND_KINDS)
    one_of(values, "delivery", DELIVERIES)
    one_of(values, "state", DEMAND_STATES)
    at_least(values, "effort_days", 0)


def _demand_link(values: Mapping[str, Any]) -> None:
    currency(values)
    one_of(values, "need", NEEDS)
    at_least(values, "custom_price", 0)


def _activity(values: Mapping[str, Any]) -> None:
    one_of(values, "kind", ACTIVITY_KINDS)
    if not any(values.get(name) for name in ("subject", "body", "outcome")):
        raise refuse("subject", None, _("Write in a few words what it was about, or is to be."))


RULES: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "accounts": _account,
    "deals": _deal,
    "committee_members": _committee_member,
    "tenders": _tender,
    "tender_items": _tender_item,
    "demands": _demand,
    "demand_links": _demand_link,
    "activities": _activity,
}
