"""Views of closing months: all of them, one with what to look at or what moved, closing and opening it again."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tenure.apps.subscriptions import services
from tenure.apps.workspaces.permissions import may
from tenure.core.errors import TenureError
from tenure.web import asking, errors
from tenure.web import formatting as f
from tenure.web.export import table_file
from tenure.web.pages import page, requires
from tenure.web.subscriptions import closing, closing_form
from tenure.web.subscriptions.names import names_for
from tenure.web.subscriptions.views import opened_for, show_proof, stretch_of


@require_GET
@requires("ask")
def months(request: HttpRequest) -> HttpResponse:
    """The months, closed and open, and whether anything moved in the closed ones."""
    opened = opened_for(request)
    stretch = stretch_of(request, opened, closing.GRAIN)
    if stretch is None:
        return page(request, "subscriptions/empty.html", heading=_("Month close"))
    return page(request, "subscriptions/closing.html", heading=_("Month close"), **closing.board(opened, stretch))


@require_GET
@requires("ask")
def months_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The months of the page as a file."""
    opened = opened_for(request)
    stretch = stretch_of(request, opened, closing.GRAIN)
    return table_file(form, "months", *(closing.table(opened.ask, stretch) if stretch else ([], [])))


@require_GET
@requires("ask")
def month(request: HttpRequest, month: str) -> HttpResponse:
    """One month: what to look at before closing it, or what moved since it was closed."""
    return _month(request, month)


@require_POST
@requires("close_month")
def close(request: HttpRequest, month: str) -> HttpResponse:
    """Close the month in the name of who is signed in."""
    form = closing_form.Close(request.POST)
    if form.is_valid():
        try:
            services.close_month(month, by=request.user, name=str(request.user), note=form.cleaned_data["note"])
        except TenureError as problem:
            said = errors.translated(problem)
            form.add_error(None, f"{said.message} {said.fix}".strip())
        else:
            messages.success(request, _("%(month)s is closed") % {"month": f.period(month)})
            return redirect(closing.address(month))
    return _month(request, month, form)


@require_POST
@requires("close_month")
def reopen(request: HttpRequest, month: str) -> HttpResponse:
    """Open a closed month again, with the reason."""
    form = closing_form.Reopen(request.POST)
    if form.is_valid():
        try:
            services.reopen_month(month, by=request.user, note=form.cleaned_data["note"])
        except TenureError as problem:
            said = errors.translated(problem)
            form.add_error(None, f"{said.message} {said.fix}".strip())
        else:
            messages.success(request, _("%(month)s is open again") % {"month": f.period(month)})
            return redirect(closing.address(month))
    return _month(request, month, form)


@require_GET
@requires("ask")
def restatements_file(request: HttpRequest, month: str, form: str) -> HttpResponseBase:
    """What moved in a closed month as a file."""
    opened = opened_for(request)
    named = closing.month_of(month, asking.today(opened))
    return table_file(
        form, f"restatements-{named}", *closing.restatements_table(opened.ask, named, names_for(request.user))
    )


@require_GET
@requires("ask")
def restatement_rows(request: HttpRequest) -> HttpResponse:
    """What moved of one account in a closed month: who did what, and the rows."""
    chain = closing.behind(opened_for(request), request.GET, names_for(request.user))
    return show_proof(request, "proof_restated", chain)


def _month(request: HttpRequest, month: str, form: forms.Form | None = None) -> HttpResponse:
    opened = opened_for(request)
    named = closing.month_of(month, asking.today(opened))
    shown = closing.month_page(opened, named, names_for(request.user))
    places = {"month": shown["name"]}
    if may(request.user, "close_month"):
        shown |= (
            {
                "form": form or closing_form.Reopen(),
                "form_address": closing.address(named, "reopen_month"),
                "act": _("Open %(month)s again") % places,
                "act_said": _("That it was closed, by whom and when, stays known."),
            }
            if shown["is_closed"]
            else {
                "form": form or closing_form.Close(),
                "form_address": closing.address(named, "close_month"),
                "act": _("Close %(month)s") % places,
                "act_said": _("It is closed in your name, with what is known now."),
            }
        )
    return page(
        request,
        "subscriptions/closing_month.html",
        status=422 if form is not None else 200,
        heading=shown["name"],
        **shown,
    )
