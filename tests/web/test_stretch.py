"""The stretch of time in an address, and the line that is drawn of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tenure.core.definition import Definition
from tenure.core.errors import QuestionRefused
from tenure.core.periods import CIVIL, GRAINS, Calendar, between, parse_label
from tenure.web.sparkline import sparkline
from tenure.web.stretch import COARSE, PRESETS, of

TODAY = date(2026, 11, 22)


def asked(query="", calendar=CIVIL, **more):
    return of(dict(part.split("=") for part in query.split("&") if part), TODAY, "2026-10", calendar, **more)


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
        pytest.param("grain=month&from=2026-01-01&to=2026-03-31", "2026-01", "2026-03", 3, id="days read as months"),
        pytest.param("from=2026-01-01&to=2026-03-31", "2025-12-29", "2026-03-30", 14, id="days of a form, in weeks"),
        pytest.param("grain=day&match=date", "2026-10-25", "2026-11-21", 28, id="days compared by date"),
        pytest.param("grain=day", "2026-10-25", "2026-11-21", 28, id="days to yesterday"),
        pytest.param("grain=week", "2026-08-24", "2026-11-16", 13, id="weeks to the one of yesterday"),
        pytest.param("grain=week&to=2026-10-01", "2026-07-06", "2026-09-28", 13, id="a day names its week"),
        pytest.param("running=no", "2025-11", "2026-10", 12, id="without the running one"),
        pytest.param("compare=custom&against=2026-03-31", "2025-11", "2026-10", 12, id="compared with a month"),
    ],
)
def test_what_an_address_says(query, first, last, count):
    stretch = asked(query)
    assert (stretch.first, stretch.last, len(stretch.labels)) == (first, last, count)
    assert of(dict(p.split("=") for p in stretch.query().split("&")), TODAY, "2020-01") == stretch


@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param("grain=hour", "grain", id="unknown grain"),
        pytest.param("running=maybe", "running", id="neither yes nor no"),
        pytest.param("compare=custom&against=soon", "against", id="compared with a word"),
        pytest.param("grain=day&from=2026-01-01&to=2026-10-01", "from", id="too many days"),
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
        ("compare=custom&against=2026-03-31", "2026-03"),
        ("grain=day&to=2026-11-21", "2026-11-14"),
        ("grain=day&to=2026-11-21&compare=year", "2025-11-22"),
        ("grain=week&to=2026-11-16", "2026-11-09"),
        ("grain=day&to=2026-11-21&match=date", "2026-11-20"),
        ("grain=day&to=2026-11-21&compare=year&match=date", "2025-11-21"),
        ("grain=day&to=2024-02-29&compare=year&match=date", "2023-02-28"),
        ("compare=year&match=date", "2025-10"),
    ],
)
def test_comparison(query, compared):
    assert asked(query).compared == compared


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        ("to=2026-10", {"2026-10": "2026-09", "2026-01": "2025-12"}),
        ("to=2026-10&compare=year", {"2026-11": "2025-11", "2026-02": "2025-02"}),
        ("to=2026-10&compare=custom&against=2026-03", {"2026-10": "2026-03", "2026-09": "2026-02"}),
        ("to=2026-03&compare=custom&against=2026-10", {"2026-03": "2026-10", "2026-04": "2026-11"}),
        ("grain=day&compare=year", {"2026-11-22": "2025-11-23", "2026-03-01": "2025-03-02"}),
        ("compare=none", {"2026-10": None}),
    ],
)
def test_every_period_is_compared_as_the_last_one_is(query, pairs):
    stretch = asked(query)
    assert {name: stretch.compared_with(name) for name in pairs} == pairs
    assert stretch.compared_with(stretch.last) == stretch.compared


@pytest.mark.parametrize(
    ("first", "last", "grains", "grain"),
    [
        pytest.param("2026-10-01", "2026-11-14", GRAINS, "day", id="45 days"),
        pytest.param("2026-10-01", "2026-11-15", GRAINS, "week", id="46 days"),
        pytest.param("2026-01-01", "2026-07-01", GRAINS, "week", id="26 weeks"),
        pytest.param("2026-01-01", "2026-07-02", GRAINS, "month", id="a day more"),
        pytest.param("2023-01-01", "2025-12-31", GRAINS, "month", id="three years, one of them a leap year"),
        pytest.param("2023-01-01", "2026-01-01", GRAINS, "quarter", id="beyond three years"),
        pytest.param("2000-01-01", "2025-12-31", GRAINS, "year", id="more quarters than a page can show"),
        pytest.param("2026-10-01", "2026-10-07", COARSE, "month", id="a page without days"),
        pytest.param("2020-01-01", "2024-12-31", ("month",), "month", id="a page of months"),
    ],
)
def test_days_without_a_grain_choose_it(first, last, grains, grain):
    stretch = asked(f"from={first}&to={last}", grains=grains)
    assert stretch.grain == grain
    assert stretch.first == CIVIL.name(first_day := date.fromisoformat(first), grain)
    assert stretch.named == (first_day, date.fromisoformat(last))
    assert "grain" not in dict(stretch.pairs)
    assert asked(stretch.query(), grains=grains) == stretch


def test_the_reader_goes_before_the_automatic_grain():
    chosen = asked("grain=month&from=2026-10-01&to=2026-10-20")
    assert (chosen.grain, chosen.named) == ("month", None)
    days = asked("from=2026-07-01&to=2026-09-30")
    monthly = days.by_days("month")
    assert (monthly.first, monthly.last, monthly.named) == ("2026-07", "2026-09", None)
    assert monthly.automatic(GRAINS) == days
    assert (
        asked("from=2024-01-01&to=2026-09-30").by_days("day").first == "2026-09-03"
    )  # too many days: the usual number
    assert days.moved(-1).query().startswith("grain=week&from=")


def test_the_running_period_is_shown_beside_the_newest_finished_one():
    assert asked().shown[-1] == "2026-11"
    assert not asked().is_running
    assert asked("to=2026-11").is_running
    assert asked("to=2026-08").shown[-1] == "2026-08"
    assert asked("running=no").shown[-1] == "2026-10"


def test_steps_end_at_the_running_period():
    assert asked("to=2026-11").moved(1) is None
    assert asked("to=2026-10").moved(1).last == "2026-11"
    assert asked("from=2026-01&to=2026-03").moved(-1).first == "2025-12"
    assert asked("grain=quarter&to=2026-Q1").step("2026-Q1", -1) == "2025-Q4"
    assert asked("grain=day&to=2026-11-22").moved(1) is None


def test_another_grain_keeps_the_place():
    assert asked("to=2026-08").in_grain("quarter").last == "2026-Q3"
    assert asked("to=2025-08").in_grain("year").last == "2025"
    assert asked("grain=year&to=2026").in_grain("month").last == "2026-11"


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", "2026-10-26", "2026-11-22"),
        ("yesterday", "2026-10-25", "2026-11-21"),
        ("days_7", "2026-11-15", "2026-11-21"),
        ("days_90", "2026-08-24", "2026-11-21"),
        ("this_week", "2026-08-24", "2026-11-16"),
        ("last_month", "2025-11", "2026-10"),
        ("months_3", "2026-08", "2026-10"),
        ("this_quarter", "2025-Q1", "2026-Q4"),
        ("last_year", "2021", "2025"),
    ],
)
def test_named_stretches(name, first, last):
    there = asked().preset(name)
    assert (there.first, there.last) == (first, last)
    assert there.grain == PRESETS[name][0]


def test_a_page_without_daily_figures_takes_no_days():
    with pytest.raises(QuestionRefused):
        asked("grain=day", grains=COARSE)


FISCAL = Calendar(0, 4)


@pytest.mark.parametrize(
    ("query", "first", "last", "compared"),
    [
        ("grain=year", "FY2023", "FY2027", "FY2026"),
        ("grain=year&to=FY2026", "FY2022", "FY2026", "FY2025"),
        ("grain=year&to=2026-03", "FY2022", "FY2026", "FY2025"),
        ("grain=quarter&to=FY2026-Q4&compare=year", "FY2025-Q1", "FY2026-Q4", "FY2025-Q4"),
        ("grain=quarter", "FY2025-Q4", "FY2027-Q3", "FY2027-Q2"),
    ],
)
def test_fiscal_years(query, first, last, compared):
    stretch = asked(query, FISCAL)
    assert (stretch.first, stretch.last, stretch.compared) == (first, last, compared)


def test_a_fiscal_year_holds_its_days():
    assert parse_label("FY2026", 4)[:2] == (date(2025, 4, 1), date(2026, 4, 1))
    assert parse_label("FY2026-Q4", 4)[:2] == (date(2026, 1, 1), date(2026, 4, 1))
    assert between(date(2025, 1, 1), date(2026, 7, 1), "year", 0, 4).labels == ["FY2025", "FY2026", "FY2027"]
    assert Definition().with_settings({"fiscal_year_start": 4}).calendar == FISCAL


def test_what_else_an_address_says_is_kept():
    stretch = asked("", kept=[("by", "plan"), ("f", "plan~eq~Pro"), ("f", "region~eq~East")])
    assert stretch.query(by="tier").endswith("f=plan~eq~Pro&f=region~eq~East&by=tier")
    assert stretch.moved(-1).query().endswith("&by=plan&f=plan~eq~Pro&f=region~eq~East")


def test_a_line_is_drawn_through_what_is_known():
    drawn = sparkline([Decimal(1), Decimal(3), None, Decimal(2), Decimal(3)])
    assert drawn.path == "M3.0,21.0L19.5,3.0M52.5,12.0L69.0,3.0"
    assert (drawn.running, drawn.x, drawn.y) == ("", "69.0", "3.0")


def test_a_figure_between_gaps_is_a_dot_and_the_last_one_there_is_marked():
    drawn = sparkline([Decimal(1), None, Decimal(3), None, None], running=True)
    assert drawn.path == "M3.0,21.0h0M36.0,3.0h0"
    assert (drawn.running, drawn.x, drawn.y) == ("", "36.0", "3.0")


def test_the_step_into_a_running_period_is_apart():
    drawn = sparkline([Decimal(1), Decimal(2), Decimal(3)], running=True)
    assert drawn.path == "M3.0,21.0L36.0,12.0"
    assert drawn.running == "M36.0,12.0L69.0,3.0"


@pytest.mark.parametrize("values", [[], [1], [None, 2], [1, None]])
def test_too_little_for_a_line(values):
    assert sparkline([None if v is None else Decimal(v) for v in values]) is None


def test_a_flat_line_lies_in_the_middle():
    assert sparkline([Decimal(5), Decimal(5)]).path == "M3.0,12.0L69.0,12.0"


def test_what_happened_stands_at_its_value():
    marks = [{"at": 1, "text": "New prices", "said": "Mar 5, Price change: New prices"}]
    drawn = sparkline([Decimal(1), Decimal(2), Decimal(3)], marks=marks)
    assert drawn.marks == ({"x": "36.0", "said": "Mar 5, Price change: New prices"},)
