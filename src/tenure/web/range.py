"""The range picker of a page: which period, compared with what, in which steps. Every choice is a link or a field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.core.definition import WEEKDAYS
from tenure.core.periods import GRAINS
from tenure.web import formatting as f
from tenure.web.stretch import LONGEST, MATCHES, PRESETS, Stretch
from tenure.web.subscriptions.words import GRAINS as GRAIN_NAMES

PRESET_NAMES: Mapping[str, Any] = {
    "today": gettext_lazy("Today"),
    "yesterday": gettext_lazy("Yesterday"),
    "days_7": gettext_lazy("Last 7 days"),
    "days_28": gettext_lazy("Last 28 days"),
    "days_90": gettext_lazy("Last 90 days"),
    "this_week": gettext_lazy("This week"),
    "last_week": gettext_lazy("Last week"),
    "this_month": gettext_lazy("This month"),
    "last_month": gettext_lazy("Last month"),
    "months_3": gettext_lazy("Last 3 months"),
    "months_6": gettext_lazy("Last 6 months"),
    "months_12": gettext_lazy("Last 12 months"),
    "this_quarter": gettext_lazy("This quarter"),
    "last_quarter": gettext_lazy("Last quarter"),
    "this_year": gettext_lazy("This year"),
    "last_year": gettext_lazy("Last year"),
}
WEEK_STARTS: Mapping[str, Any] = {
    "monday": gettext_lazy("Weeks begin on Monday."),
    "tuesday": gettext_lazy("Weeks begin on Tuesday."),
    "wednesday": gettext_lazy("Weeks begin on Wednesday."),
    "thursday": gettext_lazy("Weeks begin on Thursday."),
    "friday": gettext_lazy("Weeks begin on Friday."),
    "saturday": gettext_lazy("Weeks begin on Saturday."),
    "sunday": gettext_lazy("Weeks begin on Sunday."),
}


def against_name(stretch: Stretch) -> str:
    """What the period in focus is compared with, in words."""
    return "" if stretch.compared is None else compared_name(stretch, stretch.compared, part=stretch.is_running)


def comparison_names(stretch: Stretch) -> dict[str, str]:
    """What the periods can be compared with by a rule, in words."""
    if stretch.grain != "day":
        names = _("the period before"), _("the same period of the year before")
    elif stretch.match == MATCHES[0]:
        names = _("the same weekday of the week before"), _("the same weekday of the year before")
    else:
        names = _("the day before"), _("the same date of the year before")
    return {"previous": names[0], "year": names[1], "none": _("nothing")}


def compared_name(stretch: Stretch, period: str, *, part: bool) -> str:
    """A period that another one is compared with, in words; `part`: with as many of its days as that one has."""
    written = f.period_short if stretch.compare == "previous" else f.period
    name = written(period, stretch.grain)
    if not part or stretch.grain == "day":
        return name
    return _("the same days of %(period)s") % {"period": name}


def picker(
    stretch: Stretch,
    route: str = "movements",
    *,
    compares: bool = True,
    grains: Sequence[str] = GRAINS,
    **kept: str,
) -> dict[str, Any]:
    """The range picker of a page; `kept` are the other choices in its address, `grains` the steps it can show."""
    path = reverse(route)

    def address(other: Stretch, **more: str) -> str:
        return f"{path}?{other.query(**{**kept, **more})}"

    earlier, later = stretch.moved(-1), stretch.moved(1)
    first, last = stretch.named or stretch.days
    return {
        "path": path,
        "query": stretch.query(**kept),
        "label": f.period(stretch.last, stretch.grain),
        "running": _running(stretch),
        "earlier": address(earlier) if earlier else "",
        "later": address(later) if later else "",
        "first_day": first.isoformat(),
        "last_day": last.isoformat(),
        "hidden": _hidden(stretch, kept),
        "longest": LONGEST[stretch.grain],
        "presets": list(_presets(stretch, grains, address)),
        "grains": list(_grains(stretch, grains, address)),
        "automatic": _automatic(stretch),
        "with_running": _with_running(stretch, address),
        "compared": against_name(stretch) or _("nothing"),
        "comparisons": list(_comparisons(stretch, address)) if compares else [],
        "weekday": _weekday(stretch, address),
        "custom": _custom(stretch),
        "notes": list(_notes(stretch)),
    }


def _running(stretch: Stretch) -> str:
    if not stretch.is_running:
        return ""
    if stretch.grain == "day":
        return _("not over")
    return _("until %(day)s") % {"day": f.day(stretch.today - timedelta(days=1), year=False)}


def _hidden(stretch: Stretch, kept: Mapping[str, str]) -> list[tuple[str, str]]:
    """What a form of the picker sends along, without the fields it asks for itself."""
    own = [(name, value) for name, value in stretch.pairs if name not in ("grain", "from", "to", *kept)]
    return [*own, *kept.items()]


def _grains(stretch: Stretch, grains: Sequence[str], address: Any) -> Iterator[dict[str, Any]]:
    """The grain that suits the days shown, where there is a choice, and each grain."""
    is_automatic = stretch.named is not None
    if len(grains) > 1:
        yield {"label": _("Automatic"), "href": address(stretch.automatic(grains)), "current": is_automatic}
    for grain in grains:
        chosen = grain == stretch.grain and not is_automatic
        yield {"label": GRAIN_NAMES[grain], "href": address(stretch.by_days(grain)), "current": chosen}


def _automatic(stretch: Stretch) -> str:
    if stretch.named is None:
        return ""
    first, last = stretch.named
    count = (last - first).days + 1
    said = ngettext("Automatic for %(count)s day: %(grain)s", "Automatic for %(count)s days: %(grain)s", count)
    return said % {"count": f.exact(count), "grain": GRAIN_NAMES[stretch.grain]}


def _presets(stretch: Stretch, grains: Sequence[str], address: Any) -> Iterator[dict[str, Any]]:
    """The named stretches, in one group for each length of period."""
    chosen = False
    for grain in grains:
        items = []
        for name, (of_grain, _first, _last) in PRESETS.items():
            if of_grain == grain:
                there = stretch.preset(name)
                same = (there.grain, there.first, there.last) == (stretch.grain, stretch.first, stretch.last)
                items.append({"label": PRESET_NAMES[name], "href": address(there), "current": same and not chosen})
                chosen = chosen or same
        yield {"label": GRAIN_NAMES[grain], "items": items}


def _with_running(stretch: Stretch, address: Any) -> dict[str, Any] | None:
    """The switch that shows the running period beside the finished ones, where it is next to them."""
    if not stretch.following:
        return None
    places = {"period": f.period(stretch.following, stretch.grain)}
    return {
        "label": _("Show %(period)s, which is not over") % places,
        "href": address(replace(stretch, with_running=not stretch.with_running)),
        "current": stretch.with_running,
    }


def _comparisons(stretch: Stretch, address: Any) -> Iterator[dict[str, Any]]:
    for code, text in comparison_names(stretch).items():
        there = replace(stretch, compare=code, against="")
        yield {"label": text, "href": address(there), "current": code == stretch.compare}


def _weekday(stretch: Stretch, address: Any) -> dict[str, Any] | None:
    """The switch that compares a day with its own weekday, where the days are compared by a rule."""
    if stretch.grain != "day" or stretch.compare not in ("previous", "year"):
        return None
    on = stretch.match == MATCHES[0]
    return {"href": address(replace(stretch, match=MATCHES[1] if on else MATCHES[0])), "current": on}


def _custom(stretch: Stretch) -> dict[str, Any]:
    """The form that names the period to compare with by one of its days."""
    compared = stretch.compared or stretch.step(stretch.last, -1)
    own = [(name, value) for name, value in stretch.pairs if name not in ("compare", "against")]
    return {
        "day": stretch.calendar.first(compared).isoformat(),
        "hidden": [*own, ("compare", "custom")],
        "current": stretch.compare == "custom",
    }


def _notes(stretch: Stretch) -> Iterator[str]:
    """By which clock and calendar the periods are counted."""
    yield _("Days as in %(timezone)s.") % {"timezone": stretch.timezone}
    yield str(WEEK_STARTS[WEEKDAYS[stretch.calendar.week_start]])
    if stretch.calendar.year_start != 1:
        name = f.period_short(f"2000-{stretch.calendar.year_start:02d}")
        yield _("The fiscal year begins in %(month)s.") % {"month": name}
