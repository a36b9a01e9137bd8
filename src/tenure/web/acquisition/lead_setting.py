"""Pages of how leads come and are worked: scores and working hours, and the forms that people outside fill in."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlencode

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.apps.acquisition import selectors, working_days
from tenure.apps.acquisition.models import DayKind, LeadForm
from tenure.apps.acquisition.services import lead_forms, policy
from tenure.core.errors import TenureError
from tenure.web import formatting as f
from tenure.web.acquisition import lead_fields as fields
from tenure.web.acquisition import lead_words as words
from tenure.web.pages import page, requires
from tenure.web.records import said


@require_http_methods(["GET", "POST"])
@requires("lead_settings")
def lead_policy(request: HttpRequest) -> HttpResponse:
    """How leads are scored, by when they are answered, and when work is done."""
    form = fields.Policy(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            policy.save(form.given(), by=request.user)
        except TenureError as problem:
            form.refuse(problem)
        else:
            messages.success(request, _("Saved. Leads are scored by this from now on."))
            return HttpResponseRedirect(reverse("lead_policy"))
    return _policy(request, form, fields.OwnDay(), 422 if form.is_bound else 200)


@require_POST
@requires("lead_settings")
def lead_day(request: HttpRequest) -> HttpResponse:
    """Set a day that differs from the public calendar, or leave it to that again."""
    if request.POST.get("drop"):
        policy.drop_day(request.POST["drop"], by=request.user)
        messages.success(request, _("The public calendar says again what this day is."))
        return HttpResponseRedirect(reverse("lead_policy"))
    form = fields.OwnDay(request.POST)
    if form.is_valid():
        try:
            policy.set_day(**form.cleaned_data, by=request.user)
        except TenureError as problem:
            form.refuse(problem)
        else:
            messages.success(request, _("The day is set."))
            return HttpResponseRedirect(reverse("lead_policy"))
    return _policy(request, fields.Policy(), form, 422)


def _policy(request: HttpRequest, form: fields.Policy, day: fields.OwnDay, status: int) -> HttpResponse:
    today = localdate()
    now = selectors.lead_policy()
    off, worked = working_days.public(now.country, today.year)
    coming = sorted([(one, DayKind.OFF) for one in off] + [(one, DayKind.WORKED) for one in worked])
    return page(
        request,
        "acquisition/lead_policy.html",
        status=status,
        heading=_("Scores and hours"),
        form=form,
        day=day,
        own=[
            {"day": f.weekday(one.day), "value": one.day.isoformat(), "kind": one.get_kind_display(), "name": one.name}
            for one in selectors.own_days()
        ],
        public=[
            {"day": f.weekday(one), "kind": kind.label}
            for one, kind in coming
            if one >= today and one.year <= today.year + 1
        ][:40],
    )


@require_GET
@requires("lead_settings")
def lead_form_list(request: HttpRequest) -> HttpResponse:
    """Every form with its address."""
    return page(
        request,
        "acquisition/lead_forms.html",
        heading=_("Lead forms"),
        actions=said.actions((_("New form"), reverse("lead_form_new"))),
        rows=[
            {
                "href": reverse("lead_form", args=[form.pk]),
                "name": form.name,
                "address": _address(request, form),
                "channel": form.channel or f.NOTHING,
                "campaign": form.campaign or f.NOTHING,
                "signal": words.SIGNALS[form.signal],
                "is_open": form.is_open,
            }
            for form in selectors.lead_forms()
        ],
    )


@require_http_methods(["GET", "POST"])
@requires("lead_settings")
def lead_form_new(request: HttpRequest) -> HttpResponse:
    """Define a form."""
    return _define(request, None)


@require_http_methods(["GET", "POST"])
@requires("lead_settings")
def lead_form(request: HttpRequest, form_id: int) -> HttpResponse:
    """One form: its address and code to pass on, and its definition."""
    return _define(request, selectors.lead_form(form_id))


def _define(request: HttpRequest, found: LeadForm | None) -> HttpResponse:
    form = fields.Definition(request.POST if request.method == "POST" else None, form=found)
    if form.is_valid():
        try:
            made = lead_forms.save(form.given(), by=request.user, form=found)
        except TenureError as problem:
            if problem.where.get("field") == "fields":
                problem.where["field"] = "fields_"
            form.refuse(problem)
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(reverse("lead_form", args=[made.pk]))
    shared: dict[str, Any] = {}
    if found is not None:
        address = _address(request, found)
        shared = {
            "address": address,
            "snippet": f'<iframe src="{address}" title="{found.title}" width="100%" height="720"></iframe>',
            "code": reverse("lead_form_code", args=[found.pk]),
            "version": found.consent_version,
        }
    return page(
        request,
        "acquisition/lead_form.html",
        status=422 if form.is_bound else 200,
        heading=_("New form") if found is None else found.name,
        form=form,
        **shared,
    )


@require_GET
@requires("lead_settings")
def lead_form_code(request: HttpRequest, form_id: int) -> HttpResponse:
    """The address of a form as a QR code; `utm_...` of this address go into it."""
    found = selectors.lead_form(form_id)
    origin = {name: request.GET[name][:200] for name in request.GET if name.startswith("utm_")}
    drawn = io.BytesIO()
    segno.make(_address(request, found, origin), error="m", micro=False).save(drawn, kind="svg", scale=8, border=4)
    return HttpResponse(drawn.getvalue(), content_type="image/svg+xml")


def _address(request: HttpRequest, form: LeadForm, origin: dict[str, str] | None = None) -> str:
    address = request.build_absolute_uri(reverse("public_form", args=[form.token]))
    return f"{address}?{urlencode(origin)}" if origin else address
