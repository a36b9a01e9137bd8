"""The chart of MRR over time, with the line to its target and what happened on the way; and its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from tenure.web import formatting as f
from tenure.web.goals.annotations import Happened
from tenure.web.goals.verdict import Course
from tenure.web.stretch import Stretch
from tenure.web.subscriptions.board import compared_legend, door
from tenure.web.subscriptions.figures import Row
from tenure.web.subscriptions.pictures import Beside, axis_name, beside_it, round_values, width_of

MOST_AHEAD = 24
"""Periods that the line to a target may reach beyond the ones shown."""


def course_chart(
    rows: Sequence[Row],
    stretch: Stretch,
    currency: str,
    course: Course | None,
    happened: Happened,
    others: Mapping[str, Beside],
) -> dict[str, Any]:
    """MRR at each close; dotted what it should be; dashed what each period is compared with, unless it
    is the one to the left; marks of what happened."""
    periods = [row["period"] for row in rows]
    if course is not None:
        ahead = (
            stretch.calendar.count(periods[-1], stretch.calendar.name(course.ends, stretch.grain), stretch.grain) - 1
        )
        if ahead <= MOST_AHEAD:
            periods += [stretch.step(rows[-1]["period"], n) for n in range(1, ahead + 1)]
    marks = happened.marks(periods)
    said = {mark["at"]: mark["said"] for mark in marks}
    values = [row["close"] for row in rows]
    aims = [] if course is None else [_aim(course, period, stretch) for period in periods]
    drawn = beside_it([row["period"] for row in rows], others)
    then = [drawn[row["period"]].row["close"] if row["period"] in drawn else None for row in rows]
    known = [*values, *aims, *(value for value in then if value is not None)]
    ticks = round_values(min(known), max(known))
    scale = f.scale_of(ticks)
    running = not rows[-1]["complete"]
    label = title(rows, stretch)
    places = f.places_of(values, currency)
    return {
        "title": label,
        "summary": summary(rows, stretch, course),
        "data": {
            "kind": "lines",
            "label": label,
            "min": float(min([ticks[0], *known])),
            "max": float(max([ticks[-1], *known])),
            "ticks": [{"value": float(t), "text": scale.text(t)} for t in ticks],
            "widest": max(width_of(f.period_short(period)) for period in periods),
            "periods": [
                {
                    "name": axis_name(period),
                    "tip": _tip(period, at, rows, aims, stretch, currency, others.get(period), said),
                }
                for at, period in enumerate(periods)
            ],
            "series": [
                *(
                    []
                    if not aims
                    else [
                        {
                            "style": "target",
                            "values": [float(value) for value in aims],
                            "end": _("Target %(amount)s") % {"amount": scale.text(aims[-1])},
                        }
                    ]
                ),
                *(
                    [{"style": "compared", "values": [None if v is None else float(v) for v in then], "end": ""}]
                    if drawn
                    else []
                ),
                {
                    "style": "actual",
                    "values": [float(value) for value in values],
                    "running": running,
                    "end": scale.text(values[-1]),
                    "hrefs": [door(stretch)(row, "close") for row in rows],
                },
            ],
            "marks": marks,
        },
        "rows": [
            {
                "label": f.period(row["period"], stretch.grain),
                "running": running and row is rows[-1],
                "text": f.exact(row["close"], places),
                "exact": f.plain(row["close"]),
                "aim": f.exact(aims[at]) if aims else "",
                "then": _then(others.get(row["period"]), places, stretch),
                "href": door(stretch)(row, "close"),
            }
            for at, row in reversed(list(enumerate(rows)))
        ],
        "has_aim": bool(aims),
        "has_comparison": bool(others),
        "compared": compared_legend(stretch) if drawn else "",
        "unit": f.symbol(currency).strip(),
    }


def _then(other: Beside | None, places: int, stretch: Stretch) -> dict[str, str]:
    """The cells of the period compared with."""
    if other is None:
        return {"name": "", "text": f.NOTHING, "exact": _("Not defined for this period"), "href": ""}
    value = other.row["close"]
    opens = door(stretch)(other.row, "close")
    return {"name": other.name, "text": f.exact(value, places), "exact": f.plain(value), "href": opens}


def title(rows: Sequence[Row], stretch: Stretch) -> str:
    change = rows[-1]["close"] - rows[0]["open"]
    places = {"amount": str(f.short(abs(change))), "since": f.period(rows[0]["period"], stretch.grain)}
    if change > 0:
        return _("MRR grew by %(amount)s since the start of %(since)s") % places
    if change < 0:
        return _("MRR fell by %(amount)s since the start of %(since)s") % places
    return _("MRR is where it was at the start of %(since)s") % places


def summary(rows: Sequence[Row], stretch: Stretch, course: Course | None) -> str:
    running = not rows[-1]["complete"]
    if course is not None and running:
        return _("Dotted is the straight line to the target; the open end is not over.")
    if course is not None:
        return _("Dotted is the straight line to the target.")
    return _("The open end is not over.") if running else _("At the close of each period.")


def _aim(course: Course, period: str, stretch: Stretch) -> Decimal:
    last = stretch.calendar.after(period, stretch.grain)
    return course.due(min(date.fromordinal(last.toordinal() - 1), course.ends))


def _tip(
    period: str,
    at: int,
    rows: Sequence[Row],
    aims: Sequence[Decimal],
    stretch: Stretch,
    currency: str,
    other: Beside | None,
    said: Mapping[int, str],
) -> str:
    lines = [f.period(period, stretch.grain)]
    if at < len(rows):
        if not rows[at]["complete"]:
            lines = [_("%(period)s, not over") % {"period": lines[0]}]
        lines.append(_("%(name)s: %(amount)s") % {"name": _("MRR"), "amount": f.money(rows[at]["close"], currency)})
    if other is not None:
        lines.append(_("%(name)s: %(amount)s") % {"name": other.name, "amount": f.money(other.row["close"], currency)})
    if aims:
        lines.append(
            _("%(name)s: %(amount)s") % {"name": _("Target line"), "amount": f.money(round(aims[at]), currency)}
        )
    if at in said:
        lines.append(said[at])
    return "\n".join(lines)
