"""Reads of this app: the targets in force, and the annotations of a stretch of days."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from tenure.apps.goals.models import AnnotationVersion, TargetVersion


def targets(metric: str = "") -> QuerySet[Any]:
    """The targets in force, of one metric or of all, by metric and period."""
    found = TargetVersion.objects.live().order_by("metric", "period")
    return found.filter(metric=metric) if metric else found


def values(metric: str) -> dict[str, Decimal]:
    """Period -> what a metric should be at its close."""
    return dict(targets(metric).values_list("period", "value"))


def annotations(first: date, last: date) -> QuerySet[Any]:
    """What happened from one day to another, both included, in order."""
    return every_annotation().filter(day__range=(first, last))


def every_annotation() -> QuerySet[Any]:
    """Everything that happened, in order."""
    return AnnotationVersion.objects.live().order_by("day", "pk")
