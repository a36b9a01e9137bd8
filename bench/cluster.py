"""Questions about behaviour on one machine and on a standalone cluster of a master and two workers on loopback.

    python bench/cluster.py [--events 25000000 50000000 100000000] [--runs 3] [--memory 3g]

The events are those of bench/sequence_index.py. Every table is compared; a run stops where one differs. Time is that of
the whole question, never from the cache of answers: the median after one that is not counted. What the cluster did is
from Spark's own log of events: bytes written for others to read (shuffled), and the most memory of an executor with its
Python, by Spark's look at the processes. With several sizes a line is put through the medians: seconds for nothing, and
seconds for a million events more.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from clusters import Cluster, differences  # noqa: E402 - the tests' cluster is the one that is measured
from tenure.warehouse.cache import AnswerCache  # noqa: E402
from tenure.warehouse.workspace import Workspace  # noqa: E402

CORES = 2
QUESTIONS: dict[str, dict[str, Any]] = {
    "funnel by user": {
        "question": "funnel", "steps": [{"event": f"event {n}"} for n in (3, 5, 8, 13)], "window_seconds": 604_800,
        "from": "2024-01-15", "to": "2024-03-04",
    },
    "funnel by account": {
        "question": "funnel", "steps": [{"event": f"event {n}"} for n in (3, 5, 8, 13)], "window_seconds": 604_800,
        "from": "2024-01-15", "to": "2024-03-04", "unit": "account",
    },
    "lifecycle": {"question": "lifecycle", "period": "week", "first_interval": "2024-01-01", "intervals": 12},
}  # fmt: skip


def module(name: str) -> Any:
    """Another bench."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "bench" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def asked(workspace: Workspace, question: dict[str, Any], runs: int) -> tuple[float, Any]:
    """(median seconds of several runs after one that is not counted, the table)."""
    times = []
    table = None
    for _ in range(runs + 1):
        workspace._answers = AnswerCache(None)
        start = time.perf_counter()
        table = workspace.ask(question).table
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:]), table


class Log:
    """Spark's log of what its tasks did, read on from where it was left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read = 0
        self.memory = 0
        """the most bytes of one executor with its Python"""

    def shuffled(self) -> int:
        """Bytes that tasks wrote for others since the last look."""
        (file,) = (
            place for place in self._folder.rglob("*") if place.is_file() and not place.name.startswith("appstatus")
        )
        written = 0
        with file.open(encoding="utf-8") as lines:
            lines.seek(self._read)
            for line in lines:
                if not line.endswith("\n"):
                    break
                said = json.loads(line)
                metrics = said.get("Task Metrics") or {}
                written += metrics.get("Shuffle Write Metrics", {}).get("Shuffle Bytes Written", 0)
                seen = said.get("Task Executor Metrics") or {}
                self.memory = max(
                    self.memory, seen.get("ProcessTreeJVMRSSMemory", 0) + seen.get("ProcessTreePythonRSSMemory", 0)
                )
                self._read += len(line.encode())
        return written


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--events", type=int, nargs="+", default=[25_000_000, 50_000_000, 100_000_000])
    given.add_argument("--runs", type=int, default=3)
    given.add_argument("--memory", default="3g", help="of an executor's Java; its Python has more beside it")
    options = given.parse_args()
    events = module("sequence_index")
    times: dict[str, list[float]] = {name: [] for name in QUESTIONS}
    with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder), memory="8g") as cluster:
        logs = Path(folder) / "events"
        logs.mkdir()
        settings = {
            "spark.driver.host": "127.0.0.1",
            "spark.executor.memory": options.memory,
            "spark.sql.shuffle.partitions": "64",
            "spark.eventLog.enabled": "true",
            "spark.eventLog.dir": f"file://{logs}",
            "spark.eventLog.rolling.enabled": "false",
            "spark.eventLog.compress": "false",
            "spark.executor.processTreeMetrics.enabled": "true",
            "spark.executor.metrics.pollingInterval": "500",
        }
        log = Log(logs)
        for count in options.events:
            home = Path(folder) / f"home-{count}"
            here = events.filled(home, Path(folder) / "plain.parquet", count, CORES)
            here.sequences = None
            there = Workspace.open(home, engine=cluster.url, cluster_rows=0, cluster_settings=settings)
            for name, question in QUESTIONS.items():
                took, table = asked(there, question, options.runs)
                time.sleep(2)  # the log is written beside
                shuffled = log.shuffled() / (options.runs + 1)
                times[name].append(took)
                alone, same = asked(here, question, 1)
                found = differences(table, same)
                if found:
                    raise SystemExit(f"{name}: the engines differ: {found[:3]}")
                print(
                    f"{count:,} events, {name}: cluster {took:.1f} s, {count / took / CORES:,.0f} events/s a core, "
                    f"{shuffled / 1e6:,.0f} MB shuffled ({shuffled / count:.1f} bytes an event); one machine, no "
                    f"index, {alone:.1f} s ({alone / took:.2f} x)", flush=True,
                )  # fmt: skip
            print(f"{count:,} events: most memory of an executor {log.memory / 1e6:,.0f} MB", flush=True)
            shutil.rmtree(home)
    if len(options.events) > 1:
        for name, medians in times.items():
            slope, fixed = np.polyfit(np.array(options.events) / 1e6, medians, 1)
            print(f"{name}: {fixed:.1f} s and {slope:.3f} s for each million events")


if __name__ == "__main__":
    main()
