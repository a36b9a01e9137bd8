"""The revenue metrics of one period and slice, from its movements. Pure arithmetic on exact decimals.

Source: docs/metrics/. Every rate over nothing is None: there was no one to lose, nothing to compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
PLACES = Decimal("1e-12")
MONTHS_PER_YEAR = 12
TRAILING_MONTHS = 6
MONTHS_IN = {
    "month": Decimal(1),
    "quarter": Decimal(3),
    "year": Decimal(12),
    "week": Decimal(12) / Decimal(52),
    "day": Decimal(12) / Decimal(365),
}
"""How many months a churn rate of a grain was measured over."""


@dataclass(frozen=True, slots=True)
class Movements:
    """What happened to MRR between two closes; contraction, churn and leaving are negative or 0."""

    open: Decimal
    new: Decimal
    expansion: Decimal
    contraction: Decimal
    churn: Decimal
    reactivation: Decimal
    entering: Decimal
    leaving: Decimal
    fx: Decimal
    close: Decimal
    customers_open: int
    customers_new: int
    customers_churned: int
    customers_reactivated: int
    customers_entering: int
    customers_leaving: int
    customers_close: int

    @property
    def money_adds_up(self) -> bool:
        """Does open + movements + fx give the close?"""
        moved = self.new + self.expansion + self.contraction + self.churn + self.reactivation
        return self.open + moved + self.entering + self.leaving + self.fx == self.close

    @property
    def customers_add_up(self) -> bool:
        """Do the customers at the opening, come and gone, give those at the close?"""
        come = self.customers_new + self.customers_reactivated + self.customers_entering
        return self.customers_open + come - self.customers_churned - self.customers_leaving == self.customers_close


def ratio(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    """part / whole to 12 decimals, half to even; None over 0."""
    if whole == 0:
        return None
    return EXACT.divide(Decimal(part), Decimal(whole)).quantize(PLACES, context=EXACT)


def times(a: Decimal | None, b: Decimal | None) -> Decimal | None:
    """a x b to 12 decimals; None if either is."""
    return None if a is None or b is None else EXACT.multiply(a, b).quantize(PLACES, context=EXACT)


def arr(m: Movements) -> Decimal:
    """MRR of the close over a year."""
    return m.close * MONTHS_PER_YEAR


def arpa(m: Movements) -> Decimal | None:
    """MRR of the close per customer."""
    return ratio(m.close, m.customers_close)


def asp(m: Movements) -> Decimal | None:
    """New MRR per new customer."""
    return ratio(m.new, m.customers_new)


def customer_churn_rate(m: Movements) -> Decimal | None:
    """Share of the customers at the opening that have no MRR at the close. Who joined and left inside is in neither."""
    return ratio(m.customers_churned, m.customers_open)


def customer_churn_rate_incl_new_in_base(m: Movements) -> Decimal | None:
    """The same with the period's new customers in the base."""
    return ratio(m.customers_churned, m.customers_open + m.customers_new)


def lost(m: Movements) -> Decimal:
    """What customers of the opening pay less at the close: contraction, churn and what left the slice; 0 or more."""
    return -(m.contraction + m.churn + m.leaving)


def gross_mrr_churn_rate(m: Movements) -> Decimal | None:
    """Share of the opening MRR that was lost, before any expansion."""
    return ratio(lost(m), m.open)


def net_mrr_churn_rate(m: Movements) -> Decimal | None:
    """Share of the opening MRR that was lost, after expansion of the same customers. 1 - NRR."""
    return ratio(lost(m) - m.expansion, m.open)


def net_mrr_churn_rate_incl_reactivation(m: Movements) -> Decimal | None:
    """The same with returned customers counted against the loss."""
    return ratio(lost(m) - m.expansion - m.reactivation, m.open)


def nrr(m: Movements) -> Decimal | None:
    """What the customers of the opening pay at the close, at the opening rate, per unit they paid then."""
    return ratio(m.open + m.expansion - lost(m), m.open)


def grr(m: Movements) -> Decimal | None:
    """The same with each customer capped at what it paid at the opening."""
    return ratio(m.open - lost(m), m.open)


def quick_ratio(m: Movements) -> Decimal | None:
    """MRR gained per unit of MRR lost; None if nothing was lost."""
    return ratio(m.new + m.expansion + m.reactivation, -(m.contraction + m.churn))


def quick_ratio_excl_reactivation(m: Movements) -> Decimal | None:
    """The same without returned customers."""
    return ratio(m.new + m.expansion, -(m.contraction + m.churn))


def ltv_simple(m: Movements, grain: str) -> Decimal | None:
    """ARPA over customer churn, in money: a rate of a quarter speaks of three months. None at churn 0."""
    churn = customer_churn_rate(m)
    average = arpa(m)
    if churn is None or average is None or churn == 0:
        return None
    whole = EXACT.multiply(Decimal(m.customers_churned), Decimal(m.customers_close))
    return ratio(EXACT.multiply(EXACT.multiply(m.close, Decimal(m.customers_open)), MONTHS_IN[grain]), whole)


def ltv_trailing6(m: Movements, former_churn: Sequence[Decimal | None]) -> Decimal | None:
    """ARPA over the mean customer churn of the six months before, the current one left out."""
    known = [c for c in former_churn if c is not None]
    average = arpa(m)
    if not known or average is None:
        return None
    return ratio(average * len(known), sum(known, Decimal(0)))


def ltv_net_retention(m: Movements, grain: str) -> Decimal | None:
    """ARPA over what is lost net of expansion (1 - NRR). None where nothing is lost on balance."""
    average = arpa(m)
    leak = lost(m) - m.expansion
    if average is None or m.open == 0 or leak <= 0:
        return None
    return ratio(
        EXACT.multiply(EXACT.multiply(m.close, m.open), MONTHS_IN[grain]),
        EXACT.multiply(leak, Decimal(m.customers_close)),
    )


def rescaled_churn(rate: Decimal, measured_days: int, target_days: int) -> Decimal:
    """A churn rate of one length of time for another: 1 - (1 - rate) ** (target / measured), never rate x n."""
    if rate >= 1:
        return Decimal(1)
    kept = EXACT.power(1 - rate, EXACT.divide(Decimal(target_days), Decimal(measured_days)))
    return (1 - kept).quantize(PLACES, context=EXACT)
