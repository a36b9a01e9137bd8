"""`tenure sample`: an invented company in the workspace, to try things on, and out of it again."""

from __future__ import annotations

import click

from tenure.config import cli
from tenure.config.texts import text as _


@click.group(help=_("Fill an empty workspace with the data of an invented company, or remove it again."))
def sample() -> None:
    pass


@sample.command(help=_("Import a small simulated company; every row has the source sample."))
def fill() -> None:
    cli.ready()
    from tenure.apps.connectors.simulation import sample as service
    from tenure.config.commands.simulate import today

    count = service.fill(today(), by="tenure sample fill")
    click.echo(_("{count} rows of an invented company are in the workspace.").format(count=count))


@sample.command(help=_("Withdraw every row of the sample, edited or not."))
def remove() -> None:
    cli.ready()
    from tenure.apps.connectors.simulation import sample as service

    count = service.remove(by="tenure sample remove")
    click.echo(_("{count} rows of the sample are withdrawn.").format(count=count))
