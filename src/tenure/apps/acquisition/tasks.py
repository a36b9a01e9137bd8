"""Jobs of this app: what is known of prospects is emptied on its day."""

from __future__ import annotations

from django.utils import timezone
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.services import prospects


@task()
def empty_expired() -> int:
    """Empty the fields of the prospects whose day has come."""
    return prospects.empty_expired(by="tenure")


def queue_emptying() -> None:
    """Queue the emptying where there is something to empty and no job for it waits."""
    if not selectors.due_to_empty(timezone.localdate()).exists():
        return
    waiting = DBTaskResult.objects.filter(
        task_path=empty_expired.module_path, status__in=(TaskResultStatus.READY, TaskResultStatus.RUNNING)
    )
    if not waiting.exists():
        empty_expired.enqueue()
