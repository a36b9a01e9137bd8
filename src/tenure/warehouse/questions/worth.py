"""What accounts that do something pay, and whether they renew, beside those that do not. Hides MRR and contracts.

Both come from the questions `accounts` and `renewals`; nothing here defines them again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from tenure.core.localtime import local_stamp, zone
from tenure.core.metrics import renewal
from tenure.core.metrics.mrr import ratio
from tenure.core.money import MONEY
from tenure.core.periods import between
from tenure.warehouse.questions import behaviour
from tenure.warehouse.questions.accounts import Accounts
from tenure.warehouse.questions.base import Ask
from tenure.warehouse.questions.renewals import Renewals
from tenure.warehouse.slices import Where
from tenure.warehouse.snapshot import Snapshot

COLUMNS: Mapping[str, str] = {
    "accounts": "accounts that used it in the range",
    "mrr": "their MRR at the close of the range, or of the day of the view where that is earlier",
    "mrr_without": "MRR of all others on that day",
    "decided": "contracts of these accounts whose last day of service lies in the range, renewed or lost",
    "renewed": "of these, renewed",
    "renewal_rate": "renewed / decided; null without any",
    "decided_without": "the same of the accounts that did not use it",
    "renewed_without": "of these, renewed",
    "renewal_rate_without": "renewed / decided of those that did not use it; null without any",
}
"""Columns of an answer that says what the accounts behind its rows are worth."""
TYPES: Mapping[str, pa.DataType] = {
    name: MONEY if name.startswith(("mrr", "renewal_rate")) else pa.int64() for name in COLUMNS
}


@dataclass(frozen=True, slots=True)
class Worth:
    """MRR of each account on a day, and its contracts that were decided in a stretch."""

    mrr: Mapping[str, Decimal]
    decided: Mapping[str, int]
    renewed: Mapping[str, int]

    def of(self, accounts: Collection[str]) -> dict[str, Any]:
        """The values of COLUMNS for these accounts beside all others."""
        mrr = sum((self.mrr.get(account, Decimal(0)) for account in accounts), Decimal(0))
        decided = sum(self.decided.get(account, 0) for account in accounts)
        renewed = sum(self.renewed.get(account, 0) for account in accounts)
        others = sum(self.decided.values()) - decided
        others_renewed = sum(self.renewed.values()) - renewed
        return {
            "accounts": len(accounts),
            "mrr": mrr,
            "mrr_without": sum(self.mrr.values(), Decimal(0)) - mrr,
            "decided": decided,
            "renewed": renewed,
            "renewal_rate": ratio(renewed, decided),
            "decided_without": others,
            "renewed_without": others_renewed,
            "renewal_rate_without": ratio(others_renewed, others),
        }


def view_day(now: str | None, snapshot: Snapshot) -> date:
    """The local day of the view: that of `now`, or today."""
    return snapshot.today if now is None else _local_day(behaviour.now_of(now, snapshot), snapshot)


def worth(ask: Ask, snapshot: Snapshot, since: int, before: int, now: str | None, where: Where, **asked: Any) -> Worth:
    """What all accounts of `where` pay at the close of the moments [since, before), and what they decided in them.

    `asked` are the fields that questions share: as_known_on, definition.
    """
    seen = view_day(now, snapshot)
    first, last = _local_day(since, snapshot), _local_day(before - 1, snapshot)
    paid = Accounts(min(last, seen), where=where, **asked).answer(ask).table
    decided: dict[str, int] = {}
    renewed: dict[str, int] = {}
    stretch = between(first, last + timedelta(days=1), "year")
    for expiry in Renewals(as_of=seen, where=where, **asked).outlook(snapshot, stretch):
        if expiry.status not in renewal.UNDECIDED:
            account = expiry.contract.account
            decided[account] = decided.get(account, 0) + 1
            renewed[account] = renewed.get(account, 0) + (expiry.status == renewal.RENEWED)
    mrr = dict(zip(paid["account_id"].to_pylist(), paid["mrr"].to_pylist(), strict=True))
    return Worth(mrr, decided, renewed)


def _local_day(micros: int, snapshot: Snapshot) -> date:
    return local_stamp(micros, zone(snapshot.definition.timezone)).date()
