"""The tracking port as a process: real clients, kills at random moments, and what a backup knows of it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.forked import Forked
from tenure.warehouse.arrivals.flusher import Flusher
from tenure.warehouse.arrivals.journal import Journal, Record
from tenure.warehouse.lake import Lake

CLIENTS = Path(__file__).resolve().parents[1] / "clients"
SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "kill_tracking.py"


def wait(until: Callable[[], Any], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.1)


def health(port: int) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
            return int(answer.status)
    except OSError:
        return 0


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def server(environ: dict[str, str], started: Any, port: int) -> Forked:
    environ["TENURE_TRACKING_PORT"] = str(port)
    process: Forked = started("track")
    wait(lambda: health(port) == 200)
    return process


@pytest.mark.slow
def test_a_client_that_we_did_not_write(server: Any, shell: Any, port: int, tmp_path: Path) -> None:
    """segment-analytics-python, plain and packed; a key that is made while the server runs, and one that is wrong."""
    from segment.analytics.client import Client

    key = shell("api-key", "create", "web shop", "--role", "sender").stdout.strip()
    failed: list[Any] = []

    def client(write_key: str, **options: Any) -> Any:
        return Client(write_key, host=f"http://127.0.0.1:{port}", on_error=lambda *said: failed.append(said), **options)

    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    plain = client(key)
    plain.identify("u1", {"plan": "pro"}, anonymous_id="d1")
    plain.group("u1", "acme", {"seats": 5})
    plain.track("u1", "Report Exported", {"rows": 3}, {"groupId": "acme"}, at)
    plain.page("u1", "docs", "Home", {"url": "/"})
    plain.screen(None, anonymous_id="d2", name="Start")
    plain.alias("d3", "u1")
    plain.shutdown()
    packed = client(key, gzip=True)
    for number in range(250):
        packed.track("u2", "Opened", {"number": number, "text": "长续" * 100})
    packed.shutdown()
    assert failed == []
    client("tnr_00000000_wrong", max_retries=0, sync_mode=False).track("u", "x")

    lake = Lake(tmp_path / "home" / "lake")
    wait(lambda: lake.count("events") == 256 and lake.count("identities") >= 3)
    rows = lake.read("events").to_pylist()
    exported = next(row for row in rows if row["event"] == "Report Exported")
    assert (exported["source"], exported["account_id"], json.loads(exported["properties"])) == (
        "web shop",
        "acme",
        {"rows": 3},
    )
    assert abs(exported["ts"] - at).total_seconds() < 5
    assert {row["event"] for row in rows} == {
        "$identify",
        "$group",
        "Report Exported",
        "page",
        "screen",
        "$alias",
        "Opened",
    }
    assert sorted(json.loads(row["properties"])["number"] for row in rows if row["event"] == "Opened") == [*range(250)]
    links = lake.read("identities", ["anonymous_id", "user_id", "account_id"]).to_pylist()
    assert {tuple(link.values()) for link in links} == {("d1", "u1", None), (None, "u1", "acme"), ("d3", "u1", None)}
    server.stop()
    assert server.wait().returncode == 0


@pytest.fixture
def node() -> str:
    """Node.js, with the client libraries of tests/clients beside the script."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        pytest.skip("node and npm are not installed")
    if not (CLIENTS / "node_modules" / ".package-lock.json").exists():
        subprocess.run([npm, "ci"], cwd=CLIENTS, check=True, capture_output=True)
    return found


@pytest.mark.slow
@pytest.mark.usefixtures("server")
def test_a_client_of_another_language(node: str, shell: Any, port: int, tmp_path: Path) -> None:
    """@segment/analytics-node, with every call it has."""
    key = shell("api-key", "create", "node", "--role", "sender").stdout.strip()
    sent = [node, str(CLIENTS / "send.mjs"), key, f"http://127.0.0.1:{port}"]
    done = subprocess.run(sent, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr

    lake = Lake(tmp_path / "home" / "lake")
    wait(lambda: lake.count("events") == 105 and lake.count("identities") >= 3)
    rows = lake.read("events").to_pylist()
    opened = [row for row in rows if row["event"] == "Opened"]
    assert sorted(json.loads(row["properties"])["number"] for row in opened) == [*range(100)]
    assert {(row["user_id"], row["account_id"], row["source"]) for row in opened} == {("n1", "acme", "node")}
    assert {row["event"] for row in rows} - {"Opened"} == {"$identify", "$group", "page", "screen", "$alias"}
    assert all(abs(row["ts"] - row["received_at"]).total_seconds() < 60 for row in rows)
    links = lake.read("identities", ["anonymous_id", "user_id", "account_id"]).to_pylist()
    assert {tuple(link.values()) for link in links} == {("d1", "n1", None), (None, "n1", "acme"), ("d3", "n1", None)}


@pytest.mark.slow
def test_kills() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--rounds", "10"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "10 rounds" in done.stdout


@pytest.mark.slow
def test_what_is_not_in_the_lake_yet_is_in_a_backup(shell: Any, tmp_path: Path) -> None:
    """And what was restored goes on where it was, above the numbers that the lake has taken."""
    home, new = tmp_path / "home", tmp_path / "new"

    def send(folder: Path, name: str, above: int = 0) -> None:
        body = json.dumps({"batch": [{"type": "track", "userId": "u", "event": "x", "messageId": name}]}).encode()
        writing = Journal(folder / "journal", patience=0, above=above)
        writing.write([Record(1_795_341_600_000_000, "batch", "web", body).packed()])
        writing.close()

    def flush(folder: Path) -> list[str]:
        Flusher(folder / "journal", Lake(folder / "lake"), days=7).turn()
        return sorted(Lake(folder / "lake").read("events", ["event_id"])["event_id"].to_pylist())

    assert shell("migrate").returncode == 0
    send(home, "a")
    flush(home)
    send(home, "b")
    done = shell("backup", "b.tenure")
    assert done.returncode == 0, done.stderr
    done = shell("restore", "b.tenure", "--home", str(new))
    assert done.returncode == 0, done.stderr
    send(new, "c")
    assert flush(new) == ["a", "b", "c"]
    assert flush(home) == ["a", "b"]
