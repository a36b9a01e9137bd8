"""The command palette: one answer to what somebody types, of all they may go to, open and do.

The browser sends addresses it remembers (`recent`) and names it shows (`on`), never more: what an address is called and
whether this member may see it is said here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve, reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from tenure.apps.crm import selectors as crm
from tenure.apps.subscriptions import selectors as subscriptions
from tenure.apps.workspaces import selectors as workspaces
from tenure.apps.workspaces.permissions import may
from tenure.core import search
from tenure.web import saved_views
from tenure.web.pages import FOOT, LETTERS, NAVIGATION, Item, is_fragment, page, requires
from tenure.web.records import said
from tenure.web.records.kinds import KINDS
from tenure.web.records.words import KINDS as KIND_WORDS

MOST_TYPED = 200
MOST_SENT = 40
"""Addresses and names that one request may bring along."""


@dataclass(frozen=True, slots=True)
class Doing:
    """Something that can be done from anywhere: a page to go to, or a form of one button to send."""

    label: Any
    icon: str
    route: str
    permission: str = "own_account"
    arguments: tuple[str, ...] = ()
    sends: tuple[str, str] | None = None
    """name and value of the button of the form"""
    creates: bool = False


DOINGS: tuple[Doing, ...] = (
    *(
        Doing(KIND_WORDS[kind].new, "plus", "record_new", "edit_records", (kind,), creates=True)
        for kind in (
            "accounts",
            "contacts",
            "leads",
            "deals",
            "activities",
            "tenders",
            "demands",
            "contracts",
            "subscriptions",
            "discounts",
            "products",
            "plans",
        )
    ),
    Doing(gettext_lazy("Import a file"), "upload", "import_new", "import", creates=True),
    Doing(gettext_lazy("Close a month"), "check", "closing", "close_month"),
    Doing(gettext_lazy("Invite somebody"), "person", "members", "manage_members", creates=True),
    Doing(gettext_lazy("Speak English"), "language", "language", sends=("language", "en")),
    Doing(gettext_lazy("Speak Chinese"), "language", "language", sends=("language", "zh-hans")),
    Doing(gettext_lazy("Light colours"), "light", "theme", sends=("theme", "light")),
    Doing(gettext_lazy("Dark colours"), "dark", "theme", sends=("theme", "dark")),
    Doing(gettext_lazy("Colours as the system has them"), "system", "theme", sends=("theme", "system")),
    Doing(gettext_lazy("Sign out"), "out", "logout", sends=("out", "yes")),
)

Hit = dict[str, Any]


@require_GET
@requires("own_account")
def palette(request: HttpRequest) -> HttpResponse:
    """What a query finds: a fragment for the palette, or a page of its own without script."""
    typed = request.GET.get("q", "")[:MOST_TYPED]
    creates = request.GET.get("only") == "create"
    groups = [group for group in _groups(request, typed.strip(), creates) if group["hits"]]
    template = "components/palette_hits.html" if is_fragment(request) else "palette.html"
    return page(request, template, heading=_("Search"), typed=typed, groups=_numbered(groups))


def _groups(request: HttpRequest, typed: str, creates: bool) -> Iterator[dict[str, Any]]:
    member: Any = request.user
    doings = [doing for doing in DOINGS if may(member, doing.permission) and (doing.creates or not creates)]
    if not creates:
        places = [place for place in _all_places() if may(member, place.permission)]
        if not typed:
            yield _group(_("Recent"), _recent(request, places), 6)
            yield _group(_("On this page"), _on_page(request, typed), 6)
            yield _group(_("Go to"), [_place(place) for place in places], 30)
        else:
            yield _group(_("On this page"), _on_page(request, typed), 4)
            yield _group(_("Go to"), [_place(place) for place in _matching(typed, places, _place_index())], 5)
            yield _group(_("Accounts"), [_account(account) for account in crm.found_accounts(member, typed, 6)], 6)
            if may(member, "edit_records"):  # who writes no records does not read who people are
                yield _group(_("Contacts"), _contacts(member, typed), 4)
            yield _group(_("Saved views"), _views(member, typed), 4)
            contracts = subscriptions.found_contracts(member, typed, 4)
            yield _group(_("Contracts"), [_contract(contract) for contract in contracts], 4)
    chosen = _matching(typed, doings, _doing_index()) if typed else doings
    yield _group(_("Create") if creates else _("Do"), [_doing(doing) for doing in chosen], 24 if creates else 12)


def _group(label: str, hits: Sequence[Hit], most: int) -> dict[str, Any]:
    return {"label": label, "hits": list(hits)[:most]}


def _numbered(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    hits = [hit for group in groups for hit in group["hits"]]
    for number, hit in enumerate(hits):
        hit["id"] = f"palette-hit-{number}"
    return groups


# ---------------------------------------------------------------------- pages and doings, found in every language


@cache
def _all_places() -> tuple[Item, ...]:
    """Every page of the navigation; a section that has pages is found by its name as the first of them."""
    return tuple(place for item in (*NAVIGATION, *FOOT) for place in (item.items or (item,)))


@cache
def _place_index() -> search.Index:
    sections = {place: item for item in (*NAVIGATION, *FOOT) for place in item.items}
    return search.Index(_in_every_language(p.label, sections[p].label if p in sections else "") for p in _all_places())


@cache
def _doing_index() -> search.Index:
    return search.Index(_in_every_language(doing.label) for doing in DOINGS)


def _in_every_language(*labels: Any) -> list[str]:
    texts = []
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            texts += [str(label) for label in labels]
    return texts


def _matching(typed: str, allowed: Sequence[Any], index: search.Index) -> list[Any]:
    everything: Sequence[Any] = _all_places() if index is _place_index() else DOINGS
    return [everything[place] for place in index.search(typed) if everything[place] in allowed]


# ---------------------------------------------------------------------- what a hit shows


def _place(place: Item) -> Hit:
    return {"label": place.label, "icon": "page", "href": reverse(place.route), "letter": LETTERS.get(place.route)}


def _doing(doing: Doing) -> Hit:
    address = reverse(doing.route, args=doing.arguments)
    if doing.sends is None:
        return {"label": doing.label, "icon": doing.icon, "href": address}
    name, value = doing.sends
    return {"label": doing.label, "icon": doing.icon, "address": address, "name": name, "value": value}


def _account(account: Any) -> Hit:
    facts = [account.account_id if account.name else None, account.tier, account.owner]
    return {
        "label": account.name or account.account_id,
        "note": " · ".join(fact for fact in facts if fact),
        "icon": "customers",
        "href": reverse("account_record", args=[account.account_id]),
    }


def _contacts(member: Any, typed: str) -> list[Hit]:
    contacts = crm.found_contacts(member, typed, 4)
    names = crm.names(member, [contact.account_id for contact in contacts if contact.account_id])
    return [_contact(contact, names.get(contact.account_id, contact.account_id)) for contact in contacts]


def _contact(contact: Any, account: str | None) -> Hit:
    return {
        "label": contact.name or contact.email or contact.contact_id,
        "note": " · ".join(fact for fact in (account, contact.title, contact.email) if fact),
        "icon": "person",
        "href": said.address(KINDS["contacts"], contact),
    }


def _views(member: Any, typed: str) -> list[Hit]:
    seen = list(workspaces.views_visible_to(member)[: saved_views.MOST])
    found = search.Index([view.name] for view in seen).search(typed)
    return [{"label": seen[n].name, "icon": "pin", "href": saved_views.address(seen[n])} for n in found]


def _contract(contract: Any) -> Hit:
    return {
        "label": contract.contract_id,
        "note": contract.account_id,
        "icon": "retain",
        "href": said.address(KINDS["contracts"], contract),
    }


# ---------------------------------------------------------------------- what the browser sends


def _recent(request: HttpRequest, places: Sequence[Item]) -> list[Hit]:
    """What this browser opened last, as far as it is still there and this member may see it."""
    addresses = request.GET.getlist("recent")[:MOST_SENT]
    by_address = {reverse(place.route): place for place in places}
    accounts = {address: account for address in addresses if (account := _account_at(address))}
    names = crm.names(request.user, list(accounts.values())) if accounts else {}
    hits = []
    for address in dict.fromkeys(addresses):
        if address in by_address:
            hits.append(_place(by_address[address]))
        elif accounts.get(address) in names:
            hits.append({"label": names[accounts[address]], "icon": "customers", "href": address})
    return hits


def _account_at(address: str) -> str:
    """The account that an address of this server shows."""
    try:
        found = resolve(address.partition("?")[0])
    except Resolver404:
        return ""
    return str(found.kwargs["account_id"]) if found.url_name == "account_record" else ""


def _on_page(request: HttpRequest, typed: str) -> list[Hit]:
    """The actions of the page the palette was opened on, by their place on it."""
    names = [name[:MOST_TYPED] for name in request.GET.getlist("on")[:MOST_SENT]]
    found = search.Index([name] for name in names).search(typed) if typed else range(len(names))
    return [{"label": names[place], "icon": "go", "on": place} for place in found]
