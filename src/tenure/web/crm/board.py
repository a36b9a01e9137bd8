"""The board of deals: a column for each open stage of a pipeline, cards that move by drag or by their menu."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone as clock
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from tenure.apps.crm import pipeline as pipelines
from tenure.apps.crm import stages
from tenure.apps.crm.models import PipelineStage
from tenure.apps.workspaces.permissions import may
from tenure.core import deals as rule
from tenure.web import asking
from tenure.web import formatting as f
from tenure.web.choices import one_of
from tenure.web.crm.deals import STEPS
from tenure.web.pages import page, requires
from tenure.web.records import said, words
from tenure.web.records.kinds import KINDS, hidden, token

KIND = KINDS["deals"]
MOST = 50
"""Cards of one column; the list has the others."""


@require_GET
@requires("ask")
def board(request: HttpRequest) -> HttpResponse:
    """The open deals of one pipeline by stage."""
    names = words.CHOICES["deals", "pipeline"]
    chosen = one_of(request.GET, "pipeline", names, stages.USUAL)
    opened = asking.workspace(request.user)
    currency, today, now = opened.definition().reporting_currency, asking.today(opened), clock.now()
    owners = pipelines.owners(request.user, chosen)
    owner = request.GET.get("owner", "")
    owner = owner if owner in owners else ""
    found = pipelines.board(request.user, chosen, currency, now, owner=owner, most=MOST)
    listed = stages.of(chosen) if may(request.user, "edit_records") else []
    unseen = hidden(KIND, request.user)
    cycle = "" if found.cycle is None else ngettext("%(days)s day", "%(days)s days", round(found.cycle))
    return page(
        request,
        "crm/board.html",
        heading=_("Board of deals"),
        pipelines=[{"key": key, "label": label, "current": key == chosen} for key, label in names.items()],
        owners=[{"key": one, "current": one == owner} for one in owners],
        facts=[
            {"label": _("Open deals"), "value": _sums(found.totals) or f.NOTHING},
            {"label": _("Weighted by probability"), "value": _weighted(found.totals) or f.NOTHING},
            {"label": _("Win rate, last 12 months"), "value": f.percent(found.win_rate)},
            {"label": _("Usual time to win"), "value": cycle % {"days": f.exact(found.cycle)} if cycle else f.NOTHING},
        ],
        columns=[_column(one, listed, unseen, today, now) for one in found.columns],
        is_empty=not any(one.count for one in found.columns),
        table=reverse("deals"),
        new=reverse("record_new", args=["deals"]) if listed else "",
    )


def _column(
    column: pipelines.Column, listed: Sequence[PipelineStage], unseen: Any, today: date, now: datetime
) -> dict[str, Any]:
    key = column.stage.key if column.stage else ""
    return {
        "key": key,
        "name": stages.name(column.stage) if column.stage else _("Of no stage known here"),
        "chance": f"{column.stage.probability} %" if column.stage else "",
        "count": f.exact(column.count),
        "sum": _sums(column.totals),
        "cards": [_card(column.stage, deal, listed, unseen, today, now) for deal in column.deals],
        "more": f.exact(column.count - len(column.deals)) if column.count > len(column.deals) else "",
    }


def _card(
    stage: PipelineStage | None, deal: Any, listed: Sequence[PipelineStage], unseen: Any, today: date, now: datetime
) -> dict[str, Any]:
    state = pipelines.step_state(deal, today)
    days = (now - deal.stage_at).days if deal.stage_at and deal.stage_at <= now else None
    on = f.day(deal.next_step_on) if deal.next_step_on else ""
    shown = [f.money(deal.amount, deal.currency) if deal.amount is not None and deal.currency else f.exact(deal.amount)]
    if deal.mrr is not None:
        shown.append(_("%(money)s MRR") % {"money": f.exact(deal.mrr)})
    return {
        "name": said.name(KIND, deal, unseen),
        "href": said.address(KIND, deal),
        "account": deal.account_name or deal.account_id,
        "money": " · ".join(one for one in shown if one != f.NOTHING),
        "owner": deal.owner or "",
        "days": "" if days is None else ngettext("%(count)s day", "%(count)s days", days) % {"count": f.exact(days)},
        "is_still": pipelines.stands_still(stage, deal, now),
        "step": " · ".join(one for one in (deal.next_step or "", on, str(STEPS[state])) if one),
        "is_late": state == rule.LATE,
        "version": deal.row_id,
        "move": reverse("deal_move", args=[token(deal.version_key)]) if listed else "",
        "stages": [{"key": one.key, "name": stages.name(one)} for one in listed if one.key != deal.stage],
    }


def _sums(totals: Sequence[rule.Total]) -> str:
    return " + ".join(f.money(one.amount, one.currency or "") for one in totals if one.amount)


def _weighted(totals: Sequence[rule.Total]) -> str:
    return " + ".join(f.money(one.weighted, one.currency or "") for one in totals if one.weighted)
