"""Every visible string is in both languages; the check that says so finds what it is made to find."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def check():
    spec = importlib.util.spec_from_file_location("check_translations", ROOT / "scripts" / "check_translations.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_product_is_translated(check):
    problems = []
    strings = check.marked(problems)
    assert problems + check.wrong_in_chinese(strings, check.catalogue("zh_Hans")) == []


def test_the_english_catalogue_has_the_same_strings(check):
    strings = check.marked([])
    listed = {m.id if isinstance(m.id, str) else m.id[0] for m in check.catalogue("en") if m.id}
    assert listed == set(strings)


def test_an_amount_in_a_chinese_sentence_has_a_space_before_the_next_word(check):
    """A short amount may end in a digit: 50 里有, never 50里有. A day ends in a character and needs none."""
    strings = [m.string for m in check.catalogue("zh_Hans") if m.id]
    said = [one for string in strings for one in ([string] if isinstance(string, str) else string)]
    assert [one for one in said if re.search(r"%\((amount|total|part)\)s[\u4e00-\u9fff]", one)] == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        pytest.param("_('Hello, %(name)s.') % {'name': n}", 0, id="whole, with named places"),
        pytest.param("_('Hello') + name", 1, id="added to"),
        pytest.param("name + _('!')", 1, id="added to something"),
        pytest.param("f\"{_('Hello')} {name}\"", 1, id="inside an f-string"),
        pytest.param("_('%(a)s') % {'a': 1} + 'x'", 1, id="added to after filling in"),
        pytest.param("_(f'Hello {name}')", 1, id="an f-string marked"),
        pytest.param("_('Hello' + name)", 1, id="a sum marked"),
        pytest.param("_(sentence)", 0, id="marked elsewhere"),
        pytest.param("_(' (required)')", 1, id="a piece to be added"),
        pytest.param("_('One of: ')", 1, id="a piece to be added to"),
    ],
)
def test_glued_sentences_in_python(check, tmp_path, monkeypatch, text, wrong):
    monkeypatch.setattr(check, "ROOT", tmp_path)
    file = tmp_path / "some.py"
    file.write_text(text)
    problems = []
    list(check.in_python(file, problems))
    assert len(problems) == wrong


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        pytest.param("<p>{% translate 'Hello' %}</p>", 0, id="marked"),
        pytest.param("<p>Hello</p>", 1, id="not marked"),
        pytest.param("<p>你好</p>", 1, id="not marked, in Chinese"),
        pytest.param("<a title='Hello'>{{ x }}</a>", 1, id="an attribute that is shown"),
        pytest.param("<a class='hello' href='/x/'>{{ x }}</a>", 0, id="attributes that are not"),
        pytest.param("<p>{{ a }} · {{ b }} – 3</p>", 0, id="values and signs"),
        pytest.param("<code>tenure serve</code>", 0, id="a command"),
        pytest.param("{# a note #}{% comment %}and another{% endcomment %}<p></p>", 0, id="notes"),
        pytest.param("<p>{% translate 'As of' %} {{ day }}</p>", 1, id="glued to a value"),
        pytest.param("<p>{{ n }} {% translate 'rows' %}</p>", 1, id="a value glued to it"),
        pytest.param("<p>{% blocktranslate %}As of {{ day }}{% endblocktranslate %}</p>", 0, id="whole, with a place"),
        pytest.param("<p>{% translate 'A' %}</p><p>{% translate 'B' %}</p>", 0, id="two sentences in two places"),
    ],
)
def test_text_in_templates(check, tmp_path, monkeypatch, text, wrong):
    monkeypatch.setattr(check, "ROOT", tmp_path)
    file = tmp_path / "some.html"
    file.write_text(text)
    problems = []
    list(check.in_template(file, problems))
    assert len(problems) == wrong, problems


@pytest.mark.parametrize(
    ("english", "chinese", "fuzzy", "wrong"),
    [
        pytest.param("Hello %(name)s.", "你好，%(name)s。", False, 0, id="right"),
        pytest.param("Hello %(name)s.", "", False, 1, id="missing"),
        pytest.param("Hello %(name)s.", "你好，%(name)s。", True, 1, id="fuzzy"),
        pytest.param("Hello %(name)s.", "你好，%(nam)s。", False, 1, id="another place"),
        pytest.param("Hello {name}", "你好", False, 1, id="a place lost"),
        pytest.param("Hello.", "你好.", False, 1, id="half-width stop"),
        pytest.param("Yes, hello.", "是,你好。", False, 1, id="half-width comma"),
        pytest.param("Run `a, b`.", "运行 `a, b`。", False, 0, id="half-width inside a command"),
    ],
)
def test_the_chinese_catalogue(check, english, chinese, fuzzy, wrong):
    catalogue = Catalog(locale="zh_Hans")
    catalogue.add(english, chinese, flags={"fuzzy"} if fuzzy else set())
    strings = {english: check.Marked(english, None, "some.py")}
    assert len(check.wrong_in_chinese(strings, catalogue)) == wrong


def test_a_translation_that_nothing_shows_is_reported(check):
    catalogue = Catalog(locale="zh_Hans")
    catalogue.add("Gone", "没有了")
    assert check.wrong_in_chinese({}, catalogue) == ["the Chinese catalogue has 'Gone', which nothing shows"]
