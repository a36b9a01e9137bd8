"""The tables of the lake: every column with its type, unit and meaning. Hides how a column is typed in Arrow.

`TABLES[name]` is the one source: `ingest` builds rows by it, the docs page `reference/tables.md` is made from it.

Conventions
- Money is `decimal(38,12)` without tax; quantities, rates and percentages share the type.
- Days are `date32`, local to the workspace's time zone. Where a moment was given instead of a day, the column
  `NAME_at` keeps it (UTC), so that the day can be made again for another time zone.
- An `end` is exclusive: the first day without service.
- Columns of kind `derived` are computed once, on load, and never accepted from outside.
"""

from __future__ import annotations

import pyarrow as pa

from tenure.warehouse.schema import billing, dealing, selling, steering, usage
from tenure.warehouse.schema.columns import ARROW, DAY, MONEY, SPAN, STAMP, STEP, Column, Table

__all__ = [
    "ARROW",
    "DAY",
    "GIVEN_AS",
    "MONEY",
    "REFUSED_EVENTS",
    "SPAN",
    "STAMP",
    "STEP",
    "SUPERSESSIONS",
    "TABLES",
    "Column",
    "Table",
]

TABLES: dict[str, Table] = {
    t.name: t for t in (*selling.TABLES, *dealing.TABLES, *billing.TABLES, *usage.TABLES, *steering.TABLES)
}

SUPERSESSIONS = pa.schema(
    [
        pa.field("table", pa.string()),
        pa.field("row_key", pa.int64()),
        pa.field("superseded_at", STAMP),
    ]
)
"""Rows of other tables that ceased to be what we know: written by the mirror, joined when a table is read."""

REFUSED_EVENTS = pa.schema(
    [
        pa.field("refused_id", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("field", pa.string()),
        pa.field("content", pa.string()),
        pa.field("call", pa.string()),
        pa.field("source", pa.string()),
        pa.field("received_at", STAMP),
    ]
)
"""What arrived by the tracking protocol and is no event: what was sent, by which call and key, and the reason."""

GIVEN_AS = {
    "cancelled_at": "cancelled",
    "signed_at": "signed",
    "unpaid_at": "unpaid",
    "notice_given_at": "notice_given",
    "converted_at": "converted",
    "left_at": "left",
    "notified_at": "notified",
    "discount_id": "row_id",
    "customer_id": "account_id",
    "timestamp": "ts",
    "message_id": "event_id",
}
"""Names of the public contract whose column is called otherwise here (a day keeps its moment under `NAME_at`)."""
