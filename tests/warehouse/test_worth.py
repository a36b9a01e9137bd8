"""Features, lifecycle and stickiness joined with money: every sum is that of the whole."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

import tenure
from tenure.core.errors import QuestionRefused

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW = "2024-03-13"
FEATURES = {"report": {"event": "report"}, "export": {"event": "export"}, "unused": {"event": "nobody"}}
RANGE = {"period": "week", "first_interval": "2024-01-01", "intervals": 11, "now": NOW}


def rows_of(seed: int) -> dict[str, list[dict[str, Any]]]:
    """Accounts of which some only pay, some only use, some do neither; with one merged into another."""
    chance = random.Random(seed)
    names = [f"account {i}" for i in range(24)]
    tables: dict[str, list[dict[str, Any]]] = {"accounts": [], "events": [], "contracts": [], "subscriptions": []}
    for i, name in enumerate(names):
        merged = names[0] if i == 23 else None
        tables["accounts"].append(
            {"account_id": name, "name": name.title(), "owner": "wx"[i % 2], "merged_into": merged}
        )
        for _ in range(chance.choice((0, 1, 4, 30))):
            at = START + timedelta(hours=chance.randrange(75 * 24))
            tables["events"].append(
                {"account_id": name, "user_id": f"{name} {chance.randrange(4)}", "ts": at.isoformat(),
                 "event": chance.choice(("report", "report", "export", "other"))}
            )  # fmt: skip
        if i % 3 == 0:
            tables["subscriptions"].append(
                {"account_id": name, "subscription_id": f"s{i}", "plan": "Pro" if i % 2 else "Fee", "currency": "USD",
                 "amount": chance.randrange(1, 90), "quantity": chance.choice((1, 1, 7)), "start": "2023-06-01"}
            )  # fmt: skip
        if i % 4 < 2:
            end = date(2024, 1, 1) + timedelta(days=chance.randrange(160))
            notice = "2024-02-01" if chance.random() < 0.2 else None
            old = {"contract_id": f"c{i}", "account_id": name, "total": 1200, "currency": "USD", "start": "2023-01-01",
                   "end": str(end), "notice_given_at": notice}  # fmt: skip
            tables["contracts"].append(old)
            if chance.random() < 0.4:
                tables["contracts"].append(
                    {**old, "contract_id": f"d{i}", "start": str(end), "end": "2026-01-01", "renews": [f"c{i}"],
                     "notice_given_at": None}
                )  # fmt: skip
    return tables


@pytest.fixture(scope="module", params=[1])
def firm(request: pytest.FixtureRequest) -> Any:
    workspace = tenure.open(settings={"reporting_currency": "USD"})
    for table, rows in rows_of(request.param).items():
        workspace.load(table, rows)
    return workspace


def paid(firm: Any, day: str, **more: Any) -> dict[str, Decimal]:
    answer = firm.ask({"question": "accounts", "as_of": day, **more})
    return {row["account_id"]: row["mrr"] for row in answer.to_dicts()}


@pytest.mark.parametrize("where", [{}, {"owner": "w"}], ids=["all", "a scope"])
@pytest.mark.parametrize("unit", ["account", "user"])
def test_with_and_without_a_feature_is_the_whole(firm: Any, unit: str, where: dict[str, str]) -> None:
    asked = {
        "question": "feature_retention",
        "features": FEATURES,
        "unit": unit,
        "where": where,
        "revenue": True,
        **RANGE,
    }
    mrr = paid(firm, NOW, where=where)
    months = firm.ask(
        {"question": "renewals", "from": "2024-01-01", "to": "2024-03-18", "as_of": NOW, "where": where}
    ).to_dicts()
    decided = sum(row["expiring"] - row["pending"] for row in months)
    for row in firm.ask(asked).to_dicts():
        users = firm.ask(
            {"question": "actors", "of": {**asked, "unit": "account"}, "cell": {"feature": row["feature"]}}
        ).to_dicts()
        assert row["accounts"] == len(users) <= len(mrr)
        assert row["mrr"] == sum((mrr[user["unit"]] for user in users), Decimal(0))
        assert row["mrr"] + row["mrr_without"] == sum(mrr.values())
        assert row["decided"] + row["decided_without"] == decided > 0
        assert row["renewed"] + row["renewed_without"] == sum(row["renewed"] for row in months)


def test_money_is_asked_for(firm: Any) -> None:
    row = firm.ask({"question": "feature_retention", "features": FEATURES, **RANGE}).to_dicts()[0]
    assert not {"mrr", "accounts", "renewal_rate"} & row.keys()


@pytest.mark.parametrize("where", [{}, {"owner": "w"}], ids=["all", "a scope"])
@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_the_cells_of_states_and_contracts_are_the_whole(firm: Any, period: str, where: dict[str, str]) -> None:
    answer = firm.ask({"question": "lifecycle_contracts", "period": period, "now": NOW, "where": where})
    rows = answer.to_dicts()
    assert all(check["ok"] for check in answer.checks)
    assert sum(row["mrr"] for row in rows) == sum(paid(firm, NOW, where=where).values())
    intervals = firm.ask(
        {"question": "lifecycle", "unit": "account", "period": period, "now": NOW, "where": where, "intervals": 2,
         "first_interval": rows[0]["interval"] + ("-01" if period == "month" else "")}
    ).to_dicts()  # fmt: skip
    of_state = {name: sum(row["accounts"] for row in rows if row["state"] == name) for name in ("new", "returning",
                "resurrecting", "dormant", "asleep")}  # fmt: skip
    here = intervals[0]
    assert (here["complete"], intervals[1]["complete"]) == (True, False)
    assert {**of_state, "asleep": of_state["asleep"] + of_state["dormant"]} == {name: here[name] for name in of_state}


def test_who_sleeps_and_must_decide_is_named(firm: Any) -> None:
    asked = {"question": "lifecycle_contracts", "period": "week", "now": NOW, "asleep_from": 3, "due_days": 90}
    due = firm.ask({"question": "contracts_due", "from": "2023-01-01", "to": "2025-01-01", "as_of": NOW}).to_dicts()
    soon = {
        row["account_id"] for row in due
        if row["state"] in ("running", "pending") and row["last_day"] <= date(2024, 3, 13) + timedelta(days=90)
    }  # fmt: skip
    named = set()
    for row in firm.ask(asked).to_dicts():
        cell = {"state": row["state"], "contract": row["contract"]}
        actors = firm.ask({"question": "actors", "of": asked, "cell": cell}).to_dicts()
        assert len({actor["unit"] for actor in actors}) == len(actors) == row["accounts"]
        assert all((actor["when"] is None) == (row["state"] == "never") for actor in actors)
        if row["contract"] == "due":
            named |= {actor["account_id"] for actor in actors}
    assert named == soon
    whole = firm.ask({"question": "actors", "of": asked, "cell": {"contract": "due"}}).to_dicts()
    assert {actor["unit"] for actor in whole} == soon


@pytest.mark.parametrize("cell", [{}, {"state": "tired"}, {"contract": "x"}, {"state": "new", "mrr": 1}])
def test_a_cell_that_is_not_there_is_refused(firm: Any, cell: dict[str, Any]) -> None:
    with pytest.raises(QuestionRefused):
        firm.ask({"question": "actors", "of": {"question": "lifecycle_contracts", "now": NOW}, "cell": cell})


@pytest.mark.parametrize("where", [{}, {"owner": "w"}], ids=["all", "a scope"])
def test_people_of_accounts_are_counted_as_by_hand(firm: Any, where: dict[str, str]) -> None:
    found = firm.ask({"question": "account_stickiness", "as_of": "2024-03-12", "where": where})
    answer = found.to_dicts()
    assert {row["account_id"]: row["mrr"] for row in answer if row["mrr"]} == {
        account: mrr for account, mrr in paid(firm, "2024-03-12", where=where).items() if mrr
    }
    rows = firm.ask({"question": "actors", "of": {"question": "lifecycle", "unit": "account", "where": where,
                     "period": "month", "first_interval": "2024-01-01"},
                     "cell": {"interval": "2024-12", "state": "asleep"}}).to_dicts()  # fmt: skip
    assert {row["unit"] for row in rows} == {row["account_id"] for row in answer if row["last_seen"]}
    for row in answer:
        if row["last_seen"] is None:
            assert (row["daily"], row["weekly"], row["monthly"], row["stickiness"]) == (0, 0, 0, None)
            continue
        behind = found.rows_behind({"account_id": row["account_id"]}).to_pylist()
        did = {(event["user_id"], event["ts"].date()) for event in behind}
        assert row["daily"] == (Decimal(len(did)) / 28).quantize(Decimal("1e-12"))
        assert row["monthly"] == len({user for user, _ in did})
        assert row["weekly"] == len({user for user, day in did if day > date(2024, 3, 5)})


def test_seats_are_those_of_the_plan_that_is_named() -> None:
    workspace = tenure.open(settings={"reporting_currency": "USD"})
    line = {"account_id": "a", "amount": 1, "currency": "USD", "start": "2024-01-01"}
    workspace.load("subscriptions", [
        {**line, "subscription_id": "1", "plan": "Pro", "quantity": 20},
        {**line, "subscription_id": "2", "plan": "Messages", "quantity": 5000},
        {**line, "subscription_id": "3", "plan": "Pro", "quantity": 4, "end": "2024-02-01"},
    ])  # fmt: skip

    def seats(day: str, **where: str) -> Any:
        answer = workspace.ask({"question": "account_stickiness", "as_of": day, "where": where}).to_dicts()
        return [row["seats"] for row in answer]

    assert seats("2024-03-01") == [5020]
    assert seats("2024-03-01", plan="Pro") == [20]
    assert seats("2024-01-31", plan="Pro") == [24]
    assert seats("2024-03-01", plan="Else") == [None]


def test_no_table_but_events() -> None:
    workspace = tenure.open()
    workspace.load("events", [{"account_id": "a", "user_id": "u", "event": "report", "ts": "2024-03-04T09:00:00Z"}])
    states = workspace.ask({"question": "lifecycle_contracts", "now": NOW}).to_dicts()
    assert [(row["state"], row["contract"]) for row in states if row["accounts"]] == [("new", "none")]
    (row,) = workspace.ask({"question": "account_stickiness", "as_of": "2024-03-10"}).to_dicts()
    assert (row["monthly"], row["seats"], row["seat_use"], row["mrr"]) == (1, None, None, 0)
    assert tenure.open().ask({"question": "account_stickiness"}).to_dicts() == []
