"""`actors`: the users and accounts behind a cell of another answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from tenure.warehouse import trails
from tenure.warehouse.answer import Result
from tenure.warehouse.questions import base
from tenure.warehouse.questions.account_stickiness import AccountStickiness
from tenure.warehouse.questions.activity import Lifecycle, Paths, Stickiness
from tenure.warehouse.questions.base import Ask, Question, asked
from tenure.warehouse.questions.behaviour import Behaviour
from tenure.warehouse.questions.funnel import Funnel
from tenure.warehouse.questions.lifecycle_contracts import LifecycleContracts
from tenure.warehouse.questions.retention import FeatureRetention, Retention
from tenure.warehouse.questions.trend import Trend
from tenure.warehouse.slices import Where
from tenure.warehouse.snapshot import Snapshot

OF: dict[str, type[Behaviour]] = {
    family.name: family
    for family in (
        Funnel,
        Retention,
        FeatureRetention,
        Lifecycle,
        LifecycleContracts,
        Stickiness,
        AccountStickiness,
        Paths,
        Trend,
    )
}


@dataclass(frozen=True)
class Actors(Question):
    """Who is behind a figure of a behaviour question: one row for each unit that the cell counts."""

    name: ClassVar[str] = "actors"
    doc: ClassVar[str] = "The users or accounts that a cell of another behaviour question counts."
    columns: ClassVar[Mapping[str, str]] = {
        "unit": "what the question counts",
        "user_id": "the user of the event that put the unit there",
        "account_id": "the account of that event; of an account that did nothing, itself",
        "when": "the moment of that event; null where nothing was ever done",
        "complete": "always true",
    }
    of_events: ClassVar[bool] = True
    of_lines: ClassVar[bool] = False
    of: Mapping[str, Any] = asked("object", "The question, as JSON.")
    cell: Mapping[str, Any] = asked("object", "The cell, by columns of its answer.")
    where: Where = base.WHERE
    definition: str | None = base.DEFINITION

    def __post_init__(self) -> None:
        super().__post_init__()
        inner = self._asked()
        if self.definition is None:
            object.__setattr__(self, "definition", inner.definition)  # type: ignore[attr-defined]

    def answer(self, ask: Ask) -> Result:
        inner = self._asked()
        found, events = inner.behind(ask, self.cell)
        silent = pa.array(inner.silent(ask, self.cell), pa.string())
        unit = found.unit_of(events)
        _, first = np.unique(unit, return_index=True)
        rows = trails.rows(ask.snapshot, found.row_key[events[first]]).select(
            ["row_key", "user_id", "account_id", "ts"]
        )
        place = {key: i for i, key in enumerate(rows["row_key"].to_pylist())}
        order = pa.array([place[key] for key in found.row_key[events[first]].tolist()], pa.int64())
        taken = rows.take(order)
        table = pa.table(
            {
                "unit": found.names.take(pa.array(unit[first])),
                "user_id": taken["user_id"],
                "account_id": taken["account_id"],
                "when": taken["ts"],
                "complete": pa.array([True] * len(order), pa.bool_()),
            }
        )
        if len(silent):  # only accounts can be silent, and are known without an event
            unheard = {"unit": silent, "account_id": silent, "complete": pa.array([True] * len(silent))}
            blank = {name: pa.nulls(len(silent), table.schema.field(name).type) for name in ("user_id", "when")}
            table = pa.concat_tables([table, pa.table(unheard | blank).select(table.column_names)])
        return Result(table.sort_by([("unit", "ascending")]))

    def clock(self, snapshot: Snapshot) -> str:
        return self._asked().clock(snapshot)

    def persons(self) -> frozenset[str]:
        return self._asked().persons()

    def personal(self) -> frozenset[str]:
        inner = self._asked()
        return inner.personal() | (frozenset() if getattr(inner, "unit", "") == "account" else {"unit"})

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        return self._asked().rows_behind(ask, self.cell)

    def _asked(self) -> Behaviour:
        """The question it is about, narrowed to the same accounts."""
        given = dict(self.of)
        family = OF.get(str(given.pop("question", "")))
        if family is None:
            raise base.refused("of", f"Ask for the actors of: {', '.join(OF)}.")
        if self.where.accounts or self.where.rows:
            inner = family.parse({k: v for k, v in given.items() if k == "where"} | _needed(family, given))
            joined = Where(inner.where.rows + self.where.rows, inner.where.accounts + self.where.accounts)  # type: ignore[attr-defined]
            given["where"] = joined
        if self.definition is not None:
            given.setdefault("definition", self.definition)
        return family.parse(given)  # type: ignore[return-value]


def _needed(family: type[Behaviour], given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that the family cannot do without."""
    return {key: value for key, value in given.items() if key == "steps" and family is Funnel}
