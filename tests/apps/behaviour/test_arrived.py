"""Events and identities from files: preview, import, the same once more, undo; order and keys as of what is tracked."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tenure.apps.connectors import files
from tenure.apps.connectors.files import ImportRefused, Options
from tenure.apps.workspaces.services import lake
from tenure.warehouse.arrivals.flusher import Flusher
from tenure.warehouse.arrivals.journal import Journal, Record

pytestmark = pytest.mark.django_db
CSV = """event_id,event,ts,user_id,account_id,properties
e1,login,2024-01-01T09:00:00Z,ann,acme,"{""page"": ""/""}"
e2,report,2024-01-01T09:00:00Z,ann,acme,
e3,login,2024-01-02 09:00:00,ben,,
"""


def rows(table: str = "events") -> list[dict[str, Any]]:
    lake.flush()
    found = lake.lake().read(table).to_pylist()
    return sorted(found, key=lambda row: (row.get("ts"), row["recorded_at"], row.get("place", 0)))


def test_preview_import_again_undo(home: Path) -> None:
    seen = files.preview(CSV.encode(), "events")
    assert (seen.foreseen.counts.created, {*seen.foreseen.fates.values()}) == (3, {"created"})
    assert rows() == []
    done = files.run_import(CSV.encode(), "events", by="test")
    assert (done.created, done.changed, done.unchanged) == (3, 0, 0)
    assert [(row["event_id"], row["user_id"], row["account_id"]) for row in rows()] == [
        ("e1", "ann", "acme"),
        ("e2", "ann", "acme"),
        ("e3", "ben", None),
    ]
    assert json.loads(rows()[0]["properties"]) == {"page": "/"}
    assert files.preview(CSV.encode(), "events").foreseen.counts.unchanged == 3
    more = files.run_import(CSV.replace("e3,", "e4,").encode(), "events", by="test")
    assert (more.created, more.unchanged) == (1, 2)
    undone = files.undo(more.run, by="test")
    assert (undone.withdrawn, undone.kept) == (1, 0)
    assert [row["event_id"] for row in rows()] == ["e1", "e2", "e3"]
    files.undo(done.run, by="test")
    assert rows() == []


def test_other_formats_and_columns_that_become_properties(home: Path) -> None:
    lines = '{"event_id": "j1", "event": "pay", "ts": "2024-01-01T00:00:00Z", "user_id": "u", "plan": "team"}\n'
    files.run_import(lines.encode(), "events", Options(keep_unused=True), by="test")
    table = pa.table({"event_id": ["p1"], "event": ["pay"], "ts": ["2024-01-02T00:00:00Z"], "user_id": ["u"]})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    files.run_import(sink.getvalue(), "events", by="test")
    assert [(row["event_id"], row["properties"]) for row in rows()] == [("j1", '{"plan":"team"}'), ("p1", None)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("event,ts\na,2024-01-01\n", "import.missing_column", id="no ids"),
        pytest.param("event_id,event,ts\n1,,2024-01-01\n", "import.rejected", id="no name"),
        pytest.param("event_id,event,ts\n1,a,soon\n", "import.rejected", id="no moment"),
        pytest.param('event_id,event,ts,properties\n1,a,2024-01-01,"{"\n', "import.rejected", id="no JSON"),
        pytest.param("event_id,event,ts\n1,a,2024-01-01\n1,b,2024-01-01\n", "import.rejected", id="two of one id"),
    ],
)
def test_what_is_refused(home: Path, text: str, code: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        files.run_import(text.encode(), "events", by="test")
    assert refused.value.code == code
    assert rows() == []


def test_an_event_that_was_tracked_is_not_imported_again(home: Path) -> None:
    writing = Journal(home / "journal", patience=0)
    event = {"type": "track", "event": "login", "userId": "ann", "messageId": "e1", "timestamp": "2024-01-01T09:00:00Z"}
    writing.write([Record(1_795_341_600_000_000, "import", "web", json.dumps({"batch": [event]}).encode()).packed()])
    writing.close()
    Flusher(home / "journal", lake.lake(), days=7).turn()
    (tracked,) = rows()
    done = files.run_import(CSV.encode(), "events", Options(constants={"source": "web"}), by="test")
    assert (done.created, done.unchanged) == (2, 1)
    assert [row["event_id"] for row in rows()] == ["e1", "e2", "e3"]
    other = next(row for row in rows() if row["event_id"] == "e2")
    assert [tracked[name] for name in ("user_key", "source")] == [other[name] for name in ("user_key", "source")]


def test_equal_moments_keep_the_order_of_the_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenure.apps.behaviour.arrived.CHUNK", 3)
    text = "event_id,event,ts\n" + "".join(f"{9 - i},a,2024-01-01T00:00:00Z\n" for i in range(8))
    done = files.run_import(text.encode(), "events", by="test")
    assert [row["event_id"] for row in rows()] == [str(9 - i) for i in range(8)]
    assert files.undo(done.run, by="test").withdrawn == 8


def test_identities(home: Path) -> None:
    text = "anonymous_id,user_id,account_id,valid_from\nd1,ann,,2024-01-01\n,ann,acme,2024-01-02T00:00:00Z\n"
    done = files.run_import(text.encode(), "identities", by="test")
    assert files.run_import(text.encode(), "identities", by="test").unchanged == 2
    found = sorted((row["anonymous_id"] or "", row["user_id"], row["account_id"]) for row in rows("identities"))
    assert found == [("", "ann", "acme"), ("d1", "ann", None)]
    files.undo(done.run, by="test")
    assert rows("identities") == []


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_a_stopped_import_leaves_nothing(home: Path, steps: int) -> None:
    asked = iter([False] * steps + [True] * 100)
    with pytest.raises(ImportRefused) as refused:
        files.run_import(CSV.encode(), "events", by="test", cancelled=lambda: next(asked))
    assert refused.value.code == "import.cancelled"
    assert rows() == []
