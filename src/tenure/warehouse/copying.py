"""What a copy of the lake is made of: data files and log entries of fixed versions. Hides the Delta log.

A copy holds only the files that the logs name at that moment. Data files never change and stay for hours after they
have left a table, so they may be read while others write, mirror and compact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tenure.warehouse import mirror
from tenure.warehouse.lake import Lake
from tenure.warehouse.storage import LOG

_LAST = "_last_checkpoint"
_CHECKPOINT = ".checkpoint.parquet"


@dataclass(frozen=True, slots=True)
class Held:
    """A lake at one moment: version and number of rows by table, and the addresses of its files by their path in it."""

    versions: Mapping[str, int]
    rows: Mapping[str, int]
    files: Mapping[str, str]
    entries: Mapping[str, bytes]


def held(lake: Lake) -> Held:
    """The lake as it is now; call it under the lock `mirror` to have it in step with the store."""
    versions: dict[str, int] = {}
    rows: dict[str, int] = {}
    files: dict[str, str] = {}
    entries: dict[str, bytes] = {}
    hidden = mirror.hidden(lake)
    if hidden:  # a flush that was killed: readers stay at the versions before it
        with lake.storage.refusals():
            entries[mirror.VEIL] = lake.storage.read(mirror.VEIL)
    for name in sorted(lake.versions()):
        with lake.lock(name):
            version = lake.version(name)
            if version is None:
                continue
            versions[name], rows[name] = version, lake.count(name, version)
            before = hidden.get(name)
            for read in {version, version if before is None else before}:
                files |= {f"{name}/{Path(file).name}": file for file in lake.files(name, read)}
            earliest = version if before is None else before
            entries |= {f"{name}/{LOG}/{place}": text for place, text in _log(lake, name, earliest, version)}
    return Held(versions, rows, files, entries)


def _log(lake: Lake, table: str, earliest: int, version: int) -> list[tuple[str, bytes]]:
    """The entries that make every version from `earliest` on, beginning with a checkpoint where there is one."""
    folder = f"{table}/{LOG}"
    with lake.storage.refusals():
        there = lake.storage.names(folder)
        checkpoints = [int(name[:20]) for name in there if name.endswith(_CHECKPOINT)]
        known = [number for number in checkpoints if number <= version]
        usable = [number for number in known if number <= earliest]
        first = usable[-1] if usable else 0
        names = [f"{number:020d}.json" for number in range(first, version + 1)]
        names += [f"{number:020d}{_CHECKPOINT}" for number in known if number >= first]
        if known:
            names.append(_LAST)
        return [(name, lake.storage.read(f"{folder}/{name}")) for name in sorted(set(names) & set(there))]


def is_empty(lake: Lake) -> bool:
    """Whether nothing at all lies where the lake would be."""
    with lake.storage.refusals():
        return not lake.storage.names("")


def bring(folder: Path, lake: Lake) -> None:
    """Put the files of a lake in a folder into an empty one; what names a file comes after it."""
    files = [place.relative_to(folder).as_posix() for place in folder.rglob("*") if place.is_file()]
    with lake.storage.refusals():
        for name in sorted(files, key=lambda name: (name == mirror.VEIL, f"/{LOG}/" in name, name)):
            lake.storage.bring(name, folder / name)
