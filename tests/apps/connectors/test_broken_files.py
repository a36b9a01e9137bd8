"""Every broken file gets a clear answer with its place, in both languages, and leaves nothing behind.

`ROWS` are files with bad rows: what is said of them (code, row, heading), and that a default import writes nothing.
`REFUSED` are files that are no table at all: the code of the refusal.
"""

from __future__ import annotations

import gzip
import io
import resource
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.utils import translation

from apps.connectors.made_files import GOOD, HEADINGS, archive, cell, row, table, workbook
from tenure.apps.connectors import files

Said = list[tuple[str, int | None, str]]


def line(**changes: str) -> str:
    """The good row with some cells changed."""
    cells = dict(zip(HEADINGS.split(","), GOOD.split(","), strict=True))
    return ",".join({**cells, **changes}.values())


def lines(*changes: dict[str, str]) -> bytes:
    """A good row, then one row per dictionary of changes."""
    return table(GOOD, *(line(**{"subscription_id": f"T{n}", **c}) for n, c in enumerate(changes)))


SHEET_HEADINGS = tuple(HEADINGS.split(","))
SHEET_GOOD = ("A1", "S1", "CNY", 100, 2, "month", "2026-01-01", "2026-07-01")

ROWS: list[Any] = [
    pytest.param(
        "subscriptions", lines({"start": "31/02/2026"}), {}, [("import.bad_day", 3, "start")], id="no such day"
    ),
    pytest.param(
        "subscriptions", lines({"start": "soon"}), {}, [("import.bad_day", 3, "start")], id="a word for a day"
    ),
    pytest.param(
        "subscriptions",
        lines({"start": "03/04/2026"}),
        {},
        [("import.ambiguous_day", 3, "start")],
        id="day or month first",
    ),
    pytest.param(
        "subscriptions",
        lines({"start": "12/31/2026"}),
        {"date_format": "dmy"},
        [("import.bad_day", 3, "start")],
        id="a 31st month",
    ),
    pytest.param(
        "subscriptions", lines({"amount": "2S,2OO"}), {}, [("import.too_many_cells", 3, "")], id="letters, comma"
    ),
    pytest.param("subscriptions", lines({"amount": "2S2OO"}), {}, [("import.bad_number", 3, "amount")], id="letter O"),
    pytest.param(
        "subscriptions", lines({"amount": "NaN"}), {}, [("import.bad_number", 3, "amount")], id="not a number"
    ),
    pytest.param(
        "subscriptions", lines({"amount": "1e999"}), {}, [("import.number_too_large", 3, "amount")], id="1e999"
    ),
    pytest.param(
        "subscriptions", lines({"amount": "9" * 21}), {}, [("import.number_too_large", 3, "amount")], id="10**21"
    ),
    pytest.param(
        "subscriptions",
        lines({"quantity": "1000000000"}),
        {},
        [("import.number_too_large", 3, "quantity")],
        id="10**9 seats",
    ),
    pytest.param(
        "subscriptions", lines({"quantity": "-3"}), {}, [("import.negative", 3, "quantity")], id="negative seats"
    ),
    pytest.param(
        "subscriptions",
        lines({"end": "2025-12-31"}),
        {},
        [("import.end_before_start", 3, "end")],
        id="end before start",
    ),
    pytest.param(
        "subscriptions",
        lines({"interval": "lunar"}),
        {},
        [("import.unknown_interval", 3, "interval")],
        id="unknown interval",
    ),
    pytest.param(
        "subscriptions",
        lines({"currency": "USDT"}),
        {},
        [("import.unknown_currency", 3, "currency")],
        id="unknown currency",
    ),
    pytest.param(
        "subscriptions", lines({"currency": "$"}), {}, [("import.unknown_currency", 3, "currency")], id="a bare $"
    ),
    pytest.param(
        "subscriptions",
        table(GOOD, line(amount="200")),
        {},
        [("import.duplicate_key", 2, ""), ("import.duplicate_key", 3, "")],
        id="duplicate ids",
    ),
    pytest.param(
        "subscriptions", lines({"account_id": ""}), {}, [("import.missing_value", 3, "account_id")], id="no account"
    ),
    pytest.param("subscriptions", lines({"amount": ""}), {}, [("import.missing_value", 3, "amount")], id="no amount"),
    pytest.param(
        "subscriptions", lines({"account_id": "A\x00B"}), {}, [("import.nul", 3, "account_id")], id="NUL byte"
    ),
    pytest.param(
        "subscriptions",
        lines({"account_id": "A\x07"}),
        {},
        [("import.control_character", 3, "account_id")],
        id="a bell",
    ),
    pytest.param(
        "subscriptions",
        "账户,subscription_id,amount,start\n华鼎,S1,1,2026-01-01\n青禾连锁,S2,1,2026-01-01\n".encode().replace(
            "华".encode(), b"\xe5\x8d"
        ),
        {"columns": {"account_id": "账户"}},
        [("import.bad_character", 2, "账户")],
        id="broken UTF-8",
    ),
    pytest.param(
        "subscriptions",
        table(GOOD).replace(b"A1", "华鼎重工".encode("gb18030")),
        {"encoding": "utf-8"},
        [("import.bad_character", 2, "account_id")],
        id="wrong encoding chosen",
    ),
    pytest.param(
        "subscriptions",
        lines({"account_id": "x" * 1001}),
        {},
        [("import.text_too_long", 3, "account_id")],
        id="long text",
    ),
    pytest.param("subscriptions", table(GOOD, "A2,S2,CNY"), {}, [("import.too_few_cells", 3, "")], id="row cut short"),
    pytest.param(
        "subscriptions",
        table(GOOD, line(subscription_id="T") + ",x"),
        {},
        [("import.too_many_cells", 3, "")],
        id="extra cell",
    ),
    pytest.param("subscriptions", table(GOOD, '"A2,S2,CNY'), {}, [("import.open_quote", 3, "")], id="open quote"),
    pytest.param(
        "subscriptions",
        table(GOOD, line(account_id='"A"2')),
        {},
        [("import.bad_quote", 3, "")],
        id="text after a quote",
    ),
    pytest.param(
        "subscriptions",
        table("A1;S1;1,250;2026-01-01", headings="account_id;subscription_id;amount;start"),
        {},
        [("import.ambiguous_number", 2, "amount")],
        id="decimals or thousands",
    ),
    pytest.param(
        "subscriptions",
        table("A1,S1,1,2026-01-01,1.5", headings="account_id,subscription_id,amount,start,interval_count"),
        {},
        [("import.bad_integer", 2, "interval_count")],
        id="half a month",
    ),
    pytest.param(
        "subscriptions",
        table("A1,S1,1,2026-01-01,0", headings="account_id,subscription_id,amount,start,interval_count"),
        {},
        [("import.out_of_range", 2, "interval_count")],
        id="every 0 months",
    ),
    pytest.param(
        "subscriptions",
        table("A1,S1,1,2026-01-01,13", headings="account_id,subscription_id,amount,start,tax_inclusive_rate"),
        {},
        [("import.out_of_range", 2, "tax_inclusive_rate")],
        id="1,300 % tax",
    ),
    pytest.param(
        "subscriptions",
        b'{"account_id":"A1","subscription_id":"S1","amount":1,"start":"2026-01-01","pauses":[["2026-03-01"]]}\n'
        b'{"account_id":"A1","subscription_id":"S2","amount":1,"start":"2026-01-01","pauses":[["2026-03-01","2026-02-01"]]}\n',
        {},
        [("import.bad_spans", 2, "pauses")],
        id="a pause that runs backwards",
    ),
    pytest.param(
        "subscriptions",
        b'{"account_id":"A1","subscription_id":"S1","amount":1,"start":"2026-01-01"}\n{"account_id": oops}\n[1]\n',
        {},
        [("import.bad_line", 2, ""), ("import.bad_line", 3, "")],
        id="lines that are no objects",
    ),
    pytest.param(
        "subscriptions",
        b'{"account_id":"A1","subscription_id":"S1","amount":1,"start":"2026-01-01"}\n' + b"[" * 100_000 + b"\n",
        {},
        [("import.bad_line", 2, "")],
        id="JSON nested without end",
    ),
    pytest.param(
        "contracts",
        table("C1,A1,1000,2026-01-01,nonsense", headings="contract_id,account_id,total,start,schedule"),
        {},
        [("import.bad_steps", 2, "schedule")],
        id="a schedule in prose",
    ),
    pytest.param(
        "contracts",
        table("C1,A1,1000,2026-01-01,maybe", headings="contract_id,account_id,total,start,auto_renew"),
        {},
        [("import.bad_boolean", 2, "auto_renew")],
        id="neither yes nor no",
    ),
    pytest.param(
        "discounts",
        table("S1,percent,120", headings="subscription_id,kind,value"),
        {},
        [("import.out_of_range", 2, "value")],
        id="120 % discount",
    ),
    pytest.param(
        "discounts",
        table("S1,gift,10", headings="subscription_id,kind,value"),
        {},
        [("import.unknown_word", 2, "kind")],
        id="an unknown kind of discount",
    ),
    pytest.param(
        "fx_rates",
        table("2026-01-31,USD,0", headings="day,currency,rate"),
        {},
        [("import.out_of_range", 2, "rate")],
        id="a rate of 0",
    ),
    pytest.param(
        "accounts",
        table('A1,"{""a"": }"', headings="account_id,attributes"),
        {},
        [("import.bad_json", 2, "attributes")],
        id="attributes that are no JSON",
    ),
    pytest.param(
        "subscriptions",
        workbook(
            data=row(1, *SHEET_HEADINGS)
            + row(2, *SHEET_GOOD)
            + row(3, "A2", "S2", "CNY", 1, 1, "month", "2026-01-01")[:-6]
            + '<c r="H3" t="e"><v>#N/A</v></c></row>'
        ),
        {},
        [("import.error_cell", 3, "end")],
        id="#N/A in a sheet",
    ),
    pytest.param(
        "subscriptions",
        workbook(
            data=row(1, *SHEET_HEADINGS)
            + row(2, *SHEET_GOOD)[:-6]
            + "</row>"
            + row(3, "A2", "S2", "CNY")[:-6]
            + '<c r="D3"><f>1+1</f></c>'
            + cell("G3", "2026-01-01")
            + "</row>"
        ),
        {},
        [("import.formula_without_value", 3, "amount")],
        id="a formula never calculated",
    ),
]


def bomb(times: int = 60) -> bytes:
    """A workbook whose sheet is mostly zeros: small here, huge unpacked."""
    return archive({"xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": b" " * (times << 20)})


def lying_bomb() -> bytes:
    """The same, with a directory that claims ten bytes."""
    packed = bytearray(bomb())
    at = packed.find(b"PK\x01\x02")
    while at >= 0:
        packed[at + 24 : at + 28] = struct.pack("<I", 10)
        at = packed.find(b"PK\x01\x02", at + 1)
    return bytes(packed)


def sheet_with(place: str) -> bytes:
    return workbook(data=row(1, *SHEET_HEADINGS) + row(2, *SHEET_GOOD) + f'<row r="3">{cell(place, "x")}</row>')


def parquet_of(**columns: list[Any]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def zip_of(name: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as packed:
        packed.writestr(name, "x")
    return sink.getvalue()


REFUSED: list[Any] = [
    pytest.param(b"", {}, "import.empty_file", id="empty"),
    pytest.param(b"\n\n \n", {}, "import.no_heading", id="blank lines"),
    pytest.param(bytes(range(256)) * 40, {}, "import.unknown_format", id="random bytes"),
    pytest.param(b"%PDF-1.7\n\x00\x01\x02\x03\x04\x05\x06\x07\x08" * 20, {}, "import.unknown_format", id="a PDF"),
    pytest.param(b"<html><table></table></html>", {}, "import.unknown_format", id="a web page"),
    pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, {}, "import.old_workbook", id="an .xls"),
    pytest.param(b'[{"account_id": "A1"}]', {}, "import.json_array", id="one JSON array"),
    pytest.param(zip_of("a.csv"), {}, "import.other_workbook", id="a plain zip"),
    pytest.param(zip_of("xl/workbook.bin"), {}, "import.other_workbook", id="an .xlsb"),
    pytest.param(workbook(data=row(1, "a"))[:-40], {}, "import.damaged", id="a cut workbook"),
    pytest.param(b"PK\x03\x04" + b"\0" * 100, {}, "import.damaged", id="a zip that is none"),
    pytest.param(bomb(), {}, "import.unpacks_too_big", id="a zip bomb"),
    pytest.param(lying_bomb(), {}, "import.damaged", id="a zip bomb that lies"),
    pytest.param(gzip.compress(b"0" * (60 << 20)), {}, "import.unpacks_too_big", id="a gzip bomb"),
    pytest.param(gzip.compress(table(GOOD))[:-9], {}, "import.damaged", id="a cut gzip"),
    pytest.param(sheet_with("A1000000000"), {}, "import.cell_address", id="a row that claims a billion"),
    pytest.param(sheet_with("ZZZZ3"), {}, "import.cell_address", id="a column that is none"),
    pytest.param(sheet_with("&#65;9"), {}, "import.cell_address", id="an address in disguise"),
    pytest.param(sheet_with("XFD1048576"), {}, "import.sheet_too_large", id="the last cell of a sheet"),
    pytest.param(workbook(data=""), {}, "import.no_heading", id="an empty sheet"),
    pytest.param(workbook(data=row(1, "a")), {"sheet": "other"}, "import.unknown_sheet", id="no such sheet"),
    pytest.param(b"PAR1" + b"x" * 100 + b"PAR1", {}, "import.damaged", id="a Parquet that is none"),
    pytest.param(parquet_of(account_id=["A"])[:-8], {}, "import.damaged", id="a cut Parquet"),
    pytest.param(table(GOOD, "x" * 1_100_000), {}, "import.line_too_long", id="a line of 1.1 MB"),
    pytest.param(table(GOOD, '"' + "x\n" * 100_000), {}, "import.cell_too_long", id="a quote that swallows the file"),
    pytest.param(table(",".join("x" * 600)), {"heading_row": 2}, "import.too_many_columns", id="600 columns"),
    pytest.param(table(GOOD), {"encoding": "klingon"}, "import.unknown_encoding", id="no such encoding"),
    pytest.param(table(GOOD), {"separator": "x"}, "import.unknown_separator", id="no such separator"),
    pytest.param(table(GOOD), {"mapping": "nobody"}, "import.unknown_mapping", id="no such mapping"),
    pytest.param(table(GOOD), {"mapping": "../secret"}, "import.unknown_mapping", id="a mapping outside the folder"),
    pytest.param(table(GOOD), {"mapping": "stripe-invoices"}, "import.mapping_kind", id="a mapping for another kind"),
    pytest.param(table(GOOD), {"columns": {"colour": "start"}}, "import.unknown_column", id="no such column"),
    pytest.param(table(GOOD), {"columns": {"start": "Begin"}}, "import.unknown_heading", id="no such heading"),
    pytest.param(
        table(GOOD), {"constants": {"start": "someday"}}, "import.bad_constant", id="a constant that is no day"
    ),
    pytest.param(table("A,1", headings="account_id,amount"), {}, "import.missing_column", id="no start column"),
    pytest.param(
        table("A,S,1,2026-01-01,B", headings="客户ID,subscription_id,amount,start,客户编号"),
        {},
        "import.ambiguous_column",
        id="two columns could be the account",
    ),
    pytest.param(
        table("A,S,1,2026-01-01,2", headings="account_id,subscription_id,amount,start,amount"),
        {},
        "import.heading_twice",
        id="a heading twice",
    ),
]

HOSTILE_NAMES = [
    "../../etc/passwd",
    "a\x00b.csv",
    "=cmd|' /C calc'!A0.csv",
    "<script>.csv",
    "x" * 5000,
    "汉字 \n名.csv",
]


def options(given: dict[str, Any]) -> files.Options:
    return files.Options(**given)


def said(problems: list[files.Problem]) -> Said:
    return [(p.code, p.row, p.heading) for p in problems if p.severity == "error"]


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "content", "given", "expected"), ROWS)
def test_a_bad_row_is_named_and_nothing_is_written(
    home: Path,
    stored: Callable[[], dict[str, int]],
    kind: str,
    content: bytes,
    given: dict[str, Any],
    expected: Said,
) -> None:
    found = files.preview(content, kind, options(given), name="broken")
    assert said(found.outcome.problems) == expected
    assert all(p.file == "broken" and len(p.value) <= 81 for p in found.outcome.problems)
    with pytest.raises(files.ImportRefused) as refused:
        files.run_import(content, kind, options(given), by="test")
    assert refused.value.code == "import.rejected"
    assert Path(refused.value.where["report"]).read_bytes().startswith(b"\xef\xbb\xbf")
    assert stored() == {}
    left = {p.name for p in home.rglob("*") if p.is_file() and "imports" in p.parts}
    assert left - {"rejects.jsonl"} == {"report.csv"}


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "content", "given", "expected"), ROWS)
def test_the_good_rows_of_a_bad_file_are_imported_on_demand(
    home: Path,
    stored: Callable[[], dict[str, int]],
    kind: str,
    content: bytes,
    given: dict[str, Any],
    expected: Said,
) -> None:
    result = files.run_import(content, kind, options({**given, "skip_bad": True}), by="test")
    assert result.outcome.rows_bad == len({row for _code, row, _heading in expected})
    assert stored().get(kind, 0) == result.created == result.outcome.rows_good


@pytest.mark.django_db
@pytest.mark.parametrize(("content", "given", "code"), REFUSED)
def test_a_file_that_is_no_table_is_refused(
    home: Path, stored: Callable[[], dict[str, int]], content: bytes, given: dict[str, Any], code: str
) -> None:
    with pytest.raises(files.ImportRefused) as refused:
        files.run_import(content, "subscriptions", options(given), by="test", name="broken")
    assert refused.value.code == code
    assert refused.value.fix
    assert stored() == {}
    assert not [p for p in home.rglob("*") if p.is_file() and "imports" in p.parts]


@pytest.mark.django_db
@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_file_name_is_only_a_name(home: Path, stored: Callable[[], dict[str, int]], name: str) -> None:
    result = files.run_import(table(GOOD), "subscriptions", by="test", name=name)
    assert result.created == 1
    assert "/" not in result.outcome.file
    assert {p.name for p in home.iterdir()} <= {"imports", "secret.key", "lake", "workspace.json", "cache"}


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["=1+1", "+cmd|'x'!A1", "-2+3", "@SUM(A1)"])
def test_a_text_that_looks_like_a_formula_is_kept_warned_of_and_protected_in_the_report(home: Path, value: str) -> None:
    from tenure.apps.crm.models import AccountVersion

    report = home / "report.csv"
    result = files.run_import(table(f'A1,"{value}"', headings="account_id,name"), "accounts", by="test", report=report)
    assert [p.code for p in result.outcome.problems] == ["import.formula_text"]
    assert AccountVersion.objects.get().name == value
    assert f"'{value}" in report.read_text(encoding="utf-8-sig")


WARNINGS: list[Any] = [
    pytest.param("subscriptions", table(GOOD, GOOD), [("import.same_row_twice", 3)], 1, id="the same row twice"),
    pytest.param(
        "subscriptions",
        table(GOOD, line(start="2026-07-01", end="", currency="USD")),
        [("import.two_currencies", 2)],
        2,
        id="two currencies in one subscription",
    ),
    pytest.param("subscriptions", table(line(end="2026-01-01")), [("import.no_days", 2)], 1, id="no days at all"),
    pytest.param(
        "subscriptions", table(line(amount="-5")), [("import.negative_amount", 2)], 1, id="a price below zero"
    ),
    pytest.param(
        "discounts",
        table("S9,percent,20", headings="subscription_id,kind,value"),
        [("import.unknown_subscription", 2)],
        1,
        id="a discount of nothing",
    ),
    pytest.param(
        "subscriptions",
        table(*(line(subscription_id=f"S{n}", end=f"202{n}-12-31") for n in range(6, 10))),
        [("import.ends_look_inclusive", None)],
        4,
        id="ends that look like last days",
    ),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "content", "expected", "created"), WARNINGS)
def test_a_doubt_is_told_and_the_rows_are_imported(
    home: Path, kind: str, content: bytes, expected: list[tuple[str, int | None]], created: int
) -> None:
    result = files.run_import(content, kind, by="test")
    assert [(p.code, p.row) for p in result.outcome.problems] == expected
    assert result.created == created


@pytest.mark.slow
@pytest.mark.django_db
def test_a_line_of_300_mb_is_refused_without_being_held(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "line.csv"
    with path.open("wb") as stream:
        stream.write(table(GOOD))
        for _ in range(300):
            stream.write(b"x" * (1 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(files.ImportRefused) as refused:
        files.run_import(path, "subscriptions", by="test")
    assert refused.value.code == "import.line_too_long"
    assert refused.value.where["row"] == 3
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_refusal_speaks_the_readers_language(home: Path, language: str) -> None:
    with translation.override(language), pytest.raises(files.ImportRefused) as refused:
        files.preview(table("A,1", headings="account_id,amount"), "subscriptions")
    with translation.override(language):
        message, fix = refused.value.localised()
    assert ("没有" in message) == (language == "zh-hans")
    assert "subscription_id" in message
    assert "account_id, amount" in fix
