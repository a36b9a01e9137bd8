"""What a page of behaviour is, and what an address asks of one: the question lives whole in the address.

A page declares where it asks for events (`Place`) and what else it lets choose (`Word`), how that becomes a question,
and what the answer becomes. The rest (the address, the form, the range, who is counted, which accounts, the JSON a
program sends, the file, who is behind a figure) is the same for all of them and is done here and in `views`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext_lazy

from tenure.core.definition import Definition
from tenure.core.errors import QuestionRefused
from tenure.core.periods import label
from tenure.warehouse.answer import Answer
from tenure.web import stretch as stretches
from tenure.web.behaviour import address
from tenure.web.behaviour.address import DOING, Chosen, Pairs, Place, Word
from tenure.web.choices import one_of
from tenure.web.stretch import Stretch
from tenure.web.subscriptions import slices
from tenure.web.subscriptions.slices import Slice

GRAINS = ("day", "week", "month")
UNITS: Mapping[str, Any] = {"account": gettext_lazy("Accounts"), "user": gettext_lazy("Users")}
ACCOUNT_FIELDS = ("region", "industry", "tier", "owner")
"""By which a page about events can be narrowed: events have no plan and no currency."""
UNIT = Word("unit", gettext_lazy("Who is counted"), usual="account", options=UNITS)
RANGE = ("grain", "from", "to", "running")
PAGE = "of"
CELL = "cell."
"""What the words begin with that name a figure of an answer, in the address of the people behind it."""

Row = Mapping[str, Any]
Table = tuple[list[Any], list[list[Any]]]


@dataclass(frozen=True, slots=True)
class Given:
    """What an address asks of a page."""

    sheet: Sheet
    places: Mapping[str, tuple[Chosen, ...]]
    words: Mapping[str, str]
    stretch: Stretch
    slice: Slice
    said: tuple[tuple[str, str], ...]
    """the range, where the address says it"""

    def __getitem__(self, name: str) -> str:
        """A choice of the page."""
        return self.words[name]

    def events(self, name: str) -> tuple[Chosen, ...]:
        """The events of a place, without blanks."""
        return address.filled(self.places[name])

    @property
    def pairs(self) -> Pairs:
        """The words of the address that say the question, without the range."""
        return _pairs(self.sheet, self.places, self.words, self.slice)

    @property
    def query(self) -> str:
        """The whole question as an address's query."""
        return urlencode([*self.pairs, *self.said])

    @property
    def days(self) -> dict[str, str]:
        """`from` and `to` of a question: the first day, and the day after the last."""
        first, last = self.stretch.days
        return {"from": first.isoformat(), "to": (last + timedelta(days=1)).isoformat()}

    @property
    def intervals(self) -> dict[str, Any]:
        """`period`, `first_interval` and `intervals` of a question."""
        first, _last = self.stretch.days
        return {
            "period": self.stretch.grain,
            "first_interval": first.isoformat(),
            "intervals": len(self.stretch.labels),
        }

    @property
    def is_whole(self) -> bool:
        """Whether every place names as many events as the page needs."""
        return all(len(self.events(place.name)) >= place.least for place in self.sheet.places)

    @property
    def question(self) -> dict[str, Any]:
        """The question, as a program asks it.

        Raises: QuestionRefused (page.number) for a number that is none.
        """
        where = [{"prop": one.column.name, "op": one.op, "value": one.value} for one in self.slice.filters]
        return {**self.sheet.question(self), **({"where": where} if where else {})}

    @property
    def whose(self) -> tuple[str, dict[str, Any]]:
        """(account or user, the question): who is behind the figures of the page."""
        if self.sheet.whose is None:
            return self["unit"], self.question
        unit, asked = self.sheet.whose(self)
        return unit, {**self.question, **asked}

    @property
    def program(self) -> str:
        """The same as the text a program sends."""
        return json.dumps(self.question, ensure_ascii=False)

    def whole(self, name: str, least: int = 0, most: int = 1_000_000) -> int | None:
        """A choice that is a whole number; None where nothing is said.

        Raises: QuestionRefused (page.number).
        """
        return whole(self.words[name], name, least, most)

    def people(self, cell: Mapping[str, Any], route: str = "people") -> str:
        """The address of who is behind a figure, named by columns of the answer."""
        said = [(name, value) for name, value in self.stretch.pairs if name in RANGE]
        words = [(PAGE, self.sheet.name), *self.pairs, *said, *((f"{CELL}{name}", str(v)) for name, v in cell.items())]
        return f"{reverse(route)}?{urlencode(words)}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of behaviour: its name is that of its route, its template and its saved views."""

    name: str
    path: str
    heading: Any
    places: tuple[Place, ...]
    words: tuple[Word, ...]
    question: Callable[[Given], dict[str, Any]]
    """the fields of the question, but `where`"""
    board: Callable[[Given, Answer], Mapping[str, Any]]
    """what the page's template shows of the answer"""
    table: Callable[[Given, Answer], Table]
    """the figures as a file"""
    behind: Callable[[Given, Row], str]
    """what a figure is called, by its cell"""
    figure: Callable[[Given, Answer], Mapping[str, Any]]
    """its figure on the cockpit: label, value, exact, note and values of the small chart"""
    fields: Mapping[str, str] = field(default_factory=dict)
    """field of the question -> the place or word that says it, where they are called otherwise"""
    grains: Sequence[str] = GRAINS
    grain: str = "week"
    """the length of the intervals until the reader chooses"""
    counts_units: bool = True
    whose: Callable[[Given], tuple[str, dict[str, Any]]] | None = None
    """(account or user, the question whose cells they are behind), where that is not what the page counts and asks"""
    whole_cells: frozenset[str] = frozenset()
    """names of a cell that are whole numbers"""
    narrows: bool = True
    """whether it can be asked of some accounts only"""
    folder: str = "behaviour"
    """of its template"""
    reads: tuple[str, ...] = ("events",)
    """tables of which one has to have rows, or there is nothing to show"""
    empty: str = "behaviour/empty.html"
    """the template that says so, and what to do"""

    @property
    def every_word(self) -> tuple[Word, ...]:
        return (UNIT, *self.words) if self.counts_units else self.words

    def place_of(self, field: str) -> str:
        """The place or word of the form that a field of the question was said in: `steps[1]` is s2."""
        name, _bracket, number = field.partition("[")
        here = self.fields.get(name, name)
        return f"{here}{int(number.rstrip(']')) + 1}" if number.rstrip("]").isdecimal() else here


def whole(text: str, name: str, least: int, most: int) -> int | None:
    """A whole number of an address; None where nothing is said.

    Raises: QuestionRefused (page.number).
    """
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 12 and least <= int(text) <= most):
        raise QuestionRefused(
            "page.number",
            f"{name!r} cannot be {text[:40]!r}.",
            fix=f"Write a whole number from {least} to {most}.",
            field=name,
            value=text[:40],
            least=least,
            most=most,
        )
    return int(text)


def read(query: QueryDict, sheet: Sheet, today: date, definition: Definition) -> Given:
    """What an address asks of a page.

    Raises: QuestionRefused for a choice or a period that there is not.
    """
    places = {place.name: address.read(query, place) for place in sheet.places}
    words = {}
    for word in sheet.every_word:
        value = (query.get(word.name) or "").strip()
        words[word.name] = one_of(query, word.name, word.options, word.usual) if word.kind == "choice" else value
        if word.kind == "flag":
            words[word.name] = "yes" if value == "yes" else ""
        elif word.kind != "choice" and not value:
            words[word.name] = word.usual
    narrowed = slices.of(query, today, ACCOUNT_FIELDS)
    said = tuple((name, query[name]) for name in RANGE if query.get(name))
    asked = {"grain": sheet.grain, **dict(said)} if "from" not in query else dict(said)
    newest = label(today.replace(day=1), "month")
    kept = _pairs(sheet, places, words, narrowed)
    stretch = stretches.of(
        asked, today, newest, definition.calendar, grains=sheet.grains, timezone=definition.timezone, kept=kept
    )
    return Given(sheet, places, words, stretch, narrowed, said)


def _pairs(sheet: Sheet, places: Mapping[str, tuple[Chosen, ...]], words: Mapping[str, str], narrowed: Slice) -> Pairs:
    out: Pairs = []
    for place in sheet.places:
        out += address.pairs_of(place, places[place.name])
    out += [(word.name, words[word.name]) for word in sheet.every_word if words[word.name] != word.usual]
    return [*out, *narrowed.pairs]


def canonical(query: QueryDict, sheet: Sheet, today: date, definition: Definition) -> str | None:
    """The address that the form of a page means; None if it is written as an address already."""
    doing = query.get(DOING)
    if doing is None:
        return None
    given = read(query, sheet, today, definition)
    places = {place.name: address.done(doing, place, given.places[place.name]) for place in sheet.places}
    return Given(sheet, places, given.words, given.stretch, given.slice, given.said).query


def cell_of(query: QueryDict, sheet: Sheet) -> dict[str, Any]:
    """The figure that an address names."""
    said = {name.removeprefix(CELL): query[name] for name in query if name.startswith(CELL)}
    return {k: int(v) if k in sheet.whole_cells and v.isdecimal() and len(v) < 10 else v for k, v in said.items()}
