"""What arrived last: before it is in the lake, with its verdict after, and never more than is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tenure.warehouse.arrivals import live, refused
from tenure.warehouse.arrivals.flusher import Flusher
from tenure.warehouse.arrivals.journal import Journal, Record
from tenure.warehouse.lake import Lake

NOW = 1_795_341_600_000_000


def send(home: Path, *events: dict[str, Any], at: int = NOW, closed: bool = True) -> Journal:
    """One body, in a segment of its own."""
    writing = Journal(home / "journal", patience=0)
    body = json.dumps({"batch": [{"type": "track", "userId": "u", "event": "x", **event} for event in events]})
    writing.write([Record(at, "batch", "web", body.encode()).packed()])
    if closed:
        writing.close()
    return writing


def flush(home: Path) -> None:
    Flusher(home / "journal", Lake(home / "lake"), days=7).turn()


def seen(home: Path) -> list[tuple[str, str]]:
    return [(one.event, one.verdict) for one in live.latest(home / "journal")]


def test_it_is_seen_while_its_segment_is_still_written(tmp_path):
    writing = send(tmp_path, {"event": "a", "properties": {"k": 1}}, {"event": ""}, closed=False)
    assert sorted(seen(tmp_path)) == [("", "refused"), ("a", "waiting")]
    arrived = next(one for one in live.latest(tmp_path / "journal") if one.event == "a")
    assert (arrived.user_id, arrived.source, arrived.content) == ("u", "web", '{"k":1}')
    writing.close()
    flush(tmp_path)
    assert sorted(seen(tmp_path)) == [("", "refused"), ("a", "taken")]


def test_the_verdicts(tmp_path):
    send(tmp_path, {"messageId": "m1", "event": "first"}, {"messageId": "m1", "event": "again"}, {"userId": None})
    flush(tmp_path)
    send(tmp_path, {"messageId": "m1", "event": "later"}, {"messageId": "m2", "event": "other"}, at=NOW + 1)
    flush(tmp_path)
    assert seen(tmp_path) == [
        ("later", "repeated"),
        ("other", "taken"),
        ("first", "taken"),
        ("again", "repeated"),
        ("", "refused"),
    ]
    (wrong,) = [one for one in live.latest(tmp_path / "journal") if one.verdict == "refused"]
    assert (wrong.reason, wrong.field) == ("tracking.no_identity", "userId")


def test_however_much_comes_little_is_kept(tmp_path):
    for turn in range(3):
        send(tmp_path, *({"event": f"e{i}", "properties": {"k": "v" * 900}} for i in range(400)), at=NOW + turn)
        assert len(seen(tmp_path)) <= live.KEPT
        flush(tmp_path)
    assert len(seen(tmp_path)) == live.KEPT
    assert (tmp_path / "journal" / live.FILE).stat().st_size < live.KEPT * (live.LONGEST + 400)
    live.forget(tmp_path / "journal")
    assert seen(tmp_path) == []


@pytest.mark.parametrize("content", [b"", b"{", b'{"arrivals": 1}'])
def test_a_broken_file_is_no_notes(tmp_path, content):
    send(tmp_path, {"event": "a"})
    (tmp_path / "journal" / live.FILE).write_bytes(content)
    flush(tmp_path)
    assert seen(tmp_path) == [("a", "taken")]


def test_nothing_arrived(tmp_path):
    assert live.latest(tmp_path / "journal") == []


def test_refused_events_by_reason(tmp_path):
    send(tmp_path, {"event": ""}, {"event": "", "messageId": "last"}, {"userId": None})
    flush(tmp_path)
    found = refused.kinds(Lake(tmp_path / "lake"))
    assert [(one.reason, one.count) for one in found] == [("tracking.no_event_name", 2), ("tracking.no_identity", 1)]
    assert json.loads(found[0].content)["batch"][0]["messageId"] == "last"
