"""The Delta tables of one lake. Hides the Delta log, Parquet files, versions, locks and their cleaning.

Writers take a lock per table (held by the kernel for a process, so it dies with it) and then commit; Delta's own
conflict check stands behind. Readers take nothing: a version's files never change, and `clean` removes only files that
have been out of every version for hours.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.transaction import AddAction

from tenure.core.errors import LoadRefused, TenureError
from tenure.warehouse import schema

ROWS_PER_FILE = 1_000_000
ROWS_PER_GROUP = 262_144
KEEP_HOURS = 24

_EXTRA = {"supersessions": schema.SUPERSESSIONS}


def schema_of(name: str) -> pa.Schema:
    """The Arrow schema of a table of the lake; refuses a name that is not one."""
    table = schema.TABLES.get(name)
    if table is not None:
        return table.arrow
    if name in _EXTRA:
        return _EXTRA[name]
    allowed = [*schema.TABLES, *_EXTRA]
    raise LoadRefused(
        "lake.unknown_table",
        f"The lake has no table {name!r}.",
        fix=f"Use one of: {', '.join(allowed)}.",
        field="table",
        value=name,
        allowed=allowed,
    )


class Lake:
    """A folder of Delta tables: append, read a version, know its files, keep it tidy."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._handles: dict[str, DeltaTable] = {}
        self._files: dict[tuple[str, int], tuple[str, ...]] = {}
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
        found = {name: self.version(name) for name in (*schema.TABLES, *_EXTRA)}
        return {name: version for name, version in found.items() if version is not None}

    def files(self, name: str, version: int | None = None) -> list[str]:
        """The data files of a version (the latest if None), as absolute paths; empty if there is no table."""
        with self._guard:
            handle = self._handle(name)
            if handle is None:
                return []
            version = int(handle.version()) if version is None else version
            known = self._files.get((name, version))
            if known is None:
                at = handle if version == handle.version() else self._open(name, version)
                known = tuple(sorted(_local(uri) for uri in at.file_uris()))
                for stale in [key for key in self._files if key[0] == name][:-8]:
                    del self._files[stale]
                self._files[(name, version)] = known
            return list(known)

    def transaction(self, name: str, app_id: str) -> int | None:
        """The last transaction of `app_id` that the table has taken in."""
        with self._guard:
            handle = self._handle(name)
            return None if handle is None else handle.transaction_version(app_id)

    # ------------------------------------------------------------------ reading

    def read(self, name: str, columns: list[str] | None = None, version: int | None = None) -> pa.Table:
        """The rows of a version, in the schema's types; a column younger than a file reads as null."""
        wanted = schema_of(name)
        if columns is not None:
            wanted = pa.schema([wanted.field(column) for column in columns])
        files = self.files(name, version)
        if not files:
            return wanted.empty_table()
        return ds.dataset(files, schema=wanted, format="parquet").to_table()

    # ------------------------------------------------------------------ writing

    def append(self, name: str, rows: pa.Table, *, transaction: tuple[str, int] | None = None) -> int:
        """Append rows and return the table's version; a transaction that the table already has is not written again."""
        wanted = schema_of(name)
        rows = rows.select(wanted.names).cast(wanted)
        with self.lock(name), self._guard:
            handle = self._handle(name) or self._create(name, wanted)
            properties = None
            if transaction is not None:
                app_id, number = transaction
                done = handle.transaction_version(app_id)
                if done is not None and done >= number:
                    return int(handle.version())
                properties = CommitProperties(app_transactions=[Transaction(app_id, number)], max_commit_retries=0)
            added = self._write(name, rows)
            if not added and properties is None:
                return int(handle.version())
            handle.create_write_transaction(added, "append", handle.schema(), commit_properties=properties)
            handle.update_incremental()
            return int(handle.version())

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

    # ------------------------------------------------------------------ inside

    def _folder(self, name: str) -> Path:
        return self.path / name

    def _handle(self, name: str) -> DeltaTable | None:
        """The table at its latest version; the log is read again only where a newer entry lies in it."""
        schema_of(name)
        log = self._folder(name) / "_delta_log"
        handle = self._handles.get(name)
        if handle is None:
            if not log.is_dir() or not DeltaTable.is_deltatable(str(self._folder(name))):
                return None
            handle = self._handles[name] = DeltaTable(str(self._folder(name)))
        if (log / f"{handle.version() + 1:020d}.json").exists():
            handle.update_incremental()
        return handle

    def _open(self, name: str, version: int) -> DeltaTable:
        try:
            return DeltaTable(str(self._folder(name)), version=version)
        except Exception as error:
            raise TenureError(
                "lake.version_gone",
                f"Version {version} of {name} cannot be read any more.",
                fix="Ask again without a version, or read one that is still kept.",
                table=name,
                version=version,
            ) from error

    def _create(self, name: str, wanted: pa.Schema) -> DeltaTable:
        self._folder(name).mkdir(parents=True, exist_ok=True)
        handle = DeltaTable.create(str(self._folder(name)), wanted, mode="ignore", name=name)
        self._handles[name] = handle
        return handle

    def _write(self, name: str, rows: pa.Table) -> list[Any]:
        """Write the rows as data files, not yet part of the table, and return their entries for the log."""
        added = []
        for start in range(0, rows.num_rows, ROWS_PER_FILE):
            part = rows.slice(start, ROWS_PER_FILE)
            file = f"part-{uuid.uuid4().hex}.parquet"
            path = self._folder(name) / file
            pq.write_table(part, path, row_group_size=ROWS_PER_GROUP, compression="lz4", write_page_index=False)
            stats = json.dumps({"numRecords": part.num_rows})
            added.append(AddAction(file, path.stat().st_size, {}, int(time.time() * 1000), True, stats))
        return added


def _local(uri: str) -> str:
    """A file address of the log as a path."""
    return uri.removeprefix("file://")
