"""The Delta tables of one lake. Hides the Delta log, Parquet files, versions, locks and their cleaning.

Writers take a lock per table (held by the kernel for a process, so it dies with it) and then commit; Delta's own
conflict check stands behind. A data file belongs to the table only once a commit names it, so a killed writer leaves at
most a file that nobody reads. Readers take nothing: the files of a version never change, and `clean` removes only
files that have been out of the table for hours. Rows of one file lie in the order of `account_key`.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction, RemoveAction

from tenure.core.errors import LoadRefused, TenureError
from tenure.warehouse import schema

ROWS_PER_FILE = 1_000_000
ROWS_PER_GROUP = 262_144
KEEP_HOURS = 24
LONGEST_KEEP_HOURS = 168
"""Delta forgets after a week when a file left the table."""

SORTED_BY = "account_key"
_REFRESH_SECONDS = 60.0
_KNOWN_VERSIONS = 8

TABLES: dict[str, pa.Schema] = {
    **{name: table.arrow for name, table in schema.TABLES.items()},
    "supersessions": schema.SUPERSESSIONS,
    "refused_events": schema.REFUSED_EVENTS,
}


def schema_of(name: str) -> pa.Schema:
    """The Arrow schema of a table of the lake; refuses a name that is not one."""
    found = TABLES.get(name)
    if found is None:
        raise unknown_table(name, list(TABLES))
    return found


def unknown_table(name: str, allowed: list[str]) -> LoadRefused:
    """The refusal of a table that is not one of the allowed."""
    return LoadRefused(
        "lake.unknown_table",
        f"There is no table {name!r}.",
        fix=f"Use one of: {', '.join(allowed)}.",
        field="table",
        value=name,
        allowed=allowed,
    )


class Lake:
    """A folder of Delta tables: append, read a version, know its files, keep it tidy. For any number of threads."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._handles: dict[str, tuple[DeltaTable, float]] = {}
        self._files: dict[tuple[str, int], dict[str, int]] = {}
        self._guard = threading.RLock()
        self._held = threading.local()

    # ------------------------------------------------------------------ what is there

    def version(self, name: str) -> int | None:
        """The table's latest version; None if it does not exist yet."""
        with self._guard:
            handle = self._handle(name)
            return None if handle is None else int(handle.version())

    def versions(self) -> dict[str, int]:
        """The latest version of every table that exists."""
        found = {name: self.version(name) for name in TABLES}
        return {name: version for name, version in found.items() if version is not None}

    def files(self, name: str, version: int | None = None) -> list[str]:
        """The data files of a version (the latest if None), as absolute paths; empty if there is no table."""
        return list(self._files_of(name, version))

    def count(self, name: str, version: int | None = None) -> int:
        """The number of rows of a version (the latest if None)."""
        return sum(self._files_of(name, version).values())

    def added_since(self, name: str, version: int, until: int) -> list[str] | None:
        """The files that brought rows after one version and up to another; None if rows also went, or nobody can tell.

        Files that were only merged brought none.
        """
        folder = (self.path / name).absolute()
        added: list[str] = []
        for number in range(version + 1, until + 1):
            try:
                lines = (folder / "_delta_log" / f"{number:020d}.json").read_text(encoding="utf-8").splitlines()
            except FileNotFoundError:  # tidied away behind a checkpoint
                return None
            for said in map(json.loads, lines):
                if said.get("remove", {}).get("dataChange", False):
                    return None
                if said.get("add", {}).get("dataChange", False):
                    added.append(str(folder / said["add"]["path"]))
        return added if all(Path(file).exists() for file in added) else None

    def transaction(self, name: str, app_id: str) -> int | None:
        """The last transaction of `app_id` that the table has taken in."""
        with self._guard:
            handle = self._handle(name)
            return None if handle is None else handle.transaction_version(app_id)

    # ------------------------------------------------------------------ reading

    def read(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        version: int | None = None,
        *,
        coded: Sequence[str] = (),
        where: ds.Expression | None = None,
    ) -> pa.Table:
        """The rows of a version, in the schema's types; a column younger than a file reads as null.

        `coded` text columns come as dictionaries, which is the fastest way to read few distinct texts; `where` is a
        pyarrow expression, for which files and row groups that cannot match are skipped.
        """
        whole = schema_of(name)
        for column in coded:
            whole = whole.set(whole.get_field_index(column), pa.field(column, pa.dictionary(pa.int32(), pa.string())))
        names = whole.names if columns is None else list(columns)
        files = self.files(name, version)
        if not files:
            return pa.schema([whole.field(column) for column in names]).empty_table()
        reading = ds.ParquetReadOptions(dictionary_columns=set(coded))
        found = ds.dataset(files, schema=whole, format=ds.ParquetFileFormat(read_options=reading))
        return found.to_table(columns=names, filter=where)

    # ------------------------------------------------------------------ writing

    def append(self, name: str, rows: pa.Table, *, transaction: tuple[str, int] | None = None) -> int:
        """Append rows and return the table's version; a transaction that the table already has is not written again."""
        wanted = schema_of(name)
        rows = rows.select(wanted.names).cast(wanted)
        with self.lock(name):
            with self._guard:
                handle = self._handle(name) or self._create(name)
                if _has_taken(handle, transaction) or (rows.num_rows == 0 and transaction is None):
                    return int(handle.version())
            added = self._write(name, rows)
            with self._guard:
                handle = self._handle(name) or handle
                if _has_taken(handle, transaction):
                    return int(handle.version())
                return self._commit(name, handle, added, transaction)

    def replace(
        self, name: str, tables: Iterable[pa.Table], keep: ds.Expression | None, *, transaction: tuple[str, int]
    ) -> int:
        """Put rows in the place of all but those that `keep` names, in one commit; returns how many were written.

        The tables are taken one by one, in this thread; about ROWS_PER_FILE / 2 rows are in memory at a time.
        """
        wanted = schema_of(name)
        with self.lock(name):
            with self._guard:
                handle = self._handle(name) or self._create(name)
            former = self._files_of(name, None)
            added: list[Any] = []
            written = 0
            for part in _in_large_parts(tables, ROWS_PER_FILE // 2):
                added += self._write(name, part.select(wanted.names).cast(wanted))
                written += part.num_rows
            if keep is not None:
                for file in former:
                    kept = ds.dataset([file], schema=wanted, format="parquet").to_table(filter=keep)
                    added += self._write(name, kept)
            now = int(time.time() * 1000)
            gone = [RemoveAction(Path(file).name, True, now, Path(file).stat().st_size, {}) for file in former]
            with self._guard:
                handle = self._handle(name) or handle
                self._commit(name, handle, added + gone, transaction)
        return written

    def remove(self, name: str, gone: ds.Expression) -> int:
        """Take the rows that `gone` names out of the table, in one commit; returns how many there were.

        A file without such rows stays as it is, one of which nothing is left is only named no more; the others are
        written anew without them, one after the other.
        """
        wanted = schema_of(name)
        with self.lock(name):
            actions: list[Any] = []
            removed, now = 0, int(time.time() * 1000)
            for file, rows in self._files_of(name, None).items():
                whole = ds.dataset([file], schema=wanted, format="parquet")
                count = whole.count_rows(filter=gone)
                if count:
                    removed += count
                    actions.append(RemoveAction(Path(file).name, True, now, Path(file).stat().st_size, {}))
                    actions += self._write(name, whole.to_table(filter=gone.is_null() | ~gone)) if count < rows else ()
            with self._guard:
                handle = self._handle(name)
                if handle is not None and actions:
                    self._commit(name, handle, actions)
        return removed

    def make_durable(self, name: str, since: int) -> None:
        """Have what the table took in after version `since` on the disk itself, so that a power cut leaves it there."""
        folder = self.path / name
        log = folder / "_delta_log"
        for version in range(since + 1, (self.version(name) or 0) + 1):
            entry = log / f"{version:020d}.json"
            if not entry.exists():  # tidied away behind a checkpoint
                continue
            _sync(entry)
            for line in entry.read_text(encoding="utf-8").splitlines():
                added = json.loads(line).get("add")
                if added is not None and (folder / added["path"]).exists():
                    _sync(folder / added["path"])
        for place in (log, folder, self.path):
            _sync(place)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Be the only writer of a table, among all threads and processes; may be nested in one thread."""
        held: dict[str, int] = self._held.__dict__
        if held.get(name, 0):
            held[name] += 1
            try:
                yield
            finally:
                held[name] -= 1
            return
        folder = self.path / ".locks"
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            held[name] = 1
            try:
                yield
            finally:
                held[name] = 0
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)

    # ------------------------------------------------------------------ keeping it tidy

    def compact(self, name: str, *, at_least: int = 2) -> int:
        """Merge small files where there are `at_least` so many; the rows stay the same. Returns how many were merged.

        Files are merged in groups of at most a million rows, each in one commit; other writers may come in between.
        """
        merged = 0
        small = self._small_files(name)
        if len(small) < max(at_least, 2):
            return 0
        for group in _groups(small):
            merged += self._merge(name, group)
        return merged

    def clean(self, name: str, keep_hours: int = KEEP_HOURS) -> int:
        """Delete files that have been out of the table for longer than `keep_hours`; returns how many."""
        keep = min(max(keep_hours, 0), LONGEST_KEEP_HOURS)
        with self.lock(name), self._guard:
            handle = self._handle(name)
            if handle is None:
                return 0
            how = {"retention_hours": keep, "enforce_retention_duration": False, "full": True}
            if not handle.vacuum(dry_run=True, **how):
                return 0
            removed = handle.vacuum(dry_run=False, **how)
            handle.update_incremental()
            return len(removed)

    # ------------------------------------------------------------------ inside

    def _handle(self, name: str) -> DeltaTable | None:
        """The table at its latest version; the log is read again only where a newer entry lies in it."""
        schema_of(name)
        folder = self.path / name
        known = self._handles.get(name)
        if known is None:
            if not DeltaTable.is_deltatable(str(folder)):
                return None
            handle, read_at = DeltaTable(str(folder)), time.monotonic()
        else:
            handle, read_at = known
            newer = folder / "_delta_log" / f"{handle.version() + 1:020d}.json"
            # an entry that was tidied away is found by reading the whole log now and then
            if newer.exists() or time.monotonic() - read_at > _REFRESH_SECONDS:
                handle.update_incremental()
                read_at = time.monotonic()
        self._handles[name] = (handle, read_at)
        return handle

    def _files_of(self, name: str, version: int | None) -> dict[str, int]:
        """The data files of a version and their numbers of rows."""
        with self._guard:
            handle = self._handle(name)
            if handle is None:
                return {}
            latest = int(handle.version())
            version = latest if version is None else version
            known = self._files.get((name, version))
            if known is None:
                known = self._listed(name, handle if version == latest else self._open(name, version))
                for stale in [key for key in self._files if key[0] == name][: -_KNOWN_VERSIONS + 1]:
                    del self._files[stale]
                self._files[name, version] = known
            if version != latest and not all(Path(file).exists() for file in known):
                raise _version_gone(name, version)
            return known

    def _listed(self, name: str, at: DeltaTable) -> dict[str, int]:
        entries = pa.table(at.get_add_actions(flatten=True)).select(["path", "num_records"])
        paths, counts = entries.column(0).to_pylist(), entries.column(1).to_pylist()
        folder = (self.path / name).absolute()
        listed = {str(folder / path): count for path, count in sorted(zip(paths, counts, strict=True))}
        return {
            file: pq.read_metadata(file).num_rows if count is None else int(count) for file, count in listed.items()
        }

    def _open(self, name: str, version: int) -> DeltaTable:
        try:
            return DeltaTable(str(self.path / name), version=version)
        except DeltaError as error:
            raise _version_gone(name, version) from error

    def _create(self, name: str) -> DeltaTable:
        folder = self.path / name
        folder.mkdir(parents=True, exist_ok=True)
        handle = DeltaTable.create(str(folder), TABLES[name], mode="ignore", name=name)
        self._handles[name] = (handle, time.monotonic())
        return handle

    def _commit(
        self, name: str, handle: DeltaTable, actions: list[Any], transaction: tuple[str, int] | None = None
    ) -> int:
        """Make files part of the table, all or none; a column the table does not have yet is added first."""
        taken = {one.name for one in handle.schema().fields}
        younger = [one for one in Schema.from_arrow(TABLES[name]).fields if one.name not in taken]
        if younger:
            handle.alter.add_columns(younger)
            handle.update_incremental()
        properties = None
        if transaction is not None:
            properties = CommitProperties(app_transactions=[Transaction(*transaction)])
        handle.create_write_transaction(actions, "append", handle.schema(), commit_properties=properties)
        handle.update_incremental()
        return int(handle.version())

    def _write(self, name: str, rows: pa.Table, *, changes: bool = True) -> list[AddAction]:
        """Write the rows as data files, not yet part of the table, and return their entries for the log."""
        added = []
        for start in range(0, rows.num_rows, ROWS_PER_FILE):
            part = rows.slice(start, ROWS_PER_FILE)
            if SORTED_BY in part.column_names and part.num_rows > 1:
                part = part.take(pa.array(np.argsort(part.column(SORTED_BY).to_numpy(), kind="stable")))
            file = f"part-{uuid.uuid4().hex}.parquet"
            path = self.path / name / file
            pq.write_table(
                part,
                path,
                row_group_size=ROWS_PER_GROUP,
                compression="zstd",
                use_dictionary=[one.name for one in part.schema if not one.name.endswith(("_key", "row_id"))],
            )
            stats = json.dumps({"numRecords": part.num_rows})
            added.append(AddAction(file, path.stat().st_size, {}, int(time.time() * 1000), changes, stats))
        return added

    def _small_files(self, name: str) -> dict[str, int]:
        return {file: rows for file, rows in self._files_of(name, None).items() if rows < ROWS_PER_FILE // 2}

    def _merge(self, name: str, group: dict[str, int]) -> int:
        """Replace the files by one with the same rows, unless another process has already done so."""
        with self.lock(name):
            if not group.keys() <= self._files_of(name, None).keys():
                return 0
            rows = ds.dataset(list(group), schema=TABLES[name], format="parquet").to_table()
            if rows.num_rows != sum(group.values()):
                raise TenureError(
                    "lake.rows_differ",
                    f"Files of {name} hold {rows.num_rows} rows where the log says {sum(group.values())}.",
                    fix="Nothing was changed. Restore the table's folder from a backup or mirror the table anew.",
                    table=name,
                )
            added: list[Any] = list(self._write(name, rows.combine_chunks(), changes=False))
            now = int(time.time() * 1000)
            gone = [RemoveAction(Path(file).name, False, now, Path(file).stat().st_size, {}) for file in group]
            with self._guard:
                handle = self._handle(name)
                if handle is not None:
                    self._commit(name, handle, added + gone)
        return len(group)


def _sync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _has_taken(handle: DeltaTable, transaction: tuple[str, int] | None) -> bool:
    """Has the table, as this handle sees it, already taken the transaction in?"""
    if transaction is None:
        return False
    done = handle.transaction_version(transaction[0])
    return done is not None and done >= transaction[1]


def _in_large_parts(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """The tables joined until they have so many rows."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(part.num_rows for part in waiting) >= rows:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _groups(small: dict[str, int]) -> Iterator[dict[str, int]]:
    """Files in groups of at most ROWS_PER_FILE rows and at least two files."""
    group: dict[str, int] = {}
    for file, rows in sorted(small.items(), key=lambda item: item[1]):
        if sum(group.values()) + rows > ROWS_PER_FILE and len(group) > 1:
            yield group
            group = {}
        group[file] = rows
    if len(group) > 1:
        yield group


def _version_gone(name: str, version: int) -> TenureError:
    return TenureError(
        "lake.version_gone",
        f"Version {version} of {name} cannot be read any more.",
        fix="Ask again without a version, or read one that is still kept.",
        table=name,
        version=version,
    )
