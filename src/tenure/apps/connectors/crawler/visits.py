"""A walk through the list of sites as a job: one site after the other, each written down when it was visited.

A job visits one site and lets the next job visit the next, so that other jobs get their turn. One process at a time
holds the collector's lock: whichever walk it is, no host is asked by two at once. A site that was under way when a
process was killed is visited again from its beginning; what was written of the others is there.
"""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.services import collecting
from tenure.apps.acquisition.services.prospects import Collected
from tenure.apps.connectors.crawler import manners
from tenure.apps.connectors.crawler.fetching import PinnedWeb
from tenure.apps.connectors.crawler.port import Clock, Web
from tenure.apps.connectors.crawler.walking import Found, Limits, walk
from tenure.core import icp
from tenure.version import __version__

log = logging.getLogger(__name__)


class Stopped(Exception):
    """The walk was told to stop."""


def starts_of(domain: str) -> Sequence[str]:
    """Where the walk through a site begins: the first of these that answers."""
    return (f"https://{domain}/", f"https://www.{domain}/", f"http://{domain}/")


def visit_next(
    collection_id: int,
    *,
    web: Web | None = None,
    clock: Clock = time,
    starts: Callable[[str], Sequence[str]] = starts_of,
    limits: Limits | None = None,
) -> bool:
    """Visit the site whose turn it is and write down what was found; False where the walk is over.

    False, too, where another process is at it: that one goes on.
    """
    with _alone() as alone:
        if not alone:
            return False
        if selectors.is_to_stop(collection_id):
            collecting.end(collection_id)
            return False
        visit = selectors.next_visit(collection_id)
        if visit is None:
            collecting.end(collection_id)
            return False
        setting = selectors.collector()
        fetcher = web or PinnedWeb(manners.agent(__version__, setting.contact))
        if selectors.is_opted_out(visit.domain):
            collecting.note_visit(visit, "opted_out", {}, None)
            return True

        def check() -> None:
            if selectors.is_to_stop(collection_id) or selectors.is_opted_out(visit.domain):
                raise Stopped

        words = icp.vocabulary(selectors.rules())
        try:
            found = walk(starts(visit.domain), words, web=fetcher, clock=clock, now=_now, check=check, limits=limits)
        except Stopped:
            return True
        except Exception:  # one site that nothing was made for does not end the walk through all others
            log.exception("The visit of %s failed.", visit.domain)
            found = Found("failed")
        _write(visit, found)
        return True


def give_up_lost(task_path: str) -> None:
    """End a walk whose process is gone and that no job is to go on with."""
    running = selectors.under_way()
    if running is None:
        return
    waiting = DBTaskResult.objects.filter(
        task_path=task_path,
        status__in=(TaskResultStatus.READY, TaskResultStatus.RUNNING),
        args_kwargs__args__0=running.pk,
    )
    if waiting.exists():
        return
    with _alone() as alone:
        if alone:
            collecting.end(running.pk, failed=True)


def _write(visit: Any, found: Found) -> None:
    counts = {
        "pages": found.pages,
        "requests": found.requests,
        "dropped": dict(found.dropped),
        "skipped": dict(found.skipped),
    }
    site = selectors.sites().filter(domain=visit.domain).first()
    collected = None
    if found.pages:
        collected = Collected(
            domain=visit.domain,
            name=found.name,
            robots=found.robots,
            terms="" if site is None else site.terms,
            facts=found.facts,
            addresses=found.addresses,
        )
    collecting.note_visit(visit, found.verdict, counts, collected)


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether nobody else collects in this workspace while the block runs."""
    place = Path(settings.TENURE_HOME) / "collector.lock"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
