"""What the calls of the tracking protocol become, what is refused and why, and when an event happened."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.core import tracking
from tenure.core.tracking import Arrivals, BodyRefused, Refusal

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "tracking.md"
NOW = 1_795_341_600_000_000  # 2026-11-22T10:00:00Z
WHO = {"userId": "u1"}
ALL = ("event_id", "account_id", "user_id", "anonymous_id", "event", "ts", "properties", "attributes", "received_at")


def read(body: Any, call: str = "batch", received_at: int = NOW) -> tuple[Arrivals, list[Refusal]]:
    into = Arrivals()
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return into, tracking.read(content, call, received_at=received_at, source="web", place="j-1-0", into=into)


def one(event: dict[str, Any], call: str = "track") -> dict[str, Any]:
    """The row that a single accepted call becomes."""
    into, refused = read(event, call)
    assert (len(into), refused) == (1, [])
    return {name: getattr(into, name)[0] for name in ALL} | {"links": [link[1:] for link in into.links]}


def why(event: Any, call: str = "batch") -> str:
    """The reason for which one event is refused."""
    into, refused = read({"batch": [event]} if call == "batch" else event, call)
    assert (len(into), len(refused)) == (0, 1)
    return refused[0].code


@pytest.mark.parametrize(
    ("call", "said", "event", "properties"),
    [
        pytest.param("track", {"event": "Paid", "properties": {"a": 1}}, "Paid", {"a": 1}, id="track"),
        pytest.param("track", {"event": "付款", "properties": {}}, "付款", None, id="no properties"),
        pytest.param(
            "page", {"name": "Home", "properties": {"url": "/"}}, "page", {"name": "Home", "url": "/"}, id="page"
        ),
        pytest.param(
            "page", {"name": "A", "properties": {"name": "B"}}, "page", {"name": "B"}, id="own name of a page"
        ),
        pytest.param("screen", {"category": "c"}, "screen", {"category": "c"}, id="screen"),
        pytest.param("identify", {"traits": {"plan": "pro"}}, "$identify", {"plan": "pro"}, id="identify"),
        pytest.param("group", {"groupId": "g", "traits": {"seats": 3}}, "$group", {"seats": 3}, id="group"),
        pytest.param("alias", {"previousId": "x"}, "$alias", {"previousId": "x"}, id="alias"),
    ],
)
def test_each_call_is_an_event(call: str, said: dict[str, Any], event: str, properties: Any) -> None:
    """Alike alone and in a batch."""
    row = one({**WHO, **said}, call)
    into, _refused = read({"batch": [{"type": call, **WHO, **said}]})
    for found in (row["properties"], into.properties[0]):
        assert (json.loads(found) if found else None) == properties
    assert row["event"] == into.event[0] == event


@pytest.mark.parametrize(
    ("call", "said", "links"),
    [
        pytest.param("track", {"anonymousId": "d", "event": "x"}, [], id="track links nothing"),
        pytest.param("identify", {}, [], id="one id alone"),
        pytest.param("identify", {"anonymousId": "d"}, [("d", "u1", None)], id="device and user"),
        pytest.param("identify", {"context": {"groupId": "g"}}, [(None, "u1", "g")], id="user and account"),
        pytest.param("group", {"groupId": 7}, [(None, "u1", "7")], id="group, by number"),
        pytest.param("group", {"groupId": "g", "anonymousId": "d"}, [("d", "u1", "g")], id="all three"),
        pytest.param("alias", {"previousId": "d"}, [("d", "u1", None)], id="alias"),
    ],
)
def test_calls_that_say_which_ids_belong_together(call: str, said: dict[str, Any], links: list[Any]) -> None:
    assert one({**WHO, **said}, call)["links"] == links


def test_the_account_of_an_event_is_the_group_of_its_context() -> None:
    assert one({**WHO, "event": "x", "context": {"groupId": "g"}})["account_id"] == "g"
    assert one({**WHO, "event": "x"})["account_id"] is None


def test_a_batch_has_one_context_for_all_and_events_override_it() -> None:
    own = {"type": "track", **WHO, "event": "x", "context": {"ip": "2"}}
    into, _refused = read({"batch": [own], "context": {"ip": "1", "groupId": "g"}, "sentAt": "2026-11-22T10:00:00Z"})
    assert into.account_id == ["g"]
    assert json.loads(into.attributes[0] or "") == {
        "context": {"ip": "2", "groupId": "g"},
        "sentAt": "2026-11-22T10:00:00Z",
    }


def test_what_has_no_column_is_kept_but_for_the_key() -> None:
    row = one({**WHO, "event": "x", "writeKey": "secret", "integrations": {"All": True}, "version": 2})
    assert json.loads(row["attributes"]) == {"integrations": {"All": True}, "version": 2}


def test_ids_are_texts_and_an_empty_one_is_none() -> None:
    row = one({"userId": 7, "anonymousId": "", "event": "x", "messageId": "m"})
    assert (row["user_id"], row["anonymous_id"], row["event_id"]) == ("7", None, "m")


def test_an_event_without_an_id_is_named_by_where_it_lies() -> None:
    into, _refused = read({"batch": [{"type": "track", **WHO, "event": "x"}] * 2})
    assert into.event_id == ["j-1-0-0", "j-1-0-1"]


TRACK = {"type": "track", "userId": "u1", "event": "x"}
REFUSED = [
    pytest.param([], "tracking.not_an_object", id="a list"),
    pytest.param({**WHO, "type": "delete"}, "tracking.unknown_type", id="unknown type"),
    pytest.param({**WHO, "event": "x"}, "tracking.unknown_type", id="no type"),
    pytest.param({**WHO, "type": []}, "tracking.unknown_type", id="type is no text"),
    pytest.param({**TRACK, "event": None}, "tracking.no_event_name", id="no name"),
    pytest.param({**TRACK, "event": ""}, "tracking.no_event_name", id="empty name"),
    pytest.param({**TRACK, "event": 3}, "tracking.bad_event_name", id="name is a number"),
    pytest.param({**TRACK, "event": " \t"}, "tracking.bad_event_name", id="blank name"),
    pytest.param({**TRACK, "event": "x" * 201}, "tracking.bad_event_name", id="long name"),
    pytest.param({**TRACK, "event": "a\x00"}, "tracking.bad_event_name", id="NUL in the name"),
    pytest.param({"type": "track", "event": "x"}, "tracking.no_identity", id="nobody"),
    pytest.param({**TRACK, "userId": ""}, "tracking.no_identity", id="empty user"),
    pytest.param({**TRACK, "userId": 1.5}, "tracking.bad_id", id="user is a fraction"),
    pytest.param({**TRACK, "userId": True}, "tracking.bad_id", id="user is a flag"),
    pytest.param({**TRACK, "userId": {}}, "tracking.bad_id", id="user is an object"),
    pytest.param({**TRACK, "anonymousId": "x" * 257}, "tracking.bad_id", id="long id"),
    pytest.param({**TRACK, "messageId": "\x00"}, "tracking.bad_id", id="NUL in an id"),
    pytest.param({**TRACK, "context": {"groupId": []}}, "tracking.bad_id", id="account is a list"),
    pytest.param({**WHO, "type": "group"}, "tracking.no_group", id="no group"),
    pytest.param({**WHO, "type": "alias"}, "tracking.no_previous", id="no former id"),
    pytest.param(
        {"type": "alias", "anonymousId": "d", "previousId": "x"}, "tracking.no_previous", id="alias of nobody"
    ),
    pytest.param({**TRACK, "timestamp": "yesterday"}, "tracking.bad_timestamp", id="no moment"),
    pytest.param({**TRACK, "timestamp": 1795341600000}, "tracking.bad_timestamp", id="a moment as a number"),
    pytest.param({**TRACK, "timestamp": "1969-12-31T23:59:59Z"}, "tracking.bad_timestamp", id="before 1970"),
    pytest.param({**TRACK, "properties": []}, "tracking.bad_properties", id="properties are a list"),
    pytest.param({**TRACK, "type": "identify", "traits": "x"}, "tracking.bad_properties", id="traits are a text"),
    pytest.param({**TRACK, "context": 3}, "tracking.bad_properties", id="context is a number"),
    pytest.param({**TRACK, "properties": {"x": "y" * 33_000}}, "tracking.event_too_large", id="33 kB"),
]


@pytest.mark.parametrize(("event", "code"), REFUSED)
def test_a_bad_event_is_refused_and_its_batch_is_not(event: Any, code: str) -> None:
    assert why(event) == code
    into, refused = read({"batch": [TRACK, event, TRACK]})
    assert (len(into), [(r.index, r.code) for r in refused]) == (2, [(1, code)])
    assert json.loads(refused[0].body) == {"batch": [event]}
    assert [r.code for r in read(refused[0].body)[1]] == [code]


def test_what_is_refused_keeps_what_its_batch_said_of_all() -> None:
    shared = {"sentAt": "2026-11-22T09:59:00Z", "context": {"groupId": "g"}}
    _into, refused = read({"batch": [TRACK, {**TRACK, "event": ""}], **shared})
    assert json.loads(refused[0].body) == {**shared, "batch": [{**TRACK, "event": ""}]}
    assert read({**TRACK, "event": ""}, "track")[1][0].body == json.dumps({**TRACK, "event": ""}).encode()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(b'"\xff"', "tracking.unreadable", id="no UTF-8"),
        pytest.param(b"1e999", "tracking.unreadable", id="beyond every number"),
        pytest.param(b"-1e999", "tracking.unreadable", id="below every number"),
        pytest.param(b"9" * 5000, "tracking.unreadable", id="5,000 digits"),
        pytest.param(b"[" * 40 + b"]" * 40, "tracking.too_deep", id="40 deep"),
    ],
)
def test_values_no_one_could_read_again_are_refused(text: bytes, code: str) -> None:
    event = json.dumps({**TRACK, "properties": {"x": "HERE"}}).encode().replace(b'"HERE"', text)
    into, refused = read(b'{"batch":[' + event + b"," + json.dumps(TRACK).encode() + b"]}")
    assert (len(into), [(r.index, r.code) for r in refused]) == (1, [(0, code)])


@pytest.mark.parametrize(
    "value", [2**63, 2**64 - 1, -(2**63), 1e308, 0.1, -0.0, "😀", "a\\u0000b", "\u2028", True, None, [[]]]
)
def test_values_are_kept_as_they_came(value: Any) -> None:
    row = one({**WHO, "event": "x", "properties": {"v": value}})
    assert json.loads(row["properties"]) == {"v": value}


def test_nul_becomes_the_replacement_character() -> None:
    row = one({**WHO, "event": "x", "properties": {"a\x00": ["b\x00"]}})
    assert json.loads(row["properties"]) == {"a\ufffd": ["b\ufffd"]}


@pytest.mark.parametrize("call", ["track", "batch"])
def test_half_a_character_becomes_the_replacement_character(call: str) -> None:
    """Scripts cut texts inside a character, and write the half of it."""
    text = json.dumps({**TRACK, "properties": {"a": "x\ud83d", "b": "\U0001f600"}}).encode()
    into, refused = read(text if call == "track" else b'{"batch": [' + text + b"]}", call)
    assert (json.loads(into.properties[0] or ""), refused) == ({"a": "x\ufffd", "b": "\U0001f600"}, [])


def test_thirty_two_deep_is_allowed() -> None:
    nested: Any = 1
    for _ in range(30):
        nested = [nested]
    assert read({"batch": [{**TRACK, "properties": {"x": nested}}]})[1] == []
    assert why({**TRACK, "properties": {"x": [nested]}}) == "tracking.too_deep"


def test_one_call_that_is_endlessly_deep_is_refused() -> None:
    assert read(b"[" * 15_000 + b"]" * 15_000, "track")[1][0].code == "tracking.too_deep"


def test_many_braces_in_a_text_are_not_depth() -> None:
    assert one({**WHO, "event": "x", "properties": {"code": "{[" * 100}})["event"] == "x"


@pytest.mark.parametrize(
    ("body", "call", "code"),
    [
        pytest.param(b"", "batch", "tracking.bad_json", id="nothing"),
        pytest.param(b"{", "batch", "tracking.bad_json", id="broken off"),
        pytest.param(b'{"batch": [', "import", "tracking.bad_json", id="broken off in the list"),
        pytest.param(b'{"batch":' + b"[" * 15_000, "batch", "tracking.bad_json", id="15,000 deep"),
        pytest.param(b'{"batch":[NaN]}', "batch", "tracking.bad_json", id="no number"),
        pytest.param(b"[]", "batch", "tracking.no_batch", id="a list"),
        pytest.param(b"{}", "batch", "tracking.no_batch", id="no list"),
        pytest.param(b'{"batch": {}}', "batch", "tracking.no_batch", id="batch is an object"),
        pytest.param(b" " * (500 * 1024 + 1), "batch", "tracking.body_too_large", id="500 kB and a byte"),
        pytest.param(b" " * (32 * 1024 + 1), "track", "tracking.body_too_large", id="one call of 32 kB and a byte"),
    ],
)
def test_a_body_without_events_is_refused_whole(body: bytes, call: str, code: str) -> None:
    with pytest.raises(BodyRefused) as refused:
        read(body, call)
    assert refused.value.code == code
    assert refused.value.fix


def test_an_empty_batch_is_fine() -> None:
    into, refused = read({"batch": []})
    assert (len(into), refused) == (0, [])


def clock_table() -> list[Any]:
    """The worked table of the documentation."""
    section = PAGE.read_text(encoding="utf-8").split("## When it happened")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return [pytest.param(*row[1:], id=row[0]) for row in rows[2:]]


def at(cell: str) -> str | None:
    """A cell such as `10:00:05.200 +1 day`, on the day of the tests."""
    found = re.fullmatch(r"([\d:.]+)( \+1 day)?", cell)
    if found is None:
        return cell or None
    day = datetime(2026, 11, 22, tzinfo=UTC) + timedelta(days=1 if found[2] else 0)
    return f"{day:%Y-%m-%d}T{found[1]}Z"


@pytest.mark.parametrize(("told", "sent", "received", "ts"), clock_table())
@pytest.mark.parametrize("field", ["timestamp", "originalTimestamp"])
def test_the_senders_clock_is_taken_out(told: str, sent: str, received: str, ts: str, field: str) -> None:
    """As documented, with `sentAt` on the batch or on the event."""
    now = tracking.moment(at(received))
    assert now is not None
    event = {**TRACK, field: at(told)}
    for body in ({"batch": [event], "sentAt": at(sent)}, {"batch": [{**event, "sentAt": at(sent)}]}):
        into, refused = read(body, received_at=now)
        assert (into.ts, refused) == ([tracking.moment(at(ts))], [])


def test_imported_moments_are_taken_as_told_but_not_from_the_future() -> None:
    day = "2020-01-01T00:00:00Z"
    events = [{**TRACK, "timestamp": day, "sentAt": "2026-11-22T09:59:59Z"}, {**TRACK, "timestamp": "2199-01-01"}]
    into, _refused = read({"batch": events, "sentAt": "2026-11-22T09:59:00Z"}, "import")
    assert into.ts == [tracking.moment(day), NOW]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00+00:00"),
        ("2026-11-22T18:00:00+08:00", "2026-11-22T10:00:00Z"),
        ("2026-11-22T10:00:00", "2026-11-22T10:00:00Z"),
        ("2026-11-22", "2026-11-22T00:00:00Z"),
    ],
)
def test_moments_without_a_zone_are_utc(text: str, same: str) -> None:
    assert tracking.moment(text) == tracking.moment(same) is not None


def test_a_key_in_the_body_is_found() -> None:
    assert tracking.write_key(b'{"batch": [{"writeKey": "no"}], "writeKey": "yes"}') == "yes"
    assert tracking.write_key(b'{"writeKey": 7}') is None
    assert tracking.write_key(b"{") is None


def test_every_reason_is_documented() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert not [code for code in tracking.REASONS if f"`{code}`" not in page]


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
)
fields = st.sampled_from(
    [
        "type",
        "event",
        "userId",
        "anonymousId",
        "groupId",
        "previousId",
        "messageId",
        "timestamp",
        "sentAt",
        "context",
        "traits",
        "properties",
    ]
)
events = st.dictionaries(fields, anything | st.sampled_from([*tracking.KINDS, "2026-11-22T10:00:00Z"]), max_size=8)


@given(st.lists(events | anything, max_size=4), st.sampled_from(["batch", "import"]), anything)
def test_whatever_comes_each_event_is_accepted_or_refused(batch: list[Any], call: str, shared: Any) -> None:
    body = json.dumps({"batch": batch, "context": shared}).encode()
    into, refused = Arrivals(), []
    try:
        refused = tracking.read(body, call, received_at=NOW, source="s", place="p", into=into)
    except BodyRefused as whole:  # NaN is no JSON
        assert whole.code == "tracking.bad_json"  # noqa: PT017
        return
    assert len(into) + len(refused) == len(batch)
    assert {r.code for r in refused} <= set(tracking.REASONS)
    assert all(0 <= moment <= NOW for moment in into.ts)
    for text in (*into.properties, *into.attributes):
        assert text is None or isinstance(json.loads(text), dict)
        assert text is None or "\x00" not in text
    lengths = {len(getattr(into, name)) for name in (*ALL, "source")}
    assert lengths == {len(into)}


@given(st.binary(max_size=200), st.sampled_from(tracking.CALLS))
def test_bytes_that_are_anything_are_read_or_refused(body: bytes, call: str) -> None:
    into = Arrivals()
    try:
        refused = tracking.read(body, call, received_at=NOW, source="s", place="p", into=into)
    except BodyRefused:
        assert not len(into)
    else:
        assert len(into) + len(refused) == 1 or call in ("batch", "import")
