"""What a page that waits for the cluster asks: how far its answer is, and to stop it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from tenure.apps.workspaces.services import computing
from tenure.web import waiting
from tenure.web.asking import Computing
from tenure.web.pages import next_address, page, requires


@requires("ask")
def look(request: HttpRequest) -> HttpResponse:
    """How far a page's answer is; once it is there, or did not come, the page is loaded again.

    It is loaded without the wish to try again: a try that failed is told, and not begun anew for ever.
    """
    asked = waiting.read(request.GET.get("asked", ""))
    if asked is None or not computing.is_under_way(asked["series"]):
        return HttpResponse(headers={"HX-Refresh": "true"} if asked is None else {"HX-Redirect": asked["next"]})
    said = computing.progress(asked["series"])
    at = Computing(said.done, said.known, asked["series"], None)
    return page(request, "components/progress.html", progress=waiting.panel(at, asked["next"], whole=True))


@require_POST
@requires("ask")
def stop(request: HttpRequest) -> HttpResponse:
    """Let the cluster end with what a page of this person waits for."""
    asked = waiting.read(request.POST.get("asked", ""))
    if asked is not None:
        computing.stop(asked["series"])
    return HttpResponseRedirect(next_address(request))
