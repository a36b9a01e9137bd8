"""Commands for people and programs: the first owner, one-time links, API keys."""

from __future__ import annotations

import click

from tenure.config import cli
from tenure.config.texts import text as _


def login_address(token: str) -> str:
    """The one-time link as an address of this installation."""
    from django.conf import settings
    from django.urls import reverse

    from tenure.config import environment

    values = environment.read()
    scheme = "https" if settings.HTTPS else "http"
    host = values["TENURE_HOST"]
    port = "" if settings.HTTPS else f":{values['TENURE_PORT']}"
    named = next((h for h in settings.ALLOWED_HOSTS if h not in {"localhost", "127.0.0.1", "[::1]", "*"}), None)
    shown = named if named and host in {"0.0.0.0", "::"} else ("127.0.0.1" if host in {"0.0.0.0", "::"} else host)
    return f"{scheme}://{shown}{port}" + reverse("sign_in", args=[token])


@click.command(help=_("Make the first member, who may do everything, and print a one-time login link."))
@click.argument("email")
@click.option("--name", default="", help=_("The person's name; without it, the address."))
@click.option("--language", default="", help=_("en or zh-hans; without it, the browser's language."))
@click.option("--ask-password", is_flag=True, help=_("Ask for a password; without it, TENURE_OWNER_PASSWORD or none."))
def create_owner(email: str, name: str, language: str, ask_password: bool) -> None:
    from tenure.config import environment

    password = environment.read()["TENURE_OWNER_PASSWORD"] or None
    if ask_password:
        password = click.prompt(_("Password"), hide_input=True, confirmation_prompt=True)
    cli.ready()
    from tenure.apps.workspaces.services import members

    members.create_member(email, name, "owner", by="tenure create-owner", language=language, password=password)
    _print_link(email)


@click.command(help=_("Make a one-time link that signs a member in; it is valid for 30 minutes."))
@click.argument("email")
def login_link(email: str) -> None:
    cli.ready()
    _print_link(email)


def _print_link(email: str) -> None:
    from tenure.apps.workspaces.services import members

    click.echo(login_address(members.make_login_link(email, by="tenure login-link")))


@click.group(help=_("Make, list or revoke keys for programs that use the API."))
def api_key() -> None:
    pass


@api_key.command(help=_("Make a key and print it. It is shown this once."))
@click.argument("name")
@click.option(
    "--role",
    default="analyst",
    show_default=True,
    help=_("What the key may do: a role of members, or sender for a write key, which may only send events."),
)
@click.option("--team", default="", help=_("See the accounts of this team only; without it, all."))
def create(name: str, role: str, team: str) -> None:
    cli.ready()
    from tenure.apps.workspaces.services import keys, teams

    _key, text = keys.create_key(name, role, by="tenure api-key", team=teams.team(team) if team else None)
    click.echo(text)


@api_key.command(name="list", help=_("List the keys, without their secrets."))
def listed() -> None:
    cli.ready()
    from tenure.apps.workspaces import selectors
    from tenure.config.commands.output import print_rows

    print_rows(
        [
            {
                "prefix": key.prefix,
                "name": key.name,
                "role": key.role,
                "team": None if key.team is None else key.team.name,
                "created": key.created_at.date(),
                "last used": None if key.last_used_at is None else key.last_used_at.date(),
                "revoked": None if key.revoked_at is None else key.revoked_at.date(),
            }
            for key in selectors.api_keys()
        ]
    )


@api_key.command(help=_("Make a key useless from now on; PREFIX is what stands between the underscores of the key."))
@click.argument("prefix")
def revoke(prefix: str) -> None:
    cli.ready()
    from tenure.apps.workspaces.services import keys

    key = keys.revoke_key(prefix, by="tenure api-key")
    click.echo(_("Revoked: {name}").format(name=key.name))
