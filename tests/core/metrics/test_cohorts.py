"""What is left of cohorts, and the average that weighs them by where they began."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tenure.core.metrics.cohorts import average, grid


def numbers(*values: int) -> list[Decimal]:
    return [Decimal(value) for value in values]


COHORTS = [(Decimal(10), numbers(10, 8, 5)), (Decimal(30), numbers(30, 30)), (Decimal(0), numbers(0))]


def test_the_last_period_of_every_cohort_is_the_same_one() -> None:
    assert [[c.complete for c in row] for row in grid(COHORTS, complete=False)] == [
        [True, True, False],
        [True, False],
        [False],
    ]
    assert all(c.complete for row in grid(COHORTS, complete=True) for c in row)


def test_of_nothing_there_is_no_share() -> None:
    assert [[c.share for c in row] for row in grid(COHORTS, complete=True)][2] == [None]


@pytest.mark.parametrize(
    ("complete", "expected"),
    [
        pytest.param(True, [1, Decimal("0.95"), Decimal("0.5")], id="38 of 40 after one, 5 of 10 after two"),
        pytest.param(False, [1, Decimal("0.8")], id="what still runs is not in it"),
    ],
)
def test_the_average_is_weighted(complete: bool, expected: list[Decimal]) -> None:
    assert [c.share for c in average(grid(COHORTS, complete))] == expected


def test_no_cohorts() -> None:
    assert average(grid([], complete=True)) == []
