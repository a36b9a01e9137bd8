"""Who has a say in a deal, and what is missing among them. Reads what is written down; guesses nothing.

Definitions with a worked table: docs/explanation/buying-committee.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal

DECIDES, CHAMPION = "decision_maker", "champion"
NO_DECISION_MAKER, NO_CHAMPION = "no_decision_maker", "no_champion"
SINGLE_THREADED, AGAINST, SILENT, UNCOVERED = "single_threaded", "against", "silent", "uncovered"
TOUCHED_WITHIN = timedelta(days=30)
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Person:
    """One committee member."""

    contact_id: str
    roles: frozenset[str] = frozenset()
    stance: int | None = None
    """-2 (against) to 2 (for); None: not known"""
    touched_on: date | None = None
    """the day of the newest activity that names the person"""


@dataclass(frozen=True, slots=True)
class Requirement:
    """The roles a deal of at least this amount needs."""

    from_amount: Decimal
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing, of which people or of which roles."""

    kind: str
    contacts: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


REQUIRED = (
    Requirement(Decimal(0), (DECIDES,)),
    Requirement(Decimal(100_000), (DECIDES, "technical_expert", "procurement", "finance")),
)
"""What is asked for as long as nobody says otherwise."""


def required_roles(amount: Decimal | None, levels: Iterable[Requirement] = REQUIRED) -> tuple[str, ...]:
    """The roles of the highest level the amount reaches; a deal without an amount needs those of the lowest."""
    reached: tuple[str, ...] = ()
    for place, level in enumerate(sorted(levels, key=lambda one: one.from_amount)):
        if place == 0 or (amount is not None and amount >= level.from_amount):
            reached = level.roles
    return reached


def coverage(people: Iterable[Person], required: Sequence[str]) -> Decimal | None:
    """Required roles somebody has / required roles; None where no role is required."""
    wanted = frozenset(required)
    held = frozenset[str]().union(*(person.roles for person in people))
    return _EXACT.divide(Decimal(len(wanted & held)), Decimal(len(wanted))) if wanted else None


def is_touched(person: Person, today: date) -> bool:
    """Whether somebody was in touch with the person within the last 30 days."""
    return person.touched_on is not None and today - person.touched_on <= TOUCHED_WITHIN


def gaps(people: Sequence[Person], required: Sequence[str], today: date) -> list[Gap]:
    """What is missing, the most serious first.

    Single-threaded is exactly one person touched: with none, silence of the decision maker says it already.
    """
    deciding = [person for person in people if DECIDES in person.roles]
    found: list[Gap] = []
    if not deciding:
        found.append(Gap(NO_DECISION_MAKER))
    against = tuple(person.contact_id for person in deciding if person.stance is not None and person.stance < 0)
    if against:
        found.append(Gap(AGAINST, against))
    silent = tuple(person.contact_id for person in deciding if not is_touched(person, today))
    if silent:
        found.append(Gap(SILENT, silent))
    if not any(CHAMPION in person.roles for person in people):
        found.append(Gap(NO_CHAMPION))
    touched = tuple(person.contact_id for person in people if is_touched(person, today))
    if len(touched) == 1:
        found.append(Gap(SINGLE_THREADED, touched))
    held = frozenset[str]().union(*(person.roles for person in people))
    missing = tuple(role for role in required if role not in held and role != DECIDES)
    if missing:
        found.append(Gap(UNCOVERED, roles=missing))
    return found
