"""The tabs above a list: the views that come with it. Hides when a view is the one that is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import QueryDict

from tenure.web import formatting as f
from tenure.web.listing import address
from tenure.web.listing.address import State
from tenure.web.listing.selection import Source
from tenure.web.listing.table import Listing


@dataclass(frozen=True, slots=True)
class View:
    """A name for an address of the list."""

    name: str
    query: str


def tabs(listing: Listing, source: Source, state: State, views: Sequence[View], today: date) -> list[dict[str, Any]]:
    """A tab for each view, with how many rows it shows; the one with the filters of the address is open."""
    out = []
    for view in views:
        theirs = address.read(QueryDict(view.query), listing.columns, listing.sort, today)
        out.append(
            {
                "label": view.name,
                "href": f"?{view.query}",
                "count": f.exact(source.select(theirs, listing.search).count),
                "current": not state.view and _filters(theirs) == _filters(state),
            }
        )
    return out


def _filters(state: State) -> tuple[Any, ...]:
    return sorted(map(str, state.filters)), state.match_any and len(state.filters) > 1, state.q
