"""Reads of this app: what is written of events."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from tenure.apps.behaviour.models import EventEntryVersion
from tenure.apps.workspaces.versions import key_text


def entries() -> QuerySet[Any]:
    """Everything that is written of events, by name."""
    return EventEntryVersion.objects.live().order_by("event")


def entry(event: str) -> Any:
    """What is written of one event; None if nothing is."""
    return EventEntryVersion.objects.live().filter(version_key=key_text([event])).first()


def features() -> list[str]:
    """The features that events were given to, by name."""
    return list(entries().exclude(feature=None).order_by("feature").values_list("feature", flat=True).distinct())
