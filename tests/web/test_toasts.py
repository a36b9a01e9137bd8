"""What was done is said once, on the page after it, with its undoing; errors that need reading stay."""

from __future__ import annotations

import re

import pytest
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.test import override_settings
from django.urls import include, path
from django.views.decorators.http import require_POST

from tenure.web import pages
from tenure.web.pages import page, requires


@require_POST
@requires("own_account")
def done(request):
    pages.undoable(request, "Gave 3 accounts to <b>Zoe</b>", "/undo/3/")
    messages.success(request, "Kept")
    messages.error(request, "One was not kept")
    return HttpResponseRedirect("/account/")


@requires("own_account")
def fragment(request):
    messages.success(request, "Kept beside")
    return page(request, "components/problems.html")


urlpatterns = [
    path("done/", done),
    path("fragment/", fragment),
    path("undo/3/", lambda request: HttpResponse()),
    path("", include("tenure.web.urls")),
]


@pytest.fixture
def browser(signed_in, sample):
    with override_settings(ROOT_URLCONF=__name__):
        yield signed_in("viewer")


def shown(response):
    """The page as it is seen: what stands in a template waits for a script."""
    return re.sub(r"<template.*?</template>", "", response.content.decode(), flags=re.DOTALL)


def test_what_was_done_is_said_once_with_its_undoing(browser):
    browser.post("/done/")
    page = shown(browser.get("/account/"))
    assert page.count("data-toast") == 3
    assert "Gave 3 accounts to &lt;b&gt;Zoe&lt;/b&gt;" in page
    assert page.count('action="/undo/3/"') == 1
    assert "data-toast" not in shown(browser.get("/account/"))


def test_an_error_has_no_clock(browser):
    browser.post("/done/")
    toasts = shown(browser.get("/account/")).split("data-toast")[1:]
    assert ["toast__clock" in toast for toast in toasts] == [True, True, False]


def test_a_fragment_brings_its_toast_along(browser):
    part = shown(browser.get("/fragment/", headers={"HX-Request": "true"}))
    assert 'hx-swap-oob="beforeend:#toasts"' in part
    assert "Kept beside" in part
    assert "data-toast" not in shown(browser.get("/account/"))


def test_a_refusal_says_it_too(browser):
    browser.post("/done/")
    assert "Gave 3 accounts" in browser.get("/retain/movements/?from=tea").content.decode()
