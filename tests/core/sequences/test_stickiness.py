"""Stickiness: the kernel is the slow reference for every criterion, length of interval and way of counting."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

import pytest

from reference import behaviour as slow
from reference.behaviour import Event, arrays, calendar, chance_events, micros
from tenure.core.sequences.edges import interval_edges
from tenure.core.sequences.stickiness import active_intervals, stickiness

FIRST = datetime(2024, 3, 29)  # noqa: DTZ001 - local
ZONE = "Europe/Berlin"


@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("operator", ["gte", "lte", "exact"])
@pytest.mark.parametrize("value", [0, 1, 2, 3])
def test_every_criterion_is_the_reference(every: int, operator: Any, value: int) -> None:
    for seed in range(10):
        events = chance_events(
            random.Random(seed), datetime(2024, 3, 28, tzinfo=UTC), datetime(2024, 4, 4, tzinfo=UTC), units=5
        )
        given = arrays(events)
        edges = interval_edges(FIRST, "day", 3, ZONE, every=every)
        active = active_intervals(given.first, given.at, given.bits, 1, edges, criteria=(operator, value))
        interval = calendar(FIRST, "day", ZONE, every)
        expected = slow.stickiness(events, interval, 1, 3, operator, value)
        assert dict(zip(given.units, active.tolist(), strict=True)) == {unit: expected[unit] for unit in given.units}
        exactly = Counter(expected.values())
        assert stickiness(active, 3).tolist() == [exactly[k] for k in (1, 2, 3)]
        at_least = [sum(n for k, n in exactly.items() if k >= least) for least in (1, 2, 3)]
        assert stickiness(active, 3, cumulative=True).tolist() == at_least


def test_at_most_does_not_count_intervals_without_events() -> None:
    given = arrays([Event(0, micros(datetime(2024, 5, 2, 9, tzinfo=UTC)), frozenset({0}))])
    edges = interval_edges(date(2024, 5, 1), "day", 3, "UTC")
    active = active_intervals(given.first, given.at, given.bits, 0, edges, criteria=("lte", 5))
    assert stickiness(active, 3).tolist() == [1, 0, 0]
