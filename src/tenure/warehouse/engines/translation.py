"""Statements in DuckDB's dialect as Spark understands them. Hides which words need more than another spelling.

Where Spark has no function that means the same to the last digit, the statement calls a function of ours, which DuckDB
itself computes on the executors (`functions`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import sqlglot
from sqlglot import exp

from tenure.warehouse import measures
from tenure.warehouse.engines import functions

DIALECT = "spark"
SMALL = frozenset({"repeated"})
"""Parts of statements with few rows, which Spark cannot foresee: they go to the events, not the events to them."""


@lru_cache(maxsize=256)
def _tree(sql: str) -> exp.Expression:
    statements = [one for one in sqlglot.parse(sql, read=measures.DIALECT) if one is not None]
    if len(statements) != 1:
        raise ValueError(f"one statement at a time, not {len(statements)}")
    tree = statements[0]
    for node in reversed(list(tree.find_all(exp.JSONExtractScalar, exp.TryCast, exp.DataType))):  # the inner ones first
        node.replace(_function(node))
    for select in tree.find_all(exp.Select):
        small = [join.this.alias_or_name for join in select.args.get("joins") or () if join.this.name in SMALL]
        if small:
            select.set("hint", exp.Hint(expressions=[exp.func("BROADCAST", *map(exp.to_identifier, small))]))
    return tree


def tables_of(sql: str) -> set[str]:
    """The tables that a statement reads, without those it makes itself."""
    tree = _tree(sql)
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    return {table.name for table in tree.find_all(exp.Table)} - own


def parameters_of(sql: str) -> set[str]:
    """The parameters that a statement names."""
    return {place.name for place in _tree(sql).find_all(exp.Placeholder)}


def columns_of(sql: str) -> set[str] | None:
    """The columns that a statement names, of whatever table; None: it may want all that there are."""
    tree = _tree(sql)
    if any(not isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star)):
        return None
    return {column.name for column in tree.find_all(exp.Column)}


def translated(sql: str, names: Mapping[str, str]) -> str:
    """A statement for Spark, reading each of its tables by another name."""
    tree = _tree(sql).copy()
    own = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        if table.name not in own:
            renamed = exp.to_table(names[table.name])
            renamed.set("alias", table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name)))
            table.replace(renamed)
    return str(tree.sql(dialect=DIALECT, unsupported_level=sqlglot.ErrorLevel.RAISE))


def _function(node: exp.Expression) -> exp.Expression:
    if isinstance(node, exp.JSONExtractScalar):
        return exp.Anonymous(this=functions.TEXT_OF, expressions=[node.this, node.expression])
    if isinstance(node, exp.TryCast):
        if not node.to.is_type("double"):
            raise ValueError(f"TRY_CAST to {node.to} does not mean the same on every engine")
        return exp.Anonymous(this=functions.NUMBER_OF, expressions=[node.this])
    if isinstance(node, exp.DataType) and node.is_type("timestamp"):
        return exp.DataType.build("timestamptz")
    return node
