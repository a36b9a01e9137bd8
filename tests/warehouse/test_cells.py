"""How cells may be written: every accepted notation, and what is refused rather than guessed."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from tenure.core import localtime
from tenure.warehouse import cells

NEW_YORK = localtime.zone("America/New_York")


def bad(kind: str) -> Any:
    return pytest.raises(cells.BadCell, match=f"^{kind}$")


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        pytest.param("1234.50", "1234.50", id="plain"),
        pytest.param(" 1,234,567.89 ", "1234567.89", id="thousands separators"),
        pytest.param("１２３．５", "123.5", id="full-width digits"),
        pytest.param("¥1,200", "1200", id="a sign before"),
        pytest.param("-$5.25", "-5.25", id="a minus before the sign"),
        pytest.param("US$ 5", "5", id="a country and a sign"),
        pytest.param("100 元", "100", id="a sign behind"),
        pytest.param("USD 100", "100", id="a currency code before"),
        pytest.param("100EUR", "100", id="a currency code behind"),
        pytest.param("(12.5)", "-12.5", id="an accountant's minus"),
        pytest.param("\u221212", "-12", id="a typographer's minus"),
        pytest.param("1.5e3", "1500", id="an exponent"),
        pytest.param(".5", "0.5", id="no digit before the point"),
        pytest.param(0.1, "0.1", id="a float as it is written, not as it is stored"),
        pytest.param(0.1 + 0.2, "0.3", id="rounded at the twelfth decimal"),
        pytest.param(12, "12", id="an integer"),
        pytest.param(Decimal("7.10"), "7.1", id="a Decimal"),
        pytest.param("", None, id="empty"),
        pytest.param("   ", None, id="blank"),
        pytest.param(None, None, id="nothing"),
    ],
)
def test_numbers(cell: Any, value: str | None) -> None:
    assert cells.number(cell) == (None if value is None else Decimal(value))


@pytest.mark.parametrize(
    "cell",
    ["abc", "1,23", "1,2345", "12,5", "1.2.3", "--5", "5-", "NaN", "inf", "1_000", "0x10", "5%", "１,２", "九", True,
     float("nan"), float("inf"), Decimal("NaN"), b"5", "1e99999", "=1+1", "9" * 300, [1]],
)  # fmt: skip
def test_what_is_no_number(cell: Any) -> None:
    with bad("bad_number"):
        cells.number(cell)


@pytest.mark.parametrize("cell", ["1e20", 10**20, "-100000000000000000000", 1e300, Decimal("1e9999")])
def test_amounts_too_large_to_add_up(cell: Any) -> None:
    with bad("too_large"):
        cells.number(cell)


def test_percentages_only_where_they_have_a_meaning() -> None:
    assert cells.number("13%", percent=Decimal("0.01")) == Decimal("0.13")
    assert cells.number("20 ％", percent=Decimal(1)) == Decimal(20)


@pytest.mark.parametrize("cell", ["12", 12, "12.0", Decimal(12), 12.0])
def test_integers(cell: Any) -> None:
    assert cells.integer(cell) == 12


@pytest.mark.parametrize("cell", ["1.5", "1000000000", "-1000000000", "one"])
def test_what_is_no_integer(cell: Any) -> None:
    with bad("bad_number"):
        cells.integer(cell)


@pytest.mark.parametrize(
    ("cell", "value"),
    [(True, True), ("TRUE", True), ("是", True), (1, True), ("0", False), ("否", False), (0.0, False), ("", None)],
)
def test_booleans(cell: Any, value: bool | None) -> None:
    assert cells.boolean(cell) is value


def test_what_is_neither_yes_nor_no() -> None:
    with bad("bad_boolean"):
        cells.boolean("maybe")


@pytest.mark.parametrize(
    "cell",
    ["2024-03-01", "2024/3/1", "2024.3.1", "2024年3月1日", "20240301", 20240301, "２０２４-０３-０１", " 2024-03-01 ",
     date(2024, 3, 1), datetime(2024, 3, 1), "2024-03-01 00:00:00", "2024-03-01T00:00"],  # noqa: DTZ001
)  # fmt: skip
def test_a_day_is_a_day_whatever_the_zone(cell: Any) -> None:
    assert cells.day(cell, NEW_YORK) == (localtime.day_number(date(2024, 3, 1)), None)


@pytest.mark.parametrize(
    ("cell", "day", "moment"),
    [
        pytest.param("2024-04-01T03:59:59Z", date(2024, 3, 31), "2024-04-01T03:59:59+00:00", id="summer time"),
        pytest.param("2024-04-01T04:00:00Z", date(2024, 4, 1), "2024-04-01T04:00:00+00:00", id="local midnight"),
        pytest.param("2024-01-01T12:00+08:00", date(2023, 12, 31), "2024-01-01T04:00:00+00:00", id="an offset"),
        pytest.param("2024-01-01 12:00:00 +0800", date(2023, 12, 31), "2024-01-01T04:00:00+00:00", id="without colon"),
        pytest.param("2024-01-01 20:30", date(2024, 1, 1), "2024-01-02T01:30:00+00:00", id="local time"),
        pytest.param("2024/1/1 20:30:00.250", date(2024, 1, 1), "2024-01-02T01:30:00.250000+00:00", id="a fraction"),
        pytest.param("2024-01-01T24:00:00Z", date(2024, 1, 1), "2024-01-02T00:00:00+00:00", id="24 o'clock"),
        pytest.param(
            datetime(2024, 4, 1, 1, tzinfo=timezone(timedelta(hours=8))),
            date(2024, 3, 31),
            "2024-03-31T17:00:00+00:00",
            id="native, with an offset",
        ),
    ],
)
def test_a_stamp_is_its_local_day_and_keeps_the_moment(cell: Any, day: date, moment: str) -> None:
    micros = localtime.moment(datetime.fromisoformat(moment), UTC)
    assert cells.day(cell, NEW_YORK) == (localtime.day_number(day), micros)
    assert cells.stamp(cell, NEW_YORK) == micros


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        pytest.param("2024-04-01T03:59:59Z", date(2024, 4, 1), id="the last local second is the next midnight"),
        pytest.param("2024-03-31T23:59:59.999", date(2024, 4, 1), id="with a fraction"),
        pytest.param("2024-03-31T23:59:58", date(2024, 3, 31), id="the second before is its own day"),
        pytest.param("2024-03-31T23:59:59Z", date(2024, 3, 31), id="the last second elsewhere is not"),
        pytest.param("2024-03-31", date(2024, 3, 31), id="a day is a day"),
    ],
)
def test_an_end_at_the_last_second_is_the_next_day(cell: str, day: date) -> None:
    found = cells.day(cell, NEW_YORK, closing=True)
    assert found is not None
    assert found[0] == localtime.day_number(day)


@pytest.mark.parametrize(
    "cell",
    ["2024-02-30", "31/02/2024", "2024-3", "2024-03/01", "yesterday", "2024-03-01T25:00", "2024-03-01 noon", 45352, 1.5,
     True, "0000-01-01", "2024-03-01T10:00+99:99", "99999-01-01", "2024-03-01T00:00:60", "2024" * 100, ["2024-01-01"]],
)  # fmt: skip
def test_what_is_no_day(cell: Any) -> None:
    with bad("bad_date"):
        cells.day(cell, NEW_YORK)


def test_a_day_given_for_a_stamp_is_its_local_midnight() -> None:
    assert cells.stamp("2024-03-05", NEW_YORK) == localtime.moment(datetime(2024, 3, 5, 5, tzinfo=UTC), UTC)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        pytest.param("9999-12-31T23:59:59Z", date(9999, 12, 29), id="how some write an open end"),
        pytest.param("9999-12-31T23:00-12:00", date(9999, 12, 29), id="past the calendar"),
        pytest.param("9999-12-31", date(9999, 12, 31), id="its last day"),
        pytest.param("0001-01-01T00:00:00", date(1, 1, 1), id="its first day, as a spreadsheet writes days"),
        pytest.param("0001-01-01T00:00+14:00", date(1, 1, 4), id="before the calendar"),
    ],
)
def test_the_ends_of_the_calendar(cell: str, day: date) -> None:
    found = cells.day(cell, localtime.zone("Asia/Shanghai"), closing=True)
    assert found is not None
    assert found[0] == localtime.day_number(day)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (["a", " b "], ["a", "b"]),
        ("a, b；c、d", ["a", "b", "c", "d"]),
        ('["a", "b,c"]', ["a", "b,c"]),
        (7, ["7"]),
        ("", None),
        ([], None),
        ([None, ""], None),
    ],
)
def test_lists_of_texts(cell: Any, value: list[str] | None) -> None:
    assert cells.texts(cell) == value


@pytest.mark.parametrize("cell", ["[1, [2]]", "[broken", [{"a": 1}]])
def test_what_is_no_list_of_texts(cell: Any) -> None:
    with bad("bad_list"):
        cells.texts(cell)


JAN, FEB, MAR = (localtime.day_number(date(2024, month, 1)) for month in (1, 2, 3))


@pytest.mark.parametrize(
    "cell",
    [
        [["2024-02-01", "2024-03-01"], ["2024-01-01", "2024-02-01"]],
        '[["2024-01-01", "2024-02-01"], ["2024-02-01", "2024-03-01"]]',
        [{"from": "2024-01-01", "to": "2024-02-01"}, {"from": date(2024, 2, 1), "to": "2024-02-29T23:59:59"}],
    ],
)
def test_pauses(cell: Any) -> None:
    assert cells.spans(cell, NEW_YORK) == [{"from": JAN, "to": FEB}, {"from": FEB, "to": MAR}]


@pytest.mark.parametrize("cell", [["2024-01-01", None], [["2024-01-01"]], {"from": "2024-01-01"}])
def test_an_open_pause(cell: Any) -> None:
    assert cells.spans(cell, NEW_YORK) == [{"from": JAN, "to": None}]


@pytest.mark.parametrize("cell", ["[", "soon", [["2024-02-01", "2024-01-01"]], [[None, "2024-01-01"]], [[1, 2, 3]], 5])
def test_what_is_no_pause(cell: Any) -> None:
    with pytest.raises(cells.BadCell, match=r"^bad_(pause|date)$"):
        cells.spans(cell, NEW_YORK)


def test_steps_of_a_ramp() -> None:
    first = '{"from": "2024-01-01", "to": "2024-02-01", "amount": "1,000"}'
    second = '{"from": "2024-02-01", "to": "2024-03-01", "amount": 20.1}'
    assert cells.steps(f"[{second}, {first}]", NEW_YORK) == [
        {"from": JAN, "to": FEB, "amount": Decimal(1000)},
        {"from": FEB, "to": MAR, "amount": Decimal("20.1")},
    ]


@pytest.mark.parametrize(
    "cell",
    [[{"from": "2024-01-01", "amount": 1}], [{"from": "2024-02-01", "to": "2024-01-01", "amount": 1}], ["x"], "{", 5,
     [{"from": "2024-01-01", "to": "2024-02-01"}]],
)  # fmt: skip
def test_what_is_no_ramp(cell: Any) -> None:
    with bad("bad_schedule"):
        cells.steps(cell, NEW_YORK)


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("month", ("month", 1)), ("Monthly", ("month", 1)), ("按月", ("month", 1)), ("每月", ("month", 1)),
        ("annual", ("year", 1)), ("按年", ("year", 1)), ("quarterly", ("month", 3)), ("季度", ("month", 3)),
        ("半年", ("month", 6)), ("biweekly", ("week", 2)), ("DAY", ("day", 1)), ("once", (None, 1)), ("", (None, 1)),
    ],
)  # fmt: skip
def test_words_for_intervals(word: str, meaning: tuple[str | None, int]) -> None:
    assert cells.interval(word) == meaning


@pytest.mark.parametrize(
    ("cell", "value"),
    [("  a ", "a"), (12.0, "12"), (12, "12"), (1.5, "1.5"), (Decimal("12.00"), "12"), (True, "true"), ("", None)],
)
def test_texts(cell: Any, value: str | None) -> None:
    assert cells.text(cell) == value


@pytest.mark.parametrize(("cell", "kept"), [("a\x00b", "ab"), ("a\ud800b", "a\ufffdb"), ("\x00", None)])
def test_texts_that_no_database_takes(cell: str, kept: str | None) -> None:
    with bad("bad_text") as caught:
        cells.text(cell)
    assert caught.value.value == kept


@pytest.mark.parametrize(
    ("cell", "value"),
    [({"b": 1, "a": "客"}, '{"a":"客","b":1}'), ('{"a": 1}', '{"a": 1}'), ("not json", '"not json"'), (None, None)],
)
def test_json(cell: Any, value: str | None) -> None:
    assert cells.json_text(cell) == value
