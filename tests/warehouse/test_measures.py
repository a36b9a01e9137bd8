"""Measures filter, join, group and add, in words every engine has; SQL never multiplies or divides money."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from tenure.warehouse import measures
from tenure.warehouse.identity import MEMBERS, MERGED, PEOPLE
from tenure.warehouse.lake import schema_of
from tenure.warehouse.measures import Condition, compose
from tenure.warehouse.snapshot import TABLES_OF

WITHOUT_SPARK = (
    "pyspark is not installed: pip install 'tenure[spark]'"
    if importlib.util.find_spec("pyspark") is None
    else "Java is not installed: apt-get install openjdk-17-jre-headless"
    if shutil.which("java") is None
    else "the cluster has its own checks"
    if os.environ.get("CI")
    else ""
)


HANDED = {
    "keys": pa.schema([("account_key", pa.int64()), ("row_key", pa.int64())]),
    "people": PEOPLE,
    "members": MEMBERS,
    "merged": MERGED,
}
"""Small tables that a measure is handed."""


def tree(name: str) -> exp.Expression:
    return sqlglot.parse_one(measures.text(name), read=measures.DIALECT)


@pytest.mark.parametrize("name", measures.names())
class TestEveryMeasure:
    def test_says_its_grain(self, name: str) -> None:
        assert measures.text(name).startswith("-- ")
        assert "-- Grain: " in measures.text(name)

    def test_names_the_tables_it_reads(self, name: str) -> None:
        own = {cte.alias for cte in tree(name).find_all(exp.CTE)}
        read = {table.name for table in tree(name).find_all(exp.Table)} - own
        assert read - {"supersessions", *HANDED} == set(TABLES_OF[name])

    def test_uses_allowed_functions_only(self, name: str) -> None:
        used = {type(f).sql_name() for f in tree(name).find_all(exp.Func)}
        assert used <= measures.ALLOWED, used - measures.ALLOWED

    def test_does_no_arithmetic(self, name: str) -> None:
        assert not list(tree(name).find_all(exp.Mul, exp.Div, exp.Mod, exp.Add, exp.Sub))

    def test_is_translated_without_a_word_left_over(self, name: str) -> None:
        sql = sqlglot.transpile(
            measures.text(name), read=measures.DIALECT, write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE
        )
        assert len(sql) == 1


def test_every_measure_has_its_tables_listed() -> None:
    assert set(measures.names()) == set(TABLES_OF)


def test_a_condition_is_a_parameter_never_text() -> None:
    hostile = "x'); DROP TABLE subscriptions; --"
    sql, values = compose("subscription_rows", ["row_key"], [Condition("plan", "eq", hostile)])
    assert hostile not in sql
    assert values == {"w0": hostile}


@pytest.mark.parametrize(
    ("op", "value", "words"),
    [
        ("eq", "Pro", "IN ($w0)"),
        ("in", ("Pro", "Team"), "IN ($w0, $w1)"),
        ("ne", "Pro", "NOT COALESCE(s.plan, '(none)') IN ($w0)"),
        ("contains", "Pro", "CONTAINS(COALESCE(s.plan, '(none)'), $w0)"),
        ("gt", "P", "COALESCE(s.plan, '(none)') > $w0"),
        ("lt", "P", "COALESCE(s.plan, '(none)') < $w0"),
        ("set", None, "NOT s.plan IS NULL"),
        ("not_set", None, "s.plan IS NULL"),
    ],
)
def test_operators(op: str, value: Any, words: str) -> None:
    sql, _ = compose("subscription_rows", ["row_key"], [Condition("plan", op, value)])
    assert words in sql


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    if WITHOUT_SPARK:
        pytest.skip(WITHOUT_SPARK)
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    yield session
    session.stop()


@pytest.mark.slow
@pytest.mark.parametrize("name", measures.names())
def test_spark_runs_it_and_gives_the_same_columns(spark: Any, name: str) -> None:
    """Every measure, translated, on empty tables of the lake's own types."""
    from pyspark.sql.pandas.types import from_arrow_schema

    for table in (*TABLES_OF[name], "supersessions"):
        spark.createDataFrame([], from_arrow_schema(schema_of(table))).createOrReplaceTempView(table)
    for handed, shape in HANDED.items():
        spark.createDataFrame([], from_arrow_schema(shape)).createOrReplaceTempView(handed)
    (sql,) = sqlglot.transpile(measures.text(name), read=measures.DIALECT, write="spark")
    moment = "2024-01-01 00:00:00"
    found = spark.sql(sql, args={"superseded_from": moment, "recorded_before": moment})
    assert tuple(found.columns) == measures.columns(name)
    assert found.count() == 0
