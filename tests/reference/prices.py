"""Price per month: billing intervals, terms of contracts, discounts. Exact, then kept to 12 decimals like the lake."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from reference.rows import Row, number

PLACES = 10**12

PER_MONTH = {"month": Fraction(1), "year": Fraction(1, 12), "week": Fraction(52, 12), "day": Fraction(365, 12)}
"""How many of an interval a month has, by convention: 52 weeks or 365 days are 12 months."""


def kept(value: Fraction) -> Fraction:
    """Rounded half-even to the 12 decimals of the lake."""
    return Fraction(round(value * PLACES), PLACES)


def shown(value: Fraction | None) -> str | None:
    """As answers show it: 6 decimals, half-even, exact until here."""
    if value is None:
        return None
    exact = Decimal(round(value * 10**6))
    return str((exact / 10**6).quantize(Decimal("0.000001"), ROUND_HALF_EVEN))


def add_months(anchor: date, months: int) -> date:
    """The anniversary after so many months, clamped to the end of its month."""
    index = anchor.year * 12 + anchor.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(anchor.day, monthrange(year, month)[1]))


def term_in_months(start: date, end: date) -> Fraction:
    """Whole anniversary months from `start`, and the rest as a share of the anniversary month it lies in."""
    whole = 0
    while add_months(start, whole + 1) <= end:
        whole += 1
    last, following = add_months(start, whole), add_months(start, whole + 1)
    return whole + Fraction((end - last).days, (following - last).days)


def month_factor(row: Row) -> Fraction:
    """What one billing period's price is multiplied by to be a price per month; 0 if the interval is unknown."""
    count = number(row.get("interval_count"), 1)
    interval = row.get("interval") or "month"
    if interval not in PER_MONTH or count <= 0:
        return Fraction(0)
    return PER_MONTH[interval] / count


def after_one_period(start: date, row: Row) -> date:
    """The day one billing period after `start`."""
    count = int(number(row.get("interval_count"), 1))
    interval = row.get("interval") or "month"
    if interval in {"month", "year"}:
        return add_months(start, count * (12 if interval == "year" else 1))
    return start + timedelta(days=count * (7 if interval == "week" else 1))


def list_price(row: Row) -> Fraction:
    """A subscription row's price per month: amount x quantity, without tax, before discounts."""
    amount = number(row.get("amount"), 0) * number(row.get("quantity"), 1)
    return kept(amount * month_factor(row) / (1 + number(row.get("tax_inclusive_rate"), 0)))


def invoice_price(row: Row, period_days: int, full_period_days: int) -> Fraction:
    """An invoice line's price per month: without tax, scaled up if it paid for a part of the period only."""
    net = number(row.get("amount"), 0) - number(row.get("tax"), 0)
    scale = Fraction(full_period_days, period_days) if row.get("prorated") else Fraction(1)
    return kept(net * month_factor(row) * scale)
