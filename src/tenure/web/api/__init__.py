"""The HTTP API: the same questions and services as the pages, for programs. `api` is what urls.py mounts.

Every refusal has one shape, {"error": {code, message, fix, ...}}; an API key or the session of a signed-in member opens
it. The schema is at /api/openapi.json, a page to read at /api/docs.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from tenure.core.errors import TenureError
from tenure.version import __version__
from tenure.web import errors
from tenure.web.api import (
    administration,
    asking,
    closes,
    definitions,
    events,
    fields,
    goals,
    imports,
    leads,
    prospects,
    reading,
    reconciliations,
    records,
    sample,
    views,
    webhooks,
)
from tenure.web.api.caller import CALLERS, Patience
from tenure.web.api.requests import too_large
from tenure.web.asking import Computing
from tenure.web.refusals import not_found

api = NinjaAPI(
    title="Tenure",
    version=__version__,
    description="Questions about recurring revenue, imports, closed months. Money and rates are texts with 6 decimals.",
    docs_url=None,
    urls_namespace="api",
    auth=CALLERS,
    throttle=[Patience(f"{settings.TENURE_API_RATE}/m")] if settings.TENURE_API_RATE else [],
)
for routes in (
    administration.router,
    asking.router,
    imports.router,
    closes.router,
    goals.router,
    prospects.router,
    leads.router,
    definitions.router,
    events.router,
    fields.router,
    reconciliations.router,
    reading.router,
    records.router,
    sample.router,
    views.router,
    webhooks.router,
):
    api.add_router("", routes)


@api.exception_handler(TenureError)
def _refused(request: HttpRequest, problem: TenureError) -> HttpResponse:
    return errors.answer(problem)


@api.exception_handler(Computing)
def _computing(request: HttpRequest, at: Computing) -> HttpResponse:
    last = None if at.last is None else at.last.isoformat()
    said = {"computing": {"done": at.done, "known": at.known, "last": last}}
    return JsonResponse(said, status=202, headers={"Retry-After": "2", "Cache-Control": "no-store"})


@api.exception_handler(Http404)
def _unknown(request: HttpRequest, problem: Http404) -> HttpResponse:
    return not_found(request)


@api.exception_handler(RequestDataTooBig)
def _large(request: HttpRequest, problem: RequestDataTooBig) -> HttpResponse:
    return errors.answer(too_large())


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, problem: ValidationError) -> HttpResponse:
    first: dict[str, Any] = problem.errors[0] if problem.errors else {}
    field = ".".join(str(part) for part in first.get("loc", ())[1:])
    return errors.answer(
        TenureError(
            "request.invalid",
            f"`{field}` cannot be read: {first.get('msg', 'it is missing')}.",
            fix="Compare the request with /api/docs.",
            field=field,
        )
    )


@api.exception_handler(HttpError)
def _http(request: HttpRequest, problem: HttpError) -> HttpResponse:
    known = {
        401: TenureError(
            "login.required",
            "This needs an API key, and none or an invalid one was given.",
            fix="Send the header `Authorization: Bearer KEY`; an owner or administrator makes a key with"
            " `tenure api-key create`.",
        ),
        403: TenureError(
            "request.forged",
            "This form did not come from a page of this session.",
            fix="Send the header X-CSRFToken, or use an API key.",
        ),
        429: TenureError(
            "request.too_many",
            "Too many requests in a short time.",
            fix="Wait a minute, then go on more slowly.",
        ),
    }
    other = TenureError("request.not_json", "The body is not a JSON object.", fix="Compare it with /api/docs.")
    return errors.answer(known.get(problem.status_code, other))


@api.exception_handler(Exception)
def _failed(request: HttpRequest, problem: Exception) -> HttpResponse:
    return errors.answer(errors.unexpected(problem))
