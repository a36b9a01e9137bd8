"""Months between two days, exactly. Hides month lengths, leap years and the clamping of anniversaries to month ends.

The term from an anchor day to another day is its whole anniversary months plus the rest over the days of that
anniversary month. The k-th anniversary is the anchor's day k months later, or the last day of that month if it has no
such day: 2024-02-29 to 2025-02-28 is 12 months, to 2025-03-01 it is 12 + 1/29.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from numba import njit

Days = npt.NDArray[np.int32]

_EPOCH = date(1970, 1, 1).toordinal()


@njit(cache=True, inline="always")
def civil(day: int) -> tuple[int, int, int]:
    """(year, month, day of month) of a day counted from 1970-01-01."""
    z = day + 719468
    era = z // 146097
    doe = z - era * 146097
    yoe = (doe - doe // 1460 + doe // 36524 - doe // 146096) // 365
    doy = doe - (365 * yoe + yoe // 4 - yoe // 100)
    mp = (5 * doy + 2) // 153
    month = mp + 3 if mp < 10 else mp - 9
    return yoe + era * 400 + (1 if month <= 2 else 0), month, doy - (153 * mp + 2) // 5 + 1


@njit(cache=True, inline="always")
def day_number(year: int, month: int, day: int) -> int:
    """The day counted from 1970-01-01."""
    y = year - 1 if month <= 2 else year
    era = y // 400
    yoe = y - era * 400
    doy = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    doe = yoe * 365 + yoe // 4 - yoe // 100 + doy
    return era * 146097 + doe - 719468


@njit(cache=True, inline="always")
def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    if month == 2:
        return 29 if (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@njit(cache=True)
def anniversary(anchor: int, months: int) -> int:
    """The anchor's day `months` later (or earlier), clamped to the end of that month."""
    year, month, day = civil(anchor)
    total = year * 12 + month - 1 + months
    year, month = total // 12, total % 12 + 1
    clamped: int = day_number(year, month, min(day, days_in_month(year, month)))
    return clamped


@njit(cache=True)
def term(start: int, end: int) -> tuple[int, int, int]:
    """(whole months, rest in days, days of the anniversary month that the rest lies in); needs start <= end."""
    sy, sm, _ = civil(start)
    ey, em, _ = civil(end)
    months = (ey - sy) * 12 + em - sm
    last = anniversary(start, months)
    if last > end:
        months -= 1
        last = anniversary(start, months)
    return months, end - last, anniversary(start, months + 1) - last


@njit(cache=True, nogil=True)
def _terms(start: Days, end: Days, out: npt.NDArray[np.int64]) -> None:  # pragma: no cover
    for i in range(start.shape[0]):
        if end[i] > start[i]:
            out[i, 0], out[i, 1], out[i, 2] = term(np.int64(start[i]), np.int64(end[i]))
        else:
            out[i, 0], out[i, 1], out[i, 2] = 0, 0, 1


def terms(start: Days, end: Days) -> npt.NDArray[np.int64]:
    """Per row (whole months, rest, days of the last anniversary month); (0, 0, 1) where end is not after start."""
    out = np.empty((len(start), 3), np.int64)
    _terms(np.ascontiguousarray(start, np.int32), np.ascontiguousarray(end, np.int32), out)
    return out


def months_between(start: date, end: date) -> Fraction:
    """The term from `start` to `end` in months, as an exact fraction; 0 where `end` is not after `start`."""
    if end <= start:
        return Fraction(0)
    whole, rest, length = term(start.toordinal() - _EPOCH, end.toordinal() - _EPOCH)
    return Fraction(whole) + Fraction(rest, length)
