"""What every account pays on every day: versions, trials, pauses, discounts, contracts, invoices, merges, grace."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import groupby
from typing import Any

from reference.prices import (
    after_one_period,
    invoice_price,
    kept,
    list_price,
    month_factor,
    term_in_months,
)
from reference.rates import Rates
from reference.rows import ONE_DAY, Row, World, day, end_day, number

ROW_FIELDS = ("plan", "product", "currency", "interval", "item")
NONE = "(none)"


@dataclass(frozen=True)
class Charge:
    """What one line adds to its account's MRR on one day, in its own currency."""

    account: str
    amount: Fraction
    currency: str
    row: Row

    def fact(self, name: str) -> str:
        return self.currency if name == "currency" else self.row.get(name) or NONE


Charges = dict[str, list[Charge]]
"""The charges of each account (after merges) on one day."""


def days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += ONE_DAY


class State:
    """Asked for a day, says who pays what. Slow on purpose.

    `where` on fields of rows selects rows before anything is made of them; on account attributes it selects accounts.
    """

    def __init__(self, world: World, where: dict[str, Any] | None = None) -> None:
        self.world = world
        self.rates = Rates(world)
        self.where = {name: value if isinstance(value, list) else [value] for name, value in (where or {}).items()}
        self.accounts = {r["account_id"]: r for r in world.rows("accounts")}

    # One day, without grace ------------------------------------------------------------------------------------

    def charges(self, on: date) -> Charges:
        lines = self.invoiced_on(on) if self.by_invoice else [*self.subscribed_on(on), *self.contracted_on(on)]
        by_account: Charges = defaultdict(list)
        for charge in lines:
            account = self.world.customer(charge.account)
            if self.is_selected_account(account) and charge.amount != 0:
                by_account[account].append(replace(charge, account=account))
        return dict(by_account)

    @property
    def by_invoice(self) -> bool:
        return self.world.setting("revenue_source") == "invoices"

    def rows(self, table: str) -> list[Row]:
        """The rows that `where` lets in."""
        return [row for row in self.world.rows(table) if self.is_selected_row(row)]

    def is_selected_row(self, row: Row) -> bool:
        charge = Charge(row["account_id"], Fraction(0), self.currency(row), row)
        return all(charge.fact(name) in allowed for name, allowed in self.where.items() if name in ROW_FIELDS)

    def is_selected_account(self, account: str) -> bool:
        return all(
            self.attribute(account, name) in allowed for name, allowed in self.where.items() if name not in ROW_FIELDS
        )

    def attribute(self, account: str, name: str) -> str:
        return self.accounts.get(account, {}).get(name) or NONE

    def currency(self, row: Row) -> str:
        return row.get("currency") or self.world.setting("reporting_currency")

    # Subscriptions ---------------------------------------------------------------------------------------------

    def service_end(self, row: Row) -> date | None:
        zone = self.world.zone
        ends = [end_day(row.get("end"), zone), day(row.get("unpaid_at"), zone)]
        if self.world.setting("churn_recognition") == "cancel_request":
            ends.append(day(row.get("cancelled_at"), zone))
        return min((e for e in ends if e is not None), default=None)

    def in_force(self, row: Row, on: date) -> bool:
        end = self.service_end(row)
        return day(row["start"], self.world.zone) <= on and (end is None or on < end)

    def is_free(self, row: Row, on: date) -> bool:
        """In force without being paid for: a trial, or a pause where pauses count as zero."""
        zone = self.world.zone
        trial_end = day(row.get("trial_end"), zone)
        if trial_end is not None and on < trial_end:
            return True
        if self.world.setting("pause_policy") == "keep":
            return False
        return any(day(p[0], zone) <= on < day(p[1], zone) for p in row.get("pauses") or [])

    def precedence(self, row: Row) -> tuple[Any, ...]:
        """Of overlapping versions: the latest start, then the latest recorded, then the largest id."""
        return (day(row["start"], self.world.zone), self.world.recorded(row), row.get("row_id") or "")

    def versions_on(self, on: date) -> list[Row]:
        """The one row in force of each line."""

        def line(row: Row) -> tuple[str, str, str]:
            return (row["account_id"], row["subscription_id"], row.get("item") or "main")

        rows = sorted((r for r in self.rows("subscriptions") if self.in_force(r, on)), key=line)
        return [max(versions, key=self.precedence) for _, versions in groupby(rows, key=line)]

    def subscribed_on(self, on: date) -> Iterator[Charge]:
        def subscription(row: Row) -> tuple[str, str]:
            return (row["account_id"], row["subscription_id"])

        rows = sorted(self.versions_on(on), key=subscription)
        for _, items in groupby(rows, key=subscription):
            yield from self.discounted(list(items), on)

    def discounted(self, items: list[Row], on: date) -> Iterator[Charge]:
        """The items of one subscription: percentages multiply, then amounts are taken off once, item by item."""
        paid = [row for row in items if not self.is_free(row, on)]
        paid.sort(key=lambda row: (row.get("item", "main") != "main", row.get("item", "main")))
        amount_left: Fraction | None = None
        for row in paid:
            price = list_price(row)
            discounts = [d for d in self.discounts_of(row["subscription_id"]) if self.discount_in_force(d, row, on)]
            for discount in discounts:
                if discount["kind"] == "percent":
                    price *= max(Fraction(0), 1 - number(discount["value"]) / 100)
            if amount_left is None:
                off = sum((number(d["value"]) for d in discounts if d["kind"] == "amount"), Fraction(0))
                amount_left = off * month_factor(row)
            taken = max(Fraction(0), min(amount_left, price))
            amount_left -= taken
            yield Charge(row["account_id"], kept(price - taken), self.currency(row), row)

    def discounts_of(self, subscription: str) -> list[Row]:
        policy = self.world.setting("discount_policy")
        if policy == "none":
            return []
        rows = [d for d in self.world.rows("discounts") if d["subscription_id"] == subscription]
        return [d for d in rows if policy == "active" or (d.get("duration") or "forever") == "forever"]

    def discount_in_force(self, discount: Row, row: Row, on: date) -> bool:
        zone = self.world.zone
        start, end = day(discount.get("start"), zone), end_day(discount.get("end"), zone)
        if end is None and discount.get("duration") == "once":
            end = after_one_period(start or self.beginning(row), row)
        return (start is None or start <= on) and (end is None or on < end)

    def beginning(self, row: Row) -> date:
        """The first day of the row's subscription."""
        same = [r for r in self.rows("subscriptions") if r["subscription_id"] == row["subscription_id"]]
        return min(day(r["start"], self.world.zone) for r in same if r["account_id"] == row["account_id"])

    # Contracts -------------------------------------------------------------------------------------------------

    def contracted_on(self, on: date) -> Iterator[Charge]:
        """A contract always ends at its end."""

        def contract(row: Row) -> tuple[str, str]:
            return (row["account_id"], row["contract_id"])

        zone = self.world.zone
        rows = [r for r in self.rows("contracts") if day(r["start"], zone) <= on < end_day(r["end"], zone)]
        for _, versions in groupby(sorted(rows, key=contract), key=contract):
            row = max(versions, key=self.precedence)
            yield Charge(row["account_id"], self.contract_price(row, on), self.currency(row), row)

    def contract_price(self, row: Row, on: date) -> Fraction:
        """Total / term; a ramp steps: each step's amount / the step's own term."""
        zone = self.world.zone
        if not row.get("schedule"):
            return kept(number(row["total"]) / term_in_months(day(row["start"], zone), end_day(row["end"], zone)))
        for step in row["schedule"]:
            first, end = day(step["from"], zone), day(step["to"], zone)
            if first <= on < end:
                return kept(number(step["amount"]) / term_in_months(first, end))
        return Fraction(0)

    # Invoices --------------------------------------------------------------------------------------------------

    def invoiced_on(self, on: date) -> Iterator[Charge]:
        zone = self.world.zone
        for row in self.rows("invoice_lines"):
            start, end = day(row.get("period_start"), zone), end_day(row.get("period_end"), zone)
            if (row.get("type") or "subscription") != "subscription" or not start <= on < end:
                continue
            full_start = day(row.get("full_period_start"), zone) or start
            full_end = end_day(row.get("full_period_end"), zone) or after_one_period(full_start, row)
            price = invoice_price(row, (end - start).days, (full_end - full_start).days)
            yield Charge(row["account_id"], price, self.currency(row), row)

    # Many days, with grace -------------------------------------------------------------------------------------

    def value(self, charges: list[Charge], month: date) -> Fraction:
        """In the reporting currency at the rate of the month that ends on `month`; below 0 counts 0."""
        total = sum((c.amount * self.rates.rate(c.currency, month) for c in charges), Fraction(0))
        return max(total, Fraction(0))

    def first_day(self) -> date | None:
        zone = self.world.zone
        starts = [day(r["start"], zone) for t in ("subscriptions", "contracts") for r in self.world.rows(t)]
        if self.by_invoice:
            starts = [day(r["period_start"], zone) for r in self.world.rows("invoice_lines") if r.get("period_start")]
        return min(starts, default=None)

    def history(self, last: date) -> dict[date, Charges]:
        """Every day up to `last`, with gaps of at most `grace_gap_days` bridged by what was paid before them."""
        first = self.first_day()
        if first is None:
            return {}
        grace = self.world.setting("grace_gap_days") or 0
        return self.bridged({d: self.charges(d) for d in days(first, last + grace * ONE_DAY)}, grace)

    def bridged(self, history: dict[date, Charges], grace: int) -> dict[date, Charges]:
        if grace <= 0:
            return history
        for account in {a for charges in history.values() for a in charges}:
            last_paid: date | None = None
            for on in sorted(history):
                if self.value(history[on].get(account, []), self.rates.month_end(on)) == 0:
                    continue
                if last_paid is not None and 0 < (on - last_paid).days - 1 <= grace:
                    for gap in days(last_paid + ONE_DAY, on - ONE_DAY):
                        history[gap][account] = history[last_paid][account]
                last_paid = on
        return history
