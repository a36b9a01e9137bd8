"""The simulated firm: a B2B software company that lives, week by week, with causes that are known.

    firm = Firm(Scenario(accounts=200), numpy.random.default_rng(1))
    for week in range(firm.scenario.weeks):
        written = firm.step(week, [Intervention("visit", ["A000007"])])

`step` gives what the firm's systems would have recorded in that week; `departures` and `truths` what nobody in the firm
can know. Two firms of one scenario and seed that get the same interventions are equal to the byte; where interventions
differ, both go on drawing the same chances (`chance`). docs/explanation/simulated-firm.md tells the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from tenure.core.periods import day_number
from tenure.core.simulation import calendar, names
from tenure.core.simulation.acquiring import Acquiring
from tenure.core.simulation.books import EXTRA, FAR, MAIN, Books, Line
from tenure.core.simulation.chance import Chance
from tenure.core.simulation.committee import Committee
from tenure.core.simulation.interventions import Intervention, Treating
from tenure.core.simulation.journal import Journal
from tenure.core.simulation.mood import Mood
from tenure.core.simulation.population import populate
from tenure.core.simulation.rates import monthly_rates
from tenure.core.simulation.scenario import (
    CAUSES,
    CHANNELS,
    CNY,
    DESK,
    DOLLAR,
    EXECUTOR,
    FLOW,
    MEET,
    PRICE_NOTICE_WEEKS,
    PRICE_RISE,
    PRODUCTS,
    Scenario,
)
from tenure.core.simulation.usage import Usage

DECIDES_FROM, DECIDES_UNTIL = 32, 10
"""Weeks before the end of a contract between which its account decides."""
LASTING = 1.65
"""How much heavier each of these weeks weighs: a contract's account has only them."""
RUNS_ON = 70
"""A subscription runs on for at least so many days after its account has decided to leave."""
FLEETING = 1.35
"""How much heavier a week weighs for a subscription, which can be ended at any time."""
ABSENT = (8 * 7, 70 * 7)
"""Days after leaving between which a former customer may return."""
RETURNS = 0.004
"""Probability a week that it does."""
TWO_YEARS = 0.08
"""Share of contracts over two years."""
UNPAID = 0.12
"""Share of leaving subscribers who stop paying instead of cancelling."""
SIGNED_LATE = 0.08
"""Share of renewals that are signed after the old contract has run out."""


class Departure(NamedTuple):
    """A customer that left, and why: days, a cause of `CAUSES`, and whether it showed."""

    account_id: str
    decided: int
    left: int
    cause: str
    silent: bool


class Rescue(NamedTuple):
    """A customer that had decided to leave and stayed after an intervention."""

    account_id: str
    day: int
    kind: str
    cause: str


class Written:
    """What the firm recorded in a week."""

    def __init__(self, journal: Journal, week: int, events: pa.Table) -> None:
        self._journal, self._week = journal, week
        self.events = events

    @cached_property
    def tables(self) -> dict[str, pa.Table]:
        """Rows written down, with `recorded_at`; a row replaces the earlier one of its key."""
        return self._journal.of_week(self._week)


class Firm:
    """A firm at the beginning of its first week; `step` it through the weeks in order."""

    def __init__(self, scenario: Scenario, rng: np.random.Generator) -> None:
        self.scenario = scenario
        self.until = day_number(scenario.until)
        self.departures: list[Departure] = []
        self.rescues: list[Rescue] = []
        self.forgotten: list[str] = []
        """subscriptions whose former version was never ended: planted anomalies"""
        self._chance = Chance(rng)
        self.people = populate(scenario, self._chance)
        self.journal = Journal(scenario.since, self.until)
        self.journal.later(lambda: Acquiring(scenario, self.people, self.journal, self._chance, self.until))
        self.books = Books(self.people, self.journal, self._chance)
        self._committee = Committee(self.people, self.journal, self._chance)
        self._settled = self.people.arrival < scenario.since
        self.mood = Mood.first(self.people, self._settled, self._chance)
        self._usage = Usage(scenario, self.people, self._chance)
        self._treating = Treating(scenario, self.people, self._chance)
        count = len(self.people.slots)
        self._arrival = self.people.arrival.copy()
        self._leaving = np.full(count, FAR)
        self._decided = np.full(count, FAR)
        self._cause = np.full(count, -1)
        self._left = np.full(count, FAR)
        self._lead = 7 + (42 * self._chance.uniform("sign lead", 0, self.people.slots)).astype(np.int64)
        """days before the end of a term at which its renewal is signed"""
        self._unpaid = self._chance.happens("unpaid", 0, self.people.slots, UNPAID)
        self._raised = np.zeros(count, bool)
        self._week = 0
        if scenario.first_slot == 0:
            for day, rate in monthly_rates(scenario, self._chance):
                self.journal.add("fx_rates", day, day, "USD", rate)

    @property
    def cost(self) -> int:
        """What all interventions have cost, in yuan."""
        return self._treating.cost

    def worth(self, day: int) -> float:
        """MRR of the firm at the close of a day in yuan, dollars at their usual rate."""
        rate = np.where(self.people.currency == CNY, 1.0, DOLLAR)
        return float((self.books.mrr(day) * rate).sum() / 10_000)

    def going(self) -> list[tuple[str, int, str, bool]]:
        """The customers that have decided to leave and are still there: account, last day, cause, silent."""
        return [
            (self.books.ids[i], int(self._leaving[i]), CAUSES[self._cause[i]], bool(self.people.silent[i]))
            for i in np.flatnonzero(self.books.active & (self._leaving < FAR)).tolist()
        ]

    def step(self, week: int, interventions: Sequence[Intervention] = ()) -> Written:
        """Live through a week.

        Raises: ValueError if it is not the next week, or an intervention or account is not known.
        """
        if week != self._week or week >= self.scenario.weeks:
            raise ValueError(f"the next week is {self._week}, the last one {self.scenario.weeks - 1}")
        self._week += 1
        first = self.scenario.since + 7 * week
        self._treat(week, first, interventions)
        self._arrive(week, first)
        moved = self.mood.advance(
            week, self.scenario, self.people, self.books.product[:, MAIN], self.books.active, self._chance
        )
        for i in np.flatnonzero(moved < 0).tolist():
            self._committee.champion_left(i, first + 2)
        for i in np.flatnonzero(moved > 0).tolist():
            self._committee.champion_found(i, first + 2)
        self._decide(week, first)
        self._renew(week, first)
        self._roll_over(first)
        self._end_subscriptions(first)
        self._raise_prices(week, first)
        self._grow(week, first)
        self._bill(first)
        self._return(week, first)
        shown = np.where(self.people.silent, FAR, self._leaving)
        events = self._usage.of_week(week, self.books, self.mood, self._arrival, shown)
        return Written(self.journal, week, events)

    def _after(self, first: int) -> int:
        """The day after a week; the last week may be a broken one."""
        return min(first + 7, self.until)

    # ------------------------------------------------------------------ being treated

    def _treat(self, week: int, first: int, interventions: Sequence[Intervention]) -> None:
        treated = self._treating.of_week(week, interventions, self.mood, self.books.active)
        undecided = self._leaving == FAR
        late = self.books.term_end - first < 7 * 4
        for kind, touched in treated.items():
            for i in self._treating.turned(week, kind, touched & ~undecided & ~late, self._cause):
                self.rescues.append(Rescue(self.books.ids[i], first, kind, CAUSES[self._cause[i]]))
                self._leaving[i] = self._decided[i] = FAR
        for i in self._treating.referred(week, treated, self.mood, self._arrival):
            self._arrival[i] = int(calendar.of_every_month(np.array([first + 28]))[0])

    # ------------------------------------------------------------------ coming

    def _arrive(self, week: int, first: int) -> None:
        coming = (self._arrival >= first) & (self._arrival < self._after(first))
        if week == 0:
            coming |= self._settled
        places = np.flatnonzero(coming).tolist()
        for i in places:
            self._welcome(i, int(self._arrival[i]), first)
        self._committee.introduce(places, first)

    def _welcome(self, i: int, day: int, first: int) -> None:
        """An account becomes a customer on `day`, or was one when the first week began."""
        people, books = self.people, self.books
        recorded = max(day, self.scenario.since)
        channel = CHANNELS[people.channel[i]]
        employees = int(people.employees[i])
        tier = "A" if employees >= 400 else "B" if employees >= 80 else "C"
        self.journal.add(
            "accounts", recorded, books.ids[i], people.name[i], names.INDUSTRIES[people.industry[i]][0],
            names.REGIONS[people.region[i]][0], employees, tier, names.MEMBERS[people.slots[i] % len(names.MEMBERS)],
            PRODUCTS[people.product[i]].code, day - 7 * round(channel.weeks_to_win), channel.code,
        )  # fmt: skip
        self._raised[i] = first >= self.scenario.since + 7 * self.scenario.price_week
        books.product[i, MAIN], books.plan[i, MAIN] = people.product[i], people.plan[i]
        books.seats[i, MAIN] = people.seats[i]
        books.unit[i, MAIN] = books.list_price(i, int(people.plan[i]), PRICE_RISE if self._raised[i] else 0.0)
        self._begin(i, day, recorded, int(people.trial_days[i]))

    def _begin(self, i: int, day: int, recorded: int, trial_days: int) -> None:
        """The main line of an account runs from `day`; of an older contract only the present term is known."""
        books = self.books
        slot = self.people.slots[i : i + 1]
        books.active[i] = True
        if self.people.annual[i]:
            months = self._months(i, day)
            start = day
            while books.later(start, months) <= recorded:
                start = books.later(start, months)
            books.sign(i, start, months, min(calendar.office_day(start - 7), recorded), recorded)
            return
        paid = max(int(calendar.of_every_month(np.array([day + trial_days]))[0]), day)
        books.paid_from[i] = books.term_start[i] = paid
        books.open_version(i, MAIN, day, min(day, recorded))
        books.next_bill[i] = books.next_anniversary(i, max(paid, recorded))
        draw = float(self._chance.uniform("discount", 0, slot)[0])
        if day < self.scenario.since or draw >= 0.22:
            return
        if draw < 0.14:
            books.discount(i, "percent", 10 + 5 * int(draw * 25), paid, books.later(paid, 6))
        elif draw < 0.18:
            books.discount(i, "percent", 10, paid, None)
        else:
            books.discount(i, "amount", 2_000, paid, books.later(paid, 3))

    def _months(self, i: int, start: int) -> int:
        drawn = self._chance.uniform("two years", start, self.people.slots[i : i + 1])
        return 24 if drawn[0] < TWO_YEARS else 12

    # ------------------------------------------------------------------ leaving

    def _decide(self, week: int, first: int) -> None:
        people, books = self.people, self.books
        remaining = (books.term_end - first) // 7
        window = (remaining > DECIDES_UNTIL) & (remaining <= DECIDES_FROM)
        exposure = np.where(people.annual, LASTING * window, FLEETING * (first - books.paid_from > 20))
        if week == 0:  # accounts inside their window, or past it, have lived through a part of it
            missed = DECIDES_FROM - np.maximum(remaining, DECIDES_UNTIL)
            exposure = np.where(people.annual & (remaining <= DECIDES_FROM), LASTING * missed, exposure)
        exposure = np.where(books.active & (self._leaving == FAR) & ~books.renewed, exposure, 0.0)
        parts = self.mood.parts(week, self.scenario, books.product[:, MAIN])
        leaves, cause = self.mood.decide(week, people, parts, exposure, self._chance)
        for i in np.flatnonzero(leaves).tolist():
            self._decided[i], self._cause[i] = first, cause[i]
            self._leaving[i] = books.term_end[i] if people.annual[i] else books.next_anniversary(i, first + RUNS_ON)
        last = self._leaving - books.notice_days - 3
        told = books.active & people.annual & ~people.silent & (last >= first) & (last < first + 7)
        for i in np.flatnonzero(told).tolist():
            books.give_notice(i, int(last[i]))

    def _end_subscriptions(self, first: int) -> None:
        """Subscriptions whose accounts leave in this week are ended, or given up unpaid."""
        books = self.books
        ending = books.active & ~self.people.annual & (self._leaving < self._after(first))
        for i in np.flatnonzero(ending).tolist():
            day = int(self._leaving[i])
            for line in (MAIN, EXTRA):
                if books.product[i, line] >= 0:
                    books.close_version(i, line, day, day, int(self._decided[i]), unpaid=bool(self._unpaid[i]))
            self._leave(i, day)

    def _leave(self, i: int, day: int) -> None:
        """The account is no customer from `day` on."""
        cause, silent = CAUSES[self._cause[i]], bool(self.people.silent[i])
        self.departures.append(Departure(self.books.ids[i], int(self._decided[i]), day, cause, silent))
        self.books.close(i)
        self._left[i] = day
        self._leaving[i] = self._decided[i] = FAR

    def _return(self, week: int, first: int) -> None:
        """Some former customers come back, with a little fewer seats."""
        books = self.books
        absent = first - self._left
        may = ~books.active & (absent >= ABSENT[0]) & (absent < ABSENT[1])
        may &= self._cause != CAUSES.index("firm_closed")
        for i in np.flatnonzero(may & self._chance.happens("return", week, self.people.slots, RETURNS)).tolist():
            books.seats[i, MAIN] = max(1, int(books.seats[i, MAIN]) * 4 // 5)
            day = int(calendar.of_every_month(np.array([first + 10]))[0])
            self._left[i] = FAR
            self._begin(i, day, max(day, first), 0)

    # ------------------------------------------------------------------ renewing

    def _renew(self, week: int, first: int) -> None:
        """Contracts that will go on are signed some weeks before their end; some are recorded after it."""
        books, slots = self.books, self.people.slots
        due = books.active & self.people.annual & ~books.renewed & (self._leaving == FAR)
        due &= books.term_end - self._lead < first + 7
        growth, moves, late = (self._chance.uniform("renewal", week, slots, k) for k in range(3))
        for i in np.flatnonzero(due).tolist():
            end = int(books.term_end[i])
            signed = end - int(self._lead[i])
            if late[i] < SIGNED_LATE:
                signed = end + 1 + int(late[i] / SIGNED_LATE * 20)
            signed = calendar.office_day(signed if week == 0 else max(signed, first))
            happy = float(self.mood.adoption[i, EXECUTOR])
            factor = 1.025 + 0.165 * growth[i] if happy > 0.6 else 1 + 0.03 * growth[i]
            factor = 1 - 0.25 * growth[i] if happy < 0.32 else factor
            price = 1 + PRICE_RISE if self._meets_rise(i, week) else 1.0
            aging = week > self.scenario.weeks // 3 and moves[i] < 0.25
            lines = []
            for line in (MAIN, EXTRA):
                product, plan, seats, unit = books.line(i, line)
                product = FLOW if product == MEET and aging else product
                lines.append(Line(product, plan, max(1, round(seats * factor)), round(unit * price)))
            books.renew(i, lines, self._months(i, end), signed, max(signed, first))

    def _meets_rise(self, i: int, week: int) -> bool:
        """Does the account meet the rise of prices now? It feels it then."""
        if self._raised[i] or week < self.scenario.price_week:
            return False
        self._raised[i] = True
        self.mood.pressure[i] = min(self.mood.pressure[i] + 0.25 * self.people.sensitivity[i], 1)
        return True

    def _roll_over(self, first: int) -> None:
        """Contracts that end in this week give way to the next ones, or their account leaves."""
        books = self.books
        for i in np.flatnonzero(books.active & self.people.annual & (books.term_end < self._after(first))).tolist():
            if books.renewed[i]:
                books.roll_over(i)
            else:
                self._leave(i, int(books.term_end[i]))

    # ------------------------------------------------------------------ buying more and less

    def _raise_prices(self, week: int, first: int) -> None:
        """Subscriptions of before the rise pay more from their first billing day after the notice."""
        if week < self.scenario.price_week + PRICE_NOTICE_WEEKS:
            return
        books = self.books
        due = books.active & ~self.people.annual & ~self._raised & (books.next_bill < first + 7)
        for i in np.flatnonzero(due).tolist():
            if self._meets_rise(i, week):
                for line in (MAIN, EXTRA):
                    _, _, seats, unit = books.line(i, line)
                    self._change(i, line, int(books.next_bill[i]), first, seats, round(unit * (1 + PRICE_RISE)))

    def _change(self, i: int, line: int, day: int, first: int, seats: int, unit: int) -> None:
        """A line of a subscription changes; now and then nobody ends its former version."""
        if self.books.product[i, line] < 0:
            return
        subscription = self.books.ids[i].replace("A", "S")
        forget = len(self.forgotten) < self.scenario.planted and self._week > self.scenario.weeks // 3
        forget &= day > self.books.version_start[i, line] and subscription not in self.forgotten
        if forget:
            self.forgotten.append(subscription)
        self.books.change(i, line, day, min(first, day), seats, unit, forgotten=forget)

    def _grow(self, week: int, first: int) -> None:
        people, books, slots = self.people, self.books, self.people.slots
        staying = books.active & (self._leaving == FAR) & ~books.renewed & (first > books.paid_from + 28)
        happy = self.mood.adoption[:, EXECUTOR]
        chance = np.asarray(np.where(people.annual, 0.011, 0.019) * np.clip(2.4 * (happy - 0.42), 0, 1), np.float64)
        more = staying & self._chance.happens("more seats", week, slots, chance)
        less = staying & ~people.annual & ~more & (happy < 0.32)
        less &= self._chance.happens("fewer seats", week, slots, 0.012)
        size = self._chance.uniform("how many", week, slots)
        for i in np.flatnonzero(more).tolist():
            self._resize(i, first, max(1, round(int(books.seats[i, MAIN]) * (0.04 + 0.16 * size[i]))))
        for i in np.flatnonzero(less).tolist():
            self._resize(i, first, -int(books.seats[i, MAIN] * 0.35 * size[i]))
        crosses = staying & (books.product[:, EXTRA] < 0) & (self.mood.satisfaction > 0.6)
        for i in np.flatnonzero(crosses & self._chance.happens("second product", week, slots, 0.0016)).tolist():
            self._cross_sell(i, first, 0.25 + 0.4 * size[i])

    def _resize(self, i: int, first: int, seats: int) -> None:
        """More or fewer seats of the main line, from the next billing day or month of the term."""
        books = self.books
        day = books.next_anniversary(i, first + 3)
        if not self.people.annual[i]:
            now, unit = int(books.seats[i, MAIN]), int(books.unit[i, MAIN])
            if day < self._leaving[i] and now + seats != now and now + seats > 0:
                self._change(i, MAIN, day, first, now + seats, unit)
        elif (months := books.months_left(i, day)) >= 2:
            books.add_on(i, MAIN, seats, day, months)

    def _cross_sell(self, i: int, first: int, share: float) -> None:
        """The account buys a second product for a part of its seats."""
        books = self.books
        day = books.next_anniversary(i, first + 3)
        months = books.months_left(i, day) if self.people.annual[i] else 12
        if months < 2 or day >= self.until:
            return
        plan = int(books.plan[i, MAIN])
        price = books.list_price(i, plan, PRICE_RISE if self._raised[i] else 0.0)
        other = DESK if books.product[i, MAIN] == FLOW else FLOW
        books.product[i, EXTRA], books.plan[i, EXTRA], books.unit[i, EXTRA] = other, plan, price
        seats = max(1, round(int(books.seats[i, MAIN]) * share))
        if self.people.annual[i]:
            books.seats[i, EXTRA] = 0
            books.add_on(i, EXTRA, seats, day, months)
        else:
            books.seats[i, EXTRA] = seats
            books.open_version(i, EXTRA, day, first)

    def _bill(self, first: int) -> None:
        books = self.books
        for i in np.flatnonzero(books.active & (books.next_bill < self._after(first))).tolist():
            books.bill(i, int(books.next_bill[i]))
