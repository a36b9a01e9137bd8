"""Reads of this app: closed months and definitions."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from tenure.apps.subscriptions.models import MetricDefinition, MonthClose


def closed_months() -> QuerySet[Any]:
    """The months that are closed now, in order."""
    return MonthClose.objects.live().order_by("month")


def definitions() -> QuerySet[Any]:
    """Every version of every definition, by name and version."""
    return MetricDefinition.objects.live().order_by("name", "version")
