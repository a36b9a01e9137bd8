"""Tables of what people write of events, as versions."""

from __future__ import annotations

from django.db import models

from tenure.apps.workspaces.versions import Version


class EventEntryVersion(Version):
    """One version of an event's entry in the catalogue."""

    KIND = "event_entries"

    event = models.TextField()
    feature = models.TextField(null=True)
    owner = models.TextField(null=True)
    description = models.TextField(null=True)
    hidden = models.BooleanField(null=True)
