"""My day: what the member has to do, and a short form for what they did."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone as clock
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tenure.apps.crm import day, services
from tenure.apps.workspaces.permissions import may
from tenure.apps.workspaces.services import lake
from tenure.core.errors import TenureError
from tenure.core.localtime import zone
from tenure.web import errors
from tenure.web import formatting as f
from tenure.web.pages import page, requires, undoable
from tenure.web.records import said, words
from tenure.web.records.kinds import key_of, kind_of, record_for, token

MOST = 50
"""Lines of one group; the lists have the rest."""
KINDS = (
    ("visit", gettext_lazy("Visit")),
    ("call", gettext_lazy("Call")),
    ("note", gettext_lazy("Note")),
    ("task", gettext_lazy("Task")),
)
SOON = {"late": gettext_lazy("late"), "today": gettext_lazy("today")}


class Short(forms.Form):
    """What happened, or is to be done, in one line."""

    kind = forms.ChoiceField(label=gettext_lazy("What"), choices=KINDS, widget=forms.Select(attrs={"class": "input"}))
    subject = forms.CharField(
        label=gettext_lazy("In a few words"),
        max_length=500,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    account_id = forms.CharField(
        label=gettext_lazy("Account"),
        max_length=200,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    due_on = forms.DateField(
        label=gettext_lazy("Due (tasks)"),
        required=False,
        widget=forms.DateInput(attrs={"class": "input", "type": "date"}),
    )


@require_GET
@requires("own_account")
def my_day(request: HttpRequest) -> HttpResponse:
    """Tasks, next steps and deadlines, each by the day."""
    return _show(request, Short())


@require_POST
@requires("edit_records")
def day_add(request: HttpRequest) -> HttpResponse:
    """Write down what happened, or a task."""
    form, now, local = Short(request.POST), clock.now(), zone(lake.timezone())
    if form.is_valid():
        given = form.cleaned_data
        values = {name: given[name] for name in ("kind", "subject", "account_id")}
        values["activity_id"] = f"activity-{secrets.token_hex(4)}"
        if given["kind"] != "task":
            values["occurred_at"] = now
        elif given["due_on"]:
            values["due_at"] = datetime.combine(given["due_on"], datetime.min.time(), local).replace(hour=18)
        try:
            added = services.add("activities", {**values, "owner": request.user.email}, by=request.user)
        except TenureError as problem:
            form.add_error(None, errors.translated(problem).message)
        else:
            undoable(request, _("Saved."), said.undo_address(kind_of("activities"), added))
            return HttpResponseRedirect(reverse("day"))
    return _show(request, form, status=422)


@require_POST
@requires("edit_records")
def day_done(request: HttpRequest, key: str) -> HttpResponse:
    """Say that a task is done, with what came of it."""
    task = record_for(kind_of("activities"), key_of(key), request.user)
    if task.done_at is not None:
        messages.info(request, _("This task was done already."))
    else:
        outcome = request.POST.get("outcome", "").strip()[:2000]
        version = day.done(request.user, task.version_key, outcome, clock.now(), seen=task.row_id)
        undoable(request, _("Done."), said.undo_address(kind_of("activities"), version))
    return HttpResponseRedirect(reverse("day"))


def _show(request: HttpRequest, form: Short, status: int = 200) -> HttpResponse:
    now, local = clock.now(), zone(lake.timezone())
    writes = may(request.user, "edit_records")
    groups = [
        {"title": _("My tasks"), "rows": _tasks(request, now, local), "empty": _("No task is open.")},
        {
            "title": _("Next steps of my deals"),
            "rows": _steps(day.steps(request.user)[:MOST], now.astimezone(local).date()),
            "empty": _("None of your deals is open."),
        },
        {
            "title": _("Deadlines of tenders in the next 14 days"),
            "rows": _deadlines(request, now, local),
            "empty": _("No deadline is near."),
        },
    ]
    return page(
        request, "crm/day.html", status=status, heading=_("My day"), groups=groups, form=form, writes=writes,
        today=f.weekday(now.astimezone(local).date()), renewals=reverse("renewals"),
    )  # fmt: skip


def _tasks(request: HttpRequest, now: datetime, local: Any) -> list[dict[str, Any]]:
    found = [*day.tasks(request.user)[:MOST], *day.tasks_without_day(request.user)[:MOST]][:MOST]
    return [
        {
            **_line("activities", one, one.subject or one.activity_id),
            "due": f.day(one.due_at.astimezone(local).date()) if one.due_at else _("no day"),
            "late": one.due_at is not None and one.due_at < now,
            "done": reverse("day_done", args=[token(one.version_key)]),
        }
        for one in found
    ]


def _steps(deals: Iterable[Any], today: Any) -> list[dict[str, Any]]:
    return [
        {
            **_line("deals", one, one.next_step or _("No next step")),
            "due": SOON.get(how := day.how_late(one.next_step_on, today))
            or (f.day(one.next_step_on) if one.next_step_on else _("no day")),
            "late": how == "late",
        }
        for one in sorted(deals, key=lambda deal: (deal.next_step_on is None, deal.next_step_on or today, deal.pk))
    ]


def _deadlines(request: HttpRequest, now: datetime, local: Any) -> list[dict[str, Any]]:
    found = sorted(day.deadlines(request.user, now), key=lambda one: (one[0], one[2].pk))[:MOST]
    return [
        {
            **_line("tenders", tender, f"{tender.name or tender.tender_id} · {words.label('tenders', name)}"),
            "due": f.moment(at.astimezone(local)),
            "late": False,
        }
        for at, name, tender in found
    ]


def _line(kind: str, one: Any, name: str) -> dict[str, Any]:
    whose = one.account_name or one.account_id or ""
    return {"href": said.address(kind_of(kind), one), "name": name, "what": whose}
