"""What is sent to harm: requests against the document, ten thousand names, bombs of properties, a clock that jumps."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

import tenure
from tenure.core.tracking import CALLS
from tenure.warehouse.arrivals import live
from tenure.warehouse.arrivals.flusher import Flusher
from tenure.warehouse.arrivals.journal import Journal, Record
from tenure.warehouse.lake import Lake
from tenure.web.tracking.document import document
from web.tracking.test_receiver import Port

NOW = 1_795_341_600_000_000
DOCUMENT = schemathesis.openapi.from_dict(document())


@pytest.mark.parametrize("call", CALLS)
def test_whatever_is_sent_is_taken_or_refused_with_a_reason(tmp_path: Path, call: str) -> None:
    operation = DOCUMENT[f"/v1/{call}"]["POST"]
    either = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    either |= operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    sent: list[Any] = []

    @settings(max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=HealthCheck)
    @given(case=either)
    def gathered(case: Any) -> None:
        sent.append(case.body if isinstance(case.body, (dict, list, str, int, float, type(None))) else str(case.body))

    gathered()
    port = Port(tmp_path)

    async def work() -> None:
        for body in sent:
            answer = await port.call(f"/v1/{call}", json.dumps(body).encode())
            assert answer.status in (200, 400, 413), body
            if answer.status != 200:
                assert all(answer.said[name] for name in ("code", "message", "fix"))

    port.run(work)


def test_the_document_is_given_without_a_key(tmp_path: Path) -> None:
    port = Port(tmp_path)
    answer = port.run(lambda: port.call("/openapi.json", key=None, method="GET"))
    assert (answer.status, answer.said) == (200, document())


def record(at: int, *events: dict[str, Any]) -> bytes:
    filled = [{"type": "track", "userId": "u", **event} for event in events]
    return Record(at, "batch", "web", json.dumps({"batch": filled}).encode()).packed()


def flushed(home: Path, *records: bytes) -> Any:
    """A workspace into whose lake the records went, a segment each."""
    opened = tenure.open(home)
    for one in records:
        writing = Journal(home / "journal", patience=0)
        writing.write([one])
        writing.close()
    Flusher(home / "journal", Lake(home / "lake"), days=7).turn()
    return opened


def test_ten_thousand_names_and_bombs_of_properties(tmp_path: Path) -> None:
    names = [{"event": f"e{i}", "messageId": f"m{i}"} for i in range(10_000)]
    bomb = {"event": "bomb", "properties": {f"p{i}": i for i in range(2_000)}}
    deep: Any = "x"
    for _ in range(31):
        deep = {"d": deep}
    records = [record(NOW, *names[at : at + 2_500]) for at in range(0, 10_000, 2_500)]
    far = {"event": "far", "properties": {"n": 1e308}}
    records.append(record(NOW, bomb, {"event": "deep", "properties": deep}, far))
    opened = flushed(tmp_path, *records)
    tracemalloc.start()
    answer = opened.ask({"question": "event_catalogue", "to": "2026-11-22"})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.table.num_rows == 2_000
    assert answer.notes == [{"code": "events_left_out", "count": 8_003}]
    assert peak < 200 << 20
    found = opened.ask({"question": "event_properties", "event": "bomb", "to": "2026-11-22"})
    assert found.table.num_rows == 200
    assert len(live.latest(tmp_path / "journal")) == live.KEPT


@pytest.mark.parametrize("jump", [-3_600_000_000, -40 * 86_400_000_000, 40 * 86_400_000_000])
def test_a_clock_that_jumps_loses_and_doubles_nothing(tmp_path: Path, jump: int) -> None:
    """The server's clock is set an hour or forty days back or ahead; what was sent after that is sent once more."""
    first, second = ({"event": "a", "messageId": "m1"}, {"event": "b", "messageId": "m2"})
    opened = flushed(tmp_path, record(NOW, first), record(NOW + jump, second), record(NOW + jump + 1, second))
    ids = sorted(opened.lake.read("events")["event_id"].to_pylist())
    assert ids == ["m1", "m2"]
