"""Jobs of this app: files that are imported, sites that are visited, and the sweep of what killed processes left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils.translation import get_language
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from tenure.apps.acquisition.services import collecting
from tenure.apps.acquisition.tasks import queue_emptying
from tenure.apps.connectors.crawler import visits
from tenure.apps.connectors.files import drafts, jobs
from tenure.apps.connectors.files.leftovers import sweep_abandoned
from tenure.apps.connectors.files.mapping import columns_for
from tenure.apps.connectors.files.options import Options
from tenure.apps.connectors.files.reading import Given
from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.services import imports
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
    columns_for(kind)
    chosen = options or Options()
    with jobs.kept(given, name) as upload, transaction.atomic():
        run = jobs.queue(upload, kind, chosen, by=by)
        import_file.enqueue(run.pk, asdict(chosen), actor_reference(by), get_language() or "en")
    return run


@task()
def check_draft(run_id: int) -> None:
    """Check the kept file of a draft."""
    drafts.carry_out_check(run_id)


def queue_check(run: jobs.Run) -> None:
    """Let the worker check a draft."""
    with transaction.atomic():
        if imports.begin_check(run):
            check_draft.enqueue(run.pk)


def queue_draft(run: jobs.Run, options: Options, *, by: Actor) -> bool:
    """Let the worker import a draft; False if it is none any more."""
    with transaction.atomic():
        if not imports.submit_draft(run, asdict(options)):
            return False
        import_file.enqueue(run.pk, asdict(options), actor_reference(by), get_language() or "en")
    return True


@task()
def visit_site(collection_id: int) -> None:
    """Visit the next site of a walk, and let another job visit the one after it."""
    if visits.visit_next(collection_id):
        visit_site.enqueue(collection_id)


def queue_collection(*, by: Actor) -> Any:
    """Begin a walk through the list of sites, carried out by the worker; gives the walk."""
    with transaction.atomic():
        begun = collecting.begin(by=by)
        visit_site.enqueue(begun.pk)
    return begun


def sweep() -> None:
    """Remove what killed processes left, fail the imports and walks whose job is gone, empty what has expired."""
    queue_emptying()
    visits.give_up_lost(visit_site.module_path)
    sweep_abandoned()
    for run in list(selectors.imports_with_upload()):
        if run.state == "draft":
            drafts.forget_old(run)
            continue
        waiting = DBTaskResult.objects.filter(
            task_path__in=(import_file.module_path, check_draft.module_path),
            status__in=(TaskResultStatus.READY, TaskResultStatus.RUNNING),
            args_kwargs__args__0=run.pk,
        )
        if not waiting.exists():
            jobs.give_up(run)
    jobs.sweep_uploads()
