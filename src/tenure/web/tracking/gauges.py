"""What the tracking port says of itself: whether it can take more, and figures for a monitor. Hides the counting."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tenure.warehouse.arrivals import flusher, journal

LOOK_SECONDS = 1.0
MOST_WAITING = 64 << 20
"""Bytes that may wait in memory for the disk."""
_LAST_LOOK = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How full the disk may get, and how far the lake may be behind, before events are asked to come later."""

    free_bytes: int
    backlog_bytes: int


@dataclass(frozen=True, slots=True)
class Pressure:
    """Why nothing can be taken now, with the status to answer and the seconds to wait."""

    status: int
    code: str
    message: str
    seconds: int


@dataclass(slots=True)
class Gauges:
    """Counts of one process, and looks at the disk that are at most a second old."""

    folder: Path
    limits: Limits
    waiting: Callable[[], int] = lambda: 0
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    bytes: int = 0
    commits: int = 0
    commit_seconds: float = 0.0
    _looked: float = -LOOK_SECONDS
    _free: int = 0
    _backlog: int = 0

    def pressure(self) -> Pressure | None:
        """Why nothing can be taken now; None if it can."""
        self._look()
        if self._free < self.limits.free_bytes:
            return Pressure(503, "tracking.disk_nearly_full", "The disk of the journal is nearly full.", 60)
        if self._backlog > self.limits.backlog_bytes:
            return Pressure(429, "tracking.lake_behind", "More has come in than was written into the lake.", 10)
        if self.waiting() > MOST_WAITING:
            return Pressure(429, "tracking.disk_behind", "More has come in than the disk could take.", 2)
        return None

    def health(self) -> tuple[bool, dict[str, object]]:
        """Whether all is well, and how it stands."""
        pressure, said = self.pressure(), flusher.state(self.folder)
        silent = time.time() - float(said.get("looked_at", 0))
        well = pressure is None and not said.get("error") and (silent < _LAST_LOOK or not self._backlog)
        return well, {
            "status": "ok" if well else "ill",
            "accepts": pressure is None,
            "reason": None if pressure is None else pressure.code,
            "backlog_bytes": self._backlog,
            "free_bytes": self._free,
            "flusher_error": said.get("error"),
        }

    def text(self) -> str:
        """Every figure, in the text form of Prometheus."""
        self._look()
        said = flusher.state(self.folder)
        lines: list[str] = []

        def say(name: str, kind: str, doc: str, *values: tuple[str, float]) -> None:
            lines.append(f"# HELP tenure_tracking_{name} {doc}")
            lines.append(f"# TYPE tenure_tracking_{name} {kind}")
            lines.extend(f"tenure_tracking_{name}{labels} {value:.15g}" for labels, value in values)

        answers = [(f'{{call="{call}",status="{status}"}}', n) for (call, status), n in sorted(self.answers.items())]
        refusals = [(f'{{reason="{reason}"}}', n) for reason, n in sorted(self.refusals.items())]
        say("requests_total", "counter", "Requests answered.", *answers)
        say("events_accepted_total", "counter", "Events acknowledged.", ("", self.accepted))
        say("events_refused_total", "counter", "Events and bodies refused.", *refusals)
        say("received_bytes_total", "counter", "Bytes of bodies, unpacked.", ("", self.bytes))
        say("commits_total", "counter", "Syncs of the journal.", ("", self.commits))
        say("commit_seconds_total", "counter", "Seconds requests waited for the journal.", ("", self.commit_seconds))
        say("waiting_bytes", "gauge", "Bytes in memory on their way to the journal.", ("", self.waiting()))
        say("backlog_bytes", "gauge", "Bytes of the journal that are not in the lake yet.", ("", self._backlog))
        say("free_bytes", "gauge", "Free bytes on the journal's disk.", ("", self._free))
        for name in ("segments", "events", "repeated", "refused", "damaged"):
            say(f"flushed_{name}_total", "counter", "Counted by the flusher.", ("", float(said.get(name, 0))))
        failing = int(bool(said.get("error")))
        say("flusher_failing", "gauge", "1 if the last try to write into the lake failed.", ("", failing))
        return "\n".join(lines) + "\n"

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._free = shutil.disk_usage(self.folder).free
            self._backlog = journal.backlog(self.folder)
