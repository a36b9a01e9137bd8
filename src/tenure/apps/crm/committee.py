"""The buying committee of a deal as its caller sees it, and what is missing in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tenure.apps.crm import selectors
from tenure.apps.crm.models import ActivityVersion, CommitteeMemberVersion
from tenure.apps.workspaces.permissions import Caller
from tenure.core import committee as rule


@dataclass(frozen=True, slots=True)
class Committee:
    """Who has a say in a deal, how many of the roles it needs are filled, and what is missing."""

    people: tuple[rule.Person, ...]
    required: tuple[str, ...]
    coverage: Decimal | None
    gaps: tuple[rule.Gap, ...]


def of_deal(caller: Caller, deal: Any, today: date, timezone: str) -> Committee:
    """The committee of a deal that the caller sees; days are those of `timezone`."""
    members = selectors.visible_to(caller, CommitteeMemberVersion).filter(deal_id=deal.deal_id).order_by("pk")
    found = list(members)
    touched = _touched(caller, deal.account_id, [member.contact_id for member in found], today, timezone)
    people = tuple(
        rule.Person(
            member.contact_id,
            frozenset(json.loads(member.roles or "[]")),
            member.stance,
            touched.get(member.contact_id),
        )
        for member in found
    )
    required = rule.required_roles(deal.amount)
    return Committee(people, required, rule.coverage(people, required), tuple(rule.gaps(people, required, today)))


def _touched(
    caller: Caller, account_id: str, contact_ids: Sequence[str], today: date, timezone: str
) -> dict[str, date]:
    """Contact -> the day of the newest activity of the account that names them; what is planned is no touch."""
    wanted, zone, newest = frozenset(contact_ids), ZoneInfo(timezone), dict[str, date]()
    activities = selectors.visible_to(caller, ActivityVersion).filter(account_id=account_id).exclude(contacts=None)
    for text, at in activities.exclude(occurred_at=None).values_list("contacts", "occurred_at"):
        day = at.astimezone(zone).date()
        if day <= today:
            for contact_id in wanted.intersection(json.loads(text)):
                newest[contact_id] = max(day, newest.get(contact_id, day))
    return newest
