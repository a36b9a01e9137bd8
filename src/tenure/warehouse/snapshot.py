"""What a question reads from: fixed versions of the lake's tables, a moment of knowledge, a definition and a day.

Hides the engine and the parameters every measure shares. An answer depends on nothing but its question and a snapshot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

import pyarrow as pa

from tenure.core.definition import Definition
from tenure.warehouse import measures
from tenure.warehouse.measures import Condition
from tenure.warehouse.rates import Rates

T = TypeVar("T")

EVER = datetime(1, 1, 2, tzinfo=UTC)
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
TABLES_OF: dict[str, tuple[str, ...]] = {
    "subscription_rows": ("subscriptions",),
    "contract_rows": ("contracts",),
    "invoice_rows": ("invoice_lines",),
    "discount_rows": ("discounts",),
    "account_rows": ("accounts",),
    "fx_rates": ("fx_rates",),
    "account_ids": ("subscriptions", "contracts", "invoice_lines", "accounts"),
    "closes": ("closes",),
    "metric_definitions": ("metric_definitions",),
    "proof_subscriptions": ("subscriptions",),
    "proof_contracts": ("contracts",),
    "proof_invoice_lines": ("invoice_lines",),
    "proof_discounts": ("discounts",),
    "invoiced": ("invoice_lines",),
    "event_rows": ("events",),
    "event_entries": ("event_entries",),
    "event_keys": ("events",),
    "identity_rows": ("identities",),
    "contact_users": ("contacts",),
    "touch_rows": ("touches", "contacts"),
    "lead_rows": ("leads",),
    "deal_rows": ("deals",),
    "lead_sums": ("leads", "deals"),
    "origin_rows": ("leads", "deals"),
    "spend_rows": ("spend",),
    "spend_sums": ("spend",),
    "flawed_subscriptions": ("subscriptions",),
    "flawed_contracts": ("contracts",),
    "flawed_invoice_lines": ("invoice_lines",),
    "flawed_discounts": ("discounts",),
    "flawed_accounts": ("accounts",),
    "flawed_fx_rates": ("fx_rates",),
}
"""The tables of the lake that each measure reads."""


class Engine(Protocol):
    """What a snapshot needs of an engine."""

    def query(
        self, sql: str, params: Mapping[str, Any] | None = None, tables: Mapping[str, Any] | None = None
    ) -> pa.Table:
        """The rows of one statement; `tables` maps a name to a version or to an Arrow table."""

    def walked(
        self,
        sql: str,
        params: Mapping[str, Any],
        tables: Mapping[str, Any],
        order: Sequence[str],
        together: str | None,
        walk: Callable[[pa.Table], T],
    ) -> list[T]:
        """What `walk` makes of the rows of a statement in this order, in one or more parts.

        Rows with the same value in the column `together` are in one part; None where any row may be in any part.
        """


class Sequences(Protocol):
    """What a snapshot needs of a sequence index."""

    def of(self, snapshot: Snapshot) -> object | None:
        """The index, opened, if it stands for the snapshot."""

    def remember(self, properties: Sequence[str]) -> None:
        """Note what it has no column for."""


ARRIVING = ("events", "identities")
"""Tables that grow by the second; what does not read them is not asked anew when they do."""


@dataclass
class Snapshot:
    """Fixed versions, definition and clock; remembers which measures were run and how many rows they gave."""

    engine: Engine
    versions: Mapping[str, int]
    definition: Definition
    now: datetime
    lake_timezone: str = "UTC"
    threads: int = 1
    """how many threads a walk may use"""
    sequences: Sequences | None = None
    """where events lie sorted by unit and time; None = in the lake alone"""
    known_at: datetime | None = None
    """the moment of knowledge; None = now, with everything that is recorded"""
    with_superseded: bool = False
    """also the rows that are no longer known"""
    sql: dict[str, str] = field(default_factory=dict)
    rows_read: dict[str, int] = field(default_factory=dict)
    kept: dict[str, tuple[Any, Any]] = field(default_factory=dict, init=False)
    """by name what was last made of the rows, and for what: the cells of one answer ask for the same"""

    @property
    def today(self) -> date:
        """The local day of the question's clock."""
        return self.now.astimezone(ZoneInfo(self.definition.timezone)).date()

    def under(self, definition: Definition) -> Snapshot:
        """The same rows under another definition."""
        return replace(self, definition=definition, sql=self.sql, rows_read=self.rows_read)

    def known(self, moment: datetime | None) -> Snapshot:
        """The same tables as they were known at a moment."""
        return replace(self, known_at=moment, sql=self.sql, rows_read=self.rows_read)

    def end_of(self, day: date) -> datetime:
        """The moment a local day is over."""
        local = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(self.definition.timezone))
        return local.astimezone(UTC)

    def made(self, name: str, wanted: Any, make: Callable[[], T]) -> T:
        """What `make` makes of the rows for what is wanted; made again only where something else was wanted since."""
        known = self.kept.get(name)
        if known is None or known[0] != wanted:
            known = self.kept[name] = (wanted, make())
        return known[1]

    @property
    def _moments(self) -> dict[str, datetime]:
        if self.with_superseded:
            return {"recorded_before": NEVER, "superseded_from": EVER}
        if self.known_at is None:
            return {"recorded_before": NEVER, "superseded_from": self.now + timedelta(microseconds=1)}
        return {"recorded_before": self.known_at, "superseded_from": self.known_at}

    def run(
        self,
        measure: str,
        select: Sequence[str] | None = None,
        where: Sequence[Condition] = (),
        beside: Mapping[str, pa.Table] | None = None,
    ) -> pa.Table:
        """The rows of a measure; `beside` hands it small tables of our own by name."""
        sql, values = measures.compose(measure, select, where)
        return self.select(measure, sql, values, beside)

    def select(
        self, measure: str, sql: str, values: Mapping[str, Any], beside: Mapping[str, pa.Table] | None = None
    ) -> pa.Table:
        """The rows of a statement that was made of a measure."""
        out = self.engine.query(sql, {**self._moments, **values}, self._tables(measure, beside))
        self._note(measure, sql, out.num_rows)
        return out

    def walked(
        self,
        measure: str,
        sql: str,
        values: Mapping[str, Any],
        beside: Mapping[str, pa.Table],
        order: Sequence[str],
        together: str | None,
        walk: Callable[[pa.Table], T],
    ) -> list[T]:
        """What `walk` makes of the rows of a statement, part by part, as the engine deals them out."""
        tables = self._tables(measure, beside)
        parts = self.engine.walked(
            sql, {**self._moments, **values}, tables, order, together, partial(_with_count, walk)
        )
        self._note(measure, sql, sum(count for count, _ in parts))
        return [made for _, made in parts]

    def _tables(self, measure: str, beside: Mapping[str, pa.Table] | None) -> dict[str, Any]:
        names = (*TABLES_OF[measure], "supersessions")
        return {**{name: self.versions.get(name) for name in names}, **(beside or {})}

    def _note(self, measure: str, sql: str, rows: int) -> None:
        self.sql[measure] = sql
        self.rows_read[measure] = max(self.rows_read.get(measure, 0), rows)

    def __getstate__(self) -> dict[str, Any]:
        """What an executor gets of it: definition and clock, without the lake."""
        return {**self.__dict__, "engine": None, "sequences": None, "kept": {}}

    def has(self, table: str) -> bool:
        """Is there such a table in the lake?"""
        return table in self.versions

    @cached_property
    def rates(self) -> Rates:
        """The exchange rates, as known now."""
        if not self.has("fx_rates"):
            return Rates(self.definition.reporting_currency)
        return Rates.of(self.known(None).run("fx_rates"), self.definition.reporting_currency)


def _with_count(walk: Callable[[pa.Table], T], rows: pa.Table) -> tuple[int, T]:
    return rows.num_rows, walk(rows)
