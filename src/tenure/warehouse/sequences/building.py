"""Building the index: events of the lake file by file into buckets on disk, then bucket by bucket into order.

Hides: the buckets' files on the way, and events that were sent more than once. At most a file of the lake and a bucket
for each thread are in memory.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from tenure.core.sequences.buckets import Seen, bucket_of, deal
from tenure.core.sequences.events import I64
from tenure.warehouse.identity import Identities
from tenure.warehouse.lake import Lake, schema_of
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


def build(folder: Folder, lake: Lake, snapshot: Snapshot, *, rows_per_bucket: int = ROWS_PER_BUCKET) -> Manifest:
    """Make the index of a snapshot; the caller holds the lock, and publishes it."""
    former = folder.manifest()
    crowded = () if former is None else former.crowded
    while True:
        wanted = tuple(name for name in folder.properties() if name not in crowded)
        spill = folder.path / f".spill-{uuid.uuid4().hex}"
        spill.mkdir()
        try:
            return _built(folder, lake, snapshot, Coding(wanted), crowded, spill, rows_per_bucket)
        except TooManyTexts as found:
            crowded = (*crowded, found.prop)
        finally:
            shutil.rmtree(spill, ignore_errors=True)


def known_until(files: list[str], now: int) -> int | None:
    """The first moment from which on one of the files' events, known now, is known no more; None = never."""
    if not files:
        return None
    there = ds.field("superseded_at").is_valid()
    found = ds.dataset(files, schema=schema_of(EVENTS), format="parquet").to_table(["superseded_at"], there)
    moments = np.asarray(found["superseded_at"].cast(pa.int64()).to_numpy(), np.int64)
    later = moments[moments > now]
    return int(later.min()) if len(later) else None


def micros(snapshot: Snapshot) -> int:
    """The snapshot's moment."""
    return int(pa.scalar(snapshot.now, pa.timestamp("us", "UTC")).cast(pa.int64()).as_py())


def _built(
    folder: Folder, lake: Lake, snapshot: Snapshot, coding: Coding, crowded: tuple[str, ...], spill: Path,
    rows_per_bucket: int,
) -> Manifest:  # fmt: skip
    version = snapshot.versions[EVENTS]
    files = lake.files(EVENTS, version)
    buckets = LEAST_BUCKETS
    while buckets * rows_per_bucket < lake.count(EVENTS, version):
        buckets *= 2
    identities = Identities.of(snapshot)
    rows = 0
    with _Spill(spill, buckets, len(coding.properties)) as dealt:
        for found in _resolved(snapshot, identities, coding.properties, files):
            read = coding.read(found)
            dealt.add(read, coding)
            rows += len(read.at)
    main: dict[str, tuple[str, ...]] = {}
    nobody: dict[str, tuple[str, ...]] = {}
    with in_threads(snapshot.threads) as pool:
        for copy in COPIES:
            keys = (coding.users if copy == "user" else coding.accounts).codes.keys
            made = pool.map(lambda b, c=copy, k=keys: _bucket(folder, dealt, c, b, k), range(buckets))
            main[copy] = tuple(made)
            rest = dealt.rows(copy, buckets)
            nobody[copy] = (parts.write_nobody(folder, copy, rest),) if len(rest.at) else ()
    moment = micros(snapshot)
    return Manifest(
        versions={EVENTS: version},
        identity_versions=identity_versions(snapshot),
        moment=moment,
        until=known_until(files, moment),
        buckets=buckets,
        rows=rows,
        tail_rows=0,
        crowded=crowded,
        people=folder.write("people", identities.people),
        members=folder.write("members", identities.members),
        merged=folder.write("merged", identities.merged),
        main=main,
        tail=dict.fromkeys(COPIES, ()),
        nobody=nobody,
        **coding.write(folder),
    )


def identity_versions(snapshot: Snapshot) -> dict[str, int]:
    """The versions of the tables that say who is who, and how accounts are called."""
    return {name: version for name, version in snapshot.versions.items() if name in _IDENTITY}


def _bucket(folder: Folder, dealt: _Spill, copy: str, bucket: int, keys: npt.NDArray[np.int64]) -> str:
    return parts.write(folder, f"{copy}-{bucket}", copy, dealt.rows(copy, bucket), keys)


def _resolved(
    snapshot: Snapshot, identities: Identities, properties: tuple[str, ...], files: list[str]
) -> Iterator[pa.Table]:
    """The events of the files, each once, in tables of some size; the next one is made while one is used.

    Those of one key may lie in several files: all of them are looked at together, and apart from the others.
    """
    repeated = pa.array(_repeated(snapshot, files))
    chunks: list[Any] = [[file] for file in files]
    chunks += [repeated.slice(begin, _KEYS_AT_ONCE) for begin in range(0, len(repeated), _KEYS_AT_ONCE)]

    def one(chunk: Any) -> pa.Table:
        if isinstance(chunk, list):
            found = resolved(snapshot, identities, properties, chunk, once=True)
            return found.filter(pc.invert(pc.is_in(found["row_key"], repeated))) if len(repeated) else found
        whole = ds.dataset(files, schema=schema_of(EVENTS), format="parquet")
        return resolved(snapshot, identities, properties, whole.to_table(filter=ds.field("row_key").isin(chunk)))

    with ThreadPoolExecutor(1, thread_name_prefix="lake") as ahead:
        waiting = ahead.submit(one, chunks[0]) if chunks else None
        for following in [*chunks[1:], None]:
            if waiting is None:
                return
            found = waiting.result()
            waiting = ahead.submit(one, following) if following is not None else None
            yield found


def _repeated(snapshot: Snapshot, files: list[str]) -> I64:
    """The keys of events that were sent more than once, in order.

    A first look over all keys, which are too many to be held, leaves those that may be; a second one counts them.
    """

    def keys(file: str) -> I64:
        found = snapshot.run("event_keys", beside={"events": [file]})["row_key"]
        return np.asarray(found.to_numpy(), np.int64)

    if not files:
        return np.zeros(0, np.int64)
    seen = Seen(sum(pq.read_metadata(file).num_rows for file in files))
    maybe = np.concatenate([seen.add(keys(file)) for file in files])
    suspected = Seen(len(maybe))
    suspected.add(maybe)
    found, counts = np.unique(np.concatenate([suspected.among(keys(file)) for file in files]), return_counts=True)
    return found[counts > 1]


class _Spill:
    """Rows on their way: a file for each bucket of each copy, and one for rows without unit."""

    def __init__(self, path: Path, buckets: int, texts: int) -> None:
        self.path, self.buckets, self.texts = path, buckets, texts
        self._files: dict[tuple[str, int], BinaryIO] = {}

    def __enter__(self) -> _Spill:
        for copy in COPIES:
            for bucket in range(self.buckets + 1):
                self._files[copy, bucket] = (self.path / f"{copy}-{bucket}").open("wb")
        return self

    def __exit__(self, *failed: object) -> None:
        for file in self._files.values():
            file.close()

    def add(self, rows: Rows, coding: Coding) -> None:
        """Deal rows out to the buckets of both copies."""
        packed = Packed.of(rows)
        for copy, known in (("user", coding.users), ("account", coding.accounts)):
            of_code = np.append(bucket_of(known.codes.keys, self.buckets), np.int32(self.buckets))  # the last is for -1
            dealt, ends = deal(of_code[rows.unit(copy)], self.buckets + 1, packed.matrix)
            for b, (begin, end) in enumerate(zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True)):
                if end > begin:
                    self._files[copy, b].write(dealt[begin:end].data.cast("B"))

    def rows(self, copy: str, bucket: int) -> Packed:
        """The rows of a bucket, whose file is deleted; the last bucket is that without unit."""
        place = self.path / f"{copy}-{bucket}"
        matrix = np.fromfile(place, np.int64).reshape(-1, width(self.texts))
        place.unlink()
        return Packed(matrix, self.texts)
