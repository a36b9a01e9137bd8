"""Measures filter, join, group and add, in words every engine has; SQL never multiplies or divides money."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from clusters import IN_PROCESS, SETTINGS, without_spark
from tenure.warehouse import measures
from tenure.warehouse.engines.duckdb import DuckDBEngine
from tenure.warehouse.engines.spark import SparkEngine
from tenure.warehouse.identity import MEMBERS, MERGED, PEOPLE
from tenure.warehouse.lake import Lake
from tenure.warehouse.measures import Condition, compose
from tenure.warehouse.snapshot import NEVER, TABLES_OF

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


@pytest.mark.skipif(bool(without_spark()), reason=without_spark())
@pytest.mark.parametrize("name", measures.names())
def test_spark_gives_the_same_columns(tmp_path: Path, name: str) -> None:
    """Every measure on tables without rows: names and types are those of one machine."""
    lake = Lake(tmp_path)
    tables: dict[str, Any] = dict.fromkeys((*TABLES_OF[name], "supersessions"))
    tables |= {handed: shape.empty_table() for handed, shape in HANDED.items()}
    moments = {
        **{"superseded_from": NEVER, "recorded_before": NEVER},
        **dict.fromkeys(("matured_before", "came_from", "came_before"), NEVER),
        **{"by": "channel", "reporting": "USD", "first_day": date(2024, 1, 1), "after_day": date(2024, 2, 1)},
    }
    engines = (DuckDBEngine(lake), SparkEngine(lake, IN_PROCESS, settings=SETTINGS))
    here, there = (engine.query(measures.text(name), moments, tables) for engine in engines)
    assert tuple(there.column_names) == measures.columns(name)
    assert there.schema == here.schema
    assert there.num_rows == here.num_rows
