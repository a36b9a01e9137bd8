"""How engines are called in a setting. Loads none of them."""

from __future__ import annotations

import re

ONE_MACHINE = "duckdb"
CLUSTER_ROWS = 20_000_000
"""From so many rows on a question is the cluster's (docs/explanation/scale.md)."""
_MASTER = re.compile(r"local(\[(\d+|\*)(, ?\d+)?\])?|yarn|spark://[^\s/]+|k8s://\S+|sc://[^\s/]+\S*")


def is_engine(text: str) -> bool:
    """Whether a text names an engine: duckdb, or a master as Spark calls one."""
    return text == ONE_MACHINE or _MASTER.fullmatch(text) is not None
