"""What a question wants to know of events, and the trails that it gets. Hides how trails of parts become one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tenure.warehouse.matchers import Matcher

Integers = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Bits = npt.NDArray[np.uint64]

PROPERTY = "prop:"
EVERYTHING = "everything"
"""The unit of questions that count events: all of them are one."""
MISSING = -1


@dataclass(frozen=True, slots=True)
class Trails:
    """Events by unit; those of unit u are first[u] .. first[u + 1], in the order (moment, arrival)."""

    names: pa.Array
    """the units' ids, one text a unit; may be empty where not asked for"""
    first: Integers
    at: Integers
    """moments in microseconds UTC"""
    bits: Bits
    """bit k is set where the event meets matcher k"""
    row_key: Integers
    person: Codes
    """code of the user, MISSING where not known; empty where not asked for"""
    values: Mapping[str, tuple[Codes, list[str]]]
    """property -> (code of its value or MISSING, the values)"""
    left_out: int
    """events that meet a matcher and have no unit"""

    @property
    def units(self) -> int:
        return len(self.first) - 1

    def unit_of(self, events: Integers) -> Integers:
        """The unit of each event."""
        return np.searchsorted(self.first, events, "right") - 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a question wants to know of events."""

    unit: str
    matchers: Sequence[Matcher]
    every: bool = False
    """also events that meet no matcher"""
    person: bool = False
    values: tuple[str, ...] = ()
    roles: Mapping[int, str] | None = None
    """matcher -> the role in the buying committee that the person must have"""
    since: int | None = None
    before: int | None = None
    """moments in microseconds, half-open"""
    silent: bool = False
    """also units without any event that meets a matcher: their trails are empty"""
    proof: bool = True
    """whether the keys of the rows are asked for; else the trails may have none"""
    named: bool = True
    """whether the units' ids are asked for; else the trails may have none"""


def joined(parts: Sequence[Trails]) -> Trails:
    """The trails of parts, one after the other; values get the same codes in all, and those that do not occur go."""
    if len(parts) == 1:
        return parts[0]
    ends = np.cumsum([0, *(part.first[-1] for part in parts)])
    firsts = [part.first[:-1] + end for part, end in zip(parts, ends, strict=False)]
    return Trails(
        pa.concat_arrays([part.names for part in parts]),
        np.append(np.concatenate(firsts), ends[-1]).astype(np.int64),
        np.concatenate([part.at for part in parts]),
        np.concatenate([part.bits for part in parts]),
        np.concatenate([part.row_key for part in parts]),
        np.concatenate([part.person for part in parts]),
        {name: _occurring([part.values[name] for part in parts]) for name in parts[0].values},
        sum(part.left_out for part in parts),
    )


def _occurring(values: Sequence[tuple[Codes, list[str]]]) -> tuple[Codes, list[str]]:
    codes, texts = _alike(values)
    there = np.flatnonzero(np.bincount(codes + 1, minlength=len(texts) + 1)[1:])
    place = np.full(len(texts) + 1, MISSING, np.int32)
    place[there] = np.arange(len(there))
    return place[codes], [texts[c] for c in there.tolist()]


def _alike(values: Sequence[tuple[Codes, list[str]]]) -> tuple[Codes, list[str]]:
    """(the codes of all parts, their texts), whether the parts had one list of texts or each its own."""
    texts = values[0][1]
    if all(own is texts for _, own in values):
        return np.concatenate([codes for codes, _ in values]), texts
    known: dict[str, int] = {}
    codes = []
    for part, own in values:
        place = np.array([*(known.setdefault(text, len(known)) for text in own), MISSING], np.int32)
        codes.append(place[part])
    return np.concatenate(codes), list(known)
