"""A backup becomes a workspace again: everything is checked before any byte is written; the folder appears whole."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

from tenure.apps.workspaces.services import archive, backup
from tenure.apps.workspaces.services.archive import BackupRefused
from tenure.warehouse import copying
from tenure.warehouse.lake import Lake

_CHUNK = 1 << 20


def restore(file: Path, home: Path) -> dict[str, Any]:
    """Make a workspace of a backup in a folder that is empty or not there yet; gives the backup's manifest.

    Raises: BackupRefused, with nothing written, if the file is not a whole backup, is of a later release or of
    another kind of store, or if the folder (or the PostgreSQL database, or the place of the lake) is not empty.
    """
    home = home.absolute()
    _check_empty(home)
    _check_lake_empty()
    manifest = examine(file)
    _check_fits(file, manifest)
    with _work_folder(home) as work:
        for name, content in archive.entries(file):
            if name != archive.MANIFEST:
                _write(work / name, content)
        _check_contents(file, work, manifest)
        if settings.TENURE_LAKE:
            copying.bring(work / "lake", Lake(settings.TENURE_LAKE))
            shutil.rmtree(work / "lake", ignore_errors=True)
        _settle_store(work, home, manifest)
        _sync(work)
        work.rename(home)
        _sync(home.parent)
    return manifest


def examine(file: Path) -> dict[str, Any]:
    """The manifest of a backup, after every entry of it was read and compared; nothing is written."""
    found = b"{}"
    for name, content in archive.entries(file):
        if name == archive.MANIFEST:
            found = content.read()
    manifest: dict[str, Any] = json.loads(found)  # the seal that came after it has proved every byte of it
    return manifest


def _check_empty(home: Path) -> None:
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise BackupRefused(
            "backup.folder_not_empty",
            _("{folder} is not an empty folder.").format(folder=home),
            fix=_("Name a folder that is empty or does not exist yet; nothing is ever overwritten."),
            folder=str(home),
        )


def _check_lake_empty() -> None:
    if settings.TENURE_LAKE and not copying.is_empty(Lake(settings.TENURE_LAKE)):
        raise BackupRefused(
            "backup.lake_not_empty",
            _("There are objects at {place}, which TENURE_LAKE names.").format(place=settings.TENURE_LAKE),
            fix=_("Name an empty place in object storage, or remove TENURE_LAKE; nothing is ever overwritten."),
            place=settings.TENURE_LAKE,
        )


def _check_fits(file: Path, manifest: Mapping[str, Any]) -> None:
    known = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    if not known >= set(manifest["store"]["migrations"]):
        raise archive.newer(file, manifest["tenure"])
    kind = manifest["store"]["kind"]
    if kind != connection.vendor:
        raise BackupRefused(
            "backup.other_store",
            _("The backup is of a store in {kind}; this installation is set to {set}.").format(
                kind=kind, set=connection.vendor
            ),
            fix=_(
                "Set TENURE_DATABASE_URL to an empty PostgreSQL database, or remove it for SQLite, as the backup needs."
            ),
            kind=kind,
        )
    if kind == "postgresql":
        backup.program_named("pg_restore")
        if connection.introspection.table_names():
            raise BackupRefused(
                "backup.database_not_empty",
                _("The PostgreSQL database that TENURE_DATABASE_URL names has tables."),
                fix=_("Name an empty database; nothing is ever overwritten."),
            )


@contextmanager
def _work_folder(home: Path) -> Iterator[Path]:
    """The folder beside `home` that will become it; what a killed restore left there is removed first."""
    work = home.with_name(f".{home.name}.restoring")
    try:
        work.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BackupRefused(
            "backup.cannot_write",
            _("{file} cannot be written: {reason}.").format(file=work, reason=error.strerror or error),
            fix=_("Name a folder whose parent is writable and has room."),
            file=str(work),
        ) from error
    descriptor = os.open(work, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in work.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield work
    except BlockingIOError as error:
        raise BackupRefused(
            "backup.restoring",
            _("Another process restores into {folder} now.").format(folder=home),
            fix=_("Wait until it has ended, or name another folder."),
            folder=str(home),
        ) from error
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    finally:
        os.close(descriptor)


def _write(place: Path, content: IO[bytes]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o600 if place.name in {"secret.key", "store.sqlite3", "store.dump"} else 0o644
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
        while part := content.read(_CHUNK):
            opened.write(part)
        opened.flush()
        os.fsync(opened.fileno())


def _check_contents(file: Path, work: Path, manifest: Mapping[str, Any]) -> None:
    """Whether store and lake, opened as such, hold what the manifest says."""
    here = Lake(work / "lake")
    found = {name: {"version": version, "rows": here.count(name)} for name, version in here.versions().items()}
    if found != manifest["lake"]:
        raise archive.damaged(file)
    if manifest["store"]["kind"] == "sqlite":
        store = sqlite3.connect(work / "store.sqlite3")
        try:
            whole = store.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
            counts = {
                name: store.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]
                for name in backup.sqlite_tables(store)
            }
        finally:
            store.close()
        if not whole or counts != manifest["store"]["rows"]:
            raise archive.damaged(file)


def _settle_store(work: Path, home: Path, manifest: Mapping[str, Any]) -> None:
    """Let the store know its new folder; with PostgreSQL, fill the database first, in one transaction."""
    statement = (
        "UPDATE workspaces_importrun SET report_path = {mark} || substr(report_path, {mark}) "
        "WHERE report_path LIKE {mark} AND report_path <> ''"
    )
    former = manifest["home"].rstrip("/") + "/"
    values = (f"{home}/", len(former) + 1, former.replace("%", "") + "%")
    if manifest["store"]["kind"] == "sqlite":
        store = sqlite3.connect(work / "store.sqlite3")
        try:
            with store:
                store.execute(statement.format(mark="?"), values)
        finally:
            store.close()
        return
    dump = work / "store.dump"
    told = [backup.program_named("pg_restore"), "--single-transaction", "--exit-on-error", "--no-owner"]
    backup.run_program([*told, "--no-privileges", f"--dbname={connection.settings_dict['NAME']}", str(dump)])
    dump.unlink()
    with connection.cursor() as cursor:
        cursor.execute(statement.format(mark="%s"), values)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
