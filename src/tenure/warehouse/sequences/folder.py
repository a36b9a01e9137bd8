"""The files of the sequence index: parts that never change, and a manifest that names those that count.

A part is written aside, made durable and renamed; a new manifest takes the place of the former in one step, and what it
does not name is deleted. So a builder that is killed leaves files that nobody reads, and a reader has either the whole
of one state or nothing. One builder at a time holds the lock; the kernel frees it when the process dies.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

FORMAT = 1
MANIFEST = "index.json"
NAMED = "properties.json"
LOCK = "lock"
MOST_PROPERTIES = 8
"""So many properties have a column of their own: those that questions named last."""
COPIES = ("user", "account")
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the index is of, and its parts."""

    versions: Mapping[str, int]
    """versions of the tables that it was made of"""
    identity_versions: Mapping[str, int]
    """versions of the tables that say who is who"""
    moment: int
    """when it was made, in microseconds: answers as of an earlier moment may know rows that it leaves out"""
    until: int | None
    """from when on it knows rows that are known no more; None = never"""
    buckets: int
    rows: int
    tail_rows: int
    properties: tuple[str, ...]
    crowded: tuple[str, ...]
    """properties with too many values for a column"""
    events: tuple[str, ...]
    """parts with the names of events, in the order of their codes"""
    users: tuple[str, ...]
    accounts: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    """per property the parts with its values"""
    people: str
    members: str
    merged: str
    main: Mapping[str, tuple[str, ...]]
    """per copy the part of each bucket"""
    tail: Mapping[str, tuple[str, ...]]
    """per copy the part with the units that were touched since; none or one"""
    nobody: Mapping[str, tuple[str, ...]]
    """per copy the parts with rows that have no such unit"""
    sizes: Mapping[str, int] = field(default_factory=dict)
    """bytes of each file"""
    format: int = FORMAT

    def parts(self) -> list[str]:
        """The names of all parts; one of rows is two files."""
        flat = [*self.events, *self.users, *self.accounts, *(p for parts in self.texts for p in parts)]
        flat += [self.people, self.members, self.merged]
        for copy in COPIES:
            for part in (*self.main[copy], *self.tail[copy], *self.nobody[copy]):
                flat += [part, f"{part}.units"]
        return flat


class Folder:
    """The folder of one index."""

    def __init__(self, path: Path) -> None:
        self.path = path

    # ------------------------------------------------------------------------------------------------- reading

    def manifest(self) -> Manifest | None:
        """The manifest; None where there is none, or one that cannot be read or names files that are not whole."""
        try:
            said = json.loads((self.path / MANIFEST).read_text(encoding="utf-8"))
            if said.get("format") != FORMAT:
                return None
            found = Manifest(**{name: _frozen(value) for name, value in said.items()})
            for part in found.parts():
                if (self.path / f"{part}.arrow").stat().st_size != found.sizes[part]:
                    return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        return found

    def stamp(self) -> tuple[int, int] | None:
        """What changes whenever the manifest does."""
        try:
            found = (self.path / MANIFEST).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def table(self, part: str) -> pa.Table:
        """A part, mapped.

        Raises: OSError, pa.ArrowInvalid if it is gone or torn.
        """
        with pa.memory_map(str(self.path / f"{part}.arrow")) as source:
            return pa.ipc.open_file(source).read_all()

    def tables(self, parts: Sequence[str]) -> pa.Table:
        """Parts one after the other."""
        return pa.concat_tables([self.table(part) for part in parts])

    def properties(self) -> tuple[str, ...]:
        """The properties that questions named, the last ones first."""
        try:
            said = json.loads((self.path / NAMED).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ()
        return tuple(str(name) for name in said)[:MOST_PROPERTIES] if isinstance(said, list) else ()

    # ------------------------------------------------------------------------------------------------- writing

    def remember(self, names: Sequence[str]) -> None:
        """Note that a question named these properties."""
        known = self.properties()
        if set(names) <= {*known}:
            return
        kept = tuple(dict.fromkeys((*names, *known)))[:MOST_PROPERTIES]
        if kept != known:
            self.path.mkdir(parents=True, exist_ok=True)
            self._replace(NAMED, json.dumps(kept, ensure_ascii=False))

    def write(self, kind: str, table: pa.Table) -> str:
        """Write a part aside and make it durable; gives its name."""
        return self._write(f"{kind}-{uuid.uuid4().hex[:16]}", table)

    def write_beside(self, name: str, what: str, table: pa.Table) -> None:
        """Write the second file of a part."""
        self._write(f"{name}.{what}", table)

    def _write(self, name: str, table: pa.Table) -> str:
        work = self.path / f".{name}.part"
        with work.open("wb") as stream:
            with pa.ipc.new_file(stream, table.schema) as writer:
                writer.write_table(table.combine_chunks(), max_chunksize=max(table.num_rows, 1))
            stream.flush()
            os.fsync(stream.fileno())
        work.rename(self.path / f"{name}.arrow")
        return name

    def publish(self, manifest: Manifest) -> None:
        """Let a manifest take the place of the former, and delete what it does not name."""
        sizes = {part: (self.path / f"{part}.arrow").stat().st_size for part in manifest.parts()}
        _sync(self.path)
        said = {**asdict(manifest), "sizes": sizes}
        self._replace(MANIFEST, json.dumps(said, ensure_ascii=False))
        _sync(self.path)
        self.tidy(sizes)

    def tidy(self, kept: Mapping[str, int]) -> None:
        """Delete parts that do not count, and what killed builders left."""
        for file in self.path.iterdir():
            if file.is_dir():
                shutil.rmtree(file, ignore_errors=True)
            elif file.suffix == ".part" or (file.suffix == ".arrow" and file.stem not in kept):
                file.unlink(missing_ok=True)

    def clear(self) -> int:
        """Delete the index once no builder is at work; how many bytes it had."""
        if not self.path.exists():
            return 0
        with self.lock() as held:
            assert held
            size = self.size()
            for file in [self.path / MANIFEST, *self.path.iterdir()]:
                if file.is_dir():
                    shutil.rmtree(file, ignore_errors=True)
                elif file.name != LOCK:
                    file.unlink(missing_ok=True)
        return size

    def size(self) -> int:
        """Bytes on the disk."""
        return sum(file.stat().st_size for file in self.path.rglob("*") if file.is_file()) if self.path.exists() else 0

    @contextmanager
    def lock(self, *, wait: bool = True) -> Iterator[bool]:
        """Be the only builder; gives whether that is so, which without waiting it may not be."""
        self.path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            yield True
        finally:
            os.close(descriptor)

    def _replace(self, name: str, text: str) -> None:
        work = self.path / f".{name}.{uuid.uuid4().hex}"
        with work.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        work.rename(self.path / name)


def in_threads(threads: int) -> ThreadPoolExecutor:
    """Threads for buckets."""
    return ThreadPoolExecutor(max(threads, 1), thread_name_prefix="buckets")


def _frozen(value: Any) -> Any:
    """Lists as tuples, at every depth."""
    if isinstance(value, list):
        return tuple(_frozen(one) for one in value)
    return {key: _frozen(one) for key, one in value.items()} if isinstance(value, dict) else value


def _sync(place: Path) -> None:
    descriptor = os.open(place, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
