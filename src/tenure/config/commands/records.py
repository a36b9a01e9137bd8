"""Commands that write records: accounts, subscriptions, contracts, rates, definitions, closed months."""

from __future__ import annotations

import json
from typing import Any

import click

from tenure.config import cli
from tenure.config.commands.ask import pairs
from tenure.config.texts import text as _
from tenure.core.errors import TenureError

BY = click.option("--by", default="", help=_("Your name, for the audit trail; without it, the name of your login."))
KINDS = (
    "accounts",
    "contacts",
    "products",
    "plans",
    "subscriptions",
    "discounts",
    "contracts",
    "invoice_lines",
    "trials",
    "fx_rates",
    "deals",
    "committee_members",
    "tenders",
    "tender_items",
    "demands",
    "demand_links",
    "activities",
    "spend",
    "touches",
    "leads",
)


def person(by: str) -> str:
    """Who is named in the audit trail: as was said, or by the login."""
    import getpass

    return by.strip() or getpass.getuser()


def _door(kind: str) -> Any:
    """The services that write a kind."""
    from tenure.web.records.kinds import kind_of

    return kind_of(kind).services


def _shown(version: Any) -> None:
    click.echo(f"{version.version_key}  ({version.row_id})")


_REASON = click.option("--reason", default="", help=_("Why; it stands in the record's history."))
_SEEN = click.option(
    "--version",
    "seen",
    help=_("The version you saw, as the commands print it: if somebody changed the record since, nothing is written."),
)


@click.command(
    help=_("Add a record of a KIND, given as FIELD=VALUE, such as: tenure add accounts account_id=a1 name=Acme")
)
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("values", nargs=-1, required=True, metavar="FIELD=VALUE...")
@_REASON
@BY
def add(kind: str, values: tuple[str, ...], reason: str, by: str) -> None:
    cli.ready()
    _shown(_door(kind).add(kind, pairs(values, "FIELD=VALUE"), by=person(by), reason=reason))


@click.command(
    help=_(
        "Change fields of a record. KEY is its key, parts joined by a slash, such as a1/s1/main/2024-01-01 for a "
        "subscription. An empty value empties the field. The former version stays known."
    )
)
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("key")
@click.argument("values", nargs=-1, required=True, metavar="FIELD=VALUE...")
@_SEEN
@_REASON
@BY
def edit(kind: str, key: str, values: tuple[str, ...], seen: str | None, reason: str, by: str) -> None:
    cli.ready()
    _shown(_door(kind).edit(kind, key, pairs(values, "FIELD=VALUE"), by=person(by), seen=seen, reason=reason))


@click.command(
    help=_("Set the first day without service of a subscription, discount, contract or trial, or a contact's last.")
)
@click.argument("kind", type=click.Choice(("subscriptions", "discounts", "contracts", "trials", "contacts")))
@click.argument("key")
@click.argument("day", metavar="YYYY-MM-DD")
@_SEEN
@_REASON
@BY
def end(kind: str, key: str, day: str, seen: str | None, reason: str, by: str) -> None:
    cli.ready()
    _shown(_door(kind).end(kind, key, day, by=person(by), seen=seen, reason=reason))


@click.command(help=_("Say that a record should never have been there. Its versions stay known, figures leave it out."))
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("key")
@_SEEN
@_REASON
@BY
def withdraw(kind: str, key: str, seen: str | None, reason: str, by: str) -> None:
    cli.ready()
    _shown(_door(kind).withdraw(kind, key, by=person(by), reason=reason, seen=seen))


@click.command(help=_("Take the newest step of a record back: what it replaced is written anew."))
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("key")
@click.argument("version")
@BY
def undo(kind: str, key: str, version: str, by: str) -> None:
    cli.ready()
    written = _door(kind).undo(kind, key, by=person(by), seen=version)
    if written is None:
        click.echo(_("The record was new; it is withdrawn."))
    else:
        _shown(written)


@click.command(help=_("Print everything that became of a record: who, when, why, and what changed."))
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help=_("As JSON."))
def history(kind: str, key: str, as_json: bool) -> None:
    cli.ready()
    from tenure.config.commands.output import print_rows
    from tenure.web.records import shape
    from tenure.web.records.kinds import history_for, kind_of

    chosen = kind_of(kind)
    steps = [shape.step(chosen, step) for step in history_for(chosen, key, None)]
    if as_json:
        click.echo(json.dumps(steps, ensure_ascii=False, indent=1))
        return
    rows = [
        {
            **{name: step[name] for name in ("at", "verb", "by", "reason", "version")},
            "changes": "; ".join(f"{name}: {c['before']} → {c['after']}" for name, c in step["changes"].items()),
        }
        for step in steps
    ]
    print_rows(rows)


@click.command(help=_("Close a MONTH, such as 2024-03, in a person's name: later changes to it show as restatements."))
@click.argument("month", metavar="YYYY-MM")
@click.option("--by", required=True, help=_("The name of the person who closes the month."))
@click.option("--note", default="", help=_("What should be known about it."))
def close_month(month: str, by: str, note: str) -> None:
    cli.ready()
    from tenure.apps.subscriptions import services

    closed = services.close_month(month, by=by, name=by, note=note)
    click.echo(_("Closed {month} by {name}.").format(month=closed.month, name=closed.closed_by))


@click.command(help=_("Open a closed MONTH again; that it was closed, and by whom, stays known."))
@click.argument("month", metavar="YYYY-MM")
@click.option("--by", required=True, help=_("The name of the person who opens the month."))
@click.option("--note", default="", help=_("Why."))
def reopen_month(month: str, by: str, note: str) -> None:
    cli.ready()
    from tenure.apps.subscriptions import services

    services.reopen_month(month, by=by, note=note)
    click.echo(_("Opened {month} again.").format(month=month))


@click.group(
    invoke_without_command=True, help=_("List the metric definitions in force, or write the next version of one.")
)
@click.pass_context
def definitions(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        from tenure.config.commands.ask import opened
        from tenure.config.commands.output import print_rows

        print_rows(
            [
                {"name": name, "version": found.version, **found.settings}
                for name, found in opened().definitions().items()
            ]
        )


@definitions.command(
    help=_("Write the next version of definition NAME, such as: tenure definitions define ours pause_policy=keep")
)
@click.argument("name")
@click.argument("values", nargs=-1, required=True, metavar="SETTING=VALUE...")
@BY
def define(name: str, values: tuple[str, ...], by: str) -> None:
    cli.ready()
    from tenure.apps.subscriptions import services

    written = services.define(name, {k: _plain(v) for k, v in pairs(values, "SETTING=VALUE").items()}, by=person(by))
    click.echo(f"{written.name} {written.version}")


def _plain(value: Any) -> Any:
    """Whole numbers, true, false and null as JSON; anything else as text."""
    if not isinstance(value, str):
        raise TenureError(
            "definition.setting_twice",
            _("A setting was given twice."),
            fix=_("Give each setting once."),
        )
    try:
        found = json.loads(value)
    except ValueError:
        return value
    return value if isinstance(found, float) else found
