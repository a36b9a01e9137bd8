"""Signing in by a link that works once, and how the product speaks and looks afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tenure.apps.workspaces.models import LoginLink
from tenure.apps.workspaces.services.members import make_login_link


@pytest.fixture
def link(member):
    member("analyst")
    return f"/login/{make_login_link('analyst@example.com', by='the test')}/"


def test_opening_a_link_does_not_use_it_up(client, link):
    for _ in range(3):
        assert client.get(link).status_code == 200
    assert client.head(link).status_code == 405
    assert LoginLink.objects.get().used_at is None


def test_the_button_signs_in_and_the_link_is_used_up(client, link):
    response = client.post(link)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.get("/login/").status_code == 302

    again = client.post(link)
    assert again.status_code == 410
    assert b"tenure login-link" in again.content


def test_an_expired_link_says_how_to_get_another(client, link):
    LoginLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    response = client.post(link, headers={"accept-language": "zh-CN"})
    assert response.status_code == 410
    assert "tenure login-link" in response.content.decode()
    assert client.get("/login/").status_code == 200


def test_a_stranger_is_told_where_links_come_from(client, db):
    response = client.get("/retain/movements/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/login/")
    assert b"tenure login-link" in response.content


def test_a_fragment_without_a_session_sends_the_whole_page_to_sign_in(client, db):
    response = client.get("/retain/movements/rows/", headers={"hx-request": "true"})
    assert (response.status_code, response["HX-Redirect"]) == (401, "/login/")


def test_signing_out(signed_in, sample):
    browser = signed_in("viewer")
    assert browser.post("/logout/")["Location"] == "/login/"
    assert browser.get("/retain/movements/").status_code == 302


def test_the_language_is_remembered_by_browser_and_member(signed_in, sample):
    browser = signed_in("viewer")
    assert 'lang="en"' in browser.get("/retain/anomalies/").content.decode()
    response = browser.post("/language/", {"language": "zh-hans", "next": "/retain/anomalies/"})
    assert response["Location"] == "/retain/anomalies/"
    assert 'lang="zh-hans"' in browser.get("/retain/anomalies/").content.decode()
    browser.cookies.pop("django_language")
    assert "数据异常" in browser.get("/retain/anomalies/").content.decode()


def test_the_browser_chooses_where_nobody_did(client, db):
    assert "用链接登录" in client.get("/login/", headers={"accept-language": "zh-CN,zh;q=0.9"}).content.decode()
    assert "Sign in with a link" in client.get("/login/", headers={"accept-language": "fr"}).content.decode()


@pytest.mark.parametrize(
    ("theme", "attribute"),
    [("dark", 'data-theme="dark"'), ("light", 'data-theme="light"'), ("system", None), ("neon", None)],
)
def test_the_theme_is_there_with_the_first_paint(client, db, theme, attribute):
    client.post("/theme/", {"theme": theme})
    page = client.get("/login/").content.decode()
    assert attribute in page if attribute else "data-theme" not in page


@pytest.mark.parametrize("address", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", ""])
def test_a_form_never_leads_to_another_server(client, db, address):
    assert client.post("/theme/", {"theme": "dark", "next": address})["Location"] == "/"


def test_pages_are_not_kept_between_readers(signed_in, sample):
    response = signed_in("viewer").get("/retain/anomalies/")
    assert "private" in response["Cache-Control"]
    assert "Cookie" in response["Vary"]
    assert "script-src 'self'" in response["Content-Security-Policy"]
