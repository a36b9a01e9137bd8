"""Signing out, and how the reader left language and navigation."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import translation
from django.views.decorators.http import require_POST

from tenure.apps.workspaces.services import members
from tenure.web.looks import keep
from tenure.web.pages import FOLDED, NAVIGATION_COOKIE, is_fragment, next_address


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
        keep(response, settings.LANGUAGE_COOKIE_NAME, wanted)
    return response


@require_POST
def set_navigation(request: HttpRequest) -> HttpResponse:
    """Icons alone, or with their words: kept in a cookie, so that the first paint is already right."""
    response = HttpResponse(status=204) if is_fragment(request) else HttpResponseRedirect(next_address(request))
    keep(response, NAVIGATION_COOKIE, FOLDED if request.POST.get("navigation") == FOLDED else "open")
    return response
