"""What happened, on the charts over time: where it stands on the axis, and the part that lists it and adds to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from tenure.apps.goals import selectors
from tenure.apps.workspaces.permissions import may
from tenure.web import formatting as f
from tenure.web.goals.words import ANNOTATIONS
from tenure.web.stretch import Stretch


def happened(stretch: Stretch) -> list[Any]:
    """What happened in the days of the charts, the running period among them."""
    first, last = stretch.days
    return list(selectors.annotations(first, max(last, stretch.today)))


def marks(periods: Sequence[str], stretch: Stretch, found: Sequence[Any]) -> list[dict[str, Any]]:
    """Where on the axis of these periods something happened, one mark a period."""
    at: dict[int, list[str]] = {}
    for one in found:
        name = stretch.calendar.name(one.day, stretch.grain)
        if name in periods:
            at.setdefault(periods.index(name), []).append(one.text)
    several = _("%(first)s and %(more)s more")
    return [
        {"at": place, "text": texts[0] if len(texts) == 1 else several % {"first": texts[0], "more": len(texts) - 1}}
        for place, texts in sorted(at.items())
    ]


def tools(request: HttpRequest, stretch: Stretch, found: Sequence[Any]) -> dict[str, Any]:
    """What goals/_annotations.html takes: what happened, in words, and the form that adds to it for who may."""
    return {
        "happened": [_said(one) for one in found],
        "may_annotate": may(request.user, "annotate"),
        "kinds": ANNOTATIONS.items(),
        "day": stretch.today.isoformat(),
    }


def _said(one: Any) -> Mapping[str, Any]:
    kind = ANNOTATIONS.get(one.kind, one.kind)
    return {"id": one.annotation_id, "day": f.day(one.day), "kind": kind, "text": one.text}
