"""Edges of metrics, renewals, cohorts, invoices and closed months, worked by hand: easy to get wrong by one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from reference.by_hand import asked, closes, contract, opened, sub
from tenure.core.errors import QuestionRefused

# Metrics ------------------------------------------------------------------------------------------------------------


def customers(lost: dict[str, int], start: int = 100) -> list[dict[str, Any]]:
    """`start` customers of 10 a month since 2023, of whom so many end in each month."""
    ends = [month for month, count in lost.items() for _ in range(count)]
    rows = [sub(account_id=f"c{n}", amount="10", start="2023-01-01") for n in range(start)]
    for row, month in zip(rows, ends, strict=False):
        row["end"] = f"{month}-15"
    return rows


def test_all_metrics_of_a_month() -> None:
    rows = [
        sub(start="2023-01-01", end="2024-01-10", amount="400", row_id="up"),
        sub(start="2024-01-10", amount="500", row_id="up more"),
        sub(account_id="b", start="2023-01-01", end="2024-01-10", amount="300", row_id="down"),
        sub(account_id="b", start="2024-01-10", amount="250", row_id="down less"),
        sub(account_id="c", start="2023-01-01", end="2024-01-05", amount="200"),
        sub(account_id="d", start="2023-01-01", amount="100"),
        sub(account_id="n", start="2024-01-03", amount="30"),
        sub(account_id="o", start="2024-01-03", amount="50"),
        sub(account_id="r", start="2023-01-01", end="2023-03-01", amount="60", row_id="once"),
        sub(account_id="r", start="2024-01-20", amount="70", row_id="again"),
    ]
    workspace = opened({"gross_margin": "0.5"}, subscriptions=rows)
    found = asked(workspace, "revenue_metrics", "period", from_="2024-01", to="2024-01")["2024-01",]
    del found["ltv_trailing6"]
    assert {name: None if value is None else round(value, 6) for name, value in found.items()} == {
        "mrr": 1000,
        "arr": 12000,
        "arpa": Decimal("166.666667"),
        "asp": 40,
        "customer_churn_rate": Decimal("0.25"),
        "customer_churn_rate_incl_new_in_base": Decimal("0.166667"),
        "gross_mrr_churn_rate": Decimal("0.25"),
        "net_mrr_churn_rate": Decimal("0.15"),
        "net_mrr_churn_rate_incl_reactivation": Decimal("0.08"),
        "nrr": Decimal("0.85"),
        "grr": Decimal("0.75"),
        "quick_ratio": 1,
        "quick_ratio_excl_reactivation": Decimal("0.72"),
        "ltv_simple": Decimal("666.666667"),
        "ltv_margin": Decimal("333.333333"),
        "ltv_net_retention": Decimal("1111.111111"),
    }


def test_trailing_churn_leaves_the_current_month_out() -> None:
    lost = {"2023-06": 50, "2023-07": 10, "2023-08": 4, "2023-12": 9, "2024-01": 20}
    found = asked(opened(subscriptions=customers(lost)), "revenue_metrics", "period", from_="2024-01", to="2024-01")
    rates = [Decimal(10) / 50, Decimal(4) / 40, 0, 0, 0, Decimal(9) / 36]
    assert round(found["2024-01",]["ltv_trailing6"], 6) == round(10 / (sum(rates) / 6), 6)


def test_a_quarter_is_measured_end_to_end() -> None:
    """0.8, then 1, then 0.5 of what was there; one of the lost comes back in March."""
    lost = {"2024-01": 2, "2024-03": 4}
    rows = [*customers(lost, 10), sub(account_id="c0", amount="10", start="2024-03-20", row_id="back")]
    found = asked(
        opened(subscriptions=rows), "revenue_metrics", "period", from_="2024-Q1", to="2024-Q1", grain="quarter"
    )["2024-Q1",]
    assert found["customer_churn_rate"] == Decimal("0.5")
    assert found["nrr"] == Decimal("0.5")


def test_undefined_is_null() -> None:
    found = asked(opened(subscriptions=[sub()]), "revenue_metrics", "period", from_="2023-12", to="2024-02")
    before, first, then = found.values()
    assert before["mrr"] == 0
    assert (before["arpa"], before["nrr"], before["quick_ratio"], before["customer_churn_rate"]) == (None,) * 4
    assert (first["nrr"], first["customer_churn_rate_incl_new_in_base"]) == (None, 0)
    assert (then["quick_ratio"], then["ltv_simple"], then["ltv_net_retention"]) == (None, None, None)


# Renewals -----------------------------------------------------------------------------------------------------------

OLD = contract("k", "2023-06-01", "2024-06-01")


@pytest.mark.parametrize(
    ("successor", "as_of", "grace", "status"),
    [
        pytest.param({"start": "2024-07-01"}, "2024-12-31", 30, "renewed", id="on the last day of grace"),
        pytest.param({"start": "2024-07-02"}, "2024-12-31", 30, "lost win_back", id="a day after the grace"),
        pytest.param({"start": "2024-07-02"}, "2024-12-31", 45, "renewed", id="inside a longer grace"),
        pytest.param({"start": "2024-07-02"}, "2024-07-01", 30, "pending", id="its late successor has not begun"),
        pytest.param({"start": "2024-03-01"}, "2024-04-01", 30, "renewed", id="early, before the end"),
        pytest.param({"start": "2024-06-20"}, "2024-06-10", 30, "renewed", id="signed, starts after as_of"),
        pytest.param(None, "2024-05-31", 30, "", id="not ended"),
        pytest.param(None, "2024-06-01", 30, "pending", id="ended today"),
        pytest.param(None, "2024-07-01", 30, "pending", id="the last day of grace"),
        pytest.param(None, "2024-07-02", 30, "lost", id="the grace is over"),
    ],
)
def test_what_became_of_a_contract(successor: dict[str, Any] | None, as_of: str, grace: int, status: str) -> None:
    rows = [OLD] if successor is None else [OLD, contract("k2", end="2026-01-01", renews=["k"], **successor)]
    workspace = opened({"renewal_grace_days": grace}, contracts=rows)
    found = asked(workspace, "renewals", "period", from_="2024-05", to="2024-06", as_of=as_of)
    assert found["2024-06",]["expiring"] == 0
    row = found["2024-05",]
    assert row["expiring"] == bool(status)
    assert " ".join(name for name in ("renewed", "pending", "lost", "win_back") if row[name]) == status


@pytest.mark.parametrize(
    ("fields", "as_of", "status"),
    [
        pytest.param({"notice_given_at": "2024-04-10"}, "2024-04-10", "lost", id="notice is lost at once"),
        pytest.param({"notice_given_at": "2024-04-10"}, "2024-04-09", "", id="before the notice"),
        pytest.param({"notice_given_at": "2024-06-05"}, "2024-06-10", "lost", id="notice inside the grace"),
        pytest.param({"kind": "month_to_month"}, "2024-12-31", "", id="month to month is left out"),
    ],
)
def test_notice_and_kind(fields: dict[str, Any], as_of: str, status: str) -> None:
    workspace = opened(contracts=[{**OLD, **fields}])
    row = asked(workspace, "renewals", "period", from_="2024-05", to="2024-05", as_of=as_of)["2024-05",]
    assert " ".join(name for name in ("renewed", "pending", "lost", "win_back") if row[name]) == status


def test_one_successor_of_two_is_split_and_two_of_one_add_up() -> None:
    rows = [
        contract("a1", "2023-06-01", "2024-06-01", "12000"),
        contract("a2", "2023-06-01", "2024-06-01", "36000"),
        contract("a3", "2024-06-01", "2025-06-01", "24000", renews=["a1", "a2"]),
        contract("b1", "2023-06-01", "2024-06-01", "12000"),
        contract("b2", "2024-06-01", "2025-06-01", "6000", renews=["b1"]),
        contract("b3", "2024-06-10", "2025-06-10", "12000", renews=["b1"]),
    ]
    for row in rows:
        row["account_id"] = row["contract_id"][0]
    found = asked(opened(contracts=rows), "renewals", "period", from_="2024-05", to="2024-05", as_of="2024-12-31")
    row = found["2024-05",]
    assert (row["expiring"], row["renewed"], row["expiring_mrr"]) == (3, 3, 5000)
    assert row["gross_renewal_rate"] == Decimal("0.6")
    assert row["net_renewal_rate"] == Decimal("0.7")
    assert (row["customers_expiring"], row["customers_renewed"]) == (2, 2)


def test_pending_is_outside_the_decided_rate() -> None:
    rows = [OLD, contract("p", "2023-06-01", "2024-06-01"), contract("k2", "2024-06-01", "2025-06-01", renews=["k"])]
    row = asked(opened(contracts=rows), "renewals", "period", from_="2024-05", to="2024-05", as_of="2024-06-15")
    assert row["2024-05",]["renewal_rate"] == Decimal("0.5")
    assert row["2024-05",]["renewal_rate_decided"] == 1


@pytest.mark.parametrize(
    ("more", "as_of", "expected"),
    [
        pytest.param({"notice_days": 30}, "2024-03-01", ("2024-05-01", "running"), id="30 days before the last day"),
        pytest.param({}, "2024-03-01", ("2024-05-31", "running"), id="no notice period: the last day itself"),
        pytest.param({"notice_days": 9999}, "2024-03-01", ("2023-06-01", "running"), id="never before it begins"),
        pytest.param({"notice_given_at": "2024-02-01"}, "2024-03-01", ("2024-05-31", "lost"), id="notice was given"),
        pytest.param({"notice_given_at": "2024-04-01"}, "2024-03-01", ("2024-05-31", "running"), id="notice to come"),
        pytest.param({}, "2024-06-15", ("2024-05-31", "pending"), id="over, in grace"),
        pytest.param({}, "2024-07-15", ("2024-05-31", "lost"), id="over, and the grace too"),
    ],
)
def test_a_contract_that_is_due(more: dict[str, Any], as_of: str, expected: tuple[str, str]) -> None:
    rows = [
        contract("k", "2023-06-01", "2024-06-01", **more),
        contract("m", "2024-01-01", "2024-07-01", kind="month_to_month"),
    ]
    found = asked(opened(contracts=rows), "contracts_due", "contract_id", from_="2023-01", to="2024-12", as_of=as_of)
    assert list(found) == [("k",)]
    row = found["k",]
    assert (row["notice_by"].isoformat(), row["state"]) == expected


def test_contracts_due_are_those_of_90_days_unless_told() -> None:
    rows = [contract("k", "2023-06-01", "2024-06-01"), contract("k2", "2024-06-01", "2025-06-01", renews=["k"])]
    found = asked(opened(contracts=rows), "contracts_due", "contract_id", as_of="2024-04-01")
    assert [row["state"] for row in found.values()] == ["renewed"]
    assert not asked(opened(contracts=rows), "contracts_due", "contract_id", as_of="2024-03-01")


def test_the_rows_behind_a_contract_are_its_own_and_its_successors() -> None:
    rows = [contract("k", "2023-06-01", "2024-06-01"), contract("k2", "2024-06-01", "2025-06-01", renews=["k"])]
    answer = opened(contracts=rows).ask({"question": "contracts_due", "as_of": "2024-04-01"})
    assert sorted(answer.rows_behind({"contract_id": "k"})["line"].to_pylist()) == ["k", "k2"]
    for cell in ({"contract_id": "x"}, {"period": "2024-05"}):
        with pytest.raises(QuestionRefused):
            answer.rows_behind(cell)


# Cohorts, committed MRR, LTV, invoices, closed months ---------------------------------------------------------------


def test_a_cohort_counts_those_who_left_in_their_first_month() -> None:
    rows = [sub(start="2024-01-05", end="2024-01-20"), sub(account_id="b", start="2024-01-31", amount="40")]
    found = asked(opened(subscriptions=rows), "cohorts", "cohort", from_="2024-01", to="2024-02", value="mrr")
    row = found["2024-01",]
    assert (row["size"], row["start_mrr"], row["mrr"]) == (2, 140, [40, 40])
    quarters = asked(
        opened(subscriptions=rows),
        "cohorts",
        "cohort",
        from_="2024-Q1",
        to="2024-Q2",
        grain="quarter",
        value="customers",
    )
    assert quarters["2024-Q1",]["customers"] == [1, 1]


def test_committed_mrr() -> None:
    rows = [
        sub(account_id="stays"),
        sub(account_id="ends", end="2024-06-01", cancelled_at="2024-02-10", amount="20"),
        sub(account_id="comes", start="2024-05-01", signed_at="2024-02-20", amount="7"),
        sub(account_id="later", start="2024-05-01", signed_at="2024-03-01", amount="3"),
        sub(account_id="open-signed", start="2024-05-01", amount="1"),
    ]
    (row,) = asked(opened(subscriptions=rows), "committed_mrr", "month", as_of="2024-02-29").values()
    assert (row["mrr"], row["signed_not_started"], row["known_ends"], row["cmrr"]) == (120, 7, 20, 107)


@pytest.mark.parametrize(
    ("method", "value"),
    [
        pytest.param("simple", "100", id="ARPA over churn"),
        pytest.param("margin", "80", id="times the margin"),
        pytest.param("net_retention", "100", id="over what is lost net of expansion"),
    ],
)
def test_ltv(method: str, value: str) -> None:
    workspace = opened({"gross_margin": "0.8"}, subscriptions=customers({"2024-01": 10}))
    (row,) = asked(workspace, "ltv", "slice", method=method, as_of="2024-01-31").values()
    assert (row["method"], row["n"], round(row["ltv"], 6)) == (method, 100, Decimal(value))


def test_the_rows_behind_a_lifetime_value_are_of_the_months_its_churn_was_measured_in() -> None:
    rows = [
        sub(account_id=name, subscription_id=name, plan=plan, start=start, end=end)
        for name, plan, start, end in (
            ("stays", "pro", "2023-01-01", None),
            ("too", "solo", "2023-01-01", None),
            ("left in March", "pro", "2023-01-01", "2024-03-10"),
            ("left in July", "solo", "2023-01-01", "2024-07-10"),
            ("long gone", "solo", "2022-01-01", "2023-01-10"),
        )
    ]
    workspace = opened(subscriptions=rows)

    def behind(cell: dict[str, str], **fields: Any) -> set[str]:
        answer = workspace.ask({"question": "ltv", "as_of": "2024-07-31", **fields})
        return set(answer.rows_behind(cell)["account_id"].to_pylist())

    assert behind({}) == behind({"slice": "all"}) == {"left in March"}
    assert behind({}, method="simple") == behind({}, method="net_retention") == {"left in July"}
    assert behind({"slice": "pro"}, by=["plan"]) == {"left in March"}
    assert behind({"slice": "solo"}, by=["plan"]) == {"left in July"}
    assert behind({}, as_of="2023-09-30") == {"stays", "too", "left in March", "left in July"}
    for cell in ({}, {"slice": "gold"}, {"slice": "pro", "colour": "red"}):
        with pytest.raises(QuestionRefused) as refused:
            behind(cell, by=["plan"])
        assert refused.value.code == "question.unknown_cell"


def test_invoice_lines_as_revenue() -> None:
    line = {"account_id": "a", "subscription_id": "s", "interval": "month", "currency": "USD"}
    whole = {"amount": "113", "tax": "13", "period_start": "2024-01-01", "period_end": "2024-02-01"}
    rows = [
        {**line, **whole, "line_id": "1"},
        {
            **line, "line_id": "2", "amount": "25", "prorated": True, "period_start": "2024-01-16",
            "period_end": "2024-02-01", "full_period_start": "2024-01-01", "full_period_end": "2024-02-01",
        },
        {**line, "line_id": "3", "amount": "500", "type": "one_time", "period_start": "2024-01-10"},
        {**line, "line_id": "4", "amount": "-20", "type": "refund", "period_start": "2024-01-10"},
        {**line, **whole, "line_id": "1"},
    ]  # fmt: skip
    workspace = opened({"revenue_source": "invoices"}, invoice_lines=rows)
    assert closes(workspace, "2024-01", "2024-02") == [Decimal("148.4375"), 0]
    (row,) = asked(workspace, "invoiced", "period", from_="2024-01", to="2024-01").values()
    assert (row["invoiced"], row["refunded"], row["tax"], row["net"]) == (638, 20, 13, 605)


@pytest.mark.parametrize(
    ("fields", "close"),
    [
        pytest.param(
            {"full_period_start": "2024-01-01", "full_period_end": "2024-02-01"}, "48.4375", id="16 of 31 days"
        ),
        pytest.param({}, "48.4375", id="of the month that ends with it"),
        pytest.param({"interval": "year"}, "47.526042", id="of the 365 days that end with it"),
        pytest.param({"prorated": False}, "25", id="not prorated, however short"),
    ],
)
def test_the_price_behind_25_for_16_days(fields: dict[str, Any], close: str) -> None:
    line = {"line_id": "1", "account_id": "a", "amount": "25", "interval": "month", "prorated": True}
    days = {"period_start": "2024-01-16", "period_end": "2024-02-01"}
    workspace = opened({"revenue_source": "invoices"}, invoice_lines=[{**line, **days, **fields}])
    assert closes(workspace, "2024-01", "2024-02") == [Decimal(close), 0]


@pytest.mark.parametrize("sign", [pytest.param("-", id="given below 0"), pytest.param("", id="given above 0")])
def test_a_refund_takes_its_tax_back(sign: str) -> None:
    line = {"account_id": "a", "period_start": "2024-01-05", "period_end": "2024-02-05"}
    rows = [
        {**line, "line_id": "1", "type": "subscription", "amount": "113", "tax": "13"},
        {**line, "line_id": "2", "type": "refund", "amount": f"{sign}22.6", "tax": f"{sign}2.6"},
    ]
    (row,) = asked(opened(invoice_lines=rows), "invoiced", "period", from_="2024-01", to="2024-01").values()
    assert row == {"invoiced": 113, "refunded": Decimal("22.6"), "tax": Decimal("10.4"), "net": 80}


@pytest.mark.parametrize(
    ("theirs", "causes", "remainder"),
    [
        pytest.param(80, {}, 0, id="no gap"),
        pytest.param(100, {"discounts_not_deducted": 20}, 0, id="list prices"),
        pytest.param(130, {"discounts_not_deducted": 20, "pauses_counted": 30}, 0, id="two causes together"),
        pytest.param(95, {"discounts_not_deducted": 20}, -5, id="the nearest, and what it leaves"),
        pytest.param(87, {}, 7, id="none comes nearer than nothing"),
    ],
)
def test_their_total_beside_our_80(theirs: int, causes: dict[str, int], remainder: int) -> None:
    paused = sub(account_id="b", subscription_id="p", amount="30", pauses=[["2024-01-10", "2024-03-01"]])
    discount = {"subscription_id": "s", "kind": "percent", "value": "20", "duration": "forever"}
    workspace = opened(subscriptions=[sub(), paused], discounts=[discount])
    totals = [{"period": "2024-01", "amount": theirs}]
    (row,) = asked(workspace, "reconcile", "period", totals=totals).values()
    assert {cause["cause"]: cause["amount"] for cause in row["explained"]} == causes
    assert (row["ours"], row["difference"], row["remainder"]) == (80, theirs - 80, remainder)


def test_a_month_closed_again_is_restated_from_its_last_close() -> None:
    rows = [
        sub(recorded_at="2024-01-05"),
        sub(account_id="b", amount="40", recorded_at="2024-02-20", row_id="before the second close"),
        sub(account_id="c", amount="7", recorded_at="2024-04-01", row_id="after both"),
    ]
    closed = [
        {"month": "2024-01", "closed_at": "2024-03-05", "closed_by": "Han Mei", "recorded_at": "2024-03-05"},
        {"month": "2024-01", "closed_at": "2024-02-02", "closed_by": "Li Wei", "recorded_at": "2024-02-02"},
    ]
    found = asked(opened(subscriptions=rows, closes=closed), "restatements", "account_id", "kind")
    assert found == {
        ("c", "new"): {
            "month": "2024-01", "amount": 7, "reason": "added", "rows": ["after both"], "closed_by": "Han Mei",
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("discounts", "reason", "rows"),
    [
        pytest.param([("late", "20", "2024-04-01", None)], "added", ["late"], id="given after the close"),
        pytest.param([("gone", "20", "2024-01-05", "2024-04-01")], "superseded", ["gone"], id="withdrawn"),
        pytest.param(
            [("gone", "20", "2024-01-05", "2024-04-01"), ("late", "50", "2024-04-01", None)],
            "replaced", ["gone", "late"], id="changed",
        ),
    ],
)  # fmt: skip
def test_a_discount_changed_after_a_close_is_among_the_rows(
    discounts: list[tuple[Any, ...]], reason: str, rows: list[str]
) -> None:
    given = [
        {"subscription_id": "s", "kind": "percent", "value": value, "duration": "forever", "row_id": name,
         "recorded_at": recorded, "superseded_at": superseded}
        for name, value, recorded, superseded in discounts
    ]  # fmt: skip
    known = {"subscription_id": "t", "kind": "percent", "value": "5", "row_id": "before", "recorded_at": "2024-01-05"}
    closed = [{"month": "2024-01", "closed_at": "2024-03-05", "closed_by": "Li Wei", "recorded_at": "2024-03-05"}]
    lines = [
        sub(recorded_at="2024-01-05"),
        sub(account_id="b", subscription_id="t", amount="40", recorded_at="2024-01-05"),
    ]
    workspace = opened(subscriptions=lines, discounts=[*given, known], closes=closed)
    ((account, found),) = asked(workspace, "restatements", "account_id").items()
    assert (account, found["reason"], found["rows"]) == (("a",), reason, rows)
    answer = workspace.ask({"question": "restatements"})
    behind = answer.rows_behind({"month": "2024-01", "account_id": "a"}).to_pylist()
    assert sorted((row["table"], row["row_id"], row["line"]) for row in behind) == [("discounts", r, "s") for r in rows]
