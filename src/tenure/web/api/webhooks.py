"""Webhooks for programs of administrators: made, changed, stopped and started; what was sent, and sending it again."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Field, Query, Router, Schema, Status

from tenure.apps.connectors.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from tenure.apps.connectors.webhooks import endpoints
from tenure.web.api.caller import allowed

router = Router(tags=["Webhooks"])
MOST_LISTED = 1_000


class NewHook(Schema):
    """An address, and what it is told of."""

    url: str
    kinds: list[str] = Field([], description="Tables such as accounts, deals, contracts; none = all.")
    verbs: list[str] = Field([], description="added, edited, ended, withdrawn, imported ...; none = anything.")
    leaves_out: str = Field("", description="Whose changes it does not hear of: key:PREFIX or member:NUMBER.")
    note: str = ""


class HookChange(Schema):
    """What is to change; what is not named stays."""

    url: str | None = None
    kinds: list[str] | None = None
    verbs: list[str] | None = None
    leaves_out: str | None = None
    note: str | None = None
    running: bool | None = Field(None, description="false stops it, true starts it again.")


class Which(Schema):
    """Which deliveries, the newest first."""

    state: DeliveryState | None = None
    limit: int = Field(100, ge=1, le=MOST_LISTED)


@router.get("/webhooks", summary=_("The webhooks"), description=_("The oldest first."), response=dict, url_name="hooks")
def hook_list(request: HttpRequest) -> dict[str, Any]:
    allowed(request, "manage_webhooks")
    return {"webhooks": [_told(endpoint) for endpoint in endpoints.every()]}


@router.post(
    "/webhooks",
    summary=_("Make a webhook"),
    description=_("The answer has its secret, this once; it hears of what is written from now on."),
    response={201: dict},
    url_name="hooks",
)
def make(request: HttpRequest, body: NewHook) -> Status[dict[str, Any]]:
    by = allowed(request, "manage_webhooks")
    endpoint, secret = endpoints.make(by=by, **body.dict())
    return Status(201, {**_told(endpoint), "secret": secret})


@router.patch(
    "/webhooks/{int:number}",
    summary=_("Change, stop or start a webhook"),
    description=_("What was written while it was stopped is sent when it is started again."),
    response=dict,
    url_name="hook",
)
def change(request: HttpRequest, number: int, body: HookChange) -> dict[str, Any]:
    by = allowed(request, "manage_webhooks")
    endpoint = endpoints.one(number)
    endpoints.change(endpoint, by=by, **body.dict(exclude={"running"}))
    if body.running is not None:
        (endpoints.start if body.running else endpoints.stop)(endpoint, by=by)
    return _told(endpoints.one(number))


@router.delete(
    "/webhooks/{int:number}",
    summary=_("Delete a webhook"),
    description=_("What was sent to it is forgotten, too."),
    response=dict,
    url_name="hook",
)
def delete(request: HttpRequest, number: int) -> dict[str, Any]:
    by = allowed(request, "manage_webhooks")
    endpoints.delete(endpoints.one(number), by=by)
    return {"deleted": number}


@router.post(
    "/webhooks/{int:number}/secret",
    summary=_("Make another secret for a webhook"),
    description=_("The answer has it, this once; for 24 hours the former one signs, too."),
    response=dict,
    url_name="hook_secret",
)
def rotate(request: HttpRequest, number: int) -> dict[str, Any]:
    by = allowed(request, "manage_webhooks")
    return {"secret": endpoints.rotate(endpoints.one(number), by=by)}


@router.post(
    "/webhooks/{int:number}/test",
    summary=_("Send a test to a webhook"),
    description=_("An event of the type tenure.test; the answer is its delivery."),
    response=dict,
    url_name="hook_test",
)
def test(request: HttpRequest, number: int) -> dict[str, Any]:
    by = allowed(request, "manage_webhooks")
    return _delivery(endpoints.test(endpoints.one(number), by=by))


@router.get(
    "/webhooks/{int:number}/deliveries",
    summary=_("What was sent to a webhook"),
    description=_("The newest first, of the last 30 days."),
    response=dict,
    url_name="hook_deliveries",
)
def deliveries(request: HttpRequest, number: int, which: Query[Which]) -> dict[str, Any]:
    allowed(request, "manage_webhooks")
    found = endpoints.deliveries(endpoints.one(number)).order_by("-made_at", "-pk")
    if which.state is not None:
        found = found.filter(state=which.state)
    return {"deliveries": [_delivery(one) for one in found[: which.limit]]}


@router.post(
    "/webhooks/{int:number}/deliveries/{message_id}/again",
    summary=_("Send a delivery again"),
    description=_("Under the same message id, from the beginning of the schedule."),
    response=dict,
    url_name="hook_again",
)
def again(request: HttpRequest, number: int, message_id: str) -> dict[str, Any]:
    by = allowed(request, "manage_webhooks")
    found = endpoints.delivery(endpoints.one(number), message_id)
    endpoints.again(found, by=by)
    found.refresh_from_db()
    return _delivery(found)


def _told(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "number": endpoint.pk,
        "url": endpoint.url,
        "note": endpoint.note,
        "kinds": endpoint.kinds,
        "verbs": endpoint.verbs,
        "leaves_out": endpoint.leaves_out,
        "made_at": endpoint.made_at.isoformat(),
        "running": not endpoint.stopped,
        "stopped": endpoint.stopped or None,
        "failing_since": None if endpoint.failing_since is None else endpoint.failing_since.isoformat(),
        "waiting": getattr(endpoint, "waiting", 0),
    }


def _delivery(found: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": found.message_id,
        "type": found.type,
        "body": found.body,
        "state": str(found.state),
        "attempts": found.attempts,
        "made_at": found.made_at.isoformat(),
        "due_at": found.due_at.isoformat() if found.state == DeliveryState.WAITING else None,
        "last_at": None if found.last_at is None else found.last_at.isoformat(),
        "status": found.last_status,
        "answer": found.last_answer,
    }
