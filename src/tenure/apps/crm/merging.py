"""Merging two accounts or two contacts, and taking it back: in one transaction, with one audit entry.

What belongs to an account that was merged stays where it is and is read with the family (`selectors.family`): so no row
of it can be lost, a file that names the former id can be imported again, and the undo has little to restore. A contact
goes: what names it is written anew, set by set, and names the other one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from tenure.apps.crm import rules, selectors
from tenure.apps.crm.models import (
    AccountVersion,
    ActivityVersion,
    CommitteeMemberVersion,
    ContactVersion,
    DemandLinkVersion,
    DuplicatePair,
    PairState,
)
from tenure.apps.workspaces import selectors as workspaces
from tenure.apps.workspaces.history import MERGED, UNMERGED
from tenure.apps.workspaces.permissions import Caller, limited
from tenure.apps.workspaces.services import batches
from tenure.apps.workspaces.services.writing import Actor, Writing, writing
from tenure.apps.workspaces.versions import Version
from tenure.core.errors import TenureError
from tenure.core.matching import Person, same_persons

MODELS: Mapping[str, type[Version]] = {
    model.KIND: model
    for model in (AccountVersion, ContactVersion, CommitteeMemberVersion, DemandLinkVersion, ActivityVersion)
}
KEPT = {
    "accounts": frozenset({"account_id", "merged_into", "source", "attributes"}),
    "contacts": frozenset({"contact_id", "account_id", "source", "attributes", "left_at"}),
}
"""Columns of which nobody chooses whose value stands."""


@dataclass(frozen=True, slots=True)
class Unmerged:
    """What taking a merge back did; `kept` are the columns, by kind and key, that were changed since and stay."""

    restored: int
    kept: tuple[tuple[str, str, str], ...]


def columns(kind: str) -> tuple[str, ...]:
    """The columns of which one may choose whose value stands."""
    return tuple(name for name in MODELS[kind].content() if name not in KEPT[kind])


def merge(kind: str, away: str, stays: str, take: Collection[str] = (), *, by: Actor) -> Any:
    """Say that two accounts, or two contacts, are one. Of the columns in `take` the value of the one that goes stands.

    Raises: TenureError merge.itself, merge.already, merge.column, account.unknown or record.unknown.
    """
    if away == stays:
        raise TenureError("merge.itself", _("A record cannot be merged into itself."), fix=_("Choose two."), value=away)
    unknown = set(take) - set(columns(kind))
    if unknown:
        raise TenureError(
            "merge.column",
            _("Of %(column)s no value can be chosen.") % {"column": repr(min(unknown))},
            fix=_("Choose among: %(allowed)s.") % {"allowed": ", ".join(columns(kind))},
            value=min(unknown),
        )
    with writing(by) as write:
        merging = _Merging(write)
        if kind == "accounts":
            entry = _accounts(merging, away, stays, take, by)
        else:
            entry = _contacts(merging, away, stays, take, by)
        _decided(write, kind, away, stays, PairState.MERGED)
    return entry


class _Merging:
    """The writes of one merge, with the journal by which they are taken back: ids alone, no values."""

    def __init__(self, write: Writing) -> None:
        self.write = write
        self.journal: list[list[Any]] = []

    def put(self, model: type[Version], written: Sequence[tuple[Any, Mapping[str, Any]]]) -> list[Any]:
        """Write new versions where something differs."""
        differing = [(former, content) for former, content in written if content != former.as_row()]
        made = batches.replace(self.write, model, differing, mark="merge")
        self.journal += [
            [model.KIND, one.row_id, former.row_id] for one, (former, _c) in zip(made, differing, strict=True)
        ]
        return made

    def end(self, model: type[Version], gone: Sequence[Any]) -> None:
        batches.withdraw(self.write, model, gone)
        self.journal += [[model.KIND, None, one.row_id] for one in gone]

    def entry(self, kind: str, key: str, **detail: Any) -> Any:
        self.write.audit(MERGED, kind, key, journal=self.journal, **detail)
        return workspaces.audit().filter(kind=kind, key=key, verb=MERGED).latest("pk")


# ---------------------------------------------------------------------- accounts


def _accounts(merging: _Merging, away: str, stays: str, take: Collection[str], by: Actor) -> Any:
    going, staying = _account(by, away), _account(by, stays)
    for one in (going, staying):
        if one.merged_into:
            raise TenureError(
                "merge.already",
                _("%(account)s was merged into %(into)s already.")
                % {"account": one.account_id, "into": one.merged_into},
                fix=_("Choose the account it was merged into."),
                value=one.account_id,
            )
    kept = {**staying.as_row(), **{name: getattr(going, name) for name in take}}
    if kept["parent_id"] in (away, stays):
        kept["parent_id"] = None
    rules.RULES["accounts"](kept)
    met = _met(selectors.family(away), selectors.family(stays))
    merging.put(AccountVersion, [(staying, kept)])
    # All that were merged follow the owner, so that one scope holds for the whole family.
    followed = {"owner": kept["owner"], "pool": kept["pool"]}
    family = AccountVersion.objects.live().filter(account_id__in=selectors.family(away)).order_by("pk")
    written = [
        (one, {**one.as_row(), **followed, "merged_into": stays if one.account_id == away else one.merged_into})
        for one in family
    ]
    made = {one.account_id: one for one in merging.put(AccountVersion, written)}[away]
    _to_review(merging.write, met)
    return merging.entry(
        "accounts", made.version_key, row_id=made.row_id, former=_former(merging, made.row_id), into=stays,
        fields=["merged_into"], taken=sorted(take),
    )  # fmt: skip


def _former(merging: _Merging, row_id: str) -> str:
    return next(former for _kind, new, former in merging.journal if new == row_id)


def _account(by: Actor, account_id: str) -> Any:
    if limited(by):
        return selectors.account_for(by, account_id)
    found = AccountVersion.objects.live().filter(account_id=account_id).order_by("-recorded_at", "-pk").first()
    return found or _unknown("accounts", account_id)


def _unknown(kind: str, key: str) -> Any:
    raise TenureError(
        "record.unknown",
        _("There is no %(kind)s %(key)s.") % {"kind": kind, "key": repr(key)},
        fix=_("Choose one from the list."),
        kind=kind,
        key=key,
    )


def _met(left: Collection[str], right: Collection[str]) -> list[tuple[str, str, Any]]:
    """The contacts of two families that may be one person, as pairs of one from each side."""
    people = ContactVersion.objects.live().filter(account_id__in=[*left, *right])
    rows = list(people.values_list("contact_id", "account_id", "name", "email", "phone"))
    side = {contact: account in left for contact, account, *_rest in rows}
    compared = same_persons((contact, Person.of(*rest)) for contact, _account, *rest in rows)
    return [(one, other, match) for one, other, match in compared if side[one] != side[other]]


def _to_review(write: Writing, met: Sequence[tuple[str, str, Any]]) -> None:
    DuplicatePair.objects.bulk_create(
        (
            DuplicatePair(
                kind="contacts", left=min(one, other), right=max(one, other), verdict=match.verdict, score=match.score,
                reasons=list(match.reasons), found_at=write.now,
            )
            for one, other, match in met
        ),
        ignore_conflicts=True,
    )  # fmt: skip


# ---------------------------------------------------------------------- contacts


def _contacts(merging: _Merging, away: str, stays: str, take: Collection[str], by: Actor) -> Any:
    going, staying = _contact(by, away), _contact(by, stays)
    kept = {**staying.as_row(), **{name: getattr(going, name) for name in take}}
    if "left" in take:
        kept["left_at"] = going.left_at
    if kept["reports_to"] in (away, stays):
        kept["reports_to"] = None
    merging.put(ContactVersion, [(staying, kept)])
    _committees(merging, away, stays)
    for model, column in ((DemandLinkVersion, "contact_id"), (ContactVersion, "reports_to")):
        named = model.objects.live().filter(**{column: away}).exclude(pk=going.pk).order_by("pk")
        merging.put(
            model,
            [
                (
                    one,
                    {
                        **one.as_row(),
                        column: None if getattr(one, "contact_id", "") == stays and column != "contact_id" else stays,
                    },
                )
                for one in named
            ],
        )
    talks = (
        ActivityVersion.objects.live().filter(contacts__contains=json.dumps(away, ensure_ascii=False)).order_by("pk")
    )
    merging.put(
        ActivityVersion, [(one, {**one.as_row(), "contacts": _renamed(one.contacts, away, stays)}) for one in talks]
    )
    merging.end(ContactVersion, list(ContactVersion.objects.live().filter(contact_id=away)))
    return merging.entry("contacts", going.version_key, row_id=going.row_id, into=stays, taken=sorted(take))


def _contact(by: Actor, contact_id: str) -> Any:
    rows = selectors.visible_to(by, ContactVersion) if limited(by) else ContactVersion.objects.live()
    return rows.filter(contact_id=contact_id).order_by("-recorded_at", "-pk").first() or _unknown(
        "contacts", contact_id
    )


def _committees(merging: _Merging, away: str, stays: str) -> None:
    """A seat in a committee goes over; where both sit in one, the one that stays gets what only the other one had."""
    seats = CommitteeMemberVersion.objects.live()
    mine = {one.deal_id: one for one in seats.filter(contact_id=stays)}
    moved, filled, gone = [], [], []
    for one in seats.filter(contact_id=away).order_by("pk"):
        other = mine.get(one.deal_id)
        if other is None:
            influences = _renamed(one.influences or "[]", away, stays, besides=stays)
            moved.append((one, {**one.as_row(), "contact_id": stays, "influences": influences}))
            continue
        content = {name: value if value is not None else getattr(one, name) for name, value in other.as_row().items()}
        content["roles"] = _united(other.roles, one.roles)
        filled.append((other, content))
        gone.append(one)
    merging.put(CommitteeMemberVersion, moved + filled)
    merging.end(CommitteeMemberVersion, gone)
    swayed = seats.filter(influences__contains=json.dumps(away, ensure_ascii=False)).order_by("pk")
    merging.put(
        CommitteeMemberVersion,
        [
            (one, {**one.as_row(), "influences": _renamed(one.influences, away, stays, besides=one.contact_id)})
            for one in swayed
        ],
    )


def _united(left: str | None, right: str | None) -> str | None:
    together = list(dict.fromkeys([*json.loads(left or "[]"), *json.loads(right or "[]")]))
    return json.dumps(together, ensure_ascii=False, separators=(",", ":")) if together else left


def _renamed(texts: str, away: str, stays: str, besides: str = "") -> str | None:
    """A list of ids with one of them called otherwise, each once."""
    named = dict.fromkeys(stays if one == away else one for one in json.loads(texts))
    named.pop(besides, None)
    return json.dumps(list(named), ensure_ascii=False, separators=(",", ":")) if named else None


# ---------------------------------------------------------------------- back


def undo(number: int, *, by: Actor) -> Unmerged:
    """Take a merge back: every column it wrote has its former value again, but those that were changed since.

    Raises: TenureError merge.unknown, merge.undone.
    """
    with writing(by) as write:
        entry = workspaces.audit().filter(pk=number, verb=MERGED, kind__in=KEPT, detail__has_key="journal").first()
        if entry is None:
            raise TenureError(
                "merge.unknown",
                _("There is no such merge."),
                fix=_("Look in the history of the record."),
                value=str(number),
            )
        _require_seen(entry, by)
        if workspaces.audit().filter(kind=entry.kind, key=entry.key, verb=UNMERGED, detail__merge=entry.pk).exists():
            raise TenureError(
                "merge.undone",
                _("This merge was taken back already."),
                fix=_("There is nothing to do."),
                value=str(number),
            )
        restored, kept, first = 0, [], None
        journal = entry.detail["journal"]
        for kind in dict.fromkeys(kind for kind, _new, _former in reversed(journal)):
            # Newest first: where a merge wrote a record twice, what it was at first is what comes back.
            steps = [(new, former) for of, new, former in journal if of == kind]
            back, stayed = _back(write, MODELS[kind], steps)
            restored += len(back)
            kept += [(kind, key, name) for key, name in stayed]
            first = next((one.row_id for one in back if kind == entry.kind and one.version_key == entry.key), first)
        left, right = _ids(entry)
        _decided(write, entry.kind, left, right, PairState.OPEN)
        write.audit(UNMERGED, entry.kind, entry.key, merge=entry.pk, row_id=first, restored=restored, kept=kept)
    return Unmerged(restored, tuple(kept))


def _back(
    write: Writing, model: type[Version], steps: Sequence[tuple[str | None, str]]
) -> tuple[list[Any], list[tuple[str, str]]]:
    """Give the records of some steps their former values; also the columns that others changed since, by key."""
    ids = {one for pair in steps for one in pair if one}
    known = {}
    for some in (list(ids)[at : at + batches.AT_ONCE] for at in range(0, len(ids), batches.AT_ONCE)):
        known |= {one.row_id: one for one in model.objects.filter(row_id__in=some)}
    origin: dict[str, str] = {}
    ends: dict[str, str | None] = {}
    for new, former in steps:
        first = origin.pop(former, former)
        ends.pop(first, None)
        ends[first] = new
        if new is not None:
            origin[new] = first
    keys = [known[new].version_key for new in ends.values() if new] + [known[old].version_key for old in ends]
    live: dict[str, Any] = {}
    for at in range(0, len(keys), batches.AT_ONCE):
        rows = model.objects.live().filter(version_key__in=keys[at : at + batches.AT_ONCE])
        live |= {one.version_key: one for one in rows}
    written, kept = [], []
    for old, new in ends.items():
        before = known[old]
        if new is None:
            if before.version_key in live and live[before.version_key].row_id not in ends.values():
                kept.append((before.version_key, "*"))
            else:
                written.append((before, before.as_row()))
            continue
        after, now = known[new], live.get(known[new].version_key)
        if now is None:
            kept.append((after.version_key, "*"))
            continue
        content, was, then = now.as_row(), before.as_row(), after.as_row()
        for name in (name for name in was if was[name] != then[name]):
            if content[name] == then[name]:
                content[name] = was[name]
            else:
                kept.append((now.version_key, name))
        if content != now.as_row():
            written.append((now, content))
    return batches.replace(write, model, written, mark="unmerge"), kept


def _ids(entry: Any) -> tuple[str, str]:
    """The ids of what went and of what stayed."""
    gone = MODELS[entry.kind].objects.filter(row_id=entry.detail["row_id"])
    column = "account_id" if entry.kind == "accounts" else "contact_id"
    return str(gone.values_list(column, flat=True).get()), str(entry.detail["into"])


def _require_seen(entry: Any, by: Actor) -> None:
    """Refuse who does not see both sides: as they were before, since they may take back what they did themselves."""
    away, stays = _ids(entry)
    if entry.kind == "accounts":
        _account(by, away)
        _account(by, stays)
        return
    _contact(by, stays)
    if limited(by):
        gone = ContactVersion.objects.get(row_id=entry.detail["row_id"])
        if not selectors.sees(by, gone):
            _unknown("contacts", away)


def entry_for(kind: str, row_id: str) -> Any:
    """The merge that wrote, or ended, a version of the record that went."""
    found = workspaces.audit().filter(kind=kind, verb=MERGED, detail__row_id=row_id, detail__has_key="journal")
    return found.order_by("-pk").first()


# ---------------------------------------------------------------------- pairs


def tell_apart(number: int, *, by: Actor) -> DuplicatePair:
    """Say that the two of a pair are different: no search brings them up again."""
    with writing(by) as write:
        pair = selectors.pair(by, number) if isinstance(by, Caller) else DuplicatePair.objects.get(pk=number)
        _decided(write, pair.kind, pair.left, pair.right, PairState.DISTINCT)
        write.audit("told apart", pair.kind, pair.left, other=pair.right)
    return pair


def _decided(write: Writing, kind: str, one: str, other: str, state: str) -> None:
    found = DuplicatePair.objects.filter(kind=kind).filter(Q(left=one, right=other) | Q(left=other, right=one))
    at = None if state == PairState.OPEN else write.now
    member = None if at is None else write.member
    found.update(state=state, decided_at=at, decided_by=member)
