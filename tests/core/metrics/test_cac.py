"""Composite CAC: money of all campaigns over the customers their leads will make."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.cases import SHARED
from tenure.core.metrics.cac import Campaign, composite, together

PLACE = SHARED / "cases" / "growth_examples.json"
CASES = [
    case
    for case in (json.loads(PLACE.read_text(encoding="utf-8"))["cases"] if PLACE.exists() else [])
    if case["kind"] == "cac"
]


@pytest.mark.skipif(not CASES, reason="needs the worked cases in the folder shared")
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_examples(case: dict[str, Any]) -> None:
    found, wanted = composite(**case["input"]), case["expected"]
    assert found["campaigns"].keys() == wanted["campaigns"].keys()
    for name, figures in wanted["campaigns"].items():
        assert found["campaigns"][name] == pytest.approx(figures, rel=case["rtol"])
    assert found["composite"] == pytest.approx(wanted["composite"], rel=case["rtol"])
    assert found["expected_customers"] == pytest.approx(wanted["expected_customers"], rel=case["rtol"])


def campaign(name: str, spend: int, leads: int, cohort: int, customers: int, **more: int) -> dict[str, Any]:
    return {
        "id": name,
        "marketing_spend": spend,
        "leads": leads,
        "cohort_leads": cohort,
        "customers": customers,
        **more,
    }


def test_a_campaign_without_customers_has_no_cac_and_its_money_counts() -> None:
    found = composite([campaign("a", 100, 10, 10, 2), campaign("b", 50, 10, 10, 0), campaign("c", 30, 5, 0, 0)])
    assert [one["cac"] for one in found["campaigns"].values()] == [50.0, None, None]
    assert [one["conversion"] for one in found["campaigns"].values()] == [0.2, 0.0, None]
    assert (found["composite"], found["expected_customers"]) == (90.0, 2.0)


def test_sales_cost_is_in_cac_and_not_in_the_cost_per_lead() -> None:
    found = composite([campaign("a", 100, 10, 5, 1, sales_cost_per_lead=5)])
    assert found["campaigns"]["a"] == {"cpl": 10.0, "conversion": 0.2, "cac": 75.0}


def test_nothing_has_no_cac() -> None:
    assert composite([]) == {"campaigns": {}, "composite": None, "expected_customers": 0.0}
    assert composite([campaign("a", 0, 0, 0, 0)])["campaigns"]["a"] == {"cpl": None, "conversion": None, "cac": None}
    with pytest.raises(ValueError, match="type"):
        composite([], type="tea")


COUNT = st.integers(1, 1_000)


@settings(deadline=None)
@given(st.lists(st.tuples(COUNT, COUNT, COUNT, COUNT), min_size=1, max_size=6))
def test_the_composite_lies_between_the_campaigns(several: list[tuple[int, int, int, int]]) -> None:
    campaigns = [
        Campaign(Fraction(spend), Fraction(0), leads, cohort, min(customers, cohort))
        for spend, leads, cohort, customers in several
    ]
    whole, customers = together(campaigns)
    figures = [one.cac for one in campaigns if one.cac is not None]
    assert whole is not None
    assert min(figures) <= whole <= max(figures)
    assert whole * customers == sum(one.spend for one in campaigns)
