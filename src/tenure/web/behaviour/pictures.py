"""Charts of behaviour as values the scripts draw: lines by name over periods, and flows from step to step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from tenure.web import formatting as f
from tenure.web.behaviour.sheet import Given
from tenure.web.subscriptions.pictures import axis_name, round_values, width_of

HUES = 8
"""Lines of a chart that have a colour of their own."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line over periods; `over` says which of them have ended, `hrefs` who is behind each figure."""

    name: str
    values: Sequence[Decimal | None]
    over: Sequence[bool]
    hrefs: Sequence[str] = ()


def lines(
    label: str, periods: Sequence[str], given: Given, drawn: Sequence[Line], *, percent: bool = False
) -> dict[str, Any]:
    """A chart of lines, at most as many as there are colours."""
    drawn = drawn[:HUES]
    known = [value for line in drawn for value in line.values if value is not None]
    ticks = round_values(min([Decimal(0), *known]), max([Decimal(0), *known]))
    scale = f.scale_of(ticks)
    grain = given.stretch.grain
    return {
        "kind": "series",
        "label": label,
        "min": float(min([ticks[0], *known])),
        "max": float(max([ticks[-1], *known])) or 1.0,
        "ticks": [{"value": float(t), "text": f.percent(t, 0) if percent else scale.text(t)} for t in ticks],
        "widest": max((width_of(f.period_short(period)) for period in periods), default=1),
        "periods": [
            {"name": axis_name(period), "tip": _tip(period, grain, at, drawn, percent)}
            for at, period in enumerate(periods)
        ],
        "series": [
            {
                "name": line.name,
                "hue": hue,
                "values": [None if value is None else float(value) for value in line.values],
                "open": next((at for at, over in enumerate(line.over) if not over), len(line.over)),
                "hrefs": list(line.hrefs),
            }
            for hue, line in enumerate(drawn, 1)
        ],
    }


def _tip(period: str, grain: str, at: int, drawn: Sequence[Line], percent: bool) -> str:
    name = f.period(period, grain)
    rows = [name if all(line.over[at] for line in drawn) else _("%(period)s, not over") % {"period": name}]
    for line in drawn:
        value = line.values[at]
        text = f.percent(value) if percent else f.exact(value, f.places_of([value]))
        rows.append(_("%(name)s: %(amount)s") % {"name": line.name, "amount": text})
    return "\n".join(rows)


def legend(chart: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The names of the lines with their colours; none for a single one."""
    return [{"name": one["name"], "hue": one["hue"]} for one in chart["series"]] if len(chart["series"]) > 1 else []


@dataclass(frozen=True, slots=True)
class Flow:
    """So many go from one node to another; a node is (position, name)."""

    origin: tuple[int, str]
    target: tuple[int, str]
    count: int
    text: str
    href: str


def flows(label: str, found: Sequence[Flow], ends: str) -> dict[str, Any]:
    """A sankey; `ends` is the name of the nodes where a path ends."""
    nodes = dict.fromkeys(node for flow in found for node in (flow.origin, flow.target))
    return {
        "kind": "flow",
        "label": label,
        "nodes": [
            {"id": f"{at} {name}", "name": name, "depth": at - 1, "hue": None if name == ends else (at - 1) % HUES + 1}
            for at, name in nodes
        ],
        "links": [
            {
                "source": "{} {}".format(*flow.origin),
                "target": "{} {}".format(*flow.target),
                "value": flow.count,
                "tip": flow.text,
                "href": flow.href,
            }
            for flow in found
        ],
    }
