"""A cell of a heat map: which of nine steps of a hue, and how it is spoken. Step 6 is 100 %: growth has room above."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_FLOORS = tuple(Decimal(floor) for floor in ("0.60", "0.68", "0.76", "0.84", "0.92", "1", "1.08", "1.25"))
"""From these shares on a cell is of step 1, 2, ... 8."""
SHADES = ("h0", "h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8")
"""The class of each step."""
_PART_FLOORS = tuple(Decimal(floor) for floor in ("0.05", "0.10", "0.20", "0.30", "0.40", "0.55", "0.70", "0.85"))
"""The same for shares that cannot be above 1."""
SCALE = (("<60%", "h0"), ("68%", "h2"), ("84%", "h4"), ("100%", "h6"), ("≥125%", "h8"))
"""The legend: a word and its shade."""
PART_SCALE = (("<5%", "h0"), ("10%", "h2"), ("30%", "h4"), ("55%", "h6"), ("≥85%", "h8"))
"""The legend of shares that cannot be above 1."""


@dataclass(frozen=True, slots=True)
class HeatCell:
    """`shape`: its step as a class; `said`: what it says when it is hovered, focused or read aloud."""

    text: str
    shape: str
    said: str
    href: str


def step(share: Decimal) -> int:
    """The step of a share: 0 for the lightest, 8 for the strongest."""
    return sum(share >= floor for floor in _FLOORS)


def part_step(share: Decimal) -> int:
    """The step of a share that cannot be above 1."""
    return sum(share >= floor for floor in _PART_FLOORS)


def heat_cell(
    text: str,
    share: Decimal | None,
    said: Any,
    href: str,
    *,
    running: bool,
    step: Callable[[Decimal], int] = step,
) -> HeatCell:
    """A cell of the map; one whose period runs is hatched, one without a share has no colour."""
    shape = "is-running" if running else "" if share is None else SHADES[step(Decimal(share))]
    return HeatCell(text, shape, str(said), href)
