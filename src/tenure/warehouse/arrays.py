"""Columns of a measure as arrays: numbers, days, encoded texts. Hides nulls, chunks and the definition's time zone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.sequences.spans import I32, I64
from tenure.warehouse.snapshot import Snapshot


def numbers(column: pa.ChunkedArray) -> I64:
    """Whole numbers; moments as microseconds."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    return np.asarray(column.to_numpy(), np.int64)


def coded(column: pa.ChunkedArray) -> tuple[I32, list[Any]]:
    """The codes of a column's values and the values they stand for; null has a code of its own."""
    whole = pa.chunked_array(column.chunks, column.type).combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # its texts are too long for one array
        whole = pa.concat_arrays(whole.cast(pa.large_string()).chunks)
    encoded = whole.dictionary_encode(null_encoding="encode")
    return np.asarray(encoded.indices.to_numpy(), np.int32), encoded.dictionary.to_pylist()


def days(snapshot: Snapshot, table: pa.Table, name: str, missing: Any, moved: bool) -> I32:
    """A day column as numbers, made again from its moments if the definition counts days in another time zone."""
    column = table.column(name)
    one_for_all = np.ndim(missing) == 0
    out = np.asarray(pc.fill_null(column.cast(pa.int32()), int(missing) if one_for_all else 0).to_numpy(), np.int32)
    if column.null_count and not one_for_all:
        out = np.where(np.asarray(pc.is_null(column).to_numpy(), bool), missing, out)
    if moved:
        moments = table.column(f"{name}_at")
        if moments.null_count < len(moments):
            local = pc.local_timestamp(moments.cast(pa.timestamp("us", tz=snapshot.definition.timezone)))
            again = local.cast(pa.int64())
            of_day = pc.floor(pc.divide(again.cast(pa.float64()), 86_400e6)).cast(pa.int32())
            moved_to = np.asarray(pc.fill_null(of_day, 0).to_numpy(), np.int32)
            if name.endswith("end") and name != "trial_end":
                second = np.asarray(pc.fill_null(again, 0).to_numpy(), np.int64) // 1_000_000 % 86_400
                moved_to = moved_to + (second == 86_399)
            given = np.asarray(pc.is_valid(moments).to_numpy(), bool)
            out = np.where(given, moved_to, out).astype(np.int32)
    return out
