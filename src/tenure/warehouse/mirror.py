"""The mirror of the application store in the lake: each change exactly once, all changes of a flush at once.

A table takes the position of the last change in its commit (a Delta application transaction), so a change that is
handed over twice is written once. Several tables cannot be committed together; so while a flush is under way, and
after one that died, a small file says at which version each touched table was before it, and `snapshot` reads those.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import pyarrow as pa
import pyarrow.dataset as ds

from tenure.core.errors import TenureError
from tenure.core.hashing import stable_hash
from tenure.warehouse import schema
from tenure.warehouse.ingest import conform
from tenure.warehouse.lake import Lake

APP = "outbox"
STORE = "store"
SUPERSESSIONS = "supersessions"
VEIL = ".mirror.json"
ROWS_AT_ONCE = 200_000
SUPERSEDE = pa.schema(
    [pa.field("source", pa.string()), pa.field("row_id", pa.string()), pa.field("superseded_at", schema.STAMP)]
)
"""What a change of kind `supersede` carries: the versions, by (source, row_id), that ceased to be known."""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the outbox.

    `insert`: input columns of the table with row_id and recorded_at (NAME_at beside NAME where a moment was given).
    `supersede`: the columns of SUPERSEDE.
    """

    position: int
    table: str
    op: Literal["insert", "supersede"]
    rows: pa.Table


def apply(lake: Lake, changes: Iterable[Change], *, timezone: str, reporting_currency: str) -> int:
    """Write changes, in the order of their positions, to the lake; return the last position (0 without changes).

    Safe to repeat and to kill: what a table has already is left out, and readers that use `snapshot` see either
    nothing or all of it.
    """
    last = 0
    with lake.lock("mirror"):
        veil = _Veil(lake)
        for batch in _batches(changes):
            last = batch[-1].position
            for name, part in _by_lake_table(batch).items():
                while fresh := _not_taken(lake, name, part):
                    done, changes_left = fresh
                    rows = _lake_rows(name, changes_left, timezone, reporting_currency)
                    veil.hide(name)
                    try:
                        lake.append(name, rows, transaction=(APP, changes_left[-1].position), after=done)
                    except TenureError as error:
                        if error.code != "lake.overtaken":  # by another machine: look again what is left
                            raise
        veil.lift()
    return last


def replay(
    lake: Lake,
    inserts: Mapping[str, Iterable[pa.Table]],
    superseded: Iterable[tuple[str, pa.Table]],
    position: int,
    *,
    timezone: str,
    reporting_currency: str,
) -> dict[str, int]:
    """Put the store's versions in the place of all rows that came from the store; return the rows written by table.

    `inserts` has every version per table, `superseded` pairs of (table, rows as in SUPERSEDE). Rows that were loaded
    straight into the lake stay. `position` is that of the last change the versions contain.
    """
    written: dict[str, int] = {}
    with lake.lock("mirror"):
        veil = _Veil(lake)
        for name, tables in inserts.items():
            rows = (_conformed(name, table, timezone, reporting_currency) for table in tables)
            veil.hide(name)
            written[name] = lake.replace(name, rows, ds.field("origin") != STORE, transaction=(APP, position))
        entries = (_superseded_rows(table, rows) for table, rows in superseded)
        veil.hide(SUPERSESSIONS)
        written[SUPERSESSIONS] = lake.replace(SUPERSESSIONS, entries, None, transaction=(APP, position))
        veil.lift()
    return written


def applied(lake: Lake) -> int:
    """The highest position that any table of the lake has taken in."""
    return max((lake.transaction(name, APP) or 0 for name in lake.versions()), default=0)


def hidden(lake: Lake) -> dict[str, int | None]:
    """The tables of a flush under way, or of one that was killed, and the versions they had before it."""
    return dict(_read_veil(lake)["hidden"])


def snapshot(lake: Lake) -> dict[str, int]:
    """The latest versions of all tables at which the mirror is whole: what an answer reads."""
    for _ in range(20):
        before = _read_veil(lake)
        versions = lake.versions()
        if _read_veil(lake) == before:
            return _veiled(versions, before)
    with lake.lock("mirror"):
        return _veiled(lake.versions(), _read_veil(lake))


# ---------------------------------------------------------------------- the veil


class _Veil:
    """The versions at which tables were before the flush under way; kept in a file, so that it outlives a kill."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        state = _read_veil(lake)
        self._sequence = int(state["sequence"])
        self._hidden: dict[str, int | None] = dict(state["hidden"])

    def hide(self, name: str) -> None:
        """Before the first commit to a table: let readers stay at the version it has."""
        if name not in self._hidden:
            self._hidden[name] = self._lake.version(name)
            self._write()

    def lift(self) -> None:
        """After the last commit: let readers see everything at once."""
        if self._hidden:
            self._hidden = {}
            self._write()

    def _write(self) -> None:
        self._sequence += 1
        said = json.dumps({"sequence": self._sequence, "hidden": self._hidden})
        with self._lake.storage.refusals():
            self._lake.storage.write(VEIL, said.encode("ascii"))


def _read_veil(lake: Lake) -> dict[str, Any]:
    with lake.storage.refusals():
        try:
            state: dict[str, Any] = json.loads(lake.storage.read(VEIL))
        except FileNotFoundError:
            return {"sequence": 0, "hidden": {}}
    return state


def _veiled(versions: dict[str, int], state: dict[str, Any]) -> dict[str, int]:
    merged = {**versions, **state["hidden"]}
    return {name: version for name, version in merged.items() if version is not None}


# ---------------------------------------------------------------------- rows


def _batches(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Changes in groups of a bounded number of rows."""
    batch: list[Change] = []
    rows = 0
    for change in changes:
        batch.append(change)
        rows += change.rows.num_rows
        if rows >= ROWS_AT_ONCE:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch


def _by_lake_table(batch: list[Change]) -> dict[str, list[Change]]:
    groups: dict[str, list[Change]] = defaultdict(list)
    for change in batch:
        groups[change.table if change.op == "insert" else SUPERSESSIONS].append(change)
    return groups


def _not_taken(lake: Lake, name: str, part: list[Change]) -> tuple[int, list[Change]] | None:
    """(the last position that a table has, the changes it does not have); None if it has all."""
    done = lake.transaction(name, APP) or 0
    fresh = [change for change in part if change.position > done]
    return (done, fresh) if fresh else None


def _lake_rows(name: str, changes: list[Change], timezone: str, reporting_currency: str) -> pa.Table:
    if name == SUPERSESSIONS:
        return pa.concat_tables([_superseded_rows(change.table, change.rows) for change in changes])
    rows = pa.concat_tables([change.rows for change in changes], promote_options="default")
    return _conformed(name, rows, timezone, reporting_currency)


def _superseded_rows(table: str, rows: pa.Table) -> pa.Table:
    columns = [
        pa.array([table] * rows.num_rows, pa.string()),
        pa.array(stable_hash(rows["source"].fill_null(""), rows["row_id"]), pa.int64()),
        rows["superseded_at"],
    ]
    return pa.Table.from_arrays(columns, schema=schema.SUPERSESSIONS)


def _conformed(name: str, rows: pa.Table, timezone: str, reporting_currency: str) -> pa.Table:
    """Rows of the store as the lake keeps them; the moment of a day stays the one the store has."""
    inputs = {column.name for column in schema.TABLES[name].inputs}
    moments = [column for column in rows.column_names if column not in inputs]
    table, _report = conform(
        name,
        rows.drop_columns(moments),
        timezone=timezone,
        reporting_currency=reporting_currency,
        recorded_at=datetime.now(UTC),
        source=None,
        origin=STORE,
        batch="mirror",
    )
    for moment in moments:
        table = table.set_column(table.column_names.index(moment), table.field(moment), rows[moment])
    return table
