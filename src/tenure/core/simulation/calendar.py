"""When Chinese firms work and buy: weekdays, Spring Festival, the October holiday, buying seasons.

Days are whole numbers since 1970-01-01, weeks are counted from the firm's first Monday. Hides the lunar calendar.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tenure.core.periods import day_number

Days = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NEW_YEARS = tuple(
    day_number(date.fromisoformat(day))
    for day in (
        "2012-01-23", "2013-02-10", "2014-01-31", "2015-02-19", "2016-02-08", "2017-01-28", "2018-02-16", "2019-02-05",
        "2020-01-25", "2021-02-12", "2022-02-01", "2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06",
        "2028-01-26", "2029-02-13", "2030-02-03", "2031-01-23", "2032-02-11", "2033-01-31", "2034-02-19", "2035-02-08",
        "2036-01-28", "2037-02-15", "2038-02-04", "2039-01-24", "2040-02-12", "2041-02-01", "2042-01-22", "2043-02-10",
    )
)  # fmt: skip
"""The first days of the lunar years."""

WEEKDAYS = np.array([1.0, 1.04, 1.03, 1.0, 0.9, 0.16, 0.08])
"""Work done on Monday .. Sunday, Monday = 1."""

HOURS = np.array(
    [0.2, 0.1, 0.1, 0.1, 0.1, 0.2, 0.6, 2, 6, 13, 14, 11, 6.5, 8, 13, 13, 12, 9, 5, 4, 4, 3, 1, 0.5]
)  # fmt: skip
"""Work done in each hour of a local day: lunch is seen."""

BUYING = (0.8, 0.5, 1.2, 1.1, 0.95, 1.15, 0.85, 0.85, 1.15, 0.85, 1.2, 1.45)
"""How ready firms are to buy, January .. December: new budgets in spring, what is left of them at the year's end."""


def weekday(days: Days) -> Days:
    """0 = Monday."""
    return (days + 3) % 7


def festival(days: Days) -> Floats:
    """What is left of work around Spring Festival: 1 far from it, 0.04 inside."""
    years = np.array(NEW_YEARS)
    after = days - years[np.clip(np.searchsorted(years, days + 40) - 1, 0, None)]
    left = np.ones(len(days))
    left[(after >= -9) & (after < 16)] = 0.6
    left[(after >= -2) & (after < 9)] = 0.04
    return left


def work(days: Days) -> Floats:
    """Work done on each day, an ordinary Monday = 1."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    october = (months.astype(np.int64) % 12 == 9) & ((dates - months).astype(np.int64) < 7)
    return np.asarray(WEEKDAYS[weekday(days)] * festival(days) * np.where(october, 0.12, 1.0))


def buying(days: Days) -> Floats:
    """How ready firms are to buy on each day."""
    return np.asarray(np.array(BUYING)[_month(days)] * (0.25 + 0.75 * festival(days)))


def _month(days: Days) -> Days:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12


def of_every_month(days: Days) -> Days:
    """The day itself, or a week earlier after the 28th of its month: a day that every month has."""
    return np.asarray(np.where(_day_of_month(days) > 28, days - 7, days))


def first_of_month(days: Days) -> Days:
    """The first day of the month of each day."""
    return np.asarray(days - _day_of_month(days) + 1)


@lru_cache(maxsize=20_000)
def office_day(day: int) -> int:
    """The day itself, or the next one on which offices are open."""
    ahead = day + np.arange(30)
    return int(ahead[np.argmax(work(ahead) > 0.5)])


def _day_of_month(days: Days) -> Days:
    dates = days.astype("datetime64[D]")
    return np.asarray((dates - dates.astype("datetime64[M]")).astype(np.int64) + 1)
