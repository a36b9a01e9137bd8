"""Writes of accounts and contacts: one record at a time, or a whole file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tenure.apps.crm.models import AccountVersion, ContactVersion
from tenure.apps.workspaces.services import bulk, imports, records
from tenure.apps.workspaces.services.writing import Actor
from tenure.apps.workspaces.versions import Version

MODELS: Mapping[str, type[Version]] = {model.KIND: model for model in (AccountVersion, ContactVersion)}


def add(kind: str, values: Mapping[str, Any], *, by: Actor) -> Any:
    """Write a new account or contact."""
    return records.add(MODELS[kind], values, by=by)


def edit(kind: str, key: str, changes: Mapping[str, Any], *, by: Actor) -> Any:
    """Write a new version of an account or contact with some values changed."""
    return records.edit(MODELS[kind], key, changes, by=by)


def end_contact(contact_id: str, day: Any, *, by: Actor) -> Any:
    """Say on which day a contact left the account."""
    return records.edit(ContactVersion, contact_id, {"left": day}, by=by, verb="ended")


def merge_account(account_id: str, into: str, *, by: Actor) -> Any:
    """Say that an account and another one are one customer."""
    records.live(AccountVersion, into)
    return records.edit(AccountVersion, account_id, {"merged_into": into}, by=by, verb="merged")


def withdraw(kind: str, key: str, *, by: Actor, reason: str = "") -> Any:
    """Say that an account or contact should never have been there."""
    return records.withdraw(MODELS[kind], key, by=by, reason=reason)


def apply_import(
    kind: str, staged: Path, run: imports.ImportRun, by: Actor, check: Callable[[], None] = lambda: None
) -> bulk.Counts:
    """Write a staged file of accounts or contacts, in one transaction; what `check` raises leaves nothing written."""
    return bulk.upsert(MODELS[kind], staged, run, by, check)


def undo_import(run: imports.ImportRun, by: Actor) -> bulk.Undone:
    """Take an import of accounts or contacts back."""
    return bulk.undo(MODELS[run.kind], run, by)
