"""Parts with rows: those of a copy's bucket, its tail, and what has no unit. Hides how rows lie in two mapped files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tenure.core.sequences.buckets import MISSING, arranged
from tenure.core.sequences.events import I32, I64, NO_CODES
from tenure.warehouse.sequences.folder import NOBODY, Folder
from tenure.warehouse.sequences.rows import Packed, Rows, together


@dataclass(frozen=True, slots=True)
class Part:
    """Rows in the order of their units' keys, and of time inside."""

    copy: str
    units: I32
    """the codes of the units; MISSING alone in a part of rows without unit"""
    keys: I64
    first: I64
    at: I64
    recorded_at: I64
    place: I64
    row_key: I64
    other: I32
    """the account in the copy by user, the user in that by account"""
    event: I32
    texts: tuple[I32, ...]

    def of_units(self, chosen: npt.NDArray[np.bool_]) -> Rows:
        """The rows of some units."""
        return self._rows(np.repeat(chosen, np.diff(self.first)), chosen)

    def all(self) -> Rows:
        """All rows."""
        return self._rows(slice(None), slice(None))

    def _rows(self, rows: Any, units: Any) -> Rows:
        own, other = np.repeat(self.units[units], np.diff(self.first)[units]), self.other[rows]
        user, account = (own, other) if self.copy == "user" else (other, own)
        plain = (c[rows] for c in (self.at, self.recorded_at, self.place, self.row_key))
        return Rows._make([*plain, user, account, self.event[rows], tuple(c[rows] for c in self.texts)])


def read(folder: Folder, name: str, copy: str) -> Part:
    """A part, mapped.

    Raises: OSError, pa.ArrowInvalid if it is gone or torn.
    """
    table, units = folder.table(name), folder.table(f"{name}.units")
    columns: list[Any] = [_column(table, i) for i in range(table.num_columns)]
    codes: Any = _column(units, 0)
    first = np.append(_column(units, 2), table.num_rows).astype(np.int64)
    at, recorded_at, place, row_key, other, event, *texts = columns
    return Part(
        copy, codes, _column(units, 1), first, at, recorded_at, place, row_key, other, event, tuple(texts)
    )  # fmt: skip


def write(folder: Folder, kind: str, copy: str, rows: Rows | Packed, keys: I64, beside: I32 = NO_CODES) -> str:
    """Put rows of units into order and write them as a part, with units `beside` that may have none; gives its name."""
    packed = rows if isinstance(rows, Packed) else Packed.of(rows)
    code = packed.unit(copy)
    found = arranged(code, keys, packed.matrix, beside=beside)
    return _written(folder, kind, copy, packed.taken(found.order), found.units, keys[found.units], found.first)


def write_nobody(folder: Folder, copy: str, rows: Rows | Packed) -> str:
    """Write rows that have no unit, by time."""
    nobody = np.full(1, MISSING, np.int32)
    ordered = rows.taken(np.argsort(rows.at, kind="stable"))
    ends = np.array([0, len(rows.at)], np.int64)
    return _written(folder, f"{copy}-{NOBODY}", copy, ordered, nobody, np.zeros(1, np.int64), ends)


def write_merged(
    folder: Folder, kind: str, copy: str, parts: Sequence[Part], kept: Sequence[npt.NDArray[np.bool_]]
) -> str:
    """Write units of several parts as one; a unit is in one of them, whose rows are in order already."""
    units = np.concatenate([part.units[k] for part, k in zip(parts, kept, strict=True)])
    keys = np.concatenate([part.keys[k] for part, k in zip(parts, kept, strict=True)])
    counts = np.concatenate([np.diff(part.first)[k] for part, k in zip(parts, kept, strict=True)])
    low = np.cumsum(counts) - counts
    order = np.argsort(keys)
    low, counts = low[order], counts[order]
    first = np.append(0, np.cumsum(counts)).astype(np.int64)
    places = np.arange(first[-1]) + np.repeat(low - first[:-1], counts)
    rows = together([part.of_units(k) for part, k in zip(parts, kept, strict=True)]).taken(places)
    return _written(folder, kind, copy, rows, units[order], keys[order], first)


def _written(folder: Folder, kind: str, copy: str, rows: Rows, units: I32, keys: I64, first: I64) -> str:
    other = rows.account if copy == "user" else rows.user
    columns = [*rows[:4], other, rows.event, *rows.texts]
    names = ["at", "recorded_at", "place", "row_key", "other", "event", *(f"text{i}" for i in range(len(rows.texts)))]
    name = folder.write(kind, pa.Table.from_arrays([pa.array(c) for c in columns], names))
    about = pa.Table.from_arrays([pa.array(c) for c in (units, keys, first[:-1])], ["code", "key", "first"])
    folder.write_beside(name, "units", about)
    return name


def _column(table: pa.Table, place: int) -> npt.NDArray[np.int64]:
    column = table.column(place)
    if not column.num_chunks:
        return np.zeros(0, column.type.to_pandas_dtype())
    found: npt.NDArray[np.int64] = column.chunk(0).to_numpy(zero_copy_only=True)
    return found
