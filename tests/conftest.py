"""What every test may use: a workspace folder of its own, a small cast of members, and rows in the store.

The store is what TENURE_DATABASE_URL says: SQLite without it, PostgreSQL in the second run of `.ci/run`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

Rows = Sequence[Mapping[str, Any]]


def stage(path: Path, kind: str, rows: Rows) -> Path:
    """Rows as the readers of files stage them; a column that no row names is left out."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tenure.warehouse import schema

    columns = {c.name: c.arrow for c in schema.TABLES[kind].inputs}
    named = [name for name in columns if any(name in row for row in rows)]
    arrays = {name: pa.array([row.get(name) for row in rows], columns[name]) for name in named}
    arrays["file_row"] = pa.array(range(2, len(rows) + 2), pa.int64())
    pq.write_table(pa.table(arrays), path)
    return path


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    tmp_path_factory: pytest.TempPathFactory, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """A database for each process of the run. SQLite on a file, as people run it: in memory it locks in another way."""
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("store") / "store.sqlite3")


@pytest.fixture
def home(tmp_path: Path, settings: Any) -> Path:
    """An empty workspace folder, which the application takes for its own."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    settings.TENURE_HOME = folder
    return folder


def _member(email: str, name: str, role: str, **more: Any) -> Any:
    from tenure.apps.workspaces.models import Member

    return Member.objects.create(email=email, display_name=name, role=role, **more)


@pytest.fixture
def owner(db: None) -> Any:
    """May do everything."""
    return _member("olga@example.com", "Olga", "owner")


@pytest.fixture
def operator(db: None) -> Any:
    """A colleague who imports and edits."""
    return _member("otto@example.com", "Otto", "operator")


@pytest.fixture
def viewer(db: None) -> Any:
    """A colleague who may only look."""
    return _member("vera@example.com", "Vera", "viewer")


@pytest.fixture
def leaver(db: None) -> Any:
    """Somebody whose access was taken away."""
    return _member("leo@example.com", "Leo", "owner", is_active=False)


@pytest.fixture
def import_rows(home: Path, tmp_path: Path, db: None) -> Callable[..., Any]:
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


@pytest.fixture
def queued() -> Any:
    """Run the jobs that were queued, as the worker does."""
    from django_tasks_db.models import DBTaskResult

    def run() -> None:
        for job in DBTaskResult.objects.ready():
            result = job.task_result
            result.task.call(*result.args, **result.kwargs)
            job.delete()

    return run
