"""Records and their steps as JSON: what the API sends and the command prints."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

from django.urls import reverse

from tenure.apps.workspaces.history import Step
from tenure.apps.workspaces.services import custom
from tenure.apps.workspaces.services.rows import LISTS, list_value
from tenure.core.money import trimmed
from tenure.warehouse.answer import edge
from tenure.web.records.kinds import Kind, token


def record(
    kind: Kind, version: Any, hidden: Collection[str] = (), fields: Sequence[Any] | None = None
) -> dict[str, Any]:
    """A version of a record: its key, the version's name, when it was known, and its values.

    `fields` are the kind's custom fields, for who shows many records.
    """
    return {
        "kind": kind.name,
        "key": version.version_key,
        "version": version.row_id,
        "recorded_at": version.recorded_at.isoformat(),
        "superseded_at": None if version.superseded_at is None else version.superseded_at.isoformat(),
        "values": values(kind, version, hidden),
        "custom": own(custom.fields(kind.name) if fields is None else fields, version, hidden),
        "address": reverse("api:record", args=[kind.name, token(version.version_key)]),
    }


def values(kind: Kind, version: Any, hidden: Collection[str] = ()) -> dict[str, Any]:
    """The values of a version by column, as they can be given back; numbers are exact texts."""
    found = {
        column.name: _value(column.kind, column.name, version) for column in kind.fields if column.name not in hidden
    }
    if found.get("attributes") is not None:
        found["attributes"] = custom.without(found["attributes"], hidden)
    return found


def own(fields: Sequence[Any], version: Any, hidden: Collection[str] = ()) -> dict[str, Any]:
    """The values of custom fields by key, as they can be given back; null where there is none."""
    held = custom.content(version.attributes)
    return {one.key: held.get(one.key) for one in fields if custom.named(one) not in hidden}


def step(kind: Kind, one: Step, hidden: Collection[str] = ()) -> dict[str, Any]:
    """A step of a record: who did what, when, why, and the columns it changed from what to what."""
    before = {} if one.former is None else values(kind, one.former, hidden)
    after = {} if one.version is None else values(kind, one.version, hidden)
    return {
        "verb": one.verb,
        "at": one.at.isoformat(),
        "by": one.actor,
        "reason": one.reason,
        "version": None if one.version is None else one.version.row_id,
        "import": None if one.run is None else one.run.pk,
        "changes": {
            name: {"before": before.get(name), "after": after.get(name)}
            for name in (after or before)
            if before.get(name) != after.get(name)
        },
    }


def _value(sort: str, name: str, version: Any) -> Any:
    value = getattr(version, name)
    if sort == "day":
        value = getattr(version, f"{name}_at", None) or value
    if value is None:
        return None
    if sort in LISTS:
        return _plain(list_value(sort, value))
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{trimmed(value):f}"
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return edge(value)
