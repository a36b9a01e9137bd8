"""What an account's page says of its deals: those still open with what their committees lack, and what it asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenure.apps.crm import committee, rules, stages
from tenure.apps.crm import selectors as crm
from tenure.apps.workspaces.permissions import Caller, may
from tenure.core import committee as rule
from tenure.core import deals as dealing
from tenure.web import formatting as f
from tenure.web.records import said, words
from tenure.web.records.kinds import KINDS, hidden, visible

BESIDE = 5
"""So many deals, and so many demands, stand beside the timeline."""
DECIDED = ("shipped", "declined")
"""States of a demand that nobody waits for any more."""
GAPS: Mapping[str, Any] = {
    rule.NO_DECISION_MAKER: gettext_lazy("No decision maker is known"),
    rule.AGAINST: gettext_lazy("The decision maker is against it"),
    rule.SILENT: gettext_lazy("No contact with the decision maker for 30 days"),
    rule.NO_CHAMPION: gettext_lazy("Nobody fights for it"),
    rule.SINGLE_THREADED: gettext_lazy("Contact with only one person for 30 days"),
    rule.UNCOVERED: gettext_lazy("Roles still missing: %(roles)s"),
}


def open_deals(caller: Caller, account_id: str) -> list[Any]:
    """The account's deals that are neither won nor lost, the one with the earliest next step first."""
    rows = visible(KINDS["deals"], caller).filter(account_id__in=crm.family(account_id))
    still = rows.filter(Q(stage=None) | ~Q(stage__in=(rules.WON, rules.LOST)))
    return sorted(still, key=lambda one: (one.next_step_on is None, one.next_step_on or date.max, one.pk))


def groups(caller: Caller, account_id: str, deals: Sequence[Any], today: date, zone: str) -> list[dict[str, Any]]:
    """Open deals and open demands, as they stand beside the timeline; a group without rows is left out."""
    new = urlencode({"account_id": account_id})
    found = (
        ("deals", _("Open deals"), len(deals), [deal_row(caller, one, today, zone) for one in deals[:BESIDE]]),
        ("demand_links", _("Open demands"), *_demands(caller, account_id)),
    )
    return [
        {
            "kind": kind,
            "title": title,
            "count": f.exact(count),
            "new": f"{reverse('record_new', args=[kind])}?{new}" if may(caller, "edit_records") else "",
            "new_label": words.KINDS[kind].new,
            "rows": rows,
            "all": "",
        }
        for kind, title, count, rows in found
        if rows
    ]


def deal_row(caller: Caller, deal: Any, today: date, zone: str) -> dict[str, str]:
    """One open deal: its stage, what its committee lacks, and when its next step is due."""
    gaps = committee.of_deal(caller, deal, today, zone).gaps
    unseen = hidden(KINDS["deals"], caller)
    stage = stage_names(deal.pipeline).get(deal.stage, deal.stage or "")
    late = dealing.next_step(deal.next_step, deal.next_step_on, today) == dealing.LATE
    shown = deal.next_step_on.isoformat() if deal.next_step_on else ""
    return {
        "name": said.name(KINDS["deals"], deal, unseen),
        "what": " · ".join(part for part in (stage, *(gap_text(gap) for gap in gaps)) if part),
        "amount": f.money(deal.amount, deal.currency) if deal.amount is not None and deal.currency else "",
        "aside": _("late since %(day)s") % {"day": shown} if late else shown,
        "href": said.address(KINDS["deals"], deal),
    }


def gap_text(gap: rule.Gap) -> str:
    """What is missing in a committee, in words."""
    return str(GAPS[gap.kind]) % {"roles": f.listed(str(words.ROLES.get(role, role)) for role in gap.roles)}


def stage_names(pipeline: str | None) -> dict[str, str]:
    """Key -> what the stage is called; a stage that came by import and is not one of the pipeline has none."""
    return {stage.key: stages.name(stage) for stage in stages.of(pipeline)}


def _demands(caller: Caller, account_id: str) -> tuple[int, list[dict[str, str]]]:
    """How many demands the account waits for, each counted once, and the first of them."""
    links = visible(KINDS["demand_links"], caller).filter(account_id__in=crm.family(account_id)).order_by("pk")
    asked = {link.demand_id: link for link in links}
    demands = visible(KINDS["demands"], caller).filter(demand_id__in=list(asked)).order_by("pk")
    waiting = [one for one in demands if one.state not in DECIDED]
    needs = words.CHOICES[("demand_links", "need")]
    states = words.CHOICES[("demands", "state")]
    return len(waiting), [
        {
            "name": one.title,
            "what": str(needs.get(need, need)) if (need := asked[one.demand_id].need) else "",
            "amount": "",
            "aside": str(states.get(one.state or "open", one.state)),
            "href": said.address(KINDS["demands"], one),
        }
        for one in waiting[:BESIDE]
    ]
