"""Commands for saved views that are for everybody."""

from __future__ import annotations

import click

from tenure.config import cli
from tenure.config.texts import text as _


@click.group(help=_("Save, list or remove views that everybody sees."))
def view() -> None:
    pass


@view.command(help=_("Keep what a page shows under a name; QUERY is what follows the ? of its address."))
@click.argument("name")
@click.argument("page")
@click.argument("query", default="")
@click.option("--pin", is_flag=True, help=_("Pin it in the navigation."))
@click.option("--cockpit", is_flag=True, help=_("Show its figure on the cockpit."))
def save(name: str, page: str, query: str, pin: bool, cockpit: bool) -> None:
    cli.ready()
    from tenure.apps.workspaces.services import views

    made = views.save(name, page, query, by="tenure view save", pinned=pin, cockpit=cockpit)
    click.echo(_("Saved view {number}: {name}").format(number=made.pk, name=made.name))


@view.command(name="list", help=_("List the views that everybody sees."))
def listed() -> None:
    cli.ready()
    from tenure.apps.workspaces import selectors
    from tenure.config.commands.output import print_rows

    columns = ("id", "page", "name", "query", "pinned")
    print_rows([{name: getattr(one, name) for name in columns} for one in selectors.views_of_everybody()], columns)


@view.command(help=_("Remove a view that everybody sees, by its number in the list."))
@click.argument("number", type=int)
def remove(number: int) -> None:
    cli.ready()
    from tenure.apps.workspaces import selectors
    from tenure.apps.workspaces.services import views

    views.remove(selectors.view_of_everybody(number), by="tenure view remove")
    click.echo(_("Removed view {number}.").format(number=number))
