"""Events and identities from files: handed to the lake by the outbox, so that all of a file is there or nothing.

The store keeps no events. The outbox holds the rows of a file in the transaction that ends its import, and the mirror
brings them into the lake, each once. They are ordered as what arrives by the tracking port is: by the moment they
happened, then by when they were recorded, then by their place in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from tenure.apps.workspaces.services import imports, lake, outbox
from tenure.apps.workspaces.services.bulk import Counts, Foreseen, Undone
from tenure.apps.workspaces.services.writing import Actor, writing
from tenure.apps.workspaces.versions import key_text
from tenure.core.hashing import stable_hash
from tenure.warehouse import schema
from tenure.warehouse.mirror import STORE

KINDS = ("events", "identities")
CHUNK = 65_536
Keys = npt.NDArray[np.int64]


def apply_import(
    kind: str, staged: Path, run: imports.ImportRun, by: Actor, check: Callable[[], None] = lambda: None
) -> Counts:
    """Hand the rows of a staged file to the lake, all or none; a row that the lake has already says nothing new."""
    lake.flush()
    known = _known(kind, staged, check)
    with writing(by) as write:
        current = imports.held(run, imports.STAGED)
        counts = Counts(0, 0, 0)
        for part, table in enumerate(_batches(kind, staged)):
            check()
            keys = _keys(table)
            fresh = table.filter(pa.array(~np.isin(keys, known)))
            moment = pa.scalar(write.now + timedelta(microseconds=part), schema.STAMP)
            outbox.send(write, kind, "insert", fresh.append_column("recorded_at", pa.repeat(moment, fresh.num_rows)))
            counts = Counts(counts.created + fresh.num_rows, 0, counts.unchanged + table.num_rows - fresh.num_rows)
        check()
        imports.note_applied(current, write, created=counts.created, changed=0, unchanged=counts.unchanged)
    run.refresh_from_db()
    return counts


def foresee_import(kind: str, staged: Path, shown: Sequence[int], check: Callable[[], None] = lambda: None) -> Foreseen:
    """What `apply_import` would do with a staged file, and with some of its rows."""
    lake.flush()
    known = _known(kind, staged, check)
    created, total, fates = 0, 0, {}
    for table in _batches(kind, staged, file_row=True):
        check()
        new = ~np.isin(_keys(table), known)
        created, total = created + int(new.sum()), total + table.num_rows
        for place in np.flatnonzero(pc.is_in(table["file_row"], pa.array(list(shown), pa.int64())).to_numpy()):
            fates[table["file_row"][int(place)].as_py()] = "created" if new[place] else "unchanged"
    return Foreseen(Counts(created, 0, total - created), fates)


def undo_import(run: imports.ImportRun, by: Actor) -> Undone:
    """Take an import back: its rows leave the lake. None is kept: what is no more in the lake was taken out before."""
    lake.flush()
    with writing(by) as write:
        current = imports.held(run, imports.APPLIED)
        began = current.finished_at or write.now
        parts = -(-(current.created + current.unchanged) // CHUNK)
        recorded = ds.field("recorded_at")
        ours = (recorded >= pa.scalar(began, schema.STAMP)) & (
            recorded < pa.scalar(began + timedelta(microseconds=max(parts, 1)), schema.STAMP)
        )
        removed = lake.lake().remove(run.kind, (ds.field("origin") == STORE) & ours)
        imports.note_undone(current, write, withdrawn=removed, restored=0, kept=0)
    run.refresh_from_db()
    return Undone(withdrawn=removed, restored=0, kept=0)


def _batches(kind: str, staged: Path, *, file_row: bool = False) -> Iterator[pa.Table]:
    """The staged rows as the outbox takes them, each named by its own id, or by all it says."""
    for batch in pq.ParquetFile(staged).iter_batches(CHUNK):
        table = pa.Table.from_batches([batch])
        if kind == "events":
            ids = pc.coalesce(table["row_id"], table["event_id"])
            if not pc.any(pc.is_valid(table["properties"])).as_py():  # the columns of a file without them are them
                table = _with(_with(table, "properties", table["attributes"]), "attributes", None)
        else:
            names = ("anonymous_id", "user_id", "account_id", "valid_from")
            said = zip(*(table[name].to_pylist() for name in names), strict=True)
            ids = pc.coalesce(table["row_id"], pa.chunked_array([pa.array(map(_said, said), pa.string())]))
        table = _with(table, "row_id", ids)
        yield table if file_row else table.drop_columns(["file_row"])


def _said(parts: tuple[str | datetime | None, ...]) -> str:
    return key_text(part.astimezone(UTC) if isinstance(part, datetime) else part for part in parts)


def _with(table: pa.Table, name: str, values: pa.ChunkedArray | None) -> pa.Table:
    place = table.column_names.index(name)
    kind = table.schema.field(name).type
    return table.set_column(place, name, pa.nulls(table.num_rows, kind) if values is None else values)


def _keys(table: pa.Table) -> Keys:
    return np.asarray(stable_hash(table["source"].fill_null(""), table["row_id"]), np.int64)


def _known(kind: str, staged: Path, check: Callable[[], None]) -> Keys:
    """Those keys of a staged file that the lake has; one file of the lake is looked at after the other."""
    parts = [_keys(table) for table in _batches(kind, staged)]
    wanted = np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.int64)
    found = [np.zeros(0, np.int64)]
    here = lake.lake()
    for file in here.files(kind):
        check()
        there = here.rows(kind, [file], ["row_key"])["row_key"].to_numpy()
        found.append(wanted[np.isin(wanted, there)])
    return np.unique(np.concatenate(found))
