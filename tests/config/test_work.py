"""The worker as a process: what it does when it starts, and what becomes of its job when it is killed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def work(environ: dict[str, str], tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start workers; those that still run at the end are killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tenure.config.cli", "work"]
        started.append(subprocess.Popen(command, cwd=tmp_path, env=environ))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def asked(tmp_path: Path) -> Callable[..., list[Any]]:
    """Ask the store from outside, in SQL."""

    def ask(sql: str) -> list[Any]:
        with sqlite3.connect(tmp_path / "home" / "store.sqlite3", timeout=30) as store:
            return store.execute(sql).fetchall()

    return ask


def wait(until: Callable[[], Any], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.05)


TABLE = "django_tasks_database_dbtaskresult"
JOBS = f"SELECT status FROM {TABLE}"


@pytest.mark.slow
def test_it_sweeps_and_tidies_when_it_starts(shell: Any, work: Any, asked: Any, tmp_path: Path) -> None:
    shell("migrate")
    folder = tmp_path / "home" / "imports" / "preview-of-a-killed-process"
    folder.mkdir(parents=True)
    for name in (".lock", "staged.part"):
        (folder / name).touch()
    work()
    wait(lambda: not folder.exists())
    wait(lambda: asked(JOBS) == [("SUCCESSFUL",)])


@pytest.mark.slow
def test_a_job_of_a_killed_worker_is_done_by_the_next(shell: Any, work: Any, asked: Any) -> None:
    shell("migrate")
    first = work()
    wait(lambda: asked(JOBS) == [("SUCCESSFUL",)])
    first.kill()
    first.wait()
    asked(f"UPDATE {TABLE} SET status = 'RUNNING'")  # as if the kill had come a moment earlier
    work()
    wait(lambda: asked(JOBS) == [("SUCCESSFUL",)])
