"""Wilson's interval: published figures, and the laws of an interval of shares."""

import numpy as np
import pytest

from tenure.core.stats.intervals import wilson


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        pytest.param(81, 263, 0.2553, 0.3662, id="Newcombe 1998, table I, 81 of 263"),
        pytest.param(15, 148, 0.0624, 0.1605, id="Newcombe 1998, table I, 15 of 148"),
        pytest.param(0, 20, 0.0, 0.1611, id="Newcombe 1998, table I, 0 of 20"),
        pytest.param(1, 29, 0.0061, 0.1718, id="Newcombe 1998, table I, 1 of 29"),
        pytest.param(20, 20, 0.8389, 1.0, id="the mirror of 0 of 20"),
    ],
)
def test_published_figures(part: int, whole: int, low: float, high: float) -> None:
    found = wilson(np.array([part]), np.array([whole]))
    assert [round(float(end[0]), 4) for end in found] == [low, high]


def test_of_nothing_nothing_is_known() -> None:
    assert np.isnan(wilson(np.array([0]), np.array([0]))).all()


def test_it_holds_the_share_and_narrows_with_the_number() -> None:
    whole = np.repeat(np.array([1, 5, 40, 1000]), 5)
    part = whole * np.tile(np.arange(5), 4) // 4
    low, high = wilson(part, whole)
    assert (low >= 0).all()
    assert (high <= 1).all()
    assert (low <= part / whole).all()
    assert (high >= part / whole).all()
    middle = (high - low)[2::5]
    assert (np.diff(middle) < 0).all()
