"""What a value is on one machine it is on Spark, too: each kind written into the lake, read by SQL, and compared."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from clusters import IN_PROCESS, SETTINGS, differences, too_large, without_spark
from tenure.core.errors import TenureError
from tenure.warehouse.engines import checking
from tenure.warehouse.engines import spark as engines_spark
from tenure.warehouse.engines.duckdb import DuckDBEngine
from tenure.warehouse.engines.spark import SparkEngine, reach
from tenure.warehouse.engines.watching import Watch
from tenure.warehouse.workspace import Workspace

pytestmark = pytest.mark.skipif(bool(without_spark()), reason=without_spark())

DOCUMENTS = [
    {"plan": "专业版", "n": 1}, {"plan": None}, {"plan": ""}, {}, {"n": 1.50}, {"n": "1e3"}, {"n": " 7 "}, {"n": True},
    {"a": {"b": {"c": ["x", {"d": "深"}]}}}, {"a/b": "slash", "a~b": "tilde", "a.b": "dot", "it's": "quote"},
    {"n": 12345678901234567890123}, {"n": "NaN"}, {"n": "1_000"}, {"n": "0x10"}, {"plan": "𝄞 emoji 🎼"},
    {"plan": 'with "quotes" and \\ and \n'}, {"n": -0.0}, {"n": 9007199254740993}, {"$": "dollar", "[0]": "bracket"},
]  # fmt: skip
POINTERS = ("/plan", "/n", "/a", "/a/b/c", "/a~1b", "/a~0b", "/a.b", "/it's", "/nothing", "/$", "/[0]", "/a/b/c/1/d")
MOMENTS = [
    datetime(2024, 2, 29, 23, 59, 59, 999_999, UTC), datetime(1970, 1, 1, tzinfo=UTC), None,
    datetime(1969, 12, 31, 23, 59, 59, 1, UTC), datetime(2024, 3, 31, 1, 0, tzinfo=UTC),
    datetime(2024, 10, 27, 0, 59, 59, 999_999, UTC), datetime(9999, 12, 30, tzinfo=UTC),
]  # fmt: skip
DAYS = [date(2024, 2, 29), date(2000, 2, 29), date(1900, 3, 1), date(1582, 10, 15), date(9999, 12, 31), None]
AMOUNTS = [
    Decimal("0.000000000001"), Decimal("-99999999999999999999999999.999999999999"), Decimal("0.1"), Decimal(0), None,
    Decimal("99999999999999999999999999.999999999998"),
]  # fmt: skip
TEXTS = ["", " ", "中文", "Ünïcödé", "a'b", 'a"b', "%_", "back\\slash", "\t", "长" * 5_000, "𝄞", "(none)", None]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A lake in a folder with a name of a kind."""
    made = Workspace.open(tmp_path_factory.mktemp("lake") / "湖 [a]{b} *?")
    documents = [json.dumps(one, ensure_ascii=False) for one in DOCUMENTS]
    made.load("events", [{"event": "x", "ts": "2024-02-29T12:00:00Z", "properties": one} for one in documents])
    return made


@pytest.fixture(scope="module")
def engines(workspace: Workspace) -> tuple[DuckDBEngine, SparkEngine]:
    here = workspace.engine.here
    return here, SparkEngine(workspace.lake, IN_PROCESS, settings=SETTINGS)


def given(values: list[Any], kind: pa.DataType) -> pa.Table:
    return pa.table({"place": pa.array(range(len(values)), pa.int64()), "value": pa.array(values, kind)})


KINDS = {
    "moments": given(MOMENTS, pa.timestamp("us", "UTC")),
    "days": given(DAYS, pa.date32()),
    "amounts": given(AMOUNTS, pa.decimal128(38, 12)),
    "texts": given(TEXTS, pa.string()),
    "whole numbers": given([-(1 << 63), (1 << 63) - 1, 0, None], pa.int64()),
    "numbers": given([0.1, -0.0, 1e308, 5e-324, None], pa.float64()),
    "flags": given([True, False, None], pa.bool_()),
    "lists": given([[1, None], [], None], pa.list_(pa.int64())),
}


def assert_same(engines: tuple[Any, Any], sql: str, params: dict[str, Any], tables: dict[str, Any]) -> pa.Table:
    here, there = (engine.query(sql, params, tables) for engine in engines)
    assert not differences(here, there)
    return there


@pytest.mark.parametrize("kind", KINDS)
def test_values_cross_unchanged(engines: tuple[Any, Any], kind: str) -> None:
    found = assert_same(engines, "SELECT m.place, m.value FROM mine AS m ORDER BY m.place", {}, {"mine": KINDS[kind]})
    assert not differences(found, KINDS[kind])


@pytest.mark.parametrize("kind", [name for name in KINDS if name != "lists"])
def test_values_are_ordered_and_grouped_alike(engines: tuple[Any, Any], kind: str) -> None:
    twice = pa.concat_tables([KINDS[kind], KINDS[kind]])
    sql = "SELECT m.value, COUNT(*) AS n, MIN(m.place) AS p FROM mine AS m GROUP BY m.value ORDER BY m.value NULLS LAST"
    assert_same(engines, sql, {}, {"mine": twice})


@pytest.mark.parametrize("kind", [name for name in KINDS if name not in ("lists", "days")])
def test_parameters_mean_the_same(engines: tuple[Any, Any], kind: str) -> None:
    for value in KINDS[kind]["value"].to_pylist():
        if value is not None:
            sql = "SELECT m.place FROM mine AS m WHERE m.value >= $bound ORDER BY m.place"
            assert_same(engines, sql, {"bound": value}, {"mine": KINDS[kind]})


def test_sums_of_money_are_exact(engines: tuple[Any, Any]) -> None:
    amounts = given([Decimal("0.1")] * 1_000 + [Decimal("-0.000000000001")], pa.decimal128(38, 12))
    found = assert_same(engines, "SELECT SUM(m.value) AS total FROM mine AS m", {}, {"mine": amounts})
    assert found["total"].to_pylist() == [Decimal("99.999999999999")]


@pytest.mark.parametrize("pointer", POINTERS)
def test_properties_are_the_same_texts_and_numbers(
    engines: tuple[Any, Any], workspace: Workspace, pointer: str
) -> None:
    quoted = pointer.replace("'", "''")
    text = f"JSON_EXTRACT_STRING(e.properties, '{quoted}')"
    sql = f"SELECT e.place, {text} AS t, TRY_CAST({text} AS DOUBLE) AS n FROM events AS e ORDER BY e.place"
    found = assert_same(engines, sql, {}, {"events": workspace.lake.version("events")})
    assert found.num_rows == len(DOCUMENTS)


def test_an_old_version_and_a_table_that_is_not_there(engines: tuple[Any, Any], workspace: Workspace) -> None:
    first = workspace.lake.version("events")
    workspace.load("events", [{"event": "later", "ts": "2024-03-01T00:00:00Z"}])
    sql = "SELECT COUNT(*) AS n FROM events AS e"
    assert assert_same(engines, sql, {}, {"events": first})["n"].to_pylist() == [len(DOCUMENTS)]
    assert assert_same(engines, sql, {}, {"events": first + 1})["n"].to_pylist() == [len(DOCUMENTS) + 1]
    whole = assert_same(engines, "SELECT * FROM fx_rates AS r", {}, {"fx_rates": None})
    assert whole.num_rows == 0


def test_threads_do_not_see_each_other_s_tables(engines: tuple[Any, Any]) -> None:
    found: dict[int, list[int]] = {}

    def ask(n: int) -> None:
        mine = pa.table({"value": pa.array([n] * n, pa.int64())})
        found[n] = engines[1].query("SELECT m.value FROM mine AS m", {}, {"mine": mine})["value"].to_pylist()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: [n] * n for n in range(1, 6)}


def test_a_result_too_large_for_the_driver_comes_by_way_of_files(
    engines: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with too_large(monkeypatch, engines[1]):
        found = engines[1].query("SELECT m.value FROM mine AS m", {}, {"mine": KINDS["texts"]})
    assert sorted(map(str, found["value"].to_pylist())) == sorted(map(str, TEXTS))
    assert not list((engines[1].lake.path.parent / "cache" / "cluster").iterdir())


def test_a_question_can_be_stopped(engines: tuple[Any, Any]) -> None:
    """A walk without end ends where its watch wants it."""
    seen: list[tuple[int, int]] = []
    watch = Watch(lambda done, known: seen.append((done, known)), lambda: any(known for _, known in seen))
    tables = {"mine": pa.table({"unit": pa.array(range(100), pa.int64()), "row_key": pa.array(range(100), pa.int64())})}
    with engines[1].watching(watch), pytest.raises(TenureError) as stopped:
        engines[1].walked("SELECT m.unit, m.row_key FROM mine AS m", {}, tables, ["unit"], "unit", _without_end)
    assert stopped.value.code == "engine.cancelled"
    assert engines[1].query("SELECT 1 AS one")["one"].to_pylist() == [1]


def _without_end(rows: pa.Table) -> int:
    threading.Event().wait()
    return rows.num_rows


def test_what_fails_on_the_cluster_is_said(engines: tuple[Any, Any]) -> None:
    tables = {"mine": KINDS["whole numbers"]}
    with pytest.raises(TenureError) as failed:
        engines[1].query("SELECT m.value + $more AS v FROM mine AS m", {"more": 1}, tables)
    assert failed.value.code == "engine.cluster_failed"


def test_a_cluster_that_is_not_there(workspace: Workspace) -> None:
    with pytest.raises(TenureError) as lost:
        SparkEngine(workspace.lake, "spark://127.0.0.1:1").query("SELECT 1")
    assert lost.value.code == "engine.cluster_lost"


@pytest.mark.parametrize("missing", ["pyspark", "java"])
def test_what_is_not_installed_is_said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    if missing == "pyspark":
        monkeypatch.setattr(engines_spark.importlib.util, "find_spec", lambda name: None)
    else:
        monkeypatch.setattr(engines_spark.shutil, "which", lambda name: None)
        monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(TenureError) as refused:
        SparkEngine(workspace.lake, IN_PROCESS).query("SELECT 1")
    assert refused.value.code == "engine.not_installed"
    assert "install" in refused.value.fix


def test_the_doctor_sees_what_the_executors_have(engines: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    machines = checking.executors(engines[1])
    assert machines
    assert not [line for machine in machines for line in checking.differing(machine)]
    assert not [machine.unread for machine in machines if machine.unread]
    old = replace(machines[0], versions=tuple((n, "0.1" if n == "numba" else v) for n, v in machines[0].versions))
    assert [(name, there) for name, there, _ in checking.differing(old)] == [("numba", "0.1")]
    monkeypatch.setattr(checking, "a_file", lambda lake: "/nowhere/part.parquet")
    assert {machine.unread for machine in checking.executors(engines[1])} == {
        "/nowhere/part.parquet: No such file or directory"
    }


@pytest.mark.parametrize(
    ("master", "doors"),
    [
        ("spark://one,two:7000", [("one", 7077), ("two", 7000)]),
        ("sc://host", [("host", 15002)]),
        ("sc://[::1]/;token=not-to-be-seen", [("::1", 15002)]),
        ("sc://[::1]:15003/;use_ssl=true;token=not-to-be-seen", [("::1", 15003)]),
    ],
)
def test_a_cluster_is_knocked_at_and_its_token_is_not_told(
    master: str, doors: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    knocked = []

    def nobody(door: tuple[str, int], timeout: float) -> None:
        knocked.append(door)
        raise ConnectionRefusedError("nobody is there")

    monkeypatch.setattr("socket.create_connection", nobody)
    with pytest.raises(TenureError) as refused:
        reach(master)
    assert knocked == doors
    assert refused.value.code == "engine.cluster_lost"
    assert "not-to-be-seen" not in str(refused.value.as_dict())
