"""The list of accounts in a browser: filter, order, choose, change and take back, preview, save a view, by keyboard."""

from __future__ import annotations

import re
import shutil
from urllib.parse import parse_qs, urlsplit

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


WIDTHS = "(heads) => Object.fromEntries(heads.map((head) => [head.dataset.column, head.offsetWidth]))"


def widths(page):
    """How wide each column of the list is, in pixels."""
    return page.locator("th[data-column]").evaluate_all(WIDTHS)


def drawn(page):
    """The widths that the address says."""
    said = parse_qs(urlsplit(page.url).query).get("w", [""])[0]
    return {name: int(width) for name, width in (one.split("~") for one in said.split(",") if one)}


def handle(page, column):
    return page.locator(f"th[data-column={column}] .table__edge")


def pull(page, column, by, *, let_go=True):
    """Take the handle of a column and move it so many pixels."""
    box = handle(page, column).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by / 2, y)
    page.mouse.move(x + by, y)
    if let_go:
        page.mouse.up()


def test_a_column_is_drawn_to_a_width_and_keeps_it(open_as, home, picture):
    page = open_as("operator", f"{PAGE}?sort=name", home=home)
    asked = []
    page.on(
        "request", lambda request: request.resource_type in ("document", "fetch", "xhr") and asked.append(request.url)
    )
    before = widths(page)
    pull(page, "name", 90, let_go=False)
    during = widths(page)
    assert during.pop("name") == before["name"] + 90
    assert all(abs(width - before[name]) <= 1 for name, width in during.items()), "the others stay as they are"
    page.mouse.up()
    after = widths(page)
    assert asked == [], "drawing asks the server nothing"
    assert drawn(page) == {"name": after["name"]} == {"name": before["name"] + 90}
    box = handle(page, "tier").bounding_box()
    assert box["width"] >= 24
    assert box["height"] >= 24
    page.reload()
    assert widths(page) == after
    without = open_as("operator", page.url, home=home, script=False)
    assert without.locator("th[data-column=name]").bounding_box()["width"] == after["name"], (
        "no script is needed for it"
    )
    expect(handle(without, "name")).to_be_hidden()
    pull(page, "owner", -500)
    assert widths(page)["owner"] == 56
    cut = page.locator("tbody td.drawn").first
    assert cut.evaluate("(one) => getComputedStyle(one).textOverflow") == "ellipsis"
    expect(cut).to_have_attribute("title", cut.inner_text())
    picture(page, "accounts-widths")
    shown = {"name": before["name"] + 90, "owner": 56}
    page.click("th .table__sort:has-text('MRR')")
    page.wait_for_url("**sort=-mrr**")
    assert drawn(page) == shown
    assert widths(page) == {**widths(page), **shown}
    page.click(".chip--add")
    page.select_option("[name=field]", "mrr")
    page.select_option("[name=op]", "set")
    page.click("text=Add filter")
    page.wait_for_url("**f=mrr~set**")
    assert drawn(page) == shown
    assert widths(page) == {**widths(page), **shown}
    page.click("summary:has-text('Columns')")
    page.click("text=As usual")
    page.wait_for_url(lambda url: "w=" not in url)
    assert page.locator(".drawn").count() == 0


def test_a_width_goes_with_what_was_drawn_last_before_the_next_page(open_as, home):
    page = open_as("operator", PAGE, home=home)
    pull(page, "region", 40)
    shown = widths(page)
    page.fill(".listing__search [type=search]", "caqc")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=caqc**")
    assert widths(page)["region"] == shown["region"]
    page.click(".save-view summary")
    page.fill("#view-name", "Wide regions")
    page.click("text=Save the view")
    expect(page.locator(".tab[aria-current=true]")).to_have_text("Wide regions")
    assert drawn(page)["region"] == shown["region"]
    update = page.locator("text=Update “Wide regions”")
    expect(update).to_be_hidden()
    pull(page, "region", 24)
    expect(update).to_be_visible()
    wider = widths(page)["region"]
    update.click()
    expect(page.locator("[data-toast]")).to_contain_text("Wide regions")
    page.goto(PAGE)
    assert drawn(page) == {}
    page.click(".tab:has-text('Wide regions')")
    page.wait_for_url("**w=**")
    assert widths(page)["region"] == wider
    page.click("summary:has-text('Export')")
    with page.expect_download() as saved:
        page.click("text=CSV")
    assert "Region" in saved.value.path().read_text("utf-8-sig").splitlines()[0]


@pytest.mark.parametrize(
    ("language", "name"),
    [("en", "Width of the column Region"), ("zh-hans", "「地区」列的宽度")],
)
def test_a_width_is_drawn_by_the_keyboard(open_as, home, barriers, language, name):
    page = open_as("viewer", PAGE, home=home, language=language)
    edge = page.get_by_role("separator", name=name, exact=True)
    before = widths(page)["region"]
    expect(edge).to_have_attribute("aria-valuenow", str(before))
    assert before >= 56
    page.locator("th[data-column=region] a").focus()
    page.keyboard.press("Tab")
    expect(edge).to_be_focused()
    for key, wide in [("ArrowRight", before + 8), ("Shift+ArrowRight", before + 48), ("ArrowLeft", before + 40),
                      ("End", 800), ("ArrowRight", 800), ("Home", 56), ("ArrowLeft", 56)]:  # fmt: skip
        page.keyboard.press(key)
        expect(edge).to_have_attribute("aria-valuenow", str(wide))
        assert widths(page)["region"] == wide
        assert drawn(page)["region"] == wide
    assert barriers(page) == {}
    page.keyboard.press("Enter")
    assert drawn(page) == {}
    assert widths(page)["region"] == before
    expect(edge).to_be_focused()


def test_esc_and_a_double_click_take_a_width_back(open_as, home):
    page = open_as("viewer", PAGE, home=home)
    before = widths(page)
    pull(page, "region", 70, let_go=False)
    assert widths(page)["region"] == before["region"] + 70
    page.keyboard.press("Escape")
    page.mouse.up()
    assert widths(page) == before
    assert drawn(page) == {}
    page.goto(f"{PAGE}?w=region~300")
    assert widths(page)["region"] == 300
    handle(page, "region").dblclick()
    assert widths(page) == before
    assert drawn(page) == {}


def test_a_column_moves_to_another_place(open_as, home):
    page = open_as("viewer", f"{PAGE}?columns=name,tier,mrr,region&w=mrr~200", home=home)

    def heads():
        return page.locator("[data-column]").evaluate_all("(all) => all.map((one) => one.dataset.column)")

    page.click("summary:has-text('Columns')")
    page.click("[aria-label='Move Region one place earlier']")
    page.wait_for_url("**region%2Cmrr**")
    assert heads() == ["name", "tier", "region", "mrr"]
    page.locator("summary:has-text('Columns')").focus()
    page.keyboard.press("Enter")
    page.locator("[aria-label='Move Region one place earlier']").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**region%2Ctier**")
    assert heads() == ["name", "region", "tier", "mrr"]
    assert widths(page)["mrr"] == 200


@pytest.mark.parametrize(("language", "theme"), [("en", "dark"), ("zh-hans", "light")])
def test_on_a_phone_rows_are_cards(open_as, home, picture, language, theme):
    asked = f"{PAGE}?w=name~700,mrr~700"
    page = open_as("viewer", asked, home=home, width=360, height=800, language=language, theme=theme)
    expect(page.locator("thead")).to_be_hidden()
    expect(page.locator("tbody tr").first).to_contain_text("长安汽车")
    picture(page, f"accounts-phone-{language}")
