"""Signing in with an OpenID Connect provider: a small one stands on loopback and signs what it says."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tenure.apps.workspaces.models import AuditEntry
from tenure.core.errors import SettingRefused

pytestmark = pytest.mark.django_db
KEY, OTHER_KEY = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
ENTER = "/login/with/oidc/"


@pytest.fixture
def provider(settings):
    """The provider; `claims` is what it says of whoever comes, `key` what it signs with."""
    said = SimpleNamespace(
        claims={"sub": "77", "email": "Otto@Example.com", "email_verified": True},
        key=KEY, told={}, verifier=None, issuer=None, broken=False,
    )  # fmt: skip

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def _answer(self, body, status=200):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def do_GET(self):
            if said.broken:
                self._answer({}, 503)
            elif self.path.endswith("/openid-configuration"):
                ends = {f"{name}_endpoint": f"{said.url}/{name}" for name in ("authorization", "token", "userinfo")}
                self._answer({"issuer": said.issuer or said.url, "jwks_uri": f"{said.url}/keys", **ends})
            elif self.path == "/keys":
                public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
                self._answer({"keys": [{**public, "kid": "k1", "alg": "RS256", "use": "sig"}]})
            else:
                self._answer(said.told)

        def do_POST(self):
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            said.verifier = form["code_verifier"][0]
            said.secret = form.get("client_secret", [self.headers.get("Authorization")])[0]
            now = int(time.time())
            claims = {"iss": said.url, "aud": "tenure", "iat": now, "exp": now + 60, **said.claims}
            token = jwt.encode(claims, said.key, algorithm="RS256", headers={"kid": "k1"})
            self._answer({"access_token": "a", "token_type": "Bearer", "id_token": token})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said.url = f"http://127.0.0.1:{server.server_port}"
    settings.OIDC_NAME = "Our login"
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "oidc", "name": "Our login", "client_id": "tenure", "secret": "s3cret",
                    "settings": {"server_url": said.url},
                }
            ],
        }
    }  # fmt: skip
    yield said
    server.shutdown()
    server.server_close()


def round_trip(client, **changed):
    """The browser goes to the provider and comes back, as if somebody had agreed there."""
    away = client.get(ENTER)
    assert away.status_code == 302
    asked = parse_qs(urlsplit(away["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    given = {"code": "c0de", "state": asked["state"][0], **changed}
    return client.get(f"{ENTER}back/?{urlencode(given)}")


def test_an_invited_member_comes_in_by_their_verified_address(client, operator, home, provider):
    operator.email = "otto@example.com"
    operator.save()
    assert "Sign in with Our login" in client.get("/login/").content.decode()
    back = round_trip(client)
    assert (back.status_code, back["Location"]) == (302, "/")
    assert client.get("/account/").status_code == 200
    assert int(client.session["_auth_user_id"]) == operator.pk
    assert provider.secret is not None
    assert len(provider.verifier) >= 43
    assert AuditEntry.objects.filter(verb="signed in", member=operator).exists()


def test_the_address_may_come_from_where_the_provider_tells_of_people(client, operator, home, provider):
    provider.claims = {"sub": "77"}
    provider.told = {"sub": "77", "email": operator.email, "email_verified": True}
    assert round_trip(client).status_code == 302
    client.logout()
    provider.told["sub"] = "78"
    assert round_trip(client).status_code == 502


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        pytest.param({"email": "eve@example.com"}, 403, "Nobody with the address", id="not invited"),
        pytest.param({"email_verified": False}, 403, "does not vouch", id="not verified"),
        pytest.param({"email": None}, 403, "does not vouch", id="no address"),
        pytest.param({"email": "leo@example.com"}, 403, "Nobody with the address", id="access was taken away"),
        pytest.param({"aud": "another"}, 502, "did not work", id="a token for another program"),
        pytest.param({"iss": "https://elsewhere.example"}, 502, "did not work", id="a token of another provider"),
        pytest.param({"exp": 1}, 502, "did not work", id="a token that ran out"),
    ],
)
def test_nobody_else_comes_in(client, operator, leaver, home, provider, changed, status, said):
    provider.claims |= changed
    answer = round_trip(client)
    assert answer.status_code == status
    assert said in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_token_that_somebody_else_signed_does_not_count(client, operator, home, provider):
    provider.key = OTHER_KEY
    assert round_trip(client).status_code == 502
    assert "_auth_user_id" not in client.session


def test_a_provider_that_calls_itself_something_else_does_not_count(client, operator, home, provider):
    provider.issuer = "https://elsewhere.example"
    assert round_trip(client).status_code == 502


def test_an_answer_that_nobody_asked_for_does_not_count(client, operator, home, provider):
    assert round_trip(client, state="forged").status_code == 502
    assert client.get(f"{ENTER}back/?error=access_denied").status_code == 502


def test_a_provider_that_is_down_is_said(client, home, provider):
    provider.broken = True
    assert client.get(ENTER).status_code == 502


def test_a_second_step_is_still_asked_for(client, operator, home, provider):
    from allauth.mfa.totp.internal.auth import TOTP

    TOTP.activate(operator, "JBSWY3DPEHPK3PXP")
    provider.claims["email"] = operator.email
    assert round_trip(client)["Location"].startswith("/login/second-step/")
    assert "_auth_user_id" not in client.session


def test_without_a_provider_there_is_none(client, home):
    assert "/login/with/" not in client.get("/login/").content.decode()
    assert client.get(ENTER).status_code == 404


def test_passwords_can_be_switched_off(client, operator, home, settings):
    from tenure.apps.workspaces.services import members

    operator.set_password("four random words here")
    operator.save()
    given = {"login": operator.email, "password": "four random words here"}
    settings.PASSWORD_LOGIN = False
    assert 'type="password"' not in client.get("/login/").content.decode()
    assert client.post("/login/", given).status_code == 403
    assert client.get("/login/forgotten/").status_code == 403
    assert "_auth_user_id" not in client.session
    link = members.make_login_link(operator.email, by="the test")
    assert client.post(f"/login/{link}/").status_code == 302
    client.logout()
    settings.PASSWORD_LOGIN = True
    assert client.post("/login/", given).status_code == 302


@pytest.mark.parametrize("issuer", ["http://login.example.com", "login.example.com", "https://login.example.com/?a=b"])
def test_an_issuer_is_reached_safely(issuer):
    from tenure.config import environment

    with pytest.raises(SettingRefused):
        environment.read({"TENURE_OIDC_ISSUER": issuer})
    values = environment.read({"TENURE_OIDC_ISSUER": "https://login.example.com/", "TENURE_OIDC_CLIENT_ID": "t"})
    assert environment.oidc(values)[0]["settings"] == {"server_url": "https://login.example.com"}
    assert environment.oidc(environment.read({})) == []
