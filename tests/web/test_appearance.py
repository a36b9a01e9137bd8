"""What a member chose of the look of the pages is in the first byte of every page, wherever they sign in."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tenure.apps.workspaces.appearance import CHOICES
from tenure.apps.workspaces.models import Member
from tenure.apps.workspaces.services import members
from tenure.core.errors import TenureError

WANTED = {
    "language": "zh-hans",
    "theme": "dark",
    "density": "compact",
    "trend": "red-green",
    "shortcuts": "off",
}


def attributes(client: Client, path: str = "/account/") -> dict[str, str]:
    page = client.get(path, follow=True).content.decode()
    return dict(re.findall(r' data-([\w-]+)="([^"]*)"', re.search(r"<html[^>]*>", page)[0]))


def test_a_choice_holds_in_every_browser(signed_in, sample):
    browser = signed_in("viewer")
    assert attributes(browser) == {}
    sent = browser.post("/account/appearance/", WANTED)
    assert sent["Location"] == "/account/appearance/"
    page = browser.get("/account/appearance/").content.decode()
    assert "已保存，在任何地方登录都有效。" in page
    assert len(re.findall(r"<input[^>]* checked", page)) == len(WANTED)
    other = Client()
    other.force_login(Member.objects.get())
    assert attributes(other) == {name: value for name, value in WANTED.items() if name != "language"}
    assert 'lang="zh-hans"' in other.get("/account/").content.decode()


def test_what_is_as_usual_is_no_attribute(signed_in, sample):
    browser = signed_in("viewer")
    browser.post("/account/appearance/", WANTED)
    browser.post("/account/appearance/", {name: all_[0] for name, all_ in CHOICES.items()} | {"language": "en"})
    assert attributes(browser) == {}


def test_a_switch_of_the_frame_changes_one_choice(signed_in, sample):
    browser = signed_in("viewer")
    browser.post("/account/appearance/", WANTED)
    browser.post("/theme/", {"density": "roomy", "theme": "neon"})
    assert attributes(browser) == {**{n: v for n, v in WANTED.items() if n != "language"}, "density": "roomy"}


def test_a_value_that_is_not_offered_is_refused(signed_in, sample):
    browser = signed_in("viewer")
    refused = browser.post("/account/appearance/", {**WANTED, "trend": "pink"})
    assert refused.status_code == 422
    assert "field__error" in refused.content.decode()
    assert attributes(browser) == {}
    with pytest.raises(TenureError, match="pink"):
        members.set_appearance(Member.objects.get(), {"trend": "pink"})


def test_a_choice_that_is_no_longer_there_is_as_nobody_chose(signed_in, sample):
    browser = signed_in("viewer")
    Member.objects.update(appearance={"theme": "sepia", "density": "compact"})
    assert attributes(browser) == {"density": "compact"}
