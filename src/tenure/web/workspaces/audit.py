"""The audit trail as a list: who did what to which record, before, after, why, and from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.models import Door
from tenure.web import formatting as f
from tenure.web.export import table_file
from tenure.web.listing import Cell, Column, Empty, Listing, Row, StoreRows
from tenure.web.pages import page, requires
from tenure.web.workspaces.verbs import KINDS, VERBS, noted


class _Values(Column):
    """Values by column, in one cell."""

    def text(self, value: Any) -> str:
        return noted(value) if isinstance(value, Mapping) else "" if value is None else str(value)


@require_GET
@requires("read_audit")
def trail(request: HttpRequest) -> HttpResponse:
    """Everything that was done, the newest first."""
    listing = _listing()
    moved = listing.moved(request)
    if moved is not None:
        return moved
    shown = listing.shown(_rows(), listing.state(request, timezone.localdate()))
    return page(request, "workspaces/audit.html", heading=_("Audit trail"), listing=shown)


@require_GET
@requires("read_audit")
def trail_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The entries of the page as a file."""
    listing = _listing()
    return table_file(form, "audit", *listing.file(_rows(), listing.state(request, timezone.localdate())))


def _rows() -> StoreRows:
    return StoreRows(selectors.audit(), "id", {"id": "id"})


def _called(row: Row, cell: Cell) -> Cell:
    """A member by name; the address is in the tip."""
    return replace(cell, text=cell.text.partition(" <")[0], title=cell.text)


def _wrapped(row: Row, cell: Cell) -> Cell:
    return replace(cell, shape="noted")


def _listing() -> Listing:
    still = {"sortable": False, "filterable": False, "dress": _wrapped}
    return Listing(
        name="audit",
        label=_("Audit trail"),
        columns=(
            Column("at", _("When"), "moment", card="start"),
            Column("actor", _("Who"), card="start", dress=_called),
            Column("verb", _("What"), "choice", choices=VERBS, card="end"),
            Column("kind", _("Of what"), "choice", choices=KINDS),
            Column("key", _("Record"), card="end"),
            _Values("before", _("Before"), **still),
            _Values("after", _("After"), **still),
            Column("reason", _("Why"), **still),
            Column("door", _("By"), "choice", choices=dict(Door.choices)),
            Column("address", _("From the address")),
        ),
        key="id",
        sort="-at",
        search=("key", "actor"),
        counted=lambda count: ngettext("%(count)s entry", "%(count)s entries", count) % {"count": f.exact(count)},
        empty=Empty(_("Nothing was done yet"), _("Every change, sign-in and export is noted here, and stays.")),
        files={"csv": reverse("audit_csv"), "xlsx": reverse("audit_xlsx")},
    )
