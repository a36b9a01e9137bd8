"""The event catalogue as pages: the list, one event, what is written of it, who sees what, and the alarms."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

import tenure
from reference.pages import Tables

LIST, EVENT = "/activate/events/", "/activate/events/event/?event=report"


@pytest.fixture
def sent(tmp_path, settings, db):
    """A workspace with events of the last days."""
    settings.TENURE_HOME = tmp_path
    now = datetime.now(UTC)
    opened = tenure.open(tmp_path, settings={"timezone": "UTC", "reporting_currency": "USD"})
    rows = [
        {"event": "report", "account_id": "acme", "user_id": "ann", "ts": (now - timedelta(days=day)).isoformat(),
         "properties": {"email": "ann@example.com", "pages": day if day > 3 else str(day)}}
        for day in range(20)
    ]  # fmt: skip
    opened.load("events", [*rows, {**rows[0], "event": "heartbeat", "properties": {}}])
    return opened


def test_the_list(signed_in, sent):
    page = signed_in("viewer").get(LIST).content.decode()
    rows = {row[0]: row for row in Tables(page).tables[0]}
    assert rows["report"][2] == "20"
    assert "Type changed" in rows["report"][6]
    assert rows["heartbeat"][6] == "New"


def test_one_event_and_who_may_see_examples(signed_in, sent):
    writer, viewer = (signed_in(role).get(EVENT).content.decode() for role in ("operator", "viewer"))
    assert "ann@example.com" in writer
    assert "ann@example.com" not in viewer
    for page in (writer, viewer):
        assert "The property pages comes in a type it did not have before." in page
        assert {row[0] for row in Tables(page).tables[0][1:]} == {"email", "pages"}
    assert 'name="feature"' in writer
    assert 'name="feature"' not in viewer


def test_what_is_written_is_shown_and_hides(signed_in, sent):
    browser = signed_in("analyst")
    written = browser.post(EVENT, {"feature": "Reports", "owner": "Ada", "description": "Opened.", "hidden": "on"})
    assert written.status_code == 302
    page = browser.get(EVENT).content.decode()
    assert re.search(r'name="feature"[^>]*value="Reports"|value="Reports"[^>]*name="feature"', page)
    shown = browser.get(f"{LIST}?f=hidden~eq~no").content.decode()
    assert [row[0] for row in Tables(shown).tables[0][1:2]] == ["heartbeat"]
    health = browser.get("/retain/health/").content.decode()
    assert "event=heartbeat" in health
    assert "event=report" not in health


def test_the_file_has_the_counts(signed_in, sent):
    lines = signed_in("viewer").get("/activate/events/events.csv").content.decode("utf-8-sig").splitlines()
    assert lines[1].startswith("report,,20,0 0 0")


def test_the_api_writes_an_entry(client, key, sent):
    body = {"feature": "Reports", "hidden": False}
    headers = key("operator")
    first = client.patch("/api/event-entries/a/b", body, content_type="application/json", headers=headers)
    assert first.json() == {"event": "a/b", "owner": None, "description": None, **body}
    second = client.patch("/api/event-entries/a/b", {"owner": "x"}, content_type="application/json", headers=headers)
    assert second.json() == {**first.json(), "owner": "x"}
    assert client.get("/api/event-entries", headers=headers).json() == [second.json()]


def test_an_empty_workspace_says_the_next_step(signed_in, sample):
    assert "tenure api-key create" in signed_in("viewer").get(LIST).content.decode()
