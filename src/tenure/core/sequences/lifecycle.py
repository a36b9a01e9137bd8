"""Lifecycle: in each interval, who is new, returning, resurrecting, dormant or asleep.

One pass over the matching events of each unit, without any state per interval: a unit adds where its activity changes.
Source: docs/metrics/lifecycle.md. Hides: what happened before the range.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from tenure.core.sequences.edges import interval_at
from tenure.core.sequences.events import I64, U64, columns, mask, still

NONE, NEW, RETURNING, RESURRECTING, DORMANT, ASLEEP = range(6)
STATES = ("none", "new", "returning", "resurrecting", "dormant", "asleep")
"""The states of one interval. `none`: no match yet; `asleep`: not dormant any more, so silent for two or more."""

NEVER = np.iinfo(np.int64).min
"""The last moment of a unit without any."""


class Lifecycle(NamedTuple):
    """Counts by interval; the first entry is the interval before the first one shown.

    Results of slices of units are added with `events.added`.
    """

    new: I64
    returning: I64
    resurrecting: I64
    dormant: I64
    asleep: I64

    @property
    def active(self) -> I64:
        """Units with a match: DAU, WAU or MAU. Of the first entry too, whose three parts are not told apart."""
        return self.new + self.returning + self.resurrecting


@njit(cache=True, nogil=True)
def _lifecycle(first: I64, at: I64, bits: U64, match: np.uint64, edges: I64) -> I64:
    """(5, intervals): as the fields of Lifecycle; `asleep` as changes, still to be added up."""
    intervals = edges.shape[0] - 1
    out = np.zeros((5, intervals), np.int64)
    for u in range(first.shape[0] - 1):
        seen = False  # whether there was a match before
        last = -2  # its interval, from 0; -1 and below are before the edges
        here = -1
        until = edges[0]
        for i in range(first[u], first[u + 1]):
            if bits[i] & match == 0 or (seen and at[i] < until):
                continue
            here = interval_at(edges, at[i], here + 1)
            if here >= intervals:
                break
            until = edges[here + 1]
            if here >= 0:
                if not seen:
                    out[0, here] += 1
                elif last >= 0 and last == here - 1:
                    out[1, here] += 1
                else:
                    out[2, here] += 1
                    out[4, here] -= 1
                    if last >= 0:
                        out[3, last + 1] += 1
                        out[4, last + 1] += 1
            elif not seen:
                out[4, 0] += 1
            seen = True
            last = here
        if seen and 0 <= last < intervals - 1:
            out[3, last + 1] += 1
            out[4, last + 1] += 1
    return out


@njit(cache=True, nogil=True)
def _states(
    first: I64, at: I64, bits: U64, match: np.uint64, before: int, begin: int, end: int
) -> tuple[npt.NDArray[np.int8], I64]:
    units = first.shape[0] - 1
    state = np.zeros(units, np.int8)
    last = np.full(units, NEVER, np.int64)
    for u in range(units):
        inside = False
        was = False  # active in the interval before
        seen = False  # matched before this interval
        for i in range(first[u], first[u + 1]):
            if at[i] >= end:
                break
            if bits[i] & match == 0:
                continue
            last[u] = at[i]
            if at[i] >= begin:
                inside = True
            else:
                seen = True
                was = at[i] >= before
        if inside:
            state[u] = RETURNING if was else RESURRECTING if seen else NEW
        elif seen:
            state[u] = DORMANT if was else ASLEEP
    return state, last


def lifecycle(first: I64, at: I64, bits: U64, match: int, edges: I64) -> Lifecycle:
    """How many units are in each state in each interval.

    `edges` begin with one interval more than is shown (`interval_edges(..., before=1)`), and so does the result.
    Matches before them are history: they decide who is new and who is asleep.
    """
    counts = _lifecycle(*columns(first, at, bits), mask(match), still(edges, np.int64))
    return Lifecycle(counts[0], counts[1], counts[2], counts[3], np.cumsum(counts[4]))


def lifecycle_states(
    first: I64, at: I64, bits: U64, match: int, edges: I64, interval: int
) -> tuple[npt.NDArray[np.int8], I64]:
    """Per unit its state in one interval, as a place in STATES, and the moment of its last match up to its end.

    `interval` counts from 0 as `edges` do, so the first one shown is 1. Dormant and asleep together are the stock of
    `Lifecycle.asleep`.
    """
    before, begin, end = (int(moment) for moment in edges[interval - 1 : interval + 2])
    state, last = _states(*columns(first, at, bits), mask(match), before, begin, end)
    return state, last


def intervals_asleep(last: I64, edges: I64, interval: int) -> I64:
    """How many intervals before one a last match lies: 0 for active, 1 for dormant.

    Matches before all edges count from the first of them: put as many intervals in front as are to be told apart.
    """
    return np.asarray(interval - (np.searchsorted(edges, np.maximum(last, edges[0]), side="right") - 1), np.int64)
