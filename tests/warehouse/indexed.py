"""Workspaces with a sequence index, however few their events are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tenure.warehouse.sequences.index import SequenceIndex
from tenure.warehouse.workspace import Workspace


def opened(path: Path) -> Workspace:
    workspace = Workspace.open(path, threads=2)
    workspace.sequences = SequenceIndex(path / "cache" / "sequences", workspace.lake, least=1)
    workspace.sequences.remember(["plan"])
    return workspace


def build_for_ever(path: Path, begun: Any) -> None:
    """Build and extend the index until killed; says when it was there for the first time."""
    workspace = opened(path)
    while True:
        workspace.index()
        workspace.load("events", [{"event": "a", "ts": "2024-01-01T00:00:00Z", "user_id": "u1"}])
        begun.set()
