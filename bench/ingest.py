"""How many events a second are acknowledged, on this machine, by the tracking port with its flusher beside it.

    python bench/ingest.py [--seconds 30] [--rate EVENTS_A_SECOND] [--connections 16] [--home FOLDER]

Starts `tenure track` on a workspace of its own and sends batches of 100 events of about 600 bytes over loopback from
this process, every event with an id of its own. A batch is a text made beforehand in which the ids are put. Prints the
events acknowledged a second, the times of a batch, the processor's share and the memory of each process (the first
flushes, the last receives), and the ratio to decoding the same bytes as JSON in one thread. At the end every event that
was acknowledged must be in the lake once. Exit status 1 if it is not, or if no rate was given and the budget is missed:
30,000 events a second, the 99th percentile of a batch under 250 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EVENTS = 100
RATE, SLOWEST = 30_000, 0.25
MARK = b"@@@@@@@@@@"


def template() -> bytes:
    """A batch in which MARK stands where its number goes."""
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"
    batch = [
        {
            "type": "track",
            "messageId": f"{MARK.decode()}-{place:03d}",
            "userId": f"user{place % 37}",
            "anonymousId": f"0e1c8a5e-5b2f-4d2a-9c1d-{place:012d}",
            "event": ("Report Opened", "Report Exported", "Invoice Sent", "Seat Added")[place % 4],
            "timestamp": "2026-11-22T10:00:00.123Z",
            "properties": {"plan": "pro", "rows": place, "seconds": 1.25, "format": "xlsx", "flags": ["a", "b"]},
            "context": {
                "groupId": f"account{place % 11}",
                "library": {"name": "analytics-python", "version": "2.4.0"},
                "ip": "192.0.2.1",
                "userAgent": agent,
                "page": {"url": "https://app.example.com/reports/12", "path": "/reports/12", "title": "Reports"},
            },
        }
        for place in range(EVENTS)
    ]
    return json.dumps({"batch": batch, "sentAt": "2026-11-22T10:00:01.123Z"}).encode()


def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def processes(pid: int) -> list[int]:
    """A process and those it started."""
    listed = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return [pid, *(found for child in listed for found in processes(int(child)))]


def busy(pid: int) -> float:
    """Seconds of the processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> int:
    """MB that a process holds, without the pages of mapped files, which the machine takes back when it needs them."""
    resident, shared = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1:3]
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE") >> 20


class Load:
    """Connections that send one batch after the other; what was acknowledged, and how long each took."""

    def __init__(self, where: int, key: str, until: float, rate: float | None) -> None:
        self.where = where
        self.until = until
        self.pause = None if rate is None else EVENTS / rate
        self.body = template()
        authorization = base64.b64encode(f"{key}:".encode()).decode()
        self.head = (
            f"POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {authorization}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\n\r\n"
        ).encode()
        self.sent = 0
        self.times: list[float] = []
        self.refused = 0
        self.held: list[list[int]] = []

    async def connection(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.where)
        while time.perf_counter() < self.until:
            number, self.sent = self.sent, self.sent + 1
            if self.pause is not None:
                await asyncio.sleep(self.began + number * self.pause - time.perf_counter())
            start = time.perf_counter()
            writer.write(self.head + self.body.replace(MARK, b"%010d" % number))
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            await reader.readexactly(size)
            if head.startswith(b"HTTP/1.1 200"):
                self.times.append(time.perf_counter() - start)
            else:
                self.refused += 1
        writer.close()

    async def watch(self, pids: list[int]) -> None:
        """Notes what the processes hold, twenty times."""
        pause = (self.until - time.perf_counter()) / 20
        for _ in range(20):
            await asyncio.sleep(pause * 0.95)
            self.held.append([memory(pid) for pid in pids])

    async def run(self, connections: int, pids: list[int]) -> None:
        self.began = time.perf_counter()
        await asyncio.gather(self.watch(pids), *(self.connection() for _ in range(connections)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return measure(given.home or Path(folder) / "home", given)


def measure(home: Path, given: argparse.Namespace) -> int:
    where = port()
    os.environ |= {"TENURE_HOME": str(home), "TENURE_TRACKING_PORT": str(where), "TENURE_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "tenure.config.cli"]
    made = subprocess.run(
        [*command, "api-key", "create", "bench", "--role", "sender"], stdout=-1, text=True, check=True
    )
    server = subprocess.Popen([*command, "track"])
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", where), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        load = Load(where, made.stdout.strip(), time.perf_counter() + given.seconds, given.rate)
        found = processes(server.pid)
        before, own = {pid: busy(pid) for pid in found}, time.process_time()
        asyncio.run(load.run(given.connections, found))
        took = time.perf_counter() - load.began
        used = {pid: busy(pid) - before[pid] for pid in found}
        own = time.process_time() - own
        behind = time.perf_counter()
        while True:
            time.sleep(0.2)
            from tenure.warehouse.arrivals import flusher, journal

            if not journal.backlog(home / "journal"):
                break
        behind = time.perf_counter() - behind
        said = flusher.state(home / "journal")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
    acknowledged = len(load.times) * EVENTS
    rate, slowest = acknowledged / took, sorted(load.times)[int(len(load.times) * 0.99)]
    print(f"{acknowledged:,} events in {took:.1f} s: {rate:,.0f} a second; {load.refused} batches refused")
    print(f"bytes of an event: {len(load.body) / EVENTS:.0f}")
    print(f"a batch: median {statistics.median(load.times) * 1000:.1f} ms, 99th percentile {slowest * 1000:.1f} ms")
    for place, pid in enumerate(found):
        halves = [max(one[place] for one in half) for half in (load.held[:10], load.held[10:])]
        print(f"process {pid}: {used[pid] / took:.0%} of a core, {halves[0]} MB at most, later {halves[1]} MB")
    print(f"this generator: {own / took:.0%} of a core")
    print(f"in the lake {behind:.1f} s after the last one; {said['events']:,} events in {said['segments']} segments")
    print(f"memory of this process at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MB")
    plain = min(decoded(load.body) for _ in range(50)) / EVENTS
    print(f"decoding as JSON: {plain * 1e6:.2f} us an event, {plain * rate:.2f} of the time between two")
    whole = exactly_once(home, acknowledged)
    return 0 if whole and (given.rate or (rate >= RATE and slowest < SLOWEST)) else 1


def decoded(body: bytes) -> float:
    start = time.perf_counter()
    json.loads(body)
    return time.perf_counter() - start


def exactly_once(home: Path, acknowledged: int) -> bool:
    """Whether the lake has every event that was acknowledged, and none twice."""
    import pyarrow.compute as pc

    from tenure.warehouse.lake import Lake

    ids = Lake(home / "lake").read("events", ["row_key"])["row_key"]
    distinct = pc.count_distinct(ids).as_py()
    print(f"in the lake: {len(ids):,} events, {distinct:,} different ones")
    return len(ids) == distinct >= acknowledged


if __name__ == "__main__":
    sys.exit(main())
