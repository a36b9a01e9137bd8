"""What Django itself refuses or fails at, said in the same shape as everything else: JSON under /api/, else a page."""

from __future__ import annotations

import logging
import sys

from django.http import HttpRequest, HttpResponse

from tenure.core.errors import TenureError
from tenure.web import errors, pages

log = logging.getLogger(__name__)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's handler404."""
    return _shown(
        request,
        TenureError(
            "request.unknown_address",
            "There is nothing at this address.",
            fix="Check the address, or start from the first page.",
            address=request.path,
        ),
    )


def failed(request: HttpRequest) -> HttpResponse:
    """Django's handler500."""
    return _shown(request, errors.unexpected(sys.exc_info()[1] or RuntimeError("no exception is known")))


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's view for a form without the token that proves it came from a page of ours."""
    log.warning("Refused a form: %s", reason)
    return _shown(
        request,
        TenureError(
            "request.forged",
            "This form did not come from a page of this session.",
            fix="Load the page again and repeat what you did; cookies must be allowed.",
        ),
    )


def wrong_method(request: HttpRequest) -> HttpResponse:
    """What an address answers that is there, but not for this method."""
    return _shown(
        request,
        TenureError(
            "request.wrong_method",
            f"This address does not take {request.method}.",
            fix="Compare the request with /api/docs.",
            method=request.method,
        ),
    )


def too_many(request: HttpRequest) -> HttpResponse:
    """The sign-in library's view for too many tries."""
    return _shown(
        request,
        TenureError(
            "request.too_many",
            "Too many requests in a short time.",
            fix="Wait a minute, then go on more slowly.",
        ),
    )


def _shown(request: HttpRequest, problem: TenureError) -> HttpResponse:
    return errors.answer(problem) if request.path.startswith("/api/") else pages.refusal(request, problem)
