"""Django's own checks, complete migrations, and what every response carries."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client


@pytest.mark.django_db
def test_no_check_complains() -> None:
    call_command("check", fail_level="WARNING")


@pytest.mark.django_db
def test_migrations_are_complete() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_every_response_forbids_foreign_and_inline_code(home: Any) -> None:
    response = Client().get("/login/")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(("chosen", "spoken"), [("zh-hans", "zh-hans"), ("en", "en"), ("", "en")])
def test_a_member_is_spoken_to_in_the_language_they_chose(
    client: Client, home: Any, owner: Any, chosen: str, spoken: str
) -> None:
    owner.language = chosen
    owner.save(update_fields=["language"])
    client.force_login(owner)
    assert client.get("/login/", headers={"accept-language": "en"}).headers["Content-Language"] == spoken
