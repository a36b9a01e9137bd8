"""The page of parts: every part in its states, made from samples, for who builds and designs pages.

Nothing here is asked of the workspace. What stands in a frame that is `inert` shows how it looks and does nothing.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from tenure.core.errors import TenureError
from tenure.web import errors
from tenure.web.goals.annotations import Mark
from tenure.web.heat import heat_cell
from tenure.web.listing import ArrowRows, Column, Empty, Listing
from tenure.web.listing.address import read
from tenure.web.meter import meter
from tenure.web.pages import Action, page, requires
from tenure.web.saved_views import Saved
from tenure.web.sparkline import sparkline

HERE = "#"
TODAY = date(2026, 11, 20)
RISING = [Decimal(n) for n in (3, 4, 4, 6, 5, 7, 8, 8, 9, 11)]
SWINGING = [Decimal(n) for n in (5, 3, 6, 2, 7, 4, 3, 8, 2, 1)]


class SampleForm(forms.Form):
    company = forms.CharField(label=gettext_lazy("Account"), help_text=gettext_lazy("As it stands on the contract."))
    email = forms.EmailField(label=gettext_lazy("E-mail address"))
    how = forms.ChoiceField(
        label=gettext_lazy("Density of tables"),
        choices=(("compact", gettext_lazy("Compact")), ("normal", gettext_lazy("Usual"))),
        widget=forms.RadioSelect,
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named, label_suffix="")
        for name in ("company", "email"):
            self.fields[name].widget.attrs["class"] = "input"

    def clean(self) -> dict[str, Any] | None:
        self.add_error(None, _("Nothing was saved. Two fields need another look."))
        return self.cleaned_data


@require_GET
@requires("own_account")
def parts(request: HttpRequest) -> HttpResponse:
    """Every part in every state."""
    return page(
        request,
        "parts.html",
        heading=_("Parts"),
        note=_("What pages are made of, each in its states. The figures are invented."),
        actions=[Action(_("Appearance"), reverse("appearance"), "settings", primary=True)],
        limited={"limit": _("Your team's accounts")},
        sampled={"sample": True, "may_import": True},
        viewed={"views": Saved(tabs=(_tab(_("Up for renewal"), current=True), _tab(_("No owner"))), page="movements")},
        figures={"deltas": _deltas(), "tiles": _tiles(), "multiple": _multiple()},
        meters=[_meter(_("More than half"), 100, 60), _meter(_("Nothing"), 100, 0), _meter(_("All of it"), 40, 40)],
        heat=_heat(),
        spark=sparkline(SWINGING, marks=_marks()),
        running_spark=sparkline(RISING, running=True),
        choices=[_choice(_("Month"), current=True), _choice(_("Quarter")), {**_choice(_("Year")), "count": 3}],
        facts=[{"text": _("Data as of 20 November")}, {"text": _("11 checks hold"), "href": HERE}],
        range=_range(),
        definition={"label": _("Our own"), "choices": [_choice(_("Our own"), current=True)], "is_other": False},
        exports=[{"label": "CSV", "href": HERE}, {"label": "XLSX", "href": HERE}],
        slices={
            "path": request.path,
            "chips": [{"field": _("Region"), "op": "=", "value": "CN-SH", "drop": HERE}],
            "fields": [{"name": "region", "label": _("Region")}],
            "operators": [{"name": "eq", "label": "="}],
            "clear": HERE,
        },
        form=SampleForm({"wrong-company": "", "wrong-email": "olga"}, prefix="wrong"),
        empty_form=SampleForm(prefix="empty"),
        passkey_form=SampleForm(prefix="passkey"),
        steps=[
            {"number": 1, "label": _("File"), "is_done": True},
            {"number": 2, "label": _("Columns"), "is_current": True},
            {"number": 3, "label": _("Check")},
        ],
        broken_steps=[
            {"number": 1, "label": _("File"), "is_done": True},
            {"number": 2, "label": _("Columns"), "is_error": True, "is_current": True},
        ],
        progress={
            "run": 0,
            "address": HERE,
            "title": _("Import is running"),
            "said": _("1,240 of 2,000 rows"),
            "percent": 62,
            "is_known": True,
            "cancel": HERE,
            "note": _("It goes on if you leave this page, and you find it again in the list of imports."),
        },
        toasts=[
            {"text": _("Gave 3 accounts to Zhou Hang"), "undo": HERE},
            {"text": _("Not kept: the server did not answer."), "stays": True},
        ],
        failed=_said("request.failed", number="9f2c41aa"),
        forbidden=_said("permission.denied", permission="import", role="viewer"),
        groups=_found(),
        listings=_listings(request),
    )


def _tab(label: str, *, current: bool = False) -> dict[str, Any]:
    return {"label": label, "href": HERE, "current": current}


_choice = _tab


def _said(code: str, **where: Any) -> errors.Said:
    """A refusal in the reader's language."""
    told = {
        "request.failed": (
            "Something went wrong in Tenure itself.",
            "Nothing was changed by this request. Try again; if it stays, send the number"
            " 9f2c41aa to whoever runs this.",
        ),
        "permission.denied": ("The role viewer may not do this (import).", "Ask an administrator."),
    }
    message, fix = told[code]
    return errors.translated(TenureError(code, message, fix=fix, **where))


def _deltas() -> list[dict[str, Any]]:
    return [
        {"arrow": "up", "mood": "better", "text": "+4.6"},
        {"arrow": "up", "mood": "worse", "text": "+12.8%"},
        {"arrow": "fall", "mood": "", "text": "−0.6"},
        {"arrow": "flat", "mood": "", "text": "0"},
    ]


def _tile(label: str, number: str, note: str, **more: Any) -> dict[str, Any]:
    value = {"sign": "", "symbol": "", "number": number, "unit": more.pop("unit", "")}
    return {"label": label, "meaning": label, "value": value, "exact": number, "note": note, "href": HERE, **more}


def _tiles() -> list[dict[str, Any]]:
    better, worse, usual, _flat = _deltas()
    return [
        _tile(_("Within its usual range"), "289.4", _("against October"), delta=usual, spark=sparkline(RISING)),
        _tile(_("Unusually good"), "86.7", _("26 of 30 contracts"), unit="%", delta=better, spark=sparkline(RISING)),
        _tile(_("Unusually bad"), "0.97", _("4 of 414 customers"), unit="%", delta=worse, spark=sparkline(SWINGING)),
        _tile(_("Period is running"), "11.2", _("until 19 November"), spark=sparkline(RISING, running=True)),
        _tile(_("Few cases"), "58.3", _("against October"), unit="%", few="n = 12", delta=usual),
        _tile(_("No denominator"), "–", _("nobody was there to leave"), is_empty=True),
        _tile(
            _("A label that is far longer than any tile is wide, in any language"),
            "1,234,567,890",
            _("and a note that is longer still and has to be cut with its whole text in the title"),
        ),
    ]


def _multiple() -> dict[str, Any]:
    line = sparkline(RISING, running=True, width=240, height=56, marks=_marks())
    return {
        "tile": _tile(_("Within its usual range"), "11", _("over ten months")),
        "line": line,
        "first": "2026-02",
        "last": "2026-11",
    }


def _marks() -> list[Mark]:
    said = _("%(day)s, %(kind)s: %(text)s") % {"day": "2026-06-15", "kind": _("Price change"), "text": _("New prices")}
    return [{"at": 4, "text": _("New prices"), "said": said}]


def _meter(label: str, whole: int, part: int) -> dict[str, Any]:
    return {"label": label, "meter": meter(Decimal(whole), Decimal(part), Decimal(100))}


def _heat() -> dict[str, Any]:
    shares = ("1", "0.97", "0.91", "0.83", "0.74", "0.66", "0.55")
    rows = []
    for place, (label, whole) in enumerate((("2026-05", 48), ("2026-06", 52), ("2026-07", 31))):
        cells = [
            heat_cell(f"{Decimal(share):.0%}", Decimal(share), f"{label}: {Decimal(share):.0%}", HERE, running=False)
            for share in shares[: len(shares) - place]
        ]
        cells.append(heat_cell("40%", None, _("still running"), "", running=True))
        (mark,) = _marks()
        happened = mark["said"] if place == 1 else ""
        rows.append({"name": label, "happened": happened, "whole": whole, "exact": whole, "cells": cells})
    return {"corner": _("Joined in"), "base": _("Customers"), "heads": range(len(shares) + 1), "rows": rows}


def _range() -> dict[str, Any]:
    return {
        "label": "2026-11",
        "running": _("running, until 19 November"),
        "earlier": HERE,
        "path": "/parts/",
        "first_day": "2026-11-01",
        "last_day": "2026-11-30",
        "presets": [{"label": _("Months"), "items": [_choice(_("This month"), current=True)]}],
        "grains": [_choice(_("Month"), current=True)],
        "compared": _("the month before"),
        "comparisons": [_choice(_("the month before"), current=True)],
    }


def _found() -> list[dict[str, Any]]:
    return [
        {
            "label": _("Accounts"),
            "hits": [{"label": "衡岳制造", "note": "A · Li Min", "icon": "customers", "href": HERE}],
        },
        {"label": _("Go to"), "hits": [{"label": _("Movements"), "icon": "page", "href": HERE, "letter": "m"}]},
        {"label": _("On this page"), "hits": [{"label": _("Export"), "icon": "go", "on": 0}]},
    ]


# ---------------------------------------------------------------------- lists


def _listing(name: str, **more: Any) -> Listing:
    return Listing(
        name=name,
        label=_("Accounts"),
        columns=(
            Column("name", _("Account"), "link", card="start"),
            Column("region", _("Region"), "choice", card="start"),
            Column("mrr", _("MRR"), "money", unit="¥", total=True, card="end"),
            Column("notice_by", _("Notice by"), "day"),
        ),
        key="name",
        sort="-mrr",
        search=("name",),
        currency="CNY",
        counted=lambda count: ngettext("%(count)s account", "%(count)s accounts", count) % {"count": count},
        empty=Empty(
            _("There are no accounts yet"),
            _("An empty list says what it is for and what the next step is."),
            command="tenure import accounts accounts.csv --dry-run",
            actions=({"label": _("Import a file"), "href": HERE},),
        ),
        row=lambda row: HERE,
        **more,
    )


def _table(rows: int) -> pa.Table:
    names = [
        "衡岳制造",
        "Birch & Sons",
        "A company with a name so long that no column of a table can hold it",
    ]
    return pa.table(
        {
            "name": pa.array(names[:rows], pa.string()),
            "region": pa.array(["CN-HN", "DE", None][:rows], pa.string()),
            "mrr": pa.array([Decimal("69000.00"), Decimal("-1200.50"), None][:rows], pa.decimal128(18, 2)),
            "notice_by": pa.array([TODAY, date(2027, 1, 31), None][:rows], pa.date32()),
        }
    )


def _listings(request: HttpRequest) -> dict[str, Any]:
    """The list with rows, which answers to this page's address; filtered to nothing; and empty."""
    full = _listing("with_rows", bulk=HERE, actions=({"name": "export", "label": _("Export"), "icon": "download"},))
    filtered, empty = _listing("filtered"), _listing("empty")

    def shown(listing: Listing, rows: int, query: str) -> dict[str, Any]:
        state = read(QueryDict(query), listing.columns, listing.sort, TODAY)
        return listing.shown(ArrowRows(_table(rows), listing.key), state)

    return {
        "full": shown(full, 3, request.META.get("QUERY_STRING", "")),
        "filtered": shown(filtered, 3, "f=region~eq~FR"),
        "empty": shown(empty, 0, ""),
    }
