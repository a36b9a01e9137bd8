"""Teams, and whose accounts a member sees: the writes behind scope."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tenure.apps.workspaces.models import Member, Role, Scope, Team
from tenure.apps.workspaces.permissions import folded
from tenure.apps.workspaces.services.members import keep_to_owners
from tenure.apps.workspaces.services.writing import Actor, writing
from tenure.core.errors import TenureError
from tenure.warehouse.lines import NONE


def team(name: str) -> Team:
    """The team of a name.

    Raises: TenureError (team.unknown).
    """
    found = Team.objects.filter(name=name.strip()).first()
    if found is None:
        raise TenureError(
            "team.unknown",
            _("There is no team %(value)s.") % {"value": repr(name)},
            fix=_("Choose one from the list of teams, or make it first."),
            field="team",
            value=name,
        )
    return found


def create_team(name: str, *, by: Actor) -> Team:
    """Make a team without members."""
    with writing(by) as write:
        made = Team.objects.create(name=_free_name(name))
        write.audit("created", "team", made.name)
    return made


def rename_team(team: Team, name: str, *, by: Actor) -> Team:
    """Call a team something else."""
    with writing(by) as write:
        former = team.name
        if name.strip() == former:
            return team
        team.name = _free_name(name)
        team.save(update_fields=["name"])
        write.audit("renamed", "team", team.name, before={"name": former}, after={"name": team.name})
    return team


def delete_team(team: Team, *, by: Actor) -> None:
    """Take a team away that nobody is in and no key speaks for."""
    with writing(by) as write:
        if team.members.exists() or team.keys.exists():
            raise TenureError(
                "team.in_use",
                _("There are members in the team %(value)s, or keys that see its accounts.") % {"value": team.name},
                fix=_("Move the members to other teams first; a team that a key was made for stays."),
                value=team.name,
            )
        team.delete()
        write.audit("deleted", "team", team.name)


def set_scope(member: Member, *, scope: str, team: Team | None = None, owns_as: str = "", by: Actor) -> Member:
    """Say whose accounts a member sees, in which team they are, and how the accounts' `owner` names them.

    An owner sees all accounts: there is always somebody who can give access back.
    """
    if scope not in Scope.values:
        raise TenureError(
            "member.bad_scope",
            _("There is no scope %(value)s.") % {"value": repr(scope)},
            fix=_("Use one of: %(allowed)s.") % {"allowed": ", ".join(Scope.values)},
            field="scope",
            value=scope,
        )
    if scope == Scope.TEAM and team is None:
        raise TenureError(
            "member.no_team",
            _("Who sees the accounts of a team must be in one."),
            fix=_("Choose a team, or another scope."),
            field="team",
        )
    if member.role == Role.OWNER and scope != Scope.ALL:
        raise TenureError(
            "member.owner_sees_all",
            _("An owner sees all accounts."),
            fix=_("Give the member another role first."),
            field="scope",
            value=scope,
        )
    with writing(by) as write:
        if member.role == Role.OWNER:
            keep_to_owners(by)
        wanted = {"scope": str(scope), "team": team, "owns_as": _free_word(member, owns_as)}
        before = _state(member)
        for name, value in wanted.items():
            setattr(member, name, value)
        after = _state(member)
        if after != before:
            member.save(update_fields=[*wanted])
            write.audit("changed scope", "member", member.email, before=before, after=after)
    return member


def _state(member: Member) -> dict[str, str | None]:
    named = None if member.team is None else member.team.name
    return {"scope": str(member.scope), "team": named, "owns_as": member.owns_as}


def _free_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > 100:
        raise TenureError(
            "team.bad_name",
            _("A team has a name of 1 to 100 characters."),
            fix=_("Name it as people do, such as by its region."),
            field="name",
            value=name,
        )
    if any(folded(name) == folded(known) for known in Team.objects.values_list("name", flat=True)):
        raise TenureError(
            "team.exists",
            _("There is already a team %(value)s.") % {"value": repr(name)},
            fix=_("Choose another name."),
            field="name",
            value=name,
        )
    return name


def _free_word(member: Member, owns_as: str) -> str:
    """The word by which accounts name a member, if no account without an owner and nobody else is named by it."""
    word = owns_as.strip()
    others = Member.objects.exclude(pk=member.pk).values_list("email", "owns_as")
    taken = {folded(known) for pair in others for known in pair if known}
    if word and (folded(word) in taken or folded(word) == folded(NONE)):
        raise TenureError(
            "member.owns_as_taken",
            _("Another member is already named %(value)s in the accounts.") % {"value": repr(word)},
            fix=_("Write the word that stands in the accounts' owner column for this member alone."),
            field="owns_as",
            value=word,
        )
    return word
