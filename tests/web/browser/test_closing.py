"""Closing a month in a browser: look at the list first, close it, change a record behind it, see who moved what."""

from __future__ import annotations

import pytest

import tenure
from tenure.apps.subscriptions import services

LINE = {"account_id": "acme", "subscription_id": "s1", "amount": "100", "currency": "USD", "start": "2024-01-15"}


@pytest.fixture
def one_line(home, transactional_db):
    tenure.open(home, settings={"reporting_currency": "USD", "timezone": "UTC"})
    services.add("subscriptions", LINE, by="Li Wei")
    return home


def test_close_a_month_and_see_what_moved_since(open_as, one_line, picture):
    page = open_as("analyst", "/retain/closing/?from=2024-01&to=2024-03", home=one_line)
    page.get_by_role("link", name="Mar 2024").click()
    page.get_by_text("Feb 2024 is still open").wait_for()
    page.get_by_label("Note").fill("Checked against the invoices")
    page.get_by_role("button", name="Close Mar 2024").click()
    page.get_by_text("Nothing has moved since the close").first.wait_for()
    services.edit(
        "subscriptions", "acme/s1/main/2024-01-15", {"amount": "80"}, by="Wang Fang", reason="signed for less"
    )
    page.reload()
    page.get_by_role("row", name="acme").get_by_role("link").click()
    drawer = page.locator("#drawer")
    drawer.get_by_text("Wang Fang · signed for less").wait_for()
    assert "100 → 80" in drawer.inner_text()
    picture(page, "closing-restated")
    page.keyboard.press("Escape")
    page.get_by_label("Reason").fill("The contract was late")
    page.get_by_role("button", name="Open Mar 2024 again").click()
    page.get_by_text("Mar 2024 is open again").wait_for()
    assert "The contract was late" in page.locator("main").inner_text()
