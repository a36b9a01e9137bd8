"""What a source of rows gives a list: the selected rows, counted, added up, and cut into pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from tenure.web.listing.address import Cursor, State
from tenure.web.listing.columns import Column, Row

MOST_VALUES = 200
"""A filter offers the values of a column to choose from if there are at most so many."""


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page, and the places before and after it."""

    rows: Sequence[Row]
    first: int | None
    """which of all rows its first one is, counted from 1; None where the source cannot say"""
    previous: Cursor | None
    following: Cursor | None


class Selection(Protocol):
    """The rows that meet a state's filters and search, in its order."""

    @property
    def count(self) -> int:
        """How many there are."""

    def page(self, cursor: Cursor | None, size: int) -> Page:
        """The rows next to a place."""

    def rows(self) -> Iterator[Row]:
        """All of them."""

    def keys(self) -> list[str]:
        """What names each of them."""

    def totals(self, columns: Sequence[Column]) -> Mapping[str, Decimal | None]:
        """The sum of each column."""


class Source(Protocol):
    """Rows of a list; `key` is the column that names a row."""

    key: str

    def select(self, state: State, search: Sequence[str]) -> Selection:
        """The rows that meet a state; `search` names the columns in which its `q` is looked for."""

    def named(self, keys: Sequence[str]) -> Sequence[Row]:
        """The rows with these keys, those that are there."""

    def values(self, column: Column) -> Sequence[str]:
        """The different values of a column of texts, if they are few; else none."""


def edges(rows: Sequence[Row], state: State, key: str, *, earlier: bool, later: bool) -> dict[str, Cursor | None]:
    """The places before the first and after the last of the rows."""
    if not rows:
        return {"previous": None, "following": None}
    head, tail = rows[0], rows[-1]
    name = state.sort.name
    return {
        "previous": Cursor(head[name], str(head[key]), is_before=True) if earlier else None,
        "following": Cursor(tail[name], str(tail[key])) if later else None,
    }
