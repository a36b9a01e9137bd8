"""Rows of versions as Arrow, and back to what the store keeps. Hides the two stores' ways of writing a value.

Lists (pauses, schedule, renews, roles) are kept as canonical JSON text, so that equal content is equal text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from tenure.apps.workspaces.versions import Version
from tenure.core.money import trimmed
from tenure.warehouse import schema

CHUNK = 50_000
LISTS = frozenset({"spans", "steps", "texts"})


def arrow_type(model: type[Version], name: str) -> pa.DataType:
    """The type of a column on its way to the lake."""
    if name == "given_id":
        return pa.string()
    return model.table().by_name[name].arrow


def arrow_schema(model: type[Version]) -> pa.Schema:
    """What an outbox entry of this table holds: the content, the version's row_id and when we came to know it."""
    names = (*model.content(), "row_id", "recorded_at")
    return pa.schema([pa.field(name, arrow_type(model, name)) for name in names])


def as_json(value: Any) -> str:
    """Canonical JSON text: sorted keys, no spaces, days as 2024-03-31, numbers of money as text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain, allow_nan=False)


def _plain(value: Any) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(trimmed(value), "f")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def list_text(kind: str, value: Sequence[Any] | None) -> str | None:
    """A list column as the store keeps it; None and an empty list are the same."""
    if not value:
        return None
    if kind == "steps":
        value = [{k: v for k, v in step.items() if k != "mrr"} for step in value]
    return as_json(list(value))


def list_value(kind: str, text: str | None) -> list[Any] | None:
    """A list column as Python values, from what the store keeps."""
    if text is None:
        return None
    items = json.loads(text)
    if kind == "texts":
        return list(items)
    return [{k: _cell(k, v) for k, v in item.items()} for item in items]


def _cell(name: str, value: str | None) -> Any:
    if value is None:
        return None
    return date.fromisoformat(value) if name in {"from", "to"} else Decimal(value)


def stored(column: pa.ChunkedArray | pa.Array, kind: schema.Kind, name: str) -> pa.Array:
    """A column of a staged file as the text (or number) that the store's columns take."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if kind in LISTS:
        return pa.array([list_text(kind, value) for value in array.to_pylist()], pa.string())
    if kind == "json":
        return pa.array([_canonical(value) for value in array.to_pylist()], pa.string())
    dtype = schema.STAMP if kind == "derived" else schema.ARROW[kind]
    array = array if array.type == dtype else array.cast(dtype)
    if pa.types.is_timestamp(dtype):
        texts = pc.strftime(array, "%Y-%m-%d %H:%M:%S")
        return pc.replace_substring_regex(texts, r"\.000000$", "")
    if pa.types.is_boolean(dtype) or pa.types.is_integer(dtype):
        return array
    return array.cast(pa.string())


def _canonical(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return as_json(json.loads(text))
    except ValueError:
        return text


def batches(model: type[Version], sql: str, parameters: Sequence[Any] = ()) -> Iterator[pa.Table]:
    """Versions as Arrow in chunks, streamed: `sql` selects the columns of `arrow_schema` in its order."""
    wanted = arrow_schema(model)
    kinds = {c.name: c.kind for c in model.table().columns}
    with connection.chunked_cursor() as cursor:
        cursor.execute(sql, parameters)
        while found := cursor.fetchmany(CHUNK):
            columns = zip(*found, strict=True)
            arrays = [_arrow(values, field, kinds[field.name]) for values, field in zip(columns, wanted, strict=True)]
            yield pa.Table.from_arrays(arrays, schema=wanted)


def _arrow(values: Sequence[Any], field: pa.Field, kind: schema.Kind) -> pa.Array:
    if kind in LISTS:
        return pa.array([list_value(kind, value) for value in values], field.type)
    if connection.vendor == "sqlite" and pa.types.is_decimal(field.type):
        return pa.array(values, pa.string()).cast(field.type)
    if connection.vendor == "sqlite" and pa.types.is_timestamp(field.type):
        return pa.array(values, pa.timestamp("us")).cast(field.type)
    return pa.array(values, field.type)
