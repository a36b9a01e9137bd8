"""Commands that keep a workspace in order: its tables, the mirror, the files of the lake, its health."""

from __future__ import annotations

import sys

import click

from tenure.config import cli
from tenure.config.texts import text as _
from tenure.core.errors import TenureError
from tenure.version import __version__


def bring_up_to_date() -> list[str]:
    """Apply the migrations that the store lacks; names what was applied."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor
    from django.db.utils import OperationalError

    try:
        executor = MigrationExecutor(connection)
    except OperationalError as error:
        raise TenureError(
            "store.unreachable",
            _("The store cannot be opened: {error}").format(error=str(error).strip()),
            fix=_("Check TENURE_DATABASE_URL and that the server runs, or remove it to use SQLite."),
        ) from error
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


@click.command(help=_("Make or update the tables of the store. Other commands do so where there is no store yet."))
def migrate() -> None:
    cli.ready(migrated=False)
    for name in bring_up_to_date():
        click.echo(name)
    click.echo(_("The store is up to date."))


@click.command(help=_("Bring the lake up to date with the store now. The worker does so about every second."))
def mirror() -> None:
    cli.ready()
    from tenure.apps.workspaces.services import lake

    click.echo(_("Changes taken in: {count}").format(count=lake.flush()))


@click.command(
    help=_(
        "Write the store's records into the lake again, in the place of what was mirrored before. "
        "Needed after the store was replaced or restored; rows loaded straight into the lake stay."
    )
)
def replay() -> None:
    cli.ready()
    from tenure.apps.workspaces.services import lake

    for table, rows in lake.replay(by="tenure replay").items():
        if rows:
            click.echo(f"{table:20} {rows:>12}")
    click.echo(_("The lake has the store's records."))


@click.command(help=_("Merge small files of the lake and delete those that no reader can use any more."))
def compact() -> None:
    cli.ready()
    from tenure.apps.workspaces.services import lake

    for table, counts in lake.tidy().items():
        click.echo(
            _("{table}: {forgotten} rows too old, {merged} files merged, {deleted} deleted").format(
                table=table, **counts
            )
        )
    click.echo(_("The lake is tidy."))


@click.command(help=_("Check the workspace and say what to repair. Exits with 1 if something is wrong."))
def doctor() -> None:
    cli.ready()
    from tenure.config.commands.checks import findings

    wrong = 0
    for name, problem in findings():
        wrong += problem is not None
        click.echo(f"{'✗' if problem else '✓'} {name}" + (f": {problem}" if problem else ""))
    sys.exit(1 if wrong else 0)


@click.command(help=_("Print the version of Tenure."))
def version() -> None:
    click.echo(__version__)
