"""What every response carries, how often one may call, and that Django's own deployment checks find nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

import tenure
from tenure.apps.workspaces.services import members
from tenure.core.errors import TenureError
from tenure.web import uploads

pytestmark = pytest.mark.django_db
EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
ADDRESSES = [
    "/login/", "/account/", "/retain/movements/", "/settings/audit/", "/settings/audit/audit.csv", "/api/questions",
    "/api/openapi.json", "/api/nothing", "/nothing/", "/static/css/base.css",
]  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_response_says_what_browsers_may_do_with_it(client, owner, home, address):
    client.force_login(owner)
    response = client.get(address)
    for name, value in EXPECTED.items():
        if not address.startswith("/static/") or name in ("X-Content-Type-Options", "Referrer-Policy"):
            assert response.headers[name] == value, name
    if not address.startswith("/static/"):
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy


def test_cookies_are_kept_from_scripts(client, owner, home):
    link = members.make_login_link(owner.email, by="the test")
    client.post(f"/login/{link}/")
    client.get("/account/")
    assert {"sessionid", "csrftoken"} <= set(client.cookies)
    for cookie in client.cookies.values():
        assert cookie["httponly"], cookie.key
        assert cookie["samesite"] == "Lax", cookie.key


@pytest.mark.parametrize(
    ("changed", "header"),
    [
        pytest.param({}, "max-age=31536000", id="this name alone"),
        pytest.param({"SECURE_HSTS_INCLUDE_SUBDOMAINS": True}, "max-age=31536000; includeSubDomains", id="subdomains"),
    ],
)
def test_behind_https_browsers_are_told_to_stay_there(home, settings, changed, header):
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_SSL_REDIRECT = True
    for name, value in changed.items():
        setattr(settings, name, value)
    assert Client().get("/login/", secure=True).headers["Strict-Transport-Security"] == header
    assert Client().get("/login/")["Location"].startswith("https://")


def _run(*command, home, **environment):
    given = {**os.environ, "TENURE_HOME": str(home), "PYTHONPATH": str(Path(tenure.__file__).parents[1]), **environment}
    return subprocess.run(
        [sys.executable, "-W", "ignore", *command], env=given, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("subdomains", ["false", "true"])
def test_django_finds_nothing_to_warn_of(tmp_path, subdomains):
    given = {"TENURE_HTTPS": "true", "TENURE_HSTS_SUBDOMAINS": subdomains, "TENURE_ALLOWED_HOSTS": "tenure.example.com"}
    checked = ("-m", "django", "check", "--deploy", "--fail-level", "WARNING", "--settings", "tenure.config.settings")
    done = _run(*checked, home=tmp_path, **given)
    assert done.returncode == 0, done.stderr


def test_the_doctor_says_that_a_name_is_served_without_https(tmp_path):
    given = {"TENURE_ALLOWED_HOSTS": "tenure.example.com", "TENURE_DATABASE_URL": ""}
    done = _run("-m", "tenure.config.cli", "doctor", home=tmp_path, **given)
    assert "tenure.example.com is answered without HTTPS" in done.stdout
    done = _run("-m", "tenure.config.cli", "doctor", home=tmp_path, TENURE_HTTPS="true", **given)
    assert "✓ HTTPS" in done.stdout


def test_so_many_uploads_and_no_more(client, owner, home, settings, key):
    settings.TENURE_UPLOADS_AN_HOUR = 2
    given = {"kind": "accounts", "preview": "true"}

    def upload(headers):
        file = SimpleUploadedFile("accounts.csv", b"account_id,name\na1,Acme\n")
        return client.post("/api/imports", {**given, "file": file}, headers=headers).status_code

    mine = key("operator")
    assert [upload(mine) for _ in range(3)] == [200, 200, 429]
    assert upload(key("operator")) == 200
    client.force_login(owner)
    for _ in range(2):
        uploads.spend(owner)
    file = SimpleUploadedFile("accounts.csv", b"account_id,name\na1,Acme\n")
    assert client.post("/imports/new/", {"files": file}).status_code == 429
    settings.TENURE_UPLOADS_AN_HOUR = 0
    uploads.spend(owner)


def test_a_caller_who_goes_too_fast_is_told_to_wait(client, home, key, monkeypatch):
    from tenure.web.api import api

    monkeypatch.setattr(api.throttle[0], "num_requests", 2)
    mine = key("viewer")
    assert [client.get("/api/tables", headers=mine).status_code for _ in range(3)] == [200, 200, 429]


def test_the_quota_names_itself(owner, settings):
    settings.TENURE_UPLOADS_AN_HOUR = 1
    uploads.spend(owner)
    with pytest.raises(TenureError) as refused:
        uploads.spend(owner)
    assert refused.value.code == "request.too_many"
