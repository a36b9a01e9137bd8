"""The engine: SQL over exact versions of the lake's tables, in bounds of memory and files."""

import os
import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from tenure.core.errors import LoadRefused, SettingRefused, TenureError
from tenure.warehouse import lake as module
from tenure.warehouse.engines.duckdb import DuckDBEngine
from tenure.warehouse.lake import Lake

RATES = module.TABLES["fx_rates"]


def rates(*values: int) -> pa.Table:
    rows = [{"day": date(2024, 1, 1), "currency": "EUR", "rate": Decimal(v), "row_key": v, "flaws": []} for v in values]
    return pa.Table.from_pylist(rows, schema=RATES)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "a lake's folder")


@pytest.fixture
def engine(lake: Lake, tmp_path: Path) -> DuckDBEngine:
    return DuckDBEngine(lake, memory_limit="200MB", threads=2, spill=tmp_path / "cache" / "spill")


SUM = "SELECT sum(rate) AS total, count(*) AS n FROM fx_rates"


def test_a_query_reads_the_version_it_names(lake: Lake, engine: DuckDBEngine) -> None:
    first = lake.append("fx_rates", rates(1))
    second = lake.append("fx_rates", rates(2))
    assert engine.query(SUM, {}, {"fx_rates": first}).to_pylist() == [{"total": Decimal(1), "n": 1}]
    assert engine.query(SUM, {}, {"fx_rates": second}).to_pylist() == [{"total": Decimal(3), "n": 2}]


def test_an_absent_table_has_its_columns_and_no_rows(engine: DuckDBEngine) -> None:
    empty = engine.query("SELECT * FROM fx_rates", {}, {"fx_rates": None})
    assert empty.num_rows == 0
    assert empty.column_names == RATES.names
    assert engine.query(SUM, {}, {"fx_rates": None}).to_pylist() == [{"total": None, "n": 0}]


def test_sums_of_money_are_exact(lake: Lake, engine: DuckDBEngine) -> None:
    each = Decimal("99999999999999999999.999999999999")
    lake.append(
        "fx_rates", rates(*range(1000)).set_column(2, "rate", pa.array([each] * 1000, RATES.field("rate").type))
    )
    found = engine.query(SUM, {}, {"fx_rates": 1}).column("total")
    assert found.type == RATES.field("rate").type
    assert found.to_pylist() == [Decimal("99999999999999999999999.999999999000")]


def test_an_arrow_table_may_stand_for_a_table(engine: DuckDBEngine) -> None:
    assert engine.query("SELECT n + $more AS n FROM mine", {"more": 1}, {"mine": pa.table({"n": [1]})}).to_pylist() == [
        {"n": 2}
    ]


def test_parameters_go_by_name_and_may_be_left_unused(engine: DuckDBEngine) -> None:
    values = {"day": date(2024, 2, 29), "text": "'; DROP TABLE x; --", "amount": Decimal("0.000000000001"), "unused": 1}
    found = engine.query("SELECT $day AS day, $text AS text, $amount AS amount", values)
    assert found.to_pylist() == [{"day": values["day"], "text": values["text"], "amount": values["amount"]}]
    with pytest.raises(KeyError, match="missing"):
        engine.query("SELECT $missing", {})


@pytest.mark.parametrize("sql", ["", "SELECT 1; SELECT 2"])
def test_one_statement_at_a_time(engine: DuckDBEngine, sql: str) -> None:
    with pytest.raises(ValueError, match="one statement"):
        engine.query(sql)


def test_large_results_come_in_batches(engine: DuckDBEngine) -> None:
    batches = engine.query_batches("SELECT range AS n FROM range(100000)", rows=10_000)
    first = next(batches)
    assert 0 < first.num_rows <= 12_288
    assert first.num_rows + sum(batch.num_rows for batch in batches) == 100_000


def test_an_unknown_table_is_refused(engine: DuckDBEngine) -> None:
    with pytest.raises(LoadRefused, match="fx_rates"):
        engine.query("SELECT 1", {}, {"nothing": None})


def test_a_column_that_no_file_has_yet_reads_as_null(
    lake: Lake, engine: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(module.TABLES, "fx_rates", RATES.remove(RATES.get_field_index("flaws")))
    old = lake.append("fx_rates", rates(1).drop_columns(["flaws"]))
    monkeypatch.setitem(module.TABLES, "fx_rates", RATES)
    ask = "SELECT row_key, flaws FROM fx_rates ORDER BY row_key"
    assert engine.query(ask, {}, {"fx_rates": old}).to_pylist() == [{"row_key": 1, "flaws": None}]
    new = lake.append("fx_rates", rates(2))
    assert engine.query(ask, {}, {"fx_rates": new}).column("flaws").to_pylist() == [None, []]


def test_threads_do_not_see_each_other_s_versions(lake: Lake, engine: DuckDBEngine) -> None:
    versions = [lake.append("fx_rates", rates(n)) for n in range(4)]
    found: dict[int, list[int]] = {n: [] for n in range(4)}

    def ask(n: int) -> None:
        for _ in range(10):
            found[n].append(engine.query(SUM, {}, {"fx_rates": versions[n]}).column("n")[0].as_py())

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: [n + 1] * 10 for n in range(4)}


def test_local_days_need_no_download(engine: DuckDBEngine) -> None:
    sql = "SELECT (TIMESTAMPTZ '2024-04-01 03:59:59Z' AT TIME ZONE 'America/New_York')::DATE AS day, now() AS now"
    found = engine.query(sql)
    assert found.column("day").to_pylist() == [date(2024, 3, 31)]
    assert found.schema.field("now").type == pa.timestamp("us", tz="UTC")


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("SELECT * FROM read_csv('/etc/hostname')", id="a file elsewhere"),
        pytest.param("SELECT * FROM read_parquet('https://example.com/x.parquet')", id="the network"),
        pytest.param("SELECT * FROM elsewhere", id="a variable of Python"),
        pytest.param("SET memory_limit = '8GB'", id="a setting"),
        pytest.param("INSTALL httpfs", id="an extension"),
    ],
)
def test_sql_stays_inside_the_lake(engine: DuckDBEngine, sql: str) -> None:
    elsewhere = pa.table({"n": [1]})
    assert elsewhere.num_rows == 1
    with pytest.raises(Exception, match=r"disabled|locked|does not exist|configuration"):
        engine.query(sql)


def test_too_little_memory_is_said_plainly(engine: DuckDBEngine) -> None:
    with pytest.raises(TenureError, match="raise the memory limit") as caught:
        engine.query("SELECT list(range) FROM range(100000000)")
    assert caught.value.code == "engine.out_of_memory"
    assert engine.query("SELECT 1 AS n").to_pylist() == [{"n": 1}]


def test_a_file_that_is_gone_is_said_plainly(lake: Lake, engine: DuckDBEngine) -> None:
    version = lake.append("fx_rates", rates(1))
    Path(lake.files("fx_rates")[0]).unlink()
    with pytest.raises(TenureError, match="could not be read"):
        engine.query(SUM, {}, {"fx_rates": version})


@pytest.mark.parametrize("limit", ["much", "2 bananas"])
def test_a_wrong_memory_limit_is_refused(lake: Lake, limit: str) -> None:
    with pytest.raises(SettingRefused, match="2GB"):
        DuckDBEngine(lake, memory_limit=limit).query("SELECT 1")


def test_a_forked_process_makes_its_own_connection(engine: DuckDBEngine) -> None:
    engine.query("SELECT 1")
    mine = engine._connected()
    engine._process = os.getpid() + 1  # as a child finds it
    assert engine._connected() is not mine


def test_moments_are_utc(engine: DuckDBEngine) -> None:
    found = engine.query("SELECT $at AS at", {"at": datetime(2024, 3, 1, 12, tzinfo=UTC)})
    assert found.column("at").to_pylist() == [datetime(2024, 3, 1, 12, tzinfo=UTC)]
