"""What a catalogue of events says beside counts: the types of properties, and when an event drifts.

An event drifts when it falls silent, when its name is new, or when a property comes in a type that it never had. The
rules stand in docs/metrics/event-catalogue.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

RECENT_DAYS = 7
"""An event, or a type of a property, is new for so many days."""
SILENT_DAYS = 3
"""No event is silent before more whole days without it than these."""
USUAL_DAYS = 5
"""On so many days an event has come before its silence says anything."""
MOST_EXAMPLES = 3
LONGEST_EXAMPLE = 80
MOST_PROPERTIES = 200
"""Names of properties that are told apart in one event; of more, those met first are kept."""
MOST_SILENT_TIMES = 2


@dataclass(slots=True)
class Property:
    """What samples of an event say of one property."""

    count: int = 0
    before: set[str] = field(default_factory=set)
    """types met before the recent days"""
    recent: set[str] = field(default_factory=set)
    """types met in the recent days"""
    examples: list[str] = field(default_factory=list)

    @property
    def types(self) -> list[str]:
        return sorted(self.before | self.recent)

    @property
    def changed(self) -> bool:
        """Whether it came lately in a type that it had not before."""
        return bool(self.before) and bool(self.recent - self.before)


def type_of(value: Any) -> str | None:
    """The type of a property's value; None for null, which is no value of any type."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "text"
    return "list" if isinstance(value, list) else "object"


def properties_of(samples: Iterable[tuple[int, Mapping[str, Any]]], recent: int) -> dict[str, Property]:
    """What samples say of each property, the one met most often first.

    samples: (moment, properties) of events of one name, the newest first, so that examples are of today.
    recent: from which moment on a type is new.
    """
    found: dict[str, Property] = {}
    for at, properties in samples:
        for name, value in properties.items():
            if name not in found and len(found) >= MOST_PROPERTIES:
                continue
            kind = type_of(value)
            if kind is None:
                continue
            known = found.setdefault(name, Property())
            known.count += 1
            (known.recent if at >= recent else known.before).add(kind)
            if kind in ("text", "number", "boolean") and len(known.examples) < MOST_EXAMPLES:
                text = str(value).lower() if kind == "boolean" else str(value)[:LONGEST_EXAMPLE]
                if text not in known.examples:
                    known.examples.append(text)
    return dict(sorted(found.items(), key=lambda one: (-one[1].count, one[0])))


def is_silent(days: Sequence[int]) -> bool:
    """Whether an event that used to come has stopped: more whole days without it than twice the longest stretch before.

    days: counts by day, the last day is running and says nothing while it has none.
    """
    came = [place for place, count in enumerate(days) if count]
    if len(came) < USUAL_DAYS:
        return False
    longest = max(after - before for before, after in pairwise(came)) - 1
    return len(days) - 2 - came[-1] > max(SILENT_DAYS, MOST_SILENT_TIMES * longest)


def is_new(first: int | None, began: int | None, recent: int) -> bool:
    """Whether the name of an event came up in the recent days, in a workspace that had events before them."""
    return first is not None and began is not None and began < recent <= first
