"""The outbox: rows that the lake must hear of, as Arrow IPC. Hides their encoding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import pyarrow as pa
from django.db import connection
from django.db.models import Sum

from tenure.apps.workspaces.models import OutboxEntry
from tenure.apps.workspaces.services.writing import Writing
from tenure.warehouse.mirror import SUPERSEDE, Change

_OPTIONS = pa.ipc.IpcWriteOptions(compression="zstd")


def send(write: Writing, table: str, op: str, rows: pa.Table) -> None:
    """Put rows into the outbox, in the transaction of the write that makes them."""
    if rows.num_rows == 0:
        return
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema, options=_OPTIONS) as writer:
        writer.write_table(rows)
    OutboxEntry.objects.create(
        table=table, op=op, payload=sink.getvalue().to_pybytes(), rows=rows.num_rows, recorded_at=write.now
    )


def send_superseded(write: Writing, table: str, found: Iterable[tuple[str | None, str]]) -> None:
    """Tell the lake that versions, named by (source, row_id), ceased to be known at the moment of the write."""
    rows = superseded([(source, row_id, write.now) for source, row_id in found])
    send(write, table, OutboxEntry.Operation.SUPERSEDE, rows)


def superseded(found: Sequence[tuple[str | None, str, datetime]]) -> pa.Table:
    """(source, row_id, superseded_at) of versions as the mirror takes them."""
    columns = list(zip(*found, strict=True)) or [(), (), ()]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SUPERSEDE, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SUPERSEDE)


def pending() -> bool:
    """Whether the lake has something to hear."""
    return OutboxEntry.objects.exists()


def waiting() -> dict[str, int]:
    """How many rows the lake has still to hear of, by table."""
    return dict(OutboxEntry.objects.values("table").annotate(total=Sum("rows")).values_list("table", "total"))


def changes() -> Iterator[Change]:
    """Everything in the outbox, oldest first, one entry in memory at a time."""
    position = 0
    while True:
        entry = OutboxEntry.objects.filter(position__gt=position).order_by("position").first()
        if entry is None:
            return
        position = entry.position
        rows = pa.ipc.open_stream(bytes(entry.payload)).read_all()
        yield Change(position=position, table=entry.table, op=entry.op, rows=rows)


def drop(up_to: int) -> int:
    """Delete the entries that the lake has taken in."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM workspaces_outboxentry WHERE position <= %s", [up_to])
        return cursor.rowcount
