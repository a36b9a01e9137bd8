"""Everything by keys: going, searching, moving through rows, and when keys do nothing."""

from __future__ import annotations

from playwright.sync_api import expect

MOVEMENTS = "/retain/movements/?to=2024-04"


def test_go_to_pages_by_letters(open_as):
    page = open_as("viewer", MOVEMENTS)
    page.keyboard.type("gr")
    expect(page.locator("h1")).to_have_text("Renewals")
    page.keyboard.type("ga")
    expect(page.locator("h1")).to_have_text("Accounts")


def test_the_list_of_keys_opens_and_closes(open_as, picture):
    page = open_as("owner", MOVEMENTS)
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    picture(page, "shortcuts-1440")
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()


def test_walk_through_rows_open_one_and_step_through_periods(open_as):
    page = open_as("viewer", "/customers/accounts/")
    names = page.locator("[data-row] a.table__name")
    page.keyboard.press("j")
    expect(names.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(names.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(names.nth(0)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/customers/accounts/?" not in address and not address.endswith("/accounts/"))
    page.goto(MOVEMENTS)
    page.keyboard.press("[")
    page.wait_for_url(lambda address: "2024-03" in address)
    page.keyboard.press("]")
    page.wait_for_url(lambda address: "2024-04" in address)


def test_the_slash_finds_the_search_of_the_page_or_of_everything(open_as):
    page = open_as("viewer", "/customers/accounts/")
    page.keyboard.press("/")
    expect(page.locator("main input[type=search]").first).to_be_focused()
    page.keyboard.type("?gj/c")
    expect(page.locator("main input[type=search]").first).to_have_value("?gj/c")
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.goto(MOVEMENTS)
    page.keyboard.press("/")
    expect(page.locator("#palette-input")).to_be_focused()


def test_create_offers_what_the_role_may_make(open_as):
    page = open_as("owner", MOVEMENTS)
    page.keyboard.press("c")
    expect(page.locator("#palette [role=option]", has_text="Invite somebody")).to_be_visible()
    expect(page.locator("#palette [role=option]", has_text="Sign out")).to_have_count(0)


def test_keys_held_with_others_do_nothing(open_as):
    page = open_as("viewer", MOVEMENTS)
    for combination in ("Alt+j", "Control+Alt+c", "Meta+/"):
        page.keyboard.press(combination)
    page.keyboard.press("g")
    page.keyboard.press("Alt+r")
    page.wait_for_timeout(200)
    expect(page.locator("h1")).to_have_text("Movements")
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_keys_do_nothing_while_an_input_method_composes(open_as):
    page = open_as("viewer", MOVEMENTS)
    press = "(given) => document.body.dispatchEvent(new KeyboardEvent('keydown', { bubbles: true, ...given }))"
    for given in ({"key": "?", "isComposing": True}, {"key": "/", "keyCode": 229}):
        page.evaluate(press, given)
    expect(page.locator("dialog[open]")).to_have_count(0)
    page.evaluate(press, {"key": "?"})
    expect(page.locator("#shortcuts")).to_be_visible()


def test_keys_can_be_switched_off(open_as):
    page = open_as("viewer", "/account/appearance/")
    page.get_by_role("radio", name="Off").check()
    page.click("main .button--primary")
    expect(page.locator("[data-toast]")).to_be_visible()
    page.keyboard.press("?")
    page.keyboard.type("gr")
    page.wait_for_timeout(200)
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("h1")).to_have_text("Appearance")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
