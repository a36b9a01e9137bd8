"""How behaviour is put into words: events, steps, columns, what to know about a figure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.web import formatting as f
from tenure.web.behaviour.address import Chosen, parts
from tenure.web.listing.columns import OPERATORS_SAID, SEPARATOR
from tenure.web.subscriptions.proof import NOT_GIVEN

COLUMNS: Mapping[str, Any] = {
    "step": gettext_lazy("Step"),
    "units": gettext_lazy("Reached it"),
    "of_first": gettext_lazy("Of the first step"),
    "of_previous": gettext_lazy("Of the step before"),
    "seconds_mean": gettext_lazy("Mean seconds from the step before"),
    "seconds_median": gettext_lazy("Median seconds"),
    "seconds_p90": gettext_lazy("Seconds of nine in ten"),
    "interval": gettext_lazy("Period"),
    "series": gettext_lazy("Series"),
    "value": gettext_lazy("Value"),
    "from": gettext_lazy("From"),
    "to": gettext_lazy("To"),
    "count": gettext_lazy("Sessions"),
    "complete": gettext_lazy("Complete"),
}
OTHER = "Other"
UNIT_COUNT = {
    "account": lambda n: ngettext("%(count)s account", "%(count)s accounts", n),
    "user": lambda n: ngettext("%(count)s user", "%(count)s users", n),
}


def units(unit: str, count: int) -> str:
    """A number of those who are counted: 12 accounts."""
    return UNIT_COUNT[unit](count) % {"count": f.exact(count)}


def events(one: Chosen) -> str:
    """What the events of a place are called, with their conditions."""
    name = f.listed(one.names) or _("Any event")
    if not one.conditions:
        return name
    return _("%(event)s, where %(conditions)s") % {
        "event": name,
        "conditions": f.listed(condition(text) for text in one.conditions),
    }


def condition(text: str) -> str:
    """A condition in words: plan is Pro."""
    prop, op, found = parts(text)
    return " ".join(str(part) for part in (prop, OPERATORS_SAID.get(op, op), found.replace(SEPARATOR, ", ")) if part)


def steps(chosen: Sequence[Chosen]) -> str:
    """Steps in a row: signup → pay."""
    return " → ".join(events(one) for one in chosen)


def value(text: str) -> str:
    """A value of a breakdown."""
    return _("Not given") if text == NOT_GIVEN else _("Others") if text == OTHER else text


def column(name: str) -> Any:
    """The head of a column of an answer."""
    return COLUMNS.get(name, name)


def notes(found: Iterable[Mapping[str, Any]]) -> list[str]:
    """What to know about the figures of an answer."""
    out = []
    for note in found:
        count = note.get("count", 0)
        places = {"count": f.exact(count), "property": note.get("property", "")}
        if note["code"] == "without_unit":
            said = ngettext(
                "%(count)s event belongs to nobody who is counted here, and is left out.",
                "%(count)s events belong to nobody who is counted here, and are left out.",
                count,
            )
            out.append(said % places)
        elif note["code"] == "excluded":
            said = ngettext(
                "%(count)s left the funnel by what must not happen.",
                "%(count)s left the funnel by what must not happen.",
                count,
            )
            out.append(said % places)
        elif note["code"] == "not_a_number":
            said = ngettext(
                "%(count)s value of “%(property)s” is no number, and is left out.",
                "%(count)s values of “%(property)s” are no numbers, and are left out.",
                count,
            )
            out.append(said % places)
        elif note["code"] == "too_large":
            out.append(_("A figure too large to be shown is left out."))
    return out


def through(rows: Sequence[Mapping[str, Any]], unit: str) -> str:
    """The sentence over a funnel."""
    first, last = rows[0], rows[-1]
    share = f.percent(last["of_first"])
    places = {"part": f.exact(last["units"]), "whole": units(unit, first["units"]), "share": share}
    if not first["units"]:
        return _("Nobody took the first step in this time")
    return _("%(part)s of %(whole)s went through all steps, %(share)s") % places
