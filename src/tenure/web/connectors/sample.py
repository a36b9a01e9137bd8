"""Sample data by two buttons: into an empty workspace, and out of it again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tenure.apps.connectors.simulation import sample
from tenure.web import asking
from tenure.web import formatting as f
from tenure.web.pages import requires


@require_POST
@requires("import")
def sample_fill(request: HttpRequest) -> HttpResponse:
    """Import a small simulated company into the empty workspace."""
    count = sample.fill(asking.today(asking.workspace(request.user)), by=request.user)
    said = _("%(count)s rows of an invented company are here to try things on. Nothing you see is real.")
    messages.success(request, said % {"count": f.exact(count)})
    return HttpResponseRedirect(reverse("home"))


@require_POST
@requires("import")
def sample_remove(request: HttpRequest) -> HttpResponse:
    """Take the invented company out again."""
    count = sample.remove(by=request.user)
    messages.success(request, _("The sample data is gone: %(count)s rows.") % {"count": f.exact(count)})
    return HttpResponseRedirect(reverse("home"))
