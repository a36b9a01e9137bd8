"""How the firm came by its customers: leads and what they cost, touches, deals with their committees, bids, demands.

All of it is known when the firm begins, because who arrives when is a trait of the slots: so it draws chances of its
own and moves none of theirs. Accounts that were customers before the first week came before the books were opened.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

from tenure.core.simulation import calendar, names
from tenure.core.simulation.chance import Chance, counted
from tenure.core.simulation.journal import Journal
from tenure.core.simulation.population import NEVER, Population
from tenure.core.simulation.scenario import CHANNELS, CNY, CURRENCIES, DOLLAR, LIST_PRICES, PRODUCTS, Scenario

FIRST_PROSPECT = 1 << 18
"""Prospects that never bought take their names from this number on, two a slot."""
SALES_A_CALL, SALES_A_DEAL = 500, 1_500
"""Yuan that sellers cost for each lead they accept, and for each deal."""


class Placement(NamedTuple):
    """What a channel's money buys: its share of the leads, how dear they are, and how much oftener they buy."""

    channel: str
    campaign: str
    keyword: str | None
    share: float
    price: float
    quality: float


PLACEMENTS = (
    Placement("baidu", "brand", "长续", 0.25, 0.5, 1.6),
    Placement("baidu", "generic", "协同办公软件", 0.35, 1.0, 1.0),
    Placement("baidu", "generic", "流程审批系统", 0.25, 1.1, 1.0),
    Placement("baidu", "generic", "免费 OA", 0.15, 1.6, 0.0),
    Placement("sogou_360", "generic", "办公软件", 1.0, 1.0, 1.0),
    Placement("display", "lookalike", None, 0.7, 1.0, 1.0),
    Placement("display", "retargeting", None, 0.3, 1.0, 1.0),
    Placement("wechat", "articles", None, 0.7, 0.8, 1.0),
    Placement("wechat", "webinars", None, 0.3, 1.4, 1.0),
    Placement("events", "spring forum", None, 0.4, 1.2, 1.0),
    Placement("events", "city salons", None, 0.6, 0.9, 1.0),
    Placement("referral", "customers bring customers", None, 1.0, 1.0, 1.0),
    Placement("agents", "agents", None, 1.0, 1.0, 1.0),
    Placement("outbound", "list of the year", None, 1.0, 1.0, 1.0),
)
"""Within a channel the shares add up to 1. Nobody who searched for “免费 OA” (free office software) ever buys."""
_OF = [[p for p in PLACEMENTS if p.channel == channel.code] for channel in CHANNELS]
CLICKS = {"baidu": (25, 0.04), "sogou_360": (20, 0.03), "display": (60, 0.004), "wechat": (30, 0.06)}
"""Clicks a lead, and clicks an impression, of the channels that are clicked."""
SPENT_AS = {"events": "event", "wechat": "content"}
TOUCHED_AS = {
    "baidu": "ad", "sogou_360": "ad", "display": "ad", "wechat": "content", "events": "event", "referral": "referral",
    "agents": "referral", "outbound": "call",
}  # fmt: skip
STAGES = {
    "new": ("discovery", "evaluation", "proposal", "negotiation"),
    "tender": ("found", "preparing", "preparing", "submitted"),
}
REACHED = (0.0, 0.25, 0.55, 0.8)
"""When a deal enters its stages, as a share of its time."""
WHY_LOST = ("price", "no budget this year", "chose a competitor", "no decision", "missing function")
RIVALS = ("友协云", "飞流办公", "TeamHarbor")
WHY_REJECTED = ("cannot be reached", "too small", "no need now", "only looking", "student or rival")
DEMANDS = (
    ("single sign-on with the firm's directory", "feature", "standard", "members"),
    ("export of approvals as PDF with a seal", "feature", "standard", "approvals"),
    ("on-premises installation", "customisation", "custom", "operations"),
    ("interface to the ERP in use", "customisation", "custom", "integration"),
    ("reports by the firm's own organisation chart", "customisation", "custom", "reports"),
    ("cheaper plan for guests", "service", "standard", "plans"),
    ("faster search in files", "feature", "standard", "search"),
    ("training on site", "service", "custom", "service"),
)
NEEDS = ("nice", "important", "must", "deal_breaker")
TENDER_FROM = 700
"""Firms with so many employees, in China, mostly buy by tender."""


class _Deal(NamedTuple):
    """A way from the first touch to a decision: its ids, days and what it is about."""

    number: int
    account: str
    lead: str
    channel: int
    placement: Placement
    created: int
    opened: int
    decided: int
    won: bool
    slot: int
    cents: int
    dollars: bool
    contacts: tuple[tuple[str, str], ...]


class Acquiring:
    """Writes the way of every customer and of those who did not become one into the journal."""

    def __init__(self, scenario: Scenario, people: Population, journal: Journal, chance: Chance, until: int) -> None:
        self._scenario, self._people, self._journal, self._chance = scenario, people, journal, chance
        self._until = until
        self._spent: dict[tuple[int, str, str, str | None, str], list[int]] = defaultdict(lambda: [0, 0, 0])
        self._part = "" if scenario.first_slot == 0 else f" {scenario.first_slot}"
        if scenario.first_slot == 0:
            for number, (title, kind, delivery, area) in enumerate(DEMANDS, start=1):
                row = (f"N{number:03d}", title, kind, area, delivery, "planned" if number % 3 == 0 else "open")
                journal.add("demands", scenario.since, *row)
        fresh = (people.arrival >= scenario.since) & (people.arrival < NEVER)
        self._customers(np.flatnonzero(fresh))
        self._others(np.flatnonzero(fresh))
        self._ask()
        for key, (impressions, clicks, cents) in sorted(self._spent.items(), key=str):
            day, channel, campaign, keyword, kind = key
            seen = (impressions, clicks) if clicks else (None, None)
            journal.add("spend", day + 1, day, channel, campaign + self._part, keyword, kind, *seen, cents, "CNY")

    # ------------------------------------------------------------------ who bought

    def _customers(self, places: np.ndarray[Any, Any]) -> None:
        people = self._people
        slots = people.slots[places]
        draws = [self._chance.uniform("won lead", 0, slots, k).tolist() for k in range(6)]
        prices = (LIST_PRICES[people.plan[places], people.currency[places]] * (1 - people.rebate[places])).tolist()
        for n, i in enumerate(places.tolist()):
            where, pace, mql, sql, opened, few = (column[n] for column in draws)
            channel = int(people.channel[i])
            decided = int(people.arrival[i])
            whole = max(int(7 * CHANNELS[channel].weeks_to_win * (0.6 + 0.8 * pace)), 12)
            created = decided - whole
            placement = _placed(channel, where, won=True)
            lead, account = f"L{people.slots[i] + 1:06d}", people.ids[i]
            shares = (0.02 + 0.05 * mql, 0.08 + 0.06 * sql, 0.16 + 0.1 * opened)
            at = [created + n + round(whole * share) for n, share in enumerate(shares, start=1)]
            self._lead(lead, account, created, placement, channel, at, decided, None, i)
            size = int(np.clip(np.log2(people.seats[i]) + 1, 2, 5))
            roles = ("manager", "decision_maker", "executor", "technical_expert", "procurement")[:size]
            known = tuple((f"P{account[1:]}-{k + 1}", role) for k, role in enumerate(roles))
            cents = round(prices[n] * int(people.seats[i]))
            dollars = people.currency[i] != CNY
            deal = _Deal(
                int(people.slots[i]), account, lead, channel, placement, created, at[2], decided, True, i, cents,
                dollars, known,
            )  # fmt: skip
            self._deal(deal, few)
            if commission := CHANNELS[channel].commission:
                yearly = cents * 12 * (DOLLAR if dollars else 1.0)
                self._spend(decided, placement, "agent_commission", yearly * commission)

    # ------------------------------------------------------------------ who did not

    def _others(self, places: np.ndarray[Any, Any]) -> None:
        """The leads of a channel that came to nothing: as many as its share of won ones says, around the won one."""
        people, chance = self._people, self._chance
        slots = people.slots[places]
        mean = np.array([1 / CHANNELS[c].lead_to_won - 1 for c in people.channel[places]])
        counts = np.minimum(counted(chance.uniform("lost leads", 0, slots), mean), 99)
        which = np.repeat(places, counts)
        order = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        persons = people.slots[which] * 100 + order
        draws = [chance.uniform("lost lead", 0, persons, k).tolist() for k in range(7)]
        made: dict[int, int] = defaultdict(int)
        for n, i in enumerate(which.tolist()):
            where, when, fate, one, two, three, few = (column[n] for column in draws)
            channel = int(people.channel[i])
            placement = _placed(channel, where, won=False)
            created = int(people.arrival[i]) + round((when - 0.5) * 240)
            if not self._scenario.since <= created < self._until:
                continue
            fit = CHANNELS[channel].fit * (0.4 if placement.quality == 0 else 1.0)
            steps = sum(fate < bound for bound in (0.25 + 0.4 * fit, 0.04 + 0.28 * fit, 0.02 + 0.1 * fit))
            lead = f"L{people.slots[i] + 1:06d}.{int(order[n]) + 1}"
            at = [created + 1 + round(3 * one), created + 5 + round(6 * two), created + 12 + round(20 * three)][:steps]
            decided = (at[-1] if at else created) + 20 + round(60 * when)
            if steps < 3 or made[i] == 2 or placement.quality == 0:
                reason = WHY_REJECTED[int(fate * 1_000) % len(WHY_REJECTED)]
                self._lead(lead, None, created, placement, channel, at[:2], decided, reason, i)
                continue
            made[i] += 1
            whole = max(int(7 * CHANNELS[channel].weeks_to_win * (0.8 + one)), 30)
            self._prospect(lead, i, made[i], channel, placement, created, at, at[2] + whole, few)

    def _prospect(
        self, lead: str, i: int, nth: int, channel: int, placement: Placement, created: int, at: list[int],
        decided: int, few: float,
    ) -> None:  # fmt: skip
        """An account with a deal that is lost, or not decided yet."""
        people, chance = self._people, self._chance
        number = FIRST_PROSPECT + 2 * int(people.slots[i]) + nth - 1
        own = np.array([number])
        chinese = np.array([few < 0.9])
        industry = np.array([int(chance.uniform("prospect industry", 0, own)[0] * len(names.INDUSTRIES))])
        weights = names.REGION_WEIGHTS["zh" if chinese[0] else "en"]
        share = float(chance.uniform("prospect region", 0, own)[0])
        edges = np.cumsum(weights / weights.sum())
        region = np.array([min(int(np.searchsorted(edges, share, "right")), len(weights) - 1)])
        draws = np.stack([chance.uniform("prospect name", 0, own, k) for k in range(4)], axis=1)
        called = names.companies(draws, chinese, industry, region, own)[0]
        account = f"Q{people.slots[i] + 1:06d}-{nth}"
        employees = int(
            np.clip(60 * CHANNELS[channel].size * np.exp(1.2 * chance.normal("prospect size", 0, own)[0]), 8, 9_000)
        )
        seats = max(3, employees // 8)
        row = (account, called, names.INDUSTRIES[industry[0]][0], names.REGIONS[region[0]][0], employees)
        tier = "A" if employees >= 400 else "B" if employees >= 80 else "C"
        owner = names.MEMBERS[int(people.slots[i]) % len(names.MEMBERS)]
        product = PRODUCTS[int(people.product[i])].code
        self._journal.add("accounts", at[1], *row, tier, owner, product, created, CHANNELS[channel].code)
        reason = WHY_LOST[int(few * 1_000) % len(WHY_LOST)]
        self._lead(lead, account, created, placement, channel, at, decided, reason, i)
        roles = ("manager", "executor", "decision_maker", "procurement")[: 1 + int(few * 4)]
        known = []
        persons = number * 10 + np.arange(len(roles))
        told = np.stack([chance.uniform("prospect person", 0, persons, k) for k in range(4)], axis=1)
        native = np.repeat(chinese, len(roles))
        of = np.array([tuple(names.TITLES).index(role) for role in roles])
        for k, (name, title) in enumerate(
            zip(names.people(told[:, :3], native), names.titles(of, told[:, 3], native), strict=True)
        ):
            contact = f"P{account[1:]}-{k + 1}"
            self._journal.add("contacts", at[1], contact, account, None, name, title, [roles[k]], None)
            known.append((contact, roles[k]))
        cents = int(LIST_PRICES[min(int(people.plan[i]), 1), 0 if chinese[0] else 1]) * seats
        self._deal(
            _Deal(number, account, lead, channel, placement, created, at[2], decided, False, i, cents,
                  not chinese[0], tuple(known)),
            few,
        )  # fmt: skip

    # ------------------------------------------------------------------ what is written down of both

    def _lead(
        self, lead: str, account: str | None, created: int, placement: Placement, channel: int, at: list[int],
        decided: int, reason: str | None, i: int,
    ) -> None:  # fmt: skip
        """A lead, as it was known after each of its steps; what it cost, and what sellers cost for it."""
        first = max(created, self._scenario.since)
        if first >= self._until:
            return
        owner = names.MEMBERS[int(self._people.slots[i]) % len(names.MEMBERS)]
        head = (lead, account, CHANNELS[channel].code, placement.campaign + self._part, placement.keyword, created)
        steps: list[int | None] = [None, None, None]
        self._journal.add("leads", first, *head, *steps, None, None, None, owner)
        for n, day in enumerate(at):
            steps[n] = day
            self._journal.add("leads", max(day, first), *head, *steps, None, None, None, owner)
        ended = (decided, None) if reason is None else (None, decided)
        self._journal.add("leads", max(decided, first), *head, *steps, *ended, reason, owner)
        if created >= self._scenario.since:
            clicks, rate = CLICKS.get(placement.channel, (0, 1.0))
            cents = round(100 * CHANNELS[channel].cost_per_lead * placement.price)
            self._spend(
                created, placement, SPENT_AS.get(placement.channel, "media"), cents, clicks, round(clicks / rate)
            )
        for n, cost in ((1, SALES_A_CALL), (2, SALES_A_DEAL)):
            if len(at) > n and self._scenario.since <= at[n] < self._until:
                self._spend(at[n], placement, "sales", 100 * cost)

    def _spend(
        self, day: int, placement: Placement, kind: str, cents: float, clicks: int = 0, impressions: int = 0
    ) -> None:
        if not self._scenario.since <= day < self._until:
            return
        found = self._spent[day, placement.channel, placement.campaign, placement.keyword, kind]
        found[0] += impressions
        found[1] += clicks
        found[2] += round(cents)

    def _deal(self, deal: _Deal, few: float) -> None:
        """A deal with its stages, committee, touches, talks and, of large Chinese firms, the tender."""
        since, until = self._scenario.since, self._until
        number = f"D{deal.account[1:]}"
        owner = names.MEMBERS[int(self._people.slots[deal.slot]) % len(names.MEMBERS)]
        currency = CURRENCIES[1 if deal.dollars else 0]
        large = deal.won and int(self._people.employees[deal.slot]) >= TENDER_FROM and not deal.dollars and few < 0.6
        pipeline = "tender" if large else "new"
        opened = max(deal.opened, since)
        if opened >= until:
            return
        product = PRODUCTS[int(self._people.product[deal.slot])].chinese
        head = (
            number,
            deal.account,
            product if not deal.dollars else PRODUCTS[int(self._people.product[deal.slot])].english,
            pipeline,
        )
        money = (owner, deal.cents * 12, deal.cents, currency, 12, deal.opened)
        rival = RIVALS[int(few * 100) % len(RIVALS)] if few > 0.4 else None
        agent = "agents" if CHANNELS[deal.channel].code == "agents" else None
        days = [deal.opened + round((deal.decided - deal.opened) * share) for share in REACHED]
        for stage, day, following in zip(STAGES[pipeline], days, (*days[1:], deal.decided), strict=True):
            step = None if few > 0.85 else ("send the offer" if stage == "evaluation" else "call back")
            row = (stage, day, *money, None, None, deal.decided, step, None if step is None else following)
            self._journal.add("deals", max(day, opened), *head, *row, rival, None, None, agent, deal.lead)
        reason = None if deal.won else WHY_LOST[int(few * 1_000) % len(WHY_LOST)]
        ended = (deal.decided, None) if deal.won else (None, deal.decided)
        row = ("won" if deal.won else "lost", deal.decided, *money, *ended, deal.decided, None, None)
        lost_to = rival if not deal.won and reason == "chose a competitor" else None
        self._journal.add("deals", max(deal.decided, opened), *head, *row, rival, reason, lost_to, agent, deal.lead)
        self._committee(deal, number, few)
        self._touches(deal)
        self._talks(deal, number, owner)
        if large:
            self._tender(deal, number, owner, currency)

    def _committee(self, deal: _Deal, number: str, few: float) -> None:
        power = {"decision_maker": 3, "manager": 2, "procurement": 1, "technical_expert": 1, "executor": 0}
        day = max(deal.opened, self._scenario.since) if not deal.won else max(deal.decided, self._scenario.since)
        for k, (contact, role) in enumerate(deal.contacts):
            stance = (1 if deal.won else 0) + (1 if k == 0 else 0) - (1 if few > 0.7 and k == 1 else 0)
            roles = [role, "champion"] if k == 0 and (deal.won or few < 0.5) else [role]
            row = (number, contact, deal.account, roles, power[role], 3 - min(k, 3), max(min(stance, 2), -2))
            self._journal.add("committee_members", day + k, *row)

    def _touches(self, deal: _Deal) -> None:
        """The first touch is that of its channel; the later ones come by the channels sellers and marketing use."""
        own = np.array([deal.number * 16 + k for k in range(8)])
        count = 2 + int(counted(self._chance.uniform("touches", 0, own[:1]), np.array([2.5]))[0])
        draws = self._chance.uniform("touch", 0, own).tolist()
        by = self._chance.uniform("touch by", 0, own).tolist()
        later = ("wechat", "events", "outbound", "baidu")
        for k in range(min(count, 8)):
            code = CHANNELS[deal.channel].code if k == 0 else later[int(by[k] * len(later))]
            day = deal.created if k == 0 else deal.created + round((deal.decided - deal.created) * draws[k] * 0.98)
            if not self._scenario.since <= day < self._until:
                continue
            contact, role = deal.contacts[k % len(deal.contacts)]
            campaign = (deal.placement.campaign if k == 0 else _placed_in(code)) + self._part
            keyword = deal.placement.keyword if k == 0 else None
            row = (f"T{deal.account[1:]}-{k + 1}", deal.account, contact, day, code, campaign, keyword)
            self._journal.add("touches", day, *row, TOUCHED_AS[code], role)

    def _talks(self, deal: _Deal, number: str, owner: str) -> None:
        said = (("call", "introduction"), ("meeting", "demonstration"), ("visit", "talk about the offer"))
        for k, (kind, subject) in enumerate(said):
            day = calendar.office_day(deal.opened + round((deal.decided - deal.opened) * (0.05 + 0.35 * k)))
            if self._scenario.since <= day < self._until:
                with_whom = [deal.contacts[k % len(deal.contacts)][0]]
                row = (f"V{deal.account[1:]}-{k + 1}", deal.account, number, with_whom, kind, subject, owner, day)
                self._journal.add("activities", day, *row, None, day)
        if max(deal.opened, self._until - 40) < deal.decided and deal.opened < self._until <= deal.decided:
            self._journal.add(
                "activities", self._until - 1, f"V{deal.account[1:]}-9", deal.account, number, [], "task",
                "answer the open questions", owner, None, self._until + 5, None,
            )  # fmt: skip

    def _tender(self, deal: _Deal, number: str, owner: str, currency: str) -> None:
        day = max(deal.opened, self._scenario.since)
        tender = f"B{deal.account[1:]}"
        deadlines = [calendar.office_day(deal.opened + round((deal.decided - deal.opened) * s)) for s in
                     (0.2, 0.3, 0.4, 0.5, 0.6, 0.62, 0.8)]  # fmt: skip
        head = (tender, deal.account, number, "办公协同平台采购项目", "public")
        money = (deal.cents * 14, currency, deal.opened, *deadlines, deal.cents // 5, "transfer", deal.cents * 12)
        self._journal.add("tenders", day, *head, "preparing", owner, *money, None, None)
        self._journal.add("tenders", max(deal.decided, day), *head, "won", owner, *money, "us", deal.cents * 12)
        for item, kind, title in (
            ("1", "document", "business part"),
            ("2", "qualification", "licence"),
            ("3", "deposit", "deposit"),
        ):
            row = (
                tender,
                item,
                deal.account,
                kind,
                title,
                deadlines[4],
                "done" if deal.decided < self._until else "open",
            )
            self._journal.add("tender_items", max(day, min(deadlines[4], self._until - 1)), *row)

    # ------------------------------------------------------------------ what customers ask for

    def _ask(self) -> None:
        """Large accounts ask for what is made for them alone, small ones for what everybody has."""
        people, chance = self._people, self._chance
        draws = [chance.uniform("asks", 0, people.slots, k).tolist() for k in range(4)]
        length = self._until - self._scenario.since
        for i, account in enumerate(people.ids):
            asks, what, when, need = (column[i] for column in draws)
            arrival = int(people.arrival[i])
            day = max(arrival, self._scenario.since) + round(when * length)
            if asks > 0.45 or arrival >= NEVER or day >= self._until:
                continue
            custom = int(people.employees[i]) >= 300
            kinds = [n for n, d in enumerate(DEMANDS) if (d[2] == "custom") == (custom if what < 0.8 else not custom)]
            demand = f"N{kinds[int(what * 97) % len(kinds)] + 1:03d}"
            row = (f"R{account[1:]}", demand, account, NEEDS[int(need * len(NEEDS))], DEMANDS[int(demand[1:]) - 1][0])
            self._journal.add("demand_links", day, *row)


def _placed(channel: int, share: float, *, won: bool) -> Placement:
    """The placement a lead came by; one whose leads buy oftener has more of the won ones."""
    placements = _OF[channel]
    weights = np.array([p.share * (p.quality if won else 1.0) for p in placements])
    edges = np.cumsum(weights / weights.sum())
    return placements[min(int(np.searchsorted(edges, share, "right")), len(placements) - 1)]


def _placed_in(code: str) -> str:
    return next(p.campaign for p in PLACEMENTS if p.channel == code)
