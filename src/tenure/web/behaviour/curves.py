"""Curves of shares over the periods since a start, as values the scripts draw."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from tenure.web import formatting as f
from tenure.web.behaviour.pictures import HUES, Line
from tenure.web.subscriptions.pictures import round_values


def curve(label: str, steps: Sequence[str], drawn: Sequence[Line]) -> dict[str, Any]:
    """A chart of shares, at most as many lines as there are colours; `steps` says each place in words."""
    drawn = drawn[:HUES]
    ticks = round_values(Decimal(0), Decimal(1))
    return {
        "kind": "series",
        "label": label,
        "min": 0.0,
        "max": 1.0,
        "ticks": [{"value": float(t), "text": f.percent(t, 0)} for t in ticks],
        "widest": 3,
        "periods": [{"name": str(k), "tip": _tip(step, k, drawn)} for k, step in enumerate(steps)],
        "series": [
            {
                "name": line.name,
                "hue": hue,
                "values": [None if value is None else float(value) for value in line.values],
                "open": len(line.values),
                "hrefs": [],
            }
            for hue, line in enumerate(drawn, 1)
        ],
    }


def _tip(step: str, k: int, drawn: Sequence[Line]) -> str:
    said = [_("%(name)s: %(amount)s") % {"name": line.name, "amount": f.percent(line.values[k])} for line in drawn]
    return "\n".join([step, *said])
