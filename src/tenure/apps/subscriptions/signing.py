"""A deal that was won becomes the contract that was signed for it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from tenure.apps.crm import selectors
from tenure.apps.crm import services as crm
from tenure.apps.subscriptions import services
from tenure.apps.workspaces.services.values import refuse
from tenure.apps.workspaces.services.writing import Actor
from tenure.core.money import trimmed
from tenure.core.periods import add_months

USUAL_MONTHS = 12
"""The first term of a deal that names none."""


def sign(deal_key: str, start: date, *, by: Actor) -> Any:
    """Write the contract of a deal, for its MRR over its term (without MRR, its amount), and note it in the deal.

    Both are written in one transaction. Raises: ValueRefused for a deal that is not won, has its contract already or is
    worth nothing; NotAllowed; TenureError record.exists if its number is taken.
    """
    deal = selectors.deal_for(by, deal_key)
    if deal.won_at is None:
        raise refuse("stage", deal.stage, _("Win the deal first: a contract is signed for what was won."))
    if deal.contract_id:
        raise refuse("contract_id", deal.contract_id, _("This deal has its contract already: open that one."))
    months = deal.term_months or USUAL_MONTHS
    total = deal.mrr * months if deal.mrr is not None else deal.amount
    if not total:
        raise refuse("mrr", None, _("Give the deal its MRR or its amount first."))
    given = {
        "contract_id": f"{deal.deal_id}-C",
        "account_id": deal.account_id,
        "total": f"{trimmed(total):f}",
        "start": start,
        "end": add_months(start, months),
        "signed": start,
        **({"currency": deal.currency} if deal.currency else {}),
    }
    with transaction.atomic():
        contract = services.add("contracts", given, by=by)
        crm.edit("deals", deal_key, {"contract_id": contract.contract_id}, by=by)
    return contract
