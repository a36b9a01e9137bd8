"""Sample data by program: what the buttons of an empty workspace do."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _
from ninja import Router, Status

from tenure.apps.connectors.simulation import sample
from tenure.web import asking
from tenure.web.api.caller import allowed

router = Router(tags=["Sample data"])


@router.post(
    "/sample",
    summary=_("Fill an empty workspace with sample data"),
    description=_("A small simulated company is imported; every row has the source `sample`."),
    response={201: dict},
    url_name="sample",
)
def fill(request: HttpRequest) -> Status[dict[str, Any]]:
    by = allowed(request, "import")
    return Status(201, {"rows": sample.fill(asking.today(asking.workspace(by)), by=by)})


@router.delete(
    "/sample",
    summary=_("Remove the sample data"),
    description=_("Every row of the source `sample` is withdrawn, edited or not."),
    url_name="sample_remove",
)
def remove(request: HttpRequest) -> dict[str, Any]:
    return {"rows": sample.remove(by=allowed(request, "import"))}
