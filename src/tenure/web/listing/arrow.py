"""Lists over the answer of a question. Hides how an Arrow table is filtered, searched, ordered and cut into pages.

Orders, filters and searches of a table are kept while it is used, because the same answer is shown page after page.
Chinese is ordered by pinyin; what has no value comes last, whichever way the list is ordered.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

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
Ranks = tuple[Positions, int]
KEPT_TABLES = 6
KEPT_MASKS = 32
"""Of a table: filters and searches that were asked for last, a byte a row each."""
MOST_ADDED = 1_000
"""Texts that came up since the searched ones were made findable; with more, all are made so anew."""
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
            stay = stay & self._order.found(tuple(search), state.q)
        return ArrowSelection(self._order, state, stay)

    def named(self, keys: Sequence[str]) -> Sequence[Row]:
        table = self._order.table
        return table.filter(pc.is_in(table[self.key], pa.array(list(keys), pa.string()))).to_pylist()  # type: ignore[no-any-return]

    def values(self, column: Column) -> Sequence[str]:
        return self._order.values(column.name) if column.is_text else ()


class ArrowSelection:
    """The rows of a table that stay; they are put in order once they are asked for."""

    def __init__(self, order: _Order, state: State, stay: Mask) -> None:
        self._order, self._state, self._stay = order, state, stay

    @cached_property
    def count(self) -> int:
        return int(np.count_nonzero(self._stay))

    @cached_property
    def _positions(self) -> Positions:
        order = self._order.by(self._state.sort, descending=self._state.descending)
        return order[self._stay[order]]

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
        self._ranks: dict[str, Ranks] = {}
        self._orders: dict[tuple[str, bool], Positions] = {}
        self._folded: dict[str, pa.ChunkedArray] = {}
        self._values: dict[str, Sequence[str]] = {}
        self._searched: dict[tuple[str, ...], tuple[_Findable, list[Positions]]] = {}
        self._masks: OrderedDict[Hashable, Mask] = OrderedDict()

    def by(self, column: Column, *, descending: bool) -> Positions:
        """All positions in the order of a column; equal ones by the key."""
        wanted = (column.name, descending)
        if wanted not in self._orders:
            self._orders[wanted] = np.lexsort((self.key_ranks, self._directed(column, descending)))
        return self._orders[wanted]

    @cached_property
    def key_ranks(self) -> Positions:
        """The place of each row's key among the keys."""
        return _places(pc.sort_indices(self.table[self.key]).to_numpy())

    def _directed(self, column: Column, descending: bool) -> Positions:
        ranks, missing = self.ranks(column)
        return np.where(ranks == missing, missing, missing - 1 - ranks) if descending else ranks

    def ranks(self, column: Column) -> Ranks:
        """The place of each row's value among the different values, and how many these are: the place of nothing."""
        if column.name not in self._ranks:
            self._ranks[column.name] = _ranks(self.table[column.name])
        return self._ranks[column.name]

    def place(self, positions: Positions, state: State, cursor: Cursor) -> tuple[int, int]:
        """How many of the positions come before a place, and how many if the row at the place is counted too."""
        ranks, missing = self.ranks(state.sort)
        there = int(np.searchsorted(ranks[positions] == missing, True))  # what has a value comes first
        first, last = there, len(positions)
        if cursor.value is not None:
            first, last = self._span(positions[:there], state, _comparable(cursor.value))
        keys = self.table[self.key].take(pa.array(positions[first:last])).to_pylist()
        before = first + bisect_left(keys, cursor.key)
        return before, before + (before < last and keys[before - first] == cursor.key)

    def _span(self, positions: Positions, state: State, value: Any) -> tuple[int, int]:
        """Where, of positions in order, those with a value begin and end."""
        column = self.table[state.sort.name]
        upwards = positions[::-1] if state.descending else positions
        places = range(len(upwards))

        def at(place: int) -> Any:
            return _comparable(column[int(upwards[place])].as_py())

        low, high = bisect_left(places, value, key=at), bisect_right(places, value, key=at)
        return (len(upwards) - high, len(upwards) - low) if state.descending else (low, high)

    def matching(self, filters: Sequence[Filter], *, any_of: bool) -> Mask:
        """Which rows meet the filters: all of them, or any."""
        met = [
            self._kept((one.column.name, one.op, repr(one.value)), lambda one=one: self._meets(one)) for one in filters
        ]
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

    def found(self, names: tuple[str, ...], q: str) -> Mask:
        """Which rows have what is looked for in one of these columns."""
        return self._kept((names, q), lambda: self._finds(names, q))

    def _finds(self, names: tuple[str, ...], q: str) -> Mask:
        if names not in self._searched:
            self._searched[names] = _findable_in(names, [self.table[name] for name in names])
        findable, codes = self._searched[names]
        hit = findable.found(q)
        return np.logical_or.reduce([hit[of_column] for of_column in codes])

    def _kept(self, key: Hashable, make: Callable[[], Mask]) -> Mask:
        """A mask that was asked for lately, or is made now; nobody writes in it."""
        found = self._masks.pop(key, None)
        found = make() if found is None else found
        self._masks[key] = found
        while len(self._masks) > KEPT_MASKS:
            self._masks.popitem(last=False)
        return found

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
_guard = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Findable:
    """Different texts that can be searched: those first made so, and a few that came up since."""

    texts: pa.Array
    indexes: tuple[search.Index, ...]
    firsts: tuple[int, ...]
    """where the texts of each index begin"""

    @classmethod
    def of(cls, texts: pa.Array) -> _Findable:
        return cls(texts, (_index_of(texts),), (0,))

    def with_texts(self, more: pa.Array) -> _Findable:
        """The same with some texts more, none of which is there."""
        first = self.firsts[1] if len(self.firsts) > 1 else len(self.texts)
        texts = pa.concat_arrays([self.texts, more])
        return _Findable(texts, (self.indexes[0], _index_of(texts[first:])), (0, first))

    @property
    def added(self) -> int:
        return len(self.texts) - self.firsts[-1] if len(self.firsts) > 1 else 0

    def found(self, q: str) -> Mask:
        """Which texts a query finds; at the end, where it finds nothing, stands what is no text."""
        hit = np.zeros(len(self.texts) + 1, np.bool_)
        for index, first in zip(self.indexes, self.firsts, strict=True):
            hit[first + index.every(q)] = True
        return hit


_findable: dict[tuple[str, ...], _Findable] = {}
"""By the names of the columns: rows come and go and change their place, what they are called mostly stays."""


def _findable_in(names: tuple[str, ...], columns: Sequence[pa.ChunkedArray]) -> tuple[_Findable, list[Positions]]:
    """The texts of some columns, findable, and for each column where the text of each row is among them."""
    with _guard:
        known = _findable.get(names)
    texts = pc.unique(
        pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.string())
    ).drop_null()
    if known is not None:
        more = texts.filter(pc.invert(pc.is_in(texts, known.texts)))
        if len(more):
            known = known.with_texts(more) if known.added + len(more) <= MOST_ADDED else None
    if known is None:
        known = _Findable.of(texts)
    with _guard:
        _findable[names] = known
    nothing = len(known.texts)
    places = [pc.fill_null(pc.index_in(column, known.texts), nothing) for column in columns]
    return known, [np.asarray(place.to_numpy(), np.int64) for place in places]


def _index_of(texts: pa.Array) -> search.Index:
    return search.Index([text] for text in texts.to_pylist())


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


def _ranks(column: pa.ChunkedArray) -> Ranks:
    encoded = column.combine_chunks().dictionary_encode()
    encoded = encoded.combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    different = encoded.dictionary
    if pa.types.is_string(different.type):
        texts = [_comparable(text) for text in different.to_pylist()]
        sorted_at = np.array(sorted(range(len(texts)), key=texts.__getitem__), np.int64)
    else:
        sorted_at = pc.sort_indices(different).to_numpy()
    missing = len(different)
    codes = encoded.indices.fill_null(missing).to_numpy(zero_copy_only=False)
    return np.append(_places(sorted_at), missing)[codes], missing


def _places(sorted_at: npt.NDArray[Any]) -> Positions:
    """The place of each in an order that is given by who comes first, second, third."""
    places = np.empty(len(sorted_at), np.int64)
    places[sorted_at] = np.arange(len(sorted_at))
    return places


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
