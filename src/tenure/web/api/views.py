"""Saved views for programs: the ones the caller sees, and making, changing and removing them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Router, Schema, Status

from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.models import SavedView
from tenure.apps.workspaces.services import views
from tenure.web import saved_views
from tenure.web.api.caller import allowed

router = Router(tags=["Saved views"])


class NewView(Schema):
    """A name for what a page shows; `query` is the query of its address. What a key saves is for everybody."""

    name: str
    page: str
    query: str = ""
    shared: str = "private"
    pinned: bool = False
    cockpit: bool = False


class Changes(Schema):
    """What is to change; what is not named stays."""

    name: str | None = None
    query: str | None = None
    shared: str | None = None
    pinned: bool | None = None
    cockpit: bool | None = None


@router.get(
    "/views",
    summary=_("The saved views"),
    description=_("The caller's own, their team's and everybody's."),
    response=dict,
    url_name="views",
)
def listed(request: HttpRequest) -> dict[str, Any]:
    caller = allowed(request, "ask")
    return {"views": [_told(view) for view in selectors.views_visible_to(caller)]}


@router.post(
    "/views",
    summary=_("Save a view"),
    description=_("Keeps the query of a page's address under a name."),
    response={201: dict},
    url_name="views",
)
def save(request: HttpRequest, body: NewView) -> Status[dict[str, Any]]:
    by = allowed(request, "own_account")
    made = views.save(
        body.name, body.page, body.query, by=by, shared=body.shared, pinned=body.pinned, cockpit=body.cockpit
    )
    return Status(201, _told(made))


@router.patch(
    "/views/{view_id}",
    summary=_("Change a saved view"),
    description=_("Its owner and those who manage members may."),
    response=dict,
    url_name="view",
)
def change(request: HttpRequest, view_id: int, body: Changes) -> dict[str, Any]:
    by = allowed(request, "own_account")
    given = {name: value for name, value in body.dict(exclude_unset=True).items() if value is not None}
    return _told(views.change(selectors.view_for(by, view_id), given, by=by))


@router.delete(
    "/views/{view_id}",
    summary=_("Remove a saved view"),
    description=_("Its owner and those who manage members may."),
    response={204: None},
    url_name="view",
)
def remove(request: HttpRequest, view_id: int) -> Status[None]:
    by = allowed(request, "own_account")
    views.remove(selectors.view_for(by, view_id), by=by)
    return Status(204, None)


def _told(view: SavedView) -> dict[str, Any]:
    return {
        "id": view.pk,
        "name": view.name,
        "page": view.page,
        "query": view.query,
        "address": saved_views.address(view),
        "shared": view.shared,
        "pinned": view.pinned,
        "cockpit": view.cockpit,
        "owner": None if view.owner is None else view.owner.email,
    }
