"""Pages of accounts."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tenure.apps.crm import selectors, services
from tenure.apps.workspaces.permissions import may, require
from tenure.web import asking
from tenure.web.crm import accounts, bulk
from tenure.web.export import table_file
from tenure.web.listing import chosen, tabs
from tenure.web.pages import Action, is_fragment, next_address, page, requires, undoable


@require_GET
@requires("ask")
def account_list(request: HttpRequest) -> HttpResponse:
    """Every account the member sees, with what it pays and when it has to be renewed."""
    found = accounts.opened(asking.workspace(request.user))
    listing = accounts.listing(found, bulk.actions(may_edit=may(request.user, "edit_records")))
    moved = listing.moved(request)
    if moved is not None:
        return moved
    state = listing.state(request, found.today)
    shown = listing.shown(found.rows, state, tabs=tabs(listing, found.rows, state, accounts.views(), found.today))
    new = Action(_("New account"), reverse("record_new", args=["accounts"]), primary=True)
    actions = [new] if may(request.user, "edit_records") else []
    return page(request, "crm/accounts.html", heading=_("Accounts"), listing=shown, actions=actions)


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


@require_POST
@requires("ask")
def accounts_bulk(request: HttpRequest) -> HttpResponseBase:
    """What is done with the chosen accounts: their file, or one value for all, which is shown before it is written."""
    found = accounts.opened(asking.workspace(request.user))
    listing = accounts.listing(found)
    picked = chosen(request, listing, found.rows, found.today)
    action = request.POST.get("action", "")
    if action in bulk.EXPORTS:
        rows = found.rows.named(picked.keys)
        return table_file(action.removeprefix("export_"), "accounts", *listing.table(rows, picked.state))
    column = bulk.column_of(action)
    require(request.user, "edit_records")
    without = bulk.without_record(picked, selectors.recorded_accounts(request.user))
    value = request.POST.get("value")
    if value is None or request.POST.get("confirmed") != "yes":
        value = None if value is None else value.strip()[: bulk.LONGEST]
        return page(request, "crm/bulk.html", **bulk.preview(found, picked, action, value, without))
    batch = services.edit_accounts(picked.keys, {column: value.strip()[: bulk.LONGEST] or None}, by=request.user)
    said = bulk.done(batch.changed, batch.unchanged)
    if batch.key:
        undoable(request, said, reverse("accounts_bulk_undo", args=[batch.key]))
    else:
        messages.info(request, said)
    return HttpResponseRedirect(f"{reverse('accounts')}?{picked.query}")


@require_POST
@requires("edit_records")
def accounts_bulk_undo(request: HttpRequest, batch: str) -> HttpResponse:
    """Take a change of many accounts back."""
    done = services.undo_edit_accounts(batch, by=request.user)
    messages.success(request, bulk.taken_back(done.restored, done.kept))
    return HttpResponseRedirect(next_address(request) if request.POST.get("next") else reverse("accounts"))
