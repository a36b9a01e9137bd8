"""Saved views: what a page showed, kept under a name, for oneself, one's team or everybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.utils.translation import gettext as _

from tenure.apps.workspaces.models import ApiKey, Member, SavedView, Shared
from tenure.apps.workspaces.permissions import NotAllowed, may
from tenure.apps.workspaces.services.writing import Actor, writing
from tenure.core.errors import TenureError

FIGURES = (
    *("funnels", "trends", "retention", "features", "lifecycle"),
    *("sleepers", "stickiness", "seats", "paths"),
    *("channels", "cac", "attribution"),
)
"""The pages whose view has a figure that may be put on the cockpit."""
PAGES = (
    *("accounts", "contracts", "subscriptions", "contacts", "deals", "tenders", "demands", "activities"),
    *("leads", "spend", "touches", "prospects"),
    *("movements", "metrics", "cohorts", "renewals", "health"),
    "events",
    *FIGURES,
    "people",
)
"""The pages whose address says everything they show."""
KIND = "views"
LONGEST_QUERY = 4_000
LONGEST_NAME = 100
_PLACES = ("after", "before", "view")
"""Words of an address that are not part of what is saved."""


def save(
    name: str,
    page: str,
    query: str,
    *,
    by: Actor,
    shared: str = Shared.PRIVATE,
    pinned: bool = False,
    cockpit: bool = False,
) -> SavedView:
    """Keep what a page shows under a name; what a program or command saves is for everybody.

    Raises: TenureError for a page, name or sharing that there is not, or a name that is taken.
    """
    owner = by if isinstance(by, Member) else None
    if owner is None:
        shared = Shared.ALL
    with writing(by) as write:
        view = SavedView(owner=owner)
        given = {"name": name, "page": page, "query": query, "shared": shared, "pinned": pinned, "cockpit": cockpit}
        told = _take(view, given)
        view.save()
        write.audit("added", KIND, str(view.pk), after=told)
    return view


def change(view: SavedView, changes: Mapping[str, Any], *, by: Actor) -> SavedView:
    """Give a saved view another name, query, sharing, or pin it; equal values change nothing.

    Raises: NotAllowed for somebody whose view it is not; TenureError as `save`.
    """
    with writing(by) as write:
        view = _theirs(view, by)
        before = {name: getattr(view, name) for name in changes}
        after = _take(view, changes)
        if after == before:
            return view
        view.save(update_fields=list(after))
        write.audit("edited", KIND, str(view.pk), before=before, after=after)
    return view


def remove(view: SavedView, *, by: Actor) -> None:
    """Take a saved view away.

    Raises: NotAllowed for somebody whose view it is not.
    """
    with writing(by) as write:
        view = _theirs(view, by)
        before = {name: getattr(view, name) for name in ("name", "page", "query", "shared", "pinned", "cockpit")}
        write.audit("removed", KIND, str(view.pk), before=before)
        view.delete()


def may_change(who: Actor, view: SavedView) -> bool:
    """Whether somebody may change a view: its owner, who manages members, and commands."""
    if isinstance(who, (Member, ApiKey)):
        own = isinstance(who, Member) and view.owner_id == who.pk
        return own or (view.shared != Shared.PRIVATE and may(who, "manage_members"))
    return True


def _theirs(view: SavedView, by: Actor) -> SavedView:
    """The view as it is now, to be changed inside a write."""
    found = SavedView.objects.select_for_update().filter(pk=view.pk).first()
    if found is None:
        raise TenureError(
            "view.unknown",
            _("There is no such saved view."),
            fix=_("Choose one from the list of saved views."),
            value=str(view.pk),
        )
    if not may_change(by, found):
        raise NotAllowed(
            "permission.not_yours",
            _("This saved view is somebody else's."),
            fix=_("Save what you see under a name of your own, or ask its owner or an administrator."),
            value=found.name,
        )
    return found


def _take(view: SavedView, given: Mapping[str, Any]) -> dict[str, Any]:
    """Put values into a view, each checked; what was put."""
    readers = {"name": _name, "page": _page, "query": _query, "shared": _shared, "pinned": bool, "cockpit": bool}
    taken = {name: readers[name](value) for name, value in given.items()}
    for name, value in taken.items():
        setattr(view, name, value)
    if view.cockpit and view.page not in FIGURES:
        raise TenureError(
            "view.no_figure",
            _("A view of this page has no figure for the cockpit."),
            fix=_("Put a view of one of these pages on it: %(allowed)s.") % {"allowed": ", ".join(FIGURES)},
            field="cockpit",
            value=view.page,
            allowed=list(FIGURES),
        )
    if view.owner_id is None and view.shared != Shared.ALL:
        raise _refused("shared", view.shared, [Shared.ALL])
    others = SavedView.objects.filter(owner_id=view.owner_id, page=view.page, name=view.name).exclude(pk=view.pk)
    if others.exists():
        raise TenureError(
            "view.exists",
            _("There is already a saved view “%(value)s” of this page.") % {"value": view.name},
            fix=_("Take another name, or update that one."),
            field="name",
            value=view.name,
        )
    return taken


def _name(value: Any) -> str:
    name = " ".join(str(value).split())
    if not name or len(name) > LONGEST_NAME or "\x00" in name:
        raise TenureError(
            "view.bad_name",
            _("A saved view needs a name of at most %(most)s characters.") % {"most": LONGEST_NAME},
            fix=_("Give it a name that says what it shows."),
            field="name",
            value=name[:LONGEST_NAME],
        )
    return name


def _page(value: Any) -> str:
    if value not in PAGES:
        raise _refused("page", value, PAGES)
    return str(value)


def _shared(value: Any) -> str:
    if value not in Shared.values:
        raise _refused("shared", value, Shared.values)
    return str(value)


def kept(query: str) -> str:
    """The part of an address's query that is saved: all of it but the place in a list, and the view it came from."""
    return urlencode([(name, word) for name, word in parse_qsl(query) if name not in _PLACES])


def _query(value: Any) -> str:
    text = str(value).lstrip("?")
    if len(text) > LONGEST_QUERY or "\x00" in text:
        raise TenureError(
            "view.bad_query",
            _("The address to be saved is longer than %(most)s characters.") % {"most": LONGEST_QUERY},
            fix=_("Leave some filters out."),
            field="query",
        )
    return kept(text)


def _refused(field: str, value: Any, allowed: Any) -> TenureError:
    return TenureError(
        "view.bad_value",
        _("%(field)s cannot be %(value)s.") % {"field": field, "value": repr(value)[:100]},
        fix=_("Use one of: %(allowed)s.") % {"allowed": ", ".join(allowed)},
        field=field,
        value=str(value)[:100],
        allowed=list(allowed),
    )
