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

_LOG = "_delta_log"
_LAST = "_last_checkpoint"
_VEIL = ".mirror.json"


@dataclass(frozen=True, slots=True)
class Held:
    """A lake at one moment: version and number of rows by table, and its files by their path in the lake."""

    versions: Mapping[str, int]
    rows: Mapping[str, int]
    files: Mapping[str, Path]
    entries: Mapping[str, bytes]


def held(lake: Lake) -> Held:
    """The lake as it is now; call it under the lock `mirror` to have it in step with the store."""
    versions: dict[str, int] = {}
    rows: dict[str, int] = {}
    files: dict[str, Path] = {}
    entries: dict[str, bytes] = {}
    hidden = mirror.hidden(lake)
    if hidden:  # a flush that was killed: readers stay at the versions before it
        entries[_VEIL] = (lake.path / _VEIL).read_bytes()
    for name in sorted(lake.versions()):
        with lake.lock(name):
            version = lake.version(name)
            if version is None:
                continue
            versions[name], rows[name] = version, lake.count(name, version)
            before = hidden.get(name)
            for read in {version, version if before is None else before}:
                files |= {f"{name}/{Path(file).name}": Path(file) for file in lake.files(name, read)}
            earliest = version if before is None else before
            entries |= {f"{name}/{_LOG}/{place}": text for place, text in _log(lake.path / name, earliest, version)}
    return Held(versions, rows, files, entries)


def _log(table: Path, earliest: int, version: int) -> list[tuple[str, bytes]]:
    """The entries that make every version from `earliest` on, beginning with a checkpoint where there is one."""
    folder = table / _LOG
    checkpoints = sorted(int(file.name[:20]) for file in folder.glob("*.checkpoint.parquet"))
    known = [number for number in checkpoints if number <= version]
    usable = [number for number in known if number <= earliest]
    first = usable[-1] if usable else 0
    names = [f"{number:020d}.json" for number in range(first, version + 1)]
    names += [f"{number:020d}.checkpoint.parquet" for number in known if number >= first]
    if known:
        names.append(_LAST)
    return [(name, (folder / name).read_bytes()) for name in names if (folder / name).exists()]
