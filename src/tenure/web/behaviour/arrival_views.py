"""Views of what arrives by the port for events."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from tenure.apps.behaviour import services
from tenure.apps.workspaces.permissions import may
from tenure.web import formatting as f
from tenure.web.behaviour import arrivals
from tenure.web.behaviour.arrivals import Wanted
from tenure.web.export import exports, table_file
from tenure.web.pages import page, requires


@require_GET
@requires("describe_events")
def live_view(request: HttpRequest) -> HttpResponse:
    """The events that arrived last, each with its verdict; the rows are asked for anew every two seconds."""
    return page(request, "behaviour/live.html", heading=_("Live view"), **_live(request))


@require_GET
@requires("describe_events")
def live_rows(request: HttpRequest) -> HttpResponse:
    """The rows alone."""
    return page(request, "behaviour/_arrivals.html", **_live(request))


def _live(request: HttpRequest) -> dict[str, Any]:
    given = {name: request.GET.get(name, "").strip()[:200] for name in ("event", "who", "source")}
    personal = may(request.user, "read_personal")
    return {"rows": arrivals.latest(Wanted(**given), personal=personal), "personal": personal, "wanted": given}


@require_GET
@requires("describe_events")
def refused_list(request: HttpRequest) -> HttpResponse:
    """The refused events by reason, with one of each."""
    personal = may(request.user, "read_personal")
    return page(
        request,
        "behaviour/refused.html",
        heading=_("Refused events"),
        rows=arrivals.by_reason(personal=personal),
        personal=personal,
        exports=exports("refused_file"),
    )


@require_GET
@requires("describe_events")
def refused_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The list as a file."""
    heads = [_("Reason"), _("What is wrong"), _("Key"), _("Field"), _("Events"), _("Last"), _("Example")]
    names = ("reason", "why", "source", "field", "count", "latest", "content")
    rows = arrivals.by_reason(personal=may(request.user, "read_personal"))
    return table_file(form, "refused", heads, [[_cell(row[name]) for name in names] for row in rows])


def _cell(value: Any) -> Any:
    return value if isinstance(value, int) else value.isoformat() if hasattr(value, "isoformat") else str(value)


@require_POST
@requires("describe_events")
def refused_again(request: HttpRequest) -> HttpResponse:
    """Read every refused event once more."""
    done = services.read_again(by=request.user)
    places = {"accepted": f.exact(done.accepted), "refused": f.exact(done.refused)}
    text = ngettext(
        "%(accepted)s event was taken; %(refused)s are refused still.",
        "%(accepted)s events were taken; %(refused)s are refused still.",
        done.accepted,
    )
    messages.success(request, text % places)
    return HttpResponseRedirect(reverse("refused"))
