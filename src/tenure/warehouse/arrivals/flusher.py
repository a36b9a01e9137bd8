"""The flusher: journal segments into the lake, each exactly once, whenever anything is killed. Hides the order of it.

For a segment: read it, leave out what came before, note its ids, commit its rows, make them durable, and only then
throw it away. A kill between any two of these is mended by doing the segment again: its own ids do not count as having
come before, and the lake takes a segment's number only once for each table.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
from deltalake.exceptions import DeltaError

from tenure.core import tracking
from tenure.core.errors import TenureError
from tenure.core.tracking import Arrivals, BodyRefused
from tenure.warehouse.arrivals import journal, live, rows
from tenure.warehouse.arrivals.journal import Record, Segment
from tenure.warehouse.arrivals.window import DAY, Ids, Window, ids_of
from tenure.warehouse.lake import Lake

log = logging.getLogger(__name__)
TABLES = ("events", "identities", "refused_events")
LOOK_SECONDS = 0.25
_PAUSE_AFTER_FAILURE = 5.0
_LONGEST_TEXT = 2 * tracking.LARGEST_EVENT
STATE = "flusher.json"


def app_of(folder: Path) -> str:
    """The name under which the lake counts the segments of a journal."""
    return f"journal/{journal.identity(folder)}"


def taken(lake: Lake, folder: Path) -> int:
    """The highest segment that any table of the lake has taken; 0 if none."""
    app = app_of(folder)
    return max(lake.transaction(table, app) or 0 for table in TABLES)


def state(folder: Path) -> dict[str, Any]:
    """What the flusher last said of itself: counts since the journal was made, when it last worked, what failed."""
    try:
        said: dict[str, Any] = json.loads((folder / STATE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return said


class Flusher:
    """Moves what the journal holds into the lake. One at a time for a journal; readers and other writers go on."""

    def __init__(self, folder: Path, lake: Lake, *, days: int) -> None:
        self.folder = folder
        self.lake = lake
        self._app = app_of(folder)
        self._days = days
        self._window: Window | None = None
        self._said = {"segments": 0, "events": 0, "repeated": 0, "refused": 0, "damaged": 0, **state(folder)}

    def turn(self) -> int:
        """Flush every segment that has no writer any more; how many there were.

        Raises: TenureError, OSError; what was not flushed stays in the journal.
        """
        with journal.settled(self.folder) as ready:
            for number, place in ready:
                self._flush(Segment(number, place.read_bytes()), place)
        return len(ready)

    def run(self, stopping: threading.Event) -> None:
        """Flush until told to stop, and once more then; what fails is said in the state and tried again."""
        while True:
            last = stopping.is_set()
            pause = LOOK_SECONDS
            try:
                self.turn()
                self._say(error=None)
            except (TenureError, OSError, ValueError, DeltaError, pa.ArrowException) as error:
                log.exception("What arrived could not be written into the lake; it stays in the journal.")
                self._say(error=str(error))
                pause = _PAUSE_AFTER_FAILURE
            if last:
                return
            stopping.wait(pause)

    # ------------------------------------------------------------------ one segment

    def _flush(self, segment: Segment, place: Path) -> None:
        arrivals, refused = Arrivals(), []
        for position, record in enumerate(segment.records()):
            refused += self._read(record, f"{self._app.removeprefix('journal/')}-{segment.number}-{position}", arrivals)
        window = self._known()
        ids = ids_of(arrivals.source, arrivals.event_id)
        fresh = np.empty(0, np.int64)
        if len(arrivals):
            received = arrivals.received_at
            fresh = window.fresh(ids, segment.number, min(received))
            window.add(ids[:, fresh], segment.number, max(received))
        for table, made in (
            ("events", rows.events(arrivals, fresh)),
            ("identities", rows.identities(arrivals, fresh)),
            ("refused_events", rows.refused(refused)),
        ):
            if made.num_rows:
                before = self.lake.version(table)
                self.lake.append(table, made, transaction=(self._app, segment.number))
                self.lake.make_durable(table, -1 if before is None else before)
        if segment.damaged:  # every byte of it was acknowledged: what cannot be read is kept for a person
            log.error("%s has %s damaged records; it is kept as %s.damaged", place, segment.damaged, place.stem)
            os.link(place, place.with_suffix(f".{time.time_ns()}.damaged"))
        live.note(self.folder, segment.number, arrivals, fresh, refused)
        journal.discard(self.folder, segment.number)
        window.tidy()
        self._said["segments"] += 1
        self._said["events"] += len(fresh)
        self._said["repeated"] += len(arrivals) - len(fresh)
        self._said["refused"] += len(refused)
        self._said["damaged"] += segment.damaged

    def _read(self, record: Record, place: str, into: Arrivals) -> list[dict[str, Any]]:
        """Add a record's events to the columns; rows of what is refused."""
        about = {"call": record.call, "source": record.source, "received_at": record.received_at}
        try:
            refused = tracking.read(
                record.body,
                record.call,
                received_at=record.received_at,
                source=record.source,
                place=place,
                into=into,
            )
        except BodyRefused as whole:
            return [about | {"refused_id": place, "reason": whole.code, "field": "", "content": _text(record.body)}]
        return [
            about
            | {"refused_id": f"{place}-{one.index}", "reason": one.code, "field": one.field, "content": _text(one.body)}
            for one in refused
        ]

    # ------------------------------------------------------------------ the ids known

    def _known(self) -> Window:
        """The window of ids; made of the lake's own rows where its files do not reach as far as the lake."""
        if self._window is None:
            window = Window(self.folder / "known", self._days)
            reached = self.lake.transaction("events", self._app) or 0
            if window.covers < reached:
                window.rebuild(self._ids_in_lake(), reached)
            self._window = window
        return self._window

    def _ids_in_lake(self) -> Iterator[tuple[Ids, int]]:
        since = pa.scalar(int(time.time() * 1_000_000) - self._days * DAY, pa.timestamp("us", tz="UTC"))
        files = self.lake.files("events")
        for file in files:
            columns = ["source", "event_id", "received_at"]
            read = self.lake.rows("events", [file], columns, where=ds.field("received_at") >= since)
            if read.num_rows:
                latest = int(np.max(read["received_at"].cast(pa.int64()).to_numpy()))
                yield ids_of(read["source"], read["event_id"]), latest

    def _say(self, error: str | None) -> None:
        self._said |= {"error": error, "looked_at": time.time()}
        draft = self.folder / f"{STATE}.part"
        draft.write_text(json.dumps(self._said), encoding="utf-8")
        draft.replace(self.folder / STATE)


def _text(body: bytes) -> str:
    """What was sent, as text that any engine can keep."""
    return body[:_LONGEST_TEXT].decode("utf-8", "replace").replace("\x00", "\ufffd")
