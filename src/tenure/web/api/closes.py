"""Closing a month: what is known now is its figure from then on."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Router, Schema, Status

from tenure.apps.subscriptions import services
from tenure.web.api.caller import allowed

router = Router(tags=["Closed months"])


class Close(Schema):
    """The month to close, in whose name, and why."""

    month: str
    name: str = ""
    note: str = ""


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
    return Status(
        201,
        {
            "month": closed.month,
            "closed_at": closed.closed_at,
            "closed_by": closed.closed_by,
            "note": closed.note,
        },
    )
