"""Paths: the kernel is the slow reference for every anchor and limit; and the rules one by one."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from reference import behaviour as slow
from reference.behaviour import Event, arrays, chance_events, micros
from tenure.core.errors import QuestionRefused
from tenure.core.sequences.paths import DROP_OFF, Paths, Rule, joined, paths, walkers

BEGIN, END = (micros(datetime(2024, 5, day, tzinfo=UTC)) for day in (1, 4))
MINUTE = 60_000_000


def edges(found: Paths) -> dict[tuple[int, int, int], int]:
    return {(int(k), int(a), int(b)): int(n) for k, a, b, n in zip(*found, strict=True)}


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize(("anchor", "to_anchor"), [(None, False), (1, False), (1, True)])
def test_every_anchor_is_the_reference(seed: int, anchor: int | None, to_anchor: bool) -> None:
    chance = random.Random(seed)
    days = [datetime(2024, 4, 30, tzinfo=UTC), datetime(2024, 5, 5, tzinfo=UTC)]
    events = chance_events(chance, days[0], days[1], units=4, events=80)
    given = arrays(events)
    rule = Rule(
        1, chance.choice([1, 30 * MINUTE, 600 * MINUTE]), chance.choice([1, 2, 3, 9]), BEGIN, END, anchor, to_anchor
    )
    found = paths(given.first, given.at, given.bits, given.node, rule)
    expected = slow.paths(events, 1, rule.gap, rule.steps, BEGIN, END, anchor, to_anchor)
    assert edges(found) == {edge: len(units) for edge, units in expected.items()}
    assert list(zip(*found[:3], strict=True)) == sorted(zip(*found[:3], strict=True)), "in order"
    for edge, units in expected.items():
        there = walkers(given.first, given.at, given.bits, given.node, rule, *edge)
        assert {given.units[u] for u in np.flatnonzero(there)} == set(units)
    parts = [paths(given.first[a : b + 1], given.at, given.bits, given.node, rule) for a, b in [(0, 1), (1, 4)]]
    assert edges(joined(parts)) == edges(found)


def session(*nodes: int, gap: int = MINUTE, since: int = BEGIN) -> list[Event]:
    return [Event(0, since + k * gap, frozenset({0}), node) for k, node in enumerate(nodes)]


@pytest.mark.parametrize(
    ("events", "options", "expected"),
    [
        pytest.param(session(1, 1, 2), {}, {(1, 1, 2): 1, (2, 2, DROP_OFF): 1}, id="repeats are one node"),
        pytest.param(session(1, -1, 1), {}, {(1, 1, DROP_OFF): 1}, id="what has no node is not seen"),
        pytest.param(
            session(1, 2, gap=30 * MINUTE), {}, {(1, 1, DROP_OFF): 1, (1, 2, DROP_OFF): 1}, id="the gap itself cuts",
        ),
        pytest.param(
            session(1, 2, gap=30 * MINUTE - 1), {}, {(1, 1, 2): 1, (2, 2, DROP_OFF): 1}, id="a microsecond less",
        ),
        pytest.param(
            session(1, 2, 3, 1), {"steps": 3}, {(1, 1, 2): 1, (2, 2, 3): 1}, id="the rest is left out, not dropped off",
        ),
        pytest.param(
            session(1, 2, 3), {"anchor": 2}, {(1, 2, 3): 1, (2, 3, DROP_OFF): 1}, id="from an anchor",
        ),
        pytest.param(
            session(1, 2, 3, 2), {"anchor": 2, "to_anchor": True}, {(1, 1, 2): 1}, id="to its first occurrence",
        ),
        pytest.param(
            session(1, 3, 1, 2), {"anchor": 2, "to_anchor": True, "steps": 2}, {(1, 1, 2): 1}, id="the last before it",
        ),
        pytest.param(session(1, 3), {"anchor": 2}, {}, id="sessions without the anchor are left out"),
    ],
)  # fmt: skip
def test_a_rule(events: list[Event], options: dict[str, Any], expected: dict[tuple[int, int, int], int]) -> None:
    given = arrays(events)
    rule = Rule(**{"match": 0, "gap": 30 * MINUTE, "steps": 5, "begin": BEGIN, "end": END, **options})
    assert edges(paths(given.first, given.at, given.bits, given.node, rule)) == expected


def test_many_different_edges_are_all_counted() -> None:
    nodes = [n for k in range(3000) for n in (k, 3000 + k * 7 % 3000)]
    given = arrays(session(*nodes, gap=1_000_000))
    rule = Rule(0, 30 * MINUTE, 10_000, BEGIN, END)
    assert edges(paths(given.first, given.at, given.bits, given.node, rule)) == {
        (k + 1, a, b): 1 for k, (a, b) in enumerate(zip(nodes, [*nodes[1:], DROP_OFF], strict=True))
    }


@pytest.mark.parametrize("steps", [0, 1 << 15])
def test_a_length_no_path_has_is_refused(steps: int) -> None:
    given = arrays(session(1, 2))
    with pytest.raises(QuestionRefused) as refused:
        paths(given.first, given.at, given.bits, given.node, Rule(0, 1, steps, BEGIN, END))
    assert refused.value.where["field"] == "max_steps"
