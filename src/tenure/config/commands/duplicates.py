"""The command that searches for duplicates."""

from __future__ import annotations

import click

from tenure.config import cli
from tenure.config.texts import text as _


@click.command(
    "find-duplicates",
    help=_("Compare all accounts and contacts, and keep the pairs that may be one. Nothing is merged by it."),
)
def find_duplicates() -> None:
    cli.ready()
    from tenure.apps.crm import duplicates

    search = duplicates.find(duplicates.begin())
    click.echo(_("%(count)s pairs to decide on; see Accounts > Duplicates.") % {"count": search.found})
