"""Terms in months: whole anniversary months from the anchor, and the rest over the days of its own month."""

from datetime import date, timedelta
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.core.terms import months_between, terms

EPOCH = date(1970, 1, 1)


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        pytest.param(date(2024, 1, 1), date(2025, 1, 1), Fraction(12), id="a year"),
        pytest.param(date(2024, 2, 29), date(2025, 2, 28), Fraction(12), id="leap day to the clamped anniversary"),
        pytest.param(date(2024, 2, 29), date(2025, 3, 1), 12 + Fraction(1, 29), id="one day past it"),
        pytest.param(date(2024, 1, 31), date(2024, 2, 29), Fraction(1), id="month end to month end"),
        pytest.param(date(2024, 1, 31), date(2024, 3, 1), 1 + Fraction(1, 31), id="one day past a clamped month end"),
        pytest.param(date(2024, 1, 15), date(2024, 1, 20), Fraction(5, 31), id="less than a month"),
        pytest.param(date(1969, 11, 30), date(1970, 2, 28), Fraction(3), id="across the epoch"),
        pytest.param(date(2024, 5, 1), date(2024, 5, 1), Fraction(0), id="empty"),
        pytest.param(date(2024, 5, 2), date(2024, 5, 1), Fraction(0), id="end before start"),
    ],
)
def test_months_between(start: date, end: date, months: Fraction) -> None:
    assert months_between(start, end) == months


def slow_months(start: date, end: date) -> Fraction:
    """Walk month by month: obvious and slow."""

    def later(k: int) -> date:
        year, month = divmod(start.year * 12 + start.month - 1 + k, 12)
        first_after = date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
        return min(date(year, month + 1, 1) + timedelta(start.day - 1), first_after - timedelta(1))

    k = 0
    while later(k + 1) <= end:
        k += 1
    return k + Fraction((end - later(k)).days, (later(k + 1) - later(k)).days)


days = st.dates(min_value=date(1890, 1, 1), max_value=date(2110, 12, 31))


@settings(deadline=None)  # the first call compiles or loads
@given(days, st.integers(1, 3000))
def test_terms_equal_a_walk_over_months(start: date, length: int) -> None:
    end = start + timedelta(length)
    whole, rest, days_of_month = terms(
        np.array([(start - EPOCH).days], np.int32), np.array([(end - EPOCH).days], np.int32)
    )[0]
    assert whole + Fraction(int(rest), int(days_of_month)) == slow_months(start, end) == months_between(start, end)
