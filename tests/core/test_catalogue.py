"""Types of properties from samples, and when an event drifts."""

from __future__ import annotations

import pytest

from tenure.core.catalogue import MOST_PROPERTIES, is_new, is_silent, properties_of


def test_types_shares_and_examples():
    found = properties_of(
        [
            (9, {"plan": "team", "seats": 3, "beta": True}),
            (8, {"plan": "solo", "seats": 2.5, "tags": ["a"]}),
            (1, {"plan": "team", "seats": None}),
        ],
        recent=5,
    )
    assert {name: (one.count, one.types, one.examples) for name, one in found.items()} == {
        "plan": (3, ["text"], ["team", "solo"]),
        "seats": (2, ["number"], ["3", "2.5"]),
        "beta": (1, ["boolean"], ["true"]),
        "tags": (1, ["list"], []),
    }
    assert list(found) == ["plan", "seats", "beta", "tags"]


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        pytest.param(3, "3", True, id="a number becomes text"),
        pytest.param(3, 3.5, False, id="both are numbers"),
        pytest.param(None, "x", False, id="a value where there was none"),
        pytest.param("x", None, False, id="none where there was one"),
        pytest.param({}, [], True, id="an object becomes a list"),
    ],
)
def test_a_type_that_is_new(before, after, changed):
    found = properties_of([(7, {"p": after}), (2, {"p": before})], recent=5)
    assert found["p"].changed is changed


def test_a_bomb_of_properties_is_cut():
    found = properties_of([(1, {f"p{i}": i for i in range(5_000)})], recent=0)
    assert len(found) == MOST_PROPERTIES


@pytest.mark.parametrize(
    ("days", "silent"),
    [
        pytest.param([1] * 20 + [0] * 4, False, id="three whole days and today"),
        pytest.param([1] * 20 + [0] * 5, True, id="four whole days, where it came every day"),
        pytest.param([1, 0, 0, 0, 0, 0, 0] * 5, False, id="it comes once a week"),
        pytest.param([1, 0, 0, 0, 0, 0, 0] * 5 + [0] * 14, True, id="two weeks without what came every week"),
        pytest.param([1, 1, 1, 1] + [0] * 30, False, id="it hardly ever came"),
        pytest.param([0] * 30, False, id="it never came"),
        pytest.param([], False, id="no days"),
    ],
)
def test_silence(days, silent):
    assert is_silent(days) is silent


@pytest.mark.parametrize(
    ("first", "began", "new"),
    [
        pytest.param(12, 1, True, id="a name that came up lately"),
        pytest.param(9, 1, False, id="before the recent days"),
        pytest.param(12, 11, False, id="all events are recent"),
        pytest.param(None, 1, False, id="it never came"),
    ],
)
def test_newness(first, began, new):
    assert is_new(first, began, recent=10) is new
