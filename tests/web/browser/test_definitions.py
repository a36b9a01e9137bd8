"""Metric definitions in a browser: write one, see whose accounts it counts otherwise, read a page under it."""

from __future__ import annotations

import pytest

import tenure

LINES = [
    {"account_id": "acme", "subscription_id": "s1", "amount": "100", "start": "2023-01-01"},
    {"account_id": "birch", "subscription_id": "s2", "amount": "100", "start": "2023-01-01", "end": "2024-04-01",
     "cancelled_at": "2024-01-20"},
]  # fmt: skip


@pytest.fixture
def asked_to_leave(home):
    tenure.open(home, settings={"reporting_currency": "USD", "timezone": "UTC"}).load("subscriptions", LINES)
    return home


def test_write_a_definition_compare_it_and_read_by_it(open_as, asked_to_leave, picture):
    page = open_as("analyst", "/retain/definitions/?from=2023-11&to=2024-01", home=asked_to_leave)
    page.get_by_role("link", name="New definition").first.click()
    page.get_by_label("Name", exact=True).fill("board")
    page.get_by_label("When a customer is lost").select_option(label="when they ask to leave, if that is earlier")
    page.get_by_role("button", name="Write the definition").click()
    page.locator(".toast__text", has_text="board, version 1, is written").wait_for()
    page.goto("/retain/definitions/?from=2023-11&to=2024-01&right=board")
    row = page.get_by_role("row", name="birch")
    assert "board: 2024-01-20 Churn −100" in row.inner_text()
    row.get_by_role("link", name="$0").click()
    page.locator("#drawer").get_by_text("Definition board, version 1").wait_for()
    picture(page, "definitions-compared")
    page.goto("/retain/movements/?from=2023-11&to=2024-01")
    page.get_by_text("Counted by").click()
    page.get_by_role("link", name="board").click()
    page.wait_for_url("**definition=board**")
    assert "Definition board, version 1" in page.locator(".page-head__note").inner_text()
    page.get_by_role("row", name="birch").get_by_role("link").first.click()
    page.locator("#drawer").get_by_text("birch").first.wait_for()
    page.locator("#drawer").get_by_text("Definition board, version 1").wait_for()
