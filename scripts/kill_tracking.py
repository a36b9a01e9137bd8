"""Kill the tracking port under load, at random moments; then every event it acknowledged must be in the lake once, and
the sequence index must have just these.

    python scripts/kill_tracking.py --rounds 100 [--seed 1] [--home DIR]

Senders post batches as clients do: what was not acknowledged is sent again with the same ids, now and then so is what
was, and batches overtake each other. Each round kills with SIGKILL the process that receives, the one that flushes, or
both, and those that merge files and that build the index meanwhile, lets them come back, and goes on. At the end
nothing may be missing or twice.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tenure.warehouse.workspace import Workspace

FORKS = multiprocessing.get_context("forkserver")
"""Processes are forked from one that has read the libraries, so that they work at once."""
SENDERS = 3
START_SECONDS = 60
LONGEST_SECONDS = 1.2


class Disagreement(AssertionError):
    """What the check found."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = given.home or Path(folder) / "home"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        os.environ |= {"TENURE_HOME": str(home), "TENURE_TRACKING_PORT": str(port), "TENURE_LOG_LEVEL": "ERROR"}
        FORKS.set_forkserver_preload(
            ["django.contrib.admin", "pypinyin", "tenure.warehouse.mirror", "tenure.warehouse.sequences.index"]
        )
        make = [sys.executable, "-m", "tenure.config.cli", "api-key", "create", "kill test", "--role", "sender"]
        key = subprocess.run(make, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        server = Server(port)
        senders = [Sender(port, key, given.seed * 1000 + number) for number in range(SENDERS)]
        rng = random.Random(given.seed)
        killed: Counter[str] = Counter()
        try:
            for sender in senders:
                sender.start()
            for _ in range(given.rounds):
                server.wait()
                time.sleep(rng.uniform(0, LONGEST_SECONDS))
                compacting, building = started(compact, home), started(build, home)
                killed[server.kill(rng)] += 1
                for name, process in (("compactor", compacting), ("builder", building)):
                    killed[name] += killed_after(process, rng.uniform(0, LONGEST_SECONDS))
            server.wait()
            for sender in senders:
                sender.stop()
            settle(home)
        finally:
            server.stop()
        acknowledged = set().union(*(sender.acknowledged for sender in senders))
        sent = set().union(*(sender.sent for sender in senders))
        check(home, acknowledged, sent)
        print(f"{given.rounds} rounds, killed {dict(killed)}; {len(acknowledged):,} events acknowledged, each once.")
    return 0


class Server:
    """`tenure track`, started again whenever it is gone."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.process = self._started()

    def _started(self) -> BaseProcess:
        process = FORKS.Process(target=track)
        process.start()
        return process

    def wait(self) -> None:
        """Until it is well; a process that could not start, because its killed one held the port, is started again."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if not self.process.is_alive():
                self.process = self._started()
            try:
                asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                asked.request("GET", "/health")
                if asked.getresponse().status == 200:
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.05)
        raise Disagreement("the server did not come back")

    def kill(self, rng: random.Random) -> str:
        """Kill one of its processes, or all."""
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        receivers = [int(pid) for pid in children.stdout.split()]
        what = rng.choice(["receiver", "flusher", "both"])
        victims = {"receiver": receivers, "flusher": [self.process.pid], "both": [self.process.pid, *receivers]}[what]
        for pid in victims:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if what != "receiver":
            self.process.join()
        return what

    def stop(self) -> None:
        self.process.terminate()
        self.process.join(60)


def track() -> None:
    """The port for events; what it says does not matter here."""
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    from tenure.config import cli

    cli.main(["track"])


class Sender(threading.Thread):
    """A client: sends a batch until it is acknowledged, and some of them once more."""

    def __init__(self, port: int, key: str, seed: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.rng = random.Random(seed)
        self.name = f"s{seed}"
        self.head = {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}
        self.acknowledged: set[str] = set()
        self.sent: set[str] = set()
        self._stopping = threading.Event()

    def run(self) -> None:
        old: list[list[str]] = []
        number = 0
        while not self._stopping.is_set():
            if old and self.rng.random() < 0.2:
                ids = self.rng.choice(old)
            else:
                size = self.rng.randrange(1, 50)
                ids = [f"{self.name}-{number + place}" for place in range(size)]
                number += size
            if self._post(ids):
                self.acknowledged.update(ids)
                old = [*old[-20:], ids]
            else:
                old.append(ids)  # sent again later, after others

    def _post(self, ids: list[str]) -> bool:
        self.sent.update(ids)
        events = [{"type": "track", "userId": "u", "event": "x", "messageId": one} for one in ids]
        try:
            asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            asked.request("POST", "/v1/batch", json.dumps({"batch": events}), self.head)
            answer = asked.getresponse()
            answer.read()
            asked.close()
        except (OSError, http.client.HTTPException):
            time.sleep(0.02)
            return False
        if answer.status not in (200, 429, 503):
            raise Disagreement(f"a batch was answered with {answer.status}")
        return answer.status == 200

    def stop(self) -> None:
        self._stopping.set()
        self.join()


def started(work: Callable[[Path], None], home: Path) -> BaseProcess:
    """A process that does some work over and over."""
    process = FORKS.Process(target=work, args=(home,))
    process.start()
    return process


def compact(home: Path) -> None:
    """Merge the small files of the table."""
    from tenure.warehouse.lake import Lake

    while True:
        Lake(home / "lake").compact("events")


def build(home: Path) -> None:
    """Build the index, and extend it as events arrive."""
    workspace = indexed(home)
    while True:
        (home / "cache" / "sequences" / "index.json").unlink(missing_ok=True)
        for _extended in range(5):
            workspace.index()


def indexed(home: Path) -> Workspace:
    """The workspace with its index, however few the events are."""
    from tenure.warehouse.sequences.index import SequenceIndex
    from tenure.warehouse.workspace import Workspace

    workspace = Workspace.open(home)
    workspace.sequences = SequenceIndex(home / "cache" / "sequences", workspace.lake, least=1)
    return workspace


def killed_after(process: BaseProcess, seconds: float) -> int:
    """Kill a process after some time: 1 if it still ran then, as it should."""
    time.sleep(seconds)
    ran = process.is_alive()
    process.kill()
    process.join()
    return int(ran)


def settle(home: Path) -> None:
    """Wait until all that is in the journal is in the lake."""
    from tenure.warehouse.arrivals import journal

    until = time.monotonic() + START_SECONDS
    while journal.backlog(home / "journal"):
        if time.monotonic() > until:
            raise Disagreement("the journal was not flushed")
        time.sleep(0.1)


def check(home: Path, acknowledged: set[str], sent: set[str]) -> None:
    from tenure.warehouse.lake import Lake

    rows = Lake(home / "lake").read("events", ["event_id", "row_key"])
    found = Counter(rows["event_id"].to_pylist())
    twice = [name for name, count in found.items() if count > 1]
    missing = acknowledged - found.keys()
    if missing or twice or not found.keys() <= sent:
        raise Disagreement(f"{len(missing)} missing, such as {sorted(missing)[:3]}; twice: {twice[:3]}")
    if not acknowledged:
        raise Disagreement("nothing was acknowledged")
    if in_index(home) != sorted(rows["row_key"].to_pylist()):
        raise Disagreement("the index has other events than the lake")


def in_index(home: Path) -> list[int]:
    """The keys of the events that the index has of the lake as it is, in order."""
    from tenure.warehouse import trails
    from tenure.warehouse.matchers import Matcher
    from tenure.warehouse.sequences.opened import Opened
    from tenure.warehouse.slices import Where
    from tenure.warehouse.snapshot import Snapshot

    workspace = indexed(home)
    workspace.index()
    snapshot = Snapshot(
        workspace.engine, workspace.versions(), workspace.definition(), datetime.now(UTC), sequences=workspace.sequences
    )
    if workspace.sequences is None or not isinstance(workspace.sequences.of(snapshot), Opened):
        raise Disagreement("the index does not follow the lake")
    keys: list[int] = trails.read(snapshot, trails.Wanted("user", [Matcher()]), Where()).row_key.tolist()
    return sorted(keys)


if __name__ == "__main__":
    sys.exit(main())
