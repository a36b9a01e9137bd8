"""No page of the navigation shuts anybody out: by ear, by keyboard, with little contrast (WCAG 2.2 AA, by axe)."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from tenure.web.pages import FOOT, NAVIGATION

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
SERIOUS = ("serious", "critical")
ROUTES = list(dict.fromkeys(one.route for place in (*NAVIGATION, *FOOT) for one in (place, *place.items)))
NARROW = 360


@pytest.fixture(scope="module")
def axe():
    return Axe()


def findings(axe, page):
    """What is wrong, and where: serious and critical ones."""
    found = axe.run(page, options=RULES).response["violations"]
    return {one["id"]: [node["html"][:200] for node in one["nodes"]][:5] for one in found if one["impact"] in SERIOUS}


@pytest.mark.parametrize(("language", "theme"), [("en", "dark"), ("zh-hans", "light")])
def test_no_page_shuts_anybody_out(open_as, axe, language, theme):
    page = open_as("owner", "/account/", language=language, theme=theme)
    wrong = {}
    for route in ROUTES:
        page.goto(reverse(route))
        page.wait_for_load_state("networkidle")
        if found := findings(axe, page):
            wrong[route] = found
    assert wrong == {}


def test_no_page_scrolls_sideways_on_a_phone(open_as):
    page = open_as("owner", "/account/", language="en", width=NARROW)  # the longer words of the two
    wide = {}
    for route in ROUTES:
        page.goto(reverse(route))
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > NARROW:
            wide[route] = width
    assert wide == {}


def test_one_heading_a_title_and_the_language(open_as):
    page = open_as("owner", "/account/", language="zh-hans")
    for route in ROUTES:
        page.goto(reverse(route))
        assert page.locator("h1").count() == 1, route
        assert page.locator("h1").inner_text() in page.title(), route
        assert page.get_attribute("html", "lang") == "zh-hans", route
        assert page.locator("a.skip[href='#main']").count() == 1, route
