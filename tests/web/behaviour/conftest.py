"""A small workspace with events: five accounts on the way from a signup to a payment, in two weeks of May 2024."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

ACCOUNTS = [
    {"account_id": name, "name": name.title(), "tier": tier, "owner": owner, "region": "north"}
    for name, tier, owner in (
        ("acme", "S", "owner@example.com"),
        ("birch", "A", "sales@example.com"),
        ("cedar", "A", "sales@example.com"),
        ("dune", "B", None),
        ("elm", "B", None),
    )
]
SUBSCRIPTIONS = [
    {"account_id": "acme", "subscription_id": "s1", "amount": "300", "start": "2024-01-01"},
    {"account_id": "birch", "subscription_id": "s2", "amount": "100", "start": "2024-01-01"},
]
DID = (
    ("acme", "ann", "signup", "2024-05-06T08:00", {"plan": "pro"}),
    ("acme", "ann", "查看报表", "2024-05-06T09:00", {"plan": "pro"}),
    ("acme", "abe", "pay", "2024-05-07T08:00", {"plan": "pro"}),
    ("birch", "ben", "signup", "2024-05-08T08:00", {"plan": "solo"}),
    ("birch", "ben", "pay", "2024-05-10T08:00", {"plan": "solo"}),
    ("cedar", "cem", "signup", "2024-05-13T08:00", {"plan": "pro"}),
    ("cedar", "cem", "查看报表", "2024-05-14T08:00", {"plan": "pro"}),
    ("dune", "dot", "signup", "2024-05-14T08:00", {"plan": "solo"}),
    ("elm", "eve", "查看报表", "2024-05-15T08:00", {}),
)
EVENTS = [
    {"account_id": a, "user_id": u, "event": e, "ts": f"{at}:00Z", "properties": p, "event_id": f"e{n}"}
    for n, (a, u, e, at, p) in enumerate(DID)
]


@pytest.fixture(scope="session")
def events_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace; nobody writes to it."""
    import tenure

    folder = tmp_path_factory.mktemp("events")
    opened = tenure.open(folder, settings={"reporting_currency": "USD", "timezone": "UTC"})
    for table, rows in (("accounts", ACCOUNTS), ("subscriptions", SUBSCRIPTIONS), ("events", EVENTS)):
        opened.load(table, rows)
    return folder


@pytest.fixture
def events(events_folder: Path, settings: Any) -> Path:
    """The workspace as the application's own."""
    settings.TENURE_HOME = events_folder
    return events_folder


@pytest.fixture
def accounts() -> list[dict[str, Any]]:
    """The accounts of the workspace with events."""
    return ACCOUNTS


@pytest.fixture
def own_events(tmp_path: Path, settings: Any) -> Path:
    """A workspace whose events are of today."""
    from datetime import UTC, datetime, timedelta

    import tenure

    opened = tenure.open(tmp_path / "own", settings={"reporting_currency": "USD", "timezone": "UTC"})
    at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    did = (("ann", "signup"), ("ben", "signup"), ("ann", "查看报表"))
    opened.load(
        "events",
        [{"user_id": u, "account_id": "acme", "event": e, "ts": at, "properties": {"plan": "pro"}} for u, e in did],
    )
    settings.TENURE_HOME = tmp_path / "own"
    return tmp_path / "own"
