"""Commands for teams and members: who sees whose accounts."""

from __future__ import annotations

import click

from tenure.config import cli
from tenure.config.texts import text as _

BY_TEAM = "tenure team"
BY_MEMBER = "tenure member"


@click.group(help=_("Make, list, rename or delete teams: their members can see each other's accounts."))
def team() -> None:
    pass


@team.command(name="create", help=_("Make a team without members."))
@click.argument("name")
def create_team(name: str) -> None:
    cli.ready()
    from tenure.apps.workspaces.services import teams

    click.echo(_("Made: {name}").format(name=teams.create_team(name, by=BY_TEAM).name))


@team.command(name="list", help=_("List the teams, with how many members and keys each has."))
def list_teams() -> None:
    cli.ready()
    from tenure.apps.workspaces import selectors
    from tenure.config.commands.output import print_rows

    print_rows([{"team": t.name, "members": t.size, "keys": t.key_count} for t in selectors.teams()])


@team.command(name="rename", help=_("Call a team something else."))
@click.argument("name")
@click.argument("new_name")
def rename_team(name: str, new_name: str) -> None:
    cli.ready()
    from tenure.apps.workspaces.services import teams

    click.echo(_("Renamed: {name}").format(name=teams.rename_team(teams.team(name), new_name, by=BY_TEAM).name))


@team.command(name="delete", help=_("Delete a team that nobody is in."))
@click.argument("name")
def delete_team(name: str) -> None:
    cli.ready()
    from tenure.apps.workspaces.services import teams

    teams.delete_team(teams.team(name), by=BY_TEAM)
    click.echo(_("Deleted: {name}").format(name=name))


@click.group(help=_("List members, invite them, and set what each may do and whose accounts they see."))
def member() -> None:
    pass


@member.command(name="list", help=_("List the members with role, team and scope."))
def list_members() -> None:
    cli.ready()
    from tenure.apps.workspaces import selectors
    from tenure.config.commands.output import print_rows

    print_rows(
        [
            {
                "address": m.email,
                "name": m.display_name,
                "role": m.role,
                "team": None if m.team is None else m.team.name,
                "scope": m.scope,
                "owns as": m.owns_as or None,
                "active": m.is_active,
            }
            for m in selectors.members()
        ]
    )


@member.command(help=_("Let a person work in Tenure, and print the link with which they choose a password."))
@click.argument("email")
@click.option("--name", default="", help=_("The person's name; without it, the address."))
@click.option("--role", default="viewer", show_default=True, help=_("What the member may do."))
@click.option("--language", default="", help=_("en or zh-hans; without it, the browser's language."))
def invite(email: str, name: str, role: str, language: str) -> None:
    cli.ready()
    from tenure.apps.workspaces.services import members
    from tenure.config.commands.people import login_address

    members.create_member(email, name, role, by=BY_MEMBER, language=language)
    click.echo(login_address(members.make_login_link(email, by=BY_MEMBER, purpose="invite")))


@member.command(name="set", help=_("Set what a member may do, and whose accounts they see; what is not given stays."))
@click.argument("email")
@click.option("--role", default=None, help=_("What the member may do."))
@click.option("--scope", default=None, help=_("own (their accounts), team (those of the team) or all."))
@click.option("--team", "team_name", default=None, help=_("The team they are in; an empty name takes them out of it."))
@click.option("--owns-as", default=None, help=_("The word in the accounts' owner column that names the member."))
@click.option("--active/--inactive", default=None, help=_("Give access back, or take it away."))
def set_member(
    email: str, role: str | None, scope: str | None, team_name: str | None, owns_as: str | None, active: bool | None
) -> None:
    cli.ready()
    from tenure.apps.workspaces import selectors
    from tenure.apps.workspaces.services import members, teams

    found = selectors.member_by_address(email)
    if role is not None:
        members.set_role(found, role, by=BY_MEMBER)
    if any(given is not None for given in (scope, team_name, owns_as)):
        chosen = found.team if team_name is None else (teams.team(team_name) if team_name else None)
        teams.set_scope(
            found,
            scope=found.scope if scope is None else scope,
            team=chosen,
            owns_as=found.owns_as if owns_as is None else owns_as,
            by=BY_MEMBER,
        )
    if active is not None:
        (members.activate if active else members.deactivate)(found, by=BY_MEMBER)
    click.echo(_("Set: {name}").format(name=found.email))
