"""The sequence index of a workspace: whether it stands for a snapshot, and bringing it up to date.

A question is answered with it only if it is of the very versions the question reads. Where it lags behind by little,
the question itself extends it; where it must be built, the worker does that and the question goes its way without.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from tenure.core.errors import TenureError
from tenure.warehouse.lake import Lake
from tenure.warehouse.sequences import building, extending
from tenure.warehouse.sequences.building import EVENTS
from tenure.warehouse.sequences.folder import Folder, Manifest
from tenure.warehouse.sequences.opened import Opened
from tenure.warehouse.snapshot import Snapshot

log = logging.getLogger(__name__)
LEAST_EVENTS = 100_000
"""Fewer events are read from the lake in no time."""
MOST_AT_ONCE = 100_000
"""So many new events a question adds by itself."""
_FAILURES = (OSError, ValueError, KeyError, IndexError, TenureError, pa.ArrowException)


class SequenceIndex:
    """For any number of threads and processes; deleting its folder at any time loses nothing."""

    def __init__(self, path: Path, lake: Lake, *, least: int = LEAST_EVENTS) -> None:
        self.folder = Folder(path)
        self._lake = lake
        self._least = least
        self._guard = threading.Lock()
        self._opened: tuple[tuple[int, int], Opened] | None = None

    def of(self, snapshot: Snapshot) -> Opened | None:
        """The index for a snapshot; None where the lake has to be asked."""
        if snapshot.known_at is not None or snapshot.with_superseded or EVENTS not in snapshot.versions:
            return None
        opened = self._current()
        if opened is None:
            return None
        if stands_for(opened.manifest, snapshot):
            return opened
        late = extending.new_rows(self._lake, opened.manifest, snapshot)
        if late is None or late > MOST_AT_ONCE or building.micros(snapshot) < opened.manifest.moment:
            return None
        try:
            self.refresh(snapshot, build=False, wait=False)
        except _FAILURES:
            log.exception("The sequence index could not be extended.")
        opened = self._current()
        return opened if opened is not None and stands_for(opened.manifest, snapshot) else None

    def refresh(self, snapshot: Snapshot, *, build: bool = True, wait: bool = True) -> bool:
        """Bring the index to a snapshot; whether anything was done. Only one builder is at work at a time.

        Raises: OSError, ValueError, TenureError, pa.ArrowException; what was there before stays.
        """
        if EVENTS not in snapshot.versions or self._lake.count(EVENTS, snapshot.versions[EVENTS]) < self._least:
            return False
        with self.folder.lock(wait=wait) as held:
            new = self._made(snapshot, build) if held else None
            if new is not None:
                self.folder.publish(new)
        return new is not None

    def _made(self, snapshot: Snapshot, build: bool) -> Manifest | None:
        """The index of a snapshot; None where it is there already, or would have to be built and may not."""
        former = self.folder.manifest()
        self.folder.tidy(former.sizes if former is not None else {})
        if former is not None:
            lacking = {*self.folder.properties()} - {*former.crowded, *former.properties}
            if not (build and lacking):
                if stands_for(former, snapshot):
                    return None
                late = extending.new_rows(self._lake, former, snapshot)
                early = building.micros(snapshot) < former.moment
                if late is not None and late <= extending.MOST_ROWS and not early:
                    new = extending.extended(self.folder, self._lake, snapshot, former)
                    if new is not None:
                        return new
        return building.build(self.folder, self._lake, snapshot) if build else None

    def remember(self, properties: Sequence[str]) -> None:
        """Note properties that a question named: the next index that is built has columns of them."""
        try:
            self.folder.remember(properties)
        except OSError:
            log.warning("The properties that questions name could not be noted.", exc_info=True)

    def forget(self) -> int:
        """Delete the index; how many bytes it had."""
        with self._guard:
            self._opened = None
        return self.folder.clear()

    def _current(self) -> Opened | None:
        """What lies there now, opened; None where there is nothing whole."""
        stamp = self.folder.stamp()
        with self._guard:
            if stamp is None:
                self._opened = None
                return None
            if self._opened is None or self._opened[0] != stamp:
                former = self._opened[1] if self._opened is not None else None
                self._opened = None
                manifest = self.folder.manifest()
                if manifest is None:
                    return None
                try:
                    self._opened = stamp, Opened(self.folder, manifest, former)
                except _FAILURES:
                    return None
            return self._opened[1]


def stands_for(manifest: Manifest, snapshot: Snapshot) -> bool:
    """Whether an index is of the versions of a snapshot, at its moment."""
    now = building.micros(snapshot)
    return (
        manifest.versions[EVENTS] == snapshot.versions[EVENTS]
        and manifest.identity_versions == building.identity_versions(snapshot)
        and manifest.moment <= now
        and (manifest.until is None or now < manifest.until)
    )
