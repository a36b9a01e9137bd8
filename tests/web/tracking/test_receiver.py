"""What the tracking port answers: to whom, to what, when the disk is full, and only after all is on disk."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.core.tracking import CALLS
from tenure.warehouse.arrivals import journal
from tenure.warehouse.arrivals.journal import Journal, Segment
from tenure.web.tracking import gauges as gauges_module
from tenure.web.tracking.gauges import Gauges, Limits
from tenure.web.tracking.receiver import CALL_OF, Receiver

EVENT = {"userId": "u", "event": "x", "messageId": "m"}
BATCH = {"batch": [{"type": "track", **EVENT}]}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)


class Keys:
    """Two keys; a third one is made while the server runs."""

    def __init__(self) -> None:
        self.known = {"wk": "web", "other": "app"}
        self.made: dict[str, str] = {}
        self.refreshed = 0

    def source_of(self, key: str) -> str | None:
        return self.known.get(key)

    def refresh(self) -> None:
        self.refreshed += 1
        self.known |= self.made


class Port:
    """The receiver in this process, as a server calls it."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.gauges = Gauges(folder, Limits(free_bytes=0, backlog_bytes=1 << 30))
        self.keys = Keys()
        self.app = Receiver(self.keys, self.gauges, lambda: Journal(folder, patience=0), **options)

    def run(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        async def lived() -> Any:
            await self.app.start()
            try:
                return await work()
            finally:
                await self.app.stop()

        # a thread has no loop yet, whatever the tests before left running in this one
        with ThreadPoolExecutor(1) as apart:
            return apart.submit(asyncio.run, lived()).result()

    async def call(
        self,
        path: str,
        body: Any = b"",
        *,
        key: str | None = "wk",
        method: str = "POST",
        parts: int = 1,
        **headers: str,
    ) -> Answer:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            named["authorization"] = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
        size = -(-len(content) // parts) or 1
        chunks = [content[at : at + size] for at in range(0, len(content), size)] or [b""]
        asked = [
            {"type": "http.request", "body": chunk, "more_body": place < len(chunks) - 1}
            for place, chunk in enumerate(chunks)
        ]
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return asked.pop(0) if asked else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        head = [(name.encode(), value.encode()) for name, value in named.items()]
        await self.app({"type": "http", "method": method, "path": path, "headers": head}, receive, send)
        return Answer(sent[0]["status"], {n.decode(): v.decode() for n, v in sent[0]["headers"]}, sent[1]["body"])

    def post(self, path: str, body: Any = b"", **options: Any) -> Answer:
        """One request to a server of its own."""
        return self.run(lambda: self.call(path, body, **options))

    def kept(self) -> list[tuple[str, str, bytes]]:
        """(call, source, body) of what is on disk."""
        with journal.settled(self.folder) as ready:
            found = [r for number, place in ready for r in Segment(number, place.read_bytes()).records()]
        return [(r.call, r.source, r.body) for r in found]


@pytest.fixture
def port(tmp_path: Path) -> Port:
    return Port(tmp_path / "journal")


@pytest.mark.parametrize("path", [*CALL_OF, "/v1/batch/"])
def test_every_path_takes_its_call(port: Port, path: str) -> None:
    call = CALL_OF[path.rstrip("/")]
    body = BATCH if call in ("batch", "import") else {**EVENT, "groupId": "g", "previousId": "p"}
    answer = port.post(path, body)
    assert (answer.status, answer.said) == (200, {"success": True})
    assert port.kept() == [(call, "web", json.dumps(body).encode())]


def test_the_short_paths_are_those_of_browsers() -> None:
    assert {path: call for path, call in CALL_OF.items() if len(path) == 5} == {
        "/v1/b": "batch",
        "/v1/t": "track",
        "/v1/i": "identify",
        "/v1/g": "group",
        "/v1/p": "page",
        "/v1/s": "screen",
        "/v1/a": "alias",
    }


def test_the_key_may_stand_in_the_body(port: Port) -> None:
    assert port.post("/v1/t", {**EVENT, "writeKey": "other"}, key=None).status == 200
    assert port.kept()[0][1] == "app"


@pytest.mark.parametrize(
    ("body", "key", "headers"),
    [
        pytest.param(EVENT, None, {}, id="none"),
        pytest.param(EVENT, "wrong", {}, id="unknown"),
        pytest.param({**EVENT, "writeKey": "wk"}, "wrong", {}, id="unknown, though the body has one"),
        pytest.param({**EVENT, "writeKey": 7}, None, {}, id="no text"),
        pytest.param(EVENT, None, {"authorization": "Basic ???"}, id="no base64"),
        pytest.param(EVENT, None, {"authorization": "Bearer wk"}, id="another scheme"),
    ],
)
def test_without_a_key_nothing_is_taken(port: Port, body: Any, key: str | None, headers: dict[str, str]) -> None:
    answer = port.post("/v1/track", body, key=key, **headers)
    assert (answer.status, answer.said["code"], port.kept()) == (401, "tracking.unknown_key", [])


def test_a_key_that_was_just_made_is_found_by_all_who_use_it(port: Port) -> None:
    port.keys.made = {"new": "web 2"}

    async def many() -> list[Answer]:
        return await asyncio.gather(*(port.call("/v1/track", EVENT, key="new") for _ in range(20)))

    assert {answer.status for answer in port.run(many)} == {200}
    assert port.keys.refreshed == 1


def test_the_store_is_asked_for_unknown_keys_once_a_second_at_most(port: Port) -> None:
    async def many() -> list[int]:
        return [(await port.call("/v1/track", EVENT, key=f"k{n}")).status for n in range(20)]

    assert set(port.run(many)) == {401}
    assert port.keys.refreshed == 1


def test_what_is_refused_in_a_batch_is_told_and_the_rest_accepted(port: Port) -> None:
    answer = port.post("/v1/batch", {"batch": [*BATCH["batch"], {"type": "track"}, 7]})
    assert (answer.status, answer.said["success"], answer.said["accepted"]) == (200, True, 1)
    assert [(one["index"], one["code"]) for one in answer.said["refused"]] == [
        (1, "tracking.no_event_name"),
        (2, "tracking.not_an_object"),
    ]
    assert len(port.kept()) == 1


def test_where_nothing_is_accepted_the_status_says_so_and_it_is_kept_all_the_same(port: Port) -> None:
    answer = port.post("/v1/track", {"userId": "u"})
    assert (answer.status, answer.said["code"]) == (400, "tracking.no_event_name")
    assert all(answer.said[name] for name in ("message", "fix"))
    broken = port.post("/v1/batch", b'{"batch": [')
    assert (broken.status, broken.said["code"]) == (400, "tracking.bad_json")
    assert [body for _call, _source, body in port.kept()] == [b'{"userId": "u"}', b'{"batch": [']


def test_an_empty_batch_is_fine_and_not_kept(port: Port) -> None:
    assert port.post("/v1/batch", {"batch": []}).status == 200
    assert port.kept() == []


@pytest.mark.parametrize("parts", [1, 7])
@pytest.mark.parametrize(
    ("path", "size", "status"),
    [("/v1/batch", 512_000, 400), ("/v1/batch", 512_001, 413), ("/v1/track", 32_768, 400), ("/v1/track", 32_769, 413)],
)
def test_a_body_may_have_so_many_bytes(port: Port, path: str, size: int, status: int, parts: int) -> None:
    answer = port.post(path, b" " * size, parts=parts)
    assert answer.status == status
    assert (answer.said["code"] == "tracking.body_too_large") is (status == 413)


def test_a_body_that_says_it_is_too_large_is_not_read(port: Port) -> None:
    assert port.post("/v1/batch", BATCH, content_length="600000").status == 413


def test_a_packed_body_is_unpacked(port: Port) -> None:
    body = json.dumps(BATCH).encode()
    assert port.post("/v1/batch", gzip.compress(body), content_encoding="gzip").status == 200
    assert port.kept()[0][2] == body


@pytest.mark.parametrize(
    ("body", "encoding", "status", "code"),
    [
        pytest.param(gzip.compress(b" " * 50_000_000), "gzip", 413, "tracking.body_too_large", id="a bomb"),
        pytest.param(gzip.compress(b"{}")[:-4], "gzip", 400, "tracking.bad_gzip", id="broken off"),
        pytest.param(b"{}", "gzip", 400, "tracking.bad_gzip", id="not packed"),
        pytest.param(b"{}", "br", 415, "tracking.unknown_encoding", id="packed otherwise"),
    ],
)
def test_a_body_that_cannot_be_unpacked_is_refused(
    port: Port, body: bytes, encoding: str, status: int, code: str
) -> None:
    answer = port.post("/v1/batch", body, content_encoding=encoding)
    assert (answer.status, answer.said["code"]) == (status, code)


def test_other_paths_and_methods(port: Port) -> None:
    assert port.post("/v2/batch", BATCH).status == 404
    got = port.post("/v1/batch", method="GET")
    assert (got.status, got.headers["allow"]) == (405, "POST, OPTIONS")


def test_nothing_is_answered_before_it_is_on_disk(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    real = os.fdatasync

    def sync(descriptor: int) -> None:
        seen.append(port.gauges.answers["track", 200])
        real(descriptor)

    monkeypatch.setattr(os, "fdatasync", sync)
    port.post("/v1/track", EVENT)
    assert seen[0] == 0
    assert port.gauges.answers["track", 200] == 1


def test_a_full_disk_is_told_and_nothing_acknowledged(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: Any) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        answer = port.post("/v1/track", EVENT)
    assert (answer.status, answer.said["code"], answer.headers["retry-after"]) == (503, "journal.unwritable", "30")
    assert port.kept() == []
    assert port.post("/v1/track", EVENT).status == 200


@pytest.mark.parametrize(
    ("limits", "status", "code"),
    [
        pytest.param(Limits(1 << 60, 1 << 30), 503, "tracking.disk_nearly_full", id="disk nearly full"),
        pytest.param(Limits(0, -1), 429, "tracking.lake_behind", id="lake behind"),
    ],
)
def test_senders_are_asked_to_come_later(port: Port, limits: Limits, status: int, code: str) -> None:
    port.gauges.limits = limits
    answer = port.post("/v1/track", EVENT)
    assert (answer.status, answer.said["code"]) == (status, code)
    assert int(answer.headers["retry-after"]) > 0
    health = port.post("/health", method="GET")
    assert (health.status, health.said["accepts"], health.said["reason"]) == (503, False, code)


def test_senders_are_asked_to_come_later_when_too_much_waits(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gauges_module, "MOST_WAITING", -1)
    assert port.post("/v1/track", EVENT).said["code"] == "tracking.disk_behind"


def test_health_and_figures(port: Port) -> None:
    async def asked() -> tuple[Answer, Answer]:
        await port.call("/v1/batch", {"batch": [*BATCH["batch"], 7]})
        return await port.call("/health", method="GET"), await port.call("/metrics", method="GET")

    health, figures = port.run(asked)
    assert (health.status, health.said["status"]) == (200, "ok")
    lines = figures.body.decode().splitlines()
    assert figures.headers["content-type"].startswith("text/plain")
    assert 'tenure_tracking_requests_total{call="batch",status="200"} 1' in lines
    assert "tenure_tracking_events_accepted_total 1" in lines
    assert 'tenure_tracking_events_refused_total{reason="tracking.not_an_object"} 1' in lines
    values = [line for line in lines if not line.startswith("#")]
    assert all(float(line.rpartition(" ")[2]) >= 0 for line in values)
    assert {line.split()[2] for line in lines if line.startswith("# TYPE")} >= {
        line.split()[0].partition("{")[0] for line in values
    }


def test_health_tells_of_a_flusher_that_fails(port: Port) -> None:
    (port.folder / "flusher.json").write_text(json.dumps({"error": "no room", "looked_at": 0}))
    health = port.post("/health", method="GET")
    assert (health.status, health.said["flusher_error"]) == (503, "no room")


SHOP = "https://shop.example.com"


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [([], False), (["https://other.example.com"], False), ([SHOP], True), (["*"], True)],
)
def test_pages_of_other_addresses_may_send_where_the_setting_says_so(
    tmp_path: Path, origins: list[str], allowed: bool
) -> None:
    port = Port(tmp_path / "journal", origins=origins)
    asked = port.post("/v1/t", method="OPTIONS", key=None, origin=SHOP)
    sent = port.post("/v1/t", {**EVENT, "writeKey": "wk"}, key=None, origin=SHOP, content_type="text/plain")
    assert (asked.status, sent.status) == (204, 200 if allowed else 403)
    for answer in (asked, sent):
        assert answer.headers.get("access-control-allow-origin") == (SHOP if allowed else None)
    assert len(port.kept()) == allowed


def test_a_client_that_hangs_up_does_not_disturb_the_others(port: Port) -> None:
    async def hung_up() -> Answer:
        gone = asyncio.ensure_future(port.call("/v1/track", EVENT))
        await asyncio.sleep(0)
        gone.cancel()
        return await port.call("/v1/track", EVENT)

    assert port.run(hung_up).status == 200


paths = st.sampled_from([f"/v1/{call}" for call in CALLS])
bodies = st.binary(max_size=300) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["batch", "type", "event", "userId", "writeKey", "context", "x"]), inner)
    ),
).map(lambda value: json.dumps(value).encode())


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(paths, bodies, st.sampled_from(["", "gzip"])), min_size=1, max_size=8))
def test_no_body_makes_the_server_fail(tmp_path_factory: pytest.TempPathFactory, sent: list[Any]) -> None:
    port = Port(tmp_path_factory.mktemp("journal"))

    async def all_of_them() -> list[Answer]:
        return [await port.call(path, body, content_encoding=encoding) for path, body, encoding in sent]

    for answer in port.run(all_of_them):
        assert answer.status in (200, 400)
        assert answer.status == 200 or (answer.said["code"].startswith("tracking.") and answer.said["fix"])
