"""Rows of the lake lose columns for good: rewritten in one commit, and every older file deleted at once."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import reduce
from operator import or_

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from tenure.core.hashing import stable_hash
from tenure.warehouse import mirror
from tenure.warehouse.lake import Lake, schema_of

APP = "forgetting"
"""The name under which the lake counts what is rewritten here and is no mirror of the store."""
NAMING = ("user_id", "anonymous_id")
"""Columns of events and identities that hold the ids of a person."""
TELLING = {
    "events": ("properties", "attributes"),
    "identities": ("attributes",),
    "refused_events": ("content",),
    "accounts": ("attributes",),
    "leads": ("message", "capture", "reason", "referrer", "attributes"),
    "touches": ("attributes",),
    "deals": ("name", "next_step", "lost_reason", "attributes"),
    "committee_members": ("concerns", "criteria", "attributes"),
    "tenders": ("review", "attributes"),
    "demand_links": ("quote", "attributes"),
    "activities": ("subject", "body", "outcome", "attributes"),
}
"""Tables of what people did, or what was done about them -> columns that may hold anything."""


def ids_of(lake: Lake, user_ids: Collection[str]) -> frozenset[str]:
    """The ids that stand for a person: those given, what they were renamed to, and those of devices that name them."""
    said = lake.read("identities", NAMING).to_pylist()
    found = set(user_ids)
    for known, other in (("anonymous_id", "user_id"), ("user_id", "anonymous_id")):
        before = -1
        while before != len(found):
            before = len(found)
            found |= {row[other] for row in said if row[known] in found and row[other] is not None}
    return frozenset(found)


def new_names(ids: Collection[str], secret: bytes) -> dict[str, str]:
    """An id for each that tells nothing without the secret: one becomes one other, so whoever was counted once is
    counted once; and the same again when an erasure that was killed is begun again.
    """
    return {one: f"erased-{hmac.new(secret, one.encode(), 'sha256').hexdigest()[:16]}" for one in ids}


def rename(
    lake: Lake, names: Mapping[str, str], words: Collection[str], replaced: Callable[[str], str]
) -> dict[str, dict[str, int]]:
    """Put new names in the place of a person's ids in what they did, and take the words out of it.

    Gives rows and versions by table.
    """
    return {
        table: _renamed(lake, table, names, words, replaced) for table in TELLING if lake.version(table) is not None
    }


def _renamed(
    lake: Lake, table: str, names: Mapping[str, str], words: Collection[str], replaced: Callable[[str], str]
) -> dict[str, int]:
    columns = schema_of(table).names
    naming = [name for name in NAMING if name in columns]
    terms = [ds.field(name).isin(pa.array(names, pa.string())) for name in naming]
    terms += [pc.match_substring(ds.field(name), word) for name in TELLING[table] for word in words]
    before = lake.version(table) or 0
    rows = 0
    with lake.lock(table):
        seen = lake.version(table)
        if terms:
            either = reduce(or_, terms)
            wanted = either.is_valid() & either  # a text that is not there names nobody, and its row stays
            found = lake.read(table, version=seen, where=wanted)
            rows = found.num_rows
            if rows:
                for name in naming:
                    found = _with(found, name, lambda text: names.get(text, text))
                for name in TELLING[table]:
                    found = _with(found, name, replaced)
                if "user_key" in columns:
                    keys = stable_hash(pc.coalesce(found["user_id"], found["anonymous_id"]))
                    found = found.set_column(columns.index("user_key"), "user_key", pa.array(keys))
                position = (lake.transaction(table, APP) or 0) + 1
                lake.replace(table, [found], ~wanted, transaction=(APP, position), version=seen)
    return {"rows": rows, "before": before, "after": lake.version(table) or 0}


def _with(table: pa.Table, name: str, changed: Callable[[str], str]) -> pa.Table:
    """The table with each text of a column changed."""
    texts = [None if text is None else changed(text) for text in table[name].to_pylist()]
    return table.set_column(table.column_names.index(name), table.field(name), pa.array(texts, pa.string()))


def blank(
    lake: Lake, table: str, key: str, values: Collection[str], columns: Collection[str], names: Mapping[str, str]
) -> int:
    """Make columns null in the rows whose `key` is one of the values; how many rows there were. An id that has a new
    name takes it.

    Older versions of the table can still be read until `delete_older`.
    """
    wanted = ds.field(key).isin(list(values))
    seen = lake.version(table)
    found = lake.read(table, version=seen, where=wanted)
    if found.num_rows:
        for name in columns:
            place = found.column_names.index(name)
            kept = [names.get(one) for one in found[name].to_pylist()] if name in NAMING else None
            gone = pa.nulls(found.num_rows, found.field(name).type)
            found = found.set_column(place, found.field(name), gone if kept is None else pa.array(kept, pa.string()))
        position = lake.transaction(table, mirror.APP) or 0
        lake.replace(table, [found], ~wanted, transaction=(mirror.APP, position), version=seen)
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
