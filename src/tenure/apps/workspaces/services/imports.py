"""The life of an import run: a draft first or not, queued for a worker or staged at once, then applied or ended."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from django.utils import timezone

from tenure.apps.workspaces.models import ImportRun, ImportState
from tenure.apps.workspaces.services.writing import Actor, Writing, writing
from tenure.core.errors import TenureError

APPLIED, STAGED = ImportState.APPLIED, ImportState.STAGED
UNDER_WAY = (ImportState.DRAFT, ImportState.CHECKING, ImportState.QUEUED, ImportState.STAGED)
"""States of an import that has not ended."""


def start_run(
    kind: str,
    file_name: str,
    digest: str,
    *,
    by: Actor,
    options: Mapping[str, Any] | None = None,
    repairs: ImportRun | None = None,
) -> ImportRun:
    """Note that a file is being imported; nothing else is written before the bulk door applies it."""
    return _kept(ImportState.STAGED, kind, file_name, digest, "", options or {}, repairs, by)


def queue_run(
    kind: str, file_name: str, digest: str, upload: str, options: Mapping[str, Any], *, by: Actor
) -> ImportRun:
    """Note that a job is to import the file that is kept as `upload`."""
    return _kept(ImportState.QUEUED, kind, file_name, digest, upload, options, None, by)


def keep_draft(
    kind: str,
    file_name: str,
    digest: str,
    upload: str,
    options: Mapping[str, Any],
    *,
    by: Actor,
    repairs: ImportRun | None = None,
) -> ImportRun:
    """Note a file that somebody means to import and has not decided on."""
    return _kept(ImportState.DRAFT, kind, file_name, digest, upload, options, repairs, by)


def _kept(
    state: ImportState,
    kind: str,
    file_name: str,
    digest: str,
    upload: str,
    options: Mapping[str, Any],
    repairs: ImportRun | None,
    by: Actor,
) -> ImportRun:
    with writing(by) as write:
        return ImportRun.objects.create(
            kind=kind,
            file_name=file_name[:500],
            digest=digest,
            by=write.member,
            upload=upload,
            options=_plain(options),
            repairs=repairs,
            state=state,
        )


def change_draft(run: ImportRun, kind: str, options: Mapping[str, Any]) -> bool:
    """Choose anew what a draft holds and how it is read; what a check said of it is forgotten. False if it is none."""
    fields = {"kind": kind, "options": _plain(options), "outcome": None}
    return _moved(run, (ImportState.DRAFT,), ImportState.DRAFT, **fields)


def begin_check(run: ImportRun) -> bool:
    """Let a job check a draft; False if it is none."""
    return _moved(run, (ImportState.DRAFT,), ImportState.CHECKING, outcome=None)


def end_check(run: ImportRun, outcome: Mapping[str, Any]) -> bool:
    """Keep what the check of a draft said; False if nobody wants to know any more."""
    active = (ImportState.DRAFT, ImportState.CHECKING)
    return _moved(run, active, ImportState.DRAFT, outcome=_plain(outcome))


def submit_draft(run: ImportRun, options: Mapping[str, Any]) -> bool:
    """Let a job import a draft; False if it is none."""
    return _moved(run, (ImportState.DRAFT,), ImportState.QUEUED, options=_plain(options), outcome=None)


def _moved(run: ImportRun, states: Collection[ImportState], state: ImportState, **fields: Any) -> bool:
    """Give the run a new state where it is in one of `states`; whoever comes second finds it is not."""
    moved = ImportRun.objects.filter(pk=run.pk, state__in=states).update(state=state, **fields)
    run.refresh_from_db()
    return bool(moved)


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


def held(run: ImportRun, state: str) -> ImportRun:
    """The run, held for the transaction that ends it or takes it back.

    Raises: TenureError import.not_staged or import.not_applied if it is not in the state.
    """
    current = ImportRun.objects.select_for_update().get(pk=run.pk)
    if current.state == state:
        return current
    if state == ImportState.STAGED:
        raise TenureError(
            "import.not_staged",
            f"Import {run.pk} is {current.state}, not staged.",
            fix="Start a new import of the file.",
            run=run.pk,
        )
    raise TenureError(
        "import.not_applied",
        f"Import {run.pk} is {current.state}: there is nothing to undo.",
        fix="Choose an import that is applied.",
        run=run.pk,
    )


def note_applied(run: ImportRun, write: Writing, *, created: int, changed: int, unchanged: int) -> None:
    """Say in the transaction of a write that all of a run is written."""
    run.state, run.finished_at = ImportState.APPLIED, write.now
    run.created, run.changed, run.unchanged = created, changed, unchanged
    run.save(update_fields=["state", "created", "changed", "unchanged", "finished_at"])
    told = {"created": created, "changed": changed, "unchanged": unchanged}
    write.audit("imported", run.kind, str(run.pk), file=run.file_name, **told)


def note_undone(run: ImportRun, write: Writing, *, withdrawn: int, restored: int, kept: int) -> None:
    """Say in the transaction of a write that a run was taken back."""
    run.state, run.undone_at, run.undone_by = ImportState.UNDONE, write.now, write.member
    run.save(update_fields=["state", "undone_at", "undone_by"])
    told = {"withdrawn": withdrawn, "restored": restored, "kept": kept}
    write.audit("undid import", run.kind, str(run.pk), file=run.file_name, **told)


def fail_run(run: ImportRun, error: BaseException, *, by: Actor) -> bool:
    """Note that a run ended with nothing written: cancelled, if the error says so. False if it had ended before."""
    reason = str(getattr(error, "code", type(error).__name__))
    cancelled = reason in {"import.cancelled", "KeyboardInterrupt"}
    with writing(by) as write:
        ended = ImportRun.objects.filter(pk=run.pk, state__in=UNDER_WAY).update(
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
