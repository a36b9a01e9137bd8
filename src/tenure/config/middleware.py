"""What every response carries, and in which language: Django 5.2 has no content security policy of its own."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from tenure.web import asking, refusals

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
Handler = Callable[[HttpRequest], HttpResponse]


def content_security_policy(get_response: Handler) -> Handler:
    """Allow the page's own files only: no inline script, no inline style, no other address."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response

    return respond


def refused_methods(get_response: Handler) -> Handler:
    """Answer a method that an address of the API does not take in the shape of every refusal."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and request.path.startswith("/api/"):
            refused = refusals.wrong_method(request)
            refused.headers["Allow"] = response.headers.get("Allow", "")
            return refused
        return response

    return respond


def wished_answer(get_response: Handler) -> Handler:
    """Hear which answer is wanted where the cluster failed (?answer=last, ?answer=again)."""

    def respond(request: HttpRequest) -> HttpResponse:
        before, oldest = asking.WISH.set(request.GET.get("answer", "")), asking.OLDEST.set(None)
        try:
            return get_response(request)
        finally:
            asking.WISH.reset(before)
            asking.OLDEST.reset(oldest)

    return respond


def member_language(get_response: Handler) -> Handler:
    """Speak the language the member chose, whatever the browser asks for."""

    def respond(request: HttpRequest) -> HttpResponse:
        chosen = getattr(request.user, "language", "")
        if chosen and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            translation.activate(chosen)
            request.LANGUAGE_CODE = translation.get_language()
        return get_response(request)

    return respond
