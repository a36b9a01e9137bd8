"""Metrics of a period's movements: what they are, and where they are not defined."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest

from tenure.core.metrics import mrr
from tenure.core.metrics.mrr import Movements


def figures(**given: int) -> Movements:
    """Movements in which nothing happened but what is given."""
    nothing = {f.name: 0 for f in fields(Movements)} | given
    return Movements(**{n: v if n.startswith("customers") else Decimal(v) for n, v in nothing.items()})


@pytest.mark.parametrize(
    ("opened", "churned", "close", "customers", "grain", "value"),
    [
        pytest.param(4, 1, 420, 4, "month", 420, id="one of four leaves"),
        pytest.param(4, 1, 420, 4, "quarter", 1260, id="one of four leaves in three months"),
        pytest.param(4, 4, 210, 2, "month", 105, id="all leave and others come: a month's worth"),
        pytest.param(4, 0, 420, 4, "month", None, id="nobody leaves: not endless"),
        pytest.param(0, 0, 420, 4, "month", None, id="nobody was there"),
        pytest.param(4, 4, 0, 0, "month", None, id="nobody is left"),
    ],
)
def test_ltv_is_arpa_over_customer_churn(opened, churned, close, customers, grain, value):
    found = figures(customers_open=opened, customers_churned=churned, close=close, customers_close=customers)
    assert mrr.ltv_simple(found, grain) == value


@pytest.mark.parametrize(
    ("opened", "expansion", "churn", "grain", "value"),
    [
        pytest.param(400, 20, -100, "month", 525, id="a fifth is lost on balance"),
        pytest.param(400, 20, -100, "quarter", 1575, id="a fifth is lost in three months"),
        pytest.param(400, 100, -100, "month", None, id="what stays makes up for the loss"),
        pytest.param(400, 150, -100, "month", None, id="what stays outgrows the loss: never negative"),
        pytest.param(0, 0, 0, "month", None, id="nothing was there"),
    ],
)
def test_ltv_is_arpa_over_what_is_lost_net_of_expansion(opened, expansion, churn, grain, value):
    found = figures(open=opened, expansion=expansion, churn=churn, close=420, customers_close=4)
    assert mrr.ltv_net_retention(found, grain) == value
