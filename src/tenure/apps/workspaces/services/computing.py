"""Questions that a cluster computes: queued once, watched, stopped. Hides the small files that say how far each one is.

A question is known by the key of its answers over time: one that is asked while events arrive is still the same.
The files lie in the cache: without them nothing is lost but the word of how far it is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
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


def begin(series: str, question: Mapping[str, Any]) -> Progress:
    """Queue a question unless it is queued or failed; gives how far it is."""
    said = progress(series)
    if said.failure is None and not is_under_way(series):
        _wish(series).unlink(missing_ok=True)  # of a question that was over before it was read
        compute.enqueue(series, dict(question))
    return said


def is_under_way(series: str) -> bool:
    """Whether a question waits for the cluster, or the cluster is at it."""
    waiting = DBTaskResult.objects.filter(
        task_path=compute.module_path,
        status__in=(TaskResultStatus.READY, TaskResultStatus.RUNNING),
        args_kwargs__args__0=series,
    )
    return waiting.exists()


def progress(series: str) -> Progress:
    """How far a question is; nothing is known of one that waits."""
    try:
        return Progress(**json.loads(_place(series).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Progress()


def stop(series: str) -> None:
    """Let a question end where it is, or before it begins; one that is not under way is left alone."""
    if not is_under_way(series):
        return
    _wish(series).parent.mkdir(parents=True, exist_ok=True)
    _wish(series).touch()


def forget(series: str) -> None:
    """Let a question that failed be asked again."""
    _place(series).unlink(missing_ok=True)


@task(queue_name=QUEUE)
def compute(series: str, question: Mapping[str, Any]) -> None:
    """Compute the answer to a question, which is kept where all processes find it."""
    try:
        lake.flush()
        workspace = lake.workspace()
        last = workspace.last(question)
        if last is None or not is_fresh(last.computed_at):
            cluster = workspace.engine.cluster
            watch = Watch(lambda done, known: _tell(series, Progress(done, known)), _wish(series).exists)
            if watch.stop():
                raise cancelled()
            if cluster is None:
                workspace.ask(question)
            else:
                with cluster.watching(watch):
                    workspace.ask(question)
    except TenureError as problem:
        _fail(series, problem)
    except Exception as problem:  # without a word a page would ask for ever
        _fail(series, failed(problem))
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


def failed(problem: Exception) -> TenureError:
    """The refusal of a question that ended in a way nobody foresaw; the log has the rest."""
    return TenureError(
        "engine.cluster_failed",
        "The cluster could not compute the answer.",
        fix="Ask again; `tenure doctor` looks at the cluster, and its own log says more.",
        detail=type(problem).__name__,
    )


def _fail(series: str, problem: TenureError) -> None:
    _tell(series, Progress(failure=json.loads(json.dumps(problem.as_dict(), default=str))))


def _tell(series: str, said: Progress) -> None:
    place = _place(series)
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_name(f".{place.name}.{os.getpid()}")
    part.write_text(json.dumps(asdict(said)), encoding="utf-8")
    part.replace(place)


def _place(series: str) -> Path:
    return Path(settings.TENURE_HOME) / "cache" / "asked" / f"{series}.json"


def _wish(series: str) -> Path:
    return _place(series).with_suffix(".stop")
