"""Sample data: a small simulated company imported into an empty workspace, every row marked, removed at one word."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from tenure.apps.acquisition.services import leads, reach
from tenure.apps.connectors.files import Options, run_import, undo
from tenure.apps.connectors.simulation.files import KINDS, write_firm
from tenure.apps.crm import services as crm
from tenure.apps.subscriptions import services as subscriptions
from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.services import lake
from tenure.apps.workspaces.services.writing import Actor
from tenure.core.errors import TenureError
from tenure.core.simulation import Scenario

SOURCE = "sample"
"""The `source` of every row of the sample."""
ACCOUNTS = 80
SEED = 1


def is_present() -> bool:
    """Whether the workspace shows the sample."""
    return selectors.applied_from(SOURCE).exists()


def fill(until: date, *, by: Actor) -> int:
    """Import a small simulated company whose last day is the one before `until`; how many rows it has.

    Raises: TenureError (sample.not_empty) where anything was imported or entered before.
    """
    if not _is_empty():
        raise TenureError(
            "sample.not_empty",
            _("There is data in this workspace already; sample data would be mixed with it."),
            fix=_("Try the sample in a workspace of its own: tenure demo"),
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_firm(folder, Scenario(accounts=ACCOUNTS, until=until, activity=0), SEED)
        marked = Options(constants={"source": SOURCE})
        done = [run_import(folder / f"{kind}.parquet", kind, marked, by=by, name=f"{SOURCE}-{kind}") for kind in KINDS]
    return sum(one.created for one in done)


def _is_empty() -> bool:
    """Whether nothing is known: no live record in the store, and in the lake no rows that did not come from it."""
    models = {**crm.MODELS, **subscriptions.MODELS, **reach.MODELS, **leads.MODELS}
    if any(model.objects.live().exists() for model in models.values()):
        return False
    loaded = [one.table for one in lake.standings() if one.rows]
    return all(table not in models or models[table].objects.exists() for table in loaded)


def remove(*, by: Actor) -> int:
    """Take every row of the sample out of what is known, edited or not; how many there were."""
    count = 0
    for run in selectors.applied_from(SOURCE).order_by("-pk"):
        count += undo(run.pk, by=by).withdrawn
    for door in (crm, subscriptions, reach, leads):
        for kind, model in door.MODELS.items():
            left: Any = model.objects.live().filter(source=SOURCE)
            for key in list(left.values_list("version_key", flat=True)):
                door.withdraw(kind, key, by=by, reason=_("sample data removed"))
                count += 1
    return count
