"""Reconciling in a browser: paste totals, mend what could not be read, open what explains the gap."""

from __future__ import annotations

import pytest

import tenure

LINES = [
    {"account_id": "acme", "subscription_id": "s1", "amount": "100", "start": "2024-01-01"},
    {"account_id": "birch", "subscription_id": "s2", "amount": "50", "start": "2024-01-01"},
]
DISCOUNTS = [{"subscription_id": "s1", "kind": "percent", "value": "20", "duration": "forever", "start": "2024-01-01"}]


@pytest.fixture
def list_prices(home):
    opened = tenure.open(home, settings={"reporting_currency": "USD", "timezone": "UTC"})
    opened.load("subscriptions", LINES)
    opened.load("discounts", DISCOUNTS)
    return home


def test_paste_mend_and_open_the_cause(open_as, list_prices, picture):
    page = open_as("analyst", "/retain/reconcile/", home=list_prices)
    page.get_by_label("Paste the totals").fill("Month\tMRR\n2024-01\t150\nTotal\t150")
    page.get_by_role("button", name="Compare").click()
    page.get_by_text("“Total” is no month.").wait_for()
    page.watched.forgive("422")
    assert page.get_by_label("Paste the totals").input_value().endswith("Total\t150")
    page.get_by_label("Leave out the lines that cannot be read").check()
    page.get_by_role("button", name="Compare").click()
    page.get_by_text("1 line was left out").wait_for()
    page.get_by_role("link", name="they show list prices").click()
    drawer = page.locator("#drawer")
    drawer.get_by_text("1 source row").wait_for()
    assert "s1" in drawer.inner_text()
    picture(page, "reconciliation")
