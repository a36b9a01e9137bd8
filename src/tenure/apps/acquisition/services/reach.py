"""Writes of spend and touches: one record at a time, or a whole file such as the export of an advertising platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tenure.apps.acquisition.models import SpendVersion, TouchVersion
from tenure.apps.crm import selectors as crm
from tenure.apps.workspaces.services import bulk, erasure, imports, records
from tenure.apps.workspaces.services.checks import at_least, currency, one_of
from tenure.apps.workspaces.services.writing import Actor
from tenure.apps.workspaces.versions import Version

MODELS: Mapping[str, type[Version]] = {model.KIND: model for model in (SpendVersion, TouchVersion)}
ENDS: Mapping[str, str] = {}
SPENT_FOR = ("media", "sales", "agent_commission", "event", "content")


def _spend(values: Mapping[str, Any]) -> None:
    currency(values)
    one_of(values, "kind", SPENT_FOR)
    at_least(values, "impressions", 0)
    at_least(values, "clicks", 0)


_RULES: Mapping[str, Callable[[Mapping[str, Any]], None]] = {"spend": _spend}


def add(kind: str, values: Mapping[str, Any], *, by: Actor, reason: str = "") -> Any:
    """Write what was not known yet."""
    crm.require_place(by, MODELS[kind], values, new=True)
    return records.add(MODELS[kind], values, by=by, rule=_RULES.get(kind), reason=reason)


def edit(
    kind: str, key: str, changes: Mapping[str, Any], *, by: Actor, seen: str | None = None, reason: str = ""
) -> Any:
    """Write a new version with some values changed.

    Raises: RecordChanged if another version than `seen` is live.
    """
    crm.require_place(by, MODELS[kind], changes, new=False)
    return records.edit(MODELS[kind], key, changes, by=by, rule=_RULES.get(kind), seen=seen, reason=reason)


def end(kind: str, key: str, day: Any, *, by: Actor, seen: str | None = None, reason: str = "") -> Any:
    """Neither has an end.

    Raises: TenureError record.has_no_end.
    """
    return records.end_column(kind, ENDS)


def withdraw(kind: str, key: str, *, by: Actor, reason: str = "", seen: str | None = None) -> Any:
    """Say that a record should never have been there."""
    crm.require_place(by, MODELS[kind], {}, new=False)
    return records.withdraw(MODELS[kind], key, by=by, reason=reason, seen=seen)


def undo(kind: str, key: str, *, by: Actor, seen: str) -> Any:
    """Take back the newest step of a record, which wrote (or withdrew) version `seen`; None if the record was new.

    Raises: RecordChanged if anything was written since.
    """
    crm.require_place(by, MODELS[kind], {}, new=False)
    return records.undo(MODELS[kind], key, by=by, seen=seen, rule=_RULES.get(kind))


def apply_import(
    kind: str, staged: Path, run: imports.ImportRun, by: Actor, check: Callable[[], None] = lambda: None
) -> bulk.Counts:
    """Write a staged file, in one transaction; what `check` raises leaves nothing written."""
    return bulk.upsert(MODELS[kind], staged, run, by, check)


def foresee_import(
    kind: str, staged: Path, shown: Sequence[int], check: Callable[[], None] = lambda: None
) -> bulk.Foreseen:
    """What `apply_import` would do with a staged file, and with some of its rows."""
    return bulk.foresee(MODELS[kind], staged, shown, check)


def undo_import(run: imports.ImportRun, by: Actor) -> bulk.Undone:
    """Take an import back."""
    return bulk.undo(MODELS[run.kind], run, by)


def forget_in_texts(words: erasure.Words) -> int:
    """Replace the words by which a person can be found in what came with touches; how many versions were changed."""
    return erasure.blank_columns(TouchVersion, ("attributes",), words)


PERSONAL_TABLES = (TouchVersion._meta.db_table,)
