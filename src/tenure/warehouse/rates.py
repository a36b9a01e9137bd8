"""Exchange rates for periods: the rate of a month is that of its last day. Hides carrying and scaling of rates."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tenure.core.periods import add_months, month_end

_MOST = 1 << 62


def month_end_before(day: date) -> date:
    """The last day of a month strictly before `day`; the first day there is where there is none."""
    first = day.replace(day=1)
    return first if first == date.min else first - timedelta(days=1)


def month_end_until(day: date) -> date:
    """The last day of a month on or before `day`."""
    return day if day == month_end(day) else month_end_before(day)


@dataclass
class Rates:
    """The known rates of one reporting currency.

    A month without a rate of its own takes the last one before it (the first one known, if there is none before) and
    is listed by `missing`; a currency without any rate cannot be valued and counts 0.
    """

    reporting_currency: str
    days: dict[str, list[date]] = field(default_factory=dict)
    values: dict[str, list[Decimal]] = field(default_factory=dict)

    @classmethod
    def of(cls, table: pa.Table, reporting_currency: str) -> Rates:
        """From rows (day, currency, rate) sorted by currency and day."""
        rates = cls(reporting_currency)
        for row in table.to_pylist():
            if row["currency"] != reporting_currency:
                rates.days.setdefault(row["currency"], []).append(row["day"])
                rates.values.setdefault(row["currency"], []).append(row["rate"])
        return rates

    def known(self, currency: str) -> bool:
        """Can amounts in `currency` be valued at all?"""
        return currency == self.reporting_currency or currency in self.days

    def at(self, currency: str, month_end: date) -> Decimal:
        """The rate in force at a month's last day."""
        if currency == self.reporting_currency:
            return Decimal(1)
        place = bisect_right(self.days[currency], month_end)
        return self.values[currency][max(place - 1, 0)]

    def missing(self, currency: str, first: date, last: date) -> list[str]:
        """The months whose end lies in [first, last] and that have no rate of their own, as labels."""
        if currency == self.reporting_currency or currency not in self.days:
            return []
        own = {d.replace(day=1) for d in self.days[currency]}
        month, out = first.replace(day=1), []
        while month_end(month) <= last:
            if month not in own:
                out.append(f"{month:%Y-%m}")
            month = add_months(month, 1)
        return out

    def gaps(self, currency: str) -> list[str]:
        """The months between the first and the last rate that have none."""
        days = self.days.get(currency)
        return [] if not days else self.missing(currency, days[0], month_end_before(days[-1]))

    def table(self, currencies: Sequence[str], month_ends: Sequence[date]) -> list[list[Decimal]]:
        """Rates by month end and currency."""
        return [[self.at(c, end) for c in currencies] for end in month_ends]


def as_integers(*tables: list[list[Decimal]]) -> list[npt.NDArray[np.int64]]:
    """The tables as whole numbers of one common scale below 2**62, for comparisons inside a kernel."""
    rates = [rate for table in tables for row in table for rate in row]
    scale = max((-int(rate.normalize().as_tuple().exponent) for rate in rates), default=0)
    while scale > 0 and any(rate.scaleb(scale) >= _MOST for rate in rates):
        scale -= 1
    return [np.array([[int(rate.scaleb(scale)) for rate in row] for row in table], np.int64) for table in tables]
