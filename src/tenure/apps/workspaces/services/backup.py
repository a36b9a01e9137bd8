"""A copy of the whole workspace in one file, made while others work. Hides how store and lake meet in a moment.

Under the lock of the mirror no change goes from the store to the lake: the lake's versions are read and the store's
snapshot is taken there. So the lake never knows more than the store, and what it does not know yet lies in the outbox.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils.translation import gettext as _

from tenure.apps.workspaces.services import archive
from tenure.apps.workspaces.services.archive import BackupRefused
from tenure.apps.workspaces.services.lake import lake
from tenure.apps.workspaces.services.writing import Actor, writing
from tenure.warehouse import copying

LOCK = "backup"
"""Lock of the lake that a backup holds, and an erasure: neither works while the other does."""


def backup(target: Path, *, by: Actor, secrets: bool = False) -> dict[str, Any]:
    """Write store, lake and settings into one new file, whole or not at all; gives its manifest.

    Raises: BackupRefused if the file exists, cannot be written, or the store's own program is missing.
    """
    home, here = Path(settings.TENURE_HOME), lake()
    with (
        here.lock(LOCK),
        archive.new_file(target.absolute()) as stream,
        _scratch(home) as scratch,
        ExitStack() as open_files,
    ):
        uploads = _opened_uploads(home, {}, open_files)
        arrived = _opened_journal(home, open_files)  # before the lake: what is flushed meanwhile is in both
        with here.lock("mirror"):
            held = copying.held(here)
            store = _pinned(open_files)
        uploads = _opened_uploads(home, uploads, open_files)
        writer = archive.Writer(stream)
        writer.add(store.name, store.copied(scratch))
        for name, text in held.entries.items():
            writer.add(f"lake/{name}", text)
        for name, file in held.files.items():
            with here.opened(file) as source:
                writer.add(f"lake/{name}", source)
        for name, opened in arrived.items():
            writer.add(f"journal/{name}", opened)
        for name, upload in uploads.items():
            writer.add(f"imports/uploads/{name}", upload)
        _add_rest(home, writer, secrets)
        manifest = writer.close(
            {
                "made_at": datetime.now(UTC).isoformat(),
                "home": str(home),
                "store": {"kind": connection.vendor, "rows": store.rows, "migrations": store.migrations},
                "lake": {n: {"version": held.versions[n], "rows": held.rows[n]} for n in held.versions},
                "secrets": secrets,
            }
        )
    with writing(by) as write:
        write.audit("backed up", "workspace", "", secrets=secrets, entries=len(manifest["entries"]))
    return manifest


@contextmanager
def _scratch(home: Path) -> Iterator[Path]:
    """A folder for the store's copy; what a killed backup left there is removed first."""
    folder = home / ".backup"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _opened_uploads(home: Path, known: Mapping[str, IO[bytes]], files: ExitStack) -> dict[str, IO[bytes]]:
    """Files that wait for an import, open: they can still be read when the import has thrown them away."""
    folder = home / "imports" / "uploads"
    found = dict(known)
    for place in sorted(folder.iterdir()) if folder.is_dir() else []:
        if place.name not in found:
            try:
                found[place.name] = files.enter_context(place.open("rb"))
            except FileNotFoundError:
                continue
    return found


def _opened_journal(home: Path, files: ExitStack) -> dict[str, IO[bytes]]:
    """What came in and is not in the lake yet, open: it can still be read when it was flushed and thrown away."""
    folder = home / "journal"
    found = {}
    for place in (folder / "journal.json", *sorted(folder.glob("*.log"))):
        try:
            found[place.name] = files.enter_context(place.open("rb"))
        except FileNotFoundError:
            continue
    return found


def _add_rest(home: Path, writer: archive.Writer, secrets: bool) -> None:
    """Settings, reports, and a mark for each import under way, by which the copy knows that it was broken off."""
    writer.add("workspace.json", home / "workspace.json")
    if secrets and (home / "secret.key").exists():
        writer.add("secret.key", home / "secret.key")
    for folder in sorted((home / "imports").glob("*/")):
        if not folder.name.isdigit():
            continue
        for name in ("report.csv", "rejects.jsonl", ".lock"):
            try:
                writer.add(f"imports/{folder.name}/{name}", (folder / name).read_bytes())
            except FileNotFoundError:
                continue


# ---------------------------------------------------------------------- the store


@dataclass(frozen=True, slots=True)
class _Pinned:
    """The store at one moment; `copied` writes it into a file of a folder."""

    name: str
    rows: dict[str, int]
    migrations: list[str]
    copied: Any


def _pinned(open_files: ExitStack) -> _Pinned:
    return _pinned_postgres(open_files) if connection.vendor == "postgresql" else _pinned_sqlite(open_files)


def _pinned_sqlite(open_files: ExitStack) -> _Pinned:
    source = sqlite3.connect(str(connection.settings_dict["NAME"]), timeout=60, isolation_level=None)
    open_files.callback(source.close)
    source.execute("BEGIN")
    rows = {name: _count(source, name) for name in sqlite_tables(source)}
    migrations = [f"{app}.{name}" for app, name in source.execute(_MIGRATIONS)]

    def copied(folder: Path) -> Path:
        place = folder / "store.sqlite3"
        copy = sqlite3.connect(place, isolation_level=None)
        try:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
        finally:
            copy.close()
        return place

    return _Pinned("store.sqlite3", rows, migrations, copied)


def _pinned_postgres(open_files: ExitStack) -> _Pinned:
    program = program_named("pg_dump")
    beside = connection.copy()
    beside.ensure_connection()
    open_files.callback(beside.close)
    with beside.cursor() as cursor:
        cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        snapshot = cursor.fetchone()[0]
        rows = {}
        for name in sorted(beside.introspection.table_names(cursor)):
            cursor.execute(f'SELECT COUNT(*) FROM "{name}"')
            rows[name] = cursor.fetchone()[0]
        cursor.execute(_MIGRATIONS)
        migrations = [f"{app}.{name}" for app, name in cursor.fetchall()]

    def copied(folder: Path) -> Path:
        place = folder / "store.dump"
        told = [program, "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
        run_program([*told, f"--file={place}"])
        return place

    return _Pinned("store.dump", rows, migrations, copied)


_MIGRATIONS = f"SELECT app, name FROM {MigrationRecorder.Migration._meta.db_table} ORDER BY app, name"


def sqlite_tables(store: sqlite3.Connection) -> list[str]:
    """The names of a SQLite store's tables."""
    found = store.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    )
    return [name for (name,) in found]


def _count(store: sqlite3.Connection, table: str) -> int:
    return int(store.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()[0])


def program_named(name: str) -> str:
    """Where a program of PostgreSQL is; refuses, with what to install, if it is not there."""
    found = shutil.which(name)
    if found is None:
        raise BackupRefused(
            "backup.program_missing",
            _("The store is in PostgreSQL, and the program {program} is not installed.").format(program=name),
            fix=_(
                "Install PostgreSQL's client programs of the server's version (Debian: apt install postgresql-client)."
            ),
            program=name,
        )
    return found


def run_program(command: list[str]) -> None:
    """Run a program of PostgreSQL against the store; refuses with what it said if it fails."""
    told = connection.settings_dict
    named = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    environ = {variable: str(told[name]) for variable, name in named.items() if told.get(name)}
    options = {f"PG{name.upper()}": str(value) for name, value in told["OPTIONS"].items() if name.startswith("ssl")}
    done = subprocess.run(
        command, env={**os.environ, **options, **environ}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BackupRefused(
            "backup.program_failed",
            _("{program} failed: {said}").format(program=Path(command[0]).name, said=done.stderr.strip()[-500:]),
            fix=_("Mend what it says; its version must be that of the server or a later one."),
            program=Path(command[0]).name,
        )
