"""`tenure events`: the event catalogue."""

from __future__ import annotations

import click

from tenure.config import cli
from tenure.config.commands.records import BY, person
from tenure.config.texts import text as _


@click.group(help=_("List the events that came in, or write what one of them means."))
def events() -> None:
    pass


@events.command(name="list", help=_("Print every event: how often it came in the last days, and what is known of it."))
@click.option("--days", type=click.IntRange(7, 92), default=30, show_default=True, help=_("How many days are counted."))
@click.option("--drifting", is_flag=True, help=_("Only those that are new, silent, or changed a type."))
def listed(days: int, drifting: bool) -> None:
    cli.ready()
    from tenure.config.commands.output import print_rows
    from tenure.web import asking

    rows = asking.everything().ask({"question": "event_catalogue", "days": days}).to_dicts()
    names = ("event", "feature", "events", "users", "accounts", "last_seen", "owner", "hidden")
    print_rows(
        [
            {**{name: row[name] for name in names}, "drift": " ".join(row["alarms"])}
            for row in rows
            if row["alarms"] or not drifting
        ]
    )


@events.command(help=_("Write of EVENT what is given; an empty text takes back."))
@click.argument("event")
@click.option("--feature", help=_("The feature it belongs to."))
@click.option("--owner", help=_("Who knows about it."))
@click.option("--description", help=_("What it means."))
@click.option("--hidden/--shown", default=None, help=_("Whether it is noise, which no list offers."))
@BY
def describe(event: str, by: str, **given: str | bool | None) -> None:
    cli.ready()
    from tenure.apps.behaviour import services

    changes = {name: value for name, value in given.items() if value is not None}
    written = services.describe(event, changes, by=person(by))
    click.echo(f"{written.event}: {written.feature or '-'}")
