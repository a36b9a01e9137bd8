"""What a person sees and does on the revenue pages: the charts, the proof of a figure, a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

MOVEMENTS = "/retain/movements/?to=2024-04"

LOOKS = [(1440, "en", "light"), (1440, "zh-hans", "dark"), (390, "zh-hans", "light"), (390, "en", "dark")]
"""Widths, languages and themes, each of them with each other at least once over the pages."""


def test_see_the_charts(open_as):
    page = open_as("viewer", "/retain/movements/")
    for chart in ("waterfall", "moves"):
        drawn = page.locator(f"[data-drawn={chart}]")
        expect(drawn).to_have_attribute("role", "img")
        expect(drawn).to_have_attribute("aria-label", re.compile("MRR"))


def test_switch_the_language(open_as):
    page = open_as("viewer", MOVEMENTS)
    page.click(".person summary")
    page.click('[name=language][value="zh-hans"]')
    expect(page.locator("h1")).to_have_text("收入变动")
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    page.click(".person summary")
    page.click("[name=language][value=en]")
    expect(page.locator("h1")).to_have_text("Movements")


def test_switch_the_theme(open_as):
    page = open_as("viewer", MOVEMENTS)
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.click(".person summary")
    page.click("[name=theme][value=dark]")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate(ground) != light
    page.click(".person summary")
    page.click("[name=theme][value=system]")
    expect(page.locator("html[data-theme]")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_take_the_chosen_colours_of_better_and_worse(open_as, theme):
    page = open_as("viewer", MOVEMENTS, theme=theme)
    roles = "(names) => names.map((name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`))"
    greens, reds = (page.evaluate(roles, [f"{hue}-{n}" for n in (1, 2)]) for hue in ("green", "red"))
    moves = ["move-new", "move-expansion", "move-churn", "move-contraction"]
    assert not {*page.evaluate(roles, moves)} & {*greens, *reds}
    for chosen, expected in (("green-red", [*greens, *reds]), ("red-green", [*reds, *greens])):
        page.evaluate("(chosen) => document.documentElement.dataset.trend = chosen", chosen)
        assert page.evaluate(roles, moves) == expected


def test_open_the_proof_of_a_figure_and_close_it(open_as):
    page = open_as("viewer", MOVEMENTS)
    page.locator(".tile__value").first.click()
    expect(page.locator("#drawer .proof__figure")).to_have_text("$460.55")
    expect(page.locator("#drawer-title")).to_be_focused()
    page.locator("#drawer tbody tr:nth-child(2) a").first.click()
    expect(page.locator("#drawer tbody tr:nth-child(2).is-selected")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    expect(page.locator(".tile__value").first).to_be_focused()


def test_a_bar_is_a_door_too(open_as):
    page = open_as("viewer", MOVEMENTS)
    chart = page.locator("[data-drawn=waterfall]")
    box = chart.bounding_box()
    chart.click(position={"x": box["width"] / 10, "y": box["height"] - 60})
    expect(page.locator("#drawer .proof__figure")).to_have_text("$410.55")


def test_charts_are_also_tables(open_as):
    page = open_as("viewer", MOVEMENTS)
    card = page.locator(".card", has=page.locator("[data-drawn=waterfall]"))
    card.locator("[data-swap=table]").click()
    expect(card.locator("[data-view=table] table")).to_be_visible()
    expect(card.locator("[data-view=chart]")).to_be_hidden()


def test_a_refusal_in_the_drawer_is_read_there(open_as):
    page = open_as("viewer", MOVEMENTS)
    page.evaluate("htmx.ajax('GET', '/retain/movements/rows/?kind=tea', '#drawer')")
    expect(page.locator("#drawer .state__id")).to_contain_text("page.choice")
    page.watched.forgive("422")


@pytest.mark.parametrize(("width", "language"), [(360, "en"), (390, "zh-hans")])
def test_a_phone(open_as, width, language):
    page = open_as("viewer", MOVEMENTS, width=width, language=language)
    page.wait_for_selector("[data-drawn=moves]")
    sideways = "document.documentElement.scrollWidth"
    assert page.evaluate(sideways) <= width
    expect(page.locator(".nav")).to_be_hidden()
    page.click("[data-nav-toggle]")
    expect(page.locator(".nav")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".nav")).to_be_hidden()
    page.locator(".tile__value").first.click()
    page.wait_for_selector("#drawer .proof__figure")
    assert page.evaluate(sideways) <= width


@pytest.mark.parametrize(("width", "language", "theme"), LOOKS)
def test_pictures(open_as, picture, width, language, theme):
    page = open_as("viewer", MOVEMENTS, width=width, language=language, theme=theme)
    page.wait_for_selector("[data-drawn=moves]")
    ground = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ground').trim()")
    assert ground == {"light": "#ffffff", "dark": "#141519"}[theme]
    picture(page, f"movements-{width}-{language}-{theme}")


@pytest.mark.parametrize("width", [1440, 360])
def test_renewals(open_as, picture, width):
    page = open_as("viewer", "/retain/renewals/?from=2024-01&to=2024-04", width=width)
    expect(page.locator("#renewals-title")).to_contain_text("50.0%")
    page.locator("main .choices__item:not([aria-current])", has_text="30").first.click()
    page.wait_for_url("**days=30**")
    page.wait_for_selector("#rates-title")
    page.locator("tr.is-selected .figure").first.click()
    expect(page.locator("#drawer .proof__figure")).to_contain_text("50.0%")
    page.keyboard.press("Escape")
    picture(page, f"renewals-{width}")


@pytest.mark.parametrize("width", [1440, 360])
def test_cohorts(open_as, picture, width):
    page = open_as("viewer", "/retain/cohorts/?from=2024-01&to=2024-04", width=width)
    expect(page.locator("#cohorts-title")).to_contain_text("still there")
    cell = page.locator(".heat tbody tr:nth-child(2) td:nth-of-type(4) a")
    expect(cell).to_have_attribute("aria-label", re.compile("2 of 3"))
    cell.focus()
    page.keyboard.press("Enter")  # a cell is a door for the keyboard too
    expect(page.locator("#drawer .proof__figure")).to_have_text("66.7%")
    page.keyboard.press("Escape")
    expect(cell).to_be_focused()
    picture(page, f"cohorts-{width}")


@pytest.mark.parametrize("width", [1440, 360])
def test_metrics(open_as, picture, width):
    page = open_as("viewer", "/retain/metrics/?from=2024-01&to=2024-04", width=width)
    expect(page.locator("#metrics-title")).to_contain_text("Apr 2024")
    expect(page.locator(".multiple__line").first).to_be_visible()
    card = page.locator(".card", has=page.locator(".multiple__line")).first
    page.locator("[data-swap=table]").first.click()
    expect(page.locator(".card [data-view=table] table").first).to_be_visible()
    page.locator(".card tr.is-selected .figure").first.click()
    expect(page.locator("#drawer .proof__figure")).to_have_text("$460.55")
    page.keyboard.press("Escape")
    expect(card).to_be_attached()
    picture(page, f"metrics-{width}")


@pytest.mark.parametrize(("width", "language"), [(1440, "en"), (390, "zh-hans")])
def test_mark_what_happened_by_the_keyboard(open_as, own_sample, picture, width, language):
    """From the page of metrics: it stands on every small line there, and at its cohort on the page of cohorts."""
    page = open_as("operator", "/retain/metrics/?from=2024-01&to=2024-04", width=width, language=language)
    page.locator(".annotations summary").focus()
    page.keyboard.press("Enter")
    page.fill("#annotation-day", "2024-03-05")
    page.fill("#annotation-text", "Spring fair")
    page.keyboard.press("Enter")
    expect(page.locator(".annotation")).to_contain_text("Spring fair")
    lines = page.locator(".multiple__line")
    assert lines.count() >= 8
    assert page.locator(".multiple__line .happened").count() == lines.count()
    assert "Spring fair" in page.locator(".multiple__line .happened title").first.text_content()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    picture(page, f"metrics-annotated-{width}")
    page.goto("/retain/cohorts/?from=2024-01&to=2024-04")
    expect(page.locator("tr:has(.happened-row) .happened-row")).to_have_attribute("title", re.compile("Spring fair"))
    expect(page.locator(".annotation")).to_contain_text("Spring fair")
