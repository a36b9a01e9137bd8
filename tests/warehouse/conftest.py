"""The engines of tests: what uses `engine` runs on one machine, and again on Spark in this process."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from clusters import IN_PROCESS, SETTINGS, without_spark
from tenure.warehouse.engines import routed

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
