"""The figures of a funnel, made of the chains that the walk found."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from tenure.core.metrics import funnel
from tenure.core.metrics.funnel import NOT_THERE, Bar, Waits

SECOND = 1_000_000
CHAINS = np.array([[0, 1, 2], [3, -1, 4], [5, 6, -1], [-1, -1, -1]])
"""all three steps; the second skipped; the last not reached; not entered"""


def test_bars_count_the_units_whose_chain_has_the_step():
    assert funnel.reached(CHAINS).tolist() == [3, 2, 2]


def test_shares_are_of_the_first_step_and_of_the_required_one_before():
    found = funnel.bars([4, 1, 2], [False, True, False])
    quarter, half = Decimal("0.25"), Decimal("0.5")
    assert found == [Bar(4, Decimal(1), None), Bar(1, quarter, quarter), Bar(2, half, half)]


def test_a_share_of_nobody_is_none():
    assert funnel.bars([0, 0], [False, False]) == [Bar(0, None, None), Bar(0, None, None)]
    assert funnel.bars([5, 0, 0], [False] * 3)[2] == Bar(0, Decimal(0), None)


def test_the_whole_way_is_timed_from_the_entry():
    at = np.array([0, 3, 86_400, 0, 59, 2, 2]) * SECOND
    taken = funnel.way(CHAINS, at)
    assert taken.tolist() == [86_400 * SECOND, 59 * SECOND, -1, -1]
    found = {(one.since, one.before): one.units for one in funnel.spread(taken) if one.units}
    assert found == {(0, 60): 1, (86_400, 2 * 86_400): 1}  # a whole day is no longer less than one
    assert funnel.spread(np.array([400 * 86_400 * SECOND]))[-1] == funnel.Bracket(365 * 86_400, None, 1)
    assert sum(one.units for one in funnel.spread(np.full(3, -1))) == 0
    assert funnel.way(np.full((2, 3), -1), at[:0]).tolist() == [-1, -1]


def test_waits_are_counted_from_the_step_before_that_the_chain_has():
    at = np.array([0, 3, 10, 0, 7, 2, 2]) * SECOND
    assert funnel.waited(CHAINS, at).tolist() == [
        [-1, 3 * SECOND, 7 * SECOND],
        [-1, -1, 7 * SECOND],
        [-1, 0, -1],
        [-1, -1, -1],
    ]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param([], Waits(None, None, None), id="nobody"),
        pytest.param([5], Waits(5, 5, 5), id="one"),
        pytest.param([0, 10, 20], Waits(10, 10, 18), id="interpolated between the second and the third"),
        pytest.param([1, 2], Waits(1.5, 1.5, 1.9), id="two"),
    ],
)
def test_mean_median_and_ninetieth_percentile(seconds, expected):
    column = np.array([-1, *(s * SECOND for s in seconds)])
    assert funnel.waits(column) == pytest.approx(expected) if seconds else funnel.waits(column) == expected


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        pytest.param("first_touch", [1, 0, -1, NOT_THERE], id="the first value that there is"),
        pytest.param("last_touch", [2, 3, -1, NOT_THERE], id="the last"),
        pytest.param(1, [-1, 0, -1, NOT_THERE], id="of the first step"),
        pytest.param(3, [2, 3, NOT_THERE, NOT_THERE], id="of the third, which one does not reach"),
    ],
)
def test_attribution(by, expected):
    value = np.array([-1, 1, 2, 0, 3, -1, -1], np.int32)
    assert funnel.attributed(CHAINS, value, by).tolist() == expected


def test_without_events_nobody_is_there():
    chains = np.full((2, 3), -1)
    nothing = np.zeros(0, np.int64)
    assert funnel.attributed(chains, nothing.astype(np.int32), "first_touch").tolist() == [NOT_THERE, NOT_THERE]
    assert (funnel.waited(chains, nothing) == -1).all()


def test_the_leading_values_have_the_most_entries_and_ties_go_by_name():
    assert funnel.leading({"b": 2, "a": 2, "c": 3, "d": 1}, 3) == ["c", "a", "b"]
