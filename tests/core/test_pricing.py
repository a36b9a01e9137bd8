"""Prices per month: exact to 12 decimals, whatever the interval, the quantity, the tax and the size."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.core import pricing
from tenure.core.money import MONEY, UNIT, from_scaled, from_words, words

EPOCH = date(1970, 1, 1)


def column(*amounts: str | Decimal) -> np.ndarray:
    return words(pa.array([Decimal(a) for a in amounts], MONEY))


@pytest.mark.parametrize(
    ("amount", "quantity", "interval", "count", "tax", "expected"),
    [
        pytest.param("100", "3", "year", 1, "0", "25", id="three seats a year, one rounding"),
        pytest.param("100", "1", "year", 1, "0", "8.333333333333", id="a year"),
        pytest.param("90", "1", "month", 3, "0", "30", id="a quarter"),
        pytest.param("12", "1", "week", 1, "0", "52", id="a week is 52/12"),
        pytest.param("12", "1", "day", 1, "0", "365", id="a day is 365/12"),
        pytest.param("113", "1", "month", 1, "0.13", "100", id="tax inside"),
        pytest.param("100", "2.5", "month", 1, "0", "250", id="a part of a unit"),
        pytest.param("0.000000000001", "1", "month", 2, "0", "0", id="half to even, down"),
        pytest.param("0.000000000003", "1", "month", 2, "0", "0.000000000002", id="half to even, up"),
        pytest.param("-100", "3", "year", 1, "0", "-25", id="a credit"),
        pytest.param("100", "0", "month", 1, "0", "0", id="no seats"),
        pytest.param("0.01", "5000000000", "month", 1, "0", "50000000", id="five billion units"),
        pytest.param("99999999999999999999", "1", "month", 1, "0", "99999999999999999999", id="as large as it may be"),
        pytest.param("1", "1", "month", 1, "0.123456789012", "0.890109890990", id="a rate of twelve decimals"),
    ],
)
def test_price_per_month(amount: str, quantity: str, interval: str, count: int, tax: str, expected: str) -> None:
    one = pricing.price_per_month(
        Decimal(amount),
        interval,
        quantity=Decimal(quantity),
        interval_count=count,
        tax_inclusive_rate=Decimal(tax),
    )
    assert one == Decimal(expected)
    many, large = pricing.prices_per_month(
        column(amount), column(quantity), pricing.interval_codes([interval]), np.array([count]), column(tax)
    )
    assert from_words(many).to_pylist() == [Decimal(expected)]
    assert not large.any()


@pytest.mark.parametrize(
    ("quantity", "interval", "count", "tax"),
    [
        pytest.param("1", "once", 1, "0", id="unknown interval"),
        pytest.param("1", "month", 0, "0", id="no interval"),
        pytest.param("-1", "month", 1, "0", id="negative quantity"),
        pytest.param("1", "month", 1, "-1", id="tax of minus the whole price"),
    ],
)
def test_a_line_without_a_price_per_month_counts_nothing(quantity: str, interval: str, count: int, tax: str) -> None:
    many, large = pricing.prices_per_month(
        column("7"), column(quantity), pricing.interval_codes([interval]), np.array([count]), column(tax)
    )
    assert from_words(many).to_pylist() == [Decimal(0)]
    assert not large.any()


def test_a_price_too_large_to_add_up_is_marked() -> None:
    many, large = pricing.prices_per_month(
        column("99999999999999999999", "99999999999999999999", "1"),
        column("2", "12345678901", "1"),
        pricing.interval_codes(["month", "day", "month"]),
        np.array([1, 1, 1]),
        column("0", "0", "0"),
    )
    assert large.tolist() == [True, True, False]
    assert from_words(many).to_pylist() == [Decimal(0), Decimal(0), Decimal(1)]
    with pytest.raises(OverflowError):
        pricing.price_per_month(Decimal("99999999999999999999"), "day")


scaled = st.integers(-(10**31), 10**31)
positive = st.integers(0, 10**20)


@settings(deadline=None)  # the first call compiles or loads
@given(
    scaled,
    positive,
    st.sampled_from(pricing.INTERVALS),
    st.integers(1, 2**31 - 1),
    st.one_of(st.just(0), st.integers(-(10**11), 10**13)),
)
def test_columns_equal_fractions(amount: int, quantity: int, interval: str, count: int, tax: int) -> None:
    exact = Fraction(amount, UNIT) * Fraction(quantity, UNIT) * pricing.FACTORS[interval] / count
    exact /= 1 + Fraction(tax, UNIT)
    many, large = pricing.prices_per_month(
        column(from_scaled(amount)),
        column(from_scaled(quantity)),
        pricing.interval_codes([interval]),
        np.array([count]),
        column(from_scaled(tax)),
    )
    if large[0]:
        assert abs(exact) >= 10**20
    else:
        assert from_words(many).to_pylist() == [from_scaled(round(exact * UNIT))]


def days(*given_days: date) -> np.ndarray:
    return np.array([(d - EPOCH).days for d in given_days], np.int32)


def test_a_total_is_spread_over_its_term() -> None:
    each, large = pricing.totals_per_month(
        column("12000", "12000", "100", "5"),
        days(date(2024, 2, 29), date(2024, 2, 29), date(2024, 1, 15), date(2024, 1, 2)),
        days(date(2025, 2, 28), date(2025, 3, 1), date(2024, 1, 20), date(2024, 1, 1)),
    )
    assert from_words(each).to_pylist() == [
        Decimal(1000),
        from_scaled(round(Fraction(12000 * UNIT) / (12 + Fraction(1, 29)))),
        Decimal(620),
        Decimal(0),
    ]
    assert not large.any()


def test_a_prorated_invoice_line_counts_its_full_period() -> None:
    each, _ = pricing.invoiced_per_month(
        column("25", "1200", "9", "9"),
        pricing.interval_codes(["month", "year", "once", "month"]),
        np.array([1, 1, 1, 1]),
        np.array([31, 366, 31, 31]),
        np.array([16, 366, 31, 0]),
    )
    assert from_words(each).to_pylist() == [Decimal("48.4375"), Decimal(100), Decimal(0), Decimal(0)]
