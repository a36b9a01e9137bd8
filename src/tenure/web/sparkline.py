"""A sparkline as SVG paths: works without scripts, in print and in mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

WIDTH, HEIGHT, MARGIN = 72, 24, 3


@dataclass(frozen=True, slots=True)
class Sparkline:
    """`path` is what is over, `running` the step into a period that is not, (`x`, `y`) the last figure there is;
    `marks` are what happened on the way, each with its place and its words."""

    path: str
    running: str
    x: str
    y: str
    marks: tuple[Mapping[str, str], ...] = ()


def sparkline(
    values: Sequence[Decimal | None],
    running: bool = False,
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
    marks: Sequence[Mapping[str, Any]] = (),
) -> Sparkline | None:
    """The line through `values`; periods without a figure leave a gap, and a figure between two gaps is a dot.

    None with fewer than two figures.

    marks: what happened, by the place of its value (`at`) and in words (`said`).
    """
    known = [float(v) for v in values if v is not None]
    if len(known) < 2:
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
    tail = _path([before, last]) if running and before is not None and last is not None else ""
    x, y = next(point for point in reversed(points) if point is not None)
    placed = tuple({"x": f"{MARGIN + mark['at'] * across:.1f}", "said": mark["said"]} for mark in marks)
    return Sparkline(_path(solid), tail, f"{x:.1f}", f"{y:.1f}", placed)


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    text = ""
    for place, point in enumerate(points):
        if point is None:
            continue
        drawing = place > 0 and points[place - 1] is not None
        text += f"{'L' if drawing else 'M'}{point[0]:.1f},{point[1]:.1f}"
        if not drawing and (place + 1 == len(points) or points[place + 1] is None):
            text += "h0"
    return text
