"""What became of contracts: how a successor is shared out, and what a customer with several is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tenure.core.metrics.renewal import LOST, PENDING, RENEWED, Contract, Expiry, by_customers, expiries

END = date(2024, 6, 1)


def contract(name: str, mrr: int, end: date = END) -> Contract:
    return Contract(name, "a", date(2023, 1, 1), end, Decimal(mrr), Decimal(mrr))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param(contract("c1", 100), contract("c2", 300), [200, 600], id="in proportion to their prices"),
        pytest.param(contract("c1", 0), contract("c2", 300), [0, 800], id="nothing to one that was free"),
        pytest.param(contract("c1", 0), contract("c2", 0), [400, 400], id="evenly where all were free"),
        pytest.param(
            contract("c1", 100, date(2024, 5, 1)), contract("c2", 300), [0, 800], id="nothing to one it renews too late"
        ),
        pytest.param(
            contract("c1", 100, date(2024, 5, 2)), contract("c2", 300), [200, 600], id="on the last day of its grace"
        ),
    ],
)
def test_one_contract_of_800_renews_two(first: Contract, second: Contract, expected: list[int]) -> None:
    successor = Contract("c3", "a", END, date(2025, 6, 1), Decimal(800), Decimal(800), renews=("c1", "c2"))
    found = expiries([first, second, successor], date(2024, 12, 31), grace_days=30)
    assert [e.new_mrr for e in found if e.contract is not successor] == expected


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        pytest.param([RENEWED, PENDING, LOST], RENEWED, id="one renewed is enough"),
        pytest.param([LOST, PENDING], PENDING, id="one pending can still be renewed"),
        pytest.param([LOST, LOST], LOST, id="all lost"),
    ],
)
def test_a_customer_with_several_contracts(statuses: list[str], expected: str) -> None:
    found = by_customers([Expiry(contract("c", 1), status, False, Decimal(1), Decimal(0)) for status in statuses])
    assert found.expiring == 1
    assert {RENEWED: found.renewed, PENDING: found.pending, LOST: found.lost}[expected] == 1
