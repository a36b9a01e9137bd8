"""Who the accounts are: traits that do not change. Hides the draws behind them.

Arrays have one entry a slot; a slot is an account that is there from the beginning or arrives in some week, and a tenth
more that only a referral brings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tenure.core.periods import day_number
from tenure.core.simulation import calendar, names
from tenure.core.simulation.chance import Chance, Floats, Slots
from tenure.core.simulation.scenario import (
    CHANNELS,
    CNY,
    PRODUCTS,
    REFERRAL,
    USD,
    Scenario,
)

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NEVER = 1 << 40
"""The arrival day of a slot that waits for a referral."""
FIRST_SPARE = 1 << 19
"""The number of the first slot that only a referral brings."""
STOCK_DAYS = 3 * 365
"""How long before the first week the oldest customers came: whole years, so that no season weighs more."""
ON_THE_FIRST = 0.25
"""Share of contracts that begin on the first of a month."""
STOCK = 0.4
"""Share of the accounts that are customers when the first week begins."""
OVERSEAS = 0.12
ANNUAL_SMALL, ANNUAL_LARGE = 0.54, 0.86
"""Share of accounts on contracts of a year or more, below and above 100 employees."""
FEWEST_SEATS, MOST_SEATS = 3, 600
"""An account begins with so many seats at least, and comes near the most only if it is a giant."""
SILENT = 0.25
"""Share of accounts that never show that they are about to leave."""


@dataclass(frozen=True, slots=True)
class Population:
    """The traits of all slots."""

    slots: Slots
    chinese: Bools
    region: Ints
    industry: Ints
    currency: Ints
    channel: Ints
    employees: Ints
    fit: Floats
    """how well the product suits the firm, 0 to 1"""
    sensitivity: Floats
    """how much prices matter to it, 0 to 1"""
    silent: Bools
    annual: Bools
    arrival: Ints
    """day of its first service; before the first week for those already there"""
    product: Ints
    plan: Ints
    seats: Ints
    rebate: Floats
    """share negotiated off the list price"""
    trial_days: Ints
    name: list[str]

    @property
    def ids(self) -> list[str]:
        return [f"A{slot + 1:06d}" for slot in self.slots.tolist()]


def populate(scenario: Scenario, chance: Chance) -> Population:
    """The slots of a scenario."""
    own = scenario.accounts
    count = own + -(-own // 10)
    spare = FIRST_SPARE + -(-scenario.first_slot // 10) + np.arange(count - own)
    slots = np.concatenate([scenario.first_slot + np.arange(own), spare])

    def uniform(purpose: str, draw: int = 0) -> Floats:
        return chance.uniform(purpose, 0, slots, draw)

    arrival = _arrivals(scenario, uniform("stock"), uniform("arrival"), uniform("arrival", 1))
    progress = np.clip((arrival - scenario.since) / (7 * scenario.weeks), 0, 1)
    overseas = uniform("overseas") < OVERSEAS
    region = np.where(
        overseas,
        _chosen(uniform("region"), names.REGION_WEIGHTS["en"]),
        _chosen(uniform("region"), names.REGION_WEIGHTS["zh"]),
    )
    channel = _chosen(uniform("channel"), np.array([c.share for c in CHANNELS]))
    channel[own:] = REFERRAL
    industry = _chosen(uniform("industry"), 1 / np.sqrt(1 + np.arange(len(names.INDUSTRIES))))
    size = np.array([c.size for c in CHANNELS])[channel]
    employees = np.clip(85 * size * np.exp(1.25 * chance.normal("employees", 0, slots)), 6, 40_000).astype(np.int64)
    lean = np.array([c.fit for c in CHANNELS])[channel]
    fit = 1 / (1 + np.exp(-(np.log(lean / (1 - lean)) + 0.9 * chance.normal("fit", 0, slots))))
    seats = np.maximum(employees * np.exp(-2.0 + 0.7 * chance.normal("seats", 0, slots)), 2)
    seats = np.clip(seats / (1 + seats / MOST_SEATS), FEWEST_SEATS, np.maximum(employees, FEWEST_SEATS))
    seats = seats.astype(np.int64)
    plan = np.clip((np.log10(employees) - 1.2 + 0.5 * chance.normal("plan", 0, slots)), 0, 2).astype(np.int64)
    annual = uniform("annual") < np.where(employees >= 100, ANNUAL_LARGE, ANNUAL_SMALL)
    arrival = np.where(annual & (uniform("first") < ON_THE_FIRST), calendar.first_of_month(arrival), arrival)
    trial = np.where(uniform("trial") < 0.4, 14, 0)
    arrival[own:] = NEVER
    return Population(
        slots=slots,
        chinese=~overseas,
        region=region,
        industry=industry,
        currency=np.where(overseas, USD, CNY),
        channel=channel,
        employees=employees,
        fit=fit,
        sensitivity=np.clip(uniform("sensitivity") * np.where(employees < 100, 1.2, 0.8), 0, 1),
        silent=uniform("silent") < SILENT,
        annual=annual,
        arrival=arrival,
        product=_product(uniform("product"), progress),
        plan=plan,
        seats=seats,
        rebate=np.where(annual, np.round(0.25 * uniform("rebate") * np.minimum(seats / 60, 1), 2), 0.0),
        trial_days=np.where(annual | (arrival < scenario.since), 0, trial),
        name=names.companies(
            np.stack([uniform("name", k) for k in range(4)], axis=1), ~overseas, industry, region, slots
        ),
    )


def _arrivals(scenario: Scenario, stock: Floats, when: Floats, age: Floats) -> Ints:
    """Days of first service: a stock of two years and more, then by season and with growth."""
    days = np.arange(scenario.since, day_number(scenario.until))
    weight = calendar.buying(days) * calendar.WEEKDAYS[calendar.weekday(days)]
    weight *= 1 + 0.5 * np.arange(len(days)) / len(days)
    fresh = days[_chosen(when, weight)]
    past = np.arange(scenario.since - STOCK_DAYS, scenario.since - 20)
    earlier = past[_chosen(age, calendar.buying(past) * calendar.WEEKDAYS[calendar.weekday(past)])]
    return calendar.of_every_month(np.where(stock < STOCK, earlier, fresh))


def _chosen(share: Floats, weights: Floats) -> Ints:
    """The option each share falls on; options lie side by side in proportion to their weights."""
    edges = np.cumsum(weights / weights.sum())
    return np.minimum(np.searchsorted(edges, share, "right"), len(weights) - 1)


def _product(share: Floats, progress: Floats) -> Ints:
    """The first product an account buys: what sells changes over the years."""
    first = np.array([p.first_share for p in PRODUCTS])
    last = np.array([p.last_share for p in PRODUCTS])
    edges = np.cumsum(first + (last - first) * progress[:, None], axis=1)
    return np.asarray(np.minimum((share[:, None] >= edges).sum(axis=1), len(PRODUCTS) - 1))
