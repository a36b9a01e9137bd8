"""Watching a question while a cluster computes it: how far it is, and stopping it. Hides Spark's two ways to ask."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOOK_SECONDS = 0.5


@dataclass
class Watch:
    """Who watches a question: is told (tasks done, tasks known of), and says whether it shall stop."""

    tell: Callable[[int, int], None]
    stop: Callable[[], bool]
    stopped: bool = False


@contextmanager
def watched(session: SparkSession, watch: Watch | None, *, remote: bool) -> Iterator[None]:
    """Let a watch look at what this thread asks of a session inside."""
    if watch is None:
        yield
        return
    mark = f"tenure-{uuid.uuid4().hex[:12]}"
    seen = _Seen()
    context: Any = None
    if remote:
        session.addTag(mark)
        session.registerProgressHandler(seen.told)
    else:
        context = session.sparkContext
        context.setJobGroup(mark, "a question of Tenure", interruptOnCancel=True)
    over = threading.Event()

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            if context is not None:
                seen.looked_up(context.statusTracker(), mark)
            watch.tell(seen.done, seen.known)
            if watch.stop():
                watch.stopped = True
                if context is not None:
                    context.cancelJobGroup(mark)
                else:
                    session.interruptTag(mark)

    looking = threading.Thread(target=look, name="watch", daemon=True)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()
        if context is not None:
            for name in ("spark.jobGroup.id", "spark.job.description", "spark.job.interruptOnCancel"):
                context.setLocalProperty(name, None)
        else:
            session.removeProgressHandler(seen.told)
            session.removeTag(mark)


class _Seen:
    """Tasks of a question by stage; stages that are gone from the tracker's memory count as done."""

    def __init__(self) -> None:
        self._stages: dict[int, tuple[int, int]] = {}

    @property
    def done(self) -> int:
        return sum(done for done, _ in self._stages.values())

    @property
    def known(self) -> int:
        return sum(known for _, known in self._stages.values())

    def looked_up(self, tracker: Any, group: str) -> None:
        """Ask a session of this process."""
        for job in tracker.getJobIdsForGroup(group):
            found = tracker.getJobInfo(job)
            for stage in found.stageIds if found is not None else ():
                about = tracker.getStageInfo(stage)
                if about is not None:
                    self._stages[stage] = (about.numCompletedTasks, about.numTasks)
                elif stage in self._stages:
                    known = self._stages[stage][1]
                    self._stages[stage] = (known, known)

    def told(self, stages: Any, **_: Any) -> None:
        """Hear it from a Connect server."""
        for stage in stages or ():
            self._stages[stage.stage_id] = (stage.num_completed_tasks, stage.num_tasks)
