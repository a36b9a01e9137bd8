"""Events that were refused: to be read by a person, and to be read again by a release that understands more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from tenure.core import tracking
from tenure.core.tracking import Arrivals, BodyRefused
from tenure.warehouse.arrivals import rows
from tenure.warehouse.lake import Lake

TABLE = "refused_events"
APP = "refused/again"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many refused events became events, how many already were, and how many are refused still."""

    accepted: int
    known: int
    refused: int


def listed(lake: Lake, limit: int) -> list[dict[str, Any]]:
    """The latest refused events, the newest first."""
    found = lake.read(TABLE).sort_by([("received_at", "descending"), ("refused_id", "ascending")])
    return list(found.slice(0, limit).to_pylist())


@dataclass(frozen=True, slots=True)
class Kind:
    """Refused events of one reason and source: how many, when the last came, and what that one was."""

    reason: str
    source: str
    count: int
    latest: datetime
    field: str
    content: str


def kinds(lake: Lake) -> list[Kind]:
    """The refused events by reason and source, the most first; only one of each is read whole."""
    rows = lake.read(TABLE, ["reason", "source", "received_at", "refused_id"])
    order = rows.sort_by([("received_at", "ascending"), ("refused_id", "ascending")])
    found = order.group_by(["reason", "source"], use_threads=False).aggregate(
        [("refused_id", "count"), ("received_at", "last"), ("refused_id", "last")]
    )
    ids = pa.array(found["refused_id_last"].to_pylist(), pa.string())
    whole = lake.read(TABLE, ["refused_id", "field", "content"], where=ds.field("refused_id").isin(ids)).to_pylist()
    examples = {row["refused_id"]: row for row in whole}
    made = [
        Kind(row["reason"], row["source"], row["refused_id_count"], row["received_at_last"],
             examples[row["refused_id_last"]]["field"], examples[row["refused_id_last"]]["content"])
        for row in found.to_pylist()
    ]  # fmt: skip
    return sorted(made, key=lambda one: (-one.count, one.reason, one.source))


def again(lake: Lake) -> Outcome:
    """Read every refused event once more; one that is accepted now moves to the events, once.

    Killed in between and begun again, it finds those that it had already moved among the events.
    """
    with lake.lock(APP.replace("/", "-")):
        waiting = lake.read(TABLE)
        received = waiting["received_at"].cast(pa.int64()).to_pylist()
        arrivals, moved = Arrivals(), []
        for row, received_at in zip(waiting.to_pylist(), received, strict=True):
            try:
                refused = tracking.read(
                    row["content"].encode(),
                    row["call"],
                    received_at=received_at,
                    source=row["source"],
                    place=row["refused_id"],
                    into=arrivals,
                )
            except BodyRefused:
                continue
            if not refused:
                moved.append(row["refused_id"])
        if not moved:
            return Outcome(0, 0, waiting.num_rows)
        every = np.arange(len(arrivals), dtype=np.int64)
        fresh = _append_new(lake, "events", rows.events(arrivals, every))
        _append_new(lake, "identities", rows.identities(arrivals, every))
        turn = (lake.transaction(TABLE, APP) or 0) + 1
        lake.replace(TABLE, [], ~ds.field("refused_id").isin(pa.array(moved)), transaction=(APP, turn))
    return Outcome(fresh, len(arrivals) - fresh, waiting.num_rows - len(moved))


def _append_new(lake: Lake, table: str, made: pa.Table) -> int:
    """Append the rows that the table does not have yet; how many there were."""
    keys = made["row_key"].combine_chunks()
    there = lake.read(table, ["row_key"], where=ds.field("row_key").isin(keys))["row_key"].combine_chunks()
    fresh = made.filter(pc.invert(pc.is_in(keys, value_set=there)))
    lake.append(table, fresh)
    return int(fresh.num_rows)
