"""What somebody has to do: their tasks, the next steps of their deals, the deadlines of tenders they see."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from tenure.apps.crm import rules, selectors, services
from tenure.apps.crm.models import ActivityVersion, DealVersion, TenderVersion
from tenure.apps.workspaces.permissions import Caller, folded
from tenure.apps.workspaces.versions import Version
from tenure.core import tenders

AHEAD = timedelta(days=14)
"""How far ahead deadlines of tenders are shown."""
OVER = ("submitted", "opened", "won", "lost", "void")
"""States of a tender in which nothing is to be handed in any more."""


def tasks(member: Caller) -> QuerySet[Any]:
    """The member's tasks that are not done, the ones due first at the top; those without a day come last."""
    mine = _of(member, ActivityVersion).filter(kind="task", done_at=None)
    return selectors.with_account_names(mine.order_by("due_at", "pk").filter(~Q(due_at=None)))


def tasks_without_day(member: Caller) -> QuerySet[Any]:
    """The member's tasks that are not done and due on no day."""
    mine = _of(member, ActivityVersion).filter(kind="task", done_at=None, due_at=None)
    return selectors.with_account_names(mine.order_by("pk"))


def steps(member: Caller) -> QuerySet[Any]:
    """The member's open deals, the ones with the earliest next step first; those without one come last."""
    mine = _of(member, DealVersion).filter(Q(stage=None) | ~Q(stage__in=(rules.WON, rules.LOST)))
    return selectors.with_account_names(mine.order_by("next_step_on", "pk"))


def deadlines(member: Caller, now: datetime) -> Iterator[tuple[datetime, str, Any]]:
    """The next deadline of each tender the member sees that is still to be handed in, if it is soon."""
    seen = selectors.visible_to(member, TenderVersion)
    soon = Q()
    for name in tenders.DEADLINES:
        soon |= Q(**{f"{name}__gte": now, f"{name}__lte": now + AHEAD})
    running = seen.filter(soon).filter(Q(state=None) | ~Q(state__in=OVER))
    for tender in selectors.with_account_names(running):
        following = tenders.next_deadline({one: getattr(tender, one) for one in tenders.DEADLINES}, now)
        if following is not None and getattr(tender, following) <= now + AHEAD:
            yield getattr(tender, following), following, tender


def done(member: Caller, key: str, outcome: str, now: datetime, *, seen: str | None = None) -> Any:
    """Say that a task is done, and what came of it."""
    return services.edit("activities", key, {"done_at": now, "outcome": outcome or None}, by=member, seen=seen)


def how_late(step: date | None, today: date) -> str:
    """Where a next step stands: late, today, week (the next seven days), later, or none."""
    if step is None:
        return "none"
    if step < today:
        return "late"
    if step == today:
        return "today"
    return "week" if step <= today + timedelta(days=7) else "later"


def _of(member: Caller, model: type[Version]) -> QuerySet[Any]:
    """The records the member sees and is the owner of, however their name is written."""
    seen = selectors.visible_to(member, model)
    called = (getattr(member, "email", ""), getattr(member, "owns_as", ""))
    names = {folded(word) for word in called if word.strip()}
    owners = seen.exclude(owner=None).order_by("owner").values_list("owner", flat=True).distinct()
    return seen.filter(owner__in=[owner for owner in owners if folded(owner) in names])
