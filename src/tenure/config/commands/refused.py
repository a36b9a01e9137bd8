"""`tenure refused`: the events that were sent and could not be taken."""

from __future__ import annotations

import click

from tenure.config import cli
from tenure.config.commands.records import BY, person
from tenure.config.texts import text as _


@click.group(help=_("See the events that were refused, or read them once more."))
def refused() -> None:
    pass


@refused.command(name="list", help=_("Print the latest refused events, each with its reason."))
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help=_("How many."))
def listed(limit: int) -> None:
    cli.ready()
    from tenure.apps.workspaces.services.lake import lake
    from tenure.config.commands.output import print_rows
    from tenure.warehouse.arrivals import refused

    names = ("received_at", "source", "call", "reason", "field", "content")
    print_rows([{name: row[name] for name in names} for row in refused.listed(lake(), limit)])


@refused.command(help=_("Read every refused event once more; those that are accepted now become events."))
@BY
def again(by: str) -> None:
    cli.ready()
    from tenure.apps.behaviour import services

    done = services.read_again(by=person(by))
    click.echo(
        _("{accepted} are events now, {known} already were, {refused} are refused still.").format(
            accepted=done.accepted, known=done.known, refused=done.refused
        )
    )
