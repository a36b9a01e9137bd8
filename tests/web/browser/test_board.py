"""The board of deals: a card is dragged to another stage, and moved by its menu without a mouse."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tenure.apps.crm import services
from tenure.apps.crm.models import DealVersion


@pytest.fixture
def deal(home: Any, stages_of_deals: None) -> Any:
    services.add("accounts", {"account_id": "acme", "name": "云杉科技"}, by="t")
    given = {"deal_id": "d", "account_id": "acme", "name": "云杉一期", "stage": "discovery"}
    return services.add("deals", {**given, "amount": "100", "currency": "CNY"}, by="t")


def test_a_card_moves_by_drag_and_by_keys(deal: Any, open_as: Any, home: Any, barriers: Any, picture: Any) -> None:
    page = open_as("sales", "/convert/board/", home=home)
    assert barriers(page) == {}
    picture(page, "board")
    card = page.locator("[data-card]")
    card.drag_to(page.get_by_role("region", name="Evaluation"))
    page.get_by_text("It is now: Evaluation.").first.wait_for()
    assert DealVersion.objects.live().get().stage == "evaluation"
    page.get_by_text("Move 云杉一期").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Discovery")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_text("It is now: Discovery.").first.wait_for()
    assert DealVersion.objects.live().get().stage == "discovery"
