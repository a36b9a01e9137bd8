"""What surrounds every page: folding the navigation, the person's menu, the way by keyboard to the content."""

from __future__ import annotations

from playwright.sync_api import expect

MOVEMENTS = "/retain/movements/?to=2024-04"


def test_fold_the_navigation(open_as):
    page = open_as("viewer", MOVEMENTS)
    page.click(".nav__fold button")
    page.mouse.move(800, 600)
    expect(page.locator(".nav__item .nav__name").first).to_be_hidden()
    page.reload()
    expect(page.locator(".nav__item .nav__name").first).to_be_hidden()
    assert page.locator(".nav").bounding_box()["width"] < 60
    page.hover(".nav__home")
    expect(page.locator(".nav__item .nav__name").first).to_be_visible()
    page.click(".nav__fold button")
    page.mouse.move(800, 600)
    expect(page.locator(".nav__item .nav__name").first).to_be_visible()
    expect(page.locator(".nav__fold button")).to_have_attribute("aria-expanded", "true")


def test_the_menu_of_the_person_closes_with_escape(open_as):
    page = open_as("viewer", MOVEMENTS)
    page.click(".person summary")
    expect(page.locator(".person__menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".person__menu")).to_be_hidden()
    expect(page.locator(".person summary")).to_be_focused()


def test_the_first_tab_leads_to_the_content(open_as):
    page = open_as("viewer", MOVEMENTS)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
