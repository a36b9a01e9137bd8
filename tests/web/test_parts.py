"""The page of parts: no part is missing on it, and it is whole in both languages."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).resolve().parents[2] / "src" / "tenure" / "web" / "templates"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_part_is_on_the_page_of_parts(signed_in, sample, language):
    browser = signed_in("viewer")
    browser.cookies["django_language"] = language
    shown = browser.get("/parts/")
    assert shown.status_code == 200
    rendered = {template.name for template in shown.templates}
    assert {f"components/{path.name}" for path in (TEMPLATES / "components").glob("*.html")} - rendered == set()


def test_no_name_in_the_page_is_given_twice(signed_in, sample):
    page = signed_in("viewer").get("/parts/").content.decode()
    page = re.sub(r"<template.*?</template>", "", page, flags=re.DOTALL)
    names = Counter(re.findall(r'\sid="([^"]+)"', page))
    assert [name for name, count in names.items() if count > 1] == []


def test_the_list_answers_to_the_address(signed_in, sample):
    page = signed_in("viewer").get("/parts/?q=hyzz").content.decode()
    rows = re.findall(r'data-row="([^"]+)"', page)
    assert rows == ["衡岳制造"]


def test_every_part_is_in_the_reference():
    said = (TEMPLATES.parents[3] / "docs" / "reference" / "ui.md").read_text(encoding="utf-8")
    assert {path.name for path in (TEMPLATES / "components").glob("*.html") if f"`{path.name}`" not in said} == set()
