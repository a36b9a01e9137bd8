"""A file as handed to us: opened, measured and unpacked within limits. Hides paths, bytes in memory and .gz."""

from __future__ import annotations

import gzip
import io
import re
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tenure.apps.connectors.files.limits import Limits
from tenure.apps.connectors.files.problems import ImportRefused, shown

_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """An opened file: seekable bytes with a name for messages."""

    name: str
    stream: BinaryIO
    size: int

    def rewind(self) -> BinaryIO:
        self.stream.seek(0)
        return self.stream

    def head(self, count: int) -> bytes:
        return self.rewind().read(count)

    def text(self, encoding: str, newline: str = "") -> io.TextIOWrapper:
        """The file from its start as text; bytes that are none become U+FFFD. Closing it leaves the file open."""
        return io.TextIOWrapper(
            io.BufferedReader(_Borrowed(self.rewind()), 1 << 18), encoding, "replace", newline=newline
        )


class _Borrowed(io.RawIOBase):
    """A stream that outlives the wrappers around it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def file_name(given: str | Path | bytes | BinaryIO, name: str | None = None) -> str:
    """What messages and the list of imports call the file: its last part, cut, with control characters made visible."""
    called = name if name else str(given) if isinstance(given, str | Path) else "upload"
    return shown(re.split(r"[/\\]", called.rstrip("/\\"))[-1] or "upload", 200)


@contextmanager
def opened(
    given: str | Path | bytes | BinaryIO,
    limits: Limits,
    name: str | None = None,
    check: Callable[[], None] = lambda: None,
) -> Iterator[Source]:
    """The file behind a path, bytes or an open binary file, unpacked if it is gzip.

    Raises: ImportRefused for a missing, empty, too large or damaged file.
    """
    called = file_name(given, name)
    with ExitStack() as stack:
        if isinstance(given, bytes):
            stream: BinaryIO = io.BytesIO(given)
        elif isinstance(given, str | Path):
            try:
                stream = stack.enter_context(Path(given).open("rb"))
            except (OSError, ValueError) as error:
                raise ImportRefused("import.not_found", file=called) from error
        else:
            stream = given
        size = stream.seek(0, io.SEEK_END)
        if size == 0:
            raise ImportRefused("import.empty_file", file=called)
        if size > limits.file_bytes:
            raise ImportRefused("import.too_big", file=called, size=size, limit=limits.file_bytes)
        stream.seek(0)
        if stream.read(2) != _GZIP:
            yield Source(called, stream, size)
            return
        with tempfile.TemporaryFile() as plain:
            unpacked = _unpack(stream, plain, called, size, limits, check)
            yield Source(called, plain, unpacked)


def _unpack(
    stream: BinaryIO, plain: BinaryIO, called: str, size: int, limits: Limits, check: Callable[[], None]
) -> int:
    """Write the plain bytes to `plain`; their number."""
    stream.seek(0)
    written = 0
    try:
        with gzip.GzipFile(fileobj=stream, mode="rb") as packed:
            while chunk := packed.read(_CHUNK):
                check()
                written += len(chunk)
                too_dense = written > limits.pack_floor and written > limits.pack_ratio * size
                if written > limits.unpacked_bytes or too_dense:
                    raise ImportRefused(
                        "import.unpacks_too_big", file=called, limit=limits.unpacked_bytes, ratio=limits.pack_ratio
                    )
                plain.write(chunk)
    except (OSError, EOFError, zlib.error) as error:
        raise ImportRefused("import.damaged", file=called, detail=f"gzip: {error}") from error
    if written == 0:
        raise ImportRefused("import.empty_file", file=called)
    return written
