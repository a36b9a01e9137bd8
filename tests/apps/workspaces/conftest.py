"""Staged files and what the lake knows, for the tests of the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tenure.warehouse import schema

Rows = Sequence[Mapping[str, Any]]
Import = Callable[..., Any]


def stage(path: Path, kind: str, rows: Rows) -> Path:
    """Rows as the readers of files stage them; a column that no row names is left out."""
    columns = {c.name: c.arrow for c in schema.TABLES[kind].inputs}
    named = [name for name in columns if any(name in row for row in rows)]
    arrays = {name: pa.array([row.get(name) for row in rows], columns[name]) for name in named}
    arrays["file_row"] = pa.array(range(2, len(rows) + 2), pa.int64())
    pq.write_table(pa.table(arrays), path)
    return path


def line(number: int, **changed: Any) -> dict[str, Any]:
    """Subscription `number` of account `a`, at 10 a month."""
    row = {"account_id": "a", "subscription_id": f"s{number}", "amount": Decimal(10), "start": date(2024, 1, 1)}
    return {**row, **changed}


@pytest.fixture
def import_rows(home: Path, tmp_path: Path, db: None) -> Import:
    """Import rows as a file of a kind; gives the run and its counts."""
    from tenure.apps.crm import services as crm
    from tenure.apps.subscriptions import services as subscriptions
    from tenure.apps.workspaces.services import imports

    def run(rows: Rows, kind: str = "subscriptions", by: Any = "test") -> Any:
        door: Any = crm if kind in crm.MODELS else subscriptions
        started = imports.start_run(kind, "rows.csv", "0" * 64, by=by)
        counts = door.apply_import(kind, stage(tmp_path / f"{started.pk}.parquet", kind, rows), started, by)
        return started, counts

    return run


@pytest.fixture
def known(home: Path, db: None) -> Callable[..., list[tuple[Any, ...]]]:
    """What the lake knows now of a table, sorted: the columns asked for of every row that is not superseded."""
    from tenure.apps.workspaces.services import lake

    def rows(kind: str, *columns: str) -> list[tuple[Any, ...]]:
        lake.flush()
        gone = set(lake.lake().read("supersessions")["row_key"].to_pylist())
        table = lake.lake().read(kind).to_pylist()
        return sorted(tuple(r[c] for c in columns) for r in table if r["row_key"] not in gone)

    return rows
