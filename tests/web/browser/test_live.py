"""The live view in a browser: an event of Segment's client is seen a moment after it was sent."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from segment.analytics.client import Client

import tenure


@pytest.fixture
def port(tmp_path: Path) -> Iterator[tuple[int, str]]:
    """The port for events of a workspace, and a write key of its own store."""
    tenure.open(tmp_path, settings={"timezone": "UTC", "reporting_currency": "USD"})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = int(free.getsockname()[1])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TENURE_", "DJANGO_"))}
    environ = {**kept, "TENURE_HOME": str(tmp_path), "TENURE_TRACKING_PORT": str(number)}
    command = [sys.executable, "-m", "tenure.config.cli"]
    made = subprocess.run(
        [*command, "api-key", "create", "web shop", "--role", "sender"], env=environ, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    process = subprocess.Popen([*command, "track"], env=environ)
    end = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{number}/health", timeout=5).close()
            break
        except OSError:
            assert time.monotonic() < end, "the port for events does not answer"
            time.sleep(0.1)
    yield number, made.stdout.strip()
    process.terminate()
    process.wait()


@pytest.mark.slow
def test_an_event_of_a_client_that_we_did_not_write(open_as: Any, port: Any, tmp_path: Path, picture: Any) -> None:
    number, key = port
    page = open_as("operator", "/activate/live/", home=tmp_path)
    expect(page.get_by_text("Nothing has arrived yet")).to_be_visible()
    client = Client(key, host=f"http://127.0.0.1:{number}")
    client.track("ann", "Report Exported", {"rows": 3}, {"groupId": "acme"})
    client.track("ann", "")
    client.shutdown()
    row = page.get_by_role("row", name=re.compile("Report Exported"))
    expect(row).to_contain_text(re.compile("arrived|taken"))
    expect(row).to_contain_text("acme")
    expect(row).to_contain_text("taken")
    expect(page.get_by_role("row", name=re.compile("It has no name"))).to_be_visible()
    page.fill("#live-event", "nothing of this name")
    expect(row).to_have_count(0)
    picture(page, "live-view")
