"""Reads a page as a person does: its words, its tables, and the figures its charts are drawn from."""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from typing import Any


def text_of(response: Any) -> str:
    """The words of a response, without addresses, tokens and drawings: what is not said is not found by chance."""
    body = re.sub(r"<(script|style|svg).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


class Tables(HTMLParser):
    """The tables of a page as lists of rows of text, and the JSON blocks by their id."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.data: dict[str, dict] = {}
        self._cell: list[str] | None = None
        self._block = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._cell = []
        elif tag == "script":
            self._block = dict(attrs).get("id") or ""

    def handle_endtag(self, tag):
        if tag in ("td", "th"):
            self.tables[-1][-1].append(" ".join("".join(self._cell).split()))
            self._cell = None
        elif tag == "script":
            self._block = ""

    def handle_data(self, data):
        if self._block:
            self.data[self._block] = json.loads(data)
        elif self._cell is not None:
            self._cell.append(data)
