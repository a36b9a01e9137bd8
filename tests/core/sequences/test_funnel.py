"""The rules of a funnel, one by one: docs/metrics/funnels.md says them in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reference.funnels import Rules, Step
from reference.told import compiled, gathered, letter, results, told
from tenure.core.sequences import funnel


def steps(text: str) -> tuple[Step, ...]:
    """ "A B? C*2": optional steps have a question mark, committee steps a number of persons."""
    found = []
    for word in text.split():
        name, _, users = word.rstrip("?").partition("*")
        found.append(Step(letter(name), word.endswith("?"), int(users or 1)))
    return tuple(found)


def walked(rules: Rules, *units: str) -> list:
    events, _ = gathered([told(unit) for unit in units])
    return results(events, funnel.walk(compiled(rules), events))


def depth(rules: Rules, unit: str) -> int:
    return walked(rules, unit)[0].depth


ABC = Rules(steps("A B C"), window=10)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        pytest.param("A0 B1 C2", 3, id="straight through"),
        pytest.param("A0 .1 B2 .3 C4", 3, id="other events between do not matter"),
        pytest.param("B0 A1 C2", 1, id="a step before the first counts for nothing"),
        pytest.param("A0 B1 A2 C3", 3, id="an earlier step again undoes nothing"),
        pytest.param("A0 B1 C10", 3, id="the window includes its end"),
        pytest.param("A0 B1 C11", 2, id="and nothing after it"),
        pytest.param("A0 A9 B12 C19", 3, id="a later entry has its own window"),
        pytest.param("A0 B9 A10 C11", 2, id="but needs its own steps"),
        pytest.param("C0 B0 A0", 3, id="a tie counts in the favourable order"),
        pytest.param("ABC0", 1, id="one event serves one step"),
        pytest.param("ABC0 ABC0", 2, id="in a tie as well"),
        pytest.param("BC0 AB0 A0", 3, id="in a tie events are shared out so that most steps have one"),
        pytest.param(".0", 0, id="who does no first step does not enter"),
    ],
)
def test_ordered(unit, expected):
    assert depth(ABC, unit) == expected


def test_a_repeated_step_needs_an_event_of_its_own():
    rules = Rules(steps("A A A"), window=10)
    assert [found.depth for found in walked(rules, "A0", "A0 A0", "A0 A0 A5", "A0 A11 A12")] == [1, 2, 3, 2]


def test_strict_time_asks_for_later_moments():
    rules = replace(ABC, strict_time=True)
    assert [found.depth for found in walked(rules, "A0 B0 C1", "A0 B1 C1", "A0 B1 C2")] == [1, 2, 3]


def test_with_reuse_one_event_serves_several_steps():
    rules = Rules(steps("A A A"), window=10, event_reuse=True)
    events, _ = gathered([told("A5"), told("A0 A3")])
    found = results(events, funnel.walk(compiled(rules), events), reuse=True)
    assert [one.moments for one in found] == [(5, 5, 5), (0, 0, 0)]


def test_the_range_bounds_entries_alone():
    rules = replace(ABC, enters_from=5, enters_to=10)
    assert [found.depth for found in walked(rules, "A4 B5 C6", "A5 B6 C7", "A9 B10 C19", "A10 B11 C12")] == [0, 3, 3, 0]


def test_reentry_first_looks_at_the_first_entry_of_the_range_only():
    rules = replace(ABC, reentry="first", enters_from=1)
    assert [found.depth for found in walked(rules, "A1 A9 B10 C12", "A0 A9 B10 C12")] == [2, 3]


def test_the_same_local_day_ends_at_its_close():
    rules = Rules(steps("A B"), closes=(0, 24, 47))
    assert [found.depth for found in walked(rules, "A23 B24", "A24 B46", "A24 B47", "A0 B23")] == [1, 2, 1, 2]


def test_the_chain_comes_first_to_its_deepest_step_and_starts_as_late_as_it_can():
    found = walked(ABC, "A0 A1 B2 B3 C4 A5 B6 C7", "A0 B2 A3 B9", "A0 A3", "A0 B0 A2 B3 C4")
    assert [one.moments for one in found] == [(1, 2, 4), (0, 2, None), (0, None, None), (2, 3, 4)]
    assert [one.entry for one in found] == [1, 0, 0, 2]


BETWEEN = replace(ABC, exclusions=((letter("x"), 0, 1),))


@pytest.mark.parametrize(
    ("exclusion", "unit", "expected", "excluded"),
    [
        pytest.param((0, 1), "A0 x1 B2 C3", 0, True, id="between its steps it voids the attempt"),
        pytest.param((0, 1), "A0 B1 x2 C3", 3, False, id="after them it does nothing"),
        pytest.param((0, 1), "A0 x1 A2 B3", 2, False, id="another attempt stands"),
        pytest.param((0, 1), "A0 x0 B1 x1", 2, False, id="ties with either end do not void"),
        pytest.param((0, 1), "A0 x10", 0, True, id="before the end of the window if the closing step is not reached"),
        pytest.param((0, 1), "A0 x11 B12", 1, False, id="after the window it does nothing"),
        pytest.param((1, 2), "A0 B1 x2 B3 C4", 3, False, id="a clean chain of the attempt is preferred"),
        pytest.param((1, 2), "A0 B1 x2 C3", 0, True, id="the attempt is void, the steps before the exclusion with it"),
        pytest.param((1, 2), "A0 x1 B2 C3", 3, False, id="before its first step it does nothing"),
        pytest.param((0, 2), "A0 B1 x2 C3", 0, True, id="over several steps"),
    ],
)
def test_exclusions(exclusion, unit, expected, excluded):
    rules = replace(ABC, exclusions=((letter("x"), *exclusion),))
    found = walked(rules, unit)[0]
    assert (found.depth, found.excluded) == (expected, excluded)


@pytest.mark.parametrize(
    ("unit", "moments"),
    [
        pytest.param("A0 B1 C2 D3", (0, 1, 2, 3), id="all"),
        pytest.param("A0 D3", (0, None, None, 3), id="none"),
        pytest.param("A0 C1 B2 D3", (0, None, 1, 3), id="out of order: the one that comes first"),
        pytest.param("A0 C1", (0, None, 1, None), id="after the deepest required step"),
        pytest.param("A0 D3 A4 B5 C6 D7", (4, 5, 6, 7), id="more of them are worth waiting for"),
        pytest.param("A0 B1 A8 D11", (8, None, None, 11), id="but a required step is worth more"),
    ],
)
def test_optional_steps(unit, moments):
    assert walked(Rules(steps("A B? C? D"), window=10), unit)[0].moments == moments


@pytest.mark.parametrize(
    ("unit", "moments"),
    [
        pytest.param("A0@1 B1@1 B2@1 B3@2 C4@1", (0, 3, 4), id="the moment of the second person"),
        pytest.param("A0@1 B1@1 B2@1 C4@1", (0, None, None), id="one person twice is one"),
        pytest.param("B0@1 A1@1 B2@2 C4@1", (1, None, None), id="who did it before is not counted"),
        pytest.param("A0@1 B0@1 B5@2 C5@2", (0, 5, 5), id="ties are favourable"),
        pytest.param("A0@1 B1@1 B11@2", (0, None, None), id="inside the window"),
        pytest.param("A0@1 B1 B2@1 B3 C4", (0, None, None), id="nobody known counts as nobody"),
        pytest.param("A0@1 B1@1 A2@1 B11@2 B12@1 C12@1", (2, 12, 12), id="each entry counts anew"),
    ],
)
def test_committee_steps(unit, moments):
    assert walked(Rules(steps("A B*2 C"), window=10), unit)[0].moments == moments


def test_a_committee_that_enters_together():
    found = walked(Rules(steps("A*2 B"), window=10), "A0@1 A3@2 B10@1", "A0@1 A3@2 B11@1", "A0@1 A11@2")
    assert [(one.depth, one.entry, one.moments) for one in found] == [
        (2, 0, (3, 10)),
        (1, 0, (3, None)),
        (0, None, (None, None)),
    ]


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        pytest.param("A0 B1 C2", 3, id="straight through"),
        pytest.param("A0 A1 B2 B3 C4", 3, id="repeats of the former step"),
        pytest.param("A0 .1 B2", 1, id="anything else breaks"),
        pytest.param("A0 B1 A2 C3", 2, id="an earlier step as well"),
        pytest.param("A0 B1 A2 B3 C4", 3, id="a later first step starts anew"),
        pytest.param("A0 n1 B2 n3 C4", 3, id="but noise breaks nothing"),
        pytest.param("A0 .1 B1", 2, id="in a tie what is not needed lies after the end"),
        pytest.param("A0 .1 B1 C2", 2, id="and breaks what would go on"),
        pytest.param(".0 A0 B1 C2", 3, id="or before the start"),
        pytest.param("A0 B1 B1 C1", 3, id="a tie is passed whole"),
        pytest.param("A0 B1 C11", 2, id="the window holds"),
    ],
)
def test_strict(unit, expected):
    assert depth(replace(ABC, order="strict", ignored=letter("n")), unit) == expected


@pytest.mark.parametrize(
    ("unit", "expected", "excluded"),
    [
        pytest.param("C0 B1 A2", 3, False, id="any order"),
        pytest.param("A0 A1 B2", 2, False, id="each step once"),
        pytest.param("C0 A9 B11", 2, False, id="inside one window"),
        pytest.param("AB0 A1 BC2", 3, False, id="events are shared out over the steps"),
        pytest.param("A0 B1 x2", 0, True, id="an incomplete attempt is void"),
        pytest.param("A0 x1 B2 C3", 3, False, id="a complete one stands"),
        pytest.param("A0 x1 B2", 1, False, id="another attempt stands"),
    ],
)
def test_unordered(unit, expected, excluded):
    found = walked(replace(ABC, order="unordered", exclusions=((letter("x"), 0, 2),)), unit)[0]
    assert (found.depth, found.excluded) == (expected, excluded)


def test_unordered_bars_are_the_moments_at_which_so_many_steps_are_done():
    assert walked(replace(ABC, order="unordered"), "C0 C1 B2 A12 A13")[0].moments == (1, 2, None)


def test_a_constant_property_splits_the_events_of_a_unit():
    events, value = gathered([told("A0=1 B1=2 A2=2 B3=1 C4=1 C5"), told("A0 B1 C2"), told("A0=3 x1=4 B2=3")])
    parts = funnel.by_value(events, value)
    chains = funnel.walk(compiled(BETWEEN), parts.events)
    assert list(zip(parts.unit, parts.value, chains.depth, strict=True)) == [(0, 1, 3), (0, 2, 1), (2, 3, 2), (2, 4, 0)]
    found = results(events, funnel.whole(parts, chains, 3))
    assert [one.moments for one in found] == [(0, 3, 4), (None, None, None), (0, 2, None)]


def test_each_period_has_the_funnel_of_its_own_entries():
    events, _ = gathered([told("A0 A10 B12 C13"), told("A5 B6"), told("A31")])
    rules = replace(ABC, window=20)
    assert funnel.by_entry(compiled(rules), events, np.array([0, 10, 20, 30])).tolist() == [[2, 1], [1, 1], [0, 0]]
    first = replace(rules, reentry="first")
    assert funnel.by_entry(compiled(first), events, np.array([0, 10, 20, 30])).tolist() == [[2, 1], [0, 0], [0, 0]]


def test_a_period_is_mature_when_its_last_window_is_over():
    edges = np.array([0, 10, 20])
    assert funnel.mature(compiled(ABC), edges, 20).tolist() == [True, False]
    assert funnel.mature(compiled(ABC), edges, 19).tolist() == [False, False]
    days = replace(ABC, closes=(0, 10, 20, 30))
    assert funnel.mature(compiled(days), edges, 10).tolist() == [True, False]


def test_slices_of_units_share_the_events_and_read_only_arrays_are_taken():
    events, value = gathered([told("A0=1 B1=1 C2=1"), told(".0"), told("A0=2 B1=2"), told("A3=1")])
    for array in events:
        array.flags.writeable = False
    chains = funnel.walk(compiled(ABC), events)
    assert chains.depth.tolist() == [3, 0, 2, 1]
    later = events._replace(first=events.first[2:])
    parts = funnel.by_value(later, value)
    for found in (
        funnel.walk(compiled(ABC), later),
        funnel.whole(parts, funnel.walk(compiled(ABC), parts.events), 2),
    ):
        assert [array.tolist() for array in found] == [array[2:].tolist() for array in chains]


def test_nobody():
    nothing = funnel.Events(np.zeros(1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint64))
    chains = funnel.walk(compiled(ABC), nothing)
    assert (chains.depth.shape, chains.event.shape) == ((0,), (0, 3))
    parts = funnel.by_value(nothing, np.zeros(0, np.int32))
    assert funnel.whole(parts, funnel.walk(compiled(ABC), parts.events), 0).depth.shape == (0,)
    assert funnel.by_entry(compiled(ABC), nothing, np.array([0, 10])).tolist() == [[0, 0]]


def test_the_highest_bits_work():
    rules = Rules((Step(63), Step(62)), window=10)
    found = funnel.walk(
        compiled(rules),
        funnel.Events(np.array([0, 2]), np.array([0, 1]), np.array([1 << 63, 1 << 62], np.uint64)),
    )
    assert found.depth.tolist() == [2]
