"""Files of other people, imported as they are, give the figures their makers published."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from reference.cases import SHARED
from reference.prices import add_months
from tenure.apps.connectors import files

DATA = SHARED / "data"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not beside this clone"),
]


@pytest.fixture
def workspace(home: Path, settings: Any) -> Any:
    """What answers see after the imports of a test."""
    import tenure
    from tenure.apps.workspaces.services import lake

    settings.TENURE_TIMEZONE, settings.TENURE_REPORTING_CURRENCY = "UTC", "USD"

    def ask(question: dict[str, Any]) -> list[dict[str, Any]]:
        lake.flush()
        return tenure.open(home).ask(question).to_dicts()

    return ask


def test_the_playbook_of_mrr_gives_its_control_movements(workspace: Any) -> None:
    done = files.run_import(DATA / "mrr_playbook/subscription_periods.csv", "subscriptions", by="test")
    assert (done.created, dict(done.outcome.counts)) == (121, {})
    found = workspace({"question": "movements", "from": "2017-09", "to": "2020-02"})
    kinds = ("new", "expansion", "contraction", "churn", "reactivation")
    assert [sum(row[k] for row in found) for k in kinds] == [2295, 660, -555, -2550, 150]


def test_payments_of_an_open_source_project_add_up_to_its_yearly_totals(workspace: Any) -> None:
    options = files.Options(
        columns={"account_id": "contributor_id", "amount": "amount_usd", "period_start": "ts"},
        constants={
            "line_id": "{contributor_id}-{ts}-{row}",
            "type": "subscription",
            "interval": "month",
            "currency": "USD",
        },
    )
    done = files.run_import(DATA / "oss_subscriptions/contributions.csv", "invoice_lines", options, by="test")
    assert (done.created, dict(done.outcome.counts)) == (1037, {})
    from tenure.apps.subscriptions.models import InvoiceLineVersion

    years: dict[int, Decimal] = {}
    for day, amount, kind in InvoiceLineVersion.objects.values_list("period_start", "amount", "type"):
        assert (kind == "refund") == (amount < 0)
        years[day.year] = years.get(day.year, Decimal(0)) + amount
    totals = ["120", "225", "105", "1254.38", "4721", "3744", "1818", "877", "1579", "369"]
    assert [years[y] for y in sorted(years)] == [Decimal(t) for t in totals]


def test_a_simulated_firm_with_contradictions_is_imported_with_its_doubts(workspace: Any) -> None:
    accounts = files.run_import(DATA / "ravenstack/accounts.csv.gz", "accounts", by="test")
    subscriptions = files.run_import(DATA / "ravenstack/subscriptions.csv.gz", "subscriptions", by="test")
    assert (accounts.created, subscriptions.created) == (500, 5000)
    assert dict(subscriptions.outcome.counts) == {"import.quantity_left_out": 1, "import.no_days": 13}
    assert workspace({"question": "movements", "from": "2024-12", "to": "2024-12"})[0]["customers_close"] > 0


def test_a_snapshot_of_customers_gets_its_start_from_their_tenure(workspace: Any) -> None:
    """The file has months of tenure instead of days: start = snapshot - max(tenure, 1) months, end = snapshot."""
    snapshot = date(2024, 1, 1)
    sink = io.StringIO()
    with gzip.open(DATA / "telco_churn/telco_customer_churn.csv.gz", "rt", encoding="utf-8", newline="") as stream:
        prepared = csv.writer(sink)
        prepared.writerow(["customerID", "subscription_id", "plan", "MonthlyCharges", "start", "end"])
        for row in csv.DictReader(stream):
            start = add_months(snapshot, -max(int(row["tenure"]), 1))
            left = snapshot.isoformat() if row["Churn"] == "Yes" else ""
            name = row["customerID"]
            prepared.writerow([name, name, row["Contract"], row["MonthlyCharges"], start.isoformat(), left])
    options = files.Options(columns={"amount": "MonthlyCharges"}, constants={"interval": "month"})
    done = files.run_import(sink.getvalue().encode(), "subscriptions", options, by="test")
    assert done.created == 7043
    (moved,) = workspace({"question": "movements", "from": "2024-01", "to": "2024-01"})
    assert (moved["customers_open"], moved["customers_churned"]) == (7043, 1869)
    assert (moved["open"], moved["churn"]) == (Decimal("456116.60"), Decimal("-139130.85"))
