"""Leads by program: what a site's own form, a chat or an advertisement's form brings."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Field, Router, Schema, Status

from tenure.apps.acquisition.services import working
from tenure.apps.workspaces.permissions import may
from tenure.web.api.caller import allowed

router = Router(tags=["Leads"])


class Arrived(Schema):
    """A lead as it arrived; one of company_name, person_name, email, phone and wechat is needed."""

    company_name: str = ""
    person_name: str = ""
    title: str = ""
    email: str = ""
    phone: str = ""
    wechat: str = ""
    industry: str = ""
    region: str = ""
    employees: str = ""
    message: str = ""
    heard_from: str = ""
    channel: str = ""
    utm_source: str = ""
    medium: str = ""
    campaign: str = ""
    keyword: str = ""
    landing: str = ""
    referrer: str = ""
    owner: str = Field("", description="Who works on it, as the accounts name them.")
    signal: str = Field("form", description="What it did: form, demo_request, trial, event, download, visit ...")
    consent: dict[str, Any] | None = Field(None, description="What the person agreed to: text, version, at, how.")


@router.post(
    "/leads",
    summary=_("Hand in a lead"),
    description=_(
        "It is scored at once; its clock runs from now. Who comes again within a day by the same address is the same "
        "lead. A key of the role `capturer` may do this and nothing else: it is not told what the lead is worth."
    ),
    response={200: dict, 201: dict},
    url_name="lead_capture",
)
def capture(request: HttpRequest, body: Arrived) -> Status[dict[str, Any]]:
    by = allowed(request, "capture_leads")
    given = {name: value for name, value in body.dict().items() if name in (*working.ASKED, *working.ORIGIN) and value}
    came = working.capture(given, by=by, signal=body.signal, consent=body.consent, owner=body.owner or None)
    told = {"lead_id": came.lead.lead_id, "is_new": came.is_new}
    if may(by, "ask"):
        told |= {name: getattr(came.lead, name) for name in ("status", "grade", "respond_by")}
    return Status(201 if came.is_new else 200, told)
