"""What people did with the product, and who they are."""

from __future__ import annotations

import pyarrow as pa

from tenure.warehouse.schema.columns import ACCOUNT_KEY, FLAWS, IDENTITY, USER_KEY, Column, Table, derived_column

TABLES = (
    Table(
        "events",
        "What people did with the product. An event is sent once, and never changed.",
        ("event_id",),
        ("event", "ts"),
        (
            Column("event_id", "text", "the event's id; a repeated one is the same event sent twice"),
            Column("account_id", "text", "the account it happened in; empty = the one its user belongs to"),
            Column("user_id", "text", "the person who did it"),
            Column("anonymous_id", "text", "the device, as long as nobody says who is using it"),
            Column("event", "text", "what was done"),
            Column("ts", "stamp", "when it was done, by the corrected clock of the device"),
            Column("properties", "json", "what is to be said of it, as a JSON object"),
            Column("received_at", "stamp", "when we received it"),
            *IDENTITY,
            ACCOUNT_KEY,
            USER_KEY,
            derived_column("place", pa.int64(), "place among the rows handed over together: orders equal moments"),
            FLAWS,
        ),
    ),
    Table(
        "identities",
        "Who is behind an id, and where a person belongs, from a moment on. Made by identify, alias and group.",
        ("anonymous_id", "user_id", "account_id", "valid_from"),
        (),
        (
            Column("anonymous_id", "text", "an id of a device, or an id that a person had before"),
            Column("user_id", "text", "the person"),
            Column("account_id", "text", "the account the person belongs to"),
            Column("valid_from", "stamp", "from when on; the first also speaks for the time before"),
            *IDENTITY,
            FLAWS,
        ),
    ),
    Table(
        "event_entries",
        "What people wrote of events: the entries of the event catalogue.",
        ("event",),
        ("event",),
        (
            Column("event", "text", "the event's name"),
            Column("feature", "text", "the feature it belongs to; empty = none"),
            Column("owner", "text", "who knows about it"),
            Column("description", "text", "what it means that it was done"),
            Column("hidden", "boolean", "whether it is noise, that no list offers and no heat map shows"),
            *IDENTITY,
            FLAWS,
        ),
    ),
)
