"""Writes of targets and annotations: one record at a time, each as a version with its audit entry."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from tenure.apps.goals.models import AnnotationVersion, TargetVersion
from tenure.apps.workspaces.services import records
from tenure.apps.workspaces.services.values import refuse
from tenure.apps.workspaces.services.writing import Actor
from tenure.apps.workspaces.versions import key_text
from tenure.core.periods import parse_label

METRICS = ("mrr", "net_new_mrr", "customer_churn_rate", "nrr", "grr", "renewal_rate_decided", "ltv_trailing6")
"""What can have a target: the figures of the cockpit."""
KINDS = ("release", "price", "campaign", "other")
LONGEST_TEXT = 120
FIRST_YEAR, LAST_YEAR = 1900, 2200
"""Years that every calendar of the workspace can count with, whatever month its fiscal year begins in."""


def _target(values: Mapping[str, Any]) -> None:
    if values["metric"] not in METRICS:
        raise refuse("metric", values["metric"], _("Use one of: %(allowed)s.") % {"allowed": ", ".join(METRICS)})
    try:
        first, _after, _is_day = parse_label(values["period"])
    except ValueError:
        raise refuse("period", values["period"], _("Write 2026-12, 2026-Q4, 2026 or FY2026.")) from None
    if not FIRST_YEAR <= first.year <= LAST_YEAR:
        raise refuse("period", values["period"], _("Write 2026-12, 2026-Q4, 2026 or FY2026."))


def _annotation(values: Mapping[str, Any]) -> None:
    if values["kind"] not in KINDS:
        raise refuse("kind", values["kind"], _("Use one of: %(allowed)s.") % {"allowed": ", ".join(KINDS)})
    if len(values["text"]) > LONGEST_TEXT:
        raise refuse("text", values["text"], _("Write at most 120 characters: a chart has little room."))


def set_target(metric: str, period: str, value: Any, *, by: Actor) -> TargetVersion:
    """Say what a metric should be at the close of a period; a target that is there gets a new version."""
    given = {"metric": metric, "period": period, "value": value}
    key = key_text([metric.strip(), period.strip()])
    if TargetVersion.objects.live().filter(version_key=key).exists():
        changed: TargetVersion = records.edit(TargetVersion, key, {"value": value}, by=by, rule=_target, verb="set")
        return changed
    added: TargetVersion = records.add(TargetVersion, given, by=by, rule=_target, verb="set")
    return added


def drop_target(metric: str, period: str, *, by: Actor) -> TargetVersion:
    """Say that a metric has no target for a period any more."""
    dropped: TargetVersion = records.withdraw(TargetVersion, key_text([metric.strip(), period.strip()]), by=by)
    return dropped


def annotate(day: Any, text: str, kind: str = "other", *, by: Actor) -> AnnotationVersion:
    """Say what happened on a day, for the charts over time."""
    given = {"annotation_id": secrets.token_hex(6), "day": day, "text": text, "kind": kind}
    written: AnnotationVersion = records.add(AnnotationVersion, given, by=by, rule=_annotation)
    return written


def drop_annotation(annotation_id: str, *, by: Actor) -> AnnotationVersion:
    """Take an annotation from the charts; that it was there stays known."""
    dropped: AnnotationVersion = records.withdraw(AnnotationVersion, key_text([annotation_id]), by=by)
    return dropped
