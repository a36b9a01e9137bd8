"""What is next in a tender, and what keeps a bid from being ready. Pure: the moment and the zone are given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any

DEADLINES = ("sign_up_by", "documents_by", "questions_by", "deposit_by", "submit_by", "opening_at", "result_by")
"""The moments of a tender, in the order in which they come."""
OPEN, EXPIRES, NO_DAY = "open", "expires", "no_day"
"""Why an item keeps a bid from being ready."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something that a bid must contain."""

    name: str
    mandatory: bool = True
    state: str = "open"
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class Lack:
    """What keeps a bid from being ready: which item, and why."""

    item: str
    why: str


def lacking(items: Iterable[Item], submit_by: datetime | None, local: tzinfo) -> list[Lack]:
    """What keeps a bid from being ready: mandatory items that are open, and certificates that end before the day of
    submission as the zone has it. A waived item asks for nothing; one that is not mandatory may stay open."""
    day = submit_by.astimezone(local).date() if submit_by is not None else None
    found = []
    for item in items:
        if item.state == "waived" or (item.state == "open" and not item.mandatory):
            continue
        if item.state == "open":
            found.append(Lack(item.name, OPEN))
        elif item.valid_until is not None and day is None:
            found.append(Lack(item.name, NO_DAY))
        elif item.valid_until is not None and day is not None and item.valid_until < day:
            found.append(Lack(item.name, EXPIRES))
    return found


def next_deadline(tender: Mapping[str, Any], now: datetime) -> str | None:
    """Which of the deadlines comes next; None if all are over or unknown."""
    ahead = [(tender[name], at, name) for at, name in enumerate(DEADLINES) if tender.get(name) and tender[name] >= now]
    return min(ahead)[2] if ahead else None
