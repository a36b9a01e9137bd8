"""Writes of accounts and contacts: one record at a time, or a whole file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from tenure.apps.crm import selectors
from tenure.apps.crm.models import AccountVersion, ContactVersion
from tenure.apps.workspaces.services import batches, bulk, imports, records
from tenure.apps.workspaces.services.writing import Actor
from tenure.apps.workspaces.versions import Version
from tenure.core.errors import TenureError

MODELS: Mapping[str, type[Version]] = {model.KIND: model for model in (AccountVersion, ContactVersion)}
ENDS: Mapping[str, str] = {"contacts": "left"}

PERSONAL = ContactVersion.PERSONAL
"""Columns of a contact that tell who the person is."""
_TELLING = ("user_id", "name", "email", "phone")


def add(kind: str, values: Mapping[str, Any], *, by: Actor, reason: str = "") -> Any:
    """Write a new account or contact."""
    selectors.require_place(by, MODELS[kind], values, new=True)
    return records.add(MODELS[kind], values, by=by, reason=reason)


def edit(
    kind: str, key: str, changes: Mapping[str, Any], *, by: Actor, seen: str | None = None, reason: str = ""
) -> Any:
    """Write a new version of an account or contact with some values changed.

    Raises: RecordChanged if another version than `seen` is live.
    """
    selectors.require_place(by, MODELS[kind], changes, new=False)
    return records.edit(MODELS[kind], key, changes, by=by, seen=seen, reason=reason)


def end(kind: str, key: str, day: Any, *, by: Actor, seen: str | None = None, reason: str = "") -> Any:
    """Say on which day a contact left the account."""
    column = records.end_column(kind, ENDS)
    return records.edit(MODELS[kind], key, {column: day}, by=by, verb="ended", seen=seen, reason=reason)


def merge_account(account_id: str, into: str, *, by: Actor) -> Any:
    """Say that an account and another one are one customer."""
    selectors.require_place(by, AccountVersion, {"merged_into": into}, new=False)
    records.live(AccountVersion, into)
    return records.edit(AccountVersion, account_id, {"merged_into": into}, by=by, verb="merged")


def withdraw(kind: str, key: str, *, by: Actor, reason: str = "", seen: str | None = None) -> Any:
    """Say that an account or contact should never have been there."""
    selectors.require_place(by, MODELS[kind], {}, new=False)
    return records.withdraw(MODELS[kind], key, by=by, reason=reason, seen=seen)


def undo(kind: str, key: str, *, by: Actor, seen: str) -> Any:
    """Take back the newest step of a record, which wrote (or withdrew) version `seen`; None if the record was new.

    Raises: RecordChanged if anything was written since.
    """
    selectors.require_place(by, MODELS[kind], {}, new=False)
    return records.undo(MODELS[kind], key, by=by, seen=seen)


def edit_accounts(account_ids: Sequence[str], changes: Mapping[str, Any], *, by: Actor) -> batches.Batch:
    """Write the same values into many accounts at once; ids the actor does not see, or without a record, stay out.

    Where several sources tell of an account, the record that speaks for it is changed.
    """
    selectors.require_place(by, AccountVersion, changes, new=False)
    return batches.edit(AccountVersion, lambda: selectors.accounts_by_id(by, account_ids), changes, by=by)


def undo_edit_accounts(batch: str, *, by: Actor) -> batches.TakenBack:
    """Take a change of many accounts back, where nothing was written since.

    Raises: TenureError batch.unknown.
    """
    selectors.require_place(by, AccountVersion, {}, new=False)
    return batches.undo(
        AccountVersion, batch, by=by, chosen=lambda replaced: selectors.accounts_to_restore(by, replaced)
    )


def apply_import(
    kind: str, staged: Path, run: imports.ImportRun, by: Actor, check: Callable[[], None] = lambda: None
) -> bulk.Counts:
    """Write a staged file of accounts or contacts, in one transaction; what `check` raises leaves nothing written."""
    return bulk.upsert(MODELS[kind], staged, run, by, check)


def foresee_import(
    kind: str, staged: Path, shown: Sequence[int], check: Callable[[], None] = lambda: None
) -> bulk.Foreseen:
    """What `apply_import` would do with a staged file, and with some of its rows."""
    return bulk.foresee(MODELS[kind], staged, shown, check)


def undo_import(run: imports.ImportRun, by: Actor) -> bulk.Undone:
    """Take an import of accounts or contacts back."""
    return bulk.undo(MODELS[run.kind], run, by)


# ---------------------------------------------------------------------- a person who is to be forgotten


@dataclass(frozen=True, slots=True)
class Person:
    """All that is known of a person: their contacts, the keys of these, and the words by which they can be found."""

    contact_ids: tuple[str, ...]
    keys: frozenset[str]
    words: frozenset[str]
    whole: frozenset[str]
    """what is looked for as a whole cell only, because it may be part of other words"""
    user_ids: frozenset[str]
    """the person's ids in events"""


def person(who: str) -> Person:
    """The person with this contact id, or with this e-mail address in any version.

    Raises: TenureError if there is none, or if an id of theirs is itself a name, an address or a number.
    """
    who = who.strip()
    named = ContactVersion.objects.filter(Q(contact_id=who) | Q(email__iexact=who)).exclude(contact_id="")
    ids = tuple(sorted(set(named.values_list("contact_id", flat=True))))
    if not who or not ids:
        raise TenureError(
            "contact.unknown",
            _("There is no contact with the id or e-mail address %(value)s.") % {"value": repr(who)},
            fix=_("Check how it is written; who was erased before is found by the contact's id only."),
            value=who,
        )
    versions = list(ContactVersion.objects.filter(contact_id__in=ids))
    told = {v.strip() for one in versions for f in _TELLING if (v := getattr(one, f)) and v.strip()} - set(ids)
    words = frozenset(word for word in told if len(word) >= (2 if not word.isascii() else 5))
    called = {w.strip().casefold() for one in versions for f in ("name", "email", "phone") if (w := getattr(one, f))}
    telling = {word for word in called if len(word) >= (2 if not word.isascii() else 5)}
    for identity in {i for one in versions for i in (one.contact_id, one.given_id) if i}:
        if any(word in identity.casefold() for word in telling):
            raise TenureError(
                "contact.telling_id",
                _("The contact's own id tells who the person is: this release cannot replace an id."),
                fix=_("Nothing was erased. Start a workspace from files in which the contact has another id."),
            )
    whole = {v.strip() for one in versions for f in PERSONAL if (v := getattr(one, f)) and v.strip()} - set(ids)
    users = frozenset(v.user_id for v in versions if v.user_id)
    return Person(ids, frozenset(v.version_key for v in versions), words, frozenset(whole), users)


def forget(contact_ids: Collection[str], names: Mapping[str, str]) -> int:
    """Take the personal columns out of every version of the contacts; how many versions there are. A user id becomes
    its new name.

    The one write that changes versions: it is for erasing a person, with what else that needs.
    """
    theirs = ContactVersion.objects.filter(contact_id__in=contact_ids)
    count = theirs.update(**dict.fromkeys(set(PERSONAL) - {"user_id"}))
    for known, new in names.items():
        theirs.filter(user_id=known).update(user_id=new)
    theirs.exclude(user_id__in=names.values()).update(user_id=None)
    return int(count)


CONTACT_TABLE = ContactVersion._meta.db_table
