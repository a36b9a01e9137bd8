"""What `tenure doctor` asks of a cluster: whether it answers, has what the walks need, and reaches the lake."""

from __future__ import annotations

import os
import platform
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata

import pyarrow as pa
import pyarrow.fs as pafs

from tenure.warehouse.engines.spark import SparkEngine
from tenure.warehouse.lake import Lake

PACKAGES = ("tenure", "pyspark", "pyarrow", "numpy", "numba", "duckdb")
"""What executors run of ours: other versions than here would pickle, sort or compute otherwise."""
TASKS = 64
"""So many tasks look around: each executor is likely to get one."""


@dataclass(frozen=True, slots=True)
class Executor:
    """A machine of the cluster as a task found it."""

    host: str
    versions: tuple[tuple[str, str], ...]
    """(name, version) of Python and of each package; an empty version = it is not there"""
    unread: str
    """why a file of the lake cannot be read there; empty if it can"""


def executors(engine: SparkEngine) -> list[Executor]:
    """The machines of a cluster, as many as took a task.

    Raises: TenureError (engine.cluster_lost, engine.cluster_failed).
    """
    storage, file = engine.lake.storage, a_file(engine.lake)
    look = _looking(storage.files, None if file is None else storage.inside(file))
    found = engine.everywhere(look, TASKS)
    return sorted(set(found), key=lambda one: (one.host, one.versions))


def here() -> tuple[tuple[str, str], ...]:
    """The versions on this machine."""
    return (("python", platform.python_version()), *((name, _version(name)) for name in PACKAGES))


def a_file(lake: Lake) -> str | None:
    """Some file of the lake; None where it has none."""
    return next((file for name in lake.versions() for file in lake.files(name)), None)


def _looking(files: pafs.FileSystem | None, file: str | None) -> Callable[[pa.Table], Executor]:
    def look(_: pa.Table) -> Executor:
        return Executor(socket.gethostname(), here(), _unread(files or pafs.LocalFileSystem(), file))

    return look


def _unread(files: pafs.FileSystem, file: str | None) -> str:
    if file is None:
        return ""
    try:
        with files.open_input_file(file) as stream:
            return "" if stream.read(4) == b"PAR1" else f"{file} is no Parquet file"
    except OSError as error:
        return f"{file}: {os.strerror(error.errno) if error.errno else error}"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def differing(found: Executor) -> Iterator[tuple[str, str, str]]:
    """(name, version there, version here) of what an executor has otherwise; Python counts to its minor version."""
    there = dict(found.versions)
    for name, version in here():
        ours, theirs = (v.rpartition(".")[0] if name == "python" else v for v in (version, there[name]))
        if ours != theirs:
            yield name, there[name], version
