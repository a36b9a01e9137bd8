"""Commands of prospects: reading companies' sites, and telephone lists."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from tenure.config import cli
from tenure.config.commands.records import BY, person
from tenure.config.texts import text as _


@click.command(
    help=_(
        "Read what the companies of the list of sites say of themselves, and score them by the profile. Needs a purpose"
        " that somebody signed on the page of the collector. robots.txt is kept to, one request a second goes to each"
        " site, and nothing about persons is kept. What was begun and interrupted goes on where it was."
    )
)
@click.option("--site", "sites", multiple=True, metavar="DOMAIN", help=_("Add a site to the list first."))
@click.option("--stop", is_flag=True, help=_("Let the collection that is under way end before its next request."))
@BY
def collect_prospects(sites: tuple[str, ...], stop: bool, by: str) -> None:
    cli.ready()
    from tenure.apps.acquisition import selectors
    from tenure.apps.acquisition.services import collecting
    from tenure.apps.acquisition.services import sites as listed
    from tenure.apps.connectors.crawler import visits

    running = selectors.under_way()
    if stop:
        if running is not None:
            collecting.stop(running.pk, by=person(by))
        click.echo(_("Stopped.") if running is not None else _("No collection is under way."))
        return
    if sites:
        listed.add_sites(sites, by=person(by))
    walk = running or collecting.begin(by=person(by))
    told: set[str] = set()
    going = True
    while going:
        going = visits.visit_next(walk.pk)
        for visit in selectors.visits(walk.pk).exclude(at=None).exclude(domain__in=told):
            told.add(visit.domain)
            click.echo(f"{visit.domain:40} {visit.verdict:20} {visit.pages:>5}")
    walk.refresh_from_db()
    if walk.state in selectors.UNDER_WAY:
        click.echo(_("Another process is at it."))
    else:
        click.echo(_("{count} sites, {state}").format(count=len(told), state=walk.get_state_display()))


@click.command(
    help=_(
        "Take a telephone list in: FILE is CSV with the columns name and any of domain, phone, industry, employees,"
        " region, outcome and called_on. Only the columns that --field names are kept, and all of it is emptied on the"
        " day that --until names."
    )
)
@click.argument("name")
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--ground", required=True, help=_("Where the list comes from, and why its companies may be called."))
@click.option("--until", required=True, type=click.DateTime(["%Y-%m-%d"]), help=_("The day on which it is emptied."))
@click.option("--field", "fields", multiple=True, help=_("A column that is kept; the name always is."))
@BY
def call_list(name: str, path: Path, ground: str, until: datetime, fields: tuple[str, ...], by: str) -> None:
    cli.ready()
    from tenure.apps.acquisition.services import lists

    with path.open(encoding="utf-8-sig", newline="") as file:
        done = lists.import_list(
            name, lists.rows_of(file), fields=fields, ground=ground, expires_on=until.date(), by=person(by)
        )
    line = _("{added} companies taken in, {called} of them called; {known} known before, {nameless} without a name.")
    click.echo(line.format(added=done.added, called=done.called, known=done.known, nameless=done.without_name))
    for column, count in done.dropped.items():
        click.echo(_("Not kept: {count} values of {column}").format(count=count, column=column))
