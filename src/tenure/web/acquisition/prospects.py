"""Pages of prospects: the list, one prospect with what proves its score, and the calls made to it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.models import Outcome, Prospect, ProspectState
from tenure.apps.acquisition.services import lists, profile, prospects
from tenure.apps.workspaces.permissions import may
from tenure.core.errors import TenureError
from tenure.web import formatting as f
from tenure.web.acquisition.prospect_words import FIELDS, ROBOTS, SUBJECTS, counted
from tenure.web.export import table_file
from tenure.web.listing import Column, Empty, Listing, StoreRows, View, tabs
from tenure.web.pages import Action, page, requires
from tenure.web.workspaces.forms import refused

VIEWS = (
    View(gettext_lazy("All"), ""),
    View(gettext_lazy("To call"), "f=state~in~new|kept&sort=-score"),
    View(gettext_lazy("Call again by today"), "f=next_on~lt~%2B1d&f=state~eq~called&sort=next_on"),
    View(gettext_lazy("Made accounts"), "f=state~eq~converted"),
)


class CallForm(forms.Form):
    """What came of a call."""

    outcome = forms.ChoiceField(label=gettext_lazy("What came of it"), choices=Outcome.choices)
    next_on = forms.DateField(
        label=gettext_lazy("Call again on"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=prospects.LONGEST_NOTE,
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, label_suffix="", **named)
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"


class ListForm(forms.Form):
    """A telephone list, and what may be kept of it."""

    name = forms.CharField(label=gettext_lazy("Name of the list"), max_length=100)
    file = forms.FileField(label=gettext_lazy("CSV file"))
    fields_kept = forms.MultipleChoiceField(
        label=gettext_lazy("What may be kept beside the name"),
        choices=[(name, FIELDS[name]) for name in lists.FIELDS if name != "name"],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    ground = forms.CharField(
        label=gettext_lazy("Where it comes from, and why its companies may be called"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    expires_on = forms.DateField(label=gettext_lazy("Emptied on"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, label_suffix="", **named)
        columns = "name; domain, phone, industry, employees, region; outcome, called_on"
        self.fields["file"].help_text = format_html("{} <code>{}</code>", _("Its columns:"), columns)
        for name in ("name", "file", "ground", "expires_on"):
            self.fields[name].widget.attrs["class"] = "input"


@require_http_methods(["GET", "POST"])
@requires("collect_prospects")
def call_lists(request: HttpRequest) -> HttpResponse:
    """The telephone lists with how their calls went; POST takes one in."""
    form = ListForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if form.is_valid():
        given = form.cleaned_data
        file = io.TextIOWrapper(given["file"], encoding="utf-8-sig", newline="")
        try:
            done = lists.import_list(
                given["name"],
                lists.rows_of(file),
                fields=given["fields_kept"],
                ground=given["ground"],
                expires_on=given["expires_on"],
                by=request.user,
            )
        except TenureError as problem:
            refused(form, problem)
        else:
            said = _("%(added)s companies taken in; %(known)s were known before, %(nameless)s have no name.")
            counts = {"added": done.added, "known": done.known, "nameless": done.without_name}
            messages.success(request, said % {name: f.exact(count) for name, count in counts.items()})
            return redirect("call_lists")
    return page(
        request,
        "acquisition/lists.html",
        status=422 if form.is_bound else 200,
        heading=_("Telephone lists"),
        form=form,
        rows=[
            {
                "name": one.name,
                "ground": one.ground,
                "fields": f.listed(str(FIELDS[name]) for name in one.fields),
                "size": f.exact(one.size),
                "called": f.exact(one.called),
                "agreed": f.exact(one.agreed),
                "share": f.percent(Decimal(one.agreed) / one.called) if one.called else f.NOTHING,
                "expires_on": one.expires_on.isoformat(),
                "href": f"{reverse('prospects')}?{urlencode({'f': f'list~eq~{one.name}'})}",
            }
            for one in selectors.call_lists()
        ],
    )


@require_GET
@requires("call_prospects")
def prospect_list(request: HttpRequest) -> HttpResponse:
    """Every prospect that the reader sees, the best first."""
    keeper = may(request.user, "collect_prospects")
    listing = _listing(keeper=keeper)
    moved = listing.moved(request)
    if moved is not None:
        return moved
    today = timezone.localdate()
    rows, state = _rows(request), listing.state(request, today)
    actions = [
        Action(_("Telephone lists"), reverse("call_lists"), "table"),
        Action(_("Profile"), reverse("profile"), "edit"),
        Action(_("Collector"), reverse("collector"), "settings", primary=True),
    ]
    return page(
        request,
        "acquisition/prospects.html",
        heading=_("Prospects"),
        note=_("Companies that did not ask us yet, by how well they fit the profile."),
        actions=actions if keeper else [],
        listing=listing.shown(rows, state, tabs=tabs(listing, rows, state, VIEWS, today)),
    )


@require_GET
@requires("call_prospects")
def prospects_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The list as a file: the filters, columns and order of the screen."""
    listing = _listing(keeper=False)
    return table_file(form, "prospects", *listing.file(_rows(request), listing.state(request, timezone.localdate())))


@require_http_methods(["GET", "POST"])
@requires("call_prospects")
def prospect(request: HttpRequest, prospect_id: int) -> HttpResponse:
    """One prospect: its score with the proof, what is known, its calls; POST writes a call down."""
    found = selectors.prospect(request.user, prospect_id)
    form = CallForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            prospects.record_call(found, by=request.user, **form.cleaned_data)
        except TenureError as problem:
            refused(form, problem)
        else:
            messages.success(request, _("The call is written down."))
            return redirect("prospect", found.pk)
    return page(
        request,
        "acquisition/prospect.html",
        status=422 if form.is_bound else 200,
        heading=str(found),
        form=form if found.emptied_at is None and found.state != ProspectState.REFUSED else None,
        **_shown(found),
    )


@require_POST
@requires("call_prospects")
def prospect_state(request: HttpRequest, prospect_id: int) -> HttpResponse:
    """Keep a prospect, refuse it, or take that back."""
    found = prospects.set_state(
        selectors.prospect(request.user, prospect_id), request.POST.get("state", ""), by=request.user
    )
    messages.success(
        request, _("%(name)s: %(state)s") % {"name": str(found), "state": ProspectState(found.state).label}
    )
    return redirect("prospect", prospect_id)


@require_POST
@requires("call_prospects")
def prospect_convert(request: HttpRequest, prospect_id: int) -> HttpResponse:
    """Make a prospect an account with a task to call it."""
    found = selectors.prospect(request.user, prospect_id)
    account_id = prospects.convert(found, by=request.user)
    messages.success(request, _("%(name)s is an account now, with a task to call it.") % {"name": str(found)})
    return redirect("account_record", account_id)


def _shown(found: Prospect) -> dict[str, Any]:
    last = f.moment(timezone.localtime(found.called_at)) if found.called_at else f.NOTHING
    links = {ProspectState.CONVERTED: reverse("account_record", args=[found.account_id or "-"])}
    return {
        "prospect": found,
        "strip": [
            (_("Score"), f.NOTHING if found.score is None else f.exact(found.score)),
            (_("State"), ProspectState(found.state).label),
            (_("Who"), str(found.who or f.NOTHING)),
            (_("Last call"), last),
            (_("Emptied on"), found.expires_on.isoformat()),
        ],
        "account": links.get(ProspectState(found.state), ""),
        "is_open": found.emptied_at is None and found.state in ("new", "kept", "called"),
        "is_refused": found.emptied_at is None and found.state == ProspectState.REFUSED,
        "evidence": [
            {
                "name": one.rule.name,
                "looks_for": _("%(subject)s: %(words)s")
                % {"subject": SUBJECTS[one.rule.subject], "words": f.listed(one.rule.values)},
                "points": f"{one.rule.points:+d}".replace("-", f.MINUS),
                "holds": one.holds,
                "fact": one.fact,
            }
            for one in profile.evidence(found)
        ],
        "facts": [
            {
                "subject": SUBJECTS[fact.subject],
                "value": fact.value,
                "url": fact.url,
                "at": f.moment(timezone.localtime(fact.fetched_at)),
                "robots": ROBOTS[fact.robots],
                "terms": fact.terms,
            }
            for fact in found.facts.order_by("pk")
        ],
        "addresses": [{"text": str(one), "url": one.url} for one in found.addresses.order_by("pk")],
        "calls": [
            {
                "at": f.moment(timezone.localtime(call.at)),
                "by": str(call.by or f.NOTHING),
                "outcome": Outcome(call.outcome).label,
                "note": call.note,
            }
            for call in found.calls.select_related("by").order_by("-at", "-pk")[:50]
        ],
    }


def _rows(request: HttpRequest) -> StoreRows:
    paths: Mapping[str, str] = {"id": "pk", "who": "who__display_name", "list": "call_list__name"}
    return StoreRows(selectors.prospects(request.user), "id", paths)


def _listing(*, keeper: bool) -> Listing:
    return Listing(
        name="prospects",
        label=_("Prospects"),
        columns=(
            Column("title", _("Company"), card="start"),
            Column("score", _("Score"), "number", card="end"),
            Column("state", _("State"), "choice", choices=dict(ProspectState.choices), card="end"),
            Column("domain", _("Domain")),
            Column("who", _("Who")),
            Column("called_at", _("Last call"), "moment"),
            Column("next_on", _("Call again on"), "day"),
            Column("expires_on", _("Emptied on"), "day"),
            Column("list", _("List")),
            Column("phone", _("Telephone"), shown=False),
        ),
        sort="-score",
        search=("title",),
        counted=counted,
        empty=Empty(
            _("There are no prospects yet"),
            _("Write down what your best customers have in common, then let the collector read what companies say."),
            command="tenure collect-prospects",
            actions=({"label": _("Write the profile"), "href": reverse("profile")},) if keeper else (),
        ),
        row=lambda row: reverse("prospect", args=[row["id"]]),
        files={form: reverse("prospects_file", args=[form]) for form in ("csv", "xlsx")},
    )
