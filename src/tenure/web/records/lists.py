"""The lists of contracts, subscriptions, contacts, products, plans and discounts, whole or of one account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_GET

from tenure.apps.crm import selectors as crm
from tenure.apps.subscriptions import selectors as sold
from tenure.apps.workspaces.permissions import Caller, may
from tenure.web import asking
from tenure.web import formatting as f
from tenure.web.export import table_file
from tenure.web.listing import Cell, Column, Empty, Listing, Row, StoreRows
from tenure.web.pages import page, requires
from tenure.web.records import own, said, words
from tenure.web.records.account import Account
from tenure.web.records.kinds import KINDS, Kind, hidden, kind_of, visible

SHOWN: Mapping[str, tuple[str, ...]] = {
    "contracts": ("contract_id", "account_name", "start", "end", "total", "currency", "plan", "notice_days"),
    "subscriptions": ("subscription_id", "account_name", "plan", "amount", "quantity", "currency", "start", "end"),
    "contacts": ("name", "account_name", "title", "roles", "email", "left"),
    "products": ("product", "name"),
    "plans": ("plan", "name", "product", "amount", "currency", "interval"),
    "discounts": ("subscription_id", "kind", "value", "duration", "start", "end"),
    "deals": ("name", "account_name", "pipeline", "stage", "owner", "amount", "mrr", "close_date", "next_step"),
    "committee_members": ("contact_id", "account_name", "deal_id", "roles", "decision_power", "influence", "stance"),
    "tenders": ("name", "account_name", "state", "submit_by", "opening_at", "our_price", "owner"),
    "tender_items": ("title", "account_name", "tender_id", "kind", "state", "due_at", "valid_until", "owner"),
    "demands": ("title", "kind", "delivery", "state", "product_area", "target_release", "owner"),
    "demand_links": ("demand_id", "account_name", "need", "quote", "promised_for", "custom_price"),
    "spend": ("day", "channel", "campaign", "keyword", "impressions", "clicks", "cost", "currency", "kind"),
    "touches": ("touch_id", "account_name", "ts", "channel", "campaign", "keyword", "kind", "role"),
    "leads": ("company_name", "person_name", "status", "grade", "channel", "respond_by", "owner", "created_at"),
    "activities": ("subject", "account_name", "kind", "owner", "occurred_at", "due_at", "done_at"),
}
"""The columns of each list until the reader chooses; the first one names its rows."""
SORTS = {
    "contracts": "-start",
    "subscriptions": "-start",
    "discounts": "subscription_id",
    "deals": "-created_at",
    "tenders": "-submit_by",
    "activities": "-occurred_at",
    "spend": "-day",
    "touches": "-ts",
    "leads": "-created_at",
}
COUNTED: Mapping[str, Any] = {
    "contracts": ngettext_lazy("%(count)s contract", "%(count)s contracts", "number"),
    "subscriptions": ngettext_lazy("%(count)s subscription", "%(count)s subscriptions", "number"),
    "contacts": ngettext_lazy("%(count)s contact", "%(count)s contacts", "number"),
    "products": ngettext_lazy("%(count)s product", "%(count)s products", "number"),
    "plans": ngettext_lazy("%(count)s plan", "%(count)s plans", "number"),
    "discounts": ngettext_lazy("%(count)s discount", "%(count)s discounts", "number"),
    "deals": ngettext_lazy("%(count)s deal", "%(count)s deals", "number"),
    "committee_members": ngettext_lazy("%(count)s committee member", "%(count)s committee members", "number"),
    "tenders": ngettext_lazy("%(count)s tender", "%(count)s tenders", "number"),
    "tender_items": ngettext_lazy("%(count)s part of a bid", "%(count)s parts of bids", "number"),
    "demands": ngettext_lazy("%(count)s demand", "%(count)s demands", "number"),
    "demand_links": ngettext_lazy("%(count)s remark", "%(count)s remarks", "number"),
    "spend": ngettext_lazy("%(count)s row of spend", "%(count)s rows of spend", "number"),
    "touches": ngettext_lazy("%(count)s touch", "%(count)s touches", "number"),
    "leads": ngettext_lazy("%(count)s lead", "%(count)s leads", "number"),
    "activities": ngettext_lazy("%(count)s activity", "%(count)s activities", "number"),
}
_SORT_OF = {"number": "number", "integer": "number", "boolean": "yes_no", "day": "day", "stamp": "moment"}
"""Exact numbers are text in the store and cannot be compared there; the lists of the lake compare amounts."""
_NOT_LISTED = frozenset({"attributes", "capture", "consent", "pauses", "schedule", "renews", "source"})


def declared(kind: Kind, caller: Caller) -> Listing:
    """The list of a kind as its reader may see it."""
    unseen = hidden(kind, caller)
    own_id = kind.table.key[0]
    first, *shown = [own_id if name in unseen else name for name in SHOWN[kind.name][:1]] + [
        name for name in SHOWN[kind.name][1:] if name not in unseen
    ]
    names = [first, *shown, *(c.name for c in kind.fields if c.name not in (first, *shown, *unseen, *_NOT_LISTED))]
    named = words.KINDS[kind.name]
    new = {"label": str(named.new), "href": reverse("record_new", args=[kind.name])}
    return Listing(
        name=kind.name,
        label=str(named.many),
        columns=(
            *(_column(kind, name, is_first=name == first, shown=name in (first, *shown)) for name in names),
            *own.columns(kind.name, unseen),
        ),
        key="version_key",
        sort=SORTS.get(kind.name, first),
        search=tuple(name for name in (first, "name", "email") if name in names),
        counted=lambda count: COUNTED[kind.name] % {"count": f.exact(count), "number": count},
        empty=Empty(
            _("Nothing here yet"),
            _("Records of this kind come by import, by hand, by the API or by a command."),
            command=""
            if kind.name in ("products", "plans")
            else f"tenure import {kind.name} {kind.name}.csv --dry-run",
            actions=(new,) if may(caller, "edit_records") else (),
        ),
        row=lambda row: said.place(kind.name, row["version_key"]),
        files={form: reverse(f"{kind.name}_file", args=[form]) for form in ("csv", "xlsx")},
    )


def of_account(account: Account, kind: str) -> Listing:
    """The list of a kind in a tab of an account's page."""
    whole = declared(KINDS[kind], account.caller)
    columns = tuple(column for column in whole.columns if column.name not in ("account_name", "account_id"))
    return replace(whole, columns=columns, files={}, beside=("tab",))


def source(kind: Kind, caller: Caller, **only: Any) -> StoreRows:
    """The rows of a kind that the caller may see."""
    rows = visible(kind, caller).filter(**only)
    if "account_id" in kind.table.by_name:
        rows = crm.with_account_names(rows)
    return _Rows(own.with_values(rows, kind.name), "version_key", {"version_key": "version_key"})


class _Rows(StoreRows):
    """Rows of records; a filter offers the plans, the products and common currencies, and reads no column."""

    def values(self, column: Column) -> Sequence[str]:
        if column.name in ("plan", "product"):
            return sold.suggestions(column.name, said.OFFERED)
        return said.CURRENCIES if column.name == "currency" else ()


def _column(kind: Kind, name: str, *, is_first: bool, shown: bool) -> Column:
    if name == "account_name":
        return Column(
            name,
            words.KINDS["accounts"].one,
            "link",
            sortable=False,
            card="start",
            href=lambda row: reverse("account_record", args=[row["account_id"]]) if row["account_id"] else "",
            dress=lambda row, cell: replace(cell, text=row["account_name"] or row["account_id"] or f.NOTHING),
        )
    column = kind.table.by_name[name]
    label = words.label(kind.name, name)
    choices = words.CHOICES.get((kind.name, name))
    if choices is not None and column.kind == "text":
        return Column(name, label, "choice", choices=choices, shown=shown)
    uncompared = column.kind in ("number", "texts")

    def dress(row: Row, cell: Cell) -> Cell:
        return replace(cell, text=said.text_of(kind, column, row[name]))

    return Column(
        name,
        label,
        "link" if is_first else _SORT_OF.get(column.kind, "text"),
        sortable=not uncompared,
        filterable=not uncompared,
        shown=shown,
        card="start" if is_first else "end" if name in ("end", "total", "amount", "title") else "",
        dress=dress if column.kind == "texts" else None,
    )


@require_GET
@requires("ask")
def record_list(request: HttpRequest, kind: str) -> HttpResponse:
    """Every record of a kind that the member sees."""
    chosen = kind_of(kind)
    listing = declared(chosen, request.user)
    moved = listing.moved(request)
    if moved is not None:
        return moved
    state = listing.state(request, asking.today(asking.workspace(request.user)))
    named = words.KINDS[kind]
    return page(
        request,
        "records/list.html",
        heading=str(named.many),
        listing=listing.shown(source(chosen, request.user), state),
        actions=said.actions((str(named.new), reverse("record_new", args=[kind]))) if _writes(request) else (),
    )


@require_GET
@requires("ask")
def record_file(request: HttpRequest, kind: str, form: str) -> HttpResponseBase:
    """The list as a file: the filters, columns and order of the screen."""
    chosen = kind_of(kind)
    listing = declared(chosen, request.user)
    state = listing.state(request, asking.today(asking.workspace(request.user)))
    return table_file(form, kind, *listing.file(source(chosen, request.user), state))


def _writes(request: HttpRequest) -> bool:
    return may(request.user, "edit_records")
