"""A sparkline as SVG paths: works without scripts, in print and in mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT, MARGIN = 72, 24, 3


@dataclass(frozen=True, slots=True)
class Sparkline:
    """`path` is what is over, `running` the step into a period that is not, (`x`, `y`) the last point."""

    path: str
    running: str
    x: str
    y: str


def sparkline(
    values: Sequence[Decimal | None], running: bool = False, *, width: int = WIDTH, height: int = HEIGHT
) -> Sparkline | None:
    """The line through `values`; periods without a figure leave a gap. None with fewer than two figures."""
    known = [float(v) for v in values if v is not None]
    if len(known) < 2 or values[-1] is None:
        return None
    low, high = min(known), max(known)
    across = (width - 2 * MARGIN) / (len(values) - 1)
    down = (height - 2 * MARGIN) / (high - low) if high > low else 0.0
    points = [
        None if v is None else (MARGIN + i * across, height - MARGIN - (float(v) - low) * down if down else height / 2)
        for i, v in enumerate(values)
    ]
    solid = points[:-1] if running else points
    before, last = points[-2], points[-1]
    assert last is not None
    tail = _path([before, last]) if running and before is not None else ""
    return Sparkline(_path(solid), tail, f"{last[0]:.1f}", f"{last[1]:.1f}")


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    text, drawing = "", False
    for point in points:
        if point is not None:
            text += f"{'L' if drawing else 'M'}{point[0]:.1f},{point[1]:.1f}"
        drawing = point is not None
    return text
