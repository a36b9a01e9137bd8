"""Finding records by what they are called, as one types: hides the index in memory and how it keeps up with the store.

An index knows every version that was current since it was made. It is asked for candidates alone: what the store knows
of them now, whether they still answer to the query and whether the caller sees them is looked up each time. So nothing
old, withdrawn or erased is ever shown, and an index need only learn of new versions.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from tenure.apps.workspaces.versions import Version
from tenure.core import search

CANDIDATES = 40
"""How many times more candidates than wanted are looked up: some were renamed or withdrawn."""
MOST_ADDED = 1_000
"""Versions written since the index was made that are searched beside it; with more it is made anew."""


class Finder:
    """The records of one table, found by some of its columns."""

    def __init__(self, model: type[Version], texts: Sequence[str]) -> None:
        self._model, self._texts = model, tuple(texts)
        self._lock = threading.Lock()
        self._last: tuple[Any, ...] = (0, "")
        self._added: list[tuple[Any, ...]] = []
        self._parts: list[tuple[list[str], search.Index]] = []

    def found(self, query: str, visible: QuerySet[Any], limit: int, *, limited: bool) -> list[Any]:
        """The first of the visible records that a query finds, the best first.

        `limited` says that they are a part of all records: then no candidate is left out that is not one of them.
        """
        parts = self._kept_up()
        theirs = set(visible.values_list("version_key", flat=True)) if limited else None
        most = None if limited else limit * CANDIDATES
        hits = (keys[place] for keys, index in reversed(parts) for place in index.search(query, most))
        wanted = list(dict.fromkeys(key for key in hits if theirs is None or key in theirs))[: limit * CANDIDATES]
        now = {record.version_key: record for record in visible.filter(version_key__in=wanted)}
        current = [now[key] for key in wanted if key in now]
        return [current[place] for place in search.Index(map(self._called, current)).search(query, limit)]

    def make_ready(self) -> None:
        """Make what is written by now findable, so that nobody waits for it who searches first."""
        self._kept_up()

    def _called(self, record: Any) -> list[str]:
        return [text for name in self._texts if (text := getattr(record, name))]

    def _kept_up(self) -> list[tuple[list[str], search.Index]]:
        """The indexes of all that is written by now; made anew in another store, or when much was added."""
        rows = self._model.objects.order_by("pk").values_list("pk", "row_id", "version_key", *self._texts)
        with self._lock:
            since = list(rows.filter(pk__gte=self._last[0])) if self._parts else []
            if not since or since[0][:2] != self._last or len(self._added) + len(since) > MOST_ADDED:
                current = list(rows.filter(superseded_at=None))
                self._last, self._added = current[-1][:2] if current else (0, ""), []
                self._parts = [_indexed(current)]
            elif len(since) > 1:
                self._last = since[-1][:2]
                self._added += since[1:]
                self._parts = [self._parts[0], _indexed(self._added)]
            return self._parts


def _indexed(rows: Sequence[tuple[Any, ...]]) -> tuple[list[str], search.Index]:
    return [row[2] for row in rows], search.Index([text for text in row[3:] if text] for row in rows)
