"""Lists: declared once, then filtered, searched, sorted, paged, chosen from and exported. docs/reference/lists.md.

A page declares a `Listing` of `Column`s and hands it a source: `ArrowRows` over the answer of a question, `StoreRows`
over a table of the store.
"""

from __future__ import annotations

from tenure.web.listing.address import State
from tenure.web.listing.arrow import ArrowRows
from tenure.web.listing.chosen import Chosen, chosen
from tenure.web.listing.columns import Cell, Column, Row
from tenure.web.listing.selection import Selection, Source
from tenure.web.listing.store import StoreRows
from tenure.web.listing.table import Empty, Listing
from tenure.web.listing.tabs import View, tabs

__all__ = [
    "ArrowRows",
    "Cell",
    "Chosen",
    "Column",
    "Empty",
    "Listing",
    "Row",
    "Selection",
    "Source",
    "State",
    "StoreRows",
    "View",
    "chosen",
    "tabs",
]
