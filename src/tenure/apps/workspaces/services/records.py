"""One record at a time: added, edited, ended or withdrawn, each as a new version with its audit and outbox entries."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from tenure.apps.workspaces import history
from tenure.apps.workspaces.services import custom, outbox, rows, values
from tenure.apps.workspaces.services.lake import timezone
from tenure.apps.workspaces.services.writing import Actor, Writing, writing
from tenure.apps.workspaces.versions import Version, key_columns, version_key
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


def end_column(kind: str, ends: Mapping[str, str]) -> str:
    """The column that ends a record of a kind.

    Raises: TenureError record.has_no_end.
    """
    if kind not in ends:
        raise TenureError(
            "record.has_no_end",
            _("%(kind)s have no end.") % {"kind": kind},
            fix=_("Use one of: %(allowed)s.") % {"allowed": ", ".join(ends)},
            kind=kind,
        )
    return ends[kind]


class RecordChanged(TenureError):
    """Somebody else wrote the record after the version that an editor saw; `where` says who, when and what."""


def _as_seen(model: type[Version], key: str, seen: str | None) -> Any:
    """The live version, if it is the one the editor saw (None: whichever it is); to be called inside a write.

    Raises: RecordChanged; TenureError record.unknown.
    """
    if seen is None:
        return live(model, key)
    found = model.objects.live().filter(version_key=key).first()
    if found is not None and found.row_id == seen:
        return found
    last = next(iter(history.steps(model, key)), None)
    if last is None:
        return live(model, key)
    raise RecordChanged(
        "record.changed",
        _("%(actor)s has changed this record since you opened it, on %(at)s.")
        % {"actor": last.actor, "at": localtime(last.at).strftime("%Y-%m-%d %H:%M")},
        fix=_("Nothing was written. Compare both and say what is to stand, then save again."),
        kind=model.KIND,
        key=key,
        version=None if found is None else found.row_id,
        by=last.actor,
        at=last.at.isoformat(),
        fields=list(last.fields),
        verb=last.verb,
    )


def add(
    model: type[Version],
    given: Mapping[str, Any],
    *,
    by: Actor,
    rule: Rule | None = None,
    verb: str = "added",
    reason: str = "",
) -> Any:
    """Write a record that was not there."""
    given, own = custom.apart(given)
    content = {**dict.fromkeys(model.content()), **values.checked(model, given, timezone())}
    if own is not None:
        content["attributes"] = custom.merged(model.KIND, content["attributes"], own, whole=True)
    values.complete(model, content)
    if rule is not None:
        rule(content)
    with writing(by) as write:
        key = _free_key(model, content, None)
        version = _insert(write, model, key, content, given_id=None)
        write.audit(verb, model.KIND, key, row_id=version.row_id, after=version.told(), **_why(reason))
    return version


def edit(
    model: type[Version],
    key: str,
    changes: Mapping[str, Any],
    *,
    by: Actor,
    rule: Rule | None = None,
    verb: str = "edited",
    seen: str | None = None,
    reason: str = "",
) -> Any:
    """Write a new version of a record with some values changed; equal values change nothing.

    A change of a column of the key gives the record another key; it must be free. `seen` is the version (`row_id`) the
    editor had before them: if another is live by now, nothing is written.

    Raises: RecordChanged.
    """
    changes, own = custom.apart(changes)
    checked = values.checked(model, changes, timezone())
    with writing(by) as write:
        former = _as_seen(model, key, seen)
        content = {**former.as_row(), **checked}
        if own is not None:
            content["attributes"] = custom.merged(model.KIND, content["attributes"], own)
        if content == former.as_row():
            return former
        values.complete(model, content)
        if rule is not None:
            rule(content)
        return _replace(write, model, former, content, verb=verb, reason=reason)


def put(
    model: type[Version],
    key: str,
    given: Mapping[str, Any],
    *,
    add: Callable[[Mapping[str, Any]], Any],
    edit: Callable[[Mapping[str, Any]], Any] | None,
    seen: str | None = None,
) -> tuple[Any, bool]:
    """The record with a key, changed as given or (without `seen`) made where it is not there; and whether it was made.

    `add` and `edit` are the services of the kind; without `edit` it is only made. The columns of the key may be left
    out; where they are given, they say the same as the key. To put the same twice changes nothing.

    Raises: TenureError record.key_mismatch, record.no_own_id; what `add` and `edit` raise.
    """
    if edit is not None and (seen is not None or model.objects.live().filter(version_key=key).exists()):
        return edit(given), False
    named = {**key_columns(model.table(), key), **given}
    checked = values.checked(model, custom.apart(named)[0], timezone())
    told = version_key(model.table(), {**dict.fromkeys(model.content()), **checked})
    if told != key:
        raise TenureError(
            "record.key_mismatch",
            _("The values are of the record %(told)s, the address is of %(key)s.")
            % {"told": repr(told), "key": repr(key)},
            fix=_("Leave the columns of the key out, or write the key as they say."),
            kind=model.KIND,
            key=key,
            told=told,
        )
    try:
        return add(named), True
    except TenureError as problem:
        if edit is None or problem.code != "record.exists":
            raise
    return edit(given), False  # somebody else made it meanwhile


def _replace(
    write: Writing, model: type[Version], former: Any, content: Mapping[str, Any], *, verb: str, reason: str
) -> Any:
    """Put a version with other content in the place of a live one, under its own key."""
    key = _free_key(model, content, former.given_id, now=former.version_key)
    _supersede(write, former)
    version = _insert(write, model, key, content, given_id=former.given_id)
    changed = sorted(name for name in content if content[name] != former.as_row()[name])
    told = {"before": former.told(*changed), "after": version.told(*changed)} if changed else {}
    ids = {"row_id": version.row_id, "former": former.row_id, "fields": changed}
    write.audit(verb, model.KIND, key, **ids, **told, **_why(reason))
    return version


def _free_key(model: type[Version], content: Mapping[str, Any], given_id: str | None, now: str = "") -> str:
    """The key of a record with this content, which it has `now` or nobody has.

    Raises: TenureError record.exists.
    """
    key = version_key(model.table(), {**content, "given_id": given_id})
    if key != now and model.objects.live().filter(version_key=key).exists():
        raise TenureError(
            "record.exists",
            _("There is already a %(kind)s %(key)s.") % {"kind": model.KIND, "key": repr(key)},
            fix=_("Edit that one, or give this one another key."),
            kind=model.KIND,
            key=key,
        )
    return key


def withdraw(
    model: type[Version], key: str, *, by: Actor, reason: str = "", verb: str = "withdrew", seen: str | None = None
) -> Any:
    """Say that a record should never have been there: it ceases to be known, its versions stay.

    Raises: RecordChanged if another version than `seen` is live.
    """
    with writing(by) as write:
        former = _as_seen(model, key, seen)
        _supersede(write, former)
        write.audit(verb, model.KIND, key, row_id=former.row_id, before=former.told(), **_why(reason))
    return former


def undo(model: type[Version], key: str, *, by: Actor, seen: str, rule: Rule | None = None) -> Any:
    """Take the newest step of a record back: what it replaced is written anew. None if the record was new.

    `seen` is the version that step wrote, or the one it withdrew: if anything was written since, nothing is.

    Raises: RecordChanged; TenureError record.exists.
    """
    with writing(by) as write:
        step = next(iter(history.steps(model, key)), None)
        if step is not None and step.version is None and step.former.row_id == seen:
            content = step.former.as_row()
            _free_key(model, content, step.former.given_id)
            version = _insert(write, model, key, content, given_id=step.former.given_id)
            write.audit("restored", model.KIND, key, row_id=version.row_id, after=version.told())
            return version
        written = _as_seen(model, key, seen)
        if step is None or step.former is None:
            _supersede(write, written)
            write.audit(history.WITHDREW, model.KIND, key, row_id=seen, before=written.told())
            return None
        content = step.former.as_row()
        if rule is not None:
            rule(content)
        return _replace(write, model, written, content, verb="undid edit", reason="")


def _why(reason: str) -> dict[str, str]:
    said = values.plain_text("reason", reason)
    return {"reason": said} if said else {}


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
