"""Pages of accounts."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tenure.web import asking
from tenure.web.crm import accounts
from tenure.web.export import table_file
from tenure.web.listing import tabs
from tenure.web.pages import is_fragment, page, requires


@require_GET
@requires("ask")
def account_list(request: HttpRequest) -> HttpResponse:
    """Every account the member sees, with what it pays and when it has to be renewed."""
    found = accounts.opened(asking.workspace(request.user))
    listing = accounts.listing(found)
    moved = listing.moved(request)
    if moved is not None:
        return moved
    state = listing.state(request, found.today)
    shown = listing.shown(found.rows, state, tabs=tabs(listing, found.rows, state, accounts.views(), found.today))
    return page(request, "crm/accounts.html", heading=_("Accounts"), listing=shown)


@require_GET
@requires("ask")
def accounts_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The list as a file: the filters, columns and order of the screen."""
    found = accounts.opened(asking.workspace(request.user))
    listing = accounts.listing(found)
    return table_file(form, "accounts", *listing.file(found.rows, listing.state(request, found.today)))


@require_GET
@requires("ask")
def account_summary(request: HttpRequest) -> HttpResponse:
    """What is known of one account, in short: in the drawer of the list, or as a page of its own."""
    known = accounts.summary(asking.workspace(request.user), request.GET.get("account", ""))
    template = "crm/_summary.html" if is_fragment(request) else "crm/summary.html"
    return page(request, template, heading=known["title"], **known)
