"""What a killed import leaves behind is swept before the next one, when the server starts, and every minute after."""

from __future__ import annotations

from tenure.apps.connectors.files import staging
from tenure.apps.connectors.files.problems import ImportRefused
from tenure.apps.connectors.files.signs import Signs, told_by
from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.services import imports
from tenure.core.errors import TenureError


def sweep_abandoned() -> int:
    """Remove staged rows of imports whose process is gone, and mark their runs as failed; how many there were.

    The run of a job stays as it is: the next worker begins it again.
    """
    count = 0
    for path in staging.abandoned(staging.imports_folder()):
        count += 1
        staging.Folder(path).clear()
        if path.name.isdigit():
            try:
                run = selectors.import_run(int(path.name))
            except TenureError:
                continue
            if run.state == "staged" and not run.upload:
                imports.fail_run(run, ImportRefused("import.killed"), by="tenure")
                Signs(run.pk).clear()
    told = told_by()  # before the runs are read: who begins in between has not told anything yet
    for ended in told.difference(selectors.running_imports()):
        Signs(ended).end()
    return count
