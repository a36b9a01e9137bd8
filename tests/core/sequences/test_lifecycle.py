"""Lifecycle: the kernel is the slow reference, and active units are accounted for twice over."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from reference import behaviour as slow
from reference.behaviour import Event, arrays, calendar, chance_events, micros
from tenure.core.sequences.edges import interval_edges
from tenure.core.sequences.events import added
from tenure.core.sequences.lifecycle import (
    ASLEEP,
    DORMANT,
    NEVER,
    STATES,
    intervals_asleep,
    lifecycle,
    lifecycle_states,
)

FIRST = datetime(2024, 3, 29)  # noqa: DTZ001 - local
COUNT = 7
RANGES = [pytest.param("day", "Europe/Berlin", id="days"), pytest.param("week", "America/New_York", id="weeks")]


def given_range(period: str, zone: str, seed: int) -> tuple[list[Event], np.ndarray, slow.Interval]:
    first = FIRST if period == "day" else datetime(2024, 3, 25)  # noqa: DTZ001 - local
    span = timedelta(days=1 if period == "day" else 7)
    begin = first.replace(tzinfo=UTC)
    chance = random.Random(seed)
    events = chance_events(chance, begin - 3 * span, begin + 9 * span, units=12, events=40 + seed)
    return events, interval_edges(first, period, COUNT, zone, before=1), calendar(first, period, zone)


@pytest.mark.parametrize(("period", "zone"), RANGES)
@pytest.mark.parametrize("seed", range(25))
def test_every_state_is_the_reference(period: str, zone: str, seed: int) -> None:
    events, edges, interval = given_range(period, zone, seed)
    given = arrays(events, list(range(13)))
    found = lifecycle(given.first, given.at, given.bits, 1, edges)
    expected = slow.lifecycle(events, interval, 1, COUNT)
    for name in found._fields:
        assert getattr(found, name)[1:].tolist() == [len(states[name]) for states in expected], name
    # active = new + returning + resurrecting, and active before = returning + dormant
    there = slow.active(events, interval, 1)
    assert found.active.tolist() == [len(there[i]) for i in range(-1, COUNT)]
    assert (found.active[:-1] == found.returning[1:] + found.dormant[1:]).all()

    for i, states in enumerate(expected, 1):
        state, last = lifecycle_states(given.first, given.at, given.bits, 1, edges, i)
        asleep = set(np.flatnonzero((state == DORMANT) | (state == ASLEEP)))
        assert asleep == states["asleep"]
        for name in ("new", "returning", "resurrecting", "dormant"):
            assert set(np.flatnonzero(state == STATES.index(name))) == states[name]
        matches = {
            u: [e.moment for e in events if e.unit == u and 1 in e.meets and e.moment < edges[i + 1]] for u in range(13)
        }
        assert last.tolist() == [max(matches[u], default=NEVER) for u in range(13)]


def test_for_how_long_somebody_is_asleep() -> None:
    edges = interval_edges(date(2024, 5, 1), "day", 5, "UTC", before=1)
    last = np.array([micros(datetime(2024, 5, day, 9, tzinfo=UTC)) for day in (5, 4, 1)] + [0, NEVER])
    assert intervals_asleep(last, edges, 5).tolist() == [0, 1, 4, 5, 5]


def test_slices_of_units_add_up() -> None:
    events, edges, _ = given_range("day", "UTC", 5)
    given = arrays(events)
    whole = lifecycle(given.first, given.at, given.bits, 1, edges)
    half = len(given.units) // 2
    slices = [given.first[: half + 1], given.first[half:]]
    joined = added(lifecycle(first, given.at, given.bits, 1, edges) for first in slices)
    assert all((a == b).all() for a, b in zip(joined, whole, strict=True))
    assert whole.active.sum() > 0
