"""Importing files: preview, run, list, undo, and the report of what was refused."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from django.http import FileResponse, HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import File, Form, Router
from ninja.files import UploadedFile

from tenure.apps.connectors import files
from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.models import ImportRun
from tenure.core.errors import TenureError
from tenure.web.api.caller import allowed
from tenure.web.api.requests import MOST_FILE, bounded

router = Router(tags=["Imports"])
LISTED = 100


@router.post(
    "/imports",
    summary=_("Import a file, or preview it"),
    description=_(
        "A form: `file`, `kind` (accounts, subscriptions ...), `preview` (true changes nothing), `options` (JSON)."
    ),
    url_name="imports",
)
def run(
    request: HttpRequest,
    file: File[UploadedFile],
    kind: Form[str],
    preview: Form[bool] = False,
    options: Form[str] = "{}",
) -> dict[str, Any]:
    bounded(request, MOST_FILE)
    by = allowed(request, "import")
    chosen = _options(options)
    given = _given(file)
    if preview:
        return files.preview(given, kind, chosen, name=file.name).as_dict()
    return files.run_import(given, kind, chosen, by=by, name=file.name).as_dict()


@router.get("/imports", summary=_("The latest imports"), description=_("The newest first."), url_name="import_list")
def listed(request: HttpRequest, kind: str | None = None) -> dict[str, Any]:
    allowed(request, "import")
    return {"imports": [_shown(run) for run in selectors.import_runs(kind)[:LISTED]]}


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
        raise TenureError(
            "import.no_report",
            f"Import {run_id} has no report: no row was refused.",
            fix="Nothing needs to be corrected. GET /api/imports lists what became of each import.",
            run=run_id,
        )
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"import-{run_id}-problems.csv")


def _given(file: UploadedFile) -> Any:
    """The upload where it lies: on disk if it is large, else in memory."""
    return Path(file.temporary_file_path()) if hasattr(file, "temporary_file_path") else file.read()


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
