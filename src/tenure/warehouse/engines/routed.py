"""Which engine a question goes to: one that reads few rows stays on this machine where a cluster is set, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from tenure.warehouse.engines.duckdb import DuckDBEngine
from tenure.warehouse.engines.names import CLUSTER_ROWS, ONE_MACHINE
from tenure.warehouse.engines.spark import SparkEngine
from tenure.warehouse.lake import Lake

T = TypeVar("T")


class RoutedEngine:
    """A DuckDB on this machine, and beside it a cluster if one is set."""

    def __init__(self, here: DuckDBEngine, cluster: SparkEngine | None = None, least_rows: int = CLUSTER_ROWS) -> None:
        self.here, self.cluster, self.least_rows = here, cluster, least_rows

    @property
    def threads(self) -> int:
        """How many threads this machine may use."""
        return self.here.threads

    def is_large(self, tables: Mapping[str, Any]) -> bool:
        """Whether reading these versions of tables is the cluster's work."""
        if self.cluster is None:
            return False
        lake = self.here.lake
        rows = sum(lake.count(name, given) for name, given in tables.items() if isinstance(given, int))
        return rows >= self.least_rows

    def query(
        self, sql: str, params: Mapping[str, Any] | None = None, tables: Mapping[str, Any] | None = None
    ) -> pa.Table:
        """The rows of one statement."""
        return self._of(tables or {}).query(sql, params, tables)

    def walked(
        self,
        sql: str,
        params: Mapping[str, Any],
        tables: Mapping[str, Any],
        order: Sequence[str],
        together: str | None,
        walk: Callable[[pa.Table], T],
    ) -> list[T]:
        """What `walk` makes of the rows of a statement in this order, in one or more parts."""
        return self._of(tables).walked(sql, params, tables, order, together, walk)

    def _of(self, tables: Mapping[str, Any]) -> DuckDBEngine | SparkEngine:
        return self.cluster if self.cluster is not None and self.is_large(tables) else self.here


def engine(
    lake: Lake,
    name: str = ONE_MACHINE,
    *,
    memory_limit: str = "2GB",
    threads: int | None = None,
    spill: Path | None = None,
    cluster_rows: int = CLUSTER_ROWS,
    cluster_settings: Mapping[str, str] | None = None,
) -> RoutedEngine:
    """The engine of a workspace."""
    here = DuckDBEngine(lake, memory_limit=memory_limit, threads=threads, spill=spill)
    cluster = None if name == ONE_MACHINE else SparkEngine(lake, name, settings=cluster_settings)
    return RoutedEngine(here, cluster, cluster_rows)
