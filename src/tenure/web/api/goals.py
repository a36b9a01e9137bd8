"""The cockpit's figures, targets and annotations, for programs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Router, Schema, Status

from tenure.apps.goals import selectors, services
from tenure.core.money import trimmed
from tenure.web import asking
from tenure.web.api.caller import allowed
from tenure.web.goals import cockpit

router = Router(tags=["Goals"])


class Target(Schema):
    """What a metric should be at the close of a period; the value as text, so that it stays exact."""

    metric: str
    period: str
    value: str


class Annotation(Schema):
    """What happened on a day, for the charts over time."""

    day: str
    text: str
    kind: str = "other"


def _target(row: Any) -> dict[str, Any]:
    return {"metric": row.metric, "period": row.period, "value": f"{trimmed(row.value):f}", "since": row.recorded_at}


def _annotation(row: Any) -> dict[str, Any]:
    return {"annotation_id": row.annotation_id, "day": row.day, "kind": row.kind, "text": row.text}


@router.get(
    "/cockpit",
    summary=_("The cockpit's figures"),
    description=_(
        "The figures of a month or another period, what they are compared with, and the course to the next target. "
        "`compare` is previous, year, none, or custom with `against`; `match` says how a day finds the other: weekday "
        "or date."
    ),
    url_name="cockpit",
)
def figures(
    request: HttpRequest,
    period: str = "",
    grain: str = "month",
    compare: str = "previous",
    against: str = "",
    match: str = "weekday",
) -> dict[str, Any]:
    caller = allowed(request, "ask")
    given = {"to": period, "grain": grain, "compare": compare, "against": against, "match": match}
    return cockpit.figures(asking.workspace(caller), given)


@router.get(
    "/targets",
    summary=_("The targets in force"),
    description=_("Metric, period and value of each."),
    url_name="api_targets",
)
def targets(request: HttpRequest) -> list[dict[str, Any]]:
    allowed(request, "ask")
    return [_target(row) for row in selectors.targets()]


@router.post(
    "/targets",
    summary=_("Set a target"),
    description=_("A target that is there gets a new version; the former stays known."),
    response={201: dict},
    url_name="api_targets",
)
def set_target(request: HttpRequest, body: Target) -> Status[dict[str, Any]]:
    by = allowed(request, "set_targets")
    return Status(201, _target(services.set_target(body.metric, body.period, body.value, by=by)))


@router.delete(
    "/targets/{metric}/{period}",
    summary=_("Take a target back"),
    description=_("Its versions stay in the history."),
    url_name="api_target",
)
def drop_target(request: HttpRequest, metric: str, period: str) -> dict[str, Any]:
    by = allowed(request, "set_targets")
    return _target(services.drop_target(metric, period, by=by))


@router.get(
    "/annotations",
    summary=_("What happened"),
    description=_("What is noted on the charts, by day."),
    url_name="api_annotations",
)
def annotations(request: HttpRequest) -> list[dict[str, Any]]:
    allowed(request, "ask")
    return [_annotation(row) for row in selectors.every_annotation()]


@router.post(
    "/annotations",
    summary=_("Say what happened on a day"),
    description=_("It stands on every chart over time that holds the day."),
    response={201: dict},
    url_name="api_annotations",
)
def annotate(request: HttpRequest, body: Annotation) -> Status[dict[str, Any]]:
    by = allowed(request, "annotate")
    return Status(201, _annotation(services.annotate(body.day, body.text, body.kind, by=by)))


@router.delete(
    "/annotations/{annotation_id}",
    summary=_("Take an annotation from the charts"),
    description=_("Its versions stay in the history."),
    url_name="api_annotation",
)
def drop_annotation(request: HttpRequest, annotation_id: str) -> dict[str, Any]:
    by = allowed(request, "annotate")
    return _annotation(services.drop_annotation(annotation_id, by=by))
