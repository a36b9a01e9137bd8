"""Names of events, their first and last moment, and samples of what is said of them. Hides files and what is kept.

A data file of the lake never changes. So what a file says is read once, kept beside the lake under the file's name,
and joined with that of the others: whatever the number of events, only files that came since are read. What is kept of
a file is some thousand rows; it is thrown away when the file is no longer part of the table.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from tenure.core.tracking import SAID
from tenure.warehouse.lake import Lake
from tenure.warehouse.schema import STAMP
from tenure.warehouse.snapshot import Snapshot

SAMPLES_OF_A_FILE = 4_000
SAMPLES_OF_AN_EVENT = 200
FEWEST_SAMPLES = 4
NAMES = pa.schema([("event", pa.string()), ("account_id", pa.string()), ("first", STAMP), ("last", STAMP)])
SAMPLES = pa.schema([("event", pa.string()), ("account_id", pa.string()), ("ts", STAMP), ("properties", pa.string())])
_READ = ("event", "account_id", "ts", "properties", "superseded_at")


@dataclass(frozen=True, slots=True)
class Entry:
    """What people wrote of an event."""

    event: str
    feature: str | None
    owner: str | None
    description: str | None
    hidden: bool


def entries(snapshot: Snapshot) -> dict[str, Entry]:
    """What people wrote of events, by name."""
    if not snapshot.has("event_entries"):
        return {}
    rows = snapshot.run("event_entries").to_pylist()
    return {row["event"]: Entry(**{**row, "hidden": bool(row["hidden"])}) for row in rows}


def features(names: list[str], known: Mapping[str, Entry]) -> list[tuple[str, tuple[str, ...]]]:
    """(feature, its events): those that people named, and every other event of the names alone; hidden ones never.

    A feature stands where the first of its events stands.
    """
    found: dict[str, list[str]] = {}
    for name in names:
        entry = known.get(name)
        if entry is None or not entry.hidden:
            found.setdefault((entry.feature if entry is not None else None) or name, []).append(name)
    return [(feature, tuple(events)) for feature, events in found.items()]


class Summaries:
    """What the data files of `events` say, each read once. For any number of threads and processes."""

    def __init__(self, lake: Lake, folder: Path | None) -> None:
        self._lake = lake
        self._folder = folder
        self._memory: dict[str, tuple[pa.Table, pa.Table]] = {}
        self._guard = threading.Lock()

    def names(self, version: int | None) -> pa.Table:
        """NAMES of a version of the table: of each event and account the first and the last moment."""
        whole = pa.concat_tables([NAMES.empty_table(), *(names for names, _ in self._of(version))])
        return _spans(whole)

    def samples(self, version: int | None, event: str | None = None) -> pa.Table:
        """SAMPLES of a version: of each event, or of one, some rows from all its time and some of the newest."""
        parts = [samples for _, samples in self._of(version)]
        if event is not None:
            parts = [part.filter(pc.equal(part["event"], event)) for part in parts]
        whole = pa.concat_tables([SAMPLES.empty_table(), *parts])
        return whole.take(pa.array(_picked(whole, SAMPLES_OF_AN_EVENT)))

    def _of(self, version: int | None) -> Iterator[tuple[pa.Table, pa.Table]]:
        files = [] if version is None else self._lake.files("events", version)
        self._tidy({Path(file).stem for file in files})
        for file in files:
            yield self._file(file)

    def _file(self, file: str) -> tuple[pa.Table, pa.Table]:
        stem = Path(file).stem
        if self._folder is None:
            known = self._memory.get(stem)
            if known is None:
                known = self._memory[stem] = _summary(self._lake, file)
            return known
        names, samples = (self._folder / f"{stem}.{kind}.arrow" for kind in ("names", "samples"))
        try:
            return _opened(names), _opened(samples)
        except (OSError, pa.ArrowInvalid):
            made = _summary(self._lake, file)
        self._folder.mkdir(parents=True, exist_ok=True)
        for place, table in zip((names, samples), made, strict=True):
            draft = place.with_name(f".{place.name}.{os.getpid()}.{threading.get_ident()}")
            with pa.OSFile(str(draft), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
                writer.write_table(table)
            draft.replace(place)
        return made

    def _tidy(self, kept: set[str]) -> None:
        """Throw away what is of files that are not part of the table any more."""
        with self._guard:
            self._memory = {stem: known for stem, known in self._memory.items() if stem in kept}
        if self._folder is not None and self._folder.is_dir():
            for place in self._folder.glob("*.arrow"):
                if place.name.partition(".")[0] not in kept:
                    place.unlink(missing_ok=True)


def _summary(lake: Lake, file: str) -> tuple[pa.Table, pa.Table]:
    """(NAMES, SAMPLES) of one data file."""
    known = ds.field("superseded_at").is_null() & ds.field("ts").is_valid()
    rows = lake.rows("events", [file], _READ, where=known)
    rows = rows.filter(pc.invert(pc.is_in(rows["event"], pa.array([*SAID, None], pa.string()))))
    each = max(FEWEST_SAMPLES, SAMPLES_OF_A_FILE // max(pc.count_distinct(rows["event"]).as_py(), 1))
    picked = _picked(rows, min(each, SAMPLES_OF_AN_EVENT))[: 2 * SAMPLES_OF_A_FILE]
    spans = rows.select(["event", "account_id"]).append_column("first", rows["ts"]).append_column("last", rows["ts"])
    return _spans(spans), rows.select(SAMPLES.names).take(pa.array(picked)).cast(SAMPLES)


def _spans(rows: pa.Table) -> pa.Table:
    found = rows.group_by(["event", "account_id"]).aggregate([("first", "min"), ("last", "max")])
    return pa.table([found[name] for name in ("event", "account_id", "first_min", "last_max")], schema=NAMES)


def _picked(rows: pa.Table, most: int) -> npt.NDArray[np.int64]:
    """Places of at most so many rows of each event: half of them its newest, half spread over all its time."""
    if not rows.num_rows:
        return np.zeros(0, np.int64)
    event = rows["event"].combine_chunks().dictionary_encode()
    codes = (event.combine_chunks() if isinstance(event, pa.ChunkedArray) else event).indices.to_numpy()
    order = np.lexsort((rows["ts"].cast(pa.int64()).to_numpy(), codes))
    begins = np.flatnonzero(np.append(True, codes[order][1:] != codes[order][:-1]))
    counts = np.diff(np.append(begins, len(order)))
    rank = np.arange(len(order)) - np.repeat(begins, counts)
    size = np.repeat(counts, counts)
    newest = rank >= size - (most - most // 2)
    older = np.maximum(size - (most - most // 2), 1)
    spread = rank * (most // 2) // older != (rank - 1) * (most // 2) // older
    return np.asarray(order[newest | spread], np.int64)


def _opened(file: Path) -> pa.Table:
    with pa.memory_map(str(file)) as source:
        return pa.ipc.open_file(source).read_all()


def parsed(samples: pa.Table) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    """Event -> (moment, properties) of its samples, the newest first; what is no JSON object says nothing."""
    found: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    ordered = samples.sort_by([("ts", "descending")])
    moments = ordered["ts"].cast(pa.int64()).to_pylist()
    for event, at, text in zip(ordered["event"].to_pylist(), moments, ordered["properties"].to_pylist(), strict=True):
        said = _object(text)
        found.setdefault(event, []).append((at, said))
    return found


def _object(text: str | None) -> dict[str, Any]:
    try:
        said = json.loads(text) if text else {}
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
