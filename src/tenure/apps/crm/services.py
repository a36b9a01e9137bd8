"""Writes of accounts, contacts, deals and what belongs to them: one record at a time, or a whole file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone as clock
from django.utils.translation import gettext as _

from tenure.apps.crm import duplicates, merging, rules, selectors
from tenure.apps.crm.models import (
    AccountVersion,
    ActivityVersion,
    CommitteeMemberVersion,
    ContactVersion,
    DealVersion,
    DemandLinkVersion,
    DemandVersion,
    TenderItemVersion,
    TenderVersion,
)
from tenure.apps.workspaces.services import batches, bulk, erasure, imports, lake, records
from tenure.apps.workspaces.services.values import plain_text, refuse
from tenure.apps.workspaces.services.writing import Actor
from tenure.apps.workspaces.versions import Version
from tenure.core.errors import TenureError
from tenure.core.localtime import zone

MODELS: Mapping[str, type[Version]] = {
    model.KIND: model
    for model in (
        AccountVersion,
        ContactVersion,
        DealVersion,
        CommitteeMemberVersion,
        TenderVersion,
        TenderItemVersion,
        DemandVersion,
        DemandLinkVersion,
        ActivityVersion,
    )
}
ENDS: Mapping[str, str] = {"contacts": "left"}

PERSONAL = ContactVersion.PERSONAL
"""Columns of a contact that tell who the person is."""
_FOLLOWED = frozenset({"owner", "pool"})
"""Columns in which an account that was merged follows the one it is part of: they say who sees it."""
_TELLING = ("user_id", "name", "email", "phone", "wechat")
_FREE_TEXT: Mapping[type[Version], tuple[str, ...]] = {
    AccountVersion: ("attributes",),
    DealVersion: ("name", "next_step", "lost_reason", "attributes"),
    CommitteeMemberVersion: ("concerns", "criteria", "attributes"),
    TenderVersion: ("review", "attributes"),
    DemandLinkVersion: ("quote", "attributes"),
    ActivityVersion: ("subject", "body", "outcome", "attributes"),
}
"""Columns in which anything may be said of a person."""
_PART_OF: Mapping[str, tuple[str, type[Version]]] = {
    "committee_members": ("deal_id", DealVersion),
    "tenders": ("deal_id", DealVersion),
    "tender_items": ("tender_id", TenderVersion),
    "demand_links": ("deal_id", DealVersion),
    "activities": ("deal_id", DealVersion),
}
"""Kinds of records that belong to another one, whose account is theirs: the column that names it, and its table."""


def add(kind: str, values: Mapping[str, Any], *, by: Actor, reason: str = "") -> Any:
    """Write a new record of a kind in MODELS.

    What belongs to a deal or tender is of that one's account; a deal without a stage is in the first one.
    """
    values = _of_its_account(kind, values)
    if kind == "deals":
        values = _entered({"created_at": clock.now(), **values}, None)
    selectors.require_place(by, MODELS[kind], values, new=True)
    return records.add(MODELS[kind], values, by=by, rule=_rule(kind), reason=reason)


def edit(
    kind: str, key: str, changes: Mapping[str, Any], *, by: Actor, seen: str | None = None, reason: str = ""
) -> Any:
    """Write a new version of a record with some values changed; a deal that changes its stage enters it now.

    Raises: RecordChanged if another version than `seen` is live.
    """
    changes = _of_its_account(kind, changes)
    if kind == "deals":
        changes = _entered(changes, records.live(DealVersion, key).stage)
    selectors.require_place(by, MODELS[kind], changes, new=False)
    if kind == "accounts" and _FOLLOWED & changes.keys():
        return _edit_family(key, changes, by=by, seen=seen, reason=reason)
    return records.edit(MODELS[kind], key, changes, by=by, rule=_rule(kind), seen=seen, reason=reason)


def _rule(kind: str) -> records.Rule | None:
    """What the values of a kind must fulfil, the items of a tender with them."""
    return _tender_with_items if kind == "tenders" else rules.RULES.get(kind)


def _tender_with_items(values: Mapping[str, Any]) -> None:
    rules.RULES["tenders"](values)
    if values.get("state") == "ready":
        items = TenderItemVersion.objects.live().filter(tender_id=values["tender_id"]).order_by("item")
        rules.bid_is_ready(values, items, zone(lake.timezone()))


def _edit_family(key: str, changes: Mapping[str, Any], *, by: Actor, seen: str | None, reason: str) -> Any:
    """Edit an account, and let those that were merged into it follow its owner."""
    with transaction.atomic():
        edited = records.edit(
            AccountVersion, key, changes, by=by, rule=rules.RULES["accounts"], seen=seen, reason=reason
        )
        merged = selectors.family(edited.account_id)[1:]
        if merged:
            followed = {name: getattr(edited, name) for name in _FOLLOWED}
            batches.edit(AccountVersion, lambda: selectors.accounts_by_id(None, merged), followed, by=by)
    return edited


def _of_its_account(kind: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values with the account of the deal or tender that they name."""
    column, model = _PART_OF.get(kind, ("", DealVersion))
    if not values.get(column):
        return values
    named = plain_text(column, values[column])
    whole = model.objects.live().filter(**{column: named}).first()
    if whole is None:
        raise refuse(column, named, _("Name one that there is."))
    if values.get("account_id") not in (None, "", whole.account_id):
        fix = _("Leave it empty, or write %(account)s: it is of that account.") % {"account": whole.account_id}
        raise refuse("account_id", values["account_id"], fix)
    return {**values, "account_id": whole.account_id}


def _entered(values: Mapping[str, Any], before: str | None) -> Mapping[str, Any]:
    """The values of a deal with the moments that a change of its stage means, unless they were given."""
    stage = values.get("stage")
    if "stage" not in values or stage == before:
        return values
    now = values.get("stage_at") or clock.now()
    ended = {"won_at": now if stage == rules.WON else None, "lost_at": now if stage == rules.LOST else None}
    return {"stage_at": now, **ended, **values}


def end(kind: str, key: str, day: Any, *, by: Actor, seen: str | None = None, reason: str = "") -> Any:
    """Say on which day a contact left the account."""
    column = records.end_column(kind, ENDS)
    return records.edit(MODELS[kind], key, {column: day}, by=by, verb="ended", seen=seen, reason=reason)


def merge_account(account_id: str, into: str, *, by: Actor, take: Collection[str] = ()) -> Any:
    """Say that an account and another one are one customer; of the columns in `take` the first one's values stand."""
    return merging.merge("accounts", account_id, into, take, by=by)


def withdraw(kind: str, key: str, *, by: Actor, reason: str = "", seen: str | None = None) -> Any:
    """Say that a record should never have been there."""
    selectors.require_place(by, MODELS[kind], {}, new=False)
    return records.withdraw(MODELS[kind], key, by=by, reason=reason, seen=seen)


def undo(kind: str, key: str, *, by: Actor, seen: str) -> Any:
    """Take back the newest step of a record, which wrote (or withdrew) version `seen`; None if the record was new.

    Raises: RecordChanged if anything was written since.
    """
    selectors.require_place(by, MODELS[kind], {}, new=False)
    merge = merging.entry_for(kind, seen) if kind in merging.KEPT else None
    if merge is not None:
        merging.undo(merge.pk, by=by)
        return MODELS[kind].objects.live().filter(version_key=key).first()
    return records.undo(MODELS[kind], key, by=by, seen=seen, rule=_rule(kind))


def edit_accounts(account_ids: Sequence[str], changes: Mapping[str, Any], *, by: Actor) -> batches.Batch:
    """Write the same values into many accounts at once; ids the actor does not see, or without a record, stay out.

    Where several sources tell of an account, the record that speaks for it is changed.
    """
    selectors.require_place(by, AccountVersion, changes, new=False)
    if _FOLLOWED & changes.keys():
        account_ids = list(dict.fromkeys(one for given in account_ids for one in selectors.family(given)))
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
    """Write a staged file of a kind in MODELS, in one transaction; what `check` raises leaves nothing written."""
    staged = duplicates.settled(kind, staged, (run.options or {}).get("duplicates", ""), check)
    return bulk.upsert(MODELS[kind], staged, run, by, check)


def foresee_import(
    kind: str, staged: Path, shown: Sequence[int], check: Callable[[], None] = lambda: None
) -> bulk.Foreseen:
    """What `apply_import` would do with a staged file, and with some of its rows."""
    return bulk.foresee(MODELS[kind], staged, shown, check)


def undo_import(run: imports.ImportRun, by: Actor) -> bulk.Undone:
    """Take an import of a kind in MODELS back."""
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


def forget_in_texts(words: erasure.Words) -> int:
    """Replace the words by which a person can be found in what people wrote of deals, bids and talks; how many versions
    were changed."""
    return sum(erasure.blank_columns(model, columns, words) for model, columns in _FREE_TEXT.items())


PERSONAL_TABLES = (ContactVersion._meta.db_table, *(model._meta.db_table for model in _FREE_TEXT))
