"""An answer: a table with everything that proves it. Hides its forms: Arrow, dicts, JSON, data frames.

Money and rates are decimals of 12 places in the table; the JSON form is the edge where they are rounded half to even to
6 places and written as text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.errors import QuestionRefused

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

EDGE = Decimal("0.000001")
OF_FIGURES = ("trend", "average")
"""Tables beside an answer that its JSON form holds."""
RECORDS = ("account_id", "contract_id", "row", "channel", "campaign", "keyword")
"""Columns of answers by which a cell names one record."""


@dataclass(frozen=True)
class Result:
    """What a question's family computes: the table, the identities it checked, and what should be known about it."""

    table: pa.Table
    checks: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    beside: Mapping[str, pa.Table] = field(default_factory=dict)
    """further tables of figures by name, such as `trend` of a funnel"""


@dataclass(frozen=True)
class Answer:
    """A table and its proof."""

    question: Mapping[str, Any]
    """the question in its canonical JSON form"""
    table: pa.Table
    definition: Mapping[str, Any]
    """name, version and settings of the metric definition in force"""
    versions: Mapping[str, int]
    """lake versions read, by table"""
    rows_read: Mapping[str, int]
    """rows that each measure gave"""
    sql: list[dict[str, str]]
    """the measures that were run, as name and sql"""
    checks: list[dict[str, Any]]
    """identities that were checked: name, ok, detail"""
    notes: list[dict[str, Any]]
    """what to know about the figures: code and its values"""
    computed_at: datetime
    proof: Callable[[Mapping[str, Any]], pa.Table] = field(repr=False)
    beside: Mapping[str, pa.Table] = field(default_factory=dict, repr=False)
    """further tables of figures by name"""
    by_unit: Callable[[], Mapping[str, pa.Table]] = field(default=dict, repr=False)
    """tables by name with a row for each unit, which are made when they are asked for"""

    @property
    def depth(self) -> pa.Table:
        """The deepest step that each unit of a funnel reached: unit, depth."""
        return self._beside("depth")

    @property
    def excluded(self) -> pa.Table:
        """The units whose every attempt at a funnel an exclusion made void: unit."""
        return self._beside("excluded")

    @property
    def trend(self) -> pa.Table:
        """A funnel by the period of entry: period, entered, converted, mature."""
        return self._beside("trend")

    @property
    def average(self) -> pa.Table:
        """A retention over all its cohorts: column, rate."""
        return self._beside("average")

    @property
    def of_figures(self) -> dict[str, pa.Table]:
        """The tables beside this one that its JSON form holds, by name."""
        return {name: self.beside[name] for name in OF_FIGURES if name in self.beside}

    def actors(self, step: int) -> pa.Table:
        """The units behind a step of a funnel, counted from 1: unit."""
        found = self._beside("reached")
        if not 1 <= step <= self.table.num_rows:
            raise QuestionRefused(
                "question.bad_value",
                f"The funnel has no step {step}.",
                fix=f"Steps run from 1 to {self.table.num_rows}.",
                field="step",
                value=step,
            )
        return found.filter(pc.equal(found["step"], step)).select(["unit"])

    @property
    def through(self) -> pa.Table:
        """How long a funnel's whole way took: seconds_mean, seconds_median, seconds_p90."""
        return self._beside("through")

    @property
    def times(self) -> pa.Table:
        """How many took how long for a funnel's whole way: seconds_from, seconds_to (null: without end), units."""
        return self._beside("times")

    def _beside(self, name: str) -> pa.Table:
        if name in self.beside:
            return self.beside[name]
        found = self.by_unit()
        if name not in found:
            raise QuestionRefused(
                "question.no_such_table",
                f"The answer to `{self.question['question']}` has no table `{name}`.",
                fix=f"It has: {', '.join([*self.beside, *found]) or 'none beside its own'}.",
                field=name,
            )
        return found[name]

    def rows_behind(self, cell: Mapping[str, Any]) -> pa.Table:
        """The source rows behind a cell, named by the answer's own columns, such as period and kind.

        Raises: QuestionRefused if the answer has no such cell (question.unknown_cell), or if the account, contract or
                row that it names is not in the answer (question.not_in_answer): whether it is elsewhere is not said.
        """
        for name in RECORDS:
            if name in cell and name in self.table.column_names:
                value = str(cell[name])
                if value not in self.table[name].to_pylist():
                    raise QuestionRefused(
                        "question.not_in_answer",
                        f"The answer has no {name} {value!r}.",
                        fix="Take one of the answer's rows.",
                        field=name,
                        value=value,
                    )
        return self.proof(cell)

    def without(self, columns: Collection[str]) -> Answer:
        """The same without what stands in some columns, in its table and in the rows behind it."""
        proof = self.proof
        return replace(self, table=_emptied(self.table, columns), proof=lambda cell: _emptied(proof(cell), columns))

    def to_dicts(self) -> list[dict[str, Any]]:
        """The rows as Python values: Decimal, date, int, text, None."""
        return self.table.to_pylist()  # type: ignore[no-any-return]

    def to_polars(self) -> pl.DataFrame:
        """The table as a polars frame (needs `tenure[polars]`)."""
        import polars

        return polars.DataFrame(polars.from_arrow(self.table))

    def to_pandas(self) -> pd.DataFrame:
        """The table as a pandas frame (needs `tenure[pandas]`)."""
        return self.table.to_pandas()

    def to_json(self, most: int | None = None) -> dict[str, Any]:
        """The answer as JSON values: what the API, `tenure ask --format json` and saved answers hold.

        `rows` has no more than the first `most`.
        """
        return {
            "question": dict(self.question),
            "definition": dict(self.definition),
            "versions": dict(self.versions),
            "rows_read": dict(self.rows_read),
            "checks": self.checks,
            "notes": self.notes,
            "computed_at": self.computed_at.isoformat(),
            "columns": [{"name": f.name, "type": str(f.type)} for f in self.table.schema],
            "rows": _json_rows(self.table.slice(0, most)),
            "sql": self.sql,
            **{name: _json_rows(table) for name, table in self.of_figures.items()},
        }


def _emptied(table: pa.Table, columns: Collection[str]) -> pa.Table:
    for place, name in enumerate(table.column_names):
        if name in columns:
            table = table.set_column(place, table.field(name), pa.nulls(table.num_rows, table.field(name).type))
    return table


def _json_rows(table: pa.Table) -> list[dict[str, Any]]:
    return [{k: edge(v) for k, v in row.items()} for row in table.to_pylist()]


def edge(value: Any) -> Any:
    """A value as JSON writes it: decimals as text, rounded half to even to 6 places; days and moments as ISO text."""
    if isinstance(value, Decimal):
        return str(value.quantize(EDGE, ROUND_HALF_EVEN))
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, list):
        return [edge(v) for v in value]
    if isinstance(value, dict):
        return {k: edge(v) for k, v in value.items()}
    return value
