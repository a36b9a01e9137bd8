"""Retention: the kernel is the slow reference for every option, on events full of ties; and the rules one by one."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from reference import behaviour as slow
from reference.behaviour import Event, arrays, calendar, chance_events, micros
from tenure.core.errors import QuestionRefused
from tenure.core.sequences.edges import LENGTHS
from tenure.core.sequences.events import added
from tenure.core.sequences.retention import Retention, Rule, appearances, average, layout, retention

START, BACK, NAME = 0, 1, 2
RANGES = [
    pytest.param("day", datetime(2024, 3, 28), "Europe/Berlin", id="days over a change of the clock"),  # noqa: DTZ001
    pytest.param("hour", datetime(2024, 11, 3), "America/New_York", id="hours over another"),  # noqa: DTZ001
    pytest.param("week", datetime(2024, 12, 23), "Asia/Shanghai", id="weeks over the year's end"),  # noqa: DTZ001
    pytest.param("month", datetime(2024, 1, 1), "America/New_York", id="months"),  # noqa: DTZ001
]
SPANS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}


def fast_cells(events: list[Event], table: Any, rule: Rule) -> dict[tuple[int, int, int], int]:
    given = arrays(events)
    found = retention(given.first, given.at, given.bits, table, rule, value=given.value, values=3)
    assert (found.size == found.retained[:, :, 0]).all()
    cells = {(int(v) if v < 3 else -1, int(r), int(c)): int(n) for (v, r, c), n in np.ndenumerate(found.retained)}
    return {cell: n for cell, n in cells.items() if n}


@pytest.mark.parametrize(("period", "first", "zone"), RANGES)
@pytest.mark.parametrize("seed", range(3))
def test_every_option_is_the_reference(period: str, first: datetime, zone: str, seed: int) -> None:
    chance = random.Random(seed)
    begin = first.replace(tzinfo=UTC)
    events = chance_events(chance, begin - SPANS[period], begin + 9 * SPANS[period])
    for once, unbounded, least, columns, basis in itertools.product(
        [None, START, NAME], [False, True], [1, 2], [None, 1, 4], ["calendar", "rolling", "rolling_hour_floor"]
    ):
        table = layout(first, period, 6, zone, columns=columns, basis=basis)  # type: ignore[arg-type]
        rule = Rule(START, BACK, once, unbounded, least)
        expected = slow.retention(
            events, calendar(first, period, zone), 6, columns, start=START, back=BACK, once=once, unbounded=unbounded,
            least=least, length=0 if basis == "calendar" else LENGTHS[period],
            floor=slow.HOUR if basis == "rolling_hour_floor" else 1,
        )  # fmt: skip
        assert fast_cells(events, table, rule) == {cell: len(units) for cell, units in expected.items()}
        given = arrays(events)
        anywhere = np.zeros((len(given.units), table.width), bool)
        for row in range(6):
            there = appearances(given.first, given.at, given.bits, table, rule, row)
            anywhere |= there
            for column in range(table.width):
                units = set().union(*(expected.get((v, row, column), set()) for v in (-1, 0, 1, 2)))
                assert {given.units[u] for u in np.flatnonzero(there[:, column])} == units
        assert (appearances(given.first, given.at, given.bits, table, rule) == anywhere).all()
        for code in (-1, 0, 1, 2):
            there = appearances(given.first, given.at, given.bits, table, rule, 1, value=given.value, code=code)
            found = {(code, 1, c): {given.units[u] for u in np.flatnonzero(there[:, c])} for c in range(table.width)}
            assert found == {cell: expected.get(cell, set()) for cell in found}


def test_slices_of_units_add_up() -> None:
    events = chance_events(
        random.Random(7), datetime(2024, 5, 1, tzinfo=UTC), datetime(2024, 5, 9, tzinfo=UTC), units=9
    )
    given = arrays(events)
    table = layout(date(2024, 5, 1), "day", 8, "UTC")
    rule = Rule(START, BACK)
    whole = retention(given.first, given.at, given.bits, table, rule)
    parts = [retention(given.first[a : b + 1], given.at, given.bits, table, rule) for a, b in [(0, 4), (4, 4), (4, 9)]]
    joined = added(parts)
    assert isinstance(joined, Retention)
    assert (joined.retained == whole.retained).all()
    assert whole.size.sum() > 0


def events_of(unit: int, *stamps: str, meets: frozenset[int] = frozenset({START, BACK})) -> list[Event]:
    return [Event(unit, micros(datetime.fromisoformat(f"2024-05-{stamp}+00:00")), meets) for stamp in stamps]


def row(events: list[Event], rule: Rule, **options: Any) -> list[int]:
    """The first row of three days from 1 May."""
    given = arrays(events)
    table = layout(date(2024, 5, 1), "day", 3, "UTC", **options)
    return [int(n) for n in retention(given.first, given.at, given.bits, table, rule).retained[-1, 0]]


BOTH = frozenset({START, BACK})
FILTERED = frozenset({START, BACK, NAME})
BARE = frozenset({NAME})


@pytest.mark.parametrize(
    ("events", "rule", "options", "expected"),
    [
        pytest.param(
            events_of(1, "01T09:00", meets=frozenset({START})), Rule(START, BACK), {}, [1, 0, 0],
            id="column 0 is the cohort, also without a return",
        ),
        pytest.param(
            events_of(1, "01T23:00", "02T01:00"), Rule(START, BACK), {}, [1, 1, 0], id="the next day by the calendar",
        ),
        pytest.param(
            events_of(1, "01T23:00", "02T01:00"), Rule(START, BACK), {"basis": "rolling"}, [1, 0, 0],
            id="the same day by the clock",
        ),
        pytest.param(
            events_of(1, "01T09:30", "02T09:29:59.999999"), Rule(START, BACK), {"basis": "rolling"}, [1, 0, 0],
            id="a microsecond short of a day",
        ),
        pytest.param(
            events_of(1, "01T09:30", "02T09:30"), Rule(START, BACK), {"basis": "rolling"}, [1, 1, 0], id="a whole day",
        ),
        pytest.param(
            events_of(1, "01T09:30", "02T09:10"), Rule(START, BACK), {"basis": "rolling_hour_floor"}, [1, 1, 0],
            id="counted from the full hour",
        ),
        pytest.param(
            events_of(1, "01T09:00", "01T12:00", "02T10:00"), Rule(START, BACK), {"basis": "rolling"}, [1, 1, 0],
            id="the clock starts with the first start of the interval",
        ),
        pytest.param(
            events_of(1, "01T09:00", "04T09:00"), Rule(START, BACK, unbounded=True), {}, [1, 0, 0],
            id="what is later than the row is not seen",
        ),
        pytest.param(
            events_of(1, "01T09:00", "03T09:00"), Rule(START, BACK, unbounded=True), {}, [1, 1, 1], id="on or after",
        ),
        pytest.param(
            events_of(1, "01T09:00", "02T09:00", "03T09:00"), Rule(START, BACK, unbounded=True, least=2), {}, [1, 0, 0],
            id="enough returns are those of one interval",
        ),
        pytest.param(
            events_of(1, "01T09:00", "01T10:00", "02T09:00", "02T09:00"), Rule(START, BACK, least=2), {}, [1, 1, 0],
            id="returns at one moment are several",
        ),
        pytest.param(
            events_of(1, "01T09:00", "02T09:00", "04T09:00"), Rule(START, BACK), {"columns": 4}, [1, 1, 0, 1],
            id="columns beyond the last row",
        ),
        pytest.param(
            [*events_of(1, "01T08:00", meets=BARE), *events_of(1, "01T09:00", meets=FILTERED)],
            Rule(START, BACK, START), {}, [1, 0, 0], id="first time: the first that meets the conditions",
        ),
        pytest.param(
            [*events_of(1, "01T08:00", meets=BARE), *events_of(1, "01T09:00", meets=FILTERED)],
            Rule(START, BACK, NAME), {}, [0, 0, 0], id="first ever: the first of that name must meet them",
        ),
        pytest.param(
            [*events_of(1, "01T08:00", meets=FILTERED), *events_of(1, "02T09:00", meets=BARE)],
            Rule(START, NAME, NAME), {}, [1, 1, 0], id="and it does",
        ),
        pytest.param(
            [Event(1, micros(datetime(2024, 4, 30, tzinfo=UTC)), BOTH), *events_of(1, "01T09:00")],
            Rule(START, BACK, START), {}, [0, 0, 0], id="a first time before the range is in no cohort",
        ),
    ],
)  # fmt: skip
def test_a_rule(events: list[Event], rule: Rule, options: dict[str, Any], expected: list[int]) -> None:
    assert row(events, rule, **options) == expected


@pytest.mark.parametrize(
    ("basis", "now", "expected"),
    [
        pytest.param("calendar", "02T23:59", [[1, 0, 0], [0, 0], [0]], id="only the first day is over"),
        pytest.param("calendar", "03T00:00", [[1, 1, 0], [1, 0], [0]], id="at midnight the second is over"),
        pytest.param("rolling", "03T00:00", [[1, 0, 0], [1, 0], [0]], id="by the clock the last start has had one day"),
        pytest.param("rolling", "04T00:00", [[1, 1, 0], [1, 0], [1]], id="and then two"),
        pytest.param("calendar", None, [[1, 1, 1], [1, 1], [1]], id="without a now all are"),
    ],
)
def test_cells_that_are_over(basis: Any, now: str | None, expected: list[list[int]]) -> None:
    table = layout(date(2024, 5, 1), "day", 3, "UTC", basis=basis)
    moment = None if now is None else micros(datetime.fromisoformat(f"2024-05-{now}+00:00"))
    complete = table.complete(moment)
    assert [complete[r, : table.widths[r]].astype(int).tolist() for r in range(3)] == expected
    assert not any(complete[r, table.widths[r] :].any() for r in range(3))


def test_nobody_is_in_a_cell_that_is_not_over() -> None:
    given = arrays(events_of(1, "01T09:00", "02T09:00"))
    table = layout(date(2024, 5, 1), "day", 3, "UTC")
    now = micros(datetime(2024, 5, 2, 12, tzinfo=UTC))
    there = appearances(given.first, given.at, given.bits, table, Rule(START, BACK), now=now)
    assert there.tolist() == [[True, False, False]]


def test_the_average_is_weighted_over_what_is_over() -> None:
    size = np.array([10, 0, 30])
    retained = np.array([[10, 5, 1], [0, 0, 0], [30, 30, 0]])
    complete = np.array([[1, 1, 1], [1, 1, 0], [1, 1, 0]], bool)
    assert average(size, retained, complete) == [1, Decimal("0.875"), Decimal("0.1")]
    assert average(size, retained, complete, weighted=False) == [1, Decimal("0.75"), Decimal("0.1")]
    assert average(size[1:2], retained[1:2], complete[1:2]) == [None, None, None]
    assert average(size[1:2], retained[1:2], complete[1:2], weighted=False) == [None, None, None]


@pytest.mark.parametrize(("rows", "columns"), [(0, None), (0, 3), (2, None)])
def test_no_events_are_zeros(rows: int, columns: int | None) -> None:
    table = layout(date(2024, 5, 1), "day", rows, "UTC", columns=columns)
    found = retention(np.zeros(1), np.empty(0), np.empty(0), table, Rule())
    assert found.retained.shape == (1, rows, table.width)
    assert found.retained.sum() == 0


def test_a_table_beyond_all_reading_is_refused() -> None:
    with pytest.raises(QuestionRefused) as refused:
        layout(date(2024, 5, 1), "hour", 9_000, "UTC")
    assert refused.value.code == "question.too_long"


def test_a_breakdown_beyond_all_memory_is_refused() -> None:
    table = layout(date(2024, 5, 1), "day", 1_000, "UTC")
    with pytest.raises(QuestionRefused) as refused:
        retention(np.zeros(1), np.empty(0), np.empty(0), table, Rule(), values=10)
    assert refused.value.code == "question.too_many_slices"
