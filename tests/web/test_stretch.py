"""The stretch of time in an address, and the line that is drawn of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tenure.core.errors import QuestionRefused
from tenure.web.sparkline import sparkline
from tenure.web.stretch import of, step

TODAY = date(2026, 11, 22)


def asked(query=""):
    return of(dict(part.split("=") for part in query.split("&") if part), TODAY, "2026-10")


@pytest.mark.parametrize(
    ("query", "first", "last", "count"),
    [
        pytest.param("", "2025-11", "2026-10", 12, id="nothing said: twelve months to the newest"),
        pytest.param("to=2026-03", "2025-04", "2026-03", 12, id="another last month"),
        pytest.param("from=2026-01&to=2026-03", "2026-01", "2026-03", 3, id="both"),
        pytest.param("grain=quarter", "2025-Q1", "2026-Q4", 8, id="quarters to the one of the newest month"),
        pytest.param("grain=quarter&from=2026-02&to=2026-05", "2026-Q1", "2026-Q2", 2, id="months read as quarters"),
        pytest.param("grain=year&to=2024", "2020", "2024", 5, id="years"),
        pytest.param("from=2022-01&to=2026-12", "2022-01", "2026-12", 60, id="as many as one may"),
    ],
)
def test_what_an_address_says(query, first, last, count):
    stretch = asked(query)
    assert (stretch.first, stretch.last, len(stretch.labels)) == (first, last, count)
    assert of(dict(p.split("=") for p in stretch.query().split("&")), TODAY, "2020-01") == stretch


@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param("grain=week", "grain", id="unknown grain"),
        pytest.param("compare=budget", "compare", id="unknown comparison"),
        pytest.param("to=2026-13", "to", id="no such month"),
        pytest.param("to=October", "to", id="a word"),
        pytest.param("to=0001-01", "to", id="before the calendar"),
        pytest.param("to=9999-12", "to", id="after the calendar"),
        pytest.param("from=<script>", "from", id="markup"),
        pytest.param("from=2026-03&to=2026-01", "from", id="backwards"),
        pytest.param("from=2001-01&to=2026-01", "from", id="too long"),
    ],
)
def test_what_an_address_cannot_say(query, field):
    with pytest.raises(QuestionRefused) as refused:
        asked(query)
    assert refused.value.where["field"] == field


@pytest.mark.parametrize(
    ("query", "compared"),
    [
        ("", "2026-09"),
        ("compare=year", "2025-10"),
        ("compare=none", None),
        ("grain=quarter&compare=year", "2025-Q4"),
        ("grain=year", "2025"),
    ],
)
def test_comparison(query, compared):
    assert asked(query).compared == compared


def test_the_running_period_is_shown_beside_the_newest_finished_one():
    assert asked().shown[-1] == "2026-11"
    assert not asked().is_running
    assert asked("to=2026-11").is_running
    assert asked("to=2026-08").shown[-1] == "2026-08"


def test_steps_end_at_the_running_period():
    assert asked("to=2026-11").moved(1) is None
    assert asked("to=2026-10").moved(1).last == "2026-11"
    assert (asked("from=2026-01&to=2026-03").moved(-1).first, step("2026-Q1", "quarter", -1)) == ("2025-12", "2025-Q4")


def test_another_grain_keeps_the_place():
    assert asked("to=2026-08").in_grain("quarter").last == "2026-Q3"
    assert asked("to=2025-08").in_grain("year").last == "2025"
    assert asked("grain=year&to=2026").in_grain("month").last == "2026-11"


def test_a_line_is_drawn_through_what_is_known():
    drawn = sparkline([Decimal(1), Decimal(3), None, Decimal(2), Decimal(3)])
    assert drawn.path == "M3.0,21.0L19.5,3.0M52.5,12.0L69.0,3.0"
    assert (drawn.running, drawn.x, drawn.y) == ("", "69.0", "3.0")


def test_the_step_into_a_running_period_is_apart():
    drawn = sparkline([Decimal(1), Decimal(2), Decimal(3)], running=True)
    assert drawn.path == "M3.0,21.0L36.0,12.0"
    assert drawn.running == "M36.0,12.0L69.0,3.0"


@pytest.mark.parametrize("values", [[], [1], [None, 2], [1, None]])
def test_too_little_for_a_line(values):
    assert sparkline([None if v is None else Decimal(v) for v in values]) is None


def test_a_flat_line_lies_in_the_middle():
    assert sparkline([Decimal(5), Decimal(5)]).path == "M3.0,12.0L69.0,12.0"
