"""Channels: ratios that are not defined are None, and the verdict follows the rule of small tests."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tenure.core.metrics.cac import Campaign
from tenure.core.metrics.channels import Worth, maturity, spread, verdict, within

NOTHING = Worth(0, 0, Fraction(0), 0, 0, 0, 0, 0, Fraction(0), Fraction(0), Fraction(0))


def test_what_cannot_be_divided_is_none() -> None:
    figures = ("ctr", "cpc", "lead_rate", "cpl", "win_rate", "cac", "roi", "payback_months")
    assert [getattr(NOTHING, name) for name in figures] == [None] * len(figures)


@pytest.mark.parametrize(
    ("won", "cost", "ceiling", "expected"),
    [
        pytest.param(20, 100_000, 10_000, "raise", id="half the ceiling"),
        pytest.param(10, 100_000, 10_000, "keep", id="at the ceiling, enough wins to keep it"),
        pytest.param(1, 20_000, 10_000, "test", id="twice the ceiling, too few wins to tell"),
        pytest.param(0, 10_000, 10_000, "test", id="no win yet, and not yet twice the ceiling"),
        pytest.param(0, 40_000, 10_000, "stop", id="four times the ceiling without a win"),
        pytest.param(3, 0, 10_000, None, id="costs nothing"),
        pytest.param(3, 5_000, None, None, id="no ceiling"),
    ],
)
def test_the_verdict_of_a_small_test(won: int, cost: int, ceiling: int | None, expected: str | None) -> None:
    assert verdict(Fraction(won), Fraction(cost), None if ceiling is None else Fraction(ceiling)) == expected


def test_the_chance_is_that_of_the_gamma_distribution() -> None:
    rng = np.random.default_rng(5)
    drawn = rng.gamma(4.5, 1 / 30_000, 400_000)  # wins a unit of money, after 4 wins for 30,000
    assert within(Fraction(4), Fraction(30_000), Fraction(9_000)) == pytest.approx(
        (drawn >= 1 / 9_000).mean(), abs=3e-3
    )


def test_more_wins_for_the_same_money_never_speak_against_a_channel() -> None:
    chances = [within(Fraction(won), Fraction(50_000), Fraction(8_000)) for won in range(12)]
    assert chances == sorted(chances)


def test_a_rate_lies_in_its_interval() -> None:
    low, high = spread(Fraction(8), 12)
    assert low is not None
    assert high is not None
    assert 0.2 < low < 0.4 < high < 0.65
    assert spread(Fraction(0), 0) == (None, None)


@pytest.mark.parametrize(
    ("days", "expected"),
    [([], 90), ([10.0], 10), ([1.0, 2.0, 3.0, 4.0, 100.0], 4), ([0.2], 1), ([12.5, 12.5], 13)],
)
def test_four_of_five_wins_have_come(days: list[float], expected: int) -> None:
    assert maturity(days) == expected


def test_a_young_campaign_is_drawn_towards_all() -> None:
    young = Campaign(Fraction(1000), Fraction(0), 40, 5, 1, Fraction(1, 10))
    assert young.rate == Fraction(1 + 1, 5 + 10)
    old = young._replace(leads=5)
    assert (old.is_young, old.rate) == (False, Fraction(1, 5))
    many = young._replace(cohort_leads=30, customers=6)
    assert (many.is_young, many.rate) == (False, Fraction(1, 5))
