"""Signing in by a link that works once or by a password, and how the product speaks and looks afterwards."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tenure.apps.workspaces.models import AuditEntry, LoginLink, Member
from tenure.apps.workspaces.services.members import make_login_link, set_password

PASSWORD = "correct horse battery"


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
    assert b"tenure login-link" in client.get("/login/forgotten/").content


@pytest.fixture
def vera(member):
    made = member("viewer")
    set_password(made, PASSWORD, by="the test")
    return made


def sign_in(client, password=PASSWORD, email="viewer@example.com", address="/login/"):
    return client.post(address, {"login": email, "password": password})


def test_the_password_signs_in_and_goes_on_to_the_page_asked_for(client, vera, sample):
    asked = client.get("/retain/health/")["Location"]
    response = sign_in(client, address=asked)
    assert (response.status_code, response["Location"]) == (302, "/retain/health/")
    assert client.get("/retain/health/").status_code == 200
    assert AuditEntry.objects.filter(verb="signed in", key=vera.email).count() == 1
    vera.refresh_from_db()
    assert vera.last_login is not None


def test_the_address_is_read_in_any_letters(client, vera):
    assert sign_in(client, email="Viewer@Example.COM").status_code == 302


@pytest.mark.parametrize(
    ("email", "password"),
    [
        pytest.param("viewer@example.com", "wrong password", id="wrong password"),
        pytest.param("nobody@example.com", PASSWORD, id="a stranger"),
        pytest.param("viewer@example.com", "", id="no password"),
        pytest.param("viewer", PASSWORD, id="no address"),
    ],
)
def test_what_does_not_sign_in(client, vera, email, password):
    response = sign_in(client, password, email)
    assert response.status_code == 422
    assert client.get("/account/").status_code == 302


def test_strangers_and_wrong_passwords_read_the_same(client, vera):
    said = {sign_in(client, "wrong", email).content.count(b"The address or the password is wrong.")
            for email in ("viewer@example.com", "nobody@example.com")}  # fmt: skip
    assert said == {1}


def test_who_left_or_never_had_a_password_cannot_sign_in(client, vera, member):
    member("sales")
    assert sign_in(client, "", "sales@example.com").status_code == 422
    Member.objects.filter(pk=vera.pk).update(is_active=False)
    sign_in(client)
    assert client.get("/account/").status_code == 302


def test_five_wrong_tries_lock_the_address_out_even_for_the_right_password(client, vera):
    for _ in range(5):
        assert sign_in(client, "wrong").status_code == 422
    locked = sign_in(client)
    assert locked.status_code == 422
    assert b"Wait five minutes" in locked.content
    assert "请等五分钟" in client.post(
        "/login/", {"login": vera.email, "password": PASSWORD}, headers={"accept-language": "zh-CN"}
    ).content.decode()  # fmt: skip
    link = make_login_link(vera.email, by="the test")
    assert client.post(f"/login/{link}/").status_code == 302, "a link still lets in"


def test_many_addresses_from_one_place_are_locked_out(client, vera):
    for number in range(20):
        sign_in(client, "wrong", f"someone{number}@example.com")
    assert b"Wait five minutes" in sign_in(client).content


def test_another_password_ends_every_other_session_and_every_link(client, vera):
    from django.test import Client

    other = Client()
    sign_in(other)
    sign_in(client)
    link = make_login_link(vera.email, by="the test")
    assert client.get("/account/").content.count(b"127.0.0.1") == 2
    wrong = {"old": "no", "password1": "another long secret", "password2": "another long secret"}
    assert client.post("/account/password/", wrong).status_code == 422
    assert client.post("/account/password/", {**wrong, "old": PASSWORD}).status_code == 302
    assert client.get("/account/").content.count(b"127.0.0.1") == 1
    assert other.get("/account/").status_code == 302
    assert Client().post(f"/login/{link}/").status_code == 410


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("short", "short", id="short"),
        pytest.param("1234567890", "1234567890", id="common"),
        pytest.param("98374652019", "98374652019", id="numbers only"),
        pytest.param("viewer@example", "viewer@example", id="like the address"),
        pytest.param("another long secret", "another long secre", id="not the same twice"),
    ],
)
def test_passwords_that_are_refused(client, vera, first, second):
    sign_in(client)
    given = {"old": PASSWORD, "password1": first, "password2": second}
    assert client.post("/account/password/", given).status_code == 422
    assert Member.objects.get(pk=vera.pk).check_password(PASSWORD)


def test_sign_out_everywhere_else(client, vera):
    from django.test import Client

    other = Client()
    sign_in(other)
    sign_in(client)
    client.post("/account/sessions/end/")
    assert client.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302


@pytest.mark.parametrize("purpose", ["invite", "reset"])
def test_a_link_to_choose_a_password_is_used_up_by_a_good_one_only(client, member, purpose):
    made = member("viewer")
    token = make_login_link(made.email, by="the test", purpose=purpose)
    assert b"viewer@example.com" in client.get(f"/login/{token}/").content
    assert client.post(f"/login/{token}/", {"password1": "short", "password2": "short"}).status_code == 422
    assert client.post(f"/login/{token}/").status_code == 422, "a link to reset is no way around the password"
    good = {"password1": PASSWORD, "password2": PASSWORD}
    assert client.post(f"/login/{token}/", good)["Location"] == "/"
    assert client.get("/account/").status_code == 200
    client.post("/logout/")
    assert sign_in(client).status_code == 302
    client.post("/logout/")
    assert client.post(f"/login/{token}/", good).status_code == 410


def test_forgotten_without_mail_says_who_makes_a_link(client, vera):
    response = client.post("/login/forgotten/", {"email": vera.email})
    assert b"administrator makes a link" in response.content
    assert LoginLink.objects.count() == 0


@pytest.mark.parametrize("email", ["viewer@example.com", "nobody@example.com"])
def test_forgotten_with_mail_says_the_same_to_everybody(client, vera, settings, mailoutbox, queued, email):
    settings.MAIL = True
    page = client.post("/login/forgotten/", {"email": email})
    assert b"If this is the address of a member" in page.content
    queued()
    assert len(mailoutbox) == (1 if email == vera.email else 0)
    if mailoutbox:
        token = mailoutbox[0].body.split("http://testserver/login/")[1].split("/")[0]
        assert token not in str(LoginLink.objects.values())
        new = {"password1": "another long secret", "password2": "another long secret"}
        assert client.post(f"/login/{token}/", new)["Location"] == "/"


def test_forgotten_is_not_a_way_to_fill_a_mailbox(client, vera, settings, mailoutbox, queued):
    settings.MAIL = True
    answers = [client.post("/login/forgotten/", {"email": vera.email}).status_code for _ in range(5)]
    queued()
    assert (answers, len(mailoutbox)) == ([200, 200, 200, 429, 429], 3)


def test_a_fragment_without_a_session_sends_the_whole_page_to_sign_in(client, db):
    response = client.get("/retain/movements/rows/", headers={"hx-request": "true"})
    assert (response.status_code, response["HX-Redirect"]) == (401, "/login/")


def test_signing_out(signed_in, sample):
    browser = signed_in("viewer")
    assert browser.post("/logout/")["Location"] == "/login/"
    assert browser.get("/retain/movements/").status_code == 302


def test_the_language_is_remembered_by_browser_and_member(signed_in, sample):
    browser = signed_in("viewer")
    assert 'lang="en"' in browser.get("/retain/health/").content.decode()
    response = browser.post("/language/", {"language": "zh-hans", "next": "/retain/health/"})
    assert response["Location"] == "/retain/health/"
    assert 'lang="zh-hans"' in browser.get("/retain/health/").content.decode()
    browser.cookies.pop("django_language")
    assert "数据健康" in browser.get("/retain/health/").content.decode()


def test_the_browser_chooses_where_nobody_did(client, db):
    assert "登录长续" in client.get("/login/", headers={"accept-language": "zh-CN,zh;q=0.9"}).content.decode()
    assert "Sign in to Tenure" in client.get("/login/", headers={"accept-language": "fr"}).content.decode()


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
    response = signed_in("viewer").get("/retain/health/")
    assert "private" in response["Cache-Control"]
    assert "Cookie" in response["Vary"]
    assert "script-src 'self'" in response["Content-Security-Policy"]
