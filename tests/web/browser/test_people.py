"""Signing in, my account and members: in both languages and themes, on a screen and a phone."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import expect

from tenure.apps.workspaces.models import Member
from tenure.apps.workspaces.services.members import set_password

PASSWORD = "correct horse battery"

LOOKS = [(1440, "en", "light"), (1440, "zh-hans", "dark"), (390, "zh-hans", "light"), (390, "en", "dark")]
"""Widths, languages and themes, each of them with each other at least once over the pages."""


@pytest.fixture
def arrive(open_as):
    """Vera, an administrator with a password, in front of the page to sign in."""

    def open_page(**wanted):
        vera = Member.objects.create(email="vera@example.com", display_name="Vera", role="admin")
        set_password(vera, PASSWORD, by="the test")
        return open_as(None, "/login/?next=/account/", **wanted)

    return open_page


def sign_in(page):
    page.fill("[name=login]", "vera@example.com")
    page.fill("[name=password]", PASSWORD)
    page.click(".form .button--primary")


def sign_out(page):
    page.goto("/account/")
    page.click(".person summary")
    page.click("[action='/logout/'] button")


@pytest.mark.parametrize(("width", "language", "theme"), LOOKS)
def test_the_way_in_and_the_pages_of_people(arrive, picture, width, language, theme):
    page = arrive(width=width)

    def keep(name):
        page.wait_for_selector(f'html[lang="{language}"]')
        picture(page, f"{name}-{width}-{language}-{theme}")

    page.click(f'[name=language][value="{language}"]')
    page.click(f'html[lang="{language}"] [name=theme][value={theme}]')
    page.wait_for_selector(f'html[data-theme="{theme}"]')
    page.goto("/login/?next=/account/")
    keep("login")
    sign_in(page)
    page.wait_for_selector("#sessions-title")
    keep("account")
    page.goto("/account/second-step/")
    page.fill("[name=password]", PASSWORD)
    keep("again")
    page.click(".form .button--primary")
    secret = page.inner_text(".door__command")
    keep("second-step")
    page.fill("[name=code]", format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
    page.click(".form .button--primary")
    assert len(page.inner_text(".codes").split()) == 10
    keep("recovery-codes")
    page.goto("/settings/members/")
    page.fill("[name=email]", "nina@example.com")
    page.fill("[name=display_name]", "王宁 Nina")
    keep("members")
    page.click(".form .button--primary")
    link = page.inner_text(".copy code")
    keep("link")
    page.goto(f"/settings/members/{Member.objects.get(email='nina@example.com').pk}/")
    page.wait_for_selector("#trail-title")
    keep("member")
    page.goto(link)
    page.wait_for_selector("[name=password1]")
    keep("invited")


def test_a_passkey_lets_in_alone_is_a_second_step_and_can_be_removed(arrive):
    page = arrive()
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, "isUserVerified": True}})
    sign_in(page)
    page.wait_for_selector("#passkeys-title")
    page.goto("/account/passkeys/")
    page.fill("[name=password]", PASSWORD)
    page.click(".form .button--primary")
    page.wait_for_selector("[name=name]")
    page.click("form[data-passkey] .button")
    assert len(page.inner_text(".codes").split()) == 10

    sign_out(page)
    page.click("form[data-passkey] .button")
    page.wait_for_selector(".nav")
    assert "/login/" not in page.url

    sign_out(page)
    sign_in(page)
    page.wait_for_selector("[name=code]")
    page.click("form[data-passkey] .button")
    page.wait_for_selector(".nav")

    page.goto("/account/")
    page.click("[href$='/remove/']")
    page.fill("[name=password]", PASSWORD)
    page.click(".form .button--primary")
    page.click("form.form .button--primary")
    page.wait_for_selector("#passkeys-title")
    sign_out(page)
    sign_in(page)
    expect(page.locator(".nav")).to_be_visible()
