"""What arrived last, with the verdict on each event: what the flusher notes of it, and what still lies in the journal.

The notes are one small file beside the journal, of the last few hundred events whatever the number that came; nobody
holds them in memory, so deleting the file forgets them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tenure.core import tracking
from tenure.core.tracking import Arrivals, BodyRefused
from tenure.warehouse.arrivals import journal
from tenure.warehouse.arrivals.journal import Segment

FILE = "live.json"
KEPT = 300
RECORDS_READ = 100
"""Bodies of the journal that are looked at, the newest."""
SEGMENTS_READ = 2
LONGEST = 400
WAITING, TAKEN, REPEATED, REFUSED = VERDICTS = ("waiting", "taken", "repeated", "refused")
"""On its way to the lake; in it; sent twice, and there already; refused."""


class Arrival(msgspec.Struct):
    """One event as it arrived."""

    received_at: int
    """microseconds since 1970 UTC"""
    source: str
    verdict: str
    event: str = ""
    user_id: str | None = None
    anonymous_id: str | None = None
    account_id: str | None = None
    content: str = ""
    """its properties, or what was sent where it is refused; the first LONGEST characters"""
    reason: str = ""
    field: str = ""


class _Notes(msgspec.Struct):
    """The file: what the flusher saw last, the newest at the end, and the segment up to which it saw."""

    segment: int = 0
    arrivals: list[Arrival] = []


_decode = msgspec.json.Decoder(_Notes).decode


def note(
    folder: Path,
    segment: int,
    arrivals: Arrivals,
    fresh: npt.NDArray[np.int64],
    refused: Iterable[Mapping[str, Any]],
) -> None:
    """Keep what is to be seen of a segment that was flushed: `fresh` are the places of the events that were taken."""
    newest = range(max(len(arrivals) - KEPT, 0), len(arrivals))
    taken = {*fresh[np.searchsorted(fresh, newest.start) :].tolist()}
    found = [_of(arrivals, place, TAKEN if place in taken else REPEATED) for place in newest]
    found += [_refused(row) for row in deque(refused, KEPT)]
    kept = _notes(folder).arrivals + sorted(found, key=lambda one: one.received_at)
    draft = folder / f"{FILE}.part"
    draft.write_bytes(msgspec.json.encode(_Notes(segment, kept[-KEPT:])))
    draft.replace(folder / FILE)


def latest(folder: Path) -> list[Arrival]:
    """What arrived last, the newest first; it may be on its way to the lake yet."""
    notes = _notes(folder)
    return sorted(_waiting(folder, notes.segment) + notes.arrivals, key=lambda one: -one.received_at)[:KEPT]


def forget(folder: Path) -> None:
    """Throw the notes away, because somebody is not to be known any more."""
    (folder / FILE).unlink(missing_ok=True)


def _notes(folder: Path) -> _Notes:
    try:
        return _decode((folder / FILE).read_bytes())
    except (FileNotFoundError, ValueError):
        return _Notes()


def _waiting(folder: Path, segment: int) -> list[Arrival]:
    """The newest of what lies in the journal after a segment."""
    found: list[Arrival] = []
    for number, place in journal.segments(folder)[-SEGMENTS_READ:]:
        content = b""
        if number > segment:
            with suppress(FileNotFoundError):  # flushed meanwhile
                content = place.read_bytes()
        for record in deque(Segment(number, content).records(), RECORDS_READ):
            arrivals = Arrivals()
            at, source = record.received_at, record.source
            about = {"received_at": at, "source": source}
            try:
                refused = tracking.read(
                    record.body, record.call, received_at=at, source=source, place="", into=arrivals
                )
            except BodyRefused as whole:
                found.append(_refused({**about, "reason": whole.code, "field": "", "content": _text(record.body)}))
                continue
            found += [_of(arrivals, place, WAITING) for place in range(len(arrivals))]
            found += [
                _refused({**about, "reason": one.code, "field": one.field, "content": _text(one.body)})
                for one in refused
            ]
    return found


def _of(arrivals: Arrivals, place: int, verdict: str) -> Arrival:
    return Arrival(
        arrivals.received_at[place],
        arrivals.source[place],
        verdict,
        arrivals.event[place],
        arrivals.user_id[place],
        arrivals.anonymous_id[place],
        arrivals.account_id[place],
        (arrivals.properties[place] or "")[:LONGEST],
    )


def _refused(row: Mapping[str, Any]) -> Arrival:
    return Arrival(
        row["received_at"],
        row["source"],
        REFUSED,
        content=row["content"][:LONGEST],
        reason=row["reason"],
        field=row["field"],
    )


def _text(body: bytes) -> str:
    return body[:LONGEST].decode("utf-8", "replace")
