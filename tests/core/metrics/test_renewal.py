"""What became of contracts: how a successor is shared out, and what a customer with several is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tenure.core.metrics.renewal import (
    LOST,
    PENDING,
    RENEWED,
    RUNNING,
    Contract,
    Expiry,
    by_customers,
    calendar,
    expiries,
)
from tenure.core.periods import between

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


def test_a_calendar_keeps_what_is_decided_apart_from_what_is_not() -> None:
    weeks = between(date(2024, 6, 5), date(2024, 6, 17), "week").edges
    due = [
        (date(2024, 6, 4), RUNNING, Decimal(1)),
        (date(2024, 6, 5), RUNNING, Decimal(10)),
        (date(2024, 6, 9), RENEWED, Decimal(20)),
        (date(2024, 6, 10), PENDING, Decimal(40)),
        (date(2024, 6, 17), RUNNING, Decimal(2)),
    ]
    slots = calendar(due, weeks)
    assert [s.first for s in slots] == [date(2024, 6, 5), date(2024, 6, 10)]
    assert [(s.contracts, s.mrr, s.undecided, s.undecided_mrr) for s in slots] == [(2, 30, 1, 10), (1, 40, 1, 40)]
