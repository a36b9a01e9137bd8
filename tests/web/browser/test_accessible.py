"""No page shuts anybody out: by ear, by keyboard, with little contrast (WCAG 2.2 AA, by axe)."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tenure.web.pages import FOOT, NAVIGATION

ROUTES = list(dict.fromkeys(one.route for place in (*NAVIGATION, *FOOT) for one in (place, *place.items)))
INNER = (
    *(("account_record", "acme"), ("record_new", "contracts"), ("closing_month", "2024-03"), ("definition_new",)),
    *(("anomalies",), ("import_new",), ("targets",), ("saved_views",)),
)
"""Pages that the navigation does not name, of each sort one."""
PAGES = {route: reverse(route, args=arguments) for route, *arguments in (*((route,) for route in ROUTES), *INNER)}
NARROW = 360
LOW = {"width": 960, "height": 400}
OUT_OF_SIGHT = """() => {
    const shown = [...document.querySelectorAll("main .table-wrap")].filter((box) => box.clientHeight);
    return shown.map((box) => {
        box.scrollTo(9999, 9999);
        const edge = box.getBoundingClientRect();
        const head = box.querySelector("thead th").getBoundingClientRect();
        const last = [...box.querySelectorAll("tbody tr")].at(-1);
        const first = last.querySelector("th, td:not(.table__check)").getBoundingClientRect();
        return {
            down: box.scrollTop > 1,
            aside: box.scrollLeft > 1,
            long: edge.height > innerHeight,
            head: head.top >= edge.top - 1,
            first: first.right > edge.left + 8,
            name: box.getAttribute("aria-label") ?? box.getAttribute("aria-labelledby"),
        };
    });
}"""


@pytest.mark.parametrize(("language", "theme", "turn"), [("en", "dark", 0), ("zh-hans", "light", 1)])
def test_no_page_shuts_anybody_out(open_as, barriers, settled, language, theme, turn):
    page = open_as("owner", "/account/", language=language, theme=theme)
    wrong = {}
    every_part = ("parts", reverse("parts"))
    for route, address in (*list(PAGES.items())[turn::2], every_part):  # each page in one look, each part in both
        page.goto(address)
        settled(page)
        if found := barriers(page):
            wrong[route] = found
        assert page.locator("h1").count() == 1, route
        assert page.locator("h1").inner_text() in page.title(), route
        assert page.get_attribute("html", "lang") == language, route
        assert page.locator("a.skip[href='#main']").count() == 1, route
    assert wrong == {}


def test_no_page_scrolls_sideways_on_a_phone(open_as):
    page = open_as("owner", "/account/", language="en", width=NARROW)  # the longer words of the two
    wide = {}
    for route, address in PAGES.items():
        page.goto(address)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > NARROW:
            wide[route] = width
    assert wide == {}


def test_head_and_first_column_of_a_table_stay_in_sight(open_as):
    page = open_as("owner", "/account/")
    page.set_viewport_size(LOW)
    moved, lost = set(), []
    for route in ("metrics", "renewals", "definitions", "health", "closing", "accounts"):
        page.goto(PAGES[route])
        for table in page.evaluate(OUT_OF_SIGHT):
            moved |= {way for way in ("down", "aside") if table[way]}
            if table["long"] or not table["head"] or (table["aside"] and not table["first"]):
                lost.append((route, table))
    assert lost == []
    assert moved == {"down", "aside"}
