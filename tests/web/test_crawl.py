"""Every page that links lead to, for every role in both languages: no fault, one language, nothing from elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from babel.messages.pofile import read_po
from django.urls import Resolver404, resolve

from tenure.apps.acquisition.selectors import DEFAULT_RULES
from tenure.web import urls as web_urls
from web.conftest import ROLES, ROOT

SPECIMENS = "/parts/"
"""Shows every part with samples of both languages."""
OFTEN = {"owner": 2}
"""Addresses of one kind (one route, the same names in the query) that are visited; one by the other roles."""
MOST = 5
"""Addresses of one route that are visited."""
HAN = re.compile(r"[一-鿿]")
WORDS = re.compile(r"(?<![\w.@+-])[a-z]{4,}(?![\w.@-])")
PLACES = re.compile(r"%\(\w+\)[sd]|\{\w*\}|`[^`]*`")
UNSPOKEN = {"code", "pre", "kbd", "script", "style", "option"}
"""Elements whose text is data or a program's, not the product's."""
OWN_NAMES = {"中文", "English", "Tenure", "Tenure 长续", *(role.title() for role in ROLES)}
OWN_NAMES.add(" ".join(DEFAULT_RULES.split()))
"""What is called so in both languages, names of the members of these tests, and rules that look for words of both."""
DATA = {"https", "default", "today", "board", "team", "solo", "acme", "birch", "cedar", "dune", "elm", "fir"}
"""Words of the small workspace and of the product's codes, which no language translates."""


class Page(HTMLParser):
    """The links, what is loaded, and the words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.said: list[str] = []
        self._inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag not in ("meta", "link", "input", "br", "img", "hr", "use", "path"):
            self._inside.append(tag)
        for name in ("href", "hx-get"):
            if tag in ("a", "button", "tr", "form") and values.get(name):
                self.links.add(values[name])
        for name in ("src", "srcset", "href", "action", "data"):
            if tag not in ("a", "use") and values.get(name):
                self.loaded.add(values[name])
        self.said += [said for name in ("title", "aria-label", "placeholder", "alt") if (said := values.get(name))]

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data):
        if data.strip() and not UNSPOKEN & set(self._inside):
            self.said.append(" ".join(data.split()))


def english_sentences() -> set[str]:
    """What the product says in English and says otherwise in Chinese."""
    with (ROOT / "src/tenure/locale/zh_Hans/LC_MESSAGES/django.po").open("rb") as file:
        catalogue = read_po(file)
    return {entry.id for entry in catalogue if isinstance(entry.id, str) and HAN.search(str(entry.string))} - OWN_NAMES


def vocabulary(sentences: set[str]) -> set[str]:
    """The words of the English sentences that are not codes or names."""
    return {word for said in sentences for word in WORDS.findall(PLACES.sub("", said))} - DATA


def kind(address: str) -> tuple[str, tuple[str, ...]]:
    """What makes two addresses of one kind: the route and the names in the query."""
    parts = urlsplit(address)
    try:
        found = resolve(parts.path, web_urls)
    except Resolver404:
        pytest.fail(f"a link leads nowhere: {address}")
    return str(found.view_name), tuple(sorted(parse_qs(parts.query)))


def crawl(browser, language: str, often: int) -> dict[str, Page]:
    """Every page one comes to from the first by following links; files that are handed out are asked for, not read."""
    browser.cookies["django_language"] = language
    waiting, seen, pages, kinds = ["/"], {"/"}, {}, Counter()
    while waiting:
        address = waiting.pop()
        response = browser.get(address, follow=True)
        assert response.status_code in (200, 403, 404, 422), f"{response.status_code} at {address}"
        assert response.status_code == 200, f"a link leads to a refusal ({response.status_code}): {address}"
        if not response.get("Content-Type", "").startswith("text/html"):
            continue
        pages[address] = found = Page(response.content.decode())
        for link in sorted(found.links):
            there = urljoin(address, link).split("#")[0]
            if there in seen or not there.startswith("/") or there.startswith(("/static/", "/api/")):
                continue
            seen.add(there)
            of_kind = kind(there)
            if kinds[of_kind] < often and kinds[of_kind[0]] < MOST:
                kinds.update((of_kind, of_kind[0]))
                waiting.append(there)
    return pages


@pytest.mark.parametrize(
    ("role", "language"),
    [("owner", "en"), *((role, "zh-hans" if place % 2 == 0 else "en") for place, role in enumerate(ROLES))],
)
def test_every_page_of_a_role(signed_in, sample, role, language):
    pages = crawl(signed_in(role), language, OFTEN.get(role, 1))
    assert len(pages) > 20
    english = english_sentences()
    words = vocabulary(english)
    wrong = {}
    for address, page in pages.items():
        foreign = [asked for asked in page.loaded if not asked.startswith(("/", "#", "data:")) and asked != ""]
        assert foreign == [], f"{address} asks elsewhere: {foreign}"
        if language == "en":
            mixed = [said for said in page.said if HAN.search(said) and said not in OWN_NAMES]
        else:
            mixed = [said for said in page.said if said in english or words & set(WORDS.findall(said))]
            mixed = [said for said in mixed if said not in OWN_NAMES]
        if mixed and not address.startswith(SPECIMENS):
            wrong[address] = mixed
    assert not wrong, sorted((said, address) for address, mixed in wrong.items() for said in set(mixed))
