"""Which heading becomes which column. Hides the guess; says how sure it is, and refuses where a person must choose."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tenure.apps.connectors.files import named, rejects
from tenure.apps.connectors.files.headings import IMPLIED, KINDS, normal, ranks
from tenure.apps.connectors.files.options import Options
from tenure.apps.connectors.files.problems import ImportRefused, Problem, shown
from tenure.apps.connectors.files.readers import place_name
from tenure.warehouse.schema import TABLES

_CONFIDENCE = {0: 1.0, 1: 0.9, 2: 0.6}
_MADE_BY_US = frozenset({"recorded_at", "superseded_at"})
"""Columns of the contract that an import never sets: the store knows when it came to know a row."""
_ALSO_NEEDED = {
    "subscriptions": ("amount",),
    "invoice_lines": ("amount",),
    "events": ("event_id",),
    "touches": ("touch_id",),
}
"""Columns without which the rows of a kind would say nothing."""
_WEIGHTY = frozenset({"end", "total", "currency", "quantity", "interval", "interval_count", "trial_end", "row_id"})
"""Columns that change figures: several headings for one of them are never decided by a guess."""
_PLACE = re.compile(r"\{([^{}]+)\}")


def columns_for(kind: str) -> tuple[str, ...]:
    """The columns a file of this kind may fill.

    Raises: ImportRefused for a kind that is not imported.
    """
    if kind not in KINDS:
        raise ImportRefused("import.unknown_kind", value=kind, allowed=", ".join(KINDS))
    return tuple(c.name for c in TABLES[kind].inputs if c.name not in _MADE_BY_US)


def needed(kind: str) -> tuple[str, ...]:
    """The columns a row of this kind cannot do without."""
    return (*TABLES[kind].required, *_ALSO_NEEDED.get(kind, ()))


@dataclass(frozen=True, slots=True)
class Chosen:
    """One column's heading, its place in the file, and how sure the choice is (1: said by a person, or its name)."""

    column: str
    heading: str
    index: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How each column is filled."""

    kind: str
    chosen: tuple[Chosen, ...]
    constants: Mapping[str, str]
    stamps: str | None
    unused: tuple[tuple[int, str], ...]
    notes: tuple[Problem, ...] = field(default=())
    own: tuple[tuple[int, Any], ...] = field(default=())
    """custom fields, by the places of the columns that fill them"""

    def heading_of(self, column: str) -> str:
        return next((c.heading for c in self.chosen if c.column == column), column)

    def as_dict(self) -> dict[str, Any]:
        return {
            "columns": [{"column": c.column, "heading": c.heading, "confidence": c.confidence} for c in self.chosen],
            "constants": dict(self.constants),
            "unused": [heading for _index, heading in self.unused],
        }


def plan(
    kind: str, headings: Sequence[str], options: Options, folder: Path | None = None, fields: Sequence[Any] = ()
) -> Plan:
    """The mapping of a file: what a person said, then the named mapping, then custom fields, then the guess.

    Raises: ImportRefused naming the headings seen, if a needed column is missing or several headings could be one.
    """
    found = _choose(kind, headings, options, folder, fields)
    if missing := missing_columns(found):
        listed = ", ".join(shown(h, 40) for h in headings if h) or "–"
        raise ImportRefused("import.missing_column", missing=missing[0], headings=listed, all_missing=missing)
    return found


def suggestion(
    kind: str, headings: Sequence[str], options: Options, folder: Path | None = None, fields: Sequence[Any] = ()
) -> Plan:
    """The mapping as far as it is clear, for a person to complete: what several headings could be is left open.

    Raises: ImportRefused for a named mapping that is not there or for another kind.
    """
    given = options
    for _attempt in columns_for(kind):
        try:
            return _choose(kind, headings, given, folder, fields)
        except ImportRefused as refused:
            column = refused.where.get("column")
            if column is None or (column in given.columns and not given.columns[column]):
                raise
            given = replace(given, columns={**given.columns, column: ""})
    return _choose(kind, headings, given, folder, fields)


def missing_columns(found: Plan) -> list[str]:
    """The needed columns that a mapping fills with nothing."""
    filled = {*(c.column for c in found.chosen), *found.constants}
    missing = [c for c in needed(found.kind) if c not in filled]
    if found.kind == "contracts" and not {"total", "schedule"} & filled:
        missing.append("total")
    return missing


def _choose(kind: str, headings: Sequence[str], options: Options, folder: Path | None, fields: Sequence[Any]) -> Plan:
    """What a person said, then the named mapping, then the guess; needed columns may be missing."""
    allowed = columns_for(kind)
    _check_columns(kind, allowed, [*options.columns, *options.constants])
    repeated = _repeated(headings)
    base = named.find(options.mapping, kind, folder) if options.mapping else None
    if base is not None:
        _check_columns(kind, allowed, [*base.columns, *base.constants])
    constants = {**(base.constants if base else {}), **options.constants}
    chosen: dict[str, Chosen] = {}
    left_out = {column for column, heading in options.columns.items() if not heading}
    for column, heading in options.columns.items():
        if heading:
            chosen[column] = Chosen(column, heading, _find(headings, heading, repeated, column), 1.0)
    for column, wanted in (base.columns if base else {}).items():
        if column in chosen or column in left_out or column in options.constants:
            continue
        place = next((i for w in wanted for i, h in enumerate(headings) if normal_exact(h) == normal_exact(w)), None)
        if place is not None:
            _refuse_repeated(headings[place], repeated, column)
            chosen[column] = Chosen(column, headings[place], place, 1.0)
    notes: list[Problem] = []
    said = {c.index for c in chosen.values()} | _used_in(constants, headings)
    own = _own_fields(kind, fields, headings, said)
    if base is None:
        taken = said | set(own)
        spoken = set(chosen) | left_out | set(constants)
        _guess(kind, headings, repeated, spoken, taken, chosen, constants, notes)
    used = {c.index for c in chosen.values()} | rejects.own_places(headings)
    unused = tuple((i, h or place_name(i)) for i, h in enumerate(headings) if i not in used)
    order = {name: i for i, name in enumerate(allowed)}
    ordered = tuple(sorted(chosen.values(), key=lambda c: order[c.column]))
    stamps = options.stamps or (base.stamps if base else None)
    return Plan(kind, ordered, constants, stamps, unused, tuple(notes), tuple(own.items()))


def _own_fields(kind: str, fields: Sequence[Any], headings: Sequence[str], said: set[int]) -> dict[int, Any]:
    """Custom fields by the place of the first heading that is their key or a label, unless it is said to be another.

    A heading that is a column's own name is that column's.
    """
    called: dict[str, Any] = {}
    for one in fields:
        called |= {normal_exact(word): one for word in (one.label_en, one.label_zh, one.key) if word}
    columns = set(columns_for(kind)) if called else set()
    found: dict[int, Any] = {}
    for index, heading in enumerate(headings):
        one = called.get(normal_exact(heading))
        if one is not None and index not in said and normal(heading) not in columns and one not in found.values():
            found[index] = one
    return found


def normal_exact(heading: str) -> str:
    """A heading as compared in named mappings: `Start (UTC)` and `Start Date (UTC)` stay different, `(UTC)` stays."""
    return " ".join(heading.split()).casefold()


def _check_columns(kind: str, allowed: Sequence[str], given: Sequence[str]) -> None:
    for column in given:
        if column not in allowed:
            raise ImportRefused("import.unknown_column", kind=kind, value=column, allowed=", ".join(allowed))


def _repeated(headings: Sequence[str]) -> dict[str, int]:
    counts = Counter(h for h in headings if h)
    return {h: n for h, n in counts.items() if n > 1}


def _refuse_repeated(heading: str, repeated: Mapping[str, int], column: str) -> None:
    if heading in repeated:
        raise ImportRefused("import.heading_twice", value=heading, count=repeated[heading], column=column)


def _find(headings: Sequence[str], wanted: str, repeated: Mapping[str, int], column: str) -> int:
    for same in (str, normal_exact):
        for index, heading in enumerate(headings):
            if same(heading) == same(wanted.strip()):
                _refuse_repeated(heading, repeated, column)
                return index
    listed = ", ".join(shown(h, 40) for h in headings if h)
    raise ImportRefused("import.unknown_heading", value=wanted, headings=listed, column=column)


def _used_in(constants: Mapping[str, str], headings: Sequence[str]) -> set[int]:
    """Places of the headings that constants are made of: they are not guessed a second time."""
    words = {normal_exact(w) for value in constants.values() for w in _PLACE.findall(value)}
    return {i for i, h in enumerate(headings) if normal_exact(h) in words}


def _guess(
    kind: str,
    headings: Sequence[str],
    repeated: Mapping[str, int],
    spoken: set[str],
    taken: set[int],
    chosen: dict[str, Chosen],
    constants: dict[str, str],
    notes: list[Problem],
) -> None:
    """Give each column left its best heading; one heading serves one column, the surest choice first."""
    words = [normal(h) for h in headings]
    table = ranks(kind)
    offers = sorted(
        (rank, order, index, column)
        for order, column in enumerate(columns_for(kind))
        if column not in spoken
        for index, word in enumerate(words)
        if word and index not in taken and (rank := table[column].get(word)) is not None
    )
    for rank, _order, index, column in offers:
        if column in chosen or index in taken:
            continue
        rivals = [headings[i] for r, _o, i, c in offers if c == column and r == rank and i not in taken]
        if len(rivals) > 1 and (column in needed(kind) or column in _WEIGHTY):
            _refuse_repeated(headings[index], repeated, column)
            raise ImportRefused("import.ambiguous_column", column=column, headings=", ".join(rivals))
        chosen[column] = Chosen(column, headings[index], index, 0.5 if len(rivals) > 1 else _CONFIDENCE[rank])
        taken.add(index)
    amount = chosen.get("amount")
    implied = IMPLIED.get(normal(amount.heading)) if amount is not None and kind == "subscriptions" else None
    if amount is None or implied is None:
        return
    for column, value in (("interval", implied.interval), ("interval_count", "1")):
        if column not in spoken:
            chosen.pop(column, None)
            constants.setdefault(column, value)
    if implied.all_units and "quantity" not in spoken and (quantity := chosen.pop("quantity", None)) is not None:
        detail = {"heading": quantity.heading, "amount": amount.heading}
        notes.append(Problem("import.quantity_left_out", heading=quantity.heading, detail=detail))
