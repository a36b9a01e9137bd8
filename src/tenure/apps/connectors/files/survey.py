"""Checks across the rows of one file: repeated keys, mixed currencies, ends that look inclusive. Hides hashing.

Three numbers are kept per row (key, content, row), so a million rows cost 24 MB; texts are looked up again in the
staged file for the few rows that are named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.apps.connectors.files.mapping import Plan
from tenure.apps.connectors.files.problems import Problem, shown
from tenure.core.hashing import stable_hash
from tenure.warehouse.schema import TABLES

Integers = npt.NDArray[np.int64]

_LISTED = 5
_LOOKS_INCLUSIVE = 0.8


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of a row after all rows were seen."""

    row: int
    code: str
    rows: tuple[int, ...]
    """the rows it concerns, at most five of them"""


class Survey:
    """Sees every batch of good rows once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._table = TABLES[plan.kind]
        filled = {c.column for c in plan.chosen} | set(plan.constants)
        self._keyed = ("source", "row_id") if "row_id" in filled else self._table.key
        self._currencies = plan.kind == "subscriptions" and any(c.column == "currency" for c in plan.chosen)
        self._keys: list[Integers] = []
        self._contents: list[Integers] = []
        self._rows: list[Integers] = []
        self._owners: list[Integers] = []
        self._codes: list[Integers] = []
        self._names: dict[str, int] = {}
        self._ends = self._before = self._on = 0

    def see(self, table: pa.Table) -> None:
        """Take in a batch of typed rows."""
        if table.num_rows == 0:
            return
        self._keys.append(stable_hash(*(self._key_texts(table, name) for name in self._keyed)))
        content = [name for name in table.column_names if name != "file_row"]
        self._contents.append(stable_hash(*(_texts(table[name]) for name in content)))
        self._rows.append(table["file_row"].to_numpy())
        if self._currencies:
            self._owners.append(stable_hash(_texts(table["account_id"]), _texts(table["subscription_id"])))
            encoded = pc.fill_null(table["currency"], "").combine_chunks().dictionary_encode()
            places = [self._names.setdefault(name, len(self._names)) for name in encoded.dictionary.to_pylist()]
            self._codes.append(np.array(places, np.int64)[encoded.indices.to_numpy()])
        if "start" in table.column_names and "end" in table.column_names:
            self._see_ends(table["start"], table["end"])

    def _key_texts(self, table: pa.Table, name: str) -> pa.Array:
        texts, default = _texts(table[name]), self._table.by_name[name].default
        return texts if default is None else pc.fill_null(texts, default)

    def _see_ends(self, start: pa.ChunkedArray, end: pa.ChunkedArray) -> None:
        known = pc.and_(pc.is_valid(end), pc.is_valid(start))
        start, end = start.filter(known), end.filter(known)
        first = pc.day(start)
        after = pc.cast(pc.add(pc.cast(end, pa.int32()), pa.scalar(1, pa.int32())), pa.date32())
        self._ends += len(end)
        self._before += pc.sum(pc.equal(pc.day(after), first)).as_py() or 0
        self._on += pc.sum(pc.equal(pc.day(end), first)).as_py() or 0

    def duplicates(self) -> list[Verdict]:
        """Rows of one key: those that say the same again, and all of those that differ."""
        if not self._keys:
            return []
        keys, contents, rows = map(np.concatenate, (self._keys, self._contents, self._rows))
        if np.unique(keys).size == keys.size:
            return []
        order = np.argsort(keys, kind="stable")
        edges = np.flatnonzero(np.diff(keys[order])) + 1
        found: list[Verdict] = []
        for group in np.split(order, edges):
            if group.size == 1:
                continue
            listed = tuple(rows[group[:_LISTED]].tolist())
            if np.unique(contents[group]).size == 1:
                found += [Verdict(row, "import.same_row_twice", listed[:1]) for row in rows[group[1:]].tolist()]
            else:
                found += [Verdict(row, "import.duplicate_key", listed) for row in rows[group].tolist()]
        return sorted(found, key=lambda v: v.row)

    def mixed_currencies(self) -> dict[int, str]:
        """{first row: the currencies} of subscriptions that have rows in more than one."""
        if len(self._names) < 2:
            return {}
        owners, codes, rows = map(np.concatenate, (self._owners, self._codes, self._rows))
        order = np.argsort(owners, kind="stable")
        edges = np.flatnonzero(np.diff(owners[order])) + 1
        low = np.minimum.reduceat(codes[order], np.r_[0, edges])
        high = np.maximum.reduceat(codes[order], np.r_[0, edges])
        names = list(self._names)
        found = {}
        for group in np.flatnonzero(low != high):
            members = order[np.r_[0, edges][group] : np.r_[edges, owners.size][group]]
            seen = dict.fromkeys(names[c] or "–" for c in codes[members].tolist())
            found[int(rows[members].min())] = ", ".join(seen)
        return found

    def end_problem(self) -> Problem | None:
        """A warning if the ends look like last days of service."""
        if self._ends < 3 or self._before < _LOOKS_INCLUSIVE * self._ends or self._on > 0.1 * self._ends:
            return None
        share = round(100 * self._before / self._ends)
        return Problem(
            "import.ends_look_inclusive", heading=self._plan.heading_of("end"), column="end", detail={"share": share}
        )

    def labels(self, batches: Iterator[pa.Table], wanted: set[int]) -> dict[int, str]:
        """The keys, as text, of the rows wanted."""
        found: dict[int, str] = {}
        if not wanted:
            return found
        numbers = pa.array(sorted(wanted), pa.int64())
        for table in batches:
            hits = table.filter(pc.is_in(table["file_row"], numbers))
            for row in hits.select([*self._keyed, "file_row"]).to_pylist():
                found[row["file_row"]] = shown(" / ".join(str(row[k]) for k in self._keyed if row[k] is not None))
        return found


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_nested(column.type):
        return pa.chunked_array([pa.array([None if v is None else repr(v) for v in column.to_pylist()], pa.string())])
    return column if pa.types.is_string(column.type) else pc.cast(column, pa.string())
