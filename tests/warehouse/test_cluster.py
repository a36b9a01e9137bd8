"""A real cluster, a master and two workers as processes of their own: same answers, also when one of them dies."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from clusters import Cluster, ConnectServer, Driver, differences, without_spark
from tenure.warehouse.workspace import Workspace

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(without_spark()), reason=without_spark())]

EVENTS, USERS = 200_000, 3_000
NOW = {"now": "2024-04-01T00:00:00"}
WEEKS = {"period": "week", "first_interval": "2024-01-01", "intervals": 8, **NOW}
FUNNEL = {"question": "funnel", "steps": [{"event": name} for name in ("登录", "search", "pay")], **NOW}
CORE: list[dict[str, Any]] = [
    {"question": "movements", "from": "2024-01", "to": "2024-06", "by": ["plan"]},
    {"question": "revenue_metrics", "from": "2024-01", "to": "2024-06"},
    FUNNEL,
    {**FUNNEL, "unit": "account", "breakdown": "plan", "trend": "week"},
    {"question": "retention", "start": {"event": "登录"}, "return": {"event": "pay"}, **WEEKS},
    {"question": "feature_retention", **WEEKS},
    {"question": "lifecycle", **WEEKS},
    {"question": "stickiness", **WEEKS},
    {"question": "trend", "from": "2024-01", "to": "2024-02", "period": "week", "measure": "users", **NOW},
    {"question": "paths", "from": "2024-01-01", "to": "2024-01-15"},
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Events of users in accounts, and what the accounts pay."""
    made = Workspace.open(tmp_path_factory.mktemp("asked") / "workspace", {"timezone": "Asia/Shanghai"})
    rng = np.random.default_rng(3)
    user = rng.integers(0, USERS, EVENTS)
    ts = 1_704_067_200_000_000 + rng.integers(0, 80 * 1_440, EVENTS) * 60_000_000
    columns = {
        "event_id": pa.array(range(EVENTS)).cast(pa.string()),
        "user_id": pa.array(user).cast(pa.string()),
        "account_id": pa.array(user // 10).cast(pa.string()),
        "event": pa.array(np.array(["登录", "search", "pay", "other"])[rng.integers(0, 4, EVENTS)]),
        "ts": pa.array(ts).cast(pa.timestamp("us", "UTC")),
        "properties": pa.array(np.array(['{"plan": "专业版"}', '{"plan": "basic"}'])[rng.integers(0, 2, EVENTS)]),
    }
    made.load("events", pa.table(columns))
    paid = [
        {"subscription_id": f"s{n}", "account_id": str(n), "start": f"2024-0{1 + n % 5}-29"[:10], "mrr": f"{n}.10",
         "currency": "USD", "plan": ("pro", "专业版")[n % 2]}
        for n in range(USERS // 10)
    ]  # fmt: skip
    made.load("subscriptions", paid)
    made.sequences = None
    return made


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="module")
def driver(cluster: Cluster, workspace: Workspace) -> Iterator[Driver]:
    with Driver(Path(workspace.path), cluster.url) as asking:
        yield asking


def told(said: dict[str, Any]) -> pa.Table:
    assert "table" in said, said
    return pa.ipc.open_stream(base64.b64decode(said["table"])).read_all()


@pytest.mark.parametrize("asked", [pytest.param(q, id=f"{n}-{q['question']}") for n, q in enumerate(CORE)])
def test_the_cluster_says_what_one_machine_says(driver: Driver, workspace: Workspace, asked: dict[str, Any]) -> None:
    assert not differences(workspace.ask(asked).table, told(driver.ask(asked)))


def test_a_worker_that_dies_changes_no_answer(driver: Driver, cluster: Cluster, workspace: Workspace) -> None:
    asked = {**FUNNEL, "window_seconds": 86_400}
    found = told(driver.ask(asked, at_work=cluster.kill_worker))
    assert not differences(workspace.ask(asked).table, found)


def test_a_master_that_is_gone_is_said(driver: Driver, cluster: Cluster) -> None:
    cluster.kill_master()
    said = driver.ask({**FUNNEL, "window_seconds": 3_600})
    assert said["error"]["code"] == "engine.cluster_lost"
    assert cluster.url in said["error"]["message"]
    assert "tenure doctor" in said["error"]["fix"]


def test_a_master_that_is_started_again_is_asked_afresh(driver: Driver, cluster: Cluster, workspace: Workspace) -> None:
    cluster.start_master()
    asked = {**FUNNEL, "window_seconds": 10_800}
    assert not differences(workspace.ask(asked).table, told(driver.ask(asked)))


def test_a_java_that_died_is_started_again(driver: Driver, workspace: Workspace) -> None:
    driver.kill_java()
    asked = {**FUNNEL, "window_seconds": 14_400}
    said = driver.ask(asked)
    if "error" in said:  # it was only seen while the question was asked
        assert said["error"]["code"] == "engine.cluster_lost"
        said = driver.ask(asked)
    assert not differences(workspace.ask(asked).table, told(said))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConnectServer]:
    with ConnectServer(tmp_path_factory.mktemp("connect")) as running:
        yield running


@pytest.fixture(scope="module")
def remote(server: ConnectServer, workspace: Workspace) -> Iterator[Driver]:
    with Driver(Path(workspace.path), server.url) as asking:
        yield asking


@pytest.mark.parametrize("asked", [pytest.param(q, id=q["question"]) for q in CORE[:3]])
def test_a_connect_server_says_what_one_machine_says(
    remote: Driver, workspace: Workspace, asked: dict[str, Any]
) -> None:
    assert not differences(workspace.ask(asked).table, told(remote.ask(asked)))


def test_a_connect_server_tells_how_far_it_is(remote: Driver, workspace: Workspace) -> None:
    seen: list[bool] = []
    asked = {**FUNNEL, "window_seconds": 7_200}
    found = told(remote.ask(asked, at_work=lambda: seen.append(True)))
    assert seen
    assert not differences(workspace.ask(asked).table, found)


def test_a_connect_server_that_is_gone_is_said(remote: Driver, server: ConnectServer) -> None:
    server.kill()
    said = remote.ask({**FUNNEL, "window_seconds": 3_600})
    assert said["error"]["code"] == "engine.cluster_lost"
