"""The people of a deal as a drawn map: decision power from top to bottom, stance from left to right.

It is an SVG of the server: it works without scripts, in print, and its words are in the list beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from tenure.web.records.words import CHOICES

POWERS = (3, 2, 1, 0)
STANCES = (-2, -1, 0, 1, 2)
LEFT, COLUMN, TOP, BOX, GAP = 120, 128, 28, 30, 8
NAME_LENGTH, ROLE_LENGTH = 16, 22
_SHAPES = {-1: "people__box people__box--against", 0: "people__box", 1: "people__box people__box--for"}


@dataclass(frozen=True, slots=True)
class Node:
    """One person on the map."""

    contact_id: str
    name: str
    roles: str
    power: int
    stance: int
    sways: Sequence[str]


def drawn(people: Sequence[Node]) -> dict[str, Any]:
    """Boxes, lines, rows and columns with their places; `said` tells the same in a sentence."""
    at: dict[str, tuple[int, int]] = {}
    boxes, rows, top = [], [], TOP
    for power in POWERS:
        here = [one for one in people if one.power == power]
        most = max((sum(one.stance == stance for one in here) for stance in STANCES), default=0)
        height = max(most, 1) * (BOX + GAP) + GAP
        rows.append({"label": CHOICES["committee_members", "decision_power"][str(power)], "y": top, "height": height})
        for column, stance in enumerate(STANCES):
            for place, one in enumerate(one for one in here if one.stance == stance):
                x, y = LEFT + column * COLUMN + 4, top + GAP + place * (BOX + GAP)
                at[one.contact_id] = (x + (COLUMN - 8) // 2, y + BOX // 2)
                boxes.append(
                    {
                        "x": x,
                        "y": y,
                        "width": COLUMN - 8,
                        "text": x + 8,
                        "first": y + 13,
                        "second": y + 25,
                        "name": _cut(one.name, NAME_LENGTH),
                        "roles": _cut(one.roles, ROLE_LENGTH),
                        "shape": _SHAPES[(stance > 0) - (stance < 0)],
                    }
                )
        top += height
    lines = [
        {"x1": at[one.contact_id][0], "y1": at[one.contact_id][1], "x2": at[other][0], "y2": at[other][1]}
        for one in people
        for other in one.sways
        if other in at and one.contact_id in at
    ]
    stances = [CHOICES["committee_members", "stance"][str(stance)] for stance in STANCES]
    return {
        "width": LEFT + COLUMN * len(STANCES),
        "height": top,
        "columns": [{"label": label, "x": LEFT + at * COLUMN + COLUMN // 2} for at, label in enumerate(stances)],
        "rows": rows,
        "boxes": boxes,
        "lines": lines,
        "box_height": BOX,
        "said": _("People of the deal by decision power and stance; the list below says the same."),
    }


def _cut(text: str, most: int) -> str:
    """A text that fits into a box: a Chinese character is as wide as two others."""
    wide = 0
    for at, letter in enumerate(text):
        wide += 1 if letter.isascii() else 2
        if wide > most:
            return f"{text[: max(at - 1, 1)]}…"
    return text
