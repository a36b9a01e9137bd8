"""The retention of many features at once: one pass over the events, a mask of features per unit and interval.

Source: docs/metrics/feature-retention.md. Hides: bits, cohorts, and which cells are over.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from tenure.core.sequences.edges import interval_at
from tenure.core.sequences.events import I64, U64, columns, mask, still
from tenure.core.sequences.retention import Layout

MOST_FEATURES = 63
"""In one pass; more are asked for in several. The last bit is for activity."""


class FeatureCounts(NamedTuple):
    """What a pass counts; results of slices of units are added with `events.added`."""

    size: I64
    """(features, rows): units that used the feature in the row's interval"""
    retained: I64
    """(features, width): over all cohorts whose cell is over, units that came back; column 0 is all of them"""
    reach: I64
    """(features,): units that used it in any row's interval"""
    active: I64
    """(1,): units that did anything in any row's interval"""


def _place_table() -> I64:
    """place[(bit * DE_BRUIJN) >> 58] is the number of a single bit."""
    place = np.empty(64, np.int64)
    for k in range(64):
        place[((1 << k) * _DE_BRUIJN % (1 << 64)) >> 58] = k
    return place


_DE_BRUIJN = 0x03F79D71B4CB0A89
_PLACE = _place_table()
_FACTOR = np.uint64(_DE_BRUIJN)
_SHIFT = np.uint64(58)
_ONE = np.uint64(1)
_NONE = np.uint64(0)


@njit(cache=True, nogil=True)
def _add_bits(word: np.uint64, counts: I64) -> None:
    """Add 1 to the count of each bit that is set."""
    while word != _NONE:
        lowest = word & (~word + _ONE)
        counts[_PLACE[(lowest * _FACTOR) >> _SHIFT]] += 1
        word ^= lowest


@njit(cache=True, nogil=True)
def _features(
    first: I64, at: I64, bits: U64, features: np.uint64, activity: np.uint64, number: int, edges: I64, rows: int,
    over: I64, width: int, same: bool,
) -> tuple:  # type: ignore[type-arg]  # fmt: skip  # numba's own tuple of arrays
    size = np.zeros((rows, number), np.int64)
    retained = np.zeros((width, number), np.int64)
    reach = np.zeros(number, np.int64)
    active = np.zeros(1, np.int64)
    intervals = edges.shape[0] - 1
    used = np.zeros(intervals, np.uint64)
    wanted = features | activity
    for u in range(first.shape[0] - 1):
        low, high = first[u], first[u + 1]
        here, begin = -1, intervals
        until = edges[0]
        word = _NONE
        for i in range(low, high):
            met = bits[i] & wanted
            if met == _NONE:
                continue
            if at[i] >= until:
                if here >= 0:
                    used[here] = word
                word = _NONE
                here = interval_at(edges, at[i], here)
                if here >= intervals:
                    break
                begin = min(begin, here)
                until = edges[here + 1]
            word |= met
        if 0 <= here < intervals:
            used[here] = word
        if begin == intervals:
            continue
        end = min(here, intervals - 1) + 1
        ever = _NONE
        for row in range(begin, min(end, rows)):
            word = used[row]
            ever |= word
            word &= features
            if word == _NONE:
                continue
            _add_bits(word, size[row])
            for there in range(row + 1, min(end, row + over[row])):
                if same:
                    _add_bits(word & used[there], retained[there - row])
                elif used[there] & activity != _NONE:
                    _add_bits(word, retained[there - row])
        _add_bits(ever & features, reach)
        if ever & activity != _NONE:
            active[0] += 1
        used[begin:end] = _NONE
    return size, retained, reach, active


def feature_retention(
    first: I64, at: I64, bits: U64, table: Layout, features: int, activity: int, *, same: bool = True,
    now: int | None = None,
) -> FeatureCounts:  # fmt: skip
    """How many units use each feature, and how many come back in each column over all its cohorts.

    Features are the matchers 0 .. features - 1 (at most MOST_FEATURES), `activity` is the matcher of what counts as
    doing anything. `same`: back in the same feature, else in any activity. `table` is one of the calendar.
    """
    events = columns(first, at, bits)
    over = table.over(now)
    size, retained, reach, active = _features(
        *events, mask(*range(features)), mask(activity), features, still(table.edges, np.int64), table.rows,
        still(over, np.int64), max(table.width, 1), same,
    )  # fmt: skip
    retained[0] = size[over > 0].sum(axis=0)
    return FeatureCounts(size.T.copy(), retained.T.copy(), reach, active)


def exposed(counts: FeatureCounts, table: Layout, now: int | None = None) -> I64:
    """(features, width): the sizes of all cohorts whose cell is over, which `retained` is a part of."""
    return np.asarray(counts.size @ table.complete(now), np.int64)
