"""Who there is and who pays how much at the close of a day: the same figures as the movements and renewals say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

import tenure
from tenure.core.errors import QuestionRefused
from tenure.warehouse.questions import Accounts

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
    rows = workspace.ask({"question": "accounts", "as_of": day, **fields}).to_dicts()
    assert {row["account_id"] for row in rows if row["mrr"]} == {
        r["account_id"] for r in rows if r["state"] == "paying"
    }
    return [(row["account_id"], row["mrr"]) for row in rows if row["mrr"]]


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


def test_attributes_states_and_first_days(workspace: Any) -> None:
    workspace.load("accounts", [{"account_id": "d", "name": "Dune", "attributes": {"source": "fair"}}])
    answer = workspace.ask({"question": "accounts", "as_of": "2024-04-30", "show": ["attributes.source"]})
    columns = ("account_id", "name", "tier", "state", "mrr", "change", "since", "attributes.source")
    assert [tuple(row[c] for c in columns) for row in answer.to_dicts()] == [
        ("a", "Acme", "A", "paying", 155, 0, date(2024, 1, 10), None),
        ("b", "Birch", "B", "left", 0, -400, date(2024, 2, 1), None),
        ("c", None, None, "left", 0, 0, date(2024, 2, 10), None),
        ("d", "Dune", None, "never", 0, 0, None, "fair"),
    ]
    assert [row["share"] for row in answer.to_dicts()] == [1, 0, 0, 0]
    assert all(check["ok"] for check in answer.checks)


def test_the_change_is_over_the_running_month(workspace: Any) -> None:
    (row,) = [r for r in workspace.ask({"question": "accounts", "as_of": "2024-03-20"}).to_dicts() if r["mrr"] == 155]
    assert (row["account_id"], row["change"]) == ("a", 55)


def test_what_was_merged_is_one_account(workspace: Any) -> None:
    workspace.load("accounts", [{"account_id": "c", "name": "Coral", "merged_into": "a"}])
    assert shown(workspace, "2024-02-29") == [("b", 400), ("a", 130)]


def test_conditions_on_rows_and_accounts(workspace: Any) -> None:
    assert shown(workspace, "2024-02-29", where={"plan": "solo"}) == [("c", Decimal(30))]
    assert shown(workspace, "2024-02-29", where={"tier": ["A"]}) == [("a", Decimal(100))]


def test_the_rows_behind_a_customer(workspace: Any) -> None:
    answer = workspace.ask({"question": "accounts", "as_of": "2024-03-31"})
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
    answer = tenure.open().ask({"question": "accounts"})
    assert answer.table.num_rows == 0
    assert answer.table.column_names == list(Accounts.columns)


CONTRACTS: list[dict[str, Any]] = [
    {"contract_id": "k1", "account_id": "a", "total": "1200", "start": "2024-01-01", "end": "2025-01-01",
     "notice_days": 30, "auto_renew": True},
    {"contract_id": "k2", "account_id": "a", "total": "1200", "start": "2024-01-01", "end": "2024-10-01"},
    {"contract_id": "k3", "account_id": "a", "total": "600", "start": "2024-10-01", "end": "2025-10-01",
     "renews": ["k2"]},
    {"contract_id": "k4", "account_id": "b", "total": "1200", "start": "2024-03-01", "end": "2025-03-01",
     "notice_days": 400},
    {"contract_id": "k5", "account_id": "c", "total": "1200", "start": "2024-01-01", "end": "2025-01-01",
     "notice_days": 30, "notice_given_at": "2024-05-01"},
    {"contract_id": "k6", "account_id": "d", "total": "100", "start": "2024-06-01", "end": "2024-07-01",
     "kind": "month_to_month"},
    {"contract_id": "k7", "account_id": "e", "total": "100", "start": "2024-08-01", "end": "2024-09-01"},
]  # fmt: skip


@pytest.fixture
def signed() -> Any:
    opened = tenure.open()
    opened.load("contracts", CONTRACTS)
    return opened


def test_contracts_in_force_and_the_one_to_be_decided_next(signed: Any) -> None:
    rows = signed.ask({"question": "accounts", "as_of": "2024-06-15"}).to_dicts()
    found = {r["account_id"]: (r["contracts"], r["ends"], r["notice_by"], r["auto_renew"]) for r in rows}
    assert found == {
        "a": (2, date(2024, 12, 31), date(2024, 12, 1), True),  # k2 is renewed by k3
        "b": (1, date(2025, 2, 28), date(2024, 3, 1), None),  # never before its first day
        "c": (1, date(2024, 12, 31), None, None),  # notice was given
        "d": (1, date(2024, 6, 30), None, None),  # month to month
        "e": (0, None, None, None),  # not begun
    }


def test_the_next_decision_is_one_of_contracts_due(signed: Any) -> None:
    asked = {"question": "contracts_due", "from": "2020", "to": "2030", "as_of": "2024-06-15"}
    due = {(r["account_id"], r["notice_by"]) for r in signed.ask(asked).to_dicts() if r["state"] == "running"}
    rows = signed.ask({"question": "accounts", "as_of": "2024-06-15"}).to_dicts()
    assert {(r["account_id"], r["notice_by"]) for r in rows if r["notice_by"]} <= due


def test_the_last_version_of_a_contract_speaks(signed: Any) -> None:
    signed.load("contracts", [{**CONTRACTS[0], "end": "2026-01-01", "start": "2025-01-01", "notice_days": 60}])
    row = next(r for r in signed.ask({"question": "accounts", "as_of": "2025-11-15"}).to_dicts() if r["contracts"])
    assert (row["account_id"], row["ends"], row["notice_by"]) == ("a", date(2025, 12, 31), date(2025, 11, 1))
