"""Who pays how much at the close of a day: the same figures as the movements of each account."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

import tenure
from tenure.core.errors import QuestionRefused

ROWS: list[dict[str, Any]] = [
    {"account_id": "a", "subscription_id": "s1", "plan": "pro", "amount": "100", "start": "2024-01-10"},
    {"account_id": "a", "subscription_id": "s2", "plan": "solo", "amount": "50", "start": "2024-03-01",
     "currency": "EUR"},
    {"account_id": "b", "subscription_id": "s3", "plan": "pro", "amount": "400", "start": "2024-02-01",
     "end": "2024-04-01"},
    {"account_id": "c", "subscription_id": "s4", "plan": "solo", "amount": "30", "start": "2024-02-10"},
    {"account_id": "c", "subscription_id": "s5", "plan": "credit", "amount": "-90", "start": "2024-03-10"},
]  # fmt: skip
ACCOUNTS = [{"account_id": "a", "name": "Acme", "tier": "A"}, {"account_id": "b", "name": "Birch", "tier": "B"}]


@pytest.fixture
def workspace() -> Any:
    opened = tenure.open()
    opened.load("subscriptions", ROWS)
    opened.load("accounts", ACCOUNTS)
    opened.load("fx_rates", [{"day": "2024-01-31", "currency": "EUR", "rate": "1.1"}])
    return opened


def shown(workspace: Any, day: str, **fields: Any) -> list[tuple[str, Decimal]]:
    rows = workspace.ask({"question": "customers", "as_of": day, **fields}).to_dicts()
    return [(row["account_id"], row["mrr"]) for row in rows]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        pytest.param("2024-01-09", [], id="before the first"),
        pytest.param("2024-01-10", [("a", 100)], id="on its first day"),
        pytest.param("2024-02-29", [("b", 400), ("a", 100), ("c", 30)], id="the largest first"),
        pytest.param("2024-03-31", [("b", 400), ("a", 155)], id="two currencies; one below zero is no customer"),
        pytest.param("2024-04-01", [("a", 155)], id="gone on the day after its last"),
    ],
)
def test_who_pays_at_the_close_of_a_day(workspace: Any, day: str, expected: list[tuple[str, int]]) -> None:
    assert shown(workspace, day) == [(account, Decimal(mrr)) for account, mrr in expected]


def test_attributes_shares_and_first_days(workspace: Any) -> None:
    answer = workspace.ask({"question": "customers", "as_of": "2024-02-29", "show": ["name", "tier"]})
    assert [(r["name"], r["tier"], r["since"]) for r in answer.to_dicts()] == [
        ("Birch", "B", date(2024, 2, 1)),
        ("Acme", "A", date(2024, 1, 10)),
        ("(none)", "(none)", date(2024, 2, 10)),
    ]
    assert abs(sum(r["share"] for r in answer.to_dicts()) - 1) < Decimal("1e-11")
    assert all(check["ok"] for check in answer.checks)


def test_conditions_on_rows_and_accounts(workspace: Any) -> None:
    assert shown(workspace, "2024-02-29", where={"plan": "solo"}) == [("c", Decimal(30))]
    assert shown(workspace, "2024-02-29", where={"tier": ["A"]}) == [("a", Decimal(100))]


def test_the_rows_behind_a_customer(workspace: Any) -> None:
    answer = workspace.ask({"question": "customers", "as_of": "2024-03-31"})
    assert {row["line"] for row in answer.rows_behind({"account_id": "a"}).to_pylist()} == {"s1", "s2"}
    with pytest.raises(QuestionRefused):
        answer.rows_behind({"mrr": 3})


def test_they_add_up_to_the_movements(workspace: Any) -> None:
    asked = {"question": "movements", "from": "2024-01", "to": "2024-05"}
    for row, day in zip(
        workspace.ask(asked).to_dicts(),
        ("2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31"),
        strict=True,
    ):
        listed = shown(workspace, day)
        assert (sum(mrr for _, mrr in listed), len(listed)) == (row["close"], row["customers_close"]), day


@pytest.mark.parametrize(
    ("grace", "expected"),
    [
        pytest.param(None, [], id="a gap is a gap"),
        pytest.param(9, [], id="shorter than the gap"),
        pytest.param(10, [("a", Decimal(60))], id="as long as the gap: it did not happen"),
    ],
)
def test_inside_a_gap_of_grace(grace: int | None, expected: list[Any]) -> None:
    opened = tenure.open(settings={} if grace is None else {"grace_gap_days": grace})
    row = {"account_id": "a", "subscription_id": "s", "amount": "60"}
    opened.load("subscriptions", [{**row, "start": "2024-01-01", "end": "2024-03-26"}, {**row, "start": "2024-04-05"}])
    assert shown(opened, "2024-03-31") == expected
    (month,) = opened.ask({"question": "movements", "from": "2024-03", "to": "2024-03"}).to_dicts()
    assert month["close"] == sum((mrr for _, mrr in expected), Decimal(0))


def test_nothing_loaded_is_nobody() -> None:
    answer = tenure.open().ask({"question": "customers"})
    assert answer.table.num_rows == 0
    assert answer.table.column_names == ["account_id", "mrr", "share", "since", "complete"]
