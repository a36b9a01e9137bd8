"""The rows behind a figure of acquisition: touches, leads, deals and spend, as the question tells them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from tenure.apps.crm import selectors as crm
from tenure.web import asking
from tenure.web import formatting as f
from tenure.web.acquisition.words import ACQUIRED
from tenure.web.behaviour import sheet
from tenure.web.behaviour.list import SHEETS
from tenure.web.behaviour.sheet import PAGE, Given
from tenure.web.choices import one_of
from tenure.web.export import exports, table_file
from tenure.web.pages import is_fragment, page, requires

SHOWN = 500
IN_THE_DRAWER = 50
COLUMNS: Mapping[str, Any] = {
    "account_id": gettext_lazy("Account"),
    "amount": gettext_lazy("Amount"),
    "at": gettext_lazy("When"),
    "campaign": gettext_lazy("Campaign"),
    "channel": gettext_lazy("Channel"),
    "contact_id": gettext_lazy("Contact"),
    "conversion": gettext_lazy("Conversion"),
    "converted_at": gettext_lazy("Converted at"),
    "cost": gettext_lazy("Cost"),
    "created_at": gettext_lazy("Came at"),
    "credit": gettext_lazy("Credit"),
    "day": gettext_lazy("Day"),
    "deal_id": gettext_lazy("Deal"),
    "keyword": gettext_lazy("Keyword"),
    "kind": gettext_lazy("Kind"),
    "lead_id": gettext_lazy("Lead"),
    "share": gettext_lazy("Share"),
    "table": gettext_lazy("Table"),
    "touch_id": gettext_lazy("Touch"),
    "ts": gettext_lazy("Touched at"),
    "value": gettext_lazy("Money"),
    "won_at": gettext_lazy("Won at"),
}


def _asked(request: HttpRequest) -> tuple[Given, dict[str, Any], Any]:
    """The page, the figure of it that the address names, and the rows behind it.

    Raises: QuestionRefused if it names no page, or no figure of it.
    """
    query: QueryDict = request.GET
    pages = {name: one for name, one in SHEETS.items() if one.folder == "acquisition"}
    seen = asking.workspace(request.user)
    this = pages[one_of(query, PAGE, pages, next(iter(pages)))]
    given = sheet.read(query, this, asking.today(seen), seen.definition())
    cell = sheet.cell_of(query, this)
    return given, cell, seen.ask(given.question).rows_behind(cell)


@require_GET
@requires("ask")
def acquired_rows(request: HttpRequest) -> HttpResponse:
    """The rows behind a figure: in the drawer of the page it is on, or as a page of its own."""
    given, cell, rows = _asked(request)
    part = is_fragment(request)
    shown = rows.slice(0, IN_THE_DRAWER if part else SHOWN).to_pylist()
    called = crm.names(request.user, sorted({row["account_id"] for row in shown if row.get("account_id")}))
    used = [name for name in rows.column_names if any(row[name] is not None for row in shown)]
    left = rows.num_rows - len(shown)
    query = request.GET.urlencode()
    return page(
        request,
        "acquisition/_rows.html" if part else "acquisition/rows.html",
        heading=given.sheet.behind(given, cell),
        title=given.sheet.behind(given, cell),
        crumbs=[(given.sheet.heading, f"{reverse(given.sheet.name)}?{given.query}")],
        count=ngettext("%(count)s row", "%(count)s rows", rows.num_rows) % {"count": f.exact(rows.num_rows)},
        heads=[COLUMNS.get(name, name) for name in used],
        rows=[[_cell(name, row[name], called) for name in used] for row in shown],
        more=_more(left),
        here=f"{reverse(ACQUIRED)}?{query}",
        exports=exports("acquired_rows_file", query=query),
    )


def _more(left: int) -> str:
    said = ngettext("%(count)s more is in the file.", "%(count)s more are in the file.", left)
    return said % {"count": f.exact(left)} if left > 0 else ""


@require_GET
@requires("ask")
def acquired_rows_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The same as a file, whole."""
    _given, _cell, rows = _asked(request)
    return table_file(form, "rows", rows.column_names, (list(row.values()) for row in rows.to_pylist()))


def _cell(name: str, value: Any, called: Mapping[str, str]) -> dict[str, Any]:
    href = reverse("account_record", args=[value]) if name == "account_id" and value in called else ""
    if isinstance(value, datetime):
        text = timezone.localtime(value).isoformat(" ", "minutes")[:16]
    elif isinstance(value, Decimal):
        text = f.exact(value, 2)
    else:
        text = f.NOTHING if value is None else str(called.get(value, value) if name == "account_id" else value)
    return {"text": text, "href": href, "is_number": isinstance(value, (Decimal, int)) and not isinstance(value, bool)}
