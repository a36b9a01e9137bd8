"""Contracts, subscriptions, discounts and invoices of all accounts: who has bought what, at which price, until when.

Arrays have one entry a slot, or (slots, 2) for the two lines an account may have. All prices are whole cents. Hides
ids, billing days and the rows that are written down.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from tenure.core.periods import add_months, day_date, day_number
from tenure.core.simulation.chance import Chance
from tenure.core.simulation.journal import Journal
from tenure.core.simulation.population import Ints, Population
from tenure.core.simulation.scenario import CNY, CURRENCIES, LIST_PRICES, PLANS, PRODUCTS, TAX

FAR = 1 << 40
MAIN, EXTRA = 0, 1
ITEMS = ("main", "extra")


class Line(NamedTuple):
    """What a line is worth: codes of product and plan, seats, cents a seat and month."""

    product: int
    plan: int
    seats: int
    unit: int


class Books:
    """The commercial state, and the doors through which it changes. `i` is the place of a slot, `line` 0 or 1."""

    def __init__(self, people: Population, journal: Journal, chance: Chance) -> None:
        count = len(people.slots)
        self._people, self._journal = people, journal
        self.ids = people.ids
        """account ids by place"""
        self.active = np.zeros(count, bool)
        self.product = np.full((count, 2), -1, np.int64)
        self.plan = np.zeros((count, 2), np.int64)
        self.seats = np.zeros((count, 2), np.int64)
        self.unit = np.zeros((count, 2), np.int64)
        """cents a seat and month"""
        self.paid_from = np.full(count, FAR)
        self.term_start = np.full(count, FAR)
        self.term_end = np.full(count, FAR)
        """of contracts; FAR for subscriptions"""
        self.version_start = np.full((count, 2), FAR)
        self.version_signed = np.full((count, 2), FAR)
        self.next_bill = np.full(count, FAR)
        self.percent = np.zeros(count, np.int64)
        self.off = np.zeros(count, np.int64)
        """cents a billing period"""
        self.discount_until = np.full(count, FAR)
        self.renewed = np.zeros(count, bool)
        """the next contracts are signed and wait for the end of the present ones"""
        self._next: dict[int, tuple[list[Line], int]] = {}
        self._open: dict[tuple[int, int], list[str]] = {}
        self._written = np.zeros(count, np.int64)
        self._rows: dict[str, tuple[Any, ...]] = {}
        self.notice_days = np.where(chance.uniform("notice", 0, people.slots) < 0.7, 30, 60)

    # ------------------------------------------------------------------ what is asked of them

    def mrr(self, day: int) -> Ints:
        """MRR at the close of a day by slot, in hundredths of a cent of the account's currency."""
        paying = self.active & (self.paid_from <= day)
        whole = np.where(self.product >= 0, self.unit * self.seats, 0).sum(axis=1)
        reduced = self.discount_until > day
        percent = np.where(reduced, self.percent, 0)
        first = np.where(self.product[:, MAIN] >= 0, self.unit[:, MAIN] * self.seats[:, MAIN], 0)
        off = np.where(reduced, np.minimum(self.off * 100, first * (100 - percent)), 0)
        return np.asarray(np.where(paying, whole * (100 - percent) - off, 0))

    def list_price(self, i: int, plan: int, rise: float) -> int:
        """Cents a seat and month for an account, what it negotiated taken off."""
        price = int(LIST_PRICES[plan, self._people.currency[i]])
        return round(price * (1 + rise) * (1 - float(self._people.rebate[i])))

    @staticmethod
    @lru_cache(maxsize=100_000)
    def later(day: int, months: int) -> int:
        """The same day of a later month; days are up to the 28th."""
        return day_number(add_months(day_date(day), months))

    def months_left(self, i: int, day: int) -> int:
        """Whole months from a billing day to the end of the contract's term."""
        months = 0
        while self.later(day, months) < self.term_end[i]:
            months += 1
        return months

    def next_anniversary(self, i: int, day: int) -> int:
        """The first billing day of a subscription, or month of a contract's term, on or after `day`."""
        anchor = int(self.term_start[i])
        months = max((day - anchor) // 32, 0)
        while True:
            due = self.later(anchor, months)
            if due >= day:
                return due
            months += 1

    # ------------------------------------------------------------------ contracts

    def sign(self, i: int, start: int, months: int, signed: int, recorded: int) -> None:
        """The first contract of an account, for its main line as it stands."""
        self._open[i, MAIN] = [self._contract(i, MAIN, self.line(i, MAIN), start, months, [], signed, recorded)]
        self.paid_from[i] = self.term_start[i] = start
        self.term_end[i] = self.later(start, months)

    def renew(self, i: int, lines: list[Line], months: int, signed: int, recorded: int) -> None:
        """Contracts that follow on those that are open, one a line; they count when the old ones have run out."""
        start = int(self.term_end[i])
        for line, terms in enumerate(lines):
            if terms.product >= 0:
                former = self._open.get((i, line), [])
                contract = self._contract(i, line, terms, start, months, former, signed, recorded)
                for number in former:
                    del self._rows[number]
                self._open[i, line] = [contract]
        self.renewed[i] = True
        self._next[i] = lines, self.later(start, months)

    def roll_over(self, i: int) -> None:
        """The renewed contracts begin."""
        lines, end = self._next.pop(i)
        for line, terms in enumerate(lines):
            self.product[i, line], self.plan[i, line], self.seats[i, line], self.unit[i, line] = terms
        self.term_start[i], self.term_end[i] = self.term_end[i], end
        self.renewed[i] = False

    def add_on(self, i: int, line: int, seats: int, start: int, months: int) -> None:
        """Write a contract for so many seats more, to the end of the term."""
        terms = self.line(i, line)._replace(seats=seats)
        self._open.setdefault((i, line), []).append(self._contract(i, line, terms, start, months, [], start, start))
        self.seats[i, line] += seats

    def line(self, i: int, line: int) -> Line:
        """A line as it stands; its product is -1 if there is none."""
        return Line(*(int(part[i, line]) for part in (self.product, self.plan, self.seats, self.unit)))

    def _contract(
        self, i: int, line: int, terms: Line, start: int, months: int, renews: list[str], signed: int, recorded: int
    ) -> str:
        self._written[i] += 1
        number = f"K{self.ids[i][1:]}-{self._written[i]}"
        end = self.later(start, months)
        total = terms.unit * terms.seats * months
        plan = PLANS[terms.plan].code
        row = (
            number, self.ids[i], CURRENCIES[self._people.currency[i]], total, start, end, list(renews), "term",
            PRODUCTS[terms.product].code, plan, terms.seats, int(self.notice_days[i]), None, False, signed,
        )  # fmt: skip
        self._journal.add("contracts", recorded, *row)
        self._rows[number] = row
        self._invoice(i, f"{number}-1", None, plan, total, max(start, recorded), start, end, "month", months)
        return number

    def give_notice(self, i: int, day: int) -> None:
        """Write down that the account will not renew."""
        for line in (MAIN, EXTRA):
            for number in self._open.get((i, line), []):
                row = self._rows[number]
                self._journal.add("contracts", day, *row[:12], day, *row[13:])

    def close(self, i: int) -> None:
        """The account is no customer any more."""
        for line in (MAIN, EXTRA):
            for number in self._open.pop((i, line), []):
                del self._rows[number]
        self.active[i] = False
        self.product[i, EXTRA], self.seats[i, EXTRA] = -1, 0
        self.paid_from[i] = self.term_end[i] = self.next_bill[i] = FAR
        self.percent[i] = self.off[i] = self.discount_until[i] = 0

    # ------------------------------------------------------------------ subscriptions

    def open_version(self, i: int, line: int, day: int, signed: int) -> None:
        """The line runs from `day` on as it stands; before `paid_from` it is on trial."""
        self.version_start[i, line], self.version_signed[i, line] = day, signed
        self._subscription(i, line, signed)

    def close_version(
        self, i: int, line: int, day: int, recorded: int, cancelled: int | None = None, *, unpaid: bool = False
    ) -> None:
        """The line's version ends on `day`; `unpaid`: it was given up, not ended."""
        if unpaid:
            self._subscription(i, line, recorded, unpaid=day)
        else:
            self._subscription(i, line, recorded, end=day, cancelled=cancelled)

    def change(self, i: int, line: int, day: int, recorded: int, seats: int, unit: int, *, forgotten: bool) -> None:
        """From `day` on the line has other seats or another price; `forgotten`: its former version is not ended."""
        if day > self.version_start[i, line] and not forgotten:
            self.close_version(i, line, day, recorded)
        self.seats[i, line], self.unit[i, line] = seats, unit
        self.open_version(i, line, day, recorded)

    def _subscription(
        self, i: int, line: int, recorded: int, *, end: int | None = None, cancelled: int | None = None,
        unpaid: int | None = None,
    ) -> None:  # fmt: skip
        start, paid_from = int(self.version_start[i, line]), int(self.paid_from[i])
        self._journal.add(
            "subscriptions", recorded, self.ids[i], f"S{self.ids[i][1:]}", ITEMS[line], start,
            PRODUCTS[self.product[i, line]].code, PLANS[self.plan[i, line]].code,
            CURRENCIES[self._people.currency[i]], int(self.unit[i, line]), int(self.seats[i, line]), "month", end,
            cancelled, paid_from if start < paid_from else None, unpaid, int(self.version_signed[i, line]),
        )  # fmt: skip

    def discount(self, i: int, kind: str, value: int, start: int, end: int | None) -> None:
        """A discount on the subscription: `value` in per cent, or cents off a billing period."""
        if kind == "percent":
            self.percent[i] = value
        else:
            self.off[i] = value
        self.discount_until[i] = FAR if end is None else end
        duration = "forever" if end is None else "repeating"
        scaled = value * 100 if kind == "percent" else value
        self._journal.add("discounts", start, f"S{self.ids[i][1:]}", kind, duration, start, scaled, end)

    # ------------------------------------------------------------------ invoices

    def bill(self, i: int, day: int) -> None:
        """Invoice a month of the subscription, and set the next billing day."""
        following = self.later(day, 1)
        reduced = self.discount_until[i] > day
        percent = int(self.percent[i]) if reduced else 0
        off = int(self.off[i]) if reduced else 0
        for line in (MAIN, EXTRA):
            if self.product[i, line] < 0:
                continue
            price = int(self.unit[i, line] * self.seats[i, line])
            price = -(-price * (100 - percent) // 100)
            taken = min(off, price)
            off -= taken
            number = f"S{self.ids[i][1:]}-{day}-{line + 1}"
            plan = PLANS[self.plan[i, line]].code
            self._invoice(i, number, f"S{self.ids[i][1:]}", plan, price - taken, day, day, following, "month", 1)
        self.next_bill[i] = following

    def _invoice(
        self, i: int, number: str, subscription: str | None, plan: str, net: int, recorded: int, start: int, end: int,
        interval: str, intervals: int,
    ) -> None:  # fmt: skip
        currency = int(self._people.currency[i])
        tax = (net * TAX + 50) // 100 if currency == CNY else 0
        invoice = number.rsplit("-", 1)[0]
        self._journal.add(
            "invoice_lines", recorded, f"L{number}", self.ids[i], subscription, "subscription", f"I{invoice}",
            plan, net + tax, tax, CURRENCIES[currency], interval, intervals, start, end,
        )  # fmt: skip
