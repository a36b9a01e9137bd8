"""The part of an account's page that says what its people do: users, seats, features beside those of its peers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

import tenure

PART = "/customers/accounts/usage/"


@pytest.fixture
def used(own_sample, settings):
    """acme has 14 seats and three users in the last days; elm uses a feature that acme does not."""
    now = timezone.now()
    workspace = tenure.open(settings.TENURE_HOME)

    def did(account, user, event, days):
        return {"account_id": account, "user_id": user, "event": event, "ts": (now - timedelta(days=days)).isoformat()}

    workspace.load(
        "events",
        [
            *(did("acme", f"u{n}", "report", 2 + n) for n in range(3)),
            did("acme", "u0", "report", 40),
            did("elm", "e0", "report", 3),
            did("elm", "e0", "export", 3),
        ],
    )
    return own_sample


def test_users_seats_and_features_are_told(client, member, used):
    client.force_login(member("viewer"))
    text = client.get(f"{PART}?account=acme").content.decode()
    assert "3 users active in 28 days" in text
    assert "3 of 14, 21%" in text
    assert "It uses 1 of the 2 features" in text
    assert text.count("uses it") == 1
    assert text.count("not used") == 1
    assert "u0" not in text


def test_who_did_nothing_is_said_to(client, member, used):
    client.force_login(member("viewer"))
    assert "No usage is known" in client.get(f"{PART}?account=fir").content.decode()


def test_the_page_asks_for_it_when_it_is_there(client, member, used):
    client.force_login(member("viewer"))
    assert f'hx-get="{PART}?account=acme" hx-trigger="load"' in client.get("/customers/accounts/acme/").content.decode()


def test_without_events_there_is_no_such_part(client, member, sample):
    client.force_login(member("viewer"))
    assert PART not in client.get("/customers/accounts/acme/").content.decode()
