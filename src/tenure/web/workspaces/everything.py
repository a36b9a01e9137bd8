"""Everything in one archive, to take away: a page with a button, and the file."""

from __future__ import annotations

import tempfile
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tenure.apps.workspaces.services.everything import write_everything
from tenure.apps.workspaces.services.writing import Actor
from tenure.web.pages import page, requires


@require_http_methods(["GET", "POST"])
@requires("export_all")
def everything(request: HttpRequest) -> HttpResponse | FileResponse:
    """What the archive holds; POST gives it, as `form` says."""
    if request.method == "POST":
        return archive(request.POST.get("form", "csv"), by=request.user)
    return page(request, "workspaces/everything.html", heading=_("Export of everything"))


def archive(form: str, *, by: Actor) -> FileResponse:
    """The response that saves everything; it lies in a temporary file while it is sent."""
    place: Any = tempfile.TemporaryFile()  # noqa: SIM115 the response closes it
    write_everything(place, form, by=by)
    place.seek(0)
    response = FileResponse(place, as_attachment=True, filename=f"tenure-{form}.zip", content_type="application/zip")
    response["Cache-Control"] = "private, no-store"
    return response
