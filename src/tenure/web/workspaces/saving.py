"""Saving what a page shows, and the page on which saved views are renamed, shared, pinned and removed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.models import SavedView, Shared
from tenure.apps.workspaces.services import views
from tenure.web import saved_views
from tenure.web.pages import next_address, page, requires

NAMES = {
    "contracts": gettext_lazy("Contracts"),
    "subscriptions": gettext_lazy("Subscriptions"),
    "contacts": gettext_lazy("Contacts"),
    "accounts": gettext_lazy("Accounts"),
    "deals": gettext_lazy("Deals"),
    "tenders": gettext_lazy("Tenders"),
    "demands": gettext_lazy("Demands"),
    "activities": gettext_lazy("Activities"),
    "spend": gettext_lazy("Spend"),
    "touches": gettext_lazy("Touches of accounts"),
    "leads": gettext_lazy("Leads"),
    "movements": gettext_lazy("Movements"),
    "metrics": gettext_lazy("Metrics"),
    "cohorts": gettext_lazy("Cohorts"),
    "renewals": gettext_lazy("Renewals"),
    "health": gettext_lazy("Data health"),
    "events": gettext_lazy("Events"),
    "funnels": gettext_lazy("Funnels"),
    "trends": gettext_lazy("Trends"),
    "paths": gettext_lazy("Paths"),
    "channels": gettext_lazy("Channels"),
    "cac": gettext_lazy("CAC and payback"),
    "attribution": gettext_lazy("Attribution"),
    "people": gettext_lazy("Who is behind a figure"),
}
"""What the pages are called."""


@require_GET
@requires("own_account")
def view_list(request: HttpRequest) -> HttpResponse:
    """The saved views the member sees."""
    found = selectors.views_visible_to(request.user).order_by("page", "name", "pk")
    rows = [
        {
            "name": view.name,
            "href": saved_views.address(view),
            "page": NAMES[view.page],
            "owner": view.owner or _("a program"),
            "shared": view.get_shared_display(),
            "pinned": view.pinned,
            "edit": reverse("saved_view", args=[view.pk]) if views.may_change(request.user, view) else "",
        }
        for view in found
    ]
    return page(request, "workspaces/views.html", heading=_("Saved views"), rows=rows)


@require_POST
@requires("own_account")
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep what a page shows under a name."""
    given = request.POST
    made = views.save(
        given.get("name", ""), given.get("page", ""), given.get("query", ""), by=request.user, **_sharing(given)
    )
    messages.success(request, _("Saved as “%(name)s”.") % {"name": made.name})
    return HttpResponseRedirect(saved_views.address(made))


@requires("own_account")
def saved_view(request: HttpRequest, view_id: int) -> HttpResponse:
    """One saved view: its name, who sees it, whether it is pinned; or, from its page, what it shows."""
    view = selectors.view_for(request.user, view_id)
    if request.method == "POST":
        given = request.POST
        changes: dict[str, Any] = {"query": given["query"]} if "query" in given else {}
        if "name" in given:
            changes |= {"name": given["name"], **_sharing(given)}
        if "on_cockpit" in given:
            changes |= {"cockpit": given["on_cockpit"] == "yes"}
        view = views.change(view, changes, by=request.user)
        messages.success(request, _("“%(name)s” is saved.") % {"name": view.name})
        return HttpResponseRedirect(next_address(request) if "next" in given else saved_views.address(view))
    return page(
        request,
        "workspaces/view.html",
        heading=view.name,
        crumbs=[(_("Saved views"), reverse("saved_views"))],
        view=view,
        href=saved_views.address(view),
        place=NAMES[view.page],
        sharings=Shared.choices,
        has_figure=view.page in views.FIGURES,
        may_change=views.may_change(request.user, view),
    )


@require_POST
@requires("own_account")
def remove_view(request: HttpRequest, view_id: int) -> HttpResponse:
    """Take a saved view away."""
    view: SavedView = selectors.view_for(request.user, view_id)
    views.remove(view, by=request.user)
    messages.success(request, _("“%(name)s” is removed.") % {"name": view.name})
    return HttpResponseRedirect(reverse("saved_views"))


def _sharing(given: Any) -> dict[str, Any]:
    flags = {name: given.get(name) == "yes" for name in ("pinned", "cockpit")}
    return {"shared": given.get("shared") or Shared.PRIVATE, **flags}
