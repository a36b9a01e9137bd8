"""Building the index: events of the lake file by file into buckets on disk, then bucket by bucket into order.

Hides: the buckets' files on the way, and events that were sent more than once. At most a file of the lake and a bucket
for each thread are in memory.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from tenure.core.sequences.buckets import Seen, bucket_of, deal
from tenure.core.sequences.events import I64
from tenure.warehouse.identity import Identities
from tenure.warehouse.lake import Lake
from tenure.warehouse.sequences import parts
from tenure.warehouse.sequences.folder import COPIES, Folder, Manifest, in_threads
from tenure.warehouse.sequences.rows import Coding, Packed, Rows, TooManyTexts, resolved, width
from tenure.warehouse.snapshot import TABLES_OF, Snapshot

EVENTS = "events"
ROWS_PER_BUCKET = 1_000_000
LEAST_BUCKETS = 4
_IDENTITY = frozenset(
    name
    for measure in ("identity_rows", "contact_users", "account_rows", "account_ids")
    for name in (*TABLES_OF[measure], "supersessions")
)
_KEYS_AT_ONCE = 500_000
_DEALT_AT_ONCE = 65_536
"""Rows that stay in the processor's memory while they are dealt out."""
G = TypeVar("G")
T = TypeVar("T")


def build(folder: Folder, lake: Lake, snapshot: Snapshot) -> Manifest:
    """Make the index of a snapshot; the caller holds the lock, and publishes it."""
    former = folder.manifest()
    crowded = () if former is None else former.crowded
    while True:
        wanted = tuple(name for name in folder.properties() if name not in crowded)
        spill = folder.path / f".spill-{uuid.uuid4().hex}"
        spill.mkdir()
        try:
            return _built(folder, lake, snapshot, Coding(wanted), crowded, spill)
        except TooManyTexts as found:
            crowded = (*crowded, found.prop)
        finally:
            shutil.rmtree(spill, ignore_errors=True)


def known_until(lake: Lake, files: list[str], now: int) -> int | None:
    """The first moment from which on one of the files' events, known now, is known no more; None = never."""
    if not files:
        return None
    there = ds.field("superseded_at").is_valid()
    found = lake.rows(EVENTS, files, ["superseded_at"], where=there)
    moments = np.asarray(found["superseded_at"].cast(pa.int64()).to_numpy(), np.int64)
    later = moments[moments > now]
    return int(later.min()) if len(later) else None


def micros(snapshot: Snapshot) -> int:
    """The snapshot's moment."""
    return int(pa.scalar(snapshot.now, pa.timestamp("us", "UTC")).cast(pa.int64()).as_py())


def _built(
    folder: Folder, lake: Lake, snapshot: Snapshot, coding: Coding, crowded: tuple[str, ...], spill: Path
) -> Manifest:
    version = snapshot.versions[EVENTS]
    files = lake.files(EVENTS, version)
    buckets = LEAST_BUCKETS
    while buckets * ROWS_PER_BUCKET < lake.count(EVENTS, version):
        buckets *= 2
    identities = Identities.of(snapshot)
    rows = 0
    with _Spill(spill, buckets, len(coding.properties)) as dealt:
        for found in _resolved(lake, snapshot, identities, coding.properties, files):
            read = coding.read(found)
            dealt.add(read, coding)
            rows += len(read.at)
        dealt.wait()

    def bucket(copy: str, number: int) -> str:
        return parts.write(folder, f"{copy}-{number}", copy, dealt.rows(copy, number), coding.keys(copy))

    def rest(copy: str, number: int) -> str:
        return parts.write_nobody(folder, copy, dealt.rows(copy, number))

    with in_threads(snapshot.threads + 1) as pool:  # one waits for the disk
        main = {copy: pool.map(bucket, repeat(copy), range(buckets)) for copy in COPIES}
        nobody = {copy: pool.map(rest, repeat(copy), dealt.nobody(copy)) for copy in COPIES}
    moment = micros(snapshot)
    return Manifest(
        versions={EVENTS: version},
        identity_versions=identity_versions(snapshot),
        moment=moment,
        until=known_until(lake, files, moment),
        buckets=buckets,
        rows=rows,
        tail_rows=0,
        crowded=crowded,
        people=folder.write("people", identities.people),
        members=folder.write("members", identities.members),
        merged=folder.write("merged", identities.merged),
        main={copy: tuple(names) for copy, names in main.items()},
        tail=dict.fromkeys(COPIES, ()),
        nobody={copy: tuple(names) for copy, names in nobody.items()},
        **coding.write(folder),
    )


def identity_versions(snapshot: Snapshot) -> dict[str, int]:
    """The versions of the tables that say who is who, and how accounts are called."""
    return {name: version for name, version in snapshot.versions.items() if name in _IDENTITY}


def _resolved(
    lake: Lake, snapshot: Snapshot, identities: Identities, properties: tuple[str, ...], files: list[str]
) -> Iterator[pa.Table]:
    """The events of the files, each once, in tables of some size; the next one is made while one is used.

    Those of one key may lie in several files: all of them are looked at together, and apart from the others.
    """
    repeated = pa.array(_repeated(lake, snapshot, files))
    chunks: list[list[str] | pa.Array] = [[file] for file in files]
    chunks += [repeated.slice(begin, _KEYS_AT_ONCE) for begin in range(0, len(repeated), _KEYS_AT_ONCE)]

    def one(chunk: list[str] | pa.Array) -> pa.Table:
        if isinstance(chunk, list):
            found = resolved(snapshot, identities, properties, chunk, once=True)
            return found.filter(pc.invert(pc.is_in(found["row_key"], repeated))) if len(repeated) else found
        rows = lake.rows(EVENTS, files, where=ds.field("row_key").isin(chunk))
        return resolved(snapshot, identities, properties, rows)

    return _ahead(one, chunks)


def _repeated(lake: Lake, snapshot: Snapshot, files: list[str]) -> I64:
    """The keys of events that were sent more than once, in order.

    A first look over all keys, which are too many to be held, leaves those that may be; a second one counts them.
    """

    def keys(file: str) -> I64:
        found = snapshot.run("event_keys", beside={"events": [file]})["row_key"]
        return np.asarray(found.to_numpy(), np.int64)

    if not files:
        return np.zeros(0, np.int64)
    seen = Seen(lake.rows_in(files))
    maybe = np.concatenate([seen.add(some) for some in _ahead(keys, files)])
    suspected = Seen(len(maybe))
    suspected.add(maybe)
    among = np.concatenate([suspected.among(some) for some in _ahead(keys, files)])
    found, counts = np.unique(among, return_counts=True)
    return found[counts > 1]


def _ahead(make: Callable[[G], T], given: Sequence[G]) -> Iterator[T]:
    """What is made of each; the next one is made while one is used."""
    if not given:
        return
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as ahead:
        waiting = ahead.submit(make, given[0])
        for following in given[1:]:
            made, waiting = waiting.result(), ahead.submit(make, following)
            yield made
        yield waiting.result()


class _Spill:
    """Rows on their way: a file for each bucket of each copy, and as large ones for rows without unit.

    They are written beside the caller, who may bring the next ones; `wait` for the last.
    """

    def __init__(self, path: Path, buckets: int, texts: int) -> None:
        self.path, self.buckets, self.texts = path, buckets, texts
        self._files: dict[tuple[str, int], BinaryIO] = {}
        self._nobody = {copy: [0] for copy in COPIES}  # rows in each file of those without unit
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="spill")
        self._writing: Future[None] | None = None

    def __enter__(self) -> _Spill:
        for copy in COPIES:
            for number in range(self.buckets + 1):
                self._open(copy, number)
        return self

    def __exit__(self, *failed: object) -> None:
        self._writer.shutdown()
        for file in self._files.values():
            file.close()

    def add(self, rows: Rows, coding: Coding) -> None:
        """Deal rows out to the buckets of both copies, once those before are written."""
        self.wait()
        self._writing = self._writer.submit(self._deal, rows, {copy: coding.keys(copy) for copy in COPIES})

    def wait(self) -> None:
        """Wait until what was added is written."""
        if self._writing is not None:
            self._writing.result()

    def _open(self, copy: str, number: int) -> None:
        self._files[copy, number] = (self.path / f"{copy}-{number}").open("wb")

    def _deal(self, rows: Rows, keys: Mapping[str, I64]) -> None:
        of_code = {c: np.append(bucket_of(keys[c], self.buckets), np.int32(self.buckets)) for c in COPIES}  # last: none
        for begin in range(0, len(rows.at), _DEALT_AT_ONCE):
            some = rows.taken(slice(begin, begin + _DEALT_AT_ONCE))
            packed = Packed.of(some)
            for copy in COPIES:
                dealt, ends = deal(of_code[copy][some.unit(copy)], self.buckets + 1, packed.matrix)
                for number, these in enumerate(np.split(dealt, ends[:-1])):
                    self._write(copy, number, these)

    def _write(self, copy: str, number: int, rows: I64) -> None:
        if number == self.buckets:
            files = self._nobody[copy]
            if files[-1] + len(rows) > ROWS_PER_BUCKET:
                files.append(0)
                self._open(copy, number + len(files) - 1)
            files[-1] += len(rows)
            number += len(files) - 1
        if len(rows):
            self._files[copy, number].write(rows.data.cast("B"))

    def nobody(self, copy: str) -> list[int]:
        """The numbers under which there are rows without unit."""
        return [self.buckets + k for k, count in enumerate(self._nobody[copy]) if count]

    def rows(self, copy: str, number: int) -> Packed:
        """The rows of a bucket, or others under a number, mapped; their file is deleted."""
        place = self.path / f"{copy}-{number}"
        empty = not place.stat().st_size  # which cannot be mapped
        matrix = np.zeros(0, np.int64) if empty else np.memmap(place, np.int64, "r").view(np.ndarray)
        place.unlink()
        return Packed(matrix.reshape(-1, width(self.texts)), self.texts)
