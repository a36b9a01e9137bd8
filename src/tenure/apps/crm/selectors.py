"""Reads of this app, each limited to the accounts its caller may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from tenure.apps.crm.models import AccountVersion, ContactVersion
from tenure.apps.workspaces.permissions import Caller, folded, owners_visible_to
from tenure.core.errors import TenureError
from tenure.warehouse.lines import NONE


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


def contacts_visible_to(caller: Caller) -> QuerySet[Any]:
    """The contacts of the accounts the caller sees, as they are now."""
    return of_visible_accounts(caller, ContactVersion.objects.live())


def names(caller: Caller, account_ids: Sequence[str]) -> dict[str, str]:
    """Account id -> name, of those that the caller sees and that are named."""
    known = accounts_visible_to(caller).filter(account_id__in=account_ids).exclude(name=None)
    return dict(known.values_list("account_id", "name"))


def owners(caller: Caller, account_ids: Sequence[str]) -> dict[str, str]:
    """Account id -> who looks after it, of those that the caller sees and that have an owner."""
    known = accounts_visible_to(caller).filter(account_id__in=account_ids).exclude(owner=None)
    return dict(known.values_list("account_id", "owner"))
