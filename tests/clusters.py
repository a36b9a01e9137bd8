"""Clusters for tests: one inside the process, and a real one of separate processes on loopback."""

from __future__ import annotations

import importlib.util
import math
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa

from tenure.warehouse.book import Shelf
from tenure.warehouse.cache import AnswerCache
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


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(one) and math.isnan(other))
    return bool(one == other)
