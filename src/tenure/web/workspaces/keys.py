"""Keys for programs: made (and shown once), listed with their last use, revoked."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.models import KEY_ROLES, ApiKey
from tenure.apps.workspaces.services import keys
from tenure.core.errors import TenureError
from tenure.web import formatting as f
from tenure.web.pages import page, requires
from tenure.web.workspaces import forms


@require_http_methods(["GET", "POST"])
@requires("manage_keys")
def key_list(request: HttpRequest) -> HttpResponse:
    """Every key; POST makes one and shows it, this once."""
    form = forms.NewKey(request.POST if request.method == "POST" else None, by=request.user)
    if form.is_valid():
        try:
            key, text = keys.create_key(by=request.user, **form.cleaned_data)
        except TenureError as problem:
            forms.refused(form, problem)
        else:
            heading = _("Key for %(name)s") % {"name": key.name}
            crumbs = [(_("API keys"), reverse("keys"))]
            return page(request, "workspaces/key.html", heading=heading, crumbs=crumbs, text=text, row=_row(key))
    rows = [_row(key) for key in selectors.api_keys()]
    status = 422 if form.is_bound else 200
    return page(request, "workspaces/keys.html", status=status, heading=_("API keys"), form=form, rows=rows)


@require_POST
@requires("manage_keys")
def key_revoke(request: HttpRequest, prefix: str) -> HttpResponse:
    """Make a key useless from now on."""
    key = keys.revoke_key(prefix, by=request.user)
    messages.success(request, _("The key for %(name)s is revoked.") % {"name": key.name})
    return redirect("keys")


def _row(key: ApiKey) -> dict[str, object]:
    return {
        "prefix": key.prefix,
        "name": key.name,
        "role": KEY_ROLES[key.role],
        "sees": _("All accounts") if key.team is None else key.team.name,
        "by": str(key.created_by or "") or f.NOTHING,
        "made": f.moment(localtime(key.created_at)),
        "used": f.moment(localtime(key.last_used_at)) if key.last_used_at else _("Never"),
        "revoked": f.moment(localtime(key.revoked_at)) if key.revoked_at else "",
    }
