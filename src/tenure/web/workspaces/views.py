"""Signing out, and the reader's language and theme."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.views.decorators.http import require_POST

from tenure.apps.workspaces.services import members
from tenure.web.pages import FOLDED, NAVIGATION_COOKIE, THEME_COOKIE, THEMES, is_fragment, next_address

YEAR = 365 * 24 * 3600


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponseRedirect(settings.LOGIN_URL)


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Speak another language from now on: to this browser, and to the member wherever they sign in."""
    wanted = request.POST.get("language", "")
    response = HttpResponseRedirect(next_address(request))
    if wanted in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            members.set_language(request.user, wanted)
        translation.activate(wanted)
        _keep(response, settings.LANGUAGE_COOKIE_NAME, wanted)
    return response


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the system says: kept in a cookie, so that the first paint is already right."""
    wanted = request.POST.get("theme", "")
    response = HttpResponseRedirect(next_address(request))
    if wanted in THEMES:
        _keep(response, THEME_COOKIE, wanted)
    return response


@require_POST
def set_navigation(request: HttpRequest) -> HttpResponse:
    """Icons alone, or with their words: kept in a cookie, so that the first paint is already right."""
    response = HttpResponse(status=204) if is_fragment(request) else HttpResponseRedirect(next_address(request))
    _keep(response, NAVIGATION_COOKIE, FOLDED if request.POST.get("navigation") == FOLDED else "open")
    return response


def _keep(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=YEAR, secure=settings.HTTPS, httponly=True, samesite="Lax")
