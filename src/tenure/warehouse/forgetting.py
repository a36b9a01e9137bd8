"""Rows of the lake lose columns for good: rewritten in one commit, and every older file deleted at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from tenure.warehouse import mirror
from tenure.warehouse.lake import Lake, schema_of


def blank(lake: Lake, table: str, key: str, values: Collection[str], columns: Collection[str]) -> int:
    """Make columns null in the rows whose `key` is one of the values; how many rows there were.

    Older versions of the table can still be read until `delete_older`.
    """
    wanted = ds.field(key).isin(list(values))
    found = lake.read(table, where=wanted)
    if found.num_rows:
        for name in columns:
            place = found.column_names.index(name)
            found = found.set_column(place, found.field(name), pa.nulls(found.num_rows, found.field(name).type))
        position = lake.transaction(table, mirror.APP) or 0
        lake.replace(table, [found], ~wanted, transaction=(mirror.APP, position))
    return int(found.num_rows)


def delete_older(lake: Lake, table: str) -> int:
    """Delete every file that the newest version does not name; how many there were. Older versions cannot be read."""
    return lake.clean(table, keep_hours=0)


def tables_with(lake: Lake, words: Collection[str]) -> Iterator[str]:
    """The tables in whose newest version one of the words stands in a text column."""
    for name in lake.versions():
        texts = [field.name for field in schema_of(name) if pa.types.is_string(field.type)]
        rows = lake.read(name, texts)
        if any(pc.any(pc.match_substring(rows[column], word)).as_py() for column in texts for word in words):
            yield name
