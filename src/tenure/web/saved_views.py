"""The saved views a page has to show: pinned in the navigation, as tabs of its own page, and what saving one needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.models import SavedView, Shared
from tenure.apps.workspaces.services import views

MOST = 200
"""Saved views a page looks through."""
MOST_PINNED = 12


@dataclass(frozen=True, slots=True)
class Saved:
    """The saved views of one page, as the member who asks for it sees them."""

    pinned: Sequence[dict[str, Any]] = ()
    tabs: Sequence[dict[str, Any]] = ()
    page: str = ""
    """the page to save; empty where there is nothing to save"""
    query: str = ""
    current: SavedView | None = None
    """the view the address names"""
    is_changed: bool = False
    """whether the address shows something else than that view"""
    may_change: bool = False

    @property
    def has_figure(self) -> bool:
        """Whether a view of this page can be put on the cockpit."""
        return self.page in views.FIGURES

    @property
    def sharings(self) -> list[tuple[str, Any]]:
        return list(Shared.choices)


def of(request: HttpRequest) -> Saved:
    """What a page shows of saved views, by one question to the store; nothing for visitors and fragments."""
    is_part = request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"
    if not request.user.is_authenticated or is_part:
        return Saved()
    seen = list(selectors.views_visible_to(request.user)[:MOST])
    pinned = [{"label": view.name, "href": address(view)} for view in seen if view.pinned][:MOST_PINNED]
    match = request.resolver_match
    page = match.url_name if match is not None and match.url_name in views.PAGES else ""
    if not page or request.method != "GET":
        return Saved(pinned=pinned)
    named = request.GET.get("view", "")
    current = next((view for view in seen if str(view.pk) == named and view.page == page), None)
    tabs = [
        {"label": view.name, "href": address(view), "current": view == current} for view in seen if view.page == page
    ]
    query = views.kept(request.GET.urlencode())
    return Saved(
        pinned,
        tabs,
        page,
        query,
        current,
        current is not None and views.kept(current.query) != query,
        current is not None and views.may_change(request.user, current),
    )


def on_cockpit(member: Any) -> list[dict[str, Any]]:
    """The views whose figures stand on the cockpit, as a member sees them."""
    seen = selectors.views_visible_to(member).filter(cockpit=True).order_by("created_at", "pk")
    return [
        {
            "name": view.name,
            "href": address(view),
            "part": reverse("cockpit_view", args=[view.pk]),
            "edit": reverse("saved_view", args=[view.pk]) if views.may_change(member, view) else "",
        }
        for view in seen[:MOST_PINNED]
    ]


def address(view: SavedView) -> str:
    """Where a saved view is shown."""
    return f"{reverse(view.page)}?{view.query}{'&' if view.query else ''}view={view.pk}"
