"""What a channel, campaign or keyword is worth, and whether to go on. Source: docs/metrics/channels.md."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from scipy.special import betaincinv, gammaincc

RAISE_ABOVE, STOP_BELOW = 0.80, 0.05
"""Chances that the cost of a customer is within the ceiling, above which to spend more, and below which to stop."""
ENOUGH = 5
"""Wins from which a channel that is neither raised nor stopped is kept; with fewer it is still a test."""
VERDICTS = ("raise", "keep", "test", "stop")
USUAL_MATURITY = 90
"""Days after which a lead is old enough to have been won, where none was won yet."""


class Worth(NamedTuple):
    """What is known of one channel. Money is exact, of one currency, and per month where it is MRR."""

    impressions: int
    clicks: int
    cost: Fraction
    leads: int
    mql: int
    sql: int
    opportunities: int
    lost: int
    """opportunities that were lost"""
    won: Fraction
    """wins that are credited to it"""
    new_mrr: Fraction | None
    revenue: Fraction | None
    """of the first year of what was won; None where a model says nothing of money"""

    @property
    def ctr(self) -> Fraction | None:
        """Clicks for each impression."""
        return ratio(self.clicks, self.impressions)

    @property
    def cpc(self) -> Fraction | None:
        """Cost of a click."""
        return ratio(self.cost, self.clicks)

    @property
    def lead_rate(self) -> Fraction | None:
        """Leads for each click."""
        return ratio(self.leads, self.clicks)

    @property
    def cpl(self) -> Fraction | None:
        """Cost of a lead."""
        return ratio(self.cost, self.leads)

    @property
    def win_rate(self) -> Fraction | None:
        """Share won of the opportunities that were decided."""
        return ratio(self.won, self.won + self.lost)

    @property
    def cac(self) -> Fraction | None:
        """Cost of a win."""
        return ratio(self.cost, self.won)

    @property
    def roi(self) -> Fraction | None:
        """What the first year brought beyond its cost, for each unit of it."""
        return None if self.revenue is None else ratio(self.revenue - self.cost, self.cost)

    @property
    def payback_months(self) -> Fraction | None:
        """Months in which the new MRR has paid the cost back."""
        return None if self.new_mrr is None else ratio(self.cost, self.new_mrr)


def ratio(part: Fraction | int, whole: Fraction | int) -> Fraction | None:
    """part / whole; None where there is nothing to divide by."""
    return Fraction(part) / whole if whole > 0 else None


def within(won: Fraction, cost: Fraction, ceiling: Fraction) -> float | None:
    """The chance that a win costs no more than the ceiling.

    Wins come at random while money is spent: of `won` of them for `cost`, their rate is spread like a Gamma with the
    shape won + 1/2. None where nothing was spent.
    """
    if cost <= 0 or ceiling <= 0 or won < 0:
        return None
    return float(gammaincc(float(won) + 0.5, float(cost / ceiling)))


def verdict(won: Fraction, cost: Fraction, ceiling: Fraction | None) -> str | None:
    """One of VERDICTS by the rule of small tests; None where nothing was spent, or there is no ceiling."""
    chance = None if ceiling is None else within(won, cost, ceiling)
    if chance is None:
        return None
    if chance > RAISE_ABOVE:
        return "raise"
    if chance < STOP_BELOW:
        return "stop"
    return "keep" if won >= ENOUGH else "test"


def spread(won: Fraction, lost: int, confidence: float = 0.95) -> tuple[float | None, float | None]:
    """(low, high): where a rate of won among decided lies, by the Beta distribution with Jeffreys' prior."""
    if won < 0 or won + lost <= 0:
        return None, None
    a, b = float(won) + 0.5, lost + 0.5
    tail = (1 - confidence) / 2
    return float(betaincinv(a, b, tail)), float(betaincinv(a, b, 1 - tail))


def maturity(days: Sequence[float]) -> int:
    """Days in which four of five wins have come (the nearest rank), 1 at least."""
    if not days:
        return USUAL_MATURITY
    ordered = sorted(days)
    return max(1, -(-int(ordered[-(-len(ordered) * 4 // 5) - 1] * 1_000_000) // 1_000_000))
