"""DuckDB over the lake's Parquet files. Hides the connection, how tables are named to it and how it is kept in bounds.

One in-memory database per process; every query runs on a cursor of its own with temporary views over the files of the
versions it asks for, so that threads never see each other's. Nothing is downloaded: extensions are those built in.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tenure.core.errors import TenureError
from tenure.warehouse.lake import Lake, schema_of


class DuckDBEngine:
    """Runs SQL over versions of the lake's tables."""

    name = "duckdb"

    def __init__(
        self, lake: Lake, *, memory_limit: str = "2GB", threads: int | None = None, spill: Path | None = None
    ) -> None:
        self.lake = lake
        self._config = {
            "memory_limit": memory_limit,
            "threads": str(threads or os.cpu_count() or 1),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "preserve_insertion_order": "true",  # two columns of one measure, read one after the other, line up
            "temp_directory": str(spill if spill is not None else Path(tempfile.gettempdir()) / "tenure-spill"),
            "python_enable_replacements": "false",
        }
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._process = 0
        self._guard = threading.Lock()

    def query(
        self, sql: str, params: Mapping[str, Any] | None = None, tables: Mapping[str, Any] | None = None
    ) -> pa.Table:
        """The rows of one statement. `params` by name ($name); `tables` maps a name to its version (None: no rows)."""
        with self._cursor(tables or {}) as cursor, _refusals():
            return _relation(cursor, sql, params).to_arrow_table()

    def query_batches(
        self,
        sql: str,
        params: Mapping[str, Any] | None = None,
        tables: Mapping[str, Any] | None = None,
        *,
        rows: int = 262_144,
    ) -> Iterator[pa.RecordBatch]:
        """The rows of one statement as a stream of batches."""
        with self._cursor(tables or {}) as cursor, _refusals():
            yield from _relation(cursor, sql, params).to_arrow_reader(rows)

    @contextmanager
    def _cursor(self, tables: Mapping[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._connected().cursor()
        try:
            for name, version in tables.items():
                self._register(cursor, name, version)
            yield cursor
        finally:
            cursor.close()

    def _connected(self) -> duckdb.DuckDBPyConnection:
        with self._guard:
            if self._connection is None or self._process != os.getpid():
                self._connection = duckdb.connect(":memory:", config=self._config)
                self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
                self._process = os.getpid()
            return self._connection

    def _register(self, cursor: duckdb.DuckDBPyConnection, name: str, given: Any) -> None:
        if isinstance(given, pa.Table):
            cursor.register(name, given)
            return
        files = [] if given is None else self.lake.files(name, given)
        if not files:
            cursor.register(name, schema_of(name).empty_table())
            return
        listed = ", ".join("'" + file.replace("'", "''") + "'" for file in files)
        cursor.execute(f'CREATE TEMP VIEW "{name}" AS SELECT * FROM read_parquet([{listed}], union_by_name = true)')


def _relation(cursor: duckdb.DuckDBPyConnection, sql: str, params: Mapping[str, Any] | None) -> duckdb.DuckDBPyRelation:
    """The one statement with those of the parameters that it names."""
    statements = cursor.extract_statements(sql)
    if len(statements) != 1:
        raise ValueError(f"one statement at a time, not {len(statements)}")
    given = dict(params or {})
    return cursor.sql(statements[0], params={name: given[name] for name in statements[0].named_parameters})


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what DuckDB says about its bounds into what a person can do about it."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise TenureError(
            "engine.out_of_memory",
            "The question needs more memory than this process may use.",
            fix="Ask for a shorter range or fewer slices, or raise TENURE_MEMORY_LIMIT.",
            detail=str(error),
        ) from error
