"""From the cockpit down to a source row, by the mouse and by a copied address; the range picker; a target."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

APRIL = "/?to=2024-04&from=2024-01"


def test_drill_from_a_tile_to_a_source_row_and_share_it(open_as):
    page = open_as("owner", APRIL)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".tile", has_text="Net new MRR").locator(".tile__value").click()
    drawer = page.locator("#drawer")
    expect(drawer.locator(".proof__figure")).to_have_text("+$50")
    drawer.locator("li[data-step='2'] a", has_text="birch").click()
    expect(drawer.locator("li[data-step='3'] h3")).to_have_text("birch")
    expect(drawer.locator("li[data-step='3'] tbody tr")).to_contain_text("Reactivation")
    expect(drawer.locator("li[data-step='4'] tbody tr").first).to_contain_text("Subscriptions")
    copied = drawer.locator("[data-copy]")
    expect(copied).to_have_attribute("data-copy", re.compile("account=birch"))
    copied.click()
    address = page.evaluate("navigator.clipboard.readText()")
    assert "account=birch" in address
    page.goto(address)
    expect(page.locator("h1")).to_contain_text("Net new")
    expect(page.locator("li[data-step='3'] h3")).to_have_text("birch")
    expect(page.locator("li[data-step='4'] tbody tr").first).to_contain_text("Subscriptions")


def test_the_slow_cards_come_after_the_page(open_as):
    page = open_as("viewer", APRIL)
    expect(page.locator("#why-mrr li").first).to_be_visible()
    expect(page.locator(".tile", has_text="Renewal rate").locator(".tile__value")).to_be_visible()
    expect(page.locator(".cockpit__today .section-head p")).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)
    page.locator("#why-mrr a").first.click()
    expect(page.locator("h1")).to_have_text("Movements")
    expect(page.locator(".slices .chip__value")).to_be_visible()


def test_choose_a_stretch_and_step_through_it(open_as):
    page = open_as("viewer", "/retain/movements/?to=2024-04")
    page.locator(".range summary").first.click()
    page.locator(".menu--range .choices__item", has_text="Quarter").click()
    assert "grain=quarter" in page.url
    expect(page.locator(".range summary").first).to_contain_text("Q2 2024")
    page.locator("[data-range-step=earlier]").click()
    expect(page.locator(".range summary").first).to_contain_text("Q1 2024")
    page.locator(".range summary").first.click()
    page.locator(".menu--range [name=from]").fill("2024-02-01")
    page.locator(".menu--range [name=to]").fill("2024-06-30")
    page.locator(".menu--range .menu__form button").click()
    assert re.search(r"from=2024-02-01&to=2024-06-30", page.url)
    page.locator(".range summary").first.click()
    expect(page.locator(".menu--range")).to_contain_text("Automatic for 151 days: Week")
    page.locator(".menu--range .choices__item", has_text="Quarter").click()
    expect(page.locator(".range summary").first).to_contain_text("Q2 2024")
    assert "from=2024-Q1" in page.url


def test_match_the_weekday(open_as):
    page = open_as("viewer", "/?grain=day&to=2024-04-20&compare=year")
    compared = page.locator(".range summary").nth(1)
    expect(compared).to_contain_text("Sat 22 Apr 2023")
    compared.click()
    page.get_by_role("switch", name="Match the weekday").press("Enter")
    expect(page.locator(".range summary").nth(1)).to_contain_text("Thu 20 Apr 2023")


@pytest.mark.parametrize(
    ("language", "theme"), [("en", "light"), ("en", "dark"), ("zh-hans", "light"), ("zh-hans", "dark")]
)
def test_pictures_of_the_cockpit(open_as, picture, language, theme):
    page = open_as("viewer", APRIL, language=language, theme=theme)
    expect(page.locator("#why-mrr li").first).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)
    expect(page.locator("[data-drawn=lines]")).to_be_visible()
    picture(page, f"cockpit-{language}-{theme}")


def test_on_a_phone(open_as, picture):
    page = open_as("viewer", APRIL, width=360, height=800)
    expect(page.locator(".skeleton")).to_have_count(0)
    picture(page, "cockpit-360")
