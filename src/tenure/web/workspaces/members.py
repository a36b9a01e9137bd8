"""Members: who works here, in which role; invitations, resets, and what was done with each."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.models import AuditEntry, LinkPurpose, Member, Role
from tenure.apps.workspaces.services import members, teams
from tenure.core.errors import TenureError
from tenure.web.formatting import moment
from tenure.web.pages import page, requires
from tenure.web.workspaces import forms
from tenure.web.workspaces.entrance import send
from tenure.web.workspaces.verbs import said

TRAIL = 50
"""So many of the newest entries of the audit trail stand on a member's page."""


@require_http_methods(["GET", "POST"])
@requires("manage_members")
def member_list(request: HttpRequest) -> HttpResponse:
    """Everybody; POST invites somebody."""
    form = forms.Invite(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            member = members.create_member(by=request.user, **form.cleaned_data)
        except TenureError as problem:
            forms.refused(form, problem)
        else:
            return _linked(request, member, LinkPurpose.INVITE)
    return page(
        request,
        "workspaces/members.html",
        status=422 if form.is_bound else 200,
        heading=_("Members"),
        form=form,
        mail=settings.MAIL,
        rows=[_row(member) for member in selectors.members_with_state()],
    )


@require_GET
@requires("manage_members")
def member(request: HttpRequest, member_id: int) -> HttpResponse:
    """One member: role, scope, access, second factor, and the audit trail about them."""
    found = selectors.member(member_id)
    return _member(request, found, forms.ChooseScope.of(found))


@require_POST
@requires("manage_members")
def member_scope(request: HttpRequest, member_id: int) -> HttpResponse:
    """Whose accounts a member sees, and how accounts name them as their owner."""
    found = selectors.member(member_id)
    form = forms.ChooseScope(request.POST)
    if form.is_valid():
        try:
            teams.set_scope(found, by=request.user, **form.cleaned_data)
        except TenureError as problem:
            forms.refused(form, problem)
        else:
            messages.success(request, _("Saved: what %(name)s sees.") % {"name": str(found)})
            return _back(member_id)
    return _member(request, found, form)


def _member(request: HttpRequest, found: Member, scope_form: forms.ChooseScope) -> HttpResponse:
    trail = selectors.audit("member", found.email)[:TRAIL]
    return page(
        request,
        "workspaces/member.html",
        status=422 if scope_form.is_bound else 200,
        heading=str(found),
        scope_form=scope_form,
        who=found,
        row=_row(found),
        role_form=forms.ChooseRole(initial={"role": found.role}),
        governable=found.role != Role.OWNER or request.user.role == Role.OWNER,
        mail=settings.MAIL,
        entries=[_entry(entry) for entry in trail],
    )


@require_POST
@requires("manage_members")
def member_role(request: HttpRequest, member_id: int) -> HttpResponse:
    members.set_role(selectors.member(member_id), request.POST.get("role", ""), by=request.user)
    return _back(member_id)


@require_POST
@requires("manage_members")
def member_active(request: HttpRequest, member_id: int) -> HttpResponse:
    """Take somebody's access away (`active=no`) or give it back."""
    change = members.deactivate if request.POST.get("active") == "no" else members.activate
    change(selectors.member(member_id), by=request.user)
    return _back(member_id)


@require_POST
@requires("manage_members")
def member_second_factor(request: HttpRequest, member_id: int) -> HttpResponse:
    """Take the second factor away from somebody who lost it."""
    members.drop_second_factor(selectors.member(member_id), by=request.user)
    return _back(member_id)


@require_POST
@requires("manage_members")
def member_link(request: HttpRequest, member_id: int) -> HttpResponse:
    """A new link with which somebody chooses a password: to invite who has none yet, else to reset."""
    found = selectors.member(member_id)
    purpose = LinkPurpose.RESET if found.has_usable_password() else LinkPurpose.INVITE
    return _linked(request, found, purpose)


def _linked(request: HttpRequest, member: Member, purpose: str) -> HttpResponse:
    """Show the link, this once, and mail it where mail is set up."""
    token = members.make_login_link(member.email, by=request.user, purpose=purpose)
    if settings.MAIL:
        send(request, member, purpose, by=request.user)
    return page(
        request,
        "workspaces/link.html",
        crumbs=[(str(member), reverse("member", args=[member.pk]))],
        heading=_("Link for %(name)s") % {"name": str(member)},
        who=member,
        mail=settings.MAIL,
        days=members.MINUTES[LinkPurpose(purpose)] // (24 * 60),
        address=request.build_absolute_uri(reverse("sign_in", args=[token])),
    )


def _back(member_id: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("member", args=[member_id]))


def _row(member: Member) -> dict[str, object]:
    state = _("Deactivated") if not member.is_active else _("Active") if member.last_login else _("Invited")
    return {
        "id": member.pk,
        "name": str(member),
        "email": member.email,
        "role": Role(member.role).label,
        "team": "–" if member.team is None else member.team.name,
        "scope": forms.SCOPES[member.scope],
        "state": state,
        "active": member.is_active,
        "has_password": member.has_usable_password(),
        "second_factor": getattr(member, "has_second_factor", False),
        "seen": moment(member.last_login) if member.last_login else "–",
    }


def _entry(entry: AuditEntry) -> dict[str, str]:
    return {"at": moment(entry.at), "actor": entry.actor, "verb": said(entry.verb, entry.detail)}
