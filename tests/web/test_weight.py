"""What a first visit loads: the page, its styles and scripts, as they go over the wire."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tenure.web.pages import FOOT, NAVIGATION
from web.test_crawl import Page

ROUTES = list(dict.fromkeys(one.route for place in (*NAVIGATION, *FOOT) for one in (place, *place.items)))
PLAIN = 150_000
CHARTS = 350_000
SCRIPTS = 60_000


def loaded(browser, address):
    """Address -> bytes of everything a page asks for, itself included; compressed, as browsers take it."""
    answers = {address: browser.get(address, headers={"accept-encoding": "gzip"}, follow=True)}
    page = Page(browser.get(address, follow=True).content.decode())
    for asked in sorted(link for link in page.loaded if link.startswith("/static/")):
        answers[asked] = browser.get(asked, headers={"accept-encoding": "gzip"})
        assert answers[asked].status_code == 200
    return {asked: len(answer.getvalue()) for asked, answer in answers.items()}


@pytest.mark.parametrize("route", ROUTES)
def test_the_first_load_is_light(signed_in, sample, route):
    sizes = loaded(signed_in("owner"), reverse(route))
    charts = sum(size for asked, size in sizes.items() if "charts" in asked)
    scripts = sum(size for asked, size in sizes.items() if asked.endswith(".js")) - charts
    assert 0 < scripts <= SCRIPTS
    assert sum(sizes.values()) - charts <= PLAIN
    assert charts <= CHARTS
