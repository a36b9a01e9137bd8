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
_ALL = ~_NONE
_LATEST = np.iinfo(np.int64).max


_LEVELS = 4
"""Words are added up bit by bit: level k of a place holds the bit of worth 2**k of 64 counts at once."""


@njit(cache=True, nogil=True)
def _add_bits(word: np.uint64, counts: I64, worth: int) -> None:
    """Add `worth` to the count of each bit that is set."""
    while word != _NONE:
        lowest = word & (~word + _ONE)
        counts[_PLACE[(lowest * _FACTOR) >> _SHIFT]] += worth
        word ^= lowest


@njit(cache=True, nogil=True)
def _tally(word: np.uint64, place: int, levels: U64, counts: I64) -> None:
    """Add 1 to the count of each bit that is set, without asking which: what overflows the levels goes to `counts`."""
    for k in range(_LEVELS):
        had = levels[place, k]
        levels[place, k] = had ^ word
        word &= had
    if word != _NONE:
        _add_bits(word, counts[place], 1 << _LEVELS)


@njit(cache=True, nogil=True)
def _settle(levels: U64, counts: I64) -> None:
    """Add what is left in the levels to the counts."""
    for place in range(levels.shape[0]):
        for k in range(_LEVELS):
            _add_bits(levels[place, k], counts[place], 1 << k)


@njit(cache=True, nogil=True)
def _features(
    first: I64, at: I64, bits: U64, features: np.uint64, activity: np.uint64, number: int, edges: I64, rows: int,
    over: I64, width: int, same: bool,
) -> tuple[I64, I64, I64, I64]:  # fmt: skip
    size = np.zeros((rows, number), np.int64)
    retained = np.zeros((width, number), np.int64)
    reach = np.zeros((1, number), np.int64)
    active = np.zeros(1, np.int64)
    size_levels = np.zeros((rows, _LEVELS), np.uint64)
    retained_levels = np.zeros((width, _LEVELS), np.uint64)
    reach_levels = np.zeros((1, _LEVELS), np.uint64)
    intervals = edges.shape[0] - 1
    used = np.zeros(intervals + 2, np.uint64)
    back = np.zeros(intervals + 2, np.uint64)
    for u in range(first.shape[0] - 1):
        low, high = first[u], first[u + 1]
        if low == high:
            continue
        # interval i has place i + 1: place 0 is for what is before the range, the last one for what is after it
        begin = place = interval_at(edges, at[low], 0) + 1
        i = low
        while i < high:
            until = edges[place] if place <= intervals else _LATEST
            word = bits[i]
            i += 1
            while i < high and at[i] < until:
                word |= bits[i]
                i += 1
            used[place] = word
            if i < high:
                place = interval_at(edges, at[i], place) + 1
        end = place + 1
        ever = _NONE
        for there in range(begin, end):
            back[there] = used[there] if same else _ALL if used[there] & activity != _NONE else _NONE
        for row in range(max(begin - 1, 0), min(end - 1, rows)):
            word = used[row + 1]
            ever |= word
            word &= features
            if word == _NONE:
                continue
            _tally(word, row, size_levels, size)
            for there in range(row + 1, min(end - 1, row + over[row])):
                _tally(word & back[there + 1], there - row, retained_levels, retained)
        _tally(ever & features, 0, reach_levels, reach)
        if ever & activity != _NONE:
            active[0] += 1
        used[begin:end] = _NONE
    _settle(size_levels, size)
    _settle(retained_levels, retained)
    _settle(reach_levels, reach)
    return size, retained, reach[0], active


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
