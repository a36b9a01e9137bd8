"""Lists over the answer of a question. Hides how an Arrow table is filtered, searched, ordered and cut into pages.

Orders and searches of a table are kept while it is used, because the same answer is shown page after page. Chinese is
ordered by pinyin; what has no value comes last, whichever way the list is ordered.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core import search
from tenure.web.listing.address import Cursor, Filter, State
from tenure.web.listing.columns import Column, Row
from tenure.web.listing.selection import MOST_VALUES, Page, edges

Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
T = TypeVar("T")
KEPT_TABLES = 6
KEPT_COLUMNS = 12
CHUNK = 5_000
_sort_key = lru_cache(maxsize=200_000)(search.sort_key)


class ArrowRows:
    """The rows of a table, named by the column `key`."""

    def __init__(self, table: pa.Table, key: str) -> None:
        self.key = key
        self._order = _kept(table, key)

    def select(self, state: State, search: Sequence[str]) -> ArrowSelection:
        stay = self._order.matching(state.filters, any_of=state.match_any)
        if state.q:
            stay &= self._order.found(search, state.q)
        order = self._order.by(state.sort, descending=state.descending)
        return ArrowSelection(self._order, state, order[stay[order]])

    def named(self, keys: Sequence[str]) -> Sequence[Row]:
        table = self._order.table
        return table.filter(pc.is_in(table[self.key], pa.array(list(keys), pa.string()))).to_pylist()  # type: ignore[no-any-return]

    def values(self, column: Column) -> Sequence[str]:
        return self._order.values(column.name) if column.is_text else ()


class ArrowSelection:
    """Rows of a table by their positions."""

    def __init__(self, order: _Order, state: State, positions: Positions) -> None:
        self._order, self._state, self._positions = order, state, positions

    @property
    def count(self) -> int:
        return len(self._positions)

    def page(self, cursor: Cursor | None, size: int) -> Page:
        start = 0
        if cursor is not None:
            before, including = self._order.place(self._positions, self._state, cursor)
            start = max(before - size, 0) if cursor.is_before else including
            size = min(size, before) if cursor.is_before else size
        taken = self._positions[start : start + size]
        rows = self._order.table.take(pa.array(taken)).to_pylist()
        later = start + len(taken) < self.count
        places = edges(rows, self._state, self._order.key, earlier=start > 0, later=later)
        return Page(rows, start + 1 if rows else None, **places)

    def rows(self) -> Iterator[Row]:
        for start in range(0, self.count, CHUNK):
            taken = self._positions[start : start + CHUNK]
            yield from self._order.table.take(pa.array(taken)).to_pylist()

    def keys(self) -> list[str]:
        return self._order.table[self._order.key].take(pa.array(self._positions)).to_pylist()  # type: ignore[no-any-return]

    def totals(self, columns: Sequence[Column]) -> Mapping[str, Decimal | None]:
        taken = pa.array(self._positions)
        return {c.name: pc.sum(self._order.table[c.name].take(taken)).as_py() for c in columns}


class _Order:
    """One table with what was found out about it: its orders, and the texts of its columns as they are compared."""

    def __init__(self, table: pa.Table, key: str) -> None:
        self.table = table
        self.key = key
        self._ranks: dict[str, tuple[Positions, Sequence[Any]]] = {}
        self._orders: dict[tuple[str, bool], Positions] = {}
        self._folded: dict[str, pa.ChunkedArray] = {}
        self._values: dict[str, Sequence[str]] = {}

    def by(self, column: Column, *, descending: bool) -> Positions:
        """All positions in the order of a column; equal ones by the key."""
        wanted = (column.name, descending)
        if wanted not in self._orders:
            self._orders[wanted] = np.lexsort((self.key_ranks, self._directed(column, descending)))
        return self._orders[wanted]

    @property
    def key_ranks(self) -> Positions:
        """The place of each row's key among the keys."""
        if "" not in self._ranks:
            sorted_at = pc.sort_indices(self.table[self.key]).to_numpy()
            ranks = np.empty(len(sorted_at), np.int64)
            ranks[sorted_at] = np.arange(len(sorted_at))
            self._ranks[""] = (ranks, ())
        return self._ranks[""][0]

    def _directed(self, column: Column, descending: bool) -> Positions:
        ranks, unique = self.ranks(column)
        missing = len(unique)
        return np.where(ranks == missing, missing, missing - 1 - ranks) if descending else ranks

    def ranks(self, column: Column) -> tuple[Positions, Sequence[Any]]:
        """The place of each row's value among the different values, and these in order; nothing is after all."""
        if column.name not in self._ranks:
            self._ranks[column.name] = _same(_ranked, (self.table[column.name],), _ranks_of)
        return self._ranks[column.name]

    def place(self, positions: Positions, state: State, cursor: Cursor) -> tuple[int, int]:
        """How many of the positions come before a place, and how many if the row at the place is counted too."""
        _ranks, unique = self.ranks(state.sort)
        missing = len(unique)
        given = _comparable(cursor.value)
        directed = self._directed(state.sort, state.descending)[positions]
        if given is None:
            low, is_there = missing, True
        else:
            at = bisect_left(unique, given)
            is_there = at < missing and unique[at] == given
            low = at if not state.descending else missing - at - (1 if is_there else 0)
        first = int(np.searchsorted(directed, low, "left"))
        if not is_there:
            return first, first
        last = int(np.searchsorted(directed, low, "right"))
        keys = self.table[self.key].take(pa.array(positions[first:last])).to_pylist()
        before = first + bisect_left(keys, cursor.key)
        there = before < last and keys[before - first] == cursor.key
        return before, before + there

    def matching(self, filters: Sequence[Filter], *, any_of: bool) -> Mask:
        """Which rows meet the filters: all of them, or any."""
        met = [self._meets(one) for one in filters]
        if not met:
            return np.ones(self.table.num_rows, np.bool_)
        return np.logical_or.reduce(met) if any_of else np.logical_and.reduce(met)

    def _meets(self, one: Filter) -> Mask:
        column = self.table[one.column.name]
        if one.op in ("set", "not_set"):
            there = _mask(_valid(column))
            return there if one.op == "set" else ~there
        if one.op == "contains":
            return _mask(pc.match_substring(self._texts(one.column.name), search.folded(one.text)))
        if one.op == "in":
            return _mask(pc.is_in(column, pa.array(one.value, column.type)))
        wanted = one.value
        if pa.types.is_timestamp(column.type):
            column = pc.cast(column, pa.date32())
        elif pa.types.is_integer(column.type):
            column = column.cast(pa.decimal128(20, 0))
        found = _mask(_COMPARISONS[one.op](column, _scalar(wanted)))
        return found | ~_mask(_valid(column)) if one.op == "ne" else found

    def values(self, name: str) -> Sequence[str]:
        """The different values of a column, if they are few; else none."""
        if name not in self._values:
            unique = [value for value in pc.unique(self.table[name]).to_pylist() if value]
            self._values[name] = sorted(unique, key=_sort_key) if len(unique) <= MOST_VALUES else ()
        return self._values[name]

    def found(self, names: Sequence[str], q: str) -> Mask:
        """Which rows have what is looked for in one of these columns."""
        stay = np.zeros(self.table.num_rows, np.bool_)
        index = _same(_searched, tuple(self.table[name] for name in names), _index_of)
        stay[index.search(q)] = True
        return stay

    def _texts(self, name: str) -> pa.ChunkedArray:
        """A column as it is compared: one width, one case."""
        if name not in self._folded:
            self._folded[name] = pc.utf8_lower(pc.utf8_normalize(self.table[name], "NFKC"))
        return self._folded[name]


_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "eq": pc.equal,
    "ne": pc.not_equal,
    "gt": pc.greater,
    "lt": pc.less,
}
_tables: OrderedDict[tuple[int, str], _Order] = OrderedDict()
_Columns = tuple[pa.ChunkedArray, ...]
_searched: list[tuple[_Columns, search.Index]] = []
_ranked: list[tuple[_Columns, tuple[Positions, Sequence[Any]]]] = []
_guard = threading.Lock()


def _kept(table: pa.Table, key: str) -> _Order:
    """The table with its orders, the same for the same table."""
    with _guard:
        found = _tables.get((id(table), key))
        if found is None or found.table is not table:
            found = _tables[id(table), key] = _Order(table, key)
        _tables.move_to_end((id(table), key))
        while len(_tables) > KEPT_TABLES:
            _tables.popitem(last=False)
        return found


def _same(kept: list[tuple[_Columns, T]], columns: _Columns, make: Callable[[_Columns], T]) -> T:
    """What was made of some columns; made once for the same values, in whatever answer they are."""
    with _guard:
        known = list(kept)
    for others, made in known:
        if len(others) == len(columns) and all(a.equals(b) for a, b in zip(columns, others, strict=True)):
            return made
    made = make(columns)
    with _guard:
        kept.insert(0, (columns, made))
        del kept[KEPT_COLUMNS:]
    return made


def _index_of(columns: _Columns) -> search.Index:
    rows = zip(*(column.to_pylist() for column in columns), strict=True)
    return search.Index([text for text in row if text] for row in rows)


def _ranks_of(columns: _Columns) -> tuple[Positions, Sequence[Any]]:
    encoded = columns[0].combine_chunks().dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    unique = [_comparable(value) for value in encoded.dictionary.to_pylist()]
    sorted_at = sorted(range(len(unique)), key=unique.__getitem__)
    places = np.empty(len(unique) + 1, np.int64)
    places[sorted_at] = np.arange(len(unique))
    places[-1] = len(unique)
    codes = encoded.indices.fill_null(len(unique)).to_numpy(zero_copy_only=False)
    return places[codes], [unique[at] for at in sorted_at]


def _comparable(value: Any) -> Any:
    """What a value is ordered by."""
    if isinstance(value, str):
        return (_sort_key(value), value)
    return value


def _valid(column: pa.ChunkedArray) -> pa.ChunkedArray:
    there = pc.is_valid(column)
    return pc.and_(there, pc.not_equal(column.fill_null(""), "")) if pa.types.is_string(column.type) else there


def _scalar(value: Any) -> pa.Scalar:
    return pa.scalar(value, pa.decimal128(38, 12)) if isinstance(value, Decimal) else pa.scalar(value)


def _mask(found: pa.ChunkedArray) -> Mask:
    return np.asarray(pc.fill_null(found, False).to_numpy(), np.bool_)
