"""Renewal rates from contracts: what ran out, what was renewed. Pure values in, pure values out.

Source: docs/metrics/renewal-rate.md. A contract belongs to the period of its last day of service; it is renewed if a
contract that names it starts by its end plus the grace days, early or late.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from tenure.core.metrics.mrr import EXACT, ratio
from tenure.core.periods import later

Rate = Callable[[str, date], Decimal]
"""The exchange rate of a currency for the month of a day."""

RUNNING, RENEWED, PENDING, LOST = "running", "renewed", "pending", "lost"
STATES = (RUNNING, PENDING, RENEWED, LOST)
UNDECIDED = (RUNNING, PENDING)
"""States in which somebody can still do something about a contract."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract's term: `end` is exclusive, `first_mrr` and `last_mrr` are MRR on its first and last day."""

    contract_id: str
    account: str
    start: date
    end: date
    first_mrr: Decimal
    last_mrr: Decimal
    renews: tuple[str, ...] = ()
    month_to_month: bool = False
    notice_given: date | None = None
    currency: str = ""
    notice_days: int = 0

    @property
    def last_day(self) -> date:
        """The last day of service: the day that decides the period."""
        return self.end - timedelta(days=1)

    @property
    def notice_by(self) -> date:
        """The last day on which notice is in time; never before the contract begins."""
        days = min(max(self.notice_days, 0), (self.last_day - self.start).days)
        return self.last_day - timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Expiry:
    """What became of one contract that ran out, or runs still."""

    contract: Contract
    status: str
    won_back: bool
    old_mrr: Decimal
    """MRR on the last day, at that month's rate"""
    new_mrr: Decimal
    """its part of the MRR of the contracts that renew it, at the same month's rate; 0 unless renewed"""

    @property
    def kept_mrr(self) -> Decimal:
        """The new MRR, capped at the old."""
        return min(self.old_mrr, self.new_mrr)


@dataclass(frozen=True, slots=True)
class Renewals:
    """Rates of some expiries; pending contracts are in the base of the plain rates and outside the decided ones."""

    expiring: int
    renewed: int
    pending: int
    lost: int
    win_back: int
    expiring_mrr: Decimal
    pending_mrr: Decimal
    kept_mrr: Decimal
    new_mrr: Decimal

    @property
    def renewal_rate(self) -> Decimal | None:
        return ratio(self.renewed, self.expiring)

    @property
    def renewal_rate_decided(self) -> Decimal | None:
        return ratio(self.renewed, self.expiring - self.pending)

    @property
    def gross_renewal_rate(self) -> Decimal | None:
        return ratio(self.kept_mrr, self.expiring_mrr)

    @property
    def net_renewal_rate(self) -> Decimal | None:
        return ratio(self.new_mrr, self.expiring_mrr)

    @property
    def gross_renewal_rate_decided(self) -> Decimal | None:
        return ratio(self.kept_mrr, self.expiring_mrr - self.pending_mrr)

    @property
    def net_renewal_rate_decided(self) -> Decimal | None:
        return ratio(self.new_mrr, self.expiring_mrr - self.pending_mrr)


def _one(currency: str, day: date) -> Decimal:
    """The rate where there is one currency."""
    return Decimal(1)


def expiries(contracts: Sequence[Contract], as_of: date, grace_days: int, rate: Rate = _one) -> list[Expiry]:
    """What became of every contract that counts at `as_of`.

    A contract that has not ended by `as_of`, has no successor and no notice is not counted; month-to-month never is.
    A successor of several contracts is split in proportion to their MRR; several successors of one add up.
    """
    return [e for e in outlook(contracts, as_of, grace_days, rate) if e.status != RUNNING]


def outlook(contracts: Sequence[Contract], as_of: date, grace_days: int, rate: Rate = _one) -> list[Expiry]:
    """The state of every contract with an end at `as_of`: what `expiries` counts, and those that still run."""
    by_id = {c.contract_id: c for c in contracts}
    successors: dict[str, list[Contract]] = {}
    for c in contracts:
        for name in dict.fromkeys(c.renews):
            if name in by_id and name != c.contract_id:
                successors.setdefault(name, []).append(c)
    out = []
    for c in contracts:
        if c.month_to_month:
            continue
        limit = later(c.end, grace_days)
        old = EXACT.multiply(c.last_mrr, rate(c.currency, c.last_day))
        following = successors.get(c.contract_id, [])
        in_time = [s for s in following if s.start <= limit]
        if in_time:
            new = sum((_part(s, c, by_id, grace_days, rate) for s in in_time), Decimal(0))
            out.append(Expiry(c, RENEWED, False, old, new))
            continue
        noticed = c.notice_given is not None and c.notice_given <= as_of
        if c.end > as_of and not noticed:
            out.append(Expiry(c, RUNNING, False, old, Decimal(0)))
        elif not noticed and as_of <= limit:
            out.append(Expiry(c, PENDING, False, old, Decimal(0)))
        else:
            out.append(Expiry(c, LOST, any(s.start <= as_of for s in following), old, Decimal(0)))
    return out


def _part(successor: Contract, old: Contract, by_id: Mapping[str, Contract], grace_days: int, rate: Rate) -> Decimal:
    """The successor's MRR that falls to one of the contracts it renews in time."""
    renewed = [by_id[name] for name in dict.fromkeys(successor.renews) if name in by_id]
    renewed = [r for r in renewed if successor.start <= later(r.end, grace_days)]
    worth = [EXACT.multiply(r.last_mrr, rate(r.currency, old.last_day)) for r in renewed]
    own = EXACT.multiply(old.last_mrr, rate(old.currency, old.last_day))
    new = EXACT.multiply(successor.first_mrr, rate(successor.currency, old.last_day))
    whole = sum(worth, Decimal(0))
    if whole == 0:
        return EXACT.divide(new, Decimal(len(renewed)))
    return EXACT.divide(EXACT.multiply(new, own), whole)


def summary(found: Sequence[Expiry]) -> Renewals:
    """The rates of some expiries, by contracts."""
    pending = [e for e in found if e.status == PENDING]
    return Renewals(
        expiring=len(found),
        renewed=sum(e.status == RENEWED for e in found),
        pending=len(pending),
        lost=sum(e.status == LOST for e in found),
        win_back=sum(e.won_back for e in found),
        expiring_mrr=sum((e.old_mrr for e in found), Decimal(0)),
        pending_mrr=sum((e.old_mrr for e in pending), Decimal(0)),
        kept_mrr=sum((e.kept_mrr for e in found), Decimal(0)),
        new_mrr=sum((e.new_mrr for e in found), Decimal(0)),
    )


def by_customers(found: Sequence[Expiry]) -> Renewals:
    """The same by customers: renewed if any of its contracts was, else pending if any is, else lost."""
    accounts: dict[str, list[Expiry]] = {}
    for e in found:
        accounts.setdefault(e.contract.account, []).append(e)
    statuses = []
    for listed in accounts.values():
        have = {e.status for e in listed}
        statuses.append(RENEWED if RENEWED in have else PENDING if PENDING in have else LOST)
    whole = summary(found)
    return Renewals(
        expiring=len(accounts),
        renewed=statuses.count(RENEWED),
        pending=statuses.count(PENDING),
        lost=statuses.count(LOST),
        win_back=sum(
            any(e.won_back for e in listed) and status == LOST
            for listed, status in zip(accounts.values(), statuses, strict=True)
        ),
        expiring_mrr=whole.expiring_mrr,
        pending_mrr=whole.pending_mrr,
        kept_mrr=whole.kept_mrr,
        new_mrr=whole.new_mrr,
    )


@dataclass(frozen=True, slots=True)
class Slot:
    """The contracts whose notice day lies in one period of a calendar."""

    first: date
    contracts: int
    mrr: Decimal
    undecided: int
    undecided_mrr: Decimal


def calendar(due: Iterable[tuple[date, str, Decimal]], edges: Sequence[date]) -> list[Slot]:
    """Contracts and their MRR by period of the notice day.

    `due` holds notice day, state and MRR of each; `edges` the first day of every period and the day after the last.
    """
    counts = [[0, 0] for _ in edges[1:]]
    sums = [[Decimal(0), Decimal(0)] for _ in edges[1:]]
    for day, state, mrr in due:
        place = bisect_right(edges, day) - 1
        if 0 <= place < len(counts):
            for column in (0, 1) if state in UNDECIDED else (0,):
                counts[place][column] += 1
                sums[place][column] += mrr
    return [
        Slot(first, count[0], total[0], count[1], total[1])
        for first, count, total in zip(edges, counts, sums, strict=False)
    ]
