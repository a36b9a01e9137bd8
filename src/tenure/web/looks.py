"""How the pages look to one reader: what they chose, as attributes of the page, so that the first paint is right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language, gettext_lazy

from tenure.apps.workspaces.appearance import CHOICES, chosen

THEME_COOKIE = "tenure_theme"
YEAR = 365 * 24 * 3600
LANGUAGES = (("en", "English"), ("zh-hans", "中文"))
LABELS: Mapping[str, Mapping[str, Any]] = {
    "theme": {
        "light": gettext_lazy("Light"),
        "dark": gettext_lazy("Dark"),
        "system": gettext_lazy("As the system"),
    },
    "density": {
        "compact": gettext_lazy("Compact"),
        "normal": gettext_lazy("Usual"),
        "roomy": gettext_lazy("Roomy"),
    },
    "trend": {
        "blue-orange": gettext_lazy("Blue is better, orange is worse"),
        "red-green": gettext_lazy("Red is better, green is worse"),
        "green-red": gettext_lazy("Green is better, red is worse"),
    },
    "shortcuts": {"on": gettext_lazy("On"), "off": gettext_lazy("Off")},
}


def looks(request: HttpRequest) -> dict[str, Any]:
    """The attributes of the page, and the switches with what is pressed."""
    member: Any = request.user
    kept: dict[str, Any] = {"theme": request.COOKIES.get(THEME_COOKIE)}
    if member.is_authenticated:
        kept |= member.appearance
    now = chosen(kept)
    return {
        "attributes": [{"name": name, "value": value} for name, value in now.items() if value != CHOICES[name][0]],
        "themes": _switch("theme", now),
        "densities": _switch("density", now),
        "languages": [
            {"code": code, "label": label, "pressed": _yes(code == (get_language() or settings.LANGUAGE_CODE))}
            for code, label in LANGUAGES
        ],
    }


def keep_look(response: HttpResponse, *, theme: str | None = None, language: str | None = None) -> None:
    """Keep what a page without a member shows, too: the brightness and the language."""
    for name, value in ((THEME_COOKIE, theme), (settings.LANGUAGE_COOKIE_NAME, language)):
        if value is not None:
            keep(response, name, value)


def keep(response: HttpResponse, name: str, value: str) -> None:
    """Keep a choice in this browser."""
    response.set_cookie(name, value, max_age=YEAR, secure=settings.HTTPS, httponly=True, samesite="Lax")


def _switch(name: str, now: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"code": code, "icon": code, "label": label, "pressed": _yes(code == now[name])}
        for code, label in LABELS[name].items()
    ]


def _yes(value: bool) -> str:
    return "true" if value else "false"
