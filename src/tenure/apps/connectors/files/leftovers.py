"""What a killed import leaves behind is swept before the next one, and when the server starts."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from tenure.apps.connectors.files import staging
from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.services import imports
from tenure.core.errors import TenureError


def imports_folder() -> Path:
    """Where imports are staged and their reports lie."""
    return Path(settings.TENURE_HOME) / "imports"


def sweep_abandoned() -> int:
    """Remove staged rows of imports whose process is gone, and mark their runs as failed; how many there were."""
    found = staging.abandoned(imports_folder())
    for path in found:
        if path.name.isdigit():
            try:
                run = selectors.import_run(int(path.name))
            except TenureError:
                run = None
            if run is not None and run.state == "staged":
                imports.fail_run(run, "import.killed", by="tenure")
        staging.Folder(path).clear()
    return len(found)
