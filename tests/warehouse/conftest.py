"""The engines of tests: what uses `engine` runs on one machine, and again on Spark in this process. And buckets."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from buckets import Server, served, without_buckets
from clusters import IN_PROCESS, SETTINGS, without_spark
from tenure.warehouse.engines import routed

PREFIX = "库 a+b/it's [1] #&=~"
ENGINES = ("one machine", "spark")


@pytest.fixture(params=ENGINES)
def engine(request: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """The engine of every workspace that the test opens."""
    if request.param == "spark":
        missing = without_spark()
        if missing:
            pytest.skip(missing)
        whole = partial(routed.engine, cluster_rows=0, cluster_settings=SETTINGS)

        def on_spark(lake: Any, name: str = "", **limits: Any) -> routed.RoutedEngine:
            return whole(lake, IN_PROCESS, **limits)

        monkeypatch.setattr(routed, "engine", on_spark)
    return str(request.param)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    missing = without_buckets()
    if missing:
        pytest.skip(missing)
    with served() as one:
        yield one


@pytest.fixture
def bucket(server: Server, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """An empty bucket of this test, reached by the environment; gives a place in it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    name = f"lake-{hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]}"
    server.make(name)
    return f"s3://{name}/{PREFIX}"
