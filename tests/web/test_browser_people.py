"""Signing in, my account and members, in Debian's chromium: in both languages and themes, on a screen and a phone."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tenure.apps.workspaces.models import Member
from tenure.apps.workspaces.services.members import set_password
from web.test_browser import PICTURES, chromium, pytestmark, reader  # noqa: F401  # fixtures and marks of the browser

PASSWORD = "correct horse battery"


@pytest.fixture
def arrived(reader):  # noqa: F811
    """Vera, an administrator, in front of the page to sign in."""
    Member.objects.update(role="admin")
    set_password(Member.objects.get(), PASSWORD, by="the test")
    reader.open("/login/?next=/account/")
    return reader


def sign_in(page):
    page.see("[name=login]").send_keys("vera@example.com")
    page.find("[name=password]").send_keys(PASSWORD)
    page.find(".form .button--primary").click()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_way_in_and_the_pages_of_people(arrived, tmp_path, width, language, theme):
    page = arrived
    page.size(width)

    def picture(name):
        page.see(f'html[lang="{language}"]')
        assert page.run("document.documentElement.scrollWidth") <= width
        file = Path(PICTURES or tmp_path) / f"{name}-{width}-{language}-{theme}.png"
        assert page.driver.save_screenshot(os.fspath(file))

    page.find(f'[name=language][value="{language}"]').click()
    page.see(f'html[lang="{language}"] [name=theme][value={theme}]').click()
    page.see(f'html[data-theme="{theme}"]')
    page.open("/login/?next=/account/")
    picture("login")
    sign_in(page)
    page.see("#sessions-title")
    picture("account")
    page.open("/account/second-step/")
    page.see("[name=password]").send_keys(PASSWORD)
    picture("again")
    page.find(".form .button--primary").click()
    secret = page.see(".door__command").text
    picture("second-step")
    page.find("[name=code]").send_keys(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))
    page.find(".form .button--primary").click()
    assert len(page.see(".codes").text.split()) == 10
    picture("recovery-codes")
    page.open("/members/")
    page.see("[name=email]").send_keys("nina@example.com")
    page.find("[name=display_name]").send_keys("王宁 Nina")
    picture("members")
    page.find(".form .button--primary").click()
    link = page.see(".copy code").text
    picture("link")
    page.open(f"/members/{Member.objects.get(email='nina@example.com').pk}/")
    page.see("#trail-title")
    picture("member")
    page.open(link.removeprefix(page.address))
    page.see("[name=password1]")
    picture("invited")


def test_a_passkey_lets_in_alone_is_a_second_step_and_can_be_removed(arrived):
    from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions

    page = arrived
    options = VirtualAuthenticatorOptions()
    options.transport, options.has_resident_key = options.Transport.INTERNAL, True
    options.has_user_verification = options.is_user_verified = True
    page.driver.add_virtual_authenticator(options)
    sign_in(page)
    page.see("#passkeys-title")
    page.open("/account/passkeys/")
    page.see("[name=password]").send_keys(PASSWORD)
    page.find(".form .button--primary").click()
    page.see("[name=name]")
    page.see("form[data-passkey] .button").click()
    assert len(page.see(".codes").text.split()) == 10

    page.open("/account/")
    page.find("[action='/logout/'] button").click()
    page.see("form[data-passkey] .button").click()
    page.see(".nav")
    assert page.run("location.pathname") != "/login/"

    page.open("/account/")
    page.find("[action='/logout/'] button").click()
    sign_in(page)
    page.see("[name=code]")
    page.see("form[data-passkey] .button").click()
    page.see(".nav")

    page.open("/account/")
    page.see("[href$='/remove/']").click()
    page.see("[name=password]").send_keys(PASSWORD)
    page.find(".form .button--primary").click()
    page.see("form.form .button--primary").click()
    page.see("#passkeys-title")
    page.find("[action='/logout/'] button").click()
    sign_in(page)
    page.see(".nav")
