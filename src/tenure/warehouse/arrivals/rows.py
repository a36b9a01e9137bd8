"""Accepted events as rows of the lake: events, the links between ids, and what was refused. Hides their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.hashing import stable_hash
from tenure.core.tracking import Arrivals
from tenure.warehouse.lake import schema_of
from tenure.warehouse.schema import STAMP


def events(arrivals: Arrivals, fresh: npt.NDArray[np.int64]) -> pa.Table:
    """Rows of `events` for the arrivals at the places `fresh`."""
    source, ids = pa.array(arrivals.source, pa.string()), pa.array(arrivals.event_id, pa.string())
    user, anonymous = pa.array(arrivals.user_id, pa.string()), pa.array(arrivals.anonymous_id, pa.string())
    account = pa.array(arrivals.account_id, pa.string())
    received = _stamps(arrivals.received_at)
    whole = _table(
        "events",
        len(arrivals),
        {
            "event_id": ids,
            "account_id": account,
            "user_id": user,
            "anonymous_id": anonymous,
            "event": pa.array(arrivals.event, pa.string()),
            "ts": _stamps(arrivals.ts),
            "properties": pa.array(arrivals.properties, pa.string()),
            "received_at": received,
            "source": source,
            "row_id": ids,
            "recorded_at": received,
            "attributes": pa.array(arrivals.attributes, pa.string()),
            "row_key": pa.array(stable_hash(source, ids)),
            "account_key": pa.array(stable_hash(account)),
            "user_key": pa.array(stable_hash(pc.coalesce(user, anonymous))),
            "place": pa.array(np.arange(len(arrivals), dtype=np.int64)),
        },
    )
    return whole if len(fresh) == len(arrivals) else whole.take(pa.array(fresh))


def identities(arrivals: Arrivals, fresh: npt.NDArray[np.int64]) -> pa.Table:
    """Rows of `identities` for those links whose event is at one of the places `fresh`."""
    kept = set(fresh.tolist())
    links = [link for link in arrivals.links if link[0] in kept]
    at = [link[0] for link in links]
    source = pa.array([arrivals.source[place] for place in at], pa.string())
    ids = pa.array([arrivals.event_id[place] for place in at], pa.string())
    return _table(
        "identities",
        len(links),
        {
            "anonymous_id": pa.array([link[1] for link in links], pa.string()),
            "user_id": pa.array([link[2] for link in links], pa.string()),
            "account_id": pa.array([link[3] for link in links], pa.string()),
            "valid_from": _stamps([arrivals.ts[place] for place in at]),
            "source": source,
            "row_id": ids,
            "recorded_at": _stamps([arrivals.received_at[place] for place in at]),
            "row_key": pa.array(stable_hash(source, ids)),
        },
    )


def refused(found: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows of `refused_events`, given as dicts of its columns."""
    return pa.Table.from_pylist([dict(row) for row in found], schema=schema_of("refused_events"))


def _stamps(microseconds: Sequence[int]) -> pa.Array:
    return pa.array(np.asarray(microseconds, np.int64)).cast(STAMP)


def _table(name: str, count: int, columns: Mapping[str, pa.Array]) -> pa.Table:
    """The columns with those that every table has."""
    wanted = schema_of(name)
    fixed = {
        "origin": pa.repeat(pa.scalar("load", pa.string()), count),
        "flaws": pa.ListArray.from_arrays(pa.array(np.zeros(count + 1, np.int32)), pa.array([], pa.string())),
    }
    made = {**fixed, **columns}
    return pa.table([made.get(field.name, pa.nulls(count, field.type)) for field in wanted], schema=wanted)
