"""Every acknowledged event reaches the lake exactly once, whatever is killed, sent twice or done again."""

from __future__ import annotations

import json
import shutil
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake.exceptions import CommitFailedError

from tenure.core.errors import TenureError
from tenure.warehouse.arrivals import flusher as module
from tenure.warehouse.arrivals import journal
from tenure.warehouse.arrivals.flusher import Flusher
from tenure.warehouse.arrivals.journal import Journal, Record
from tenure.warehouse.lake import Lake

NOW = 1_795_341_600_000_000


class Killed(BaseException):
    """Stands for a SIGKILL: nothing in the product catches it."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def flusher(home: Path) -> Flusher:
    return Flusher(home / "journal", Lake(home / "lake"), days=7)


def send(home: Path, *events: dict[str, Any] | str, call: str = "batch", at: int = NOW) -> None:
    """One body, in a segment of its own."""
    writing = Journal(home / "journal", patience=0)
    filled = [
        {"type": "track", "userId": "u", "event": "x", "messageId": event} if isinstance(event, str) else event
        for event in events
    ]
    writing.write([Record(at, call, "web", json.dumps({"batch": filled}).encode()).packed()])
    writing.close()


def names(home: Path, table: str = "events") -> list[str]:
    column = "event_id" if table == "events" else "row_id"
    return sorted(Lake(home / "lake").read(table, [column])[column].to_pylist())


def test_events_links_and_refusals_reach_their_tables(home: Path) -> None:
    track = {"type": "track", "event": "Paid", "messageId": "m1", "userId": "u", "anonymousId": "d"}
    track |= {"context": {"groupId": "g"}, "properties": {"amount": 3}, "timestamp": "2026-11-22T09:00:00Z"}
    group = {"type": "group", "userId": "u", "groupId": "g", "messageId": "m2", "traits": {"seats": 5}}
    send(home, track, group, {"type": "track", "userId": "u", "messageId": "m3"})
    assert flusher(home).turn() == 1
    lake = Lake(home / "lake")
    row = next(one for one in lake.read("events").to_pylist() if one["event_id"] == "m1")
    assert {name: row[name] for name in ("account_id", "user_id", "anonymous_id", "event", "properties", "source")} == {
        "account_id": "g",
        "user_id": "u",
        "anonymous_id": "d",
        "event": "Paid",
        "properties": '{"amount":3}',
        "source": "web",
    }
    assert (row["ts"].isoformat(), row["received_at"].isoformat()) == (
        "2026-11-22T09:00:00+00:00",
        "2026-11-22T10:00:00+00:00",
    )
    assert (row["row_id"], row["origin"], row["flaws"], row["recorded_at"]) == ("m1", "load", [], row["received_at"])
    (link,) = lake.read("identities").to_pylist()
    assert (link["anonymous_id"], link["user_id"], link["account_id"]) == (None, "u", "g")
    (refused,) = lake.read("refused_events").to_pylist()
    assert (refused["reason"], refused["field"], refused["source"]) == ("tracking.no_event_name", "event", "web")
    assert json.loads(refused["content"])["batch"][0]["messageId"] == "m3"


def test_keys_are_those_of_rows_that_were_loaded(home: Path) -> None:
    """Handed over as rows or tracked, an event has the same keys."""
    from tenure.warehouse.workspace import Workspace

    send(home, {"type": "track", "event": "x", "messageId": "m", "userId": "u", "context": {"groupId": "g"}})
    flusher(home).turn()
    loaded = Workspace.open(home / "other", {})
    loaded.load(
        "events",
        [{"event_id": "m", "event": "x", "ts": "2026-11-22T10:00:00Z", "user_id": "u", "account_id": "g"}],
        source="web",
    )
    keys = ["row_key", "account_key", "user_key"]
    here, there = (Lake(folder).read("events", keys).to_pylist() for folder in (home / "lake", home / "other" / "lake"))
    assert here == there


def test_a_body_that_is_no_json_is_kept_as_refused(home: Path) -> None:
    writing = Journal(home / "journal", patience=0)
    writing.write([Record(NOW, "batch", "web", b"{\xff\x00").packed()])
    writing.close()
    flusher(home).turn()
    (refused,) = Lake(home / "lake").read("refused_events").to_pylist()
    assert (refused["reason"], refused["content"]) == ("tracking.bad_json", "{\ufffd\ufffd")


def test_an_event_sent_again_is_kept_once(home: Path) -> None:
    """In the same body, in a later one, after a restart, out of order."""
    send(home, "a", "b", "a")
    send(home, "c", "b")
    flusher(home).turn()
    send(home, "a", "d", "c")
    flusher(home).turn()
    assert names(home) == ["a", "b", "c", "d"]
    assert module.state(home / "journal") == {}


def test_an_event_sent_again_after_the_window_is_another(home: Path) -> None:
    send(home, "a")
    send(home, "a", at=NOW + 8 * 86_400_000_000)
    flusher(home).turn()
    assert names(home) == ["a", "a"]


def test_events_without_an_id_are_each_their_own_and_stay_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    event = {"type": "track", "userId": "u", "event": "x"}
    send(home, event, event)
    with monkeypatch.context() as patch:
        patch.setattr(journal, "discard", kill)
        with pytest.raises(Killed):
            flusher(home).turn()
    flusher(home).turn()
    assert len(set(names(home))) == len(names(home)) == 2


def kill(*_arguments: Any, **_options: Any) -> None:
    raise Killed


STEPS = [
    "window.add",
    "events before",
    "events after",
    "identities before",
    "identities after",
    "refused_events before",
    "refused_events after",
    "make_durable",
    "discard before",
    "discard after",
    "window.tidy",
]


@pytest.mark.parametrize("step", STEPS)
def test_killed_between_any_two_steps(home: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    link = {"type": "identify", "userId": "u", "anonymousId": "d", "messageId": "i"}
    send(home, "a", link, {"type": "track"})
    flusher(home).turn()
    send(home, "b", "a", link, {**link, "messageId": "j"}, {"type": "track"})
    send(home, "c", "b")
    with monkeypatch.context() as patch:
        kill_at(step, patch)
        with pytest.raises(Killed):
            flusher(home).turn()
    assert set(names(home)) <= {"a", "b", "i", "j"}
    flusher(home).turn()
    assert (names(home), names(home, "identities")) == (["a", "b", "c", "i", "j"], ["i", "j"])
    assert Lake(home / "lake").count("refused_events") == 2
    assert journal.backlog(home / "journal") == 0


def kill_at(step: str, patch: pytest.MonkeyPatch) -> None:
    name, _space, when = step.partition(" ")
    if name.startswith("window."):
        patch.setattr(module.Window, name.removeprefix("window."), kill)
    elif name == "make_durable":
        patch.setattr(Lake, "make_durable", kill)
    else:
        owner, attribute = (journal, "discard") if name == "discard" else (Lake, "append")
        real = getattr(owner, attribute)

        def killed(*arguments: Any, **options: Any) -> Any:
            mine = name == "discard" or name in arguments
            if mine and when == "before":
                raise Killed
            done = real(*arguments, **options)
            if mine:
                raise Killed
            return done

        patch.setattr(owner, attribute, killed)


def test_a_lost_window_is_made_of_the_lake(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.time, "time", lambda: NOW / 1_000_000)
    send(home, "a", "b")
    flusher(home).turn()
    shutil.rmtree(home / "journal" / "known")
    send(home, "a", "c")
    flusher(home).turn()
    assert names(home) == ["a", "b", "c"]


def test_a_segment_done_again_after_the_lake_has_it_changes_nothing(home: Path) -> None:
    send(home, "a", "b")
    place = journal.segments(home / "journal")[0][1]
    content = place.read_bytes()
    flusher(home).turn()
    version = Lake(home / "lake").version("events")
    place.write_bytes(content)
    flusher(home).turn()
    assert (names(home), Lake(home / "lake").version("events")) == (["a", "b"], version)


def test_a_restored_journal_that_knows_less_than_the_lake_begins_above_it(home: Path) -> None:
    """Copied before its segments were flushed, with a lake of a moment later."""
    send(home, "a")
    shutil.copytree(home / "journal", home / "copy")
    flusher(home).turn()
    send(home, "b")
    flusher(home).turn()
    shutil.rmtree(home / "journal")
    (home / "copy").rename(home / "journal")
    lake = Lake(home / "lake")
    writing = Journal(home / "journal", patience=0, above=module.taken(lake, home / "journal"))
    body = json.dumps({"batch": [{"type": "track", "userId": "u", "event": "x", "messageId": "c"}]}).encode()
    writing.write([Record(NOW, "batch", "web", body).packed()])
    writing.close()
    flusher(home).turn()
    assert names(home) == ["a", "b", "c"]


def test_damage_is_kept_for_a_person_and_the_rest_flushed(home: Path) -> None:
    send(home, "a")
    place = journal.segments(home / "journal")[0][1]
    content = bytearray(place.read_bytes())
    content[30] ^= 1
    place.write_bytes(bytes(content))
    send(home, "b")
    flusher(home).turn()
    flusher(home).turn()
    assert names(home) == ["b"]
    (kept,) = journal.damaged(home / "journal")
    assert kept.read_bytes() == bytes(content)


def test_it_runs_until_told_and_says_what_it_did(home: Path) -> None:
    stopping = threading.Event()
    working = flusher(home)
    send(home, "a", "a", {"type": "track"})
    stopping.set()
    working.run(stopping)
    said = module.state(home / "journal")
    assert {name: said[name] for name in ("segments", "events", "repeated", "refused", "damaged", "error")} == {
        "segments": 1,
        "events": 1,
        "repeated": 1,
        "refused": 1,
        "damaged": 0,
        "error": None,
    }


@pytest.mark.parametrize(
    "problem",
    [
        pytest.param(TenureError("lake.unknown_table", "The lake is out.", fix="Wait."), id="refused"),
        pytest.param(OSError(28, "The lake is out."), id="full"),
        pytest.param(CommitFailedError("The lake is out."), id="commit"),
        pytest.param(pa.ArrowInvalid("The lake is out."), id="rows"),
    ],
)
def test_what_cannot_be_flushed_stays_and_is_tried_again(
    home: Path, problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(home, "a")
    stopping = threading.Event()
    stopping.set()

    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise problem

    with monkeypatch.context() as patch:
        patch.setattr(Lake, "append", refuse)
        flusher(home).run(stopping)
    assert "The lake is out." in module.state(home / "journal")["error"]
    assert journal.backlog(home / "journal") > 0
    flusher(home).run(stopping)
    assert (names(home), module.state(home / "journal")["error"]) == (["a"], None)


def test_compaction_beside_it_changes_nothing(home: Path) -> None:
    for turn in range(6):
        send(home, f"m{turn}", f"m{turn - 1}")
        flusher(home).turn()
        Lake(home / "lake").compact("events")
    assert Counter(names(home)) == Counter(["m-1", *(f"m{turn}" for turn in range(6))])
