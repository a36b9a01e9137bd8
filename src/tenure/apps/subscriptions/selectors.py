"""Reads of this app: closed months, definitions, and which subscriptions are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from tenure.apps.subscriptions.models import MetricDefinition, MonthClose, SubscriptionVersion


def closed_months() -> QuerySet[Any]:
    """The months that are closed now, in order."""
    return MonthClose.objects.live().order_by("month")


def definitions() -> QuerySet[Any]:
    """Every version of every definition, by name and version."""
    return MetricDefinition.objects.live().order_by("name", "version")


def known_subscriptions(ids: Sequence[str]) -> set[str]:
    """Those of the ids that some subscription has now."""
    known: set[str] = set()
    for at in range(0, len(ids), 500):
        found = SubscriptionVersion.objects.live().filter(subscription_id__in=ids[at : at + 500])
        known.update(found.values_list("subscription_id", flat=True))
    return known
