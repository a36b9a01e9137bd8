"""The journal: what was received is on disk before it is acknowledged, and stays there until it is in the lake.

A folder of numbered segments, each a row of records with length and checksum. One writer holds the newest segment and
its lock; a segment without a holder never grows again, so it may be read to its end and flushed. What a killed writer
left half-written at a segment's end was never acknowledged, and is not read. The newest number is kept when its
content is in the lake, because numbers must rise: the lake takes each only once.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from tenure.core.errors import TenureError
from tenure.core.tracking import CALLS, LARGEST_BODY

SEGMENT_BYTES = 16 << 20
SEGMENT_SECONDS = 2.0
_FRAME = struct.Struct("<II")
_HEAD = struct.Struct("<qBH")
_LONGEST_FRAME = LARGEST_BODY + (1 << 17)
_END = b"\xff\xff\xff\xffover"
"""Last bytes of a segment that its writer closed: every byte before them was acknowledged."""

Ticket = TypeVar("Ticket")


class JournalUnwritable(TenureError):
    """What was to be written is not on disk, and must not be acknowledged."""


@dataclass(frozen=True, slots=True)
class Record:
    """One body as it was received."""

    received_at: int
    call: str
    source: str
    body: bytes

    def packed(self) -> bytes:
        """The record as it lies in a segment."""
        source = self.source.encode()
        payload = _HEAD.pack(self.received_at, CALLS.index(self.call), len(source)) + source + self.body
        return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


@dataclass(slots=True)
class Segment:
    """A segment to be read: its records in order, and afterwards how many were damaged."""

    number: int
    content: bytes
    damaged: int = 0

    def records(self) -> Iterator[Record]:
        """Every record that is whole. In a segment that was closed, one that is not counts as damaged."""
        content = self.content
        closed = content.endswith(_END)
        at, end = 0, len(content) - (len(_END) if closed else 0)
        while at < end:
            length, checksum = _FRAME.unpack_from(content, at) if at + _FRAME.size <= end else (0, 0)
            start = at + _FRAME.size
            if not _HEAD.size <= length <= _LONGEST_FRAME or start + length > end:
                self.damaged += closed
                return
            payload = content[start : start + length]
            if zlib.crc32(payload) == checksum:
                received_at, call, width = _HEAD.unpack_from(payload)
                text = _HEAD.size + width
                yield Record(received_at, CALLS[call], payload[_HEAD.size : text].decode(), payload[text:])
            elif not closed:
                return
            else:
                self.damaged += 1
            at = start + length


# ---------------------------------------------------------------------- the folder


def identity(folder: Path) -> str:
    """What the lake knows this journal by; made with its folder."""
    place = folder / "journal.json"
    if not place.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = folder / f".journal.{os.getpid()}.{secrets.token_hex(4)}"
        _write_durably(draft, json.dumps({"id": secrets.token_hex(8)}).encode())
        with suppress(FileExistsError):  # another process was first: its name holds
            os.link(draft, place)
        draft.unlink()
        _sync_folder(folder)
    name: str = json.loads(place.read_text(encoding="ascii"))["id"]
    return name


def segments(folder: Path) -> list[tuple[int, Path]]:
    """The segments of a journal by their number, oldest first."""
    return sorted((int(place.stem), place) for place in folder.glob("*.log"))


def backlog(folder: Path) -> int:
    """Bytes that are not in the lake yet."""
    total = 0
    for _number, place in segments(folder):
        with suppress(FileNotFoundError):
            total += place.stat().st_size
    return total


@contextmanager
def settled(folder: Path) -> Iterator[list[tuple[int, Path]]]:
    """The oldest segments that have something in them and no writer; whoever has them holds the journal's reading end.

    Raises: TenureError if another process holds it.
    """
    with _reading(folder / "reader.lock"):
        ready = []
        for number, place in segments(folder):
            with place.open("rb") as opened:
                try:
                    fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    break  # those after it wait too: numbers reach the lake in their order
                if os.fstat(opened.fileno()).st_size:
                    ready.append((number, place))
        yield ready


def damaged(folder: Path) -> list[Path]:
    """Segments in which bytes that were acknowledged cannot be read, kept for a person."""
    return sorted(folder.glob("*.damaged"))


def discard(folder: Path, number: int) -> None:
    """Throw away a segment that is in the lake, and empty ones before it; of the newest the number is remembered.

    Who has it open, to copy it, reads it to its end.
    """
    known = segments(folder)
    for other, place in known:
        if other < known[-1][0]:
            if other == number or (other < number and not place.stat().st_size):
                place.unlink()
        elif other == number:
            empty = place.with_suffix(".empty")
            empty.touch(0o600)
            empty.replace(place)


@contextmanager
def _reading(place: Path) -> Iterator[None]:
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with place.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TenureError(
                "journal.read_elsewhere",
                "Another process writes the journal into the lake.",
                fix="Let one server at a time work in a workspace.",
                file=str(place),
            ) from error
        yield


def _write_durably(place: Path, content: bytes) -> None:
    with place.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# ---------------------------------------------------------------------- the writer


class Journal:
    """The writing end: what `write` has returned from is on disk. For one thread, and one process at a time."""

    def __init__(
        self,
        folder: Path,
        *,
        above: int = 0,
        patience: float = 30.0,
        segment_bytes: int = SEGMENT_BYTES,
        segment_seconds: float = SEGMENT_SECONDS,
    ) -> None:
        """`above` is the highest number that the lake has taken: a journal that was restored may know less.

        Raises: TenureError if another process is still writing after `patience` seconds.
        """
        self.folder = folder
        self.segment_bytes = segment_bytes
        self.segment_seconds = segment_seconds
        identity(folder)
        self._ends = _patiently_held(folder / "writer.lock", patience)
        known = segments(folder)
        self._last = max(above, known[-1][0] if known else 0)
        self._file: int | None = None
        self._size = 0
        self._opened_at = 0.0

    def write(self, frames: Sequence[bytes]) -> None:
        """Put packed records on disk, all or none.

        Raises: JournalUnwritable; what was acknowledged before is not touched by it.
        """
        content = b"".join(frames)
        try:
            if self._file is None or self._size + len(content) > self.segment_bytes:
                self._open_next()
            assert self._file is not None
            _write_all(self._file, content)
            os.fdatasync(self._file)
        except OSError as error:
            self._back_to_known()
            raise JournalUnwritable(
                "journal.unwritable",
                f"The journal cannot be written: {error.strerror or error}.",
                fix="Make room on the disk of the workspace.",
                folder=str(self.folder),
            ) from error
        self._size += len(content)

    def rest(self) -> None:
        """Close the segment if it is old enough, so that it can be flushed."""
        if self._file is not None and self._size and time.monotonic() - self._opened_at >= self.segment_seconds:
            self._close_segment()

    def close(self) -> None:
        """Close the segment and let others write."""
        self._close_segment()
        os.close(self._ends)

    def _open_next(self) -> None:
        self._close_segment()
        self._last += 1
        descriptor = os.open(self._place(), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._file, self._size, self._opened_at = descriptor, 0, time.monotonic()
        _sync_folder(self.folder)

    def _place(self) -> Path:
        return self.folder / f"{self._last:012d}.log"

    def _close_segment(self) -> None:
        """Mark the segment as closed; where the mark finds no room, its absence says no more than that."""
        descriptor, self._file = self._file, None
        if descriptor is None:
            return
        with suppress(OSError):
            if self._size:
                _write_all(descriptor, _END)
                os.fdatasync(descriptor)
        os.close(descriptor)

    def _back_to_known(self) -> None:
        """Take back what was not acknowledged; what the disk holds after a failed write is not to be built upon."""
        descriptor, self._file = self._file, None
        if descriptor is None:
            return
        with suppress(OSError):
            os.ftruncate(descriptor, self._size)
            os.fdatasync(descriptor)
            if not self._size:  # nothing of it was acknowledged: a full disk leaves no row of empty files
                self._place().unlink()
        os.close(descriptor)


def _patiently_held(place: Path, patience: float) -> int:
    """The lock of the writing end, which another process may be about to let go."""
    descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() < until:
                time.sleep(0.05)
                continue
            os.close(descriptor)
            raise TenureError(
                "journal.written_elsewhere",
                "Another process writes the journal.",
                fix="Let one server at a time work in a workspace.",
                file=str(place),
            ) from error
        return descriptor


def _write_all(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


class GroupCommit(threading.Thread, Generic[Ticket]):
    """Writes what waits, however much it is, with one sync, and then settles every ticket at once.

    `settle` is called in this thread with the tickets and the refusal, None where all is on disk.
    """

    def __init__(self, journal: Journal, settle: Callable[[list[Ticket], JournalUnwritable | None], None]) -> None:
        super().__init__(name="journal", daemon=True)
        self.waiting_bytes = 0
        self._journal = journal
        self._settle = settle
        self._wake = threading.Condition()
        self._frames: list[bytes] = []
        self._tickets: list[Ticket] = []
        self._stopping = False

    def submit(self, frame: bytes, ticket: Ticket) -> None:
        """Hand over a packed record; its ticket is settled when it is on disk, or cannot be."""
        with self._wake:
            self._frames.append(frame)
            self._tickets.append(ticket)
            self.waiting_bytes += len(frame)
            self._wake.notify()

    def run(self) -> None:
        while True:
            with self._wake:
                if not self._frames and not self._stopping:
                    self._wake.wait(self._journal.segment_seconds / 4)
                frames, tickets = self._frames, self._tickets
                self._frames, self._tickets, self.waiting_bytes = [], [], 0
                if not frames and self._stopping:
                    break
            if frames:
                refused = None
                try:
                    self._journal.write(frames)
                except JournalUnwritable as error:
                    refused = error
                self._settle(tickets, refused)
            self._journal.rest()
        self._journal.close()

    def stop(self) -> None:
        """Write what waits, and close the journal."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self.join()
