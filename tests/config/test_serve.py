"""`tenure serve` answers, mirrors, and stops cleanly with everything it started."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from config.forked import Forked


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def tracking_port(environ: dict[str, str]) -> int:
    """The port for events, which the server of the test opens too."""
    environ["TENURE_TRACKING_PORT"] = str(free_port())
    return int(environ["TENURE_TRACKING_PORT"])


@pytest.fixture
def leftover(tmp_path: Path) -> Path:
    """The folder of a preview whose process was killed."""
    folder = tmp_path / "home" / "imports" / "preview-of-a-killed-process"
    folder.mkdir(parents=True)
    for name in (".lock", "staged.part"):
        (folder / name).touch()
    return folder


@pytest.fixture
def server(started: Any, port: int, tracking_port: int, leftover: Path) -> Forked:
    process: Forked = started("serve", "--port", str(port))
    wait(lambda: status(port) == 200)
    wait(lambda: status(tracking_port, "health") == 200)
    return process


def wait(until: Any, seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.2)


def status(port: int, path: str = "login/") -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as response:
            return int(response.status)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return 0


def children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return [int(child) for child in found]


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


@pytest.mark.slow
def test_it_sweeps_answers_mirrors_and_stops(server: Any, shell: Any, tmp_path: Path, leftover: Path) -> None:
    wait(lambda: not leftover.exists())
    shell("add", "accounts", "account_id=a")
    wait((tmp_path / "home" / "lake" / "accounts").exists)
    started = children(server.pid)
    assert len(started) >= 3
    server.stop()
    assert server.wait().returncode == 0
    wait(lambda: not any(map(alive, started)))


@pytest.mark.slow
def test_a_taken_port_is_refused_with_another_one(server: Any, shell: Any, port: int) -> None:
    done = shell("serve", "--port", str(port))
    assert (done.returncode, f"--port {port + 1}" in done.stderr) == (2, True)


def test_the_port_for_events_is_free_and_another_one(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from tenure.config.commands import demo, serve
    from tenure.core.errors import TenureError

    monkeypatch.delenv("TENURE_TRACKING_PORT", raising=False)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        values = {"TENURE_HOST": "127.0.0.1", "TENURE_PORT": 1, "TENURE_TRACKING_PORT": taken}
        for given, code in ((values, "serve.port_taken"), ({**values, "TENURE_PORT": taken}, "serve.one_port_twice")):
            with pytest.raises(TenureError) as refused:
                serve.check_tracking_port(given)
            assert refused.value.code == code
        demo._without_taken_port(values)
        assert os.environ["TENURE_TRACKING_PORT"] == "0"
        assert "takes no events" in capsys.readouterr().out
        with pytest.raises(TenureError):
            demo._without_taken_port(values)  # now somebody has said which
    monkeypatch.delenv("TENURE_TRACKING_PORT")


@pytest.mark.slow
def test_nothing_outlives_a_killed_server(server: Any) -> None:
    started = children(server.pid)
    server.kill()
    wait(lambda: not any(map(alive, started)))
