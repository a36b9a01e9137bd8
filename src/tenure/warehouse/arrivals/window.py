"""The ids of the events that came in the last days, so that one sent twice is kept once. Hides files and searching.

An id is 128 bits of hash of (source, id): a chance meeting of two would lose an event. Sorted runs lie in files, are
mapped into memory, and are merged when there are many, so memory is bounded by one merge whatever the number of
events. The files are a cache: `covers` says how far they reach, and `rebuild` makes them of the lake's own rows.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tenure.core.hashing import Texts, stable_hash

Ids = npt.NDArray[np.uint64]
"""Shape (2, n): the two halves of each id."""

Span = tuple[int, int, int]
"""First and last segment, and the part where their ids lie in several runs."""

RUNS_MERGED = 8
LARGEST_RUN = 4_000_000
DAY = 86_400_000_000
_MAGIC = 0x54454E5552453031
_HEAD = 4
_NAME = re.compile(r"(\d{12})-(\d{12})-(\d{6})\.ids")


def ids_of(source: Texts, names: Texts) -> Ids:
    """The ids of events by source and name."""
    halves = stable_hash(source, names), stable_hash(source, names, tag="event")
    return np.stack([half.view(np.uint64) for half in halves])


@dataclass(frozen=True, slots=True)
class _Run:
    """Sorted ids of a span of segments, the newest of them received at `latest`."""

    span: Span
    latest: int
    ids: Ids
    place: Path

    def has(self, ids: Ids) -> npt.NDArray[np.bool_]:
        high, low = self.ids
        at = np.searchsorted(high, ids[0])
        found = np.zeros(ids.shape[1], np.bool_)
        rest = np.arange(ids.shape[1])
        while rest.size:  # a second turn only where two ids share their first half
            rest = rest[at[rest] < high.size]
            rest = rest[high[at[rest]] == ids[0, rest]]
            found[rest] |= low[at[rest]] == ids[1, rest]
            at[rest] += 1
            rest = rest[~found[rest]]
        return found


class Window:
    """The known ids of some days. For one thread of one process."""

    def __init__(self, folder: Path, days: int) -> None:
        self.folder = folder
        self.days = days
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._runs = _loaded(folder)

    @property
    def covers(self) -> int:
        """The last segment whose ids are known; 0 if none is."""
        return self._runs[-1].span[1] if self._runs else 0

    def __len__(self) -> int:
        return sum(run.ids.shape[1] for run in self._runs)

    def fresh(self, ids: Ids, number: int, earliest: int) -> npt.NDArray[np.int64]:
        """The places of the ids that neither came before segment `number` nor stand further ahead in `ids`.

        `earliest` is when the first of them was received; runs that are older by more than the days do not count.
        """
        count = ids.shape[1]
        order = np.lexsort((np.arange(count), ids[1], ids[0]))
        ordered = ids[:, order]
        first = np.ones(count, np.bool_)
        first[1:] = (ordered[:, 1:] != ordered[:, :-1]).any(axis=0)
        ordered, order = ordered[:, first], order[first]
        known = np.zeros(order.size, np.bool_)
        for run in self._runs:
            if run.span[1] < number and run.latest >= earliest - self.days * DAY:
                known |= run.has(ordered)
        return np.sort(order[~known]).astype(np.int64)

    def add(self, ids: Ids, number: int, latest: int) -> None:
        """Know the ids of a segment from now on. Said before the segment is in the lake, and again if that failed."""
        if number > self.covers and ids.shape[1]:
            self._keep((number, number, 0), latest, ids)

    def tidy(self) -> None:
        """Forget what is too old, and make one run of the newest ones where there are many of about one size.

        It is as late as the last segment says: after a clock was set back, what came since is not old.
        """
        newest = self._runs[-1].latest if self._runs else 0
        for run in [run for run in self._runs if run.latest < newest - (self.days + 1) * DAY]:
            self._drop(run)
        while len(self._runs) >= RUNS_MERGED:
            tail = self._runs[-RUNS_MERGED:]
            sizes = [run.ids.shape[1] for run in tail]
            aged = newest - tail[0].latest > DAY
            if aged or sum(sizes) > LARGEST_RUN or sizes[0] > RUNS_MERGED * max(sizes[1:]):
                return
            latest = max(run.latest for run in tail)
            span = (tail[0].span[0], tail[-1].span[1], tail[0].span[2])
            kept = self._keep(span, latest, np.concatenate([run.ids for run in tail], axis=1))
            for run in tail:
                self._drop(run, but=kept.place)

    def rebuild(self, parts: Iterable[tuple[Ids, int]], number: int) -> None:
        """Begin anew with the ids that the lake has up to a segment, in parts with the time of the latest."""
        for run in list(self._runs):
            self._drop(run)
        for part, (ids, latest) in enumerate(parts):
            self._keep((number, number, part), latest, ids)

    def _keep(self, span: Span, latest: int, ids: Ids) -> _Run:
        order = np.lexsort((ids[1], ids[0]))
        place = self.folder / "{:012d}-{:012d}-{:06d}.ids".format(*span)
        draft = place.with_suffix(".part")
        with draft.open("wb") as opened:
            opened.write(np.array([_MAGIC, ids.shape[1], latest, 0], np.uint64).tobytes())
            opened.write(np.ascontiguousarray(ids[:, order]).tobytes())
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(place)
        run = _opened(place)
        assert run is not None
        self._runs = _in_order([*self._runs, run])
        return run

    def _drop(self, run: _Run, but: Path | None = None) -> None:
        self._runs = [one for one in self._runs if one is not run]
        if run.place != but:
            run.place.unlink(missing_ok=True)


def _opened(place: Path) -> _Run | None:
    """The run in a file; None if the file is not whole."""
    named = _NAME.fullmatch(place.name)
    if named is None or place.stat().st_size < _HEAD * 8:
        return None
    magic, count, latest, _unused = np.fromfile(place, np.uint64, _HEAD).tolist()
    if magic != _MAGIC or place.stat().st_size != (_HEAD + 2 * count) * 8:
        return None
    ids = np.memmap(place, np.uint64, "r", _HEAD * 8, (2, count))
    return _Run((int(named[1]), int(named[2]), int(named[3])), latest, ids, place)


def _in_order(runs: Iterable[_Run]) -> list[_Run]:
    return sorted(runs, key=lambda run: (run.span[1], run.span[0], run.span[2]))


def _loaded(folder: Path) -> list[_Run]:
    """The runs of a folder; a file that is not whole, or whose ids are in a merged one, is removed."""
    found = [(place, _opened(place)) for place in sorted(folder.iterdir())]
    runs = [run for _place, run in found if run is not None]
    spans = {run.span[:2] for run in runs}
    kept = []
    for place, run in found:
        if run is None or any(a <= run.span[0] and run.span[1] <= b for a, b in spans - {run.span[:2]}):
            place.unlink()
        else:
            kept.append(run)
    return _in_order(kept)
