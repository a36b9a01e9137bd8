"""Pages of the collector and of the profile: what it is for, where it goes, who does not want it, how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.models import Collection, RunState
from tenure.apps.acquisition.services import collecting, profile, sites
from tenure.apps.connectors import tasks
from tenure.core.errors import TenureError
from tenure.core.icp import MOST_RULES, SUBJECTS, vocabulary
from tenure.web import errors
from tenure.web import formatting as f
from tenure.web.acquisition import prospect_words as words
from tenure.web.pages import is_fragment, page, requires
from tenure.web.workspaces.forms import refused

BLANK_RULES = 4
LISTED = 200


class SignForm(forms.Form):
    """What the collector is for, signed."""

    purpose = forms.CharField(
        label=gettext_lazy("What the facts are for"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Which companies you look for, and what you will do with what you find."),
    )
    contact = forms.CharField(
        label=gettext_lazy("Page for site owners"),
        widget=forms.URLInput(),
        help_text=gettext_lazy("The collector names itself by this address: it says who you are and how to opt out."),
    )
    signature = forms.CharField(label=gettext_lazy("Signed: your name"))

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, label_suffix="", **named)
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"


@require_http_methods(["GET", "POST"])
@requires("collect_prospects")
def collector(request: HttpRequest) -> HttpResponse:
    """The collector's switch, sites, opt-outs and walks; POST signs what it is for."""
    setting = selectors.collector()
    known = {"purpose": setting.purpose, "contact": setting.contact}
    form = SignForm(request.POST if request.method == "POST" else None, initial=known)
    if form.is_valid():
        try:
            collecting.sign(by=request.user, **form.cleaned_data)
        except TenureError as problem:
            refused(form, problem)
        else:
            messages.success(request, _("The collector may run now."))
            return redirect("collector")
    return _collector(request, form, 422 if form.is_bound else 200)


@require_POST
@requires("collect_prospects")
def collector_off(request: HttpRequest) -> HttpResponse:
    """Switch the collector off."""
    collecting.switch_off(by=request.user)
    messages.success(request, _("The collector is off."))
    return redirect("collector")


@require_POST
@requires("collect_prospects")
def collector_sites(request: HttpRequest) -> HttpResponse:
    """Add sites to the list, or take one off."""
    if "remove" in request.POST:
        sites.remove_site(request.POST["remove"], by=request.user)
        return redirect("collector")
    added, left = sites.add_sites(request.POST.get("sites", "").splitlines(), by=request.user)
    said = ngettext("%(count)s site added.", "%(count)s sites added.", added) % {"count": f.exact(added)}
    messages.success(request, said)
    if left:
        messages.warning(request, _("Not added: %(lines)s") % {"lines": ", ".join(left[:10])})
    return redirect("collector")


@require_POST
@requires("collect_prospects")
def collector_opt_outs(request: HttpRequest) -> HttpResponse:
    """Note that an owner does not want it, or that they took that back."""
    if "remove" in request.POST:
        sites.drop_opt_out(request.POST["remove"], by=request.user)
        return redirect("collector")
    made = sites.opt_out(request.POST.get("domain", ""), request.POST.get("note", ""), by=request.user)
    messages.success(request, _("%(domain)s is not looked at again.") % {"domain": made.domain})
    return redirect("collector")


@require_POST
@requires("collect_prospects")
def collection_begin(request: HttpRequest) -> HttpResponse:
    """Let the worker walk through the list of sites."""
    tasks.queue_collection(by=request.user)
    return redirect("collector")


@require_POST
@requires("collect_prospects")
def collection_stop(request: HttpRequest, collection_id: int) -> HttpResponse:
    """Let a walk end before its next request."""
    collecting.stop(collection_id, by=request.user)
    return redirect("collector")


@require_GET
@requires("collect_prospects")
def collection(request: HttpRequest, collection_id: int) -> HttpResponse:
    """What became of each site of a walk; the part that shows how far it is, as the page asks every second."""
    found = selectors.collection(collection_id)
    if is_fragment(request):
        if found.state in selectors.UNDER_WAY:
            return page(request, "components/progress.html", progress=_progress(found))
        response = HttpResponse(status=204)
        response["HX-Redirect"] = reverse("collector")
        return response
    return page(
        request,
        "acquisition/collection.html",
        heading=_("Collection of %(day)s") % {"day": f.moment(timezone.localtime(found.began_at))},
        crumbs=[(_("Collector"), reverse("collector"))],
        note=found.purpose,
        rows=[
            {
                "domain": one.domain,
                "verdict": words.VERDICTS.get(one.verdict, one.verdict) or _("Not yet"),
                "pages": f.exact(one.pages),
                "requests": f.exact(one.requests),
                "skipped": words.tally(one.skipped, words.VERDICTS) or f.NOTHING,
                "dropped": words.tally(one.dropped, words.DROPPED) or f.NOTHING,
            }
            for one in selectors.visits(collection_id)[:LISTED]
        ],
    )


@require_http_methods(["GET", "POST"])
@requires("collect_prospects")
def profile_page(request: HttpRequest) -> HttpResponse:
    """The rules of the profile, and its versions; POST writes a new one."""
    current = selectors.profile()
    rows = [{**one, "values": ", ".join(one["values"])} for one in (current.rules if current else [])]
    name, problem = current.name if current else "", None
    if request.method == "POST":
        name, rows = request.POST.get("name", ""), _given(request.POST)
        try:
            made = profile.save_profile(name, rows, by=request.user)
        except TenureError as error:
            problem = errors.translated(error)
            if "row" in error.where:
                rows[error.where["row"]]["problem"] = f"{problem.message} {problem.fix}".strip()
        else:
            messages.success(request, _("Every prospect is scored by %(name)s now.") % {"name": made.name})
            return redirect("profile")
    blank = {"name": "", "subject": "", "values": "", "points": ""}
    shown = [*rows, *([blank] * (min(BLANK_RULES, MOST_RULES - len(rows)) if problem is None else 0))]
    return page(
        request,
        "acquisition/profile.html",
        status=422 if problem else 200,
        heading=_("Ideal customer profile"),
        name=name,
        problem=problem,
        rows=[{**one, "number": at, "label": f.exact(at + 1)} for at, one in enumerate(shown)],
        subjects=[(subject, words.SUBJECTS[subject]) for subject in SUBJECTS],
        versions=[
            {
                "at": f.moment(timezone.localtime(one.made_at)),
                "by": str(one.by or f.NOTHING),
                "name": one.name,
                "rules": f.exact(len(one.rules)),
            }
            for one in selectors.profiles()[:20]
        ],
    )


def _given(posted: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of the form of which anything is written."""
    rows = []
    for number in range(MOST_RULES + BLANK_RULES):
        row = {name: posted.get(f"{name}-{number}", "").strip() for name in ("name", "subject", "values", "points")}
        if row["name"] or row["values"] or row["points"]:
            rows.append(row)
    return rows


def _collector(request: HttpRequest, form: SignForm, status: int) -> HttpResponse:
    setting, running = selectors.collector(), selectors.under_way()
    listed = selectors.sites()
    return page(
        request,
        "acquisition/collector.html",
        status=status,
        heading=_("Collector"),
        form=form,
        setting=setting,
        signed=_("%(name)s, %(day)s") % {
            "name": setting.signature, "day": f.moment(timezone.localtime(setting.signed_at))
        } if setting.is_on else "",
        looks_for=" · ".join(word for found in vocabulary(selectors.rules()).values() for word in found),
        progress=_progress(running) if running else None,
        walks=_walks(selectors.collections()),
        sites=[
            {
                "domain": site.domain,
                "terms": site.terms or f.NOTHING,
                "visited": f.moment(timezone.localtime(site.visited_at)) if site.visited_at else _("Not yet"),
            }
            for site in listed[:LISTED]
        ],
        sites_count=ngettext("%(count)s site", "%(count)s sites", listed.count()) % {"count": f.exact(listed.count())},
        opt_outs=[
            {"domain": one.domain, "note": one.note or f.NOTHING, "at": f.moment(timezone.localtime(one.asked_at))}
            for one in selectors.opt_outs()[:LISTED]
        ],
    )  # fmt: skip


def _walks(found: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": one.pk,
            "at": f.moment(timezone.localtime(one.began_at)),
            "by": str(one.by or f.NOTHING),
            "state": RunState(one.state).label,
            "sites": _("%(done)s of %(all)s") % {"done": f.exact(one.visited), "all": f.exact(one.sites)},
            "pages": f.exact(one.pages or 0),
        }
        for one in found
    ]


def _progress(running: Collection) -> dict[str, Any]:
    """How far a walk is, for the part that asks every second."""
    at = selectors.progress(running.pk)
    stopping = running.state == RunState.STOPPING
    said = _("%(done)s of %(all)s sites, %(pages)s pages read") % {
        "done": f.exact(at["done"]),
        "all": f.exact(at["sites"]),
        "pages": f.exact(at["pages"] or 0),
    }
    return {
        "run": running.pk,
        "address": reverse("collection", args=[running.pk]),
        "cancel": "" if stopping else reverse("collection_stop", args=[running.pk]),
        "title": _("Companies' sites are being read"),
        "said": _("Stopping") if stopping else said,
        "percent": round(100 * at["done"] / at["sites"]) if at["sites"] else 0,
        "is_known": True,
        "note": _("It goes on if you leave this page: one request a second to each site."),
    }
