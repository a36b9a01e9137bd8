"""Reads of this app: closed months, definitions, and the contracts and subscriptions that a caller may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tenure.apps.crm import selectors as crm
from tenure.apps.subscriptions.models import (
    ContractVersion,
    DiscountVersion,
    InvoiceLineVersion,
    MetricDefinition,
    MonthClose,
    PlanVersion,
    ProductVersion,
    Reconciliation,
    SubscriptionVersion,
)
from tenure.apps.workspaces import history
from tenure.apps.workspaces import selectors as workspaces
from tenure.apps.workspaces.permissions import Caller, limited, owners_visible_to
from tenure.apps.workspaces.services.writing import Actor
from tenure.apps.workspaces.versions import Version, key_text
from tenure.core.errors import TenureError


def closed_months() -> QuerySet[Any]:
    """The months that are closed now, in order."""
    return MonthClose.objects.live().order_by("month")


@dataclass(frozen=True, slots=True)
class CloseStep:
    """A month was closed, or opened again: by whom, when and why."""

    verb: str
    at: datetime
    actor: str
    reason: str


def close_steps(month: str) -> list[CloseStep]:
    """Who closed a month and opened it again, the newest first."""
    notes = dict(MonthClose.objects.filter(month=month).values_list("row_id", "note"))
    return [
        CloseStep(entry.verb, entry.at, entry.actor, entry.detail.get("reason") or _note_of(entry, notes))
        for entry in workspaces.audit(MonthClose.KIND, key_text([month]))
    ]


def _note_of(entry: Any, notes: Mapping[str, str | None]) -> str:
    return (notes.get(entry.detail.get("row_id", "")) or "") if entry.verb == "closed" else ""


MOST_RECORDS = 20
"""Of so many records of a proof it is told who did what."""


def steps_since(rows: Sequence[tuple[str, str]], since: datetime) -> list[tuple[str, history.Step]]:
    """What was done after a moment to the records that rows (table, row_id) are versions of: the kind and the step, the
    newest first. Rows that were loaded straight into the lake have no steps."""
    found: dict[tuple[str, str], type[Version]] = {}
    for model in (SubscriptionVersion, ContractVersion, InvoiceLineVersion, DiscountVersion):
        ids = [row_id for table, row_id in rows if table == model.KIND]
        for key in model.objects.filter(row_id__in=ids).values_list("version_key", flat=True).distinct():
            found[model.KIND, key] = model
    steps = [
        (kind, step)
        for (kind, key), model in list(found.items())[:MOST_RECORDS]
        for step in history.steps(model, key)
        if step.at > since
    ]
    return sorted(steps, key=lambda one: one[1].at, reverse=True)


def definitions() -> QuerySet[Any]:
    """Every version of every definition, by name and version."""
    return MetricDefinition.objects.live().order_by("name", "version")


def reconciliations() -> QuerySet[Reconciliation]:
    """What was compared with other systems, the newest first."""
    return Reconciliation.objects.select_related("by").order_by("-made_at", "-pk")


def reconciliation(number: int) -> Reconciliation:
    """One comparison with another system by its number.

    Raises: TenureError reconcile.unknown.
    """
    found = Reconciliation.objects.filter(pk=number).first()
    if found is None:
        raise TenureError(
            "reconcile.unknown",
            _("There is no reconciliation %(value)s.") % {"value": number},
            fix=_("Choose one from the list, or give the totals again."),
            value=str(number),
        )
    return found


def known_subscriptions(ids: Sequence[str]) -> set[str]:
    """Those of the ids that some subscription has now."""
    known: set[str] = set()
    for at in range(0, len(ids), 500):
        found = SubscriptionVersion.objects.live().filter(subscription_id__in=ids[at : at + 500])
        known.update(found.values_list("subscription_id", flat=True))
    return known


def visible_to(caller: Caller, model: type[Version]) -> QuerySet[Any]:
    """The records of a table the caller sees, as they are now; a discount is seen with its subscription."""
    if model is DiscountVersion and owners_visible_to(caller) is not None:
        theirs = subscriptions_visible_to(caller).values("subscription_id")
        return DiscountVersion.objects.live().filter(subscription_id__in=theirs)
    return crm.visible_to(caller, model)


def sees(caller: Caller, version: Any) -> bool:
    """Whether the caller sees the record a version is of, also one that was withdrawn."""
    if isinstance(version, DiscountVersion):
        return owners_visible_to(caller) is None or _is_visible(caller, version.subscription_id)
    return crm.sees(caller, version)


def require_place(by: Actor, model: type[Version], values: Mapping[str, Any], *, new: bool) -> None:
    """Refuse to let somebody who sees some accounts write to others, or what all accounts share."""
    if model is not DiscountVersion or not limited(by):
        crm.require_place(by, model, values, new=new)
    elif "subscription_id" in values and not _is_visible(by, str(values["subscription_id"])):
        raise _no_subscription(str(values["subscription_id"]))


def _is_visible(caller: Caller, subscription_id: str) -> bool:
    return subscriptions_visible_to(caller).filter(subscription_id=subscription_id).exists()


def contracts_visible_to(caller: Caller) -> QuerySet[Any]:
    """The contracts of the accounts the caller sees, as they are now."""
    return crm.of_visible_accounts(caller, ContractVersion.objects.live())


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
    return crm.of_visible_accounts(caller, SubscriptionVersion.objects.live())


def subscription_for(caller: Caller, key: str) -> Any:
    """One line of a subscription by its key; one the caller does not see is refused as one that is not there."""
    found = subscriptions_visible_to(caller).filter(version_key=key).first()
    if found is None:
        raise _no_subscription(key)
    return found


def _no_subscription(key: str) -> TenureError:
    return TenureError(
        "subscription.unknown",
        _("There is no subscription %(value)s.") % {"value": repr(key)},
        fix=_("Choose one from the list of subscriptions."),
        field="key",
        value=key,
    )


def found_contracts(caller: Caller, query: str, limit: int) -> list[Any]:
    """The contracts the caller sees whose id has the query in it, in order."""
    found = contracts_visible_to(caller).filter(contract_id__icontains=query)
    return list(found.order_by("contract_id")[:limit])


def accounts_of_subscription(subscription_id: str) -> set[str]:
    """The accounts that pay for a subscription now."""
    found = SubscriptionVersion.objects.live().filter(subscription_id=subscription_id)
    return set(found.values_list("account_id", flat=True))


def suggestions(column: str, most: int) -> list[str]:
    """Values that plans and products are known by, for a form to offer."""
    model: Any = {"plan": PlanVersion, "product": ProductVersion}[column]
    return list(model.objects.live().order_by(column).values_list(column, flat=True).distinct()[:most])
