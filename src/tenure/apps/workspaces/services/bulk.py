"""The bulk door: a staged file becomes versions, and can be undone. One transaction, set by set, in bounded memory.

The rows go into a temporary table first; rows equal to what is known are dropped there; the rest supersedes and is
inserted by one statement each. What the lake must hear is cut from the staged file itself, so no row is read twice.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from django.db import connection, transaction

from tenure.apps.workspaces.models import ImportRun
from tenure.apps.workspaces.services import imports, outbox, rows
from tenure.apps.workspaces.services.writing import Actor, Writing, writing
from tenure.apps.workspaces.versions import Version

_STAGING = "tenure_staging"
_NO_NUMBER = -(2**62)
_IDENTITY = ("file_row", "version_key", "row_id", "given_id")


@dataclass(frozen=True, slots=True)
class Counts:
    """What an import did: rows that are new, rows that replaced a version, rows that said nothing new."""

    created: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did: versions taken back, former versions restored, and those left because they changed since."""

    withdrawn: int
    restored: int
    kept: int


def upsert(
    model: type[Version], staged: Path, run: ImportRun, by: Actor, check: Callable[[], None] = lambda: None
) -> Counts:
    """Write the rows of a staged Parquet file as versions of `run`; a row equal to what is known changes nothing.

    Expects the input columns of the lake table and `file_row`, unique in the file. Of several rows with one key the
    last one holds. Columns `row_id` (the row's own id in its source) and NAME_at are optional. What `check` raises, at
    any step, leaves nothing written.
    """
    file = pq.ParquetFile(staged)
    with writing(by) as write, connection.cursor() as cursor:
        current = imports.held(run, imports.STAGED)
        repeated = _stage(cursor, model, file, run.pk, check)
        if repeated:
            _keep_last(cursor)
        check()
        total = _count(cursor, f"SELECT COUNT(*) FROM {_STAGING}")
        _match(cursor, model)
        check()
        changed = _count(cursor, f"SELECT COUNT(*) FROM {_STAGING} WHERE previous_id IS NOT NULL")
        left = _count(cursor, f"SELECT COUNT(*) FROM {_STAGING}")
        counts = Counts(created=left - changed, changed=changed, unchanged=total - left)
        _supersede(cursor, model, write, run)
        check()
        _insert(cursor, model, write, run)
        check()
        survivors = None if left == file.metadata.num_rows else _survivors(cursor)
        for table in _outgoing(model, file, run, write, survivors):
            outbox.send(write, model.KIND, "insert", table)
            check()
        cursor.execute(f"DROP TABLE {_STAGING}")
        told = {"created": counts.created, "changed": counts.changed, "unchanged": counts.unchanged}
        imports.note_applied(current, write, **told)
    run.refresh_from_db()
    return counts


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What an import would do, and to which of the rows asked for: `created`, `changed` or `unchanged`."""

    counts: Counts
    fates: dict[int, str]


def foresee(
    model: type[Version], staged: Path, shown: Sequence[int], check: Callable[[], None] = lambda: None
) -> Foreseen:
    """What `upsert` would do with a staged file as things are now, and with the file's rows `shown`; writes nothing."""
    file = pq.ParquetFile(staged)
    with _looking(), connection.cursor() as cursor:
        if _stage(cursor, model, file, 0, check):
            _keep_last(cursor)
        check()
        total = _count(cursor, f"SELECT COUNT(*) FROM {_STAGING}")
        _match(cursor, model)
        left = _count(cursor, f"SELECT COUNT(*) FROM {_STAGING}")
        changed = _count(cursor, f"SELECT COUNT(*) FROM {_STAGING} WHERE previous_id IS NOT NULL")
        marks = ", ".join(["%s"] * len(shown)) or "NULL"
        cursor.execute(f"SELECT file_row, previous_id FROM {_STAGING} WHERE file_row IN ({marks})", list(shown))
        fates = dict.fromkeys(shown, "unchanged")
        fates.update((row, "created" if former is None else "changed") for row, former in cursor.fetchall())
        cursor.execute(f"DROP TABLE {_STAGING}")
    return Foreseen(Counts(created=left - changed, changed=changed, unchanged=total - left), fates)


@contextmanager
def _looking() -> Iterator[None]:
    """A transaction for a temporary table that takes no turn from those who write."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        connection.ensure_connection()
        connection.connection.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            connection.connection.execute("ROLLBACK")
        return
    with transaction.atomic():
        yield


def undo(model: type[Version], run: ImportRun, by: Actor) -> Undone:
    """Take back what an import wrote and restore what it replaced, as new versions; later changes stay."""
    table, columns = _quoted(model._meta.db_table), _columns(model)
    with writing(by) as write, connection.cursor() as cursor:
        current = imports.held(run, imports.APPLIED)
        written = _count(cursor, f"SELECT COUNT(*) FROM {table} WHERE run_id = %s", [run.pk])
        cursor.execute(
            f"CREATE TEMPORARY TABLE {_STAGING} AS "
            f"SELECT id, version_key FROM {table} WHERE run_id = %s AND superseded_at IS NULL",
            [run.pk],
        )
        if connection.vendor == "postgresql":
            cursor.execute(f"ANALYZE {_STAGING}")
            cursor.execute(f"ANALYZE {table}")
        withdrawn = _count(cursor, f"SELECT COUNT(*) FROM {_STAGING}")
        _send_superseded(cursor, model, write, f"id IN (SELECT id FROM {_STAGING})")
        cursor.execute(
            f"UPDATE {table} SET superseded_at = %s WHERE id IN (SELECT id FROM {_STAGING})", [_moment(write)]
        )
        names = ", ".join(map(_quoted, columns))
        cursor.execute(
            f"INSERT INTO {table} ({names}, version_key, given_id, row_id, recorded_at, by_id) "
            f"SELECT {names}, version_key, given_id, 'undo-{run.pk}-' || id, %s, %s FROM {table} "
            f"WHERE superseded_run_id = %s AND version_key IN (SELECT version_key FROM {_STAGING}) ORDER BY id",
            [_moment(write), None if write.member is None else write.member.pk, run.pk],
        )
        restored = cursor.rowcount
        for restored_rows in rows.batches(model, _select(model, "row_id LIKE %s ORDER BY id"), [f"undo-{run.pk}-%"]):
            outbox.send(write, model.KIND, "insert", restored_rows)
        cursor.execute(f"DROP TABLE {_STAGING}")
        result = Undone(withdrawn=withdrawn, restored=restored, kept=written - withdrawn)
        imports.note_undone(current, write, withdrawn=withdrawn, restored=restored, kept=result.kept)
    run.refresh_from_db()
    return result


def every_row(model: type[Version]) -> Iterator[pa.Table]:
    """Every version ever written, as the outbox sent it: what a replay hands to the lake."""
    return rows.batches(model, _select(model, "1 = 1 ORDER BY id"))


def superseded_rows(model: type[Version]) -> Iterator[pa.Table]:
    """The versions that ceased to be known, as the outbox said so."""
    found = model.objects.exclude(superseded_at=None).order_by("pk").values_list("source", "row_id", "superseded_at")
    stream = found.iterator(rows.CHUNK)
    while some := list(islice(stream, rows.CHUNK)):
        yield outbox.superseded(some)


# ---------------------------------------------------------------------- staging


def _stage(cursor: Any, model: type[Version], file: pq.ParquetFile, run: int, check: Callable[[], None]) -> bool:
    """Fill the temporary table; says whether a key may occur twice."""
    columns = (*_IDENTITY, *_columns(model))
    types = ", ".join(f"{_quoted(name)} {_staging_type(model, name)}" for name in columns)
    cursor.execute(f"DROP TABLE IF EXISTS {_STAGING}")
    cursor.execute(f"CREATE TEMPORARY TABLE {_STAGING} ({types}, previous_id bigint)")
    hashes: list[np.ndarray[Any, Any]] = []
    for batch in file.iter_batches(rows.CHUNK):
        check()
        table = _prepared(model, pa.Table.from_batches([batch]), run)
        hashes.append(np.fromiter(map(hash, table["version_key"].to_pylist()), np.int64, table.num_rows))
        _copy(cursor, table, columns)
    if not hashes:
        return False
    keys = np.concatenate(hashes)
    return bool(np.unique(keys).size < keys.size)


def _prepared(model: type[Version], table: pa.Table, run: int) -> pa.Table:
    """A batch of the staged file as the store keeps it, with its version_key and row_id."""
    by_name = model.table().by_name
    arrays: dict[str, Any] = {"file_row": table["file_row"].combine_chunks()}
    for name in _columns(model):
        if name in table.column_names:
            arrays[name] = rows.stored(table[name], by_name[name].kind, name)
        else:
            arrays[name] = pa.nulls(table.num_rows, pa.string())
    if "row_id" in table.column_names:
        arrays["given_id"] = _trimmed(table["row_id"].combine_chunks().cast(pa.string()))
    else:
        arrays["given_id"] = pa.nulls(table.num_rows, pa.string())
    arrays["source"] = _trimmed(arrays["source"])
    arrays["version_key"] = _version_keys(model, arrays)
    arrays["row_id"] = _row_ids(arrays, run)
    return pa.table({name: arrays[name] for name in (*_IDENTITY, *_columns(model))})


def _version_keys(model: type[Version], arrays: dict[str, Any]) -> Any:
    """`versions.version_key` for a whole batch."""
    by_name = model.table().by_name
    keys = [pc.fill_null(arrays[name].cast(pa.string()), by_name[name].default or "") for name in model.table().key]
    by_key = pc.binary_join_element_wise(*map(_escaped, keys), "/")
    by_id = pc.binary_join_element_wise("row:", _escaped(arrays["source"]), _escaped(arrays["given_id"]), "/")
    return pc.if_else(pc.is_valid(arrays["given_id"]), by_id, by_key)


def _trimmed(array: Any) -> Any:
    """Text without white space around it, as the lake keys it; empty text is none."""
    texts = pc.utf8_trim_whitespace(array)
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _escaped(array: Any) -> Any:
    texts = pc.fill_null(array.cast(pa.string()), "")
    return pc.replace_substring(pc.replace_substring(texts, "%", "%25"), "/", "%2F")


def _row_ids(arrays: dict[str, Any], run: int) -> Any:
    made = pc.binary_join_element_wise(f"import-{run}-", arrays["file_row"].cast(pa.string()), "")
    named = pc.binary_join_element_wise(arrays["given_id"], made, "@")
    return pc.coalesce(named, made)


def _staging_type(model: type[Version], name: str) -> str:
    if name == "file_row":
        return "bigint"
    return str(model._meta.get_field(name).db_type(connection))


def _copy(cursor: Any, table: pa.Table, columns: Sequence[str]) -> None:
    """Put a batch into the temporary table by the store's fastest way."""
    if connection.vendor == "postgresql":
        names = ", ".join(map(_quoted, columns))
        sink = io.BytesIO()
        pacsv.write_csv(table, sink, pacsv.WriteOptions(include_header=False))
        with cursor.copy(f"COPY {_STAGING} ({names}) FROM STDIN WITH (FORMAT csv)") as copy:
            copy.write(sink.getvalue())
        return
    # Python's sqlite3 takes long over each None: empty columns are left out, single gaps travel as a mark.
    used = [name for name in columns if table[name].null_count < table.num_rows]
    marks, values = [], []
    for column in (table[name] for name in used):
        if column.null_count == 0:
            marks.append("?")
            values.append(column.to_pylist())
        elif pa.types.is_string(column.type):
            marks.append("NULLIF(?, char(26))")
            values.append(column.fill_null("\x1a").to_pylist())
        else:
            marks.append(f"NULLIF(?, {_NO_NUMBER})")
            values.append(column.cast(pa.int64()).fill_null(_NO_NUMBER).to_pylist())
    names = ", ".join(map(_quoted, used))
    statement = f"INSERT INTO {_STAGING} ({names}) VALUES ({', '.join(marks)})"
    connection.connection.executemany(statement, zip(*values, strict=True))


def _keep_last(cursor: Any) -> None:
    """Of several rows with one key, keep the last of the file."""
    cursor.execute(
        f"DELETE FROM {_STAGING} WHERE file_row NOT IN (SELECT MAX(file_row) FROM {_STAGING} GROUP BY version_key)"
    )


def _match(cursor: Any, model: type[Version]) -> None:
    """Find the live version that each staged row would replace, and drop the rows that would change nothing."""
    table = _quoted(model._meta.db_table)
    known = f"v.superseded_at IS NULL AND v.version_key = {_STAGING}.version_key"
    if connection.vendor == "postgresql":  # joined as sets; the planner must know how many rows there are
        cursor.execute(f"ANALYZE {_STAGING}")
        cursor.execute(f"ANALYZE {table}")
        cursor.execute(f"UPDATE {_STAGING} SET previous_id = v.id FROM {table} v WHERE {known}")
    else:
        cursor.execute(f"UPDATE {_STAGING} SET previous_id = (SELECT v.id FROM {table} v WHERE {known})")
    same = "IS NOT DISTINCT FROM" if connection.vendor == "postgresql" else "IS"
    equal = " AND ".join(
        f"v.{_quoted(name)} {same} {_STAGING}.{_quoted(name)}" for name in _columns(model) if name != "source"
    )
    cursor.execute(
        f"DELETE FROM {_STAGING} WHERE previous_id IS NOT NULL "
        f"AND EXISTS (SELECT 1 FROM {table} v WHERE v.id = {_STAGING}.previous_id AND {equal})"
    )
    if connection.vendor == "postgresql":  # without it, what follows compares every row with every row
        cursor.execute(f"ANALYZE {_STAGING}")


def _supersede(cursor: Any, model: type[Version], write: Writing, run: ImportRun) -> None:
    replaced = f"id IN (SELECT previous_id FROM {_STAGING} WHERE previous_id IS NOT NULL)"
    _send_superseded(cursor, model, write, replaced)
    cursor.execute(
        f"UPDATE {_quoted(model._meta.db_table)} SET superseded_at = %s, superseded_run_id = %s WHERE {replaced}",
        [_moment(write), run.pk],
    )


def _send_superseded(cursor: Any, model: type[Version], write: Writing, condition: str) -> None:
    with connection.chunked_cursor() as found:
        found.execute(f"SELECT source, row_id FROM {_quoted(model._meta.db_table)} WHERE {condition}")
        while pairs := found.fetchmany(rows.CHUNK):
            outbox.send_superseded(write, model.KIND, pairs)


def _insert(cursor: Any, model: type[Version], write: Writing, run: ImportRun) -> None:
    names = ", ".join(map(_quoted, ("version_key", "row_id", "given_id", *_columns(model))))
    cursor.execute(
        f"INSERT INTO {_quoted(model._meta.db_table)} ({names}, recorded_at, run_id, by_id) "
        f"SELECT {names}, %s, %s, %s FROM {_STAGING} ORDER BY file_row",
        [_moment(write), run.pk, None if write.member is None else write.member.pk],
    )


def _survivors(cursor: Any) -> np.ndarray[Any, Any]:
    """The file rows that were written, sorted."""
    cursor.execute(f"SELECT file_row FROM {_STAGING} ORDER BY file_row")
    return np.fromiter((row[0] for row in iter(cursor.fetchone, None)), np.int64)


def _outgoing(
    model: type[Version], file: pq.ParquetFile, run: ImportRun, write: Writing, survivors: np.ndarray[Any, Any] | None
) -> Iterator[pa.Table]:
    """The written rows as the lake takes them, chunk by chunk, cut from the staged file."""
    wanted = rows.arrow_schema(model)
    if survivors is not None and survivors.size == 0:
        return
    for batch in file.iter_batches(rows.CHUNK):
        table = pa.Table.from_batches([batch])
        if survivors is not None:
            numbers = table["file_row"].to_numpy()
            table = table.filter(pa.array(np.isin(numbers, survivors, assume_unique=True)))
        prepared = _prepared(model, table, run.pk)
        arrays = []
        for field in wanted:
            if field.name == "recorded_at":
                arrays.append(pa.array([write.now] * table.num_rows, field.type))
            elif field.name in {"row_id", "source"}:
                arrays.append(prepared[field.name])
            elif field.name in table.column_names:
                arrays.append(table[field.name].cast(field.type))
            else:
                arrays.append(pa.nulls(table.num_rows, field.type))
        yield pa.Table.from_arrays(arrays, schema=wanted)


# ---------------------------------------------------------------------- names and values


def _columns(model: type[Version]) -> tuple[str, ...]:
    return model.content()


def _quoted(name: str) -> str:
    return str(connection.ops.quote_name(name))


def _select(model: type[Version], condition: str) -> str:
    names = ", ".join(_quoted(name) for name in rows.arrow_schema(model).names)
    return f"SELECT {names} FROM {_quoted(model._meta.db_table)} WHERE {condition}"


def _moment(write: Writing) -> Any:
    return connection.ops.adapt_datetimefield_value(write.now)


def _count(cursor: Any, sql: str, parameters: Sequence[Any] = ()) -> int:
    cursor.execute(sql, parameters)
    return int(cursor.fetchone()[0])
