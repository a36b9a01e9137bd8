"""The command palette by hand: opened, typed into in two scripts, moved through and left, by keys alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

import tenure
from tenure.apps.crm import services as crm

MOVEMENTS = "/retain/movements/?to=2024-04"


@pytest.fixture
def chinese(tmp_path: Path, settings, transactional_db) -> Path:
    """A workspace with accounts that have Chinese names."""
    home = tmp_path / "chinese"
    settings.TENURE_HOME = home
    tenure.open(home, settings={"reporting_currency": "CNY"})
    for account, name in (("a1", "云梯科技"), ("a2", "长安银行")):
        crm.add("accounts", {"account_id": account, "name": name}, by="test")
    return home


def test_find_an_account_by_pinyin_and_open_it(open_as, chinese):
    page = open_as("viewer", "/account/", home=chinese, language="zh-hans")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-input")).to_be_focused()
    page.keyboard.type("cayh")
    option = page.locator("#palette [role=option][aria-selected=true]")
    expect(option).to_contain_text("长安银行")
    expect(page.locator("#palette-input")).to_have_attribute("aria-activedescendant", option.get_attribute("id"))
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("长安银行")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette [role=option]").first).to_contain_text("长安银行")


def test_move_by_arrows_and_leave_by_escape(open_as):
    page = open_as("viewer", MOVEMENTS)
    page.locator(".nav__search").focus()
    page.keyboard.press("Control+k")
    first, second = page.locator("#palette [role=option]").nth(0), page.locator("#palette [role=option]").nth(1)
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(second).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#palette [role=option]").last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    expect(page.locator(".nav__search")).to_be_focused()


def test_switch_the_brightness(open_as):
    page = open_as("viewer", MOVEMENTS)
    page.click(".nav__search")
    page.keyboard.type("dark")
    expect(page.locator("#palette [role=option][aria-selected=true]")).to_contain_text("Dark")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.url.endswith(MOVEMENTS)


def test_an_input_method_is_not_disturbed(open_as):
    page = open_as("viewer", MOVEMENTS)
    page.keyboard.press("Control+k")
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    asked = []
    page.on("request", lambda request: "/palette/" in request.url and asked.append(request.url))
    keyboard = page.context.new_cdp_session(page)
    keyboard.send("Input.imeSetComposition", {"text": "shou", "selectionStart": 4, "selectionEnd": 4})
    page.keyboard.press("ArrowDown")
    page.wait_for_timeout(300)
    assert asked == []
    keyboard.send("Input.insertText", {"text": "收入"})
    expect(page.locator("#palette [role=option][aria-selected=true]")).to_contain_text("Movements")


def test_a_search_that_fails_says_so_and_can_be_tried_again(open_as):
    page = open_as("viewer", MOVEMENTS, lost="**/palette/**")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette [role=alert]")).to_be_visible()
    page.unroute("**/palette/**")
    page.click("#palette [data-again]")
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    page.watched.forgive("ERR_FAILED")


def test_on_a_phone(open_as, picture):
    page = open_as("viewer", MOVEMENTS, width=360)
    page.click(".topbar [data-palette]")
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    picture(page, "palette-360")
