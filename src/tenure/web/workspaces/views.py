"""Signing in by a one-time link, signing out, and the reader's language and theme."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.apps.workspaces.services import members
from tenure.core.errors import TenureError
from tenure.web.pages import THEME_COOKIE, THEMES, next_address, page, refusal

YEAR = 365 * 24 * 3600


@require_GET
def how_to_sign_in(request: HttpRequest) -> HttpResponse:
    """There are no passwords: this page says where a link comes from."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(reverse("home"))
    return page(request, "workspaces/how_to_sign_in.html", heading=_("Sign in"))


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows a button and changes nothing, so that a program that previews links does not use them up."""
    if request.method != "POST":
        return page(request, "workspaces/sign_in.html", heading=_("Sign in"))
    try:
        member = members.use_login_link(token)
    except TenureError as problem:
        return refusal(request, problem)
    login(request, member, backend="django.contrib.auth.backends.ModelBackend")
    return HttpResponseRedirect(reverse("home"))


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


def _keep(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=YEAR, secure=settings.HTTPS, httponly=True, samesite="Lax")
