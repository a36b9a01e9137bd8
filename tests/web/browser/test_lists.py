"""The list of accounts in a browser: filter, order, choose, change and take back, preview, save a view, by keyboard."""

from __future__ import annotations

import re
import shutil

import pytest
from playwright.sync_api import expect

from tenure.apps.crm import services

PAGE = "/customers/accounts/"
NAMES = {"acme": "长安汽车", "birch": "阿里山茶", "cedar": "Cedar", "elm": "北京水泥"}


@pytest.fixture
def home(sample_folder, tmp_path, settings, transactional_db):
    """The small workspace with names of its accounts in the store, for this test alone."""
    folder = tmp_path / "home"
    shutil.copytree(sample_folder, folder)
    settings.TENURE_HOME = folder
    for account, name in NAMES.items():
        services.add("accounts", {"account_id": account, "name": name, "tier": "B"}, by="the test")
    return folder


def test_filter_order_and_save_as_a_view(open_as, home, picture):
    page = open_as("operator", PAGE, home=home)
    expect(page.locator(".listing__count")).to_have_text("6 accounts")
    page.click(".chip--add")
    page.select_option("[name=field]", "mrr")
    operators = page.locator("[name=op] option:not([disabled])")
    assert operators.all_inner_texts() == [
        "is",
        "is not",
        "is more than",
        "is less than",
        "has a value",
        "has no value",
    ]
    page.select_option("[name=op]", "gt")
    page.fill("[data-filter] [name=value]", "60")
    page.click("text=Add filter")
    expect(page.locator(".chip__value")).to_have_text("60")
    assert "f=mrr~gt~60" in page.url
    page.click("th .table__sort:has-text('Account')")
    assert "sort=name" in page.url
    expect(page.locator("tbody .table__name")).to_have_text(["阿里山茶", "长安汽车"])
    page.click(".save-view summary")
    page.fill("#view-name", "Large ones")
    page.check("[name=pinned]")
    page.click("text=Save the view")
    expect(page.locator(".tab[aria-current=true]")).to_have_text("Large ones")
    expect(page.locator(".nav__pinned")).to_contain_text("Large ones")
    picture(page, "accounts")
    page.click(".chip__drop")
    expect(page.locator(".chip__value")).to_have_count(0)
    expect(page.locator("text=Update “Large ones”")).to_be_visible()
    page.go_back()
    expect(page.locator(".chip__value")).to_have_text("60")


def test_change_many_and_take_it_back(open_as, home):
    page = open_as("operator", f"{PAGE}?sort=name", home=home)
    expect(page.locator(".bulk")).to_be_hidden()
    page.check("[data-check-page]")
    expect(page.locator("[data-check-count]")).to_have_text("Selected 6")
    page.uncheck("tr[data-row='cedar'] [data-check]")
    expect(page.locator("[data-check-count]")).to_have_text("Selected 5")
    page.click("text=Set the tier")
    page.fill("#value", "S")
    page.click("text=See what changes")
    page.click("text=Change 3 accounts")
    expect(page.locator("[data-toast]")).to_contain_text("3 accounts changed.")
    expect(page.locator(".tier--s")).to_have_count(3)
    assert page.url.endswith("?sort=name")
    page.click("[data-toast] >> text=Undo")
    expect(page.locator("[data-toast]")).to_contain_text("3 accounts are as they were before.")
    expect(page.locator(".tier--s")).to_have_count(0)


def test_preview_beside_the_list_by_keyboard(open_as, home):
    page = open_as("viewer", PAGE, home=home)
    first = page.locator("tbody .table__name").first
    first.focus()
    page.keyboard.press(" ")
    expect(page.locator("#drawer-title")).to_be_focused()
    expect(page.locator("#drawer")).to_contain_text("MRR today")
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    expect(page.locator("[data-listing]")).to_be_visible()


def test_a_search_finds_by_pinyin_and_says_what_it_filters_by(open_as, home):
    page = open_as("viewer", PAGE, home=home)
    page.fill(".listing__search input", "caqc")
    page.keyboard.press("Enter")
    expect(page.locator("tbody .table__name")).to_have_text(["长安汽车"])
    page.click("text=Clear filters")
    expect(page.locator(".listing__count")).to_have_text("6 accounts")


def test_columns_are_chosen_and_exported_as_shown(open_as, home):
    page = open_as("viewer", PAGE, home=home)
    page.click("text=Columns")
    page.uncheck(".listing__columns [value=region]")
    page.check(".listing__columns [value=employees]")
    page.click("text=Show these")
    heads = [re.sub(r"\s+", " ", text) for text in page.locator("thead th a").all_inner_texts()]
    assert "Region" not in heads
    assert heads[-1] == "Employees"
    page.click("summary:has-text('Export')")
    with page.expect_download() as saved:
        page.click("text=CSV")
    head = saved.value.path().read_text("utf-8-sig").splitlines()[0].split(",")
    assert head[-1] == "Employees"


@pytest.mark.parametrize(("language", "theme"), [("en", "dark"), ("zh-hans", "light")])
def test_on_a_phone_rows_are_cards(open_as, home, picture, language, theme):
    page = open_as("viewer", PAGE, home=home, width=360, height=800, language=language, theme=theme)
    expect(page.locator("thead")).to_be_hidden()
    expect(page.locator("tbody tr").first).to_contain_text("长安汽车")
    picture(page, f"accounts-phone-{language}")
