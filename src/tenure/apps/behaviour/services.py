"""Writes of the event catalogue, each as a version with its audit entry; refused events that are read once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from tenure.apps.behaviour import selectors
from tenure.apps.behaviour.models import EventEntryVersion
from tenure.apps.workspaces.services import records
from tenure.apps.workspaces.services.lake import lake
from tenure.apps.workspaces.services.values import refuse
from tenure.apps.workspaces.services.writing import Actor, writing
from tenure.apps.workspaces.versions import key_text
from tenure.core.tracking import LONGEST_NAME, SAID
from tenure.warehouse.arrivals import refused
from tenure.warehouse.arrivals.refused import Outcome

LONGEST: Mapping[str, int] = {"feature": 80, "owner": 120, "description": 1_000}


def _entry(values: Mapping[str, Any]) -> None:
    if values["event"] in SAID or len(values["event"]) > LONGEST_NAME:
        raise refuse("event", values["event"], _("Name an event that programs send, as the catalogue lists it."))
    for name, most in LONGEST.items():
        if values[name] is not None and len(values[name]) > most:
            raise refuse(name, values[name][:40], _("Write at most %(most)s characters.") % {"most": most})


def read_again(*, by: Actor) -> Outcome:
    """Read every refused event once more: those that are accepted now become events."""
    with writing(by) as write:
        done = refused.again(lake())
        write.audit("read again", refused.TABLE, "", accepted=done.accepted, known=done.known, refused=done.refused)
    return done


def describe(event: str, changes: Mapping[str, Any], *, by: Actor) -> EventEntryVersion:
    """Write of an event what it means, whose it is, to which feature it belongs, whether it is noise.

    Only what `changes` names changes; an empty text takes back what was written.
    """
    given = {name: (value.strip() or None) if isinstance(value, str) else value for name, value in changes.items()}
    if selectors.entry(event.strip()) is None:
        added: EventEntryVersion = records.add(
            EventEntryVersion, {"event": event, **given}, by=by, rule=_entry, verb="described"
        )
        return added
    changed: EventEntryVersion = records.edit(
        EventEntryVersion, key_text([event.strip()]), given, by=by, rule=_entry, verb="described"
    )
    return changed
