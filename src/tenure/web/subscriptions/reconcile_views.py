"""Views of reconciling: give another system's totals, see each gap explained, open what it is made of."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tenure.apps.subscriptions import selectors, services
from tenure.apps.subscriptions.models import Reconciliation
from tenure.apps.workspaces.permissions import may, require, require_everything
from tenure.core.errors import TenureError
from tenure.web import asking, errors
from tenure.web import formatting as f
from tenure.web.export import table_file
from tenure.web.pages import page, requires
from tenure.web.subscriptions import reconcile
from tenure.web.subscriptions.names import names_for
from tenure.web.subscriptions.reconcile_form import Given
from tenure.web.subscriptions.views import show_proof


@require_http_methods(["GET", "POST"])
@requires("ask")
def reconciliations(request: HttpRequest) -> HttpResponse:
    """What was compared before; POST compares new totals."""
    require_everything(request.user, "reconcile")
    definitions = reconcile.definition_choices(asking.workspace(request.user))
    posted = request.method == "POST"
    if posted:
        require(request.user, "close_month")
    form = Given(request.POST if posted else None, request.FILES if posted else None, definitions=definitions)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            kept = services.keep_totals(
                [(line.period, line.account, line.amount) for line in form.totals.lines],
                compare=form.cleaned_data["compare"],
                by=request.user,
                left_out=[(line.number, line.why) for line in form.totals.bad],
                definition=form.cleaned_data["definition"],
                file_name=file.name if file is not None else "",
            )
        except TenureError as problem:
            said = errors.translated(problem)
            form.add_error(None, f"{said.message} {said.fix}".strip())
        else:
            return redirect(reconcile.address(kept))
    return page(
        request,
        "subscriptions/reconcile.html",
        status=422 if posted else 200,
        heading=_("Reconcile"),
        form=form if may(request.user, "close_month") else None,
        rows=reconcile.listed(selectors.reconciliations()[: reconcile.LISTED]),
    )


@require_GET
@requires("ask")
def reconciliation(request: HttpRequest, number: int) -> HttpResponse:
    """One comparison: the gap of each period explained, and the accounts that make it."""
    opened, kept = _opened(request, number)
    return page(
        request,
        "subscriptions/reconciliation.html",
        heading=_("Reconciliation of %(day)s") % {"day": f.day(kept.made_at)},
        **reconcile.board(opened, kept, names_for(request.user)),
    )


@require_GET
@requires("ask")
def reconciliation_file(request: HttpRequest, number: int, form: str) -> HttpResponseBase:
    """The periods of a comparison as a file."""
    return table_file(form, f"reconciliation-{number}", *reconcile.table(*_opened(request, number)))


@require_GET
@requires("ask")
def accounts_file(request: HttpRequest, number: int, form: str) -> HttpResponseBase:
    """The accounts of a comparison that differ as a file."""
    opened, kept = _opened(request, number)
    heads, rows = reconcile.accounts_table(opened, kept, names_for(request.user))
    return table_file(form, f"reconciliation-{number}-accounts", heads, rows)


@require_GET
@requires("ask")
def reconciled_rows(request: HttpRequest, number: int) -> HttpResponse:
    """The rows behind a part of a gap."""
    opened, kept = _opened(request, number)
    return show_proof(request, "proof_contracts", reconcile.behind(opened, kept, request.GET))


def _opened(request: HttpRequest, number: int) -> tuple[asking.Seen, Reconciliation]:
    """The workspace and a comparison; it speaks of all accounts, so only who sees all of them sees it."""
    require_everything(request.user, "reconcile")
    return asking.workspace(request.user), selectors.reconciliation(number)
