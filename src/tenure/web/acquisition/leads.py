"""Pages of leads: those that wait for an answer, and one with what arrived, its scores and what can be done."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone as clock
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.models import LeadPolicy
from tenure.apps.acquisition.services import working
from tenure.apps.workspaces.permissions import may
from tenure.apps.workspaces.services.lake import reporting_currency
from tenure.core import sla
from tenure.core.errors import TenureError
from tenure.web import formatting as f
from tenure.web.acquisition import lead_fields as fields
from tenure.web.acquisition import lead_words as words
from tenure.web.pages import page, requires
from tenure.web.records import said
from tenure.web.records.kinds import KINDS, history_for, key_of, record_for
from tenure.web.records.words import CHOICES, LEAD_REASONS, label

MOST = 100
"""Leads that the board shows of each kind."""


@require_GET
@requires("ask")
def lead_board(request: HttpRequest) -> HttpResponse:
    """What waits for an answer, what is due soonest on top; and what was accepted and is no deal yet."""
    now = clock.now()
    waiting = selectors.leads_waiting(request.user)
    accepted = selectors.leads_accepted(request.user)
    overdue = waiting.filter(respond_by__lt=now).count()
    policy = selectors.lead_policy()
    calendar = selectors.business_calendar(policy, now)
    return page(
        request,
        "acquisition/lead_board.html",
        heading=_("Leads to answer"),
        note=_("Answer within %(time)s of working time.") % {"time": f.duration(policy.respond_minutes * 60)},
        actions=said.actions((_("All leads"), reverse("leads"))),
        counts=[
            {"label": _("Waiting"), "value": f.exact(waiting.count())},
            {"label": _("Overdue"), "value": f.exact(overdue), "is_bad": overdue > 0},
            {"label": _("Accepted, no deal yet"), "value": f.exact(accepted.count())},
        ],
        waiting=[_row(lead, request, now, calendar) for lead in waiting[:MOST]],
        accepted=[_row(lead, request, now, calendar) for lead in accepted[:MOST]],
        is_cut=waiting.count() > MOST,
        may_work=may(request.user, "work_leads"),
    )


def _row(lead: Any, request: HttpRequest, now: datetime, calendar: sla.BusinessCalendar) -> dict[str, Any]:
    reads = selectors.reads_person(request.user, lead)
    return {
        "href": _place(lead),
        "name": _called(lead, reads=reads),
        "person": " · ".join(part for part in (lead.person_name, lead.title) if part) if reads else "",
        "status": CHOICES["leads", "status"][lead.status],
        "is_mql": lead.status == "mql",
        "grade": lead.grade or f.NOTHING,
        "channel": lead.channel or f.NOTHING,
        "age": f.duration(max(0.0, (now - lead.created_at).total_seconds())),
        "accepted": _moment(lead.sql_at),
        "owner": lead.owner or f.NOTHING,
        **_clock(lead, now, calendar),
    }


def _clock(lead: Any, now: datetime, calendar: sla.BusinessCalendar) -> dict[str, Any]:
    """Until when a lead is to be answered, and how much working time is left or was passed."""
    if lead.respond_by is None or lead.status not in selectors.WAITING:
        return {"due": _moment(lead.respond_by), "left": "", "is_overdue": False}
    is_overdue = lead.respond_by < now
    ends = (lead.respond_by, now) if is_overdue else (now, lead.respond_by)
    time = f.duration(sla.business_minutes_between(calendar, *ends) * 60)
    left = _("%(time)s overdue") % {"time": time} if is_overdue else _("%(time)s left") % {"time": time}
    return {"due": _moment(lead.respond_by), "left": left, "is_overdue": is_overdue}


@require_GET
@requires("ask")
def lead(request: HttpRequest, key: str) -> HttpResponse:
    """One lead: what arrived, what it is worth and why, what can be done, and every step."""
    return _lead(request, key)


def _lead(request: HttpRequest, key: str, status: int = 200, **bound: Any) -> HttpResponse:
    kind, now = KINDS["leads"], clock.now()
    steps = history_for(kind, key_of(key), request.user)
    newest = steps[0]
    shown = newest.version or newest.former
    reads = selectors.reads_person(request.user, shown)
    unseen = frozenset() if reads else frozenset(kind.model.PERSONAL)
    worth = working.worth(shown, now)
    policy = selectors.lead_policy()
    may_work = may(request.user, "work_leads") and newest.version is not None
    matches = selectors.matches(request.user, shown) if shown.status == "sql" and may_work else None
    facts = said.facts(kind, shown, {*unseen, "capture", "consent", "fit_score", "engagement_score"}, request.user)
    return page(
        request,
        "acquisition/lead.html",
        status=status,
        heading=_called(shown, reads=reads),
        note=said.known(steps),
        actions=said.actions((_("Edit"), reverse("record_edit", args=["leads", key])))
        if newest.version is not None and may(request.user, "edit_records")
        else (),
        key=key,
        version=shown.row_id,
        is_gone=newest.version is None,
        is_masked=not reads,
        clock=_clock(shown, now, selectors.business_calendar(policy, now)),
        status_text=CHOICES["leads", "status"].get(shown.status or "new", shown.status),
        may_work=may_work,
        may_accept=may_work and shown.status == "mql",
        why_not=_why_not(shown, worth, policy) if shown.status in (None, "new", "working", "recycled") else "",
        reject=bound.get("reject", fields.Reject())
        if may_work and (shown.status or "new") in (*selectors.WAITING, "sql")
        else None,
        convert=bound.get("convert", fields.Convert(matches=matches, currency=reporting_currency()))
        if matches is not None
        else None,
        is_others=matches is not None and matches.is_others,
        noting=fields.Note() if may_work and shown.status != "converted" else None,
        facts=facts,
        grade=worth.grade or f.NOTHING,
        fit=_fit(worth),
        engagement=_engagement(worth),
        captures=_captures(shown) if reads else [],
        agreed=_agreed(shown) if reads else None,
        **said.history(kind, steps, request.user),
    )


def _fit(worth: working.Worth) -> dict[str, Any]:
    rows = [
        {
            "what": f"{words.SUBJECTS[one.rule.subject]}: {f.listed(one.rule.values)}",
            "found": one.fact.value if one.fact else _("Not known"),
            "points": f.exact(one.rule.points if one.holds else 0, plus=True),
            "holds": one.holds,
        }
        for one in worth.fit.evidence
    ]
    return {"value": f.exact(worth.fit.value), "rows": rows}


def _engagement(worth: working.Worth) -> dict[str, Any]:
    rows = [
        {
            "what": words.SIGNALS[part.signal.kind],
            "at": _moment(part.signal.at),
            "points": f.exact(round(part.points), plus=True),
        }
        for part in worth.engagement.parts
    ]
    return {"value": f.exact(worth.engagement.value), "rows": rows}


def _why_not(lead: Any, worth: working.Worth, policy: LeadPolicy) -> str:
    """What a lead lacks to be worth a call."""
    if worth.is_worth_a_call:
        return _("Its scores are high enough now: it becomes an MQL with the next thing it does.")
    return _("No MQL yet: it takes a fit of %(fit)s, an engagement of %(engagement)s and somebody to reach.") % {
        "fit": policy.fit_line,
        "engagement": policy.engagement_line,
    }


def _captures(lead: Any) -> list[dict[str, Any]]:
    """What arrived, as it arrived."""
    found = json.loads(lead.capture or "[]")
    return [
        {
            "at": _moment(datetime.fromisoformat(one["at"])),
            "by": one.get("by", ""),
            "fields": [{"label": label("leads", name), "text": str(text)} for name, text in one["fields"].items()],
        }
        for one in (found if isinstance(found, list) else [])
        if isinstance(one, dict) and isinstance(one.get("fields"), dict) and "at" in one
    ]


def _agreed(lead: Any) -> dict[str, str] | None:
    told = json.loads(lead.consent or "null")
    if not isinstance(told, dict) or "text" not in told:
        return None
    at = _moment(datetime.fromisoformat(str(told["at"]))) if "at" in told else ""
    return {"text": str(told["text"]), "version": str(told.get("version", "")), "at": at}


def _called(lead: Any, *, reads: bool) -> str:
    return str(lead.company_name or (reads and (lead.person_name or lead.email)) or lead.lead_id)


def _place(lead: Any) -> str:
    return said.address(KINDS["leads"], lead)


def _moment(at: datetime | None) -> str:
    return f.NOTHING if at is None else f.moment(localtime(at))


# ---------------------------------------------------------------------- what is done with one


@require_POST
@requires("work_leads")
def lead_accept(request: HttpRequest, key: str) -> HttpResponse:
    """Take a lead on."""
    found = record_for(KINDS["leads"], key_of(key), request.user)
    working.accept(found.lead_id, by=request.user, seen=request.POST.get("version") or None)
    messages.success(request, _("Accepted: it is yours now."))
    return HttpResponseRedirect(reverse("lead", args=[key]))


@require_POST
@requires("work_leads")
def lead_reject(request: HttpRequest, key: str) -> HttpResponse:
    """Send a lead back to nurture, with a reason."""
    found = record_for(KINDS["leads"], key_of(key), request.user)
    form = fields.Reject(request.POST)
    if form.is_valid():
        told = form.cleaned_data
        seen = request.POST.get("version") or None
        try:
            working.reject(found.lead_id, told["reason"], note=told["note"], by=request.user, seen=seen)
        except TenureError as problem:
            form.refuse(problem)
        else:
            said_why = LEAD_REASONS[told["reason"]]
            messages.success(request, _("Rejected: %(reason)s. It goes back to nurture.") % {"reason": said_why})
            return HttpResponseRedirect(reverse("lead_board"))
    return _lead(request, key, status=422, reject=form)


@require_POST
@requires("work_leads")
def lead_signal(request: HttpRequest, key: str) -> HttpResponse:
    """Note what a lead did."""
    found = record_for(KINDS["leads"], key_of(key), request.user)
    noted = working.note_signal(found.lead_id, request.POST.get("kind", ""), by=request.user)
    messages.success(request, _("Noted. Its grade is %(grade)s.") % {"grade": noted.grade or f.NOTHING})
    return HttpResponseRedirect(reverse("lead", args=[key]))


@require_POST
@requires("work_leads")
def lead_convert(request: HttpRequest, key: str) -> HttpResponse:
    """Make an accepted lead an account, a contact and a deal."""
    found = record_for(KINDS["leads"], key_of(key), request.user)
    matches = selectors.matches(request.user, found)
    form = fields.Convert(request.POST, matches=matches, currency=reporting_currency())
    if form.is_valid():
        try:
            made = working.convert(
                found.lead_id, by=request.user, seen=request.POST.get("version") or None, **form.cleaned_data
            )
        except TenureError as problem:
            form.refuse(problem)
        else:
            messages.success(request, _("Made a deal. Account and contact are there, too."))
            return HttpResponseRedirect(reverse("record", args=["deals", made.deal_id]))
    return _lead(request, key, status=422, convert=form)
