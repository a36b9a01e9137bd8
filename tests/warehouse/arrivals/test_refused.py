"""Refused events are kept to be read, and move to the events once they are accepted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tenure.core import tracking
from tenure.warehouse.arrivals import refused
from tenure.warehouse.arrivals.flusher import Flusher
from tenure.warehouse.arrivals.journal import Journal, Record
from tenure.warehouse.arrivals.refused import Outcome
from tenure.warehouse.lake import Lake

NOW = 1_795_341_600_000_000
LONG = "x" * 250


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Two names that are too long, one of them in a group's call of its own, and a body that is no JSON."""
    track = {"type": "track", "userId": "u", "messageId": "m1", "timestamp": "2026-11-22T08:00:00Z"}
    batch = {"batch": [{**track, "event": LONG}, {**track, "event": "x", "messageId": "m2"}]}
    batch |= {"sentAt": "2026-11-22T09:00:00Z", "context": {"groupId": "g"}}
    alone = {"groupId": LONG * 2, "userId": "u"}
    writing = Journal(tmp_path / "journal", patience=0)
    for call, body in (("batch", json.dumps(batch)), ("group", json.dumps(alone)), ("batch", "{")):
        writing.write([Record(NOW, call, "web", body.encode()).packed()])
    writing.close()
    lake = Lake(tmp_path / "lake")
    Flusher(tmp_path / "journal", lake, days=7).turn()
    return lake


def allow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A later release, which takes longer names and ids."""
    monkeypatch.setattr(tracking, "LONGEST_NAME", 1000)
    monkeypatch.setattr(tracking, "LONGEST_ID", 1000)


def events(lake: Lake) -> list[dict[str, Any]]:
    return [row for row in lake.read("events").to_pylist() if row["event_id"] != "m2"]


def test_they_are_listed_with_their_reasons(lake: Lake) -> None:
    reasons = [(row["call"], row["reason"], row["field"]) for row in refused.listed(lake, 10)]
    assert sorted(reasons) == [
        ("batch", "tracking.bad_event_name", "event"),
        ("batch", "tracking.bad_json", ""),
        ("group", "tracking.bad_id", "groupId"),
    ]
    assert len(refused.listed(lake, 2)) == 2


def test_what_is_still_refused_stays(lake: Lake) -> None:
    assert refused.again(lake) == Outcome(0, 0, 3)
    assert (events(lake), len(refused.listed(lake, 10))) == ([], 3)


def test_what_is_accepted_now_becomes_an_event_as_of_when_it_came(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    allow(monkeypatch)
    assert refused.again(lake) == Outcome(2, 0, 1)
    named = {row["event"]: row for row in events(lake)}
    assert set(named) == {LONG, "$group"}
    row = named[LONG]
    assert (row["event_id"], row["account_id"], row["source"]) == ("m1", "g", "web")
    assert row["ts"].isoformat() == "2026-11-22T09:00:00+00:00"  # the sender's clock was an hour slow
    assert row["received_at"].isoformat() == "2026-11-22T10:00:00+00:00"
    assert [one["account_id"] for one in lake.read("identities").to_pylist()] == [LONG * 2]
    assert [one["reason"] for one in refused.listed(lake, 10)] == ["tracking.bad_json"]
    assert refused.again(lake) == Outcome(0, 0, 1)


@pytest.mark.parametrize("step", ["append", "replace"])
def test_killed_on_the_way_they_are_neither_lost_nor_doubled(
    lake: Lake, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    real = getattr(Lake, step)

    def kill(*arguments: Any, **options: Any) -> None:
        if step == "append":
            real(*arguments, **options)  # the first one, which is of the events
        raise Killed

    allow(monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(Lake, step, kill)
        with pytest.raises(Killed):
            refused.again(lake)
    assert refused.again(lake) == Outcome(0, 2, 1)
    assert (len(events(lake)), lake.count("identities")) == (2, 1)
