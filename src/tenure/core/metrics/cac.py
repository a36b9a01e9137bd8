"""What a new customer cost: by campaign and all together. Source: docs/explanation/composite-cac.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

ENOUGH = 30
"""Matured leads below which a rate is shrunk towards that of all, as long as others are young."""
PRIOR = 10
"""How many leads the rate of all counts for then."""


class Campaign(NamedTuple):
    """Money and counts of one campaign, or of any other slice. Money is exact, of one currency."""

    spend: Fraction
    """what it cost to be seen: media, events, content, commission"""
    sales_cost: Fraction
    leads: int
    """leads it brought, young ones among them"""
    cohort_leads: int
    """of these, the ones old enough to have become customers"""
    customers: int
    """of the cohort, those that did"""
    pooled: Fraction | None = None
    """the rate of all campaigns, towards which that of a small cohort is shrunk; None = nothing is shrunk"""

    @property
    def cost_per_lead(self) -> Fraction | None:
        """Spend for each lead, without what selling cost."""
        return ratio(self.spend, self.leads)

    @property
    def rate(self) -> Fraction | None:
        """The share of the matured leads that became customers; of few of them drawn towards the rate of all."""
        if self.pooled is None or not self.is_young:
            return ratio(Fraction(self.customers), self.cohort_leads)
        return (self.customers + PRIOR * self.pooled) / (self.cohort_leads + PRIOR)

    @property
    def is_young(self) -> bool:
        """Whether too few of its leads are old enough to tell a rate."""
        return self.cohort_leads < min(ENOUGH, self.leads)

    @property
    def expected_customers(self) -> Fraction | None:
        """Customers that all its leads will make at the rate of the matured ones."""
        return None if self.rate is None else self.rate * self.leads

    @property
    def cac(self) -> Fraction | None:
        """Spend and sales cost for each expected customer; None where there is none."""
        return ratio(self.spend + self.sales_cost, self.expected_customers)


def ratio(part: Fraction, whole: Fraction | int | None) -> Fraction | None:
    """part / whole; None where that is not defined."""
    return part / whole if whole else None


def together(campaigns: Iterable[Campaign]) -> tuple[Fraction | None, Fraction]:
    """(composite CAC, expected customers) of several campaigns.

    The money of a campaign without customers counts, its customers do not; one without matured leads counts with the
    money alone, which makes the figure the dearer.
    """
    several = list(campaigns)
    customers = sum((c.expected_customers or Fraction(0) for c in several), Fraction(0))
    return ratio(sum((c.spend + c.sales_cost for c in several), Fraction(0)), customers), customers


def composite(campaigns: Iterable[Mapping[str, Any]], type: str = "composite") -> dict[str, Any]:  # noqa: A002
    """The composite CAC from plain values: {id, marketing_spend, leads, cohort_leads, customers, sales_cost_per_lead}.

    Returns: cost per lead, rate and CAC by campaign, the composite CAC, and the customers that are expected.
    Raises: ValueError for another type.
    """
    if type != "composite":
        raise ValueError(f"there is no CAC of the type {type!r}: use composite")
    known = {
        str(one["id"]): Campaign(
            Fraction(str(one["marketing_spend"])),
            Fraction(str(one.get("sales_cost_per_lead", 0))) * one["leads"],
            one["leads"],
            one["cohort_leads"],
            one["customers"],
        )
        for one in campaigns
    }
    whole, customers = together(known.values())
    return {
        "campaigns": {
            name: {"cpl": number(one.cost_per_lead), "conversion": number(one.rate), "cac": number(one.cac)}
            for name, one in known.items()
        },
        "composite": number(whole),
        "expected_customers": float(customers),
    }


def number(value: Fraction | None) -> float | None:
    """A fraction as a float; None stays None."""
    return None if value is None else float(value)
