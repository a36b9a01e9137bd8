"""The form of a page of behaviour as values a template prints: places with their events, conditions, and choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from tenure.web.behaviour.address import Chosen, Place, Word, parts, prefixes
from tenure.web.behaviour.sheet import RANGE, Given
from tenure.web.listing.columns import OPERATORS, OPERATORS_SAID

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def form(given: Given, path: str, problem: Mapping[str, str] | None) -> dict[str, Any]:
    """The form; `problem` is what was refused: the place or word it is of, and a sentence."""
    told = problem or {"field": "", "said": ""}
    shown = [_place(place, given.places[place.name], told) for place in given.sheet.places]
    names = {row["name"] for one in shown for row in one["rows"]} | {w.name for w in given.sheet.every_word}
    return {
        "path": path,
        "places": shown,
        "words": [_word(word, word.name, given.words[word.name], told) for word in given.sheet.every_word],
        "hidden": [pair for pair in (*given.said, *given.slice.pairs) if pair[0] in (*RANGE, "f")],
        "problem": told["said"] if told["field"] not in names else "",
        "operators": [{"name": op, "label": OPERATORS_SAID[op]} for op in OPERATORS],
    }


def _place(place: Place, chosen: Sequence[Chosen], told: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": place.name,
        "label": place.label,
        "add": place.add if place.is_many and len(chosen) < place.most else "",
        "rows": list(_rows(place, chosen, told)),
    }


def _rows(place: Place, chosen: Sequence[Chosen], told: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    last = len(chosen) - 1
    for at, (prefix, one) in enumerate(zip(prefixes(place, len(chosen)), chosen, strict=True)):
        words = [_word(word, f"{prefix}.{word.name}", one.word(word.name), told) for word in place.words]
        yield {
            "name": prefix,
            "label": _("%(what)s %(number)s") % {"what": place.label, "number": at + 1}
            if place.is_many
            else place.label,
            "mark": (LETTERS[at] if place.letters else str(at + 1)) if place.is_many else "",
            "events": one.events,
            "is_new": one.is_blank and at > 0,
            "conditions": [_condition(text, f"{prefix}-{n}") for n, text in enumerate(one.conditions)],
            "blank": _condition("", f"{prefix}-{len(one.conditions)}"),
            "words": words,
            "is_open": bool(one.words) or any(word["problem"] for word in words),
            "up": place.is_many and at > 0,
            "down": place.is_many and at < last,
            "drop": place.is_many and len(chosen) > max(place.least, 0),
            "problem": told["said"] if told["field"] == prefix else "",
        }


def _condition(text: str, anchor: str) -> dict[str, Any]:
    prop, op, value = parts(text)
    return {"anchor": anchor, "prop": prop, "op": op or OPERATORS[0], "value": value}


def _word(word: Word, name: str, value: str, told: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": name,
        "anchor": name.replace(".", "-"),
        "label": word.label,
        "kind": word.kind,
        "value": value,
        "hint": word.hint,
        "offers": word.offers,
        "options": [
            {"value": option, "label": said, "chosen": option == (value or word.usual)}
            for option, said in word.options.items()
        ],
        "problem": told["said"] if told["field"] == name else "",
    }
