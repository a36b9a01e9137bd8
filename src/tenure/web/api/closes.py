"""Closing a month: what is known now is its figure from then on."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Router, Schema, Status

from tenure.apps.subscriptions import selectors, services
from tenure.apps.subscriptions.models import MonthClose
from tenure.web.api.caller import allowed

router = Router(tags=["Closed months"])


class Close(Schema):
    """The month to close, in whose name, and why."""

    month: str
    name: str = ""
    note: str = ""


class Reopen(Schema):
    """Why a closed month is opened again."""

    note: str = ""


@router.get(
    "/closes",
    summary=_("The closed months"),
    description=_(
        "Each with the moment, the person and the note. What moved in them since: ask the question `restatements`."
    ),
    response={200: dict},
    url_name="close_list",
)
def listed(request: HttpRequest) -> dict[str, Any]:
    allowed(request, "ask")
    return {"closes": [_shown(closed) for closed in selectors.closed_months()]}


@router.post(
    "/closes",
    summary=_("Close a month"),
    description=_("Later changes to a closed month appear as restatements."),
    response={201: dict},
    url_name="closes",
)
def close(request: HttpRequest, body: Close) -> Status[dict[str, Any]]:
    by = allowed(request, "close_month")
    closed = services.close_month(body.month, by=by, name=body.name, note=body.note)
    return Status(201, _shown(closed))


@router.post(
    "/closes/{month}/reopen",
    summary=_("Open a closed month again"),
    description=_("That it was closed, by whom and when, stays known."),
    response={200: dict},
    url_name="reopen",
)
def reopen(request: HttpRequest, month: str, body: Reopen) -> dict[str, Any]:
    by = allowed(request, "close_month")
    return _shown(services.reopen_month(month, by=by, note=body.note))


def _shown(closed: MonthClose) -> dict[str, Any]:
    return {
        "month": closed.month,
        "closed_at": closed.closed_at,
        "closed_by": closed.closed_by,
        "note": closed.note,
    }
