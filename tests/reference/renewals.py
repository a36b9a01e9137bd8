"""Renewals by expiring contract: due in the month of the last day of service, renewed by what names them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from reference.rates import Rates, periods
from reference.rows import ONE_DAY, Row, World, day, end_day
from reference.state import State


@dataclass(frozen=True)
class Due:
    """One contract that came up for renewal."""

    row: Row
    status: str
    win_back: bool
    old: Fraction
    new: Fraction


class Contracts:
    """All contracts as known, with their values in the reporting currency at one month's rate."""

    def __init__(self, world: World, as_of: date) -> None:
        self.world = world
        self.as_of = as_of
        self.state = State(world)
        self.grace = timedelta(days=world.setting("renewal_grace_days"))
        self.rows = {r["contract_id"]: r for r in world.rows("contracts")}

    def start(self, row: Row) -> date:
        return day(row["start"], self.world.zone)

    def end(self, row: Row) -> date:
        return end_day(row["end"], self.world.zone)

    def successors(self, row: Row) -> list[Row]:
        return [s for s in self.rows.values() if row["contract_id"] in (s.get("renews") or [])]

    def last_mrr(self, row: Row) -> Fraction:
        return self.state.contract_price(row, self.end(row) - ONE_DAY)

    def share(self, successor: Row, row: Row) -> Fraction:
        """A successor of several contracts is split in proportion to the old values of those it renews in time."""
        named = [self.rows[i] for i in successor["renews"] if i in self.rows]
        old = [r for r in named if self.start(successor) <= self.end(r) + self.grace]
        whole = sum((self.last_mrr(r) for r in old), Fraction(0))
        part = Fraction(1, len(old)) if whole == 0 else self.last_mrr(row) / whole
        return part * self.state.contract_price(successor, self.start(successor))

    def due(self, row: Row, rate_day: date) -> Due | None:
        """None: it has not ended at `as_of` and nothing succeeds it, so it does not count yet."""
        deadline = self.end(row) + self.grace
        successors = self.successors(row)
        in_time = [s for s in successors if self.start(s) <= deadline]
        notice = day(row.get("notice_given_at"), self.world.zone)
        given = notice is not None and notice <= self.as_of
        if in_time:
            status = "renewed"
        elif given:
            status = "lost"
        elif self.end(row) > self.as_of:
            return None
        else:
            status = "pending" if self.as_of <= deadline else "lost"
        win_back = status == "lost" and any(deadline < self.start(s) <= self.as_of for s in successors)
        currency = self.state.currency(row)
        old = self.last_mrr(row) * self.state.rates.rate(currency, rate_day)
        new = sum(
            (self.share(s, row) * self.state.rates.rate(self.state.currency(s), rate_day) for s in in_time), Fraction(0)
        )
        return Due(row, status, win_back, old, new)


def renewals(world: World, first: date, last: date, as_of: date, grain: str = "month") -> dict[str, dict[str, Any]]:
    """One row per period: counts, rates, and the same by MRR."""
    contracts = Contracts(world, as_of)
    answer = {}
    for p in periods(first, last, grain):
        found = [
            contracts.due(row, Rates.month_end(contracts.end(row) - ONE_DAY))
            for row in contracts.rows.values()
            if (row.get("kind") or "term") != "month_to_month" and p.first <= contracts.end(row) - ONE_DAY <= p.last
        ]
        answer[p.label] = table([d for d in found if d is not None])
    return answer


def table(due: list[Due]) -> dict[str, Any]:
    def count(status: str) -> int:
        return sum(d.status == status for d in due)

    expiring, pending, renewed = len(due), count("pending"), count("renewed")
    old = sum((d.old for d in due), Fraction(0))
    return {
        "expiring": expiring,
        "renewed": renewed,
        "pending": pending,
        "lost": count("lost"),
        "win_back": sum(d.win_back for d in due),
        "renewal_rate": Fraction(renewed, expiring) if expiring else None,
        "renewal_rate_decided": Fraction(renewed, expiring - pending) if expiring > pending else None,
        "expiring_mrr": old,
        "gross_renewal_rate": sum((min(d.old, d.new) for d in due), Fraction(0)) / old if old else None,
        "net_renewal_rate": sum((d.new for d in due), Fraction(0)) / old if old else None,
    }
