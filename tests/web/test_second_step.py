"""The second step: a code of an authenticator app, recovery codes, and who may take it away."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tenure.apps.workspaces.models import AuditEntry
from tenure.apps.workspaces.services.members import make_login_link, set_password

PASSWORD = "correct horse battery"


def code(secret: str, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


@pytest.fixture
def signed(client, member):
    set_password(member("viewer"), PASSWORD, by="the test")
    client.post("/login/", {"login": "viewer@example.com", "password": PASSWORD})
    return client


@pytest.fixture
def armed(signed):
    """A browser that is signed in, of somebody with a second step; and its secret."""
    page = signed.get("/account/second-step/", follow=True)
    assert page.redirect_chain[-1][0].startswith("/login/again/")
    page = signed.post(page.redirect_chain[-1][0], {"password": PASSWORD}, follow=True)
    secret = page.context["form"].secret
    assert signed.post("/account/second-step/", {"code": code(secret)})["Location"] == "/account/recovery-codes/"
    return signed, secret


def out_and_password(client):
    client.post("/logout/")
    return client.post("/login/", {"login": "viewer@example.com", "password": PASSWORD})


def test_the_password_alone_is_not_enough(armed):
    client, secret = armed
    assert out_and_password(client)["Location"] == "/login/second-step/"
    assert client.get("/account/").status_code == 302
    assert client.post("/login/second-step/", {"code": "000000"}).status_code == 422
    assert client.post("/login/second-step/", {"code": code(secret, 1)}).status_code == 302
    assert client.get("/account/").status_code == 200


def test_a_link_is_not_a_way_around_it(armed):
    client, _secret = armed
    client.post("/logout/")
    link = make_login_link("viewer@example.com", by="the test")
    assert client.post(f"/login/{link}/")["Location"] == "/login/second-step/"
    reset = make_login_link("viewer@example.com", by="the test", purpose="reset")
    new = {"password1": "another long secret", "password2": "another long secret"}
    assert client.post(f"/login/{reset}/", new)["Location"] == "/login/second-step/"
    assert client.get("/account/").status_code == 302


def test_codes_cannot_be_tried_out(armed):
    client, secret = armed
    out_and_password(client)
    for _ in range(5):
        client.post("/login/second-step/", {"code": "000000"})
    assert client.post("/login/second-step/", {"code": code(secret, 1)}).status_code == 422
    assert client.get("/account/").status_code == 302


def test_a_recovery_code_lets_in_once(armed):
    client, _secret = armed
    page = client.get("/account/recovery-codes/")
    codes = page.context["unused_codes"]
    assert len(codes) == 10
    assert codes[0].encode() in page.content
    for expected in (302, 422):
        out_and_password(client)
        assert client.post("/login/second-step/", {"code": codes[0]}).status_code == expected


def test_new_recovery_codes_replace_the_old(armed):
    client, _secret = armed
    old = client.get("/account/recovery-codes/").context["unused_codes"]
    assert client.post("/account/recovery-codes/new/").status_code == 302
    assert not set(old) & set(client.get("/account/recovery-codes/").context["unused_codes"])


def test_switching_it_off(armed):
    client, _secret = armed
    assert client.get("/account/second-step/off/").status_code == 200
    assert client.post("/account/second-step/off/")["Location"] == "/account/"
    assert Authenticator.objects.count() == 0
    assert out_and_password(client)["Location"] == "/"
    assert set(AuditEntry.objects.values_list("verb", flat=True)) >= {"set second factor", "dropped second factor"}


def test_setting_it_up_asks_who_you_are(signed):
    assert signed.post("/account/second-step/", {"code": "123456"})["Location"].startswith("/login/again/")
    again = signed.post("/login/again/?next=/account/second-step/", {"password": "wrong"})
    assert again.status_code == 422
    assert Authenticator.objects.count() == 0


def test_an_administrator_takes_a_lost_one_away(armed, member):
    from django.test import Client

    client, _secret = armed
    keeper = Client()
    keeper.force_login(member("admin"))
    number = Authenticator.objects.first().user_id
    assert b"Take the second step away" in keeper.get(f"/settings/members/{number}/").content
    keeper.post(f"/settings/members/{number}/second-step/")
    assert out_and_password(client)["Location"] == "/"


@pytest.mark.parametrize(
    "credential", ["", "not json", "{}", '{"id": "x", "rawId": "x", "type": "public-key", "response": {}}']
)
def test_what_is_not_a_passkey(client, member, credential):
    member("viewer")
    given = client.get("/login/passkey/", headers={"accept": "application/json"}).json()
    assert given["request_options"]["publicKey"]["userVerification"] == "required"
    assert client.post("/login/passkey/", {"credential": credential}).status_code == 403
    assert client.get("/account/").status_code == 302


def test_a_passkey_of_somebody_else_cannot_be_removed(signed, member):
    theirs = Authenticator.objects.create(user=member("sales"), type="webauthn", data={"name": "Theirs"})
    signed.post("/login/again/?next=/account/", {"password": PASSWORD})
    assert signed.get(f"/account/passkeys/{theirs.pk}/remove/").status_code == 404
    assert signed.post(f"/account/passkeys/{theirs.pk}/remove/").status_code == 404
    assert Authenticator.objects.count() == 1
