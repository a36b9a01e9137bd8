"""Rows as given into rows of the lake: read leniently, priced per month, keyed. Hides every default and repair.

A cell that cannot be read becomes null and its row names the flaw; a column the table does not know goes to
`attributes`; nothing about a cell raises. What is derived from a row depends on that row alone, but for its `place`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core import localtime
from tenure.core.hashing import stable_hash
from tenure.warehouse import cells, schema
from tenure.warehouse.columns import Draft, flags
from tenure.warehouse.derived import derive
from tenure.warehouse.lake import unknown_table
from tenure.warehouse.sources import Cells, columns_of

_NAMED_BY = {"invoice_lines": "line_id", "events": "event_id", "touches": "touch_id"}
"""Tables whose own id is that of the row."""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of the rows: how many, which columns the table does not know, how often which flaw was found."""

    table: str
    rows: int
    unknown_columns: list[str]
    flaws: dict[str, int]
    version: int | None = None


def conform(
    name: str,
    rows: Any,
    *,
    timezone: str,
    reporting_currency: str,
    recorded_at: datetime,
    source: str | None,
    origin: str,
    batch: str,
) -> tuple[pa.Table, LoadReport]:
    """The rows as the lake keeps them, with all derived columns, and a report.

    `rows` is an Arrow table, a frame, dicts, or the path of a csv, tsv, xlsx, parquet or jsonl file.
    Raises: LoadRefused if there is no such table or the input is not rows at all; never for a single cell.
    """
    table = schema.TABLES.get(name)
    if table is None:
        raise unknown_table(name, list(schema.TABLES))
    given, count = columns_of(rows)
    draft = Draft(table, count, timezone, reporting_currency)
    known, unknown = _assigned(table, given)
    for column in table.inputs:
        if column.name != "attributes":
            draft.read(column, known.get(column.name, []))
    _identify(draft, source, origin, batch, recorded_at)
    draft.columns["attributes"] = _attributes(draft, known.get("attributes", []), {n: given[n] for n in unknown})
    _complete(draft)
    derive(draft)
    draft.columns["flaws"] = _flaw_lists(draft)
    made = pa.table([draft.columns[column] for column in table.arrow.names], schema=table.arrow)
    counts = {kind: int(rows.sum()) for kind, rows in sorted(draft.flaws.items())}
    return made, LoadReport(name, count, sorted(unknown), counts)


def _assigned(table: schema.Table, given: dict[str, Cells]) -> tuple[dict[str, list[Cells]], list[str]]:
    """(table column -> the given columns that fill it, best first; given columns that the table does not know)."""
    inputs = {column.name for column in table.inputs}
    known: dict[str, list[Cells]] = {}
    unknown = []
    for exact in (True, False):
        for name, column in given.items():
            if (name in inputs) is not exact:
                continue
            plain = name.strip().lower().replace(" ", "_").replace("-", "_")
            target = plain if plain in inputs else schema.GIVEN_AS.get(plain)
            if target == "row_id" and plain not in ("row_id", f"{table.name.removesuffix('s')}_id"):
                target = None  # the id of another table's row
            if target in inputs:
                known.setdefault(str(target), []).append(column)
            else:
                unknown.append(name)
    return known, unknown


def _identify(draft: Draft, source: str | None, origin: str, batch: str, recorded_at: datetime) -> None:
    """Who sent the row, what names it, when it was recorded."""
    columns = draft.columns
    if source is not None:
        columns["source"] = columns["source"].fill_null(source)
    own = _NAMED_BY.get(draft.table.name)
    if own is not None:
        columns["row_id"] = pc.coalesce(columns["row_id"], columns[own])
    if columns["row_id"].null_count:
        numbers = pa.array(np.arange(draft.count)).cast(pa.string())
        made = pc.binary_join_element_wise(pa.scalar(batch, pa.string()), numbers, "/")
        columns["row_id"] = pc.coalesce(columns["row_id"], made)
    at = pa.scalar(localtime.moment(recorded_at, localtime.zone("UTC")), pa.int64()).cast(schema.STAMP)
    columns["recorded_at"] = columns["recorded_at"].fill_null(at)
    columns["origin"] = pa.repeat(pa.scalar(origin, pa.string()), draft.count)
    columns["row_key"] = pa.array(stable_hash(columns["source"].fill_null(""), columns["row_id"]))


def _attributes(draft: Draft, given: list[Cells], unknown: dict[str, Cells]) -> pa.Array:
    """One JSON object per row of what the table does not know; null where there is nothing.

    The parts begin with their comma, of which the first is cut off.
    """
    parts = [
        draft.texts(column, partial(_member, cells.as_json(cells.clean(name)[0])))
        for name, column in sorted(unknown.items())
    ]
    parts += [draft.texts(column, _members) for column in given]
    if not parts:
        return pa.nulls(draft.count, pa.string())
    joined = pc.binary_join_element_wise(*(part.fill_null("") for part in parts), "")
    whole = pc.binary_join_element_wise("{", pc.utf8_slice_codeunits(joined, 1), "}", "")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), whole)


def _member(key: str, value: Any) -> str | None:
    return None if cells.is_empty(value) else f",{key}:{cells.as_json(value)}"


def _members(value: Any) -> str | None:
    """The inside of a JSON object; a value that is not an object is kept under `attributes`."""
    text = cells.json_text(value)
    if text is None:
        return None
    text = text.strip()
    if not text.startswith("{"):
        return f',"attributes":{text}'
    inside = text[1:-1].strip()
    return f",{inside}" if inside else None


def _complete(draft: Draft) -> None:
    """Fill what has a default, and flag what a row cannot do without."""
    columns = draft.columns
    for column in draft.table.inputs:
        if (
            column.default is not None
            and column.name not in ("currency", "recorded_at")
            and columns[column.name].null_count
        ):
            columns[column.name] = columns[column.name].fill_null(pa.scalar(column.default).cast(column.arrow))
    if "currency" in columns:
        upper = pc.utf8_upper(columns["currency"])
        if draft.table.by_name["currency"].default is not None:
            upper = upper.fill_null(draft.currency)
        draft.flag("bad_currency", ~flags(pc.match_substring_regex(upper, "^[A-Z]{3}$").fill_null(True)))
        columns["currency"] = upper
    for name in draft.table.required:
        kind = draft.table.by_name[name].kind
        missing = ~draft.valid(name) & ~draft.unread(name)
        draft.flag("bad_date" if kind == "day" else f"missing_{name}", missing)
    if {"start", "end"} <= columns.keys():
        draft.flag("end_before_start", flags(pc.less_equal(columns["end"], columns["start"]).fill_null(False)))


def _flaw_lists(draft: Draft) -> pa.Array:
    """The kinds of flaws of each row, in the order of their names."""
    kinds = sorted(draft.flaws)
    offsets = np.zeros(draft.count + 1, np.int32)
    if not kinds:
        return pa.ListArray.from_arrays(pa.array(offsets), pa.array([], pa.string()))
    matrix = np.stack([draft.flaws[kind] for kind in kinds], axis=1)
    np.cumsum(matrix.sum(axis=1), out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(kinds).take(pa.array(np.nonzero(matrix)[1])))
