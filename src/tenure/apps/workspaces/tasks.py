"""The worker: it mirrors the store into the lake about every second, and runs the queued jobs, one at a time.

Every job may be run again after a kill: a worker holds a lock as long as it lives, so a job whose worker is gone is
known by its free lock and goes back into the queue; one that several workers died of is given up.
"""

from __future__ import annotations

import fcntl
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.db import close_old_connections, connection
from django.db.utils import Error as DatabaseError
from django.utils import timezone
from django_tasks import TaskResultStatus, task
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult
from pyarrow import ArrowException

from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.models import Door
from tenure.apps.workspaces.processes import end_with_parent
from tenure.apps.workspaces.services import computing, lake, members
from tenure.apps.workspaces.services.writing import coming_from
from tenure.core.errors import TenureError

log = logging.getLogger(__name__)
TIDY_SECONDS = 3600
TEND_SECONDS = 60
INDEX_SECONDS = 2
MOST_WORKERS = 3
"""So many workers may die of one job."""
_PAUSE_AFTER_FAILURE = 30

Sweep = Callable[[], Any]
"""What the floors above want cleaned up regularly."""


class WorkerLost(Exception):
    """Every worker that took a job up was killed."""


@task()
def tidy() -> dict[str, Any]:
    """Merge and clean the files of the lake, and forget the jobs that are done."""
    DBTaskResult.objects.finished().delete()
    return lake.tidy()


@task()
def mail_link(member_id: int, purpose: str, address: str, by_id: int) -> None:
    """Send a member a link to choose a password; the link is made here, so that no job holds one."""
    members.mail_link(selectors.member(member_id), address, purpose=purpose, by=selectors.member(by_id))


def queue_tidy() -> None:
    """Queue the tidying where none waits or runs and the last one was queued an hour ago, by whichever worker."""
    last = DBTaskResult.objects.filter(task_path=tidy.module_path).order_by("-enqueued_at").first()
    if last is not None:
        waiting = last.status in {TaskResultStatus.READY, TaskResultStatus.RUNNING}
        if waiting or timezone.now() - last.enqueued_at < timedelta(seconds=TIDY_SECONDS):
            return
    tidy.enqueue()


def take_up_lost_jobs() -> int:
    """Put the jobs of workers that are gone back into the queue; how many were found."""
    running = list(DBTaskResult.objects.running())  # before the workers are looked at: a new one has a new job
    alive = {place.stem for place in _locks().glob("*.lock") if _lives(place)}
    lost = [job for job in running if not job.worker_ids or job.worker_ids[-1] not in alive]
    for job in lost:
        if len(job.worker_ids) >= MOST_WORKERS:
            job.set_failed(WorkerLost(", ".join(job.worker_ids)))
        else:
            same = DBTaskResult.objects.filter(pk=job.pk, status=TaskResultStatus.RUNNING, started_at=job.started_at)
            same.update(status=TaskResultStatus.READY, started_at=None)
    return len(lost)


def tend(sweep: Sweep) -> None:
    """What is looked after when a worker starts and every minute: lost jobs, leftovers, the tidying."""
    take_up_lost_jobs()
    sweep()
    computing.sweep()
    queue_tidy()


class MirrorThread(threading.Thread):
    """Brings the lake up to date about every second, and tends to the workspace every minute."""

    def __init__(self, sweep: Sweep) -> None:
        super().__init__(name="mirror", daemon=True)
        self._stopping = threading.Event()
        self._sweep = sweep
        self._next_tend = 0.0

    def run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            pause = self.turn()
        connection.close()

    def turn(self) -> float:
        """One look at the workspace and at the outbox; returns the seconds until the next."""
        close_old_connections()
        try:
            if time.monotonic() >= self._next_tend:
                self._next_tend = time.monotonic() + TEND_SECONDS
                tend(self._sweep)
            lake.flush()
        except (TenureError, DatabaseError, OSError):
            log.exception("The lake could not be brought up to date; trying again in %s s.", _PAUSE_AFTER_FAILURE)
            return _PAUSE_AFTER_FAILURE
        return max(settings.TENURE_MIRROR_SECONDS, 0.2)

    def stop(self) -> None:
        self._stopping.set()
        self.join(timeout=60)


class IndexThread(threading.Thread):
    """Keeps the sequence index near the lake. Whatever it is at when the process ends is done again by the next."""

    def __init__(self) -> None:
        super().__init__(name="index", daemon=True)
        self._stopping = threading.Event()

    def run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            pause = self.turn()

    def turn(self) -> float:
        """One look at the lake; returns the seconds until the next."""
        try:
            lake.index()
        except (TenureError, OSError, ValueError, ArrowException):
            log.exception("The sequence index could not be made; questions are answered without it.")
            return _PAUSE_AFTER_FAILURE
        return INDEX_SECONDS

    def stop(self) -> None:
        self._stopping.set()


class Beside(Protocol):
    """A thread of the floors above that runs beside the jobs."""

    def start(self) -> None: ...
    def stop(self) -> None: ...


def work(sweep: Sweep, beside: Sequence[Beside] = ()) -> None:
    """Run until told to stop (SIGTERM, SIGINT): mirror, sequence index, what runs beside, one job after the other."""
    end_with_parent()
    with living() as name:
        mirror = MirrorThread(sweep)
        mirror.start()
        index = IndexThread()
        index.start()
        for thread in beside:
            thread.start()
        worker = job_runner(name)
        worker.configure_signals()
        try:
            with coming_from(Door.JOB):
                worker.run()
        finally:
            for thread in beside:
                thread.stop()
            index.stop()
            mirror.stop()


def compute() -> None:
    """Run until told to stop: one question of the cluster after the other."""
    end_with_parent()
    with living() as name:
        worker = job_runner(name, queue=computing.QUEUE)
        worker.configure_signals()
        worker.run()


def job_runner(name: str, *, queue: str = "default", until_empty: bool = False) -> Worker:
    """What takes jobs from a queue and runs them, without end or until the queue is empty."""
    return Worker(
        queue_names=[queue],
        interval=1,
        batch=until_empty,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=name,
        excluded_queue_names=[],
    )


# ---------------------------------------------------------------------- who lives


@contextmanager
def living() -> Iterator[str]:
    """Be a worker: gives its name, whose lock is held until the block ends or the process dies."""
    _locks().mkdir(parents=True, exist_ok=True)
    while True:
        place = _locks() / f"tenure-{os.getpid()}-{secrets.token_hex(4)}.lock"
        with place.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.fstat(lock.fileno()).st_nlink == 0:  # taken for a dead one's before it was locked
                continue
            try:
                yield place.stem
            finally:
                place.unlink(missing_ok=True)
            return


def _lives(place: Path) -> bool:
    """Whether the worker that made the file still runs; a dead one's file is removed."""
    try:
        with place.open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            place.unlink(missing_ok=True)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _locks() -> Path:
    return Path(settings.TENURE_HOME) / "workers"
