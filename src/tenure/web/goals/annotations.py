"""What happened, on the charts over time: where it stands on the axis, and the part that lists it and adds to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from tenure.apps.goals import selectors
from tenure.apps.workspaces.permissions import may
from tenure.web import formatting as f
from tenure.web.goals.words import ANNOTATIONS
from tenure.web.stretch import Stretch

Mark = Mapping[str, Any]
"""`at`: its place on the axis; `text`: a word beside it; `said`: day, kind and words of all that stands there."""


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened in some days, in order; `name` gives the period of a chart that holds a day."""

    found: Sequence[Any]
    name: Callable[[date], str]

    def marks(self, periods: Sequence[str]) -> list[Mark]:
        """Where on the axis of these periods something happened, one mark a period."""
        places = {period: at for at, period in enumerate(periods)}
        at: dict[int, list[Any]] = {}
        for one in self.found:
            place = places.get(self.name(one.day))
            if place is not None:
                at.setdefault(place, []).append(one)
        several = _("%(first)s and %(more)s more")
        return [
            {
                "at": place,
                "text": ones[0].text if len(ones) == 1 else several % {"first": ones[0].text, "more": len(ones) - 1},
                "said": "\n".join(_sentence(one) for one in ones),
            }
            for place, ones in sorted(at.items())
        ]

    def said(self, periods: Sequence[str]) -> dict[str, str]:
        """Period -> what happened in it, for a chart whose rows are the periods."""
        return {periods[mark["at"]]: mark["said"] for mark in self.marks(periods)}


NOTHING = Happened((), date.isoformat)
"""For who only reads figures."""


def happened(stretch: Stretch) -> Happened:
    """What happened in the days of the charts, the running period among them."""
    first, last = stretch.days
    return between(first, max(last, stretch.today), lambda day: stretch.calendar.name(day, stretch.grain))


def between(first: date, last: date, name: Callable[[date], str]) -> Happened:
    """What happened from one day to another, both included, on a chart of its own periods."""
    return Happened(list(selectors.annotations(first, last)), name)


def tools(request: HttpRequest, today: date, shown: Happened) -> dict[str, Any]:
    """What goals/_annotations.html takes: what happened, in words, and the form that adds to it for who may."""
    return {
        "happened": [_said(one) for one in shown.found],
        "may_annotate": may(request.user, "annotate"),
        "kinds": ANNOTATIONS.items(),
        "day": today.isoformat(),
    }


def _said(one: Any) -> Mapping[str, Any]:
    kind = ANNOTATIONS.get(one.kind, one.kind)
    return {"id": one.annotation_id, "day": f.day(one.day), "kind": kind, "text": one.text}


def _sentence(one: Any) -> str:
    return _("%(day)s, %(kind)s: %(text)s") % _said(one)
