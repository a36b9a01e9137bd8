"""Views of the pages that keep the figures right: data health and the anomalies in it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tenure.web import asking
from tenure.web.export import csv_file
from tenure.web.pages import page, requires
from tenure.web.subscriptions import anomalies, health
from tenure.web.subscriptions.names import names_for, owners_for
from tenure.web.subscriptions.views import show_proof


@require_GET
@requires("ask")
def data_health(request: HttpRequest) -> HttpResponse:
    """Whether the figures can be trusted: checks, anomalies, freshness."""
    shown = health.board(asking.workspace(request.user), request.GET, names_for(request.user), owners_for(request.user))
    return page(request, "subscriptions/health.html", heading=_("Data health"), **shown)


@require_GET
@requires("ask")
def health_file(request: HttpRequest) -> HttpResponse:
    """The checks of the page as a file."""
    return csv_file("checks", *health.checks_table(asking.workspace(request.user)))


@require_GET
@requires("ask")
def anomaly_list(request: HttpRequest) -> HttpResponse:
    """The former address of the anomalies: they are a section of data health."""
    return redirect(f"{reverse('health')}#anomalies-title")


@require_GET
@requires("ask")
def anomalies_file(request: HttpRequest) -> HttpResponse:
    """The anomalies of the page as a file."""
    rows = anomalies.found(asking.workspace(request.user).ask)
    return csv_file(
        "anomalies",
        *anomalies.table(rows, request.GET.get("kind", ""), names_for(request.user), owners_for(request.user)),
    )


@require_GET
@requires("ask")
def anomaly_rows(request: HttpRequest) -> HttpResponse:
    """The row behind an anomaly, as it was given."""
    return show_proof(request, "proof_contracts", anomalies.behind(asking.workspace(request.user), request.GET))
