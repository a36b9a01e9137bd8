"""Teams: who sees each other's accounts."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.services import teams
from tenure.core.errors import TenureError
from tenure.web import formatting as f
from tenure.web.pages import page, requires
from tenure.web.workspaces import forms


@require_http_methods(["GET", "POST"])
@requires("manage_members")
def team_list(request: HttpRequest) -> HttpResponse:
    """Every team; POST makes one."""
    form = forms.TeamName(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = teams.create_team(form.cleaned_data["name"], by=request.user)
        except TenureError as problem:
            forms.refused(form, problem)
        else:
            messages.success(request, _("Made the team %(name)s.") % {"name": made.name})
            return redirect("team", made.pk)
    rows = [
        {"id": team.pk, "name": team.name, "members": f.exact(team.size), "keys": f.exact(team.key_count)}
        for team in selectors.teams()
    ]
    status = 422 if form.is_bound else 200
    return page(request, "workspaces/teams.html", status=status, heading=_("Teams"), form=form, rows=rows)


@require_http_methods(["GET", "POST"])
@requires("manage_members")
def team(request: HttpRequest, team_id: int) -> HttpResponse:
    """One team and who is in it; POST calls it something else."""
    found = selectors.team(team_id)
    name = found.name
    form = forms.TeamName(request.POST if request.method == "POST" else None, initial={"name": name})
    if form.is_valid():
        try:
            teams.rename_team(found, form.cleaned_data["name"], by=request.user)
        except TenureError as problem:
            forms.refused(form, problem)
        else:
            messages.success(request, _("The team is called %(name)s now.") % {"name": found.name})
            return redirect("team", found.pk)
    return page(
        request,
        "workspaces/team.html",
        status=422 if form.is_bound else 200,
        heading=name,
        crumbs=[(_("Teams"), reverse("teams"))],
        form=form,
        id=found.pk,
        is_empty=not found.size and not found.key_count,
        rows=[
            {"id": member.pk, "name": str(member), "email": member.email, "scope": forms.SCOPES[member.scope]}
            for member in selectors.members().filter(team=found)
        ],
    )


@require_POST
@requires("manage_members")
def team_delete(request: HttpRequest, team_id: int) -> HttpResponse:
    """Take a team away that nobody is in."""
    found = selectors.team(team_id)
    teams.delete_team(found, by=request.user)
    messages.success(request, _("The team %(name)s is gone.") % {"name": found.name})
    return redirect("teams")
