"""Feature retention: each feature's row is the retention of that feature alone, averaged over what is over."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime

import numpy as np
import pytest

from reference import behaviour as slow
from reference.behaviour import arrays, calendar, chance_events, micros
from tenure.core.sequences.events import added
from tenure.core.sequences.features import FeatureCounts, exposed, feature_retention
from tenure.core.sequences.retention import layout

FIRST, LAST = datetime(2024, 5, 1), datetime(2024, 5, 9)  # noqa: DTZ001 - local
ROWS = 6


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("columns", [None, 3])
@pytest.mark.parametrize("same", [True, False])
def test_every_row_is_the_reference(seed: int, columns: int | None, same: bool) -> None:
    chance = random.Random(seed)
    features = chance.choice([1, 5, 63])
    events = chance_events(
        chance, datetime(2024, 4, 29, tzinfo=UTC), LAST.replace(tzinfo=UTC), events=90, matchers=features + 1
    )
    now = chance.choice([None, micros(datetime(2024, 5, 5, 12, tzinfo=UTC))])
    table = layout(FIRST, "day", ROWS, "Asia/Shanghai", columns=columns)
    interval = calendar(FIRST, "day", "Asia/Shanghai")
    given = arrays(events)
    counts = feature_retention(given.first, given.at, given.bits, table, features, features, same=same, now=now)
    of = exposed(counts, table, now)
    complete = table.complete(now)
    for f in range(features):
        cells = slow.retention(events, interval, ROWS, columns, start=f, back=f if same else features)
        units = {
            (r, c): set().union(*(cells.get((v, r, c), set()) for v in (-1, 0, 1, 2)))
            for r, c in np.ndindex(complete.shape)
        }
        assert counts.size[f].tolist() == [len(units[r, 0]) for r in range(ROWS)]
        for c in range(table.width):
            rows = [r for r in range(ROWS) if complete[r, c]]
            assert of[f, c] == sum(len(units[r, 0]) for r in rows)
            assert counts.retained[f, c] == sum(len(units[r, c]) for r in rows)
        assert counts.reach[f] == len(set().union(*(units[r, 0] for r in range(ROWS))))
    there = slow.active(events, interval, features)
    assert counts.active[0] == len(set().union(*(there[r] for r in range(ROWS))))


def test_slices_of_units_add_up() -> None:
    given = arrays(chance_events(random.Random(3), FIRST.replace(tzinfo=UTC), LAST.replace(tzinfo=UTC), units=9))
    table = layout(date(2024, 5, 1), "day", ROWS, "UTC")
    whole = feature_retention(given.first, given.at, given.bits, table, 2, 2)
    joined = added(
        feature_retention(given.first[a : b + 1], given.at, given.bits, table, 2, 2) for a, b in [(0, 5), (5, 9)]
    )
    assert isinstance(joined, FeatureCounts)
    assert all((a == b).all() for a, b in zip(joined, whole, strict=True))
    assert whole.reach.min() > 0
