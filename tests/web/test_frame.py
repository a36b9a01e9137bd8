"""The frame of every page: where one is, where one may go, and how the navigation was left."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tenure.web.pages import FOOT, LETTERS, NAVIGATION

TEMPLATES = Path(__file__).resolve().parents[2] / "src" / "tenure" / "web" / "templates"


def crumbs(page: str) -> list[str]:
    found = re.search(r'<ol class="crumbs">(.*?)</ol>', page, re.DOTALL)
    return re.findall(r"<li[^>]*>(?:<a [^>]*>)?(.*?)(?:</a>)?</li>", found[1]) if found else []


@pytest.mark.parametrize(
    ("address", "way"),
    [
        ("/retain/movements/", ["Retain", "Movements"]),
        ("/retain/movements/rows/?grain=month&period=2024-04&kind=churn", ["Retain", "Movements", None]),
        ("/settings/members/", ["Settings", "Members"]),
        ("/account/", ["Settings", "My account"]),
    ],
)
def test_the_crumbs_say_where_a_page_is(signed_in, sample, address, way):
    page = signed_in("owner").get(address).content.decode()
    heading = re.search(r"<h1>(.*?)</h1>", page)[1]
    assert crumbs(page) == [name or heading for name in way]
    assert page.count("<h1") == 1
    assert f"<title>{heading} · Tenure</title>" in page


def test_the_crumbs_of_a_record_name_what_it_belongs_to(signed_in, sample, member):
    colleague = member("viewer")
    page = signed_in("owner").post(f"/settings/members/{colleague.pk}/link/").content.decode()
    assert crumbs(page) == ["Settings", "Members", "Viewer", "Link for Viewer"]


@pytest.mark.parametrize(("role", "seen"), [("owner", True), ("admin", True), ("operator", False), ("viewer", False)])
def test_places_one_may_not_see_are_not_shown(signed_in, sample, role, seen):
    page = signed_in(role).get("/account/").content.decode()
    assert ('href="/settings/members/"' in page) == seen


def test_exactly_one_place_is_current(signed_in, sample):
    browser = signed_in("owner")
    for address in ("/retain/movements/", "/retain/renewals/", "/settings/members/", "/account/"):
        assert browser.get(address).content.decode().split("<main")[0].count('aria-current="page"') == 1


def test_there_are_at_most_nine_sections_and_each_has_an_icon():
    sprite = (TEMPLATES / "components" / "sprite.html").read_text(encoding="utf-8")
    symbols = re.findall(r'<symbol id="i-([\w-]+)"', sprite)
    assert len(NAVIGATION) <= 9
    assert {item.icon for item in (*NAVIGATION, *FOOT)} <= set(symbols)
    assert len(symbols) == len(set(symbols))


def test_the_folded_navigation_stays_folded(signed_in, sample):
    browser = signed_in("viewer")
    assert "data-navigation" not in browser.get("/account/").content.decode()
    sent = browser.post("/navigation/", {"navigation": "folded", "next": "/retain/cohorts/"})
    assert sent["Location"] == "/retain/cohorts/"
    assert 'data-navigation="folded"' in browser.get("/account/").content.decode()
    assert browser.post("/navigation/", {"navigation": "open"}, headers={"HX-Request": "true"}).status_code == 204
    assert "data-navigation" not in browser.get("/account/").content.decode()


def test_every_letter_goes_to_one_page_and_is_in_the_list_of_keys(signed_in, sample):
    page = signed_in("owner").get("/account/").content.decode()
    shown = re.findall(r'href="([^"]+)" data-go="(\w)"', page)
    assert sorted(letter for _href, letter in shown) == sorted(LETTERS.values())
    assert len({href for href, _letter in shown}) == len(shown)
    assert ("/members/", "p") not in re.findall(
        r'href="([^"]+)" data-go="(\w)"', signed_in("viewer").get("/account/").content.decode()
    )
