"""Pages of recurring revenue: movements, metrics, cohorts, renewals, and the rows behind a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tenure.core.periods import GRAINS
from tenure.web import asking, definition
from tenure.web.export import table_file
from tenure.web.goals import annotations
from tenure.web.pages import is_fragment, page, requires
from tenure.web.stretch import COARSE, Stretch, of
from tenure.web.subscriptions import board, cohorts, due, metrics, proof, slices
from tenure.web.subscriptions.names import names_for


@require_GET
@requires("ask")
def movements(request: HttpRequest) -> HttpResponse:
    """How recurring revenue moves: the first page."""
    return _board(
        request,
        "movements",
        _("Movements"),
        lambda opened, stretch: _movements(request, opened, stretch),
    )


def _movements(request: HttpRequest, opened: asking.Seen, stretch: Stretch) -> dict[str, Any]:
    happened = annotations.happened(stretch)
    shown = board.board(opened.ask, stretch, slices.by(request.GET), names_for(request.user), happened)
    return {**shown, **annotations.tools(request, stretch.today, happened)}


@require_GET
@requires("ask")
def movements_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The table of the page as a file."""
    opened = opened_for(request)
    stretch = stretch_of(request, opened)
    heads, rows = board.table(opened.ask, stretch) if stretch else ([], [])
    return table_file(form, "movements", heads, rows)


@require_GET
@requires("ask")
def movement_rows(request: HttpRequest) -> HttpResponse:
    """The proof of one figure: in the drawer of the page it is on, or as a page of its own."""
    opened = opened_for(request)
    chain = proof.chain(opened, request.GET, names_for(request.user))
    return show_proof(request, "proof", chain)


@require_GET
@requires("ask")
def metric_board(request: HttpRequest) -> HttpResponse:
    """Every metric over time, what is committed, and what a customer is worth."""
    return _board(
        request,
        "metrics",
        _("Metrics"),
        lambda opened, stretch: _metrics(request, opened, stretch),
    )


def _metrics(request: HttpRequest, opened: asking.Seen, stretch: Stretch) -> dict[str, Any]:
    happened = annotations.happened(stretch)
    shown = metrics.board(opened.ask, stretch, slices.by(request.GET), happened)
    return {**shown, **annotations.tools(request, stretch.today, happened)}


@require_GET
@requires("ask")
def metrics_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The metrics of the page as a file."""
    opened = opened_for(request)
    stretch = stretch_of(request, opened)
    return table_file(form, "metrics", *(metrics.table(opened.ask, stretch) if stretch else ([], [])))


@require_GET
@requires("ask")
def ltv_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The lifetime values of the page as a file."""
    return table_file(form, "ltv", *metrics.ltv_table(opened_for(request).ask, slices.by(request.GET)))


@require_GET
@requires("ask")
def committed_rows(request: HttpRequest) -> HttpResponse:
    """The lines behind a figure of committed MRR."""
    chain = proof.committed(opened_for(request), request.GET)
    return show_proof(request, "proof_contracts", chain)


@require_GET
@requires("ask")
def ltv_rows(request: HttpRequest) -> HttpResponse:
    """The lines behind a lifetime value."""
    return show_proof(request, "proof_contracts", proof.lifetime(opened_for(request), request.GET))


@require_GET
@requires("ask")
def cohort_map(request: HttpRequest) -> HttpResponse:
    """How much of each cohort is left."""
    return _board(
        request,
        "cohorts",
        _("Cohorts"),
        lambda opened, stretch: _cohorts(request, opened, stretch),
        COARSE,
    )


def _cohorts(request: HttpRequest, opened: asking.Seen, stretch: Stretch) -> dict[str, Any]:
    happened = annotations.happened(stretch)
    shown = cohorts.board(opened.ask, stretch, cohorts.choices(request.GET), happened)
    return {**shown, **annotations.tools(request, stretch.today, happened)}


@require_GET
@requires("ask")
def cohorts_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The cohorts of the page as a file."""
    opened = opened_for(request)
    stretch = stretch_of(request, opened, COARSE)
    chosen = cohorts.choices(request.GET)
    return table_file(form, "cohorts", *(cohorts.table(opened.ask, stretch, chosen) if stretch else ([], [])))


@require_GET
@requires("ask")
def cohort_rows(request: HttpRequest) -> HttpResponse:
    """The accounts behind a cell of the cohorts: who is gone, who is there."""
    chain = cohorts.behind(opened_for(request), request.GET, names_for(request.user))
    return show_proof(request, "proof_cohort", chain)


@require_GET
@requires("ask")
def renewals(request: HttpRequest) -> HttpResponse:
    """What is due, by the day on which notice must be given, and how earlier contracts went on."""
    return _board(
        request,
        "renewals",
        _("Renewals"),
        lambda opened, stretch: _renewals(request, opened, stretch),
        COARSE,
    )


def _renewals(request: HttpRequest, opened: asking.Seen, stretch: Stretch) -> dict[str, Any]:
    chosen = due.choices(request.GET, stretch.today)
    happened = annotations.between(chosen.today, chosen.last, date.isoformat)
    shown = due.board(opened.ask, stretch, chosen, names_for(request.user), happened)
    return {**shown, **annotations.tools(request, stretch.today, happened)}


@require_GET
@requires("ask")
def renewals_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The contracts of the page as a file."""
    opened = opened_for(request)
    chosen = due.choices(request.GET, asking.today(opened))
    return table_file(form, "contracts", *due.table(opened.ask, chosen, names_for(request.user)))


@require_GET
@requires("ask")
def renewal_rates_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The renewal rates of the page as a file."""
    opened = opened_for(request)
    stretch = stretch_of(request, opened, COARSE)
    return table_file(form, "rates", *(due.rates_table(opened.ask, stretch) if stretch else ([], [])))


@require_GET
@requires("ask")
def contract_rows(request: HttpRequest) -> HttpResponse:
    """The proof of one contract that is due."""
    chain = proof.contract(opened_for(request), request.GET, names_for(request.user))
    return show_proof(request, "proof_contracts", chain)


@require_GET
@requires("ask")
def renewal_rows(request: HttpRequest) -> HttpResponse:
    """The contracts behind a figure of the renewals."""
    chain = proof.contracts(opened_for(request), request.GET)
    return show_proof(request, "proof_contracts", chain)


@require_GET
@requires("ask")
def movement_rows_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The source rows behind one figure as a file."""
    heads, rows = proof.table(opened_for(request), request.GET)
    return table_file(form, "rows", heads, rows)


def show_proof(request: HttpRequest, name: str, chain: Mapping[str, Any]) -> HttpResponse:
    """What stands behind a figure: in the drawer of the page it is on, or as a page of its own."""
    template = f"subscriptions/{'_' if is_fragment(request) else ''}{name}.html"
    return page(request, template, heading=chain["title"], **chain)


def _board(
    request: HttpRequest,
    name: str,
    heading: str,
    board_of: Callable[[asking.Seen, Stretch], Mapping[str, Any]],
    grains: Sequence[str] = GRAINS,
) -> HttpResponse:
    """A page over a stretch of time, or what to do first where there is no revenue at all."""
    meant = slices.canonical(request.GET)
    if meant is not None:
        return HttpResponseRedirect(f"{request.path}?{meant}")
    opened = opened_for(request)
    stretch = stretch_of(request, opened, grains)
    if stretch is None:
        return page(request, "subscriptions/empty.html", heading=heading)
    shown = {"definition": definition.switch(request, opened), **board_of(opened, stretch)}
    pairs = [(key, value) for key in request.GET for value in request.GET.getlist(key)]
    values = [row["name"] for row in shown["cut"]["rows"]] if "cut" in shown else []
    shown["slices"] = slices.bar(slices.of(request.GET, stretch.today), request.path, pairs, values)
    return page(request, f"subscriptions/{name}.html", heading=heading, **shown)


def opened_for(request: HttpRequest) -> asking.Seen:
    """The workspace as the reader sees it, under the metric definition and narrowed to the slice of the address."""
    seen = asking.workspace(request.user).under(request.GET.get(definition.FIELD))
    return seen.narrowed(slices.of(request.GET, asking.today(seen)).where)


def stretch_of(request: HttpRequest, opened: asking.Seen, grains: Sequence[str] = GRAINS) -> Stretch | None:
    """The stretch in the address; None if there is nothing to show at all."""
    today = asking.today(opened)
    chosen = opened.definition()
    newest = board.newest_month(opened.narrowed(asking.EVERYTHING).ask, today, chosen.calendar)
    if newest is None:
        return None
    kept = proof.kept_of(request.GET)
    return of(request.GET, today, newest, chosen.calendar, grains=grains, timezone=chosen.timezone, kept=kept)
