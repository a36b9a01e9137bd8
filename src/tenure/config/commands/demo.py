"""`tenure demo`: a simulated company imported, its revenue printed, its pages served."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import click

from tenure.config import cli
from tenure.config.commands import output, serve, simulate
from tenure.config.texts import text as _
from tenure.core.errors import TenureError

MARK = ".tenure-demo"
FILES = "simulation"
"""The company's files and the truths about it, inside the demo's folder."""
HOUSE = {"timezone": "Asia/Shanghai", "reporting_currency": "CNY"}
ACCOUNTS = 2_000
OWNER = "owner@example.com"
FUNNEL = "s1=task_created&s2=task_completed&s3=report_viewed&s4=report_exported&window=30d"
"""What its first saved view asks, as an address."""
MOVEMENTS = ("period", "open", "new", "expansion", "contraction", "churn", "reactivation", "fx", "close")
METRICS = ("period", "mrr", "arr", "arpa", "customer_churn_rate", "net_mrr_churn_rate", "nrr", "grr")


@click.command(
    help=_("Fill a workspace with a simulated company, print its revenue of the last 12 months, and serve it.")
)
@click.option("--home", type=click.Path(path_type=Path, file_okay=False), help=_("Folder of the demo workspace."))
@click.option("--port", type=click.IntRange(1, 65535), help=_("Port to serve on; without it, TENURE_PORT."))
@click.option(
    "--accounts",
    type=click.IntRange(20, 100_000),
    default=ACCOUNTS,
    show_default=True,
    help=_("Companies it deals with; only when the workspace is new."),
)
@click.option("--no-serve", is_flag=True, help=_("Only import and print."))
def demo(home: Path | None, port: int | None, accounts: int, no_serve: bool) -> None:
    folder = (home or Path("tenure-demo")).absolute()
    company = _claim(folder, accounts)
    os.environ["TENURE_HOME"] = str(folder)
    for elsewhere in ("TENURE_DATABASE_URL", "TENURE_LAKE"):
        os.environ.pop(elsewhere, None)
    serve.place(None, port)
    if not no_serve:
        from tenure.config import environment

        values = environment.read()
        serve.check_port(values["TENURE_HOST"], values["TENURE_PORT"])
        _without_taken_port(values)
    cli.ready(house=lambda: HOUSE)
    _fill(folder / FILES, company)
    _show()
    if no_serve:
        click.echo(
            _("The demo workspace is in {folder}. Serve it: TENURE_HOME={folder} tenure serve").format(folder=folder)
        )
        return
    serve.run(_announce)


def _without_taken_port(values: Mapping[str, Any]) -> None:
    """Go without the port for events where nobody asked for it and another program has it."""
    try:
        serve.check_tracking_port(values)
    except TenureError as taken:
        if "TENURE_TRACKING_PORT" in os.environ:
            raise
        os.environ["TENURE_TRACKING_PORT"] = "0"
        click.echo(_("{message} The demo takes no events.").format(message=taken.message))


def _claim(folder: Path, accounts: int) -> dict[str, Any]:
    """Use a folder that is empty or was made by an earlier demo, and no other.

    Returns what makes the company: of an earlier demo, its own.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise TenureError(
            "demo.folder_in_use",
            _("{folder} has something else in it.").format(folder=folder),
            fix=_("Choose another folder: tenure demo --home FOLDER"),
            folder=str(folder),
        )
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(OSError, ValueError):
        return dict(json.loads((folder / MARK).read_text(encoding="utf-8")))
    company = {"accounts": accounts, "until": simulate.today().isoformat(), "seed": simulate.SEED}
    (folder / MARK).write_text(json.dumps(company), encoding="utf-8")
    return company


def _fill(files: Path, company: Mapping[str, Any]) -> None:
    """Simulate the company, import it (a second time it changes nothing) and make the owner."""
    from tenure.apps.connectors.files.importer import run_import
    from tenure.apps.connectors.simulation import KINDS, TRUTHS, write_firm
    from tenure.apps.connectors.simulation.catalogue import describe_events
    from tenure.apps.connectors.simulation.events import load_events
    from tenure.apps.workspaces import selectors
    from tenure.apps.workspaces.services import lake, members, views
    from tenure.core.simulation import Scenario

    if not selectors.members().filter(email=OWNER).exists():
        members.create_member(OWNER, _("Owner of the demo"), "owner", by="tenure demo")
    if not (files / TRUTHS).exists():
        click.echo(_("Simulating a company of {accounts} accounts").format(accounts=company["accounts"]))
        scenario = Scenario(accounts=company["accounts"], until=date.fromisoformat(company["until"]))
        write_firm(files, scenario, company["seed"])
    for kind in KINDS:
        done: Any = run_import(files / f"{kind}.parquet", kind, by="tenure demo")
        count = done.created + done.changed + done.unchanged
        click.echo(_("Imported {kind}: {count} rows").format(kind=kind, count=count))
    click.echo(_("Imported {kind}: {count} rows").format(kind="events", count=load_events(files)))
    describe_events(by="tenure demo")
    if not selectors.views_of_everybody().exists():
        views.save(_("From a task to a report"), "funnels", FUNNEL, by="tenure demo", cockpit=True)
    lake.flush()


def _show() -> None:
    from tenure.config.commands.ask import opened

    workspace = opened()
    for question, columns in (("movements", MOVEMENTS), ("revenue_metrics", METRICS)):
        answer = workspace.ask({"question": question})
        click.echo(f"\n{question}")
        output.print_rows(answer.to_dicts(), columns)
    click.echo()


def _announce() -> None:
    from tenure.apps.workspaces.services import members
    from tenure.config.commands.people import login_address

    click.echo(_("Tenure is at {address}").format(address=serve.address()))
    link = login_address(members.make_login_link(OWNER, by="tenure demo"))
    click.echo(_("Sign in, once: {link}").format(link=link))
