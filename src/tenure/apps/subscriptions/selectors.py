"""Reads of this app: closed months, definitions, and the contracts and subscriptions that a caller may see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tenure.apps.crm.selectors import of_visible_accounts
from tenure.apps.subscriptions.models import ContractVersion, MetricDefinition, MonthClose, SubscriptionVersion
from tenure.apps.workspaces.permissions import Caller
from tenure.core.errors import TenureError


def closed_months() -> QuerySet[Any]:
    """The months that are closed now, in order."""
    return MonthClose.objects.live().order_by("month")


def definitions() -> QuerySet[Any]:
    """Every version of every definition, by name and version."""
    return MetricDefinition.objects.live().order_by("name", "version")


def known_subscriptions(ids: Sequence[str]) -> set[str]:
    """Those of the ids that some subscription has now."""
    known: set[str] = set()
    for at in range(0, len(ids), 500):
        found = SubscriptionVersion.objects.live().filter(subscription_id__in=ids[at : at + 500])
        known.update(found.values_list("subscription_id", flat=True))
    return known


def contracts_visible_to(caller: Caller) -> QuerySet[Any]:
    """The contracts of the accounts the caller sees, as they are now."""
    return of_visible_accounts(caller, ContractVersion.objects.live())


def contract_for(caller: Caller, contract_id: str) -> Any:
    """One contract as it is now; one the caller does not see is refused as one that is not there."""
    found = contracts_visible_to(caller).filter(contract_id=contract_id).order_by("-recorded_at", "-pk").first()
    if found is None:
        raise TenureError(
            "contract.unknown",
            _("There is no contract %(value)s.") % {"value": repr(contract_id)},
            fix=_("Choose one from the list of contracts."),
            field="contract_id",
            value=contract_id,
        )
    return found


def subscriptions_visible_to(caller: Caller) -> QuerySet[Any]:
    """The subscriptions of the accounts the caller sees, line by line, as they are now."""
    return of_visible_accounts(caller, SubscriptionVersion.objects.live())


def subscription_for(caller: Caller, key: str) -> Any:
    """One line of a subscription by its key; one the caller does not see is refused as one that is not there."""
    found = subscriptions_visible_to(caller).filter(version_key=key).first()
    if found is None:
        raise TenureError(
            "subscription.unknown",
            _("There is no subscription %(value)s.") % {"value": repr(key)},
            fix=_("Choose one from the list of subscriptions."),
            field="key",
            value=key,
        )
    return found
