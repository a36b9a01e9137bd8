"""Stickiness: in how many intervals of a range a unit is active. Source: docs/metrics/stickiness.md."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numba import njit

from tenure.core.sequences.edges import interval_at
from tenure.core.sequences.events import I32, I64, U64, columns, mask, still

Operator = Literal["gte", "lte", "exact"]
_UNLIMITED = np.iinfo(np.int64).max


@njit(cache=True, nogil=True)
def _active_intervals(first: I64, at: I64, bits: U64, match: np.uint64, edges: I64, least: int, most: int) -> I32:
    intervals = edges.shape[0] - 1
    units = first.shape[0] - 1
    out = np.zeros(units, np.int32)
    for u in range(units):
        here, count = -1, 0
        until = edges[0]
        for i in range(first[u], first[u + 1]):
            if bits[i] & match == 0:
                continue
            if at[i] >= until:
                if here >= 0 and least <= count <= most:
                    out[u] += 1
                here, count = interval_at(edges, at[i], here + 1), 0
                if here >= intervals:
                    break
                until = edges[here + 1]
            count += 1
        if 0 <= here < intervals and least <= count <= most:
            out[u] += 1
    return out


def active_intervals(
    first: I64, at: I64, bits: U64, match: int, edges: I64, *, criteria: tuple[Operator, int] = ("gte", 1)
) -> I32:
    """Per unit the number of intervals in which it has at least, at most or exactly so many matching events.

    An interval without any never counts. Results of slices of units are concatenated.
    """
    operator, value = criteria
    least = 1 if operator == "lte" else max(value, 1)
    most = _UNLIMITED if operator == "gte" else value
    return _active_intervals(*columns(first, at, bits), mask(match), still(edges, np.int64), least, most)


def stickiness(active: I32, intervals: int, *, cumulative: bool = False) -> I64:
    """How many units are active in exactly, or in at least, 1, 2, ... of `intervals`."""
    exactly = np.bincount(active, minlength=intervals + 1)[1:].astype(np.int64)
    return np.cumsum(exactly[::-1])[::-1] if cumulative else exactly
