"""Commands for what must last, and for what must not: backups, restoring them, erasing a person."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from tenure.config import cli
from tenure.config.texts import text as _


@click.command(
    help=_(
        "Copy store, lake and settings into the new file FILE, while the server goes on. The copy is of one moment; "
        "the file appears whole or not at all. It holds personal data: only its owner can read it."
    )
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--with-secrets",
    is_flag=True,
    help=_("Also secret.key, so that sessions and links stay valid after a restore. Keep such a file like a key."),
)
def backup(file: Path, with_secrets: bool) -> None:
    cli.ready()
    from tenure.apps.workspaces.services import backup as service

    manifest = service.backup(file, by="tenure backup", secrets=with_secrets)
    _sum_up(manifest)
    size = file.stat().st_size
    click.echo(_("Backed up into {file}: {kilobytes} kB.").format(file=file, kilobytes=-(-size // 1000)))


@click.command(
    help=_(
        "Write every table, with all former versions, into the new archive FILE: to take the data elsewhere. It holds"
        " personal data: only its owner can read it."
    )
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--format", "form", default="csv", show_default=True, help=_("csv or parquet; Parquet is exact."))
def export_all(file: Path, form: str) -> None:
    cli.ready()
    from tenure.apps.workspaces.services.everything import write_everything

    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            rows = write_everything(opened, form, by="tenure export-all")
        draft.rename(file)
    finally:
        draft.unlink(missing_ok=True)
    click.echo(_("Wrote {tables} tables, {rows} rows.").format(tables=len(rows), rows=sum(rows.values())))


@click.command(
    help=_(
        "Make a workspace of the backup FILE in an empty folder. The whole file is checked before anything is written; "
        "the folder appears whole or not at all."
    )
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--home", type=click.Path(path_type=Path), help=_("The folder; without it, TENURE_HOME."))
def restore(file: Path, home: Path | None) -> None:
    from tenure.config import environment

    folder = (home or environment.read()["TENURE_HOME"]).absolute()
    # A folder that is not there: loading the settings must not make a key in the one that is to stay empty.
    os.environ["TENURE_HOME"] = str(folder / "not-yet")
    cli.load()
    from tenure.apps.workspaces.services import restore as service

    _sum_up(service.restore(file, folder))
    click.echo(_("Restored into {folder}. Check it with: tenure doctor").format(folder=folder))


def _sum_up(manifest: Mapping[str, Any]) -> None:
    from tenure.config.commands.output import print_rows

    if manifest["lake"]:
        print_rows([{"table": name, **about} for name, about in manifest["lake"].items()])


@click.command(
    help=_(
        "Erase who the contact WHO (an id, or an e-mail address) is: name, title, e-mail address, phone, consent, user "
        "id and further attributes are taken out of store, lake, audit trail, reports and kept answers, in every "
        "version. It cannot be undone; figures stay as they are. The proof is a JSON file without the erased data."
    )
)
@click.argument("who")
@click.option("--proof", type=click.Path(path_type=Path, dir_okay=False), help=_("The new file for the proof."))
@click.option("--yes", is_flag=True, help=_("Do not ask first."))
def erase_person(who: str, proof: Path | None, yes: bool) -> None:
    cli.ready()
    from tenure.apps.connectors import erasure
    from tenure.apps.workspaces.services import archive

    if not yes:
        click.confirm(_("Erase this person for good?"), abort=True)
    report = erasure.erase_person(who, by="tenure erase-person")
    place = proof or Path(f"erasure-{report['erased_at'].replace(':', '').replace('-', '')[:15]}.json")
    with archive.new_file(place.absolute()) as stream:
        stream.write(json.dumps(report, indent=1, ensure_ascii=False).encode())
    click.echo(_("Erased. The proof is in {file}.").format(file=place))
    if report["still_found"]:
        click.echo(_("Words of the person still stand in: {places}").format(places=", ".join(report["still_found"])))
        sys.exit(1)
