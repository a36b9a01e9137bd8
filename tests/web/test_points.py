"""The forty-four points of docs/reference/ui.md are all there, and the tests that are said to hold them exist."""

from __future__ import annotations

import re

import pytest

from web.conftest import ROOT

PAGE = ROOT / "docs/reference/ui.md"
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+) \|$", re.MULTILINE)
NOT_YET = {5, 18, 19, 25}
"""Points of what later parts of the product bring."""


def points():
    return [pytest.param(int(n), held, id=n) for n, _said, held in ROW.findall(PAGE.read_text(encoding="utf-8"))]


def test_all_are_there():
    assert [point.values[0] for point in points()] == list(range(1, 45))


@pytest.mark.parametrize(("number", "held"), points())
def test_what_holds_a_point_is_there(number, held):
    named = re.findall(r"`([^`]+)`", held)
    if number in NOT_YET:
        assert held.startswith("not yet: ")
        return
    assert named
    for one in named:
        file, _, function = one.partition("::")
        place = ROOT / one if one.startswith("bench/") else ROOT / "tests/web" / file
        assert place.is_file(), one
        assert not function or f"def {function}(" in place.read_text(encoding="utf-8"), one
