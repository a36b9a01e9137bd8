"""Totals of another system: every layout they come in, and every line that cannot be read named by its number."""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal

import pytest
import xlsxwriter

from tenure.apps.connectors.files.problems import ImportRefused
from tenure.apps.connectors.files.totals import period_of, read_totals

MONTHS = [("2026-09", "", "48310"), ("2026-10", "", "49875.5")]
BY_ACCOUNT = [("2026-09", "acme", "100"), ("2026-10", "acme", "120"), ("2026-09", "birch", "60")]


def lines(given):
    return [(line.period, line.account, f"{line.amount.normalize():f}") for line in read_totals(given).lines]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2026-09\t48,310.00\n2026-10\t49,875.50", MONTHS, id="pasted without headings"),
        pytest.param("Month\tAmount\n2026-09\t$48,310\n2026-10\t$49,875.50\n", MONTHS, id="pasted with headings"),
        pytest.param("月份\t金额（元）\n2026年9月\t¥48,310.00\n2026年10月\t¥49,875.50", MONTHS, id="Chinese"),
        pytest.param("金额,月份\n48310,2026/9\n49875.5,2026/10", MONTHS, id="commas, the amount first"),
        pytest.param('month,amount\nSep 2026,"48,310.00"\nOct-26,"CNY 49,875.50"', MONTHS, id="quoted, named months"),
        pytest.param("period;total\n202609;48310\n2026-10-31;49875.5", MONTHS, id="semicolons, a day for its month"),
        pytest.param("\t2026-09\t2026-10\nMRR\t48,310\t49,875.50", MONTHS, id="months side by side"),
        pytest.param("2026-09\t2026-10\n48310\t49875.5", MONTHS, id="side by side without a name"),
        pytest.param(
            "客户\t月份\t合计\nacme\t2026-09\t100\nacme\t2026-10\t120\nbirch\t2026-09\t60", BY_ACCOUNT, id="by account"
        ),
        pytest.param("acme\t2026-09\t100\nacme\t2026-10\t120\nbirch\t2026-09\t60", BY_ACCOUNT, id="no headings"),
        pytest.param("account\t2026-09\t2026-10\nacme\t100\t120\nbirch\t60\t", BY_ACCOUNT, id="accounts and months"),
        pytest.param("account\t2026-09\nacme\t100", [("2026-09", "acme", "100")], id="one month, one account"),
        pytest.param("2026-Q1\t(1,200)\n2026\t−5", [("2026-Q1", "", "-1200"), ("2026", "", "-5")], id="less than 0"),
    ],
)
def test_every_layout(text, expected):
    found = read_totals(text)
    assert found.bad == []
    assert lines(text) == expected


@pytest.mark.parametrize(
    ("text", "number", "why"),
    [
        pytest.param("Month\tAmount\n2026-09\tabout 5", 2, "“about 5” is no amount.", id="no amount"),
        pytest.param("Month\tAmount\nsoon\t5", 2, "“soon” is no month.", id="no month"),
        pytest.param("Month\tAmount\n2026-13\t5", 2, "“2026-13” is no month.", id="no such month"),
        pytest.param("month\tamount\n2026-09\t5\n\n2026-09\t6", 4, "Line 2 gives a total for the same already.",
                     id="twice, blank lines counted"),
        pytest.param("2026-09,48,310\n2026-10,49,875", 1, "The amount may be cut by a comma: put it in quotes, or "
                     "separate the columns by tabs.", id="cut by a comma"),
        pytest.param("month,amount\n2026-09,48,310", 2, "The amount may be cut by a comma: put it in quotes, or "
                     "separate the columns by tabs.", id="cut behind the headings"),
        pytest.param("account\tmonth\tamount\n\t2026-09\t5", 2, "The line names no account.", id="no account"),
        pytest.param("account\t2026-09\t2026-10\nacme\tx\t5", 2, "This is no amount.", id="side by side"),
        pytest.param("month\tamount\n2026-09", 2, "The line needs a month and an amount.", id="half a line"),
        pytest.param("month\tamount\nTotal\t98,185", 2, "“Total” is no month.", id="a sum below"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_named(text, number, why):
    bad = read_totals(text).bad
    assert (bad[0].number, bad[0].why) == (number, why)


def test_a_workbook():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm"})
        sheet.write_row(0, 0, ["月份", "金额"])
        for row, (month, amount) in enumerate([("2026-09", 48310), ("2026-10", 49875.5)], start=1):
            sheet.write_datetime(row, 0, datetime.fromisoformat(f"{month}-01"), day)
            sheet.write_number(row, 1, amount)
        sheet.write_row(3, 0, ["合计", 98185.5])
    found = read_totals(out.getvalue(), "totals.xlsx")
    assert [(line.period, line.amount) for line in found.lines] == [
        ("2026-09", Decimal(48310)), ("2026-10", Decimal("49875.5")),
    ]  # fmt: skip
    assert [(bad.number, bad.why) for bad in found.bad] == [(4, "“合计” is no month.")]


@pytest.mark.parametrize("given", [b"", b"PAR1....PAR1", b'{"a": 1}', b"<html></html>"])
def test_what_is_no_table_is_refused(given):
    with pytest.raises(ImportRefused):
        read_totals(given)


def test_encodings():
    assert lines("月份,金额\n2026年9月,100\n".encode("gb18030")) == [("2026-09", "", "100")]
    assert lines("\ufeffmonth,amount\n2026-09,100\n") == [("2026-09", "", "100")]


@pytest.mark.parametrize(
    ("cell", "period"),
    [("２０２６－０９", "2026-09"), ("9/2026", "2026-09"), ("2026.9", "2026-09"), ("2026年第3季度", "2026-Q3"),
     ("2026Q3", "2026-Q3"), ("2026-02-30", None), ("20261", None), ("48310", None), ("", None), ("may", None)],
)  # fmt: skip
def test_months_as_people_write_them(cell, period):
    assert period_of(cell) == period
