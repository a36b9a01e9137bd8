"""The monthly exchange rates of the simulated years."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tenure.core.periods import add_months, day_date, day_number, month_end
from tenure.core.simulation.chance import Chance
from tenure.core.simulation.scenario import DOLLAR, Scenario

EARLIER_MONTHS = 36
"""Rates begin so many months before the first week: the oldest contracts are that old."""


def monthly_rates(scenario: Scenario, chance: Chance) -> Iterator[tuple[int, int]]:
    """(last day of a month, ten-thousandths of a yuan for a dollar), walking about the usual rate."""
    first = add_months(day_date(scenario.since).replace(day=1), -EARLIER_MONTHS)
    rate = DOLLAR
    while (day := day_number(month_end(first))) < day_number(scenario.until):
        rate += 0.1 * (DOLLAR - rate) + 0.05 * float(chance.normal("dollar", 0, np.array([day]))[0])
        yield day, round(rate * 10_000)
        first = add_months(first, 1)
