"""Jobs of this app: a file that is imported by the worker, and the sweep of what killed processes left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils.translation import get_language
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from tenure.apps.connectors.files import jobs
from tenure.apps.connectors.files.leftovers import sweep_abandoned
from tenure.apps.connectors.files.options import Options
from tenure.apps.connectors.files.reading import Given
from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.services.writing import Actor, actor_reference


@task()
def import_file(run_id: int, options: Mapping[str, Any], by: Mapping[str, Any], language: str) -> None:
    """Import the kept file of a queued run."""
    jobs.carry_out(run_id, options, by, language)


def queue_import(
    given: Given, kind: str, options: Options | None = None, *, by: Actor, name: str | None = None
) -> jobs.Run:
    """Keep a file and let the worker import it; gives the queued run.

    Raises: ImportRefused for an unknown kind.
    """
    with jobs.kept(given, kind, name) as upload, transaction.atomic():
        run = jobs.queue(upload, kind, by=by)
        import_file.enqueue(run.pk, asdict(options or Options()), actor_reference(by), get_language() or "en")
    return run


def sweep() -> None:
    """Remove what killed processes left, and fail the imports whose job is gone."""
    sweep_abandoned()
    for run in list(selectors.imports_with_upload()):
        waiting = DBTaskResult.objects.filter(
            task_path=import_file.module_path,
            status__in=(TaskResultStatus.READY, TaskResultStatus.RUNNING),
            args_kwargs__args__0=run.pk,
        )
        if not waiting.exists():
            jobs.give_up(run)
    jobs.sweep_uploads()
