"""Everything the cockpit shows, card by card: on course or not, what moved and why, what is due, whether to trust it.

A card is asked for on its own where it is slow, and one that fails says so in its place: the others stand.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenure.apps.goals import selectors
from tenure.core.metrics.mrr import ratio
from tenure.core.metrics.renewal import UNDECIDED
from tenure.core.metrics.swing import outside_usual
from tenure.core.periods import label
from tenure.warehouse.answer import edge
from tenure.web import asking, errors
from tenure.web import formatting as f
from tenure.web.asking import Seen
from tenure.web.goals import annotations, drivers, pictures, verdict
from tenure.web.goals.annotations import Happened
from tenure.web.goals.words import RENEWAL, TILES
from tenure.web.stretch import Stretch, of
from tenure.web.subscriptions import due, health
from tenure.web.subscriptions.board import (
    HISTORY,
    Ask,
    Rows,
    against_name,
    beside,
    door,
    freshness,
    gather,
    newest_month,
    picker,
    series_of,
)
from tenure.web.subscriptions.figures import Row, Series, Tile, tile
from tenure.web.subscriptions.names import Names
from tenure.web.subscriptions.words import COMMITTED, FORMULAS

log = logging.getLogger(__name__)
DAYS_AHEAD = 7
PASSED_DAYS = 30
"""How long a notice day that passed without a decision stays on the list."""
DUE_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Gathered:
    """The answers behind the first cards."""

    rows: Rows
    stretch: Stretch
    currency: str
    targets: Mapping[str, Decimal]
    happened: Happened

    @property
    def shown(self) -> list[Row]:
        return self.rows.of(self.stretch.shown)

    @property
    def series(self) -> Series:
        return series_of(self.rows, self.stretch, self.happened)


def read(opened: Seen, stretch: Stretch, happened: Happened = annotations.NOTHING) -> Gathered:
    """Ask what the verdict and the tiles are made of; a target is of the whole firm, so a part of it has none."""
    rows = gather(opened.ask, stretch)
    currency = rows.movements.definition["settings"]["reporting_currency"]
    is_whole = not opened.limited and opened.only == asking.EVERYTHING
    return Gathered(rows, stretch, currency, selectors.values("mrr") if is_whole else {}, happened)


def board(opened: Seen, stretch: Stretch, happened: Happened) -> dict[str, Any]:
    """The page without its slow cards."""
    found = read(opened, stretch, happened)
    parts = {name: f"{reverse('cockpit_part', args=[name])}?{stretch.query()}" for name in PARTS}
    tiles, others = tiles_of(found), beside(opened.ask, stretch, found.rows)
    return {
        "range": picker(stretch, "home"),
        "facts": [freshness()],
        "broken": [check for check in found.rows.movements.checks if not check["ok"]],
        "verdict": said(found),
        "chart": pictures.course_chart(found.shown, stretch, found.currency, course_of(found), happened, others),
        "tiles": tiles,
        "moved": _moved(tiles),
        "parts": parts,
        "is_targeted": bool(found.targets),
    }


def course_of(found: Gathered) -> verdict.Course | None:
    """The course to the next target of MRR."""
    stretch, shown = found.stretch, found.shown
    last = min(stretch.calendar.after(stretch.shown[-1], stretch.grain), stretch.today) - timedelta(days=1)
    first = stretch.calendar.first(stretch.shown[0])
    return verdict.course(shown, first, last, found.targets, stretch.calendar)


def said(found: Gathered) -> dict[str, Any]:
    """The verdict: one sentence, one figure, and what it is made of."""
    course = course_of(found)
    return _by_trend(found) if course is None else _by_target(found, course)


def _by_target(found: Gathered, course: verdict.Course) -> dict[str, Any]:
    gap = course.actual - course.expected
    places = {"amount": str(f.short(abs(gap), currency=found.currency))}
    text = _("On course: %(amount)s ahead") if course.is_on_course else _("Off course: %(amount)s behind")
    reached = f.percent(course.reached)
    facts = [
        (_("Should be by now"), course.expected),
        (_("Is now"), course.actual),
        (_("Still to come"), course.target - course.actual),
    ]
    return {
        "label": _("MRR target %(amount)s for %(period)s")
        % {"amount": str(f.short(course.target, currency=found.currency)), "period": f.period(course.period)},
        "mood": "better" if course.is_on_course else "worse",
        "arrow": "up" if course.is_on_course else "fall",
        "sentence": text % places,
        "figure": f.Short.of(reached.removesuffix("%"), "%" if reached.endswith("%") else ""),
        "exact": f.plain(course.reached),
        "note": _("of what should be there on %(day)s, on a straight line to the target")
        % {"day": f.day(course.on, year=False)},
        "href": _door(found, "close"),
        "facts": [_fact(label, value, found.currency) for label, value in facts],
        "pace": _pace(found, course),
    }


def _pace(found: Gathered, course: verdict.Course) -> str:
    """What each period still has to bring, against what the last ones brought."""
    stretch = found.stretch
    last = stretch.calendar.name(course.ends, stretch.grain)
    left = stretch.calendar.count(stretch.shown[-1], last, stretch.grain) - (
        0 if found.shown[-1]["complete"] is False else 1
    )
    trend = verdict.trend(found.shown)
    missing = course.target - course.actual
    if left < 1 or trend is None or missing <= 0:
        return ""
    places = {
        "needed": str(f.short(missing / left, plus=True)),
        "usual": str(f.short(trend.now, plus=True)),
        "count": f.exact(left),
    }
    return (
        ngettext(
            "%(count)s period is left: it needs %(needed)s; the last ones brought %(usual)s each",
            "%(count)s periods are left: each needs %(needed)s; the last ones brought %(usual)s each",
            left,
        )
        % places
    )


def _by_trend(found: Gathered) -> dict[str, Any]:
    trend = verdict.trend(found.shown)
    now = found.shown[-1]
    value = f.short(now["close"], currency=found.currency)
    arrow, sentence = "flat", _("Nothing to judge by yet")
    if trend is not None:
        places = {"now": str(f.short(trend.now, plus=True))}
        arrow = "up" if trend.now > 0 else "fall" if trend.now < 0 else "flat"
        sentence = _("%(now)s a period lately") % places
        if trend.before is not None:
            places["before"] = str(f.short(trend.before, plus=True))
            sentence = _("%(now)s a period lately, %(before)s before") % places
    return {
        "label": _("MRR, without a target"),
        "mood": "",
        "arrow": arrow,
        "sentence": sentence,
        "figure": value,
        "exact": f.money(now["close"], found.currency),
        "note": _("Set a target, and this says whether you are on course."),
        "href": _door(found, "close", now),
        "facts": [],
        "pace": "",
    }


def _fact(label: str, value: Decimal, currency: str) -> dict[str, str]:
    return {"label": label, "text": str(f.short(value)), "exact": f.money(value, currency)}


def _door(found: Gathered, kind: str, row: Row | None = None) -> str:
    return door(found.stretch)(row or found.shown[-1], kind)


def tiles_of(found: Gathered) -> list[dict[str, Any]]:
    """The figures of the period in focus, each in its card."""
    series, focus = found.series, found.rows.by_period[found.stretch.last]
    opens = door(found.stretch)

    def one(metric: Any) -> Callable[[], Tile]:
        return lambda: tile(metric, series, found.currency, opens(focus, metric.behind))

    return [{"name": metric.name, **card(one(metric), metric.label)} for metric in TILES]


def card(build: Callable[[], Any], label: Any) -> dict[str, Any]:
    """What a card shows, or that it failed: the others stand beside it."""
    try:
        return {"tile": build(), "label": label, "failed": False}
    except Exception as problem:
        fault = errors.unexpected(problem)
        log.exception("a card of the cockpit failed: %s", label)
        return {"tile": None, "label": label, "failed": True, "said": errors.translated(fault)}


def _moved(tiles: Sequence[Mapping[str, Any]]) -> str:
    """The line over the tiles: how many of them are news."""
    shown = [one["tile"] for one in tiles if one["tile"] is not None]
    news = sum(1 for one in shown if one.delta is not None and one.delta.mood)
    if not news:
        return _("All within their usual range")
    return ngettext(
        "%(count)s figure left its usual range, the others did not",
        "%(count)s figures left their usual range, the others did not",
        news,
    ) % {"count": news}


# ------------------------------------------------------------------------------------- the cards asked for on their own


def why(opened: Seen, stretch: Stretch, names: Names) -> dict[str, Any]:
    """The two slices under each tile."""
    found = read(opened, stretch)
    now, before = found.rows.by_period[stretch.last], found.rows.against
    if before is None:
        return {"why": {metric.name: [] for metric in TILES}}
    asked = (_asked(stretch, now), _asked(stretch, before))
    lines = drivers.listed(opened.ask, stretch, now, before, asked, found.currency)
    return {"why": {metric.name: lines.get(metric.name, []) for metric in TILES}}


def _asked(stretch: Stretch, row: Row) -> dict[str, str]:
    """The fields of the question about a period, or about its first days."""
    days = row.get("days")
    if days is None:
        return stretch.asked(row["period"], row["period"])
    start = stretch.calendar.first(row["period"])
    stop = min(start + timedelta(days=days), stretch.calendar.after(row["period"], stretch.grain))
    return {"from": start.isoformat(), "to": stop.isoformat(), "grain": stretch.grain}


def renewal(opened: Seen, stretch: Stretch, names: Names) -> dict[str, Any]:
    """The tile of the renewal rate, of the contracts that are decided, with the slices that moved it."""
    found = _renewals(opened.ask, stretch)
    now, before = found.get(stretch.last, []), found.get(stretch.compared or "", [])
    why = drivers.of_renewals(stretch, now, before) if stretch.compared else []
    one = card(lambda: renewal_tile(found, stretch), RENEWAL.label)
    return {"one": {"name": RENEWAL.name, "why": why, **one}}


def _renewals(ask: Ask, stretch: Stretch) -> dict[str, list[Row]]:
    """Period -> its contracts by the fields that may have moved the rate."""
    first = min(stretch.first, stretch.step(stretch.last, -HISTORY), key=stretch.calendar.first)
    asked = [stretch.asked(first, stretch.last)]
    names = [stretch.step(first, n) for n in range(stretch.calendar.count(first, stretch.last, stretch.grain))]
    if stretch.compared and stretch.compared not in names:
        asked.append(stretch.asked(stretch.compared, stretch.compared))
    out: dict[str, list[Row]] = {}
    for fields in asked:
        for row in ask({"question": "renewals", **fields, "by": [*drivers.OF_CONTRACTS]}).to_dicts():
            out.setdefault(row["period"], []).append(row)
    return out


def _together(rows: Sequence[Row], period: str) -> Row:
    """The contracts of a period, all slices together."""
    counts = {name: sum(row[name] for row in rows) for name in ("expiring", "renewed", "pending")}
    decided = counts["expiring"] - counts["pending"]
    return {"period": period, **counts, "decided": decided, RENEWAL.name: ratio(counts["renewed"], decided)}


def renewal_tile(found: Mapping[str, Sequence[Row]], stretch: Stretch) -> Tile:
    """The renewal rate of the period in focus, beside that of the period it is compared with."""
    periods = [stretch.step(stretch.last, n) for n in range(1 - HISTORY, 1)]
    history = [_together(found.get(period, ()), period) for period in periods]
    focus, compared = history[-1], stretch.compared
    against = _together(found.get(compared, ()), compared) if compared else None
    finished = replace(stretch, today=stretch.calendar.after(stretch.last, stretch.grain))
    marks = annotations.happened(stretch).marks(periods)
    series = Series(history, focus, against, against_name(finished), stretch.is_running, marks)
    own = {"grain": stretch.grain, "period": stretch.last, "kind": RENEWAL.behind}
    shown = tile(RENEWAL, series, "", f"{reverse('renewal_rows')}?{urlencode([*own.items(), *stretch.kept])}")
    places = {
        "part": f.exact(focus["renewed"]),
        "whole": f.exact(focus["decided"]),
        "pending": f.exact(focus["pending"]),
    }
    note = _("%(part)s of %(whole)s contracts, %(pending)s pending") % places
    return replace(shown, note=note if focus["expiring"] else _("No contract expires"))


def committed(opened: Seen, stretch: Stretch, names: Names) -> dict[str, Any]:
    """The tile of committed MRR: what is signed comes on top, what is known to end goes off."""
    answer = opened.ask({"question": "committed_mrr"})
    (row,) = answer.to_dicts()
    currency = answer.definition["settings"]["reporting_currency"]
    pairs = [("kind", "cmrr"), *stretch.kept]
    shown = Tile(
        label=COMMITTED["cmrr"],
        meaning=_("MRR with what is already signed and without what is already known to end."),
        value=f.short(row["cmrr"], currency=currency),
        exact=f.money(row["cmrr"], currency),
        is_empty=False,
        delta=None,
        note=_("as seen today"),
        spark=None,
        href=f"{reverse('committed_rows')}?{urlencode(pairs)}",
        formula=FORMULAS["cmrr"],
    )
    why = [
        drivers.Driver(
            str(COMMITTED[kind]),
            str(f.short(sign * row[kind], plus=True)),
            f.money(sign * row[kind], currency, plus=True),
            f"{reverse('metrics')}?{stretch.query()}",
        )
        for kind, sign in (("signed_not_started", 1), ("known_ends", -1))
    ]
    return {"one": {"name": "cmrr", "why": why, **card(lambda: shown, shown.label)}}


def due_soon(opened: Seen, stretch: Stretch, names: Names) -> dict[str, Any]:
    """The contracts to decide this week, by the day by which notice must be given."""
    today = stretch.today
    until = today + timedelta(days=DAYS_AHEAD)
    asked = {"from": (today - timedelta(days=PASSED_DAYS)).isoformat(), "to": until.isoformat()}
    answer = opened.ask({"question": "contracts_due", **asked})
    rows = [row for row in answer.to_dicts() if row["state"] in UNDECIDED]
    currency = answer.definition["settings"]["reporting_currency"]
    soon = [row for row in rows if row["notice_by"] >= today]
    passed = [row for row in rows if row["notice_by"] < today]
    passed.reverse()
    called = names([row["account_id"] for row in [*soon[:DUE_SHOWN], *passed[:DUE_SHOWN]]])
    groups = [
        _group(_("Notice this week"), soon, called, stretch, currency),
        _group(_("Notice day passed, undecided"), passed, called, stretch, currency),
    ]
    return {
        "today": f.day(today, year=False),
        "groups": [group for group in groups if group["rows"]],
        "all": f"{reverse('renewals')}?{urlencode(stretch.kept)}" if stretch.kept else reverse("renewals"),
    }


def _group(
    title: str, rows: Sequence[Row], called: Mapping[str, str], stretch: Stretch, currency: str
) -> dict[str, Any]:
    total = sum((row["mrr"] for row in rows), Decimal(0))
    return {
        "title": title,
        "count": ngettext("%(count)s contract", "%(count)s contracts", len(rows)) % {"count": f.exact(len(rows))},
        "total": _("%(amount)s MRR") % {"amount": str(f.short(total))},
        "rows": [
            {
                "name": called.get(row["account_id"], row["account_id"]),
                "href": due.contract_address(row, stretch.kept),
                "amount": str(f.short(row["mrr"])),
                "exact": f.money(row["mrr"], currency),
                "what": _what(row),
                "due": _when(row["notice_by"], stretch.today),
                "is_urgent": 0 <= (row["notice_by"] - stretch.today).days <= 1,
            }
            for row in rows[:DUE_SHOWN]
        ],
        "more": len(rows) - DUE_SHOWN if len(rows) > DUE_SHOWN else 0,
    }


def _what(row: Row) -> str:
    places = {"plan": row["plan"] if row["plan"] != "(none)" else row["contract_id"], "day": f.day(row["last_day"])}
    if row["auto_renew"]:
        return _("%(plan)s, renews by itself after %(day)s") % places
    return _("%(plan)s, ends on %(day)s") % places


def _when(day: date, today: date) -> str:
    days = (day - today).days
    if days == 0:
        return _("today")
    if days == 1:
        return _("tomorrow")
    if days > 0:
        return ngettext("in %(days)s day", "in %(days)s days", days) % {"days": days}
    return ngettext("%(days)s day ago", "%(days)s days ago", -days) % {"days": -days}


def soundness(opened: Seen, stretch: Stretch, names: Names) -> dict[str, Any]:
    """Whether the figures can be trusted."""
    return {"health": health.summary(opened)}


def figures(opened: Seen, given: Mapping[str, str]) -> dict[str, Any]:
    """The cockpit for programs: exact values, what they are compared with, the course to the next target."""
    today, definition = asking.today(opened), opened.definition()
    newest = newest_month(opened.ask, today, definition.calendar)
    stretch = of(given, today, newest or label(today.replace(day=1), "month"), definition.calendar)
    found = read(opened, stretch)
    now, before = found.rows.by_period[stretch.last], found.rows.against
    course = course_of(found)
    return {
        "period": stretch.last,
        "compared": stretch.compared,
        "complete": now["complete"],
        "days": now.get("days"),
        "currency": found.currency,
        "figures": [
            {
                "metric": metric.name,
                "value": edge(now[metric.name]),
                "compared": None if before is None else edge(before[metric.name]),
                "usual": None if stretch.is_running else usual(found.series, metric.name),
            }
            for metric in TILES
        ],
        "course": None
        if course is None
        else {
            "period": course.period,
            "target": edge(course.target),
            "expected": edge(course.expected),
            "actual": edge(course.actual),
            "day": course.on.isoformat(),
            "on_course": course.is_on_course,
        },
    }


def usual(series: Series, name: str) -> bool | None:
    """Whether the last change of a figure is within its usual swing; None if nobody can say."""
    outside = outside_usual([row[name] for row in series.rows])
    return None if outside is None else not outside


Part = Callable[[Seen, Stretch, Names], dict[str, Any]]
PARTS: Mapping[str, Part] = {
    "why": why,
    "renewal": renewal,
    "committed": committed,
    "due": due_soon,
    "health": soundness,
}
"""The cards that the page asks for on their own, by the last word of their address."""
