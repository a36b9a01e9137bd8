"""Lists over tables of the store. Hides how filters, order and places become conditions the database has indexes for.

A page is found by a condition on the row next to it, never by counting rows, so the hundredth page costs what the first
does. What has no value comes last, whichever way the list is ordered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone

from tenure.web.listing.address import Cursor, Filter, State
from tenure.web.listing.columns import Column, Row
from tenure.web.listing.selection import MOST_VALUES, Page, edges

CHUNK = 2_000


class StoreRows:
    """The rows of a query set; `paths` says where a column's values are, if not in the field of its name."""

    def __init__(self, rows: QuerySet[Any], key: str, paths: Mapping[str, str] | None = None) -> None:
        self.key = key
        self.queryset = rows
        self.paths = paths or {}

    def path(self, name: str) -> str:
        """Where the values of a column are."""
        return self.paths.get(name, name)

    def select(self, state: State, search: Sequence[str]) -> StoreSelection:
        rows = self.queryset
        conditions = [self._condition(one) for one in state.filters]
        if conditions:
            met = conditions[0]
            for condition in conditions[1:]:
                met = met | condition if state.match_any else met & condition
            rows = rows.filter(met)
        if state.q:
            looked = Q()
            for name in search:
                looked |= Q(**{f"{self.path(name)}__icontains": state.q})
            rows = rows.filter(looked)
        return StoreSelection(self, rows, state)

    def named(self, keys: Sequence[str]) -> Sequence[Row]:
        return self.read(self.queryset.filter(**{f"{self.path(self.key)}__in": list(keys)}))

    def values(self, column: Column) -> Sequence[str]:
        if not column.is_text:
            return ()
        path = self.path(column.name)
        found = self.queryset.exclude(**{path: None}).exclude(**{path: ""}).order_by(path)
        some = list(found.values_list(path, flat=True).distinct()[: MOST_VALUES + 1])
        return some if len(some) <= MOST_VALUES else ()

    def read(self, rows: QuerySet[Any]) -> list[Row]:
        """Rows of the database as rows of the list: by column, the key as text."""
        return [_Named(self, row) for row in rows]

    def _condition(self, one: Filter) -> Q:
        path = self.path(one.column.name)
        empty = Q(**{path: None}) | Q(**{path: ""}) if one.column.is_text else Q(**{path: None})
        if one.op in ("set", "not_set"):
            return empty if one.op == "not_set" else ~empty
        if one.op == "contains":
            return Q(**{f"{path}__icontains": one.value})
        if one.op == "in":
            return Q(**{f"{path}__in": one.value})
        if one.column.kind == "moment":
            return _on_days(path, one.op, one.value, empty)
        if one.op in ("gt", "lt"):
            return Q(**{f"{path}__{one.op}": one.value})
        return Q(**{path: one.value}) if one.op == "eq" else ~Q(**{path: one.value}) | empty


class StoreSelection:
    """Rows of the store that meet a state."""

    def __init__(self, source: StoreRows, rows: QuerySet[Any], state: State) -> None:
        self._source, self._rows, self._state = source, rows, state
        self._path = source.path(state.sort.name)
        self._key = source.path(source.key)
        self._counted: int | None = None

    @property
    def count(self) -> int:
        if self._counted is None:
            self._counted = self._rows.count()
        return self._counted

    def page(self, cursor: Cursor | None, size: int) -> Page:
        backwards = cursor is not None and cursor.is_before
        found = self._ordered(backwards=backwards)
        if cursor is not None:
            found = found.filter(self._beyond(cursor))
        some = list(found[: size + 1])
        more, some = len(some) > size, some[:size]
        rows = self._source.read(some[::-1] if backwards else some)
        earlier = more if backwards else cursor is not None
        later = True if backwards else more
        first = 1 if rows and not earlier else None
        return Page(rows, first, **edges(rows, self._state, self._source.key, earlier=earlier, later=later))

    def rows(self) -> Iterator[Row]:
        for row in self._ordered().iterator(CHUNK):
            yield _Named(self._source, row)

    def keys(self) -> list[str]:
        return [str(key) for key in self._ordered().values_list(self._key, flat=True)]

    def totals(self, columns: Sequence[Column]) -> Mapping[str, Decimal | None]:
        sums = {column.name: Sum(self._source.path(column.name)) for column in columns}
        return self._rows.aggregate(**sums) if sums else {}

    def _ordered(self, *, backwards: bool = False) -> QuerySet[Any]:
        down = self._state.descending != backwards
        path = F(self._path)
        first = path.desc(**_missing(backwards)) if down else path.asc(**_missing(backwards))
        return self._rows.order_by(first, f"{'-' if backwards else ''}{self._key}")

    def _beyond(self, cursor: Cursor) -> Q:
        """The rows after (before) a place: by value, then by key; rows without a value come after all."""
        path, key = self._path, self._key
        key_on = Q(**{f"{key}__{'lt' if cursor.is_before else 'gt'}": cursor.key})
        if cursor.value is None:
            same = Q(**{path: None}) & key_on
            return same | ~Q(**{path: None}) if cursor.is_before else same
        up = self._state.descending == cursor.is_before
        beyond = Q(**{f"{path}__{'gt' if up else 'lt'}": cursor.value})
        beyond |= Q(**{path: cursor.value}) & key_on
        return beyond if cursor.is_before else beyond | Q(**{path: None})


class _Named(Mapping[str, Any]):
    """A row of the database under the names of the list's columns."""

    __slots__ = ("_row", "_source")

    def __init__(self, source: StoreRows, row: Any) -> None:
        self._source, self._row = source, row

    def __getitem__(self, name: str) -> Any:
        value = self._row
        for part in self._source.path(name).split("__"):
            value = getattr(value, part) if value is not None else None
        return timezone.localtime(value) if isinstance(value, datetime) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._source.paths)

    def __len__(self) -> int:
        return len(self._source.paths)


def _missing(backwards: bool) -> dict[str, bool]:
    return {"nulls_first": True} if backwards else {"nulls_last": True}


def _on_days(path: str, op: str, day: date, empty: Q) -> Q:
    """A condition on a moment by its local day."""
    zone = timezone.get_current_timezone()
    begin = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    tomorrow = day + timedelta(days=1)
    end = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone).astimezone(UTC)
    on = Q(**{f"{path}__gte": begin, f"{path}__lt": end})
    return {
        "eq": on,
        "ne": ~on | empty,
        "gt": Q(**{f"{path}__gte": end}),
        "lt": Q(**{f"{path}__lt": begin}),
    }[op]
