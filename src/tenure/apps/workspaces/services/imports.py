"""The life of an import run: queued for a worker or staged at once, then applied by the bulk door, or ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from tenure.apps.workspaces.models import ImportRun, ImportState
from tenure.apps.workspaces.services.writing import Actor, writing
from tenure.core.errors import TenureError


def start_run(kind: str, file_name: str, digest: str, *, by: Actor) -> ImportRun:
    """Note that a file is being imported; nothing else is written before the bulk door applies it."""
    with writing(by) as write:
        return ImportRun.objects.create(kind=kind, file_name=file_name[:500], digest=digest, by=write.member)


def queue_run(kind: str, file_name: str, digest: str, upload: str, *, by: Actor) -> ImportRun:
    """Note that a job is to import the file that is kept as `upload`."""
    with writing(by) as write:
        return ImportRun.objects.create(
            kind=kind,
            file_name=file_name[:500],
            digest=digest,
            by=write.member,
            upload=upload,
            state=ImportState.QUEUED,
        )


def begin_run(run: ImportRun) -> bool:
    """Let a job begin; True also where it began before and was killed, False where the run has ended."""
    ImportRun.objects.filter(pk=run.pk, state=ImportState.QUEUED).update(state=ImportState.STAGED)
    run.refresh_from_db()
    return run.state == ImportState.STAGED


def note_rows(run: ImportRun, *, rows_read: int, rows_bad: int, report_path: str = "") -> None:
    """Keep how many rows were read and refused, and where the report of the refused ones lies."""
    run.rows_read, run.rows_bad, run.report_path = rows_read, rows_bad, report_path
    run.save(update_fields=["rows_read", "rows_bad", "report_path"])


def note_outcome(run: ImportRun, outcome: Mapping[str, Any]) -> None:
    """Keep what the import said at its end."""
    run.outcome = _plain(outcome)
    run.save(update_fields=["outcome"])


def forget_upload(run: ImportRun) -> None:
    """Note that no file is kept for the run any more."""
    run.upload = ""
    run.save(update_fields=["upload"])


def fail_run(run: ImportRun, error: BaseException, *, by: Actor) -> bool:
    """Note that a run ended with nothing written: cancelled, if the error says so. False if it had ended before."""
    reason = str(getattr(error, "code", type(error).__name__))
    cancelled = reason in {"import.cancelled", "KeyboardInterrupt"}
    with writing(by) as write:
        ended = ImportRun.objects.filter(pk=run.pk, state__in=(ImportState.QUEUED, ImportState.STAGED)).update(
            state=ImportState.CANCELLED if cancelled else ImportState.FAILED,
            finished_at=timezone.now(),
            outcome=_plain(error.as_dict()) if isinstance(error, TenureError) else None,
        )
        if ended:
            verb = "cancelled import" if cancelled else "failed to import"
            write.audit(verb, run.kind, str(run.pk), file=run.file_name, reason=reason)
    run.refresh_from_db()
    return bool(ended)


def _plain(values: Mapping[str, Any]) -> Any:
    """Values as JSON keeps them."""
    return json.loads(json.dumps(values, default=str))
