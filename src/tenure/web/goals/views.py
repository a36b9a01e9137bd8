"""Views of the cockpit, of targets and of annotations."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.apps.goals import selectors, services
from tenure.apps.workspaces.permissions import may
from tenure.core.errors import TenureError
from tenure.web import errors, saved_views
from tenure.web import formatting as f
from tenure.web.goals import annotations, cockpit
from tenure.web.goals.words import TARGETED
from tenure.web.pages import next_address, page, refusal, requires
from tenure.web.subscriptions.names import names_for
from tenure.web.subscriptions.views import opened_for, stretch_of


@require_GET
@requires("ask")
def home(request: HttpRequest) -> HttpResponse:
    """The cockpit: on course or not, what moved, what is due."""
    opened = opened_for(request)
    stretch = stretch_of(request, opened)
    if stretch is None:
        return page(request, "subscriptions/empty.html", heading=_("Cockpit"))
    happened = annotations.happened(stretch)
    shown = {**cockpit.board(opened, stretch, happened), **annotations.tools(request, stretch.today, happened)}
    may_target = may(request.user, "set_targets") and not opened.limited
    kept = saved_views.on_cockpit(request.user)
    return page(request, "goals/cockpit.html", heading=_("Cockpit"), may_target=may_target, kept=kept, **shown)


@require_GET
@requires("ask")
def part(request: HttpRequest, name: str) -> HttpResponse:
    """One card of the cockpit, asked for on its own; a failure stays in its place."""
    build = cockpit.PARTS.get(name)
    if build is None:
        raise Http404
    opened = opened_for(request)
    stretch = stretch_of(request, opened)
    if stretch is None:
        raise Http404
    template = f"goals/_{name}.html"
    try:
        return page(request, template, **build(opened, stretch, names_for(request.user)))
    except TenureError as problem:
        return page(request, "goals/_failed.html", said=errors.translated(problem), name=name)


_INPUT = {"class": "input"}


class TargetForm(forms.Form):
    """A metric, a period, and what the metric should be at its close."""

    metric = forms.ChoiceField(
        label=gettext_lazy("Metric"), choices=tuple(TARGETED.items()), widget=forms.Select(attrs=_INPUT)
    )
    period = forms.CharField(
        label=gettext_lazy("Period"),
        max_length=10,
        help_text=gettext_lazy("2026-12, 2026-Q4, 2026 or FY2026"),
        widget=forms.TextInput(attrs=_INPUT),
    )
    value = forms.CharField(
        label=gettext_lazy("Value"),
        max_length=40,
        help_text=gettext_lazy("Money in the reporting currency; a share as 0.9."),
        widget=forms.TextInput(attrs=_INPUT),
    )


@require_http_methods(["GET", "POST"])
@requires("set_targets")
def targets(request: HttpRequest) -> HttpResponse:
    """The targets in force, and the form that sets one."""
    form = TargetForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            written = services.set_target(**form.cleaned_data, by=request.user)
        except TenureError as problem:
            said = errors.translated(problem)
            field = problem.where.get("field")
            form.add_error(field if field in form.fields else None, f"{said.message} {said.fix}".strip())
        else:
            messages.success(request, _("Target set for %(period)s.") % {"period": f.period(written.period)})
            return HttpResponseRedirect(reverse("targets"))
    if request.method == "POST":
        status = 422
    return page(request, "goals/targets.html", heading=_("Targets"), status=status, form=form, rows=_listed())


def _listed() -> list[dict[str, Any]]:
    return [
        {
            "metric": row.metric,
            "name": TARGETED.get(row.metric, row.metric),
            "period": row.period,
            "said": f.period(row.period),
            "value": f.plain(row.value),
            "since": row.recorded_at.date().isoformat(),
            "by": str(row.by or f.NOTHING),
        }
        for row in selectors.targets().select_related("by")
    ]


@require_POST
@requires("set_targets")
def drop_target(request: HttpRequest) -> HttpResponse:
    """Take a target back."""
    services.drop_target(request.POST.get("metric", ""), request.POST.get("period", ""), by=request.user)
    messages.success(request, _("The target is gone."))
    return HttpResponseRedirect(reverse("targets"))


@require_POST
@requires("annotate")
def annotate(request: HttpRequest) -> HttpResponse:
    """Say what happened on a day, for the charts."""
    given = {name: request.POST.get(name, "") for name in ("day", "text", "kind")}
    try:
        services.annotate(**given, by=request.user)
    except TenureError as problem:
        return refusal(request, problem)
    messages.success(request, _("It is on the charts now."))
    return HttpResponseRedirect(next_address(request))


@require_POST
@requires("annotate")
def drop_annotation(request: HttpRequest, annotation_id: str) -> HttpResponse:
    """Take an annotation from the charts."""
    services.drop_annotation(annotation_id, by=request.user)
    messages.success(request, _("It is off the charts."))
    return HttpResponseRedirect(next_address(request))
