"""Leads as records: one at a time by hand, or a whole file. What is done with a lead is in `working`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.models import LeadVersion
from tenure.apps.crm import selectors as crm
from tenure.apps.workspaces.permissions import limited
from tenure.apps.workspaces.services import bulk, imports, records
from tenure.apps.workspaces.services.checks import between, one_of
from tenure.apps.workspaces.services.values import refuse
from tenure.apps.workspaces.services.writing import Actor
from tenure.apps.workspaces.versions import Version
from tenure.core.errors import TenureError

MODELS: Mapping[str, type[Version]] = {LeadVersion.KIND: LeadVersion}
ENDS: Mapping[str, str] = {}
STATUSES = ("new", "working", "mql", "sql", "rejected", "recycled", "converted")


def rule(values: Mapping[str, Any]) -> None:
    """Refuse a lead whose values are none that a lead can have."""
    one_of(values, "status", STATUSES)
    between(values, "fit_score", 0, 100)
    between(values, "engagement_score", 0, 100)
    if values.get("grade") is not None and not re.fullmatch("[A-D][1-4]", values["grade"]):
        raise refuse("grade", values["grade"], _("Write a letter from A to D and a digit from 1 to 4, such as B2."))


def add(kind: str, values: Mapping[str, Any], *, by: Actor, reason: str = "") -> Any:
    """Write a lead that was not there."""
    require_place(by, values, new=True)
    return records.add(MODELS[kind], values, by=by, rule=rule, reason=reason)


def edit(
    kind: str, key: str, changes: Mapping[str, Any], *, by: Actor, seen: str | None = None, reason: str = ""
) -> Any:
    """Write a new version of a lead with some values changed.

    Raises: RecordChanged if another version than `seen` is live.
    """
    require_place(by, changes, new=False)
    return records.edit(MODELS[kind], key, changes, by=by, rule=rule, seen=seen, reason=reason)


def end(kind: str, key: str, day: Any, *, by: Actor, seen: str | None = None, reason: str = "") -> Any:
    """Leads have no last day.

    Raises: TenureError record.has_no_end.
    """
    return records.end_column(kind, ENDS)


def withdraw(kind: str, key: str, *, by: Actor, reason: str = "", seen: str | None = None) -> Any:
    """Say that a lead should never have been there."""
    return records.withdraw(MODELS[kind], key, by=by, reason=reason, seen=seen)


def undo(kind: str, key: str, *, by: Actor, seen: str) -> Any:
    """Take back the newest step of a lead.

    Raises: RecordChanged if anything was written since.
    """
    return records.undo(MODELS[kind], key, by=by, seen=seen, rule=rule)


def apply_import(
    kind: str, staged: Path, run: imports.ImportRun, by: Actor, check: Callable[[], None] = lambda: None
) -> bulk.Counts:
    """Write a staged file of leads, in one transaction."""
    return bulk.upsert(MODELS[kind], staged, run, by, check)


def foresee_import(
    kind: str, staged: Path, shown: Sequence[int], check: Callable[[], None] = lambda: None
) -> bulk.Foreseen:
    """What `apply_import` would do with a staged file, and with some of its rows."""
    return bulk.foresee(MODELS[kind], staged, shown, check)


def undo_import(run: imports.ImportRun, by: Actor) -> bulk.Undone:
    """Take an import of leads back."""
    return bulk.undo(MODELS[run.kind], run, by)


def require_place(by: Actor, values: Mapping[str, Any], *, new: bool) -> None:
    """Refuse to let somebody who sees some leads write one that they would not see, or put it at others' accounts."""
    if not limited(by):
        return
    if values.get("account_id"):
        crm.account_for(by, str(values["account_id"]))
    if new and not selectors.sees(by, LeadVersion(owner=values.get("owner"), account_id=values.get("account_id"))):
        raise TenureError(
            "lead.not_yours",
            _("You would not see this lead."),
            fix=_("Name as its owner yourself, or somebody of your team, as the accounts do."),
            field="owner",
            value=values.get("owner"),
        )
