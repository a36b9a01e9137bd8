"""The exact answer cache shared by all processes of a workspace. Hides files and their life.

An answer depends on its question, definition, the versions of the tables and the day, and on nothing else: these are
its key, so an entry is never stale, only unused. Entries are written whole under a name of their own and renamed.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import uuid
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pyarrow as pa

from tenure.warehouse.answer import Result

KEPT_IN_MEMORY = 256
KEPT_ON_DISK = 4_000
_LAST = ".last"
_ERA = "era"
_ABOUT = b"tenure"


def key(depends: dict[str, Any]) -> str:
    """The key of what an answer depends on."""
    return hashlib.sha256(json.dumps(depends, sort_keys=True, default=str).encode()).hexdigest()[:40]


class AnswerCache:
    """Results by key: the newest in memory, the others as Arrow files."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._memory: OrderedDict[str, tuple[Result, dict[str, Any]]] = OrderedDict()
        self._newest: OrderedDict[str, str] = OrderedDict()
        self._guard = threading.Lock()
        self._written = 0

    def get(self, name: str) -> tuple[Result, dict[str, Any]] | None:
        """The result and what was noted beside it, if it is known."""
        with self._guard:
            found = self._memory.get(name)
            if found is not None:
                self._memory.move_to_end(name)
                return found
        if self.folder is None:
            return None
        try:
            table = _read(self.folder / f"{name}.arrow")
            about = json.loads(table.schema.metadata[_ABOUT])
            tables = {other: _read(self.folder / f"{name}.{other}.arrow") for other in about["tables"]}
        except (OSError, pa.ArrowInvalid):
            return None
        result = Result(table.replace_schema_metadata(None), about["checks"], about["notes"], tables)
        self._remember(name, (result, about["beside"]))
        return result, about["beside"]

    def last(self, series: str) -> tuple[Result, dict[str, Any]] | None:
        """The result that was put last into a series, with what was noted beside it, if it is still kept."""
        if self.folder is None:
            with self._guard:
                name = self._newest.get(series)
            return None if name is None else self.get(name)
        try:
            return self.get((self.folder / f"{series}{_LAST}").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def era(self) -> str:
        """What is another one as soon as everything was forgotten."""
        if self.folder is None:
            return ""
        try:
            return (self.folder / _ERA).read_text(encoding="ascii")
        except (OSError, ValueError):
            return ""

    def forget(self) -> int:
        """Delete everything; what is computed now of what was read before is not kept either. Returns how many."""
        if self.folder is None:
            return 0
        self.folder.mkdir(parents=True, exist_ok=True)
        work = self.folder / f".{_ERA}.{os.getpid()}"
        work.write_text(uuid.uuid4().hex, encoding="ascii")
        work.rename(self.folder / _ERA)
        kept = list(self.folder.glob("*.arrow"))
        for file in (*kept, *self.folder.glob(f"*{_LAST}")):  # a process may have the answer itself in memory
            file.unlink(missing_ok=True)
        return len(kept)

    def put(self, name: str, result: Result, beside: dict[str, Any], *, series: str, era: str) -> None:
        """Keep a result, which is now the last of its series; not if all was forgotten since the era it is of."""
        if era != self.era():
            return
        self._remember(name, (result, beside))
        if self.folder is None:
            with self._guard:
                self._newest[series] = name
                while len(self._newest) > KEPT_IN_MEMORY:
                    self._newest.popitem(last=False)
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        about = json.dumps(
            {"checks": result.checks, "notes": result.notes, "beside": beside, "tables": list(result.beside)},
            default=str,
        )
        for other, table in result.beside.items():
            self._write(f"{name}.{other}", table)
        self._write(name, result.table.replace_schema_metadata({_ABOUT: about.encode()}))
        work = self.folder / f".{series}.{os.getpid()}.{threading.get_ident()}"
        work.write_text(name, encoding="ascii")
        last = self.folder / f"{series}{_LAST}"
        work.rename(last)
        if era != self.era():
            for file in (last, *self.folder.glob(f"{name}*.arrow")):
                file.unlink(missing_ok=True)
        self._written += 1
        if self._written % 200 == 1:
            self._tidy()

    def _write(self, name: str, table: pa.Table) -> None:
        if self.folder is None:
            return
        work = self.folder / f".{name}.{os.getpid()}.{threading.get_ident()}"
        with pa.OSFile(str(work), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        work.rename(self.folder / f"{name}.arrow")

    def _remember(self, name: str, entry: tuple[Result, dict[str, Any]]) -> None:
        with self._guard:
            self._memory[name] = entry
            while len(self._memory) > KEPT_IN_MEMORY:
                self._memory.popitem(last=False)

    def _tidy(self) -> None:
        if self.folder is None:
            return
        for kind in (".arrow", _LAST):
            files = sorted(self.folder.glob(f"*{kind}"), key=lambda p: p.stat().st_mtime)
            for old in files[:-KEPT_ON_DISK]:
                old.unlink(missing_ok=True)


def _read(file: Path) -> pa.Table:
    with pa.memory_map(str(file)) as source:
        return pa.ipc.open_file(source).read_all()
