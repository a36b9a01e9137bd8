"""Measures: named SQL files, one per fact, written once in DuckDB's dialect. Hides parsing, narrowing and translation.

SQL here only filters, joins, sorts, groups and adds. Conditions and the choice of columns are put on the syntax tree;
values are parameters; nothing is pasted as text. Only functions of `ALLOWED` may stand in a measure: each is tested to
mean the same on every engine, because a translator passes an unknown one through unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import sqlglot
from sqlglot import exp

DIALECT = "duckdb"
ALLOWED = frozenset({"ABS", "AND", "CASE", "CAST", "COALESCE", "COUNT", "IF", "MIN", "OR", "ROW_NUMBER", "SUM"})


def names() -> list[str]:
    """The measures there are."""
    folder = resources.files(__package__)
    return sorted(f.name.removesuffix(".sql") for f in folder.iterdir() if f.name.endswith(".sql"))


def text(name: str) -> str:
    """The SQL of a measure as it was written."""
    return resources.files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


@cache
def _tree(name: str) -> exp.Select:
    tree = sqlglot.parse_one(text(name), read=DIALECT)
    if not isinstance(tree, exp.Select):
        raise TypeError(f"measure {name} is not one SELECT")
    for identifier in tree.find_all(exp.Identifier):
        identifier.meta.clear()  # its place in the text, which each copy of the tree would copy as well
    return tree


def within(name: str, alias: str) -> exp.Subquery:
    """A measure as a table that another statement reads from."""
    return _tree(name).copy().subquery(alias, copy=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """`column op value` on an output column of a measure; a null is compared as '(none)'."""

    column: str
    op: str
    value: Any


_COMPARE: dict[str, type[exp.Binary]] = {"gt": exp.GT, "lt": exp.LT, "gte": exp.GTE, "lte": exp.LTE}


@cache
def columns(name: str) -> tuple[str, ...]:
    """The output columns of a measure."""
    return tuple(_tree(name).named_selects)


def compose(
    name: str, select: Sequence[str] | None = None, where: Sequence[Condition] = ()
) -> tuple[str, Mapping[str, Any]]:
    """(SQL, parameters) of a measure narrowed to some of its columns and to rows that meet all conditions."""
    if not where:
        return _narrowed(name, None if select is None else tuple(select)), {}
    tree = _tree(name).copy()
    by_name = {e.alias_or_name: (e.this if isinstance(e, exp.Alias) else e) for e in tree.expressions}
    values: dict[str, Any] = {}
    for condition in where:
        tree = tree.where(predicate(condition, by_name[condition.column], values), copy=False)
    return _selected(tree, select), values


@cache
def _narrowed(name: str, select: tuple[str, ...] | None) -> str:
    return _selected(_tree(name).copy(), select)


def _selected(tree: exp.Select, select: Sequence[str] | None) -> str:
    """The SQL of a tree with some of its columns; the tree is its own afterwards."""
    if select is not None:
        tree.set("expressions", [e for wanted in select for e in tree.expressions if e.alias_or_name == wanted])
    return written(tree)


def written(statement: exp.Expression) -> str:
    """The SQL of a statement that nobody needs any more."""
    return str(statement.sql(dialect=DIALECT, pretty=True, copy=False))


def predicate(condition: Condition, raw: exp.Expression, values: dict[str, Any]) -> exp.Expression:
    """A condition on an expression; its values become parameters in `values`."""
    column = exp.Coalesce(this=raw.copy(), expressions=[exp.Literal.string("(none)")])

    def bind(value: Any) -> exp.Expression:
        name = f"w{len(values)}"
        values[name] = value
        return exp.Parameter(this=exp.Var(this=name))

    if condition.op in ("eq", "in"):
        wanted = condition.value if isinstance(condition.value, (list, tuple)) else [condition.value]
        return exp.In(this=column, expressions=[bind(v) for v in wanted])
    if condition.op == "ne":
        wanted = condition.value if isinstance(condition.value, (list, tuple)) else [condition.value]
        return exp.Not(this=exp.In(this=column, expressions=[bind(v) for v in wanted]))
    if condition.op == "set":
        return exp.Not(this=exp.Is(this=raw.copy(), expression=exp.Null()))
    if condition.op == "not_set":
        return exp.Is(this=raw.copy(), expression=exp.Null())
    if condition.op == "contains":
        return exp.Contains(this=column, expression=bind(condition.value))
    return _COMPARE[condition.op](this=column, expression=bind(condition.value))
