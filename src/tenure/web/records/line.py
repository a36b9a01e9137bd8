"""A step line of MRR as one SVG path, made on the server: it needs no script, prints, and can be read as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tenure.web import formatting as f
from tenure.web.goals.annotations import Mark
from tenure.web.subscriptions.pictures import round_values

WIDTH, HEIGHT = 640, 190
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 24
TICKS_BELOW = 6


@dataclass(frozen=True, slots=True)
class Line:
    """The picture in its own units; the last step, of the running month, is drawn dashed."""

    width: int
    height: int
    path: str
    area: str
    running: str
    x: str
    y: str
    rules: list[dict[str, str]]
    names: list[dict[str, str]]
    marks: list[dict[str, str]]
    foot: int


def line(periods: Sequence[str], values: Sequence[Decimal], marks: Sequence[Mark] = ()) -> Line | None:
    """The steps of MRR by month, with what happened on the way; None where there is nothing to draw."""
    if not any(values) or len(values) < 2:
        return None
    heights = round_values(Decimal(0), max(values))
    highest = max(*values, heights[-1])
    scale = f.scale_of(heights)
    step = (WIDTH - LEFT - RIGHT) / (len(values) - 1)

    def across(place: int) -> str:
        return f"{LEFT + place * step:.1f}"

    def down(value: Decimal) -> str:
        return f"{TOP + float((highest - value) / highest) * (HEIGHT - TOP - BOTTOM):.1f}"

    whole = values[:-1]
    path = f"M{across(0)} {down(whole[0])}" + "".join(
        f"H{across(place)}V{down(value)}" for place, value in enumerate(whole[1:], 1)
    )
    every = max(1, -(-len(periods) // TICKS_BELOW))
    return Line(
        width=WIDTH,
        height=HEIGHT,
        path=path,
        area=f"{path}V{down(Decimal(0))}H{across(0)}Z",
        running=f"M{across(len(whole) - 1)} {down(whole[-1])}H{across(len(whole))}V{down(values[-1])}",
        x=across(len(whole)),
        y=down(values[-1]),
        rules=[_rule(down(height), scale.text(height)) for height in heights],
        names=[
            {"x": across(place), "text": name}
            for place, name in ((n, period) for n, period in enumerate(periods) if n % every == 0)
        ],
        marks=[{"x": across(mark["at"]), "said": mark["said"]} for mark in marks],
        foot=HEIGHT - BOTTOM,
    )


def _rule(y: str, text: Any) -> dict[str, str]:
    return {"y": y, "text": text, "left": str(LEFT), "right": str(WIDTH - RIGHT), "end": str(LEFT - 8)}
