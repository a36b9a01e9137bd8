"""The two charts of the page and the tables that are their other form: one set of figures, written twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenure.web import formatting as f
from tenure.web.goals.annotations import Mark
from tenure.web.subscriptions.figures import Row, net_new
from tenure.web.subscriptions.words import GAINS, KINDS, LOSSES

Door = Callable[[Row, str], str]
"""The address of the rows behind a kind of movement in the period of a row."""

TICKS = 5
_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
_COUNTED = {
    "open": "customers_open",
    "new": "customers_new",
    "reactivation": "customers_reactivated",
    "churn": "customers_churned",
    "close": "customers_close",
}


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    exact: str
    href: str


@dataclass(frozen=True, slots=True)
class Beside:
    """What a period is compared with: its row, and how it is named."""

    row: Row
    name: str


def value_of(row: Row, kind: str) -> Decimal:
    """A figure of a row by its kind, the net among them."""
    return net_new(row) if kind == "net" else row[kind]


def kinds_in(rows: Sequence[Row]) -> list[str]:
    """The kinds of movement that occur, in their order; entering and leaving only exist in slices."""
    always = {"new", "expansion", "contraction", "churn"}
    return [kind for kind in (*GAINS, *LOSSES) if kind in always or any(row[kind] for row in rows)]


def bridge_chart(
    row: Row, currency: str, label: str, door: Door, unusual: set[str], before: Row | None = None, before_name: str = ""
) -> dict[str, Any]:
    """From the opening to the close of one period, step by step; each says what it was in the period before, if any."""
    steps = [kind for kind in (*GAINS, *LOSSES, "fx") if row[kind]]
    tops, level = [row["open"]], row["open"]
    for kind in steps:
        level += row[kind]
        tops.append(level)
    scale = f.scale_of([row[kind] for kind in steps] or tops)
    foot = _foot(min(tops), max(tops))
    items = [_total("open", row, scale, foot)]
    for kind, start, stop in zip(steps, tops, tops[1:], strict=False):
        items.append(
            {
                "kind": kind,
                "name": str(KINDS[kind]),
                "note": _customers(row, kind),
                "from": float(start),
                "to": float(stop),
                "text": scale.text(row[kind], plus=True),
                "unusual": kind in unusual,
                "running": not row["complete"],
            }
        )
    items.append(_total("close", row, scale, foot))
    for kind, item in zip(("open", *steps, "close"), items, strict=True):
        plus = item["kind"] != "total"
        item["tip"] = _tip(KINDS[kind], f.money(row[kind], currency, plus=plus))
        if before is not None:
            item["tip"] += "\n" + _tip(before_name, f.money(before[kind], currency, plus=plus))
        item["href"] = door(row, kind)
    top = max(tops)
    return {
        "kind": "waterfall",
        "label": label,
        "min": float(foot),
        "max": float(top if top > foot else foot + 1),
        "widest": max(width_of(item["name"]) for item in items),
        "items": items,
    }


def _total(kind: str, row: Row, scale: f.Scale, foot: Decimal) -> dict[str, Any]:
    return {
        "kind": "total",
        "name": str(KINDS[kind]),
        "note": _customers(row, kind),
        "from": float(foot),
        "to": float(row[kind]),
        "text": scale.text(row[kind]),
        "unusual": False,
        "running": kind == "close" and not row["complete"],
    }


def _tip(name: Any, amount: str) -> str:
    return _("%(name)s: %(amount)s") % {"name": name, "amount": amount}


def _customers(row: Row, kind: str) -> str:
    if kind not in _COUNTED:
        return ""
    count = row[_COUNTED[kind]]
    return ngettext("%(count)s customer", "%(count)s customers", count) % {"count": f.exact(count)}


def _foot(low: Decimal, high: Decimal) -> Decimal:
    """Where the upright axis begins: at 0, unless the movements would be too thin to see beside the totals."""
    if low <= 0:
        return low
    spread = high - low
    if spread * 2 >= low or not spread:
        return Decimal(0)
    return _down_to(low - spread * Decimal("0.35"), _nice(spread / 4))


def bridge_rows(row: Row, before: Row | None, currency: str, door: Door) -> list[dict[str, Any]]:
    """The same figures as a table, beside those of the period compared with."""
    shown = ["open", *kinds_in([row] if before is None else [row, before]), "fx", "close"]
    values = [r[kind] for r in (row, before) if r is not None for kind in shown]
    places = f.places_of(values, currency)
    rows = []
    for kind in shown:
        total = kind in ("open", "close")
        cells = {
            "this": _cell(row, kind, places, door, plus=not total),
            "that": None if before is None else _cell(before, kind, places, door, plus=not total),
            "difference": "" if before is None else f.exact(row[kind] - before[kind], places, plus=True),
        }
        swatch = "total" if total else kind
        rows.append({"kind": swatch, "label": KINDS[kind], "is_total": total, **cells})
    return rows


def _cell(row: Row, kind: str, places: int, door: Door, *, plus: bool) -> Cell:
    value = value_of(row, kind)
    return Cell(f.exact(value, places, plus=plus), f.plain(value), door(row, kind))


def beside_it(periods: Sequence[str], others: Mapping[str, Beside]) -> Mapping[str, Beside]:
    """What a chart draws of the periods compared with: nothing where each is the one to the left, which it has."""
    is_left = all(others[b].row["period"] == a for a, b in pairwise(periods) if b in others)
    return {} if is_left else others


def moves_chart(
    rows: Sequence[Row],
    focus: str,
    currency: str,
    label: str,
    door: Door,
    marks: Sequence[Mark],
    others: Mapping[str, Beside],
) -> dict[str, Any]:
    """Gains above the line and losses below it, period by period; the unfinished one is marked as such.

    `others`: what each period is compared with; its net is a dashed line, unless it is that of the bar to the left.
    """
    kinds = kinds_in(rows)
    periods = [row["period"] for row in rows]
    drawn = beside_it(periods, others)
    then = [net_new(drawn[period].row) if period in drawn else None for period in periods]
    known = [value for value in then if value is not None]
    up = [sum((row[k] for k in GAINS), Decimal(0)) for row in rows]
    down = [sum((row[k] for k in LOSSES), Decimal(0)) for row in rows]
    low, high = min([*down, *known, Decimal(0)]), max([*up, *known, Decimal(0)])
    ticks = round_values(low, high)
    said = {mark["at"]: mark["said"] for mark in marks}
    scale = f.scale_of(ticks, 0 if all(t == t.to_integral_value() for t in _scaled(ticks)) else 1)
    return {
        "kind": "moves",
        "label": label,
        "min": float(min(low, ticks[0])),
        "max": float(max(high, ticks[-1])),
        "ticks": [{"value": float(t), "text": scale.text(t, plus=True)} for t in ticks],
        "widest": max(width_of(f.period_short(row["period"])) for row in rows),
        "widestName": max(width_of(str(KINDS[k])) for k in (*kinds, "net")),
        "periods": [
            {
                "name": axis_name(row["period"]),
                "tip": _moves_tip(row, kinds, currency, others.get(row["period"]), said.get(at, "")),
                "running": not row["complete"],
                "picked": row["period"] == focus,
            }
            for at, row in enumerate(rows)
        ],
        "series": [
            {
                "kind": kind,
                "name": str(KINDS[kind]),
                "values": [float(row[kind]) for row in rows],
                "hrefs": [door(row, kind) for row in rows],
            }
            for kind in kinds
        ],
        "marks": list(marks),
        "net": {"name": str(KINDS["net"]), "values": [float(net_new(row)) for row in rows]},
        "compared": [None if value is None else float(value) for value in then] if known else [],
    }


def _scaled(ticks: Sequence[Decimal]) -> list[Decimal]:
    divisor = f.scale_of(ticks).divisor
    return [t / divisor for t in ticks]


def axis_name(period: str) -> str:
    """A period under the axis; the first month or quarter of a year carries the year in a second line."""
    short = f.period_short(period)
    if period.startswith("FY"):
        return f"{short}\n{period[:6]}" if period.endswith("-Q1") else short
    first = period.endswith("-01-01") if len(period) == len("2026-01-01") else period.endswith(("-01", "-Q1"))
    return f"{short}\n{period[:4]}" if first else short


def _moves_tip(row: Row, kinds: Sequence[str], currency: str, other: Beside | None, said: str) -> str:
    name = f.period(row["period"])
    lines = [name if row["complete"] else _("%(period)s, not over") % {"period": name}]
    lines += [_tip(KINDS[kind], f.money(row[kind], currency, plus=True)) for kind in kinds if row[kind]]
    lines.append(_tip(KINDS["net"], f.money(net_new(row), currency, plus=True)))
    if other is not None:
        name = _("%(name)s, %(period)s") % {"name": KINDS["net"], "period": other.name}
        lines.append(_tip(name, f.money(net_new(other.row), currency, plus=True)))
    if said:
        lines.append(said)
    return "\n".join(lines)


def moves_columns(rows: Sequence[Row]) -> list[str]:
    """The columns of the table: exchange rates only where they did something."""
    fx = ["fx"] if any(row["fx"] for row in rows) else []
    return ["open", *kinds_in(rows), *fx, "close", "net"]


def net_then() -> str:
    """The head of the column that holds the net of the period compared with."""
    return _("Net new compared with")


def moves_table(
    rows: Sequence[Row], focus: str, currency: str, door: Door, others: Mapping[str, Beside]
) -> tuple[list[Any], list[dict[str, Any]]]:
    """Column heads and rows of the table behind the second chart, the newest period first."""
    shown = moves_columns(rows)
    places = f.places_of([row[kind] for row in rows for kind in shown if kind != "net"], currency)
    heads = [KINDS[kind] for kind in shown] + ([net_then()] if others else [])

    def then(row: Row) -> list[Cell]:
        other = others.get(row["period"])
        if other is None:
            return [Cell(f.NOTHING, _("Not defined for this period"), "")] if others else []
        cell = _cell(other.row, "net", places, door, plus=True)
        return [replace(cell, exact=f"{other.name}: {cell.exact}")]

    lines = [
        {
            "label": f.period(row["period"]),
            "is_focus": row["period"] == focus,
            "running": "" if row["complete"] else _("not over"),
            "cells": [_cell(row, kind, places, door, plus=kind not in ("open", "close")) for kind in shown] + then(row),
        }
        for row in reversed(rows)
    ]
    return heads, lines


def _nice(raw: Decimal) -> Decimal:
    """The smallest of 1, 2, 2.5, 5, 10 times a power of ten that is not below `raw`."""
    power = Decimal(1).scaleb(raw.adjusted())
    return next(step * power for step in _STEPS if step * power >= raw)


def _down_to(value: Decimal, step: Decimal) -> Decimal:
    return (value / step).to_integral_value(ROUND_FLOOR) * step


def round_values(low: Decimal, high: Decimal) -> list[Decimal]:
    """At most six round values around [low, high], with 0 among them."""
    if low == high:
        return [Decimal(0)]
    step = _nice((high - low) / TICKS)
    first = (low / step).to_integral_value(ROUND_CEILING)
    last = (high / step).to_integral_value(ROUND_FLOOR)
    return [step * n for n in range(int(first), int(last) + 1)]


def width_of(text: str) -> int:
    """How wide a word is, in narrow letters: a Chinese character counts for two."""
    return sum(2 if ord(c) > 255 else 1 for c in text)
