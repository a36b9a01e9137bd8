"""Questions that a cluster computes: queued once, watched, stopped. Hides the small files that say how far each one is.

A question is known by the key of its answers over time: one that is asked while events arrive is still the same.
The files lie in the cache: without them nothing is lost but the word of how far it is.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.timezone import now
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from tenure.apps.workspaces.services import lake
from tenure.core.errors import TenureError
from tenure.warehouse.engines.watching import Watch

QUEUE = "cluster"
FAILURE_SECONDS = 60
"""So long a failure is told before the question is asked again by whoever looks."""
SIGN_DAYS = 1
"""So long files lie of questions that nobody asks any more."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a question is: tasks done, tasks known of; or how it failed."""

    done: int = 0
    known: int = 0
    failure: dict[str, Any] | None = None
    """the refusal as `TenureError.as_dict` has it"""

    @property
    def error(self) -> TenureError | None:
        """The refusal."""
        if self.failure is None:
            return None
        given = dict(self.failure)
        return TenureError(given.pop("code"), given.pop("message"), fix=given.pop("fix"), **given)


def is_fresh(computed_at: datetime) -> bool:
    """Whether an answer of the cluster is still shown."""
    return now() - computed_at < timedelta(minutes=settings.TENURE_CLUSTER_MINUTES)


def begin(series: str, question: Mapping[str, Any], cell: Mapping[str, Any] | None = None) -> Progress:
    """Queue a question, or the rows behind a cell of it, unless it is queued or failed; gives how far it is."""
    said = progress(series)
    if said.failure is not None or is_under_way(series):
        return said
    if said.known and progress(series).known:  # it was at work, and every worker that took it up is gone
        _fail(series, failed("every process that took it up was killed"))
        return progress(series)
    _wish(series).unlink(missing_ok=True)  # of a question that was over before it was read
    compute.enqueue(series, dict(question), None if cell is None else dict(cell))
    return Progress()


def is_under_way(series: str) -> bool:
    """Whether a question waits for the cluster, or the cluster is at it."""
    waiting = DBTaskResult.objects.filter(
        task_path=compute.module_path,
        status__in=(TaskResultStatus.READY, TaskResultStatus.RUNNING),
        args_kwargs__args__0=series,
    )
    return waiting.exists()


def progress(series: str) -> Progress:
    """How far a question is, or how it failed lately; nothing is known of one that waits."""
    place = _place(series)
    try:
        said = Progress(**json.loads(place.read_text(encoding="utf-8")))
        old = said.failure is not None and time.time() - place.stat().st_mtime > FAILURE_SECONDS
    except (OSError, ValueError, TypeError):
        return Progress()
    return Progress() if old else said


def stop(series: str) -> bool:
    """Let a question end where it is, or before it begins; whether it is under way, else it is left alone."""
    if not is_under_way(series):
        return False
    _wish(series).parent.mkdir(parents=True, exist_ok=True)
    _wish(series).touch()
    return True


def forget(series: str) -> None:
    """Let a question that failed be asked again."""
    _place(series).unlink(missing_ok=True)


def sweep() -> int:
    """Delete the files of questions that nobody asks any more; how many."""
    before = time.time() - SIGN_DAYS * 86_400
    old = [place for place in _folder().glob("*") if place.stat().st_mtime < before]
    for place in old:
        place.unlink(missing_ok=True)
    return len(old)


@task(queue_name=QUEUE)
def compute(series: str, question: Mapping[str, Any], cell: Mapping[str, Any] | None) -> None:
    """Compute the answer to a question, or the rows behind a cell, which are kept where all processes find them."""
    try:
        lake.flush()
        workspace = lake.workspace()
        asking = workspace.asking(question, cell)
        last = asking.last()
        if last is None or not is_fresh(last.computed_at):
            cluster = workspace.engine.cluster
            watch = Watch(lambda done, known: _tell(series, Progress(done, known)), _wish(series).exists)
            if watch.stop():
                raise cancelled()
            with nullcontext() if cluster is None else cluster.watching(watch):
                asking.answer()
    except TenureError as problem:
        _fail(series, problem)
    except Exception as problem:  # without a word a page would ask for ever
        _fail(series, failed(type(problem).__name__))
        raise
    except BaseException:
        _place(series).unlink(missing_ok=True)
        raise
    else:
        _place(series).unlink(missing_ok=True)
    finally:
        _wish(series).unlink(missing_ok=True)


def cancelled() -> TenureError:
    """The refusal of a question that somebody stopped."""
    return TenureError("engine.cancelled", "The question was cancelled.", fix="Ask it again when you need it.")


def failed(why: str) -> TenureError:
    """The refusal of a question that ended in a way nobody foresaw; the log has the rest."""
    return TenureError(
        "engine.cluster_failed",
        "The cluster could not compute the answer.",
        fix="Ask again; `tenure doctor` looks at the cluster, and its own log says more.",
        detail=why,
    )


def _fail(series: str, problem: TenureError) -> None:
    _tell(series, Progress(failure=json.loads(json.dumps(problem.as_dict(), default=str))))


def _tell(series: str, said: Progress) -> None:
    place = _place(series)
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.{os.getpid()}")
    part.write_text(json.dumps(asdict(said)), encoding="utf-8")
    part.replace(place)


def _folder() -> Path:
    return Path(settings.TENURE_HOME) / "cache" / "asked"


def _place(series: str) -> Path:
    return _folder() / f"{series}.json"


def _wish(series: str) -> Path:
    return _place(series).with_suffix(".stop")
