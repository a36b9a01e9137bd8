"""What hangs on a demand: revenue at stake, and its rank beside it. See docs/explanation/revenue-at-stake.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

NEEDS: Mapping[str, int] = {"nice": 1, "important": 2, "must": 3, "deal_breaker": 5}
TIERS: Mapping[str, int] = {"s": 4, "a": 3, "b": 2, "c": 1}
"""What a need counts in an account of a tier, however it is written; any other tier, or none, counts 1."""
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Remark:
    """One time that an account asked for a demand."""

    demand: str
    account: str
    need: str | None = None
    deal: str | None = None


@dataclass(frozen=True, slots=True)
class Stake:
    """What hangs on a demand; the rank is never multiplied into money."""

    accounts: frozenset[str]
    deals: frozenset[str]
    remarks: int
    recurring: Decimal
    pipeline: Decimal
    rank: int

    @property
    def revenue(self) -> Decimal:
        """Twelve months of the accounts' MRR, and what the open deals are worth by their probability."""
        return self.recurring + self.pipeline


def whole(demand: str, merged: Mapping[str, str]) -> str:
    """The demand that one was merged into in the end; of demands merged in a circle, the smallest id."""
    way = [demand]
    while (onward := merged.get(way[-1])) is not None:
        if onward in way:
            return min(way[way.index(onward) :])
        way.append(onward)
    return way[-1]


def stakes(
    remarks: Iterable[Remark],
    mrr: Mapping[str, Decimal],
    deals: Mapping[str, Decimal],
    tiers: Mapping[str, str | None],
    merged: Mapping[str, str],
) -> dict[str, Stake]:
    """Demand -> what hangs on it. `deals` has the open ones, each with amount times probability.

    An account counts once however often it asked, with its strongest need; so does a deal.
    """
    found: dict[str, list[Remark]] = {}
    for remark in remarks:
        found.setdefault(whole(remark.demand, merged), []).append(remark)
    return {demand: _stake(said, mrr, deals, tiers) for demand, said in found.items()}


def _stake(
    said: list[Remark], mrr: Mapping[str, Decimal], deals: Mapping[str, Decimal], tiers: Mapping[str, str | None]
) -> Stake:
    strongest: dict[str, int] = {}
    for one in said:
        strongest[one.account] = max(strongest.get(one.account, 0), NEEDS.get(one.need or "", 1))
    open_deals = frozenset(one.deal for one in said if one.deal is not None and one.deal in deals)
    return Stake(
        accounts=frozenset(strongest),
        deals=open_deals,
        remarks=len(said),
        recurring=sum((mrr.get(account, Decimal(0)) * MONTHS for account in strongest), Decimal(0)),
        pipeline=sum((deals[deal] for deal in open_deals), Decimal(0)),
        rank=sum(
            need * TIERS.get((tiers.get(account) or "").strip().casefold(), 1) for account, need in strongest.items()
        ),
    )
