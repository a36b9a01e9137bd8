"""Loading rows: whatever the form they come in, what is wrong with one is a flaw of that row and of no other."""

import gzip
import json
import math
import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.core.errors import LoadRefused
from tenure.core.hashing import stable_hash
from tenure.warehouse import schema
from tenure.warehouse.ingest import LoadReport, conform

RECORDED = datetime(2024, 6, 1, 12, tzinfo=UTC)


def load(name: str, rows: Any, **more: Any) -> tuple[pa.Table, LoadReport]:
    given = {"timezone": "America/New_York", "reporting_currency": "USD", "recorded_at": RECORDED}
    given |= {"source": None, "origin": "load", "batch": "b1"} | more
    table, report = conform(name, rows, **given)
    assert table.schema == schema.TABLES[name].arrow
    assert report.rows == table.num_rows
    return table, report


def one(name: str, row: dict[str, Any], **more: Any) -> dict[str, Any]:
    return dict(load(name, [row], **more)[0].to_pylist()[0])


SUBSCRIPTION = {"account_id": "a", "subscription_id": "s", "amount": "30", "start": "2024-01-01"}
CONTRACT = {"account_id": "a", "contract_id": "c", "total": "1200", "start": "2024-01-01", "end": "2025-01-01"}
LINE = {
    "account_id": "a",
    "line_id": "l",
    "amount": "30",
    "interval": "month",
    "period_start": "2024-01-01",
    "period_end": "2024-02-01",
}
FULL = {"full_period_start": "2024-01-01", "full_period_end": "2024-02-01"}


def test_a_row_of_the_fewest_columns() -> None:
    row = one("subscriptions", SUBSCRIPTION)
    assert {name: value for name, value in row.items() if value is not None} == {
        "account_id": "a",
        "subscription_id": "s",
        "item": "main",
        "currency": "USD",
        "amount": Decimal(30),
        "quantity": Decimal(1),
        "interval": "month",
        "interval_count": 1,
        "start": date(2024, 1, 1),
        "row_id": "b1/0",
        "recorded_at": RECORDED,
        "origin": "load",
        "row_key": stable_hash([""], ["b1/0"])[0],
        "account_key": stable_hash(["a"])[0],
        "subscription_key": stable_hash(["s"])[0],
        "line_key": stable_hash(["a"], ["s"], ["main"])[0],
        "mrr": Decimal(30),
        "flaws": [],
    }


# ---------------------------------------------------------------------- flaws


@pytest.mark.parametrize(
    ("change", "flaws", "mrr"),
    [
        pytest.param({"interval": "once"}, ["unknown_interval"], 0, id="unknown interval"),
        pytest.param({"interval_count": 0}, ["unknown_interval"], 0, id="no interval"),
        pytest.param({"interval": "quarterly"}, [], 10, id="a word for three months"),
        pytest.param({"interval": "按年", "quantity": 12}, [], 30, id="a Chinese word"),
        pytest.param({"quantity": "-1"}, ["negative_quantity"], 0, id="negative quantity"),
        pytest.param({"quantity": "many"}, ["bad_number"], 0, id="unreadable quantity is not one"),
        pytest.param({"quantity": None}, [], 30, id="no quantity is one"),
        pytest.param({"quantity": 0}, [], 0, id="zero is zero"),
        pytest.param({"amount": None}, ["missing_amount"], 0, id="no amount"),
        pytest.param({"amount": "free"}, ["bad_number"], 0, id="unreadable amount"),
        pytest.param({"amount": math.nan}, ["bad_number"], 0, id="not a number"),
        pytest.param({"amount": math.inf}, ["bad_number"], 0, id="infinity"),
        pytest.param({"amount": "1e25"}, ["too_large"], 0, id="more than can be added up"),
        pytest.param({"amount": "99999999999999999999", "interval": "day"}, ["too_large"], 0, id="too much per month"),
        pytest.param({"tax_inclusive_rate": "0.25"}, [], 24, id="tax inside"),
        pytest.param({"tax_inclusive_rate": "25%"}, [], 24, id="tax inside, in per cent"),
        pytest.param({"tax_inclusive_rate": "-0.25"}, ["bad_number"], 0, id="a negative tax rate"),
        pytest.param({"tax_inclusive_rate": "much"}, ["bad_number"], 0, id="unreadable tax rate is not none"),
        pytest.param({"start": None}, ["bad_date"], 30, id="no start"),
        pytest.param({"start": "31/01/2024"}, ["bad_date"], 0, id="unreadable start"),
        pytest.param({"end": "soon"}, ["bad_date"], 0, id="an unreadable end is not open"),
        pytest.param({"end": "2023-12-31"}, ["end_before_start"], 30, id="end before start"),
        pytest.param({"end": "2024-01-01"}, ["end_before_start"], 30, id="ends on the day it starts: no day at all"),
        pytest.param({"pauses": "sometimes"}, ["bad_pause"], 0, id="unreadable pauses"),
        pytest.param({"trial_end": "?"}, ["bad_date"], 0, id="unreadable trial end"),
        pytest.param({"cancelled_at": "?"}, ["bad_date"], 30, id="a cancel request does not price"),
        pytest.param({"currency": "dollars"}, ["bad_currency"], 30, id="no currency code"),
        pytest.param({"currency": "eur"}, [], 30, id="a currency in small letters"),
        pytest.param({"account_id": " "}, ["missing_account_id"], 30, id="no account"),
        pytest.param({"subscription_id": None}, ["missing_subscription_id"], 30, id="no subscription"),
        pytest.param({"plan": "gold\x00"}, ["bad_text"], 30, id="a NUL byte"),
        pytest.param({"amount": "x", "interval": "x"}, ["bad_number", "unknown_interval"], 0, id="several"),
    ],
)  # fmt: skip
def test_flaws_of_subscriptions(change: dict[str, Any], flaws: list[str], mrr: int) -> None:
    row = one("subscriptions", SUBSCRIPTION | change)
    assert (row["flaws"], row["mrr"]) == (flaws, Decimal(mrr))


def test_a_flaw_stays_with_its_row_and_is_counted() -> None:
    rows = [SUBSCRIPTION, SUBSCRIPTION | {"amount": "x"}, SUBSCRIPTION | {"amount": "y", "end": "2020-01-01"}]
    table, report = load("subscriptions", rows)
    assert table.column("flaws").to_pylist() == [[], ["bad_number"], ["bad_number", "end_before_start"]]
    assert report.flaws == {"bad_number": 2, "end_before_start": 1}


def test_bad_texts_are_kept_clean() -> None:
    row = one("subscriptions", SUBSCRIPTION | {"plan": "go\x00ld\ud800", "account_id": " a "})
    assert (row["plan"], row["account_id"]) == ("gold\ufffd", "a")


@pytest.mark.parametrize(
    ("change", "flaws", "mrr"),
    [
        pytest.param({}, [], "100", id="a year"),
        pytest.param({"start": "2024-02-29", "end": "2025-02-28", "total": 12000}, [], "1000", id="from a leap day"),
        pytest.param({"total": None}, ["missing_amount"], "0", id="no total"),
        pytest.param({"end": None}, ["missing_end"], "0", id="no end"),
        pytest.param({"end": "?"}, ["bad_date"], "0", id="unreadable end"),
        pytest.param({"end": "2024-01-01"}, ["end_before_start"], "0", id="an empty term"),
        pytest.param({"end": "2023-01-01"}, ["end_before_start"], "0", id="end before start"),
        pytest.param({"schedule": "?"}, ["bad_schedule"], "0", id="an unreadable ramp"),
    ],
)
def test_contracts(change: dict[str, Any], flaws: list[str], mrr: str) -> None:
    row = one("contracts", CONTRACT | change)
    assert (row["flaws"], row["mrr"]) == (flaws, Decimal(mrr))
    assert row["line_key"] == stable_hash(["a"], ["c"], tag="contract")[0]


def test_steps_of_a_ramp_have_their_own_price() -> None:
    steps = [
        {"from": "2025-01-01", "to": "2026-01-01", "amount": "2400"},
        {"from": "2024-01-01", "to": "2025-01-01", "amount": 1200},
    ]
    table, report = load("contracts", [CONTRACT, CONTRACT | {"total": None, "schedule": steps, "renews": "x, y"}])
    plain, ramp = table.to_pylist()
    assert (plain["schedule"], plain["mrr"], report.flaws) == (None, Decimal(100), {})
    assert [(s["from"], s["to"], s["amount"], s["mrr"]) for s in ramp["schedule"]] == [
        (date(2024, 1, 1), date(2025, 1, 1), Decimal(1200), Decimal(100)),
        (date(2025, 1, 1), date(2026, 1, 1), Decimal(2400), Decimal(200)),
    ]
    assert (ramp["mrr"], ramp["renews"]) == (Decimal(0), ["x", "y"])


@pytest.mark.parametrize(
    ("change", "flaws", "mrr"),
    [
        pytest.param({}, [], "30", id="a month"),
        pytest.param({"tax": "5"}, [], "25", id="without its tax"),
        pytest.param({"tax": "?"}, ["bad_number"], "0", id="unreadable tax"),
        pytest.param({"interval": "year", "amount": "120", "period_end": "2025-01-01"}, [], "10", id="a year"),
        pytest.param({"amount": 16, "prorated": True, "period_start": "2024-01-16"}, [], "31", id="16 of 31 days"),
        pytest.param({"amount": 8, "prorated": True, "period_end": "2024-01-09"} | FULL, [], "31", id="8 of 31 given"),
        pytest.param({"type": "one_time"}, [], "0", id="one-time"),
        pytest.param({"type": "refund", "amount": -30, "interval": None}, [], "0", id="a refund needs no interval"),
        pytest.param({"interval": None}, ["unknown_interval"], "0", id="no interval"),
        pytest.param({"period_start": None}, ["bad_date"], "30", id="no period"),
        pytest.param({"period_end": "2023-01-01"}, ["end_before_start"], "30", id="a period backwards"),
        pytest.param({"line_id": None}, ["missing_line_id"], "30", id="no id"),
    ],
)  # fmt: skip
def test_invoice_lines(change: dict[str, Any], flaws: list[str], mrr: str) -> None:
    row = one("invoice_lines", LINE | change)
    assert (row["flaws"], row["mrr"]) == (flaws, Decimal(mrr))


def test_a_period_without_end_is_one_interval() -> None:
    row = one("invoice_lines", LINE | {"period_start": "2024-01-31", "period_end": None})
    assert (row["period_end"], row["flaws"]) == (date(2024, 2, 29), [])


def test_an_invoice_line_is_its_own_row() -> None:
    row = one("invoice_lines", LINE, source="stripe")
    assert (row["row_id"], row["source"]) == ("l", "stripe")
    assert row["row_key"] == stable_hash(["stripe"], ["l"])[0]
    assert row["line_key"] == stable_hash(["l"], tag="invoice")[0]


@pytest.mark.parametrize("name", list(schema.TABLES))
def test_every_table_takes_an_empty_row_and_no_rows(name: str) -> None:
    row = one(name, {})
    for column in schema.TABLES[name].required:
        kind = schema.TABLES[name].by_name[column].kind
        assert ("bad_date" if kind == "day" else f"missing_{column}") in row["flaws"]
    assert load(name, [])[0].num_rows == 0


# ---------------------------------------------------------------------- names of columns


def test_names_of_the_public_contract() -> None:
    ids = {"customer_id": "a", "Subscription ID": "s", "amount": 1, "start": "2024-01-01"}
    dates = {"cancelled_at": "2024-03-01T03:00:00Z", "signed_at": "2024-02-01", "unpaid_at": None}
    row = one("subscriptions", ids | dates)
    assert (row["account_id"], row["subscription_id"], row["flaws"]) == ("a", "s", [])
    assert (row["cancelled"], row["cancelled_at"]) == (date(2024, 2, 29), datetime(2024, 3, 1, 3, tzinfo=UTC))
    assert (row["signed"], row["signed_at"]) == (date(2024, 2, 1), None)


def test_the_table_s_own_name_comes_first() -> None:
    rows = [{"customer_id": "x", "account_id": "a"}, {"customer_id": "b"}]
    assert load("accounts", rows)[0].column("account_id").to_pylist() == ["a", "b"]


def test_an_id_named_after_the_table_is_the_row_s() -> None:
    assert one("discounts", {"discount_id": "d"})["row_id"] == "d"
    row = one("invoice_lines", LINE | {"discount_id": "d"})
    assert (row["row_id"], json.loads(row["attributes"])) == ("l", {"discount_id": "d"})


def test_unknown_columns_become_attributes_and_are_reported() -> None:
    rows = [
        SUBSCRIPTION | {"colour": "red", "size": 3, "attributes": {"old": True}},
        SUBSCRIPTION | {"colour": "", "mrr": 99, "tags": ["x", {"y": Decimal("1.10")}]},
        SUBSCRIPTION,
    ]
    table, report = load("subscriptions", rows)
    assert report.unknown_columns == ["colour", "mrr", "size", "tags"]
    found = [None if text is None else json.loads(text) for text in table.column("attributes").to_pylist()]
    assert found == [{"colour": "red", "size": 3, "old": True}, {"mrr": 99, "tags": ["x", {"y": "1.10"}]}, None]
    assert table.column("mrr").to_pylist() == [Decimal(30)] * 3


def test_ragged_rows() -> None:
    rows = [{}, {"account_id": "a", 7: "seven"}, {"name": "B"}]
    table, report = load("accounts", rows)
    assert table.column("account_id").to_pylist() == [None, "a", None]
    assert table.column("name").to_pylist() == [None, None, "B"]
    assert (report.unknown_columns, table.column("attributes").to_pylist()) == (["7"], [None, '{"7":"seven"}', None])


# ---------------------------------------------------------------------- forms of input


FIRST = {"account_id": "a", "subscription_id": "s1", "amount": Decimal("10.50"), "quantity": 2}
SECOND = {"account_id": "b", "subscription_id": "s2", "amount": Decimal("7.25"), "quantity": 3}
PLAIN = [
    FIRST | {"start": date(2024, 1, 1), "end": None},
    SECOND | {"start": date(2024, 2, 29), "end": date(2024, 3, 1)},
]
TEXTS = [{name: None if cell is None else str(cell) for name, cell in row.items()} for row in PLAIN]


def csv_of(folder: Path) -> Path:
    path = folder / "rows.csv"
    path.write_text("\ufeff" + pd.DataFrame(TEXTS).to_csv(index=False), encoding="utf-8")
    return path


def packed_csv_of(folder: Path) -> Path:
    path = folder / "rows.csv.gz"
    path.write_bytes(gzip.compress(pd.DataFrame(TEXTS).to_csv(index=False, sep=";").encode()))
    return path


def xlsx_of(folder: Path) -> Path:
    path = folder / "rows.xlsx"
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(list(PLAIN[0]))
    for row in PLAIN:
        sheet.append(list(row.values()))
    book.save(path)
    return path


def parquet_of(folder: Path) -> Path:
    path = folder / "rows.parquet"
    pq.write_table(pa.Table.from_pylist(PLAIN), path)
    return path


def jsonl_of(folder: Path) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in TEXTS) + "\n\n", encoding="utf-8")
    return path


FORMS: list[Callable[[Path], Any]] = [
    csv_of, packed_csv_of, xlsx_of, parquet_of, jsonl_of,
    lambda folder: str(csv_of(folder)),
    lambda _: TEXTS,
    lambda _: iter(PLAIN),
    lambda _: pa.Table.from_pylist(PLAIN),
    lambda _: pa.Table.from_pylist(TEXTS),
    lambda _: pa.concat_tables([pa.Table.from_pylist(TEXTS).slice(n, 1) for n in range(2)]),
    lambda _: pa.RecordBatch.from_pylist(PLAIN),
    lambda _: pl.DataFrame(PLAIN),
    lambda _: pl.DataFrame(TEXTS),
    lambda _: pd.DataFrame(PLAIN),
    lambda _: pd.DataFrame(TEXTS).astype({"amount": float, "quantity": int, "start": "datetime64[ns]"}),
    lambda _: pd.DataFrame([*PLAIN, {"amount": "x"}]).iloc[:2],
]  # fmt: skip


@pytest.mark.parametrize("form", range(len(FORMS)))
def test_the_same_rows_in_every_form(form: int, tmp_path: Path) -> None:
    expected, _ = load("subscriptions", PLAIN)
    table, report = load("subscriptions", FORMS[form](tmp_path))
    assert table.equals(expected)
    assert (report.flaws, report.unknown_columns) == ({}, [])
    assert table.column("mrr").to_pylist() == [Decimal(21), Decimal("21.75")]


@pytest.mark.parametrize(
    "rows",
    [{"account_id": "a"}, [["a", "b"]], 5, b"account_id\na", None, Path("nowhere.csv"), "rows.docx"],
    ids=["a dict", "lists", "a number", "bytes", "nothing", "no file", "another kind of file"],
)
def test_what_is_not_rows_is_refused(rows: Any) -> None:
    with pytest.raises(LoadRefused) as caught:
        load("accounts", rows)
    assert caught.value.fix


@pytest.mark.parametrize(
    ("name", "content"),
    [("x.csv", b""), ("x.csv", b"a\xff\xfe\n1,2\n"), ("x.parquet", b"PAR1"), ("x.xlsx", b"PK"), ("x.jsonl", b"{"),
     ("x.jsonl", b"[" * 9999), ("x.csv.gz", b"no"), ("x.docx", b"")],
)  # fmt: skip
def test_broken_files_are_refused(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LoadRefused) as caught:
        load("accounts", path)
    assert caught.value.fix


@pytest.mark.parametrize("name", ["taps", "supersessions", ""])
def test_an_unknown_table_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(LoadRefused, match="subscriptions") as caught:
        conform(
            name,
            [],
            timezone="UTC",
            reporting_currency="USD",
            recorded_at=RECORDED,
            source=None,
            origin="load",
            batch="b",
        )
    assert caught.value.where["allowed"] == list(schema.TABLES)


# ---------------------------------------------------------------------- typed columns read as cells do


stamps = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1))  # noqa: DTZ001 - hypothesis asks for plain ones
moments = st.one_of(st.none(), stamps, st.datetimes(datetime(2024, 3, 9), datetime(2024, 3, 11)))  # noqa: DTZ001
ZONES = ["UTC", "America/New_York", "Asia/Shanghai", "Australia/Lord_Howe"]


@settings(deadline=None)
@given(
    st.lists(moments, min_size=1, max_size=5), st.sampled_from(ZONES), st.sampled_from([None, "UTC", "Europe/Berlin"])
)
def test_typed_stamps_read_as_cells_do(given_stamps: list[datetime | None], zone: str, tz: str | None) -> None:
    column = pa.array(given_stamps, pa.timestamp("us")).cast(pa.timestamp("us", tz)) if tz is None else pa.array(
        given_stamps, pa.timestamp("us", "UTC")
    ).cast(pa.timestamp("us", tz))  # fmt: skip
    typed = pa.table({"start": column, "end": column, "recorded_at": column})
    cells = [{"start": at, "end": at, "recorded_at": at} for at in column.to_pylist()]
    assert load("subscriptions", typed, timezone=zone)[0].equals(load("subscriptions", cells, timezone=zone)[0])


numbers = st.one_of(st.none(), st.decimals(-(10**19), 10**19, places=6))


@settings(deadline=None)
@given(st.lists(numbers, min_size=1, max_size=5))
def test_typed_numbers_read_as_cells_do(amounts: list[Decimal | None]) -> None:
    expected, _ = load("subscriptions", [{"amount": amount} for amount in amounts])
    for column in (
        pa.array(amounts, pa.decimal128(26, 6)),
        pa.array(amounts, pa.decimal256(40, 6)),
        pa.array([None if a is None else format(a, "f") for a in amounts], pa.string()),
        pa.array([None if a is None else f" {a:,.6f}" for a in amounts], pa.large_string()),
    ):
        assert load("subscriptions", pa.table({"amount": column}))[0].equals(expected)


written = st.one_of(
    st.none(),
    st.decimals(-(10**21), 10**21, places=15).map(str),
    st.floats(-1e21, 1e21).map(repr),
    st.sampled_from(
        [
            "1,000",
            "-1,234,567.5",
            "1,23",
            "x",
            "",
            "NaN",
            "¥5",
            "0.0000000000005",
            "0.0000000000015",
            "9" * 20,
            "0.1234567890123456789",
        ]
    ),
)


@settings(deadline=None)
@given(st.lists(written, min_size=1, max_size=6))
def test_texts_of_numbers_read_as_cells_do(texts: list[str | None]) -> None:
    table, report = load("subscriptions", pa.table({"quantity": pa.array(texts, pa.string())}))
    expected, wanted = load("subscriptions", [{"quantity": text} for text in texts])
    assert (table.equals(expected), report) == (True, wanted)


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.floats()), min_size=1, max_size=6))
def test_floats_read_as_they_are_written(values: list[float | None]) -> None:
    table, report = load("subscriptions", pa.table({"quantity": pa.array(values, pa.float64())}))
    expected, wanted = load("subscriptions", [{"quantity": value} for value in values])
    assert (table.equals(expected), report) == (True, wanted)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(
            ["2024-04-01T03:59:59Z", "2024-03-10 07:00:00.5+01:00", None, "2024-11-03T06:30:00-0000"], id="offsets"
        ),
        pytest.param(["2024-03-31 23:59:59", "2024-03-10T02:30:00", "2024-03-01 00:00:00", None], id="local"),
        pytest.param(["2024-04-01T03:59:59Z", "2024-03-10 07:00:00"], id="mixed"),
        pytest.param(["2024-02-30T00:00:00Z", "2024-03-10T24:00:00Z"], id="no days of the calendar"),
        pytest.param(["0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"], id="the ends of time"),
    ],
)
def test_very_many_texts_of_stamps_read_as_few_do(
    zone: str, texts: list[str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    column = pa.array(texts, pa.string())
    rows = pa.table({"start": column, "end": column, "recorded_at": column})
    expected = load("subscriptions", rows, timezone=zone)
    monkeypatch.setattr("tenure.warehouse.columns._MANY", 0)
    table, report = load("subscriptions", rows, timezone=zone)
    assert (table.to_pylist(), report) == (expected[0].to_pylist(), expected[1])


def test_typed_numbers_of_every_width() -> None:
    for dtype in (pa.int8(), pa.int64(), pa.uint64(), pa.float32(), pa.float64(), pa.decimal128(20)):
        table, _ = load("subscriptions", pa.table({"amount": pa.array([5, None], pa.int64()).cast(dtype)}))
        assert table.column("amount").to_pylist() == [Decimal(5), None]
    large = pa.table({"amount": pa.array([Decimal(10**20), Decimal(-(10**20)), Decimal(1)], pa.decimal128(38, 0))})
    table, report = load("subscriptions", large)
    assert (table.column("amount").to_pylist(), report.flaws["too_large"]) == ([None, None, Decimal(1)], 2)


def test_far_stamps_are_flaws_too() -> None:
    far = pa.array([2**62, -(2**62), 0], pa.int64()).cast(pa.timestamp("s"))
    table, report = load("subscriptions", pa.table({"start": far}))
    assert (table.column("start").to_pylist(), report.flaws["bad_date"]) == ([None, None, date(1970, 1, 1)], 2)


def test_odd_arrow_types_are_read_by_cell() -> None:
    table = pa.table({
        "account_id": pa.array(["a", None, " b "]).dictionary_encode(),
        "name": pa.array([b"x", b"\xff", None]),
        "employees": pa.array([1.0, 2.5, None]),
        "region": pa.array([None, None, None]),
        "industry": pa.array([True, False, None]),
        "created_at": pa.array(["2024-01-01", None, "?"]),
    })  # fmt: skip
    found, report = load("accounts", table)
    assert found.column("account_id").to_pylist() == ["a", None, "b"]
    assert found.column("employees").to_pylist() == [1, None, None]
    assert found.column("industry").to_pylist() == ["true", "false", None]
    assert report.flaws == {"bad_date": 1, "bad_number": 1, "missing_account_id": 1}


# ---------------------------------------------------------------------- laws


HOSTILE = [
    None, "", " ", "a", "=cmd|' /C calc'!A0", "\x00", "\ud800", "'; DROP TABLE x; --", "<script>", "客户", "\u202e",
    "1" * 500, -1, 0, 10**30, 1.5, math.nan, math.inf, True, Decimal("1e-30"), Decimal("NaN"), "2024-01-01",
    "2024-02-30", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", datetime(9999, 12, 31, 23, tzinfo=UTC),
    date(1, 1, 1), [], {}, [[1]], {"from": 1}, {1: "\x00", "a": math.nan}, "[" * 2000,
    '[["2024-01-01", null]]', b"\xff", object, ("a",), {"a"},
    "month", "-5", "NaN", "1e400", "１２",
]  # fmt: skip


def placeless(table: pa.Table) -> pa.Table:
    """The rows without their place among those handed over together, which is all that depends on the others."""
    return table.drop_columns([name for name in table.column_names if name == "place"])


@pytest.mark.parametrize("name", list(schema.TABLES))
def test_no_cell_stops_a_load_and_rows_do_not_depend_on_their_neighbours(name: str) -> None:
    chance = random.Random(name)
    columns = [column.name for column in schema.TABLES[name].inputs] + ["surplus", *schema.GIVEN_AS]
    rows = [{column: chance.choice(HOSTILE) for column in columns if chance.random() < 0.8} for _ in range(300)]
    for n, row in enumerate(rows):
        row["row_id"] = f"r{n}"
    table, report = load(name, rows)
    assert sum(report.flaws.values()) == sum(len(kinds) for kinds in table.column("flaws").to_pylist())
    for n in chance.sample(range(len(rows)), 25):
        assert placeless(load(name, [rows[n]])[0]).equals(placeless(table.slice(n, 1)))
    order = chance.sample(range(len(rows)), len(rows))
    assert placeless(load(name, [rows[n] for n in order])[0]).equals(placeless(table.take(order)))


def test_loading_what_was_loaded_changes_nothing() -> None:
    first, _ = load(
        "subscriptions",
        [SUBSCRIPTION | {"quantity": 7, "interval": "quarterly", "pauses": [["2024-02-01", "2024-03-01"]]}],
    )
    inputs = first.select([column.name for column in schema.TABLES["subscriptions"].inputs])
    second, report = load("subscriptions", inputs, batch="b2")
    assert second.equals(first)
    assert report.unknown_columns == []
