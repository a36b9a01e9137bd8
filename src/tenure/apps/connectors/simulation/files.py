"""Write a simulated firm into a folder: one Parquet file a table, and `truths.json` beside them.

A large firm is made in parts of some thousand accounts, one after the other, so memory does not grow with its size. The
files appear together when all of them are whole. One scenario and seed give the same bytes on every machine.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tenure.core.errors import TenureError
from tenure.core.simulation import Firm, Scenario, rules, truths

TRUTHS = "truths.json"
KINDS = (
    *("accounts", "contacts", "subscriptions", "discounts", "contracts", "fx_rates", "invoice_lines"),
    *("deals", "committee_members", "tenders", "tender_items", "demands", "demand_links", "activities"),
    *("leads", "spend", "touches"),
)
"""What of a simulated company is imported, in the order in which it is best done: what is referred to comes first."""
ACCOUNTS_PER_PART = 5_000
EVENTS_PER_GROUP = 1_000_000
UNFINISHED = ".unfinished"


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written: rows by table, and the truths."""

    folder: Path
    rows: dict[str, int]
    truths: dict[str, Any]


def write_firm(
    folder: Path,
    scenario: Scenario,
    seed: int,
    *,
    history: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Summary:
    """Simulate a firm and write its tables.

    `history`: every row that was ever recorded, with `recorded_at` and `superseded_at`, instead of the rows known at
    the end. `progress` is told (weeks done, weeks in all). Raises: TenureError if the folder holds anything else.
    """
    _claim(folder)
    work = folder / UNFINISHED
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    writers: dict[str, pq.ParquetWriter] = {}
    rows: dict[str, int] = {}
    found: dict[str, Any] = {}
    try:
        for done, parts, part in _parts(scenario):
            firm = Firm(part, np.random.default_rng(seed))
            for week, group in _events(firm):
                if group is not None:
                    _append(work, writers, rows, "events", group)
                if progress is not None:
                    progress(done + week, parts * scenario.weeks)
            for name, table in (firm.journal.history() if history else firm.journal.current()).items():
                _append(work, writers, rows, name, table)
            for name, listed in truths(firm).items():
                found.setdefault(name, []).extend(listed)
    finally:
        for writer in writers.values():
            writer.close()
    known = {"seed": seed, **rules(scenario), **found}
    (work / TRUTHS).write_text(json.dumps(known, ensure_ascii=False, indent=1), encoding="utf-8")
    for file in sorted(work.iterdir()):
        file.replace(folder / file.name)
    work.rmdir()
    return Summary(folder, rows, known)


def _claim(folder: Path) -> None:
    """Use a folder that is empty or holds an earlier simulation, and no other."""
    if folder.exists() and not folder.is_dir():
        raise _in_use(folder)
    present = {file.name for file in folder.iterdir()} if folder.exists() else set()
    if present - {UNFINISHED} and TRUTHS not in present:
        raise _in_use(folder)


def _in_use(folder: Path) -> TenureError:
    return TenureError(
        "simulation.folder_in_use",
        f"{folder} has something else in it.",
        fix="Choose a folder that is empty, new, or was written by an earlier simulation.",
        folder=str(folder),
    )


def _parts(scenario: Scenario) -> Iterator[tuple[int, int, Scenario]]:
    """(weeks done before, number of parts, the part) of a firm in parts."""
    parts = -(-scenario.accounts // ACCOUNTS_PER_PART)
    for k in range(parts):
        first = k * ACCOUNTS_PER_PART
        size = min(ACCOUNTS_PER_PART, scenario.accounts - first)
        yield k * scenario.weeks, parts, replace(scenario, accounts=size, first_slot=scenario.first_slot + first)


def _events(firm: Firm) -> Iterator[tuple[int, pa.Table | None]]:
    """(weeks lived, a group of events where one is full or the last) as the firm lives."""
    waiting: list[pa.Table] = []
    weeks = firm.scenario.weeks
    for week in range(1, weeks + 1):
        waiting.append(firm.step(week - 1).events)
        full = week == weeks or sum(table.num_rows for table in waiting) >= EVENTS_PER_GROUP
        yield week, pa.concat_tables(waiting) if full else None
        waiting = [] if full else waiting


def _append(work: Path, writers: dict[str, pq.ParquetWriter], rows: dict[str, int], name: str, table: pa.Table) -> None:
    if name not in writers:
        plain = [name for name in table.column_names if name in ("event_id", "row_id")]
        coded = [name for name in table.column_names if name not in plain]
        writers[name] = pq.ParquetWriter(
            work / f"{name}.parquet", table.schema, compression="zstd", use_dictionary=coded
        )
    writers[name].write_table(table, row_group_size=EVENTS_PER_GROUP)
    rows[name] = rows.get(name, 0) + table.num_rows
