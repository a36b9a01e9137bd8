"""One record at a time: added, edited, ended or withdrawn, each as a new version with its audit and outbox entries."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
from django.utils.translation import gettext as _

from tenure.apps.workspaces.services import outbox, rows, values
from tenure.apps.workspaces.services.lake import timezone
from tenure.apps.workspaces.services.writing import Actor, Writing, writing
from tenure.apps.workspaces.versions import Version, version_key
from tenure.core.errors import TenureError

Rule = Callable[[Mapping[str, Any]], None]
"""Refuses a whole record whose values contradict each other."""


def live(model: type[Version], key: str) -> Any:
    """The version of a record that is what we know now, by its `version_key`; refuses a record that is not there."""
    found = model.objects.live().filter(version_key=key).first()
    if found is None:
        raise TenureError(
            "record.unknown",
            _("There is no %(kind)s %(key)s.") % {"kind": model.KIND, "key": repr(key)},
            fix=_("Check the key: its parts are joined by a slash, as in %(parts)s.")
            % {"parts": "/".join(model.table().key)},
            kind=model.KIND,
            key=key,
        )
    return found


def add(
    model: type[Version], given: Mapping[str, Any], *, by: Actor, rule: Rule | None = None, verb: str = "added"
) -> Any:
    """Write a record that was not there."""
    content = {**dict.fromkeys(model.content()), **values.checked(model, given, timezone())}
    values.complete(model, content)
    if rule is not None:
        rule(content)
    key = version_key(model.table(), content)
    with writing(by) as write:
        if model.objects.live().filter(version_key=key).exists():
            raise TenureError(
                "record.exists",
                _("There is already a %(kind)s %(key)s.") % {"kind": model.KIND, "key": repr(key)},
                fix=_("Edit that one, or give the new one another key."),
                kind=model.KIND,
                key=key,
            )
        version = _insert(write, model, key, content, given_id=None)
        write.audit(verb, model.KIND, key, row_id=version.row_id)
    return version


def edit(
    model: type[Version],
    key: str,
    changes: Mapping[str, Any],
    *,
    by: Actor,
    rule: Rule | None = None,
    verb: str = "edited",
) -> Any:
    """Write a new version of a record with some values changed; equal values change nothing.

    A change of a column of the key gives the record another key; it must be free.
    """
    checked = values.checked(model, changes, timezone())
    with writing(by) as write:
        former = live(model, key)
        content = {**former.as_row(), **checked}
        if content == former.as_row():
            return former
        values.complete(model, content)
        if rule is not None:
            rule(content)
        new_key = version_key(model.table(), {**content, "given_id": former.given_id})
        if new_key != key and model.objects.live().filter(version_key=new_key).exists():
            raise TenureError(
                "record.exists",
                _("There is already a %(kind)s %(key)s.") % {"kind": model.KIND, "key": repr(new_key)},
                fix=_("Edit that one, or withdraw one of the two."),
                kind=model.KIND,
                key=new_key,
            )
        _supersede(write, former)
        version = _insert(write, model, new_key, content, given_id=former.given_id)
        changed = sorted(name for name in content if content[name] != former.as_row()[name])
        write.audit(verb, model.KIND, new_key, row_id=version.row_id, former=former.row_id, fields=changed)
    return version


def withdraw(model: type[Version], key: str, *, by: Actor, reason: str = "", verb: str = "withdrew") -> Any:
    """Say that a record should never have been there: it ceases to be known, its versions stay."""
    with writing(by) as write:
        former = live(model, key)
        _supersede(write, former)
        write.audit(verb, model.KIND, key, row_id=former.row_id, reason=reason)
    return former


def _supersede(write: Writing, version: Version) -> None:
    version.superseded_at = write.now
    version.save(update_fields=["superseded_at"])
    outbox.send_superseded(write, version.KIND, [(version.source, version.row_id)])


def _insert(write: Writing, model: type[Version], key: str, content: Mapping[str, Any], given_id: str | None) -> Any:
    made = f"edit-{secrets.token_hex(8)}"
    version = model.objects.create(
        version_key=key,
        row_id=made if given_id is None else f"{given_id}@{made}",
        given_id=given_id,
        recorded_at=write.now,
        by=write.member,
        **content,
    )
    kinds = {c.name: c.kind for c in model.table().columns}
    row = {**content, "row_id": version.row_id, "recorded_at": version.recorded_at}
    arrays = [
        pa.array([rows.list_value(kinds[f.name], row[f.name]) if kinds[f.name] in rows.LISTS else row[f.name]], f.type)
        for f in rows.arrow_schema(model)
    ]
    outbox.send(write, model.KIND, "insert", pa.Table.from_arrays(arrays, schema=rows.arrow_schema(model)))
    return version
