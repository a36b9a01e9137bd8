"""Importing files: preview, run at once or as a job, follow and stop, list, undo, the report of what was refused."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext_noop as _
from ninja import Field, File, Form, Router, Schema, Status
from ninja.files import UploadedFile

from tenure.apps.connectors import files
from tenure.apps.connectors.files import drafts, rejects
from tenure.apps.connectors.tasks import queue_import
from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.models import ImportRun, ImportState
from tenure.core.errors import TenureError
from tenure.web import errors, uploads
from tenure.web.api.caller import allowed
from tenure.web.api.requests import MOST_FILE, bounded

router = Router(tags=["Imports"])
LISTED = 100


class Accepted(Schema):
    """An import that the worker does; ask at `status` how far it is."""

    run: int = Field(description="The number of the import.")
    state: str = Field(description="queued")
    status: str = Field(description="The address that says how far it is.")


class Progress(Schema):
    """An import: how far it is while it waits or runs, and what became of it."""

    run: int
    kind: str
    file: str
    state: ImportState = Field(
        description="draft: its file was uploaded in a page and nobody has decided yet; checking: it is checked."
        " queued: it waits for the worker. staged: its file is read, then written. applied: it is written."
        " failed and cancelled: nothing was written. undone: what it wrote was taken back."
    )
    cancelling: bool = Field(description="It was told to stop and has not stopped yet.")
    share: float | None = Field(
        description="Share of the file that is read, 0 to 1, or null if not known. At 1 the rows are being written."
    )
    rows_read: int
    rows_bad: int
    created: int = Field(description="New records; 0 until the import is applied, as all rows are written at once.")
    changed: int
    unchanged: int
    problems: int = Field(description="Problems found so far, warnings included.")
    by: str
    started_at: datetime
    finished_at: datetime | None
    undone_by: str
    undone_at: datetime | None
    has_report: bool
    result: dict[str, Any] | None = Field(description="What was found and written, once it is applied.")
    error: dict[str, Any] | None = Field(description="Why it failed: code, message, fix and the place.")


@router.post(
    "/imports",
    summary=_("Import a file, or preview it"),
    description=_(
        "A form: `file`, `kind` (accounts, subscriptions ...), `preview` (true changes nothing), `options` (JSON),"
        " `wait`. The answer comes when the file is imported. With `wait` false, or if the file is larger than 5 MB, it"
        " comes at once with status 202, the import's number and the address that says how far it is."
    ),
    response={200: dict, 202: Accepted},
    url_name="imports",
)
def run(
    request: HttpRequest,
    response: HttpResponse,
    file: File[UploadedFile],
    kind: Form[str],
    preview: Form[bool] = False,
    options: Form[str] = "{}",
    wait: Form[bool] = True,
) -> Any:
    bounded(request, MOST_FILE)
    by = allowed(request, "import")
    uploads.spend(by)
    chosen = _options(options)
    given = uploads.content(file)
    if preview:
        return files.preview(given, kind, chosen, name=file.name).as_dict()
    if wait and (file.size or 0) <= uploads.MOST_AT_ONCE:
        return files.run_import(given, kind, chosen, by=by, name=file.name).as_dict()
    queued = queue_import(given, kind, chosen, by=by, name=file.name)
    response["Location"] = reverse("api:import_status", args=[queued.pk])
    return Status(202, {"run": queued.pk, "state": queued.state, "status": response["Location"]})


@router.get("/imports", summary=_("The latest imports"), description=_("The newest first."), url_name="import_list")
def listed(request: HttpRequest, kind: str | None = None) -> dict[str, Any]:
    allowed(request, "import")
    return {"imports": [_shown(run) for run in selectors.import_runs(kind)[:LISTED]]}


@router.get(
    "/imports/{int:run_id}",
    summary=_("How far an import is, and what became of it"),
    description=_(
        "State, rows and problems so far, share of the file that is read; at the end the result or the error."
    ),
    response=Progress,
    url_name="import_status",
)
def status(request: HttpRequest, run_id: int) -> dict[str, Any]:
    allowed(request, "import")
    return _progress(selectors.import_run(run_id))


@router.post(
    "/imports/{int:run_id}/cancel",
    summary=_("Stop an import that waits or runs"),
    description=_(
        "It stops at its next look, with nothing written; if everything was just written, it is taken back as by undo."
    ),
    response={202: Progress},
    url_name="import_cancel",
)
def cancel(request: HttpRequest, run_id: int) -> Status[dict[str, Any]]:
    by = allowed(request, "import")
    return Status(202, _progress(files.cancel(run_id, by=by)))


@router.post(
    "/imports/{int:run_id}/undo",
    summary=_("Take an import back"),
    description=_("What it wrote is withdrawn and what it replaced returns; later edits stay."),
    url_name="import_undo",
)
def undo(request: HttpRequest, run_id: int) -> dict[str, Any]:
    by = allowed(request, "import")
    files.undo(run_id, by=by)
    return _shown(selectors.import_run(run_id))


@router.get(
    "/imports/{int:run_id}/report",
    summary=_("The rows an import refused"),
    description=_("A CSV file with row, column, value and remedy of every problem."),
    url_name="import_report",
)
def report(request: HttpRequest, run_id: int) -> FileResponse:
    allowed(request, "import")
    path = Path(selectors.import_run(run_id).report_path or "none")
    if not path.is_file():
        raise _no_report(run_id)
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"import-{run_id}-problems.csv")


@router.get(
    "/imports/{int:run_id}/refused",
    summary=_("The rows an import refused, as they stand in the file"),
    description=_(
        "A CSV file: the rows under their own headings, each with its number and what is wrong. Repaired, it can be"
        " imported as it is: the two columns that were added are left out."
    ),
    url_name="import_refused",
)
def refused(request: HttpRequest, run_id: int) -> StreamingHttpResponse:
    allowed(request, "import")
    run = selectors.import_run(run_id)
    place = drafts.rejects_of(run)
    if not place.is_file():
        raise _no_report(run_id)
    response = StreamingHttpResponse(rejects.as_csv(place), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-{run_id}-refused.csv"'
    return response


def _no_report(run_id: int) -> TenureError:
    return TenureError(
        "import.no_report",
        f"Import {run_id} has no report: no row was refused.",
        fix="Nothing needs to be corrected. GET /api/imports lists what became of each import.",
        run=run_id,
    )


def _options(text: str) -> files.Options:
    """The choices about reading the file, from their JSON form.

    Raises: TenureError for anything that is not an object of known options.
    """
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        known = [field.name for field in fields(files.Options)]
        raise TenureError(
            "request.invalid",
            "`options` must be a JSON object of known options.",
            fix=f"Use: {', '.join(known)}.",
            field="options",
            allowed=known,
        )
    return files.Options.of(given)


def _progress(run: ImportRun) -> dict[str, Any]:
    """One import as `Progress` describes it."""
    shown, outcome = _shown(run), run.outcome or {}
    now = files.progress_of(run)
    if now is not None:
        shown.update(rows_read=now.rows, rows_bad=now.bad)
    return {
        **shown,
        "cancelling": files.is_stopping(run),
        "share": files.share_of(run),
        "problems": sum(outcome.get("counts", {}).values()) if now is None else now.problems,
        "result": outcome if run.state in (ImportState.APPLIED, ImportState.UNDONE) and outcome else None,
        "error": None if (error := files.error_of(run)) is None else errors.as_json(error)["error"],
    }


def _shown(run: ImportRun) -> dict[str, Any]:
    return {
        "run": run.pk,
        "kind": run.kind,
        "file": run.file_name,
        "state": run.state,
        "rows_read": run.rows_read,
        "rows_bad": run.rows_bad,
        "created": run.created,
        "changed": run.changed,
        "unchanged": run.unchanged,
        "by": str(run.by or ""),
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "undone_by": str(run.undone_by or ""),
        "undone_at": run.undone_at,
        "has_report": bool(run.report_path),
    }
