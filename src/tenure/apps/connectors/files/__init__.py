"""Files of rows into the application store: CSV, XLSX, Parquet, JSON Lines. The door for the command and the API.

preview(path_or_bytes, kind, options)        what would be imported, and every problem
run_import(path_or_bytes, kind, options, by=member)
undo(run_id, by=member)
cancel(run_id, by=member)                    a running or waiting one

An import as a job is queued by `connectors.tasks.queue_import`.
"""

from __future__ import annotations

from tenure.apps.connectors.files.headings import KINDS
from tenure.apps.connectors.files.importer import (
    ImportResult,
    Preview,
    Progress,
    mapping_names,
    preview,
    run_import,
    save_mapping,
    undo,
)
from tenure.apps.connectors.files.jobs import cancel, error_of, is_stopping, progress_of, share_of
from tenure.apps.connectors.files.leftovers import sweep_abandoned
from tenure.apps.connectors.files.limits import Limits
from tenure.apps.connectors.files.options import Options
from tenure.apps.connectors.files.problems import ImportRefused, Problem

__all__ = [
    "KINDS",
    "ImportRefused",
    "ImportResult",
    "Limits",
    "Options",
    "Preview",
    "Problem",
    "Progress",
    "cancel",
    "error_of",
    "is_stopping",
    "mapping_names",
    "preview",
    "progress_of",
    "run_import",
    "save_mapping",
    "share_of",
    "sweep_abandoned",
    "undo",
]
