"""One table, written in every way people write it, is read as the same rows."""

from __future__ import annotations

import csv
import gzip
import io
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.connectors.made_files import cell, row, workbook
from tenure.apps.connectors import files

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]

HEADINGS = ["客户编号", "订阅号", "套餐", "币种", "单价", "席位", "计费周期", "开始日期", "结束日期"]
ROWS = [
    ["华鼎重工", "S-1", "企业版", "人民币", "18600.50", "120", "季付", "2026-11-01", "2028-11-01"],
    ["青禾连锁，总部", "S-2", '专业"旗舰"版', "USD", "4200", "30", "月", "2026-02-28", ""],
]
EXPECTED = [
    {
        "account_id": "华鼎重工",
        "subscription_id": "S-1",
        "plan": "企业版",
        "currency": "CNY",
        "amount": Decimal("18600.5"),
        "quantity": Decimal(120),
        "interval": "month",
        "interval_count": 3,
        "start": date(2026, 11, 1),
        "end": date(2028, 11, 1),
    },
    {
        "account_id": "青禾连锁，总部",
        "subscription_id": "S-2",
        "plan": '专业"旗舰"版',
        "currency": "USD",
        "amount": Decimal(4200),
        "quantity": Decimal(30),
        "interval": "month",
        "interval_count": 1,
        "start": date(2026, 2, 28),
        "end": None,
    },
]


def written(separator: str = ",", ending: str = "\r\n", rows: list[list[str]] | None = None) -> str:
    sink = io.StringIO()
    csv.writer(sink, delimiter=separator, lineterminator=ending).writerows([HEADINGS, *(rows or ROWS)])
    return sink.getvalue()


def rows_of(content: bytes, kind: str = "subscriptions", **options: Any) -> list[dict[str, Any]]:
    found = files.preview(content, kind, files.Options(**options))
    assert not [p for p in found.outcome.problems if p.severity == "error"]
    return found.outcome.sample


def same(found: list[dict[str, Any]], expected: list[dict[str, Any]] = EXPECTED) -> bool:
    return [{name: row[name] for name in want} for row, want in zip(found, expected, strict=True)] == expected


def parquet() -> bytes:
    columns = dict(zip(HEADINGS, map(list, zip(*ROWS, strict=True)), strict=True))
    typed = {
        **columns,
        "单价": pa.array([Decimal(v) for v in columns["单价"]]),
        "席位": pa.array([float(v) for v in columns["席位"]]),
        "开始日期": pa.array([date.fromisoformat(v) for v in columns["开始日期"]]),
        "套餐": pa.array(columns["套餐"]).dictionary_encode(),
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(typed), sink)
    return sink.getvalue()


def jsonl() -> bytes:
    rows = [dict(zip(HEADINGS, r, strict=True)) for r in ROWS]
    return "\n".join(json.dumps({**r, "席位": int(r["席位"])}, ensure_ascii=False) for r in rows).encode()


def xlsx() -> bytes:
    first, second = (list(r) for r in ROWS)
    amounts = row(3, *first[:4], 18600.5, 120, *first[6:]), row(4, *second[:4], 4200, 30, *second[6:])
    return workbook(notes=row(1, "nothing here"), data=row(2, *HEADINGS) + "".join(amounts))


WRITINGS = [
    pytest.param(written().encode(), {}, id="UTF-8"),
    pytest.param(written().encode("utf-8-sig"), {}, id="UTF-8 with a mark"),
    pytest.param(written().encode("gb18030"), {}, id="GB 18030"),
    pytest.param(written().encode("gbk"), {"encoding": "gbk"}, id="GBK, as said"),
    pytest.param(written().encode("utf-16"), {}, id="UTF-16"),
    pytest.param(written().encode("utf-16-le"), {}, id="UTF-16 without a mark"),
    pytest.param(written().encode("utf-16-be"), {}, id="UTF-16, the other end first"),
    pytest.param(written(";").encode(), {}, id="semicolons"),
    pytest.param(written("\t").encode(), {}, id="tabs"),
    pytest.param(written("|").encode(), {"separator": "pipe"}, id="pipes"),
    pytest.param(written(ending="\n").encode(), {}, id="Unix lines"),
    pytest.param(written(ending="\r").encode(), {}, id="old Macintosh lines"),
    pytest.param(("订阅台账,,,,,,,,\r\n" + written()).encode(), {}, id="a title above the headings"),
    pytest.param(gzip.compress(written().encode()), {}, id="gzip"),
    pytest.param(parquet(), {}, id="Parquet"),
    pytest.param(gzip.compress(parquet()), {}, id="Parquet in gzip"),
    pytest.param(jsonl(), {}, id="JSON Lines"),
    pytest.param(jsonl().decode().encode("gb18030"), {"encoding": "gb18030"}, id="JSON Lines in GB 18030"),
    pytest.param(xlsx(), {"sheet": "data"}, id="a sheet by name"),
    pytest.param(xlsx(), {"sheet": "2"}, id="a sheet by number"),
]


@pytest.mark.parametrize(("content", "options"), WRITINGS)
def test_the_same_table_in_every_writing(content: bytes, options: dict[str, Any]) -> None:
    assert same(rows_of(content, **options))


def test_traditional_chinese_in_big5() -> None:
    text = (
        "客戶,訂閱號,單價,開始日期\r\n華鼎重工股份有限公司,甲一,100,2026-01-01\r\n青禾連鎖餐飲,甲二,200,2026-02-01\r\n"
    )
    found = rows_of(
        text.encode("big5"),
        columns={"account_id": "客戶", "subscription_id": "訂閱號", "amount": "單價", "start": "開始日期"},
    )
    assert [r["account_id"] for r in found] == ["華鼎重工股份有限公司", "青禾連鎖餐飲"]


def test_western_letters_are_not_taken_for_chinese() -> None:
    text = "account_id,name\nA1,Café Müller\nA2,Señor Ibáñez\n"
    assert [r["name"] for r in rows_of(text.encode("latin-1"), "accounts")] == ["Café Müller", "Señor Ibáñez"]


def test_rows_are_counted_as_a_spreadsheet_counts_them() -> None:
    text = 'account_id,name\nA1,"two\nlines"\n\nA2,x\n'
    assert [(r["file_row"], r["name"]) for r in rows_of(text.encode(), "accounts")] == [(2, "two\nlines"), (4, "x")]


def test_a_number_as_an_id_stays_as_it_is_written() -> None:
    sheet = workbook(data=row(1, "客户编号", "名称") + row(2, 1001, "x") + f'<row r="3">{cell("A3", "0012")}</row>')
    assert [r["account_id"] for r in rows_of(sheet, "accounts")] == ["1001", "0012"]


AMOUNTS = [
    pytest.param("1250.5", {}, "1250.5", id="plain"),
    pytest.param("1,250.50", {}, "1250.5", id="thousands"),
    pytest.param("¥18,600", {}, "18600", id="a sign in front"),
    pytest.param("USD 1,250", {}, "1250", id="a code in front"),
    pytest.param("(300)", {}, "-300", id="in brackets"),
    pytest.param("１２５０．５", {}, "1250.5", id="full width"),
    pytest.param("1.250,50", {}, "1250.5", id="decimal comma, found"),
    pytest.param("12,5", {}, "12.5", id="one decimal after a comma"),
    pytest.param("1.250", {"decimal_comma": True}, "1250", id="decimal comma, said"),
    pytest.param("1,250", {"decimal_comma": True}, "1.25", id="three decimals after a comma, said"),
    pytest.param("1e3", {}, "1000", id="an exponent"),
    pytest.param("0.123456789012", {}, "0.123456789012", id="twelve places"),
]


@pytest.mark.parametrize(("text", "options", "value"), AMOUNTS)
def test_amounts_as_people_write_them(text: str, options: dict[str, Any], value: str) -> None:
    table = f"account_id\tsubscription_id\tamount\tstart\nA\tS\t{text}\t2026-01-01\n"
    assert rows_of(table.encode(), **options)[0]["amount"] == Decimal(value)


DAYS = [
    pytest.param("2026-01-05", {}, id="ISO"),
    pytest.param("2026/1/5", {}, id="slashes"),
    pytest.param("2026.01.05", {}, id="points"),
    pytest.param("2026年1月5日", {}, id="Chinese"),
    pytest.param("20260105", {}, id="eight digits"),
    pytest.param("05/01/2026", {"date_format": "dmy"}, id="day first"),
    pytest.param("01/05/2026", {"date_format": "mdy"}, id="month first"),
    pytest.param("5 January 2026", {}, id="in words"),
    pytest.param("Jan 5, 2026", {}, id="the American way in words"),
    pytest.param("05-Jan-2026", {}, id="as a spreadsheet writes it"),
    pytest.param("2026-01-05 00:00:00", {}, id="a midnight"),
    pytest.param("2026-01-04T18:00:00Z", {}, id="a moment in UTC is a day of Shanghai"),
    pytest.param("2026-01-04 18:00", {"stamps": "UTC"}, id="stamps of the file are in UTC"),
]


@pytest.mark.parametrize(("text", "options"), DAYS)
def test_days_as_people_write_them(text: str, options: dict[str, Any]) -> None:
    table = f"account_id;subscription_id;amount;start\nA;S;1;{text}\n"
    assert rows_of(table.encode(), **options)[0]["start"] == date(2026, 1, 5)


def test_one_decisive_day_settles_the_order_of_a_column() -> None:
    table = "account_id,subscription_id,amount,start\nA,S1,1,31/01/2026\nA,S2,1,02/03/2026\n"
    assert [r["start"] for r in rows_of(table.encode())] == [date(2026, 1, 31), date(2026, 3, 2)]


def test_an_end_at_the_last_second_is_the_next_day() -> None:
    table = "account_id,subscription_id,amount,start,end\nA,S1,1,2026-01-01,2026-01-31 23:59:59\n"
    assert rows_of(table.encode())[0]["end"] == date(2026, 2, 1)


def test_inclusive_ends_are_moved_to_the_day_after() -> None:
    table = "account_id,subscription_id,amount,start,end\nA,S1,1,2026-01-01,2026-12-31\n"
    assert rows_of(table.encode(), end_inclusive=True)[0]["end"] == date(2027, 1, 1)


def test_pauses_and_steps_come_nested_or_as_text() -> None:
    nested = {
        "account_id": "A",
        "contract_id": "C",
        "start": "2026-01-01",
        "schedule": [{"from": "2026-01-01", "to": "2027-01-01", "amount": 12000.5}],
    }
    quoted = json.dumps(nested["schedule"]).replace('"', '""')
    text = f'contract_id,account_id,start,schedule\nC,A,2026-01-01,"{quoted}"\n'
    expected = [{"from": date(2026, 1, 1), "to": date(2027, 1, 1), "amount": Decimal("12000.5"), "mrr": None}]
    for content in (json.dumps(nested).encode(), text.encode()):
        assert rows_of(content, "contracts")[0]["schedule"] == expected


INTERVALS = [
    ("月付", "month", 1),
    ("annual", "year", 1),
    ("每3个月", "month", 3),
    ("every 2 weeks", "week", 2),
    ("半年", "month", 6),
    ("P1Y", "year", 1),
    ("quarterly", "month", 3),
]


@pytest.mark.parametrize(("word", "unit", "count"), INTERVALS)
def test_billing_periods_as_people_call_them(word: str, unit: str, count: int) -> None:
    table = f"account_id,subscription_id,amount,start,interval\nA,S,1,2026-01-01,{word}\n"
    found = rows_of(table.encode())[0]
    assert (found["interval"], found["interval_count"]) == (unit, count)
