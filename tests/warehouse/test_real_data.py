"""Real and well-known data through the engine, against control figures published or counted by hand."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

import tenure
from reference.cases import SHARED
from reference.prices import add_months

DATA = SHARED / "data"
SNAPSHOT = date(2024, 1, 15)
YEARS = {
    "2017": "120.00", "2018": "225.00", "2019": "105.00", "2020": "1254.38", "2021": "4721.00",
    "2022": "3744.00", "2023": "1818.00", "2024": "877.00", "2025": "1579.00", "2026": "369.00",
}  # fmt: skip
MONTHS = {"monthly": 1, "yearly": 12, "once": 1}


def read(name: str) -> list[dict[str, str]]:
    """The rows of a data set, or a skip that says which one is missing."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"the data set {name} is not here (set TENURE_SHARED)")
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        return list(csv.DictReader(lines))


def by_period(answer: Any) -> dict[str, dict[str, Any]]:
    assert all(check["ok"] for check in answer.checks)
    return {row["period"]: row for row in answer.to_dicts()}


class TestMrrPlaybook:
    """55 customers whose movements were counted outside (the data's README)."""

    @pytest.fixture(scope="class")
    @classmethod
    def months(cls) -> dict[str, dict[str, Any]]:
        workspace = tenure.open()
        workspace.load(
            "subscriptions",
            [
                {
                    "account_id": row["customer_id"],
                    "subscription_id": row["subscription_id"],
                    "start": row["start_date"],
                    "end": row["end_date"],
                    "amount": row["monthly_amount"],
                }
                for row in read("mrr_playbook/subscription_periods.csv")
            ],
        )
        return by_period(workspace.ask({"question": "movements", "from": "2017-09", "to": "2020-02"}))

    def test_totals_of_all_months(self, months: dict[str, dict[str, Any]]) -> None:
        kinds = ("new", "expansion", "contraction", "churn", "reactivation")
        sums = {kind: sum(row[kind] for row in months.values()) for kind in kinds}
        assert sums == {"new": 2295, "expansion": 660, "contraction": -555, "churn": -2550, "reactivation": 150}

    @pytest.mark.parametrize(
        ("month", "expected"),
        [
            pytest.param("2017-11", {"close": 0, "customers_close": 0}, id="nobody yet"),
            pytest.param(
                "2018-06", {"close": 235, "customers_close": 4, "new": 25, "expansion": 30, "contraction": -10}
            ),
            pytest.param("2018-09", {"close": 340, "customers_close": 6, "new": 30, "reactivation": 50}),
            pytest.param("2019-10", {"close": 1680, "customers_close": 36}),
            pytest.param("2019-11", {"close": 1840, "customers_close": 42}, id="peak"),
            pytest.param("2019-12", {"close": 1255, "customers_close": 28, "churn": -705}),
            pytest.param("2020-02", {"close": 0, "customers_close": 0}, id="everything ends"),
        ],
    )
    def test_months(self, months: dict[str, dict[str, Any]], month: str, expected: dict[str, int]) -> None:
        assert {name: months[month][name] for name in expected} == expected
        assert max(row["close"] for row in months.values()) == 1840


class TestOssSubscriptions:
    """Nine years of real payments to one project, as invoice lines."""

    @pytest.fixture(scope="class")
    @classmethod
    def workspace(cls) -> Any:
        workspace = tenure.open(settings={"revenue_source": "invoices"})
        workspace.load("invoice_lines", list(cls.lines()))
        return workspace

    @staticmethod
    def lines() -> Iterator[dict[str, Any]]:
        for n, row in enumerate(read("oss_subscriptions/contributions.csv")):
            start = date.fromisoformat(row["ts"][:10])
            kind = "one_time" if row["frequency"] == "once" else "subscription"
            yield {
                "line_id": f"p{n}",
                "account_id": row["contributor_id"],
                "subscription_id": row["contributor_id"],
                "type": "refund" if row["is_refund"] == "1" else kind,
                "amount": row["amount_usd"],
                "currency": "USD",
                "interval": "year" if row["frequency"] == "yearly" else "month",
                "period_start": start.isoformat(),
                "period_end": add_months(start, MONTHS[row["frequency"]]).isoformat(),
            }

    def test_invoiced_by_year_to_the_cent(self, workspace: Any) -> None:
        answer = workspace.ask({"question": "invoiced", "from": "2017", "to": "2026", "grain": "year"})
        assert {row["period"]: row["net"] for row in answer.to_dicts()} == {
            year: Decimal(total) for year, total in YEARS.items()
        }
        assert sum(row["net"] for row in answer.to_dicts()) == Decimal("14812.38")

    def test_refunds_are_apart(self, workspace: Any) -> None:
        answer = workspace.ask({"question": "invoiced", "from": "2024", "to": "2024", "grain": "year"})
        (row,) = answer.to_dicts()
        assert abs(row["refunded"]) == Decimal("102.00")
        assert row["invoiced"] - abs(row["refunded"]) == row["net"]

    def test_mrr_of_a_month_is_that_of_the_payments_running_at_its_end(self, workspace: Any) -> None:
        months = by_period(workspace.ask({"question": "movements", "from": "2017-01", "to": "2026-12"}))
        running = [line for line in self.lines() if line["type"] == "subscription"]
        for month, row in months.items():
            first_of_next = add_months(date.fromisoformat(f"{month}-01"), 1).isoformat()
            paid = [line for line in running if line["period_start"] < first_of_next <= line["period_end"]]
            expected = sum(Decimal(p["amount"]) / (12 if p["interval"] == "year" else 1) for p in paid)
            assert abs(row["close"] - expected) < Decimal("0.000001"), month
            assert row["customers_close"] == len({p["account_id"] for p in paid}), month
        assert months["2026-12"]["customers_open"] < 22


class TestRavenstack:
    """5,000 fictional subscriptions whose tables contradict one another: nothing crashes, faults are listed."""

    @pytest.fixture(scope="class")
    @classmethod
    def rows(cls) -> list[dict[str, str]]:
        return read("ravenstack/subscriptions.csv.gz")

    @pytest.fixture(scope="class")
    @classmethod
    def workspace(cls, rows: list[dict[str, str]]) -> Any:
        workspace = tenure.open()
        accounts = [
            {**row, "name": row["account_name"], "region": row["country"], "created_at": row["signup_date"]}
            for row in read("ravenstack/accounts.csv.gz")
        ]
        report = workspace.load("accounts", accounts)
        assert "churn_flag" in report.unknown_columns
        workspace.load(
            "subscriptions",
            [
                {
                    **row,
                    "plan": row["plan_tier"],
                    "start": row["start_date"],
                    "end": row["end_date"] or None,
                    "amount": row["mrr_amount"],
                    "interval": "month",
                }
                for row in rows
            ],
        )
        return workspace

    def test_closes_are_the_sums_of_the_file(self, workspace: Any, rows: list[dict[str, str]]) -> None:
        months = by_period(workspace.ask({"question": "movements", "from": "2023-01", "to": "2024-12"}))
        for month, row in months.items():
            first = date.fromisoformat(f"{month}-01")
            last = date.fromordinal(add_months(first, 1).toordinal() - 1).isoformat()
            paid = [r for r in rows if r["start_date"] <= last and (not r["end_date"] or last < r["end_date"])]
            assert row["close"] == sum(Decimal(r["mrr_amount"]) for r in paid), month
            assert row["customers_close"] == len({r["account_id"] for r in paid if Decimal(r["mrr_amount"]) > 0})

    def test_its_faults_are_anomalies(self, workspace: Any, rows: list[dict[str, str]]) -> None:
        """13 subscriptions end on the day they start."""
        found = workspace.ask({"question": "anomalies"}).to_dicts()
        without_a_day = {row["subscription_id"] for row in rows if row["start_date"] == row["end_date"]}
        assert len(without_a_day) == 13
        assert [row["kind"] for row in found] == ["end_before_start"] * 13

    @pytest.mark.parametrize("question", ["revenue_metrics", "cohorts", "ledger", "movements"])
    def test_every_question_answers(self, workspace: Any, question: str) -> None:
        fields: dict[str, Any] = {"question": question, "from": "2023-01", "to": "2024-12"}
        assert workspace.ask(fields).table.num_rows > 0
        if question in {"revenue_metrics", "movements"}:
            assert workspace.ask({**fields, "by": ["industry", "plan"]}).table.num_rows > 24


class TestTelcoChurn:
    """7,043 subscribers on one day: the share that left, of customers and of money."""

    @pytest.fixture(scope="class")
    @classmethod
    def workspace(cls) -> Any:
        workspace = tenure.open()
        workspace.load(
            "subscriptions",
            [
                {
                    "account_id": row["customerID"],
                    "subscription_id": row["customerID"],
                    "plan": row["Contract"],
                    "start": add_months(SNAPSHOT, -max(int(row["tenure"]), 1)).isoformat(),
                    "end": SNAPSHOT.isoformat() if row["Churn"] == "Yes" else None,
                    "amount": row["MonthlyCharges"],
                }
                for row in read("telco_churn/telco_customer_churn.csv.gz")
            ],
        )
        return workspace

    def test_churned_share_of_customers_and_of_money(self, workspace: Any) -> None:
        (moved,) = workspace.ask({"question": "movements", "from": "2024-01", "to": "2024-01"}).to_dicts()
        assert (moved["customers_open"], moved["customers_churned"]) == (7043, 1869)
        assert (moved["open"], moved["churn"]) == (Decimal("456116.60"), Decimal("-139130.85"))
        (rates,) = workspace.ask({"question": "revenue_metrics", "from": "2024-01", "to": "2024-01"}).to_dicts()
        assert round(rates["customer_churn_rate"], 4) == Decimal("0.2654")
        assert round(rates["gross_mrr_churn_rate"], 3) == Decimal("0.305")

    @pytest.mark.parametrize(
        ("contract", "share"), [("Month-to-month", "0.4271"), ("One year", "0.1127"), ("Two year", "0.0283")]
    )
    def test_by_contract(self, workspace: Any, contract: str, share: str) -> None:
        asked = {"question": "revenue_metrics", "from": "2024-01", "to": "2024-01", "by": ["plan"]}
        found = {row["plan"]: row["customer_churn_rate"] for row in workspace.ask(asked).to_dicts()}
        assert round(found[contract], 4) == Decimal(share)
