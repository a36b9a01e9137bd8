"""Behaviour: build a funnel, open its people, save it, see it on the cockpit; trends and paths; in Chinese too."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

import tenure

MAY = "grain=week&from=2024-05-06&to=2024-05-13"


@pytest.fixture(scope="module")
def events_folder(tmp_path_factory):
    """Six accounts sign up in May 2024, each second looks at the report, one pays."""
    folder = tmp_path_factory.mktemp("behaviour")
    opened = tenure.open(folder, settings={"reporting_currency": "USD", "timezone": "UTC"})
    names = ["acme", "birch", "cedar", "dune", "elm", "fir"]
    opened.load("accounts", [{"account_id": n, "name": n.title(), "tier": "A", "owner": "x"} for n in names])
    paid = {"amount": "100", "start": "2024-01-01"}
    opened.load("subscriptions", [{**paid, "account_id": n, "subscription_id": n} for n in names])
    did = [(n, "signup", f"2024-05-{6 + i:02}T08:00:00Z") for i, n in enumerate(names)]
    did += [(n, "查看报表", f"2024-05-{7 + i:02}T09:00:00Z") for i, n in enumerate(names) if i % 2 == 0]
    did += [("acme", "pay", "2024-05-09T08:00:00Z")]
    opened.load("events", [{"account_id": a, "user_id": f"u-{a}", "event": e, "ts": at} for a, e, at in did])
    return folder


def test_build_a_funnel_open_its_people_save_it_see_it_on_the_cockpit(open_as, events_folder, barriers):
    page = open_as("owner", f"/convert/funnels/?{MAY}", home=events_folder)
    expect(page.locator("main")).to_contain_text("Nothing is asked yet")
    page.evaluate("window.stays = true")
    page.fill("#asked-s1", "signup")
    page.fill("#asked-s2", "pay")
    page.click("#asked-s-add")
    expect(page.locator("#asked-s3")).to_be_focused()
    page.fill("#asked-s3", "查看报表")
    page.press("#asked-s3", "Enter")
    expect(page.locator("h2", has_text="went through all steps")).to_contain_text("0 of 6 accounts")
    page.click("#asked-s3-up")
    expect(page.locator("#asked-s2")).to_have_value("查看报表")
    expect(page.locator("h2", has_text="went through all steps")).to_contain_text("1 of 6 accounts")
    expect(page.locator(".chart[data-drawn=series]")).to_be_visible()
    assert page.evaluate("window.stays"), "the page was loaded anew"
    assert "do=" not in page.url
    assert barriers(page) == {}

    page.locator("tr", has_text="查看报表").get_by_role("link", name="3").first.click()
    drawer = page.locator("#drawer")
    expect(drawer.locator(".proof__figure")).to_have_text("3 accounts")
    expect(drawer.locator("tbody th")).to_have_text(["Acme", "Cedar", "Elm"])
    drawer.get_by_role("link", name="As a list").click()
    expect(page.locator("h1")).to_have_text("Reached step 2")
    page.go_back()

    page.locator(".save-view summary").click()
    page.fill("#view-name", "从注册到付费")
    page.check("[name=cockpit]")
    page.get_by_role("button", name="Save the view").click()
    expect(page.locator(".tab[aria-current=true]")).to_have_text("从注册到付费")
    page.goto("/?to=2024-04&from=2024-01")
    tile = page.get_by_role("region", name="From saved views").locator(".tile")
    expect(tile.locator(".tile__value")).to_have_text("16.7%")
    tile.get_by_role("button", name="off the cockpit").click()
    expect(page.locator(".cockpit")).to_be_visible()
    expect(page.get_by_role("region", name="From saved views")).to_have_count(0)


def test_a_refusal_stands_at_its_field_and_the_form_stays(open_as, events_folder):
    page = open_as("viewer", f"/convert/funnels/?s1=signup&s2=pay&{MAY}", home=events_folder)
    page.fill("#asked-window", "soon")
    page.click("#asked-show")
    expect(page.locator("#asked-window-said")).to_contain_text("no length of time")
    expect(page.locator("#asked-s1")).to_have_value("signup")
    page.watched.forgive("422")
    page.fill("#asked-window", "4w")
    page.click("#asked-show")
    expect(page.locator("h2", has_text="went through all steps")).to_be_visible()


def test_without_script_the_form_is_a_form(open_as, events_folder):
    page = open_as("viewer", f"/convert/funnels/?s1=signup&s2=pay&{MAY}", home=events_folder, script=False)
    page.click("#asked-s2-up")
    assert re.search(r"s1=pay&s2=signup", page.url)


@pytest.mark.parametrize(("language", "theme", "width"), [("en", "light", 1440), ("zh-hans", "dark", 390)])
def test_pictures_of_behaviour(open_as, events_folder, picture, language, theme, width):
    look = {"language": language, "theme": theme, "width": width, "home": events_folder}
    page = open_as("viewer", f"/convert/funnels/?s1=signup&s2=查看报表&s2.optional=yes&s3=pay&{MAY}", **look)
    expect(page.locator(".chart[data-drawn=series]")).to_be_visible()
    picture(page, f"funnel-{language}-{theme}-{width}")
    page.goto("/activate/trends/?s1=signup&s2=查看报表&grain=day&from=2024-05-06&to=2024-05-13")
    expect(page.locator(".chart[data-drawn=series]")).to_be_visible()
    picture(page, f"trends-{language}-{theme}-{width}")
    page.goto(f"/activate/paths/?gap=10000&{MAY}")
    expect(page.locator(".chart[data-drawn=flow]")).to_be_visible()
    picture(page, f"paths-{language}-{theme}-{width}")
    page.goto(f"/behaviour/people/?of=funnels&s1=signup&s2=pay&{MAY}&cell.step=2&cell.outcome=dropped")
    expect(page.locator("tbody tr")).to_have_count(5)
    picture(page, f"people-{language}-{theme}-{width}")
