"""Events in an address: which ones a step, a start or a series means. Hides how they are written and read.

`s1=signup` is the first step, `s1=signup|登录` one of two events (a `|` of a name is written twice), `s1=*` any event;
`s1.if=plan~eq~Pro` is a condition on it, repeated. Further words of a place are its own: `s1.optional=yes`.
A form says conditions in three fields, `s1.prop`, `s1.op` and `s1.value`; `canonical` writes them as an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from tenure.web.listing.columns import OPERATORS, SEPARATOR, WITHOUT_VALUE

ANY = "*"
DOING = "do"
"""The word of the form's buttons: `show`, `s.add`, `s2.up`, `s2.down`, `s2.drop`."""
MOST_CONDITIONS = 10
_BETWEEN = re.compile(r"(?<!\|)\|(?!\|)")
_PARTS = ("prop", "op", "value")

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Word:
    """One further choice of a page or of a place: how it is asked in the form, and what is usual."""

    name: str
    label: Any
    kind: str = "choice"
    """choice, whole, text or flag (yes or nothing)"""
    usual: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    """of a `choice`: value -> label"""
    hint: Any = ""
    offers: str = ""
    """id of the list of values that a `text` offers: event-names or event-props"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page asks for events: once, or a number of times in an order of the reader's."""

    name: str
    label: Any
    most: int = 1
    least: int = 1
    """how many there are until the reader adds or drops one; those are shown blank where the address has fewer"""
    usual: str = ""
    words: tuple[Word, ...] = ()
    add: Any = ""
    """what the button says that adds one"""
    letters: bool = False
    """whether they are called A, B, C and not 1, 2, 3"""

    @property
    def is_many(self) -> bool:
        return self.most > 1


@dataclass(frozen=True, slots=True)
class Chosen:
    """The events of one place, as the address says them."""

    events: str
    conditions: tuple[str, ...] = ()
    words: tuple[tuple[str, str], ...] = ()

    @property
    def is_blank(self) -> bool:
        return not self.events

    @property
    def names(self) -> list[str]:
        """The names of the events; none: any event."""
        if self.events == ANY:
            return []
        found = (name.replace("||", "|").strip() for name in _BETWEEN.split(self.events))
        return list(dict.fromkeys(name for name in found if name))

    def word(self, name: str) -> str:
        return dict(self.words).get(name, "")

    @property
    def matcher(self) -> dict[str, Any]:
        """The matcher as a question takes it."""
        names = self.names
        out: dict[str, Any] = {"event_in": names} if len(names) > 1 else {"event": names[0] if names else None}
        if self.conditions:
            out["where"] = [_condition(text) for text in self.conditions]
        return out

    def pairs(self, prefix: str) -> Pairs:
        """The words of the address that say it."""
        own = [(f"{prefix}.if", text) for text in self.conditions]
        return [(prefix, self.events), *own, *((f"{prefix}.{name}", value) for name, value in self.words)]


def parts(condition: str) -> tuple[str, str, str]:
    """(property, operator, value) of a condition as the address writes it."""
    prop, _tilde, rest = condition.partition("~")
    op, _tilde, value = rest.partition("~")
    return prop, op, value


def _condition(text: str) -> dict[str, Any]:
    prop, op, value = parts(text)
    if op in WITHOUT_VALUE:
        return {"prop": prop, "op": op}
    return {"prop": prop, "op": op, "value": value.split(SEPARATOR) if op == "in" else value}


def written(name: str) -> str:
    """The name of an event as an address writes it."""
    return name.replace("|", "||")


def prefixes(place: Place, count: int) -> list[str]:
    """What the words of a place begin with."""
    return [f"{place.name}{n}" for n in range(1, count + 1)] if place.is_many else [place.name]


def read(query: QueryDict, place: Place) -> tuple[Chosen, ...]:
    """What an address says of a place, blanks included, as many as there are to show."""
    said = [n for n in range(1, place.most + 1) if f"{place.name}{n}" in query] if place.is_many else []
    count = max(said, default=0) or place.least
    return tuple(_chosen(query, place, prefix) for prefix in prefixes(place, count))


def _chosen(query: QueryDict, place: Place, prefix: str) -> Chosen:
    events = query.get(prefix, place.usual).strip()
    words = []
    for word in place.words:
        value = query.get(f"{prefix}.{word.name}", "").strip()
        if value and value != word.usual:
            words.append((word.name, value))
    return Chosen(events, tuple(_conditions(query, prefix))[:MOST_CONDITIONS], tuple(words))


def _conditions(query: QueryDict, prefix: str) -> Iterator[str]:
    yield from (text for text in query.getlist(f"{prefix}.if") if "~" in text)
    columns = [[text.strip() for text in query.getlist(f"{prefix}.{part}")] for part in _PARTS]
    for prop, op, value in zip(*columns, strict=False):
        if not prop or op not in OPERATORS or (not value and op not in WITHOUT_VALUE):
            continue
        if op in WITHOUT_VALUE:
            yield f"{prop}~{op}"
        else:
            yield f"{prop}~{'in' if SEPARATOR in value and op == 'eq' else op}~{value}"


def pairs_of(place: Place, chosen: Sequence[Chosen]) -> Pairs:
    """The words of the address that say a place; what is usual is not said."""
    if not place.is_many and chosen == (Chosen(place.usual),):
        return []
    both = zip(prefixes(place, len(chosen)), chosen, strict=True)
    return [pair for prefix, one in both for pair in one.pairs(prefix)]


def done(doing: str, place: Place, chosen: Sequence[Chosen]) -> tuple[Chosen, ...]:
    """The same after what a button of the form does with it; blanks beyond what is asked for at least are left out."""
    out = list(chosen)
    if doing == "show":
        kept = list(filled(out))
        return tuple(kept if len(kept) >= place.least else out[: max(place.least, len(kept))])
    if doing == f"{place.name}.add" and len(out) < place.most:
        return (*out, Chosen(""))
    name, _dot, what = doing.rpartition(".")
    if not place.is_many or name not in prefixes(place, len(out)):
        return tuple(out)
    at = prefixes(place, len(out)).index(name)
    if what == "drop":
        del out[at]
    elif what in ("up", "down") and 0 <= (there := at + (1 if what == "down" else -1)) < len(out):
        out[at], out[there] = out[there], out[at]
    return tuple(out)


def filled(chosen: Sequence[Chosen]) -> tuple[Chosen, ...]:
    """Those that name events."""
    return tuple(one for one in chosen if not one.is_blank)
