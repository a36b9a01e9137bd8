"""The rows somebody chose in a list: one by one, or all that meet its filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from tenure.core.errors import QuestionRefused
from tenure.web.listing import address
from tenure.web.listing.address import State
from tenure.web.listing.selection import Source
from tenure.web.listing.table import Listing


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen, in the order of the list, and the words that choose it again."""

    keys: Sequence[str]
    state: State
    """the list it was chosen in"""
    words: tuple[tuple[str, str], ...]
    """for the next form"""

    @property
    def query(self) -> str:
        return self.state.query()


def chosen(request: HttpRequest, listing: Listing, source: Source, today: date) -> Chosen:
    """The rows a form of the list names, those that are there and that its source shows.

    Raises: QuestionRefused if it names none, or a list that is none.
    """
    query = request.POST.get("query", "")
    state = address.read(QueryDict(query), listing.columns, listing.sort, today, listing.beside)
    words: list[tuple[str, str]] = [("query", query)]
    if request.POST.get("all") == "yes":
        keys = source.select(state, listing.search).keys()
        words.append(("all", "yes"))
    else:
        given = request.POST.getlist("key")
        there = {str(row[listing.key]) for row in source.named(given)}
        keys = [key for key in dict.fromkeys(given) if key in there]
        words += [("key", key) for key in keys]
    if not keys:
        raise QuestionRefused(
            "list.nothing_chosen",
            _("No row is chosen."),
            fix=_("Go back and tick the rows you mean, or choose all that match."),
            field="key",
        )
    return Chosen(keys, state, tuple(words))
