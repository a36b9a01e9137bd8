"""`tenure simulate`: a company that never was, as files, with the truth about it beside them."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path

import click

from tenure.config.texts import text as _
from tenure.core.errors import TenureError

SEED = 1


def today() -> date:
    """The present day, where nothing else is said."""
    return datetime.now(UTC).date()


@click.command(
    help=_(
        "Simulate a B2B software firm and write its tables into FOLDER, one Parquet file each: accounts, contacts, "
        "subscriptions, discounts, contracts, invoice lines, exchange rates and events. The file truths.json beside "
        "them says why each customer left and which signs came before. The same options write the same bytes."
    )
)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--accounts", type=click.IntRange(1, 500_000), default=2_000, show_default=True, help=_("Companies."))
@click.option("--months", type=click.IntRange(1, 120), default=36, show_default=True, help=_("Length of its life."))
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help=_("The day after its last; without it, today."))
@click.option("--seed", type=click.IntRange(0), default=SEED, show_default=True, help=_("Another seed, another firm."))
@click.option(
    "--activity",
    type=click.FloatRange(0, 100),
    default=1.0,
    show_default=True,
    help=_("How many events, against what is usual; 0 for none."),
)
@click.option(
    "--history",
    is_flag=True,
    help=_(
        "Write every row that was ever recorded, with the moments it was known, for `load` of the Python interface."
    ),
)
def simulate(
    folder: Path, accounts: int, months: int, until: datetime | None, seed: int, activity: float, history: bool
) -> None:
    from tenure.apps.connectors.simulation import write_firm
    from tenure.core.simulation import Scenario

    last = today() if until is None else until.date()
    try:
        scenario = Scenario(accounts=accounts, months=months, until=last, activity=activity)
    except ValueError as error:
        raise TenureError(
            "simulation.refused",
            _("A firm cannot be simulated over {months} months before {day}.").format(months=months, day=last),
            fix=_("Choose years between 2015 and 2043, for which the dates of Spring Festival are known."),
        ) from error
    done = write_firm(folder, scenario, seed, history=history, progress=_progress)
    for table, rows in done.rows.items():
        click.echo(_("{table}: {count} rows").format(table=table, count=rows))
    click.echo(_("Written to {folder}. What is true of the firm is in truths.json.").format(folder=folder))


def _progress(done: int, total: int) -> None:
    """How far it is, on a terminal only."""
    if sys.stderr.isatty():
        click.echo(f"\r{done * 100 // total:3d} %" + ("\n" if done == total else ""), nl=False, err=True)
