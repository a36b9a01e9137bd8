"""DuckDB over the lake's Parquet files. Hides the connection, how tables are named to it and how it is kept in bounds.

One in-memory database per process; every query runs on a cursor of its own with temporary views over the files of the
versions it asks for, so that threads never see each other's. SQL reaches no file outside the lake, no network and no
Python variable; extensions are those built in.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from tenure.core.errors import SettingRefused, TenureError
from tenure.warehouse.lake import Lake, schema_of
from tenure.warehouse.storage import Bucket

T = TypeVar("T")
ROWS_PER_BATCH = 262_144
_STREAM = "reading the stream registered as"
"""What DuckDB says when Arrow could not read for it."""


class DuckDBEngine:
    """Runs SQL over versions of the lake's tables. For any number of threads.

    In `tables`, each table that the SQL names is given as a version of the lake's table, None for one without rows, a
    list of some of its files, or an Arrow table.
    """

    def __init__(
        self, lake: Lake, *, memory_limit: str = "2GB", threads: int | None = None, spill: Path | None = None
    ) -> None:
        self.lake = lake
        self._memory_limit = memory_limit
        self.threads = threads or os.cpu_count() or 1
        self._spill = spill if spill is not None else Path(tempfile.gettempdir()) / "tenure-spill"
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._process = 0
        self._guard = threading.Lock()
        self._younger: dict[str, tuple[list[str], set[str]]] = {}

    def query(
        self, sql: str, params: Mapping[str, Any] | None = None, tables: Mapping[str, Any] | None = None
    ) -> pa.Table:
        """The rows of one statement; `params` fill $name, those that it does not name are left out."""
        with self._cursor(tables or {}) as cursor, _refusals(self.lake):
            return _relation(cursor, sql, params).to_arrow_table()

    def query_batches(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        tables: Mapping[str, Any] | None = None,
        *,
        rows: int = ROWS_PER_BATCH,
    ) -> Iterator[pa.RecordBatch]:
        """The rows of one statement as a stream of batches, for results larger than memory."""
        with self._cursor(tables or {}) as cursor, _refusals(self.lake):
            yield from _relation(cursor, sql, params).to_arrow_reader(rows)

    def walked(
        self,
        sql: str,
        params: Mapping[str, Any],
        tables: Mapping[str, Any],
        order: Sequence[str],
        together: str | None,
        walk: Callable[[pa.Table], T],
    ) -> list[T]:
        """What `walk` makes of the rows of a statement in this order, nulls last; they are one part."""
        ascending = ", ".join(f'"{name}" ASC NULLS LAST' for name in order)
        return [walk(self.query(f"SELECT * FROM ({sql}) ORDER BY {ascending}", params, tables))]

    @contextmanager
    def _cursor(self, tables: Mapping[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._connected().cursor()
        try:
            with _refusals(self.lake):
                for name, given in tables.items():
                    self._name(cursor, name, given)
            yield cursor
        finally:
            cursor.close()

    def _connected(self) -> duckdb.DuckDBPyConnection:
        """The process' database; a forked process makes its own."""
        with self._guard:
            if self._connection is None or self._process != os.getpid():
                self._connection = self._open()
                self._process = os.getpid()
            return self._connection

    def _open(self) -> duckdb.DuckDBPyConnection:
        self._spill.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(":memory:")
        settings = {
            "memory_limit": self._memory_limit,
            "threads": str(self.threads),
            "TimeZone": "UTC",
            "temp_directory": str(self._spill.absolute()),
            "preserve_insertion_order": "true",  # rows of one measure lie the same way each time they are read
            "python_enable_replacements": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        try:
            for setting, value in settings.items():
                connection.execute(f"SET GLOBAL {setting} = {_quoted(value)}")
        except duckdb.Error as error:
            raise SettingRefused(
                "setting.engine",
                f"DuckDB refuses memory limit {self._memory_limit!r} or {self.threads} threads.",
                fix="Write a memory limit such as 2GB or 500MB, and at least one thread.",
                field="memory_limit",
                value=self._memory_limit,
                detail=str(error),
            ) from error
        if not self.lake.storage.shared:  # in object storage DuckDB opens no file at all
            connection.execute(f"SET GLOBAL allowed_directories = [{_quoted(self.lake.storage.address(''))}]")
        connection.execute("SET GLOBAL enable_external_access = false")
        connection.execute("SET GLOBAL lock_configuration = true")
        return connection

    def _name(self, cursor: duckdb.DuckDBPyConnection, name: str, given: Any) -> None:
        """Let the cursor know a table by its name, with all the columns it has today."""
        if isinstance(given, pa.Table):
            cursor.register(name, given)
            return
        wanted = schema_of(name)
        files = given if isinstance(given, list) else [] if given is None else self.lake.files(name, given)
        if not files:
            cursor.register(name, wanted.empty_table())
            return
        if self.lake.storage.shared:  # read by Arrow, which is asked for the columns and rows that a statement needs
            cursor.register(name, self.lake.dataset(name, files))
            return
        rows = f"SELECT * FROM read_parquet([{', '.join(map(_quoted, files))}], union_by_name = true)"
        looked_at, younger = self._younger.get(name, ([], set()))
        if looked_at != files:  # a file never changes, and to look for its columns opens it
            younger = set(wanted.names).difference(cursor.sql(rows).columns)
            self._younger[name] = (files, younger)
        if younger:
            nothing = f"{name} without rows"
            cursor.register(nothing, wanted.empty_table())
            rows = f'{rows} UNION ALL BY NAME SELECT * FROM "{nothing}"'
        cursor.execute(f'CREATE TEMP VIEW "{name}" AS {rows}')


def _quoted(text: str) -> str:
    """A text as an SQL literal, where SQL takes no parameter."""
    return "'" + text.replace("'", "''") + "'"


def _relation(cursor: duckdb.DuckDBPyConnection, sql: str, params: Mapping[str, Any] | None) -> duckdb.DuckDBPyRelation:
    """The one statement with those of the parameters that it names."""
    statements = cursor.extract_statements(sql)
    if len(statements) != 1:
        raise ValueError(f"one statement at a time, not {len(statements)}")
    given = dict(params or {})
    return cursor.sql(statements[0], params={name: given[name] for name in statements[0].named_parameters})


@contextmanager
def _refusals(lake: Lake) -> Iterator[None]:
    """Turn what DuckDB says about its bounds into what a person can do about it."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise TenureError(
            "engine.out_of_memory",
            "The question needs more memory than this process may use.",
            fix="Ask for a shorter range or fewer slices, or raise the memory limit (TENURE_MEMORY_LIMIT).",
            detail=str(error),
        ) from error
    except duckdb.InvalidInputException as error:
        if not (isinstance(lake.storage, Bucket) and _STREAM in str(error)):
            raise
        raise lake.storage.refusal(str(error)) from None
    except duckdb.IOException as error:
        raise TenureError(
            "engine.cannot_read",
            "A file of the lake could not be read or the disk is full.",
            fix="Ask again; if it stays, check the free space and the permissions of the workspace's folder.",
            detail=str(error),
        ) from error
