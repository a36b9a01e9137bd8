"""Tenure: every revenue figure with its proof. `tenure.open(path).ask(question)` is the notebook's door."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tenure.version import __version__

if TYPE_CHECKING:
    from tenure.warehouse.workspace import Workspace

__all__ = ["__version__", "open"]


def open(path: str | Path | None = None, settings: Mapping[str, Any] | None = None, **limits: Any) -> Workspace:  # noqa: A001 - `tenure.open` is the public name
    """The workspace in a folder (made if absent), or a temporary one that is gone with its last reference.

    `settings` override the workspace's metric settings (docs/reference/definitions.md); `memory_limit` and `threads`
    bound the engine of this process. `engine` is duckdb or a Spark master, which gets the questions that read at least
    `cluster_rows` rows, with `cluster_settings` of its own (docs/how-to/cluster.md). `lake` is
    s3://BUCKET/PREFIX where the lake lies in object storage (docs/how-to/object-storage.md). Heavy libraries load here,
    not on import.
    """
    from tenure.warehouse.workspace import Workspace

    return Workspace.open(path, settings, **limits)


def __getattr__(name: str) -> Any:
    """The typed questions, as `tenure.Movements(from_="2024-01", to="2024-12")`; loaded when first named."""
    if name[:1].isupper():
        from tenure.warehouse import questions

        if name in questions.__all__:
            return getattr(questions, name)
    raise AttributeError(f"module 'tenure' has no attribute {name!r}")
