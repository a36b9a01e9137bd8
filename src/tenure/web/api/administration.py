"""Members, teams, keys, the audit trail and the export of everything, for programs of administrators."""

from __future__ import annotations

from typing import Any, Literal

from django.http import FileResponse, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_noop as _
from ninja import Field, Query, Router, Schema, Status

from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.models import ApiKey, AuditEntry, LinkPurpose, Member, Team
from tenure.apps.workspaces.services import keys, members, teams
from tenure.web.api.caller import allowed
from tenure.web.workspaces.everything import archive

router = Router(tags=["Administration"])
MOST_ENTRIES = 1_000


class Invitation(Schema):
    """Who is to work here."""

    email: str
    name: str = ""
    role: str = "viewer"
    language: str = ""


class MemberChange(Schema):
    """What is to change; what is not named stays. An empty `team` takes the member out of it."""

    role: str | None = None
    scope: str | None = Field(None, description="own, team or all: whose accounts the member sees.")
    team: str | None = None
    owns_as: str | None = Field(None, description="The word in the accounts' owner column that names the member.")
    active: bool | None = None


class TeamName(Schema):
    """What a team is called."""

    name: str


class NewKey(Schema):
    """A key for a program; with a `team` it sees the accounts of that team only."""

    name: str
    role: str = "analyst"
    team: str = ""


class Trail(Schema):
    """Which entries; `before` is the number of the oldest one that was read."""

    kind: str = ""
    key: str = ""
    verb: str = ""
    member: int | None = None
    before: int | None = None
    limit: int = Field(100, ge=1, le=MOST_ENTRIES)


class Form(Schema):
    """How the tables are written."""

    format: Literal["csv", "parquet"] = "csv"


@router.get("/members", summary=_("The members"), description=_("By name."), response=dict, url_name="members")
def member_list(request: HttpRequest) -> dict[str, Any]:
    allowed(request, "manage_members")
    return {"members": [_member(member) for member in selectors.members()]}


@router.post(
    "/members",
    summary=_("Invite a member"),
    description=_("The answer has the link with which the person chooses a password; it works once."),
    response={201: dict},
    url_name="members",
)
def invite(request: HttpRequest, body: Invitation) -> Status[dict[str, Any]]:
    by = allowed(request, "manage_members")
    made = members.create_member(body.email, body.name, body.role, by=by, language=body.language)
    token = members.make_login_link(made.email, by=by, purpose=LinkPurpose.INVITE)
    return Status(201, {**_member(made), "link": request.build_absolute_uri(reverse("sign_in", args=[token]))})


@router.patch(
    "/members/{int:member_id}",
    summary=_("Change what a member may do and see"),
    description=_("Role, scope, team, the word that names them as owner, and access."),
    response=dict,
    url_name="member",
)
def change_member(request: HttpRequest, member_id: int, body: MemberChange) -> dict[str, Any]:
    by = allowed(request, "manage_members")
    found = selectors.member(member_id)
    if body.role is not None:
        members.set_role(found, body.role, by=by)
    if body.scope is not None or body.team is not None or body.owns_as is not None:
        teams.set_scope(
            found,
            scope=found.scope if body.scope is None else body.scope,
            team=found.team if body.team is None else (teams.team(body.team) if body.team else None),
            owns_as=found.owns_as if body.owns_as is None else body.owns_as,
            by=by,
        )
    if body.active is not None:
        (members.activate if body.active else members.deactivate)(found, by=by)
    return _member(found)


@router.get("/teams", summary=_("The teams"), description=_("By name."), response=dict, url_name="teams")
def team_list(request: HttpRequest) -> dict[str, Any]:
    allowed(request, "manage_members")
    return {"teams": [_team(team) for team in selectors.teams()]}


@router.post(
    "/teams",
    summary=_("Make a team"),
    description=_("Members whose scope is the team see the accounts of everybody in it."),
    response={201: dict},
    url_name="teams",
)
def create_team(request: HttpRequest, body: TeamName) -> Status[dict[str, Any]]:
    by = allowed(request, "manage_members")
    return Status(201, _team(selectors.team(teams.create_team(body.name, by=by).pk)))


@router.patch(
    "/teams/{int:team_id}",
    summary=_("Rename a team"),
    description=_("Its members and keys stay."),
    response=dict,
    url_name="team",
)
def rename_team(request: HttpRequest, team_id: int, body: TeamName) -> dict[str, Any]:
    by = allowed(request, "manage_members")
    return _team(teams.rename_team(selectors.team(team_id), body.name, by=by))


@router.delete(
    "/teams/{int:team_id}",
    summary=_("Delete a team"),
    description=_("Only one that nobody is in and no key was made for."),
    response={204: None},
    url_name="team",
)
def delete_team(request: HttpRequest, team_id: int) -> Status[None]:
    by = allowed(request, "manage_members")
    teams.delete_team(selectors.team(team_id), by=by)
    return Status(204, None)


@router.get("/keys", summary=_("The API keys"), description=_("Without their secrets."), response=dict, url_name="keys")
def key_list(request: HttpRequest) -> dict[str, Any]:
    allowed(request, "manage_keys")
    return {"keys": [_key(key) for key in selectors.api_keys()]}


@router.post(
    "/keys",
    summary=_("Make an API key"),
    description=_("The answer has the key itself, this once."),
    response={201: dict},
    url_name="keys",
)
def create_key(request: HttpRequest, body: NewKey) -> Status[dict[str, Any]]:
    by = allowed(request, "manage_keys")
    key, text = keys.create_key(body.name, body.role, by=by, team=teams.team(body.team) if body.team else None)
    return Status(201, {**_key(key), "key": text})


@router.post(
    "/keys/{prefix}/revoke",
    summary=_("Revoke an API key"),
    description=_("It is useless from now on."),
    response=dict,
    url_name="key_revoke",
)
def revoke_key(request: HttpRequest, prefix: str) -> dict[str, Any]:
    by = allowed(request, "manage_keys")
    return _key(keys.revoke_key(prefix, by=by))


@router.get(
    "/audit",
    summary=_("The audit trail"),
    description=_("Who did what to which record, before, after and from where; the newest first."),
    response=dict,
    url_name="audit",
)
def audit(request: HttpRequest, which: Query[Trail]) -> dict[str, Any]:
    allowed(request, "read_audit")
    entries = selectors.audit(which.kind or None, which.key or None).order_by("-pk")
    if which.verb:
        entries = entries.filter(verb=which.verb)
    if which.member is not None:
        entries = entries.filter(member_id=which.member)
    if which.before is not None:
        entries = entries.filter(pk__lt=which.before)
    return {"entries": [_entry(entry) for entry in entries[: which.limit]]}


@router.get(
    "/export",
    summary=_("Everything in one archive"),
    description=_("Every table with all former versions, the members, the imports and the audit trail, as a ZIP file."),
    url_name="export",
)
def export(request: HttpRequest, how: Query[Form]) -> FileResponse:
    return archive(how.format, by=allowed(request, "export_all"))


def _member(member: Member) -> dict[str, Any]:
    return {
        "id": member.pk,
        "email": member.email,
        "name": member.display_name,
        "role": member.role,
        "scope": member.scope,
        "team": None if member.team is None else member.team.name,
        "owns_as": member.owns_as,
        "active": member.is_active,
        "last_login": member.last_login,
    }


def _team(team: Team) -> dict[str, Any]:
    return {"id": team.pk, "name": team.name, "members": team.members.count(), "keys": team.keys.count()}


def _key(key: ApiKey) -> dict[str, Any]:
    return {
        "prefix": key.prefix,
        "name": key.name,
        "role": key.role,
        "team": None if key.team is None else key.team.name,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "revoked_at": key.revoked_at,
    }


def _entry(entry: AuditEntry) -> dict[str, Any]:
    return {
        "id": entry.pk,
        "at": entry.at,
        "actor": entry.actor,
        "member": entry.member_id,
        "verb": entry.verb,
        "kind": entry.kind,
        "key": entry.key,
        "detail": entry.detail,
        "door": entry.door,
        "address": entry.address,
    }
