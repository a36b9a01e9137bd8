"""The folder of one import: staged rows appear whole or not at all, and what a killed import leaves is swept.

`TENURE_HOME/imports/RUN/` holds `staged.parquet` while the import runs, and afterwards `report.csv` and the rows it
refused, `rejects.jsonl`. A process holds the
folder's lock as long as it works there; the kernel lets go of it when the process dies, however it dies.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.conf import settings

_LOCK, _STAGED, _PART, _KEPT = ".lock", "staged.parquet", "staged.part", "staged.kept"
_REPORT, _REJECTS = "report.csv", "rejects.jsonl"


def imports_folder() -> Path:
    """Where imports are staged and their reports lie."""
    return Path(settings.TENURE_HOME) / "imports"


class Folder:
    """One import's folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.staged = path / _STAGED
        self.report = path / _REPORT
        self.rejects = path / _REJECTS

    @contextmanager
    def held(self) -> Iterator[None]:
        """Work in the folder; nothing but the report and the refused rows is left when the block ends."""
        while True:
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                lock = (self.path / _LOCK).open("a")
            except FileNotFoundError:  # swept in between
                continue
            with lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                if os.fstat(lock.fileno()).st_nlink == 0:
                    continue
                try:
                    yield
                finally:
                    self.clear()
                return

    def clear(self) -> None:
        """Remove everything but the report and the refused rows, and the folder if there are none."""
        for name in (_STAGED, _PART, _KEPT, _LOCK):
            (self.path / name).unlink(missing_ok=True)
        for part in self.path.glob(".*.part"):
            part.unlink(missing_ok=True)
        if not any(self.path.iterdir()):
            self.path.rmdir()


class Writer:
    """Writes staged rows; the file has its name only when every row is on the disk."""

    def __init__(self, folder: Path, schema: pa.Schema) -> None:
        self._part, self._whole = folder / _PART, folder / _STAGED
        self._schema = schema
        self._writer = pq.ParquetWriter(self._part, schema, compression="zstd")

    def write(self, table: pa.Table) -> None:
        if table.num_rows:
            self._writer.write_table(table)

    def close(self) -> None:
        self._writer.close()

    def batches(self) -> Iterator[pa.Table]:
        """The rows written so far, after `close`."""
        for batch in pq.ParquetFile(self._part).iter_batches(65_536):
            yield pa.Table.from_batches([batch])

    def publish(self, dropped: set[int]) -> Path:
        """Name the file, without the rows that turned out to be wanted no more."""
        if dropped:
            numbers = pa.array(sorted(dropped), pa.int64())
            smaller = self._part.with_name(_KEPT)
            with pq.ParquetWriter(smaller, self._schema, compression="zstd") as writer:
                for table in self.batches():
                    kept = table.filter(pc.invert(pc.is_in(table["file_row"], numbers)))
                    if kept.num_rows:
                        writer.write_table(kept)
            smaller.replace(self._part)
        with self._part.open("rb") as stream:
            os.fsync(stream.fileno())
        self._part.replace(self._whole)
        return self._whole


def abandoned(imports: Path) -> Iterator[Path]:
    """Folders of imports whose process is gone while rows were staged; locked until the next is asked for."""
    if not imports.is_dir():
        return
    for path in sorted(p for p in imports.iterdir() if p.is_dir() and (p / _LOCK).exists()):
        try:
            with (path / _LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield path
        except (FileNotFoundError, BlockingIOError):
            continue
