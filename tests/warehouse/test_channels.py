"""Channels and CAC of the lake: whatever the credit, wins add up; money meets its rate; cells have rows."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import tenure
from tenure.core.errors import QuestionRefused

JANUARY = {"from": "2024-01", "to": "2024-01"}


def lead(number: int, channel: str | None, **more: Any) -> dict[str, Any]:
    return {"lead_id": f"l{number}", "channel": channel, "created_at": f"2024-01-{number:02}T08:00:00Z", **more}


@pytest.fixture
def empty(tmp_path: Path) -> Any:
    return tenure.open(tmp_path, settings={"reporting_currency": "USD"})


@pytest.fixture
def home(empty: Any) -> Any:
    workspace = empty
    won = {"opportunity_at": "2024-01-25T00:00:00Z", "won_at": "2024-02-20T00:00:00Z"}
    workspace.load(
        "leads", [lead(1, "sem", account_id="a", **won), lead(2, "sem"), lead(3, None, account_id="b", **won)]
    )
    workspace.load("deals", [
        {"deal_id": "A", "account_id": "a", "mrr": "100", "currency": "EUR", "created_at": "2024-01-25T00:00:00Z",
         "won_at": "2024-02-20T00:00:00Z", "source_lead": "l1"},
        {"deal_id": "C", "account_id": "c", "amount": "500", "created_at": "2024-01-26T00:00:00Z",
         "won_at": "2024-03-01T00:00:00Z"},
    ])  # fmt: skip
    workspace.load("touches", [
        {"touch_id": "1", "account_id": "a", "ts": "2024-01-01T08:00:00Z", "channel": "sem"},
        {"touch_id": "2", "account_id": "a", "ts": "2024-02-01T08:00:00Z", "channel": "fair"},
        {"touch_id": "3", "account_id": "c", "ts": "2024-02-01T08:00:00Z", "channel": "fair"},
    ])  # fmt: skip
    workspace.load("spend", [
        {"day": "2024-01-31", "channel": "sem", "cost": "30", "currency": "EUR", "clicks": "10"},
        {"day": "2024-01-31", "channel": "sem", "cost": "7", "currency": "XXX"},
        {"day": "2024-02-01", "channel": "sem", "cost": "1000"},
    ])  # fmt: skip
    workspace.load("fx_rates", [{"day": "2024-01-31", "currency": "EUR", "rate": "1.1"}])
    return workspace


@pytest.mark.parametrize(
    "credit", ["lead", "first", "last", "linear", "position", "time_decay", "markov", "shapley_rate"]
)
def test_wins_add_up_whatever_the_credit(home: Any, credit: str) -> None:
    answer = home.ask({"question": "channels", **JANUARY, "credit": credit})
    assert sum(row["won"] for row in answer.to_dicts()) == pytest.approx(3)
    assert all(check["ok"] for check in answer.checks)


def test_money_meets_the_rate_of_its_month_and_what_has_none_is_told(home: Any) -> None:
    answer = home.ask({"question": "channels", **JANUARY})
    rows = {row["channel"]: row for row in answer.to_dicts()}
    assert rows["sem"]["cost"] == Decimal(33)
    assert (rows["sem"]["new_mrr"], rows["sem"]["first_year_revenue"]) == (Decimal(110), Decimal(1320))
    assert rows["(none)"]["first_year_revenue"] == Decimal(500)
    assert answer.notes == [{"code": "spend_without_rate", "count": 1}]


def test_a_win_without_a_touch_stays_with_its_lead(home: Any) -> None:
    rows = {row["channel"]: row for row in home.ask({"question": "channels", **JANUARY, "credit": "last"}).to_dicts()}
    assert (rows["fair"]["won"], rows["(none)"]["won"], rows["sem"]["won"]) == (2, 1, 0)
    assert rows["fair"]["leads"] == 0


@pytest.mark.parametrize(
    ("question", "cell", "count"),
    [
        pytest.param("channels", {"channel": "sem"}, 2, id="leads"),
        pytest.param("channels", {"channel": "(none)"}, 1, id="leads of no channel"),
        pytest.param("channels", {"channel": "sem", "of": "cost"}, 2, id="spend"),
        pytest.param("channels", {"channel": "(none)", "of": "won"}, 2, id="wins"),
        pytest.param("cac", {"slice": "all"}, 3, id="leads of all"),
        pytest.param("cac", {"slice": "all", "of": "cost"}, 2, id="spend of all"),
    ],
)
def test_a_figure_has_its_rows(home: Any, question: str, cell: dict[str, str], count: int) -> None:
    assert home.ask({"question": question, **JANUARY}).rows_behind(cell).num_rows == count


@pytest.mark.parametrize("ceiling", ["0", "-5", "much", "NaN", "1e30"])
def test_a_ceiling_is_an_amount(home: Any, ceiling: str) -> None:
    with pytest.raises(QuestionRefused) as caught:
        home.ask({"question": "channels", "ceiling": ceiling})
    assert caught.value.where["field"] == "ceiling"


def test_nothing_is_known_of_an_empty_workspace(empty: Any) -> None:
    assert empty.ask({"question": "channels"}).to_dicts() == []
    (row,) = empty.ask({"question": "cac"}).to_dicts()
    assert (row["slice"], row["leads"], row["composite_cac"], row["ltv"]) == ("all", 0, None, None)


def test_a_win_without_a_named_lead_is_of_the_first_lead_of_all_that_was_merged_into_its_account(empty: Any) -> None:
    empty.load("accounts", [{"account_id": "old", "merged_into": "now"}, {"account_id": "now"}])
    empty.load("leads", [
        lead(1, "too late", account_id="now", lead_id="0") | {"created_at": "2024-03-02T00:00:00Z"},
        lead(20, "second", account_id="now", lead_id="1"),
        lead(9, "first", account_id="old", lead_id="2"),
        lead(1, "of another", account_id="other", lead_id="3"),
    ])  # fmt: skip
    empty.load("deals", [
        {"deal_id": "A", "account_id": "now", "mrr": "100", "created_at": "2024-01-25T00:00:00Z",
         "won_at": "2024-03-01T00:00:00Z"},
    ])  # fmt: skip
    rows = {row["channel"]: row for row in empty.ask({"question": "channels", **JANUARY}).to_dicts()}
    assert {name: row["won"] for name, row in rows.items() if row["won"]} == {"first": 1}
    assert rows["of another"]["leads"] == 1


def test_what_was_loaded_twice_counts_once(empty: Any) -> None:
    spent = [
        {"row_id": str(day), "day": f"2024-01-{day:02}", "channel": "sem", "cost": "30", "clicks": "10"}
        for day in (1, 2, 3)
    ]
    empty.load("spend", spent)
    empty.load("leads", [lead(1, "sem"), lead(2, "sem")])
    empty.load("spend", spent[1:])
    empty.load("leads", [lead(2, "fair", row_id="corrected")])
    answer = empty.ask({"question": "channels", **JANUARY})
    assert {row["channel"]: (row["cost"], row["clicks"], row["leads"]) for row in answer.to_dicts()} == {
        "sem": (Decimal(90), 30, 1),
        "fair": (Decimal(0), None, 1),
    }
    assert answer.rows_behind({"channel": "sem", "of": "cost"}).num_rows == 3
