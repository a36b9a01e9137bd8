"""The worker: it mirrors the store into the lake about every second, and runs the queued jobs, one at a time.

Every job may be run again after a kill: a worker that starts alone puts the jobs of its dead predecessor back.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import close_old_connections, connection
from django.db.utils import Error as DatabaseError
from django_tasks import TaskResultStatus, task
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from tenure.apps.workspaces.processes import end_with_parent
from tenure.apps.workspaces.services import lake
from tenure.core.errors import TenureError

log = logging.getLogger(__name__)
TIDY_SECONDS = 3600
_PAUSE_AFTER_FAILURE = 30


@task()
def tidy() -> dict[str, Any]:
    """Merge and clean the files of the lake, and forget the jobs that are done."""
    DBTaskResult.objects.finished().delete()
    return lake.tidy()


class MirrorThread(threading.Thread):
    """Brings the lake up to date about every second, and queues the tidying."""

    def __init__(self) -> None:
        super().__init__(name="mirror", daemon=True)
        self._stopping = threading.Event()
        self._next_tidy = time.monotonic() + TIDY_SECONDS

    def run(self) -> None:
        pause: float = max(settings.TENURE_MIRROR_SECONDS, 0.2)
        while not self._stopping.wait(pause):
            pause = self._turn()
        connection.close()

    def _turn(self) -> float:
        """One look at the outbox; returns the seconds until the next."""
        close_old_connections()
        try:
            lake.flush()
            if time.monotonic() >= self._next_tidy:
                self._next_tidy = time.monotonic() + TIDY_SECONDS
                queue_tidy()
        except (TenureError, DatabaseError, OSError):
            log.exception("The lake could not be brought up to date; trying again in %s s.", _PAUSE_AFTER_FAILURE)
            return _PAUSE_AFTER_FAILURE
        return max(settings.TENURE_MIRROR_SECONDS, 0.2)

    def stop(self) -> None:
        self._stopping.set()
        self.join(timeout=60)


def queue_tidy() -> None:
    """Queue the tidying unless it is queued already."""
    if not DBTaskResult.objects.ready().filter(task_path=tidy.module_path).exists():
        tidy.enqueue()


def work() -> None:
    """Run until told to stop (SIGTERM, SIGINT): mirror, and one job after the other."""
    end_with_parent()
    held = _alone()
    if held is not None:
        DBTaskResult.objects.filter(status=TaskResultStatus.RUNNING).update(
            status=TaskResultStatus.READY, started_at=None
        )
    mirror = MirrorThread()
    mirror.start()
    worker = Worker(
        queue_names=["default"],
        interval=1,
        batch=False,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=f"tenure-{os.getpid()}",
        excluded_queue_names=[],
    )
    worker.configure_signals()
    try:
        worker.run()
    finally:
        mirror.stop()
        if held is not None:
            os.close(held)


def _alone() -> int | None:
    """A lock that says this is the only worker of the workspace; None if another one runs."""
    descriptor = os.open(Path(settings.TENURE_HOME) / "worker.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
