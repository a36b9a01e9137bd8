"""The Delta tables of one lake. Hides the Delta log, Parquet files, versions, locks and their cleaning.

In a folder, writers take a lock per table and then commit; Delta's own conflict check stands behind. In object storage
they commit without one: of two commits that cannot both hold one is refused, and made again from what is there then. A
data file belongs to the table only once a commit names it, so a killed writer leaves at most a file that nobody reads.
Readers take nothing: the files of a version never change, and `clean` removes only files that have been out of the
table for hours. Rows of one file lie in the order of `account_key`.
"""

from __future__ import annotations

import functools
import json
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any, Concatenate, ParamSpec, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction

from tenure.core.errors import LoadRefused, TenureError
from tenure.warehouse import schema
from tenure.warehouse.storage import LOG, Folder, storage_of, turns

P = ParamSpec("P")
T = TypeVar("T")
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


class _Overtaken(Exception):
    """What a commit was made of is not there any more."""


def _told(method: Callable[Concatenate[Lake, P], T]) -> Callable[Concatenate[Lake, P], T]:
    """A method in which what the storage refuses is told as a person needs it."""

    @functools.wraps(method)
    def telling(self: Lake, /, *args: P.args, **named: P.kwargs) -> T:
        with self.storage.refusals():
            return method(self, *args, **named)

    return telling


def lake_of(home: Path, place: str = "") -> Lake:
    """The lake of a workspace: the folder `lake` in it, or the place in object storage (s3://BUCKET/PREFIX).

    Raises: SettingRefused.
    """
    return Lake(place, locks=home / ".locks") if place else Lake(home / "lake")


class Lake:
    """Delta tables in one place: append, read a version, know its files, keep it tidy. For any number of threads.

    The place is a folder or s3://BUCKET/PREFIX. In object storage, `locks` is the folder by which processes of this
    machine keep each other out of what is more than one commit.
    """

    def __init__(self, place: Path | str, *, locks: Path | None = None) -> None:
        self.storage = storage_of(place, locks)
        self._handles: dict[str, tuple[DeltaTable, float]] = {}
        self._files: dict[tuple[str, int], dict[str, int]] = {}
        self._whole: dict[tuple[str, int], float] = {}
        self._guard = threading.RLock()
        self._held = threading.local()

    @property
    def path(self) -> Path:
        """The folder of a lake that lies in one."""
        if not isinstance(self.storage, Folder):
            raise TypeError(f"{self.storage.place} is no folder")
        return self.storage.path

    # ------------------------------------------------------------------ what is there

    @_told
    def version(self, name: str) -> int | None:
        """The table's latest version; None if it does not exist yet."""
        with self._guard:
            handle = self._handle(name)
            return None if handle is None else int(handle.version())

    @_told
    def versions(self) -> dict[str, int]:
        """The latest version of every table that exists."""
        if not self.storage.shared:
            found = {name: self.version(name) for name in TABLES}
            return {name: version for name, version in found.items() if version is not None}
        there = set(self.storage.names(""))
        with self._guard:
            next_entries = {name: _entry(name, handle.version() + 1) for name, (handle, _) in self._handles.items()}
        newer = self.storage.there(list(next_entries.values()))  # all at once: each is a request
        with self._guard:
            handles = {
                name: self._handle(name, next_entries[name] in newer if name in next_entries else None)
                for name in TABLES
                if name in there
            }
            return {name: int(handle.version()) for name, handle in handles.items() if handle is not None}

    @_told
    def files(self, name: str, version: int | None = None) -> list[str]:
        """The data files of a version (the latest if None), as addresses; empty if there is no table.

        An address is an absolute path, or s3://... where the lake is in object storage.
        """
        return list(self._files_of(name, version))

    @_told
    def count(self, name: str, version: int | None = None) -> int:
        """The number of rows of a version (the latest if None)."""
        return sum(self._files_of(name, version).values())

    @_told
    def added_since(self, name: str, version: int, until: int) -> list[str] | None:
        """The files that brought rows after one version and up to another; None if rows also went, or nobody can tell.

        Files that were only merged brought none.
        """
        added: dict[str, None] = {}  # an entry that was put twice names its files twice
        for number in range(version + 1, until + 1):
            try:
                lines = self.storage.read(_entry(name, number)).decode().splitlines()
            except FileNotFoundError:  # tidied away behind a checkpoint
                return None
            for said in map(json.loads, lines):
                if said.get("remove", {}).get("dataChange", False):
                    return None
                if said.get("add", {}).get("dataChange", False):
                    added[self.storage.address(f"{name}/{said['add']['path']}")] = None
        return None if self.storage.missing(added) else list(added)

    @_told
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
        return self.rows(name, self.files(name, version), columns, coded=coded, where=where)

    @_told
    def rows(
        self,
        name: str,
        files: Sequence[str],
        columns: Sequence[str] | None = None,
        *,
        coded: Sequence[str] = (),
        where: ds.Expression | None = None,
    ) -> pa.Table:
        """The rows of some files of a table, as `read` gives those of all."""
        whole = schema_of(name)
        for column in coded:
            whole = whole.set(whole.get_field_index(column), pa.field(column, pa.dictionary(pa.int32(), pa.string())))
        names = whole.names if columns is None else list(columns)
        if not files:
            return pa.schema([whole.field(column) for column in names]).empty_table()
        return self._dataset(whole, files, coded).to_table(columns=names, filter=where)

    def dataset(self, name: str, files: Sequence[str]) -> ds.Dataset:
        """Files of a table as an engine takes them that has no reader of its own for where they lie."""
        return self._dataset(schema_of(name), files)

    def _dataset(self, shape: pa.Schema, files: Sequence[str], coded: Sequence[str] = ()) -> ds.Dataset:
        reading = ds.ParquetReadOptions(dictionary_columns=set(coded))
        return ds.dataset(
            [self.storage.inside(file) for file in files],
            schema=shape,
            format=ds.ParquetFileFormat(read_options=reading),
            filesystem=self.storage.files,
        )

    @_told
    def rows_in(self, files: Sequence[str]) -> int:
        """How many rows some files have."""
        inside = map(self.storage.inside, files)
        return sum(pq.read_metadata(file, filesystem=self.storage.files).num_rows for file in inside)

    @_told
    def parquet(self, file: str) -> pq.ParquetFile:
        """A file, of which parts may be read."""
        return pq.ParquetFile(self.storage.inside(file), filesystem=self.storage.files)

    @_told
    def opened(self, file: str) -> IO[bytes]:
        """The bytes of a file."""
        return self.storage.opened(file)

    @_told
    def missing(self) -> list[str]:
        """The files that the latest versions name and that are not there."""
        return [file for name in self.versions() for file in self.storage.missing(self.files(name))]

    # ------------------------------------------------------------------ writing

    @_told
    def append(
        self, name: str, rows: pa.Table, *, transaction: tuple[str, int] | None = None, after: int | None = None
    ) -> int:
        """Append rows and return the table's version; a transaction that the table already has is not written again.

        `after` is the last transaction of the same application that the rows were made after: had another machine one
        taken in between, they are refused.
        Raises: TenureError (lake.overtaken, lake.contended).
        """
        wanted = schema_of(name)
        rows = rows.select(wanted.names).cast(wanted)
        with self.lock(name):
            with self._guard:
                handle = self._handle(name) or self._create(name)
                if _has_taken(handle, transaction) or (rows.num_rows == 0 and transaction is None):
                    return int(handle.version())
            added = self._write(name, rows)

            def commit() -> int:
                with self._guard:
                    handle = self._handle(name) or self._create(name)
                    if _has_taken(handle, transaction):
                        return int(handle.version())
                    if transaction is not None and after not in (None, _last(handle, transaction[0])):
                        raise overtaken(name)
                    return self._commit(name, handle, added, transaction)

            return self._until_it_holds(name, commit)

    @_told
    def replace(
        self,
        name: str,
        tables: Iterable[pa.Table],
        keep: ds.Expression | None,
        *,
        transaction: tuple[str, int],
        version: int | None = None,
    ) -> int:
        """Put rows in the place of all but those that `keep` names, in one commit; returns how many were written.

        The tables are taken one by one, in this thread; about ROWS_PER_FILE / 2 rows are in memory at a time. With a
        version, only rows of that version give way, and what came since stays.
        Raises: TenureError (lake.contended) if others rewrote the same files again and again.
        """
        wanted = schema_of(name)
        with self.lock(name):
            with self._guard:
                if self._handle(name) is None:
                    self._create(name)
            added: list[Any] = []
            written = 0
            for part in _in_large_parts(tables, ROWS_PER_FILE // 2):
                added += self._write(name, part.select(wanted.names).cast(wanted))
                written += part.num_rows

            def commit() -> None:
                former = list(self._files_of(name, version))
                kept: list[Any] = []
                with self._reading(name, former):
                    for file in former if keep is not None else ():
                        kept += self._write(name, self.rows(name, [file], where=keep))
                    gone = [self._removal(file, changes=True) for file in former]
                self._rewrite(name, former, added + kept + gone, transaction)

            self._until_it_holds(name, commit)
        return written

    @_told
    def remove(self, name: str, gone: ds.Expression) -> int:
        """Take the rows that `gone` names out of the table, in one commit; returns how many there were.

        A file without such rows stays as it is, one of which nothing is left is only named no more; the others are
        written anew without them, one after the other.
        """
        schema_of(name)

        def commit() -> int:
            actions: list[Any] = []
            changed, removed = [], 0
            files = self._files_of(name, None)
            with self._reading(name, files):
                for file, rows in files.items():
                    whole = self.dataset(name, [file])
                    count = whole.count_rows(filter=gone)
                    if count:
                        removed += count
                        changed.append(file)
                        actions.append(self._removal(file, changes=True))
                        stays = gone.is_null() | ~gone
                        actions += self._write(name, whole.to_table(filter=stays)) if count < rows else ()
            if actions:
                self._rewrite(name, changed, actions)
            return removed

        with self.lock(name):
            return self._until_it_holds(name, commit)

    @_told
    def make_durable(self, name: str, since: int) -> None:
        """Have what the table took in after version `since` on the disk itself, so that a power cut leaves it there."""
        storage = self.storage
        if not isinstance(storage, Folder):  # what was put there is durable
            return
        for version in range(since + 1, (self.version(name) or 0) + 1):
            entry = _entry(name, version)
            if not storage.there([entry]):  # tidied away behind a checkpoint
                continue
            storage.sync(entry)
            for line in storage.read(entry).decode().splitlines():
                added = json.loads(line).get("add")
                if added is not None and storage.there([f"{name}/{added['path']}"]):
                    storage.sync(f"{name}/{added['path']}")
        for place in (f"{name}/{LOG}", name, ""):
            storage.sync(place)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Be the only writer of a table, among all threads and processes; may be nested in one thread.

        In object storage a table has no lock; under another name, processes of this machine keep each other out.
        """
        held: dict[str, int] = self._held.__dict__
        if held.get(name, 0):
            held[name] += 1
            try:
                yield
            finally:
                held[name] -= 1
            return
        with nullcontext() if self.storage.shared and name in TABLES else self.storage.lock(name):
            held[name] = 1
            try:
                yield
            finally:
                held[name] = 0

    # ------------------------------------------------------------------ keeping it tidy

    @_told
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

    @_told
    def clean(self, name: str, keep_hours: int = KEEP_HOURS) -> int:
        """Delete files that have been out of the table for longer than `keep_hours`; returns how many.

        In object storage, a file that no commit has named yet may be another machine's: it stays for KEEP_HOURS.
        """
        keep = min(max(keep_hours, 0), LONGEST_KEEP_HOURS)

        def clean() -> int:
            with self._guard:
                handle = self._handle(name)
                if handle is None:
                    return 0
                if not self.storage.shared:
                    return _vacuumed(handle, keep, full=True)
                self._whole = {key: at for key, at in self._whole.items() if key[0] != name}
                named = _vacuumed(handle, keep, full=False)
                return named + _vacuumed(handle, max(keep, KEEP_HOURS), full=True)

        with self.lock(name):
            return self._until_it_holds(name, clean)

    # ------------------------------------------------------------------ inside

    def _handle(self, name: str, newer: bool | None = None) -> DeltaTable | None:
        """The table at its latest version; the log is read again only where a newer entry lies in it.

        `newer` says whether one does; None: look.
        """
        schema_of(name)
        known = self._handles.get(name)
        if known is None:
            if not self.storage.has_table(name):
                return None
            handle, read_at = self.storage.table(name), time.monotonic()
        else:
            handle, read_at = known
            if newer is None:
                newer = bool(self.storage.there([_entry(name, handle.version() + 1)]))
            # an entry that was tidied away is found by reading the whole log now and then
            if newer or time.monotonic() - read_at > _REFRESH_SECONDS:
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
                    self._whole.pop(stale, None)
                self._files[name, version] = known
            if version != latest and not self._is_whole(name, version, known):
                raise _version_gone(name, version)
            return known

    def _is_whole(self, name: str, version: int, files: dict[str, int]) -> bool:
        """Whether all files of an older version are still there; in object storage that is looked up now and then."""
        seen = self._whole.get((name, version))
        if seen is not None and self.storage.shared and time.monotonic() - seen < _REFRESH_SECONDS:
            return True
        if self.storage.missing(files):
            return False
        self._whole[name, version] = time.monotonic()
        return True

    def _listed(self, name: str, at: DeltaTable) -> dict[str, int]:
        entries = pa.table(at.get_add_actions(flatten=True)).select(["path", "num_records"])
        paths, counts = entries.column(0).to_pylist(), entries.column(1).to_pylist()
        listed = {
            self.storage.address(f"{name}/{path}"): count for path, count in sorted(zip(paths, counts, strict=True))
        }
        return {file: self.rows_in([file]) if count is None else int(count) for file, count in listed.items()}

    def _open(self, name: str, version: int) -> DeltaTable:
        try:
            return self.storage.table(name, version)
        except DeltaError as error:
            raise _version_gone(name, version) from error

    def _create(self, name: str) -> DeltaTable:
        handle = self.storage.make(name, TABLES[name])
        self._handles[name] = (handle, time.monotonic())
        return handle

    def _until_it_holds(self, name: str, commit: Callable[[], T]) -> T:
        """What a commit gives; one that lost against another machine is made again of what is there now.

        In a folder, where a lock lets one writer in, nobody can be lost against.
        """
        for _ in turns():
            try:
                return commit()
            except (CommitFailedError, _Overtaken):
                if not self.storage.shared:
                    raise
        raise TenureError(
            "lake.contended",
            f"Others wrote to {name} each time this process tried.",
            fix="Nothing was changed. Try again.",
            table=name,
        )

    @contextmanager
    def _reading(self, name: str, files: Collection[str]) -> Iterator[None]:
        """A block that reads files of the table, which another machine may rewrite, and then delete, meanwhile.

        Raises: _Overtaken where it could not read what the table does not have any more.
        """
        try:
            yield
        except (OSError, TenureError):
            if self.storage.shared and not set(files) <= self._files_of(name, None).keys():
                raise _Overtaken from None
            raise

    def _rewrite(
        self, name: str, files: Sequence[str], actions: list[Any], transaction: tuple[str, int] | None = None
    ) -> int:
        """Commit actions that take files out of the table; where others only added some meanwhile, again as they are.

        Raises: _Overtaken if the table has not all of the files any more.
        """

        for _ in turns():
            try:
                with self._guard:
                    handle = self._handle(name) or self._create(name)
                    if self.storage.shared:
                        if not set(files) <= self._files_of(name, None).keys():
                            raise _Overtaken
                        if transaction is not None and _last(handle, transaction[0]) > transaction[1]:
                            raise overtaken(name)
                    return self._commit(name, handle, actions, transaction)
            except CommitFailedError:
                if not self.storage.shared:
                    raise
        raise _Overtaken

    def _removal(self, file: str, *, changes: bool) -> RemoveAction:
        return RemoveAction(Path(file).name, changes, int(time.time() * 1000), self.storage.size(file), {})

    def _commit(
        self, name: str, handle: DeltaTable, actions: list[Any], transaction: tuple[str, int] | None = None
    ) -> int:
        """Make files part of the table, all or none; a column the table does not have yet is added first."""
        taken = {one.name for one in handle.schema().fields}
        younger = [one for one in Schema.from_arrow(TABLES[name]).fields if one.name not in taken]
        if younger:
            handle.alter.add_columns(younger)
            handle.update_incremental()
        transactions = None if transaction is None else [Transaction(*transaction)]
        properties = None if transactions is None else CommitProperties(app_transactions=transactions)
        if self.storage.shared and any(isinstance(action, RemoveAction) for action in actions):
            # Delta would let it pass after another machine merged the same files: their rows would be there twice
            properties = CommitProperties(app_transactions=transactions, max_commit_retries=0)
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
            address = self.storage.address(f"{name}/{file}")
            pq.write_table(
                part,
                self.storage.inside(address),
                filesystem=self.storage.files,
                row_group_size=ROWS_PER_GROUP,
                compression="zstd",
                use_dictionary=[one.name for one in part.schema if not one.name.endswith(("_key", "row_id"))],
            )
            stats = json.dumps({"numRecords": part.num_rows})
            added.append(AddAction(file, self.storage.size(address), {}, int(time.time() * 1000), changes, stats))
        return added

    def _small_files(self, name: str) -> dict[str, int]:
        return {file: rows for file, rows in self._files_of(name, None).items() if rows < ROWS_PER_FILE // 2}

    def _merge(self, name: str, group: dict[str, int]) -> int:
        """Replace the files by one with the same rows, unless another process has already done so."""
        with self.lock(name):
            if not group.keys() <= self._files_of(name, None).keys():
                return 0
            try:
                with self._reading(name, group):
                    rows = self.rows(name, list(group))
                    gone = [self._removal(file, changes=False) for file in group]
                if rows.num_rows != sum(group.values()):
                    raise TenureError(
                        "lake.rows_differ",
                        f"Files of {name} hold {rows.num_rows} rows where the log says {sum(group.values())}.",
                        fix="Nothing was changed. Restore the table's folder from a backup or mirror the table anew.",
                        table=name,
                    )
                added: list[Any] = list(self._write(name, rows.combine_chunks(), changes=False))
                self._rewrite(name, list(group), added + gone)
            except _Overtaken:  # another machine has rewritten them
                return 0
        return len(group)


def _entry(name: str, version: int) -> str:
    """The entry of a version in a table's log."""
    return f"{name}/{LOG}/{version:020d}.json"


def _vacuumed(handle: DeltaTable, hours: int, *, full: bool) -> int:
    """Delete files long out of the table, with `full` also those that no commit named; returns how many."""
    how = {"retention_hours": hours, "enforce_retention_duration": False, "full": full}
    if not handle.vacuum(dry_run=True, **how):
        return 0
    removed = handle.vacuum(dry_run=False, **how)
    handle.update_incremental()
    return len(removed)


def _last(handle: DeltaTable, app_id: str) -> int:
    """The last transaction of an application, as this handle sees it; 0 if none."""
    return int(handle.transaction_version(app_id) or 0)


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


def overtaken(name: str) -> TenureError:
    """The refusal of rows that were made after a transaction that is not the last one any more."""
    return TenureError(
        "lake.overtaken",
        f"Another process has written to {name} in between.",
        fix="Nothing was changed. Try again.",
        table=name,
    )
