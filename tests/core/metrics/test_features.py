"""Which features are points of growth."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tenure.core.metrics.features import Use, points


@pytest.mark.parametrize(
    ("uses", "expected"),
    [
        pytest.param(
            [Use(90, 100, 80, 100), Use(10, 20, 18, 20), Use(80, 100, 20, 100), Use(5, 20, 2, 20)],
            ["growth", "hidden", "leak", "minor"], id="one of each: all together hold 120 of 240",
        ),
        pytest.param([Use(50, 60, 30, 60)], ["growth"], id="one alone is the median and the average"),
        pytest.param([Use(50, 20, 0, 20), Use(40, 20, 0, 20)], ["growth", "hidden"], id="nobody came back"),
        pytest.param(
            [Use(90, 100, 80, 100), Use(99, 19, 19, 19)], ["growth", None], id="19 uses say nothing and move nothing",
        ),
        pytest.param([Use(30, 40, 0, 0)], [None], id="no later interval is over"),
        pytest.param([], [], id="no feature"),
    ],
)  # fmt: skip
def test_points(uses: list[Use], expected: list[str | None]) -> None:
    assert points(uses) == expected


def test_held_is_none_where_nothing_is_over() -> None:
    assert Use(3, 30, 0, 0).held is None
    assert Use(3, 30, 1, 4).held == Decimal("0.25")
