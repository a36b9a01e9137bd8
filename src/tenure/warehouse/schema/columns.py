"""What a table of the lake is made of: columns with type, unit and meaning, and those that tables share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

MONEY = pa.decimal128(38, 12)
DAY = pa.date32()
STAMP = pa.timestamp("us", tz="UTC")
SPAN = pa.list_(pa.struct([("from", DAY), ("to", DAY)]))
STEP = pa.list_(pa.struct([("from", DAY), ("to", DAY), ("amount", MONEY), ("mrr", MONEY)]))

Kind = Literal["text", "number", "integer", "boolean", "day", "stamp", "spans", "steps", "texts", "json", "derived"]

ARROW: dict[str, pa.DataType] = {
    "text": pa.string(),
    "number": MONEY,
    "integer": pa.int32(),
    "boolean": pa.bool_(),
    "day": DAY,
    "stamp": STAMP,
    "spans": SPAN,
    "steps": STEP,
    "texts": pa.list_(pa.string()),
    "json": pa.string(),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how it is written (`kind`), what it means and in which unit, and its default."""

    name: str
    kind: Kind
    doc: str
    default: str | None = None
    dtype: pa.DataType | None = None

    @property
    def arrow(self) -> pa.DataType:
        return self.dtype if self.dtype is not None else ARROW[self.kind]


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns, the columns that name a row (`key`), and those a row cannot do without (`required`)."""

    name: str
    doc: str
    key: tuple[str, ...]
    required: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def by_name(self) -> dict[str, Column]:
        return {c.name: c for c in self.columns}

    @property
    def inputs(self) -> tuple[Column, ...]:
        """The columns a person or a file may give."""
        return tuple(c for c in self.columns if c.kind != "derived")

    @property
    def arrow(self) -> pa.Schema:
        return pa.schema([pa.field(c.name, c.arrow) for c in self.columns])


def derived_column(name: str, dtype: pa.DataType, doc: str) -> Column:
    return Column(name, "derived", doc, dtype=dtype)


def day_columns(name: str, doc: str) -> tuple[Column, Column]:
    """A day column with the moment it was made from, if a moment was given."""
    return Column(name, "day", doc), derived_column(
        f"{name}_at", STAMP, f"the moment `{name}` was given as, if it was one"
    )


IDENTITY = (
    Column("source", "text", "the system the row came from"),
    Column("row_id", "text", "the row's own id; a repeated one is the same row sent twice. Made on load if empty"),
    Column("recorded_at", "stamp", "when we came to know the row", default="the time of loading"),
    Column("superseded_at", "stamp", "when it ceased to be what we know; empty = still is"),
    Column("attributes", "json", "columns of the input that the table does not know"),
    derived_column(
        "origin", pa.string(), "`load` (handed to the lake) or `store` (mirrored from the application store)"
    ),
    derived_column("row_key", pa.int64(), "stable hash of (source, row_id)"),
)
ACCOUNT_KEY = derived_column("account_key", pa.int64(), "stable hash of account_id: the bucket and the sort key")
USER_KEY = derived_column("user_key", pa.int64(), "stable hash of user_id, or of anonymous_id where there is none")
LINE_KEY = derived_column("line_key", pa.int64(), "stable hash of the line whose versions exclude each other")
SUBSCRIPTION_KEY = derived_column(
    "subscription_key", pa.int64(), "stable hash of subscription_id: discounts find their lines by it"
)
MRR = derived_column(
    "mrr", MONEY, "list price per month and in full, in `currency`: what the line adds to MRR before discounts"
)
FLAWS = derived_column("flaws", pa.list_(pa.string()), "what was wrong with the row as given, as anomaly kinds")
