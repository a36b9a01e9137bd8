"""The page that people outside fill in: no sign-in, no script, and its own rule of which sites may show it.

No session is read or written, so there is nothing that a forged request could use; the seal proves that the page was
opened, and when.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.models import LeadForm
from tenure.apps.acquisition.services import lead_forms
from tenure.core.errors import TenureError
from tenure.web import errors
from tenure.web.acquisition import lead_fields as fields
from tenure.web.api.requests import is_larger
from tenure.web.origin import address_of

STYLESHEETS = ("tokens", "base", "button", "field", "state", "leads")
ORIGIN = {
    "utm_source": "utm_source",
    "utm_medium": "medium",
    "utm_campaign": "campaign",
    "utm_term": "keyword",
}
"""What the address says -> the column of a lead."""
MOST_SENT = 64 * 1024
MOST_FIELDS = 60


@csrf_exempt
@xframe_options_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def public_form(request: HttpRequest, token: str) -> HttpResponse:
    """A form, and what becomes of it when it is sent."""
    spoken = request.GET.get("language", "")
    with translation.override(spoken if spoken in dict(settings.LANGUAGES) else translation.get_language()):
        try:
            form = selectors.open_form(token)
        except TenureError as problem:
            return _page(request, None, status=404, problem=errors.translated(problem))
        return _send(request, form) if request.method == "POST" else _page(request, form, asked=fields.Asked(form))


def _send(request: HttpRequest, form: LeadForm) -> HttpResponse:
    if is_larger(request, MOST_SENT) or len(request.POST) > MOST_FIELDS:
        return _page(request, form, status=413, asked=fields.Asked(form))
    asked = fields.Asked(form, request.POST)
    asked.is_valid()
    try:
        lead_forms.submit(form, request.POST, sender=address_of(request), origin=_origin(request))
    except TenureError as problem:
        asked.refuse(problem)
        return _page(request, form, status=429 if problem.code == "form.too_often" else 422, asked=asked)
    return _page(request, form, is_sent=True)


def _origin(request: HttpRequest) -> dict[str, str]:
    """Where somebody came from: what the address says, and the page before."""
    known = {column: request.GET.get(name, "") for name, column in ORIGIN.items()}
    known["referrer"] = request.POST.get("referrer", "")
    known["landing"] = request.build_absolute_uri()[:300]
    return {name: text.replace("\x00", "") for name, text in known.items()}


def _page(
    request: HttpRequest,
    form: LeadForm | None,
    *,
    status: int = 200,
    asked: fields.Asked | None = None,
    is_sent: bool = False,
    problem: errors.Said | None = None,
) -> HttpResponse:
    response = render(
        request,
        "acquisition/public.html",
        {
            "stylesheets": [static(f"css/{name}.css") for name in STYLESHEETS],
            "form": form,
            "heading": form.title if form else _("This form is closed"),
            "asked": asked,
            "seal": lead_forms.seal(form) if form and asked else "",
            "trap": lead_forms.TRAP,
            "referrer": request.POST.get("referrer", request.headers.get("Referer", ""))[:300],
            "is_sent": is_sent,
            "problem": problem,
        },
        status=status,
    )
    allowed = form.embedded_in if form and form.embedded_in else "'none'"
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; "
        f"base-uri 'none'; frame-ancestors {allowed}"
    )
    response["Referrer-Policy"] = "strict-origin-when-cross-origin"
    response["X-Robots-Tag"] = "noindex"
    return response
