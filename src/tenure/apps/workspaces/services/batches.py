"""Many records at once: edited together as new versions, each with its audit entry, and taken back together.

A batch is named by a key of its own, under which the audit trail has one entry for the whole and one for each record.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa
from django.utils.translation import gettext as _

from tenure.apps.workspaces.models import AuditEntry
from tenure.apps.workspaces.services import outbox, rows, values
from tenure.apps.workspaces.services.lake import timezone
from tenure.apps.workspaces.services.writing import Actor, Writing, writing
from tenure.apps.workspaces.versions import Version, version_key
from tenure.core.errors import TenureError

KIND = "batches"
"""The kind of the audit entries about whole batches."""
AT_ONCE = 500
"""Records per statement of the database."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What editing many records did."""

    key: str
    """names the batch, to take it back; empty if nothing changed"""
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What taking a batch back did: `kept` were changed since, and stay as they are."""

    restored: int
    kept: int


def edit(model: type[Version], chosen: Callable[[], Iterable[Any]], changes: Mapping[str, Any], *, by: Actor) -> Batch:
    """Write new versions of the live versions that `chosen` finds, with some values changed, all in one transaction.

    `chosen` is called inside the write, so that nobody changes a record in between; no column of the key may change.

    Raises: ValueRefused for a value its column cannot hold.
    """
    checked = values.checked(model, changes, timezone())
    if set(checked) & set(model.table().key):
        raise ValueError(f"a batch cannot change the key of {model.KIND}")
    key = secrets.token_hex(8)
    changed = unchanged = 0
    with writing(by) as write:
        formers = list(chosen())
        for some in _pieces(formers):
            differing = [one for one in some if any(getattr(one, name) != value for name, value in checked.items())]
            unchanged += len(some) - len(differing)
            changed += len(differing)
            written = [(former, {**former.as_row(), **checked}) for former in differing]
            _replace(write, model, written, verb="edited", batch=key)
        if changed:
            told = {name: str(value) if value is not None else None for name, value in checked.items()}
            write.audit("edited", KIND, key, of=model.KIND, values=told, changed=changed)
    return Batch(key if changed else "", changed, unchanged)


def undo(
    model: type[Version], key: str, *, by: Actor, chosen: Callable[[Mapping[str, str]], Iterable[Any]]
) -> TakenBack:
    """Write back what a batch replaced, where nothing was written since.

    `chosen` gives, of some row ids and the ones they replaced, the live versions that the actor may take back.

    Raises: TenureError batch.unknown.
    """
    restored = kept = 0
    with writing(by) as write:
        whole = AuditEntry.objects.filter(kind=KIND, key=key, verb="edited", detail__of=model.KIND).first()
        if whole is None:
            raise TenureError(
                "batch.unknown",
                _("There is no such change of many records."),
                fix=_("Look in the history of one of the records."),
                value=key,
            )
        entries = AuditEntry.objects.filter(at=whole.at, kind=model.KIND, verb="edited", detail__batch=key)
        steps = [(entry.detail["row_id"], entry.detail["former"]) for entry in entries.order_by("pk")]
        for some in _pieces(steps):
            replaced = dict(some)
            live = list(chosen(replaced))
            formers = {one.row_id: one for one in model.objects.filter(row_id__in=list(replaced.values()))}
            written = [(one, formers[replaced[one.row_id]].as_row()) for one in live]
            _replace(write, model, written, verb="undid edit", batch=key)
            restored += len(written)
            kept += len(some) - len(written)
        if restored:
            write.audit("undid edit", KIND, key, of=model.KIND, restored=restored, kept=kept)
    return TakenBack(restored, kept)


def _replace(
    write: Writing, model: type[Version], written: Sequence[tuple[Any, Mapping[str, Any]]], *, verb: str, batch: str
) -> None:
    """Put versions with other content in the place of live ones, under their own keys."""
    if not written:
        return
    made = replace(write, model, written, mark="edit")
    write.audit_many(
        verb,
        model.KIND,
        (
            (
                version.version_key,
                {
                    "row_id": version.row_id,
                    "former": former.row_id,
                    "fields": sorted(name for name, value in content.items() if getattr(former, name) != value),
                    "batch": batch,
                },
            )
            for version, (former, content) in zip(made, written, strict=True)
        ),
    )


def replace(
    write: Writing, model: type[Version], written: Sequence[tuple[Any, Mapping[str, Any]]], *, mark: str
) -> list[Any]:
    """Put versions with other content in the place of live ones, set by set; the caller keeps the audit trail.

    The row ids of what is written begin with `mark`; a former version that is not live is written anew. A record whose
    key changes must have a key that is free.
    """
    every: list[Any] = []
    for some in _pieces(written):
        made = [_next(write, model, former, content, mark) for former, content in some]
        withdraw(write, model, [former for former, _content in some if former.superseded_at is None])
        model.objects.bulk_create(made)
        outbox.send(write, model.KIND, "insert", _as_arrow(model, made))
        every += made
    return every


def withdraw(write: Writing, model: type[Version], versions: Sequence[Any]) -> None:
    """End live versions, set by set; the caller keeps the audit trail."""
    for some in _pieces(versions):
        model.objects.filter(pk__in=[one.pk for one in some]).update(superseded_at=write.now)
        outbox.send_superseded(write, model.KIND, [(one.source, one.row_id) for one in some])


def _next(write: Writing, model: type[Version], former: Any, content: Mapping[str, Any], mark: str) -> Any:
    row_id = f"{mark}-{secrets.token_hex(8)}"
    return model(
        version_key=version_key(model.table(), {**content, "given_id": former.given_id}),
        row_id=row_id if former.given_id is None else f"{former.given_id}@{row_id}",
        given_id=former.given_id,
        recorded_at=write.now,
        by=write.member,
        **content,
    )


def _as_arrow(model: type[Version], versions: Sequence[Any]) -> pa.Table:
    """Versions as the outbox takes them."""
    kinds = {column.name: column.kind for column in model.table().columns}
    schema = rows.arrow_schema(model)
    arrays = []
    for field in schema:
        kept = [getattr(version, field.name) for version in versions]
        kind = kinds.get(field.name, "")
        arrays.append(pa.array([rows.list_value(kind, v) for v in kept] if kind in rows.LISTS else kept, field.type))
    return pa.Table.from_arrays(arrays, schema=schema)


def _pieces(items: Iterable[Any]) -> Iterable[list[Any]]:
    stream = iter(items)
    while some := list(islice(stream, AT_ONCE)):
        yield some
