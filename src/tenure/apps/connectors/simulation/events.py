"""What the users of a simulated firm did, brought into the lake: once, however often it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq

from tenure.apps.workspaces.services import lake
from tenure.warehouse.ingest import conform

EVENTS = "events.parquet"
SOURCE = "simulation"


def load_events(folder: Path) -> int:
    """Load the events of the firm in a folder, a row group at a time; how many there are.

    Each group is one transaction of the table, so that a killed load is ended by the next.
    """
    file = pq.ParquetFile(folder / EVENTS)
    here = lake.lake()
    for group in range(file.num_row_groups):
        transaction = (f"{SOURCE}/{folder.name}", group + 1)
        if (here.transaction("events", transaction[0]) or 0) > group:
            continue
        rows, _report = conform(
            "events",
            file.read_row_group(group),
            timezone=lake.timezone(),
            reporting_currency=lake.reporting_currency(),
            recorded_at=datetime.now(UTC),
            source=SOURCE,
            origin="load",
            batch=f"{SOURCE}-{group}",
        )
        here.append("events", rows, transaction=transaction)
    return int(file.metadata.num_rows)
