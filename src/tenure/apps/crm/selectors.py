"""Reads of this app, each limited to the accounts its caller may see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from tenure.apps.crm.models import AccountVersion, ContactVersion
from tenure.apps.workspaces.finding import Finder
from tenure.apps.workspaces.permissions import Caller, folded, limited, owners_visible_to, require_everything, wrote
from tenure.apps.workspaces.services.writing import Actor
from tenure.apps.workspaces.versions import Version
from tenure.core.errors import TenureError
from tenure.warehouse.lines import NONE
from tenure.warehouse.schema import GIVEN_AS

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
    return of_visible_accounts(caller, rows) if hasattr(model, "account_id") else rows


def sees(caller: Caller, version: Any) -> bool:
    """Whether the caller sees the record a version is of, also one that was withdrawn."""
    visible = owners_visible_to(caller)
    if visible is None:
        return True
    if isinstance(version, AccountVersion):
        return version.owner != NONE and folded(version.owner or "") in visible
    return not hasattr(version, "account_id") or _is_visible(caller, version.account_id)


def require_place(by: Actor, model: type[Version], values: Mapping[str, Any], *, new: bool) -> None:
    """Refuse to let somebody who sees some accounts write to others, or what all accounts share."""
    if not limited(by):
        return
    values = {GIVEN_AS.get(name, name): value for name, value in values.items()}
    named = {"merged_into"} if model is AccountVersion else {"account_id"}
    for account_id in (values[column] for column in named & values.keys() if values[column]):
        account_for(by, str(account_id))
    if not hasattr(model, "account_id"):
        require_everything(by, model.KIND)
    if new and model is AccountVersion and not sees(by, AccountVersion(owner=values.get("owner"))):
        raise TenureError(
            "account.not_yours",
            _("You would not see this account."),
            fix=_("Name as its owner yourself, or somebody of your team, as the accounts do."),
            field="owner",
            value=values.get("owner"),
        )


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
