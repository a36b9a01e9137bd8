"""When a change is news."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tenure.core.metrics.swing import outside_usual


def series(*values: float | None) -> list[Decimal | None]:
    return [None if v is None else Decimal(str(v)) for v in values]


@pytest.mark.parametrize(
    ("values", "news"),
    [
        pytest.param(series(), None, id="nothing"),
        pytest.param(series(1, 2, 3, 4, 5, 6, 50), None, id="five earlier changes are too few"),
        pytest.param(series(0, 1, 3, 4, 6, 7, 9, 10), False, id="one more of the same steps"),
        pytest.param(series(0, 1, 3, 4, 6, 7, 9, 30), True, id="far above the usual step"),
        pytest.param(series(100, 101, 103, 104, 106, 107, 109, 130), True, id="the example of the documentation"),
        pytest.param(series(0, 1, 3, 4, 6, 7, 9, 12.7), False, id="just inside the bound"),
        pytest.param(series(0, 1, 3, 4, 6, 7, 9, 12.8), True, id="just beyond the bound"),
        pytest.param(series(0, 1, 3, 4, 6, 7, 9, -5), True, id="far below the usual step"),
        pytest.param(series(10, 11, 10, 11, 10, 11, 10, 11), False, id="noise around a level"),
        pytest.param(series(5, 5, 5, 5, 5, 5, 5, 5), False, id="nothing ever moves"),
        pytest.param(series(5, 5, 5, 5, 5, 5, 5, 6), True, id="the first move ever"),
        pytest.param(series(5, 5, 5, 5, 5, 9, 5, 9), False, id="a rare jump that has been seen before"),
        pytest.param(series(0, 1, 3, 4, 6, 7, 9, None), None, id="no figure now"),
        pytest.param(series(None, 0, 1, 3, None, 4, 6, 7, 9, 10, 12), False, id="gaps are skipped"),
    ],
)
def test_outside_usual(values, news):
    assert outside_usual(values) is news
