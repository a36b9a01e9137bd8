"""What is written of events, for programs; how often they come is the question `event_catalogue`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Router, Schema

from tenure.apps.behaviour import selectors, services
from tenure.web.api.caller import allowed

router = Router(tags=["Events"])


class Entry(Schema):
    """What is to be written of an event; what is left out stays, an empty text takes back."""

    feature: str | None = None
    owner: str | None = None
    description: str | None = None
    hidden: bool | None = None


def _entry(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("event", "feature", "owner", "description", "hidden")}


@router.get(
    "/event-entries",
    summary=_("What is written of events"),
    description=_("Feature, owner, description and mark of each; how often they come is the question event_catalogue."),
    url_name="event_entries",
)
def entries(request: HttpRequest) -> list[dict[str, Any]]:
    allowed(request, "describe_events")
    return [_entry(row) for row in selectors.entries()]


@router.patch(
    "/event-entries/{path:event}",
    summary=_("Write of an event"),
    description=_("Only the fields that are given change; the former version stays known."),
    url_name="event_entry",
)
def describe(request: HttpRequest, event: str, body: Entry) -> dict[str, Any]:
    by = allowed(request, "describe_events")
    return _entry(services.describe(event, body.dict(exclude_unset=True), by=by))
