"""The worker's duties: tidying every hour, jobs of killed workers taken up again, leftovers swept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from tenure.apps.subscriptions import services
from tenure.apps.workspaces import tasks
from tenure.apps.workspaces.services import lake
from tenure.core.errors import TenureError

pytestmark = pytest.mark.django_db


def queued() -> list[str]:
    return list(DBTaskResult.objects.order_by("enqueued_at").values_list("status", flat=True))


@pytest.fixture
def running(home: Any) -> Callable[..., DBTaskResult]:
    """A job that the named workers took up, one after the other."""

    def make(*workers: str) -> DBTaskResult:
        tasks.tidy.enqueue()
        job = DBTaskResult.objects.get()
        job.status, job.started_at, job.worker_ids = TaskResultStatus.RUNNING, timezone.now(), list(workers)
        job.save()
        return job

    return make


@pytest.mark.parametrize(
    ("status", "minutes", "again"),
    [
        pytest.param(None, 0, True, id="never before"),
        pytest.param(TaskResultStatus.READY, 90, False, id="still waiting"),
        pytest.param(TaskResultStatus.RUNNING, 90, False, id="still running"),
        pytest.param(TaskResultStatus.SUCCESSFUL, 59, False, id="done less than an hour ago"),
        pytest.param(TaskResultStatus.SUCCESSFUL, 61, True, id="done more than an hour ago"),
        pytest.param(TaskResultStatus.FAILED, 59, False, id="failed less than an hour ago"),
        pytest.param(TaskResultStatus.FAILED, 61, True, id="failed more than an hour ago"),
    ],
)
def test_the_tidying_is_queued_every_hour(home: Any, status: str | None, minutes: int, again: bool) -> None:
    if status is not None:
        tasks.tidy.enqueue()
        DBTaskResult.objects.update(status=status, enqueued_at=timezone.now() - timedelta(minutes=minutes))
    before = DBTaskResult.objects.count()
    tasks.queue_tidy()
    tasks.queue_tidy()
    assert DBTaskResult.objects.count() - before == again


@pytest.mark.django_db(transaction=True)
def test_the_tidying_merges_the_lake_and_is_queued_again_an_hour_later(home: Any) -> None:
    for number in range(6):
        services.add("products", {"product": f"p{number}"}, by="test")
        lake.flush()
    for hour in (1, 2):
        tasks.tend(list)
        tasks.job_runner("tenure-test", until_empty=True).run()
        assert queued() == ["SUCCESSFUL"], hour
        DBTaskResult.objects.update(enqueued_at=timezone.now() - timedelta(hours=1))
    assert len(lake.lake().files("products")) == 1


def test_a_job_whose_worker_is_gone_is_taken_up_again(running: Any) -> None:
    job = running("tenure-1-dead")
    assert tasks.take_up_lost_jobs() == 1
    job.refresh_from_db()
    assert (job.status, job.started_at) == (TaskResultStatus.READY, None)
    assert tasks.take_up_lost_jobs() == 0


def test_a_job_whose_worker_lives_is_left_alone(running: Any) -> None:
    with tasks.living() as name:
        job = running("tenure-1-dead", name)
        assert tasks.take_up_lost_jobs() == 0
        job.refresh_from_db()
        assert job.status == TaskResultStatus.RUNNING
    assert tasks.take_up_lost_jobs() == 1


def test_a_job_that_kills_every_worker_is_given_up(running: Any) -> None:
    job = running("tenure-1-a", "tenure-2-b", "tenure-3-c")
    tasks.take_up_lost_jobs()
    job.refresh_from_db()
    assert (job.status, "WorkerLost" in job.exception_class_path) == (TaskResultStatus.FAILED, True)


def test_what_a_dead_worker_left_is_removed(home: Any) -> None:
    (home / "workers").mkdir()
    (home / "workers" / "tenure-1-dead.lock").touch()
    with tasks.living() as name:
        tasks.take_up_lost_jobs()
        assert [place.stem for place in (home / "workers").iterdir()] == [name]
    assert not any((home / "workers").iterdir())


def test_a_worker_tends_to_the_workspace_at_once_and_then_every_minute(home: Any, monkeypatch: Any) -> None:
    now = 1000.0
    monkeypatch.setattr("tenure.apps.workspaces.tasks.time.monotonic", lambda: now)
    monkeypatch.setattr("tenure.apps.workspaces.tasks.close_old_connections", lambda: None)
    swept: list[float] = []
    mirror = tasks.MirrorThread(lambda: swept.append(now))
    for later in (0, 1, 58, 2, 30, 31):
        now += later
        mirror.turn()
    assert swept == [1000, 1061, 1122]


def test_a_lake_that_cannot_be_mirrored_does_not_stop_the_tending(home: Any, monkeypatch: Any) -> None:
    def refuse() -> int:
        raise TenureError("mirror.store_older_than_lake", "The store was replaced.")

    monkeypatch.setattr(lake, "flush", refuse)
    monkeypatch.setattr("tenure.apps.workspaces.tasks.close_old_connections", lambda: None)
    assert tasks.MirrorThread(list).turn() > 1
    assert queued() == ["READY"]


def test_an_index_that_cannot_be_made_is_tried_again_later(home: Any, monkeypatch: Any) -> None:
    thread = tasks.IndexThread()
    assert thread.turn() == tasks.INDEX_SECONDS

    def fail() -> bool:
        raise OSError("no space left")

    monkeypatch.setattr(tasks.lake, "index", fail)
    assert thread.turn() > tasks.INDEX_SECONDS
