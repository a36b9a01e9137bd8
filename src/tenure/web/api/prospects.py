"""Prospects for programs: who fits, what proves it, and what came of the calls."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Field, Query, Router, Schema, Status

from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.models import Prospect
from tenure.apps.acquisition.services import profile, prospects
from tenure.web.api.caller import allowed

router = Router(tags=["Prospects"])
MOST = 1_000


class Place(Schema):
    """Which part of the list."""

    after: int = Field(0, ge=0)
    limit: int = Field(100, ge=1, le=MOST)


class CallMade(Schema):
    """What came of a call."""

    outcome: str
    note: str = ""
    next_on: date | None = None


@router.get(
    "/prospects",
    summary=_("The prospects"),
    description=_("By number; `after` is the last number of the page before."),
    response=dict,
    url_name="api_prospects",
)
def prospect_list(request: HttpRequest, place: Query[Place]) -> dict[str, Any]:
    caller = allowed(request, "call_prospects")
    found = selectors.prospects(caller).filter(pk__gt=place.after).order_by("pk")
    return {"prospects": [_row(one) for one in found[: place.limit]]}


@router.get(
    "/prospects/{int:prospect_id}",
    summary=_("One prospect"),
    description=_(
        "With each rule of the profile and the fact that proves it, every fact with its page, and the calls."
    ),
    response=dict,
    url_name="api_prospect",
)
def prospect(request: HttpRequest, prospect_id: int) -> dict[str, Any]:
    found = selectors.prospect(allowed(request, "call_prospects"), prospect_id)
    return {
        **_row(found),
        "evidence": [
            {
                **one.rule.as_dict(),
                "holds": one.holds,
                "fact": None if one.fact is None else one.fact.value,
                "url": None if one.fact is None else one.fact.url,
            }
            for one in profile.evidence(found)
        ],
        "facts": [*found.facts.order_by("pk").values("subject", "value", "url", "fetched_at", "robots", "terms")],
        "calls": [*found.calls.order_by("pk").values("at", "outcome", "note")],
    }


@router.post(
    "/prospects/{int:prospect_id}/calls",
    summary=_("Write a call down"),
    description=_("Outcomes: no_answer, call_back, interested, sold, refused, no_more or wrong."),
    response={201: dict},
    url_name="api_prospect_calls",
)
def call(request: HttpRequest, prospect_id: int, body: CallMade) -> Status[dict[str, Any]]:
    by = allowed(request, "call_prospects")
    found = selectors.prospect(by, prospect_id)
    prospects.record_call(found, body.outcome, by=by, note=body.note, next_on=body.next_on)
    return Status(201, _row(selectors.prospect(by, prospect_id)))


@router.post(
    "/prospects/{int:prospect_id}/account",
    summary=_("Make a prospect an account"),
    description=_("With a task to call it. No address that was collected goes along."),
    response={201: dict},
    url_name="api_prospect_account",
)
def convert(request: HttpRequest, prospect_id: int) -> Status[dict[str, Any]]:
    by = allowed(request, "call_prospects")
    return Status(201, {"account_id": prospects.convert(selectors.prospect(by, prospect_id), by=by)})


def _row(one: Prospect) -> dict[str, Any]:
    return {
        "id": one.pk,
        "name": one.name,
        "domain": one.domain,
        "score": one.score,
        "state": one.state,
        "who": None if one.who is None else one.who.email,
        "account_id": one.account_id or None,
        "called_at": one.called_at,
        "next_on": one.next_on,
        "expires_on": one.expires_on,
    }
