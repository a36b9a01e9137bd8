"""Records in a browser: a contract edited behind a closed month and taken back, facts in place, two editors at once."""

from __future__ import annotations

import pytest

import tenure
from tenure.apps.crm import services as crm
from tenure.apps.crm.models import AccountVersion
from tenure.apps.subscriptions import services
from tenure.apps.subscriptions.models import ContractVersion

CONTRACT = {"contract_id": "k1", "account_id": "acme", "currency": "USD", "start": "2024-01-01", "end": "2025-01-01",
            "total": "1200", "notice_days": "30"}  # fmt: skip


@pytest.fixture
def acme(home, transactional_db):
    tenure.open(home, settings={"reporting_currency": "USD", "timezone": "UTC"})
    crm.add("accounts", {"account_id": "acme", "name": "Acme", "tier": "A", "owner": "Li Wei"}, by="Li Wei")
    crm.add(
        "contacts", {"contact_id": "p1", "account_id": "acme", "name": "Zoe", "roles": "decision_maker"}, by="Li Wei"
    )
    services.add("contracts", CONTRACT, by="Li Wei")
    services.add("contracts", {**CONTRACT, "contract_id": "k2", "start": "2025-01-01", "end": "2027-01-01",
                               "total": "2880", "renews": ["k1"]}, by="Li Wei")  # fmt: skip
    services.close_month("2026-01", by="Wang Fang")
    return home


def test_a_contract_edited_behind_a_closed_month_says_its_restatement_and_is_taken_back(open_as, acme, picture):
    page = open_as("owner", "/customers/contracts/", home=acme)
    page.get_by_role("link", name="k2").click()
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Total without tax").fill("3,600")
    page.get_by_role("button", name="Save").click()
    assert "1234.50" in page.locator(".field__error").inner_text()
    assert page.get_by_label("Total without tax").input_value() == "3,600"
    page.watched.forgive("422")
    page.get_by_label("Total without tax").fill("3600")
    page.get_by_label("Reason").fill("A seat was forgotten")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("1 closed month is restated").wait_for()
    assert "2,880 → 3,600" in page.locator(".version--now").inner_text()
    assert "A seat was forgotten" in page.locator(".version--now").inner_text()
    picture(page, "record-restated")
    page.get_by_role("link", name="Jan 2026").click()
    page.locator("main").get_by_text("acme").or_(page.locator("main").get_by_text("Acme")).first.wait_for()
    page.go_back()
    page.get_by_role("button", name="Take back").click()
    page.get_by_text("Change taken back").first.wait_for()
    assert ContractVersion.objects.live().get(contract_id="k2").total == 2880
    assert ContractVersion.objects.filter(contract_id="k2").count() == 3


def test_a_fact_is_edited_in_its_place_by_the_keyboard(open_as, acme):
    page = open_as("sales", "/customers/accounts/acme/", home=acme)
    tier = page.get_by_role("link", name="Tier: A. Edit")
    tier.focus()
    page.keyboard.press("F2")
    page.locator("[data-fact] input[name=tier]").fill("Z")
    page.keyboard.press("Escape")
    tier.wait_for()
    assert page.evaluate("document.activeElement.textContent.trim()") == "A"
    page.keyboard.press("Enter")
    page.locator("[data-fact] input[name=tier]").fill("S")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Tier: S. Edit").wait_for()
    page.locator(".toast__text", has_text="Saved: Tier.").wait_for()
    page.get_by_role("link", name="Tier: S. Edit").click()
    page.locator("[data-fact] input[name=tier]").wait_for()  # what is edited is what was there before Olga's edit
    crm.edit("accounts", "acme", {"tier": "B"}, by="Olga")
    page.locator("[data-fact] input[name=tier]").fill("C")
    page.keyboard.press("Enter")
    page.get_by_text("It is now: B.").wait_for()
    page.watched.forgive("409")
    assert AccountVersion.objects.live().get().tier == "B"


def test_a_key_pressed_as_soon_as_a_fact_opens_is_heard(open_as, acme):
    page = open_as("sales", "/customers/accounts/acme/", home=acme)
    page.evaluate(
        """document.addEventListener("htmx:afterSwap", () => setTimeout(() => document.activeElement.dispatchEvent(
             new KeyboardEvent("keydown", {key: "Escape", bubbles: true, cancelable: true}))), {once: true});
           window.same = true"""
    )
    tier = page.get_by_role("link", name="Tier: A. Edit")
    with page.expect_response(lambda response: "show=1" in response.url):
        tier.press("F2")
    page.wait_for_function("document.activeElement.textContent.trim() === 'A'")
    assert page.evaluate("window.same")  # by a swap, not by a page of its own


def test_two_people_edit_the_same_contract_and_the_second_chooses(open_as, acme, picture):
    first = open_as("sales", "/customers/edit/contracts/k2/", home=acme)
    second = open_as("owner", "/customers/edit/contracts/k2/", home=acme)
    first.get_by_label("Total without tax").fill("3000")
    first.get_by_label("Plan").fill("pro")
    first.get_by_role("button", name="Save").click()
    first.get_by_text("2,880 → 3,000").wait_for()
    second.get_by_label("Total without tax").fill("4000")
    second.get_by_label("Quantity").fill("7")
    second.get_by_role("button", name="Save").click()
    second.get_by_text("Nothing of yours was written yet").wait_for()
    second.watched.forgive("409")
    assert ContractVersion.objects.live().get(contract_id="k2").total == 3000
    picture(second, "record-two-editors")
    second.get_by_label("3000").check()
    second.get_by_role("button", name="Save").click()
    second.get_by_text("Quantity").first.wait_for()
    live = ContractVersion.objects.live().get(contract_id="k2")
    assert (live.total, live.plan, live.quantity) == (3000, "pro", 7)


@pytest.mark.parametrize(
    ("width", "language", "theme"), [(1440, "zh-hans", "light"), (390, "en", "dark"), (360, "zh-hans", "dark")]
)
def test_an_account_at_a_glance(open_as, acme, picture, width, language, theme):
    page = open_as("sales", "/customers/accounts/acme/", home=acme, width=width, language=language, theme=theme)
    page.locator(".strip a.figure").first.click()
    page.locator("#drawer .proof__figure").wait_for()
    page.keyboard.press("Escape")
    assert page.locator(".strip > div").count() == 5
    picture(page, f"account-{width}-{language}-{theme}")


@pytest.mark.parametrize(("language", "theme"), [("en", "light"), ("zh-hans", "dark")])
def test_no_page_of_records_shuts_anybody_out(open_as, acme, barriers, settled, language, theme):
    crm.edit("accounts", "acme", {"tier": "B"}, by="Li Wei", reason="smaller than it looked")
    page = open_as("owner", "/account/", home=acme, language=language, theme=theme)
    wrong = {}
    for path in (
        "/customers/accounts/acme/",
        "/customers/accounts/acme/?tab=contracts",
        "/customers/accounts/acme/?tab=history",
        "/customers/contracts/k2/",
        "/customers/edit/contracts/k2/",
        "/customers/new/contacts/",
        "/customers/end/contracts/k2/",
        "/customers/withdraw/contracts/k2/",
        "/customers/erase/p1/",
    ):
        page.goto(path)
        settled(page)
        assert page.locator("h1").count() == 1
        if found := barriers(page):
            wrong[path] = found
    assert wrong == {}
