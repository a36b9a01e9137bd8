"""The worker as a process: what it does when it starts, and what becomes of its job when it is killed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def asked(tmp_path: Path) -> Callable[..., list[Any]]:
    """Ask the store from outside, in SQL."""

    def ask(sql: str) -> list[Any]:
        with sqlite3.connect(tmp_path / "home" / "store.sqlite3", timeout=30) as store:
            return store.execute(sql).fetchall()

    return ask


def wait(until: Callable[[], Any], seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "it did not come in time"
        time.sleep(0.05)


JOBS = "SELECT status FROM django_tasks_database_dbtaskresult"


@pytest.mark.slow
def test_it_sweeps_and_tidies_when_it_starts(started: Any, asked: Any, tmp_path: Path) -> None:
    folder = tmp_path / "home" / "imports" / "preview-of-a-killed-process"
    folder.mkdir(parents=True)
    for name in (".lock", "staged.part"):
        (folder / name).touch()
    started("work")
    wait(lambda: not folder.exists())
    wait(lambda: asked(JOBS) == [("SUCCESSFUL",)])


_QUEUE = """
import sys, django
django.setup()
from tenure.apps.connectors.tasks import queue_import
queue_import(sys.argv[1], "subscriptions", by="test")
"""
ROWS = 40_000


@pytest.mark.slow
def test_an_import_of_a_killed_worker_is_begun_again_by_the_next(
    started: Any, asked: Any, environ: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "many.csv"
    lines = (f"a{n},s{n},10,2024-01-01\n" for n in range(ROWS))
    file.write_text("account_id,subscription_id,amount,start\n" + "".join(lines), encoding="utf-8")
    queue = [sys.executable, "-c", _QUEUE, str(file)]
    settings = {**environ, "DJANGO_SETTINGS_MODULE": "tenure.config.settings"}
    subprocess.run(queue, env=settings, check=True)
    first = started("work")
    wait((tmp_path / "home" / "imports" / "1.progress").exists)
    first.kill()
    assert asked("SELECT state FROM workspaces_importrun") == [("staged",)]
    assert asked("SELECT COUNT(*) FROM subscriptions_subscriptionversion") == [(0,)]
    subprocess.run(queue, env=settings, check=True)  # the same file once more
    started("work")
    counts = "SELECT state, created, unchanged FROM workspaces_importrun ORDER BY created"  # either may be the first
    wait(lambda: asked(counts) == [("applied", 0, ROWS), ("applied", ROWS, 0)])
    wait(lambda: not any(p.is_file() for p in (tmp_path / "home" / "imports").rglob("*")))
