"""A bar in a table cell as SVG widths: works without scripts, in print and in mail."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

WIDTH = 160
"""Units across the widest bar."""


@dataclass(frozen=True, slots=True)
class Meter:
    """How far the whole reaches, and how far the part of it that matters."""

    whole: str
    part: str


def meter(whole: Decimal, part: Decimal, widest: Decimal) -> Meter:
    """The bar of a row, where the widest of its column is `widest`."""
    across = WIDTH / widest if widest > 0 else Decimal(0)
    return Meter(f"{max(whole * across, Decimal(0)):.1f}", f"{max(part * across, Decimal(0)):.1f}")
