"""Clusters for tests: one inside the process, and a real one of separate processes on loopback."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tenure.warehouse.book import Shelf
from tenure.warehouse.cache import AnswerCache
from tenure.warehouse.engines.spark import SparkEngine
from tenure.warehouse.workspace import Workspace

IN_PROCESS = "local[2]"
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.driver.memory": "1g",
}
"""Little data: what makes Spark quick on much of it only costs time here."""


def without_spark() -> str:
    """Why there is no Spark on this machine; empty where there is."""
    if importlib.util.find_spec("pyspark") is None:
        return "pyspark is not installed: pip install 'tenure[spark]'"
    return "" if shutil.which("java") else "Java is not installed: apt-get install openjdk-17-jre-headless"


def pair(path: Path) -> tuple[Workspace, Workspace]:
    """The workspace in a folder twice, on one machine and on Spark in this process; neither knows earlier answers."""
    here = Workspace.open(path, threads=2)
    there = Workspace.open(path, threads=2, engine=IN_PROCESS, cluster_rows=0, cluster_settings=SETTINGS)
    for workspace in (here, there):
        workspace.sequences = None
        workspace._answers, workspace._shelf = AnswerCache(None), Shelf(None)
    return here, there


def differences(one: pa.Table, other: pa.Table) -> list[str]:
    """What two tables say otherwise; floats are alike to 1e-9 of their size, everything else to the last digit."""
    if one.schema != other.schema:
        return [f"columns: {one.schema} and {other.schema}"]
    if one.num_rows != other.num_rows:
        return [f"rows: {one.num_rows} and {other.num_rows}"]
    pairs = zip(one.to_pylist(), other.to_pylist(), strict=True)
    return [f"row {i}, {name}: {a[name]!r} and {b[name]!r}" for i, (a, b) in enumerate(pairs) for name in a
            if not _alike(a[name], b[name])]  # fmt: skip


@contextmanager
def too_large(monkeypatch: pytest.MonkeyPatch, engine: SparkEngine) -> Iterator[None]:
    """The next result is refused as too large for the driver."""
    frame = type(engine.session().range(1))
    whole = frame.toArrow

    class TooLargeError(Exception):
        __module__ = "pyspark.errors"

        def __str__(self) -> str:
            return "Total size of serialized results is bigger than spark.driver.maxResultSize"

    refused: list[bool] = []

    def once(self: Any) -> Any:
        monkeypatch.setattr(frame, "toArrow", whole)
        refused.append(True)
        raise TooLargeError

    monkeypatch.setattr(frame, "toArrow", once)
    yield
    assert refused


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(one) and math.isnan(other))
    return bool(one == other)


class Cluster:
    """A standalone cluster on loopback: a master and two workers with a core each, every one a process of its own."""

    def __init__(self, folder: Path, memory: str = "1g") -> None:
        self._folder, self._memory = folder, memory
        self.port = _free_port()
        self.url = f"spark://127.0.0.1:{self.port}"
        self._master: subprocess.Popen[bytes] | None = None
        self._workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Cluster:
        self._master = self._start("master.Master", "--port", str(self.port))
        _wait_for(lambda: _answers(self.port), "the master does not listen")
        for _ in range(2):
            self._workers.append(self._start("worker.Worker", "--cores", "1", "--memory", self._memory, self.url))
        _wait_for(
            lambda: (self._folder / "master.Master.log").read_text().count("Registering worker") == 2, "no workers"
        )
        return self

    def __exit__(self, *_: object) -> None:
        for process in [*self._workers, self._master]:
            if process is not None:
                _kill(process)

    def kill_worker(self) -> None:
        """Kill a worker and the executor that it runs, as if its machine were gone."""
        _kill(self._workers.pop())

    def kill_master(self) -> None:
        """Kill the master."""
        assert self._master is not None
        _kill(self._master)

    def start_master(self) -> None:
        """Start the master again, at the same port; it waits for a worker that is still there."""
        log = self._folder / "master.Master.log"
        before = log.read_text().count("Registering worker")
        self._master = self._start("master.Master", "--port", str(self.port))
        _wait_for(lambda: log.read_text().count("Registering worker") > before, "no worker came back")

    def _start(self, role: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = (f"org.apache.spark.deploy.{role}", "--host", "127.0.0.1", "--webui-port", "0", *arguments)
        return _spark("spark-class", *command, log=self._folder / f"{role}.log")


class ConnectServer:
    """A server of Spark Connect on loopback, with a cluster inside."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "connect.log"
        self.port = _free_port()
        self.url = f"sc://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> ConnectServer:
        settings = {**SETTINGS, "spark.connect.grpc.binding.port": str(self.port)}
        pairs = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
        server = "org.apache.spark.sql.connect.service.SparkConnectServer"
        self._process = _spark(
            "spark-submit", "--class", server, "--master", IN_PROCESS, *pairs, "spark-internal", log=self._log
        )
        _wait_for(lambda: _answers(self.port), "the server does not listen")
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def kill(self) -> None:
        """Kill the server."""
        assert self._process is not None
        _kill(self._process)


class Driver:
    """A process that asks a cluster, as a server or a notebook would; see `asking_cluster`."""

    def __init__(self, workspace: Path, master: str) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("asking_cluster.py"), workspace, master],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def kill_java(self) -> None:
        """Kill the Java by which the process speaks to the cluster."""
        killed = 0
        for place in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                pid, name, _, parent = place.read_text().split()[:4]
                if (name, int(parent)) == ("(java)", self._process.pid):
                    os.kill(int(pid), signal.SIGKILL)
                    killed += 1
        assert killed == 1

    def ask(self, question: dict[str, Any], *, at_work: Callable[[], None] | None = None) -> dict[str, Any]:
        """What the process says at the end; `at_work` is called once, when the cluster has done some of the tasks."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            said: dict[str, Any] = json.loads(line)
            if "done" not in said:
                assert at_work is None, "the question was over before the cluster was seen at work"
                return said
            if at_work is not None and said["done"] >= 2:
                at_work()
                at_work = None
        raise AssertionError("the process that asks is gone")


def _spark(program: str, *arguments: str, log: Path) -> subprocess.Popen[bytes]:
    """A process of Spark's own, with its executors in a group that can be killed."""
    import pyspark

    home = Path(pyspark.__file__).parent
    environment = {
        **os.environ, "SPARK_HOME": str(home), "SPARK_WORKER_DIR": str(log.parent / "work"),
        "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": os.pathsep.join(sys.path),
    }  # fmt: skip
    with log.open("ab") as said:
        return subprocess.Popen(
            [str(home / "bin" / program), *arguments], env=environment, stdout=said, stderr=said, start_new_session=True
        )


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def _answers(port: int) -> bool:
    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", port)) == 0


def _wait_for(seen: Callable[[], bool], otherwise: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < until, otherwise
        time.sleep(0.2)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
