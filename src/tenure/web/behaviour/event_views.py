"""Views of the event catalogue."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from tenure.apps.behaviour import selectors, services
from tenure.apps.workspaces.permissions import may, require
from tenure.core.errors import TenureError
from tenure.web import asking, errors
from tenure.web.behaviour import events
from tenure.web.export import table_file
from tenure.web.listing import tabs
from tenure.web.pages import page, requires

_INPUT = {"class": "input"}


class EntryForm(forms.Form):
    """What is written of an event."""

    feature = forms.CharField(
        label=gettext_lazy("Feature"),
        required=False,
        max_length=services.LONGEST["feature"],
        help_text=gettext_lazy("Events of one feature carry the same name here."),
        widget=forms.TextInput(attrs={**_INPUT, "list": "features"}),
    )
    owner = forms.CharField(
        label=gettext_lazy("Owner"),
        required=False,
        max_length=services.LONGEST["owner"],
        help_text=gettext_lazy("Who knows about it."),
        widget=forms.TextInput(attrs=_INPUT),
    )
    description = forms.CharField(
        label=gettext_lazy("Description"),
        required=False,
        max_length=services.LONGEST["description"],
        widget=forms.Textarea(attrs={**_INPUT, "rows": 3}),
    )
    hidden = forms.BooleanField(
        label=gettext_lazy("Hidden"),
        required=False,
        help_text=gettext_lazy("Noise: no list offers it and no heat map shows it. It still counts as activity."),
        widget=forms.CheckboxInput(attrs={"class": "check"}),
    )


@require_GET
@requires("ask")
def event_list(request: HttpRequest) -> HttpResponse:
    """Every event that came in, with what is known of it."""
    seen = asking.workspace(request.user)
    found, listing, today = events.opened(seen), events.listing(), asking.today(seen)
    moved = listing.moved(request)
    if moved is not None:
        return moved
    state = listing.state(request, today)
    shown = listing.shown(found, state, tabs=tabs(listing, found, state, events.views(), today))
    return page(request, "behaviour/events.html", heading=_("Events"), listing=shown)


@require_GET
@requires("ask")
def events_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The list as a file: the filters, columns and order of the screen."""
    seen = asking.workspace(request.user)
    listing = events.listing()
    return table_file(form, "events", *listing.file(events.opened(seen), listing.state(request, asking.today(seen))))


@require_http_methods(["GET", "POST"])
@requires("ask")
def event(request: HttpRequest) -> HttpResponse:
    """One event: how often it comes, its properties, and what is written of it."""
    name, status = request.GET.get("event", ""), 200
    form = None
    if request.method == "POST":
        require(request.user, "describe_events")
        form = EntryForm(request.POST)
        status = 422
        if form.is_valid():
            try:
                services.describe(name, form.cleaned_data, by=request.user)
            except TenureError as problem:
                told = errors.translated(problem)
                form.add_error(None, f"{told.message} {told.fix}".strip())
            else:
                messages.success(request, _("Written."))
                return HttpResponseRedirect(events.address(name))
    shown = events.one(asking.workspace(request.user), name, personal=may(request.user, "read_personal"))
    if form is None and may(request.user, "describe_events"):
        form = EntryForm(initial=shown["values"])
    return page(request, "behaviour/event.html", status=status, form=form, features=selectors.features(), **shown)
