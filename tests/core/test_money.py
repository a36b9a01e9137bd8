"""Amounts between Decimal, scaled integers and machine words: nothing is lost on the way, and too much is refused."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.core import money

scaled = st.integers(-(10**37), 10**37)


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [("USD", 2), ("CNY", 2), ("JPY", 0), ("jpy", 0), ("KWD", 3), ("CLF", 4), ("ABC", 2)],
)
def test_minor_units(currency: str, decimals: int) -> None:
    assert money.minor_units(currency) == decimals


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(Decimal("1.5"), 1_500_000_000_000, id="exact"),
        pytest.param(Decimal("-0.000000000001"), -1, id="the smallest"),
        pytest.param(Decimal("0.0000000000005"), 0, id="half to even, down"),
        pytest.param(Decimal("0.0000000000015"), 2, id="half to even, up"),
        pytest.param(Decimal("1e-400"), 0, id="next to nothing"),
        pytest.param(7, 7_000_000_000_000, id="an integer"),
        pytest.param(Decimal("99999999999999999999.999999999999"), 10**32 - 1, id="the largest"),
    ],
)
def test_to_scaled(value: Decimal | int, expected: int) -> None:
    assert money.to_scaled(value) == expected


@pytest.mark.parametrize("value", ["1e20", "-1e20", "1e999999", "123456789012345678901"])
def test_amounts_that_could_not_be_added_up_are_refused(value: str) -> None:
    with pytest.raises(OverflowError, match="10\\*\\*20"):
        money.to_scaled(Decimal(value))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_what_is_not_a_number_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        money.to_scaled(Decimal(value))


@settings(deadline=None)  # the first call compiles or loads
@given(st.lists(st.one_of(st.none(), scaled)))
def test_words_and_columns_hold_the_same_amounts(amounts: list[int | None]) -> None:
    column = pa.array([None if a is None else money.from_scaled(a) for a in amounts], money.MONEY)
    pairs = money.words(column)
    assert [money.from_word_pair(*pair) for pair in pairs] == [a or 0 for a in amounts]
    assert [tuple(pair) for pair in pairs] == [money.to_words(a or 0) for a in amounts]
    valid = np.array([a is not None for a in amounts], np.bool_)
    assert money.from_words(pairs, valid).equals(column)


def test_words_of_slices_and_chunks() -> None:
    column = pa.array([Decimal(n) for n in range(10)], money.MONEY)
    assert [money.from_word_pair(*pair) // money.UNIT for pair in money.words(column.slice(3, 4))] == [3, 4, 5, 6]
    chunks = pa.chunked_array([column.slice(8), column.slice(0, 1), column.slice(0, 0)])
    assert [money.from_word_pair(*pair) // money.UNIT for pair in money.words(chunks)] == [8, 9, 0]
    assert money.words(pa.chunked_array([], money.MONEY)).shape == (0, 2)


def test_words_of_one_chunk_are_a_view() -> None:
    column = pa.array([Decimal(1), Decimal(2)], money.MONEY)
    address = money.words(pa.chunked_array([column])).__array_interface__["data"][0]
    assert address == column.buffers()[1].address


def test_too_large() -> None:
    column = pa.array([Decimal("1e20"), Decimal("-1e20"), Decimal("99999999999999999999"), None], money.MONEY)
    assert money.too_large(column).tolist() == [True, True, False, False]


@given(scaled)
def test_without_the_zeros_behind_no_other_digit_is_lost(amount: int) -> None:
    """Up to the 38 digits of a stored amount, where Decimal itself keeps 28."""
    whole = money.from_scaled(amount)
    short = money.trimmed(whole)
    assert money.to_scaled(short) == amount if abs(whole) < money.LIMIT else short == whole
    text = f"{short:f}"
    assert "." not in text or not text.endswith("0")
