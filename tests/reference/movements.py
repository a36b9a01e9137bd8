"""Movements: the ledger (one movement per account and day) and the period-net view, whole or sliced."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from reference.rates import Period, Rates, last_month_end
from reference.rows import ONE_DAY, World
from reference.state import ROW_FIELDS, Charge, State

KINDS = ("new", "expansion", "contraction", "churn", "reactivation", "entering", "leaving", "fx")
NOTHING = Fraction(0)


@dataclass
class Cell:
    """One period and slice."""

    open: Fraction = NOTHING
    amounts: dict[str, Fraction] = field(default_factory=lambda: dict.fromkeys(KINDS, NOTHING))
    close: Fraction = NOTHING
    customers_open: int = 0
    customers: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    customers_close: int = 0

    def to_dict(self) -> dict[str, Any]:
        names = {"churn": "churned", "reactivation": "reactivated"}
        counts = {
            f"customers_{names.get(kind, kind)}": self.customers[kind]
            for kind in ("new", "churn", "reactivation", "entering", "leaving")
        }
        return {
            "open": self.open,
            **self.amounts,
            "close": self.close,
            "customers_open": self.customers_open,
            **counts,
            "customers_close": self.customers_close,
        }


@dataclass(frozen=True)
class Movement:
    date: date
    account: str
    kind: str
    amount: Fraction


def change(before: Fraction, after: Fraction) -> str:
    """What a change in one slice is called while the account is a customer at both ends."""
    if before <= 0 < after:
        return "entering"
    if after <= 0 < before:
        return "leaving"
    return "expansion" if after > before else "contraction"


class Movements:
    """All movements up to a last day."""

    def __init__(self, world: World, last: date, where: dict[str, Any] | None = None) -> None:
        self.state = State(world, where)
        self.rates = self.state.rates
        self.window = world.setting("reactivation_window_days")
        self.last = last
        self.history = self.state.history(last)
        self.accounts = sorted({a for charges in self.history.values() for a in charges})
        self.ledger = sorted((m for a in self.accounts for m in self.walk(a)), key=lambda m: (m.date, m.account))

    def charges(self, account: str, on: date) -> list[Charge]:
        return self.history.get(on, {}).get(account, [])

    def value(self, account: str, on: date, rate_day: date) -> Fraction:
        return self.state.value(self.charges(account, on), rate_day)

    # The ledger ------------------------------------------------------------------------------------------------

    def ledger_rate_day(self, account: str, on: date) -> date:
        """Open at the start of the month: the rate the month opened with; else the month's own."""
        opening = on.replace(day=1) - ONE_DAY
        return opening if self.value(account, opening, opening) > 0 else Rates.month_end(on)

    def walk(self, account: str) -> list[Movement]:
        movements: list[Movement] = []
        was_customer, churned_on = False, None
        for on in sorted(d for d in self.history if d <= self.last):
            rate_day = self.ledger_rate_day(account, on)
            before, after = self.value(account, on - ONE_DAY, rate_day), self.value(account, on, rate_day)
            kind = None
            if before == 0 and after > 0:
                back_in_time = self.window is None or churned_on is None or (on - churned_on).days <= self.window
                kind = "reactivation" if was_customer and back_in_time else "new"
                was_customer = True
            elif before > 0 and after == 0:
                kind, churned_on = "churn", on
            elif before != after:
                kind = "expansion" if after > before else "contraction"
            if kind is not None:
                movements.append(Movement(on, account, kind, after - before))
        return movements

    def first_return(self, account: str, period: Period) -> str:
        """`new` or `reactivation`: the ledger's kind of the first day in the period on which MRR rose from 0."""
        return next(
            m.kind
            for m in self.ledger
            if m.account == account and period.first <= m.date <= period.last and m.kind in {"new", "reactivation"}
        )

    # The period-net view ---------------------------------------------------------------------------------------

    def slices(self, account: str, on: date, rate_day: date, by: tuple[str, ...]) -> dict[tuple[Any, ...], Fraction]:
        """The account's value by slice; all of it is 0 if the account's total is."""
        if self.value(account, on, rate_day) == 0:
            return {}
        found: dict[tuple[Any, ...], Fraction] = defaultdict(Fraction)
        for c in self.charges(account, on):
            key = tuple(c.fact(f) if f in ROW_FIELDS else self.state.attribute(account, f) for f in by)
            found[key] += c.amount * self.rates.rate(c.currency, rate_day)
        return found

    def net(self, period: Period, by: tuple[str, ...] = ()) -> dict[tuple[Any, ...], Cell]:
        """One cell per slice that has MRR at either end."""
        cells: dict[tuple[Any, ...], Cell] = defaultdict(Cell)
        if not by:
            cells[()] = Cell()
        for account in self.accounts:
            self.add_account(cells, account, period, by)
        return dict(cells)

    def add_account(
        self, cells: dict[tuple[Any, ...], Cell], account: str, period: Period, by: tuple[str, ...]
    ) -> None:
        opening_day, closing_day = period.opening_rate_day, period.closing_rate_day
        opening = self.slices(account, period.before, opening_day, by)
        closing = self.slices(account, period.last, closing_day, by)
        at_constant_rate = self.slices(account, period.last, opening_day if opening else closing_day, by)
        for key in {*opening, *closing}:
            before, after = opening.get(key, NOTHING), at_constant_rate.get(key, NOTHING)
            cell = cells[key]
            cell.open += before
            cell.customers_open += before > 0
            cell.close += closing.get(key, NOTHING)
            cell.customers_close += closing.get(key, NOTHING) > 0
            cell.amounts["fx"] += closing.get(key, NOTHING) - after
            if before == after:
                continue
            if not opening:
                kind = self.first_return(account, period)
            else:
                kind = "churn" if not closing else change(before, after)
            cell.amounts[kind] += after - before
            cell.customers[kind] += before > 0 if kind in {"churn", "leaving"} else after > 0

    # Cohorts ---------------------------------------------------------------------------------------------------

    def first_paid_day(self, account: str) -> date | None:
        """The first day with MRR above 0, whatever the reactivation window says."""
        return next((m.date for m in self.ledger if m.account == account), None)

    def closing(self, account: str, period: Period) -> Fraction:
        return self.value(account, period.last, last_month_end(period.last))
