"""A lead from the form outside to the deal, its committee, the contract and the table of channels, without a mouse."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

import tenure
from tenure.apps.acquisition.services import lead_forms
from tenure.apps.crm.models import ContactVersion, DealVersion
from tenure.apps.subscriptions.models import ContractVersion


@pytest.fixture
def fair(home: Any, transactional_db: None, monkeypatch: Any) -> Any:
    monkeypatch.setattr(lead_forms, "LEAST_SECONDS", 0)
    tenure.open(home, settings={"reporting_currency": "CNY", "timezone": "Asia/Shanghai"})
    given = {"name": "Fair", "title": "Talk to us", "fields": ["company_name", "person_name", "title", "email"]}
    more = {"required": ["email"], "signal": "demo_request", "consent": "You may write to me.", "channel": "fair"}
    return lead_forms.save({**given, **more}, by="test")


def press(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def to(page: Any, role: str, name: str) -> None:
    """Go on by the tab key until something is in focus."""
    wanted = page.get_by_role(role, name=name, exact=True)
    for _step in range(80):
        if wanted.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{name} cannot be reached by the tab key")


def test_from_the_form_to_the_deal_by_the_keyboard(
    open_as: Any, fair: Any, home: Any, picture: Any, barriers: Any
) -> None:
    outside = open_as(None, f"/f/{fair.token}/?utm_campaign=spring", home=home, width=390, script=False)
    for name, text in (
        ("Company", "云杉科技"),
        ("Your name", "李雷明"),
        ("Your job title", "IT总监"),
        ("E-mail address", "li@yunshan.example"),
    ):
        to(outside, "textbox", name)
        outside.keyboard.type(text)
    to(outside, "checkbox", "You may write to me.")
    press(outside, "Space", "Enter")
    outside.get_by_text("It has arrived").wait_for()
    picture(outside, "lead-sent")

    page = open_as("sales", "/acquire/leads/", home=home)
    assert barriers(page) == {}
    to(page, "link", "云杉科技")
    press(page, "Enter")
    page.get_by_role("heading", name="云杉科技").wait_for()
    assert barriers(page) == {}
    to(page, "button", "Accept the lead")
    press(page, "Enter")
    page.get_by_text("it is yours now").first.wait_for()
    to(page, "textbox", "Name of the deal")
    page.keyboard.type("云杉一期")
    to(page, "textbox", "Amount without tax")
    page.keyboard.type("120000")
    to(page, "button", "Make it a deal")
    picture(page, "lead-to-deal")
    press(page, "Enter")
    page.get_by_role("heading", name="云杉一期").wait_for()
    deal = DealVersion.objects.live().get()
    assert (deal.owner, deal.amount, deal.account_id is not None) == ("sales@example.com", 120_000, True)
    assert ContactVersion.objects.live().get().email == "li@yunshan.example"
    to_money(page, deal)
    boss = open_as("owner", "/acquire/channels/?running=yes", home=home)
    row = boss.get_by_role("row", name="fair")
    row.wait_for()
    assert "10,000" in row.inner_text(), "the MRR of the contract's deal"


def to_money(page: Any, deal: Any) -> None:
    """From the deal with its committee to the contract and its MRR."""
    to(page, "link", "Add somebody")
    press(page, "Enter")
    to(page, "textbox", "Contact id")
    page.keyboard.type(ContactVersion.objects.live().get().contact_id)
    to(page, "checkbox", "Decision maker")
    press(page, "Space")
    to(page, "button", "Add")
    press(page, "Enter")
    page.wait_for_url("**/customers/committee_members/**", wait_until="commit")
    page.goto(page.url.split("/customers/")[0] + f"/customers/edit/deals/{deal.version_key}/")
    to(page, "textbox", "MRR it would add")
    page.keyboard.type("10000")
    to(page, "button", "Save")
    press(page, "Enter")
    page.wait_for_url("**/customers/deals/**")
    page.get_by_text("No decision maker is known").wait_for(state="detached")
    to(page, "combobox", "Put into the stage")
    page.keyboard.type("Won")
    expect(page.get_by_label("Put into the stage")).to_have_value("won")
    to(page, "button", "Move")
    press(page, "Enter")
    page.get_by_role("heading", name="To the stage Won").wait_for()
    to(page, "button", "Move")
    press(page, "Enter")
    to(page, "button", "Make the contract")
    press(page, "Enter")
    page.get_by_text("The contract is written").first.wait_for()
    contract = ContractVersion.objects.live().get()
    assert (contract.total, contract.account_id) == (120_000, deal.account_id)
    assert DealVersion.objects.live().get().contract_id == contract.contract_id
