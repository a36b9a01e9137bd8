"""`tenure reconcile`: the totals of another system in a file, compared with ours."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tenure.config import cli
from tenure.config.commands.output import print_rows
from tenure.config.commands.records import BY, person
from tenure.config.texts import text as _
from tenure.core.errors import TenureError


@click.command(
    help=_(
        "Compare the totals in FILE (CSV or Excel; - reads what is piped in) with ours. A line has a month and an "
        "amount and may name an account; months may also stand side by side. The comparison is kept, and the "
        "page Reconcile shows it too."
    )
)
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--compare", type=click.Choice(("mrr", "invoiced")), default="mrr", show_default=True, help=_("What they total.")
)
@click.option("--definition", default="", help=_("The metric definition of our figure."))
@click.option("--leave-out", is_flag=True, help=_("Go on without the lines that cannot be read."))
@BY
def reconcile(file: Path, compare: str, definition: str, leave_out: bool, by: str) -> None:
    cli.ready()
    from tenure.apps.connectors.files.totals import read_totals
    from tenure.apps.subscriptions import services
    from tenure.config.commands.ask import opened
    from tenure.web.subscriptions.reconcile import question

    piped = str(file) == "-"
    totals = read_totals(sys.stdin.buffer.read() if piped else file, "-" if piped else None)
    for bad in totals.bad:
        click.echo(_("Line {number}: {why} {text}").format(number=bad.number, why=bad.why, text=bad.text), err=True)
    if totals.bad and not leave_out:
        raise TenureError(
            "reconcile.bad_lines",
            _("{count} lines could not be read, and nothing was compared.").format(count=len(totals.bad)),
            fix=_("Correct them, or go on without them with --leave-out."),
            count=len(totals.bad),
        )
    workspace = opened()
    workspace.definition(definition or None)
    kept = services.keep_totals(
        [(line.period, line.account, line.amount) for line in totals.lines],
        compare=compare,
        by=person(by),
        left_out=[(bad.number, bad.why) for bad in totals.bad],
        definition=definition,
        file_name="" if piped else file.name,
    )
    columns = ("period", "ours", "theirs", "difference", "explained", "remainder")
    print_rows(workspace.ask(question(kept)).to_dicts(), columns)
    click.echo(_("Kept as number {number}.").format(number=kept.pk))
