"""What a line adds to MRR: its price per month, exact to 12 decimals, rounded half to even once at the end.

A price per month is `amount x quantity x factor / interval_count / (1 + tax rate)` with the factors month 1, year 1/12,
week 52/12 and day 365/12. Everything is one integer product and one division, so three seats at 100 a year are exactly
25. Whole columns go through a compiled loop in 128 bits; what does not fit there goes through Python's fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from numba import njit

from tenure.core.money import LIMIT, UNIT, Words, from_scaled, from_word_pair, to_words
from tenure.core.sequences import wide
from tenure.core.terms import Days, anniversary, terms

INTERVALS = ("day", "week", "month", "year")
FACTORS = {"day": Fraction(365, 12), "week": Fraction(52, 12), "month": Fraction(1), "year": Fraction(1, 12)}
UNKNOWN = -1

Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]
Integers = npt.NDArray[np.int64]

_NUMERATORS = np.array([FACTORS[i].numerator for i in INTERVALS], np.int64)
_DENOMINATORS = np.array([FACTORS[i].denominator for i in INTERVALS], np.int64)
_UNIT = np.int64(UNIT)
_MOST_NUMERATOR = np.int64(1 << 62)
MOST_INTERVALS = np.int64(10_000)
_MOST_DENOMINATOR = np.int64((1 << 31) - 1)


def price_per_month(
    amount: Decimal,
    interval: str,
    *,
    quantity: Decimal = Decimal(1),
    interval_count: int = 1,
    tax_inclusive_rate: Decimal = Decimal(0),
) -> Decimal:
    """The price per month of one line, to 12 decimals.

    Raises: KeyError for an unknown interval, OverflowError for 10**20 and above.
    """
    gross = Fraction(amount) * Fraction(quantity) * FACTORS[interval] / interval_count
    return _rounded(gross / (1 + Fraction(tax_inclusive_rate)))


def _rounded(exact: Fraction) -> Decimal:
    if abs(exact) >= LIMIT:
        raise OverflowError("the price per month is too large: amounts stay below 10**20")
    return from_scaled(round(exact * UNIT))


def interval_codes(names: Sequence[str | None]) -> npt.NDArray[np.int8]:
    """The position of each name in INTERVALS, UNKNOWN for all others."""
    codes = {name: code for code, name in enumerate(INTERVALS)}
    return np.array([UNKNOWN if name is None else codes.get(name, UNKNOWN) for name in names], np.int8)


def prices_per_month(
    amount: Words, quantity: Words, interval: Codes, interval_count: Integers, tax_inclusive_rate: Words
) -> tuple[Words, Flags]:
    """The prices per month of whole columns, and which of them are too large (those are 0).

    Shapes:  `amount`, `quantity` and the rate as `money.words`; `interval` as `interval_codes`.
    Returns: 0 where the interval is unknown, its count below 1, the quantity negative or the rate -1 and below.
    """
    out, state = np.zeros_like(amount), np.zeros(len(amount), np.int8)
    _price(amount, quantity, interval, interval_count, tax_inclusive_rate, out, state)
    for row in np.flatnonzero(state == _SLOW):
        rate = 1 + Fraction(from_word_pair(*tax_inclusive_rate[row]), UNIT)
        factor = FACTORS[INTERVALS[interval[row]]] / int(interval_count[row])
        units = Fraction(from_word_pair(*quantity[row]), UNIT)
        _settle(out, state, row, Fraction(from_word_pair(*amount[row])) * units * factor / rate)
    return out, state == _TOO_LARGE


def shares(amount: Words, numerator: Integers, denominator: Integers) -> tuple[Words, Flags]:
    """amount x numerator / denominator per row, rounded half to even; 0 where the denominator is not positive."""
    out, state = np.zeros_like(amount), np.zeros(len(amount), np.int8)
    _share(amount, numerator, denominator, out, state)
    for row in np.flatnonzero(state == _SLOW):
        exact = Fraction(from_word_pair(*amount[row])) * int(numerator[row]) / int(denominator[row])
        _settle(out, state, row, exact)
    return out, state == _TOO_LARGE


def totals_per_month(total: Words, start: Days, end: Days) -> tuple[Words, Flags]:
    """Totals of whole terms spread evenly over their months; 0 where `end` is not after `start`."""
    whole, rest, length = terms(start, end).T
    return shares(total, np.ascontiguousarray(length), whole * length + rest)


def invoiced_per_month(
    net: Words, interval: Codes, interval_count: Integers, full_days: Integers, period_days: Integers
) -> tuple[Words, Flags]:
    """Price per month behind invoice lines: net x factor / count x full period / period billed, in days.

    A line that is not prorated has equal days. 0 where the interval is unknown or a number of days is not positive.
    """
    known = (interval >= 0) & (interval_count > 0) & (full_days > 0) & (period_days > 0)
    code = np.where(known, interval, 0)
    numerator = np.where(known, _NUMERATORS[code] * full_days, 0)
    denominator = np.where(known, _DENOMINATORS[code] * interval_count * period_days, 0)
    return shares(net, numerator, denominator)


def shifted(day: Days, interval: Codes, interval_count: Integers) -> Days:
    """The days so many intervals later (earlier where the count is negative), clamped to month ends.

    The day itself where the interval is unknown or the count beyond all reason.
    """
    out = np.empty(len(day), np.int32)
    _shift(np.ascontiguousarray(day, np.int32), interval, interval_count, out)
    return out


_DONE, _SLOW, _TOO_LARGE = np.int8(0), np.int8(1), np.int8(2)
_LIMIT_LO, _LIMIT_HI = to_words(LIMIT * UNIT)


def _settle(out: Words, state: npt.NDArray[np.int8], row: np.intp, scaled: Fraction) -> None:
    """Write one row's exact scaled amount, or mark it too large."""
    if abs(scaled) >= LIMIT * UNIT:
        state[row] = _TOO_LARGE
    else:
        out[row] = to_words(round(scaled))
        state[row] = _DONE


@njit(cache=True, inline="always")
def _stripped(scaled: np.int64) -> tuple[np.int64, np.int64]:
    """A scaled number as a fraction without common factors of ten."""
    unit = _UNIT
    while unit > 1 and scaled % 10 == 0:
        scaled //= 10
        unit //= 10
    return scaled, unit


@njit(cache=True, inline="always")
def _product(a: np.int64, b: np.int64) -> np.int64:
    """a x b of two numbers that are not negative; -1 where it does not fit, or either does not."""
    if a < 0 or b < 0 or (b > 0 and a > _MOST_NUMERATOR // b):
        return np.int64(-1)
    return a * b


@njit(cache=True, inline="always")
def _put(amount, numerator, denominator, out, state, i):  # type: ignore[no-untyped-def]  # pragma: no cover
    if numerator < 0 or denominator < 0:
        state[i] = _SLOW
        return
    a, b = numerator, denominator
    while b:
        a, b = b, a % b
    numerator, denominator = numerator // a, denominator // a
    if denominator > _MOST_DENOMINATOR:
        state[i] = _SLOW
        return
    lo, hi, fits = wide.scale(amount[i, 0], amount[i, 1], numerator, denominator)
    if not fits:
        state[i] = _SLOW
        return
    alo, ahi = (lo, hi) if hi >= 0 else wide.negate(lo, hi)
    if wide.less(alo, ahi, _LIMIT_LO, _LIMIT_HI):
        out[i, 0], out[i, 1] = lo, hi
    else:
        state[i] = _TOO_LARGE


@njit(cache=True, nogil=True)
def _share(amount, numerator, denominator, out, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    for i in range(amount.shape[0]):
        if denominator[i] > 0:
            _put(amount, numerator[i], denominator[i], out, state, i)


@njit(cache=True, nogil=True)
def _price(amount, quantity, interval, count, tax, out, state):  # type: ignore[no-untyped-def]  # pragma: no cover
    for i in range(amount.shape[0]):
        code = interval[i]
        rate_lo, rate_hi = wide.add(tax[i, 0], tax[i, 1], _UNIT, np.int64(0))
        if code < 0 or count[i] < 1 or quantity[i, 1] < 0 or wide.sign(rate_lo, rate_hi) <= 0:
            continue
        if quantity[i, 1] != 0 or quantity[i, 0] < 0 or rate_hi != 0 or rate_lo < 0:
            state[i] = _SLOW
            continue
        units, unit = _stripped(quantity[i, 0]) if quantity[i, 0] != 0 else (np.int64(0), np.int64(1))
        gross, net = _stripped(rate_lo)
        numerator = _product(_product(units, net), _NUMERATORS[code])
        denominator = _product(_product(_product(unit, gross), _DENOMINATORS[code]), count[i])
        _put(amount, numerator, denominator, out, state, i)


@njit(cache=True, nogil=True)
def _shift(day, interval, count, out):  # type: ignore[no-untyped-def]  # pragma: no cover
    for i in range(day.shape[0]):
        code, times, at = interval[i], count[i], np.int64(day[i])
        if code >= 0 and abs(times) < MOST_INTERVALS:
            if code <= 1:
                at += times * (1 if code == 0 else 7)
            else:
                at = anniversary(at, times * (1 if code == 2 else 12))
        out[i] = at
