"""The stored ledger: every known line as spans in account order, ready for the kernels. Hides rows, prices and files.

`open_book` reads the rows of a snapshot, lays out their prices, resolves their versions and keeps the result as plain
arrays in the cache folder, memory-mapped when asked again. The key of a book is what it depends on: versions of the
tables, the settings that change spans, the moment of knowledge and the condition on rows. It can be deleted at will.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tenure.core.sequences.spans import Rows, Spans, resolve
from tenure.warehouse import lines
from tenure.warehouse.measures import Condition
from tenure.warehouse.snapshot import Snapshot

LAYOUT = 3
KEPT_IN_MEMORY = 3
KEPT_ON_DISK = 8
WRITTEN_AT_ONCE = 100_000
LEFT_BEHIND_SECONDS = 3_600
"""A half-written book of this age was left by a process that is gone."""
SPAN_SETTINGS = (
    "timezone",
    "discount_policy",
    "churn_recognition",
    "pause_policy",
    "revenue_source",
    "reporting_currency",
)
"""The settings that change spans; all others only change how spans are read."""


@dataclass(frozen=True, slots=True)
class Book:
    """Spans and the rows they came from. Row arrays have one entry a row, in the order the measures give them."""

    key: str
    spans: Spans
    row_key: npt.NDArray[np.int64]
    row_account: npt.NDArray[np.int64]
    """the account key, merged accounts resolved"""
    row_line: npt.NDArray[np.int64]
    row_flags: npt.NDArray[np.uint8]
    """bits: 1 repeated, 2 overlapping, 4 of a currency without a rate, 8 without a stretch of days"""
    currencies: tuple[str, ...]
    parts: tuple[tuple[str, int], ...]
    """the measures whose rows stand one after the other, with their numbers of rows"""
    rows_read: Mapping[str, int]
    """rows that each measure gave, when the book was built"""
    sql: Mapping[str, str]
    """the measures that were run for it"""

    def trait(self, snapshot: Snapshot, where: Sequence[Condition], column: str) -> pa.ChunkedArray:
        """A column of the rows, aligned with the row arrays; null where a table has no such column."""
        chunks = [chunk for part in self.by_part(snapshot, where, column) for chunk in part.chunks]
        return pa.chunked_array(chunks, type=pa.string() if not chunks else chunks[0].type)

    def by_part(self, snapshot: Snapshot, where: Sequence[Condition], column: str) -> list[pa.ChunkedArray]:
        """The same, one array for each of `parts`: a column may have another type in each."""
        out, at = [], 0
        for measure, count in self.parts:
            out.append(lines.read_column(snapshot, measure, where, column, self.row_key[at : at + count]))
            at += count
        return out


ROW_ARRAYS = ("row_key", "row_account", "row_line", "row_flags")
REPEATED, OVERLAPPING, UNVALUED, EMPTY = 1, 2, 4, 8


def book_key(snapshot: Snapshot, where: Sequence[Condition]) -> str:
    """Equal for snapshots that give one book."""
    depends = {
        "layout": LAYOUT,
        "versions": {name: snapshot.versions.get(name) for name in (*lines.TABLES, "supersessions")},
        "settings": {name: snapshot.definition.settings[name] for name in SPAN_SETTINGS},
        "lake_timezone": snapshot.lake_timezone,
        "known_at": None if snapshot.known_at is None else snapshot.known_at.isoformat(),
        "day": snapshot.today.isoformat(),
        "where": [[c.column, c.op, c.value] for c in where],
    }
    return hashlib.sha256(json.dumps(depends, sort_keys=True, default=str).encode()).hexdigest()[:32]


def build(snapshot: Snapshot, where: Sequence[Condition], key: str) -> Book:
    """The book of a snapshot, from its rows."""
    snapshot = replace(snapshot, sql={}, rows_read={})
    read = lines.read(snapshot, where)
    duplicate = read.repeated
    used = ~duplicate & (read.start < read.stop)
    price, steps = read.worth, read.steps
    if not read.valued.all():  # a row in a currency without a rate is in force and counts 0
        counted = np.repeat(read.valued, np.diff(steps.first))
        price, steps = price * read.valued[:, None], steps._replace(amount=steps.amount * counted[:, None])
    rows = Rows(read.account, read.line, read.row_key, read.recorded, read.start, read.stop, read.currency, price)
    spans, overlapping = resolve(rows, steps, read.worth, used, snapshot.threads)
    flags = (
        duplicate * np.uint8(REPEATED)
        + overlapping * np.uint8(OVERLAPPING)
        + ~read.valued * np.uint8(UNVALUED)
        + (read.start >= read.stop) * np.uint8(EMPTY)
    ).astype(np.uint8)
    return Book(
        key,
        spans,
        read.row_key,
        read.account,
        read.line,
        flags,
        read.currencies,
        read.parts,
        snapshot.rows_read,
        snapshot.sql,
    )


class Shelf:
    """The books of one workspace: a few in memory, some more as files that several processes share."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._memory: OrderedDict[str, Book] = OrderedDict()
        self._guard = threading.Lock()

    def open(self, snapshot: Snapshot, where: Sequence[Condition] = ()) -> Book:
        """The book of a snapshot: from memory, from its files, or built from rows and kept."""
        key = book_key(snapshot, where)
        with self._guard:
            book = self._memory.get(key)
            if book is not None:
                self._memory.move_to_end(key)
        if book is None:
            book = self._load(key)
        if book is None:
            book = build(snapshot, where, key)
            self._keep_soon(book)
        with self._guard:
            self._memory[key] = book
            while len(self._memory) > KEPT_IN_MEMORY:
                self._memory.popitem(last=False)
        snapshot.rows_read.update(book.rows_read)
        snapshot.sql.update(book.sql)
        return book

    def _keep_soon(self, book: Book) -> None:
        """Write a small book now and a large one beside the answer: the process ends after it is whole."""
        if len(book.row_key) < WRITTEN_AT_ONCE:
            self._keep(book)
        else:
            threading.Thread(target=self._keep_beside, args=(book,), name="keep-book").start()

    def _keep_beside(self, book: Book) -> None:
        """Write a book while the answer is still worked out, with what time the walk leaves."""
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
        self._keep(book)

    def _load(self, key: str) -> Book | None:
        if self.folder is None or not (self.folder / key / "book.json").exists():
            return None
        place = self.folder / key
        try:
            about = json.loads((place / "book.json").read_text(encoding="utf-8"))
            arrays = {name: np.asarray(np.load(place / f"{name}.npy", mmap_mode="c")) for name in about["arrays"]}
        except (OSError, ValueError, KeyError):
            return None  # another process is tidying up: build it again
        spans = Spans(*(arrays[f"spans.{name}"] for name in Spans._fields))
        os.utime(place)
        rows = {name: arrays[name] for name in ROW_ARRAYS}
        return Book(
            key=key,
            spans=spans,
            currencies=tuple(about["currencies"]),
            parts=tuple((m, n) for m, n in about["parts"]),
            rows_read=about["rows_read"],
            sql=about["sql"],
            **rows,
        )

    def _keep(self, book: Book) -> None:
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        arrays = {f"spans.{name}": getattr(book.spans, name) for name in Spans._fields}
        arrays |= {name: getattr(book, name) for name in ROW_ARRAYS}
        work = self.folder / f".{book.key}.{os.getpid()}.{threading.get_ident()}"
        work.mkdir()
        for name, array in arrays.items():
            np.save(work / f"{name}.npy", array)
        about = {
            "arrays": list(arrays),
            "currencies": book.currencies,
            "parts": book.parts,
            "rows_read": dict(book.rows_read),
            "sql": dict(book.sql),
        }
        (work / "book.json").write_text(json.dumps(about), encoding="utf-8")
        try:
            work.rename(self.folder / book.key)
        except OSError:
            shutil.rmtree(work, ignore_errors=True)  # another process was first
        self._tidy()

    def _tidy(self) -> None:
        """Keep the books used last; a reader that has one mapped keeps its pages."""
        if self.folder is None:
            return
        books = sorted(
            (p for p in self.folder.iterdir() if not p.name.startswith(".")), key=lambda p: p.stat().st_mtime
        )
        for old in books[:-KEPT_ON_DISK]:
            shutil.rmtree(old, ignore_errors=True)
        for draft in self.folder.glob(".*"):
            if time.time() - draft.stat().st_mtime > LEFT_BEHIND_SECONDS:
                shutil.rmtree(draft, ignore_errors=True)
