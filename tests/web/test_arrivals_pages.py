"""What arrives, as pages: the live view with its filters, refused events by reason, and who reads what of a person."""

from __future__ import annotations

import json
import re
import time

import pytest

import tenure
from reference.pages import Tables
from tenure.apps.workspaces.models import AuditEntry
from tenure.core import tracking
from tenure.warehouse.arrivals.flusher import Flusher
from tenure.warehouse.arrivals.journal import Journal, Record
from tenure.warehouse.lake import Lake
from tenure.web.behaviour.arrivals import REASONS

LIVE, ROWS, REFUSED = "/activate/live/", "/activate/live/rows/", "/activate/refused/"


@pytest.fixture
def sent(tmp_path, settings, db):
    """A workspace to which two events were sent, one of them bad, and nothing flushed yet."""
    settings.TENURE_HOME = tmp_path
    tenure.open(tmp_path, settings={"timezone": "UTC", "reporting_currency": "USD"})
    writing = Journal(tmp_path / "journal", patience=0)
    good = {"type": "track", "event": "Paid", "userId": "ann@example.com", "context": {"groupId": "acme"}}
    body = {"batch": [{**good, "properties": {"card": "4711"}}, {"type": "track", "userId": "ann@example.com"}]}
    writing.write([Record(time.time_ns() // 1000, "batch", "shop", json.dumps(body).encode()).packed()])
    writing.close()
    return lambda: Flusher(tmp_path / "journal", Lake(tmp_path / "lake"), days=7).turn()


def test_an_event_is_seen_before_and_after_it_is_in_the_lake(signed_in, sent):
    browser = signed_in("operator")
    rows = {row[0]: row for row in Tables(browser.get(LIVE).content.decode()).tables[0]}
    assert rows["Paid"][2:6] == ["arrived", "ann@example.com", "acme", "shop"]
    sent()
    rows = {row[0]: row for row in Tables(browser.get(ROWS).content.decode()).tables[0]}
    assert rows["Paid"][2] == "taken"
    assert rows["–"][2].startswith("refused It has no name")


@pytest.mark.parametrize(
    ("query", "names"),
    [("event=pai", ["Paid"]), ("who=acme", ["Paid"]), ("source=shop&event=Paid", ["Paid"]), ("source=x", [])],
)
def test_filters(signed_in, sent, query, names):
    tables = Tables(signed_in("operator").get(f"{ROWS}?{query}").content.decode()).tables
    assert [row[0] for row in tables[0][1:]] == names if names else not tables


@pytest.mark.parametrize("address", [LIVE, f"{ROWS}?who=ann", REFUSED, f"{REFUSED}refused.csv"])
def test_who_a_person_is_stays_with_those_who_may_know(signed_in, sent, address):
    sent()
    assert not re.search(r"\bann\b", signed_in("analyst").get(address).content.decode())
    shown = signed_in("operator").get(address).content.decode()
    assert re.search(r"\bann\b", shown)


def test_refused_events_are_read_again(signed_in, sent):
    sent()
    browser = signed_in("operator")
    (row,) = Tables(browser.get(REFUSED).content.decode()).tables[0][1:]
    assert row[:4] == [str(REASONS["tracking.no_event_name"]), "shop", "event", "1"]
    assert browser.post(f"{REFUSED}again/").status_code == 302
    assert "1 are refused still" in browser.get(REFUSED).content.decode()
    assert AuditEntry.objects.filter(verb="read again", kind="refused_events").count() == 1


def test_every_reason_has_its_words():
    assert {*tracking.REASONS} | {"tracking.bad_json", "tracking.no_batch", "tracking.body_too_large"} == {*REASONS}
