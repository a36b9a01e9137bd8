"""The life of an import run: staged, then applied by the bulk door or failed."""

from __future__ import annotations

from django.utils import timezone

from tenure.apps.workspaces.models import ImportRun, ImportState
from tenure.apps.workspaces.services.writing import Actor, writing


def start_run(kind: str, file_name: str, digest: str, *, by: Actor) -> ImportRun:
    """Note that a file is being imported; nothing else is written before the bulk door applies it."""
    with writing(by) as write:
        return ImportRun.objects.create(kind=kind, file_name=file_name[:500], digest=digest, by=write.member)


def note_rows(run: ImportRun, *, rows_read: int, rows_bad: int, report_path: str = "") -> None:
    """Keep how many rows were read and refused, and where the report of the refused ones lies."""
    run.rows_read, run.rows_bad, run.report_path = rows_read, rows_bad, report_path
    run.save(update_fields=["rows_read", "rows_bad", "report_path"])


def fail_run(run: ImportRun, reason: str, *, by: Actor) -> None:
    """Note that a staged run ended without writing anything."""
    with writing(by) as write:
        if ImportRun.objects.filter(pk=run.pk, state=ImportState.STAGED).update(
            state=ImportState.FAILED, finished_at=timezone.now()
        ):
            write.audit("failed to import", run.kind, str(run.pk), file=run.file_name, reason=reason)
    run.refresh_from_db()
