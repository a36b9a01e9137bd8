"""Jobs of this app: the search for duplicates."""

from __future__ import annotations

from django.db import transaction
from django_tasks import task

from tenure.apps.crm import duplicates
from tenure.apps.crm.models import DuplicateSearch


@task()
def find_duplicates(search_id: int) -> None:
    """Carry out a search that was begun."""
    duplicates.find(DuplicateSearch.objects.get(pk=search_id))


def queue_search() -> DuplicateSearch:
    """Let the worker search; one that still waits is given instead of a second one."""
    with transaction.atomic():
        waiting = DuplicateSearch.objects.filter(finished_at=None).order_by("-pk").first()
        if waiting is not None:
            return waiting
        search = duplicates.begin()
        find_duplicates.enqueue(search.pk)
    return search
