"""Reads of this app, each limited to the accounts its caller may see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from tenure.apps.crm.models import (
    AccountVersion,
    ContactVersion,
    DealVersion,
    DemandVersion,
    DuplicatePair,
    DuplicateSearch,
    PairState,
)
from tenure.apps.workspaces.finding import Finder
from tenure.apps.workspaces.permissions import (
    Caller,
    folded,
    is_agent,
    limited,
    owners_visible_to,
    require_everything,
    wrote,
)
from tenure.apps.workspaces.services import records
from tenure.apps.workspaces.services.writing import Actor
from tenure.apps.workspaces.versions import Version
from tenure.core.errors import TenureError
from tenure.warehouse.lines import NONE
from tenure.warehouse.schema import GIVEN_AS

OF_THE_FIRM = frozenset({"spend"})
"""Kinds of records that speak of the whole firm: who sees some accounts does not see them."""
DEAL_OWNERS = ("owner", "partner")
"""Who sees a deal although its account is somebody else's: who works on it, and the agent who brought it."""
_AT_ONCE = 500
"""Accounts per statement of the database."""


def owner_spellings(caller: Caller) -> tuple[str, ...] | None:
    """How the owners whose accounts the caller sees are spelled in the accounts; None is every account."""
    visible = owners_visible_to(caller)
    if visible is None:
        return None
    owners = AccountVersion.objects.live().exclude(owner=None).order_by("owner").values_list("owner", flat=True)
    return tuple(owner for owner in owners.distinct() if folded(owner) in visible and owner != NONE)


def accounts_visible_to(caller: Caller) -> QuerySet[Any]:
    """The accounts the caller sees, as they are now.

    Where several sources tell of an account, the one recorded last names its owner.
    """
    accounts: QuerySet[Any] = AccountVersion.objects.live()
    spellings = owner_spellings(caller)
    if spellings is None:
        return accounts
    later = AccountVersion.objects.live().filter(
        account_id=OuterRef("account_id"), recorded_at__gte=OuterRef("recorded_at")
    )
    of_others = later.filter(Q(owner=None) | ~Q(owner__in=spellings))
    return accounts.filter(~Exists(of_others), owner__in=spellings)


def every_account() -> QuerySet[Any]:
    """All accounts as they are now, for commands and jobs."""
    accounts: QuerySet[Any] = AccountVersion.objects.live()
    return accounts


def accounts_with(*, domain: str | None, email: str | None, uscc: str | None) -> dict[str, list[str]]:
    """What is equal -> the ids of the accounts, of all there are: credit code, a contact's address, domain."""
    accounts, found = every_account(), {}
    if uscc:
        found["uscc"] = list(accounts.filter(uscc=uscc).values_list("account_id", flat=True))
    if email:
        people = ContactVersion.objects.live().filter(email__iexact=email).exclude(account_id=None)
        found["email"] = list(people.values_list("account_id", flat=True))
    if domain:
        found["domain"] = list(accounts.filter(domain__iexact=domain).values_list("account_id", flat=True))
    return found


def contact_with(account_id: str, email: str | None) -> str | None:
    """The contact of an account who has an address; None where nobody has."""
    people = ContactVersion.objects.live().filter(account_id=account_id, email__iexact=email or "")
    found = people.order_by("recorded_at", "pk").values_list("contact_id", flat=True).first() if email else None
    return None if found is None else str(found)


def account_for(caller: Caller, account_id: str) -> Any:
    """One account as it is now; one the caller does not see is refused as one that is not there."""
    found = accounts_visible_to(caller).filter(account_id=account_id).order_by("-recorded_at", "-pk").first()
    if found is None:
        raise TenureError(
            "account.unknown",
            _("There is no account %(value)s.") % {"value": repr(account_id)},
            fix=_("Choose one from the list of accounts."),
            field="account_id",
            value=account_id,
        )
    return found


def of_visible_accounts(caller: Caller, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those of the rows, of any table with an `account_id`, whose account the caller sees."""
    if owners_visible_to(caller) is None:
        return rows
    return rows.filter(account_id__in=accounts_visible_to(caller).values("account_id"))


def visible_to(caller: Caller, model: type[Version]) -> QuerySet[Any]:
    """The records of a table the caller sees, as they are now: those of their accounts, and what is nobody's."""
    if model is AccountVersion:
        return accounts_visible_to(caller)
    rows: QuerySet[Any] = model.objects.live()
    if _is_of_the_firm(caller, model):
        return rows.none()
    if model is DealVersion and limited(caller):
        theirs = Q(account_id__in=accounts_visible_to(caller).values("account_id"))
        for column in DEAL_OWNERS:
            theirs |= Q(**{f"{column}__in": spellings_in(caller, rows, column)})
        return rows.filter(theirs)
    return of_visible_accounts(caller, rows) if hasattr(model, "account_id") else rows


def _is_of_the_firm(caller: Caller, model: type[Version]) -> bool:
    """Whether a limited caller may not see a table: what speaks of the whole firm, and to an agent all that is of no
    account, such as demands."""
    return limited(caller) and (model.KIND in OF_THE_FIRM or (is_agent(caller) and not hasattr(model, "account_id")))


def spellings_in(caller: Caller, rows: QuerySet[Any], column: str) -> tuple[str, ...]:
    """How a column of some rows spells those whose work a limited caller sees."""
    visible = owners_visible_to(caller) or frozenset()
    known = rows.exclude(**{column: None}).order_by(column).values_list(column, flat=True).distinct()
    return tuple(word for word in known if folded(word) in visible and word != NONE)


def is_named(caller: Caller, word: str | None) -> bool:
    """Whether a word names the caller, or somebody whose work they see."""
    visible = owners_visible_to(caller)
    return visible is None or (bool(word) and word != NONE and folded(word or "") in visible)


def sees(caller: Caller, version: Any) -> bool:
    """Whether the caller sees the record a version is of, also one that was withdrawn."""
    visible = owners_visible_to(caller)
    if visible is None:
        return True
    if isinstance(version, AccountVersion):
        return version.owner != NONE and folded(version.owner or "") in visible
    if isinstance(version, DealVersion) and any(is_named(caller, getattr(version, name)) for name in DEAL_OWNERS):
        return True
    if not hasattr(version, "account_id"):
        return not _is_of_the_firm(caller, type(version))
    return _is_visible(caller, version.account_id)


def require_place(by: Actor, model: type[Version], values: Mapping[str, Any], *, new: bool) -> None:
    """Refuse to let somebody who sees some accounts write to others, or what all accounts share."""
    if not limited(by):
        return
    values = {GIVEN_AS.get(name, name): value for name, value in values.items()}
    named = {"merged_into"} if model is AccountVersion else {"account_id"}
    for account_id in (values[column] for column in named & values.keys() if values[column]):
        account_for(by, str(account_id))
    if not hasattr(model, "account_id") and not (new and model is DemandVersion):
        require_everything(by, model.KIND)
    if new and model is AccountVersion and not sees(by, AccountVersion(owner=values.get("owner"))):
        raise TenureError(
            "account.not_yours",
            _("You would not see this account."),
            fix=_("Name as its owner yourself, or somebody of your team, as the accounts do."),
            field="owner",
            value=values.get("owner"),
        )


def deal_for(by: Actor, key: str) -> Any:
    """One deal as it is now, by its key; one the actor does not see is refused as one that is not there.

    Raises: TenureError record.unknown.
    """
    if isinstance(by, Caller) and not visible_to(by, DealVersion).filter(version_key=key).exists():
        key = ""
    return records.live(DealVersion, key)


def _is_visible(caller: Caller, account_id: str | None) -> bool:
    return accounts_visible_to(caller).filter(account_id=account_id).exists()


def accounts_by_id(by: Actor, account_ids: Sequence[str]) -> Iterator[Any]:
    """The records that speak for some accounts, of those that the actor sees."""
    for start in range(0, len(account_ids), _AT_ONCE):
        some = account_ids[start : start + _AT_ONCE]
        speaking = {
            one.account_id: one for one in _seen_by(by).filter(account_id__in=some).order_by("recorded_at", "pk")
        }
        yield from speaking.values()


def recorded_accounts(caller: Caller) -> frozenset[str]:
    """The ids of the accounts that have a record, of those that the caller sees."""
    return frozenset(accounts_visible_to(caller).values_list("account_id", flat=True))


def accounts_to_restore(by: Actor, replaced: Mapping[str, str]) -> list[Any]:
    """The live versions of `replaced` (row_id -> the row_id it took the place of) that the actor may take back: of the
    accounts they see, and of those that their own step gave out of their sight."""
    live = list(AccountVersion.objects.live().filter(row_id__in=list(replaced)))
    if not isinstance(by, Caller):
        return live
    seen = set(accounts_visible_to(by).filter(row_id__in=list(replaced)).values_list("row_id", flat=True))
    given = {replaced[one.row_id]: one.row_id for one in live if one.row_id not in seen and wrote(by, one)}
    former = AccountVersion.objects.filter(row_id__in=list(given))
    seen |= {given[one.row_id] for one in former if sees(by, one)}
    return [one for one in live if one.row_id in seen]


def withdrawn_account(caller: Caller, account_id: str) -> str | None:
    """The key of the newest record of an account that has none any more; None where it has one, or never had one that
    the caller sees."""
    if AccountVersion.objects.live().filter(account_id=account_id).exists():
        return None
    former = AccountVersion.objects.filter(account_id=account_id).order_by("-recorded_at", "-pk").first()
    return str(former.version_key) if former is not None and sees(caller, former) else None


def _seen_by(by: Actor) -> QuerySet[Any]:
    return accounts_visible_to(by) if isinstance(by, Caller) else AccountVersion.objects.live()


def names(caller: Caller, account_ids: Sequence[str]) -> dict[str, str]:
    """Account id -> name, of those that the caller sees and that are named."""
    known = accounts_visible_to(caller).filter(account_id__in=account_ids).exclude(name=None)
    return dict(known.values_list("account_id", "name"))


def owners(caller: Caller, account_ids: Sequence[str]) -> dict[str, str]:
    """Account id -> who looks after it, of those that the caller sees and that have an owner."""
    known = accounts_visible_to(caller).filter(account_id__in=account_ids).exclude(owner=None)
    return dict(known.values_list("account_id", "owner"))


_ACCOUNTS = Finder(AccountVersion, ("name", "account_id"))
_CONTACTS = Finder(ContactVersion, ("name", "email", "contact_id"))


def make_findable() -> None:
    """Read what accounts and contacts are called before somebody looks for one: of 100,000 it takes seconds."""
    _ACCOUNTS.make_ready()
    _CONTACTS.make_ready()


def found_accounts(caller: Caller, query: str, limit: int) -> list[Any]:
    """The accounts the caller sees whose name or id a query finds: pinyin and its first letters find Chinese names."""
    records = _ACCOUNTS.found(query, accounts_visible_to(caller), limit, limited=limited(caller))
    return list({record.account_id: record for record in records}.values())


def found_contacts(caller: Caller, query: str, limit: int) -> list[Any]:
    """The contacts of accounts the caller sees whose name, address or id a query finds."""
    return _CONTACTS.found(query, visible_to(caller, ContactVersion), limit, limited=limited(caller))


def suggestions(caller: Caller, column: str, most: int) -> list[str]:
    """Values that the accounts a caller sees have in a column, for a form to offer."""
    known = accounts_visible_to(caller).exclude(**{column: None}).order_by(column)
    return list(known.values_list(column, flat=True).distinct()[:most])


def children(caller: Caller, account_id: str, most: int = 200) -> list[Any]:
    """The accounts a caller sees that belong to an account, or were merged into it."""
    seen = accounts_visible_to(caller)
    found = [*seen.filter(parent_id=account_id)[:most], *seen.filter(merged_into=account_id)[:most]]
    return sorted({row.pk: row for row in found}.values(), key=lambda row: row.account_id)


def family(account_id: str) -> tuple[str, ...]:
    """An account and all that were merged into it, in however many steps: what belongs to one belongs to the first.

    Whoever sees an account sees these: a merge gives them its owner.
    """
    found, fresh = {account_id: None}, [account_id]
    while fresh:
        merged = AccountVersion.objects.live().filter(merged_into__in=fresh).values_list("account_id", flat=True)
        fresh = [one for one in merged if one not in found]
        found.update(dict.fromkeys(fresh))
    return tuple(found)


def pairs(caller: Caller, kind: str) -> QuerySet[DuplicatePair]:
    """The open pairs of a kind of which the caller sees both sides: those that are the same first, then by score."""
    model = {"accounts": AccountVersion, "contacts": ContactVersion}[kind]
    column = "account_id" if kind == "accounts" else "contact_id"
    seen = visible_to(caller, model).values(column)
    found = DuplicatePair.objects.filter(kind=kind, state=PairState.OPEN, left__in=seen, right__in=seen)
    return found.order_by("-verdict", "-score", "left", "right")


def pair(caller: Caller, number: int) -> DuplicatePair:
    """One pair, whatever was decided about it.

    Raises: TenureError duplicate.unknown, also for one of which the caller does not see both sides.
    """
    found = DuplicatePair.objects.filter(pk=number).first()
    if found is None or len(sides(caller, found)) < 2:
        raise TenureError(
            "duplicate.unknown",
            _("There is no such pair."),
            fix=_("Look at the list of duplicates: it may have been decided by now."),
            value=str(number),
        )
    return found


def sides(caller: Caller, found: DuplicatePair) -> list[Any]:
    """The records of a pair as they are now, the left one first; fewer where the caller does not see both."""
    model, column = (AccountVersion, "account_id") if found.kind == "accounts" else (ContactVersion, "contact_id")
    rows = visible_to(caller, model).filter(**{f"{column}__in": [found.left, found.right]})
    by_id = {getattr(row, column): row for row in rows.order_by("recorded_at", "pk")}
    return [by_id[one] for one in (found.left, found.right) if one in by_id]


def last_search() -> DuplicateSearch | None:
    """The newest search for duplicates."""
    return DuplicateSearch.objects.order_by("-pk").first()


def with_account_names(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Rows with an `account_id`, each with what its account is called as `account_name`."""
    named = AccountVersion.objects.live().filter(account_id=OuterRef("account_id")).exclude(name=None)
    return rows.annotate(account_name=Subquery(named.order_by("-recorded_at").values("name")[:1]))


def known_as(caller: Caller, texts: Sequence[str]) -> dict[str, str]:
    """Text -> account id, for the texts that are the id of an account the caller sees, or the name of exactly one."""
    found: dict[str, str] = {}
    wanted = list(dict.fromkeys(texts))
    for at in range(0, len(wanted), 500):
        part = wanted[at : at + 500]
        seen = accounts_visible_to(caller).filter(Q(account_id__in=part) | Q(name__in=part))
        named: dict[str, list[str]] = {}
        for account_id, name in seen.values_list("account_id", "name"):
            named.setdefault(name, []).append(account_id)
            if account_id in part:
                found[account_id] = account_id
        found |= {name: ids[0] for name, ids in named.items() if name in part and len(ids) == 1 and name not in found}
    return found
