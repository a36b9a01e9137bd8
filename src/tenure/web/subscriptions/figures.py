"""The tiles: a figure, its change, whether that change is news, and the line that led to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from tenure.core.metrics.swing import outside_usual
from tenure.web import asking
from tenure.web import formatting as f
from tenure.web.goals.annotations import Mark
from tenure.web.sparkline import Sparkline, sparkline
from tenure.web.subscriptions.words import FORMULAS, METRICS, Metric

Row = Mapping[str, Any]
FEW = 30
"""Below this many cases a figure is marked with how many it is made of: it may be chance."""


@dataclass(frozen=True, slots=True)
class Delta:
    """A change in words: the arrow says the direction, the mood whether that is better or worse, if it is news."""

    text: str
    arrow: str
    mood: str


def data_as_of() -> str:
    """As of when the answers are that the request has asked so far."""
    return _("Data as of %(moment)s") % {"moment": f.moment(timezone.localtime(asking.as_of()))}


@dataclass(frozen=True, slots=True)
class Tile:
    label: Any
    meaning: Any
    value: f.Short
    exact: str
    is_empty: bool
    delta: Delta | None
    note: str
    spark: Sparkline | None
    href: str
    formula: Any = ""
    few: str = ""
    """how many cases it is made of, where they are so few that it may be chance"""

    @property
    def freshness(self) -> str:
        """As of when the figure is: everything written until then is in it."""
        return data_as_of()


@dataclass(frozen=True, slots=True)
class Series:
    """The figures of consecutive periods, the one in focus last, those it is compared with, and what happened."""

    rows: Sequence[Row]
    focus: Row
    against: Row | None
    against_name: str
    running: bool
    marks: Sequence[Mark] = ()


def net_new(row: Row) -> Decimal:
    """What the movements of a period add up to; exchange rates are not movements."""
    kinds = ("new", "expansion", "contraction", "churn", "reactivation", "entering", "leaving")
    return sum((row[kind] for kind in kinds), Decimal(0))


def tiles(series: Series, currency: str, door: Callable[[str], str], metrics: Sequence[Metric] = METRICS) -> list[Tile]:
    return [tile(metric, series, currency, door(metric.behind)) for metric in metrics]


def tile(metric: Metric, series: Series, currency: str, href: str) -> Tile:
    """The tile of one metric."""
    value: Decimal | None = series.focus[metric.name]
    before = None if series.against is None else series.against[metric.name]
    values = [row[metric.name] for row in series.rows]
    finished = values[:-1] if series.running else values
    news = None if series.running else outside_usual(finished)
    return Tile(
        label=metric.label,
        meaning=metric.meaning,
        value=written(metric, value, currency),
        exact=exactly(metric, value, currency),
        is_empty=value is None,
        delta=None if value is None or before is None else delta(metric, value, before, bool(news)),
        note=_note(metric, series, value, before),
        spark=sparkline(values, series.running, marks=series.marks),
        href=href,
        formula=FORMULAS.get(metric.name, ""),
        few="" if value is None else _few(metric, series.focus),
    )


def _few(metric: Metric, row: Row) -> str:
    cases = row[metric.cases] if metric.cases else FEW
    return _("n = %(count)s") % {"count": f.exact(cases)} if cases < FEW else ""


def written(metric: Metric, value: Decimal | None, currency: str) -> f.Short:
    if metric.form == "money":
        return f.short(value, currency=currency)
    if metric.form == "rate":
        text = f.percent(value, metric.places)
        return f.Short.of(text.removesuffix("%"), "%" if value is not None else "")
    return f.Short.of(f.ratio(value, metric.places))


def exactly(metric: Metric, value: Decimal | None, currency: str) -> str:
    if value is None:
        return _("Not defined for this period")
    if metric.form == "money":
        return f.money(value, currency)
    return f.percent(value, 4) if metric.form == "rate" else f.plain(value)


def delta(metric: Metric, value: Decimal, before: Decimal, news: bool) -> Delta:
    change = value - before
    arrow = "up" if change > 0 else "fall" if change < 0 else "flat"
    mood = ""
    if news and change:
        mood = "better" if (change > 0) == metric.more_is_better else "worse"
    return Delta(_change(metric, change, before), arrow, mood)


def _change(metric: Metric, change: Decimal, before: Decimal) -> str:
    """Percent and points are kept apart: a rate moves by points, an amount by itself and by percent."""
    if metric.form == "rate":
        points = f.exact(change * 100, metric.places, plus=True)
        return _("%(points)s points") % {"points": points}
    if metric.form == "ratio":
        return f.exact(change, metric.places, plus=True)
    amount = str(f.short(change, plus=True))
    if before <= 0:
        return amount
    share = f.exact(change / before * 100, 1, plus=True)
    return _("%(amount)s (%(share)s%%)") % {"amount": amount, "share": share}


def _note(metric: Metric, series: Series, value: Decimal | None, before: Decimal | None) -> str:
    if metric.name == "customer_churn_rate" and series.focus["customers_open"]:
        cases = {"part": series.focus["customers_churned"], "whole": series.focus["customers_open"]}
        return _("%(part)s of %(whole)s customers") % cases
    if value is None:
        return _why_empty(metric)
    if series.against is None:
        return ""
    if before is None:
        return _("No figure for %(period)s") % {"period": series.against_name}
    return _("against %(period)s") % {"period": series.against_name}


def _why_empty(metric: Metric) -> str:
    reasons = {
        "quick_ratio": _("Nothing was lost"),
        "ltv_trailing6": _("Nobody left in the six months before"),
        "arpa": _("No customers at the close"),
        "asp": _("No new customers"),
    }
    return reasons.get(metric.name, _("No customers at the opening"))
