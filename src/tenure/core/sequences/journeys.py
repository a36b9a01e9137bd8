"""Journeys: the touches of an account before each of its conversions. Source: docs/metrics/attribution.md."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from tenure.core.sequences.events import I32, I64, Flags, still

NONE = -1


class Touches(NamedTuple):
    """Touches in the order of account and moment; those of account a are first[a] .. first[a + 1]."""

    first: I64
    at: I64
    """microseconds UTC"""
    channel: I32
    who: I32
    """code of the contact; NONE where a touch is the account's"""
    day: I32
    """number of the local day"""


class Conversions(NamedTuple):
    """Conversions of the same accounts, in the same order."""

    first: I64
    at: I64


class Journeys(NamedTuple):
    """The touches of journey j are touch[first[j] : first[j + 1]], numbers of rows of Touches in the order of time."""

    first: I64
    touch: I64
    account: I64
    conversion: I64
    """the conversion it led to; NONE for the journey of an account that did not convert"""


@njit(cache=True, nogil=True)
def _earlier(touches: Touches) -> I64:  # pragma: no cover - compiled
    """The touch before each of the same contact, channel and day; NONE if it is the first."""
    out = np.full(touches.at.shape[0], NONE, np.int64)
    for a in range(touches.first.shape[0] - 1):
        begin = touches.first[a]
        for i in range(begin, touches.first[a + 1]):
            j = i - 1
            while j >= begin and touches.day[j] == touches.day[i]:
                if touches.who[j] == touches.who[i] and touches.channel[j] == touches.channel[i]:
                    out[i] = j
                    break
                j -= 1
    return out


@njit(cache=True, nogil=True)
def _taken(earlier: I64, since: int, stop: int, out: Journeys, rows: int, fill: bool) -> int:  # pragma: no cover
    """Put the touches of a window into a journey, but those that repeat one of it; how many rows there are then."""
    for i in range(since, stop):
        if earlier[i] < since:
            if fill:
                out.touch[rows] = i
            rows += 1
    return rows


@njit(cache=True, nogil=True)
def _walk(
    touches: Touches, conversions: Conversions, earlier: I64, lookback: int, reset: bool, out: Journeys, fill: bool
) -> tuple[int, int]:  # pragma: no cover - compiled
    """Count journeys and their touches; write them where `fill`."""
    journeys, rows = 0, 0
    for a in range(touches.first.shape[0] - 1):
        begin, end = touches.first[a], touches.first[a + 1]
        start, stop = begin, begin
        after = begin
        for c in range(conversions.first[a], conversions.first[a + 1]):
            moment = conversions.at[c]
            while stop < end and touches.at[stop] <= moment:
                stop += 1
            while start < stop and touches.at[start] < moment - lookback:
                start += 1
            since = max(start, after) if reset else start
            if fill:
                out.first[journeys], out.account[journeys], out.conversion[journeys] = rows, a, c
            rows = _taken(earlier, since, stop, out, rows, fill)
            journeys += 1
            after = stop
        if conversions.first[a] == conversions.first[a + 1] and begin < end:
            since = begin
            while touches.at[since] < touches.at[end - 1] - lookback:
                since += 1
            if fill:
                out.first[journeys], out.account[journeys], out.conversion[journeys] = rows, a, NONE
            rows = _taken(earlier, since, end, out, rows, fill)
            journeys += 1
    if fill:
        out.first[journeys] = rows
    return journeys, rows


def journeys(touches: Touches, conversions: Conversions, lookback: int, *, reset: bool = False) -> Journeys:
    """The journey to each conversion, and one for each account with touches that did not convert.

    A journey holds the touches from `lookback` microseconds before the conversion up to its moment, both ends included;
    with `reset` none that lies at or before the conversion before. Of an account that did not convert it ends with the
    last touch. Of the touches of one contact by one channel on one day the first in the window counts.
    Raises: ValueError if moments are not in order.
    """
    inputs = (
        Touches(
            *(still(c, t) for c, t in zip(touches, (np.int64, np.int64, np.int32, np.int32, np.int32), strict=True))
        ),
        Conversions(*(still(c, np.int64) for c in conversions)),
    )
    for first, at in (inputs[0][:2], inputs[1]):
        falls = np.flatnonzero(np.diff(at) < 0) + 1
        if not np.isin(falls, first).all():
            raise ValueError("the moments of an account are not in order")
    earlier = _earlier(inputs[0])
    nothing = Journeys(*(np.zeros(0, np.int64) for _ in Journeys._fields))
    count, rows = _walk(*inputs, earlier, lookback, reset, nothing, False)
    out = Journeys(*(np.empty(n, np.int64) for n in (count + 1, rows, count, count)))
    _walk(*inputs, earlier, lookback, reset, out, True)
    return out


@njit(cache=True, nogil=True)
def _new_in_journey(first: I64, channel: I32) -> Flags:  # pragma: no cover - compiled
    out = np.zeros(channel.shape[0], np.bool_)
    seen = np.full(channel.max() + 1 if channel.shape[0] else 0, NONE, np.int64)
    for j in range(first.shape[0] - 1):
        for i in range(first[j], first[j + 1]):
            out[i] = seen[channel[i]] != j
            seen[channel[i]] = j
    return out


def new_in_journey(first: I64, channel: I32) -> Flags:
    """Which touches are the first of their channel in their journey."""
    out: Flags = _new_in_journey(still(first, np.int64), still(channel, np.int32))
    return out
