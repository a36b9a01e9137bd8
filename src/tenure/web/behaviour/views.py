"""Views of the pages of behaviour: form and answer, the file, the people behind a figure, the values a form offers."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tenure.apps.workspaces import selectors
from tenure.core.errors import TenureError
from tenure.web import asking, errors, saved_views
from tenure.web import formatting as f
from tenure.web.asking import Seen
from tenure.web.behaviour import offered
from tenure.web.behaviour import people as behind
from tenure.web.behaviour import sheet as sheets
from tenure.web.behaviour.form import form
from tenure.web.behaviour.list import SHEETS
from tenure.web.behaviour.sheet import ACCOUNT_FIELDS, Given
from tenure.web.export import exports, table_file
from tenure.web.pages import OF_CLUSTER, is_fragment, page, requires
from tenure.web.range import picker
from tenure.web.sparkline import sparkline
from tenure.web.subscriptions import slices
from tenure.web.subscriptions.board import freshness, made_of


@require_GET
@requires("ask")
def sheet(request: HttpRequest, name: str) -> HttpResponse:
    """A page of behaviour: its form, and what its address asks."""
    this, seen = SHEETS[name], asking.workspace(request.user)
    today, definition = asking.today(seen), seen.definition()
    meant = slices.canonical(request.GET)
    if meant is None:
        meant = sheets.canonical(request.GET, this, today, definition)
    if meant is not None:
        return HttpResponseRedirect(f"{request.path}?{meant}")
    if not any(table in seen.versions() for table in this.reads):
        return page(request, this.empty, heading=this.heading)
    given = sheets.read(request.GET, this, today, definition)
    status, problem, shown = _answered(seen, given)
    context = {
        "range": {**picker(given.stretch, this.name, compares=False, grains=this.grains), "label": _span(given)},
        "slices": slices.bar(
            given.slice, request.path, [*given.pairs, *given.said], offered.of_accounts(seen), ACCOUNT_FIELDS
        )
        if this.narrows
        else None,
        "form": form(given, request.path, problem),
        "query": given.query,
        **shown,
    }
    return page(request, f"{this.folder}/{this.name}.html", status=status, heading=this.heading, **context)


def _answered(seen: Seen, given: Given) -> tuple[int, dict[str, str] | None, dict[str, Any]]:
    """(status, what was refused, what the page shows of the answer); an address that is not whole is not asked."""
    facts = [freshness()]
    if not given.is_whole:
        return 200, None, {"facts": facts, "asks": _missing(given)}
    try:
        answer = seen.ask(given.question)
        shown = {**given.sheet.board(given, answer)}
    except TenureError as refused:
        if refused.code in OF_CLUSTER:  # nothing of what was asked is wrong
            raise
        said = errors.translated(refused)
        place = given.sheet.place_of(str(refused.where.get("field", "")))
        return errors.status(refused), {"field": place, "said": f"{said.message} {said.fix}"}, {"facts": facts}
    program = given.program
    files = exports(f"{given.sheet.name}_file", query=given.query)
    return 200, None, {"facts": [*facts, made_of(answer)], "answer": shown, "program": program, "exports": files}


def _span(given: Given) -> str:
    """The days that are asked about, in words."""
    first, last = given.stretch.days
    once = first.year == last.year  # the year is said where dates of the language have it: before the day, or after it
    before = f.language() == "zh"
    places = {"first": f.day(first, year=before or not once), "last": f.day(last, year=not (before and once))}
    return _("%(first)s to %(last)s") % places


def _missing(given: Given) -> str:
    """What the reader has to choose before anything can be asked."""
    for place in given.sheet.places:
        if len(given.events(place.name)) < place.least:
            return _("Choose an event for: %(what)s.") % {"what": place.label}
    return ""


@require_GET
@requires("ask")
def sheet_file(request: HttpRequest, name: str, form: str) -> HttpResponseBase:
    """The figures of a page of behaviour as a file."""
    this, seen = SHEETS[name], asking.workspace(request.user)
    given = sheets.read(request.GET, this, asking.today(seen), seen.definition())
    heads, rows = this.table(given, seen.ask(given.question)) if given.is_whole else ([], [])
    return table_file(form, name, heads, rows)


@require_GET
@requires("ask")
def event_names(request: HttpRequest) -> HttpResponse:
    """The events that were seen, the most frequent first, as the options of a field."""
    return page(request, "behaviour/_options.html", options=offered.events(asking.workspace(request.user)))


@require_GET
@requires("ask")
def event_properties(request: HttpRequest) -> HttpResponse:
    """The properties that events have, as the options of a field."""
    return page(request, "behaviour/_options.html", options=offered.properties(asking.workspace(request.user)))


@require_GET
@requires("ask")
def event_values(request: HttpRequest) -> HttpResponse:
    """The values of a property, the most frequent first, as the options of a field."""
    prop = next((request.GET[name] for name in request.GET if name.endswith("prop")), "").strip()
    return page(request, "behaviour/_options.html", options=offered.values(asking.workspace(request.user), prop))


@require_GET
@requires("ask")
def people(request: HttpRequest) -> HttpResponse:
    """Who is behind a figure: in the drawer of the page it is on, or as a page of its own."""
    found = behind.behind(asking.workspace(request.user), request.GET)
    part = is_fragment(request)
    shown = behind.board(found, behind.IN_THE_DRAWER if part else behind.SHOWN)
    template = "behaviour/_people.html" if part else "behaviour/people.html"
    return page(request, template, heading=shown["title"], crumbs=_way(shown), **shown)


def _way(shown: dict[str, Any]) -> list[tuple[Any, str]]:
    return [(shown["page_name"], shown["page_href"])]


@require_GET
@requires("ask")
def people_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """Who is behind a figure, as a file."""
    return table_file(form, "people", *behind.table(behind.behind(asking.workspace(request.user), request.GET)))


@require_GET
@requires("ask")
def people_events(request: HttpRequest) -> HttpResponse:
    """The events that put the people behind a figure there."""
    shown = behind.events_board(behind.behind(asking.workspace(request.user), request.GET))
    template = "behaviour/_people_events.html" if is_fragment(request) else "behaviour/people_events.html"
    return page(request, template, heading=shown["title"], **shown)


@require_GET
@requires("ask")
def people_events_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The same as a file."""
    rows = behind.events(behind.behind(asking.workspace(request.user), request.GET))
    return table_file(form, "events", rows.column_names, (list(row.values()) for row in rows.to_pylist()))


@require_GET
@requires("ask")
def tile(request: HttpRequest, view_id: int) -> HttpResponse:
    """The figure of a saved view, as a tile of the cockpit; a failure stays in its place."""
    view = selectors.view_for(request.user, view_id)
    this = SHEETS.get(view.page)
    if this is None:
        raise Http404
    seen = asking.workspace(request.user)
    shown: dict[str, Any] = {"href": saved_views.address(view)}
    try:
        given = sheets.read(QueryDict(view.query), this, asking.today(seen), seen.definition())
        if given.is_whole:
            figure = this.figure(given, seen.ask(given.question))
            shown |= {"figure": figure, "spark": sparkline(figure["values"], figure["running"])}
        else:
            shown["missing"] = _missing(given)
    except TenureError as problem:
        shown["said"] = errors.translated(problem)
    return page(request, "behaviour/_tile.html", **shown)
