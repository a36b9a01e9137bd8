"""How a page is made: its frame, who may see it, and what is shown when it cannot be. Every view goes through here."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenure.apps.connectors.simulation import sample
from tenure.apps.workspaces.models import Role, Scope
from tenure.apps.workspaces.permissions import may, require, sees_everything
from tenure.core.errors import TenureError
from tenure.web import asking, errors, saved_views, waiting
from tenure.web.looks import looks

NAVIGATION_COOKIE = "tenure_navigation"
FOLDED = "folded"
STYLESHEETS = (
    *("tokens", "base", "frame", "nav", "button", "range", "delta", "tile", "strip", "table", "card", "drawer"),
    *("listing", "slices"),
    *("palette", "shortcuts", "options", "parts"),
    *("proof", "state", "toast", "door", "field", "choices", "meter", "heat", "multiple", "upkeep", "limit"),
    *("asked", "happened", "stepper", "progress", "imports", "record", "todo", "account", "cockpit", "info", "models"),
    *("rules", "leads", "deal", "board", "print"),
)

UNDO = "undo "
"""What the tags of a message begin with whose undoing is at the address that follows."""

View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Item:
    """A place in the navigation; it exists only once its page does, and is shown to those who may see it."""

    label: Any
    route: str
    icon: str = ""
    items: tuple[Item, ...] = ()
    permission: str = "own_account"


@dataclass(frozen=True, slots=True)
class Action:
    """What one can do on a page: a link in its head, found in the command palette too. At most one is primary."""

    label: Any
    href: str
    icon: str = ""
    primary: bool = False


NAVIGATION = (
    Item(gettext_lazy("Cockpit"), "home", "cockpit"),
    Item(
        gettext_lazy("Acquire"),
        "channels",
        "acquire",
        (
            Item(gettext_lazy("Channels"), "channels"),
            Item(gettext_lazy("CAC and payback"), "cac"),
            Item(gettext_lazy("Leads to answer"), "lead_board", permission="work_leads"),
            Item(gettext_lazy("All leads"), "leads"),
            Item(gettext_lazy("Lead forms"), "lead_forms", permission="lead_settings"),
            Item(gettext_lazy("Scores and hours"), "lead_policy", permission="lead_settings"),
            Item(gettext_lazy("Attribution"), "attribution"),
            Item(gettext_lazy("Spend"), "spend"),
            Item(gettext_lazy("Touches of accounts"), "touches"),
            Item(gettext_lazy("Prospects"), "prospects", permission="call_prospects"),
        ),
    ),
    Item(
        gettext_lazy("Convert"),
        "funnels",
        "convert",
        (
            Item(gettext_lazy("Funnels"), "funnels"),
            Item(gettext_lazy("Board of deals"), "board"),
            Item(gettext_lazy("Deals"), "deals"),
            Item(gettext_lazy("Tenders"), "tenders"),
            Item(gettext_lazy("Demands"), "demands"),
        ),
    ),
    Item(
        gettext_lazy("Activate"),
        "trends",
        "activate",
        (
            Item(gettext_lazy("Trends"), "trends"),
            Item(gettext_lazy("Retention"), "retention"),
            Item(gettext_lazy("Features"), "features"),
            Item(gettext_lazy("Lifecycle"), "lifecycle"),
            Item(gettext_lazy("Asleep and due"), "sleepers"),
            Item(gettext_lazy("Stickiness"), "stickiness"),
            Item(gettext_lazy("Users and seats"), "seats"),
            Item(gettext_lazy("Paths"), "paths"),
            Item(gettext_lazy("Events"), "events"),
            Item(gettext_lazy("Live view"), "live", permission="describe_events"),
            Item(gettext_lazy("Refused events"), "refused", permission="describe_events"),
        ),
    ),
    Item(
        gettext_lazy("Retain"),
        "movements",
        "retain",
        (
            Item(gettext_lazy("Movements"), "movements"),
            Item(gettext_lazy("Metrics"), "metrics"),
            Item(gettext_lazy("Cohorts"), "cohorts"),
            Item(gettext_lazy("Renewals"), "renewals"),
            Item(gettext_lazy("Definitions"), "definitions"),
            Item(gettext_lazy("Month close"), "closing"),
            Item(gettext_lazy("Reconcile"), "reconcile"),
            Item(gettext_lazy("Data health"), "health"),
        ),
    ),
    Item(
        gettext_lazy("Accounts"),
        "accounts",
        "customers",
        (
            Item(gettext_lazy("All accounts"), "accounts"),
            Item(gettext_lazy("My day"), "day"),
            Item(gettext_lazy("Contacts"), "contacts"),
            Item(gettext_lazy("Duplicates"), "duplicates", permission="edit_records"),
            Item(gettext_lazy("Activities"), "activities"),
            Item(gettext_lazy("Contracts"), "contracts"),
            Item(gettext_lazy("Subscriptions"), "subscriptions"),
            Item(gettext_lazy("Products"), "products"),
            Item(gettext_lazy("Plans"), "plans"),
            Item(gettext_lazy("Discounts"), "discounts"),
        ),
    ),
)
"""The sections, in the order of the loop; at most nine."""

FOOT = (
    Item(gettext_lazy("Imports"), "imports", "upload", permission="import"),
    Item(
        gettext_lazy("Settings"),
        "account",
        "settings",
        (
            Item(gettext_lazy("My account"), "account"),
            Item(gettext_lazy("Appearance"), "appearance"),
            Item(gettext_lazy("Parts"), "parts"),
            Item(gettext_lazy("Members"), "members", permission="manage_members"),
            Item(gettext_lazy("Teams"), "teams", permission="manage_members"),
            Item(gettext_lazy("Custom fields"), "fields", permission="define_fields"),
            Item(gettext_lazy("API keys"), "keys", permission="manage_keys"),
            Item(gettext_lazy("Webhooks"), "webhooks", permission="manage_webhooks"),
            Item(gettext_lazy("Audit trail"), "audit", permission="read_audit"),
            Item(gettext_lazy("What is kept how long"), "keeping", permission="read_audit"),
            Item(gettext_lazy("Export of everything"), "everything", permission="export_all"),
        ),
    ),
)
"""What stands below the sections."""

OF_CLUSTER = {"engine.cancelled", "engine.cluster_failed", "engine.cluster_lost"}
"""Refusals of answers that may be asked for again."""

LETTERS = {
    "home": "c",
    "reconcile": "b",
    "movements": "m",
    "metrics": "t",
    "cohorts": "o",
    "renewals": "r",
    "definitions": "d",
    "health": "h",
    "accounts": "a",
    "day": "g",
    "account": "s",
    "members": "p",
    "closing": "l",
    "contacts": "n",
    "contracts": "k",
    "subscriptions": "u",
    "events": "e",
    "imports": "i",
    "audit": "x",
    "funnels": "f",
    "trends": "w",
    "paths": "j",
    "retention": "v",
    "features": "y",
    "lifecycle": "q",
    "sleepers": "z",
}
"""Route -> the letter that goes to its page after a `g`."""

SHORTCUTS = (
    (gettext_lazy("Search or do"), ("Ctrl K",)),
    (gettext_lazy("Search on this page"), ("/",)),
    (gettext_lazy("Create"), ("c",)),
    (gettext_lazy("Next row, row before"), ("j", "k")),
    (gettext_lazy("Open the row"), ("↵",)),
    (gettext_lazy("Edit"), ("e",)),
    (gettext_lazy("Period before, next period"), ("[", "]")),
    (gettext_lazy("Close what was opened last"), ("Esc",)),
    (gettext_lazy("This list"), ("?",)),
)
"""What the keys do, as the list of them says it; frontend/src/keys.js does it."""


def is_fragment(request: HttpRequest) -> bool:
    """Whether the request asks for a part of a page (htmx) rather than a page, which a form may put in its place."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def page(
    request: HttpRequest,
    template: str,
    *,
    status: int = 200,
    crumbs: Sequence[tuple[Any, str]] = (),
    **context: Any,
) -> HttpResponse:
    """The response of a page or fragment in its frame; never kept by a cache in between.

    `crumbs` are the names and addresses between the place in the navigation and the page itself.
    """
    response = render(request, template, {**context, "frame": _frame(request, crumbs)}, status=status)
    if is_fragment(request) and (said := _toasts(request)):
        response.write(render_to_string("components/toasts.html", {"toasts": said, "beside": True}, request))
    patch_cache_control(response, private=True, no_cache=True)
    response["Vary"] = "HX-Request, Cookie, Accept-Language"
    return response


def undoable(request: HttpRequest, text: str, address: str) -> None:
    """Say on the next page what was done, with a button that takes it back: a form posted to the address."""
    messages.success(request, text, extra_tags=f"{UNDO}{address}")


def requires(permission: str) -> Callable[[View], View]:
    """Let a view be seen by signed-in members whose role has the permission; refusals become pages."""

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _to_login(request)
            try:
                require(request.user, permission)
                return view(request, *arguments, **named)
            except asking.Computing as under_way:
                return computed(request, under_way)
            except TenureError as problem:
                return refusal(request, problem)

        return guarded

    return wrap


def refusal(request: HttpRequest, problem: TenureError) -> HttpResponse:
    """The one page (or, in a drawer, the one fragment) for everything Tenure refuses."""
    said = errors.translated(problem)
    template = "components/refusal.html" if is_fragment(request) else "refusal.html"
    last = problem.where.get("last")
    retry = waiting.ways(request, last) if problem.code in OF_CLUSTER else None
    status = errors.status(problem)
    return page(request, template, status=status, said=said, retry=retry, heading=_("This could not be shown"))


def computed(request: HttpRequest, at: asking.Computing) -> HttpResponse:
    """The page, or the part of one, in the place of what the cluster computes; it looks again every second."""
    whole = not is_fragment(request)
    panel = waiting.panel(at, waiting.address_of(request), whole=whole)
    template = "computing.html" if whole else "components/progress.html"
    return page(request, template, status=202, progress=panel, heading=panel["title"])


def next_address(request: HttpRequest) -> str:
    """Where a form wants to go back to, if that is on this server; else the first page."""
    wanted = request.POST.get("next", "")
    here = {request.get_host()}
    return wanted if url_has_allowed_host_and_scheme(wanted, here, request.is_secure()) else reverse("home")


def _to_login(request: HttpRequest) -> HttpResponse:
    address = f"{settings.LOGIN_URL}?{urlencode({'next': request.get_full_path()})}"
    if not is_fragment(request):
        return HttpResponseRedirect(address)
    response = HttpResponse(status=401)
    response["HX-Redirect"] = settings.LOGIN_URL
    return response


def _frame(request: HttpRequest, crumbs: Sequence[tuple[Any, str]]) -> dict[str, Any]:
    """What the frame of every page shows: places, person, language, theme."""
    member = request.user if request.user.is_authenticated else None
    saved = saved_views.of(request)
    sections, foot = (_places(items, request) if member else [] for items in (NAVIGATION, FOOT))
    return {
        **looks(request),
        "stylesheets": [static(f"css/{name}.css") for name in STYLESHEETS],
        "toasts": [] if is_fragment(request) else _toasts(request),
        "here": request.get_full_path() if request.method == "GET" else reverse("home"),
        "navigation": sections,
        "pinned": saved.pinned,
        "views": saved,
        "foot": foot,
        "shortcuts": [{"label": label, "keys": keys} for label, keys in SHORTCUTS],
        "letters": _letters([*sections, *foot]),
        "not_kept": {"text": _("Not kept: the server did not answer."), "stays": True},
        "folded": request.COOKIES.get(NAVIGATION_COOKIE) == FOLDED,
        "crumbs": [
            *_way(request.path, [*sections, *foot]),
            *({"label": label, "href": href} for label, href in crumbs),
        ],
        "who": member.pk if member else "",
        "member": str(member or ""),
        "initial": str(member or "")[:1].upper(),
        "role": Role(member.role).label if member else "",
        "sample": member is not None and not is_fragment(request) and sample.is_present(),
        "may_import": member is not None and may(member, "import"),
        "limit": Scope(member.scope).label if member and not sees_everything(member) else "",
    }


def _toasts(request: HttpRequest) -> list[dict[str, Any]]:
    """What was done since the last page; each is said once."""
    return [
        {"text": said.message, "stays": said.level >= messages.WARNING, "undo": _undo(said.extra_tags)}
        for said in messages.get_messages(request)
    ]


def _undo(tags: str) -> str:
    return tags.removeprefix(UNDO) if tags.startswith(UNDO) else ""


def _places(items: Sequence[Item], request: HttpRequest) -> list[dict[str, Any]]:
    """The places that this member may see; of those the request is in, the one with the longest address is current."""
    places = [
        {
            "label": item.label,
            "href": reverse(item.route),
            "icon": item.icon,
            "letter": "" if item.items else LETTERS.get(item.route, ""),
            "items": _places(item.items, request),
        }
        for item in items
        if may(request.user, item.permission)
    ]
    inside = [place for place in places if not place["items"] and _is_in(request.path, place["href"])]
    here = max(inside, key=lambda place: len(place["href"]), default=None)
    for place in places:
        holds = any(inner["current"] for inner in place["items"])
        place["current"] = "true" if holds else "page" if place is here else ""
    return places


def _letters(places: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The places that a letter goes to, in their order."""
    everywhere = [inner for place in places for inner in (place["items"] or [place])]
    return [place for place in everywhere if place["letter"]]


def _is_in(path: str, href: str) -> bool:
    return path == href or (href != "/" and path.startswith(href))


def _way(path: str, places: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """From the first page to this one: the section, and its page where this one lies below it."""
    way = []
    for place in places:
        if place["current"] and (place["items"] or place["href"] != path):
            way.append(place)
        way += _way(path, place["items"])
    return way
