"""Views of the pages that keep the figures right: data health, metric definitions."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tenure.apps.subscriptions import selectors, services
from tenure.apps.workspaces.permissions import may
from tenure.core.errors import TenureError
from tenure.web import asking, errors
from tenure.web.definition import OWN, called
from tenure.web.export import table_file
from tenure.web.pages import page, requires
from tenure.web.subscriptions import anomalies, definition_diff, definition_form, definitions, health
from tenure.web.subscriptions.names import names_for, owners_for
from tenure.web.subscriptions.views import show_proof, stretch_of


@require_GET
@requires("ask")
def data_health(request: HttpRequest) -> HttpResponse:
    """Whether the figures can be trusted: checks, anomalies, freshness."""
    shown = health.board(asking.workspace(request.user), request.GET, names_for(request.user), owners_for(request.user))
    return page(request, "subscriptions/health.html", heading=_("Data health"), **shown)


@require_GET
@requires("ask")
def health_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The checks of the page as a file."""
    return table_file(form, "checks", *health.checks_table(asking.workspace(request.user)))


@require_GET
@requires("ask")
def anomaly_list(request: HttpRequest) -> HttpResponse:
    """The former address of the anomalies: they are a section of data health."""
    return redirect(f"{reverse('health')}#anomalies-title")


@require_GET
@requires("ask")
def anomalies_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The anomalies of the page as a file."""
    rows = anomalies.found(asking.workspace(request.user).ask)
    return table_file(
        form,
        "anomalies",
        *anomalies.table(rows, request.GET.get("kind", ""), names_for(request.user), owners_for(request.user)),
    )


@require_GET
@requires("ask")
def anomaly_rows(request: HttpRequest) -> HttpResponse:
    """The row behind an anomaly, as it was given."""
    return show_proof(request, "proof_contracts", anomalies.behind(asking.workspace(request.user), request.GET))


@require_GET
@requires("ask")
def definition_list(request: HttpRequest) -> HttpResponse:
    """The metric definitions side by side, their versions, and what two of them would say."""
    opened = asking.workspace(request.user)
    known = opened.definitions()
    chosen = definitions.choices(request.GET, known)
    shown = definitions.board(known, selectors.definitions(), chosen)
    stretch = stretch_of(request, opened)
    if stretch is not None:
        shown |= definition_diff.board(opened.ask, known, stretch, chosen, names_for(request.user))
    may_define = may(request.user, "definitions")
    return page(request, "subscriptions/definitions.html", heading=_("Definitions"), may_define=may_define, **shown)


@require_GET
@requires("ask")
def definitions_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The settings of all definitions as a file."""
    return table_file(form, "definitions", *definitions.table(asking.workspace(request.user).definitions()))


@require_GET
@requires("ask")
def definition_diff_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The comparison of the page as a file."""
    opened = asking.workspace(request.user)
    known = opened.definitions()
    chosen = definitions.choices(request.GET, known)
    stretch = stretch_of(request, opened)
    if stretch is None:
        return table_file(form, "definition-diff", [], [])
    both = definition_diff.pair(known, chosen, stretch)
    return table_file(form, "definition-diff", *definition_diff.table(opened.ask, both))


@require_http_methods(["GET", "POST"])
@requires("definitions")
def definition_new(request: HttpRequest) -> HttpResponse:
    """A form of every setting, as they are in the workspace's own definition; POST writes the first version."""
    return _definition(request, OWN, is_new=True)


@require_http_methods(["GET", "POST"])
@requires("definitions")
def definition_edit(request: HttpRequest) -> HttpResponse:
    """The settings of a definition; POST writes its next version."""
    return _definition(request, request.GET.get("name", OWN), is_new=False)


def _definition(request: HttpRequest, name: str, *, is_new: bool) -> HttpResponse:
    known = asking.workspace(request.user).definitions()
    shown = definitions.writable(known, name)
    given = request.POST if request.method == "POST" else None
    form = definition_form.DefinitionForm(given, initial=definition_form.initial(shown), is_new=is_new)
    if form.is_valid():
        wanted = form.cleaned_data["name"] if is_new else name
        try:
            definitions.untaken(known, wanted, is_new)
            says = definition_form.says(form.settings, wanted, known)
            written = services.define(wanted, says, by=request.user)
        except TenureError as problem:
            form.refuse(problem.where.get("field"), errors.translated(problem))
        else:
            places = {"name": called(written.name), "version": written.version}
            messages.success(request, _("%(name)s, version %(version)s, is written") % places)
            return redirect(definitions.address(written.name))
    return page(
        request,
        "subscriptions/definition_form.html",
        status=422 if form.is_bound else 200,
        heading=_("New definition") if is_new else _("Edit %(name)s") % {"name": called(name)},
        note=definitions.note(name, is_new),
        action=_("Write the definition") if is_new else _("Write version %(next)s") % {"next": shown.version + 1},
        form=form,
    )
