"""Buckets of events: rows dealt out by their unit's key, put into order, and picked for a question.

A bucket holds the units whose keys begin with the same bits, so buckets one after the other are in the order of keys.
Hides: how keys become codes, how the rows of a unit are sorted, and how matchers are looked up by code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from tenure.core.sequences.events import I32, I64, U8, U64, Flags, first_from, still

MISSING = -1
"""The code of what is not there."""
EVER = np.iinfo(np.int64).min
NEVER = np.iinfo(np.int64).max
_NONE = np.uint64(0)
_ONE = np.uint64(1)
_NO_NUMBERS = np.zeros(0, np.int64)
_NO_WORDS = np.zeros(0, np.uint64)
_SHORT = 24
"""So many rows of a unit are sorted by insertion."""


def bucket_of(keys: I64, buckets: int) -> I32:
    """The bucket of each key: its leading bits; `buckets` is a power of two, at least 2."""
    shift = 65 - int(buckets).bit_length()
    return ((keys >> shift) + buckets // 2).astype(np.int32)


class KeyCodes:
    """Codes of keys, counted up as keys are first seen."""

    def __init__(self, keys: I64 | None = None) -> None:
        self._keys = np.zeros(0, np.int64)
        self._slots = np.full(2, MISSING, np.int32)
        self.count = 0
        if keys is not None:
            self.encode(keys, np.ones(len(keys), np.bool_))

    @property
    def keys(self) -> I64:
        """The key of each code."""
        return self._keys[: self.count]

    def encode(self, keys: I64, there: Flags) -> tuple[I32, I64]:
        """(the code of each key, MISSING where there is none; the places at which one was seen for the first time)."""
        most = self.count + len(keys)
        if len(self._keys) < most:
            self._keys = np.concatenate([self.keys, np.zeros(most, np.int64)])
        if len(self._slots) < 2 * most:
            self._slots = np.full(1 << (2 * most).bit_length(), MISSING, np.int32)
            _refill(self._keys, self.count, self._slots)
        codes, fresh = np.empty(len(keys), np.int32), np.empty(len(keys), np.int64)
        before = self.count
        self.count = _encode(
            still(keys, np.int64), still(there, np.bool_), self._keys, before, self._slots, codes, fresh
        )
        return codes, fresh[: self.count - before]

    def has(self, keys: I64) -> Flags:
        """Whether each key has a code."""
        found = np.zeros(len(keys), np.bool_)
        _known(still(keys, np.int64), self._keys, self._slots, found)
        return found


@njit(cache=True, nogil=True)
def _slot_of(key: int, keys: I64, slots: I32) -> int:
    """The slot that holds a key's code, or the free one for it."""
    last = slots.shape[0] - 1
    at = (key ^ (key >> 29)) & last
    while slots[at] >= 0 and keys[slots[at]] != key:
        at = (at + 1) & last
    return at


@njit(cache=True, nogil=True)
def _known(given: I64, keys: I64, slots: I32, found: Flags) -> None:
    for i in range(given.shape[0]):
        found[i] = slots[_slot_of(given[i], keys, slots)] >= 0


@njit(cache=True, nogil=True)
def _refill(keys: I64, count: int, slots: I32) -> None:
    for code in range(count):
        slots[_slot_of(keys[code], keys, slots)] = code


@njit(cache=True, nogil=True)
def _encode(given: I64, there: Flags, keys: I64, count: int, slots: I32, codes: I32, fresh: I64) -> int:
    found = 0
    for i in range(given.shape[0]):
        if not there[i]:
            codes[i] = -1
            continue
        at = _slot_of(given[i], keys, slots)
        if slots[at] < 0:
            keys[count] = given[i]
            slots[at] = count
            count += 1
            fresh[found] = i
            found += 1
        codes[i] = slots[at]
    return count


class Seen:
    """Which keys were seen, in two bits of one word for each: one that was not may be taken for one that was, never
    the other way.
    """

    def __init__(self, count: int) -> None:
        self._marks = np.zeros((1 << max(count, 8).bit_length()) // 8, np.uint64)  # at least a byte for each

    def add(self, keys: I64) -> I64:
        """The keys of which one, or others with its bits, came before; all are seen from now on."""
        found = np.empty(len(keys), np.int64)
        return found[: _mark(still(keys, np.int64), self._marks, True, found)]

    def among(self, keys: I64) -> I64:
        """The keys that were seen, and few others."""
        found = np.empty(len(keys), np.int64)
        return found[: _mark(still(keys, np.int64), self._marks, False, found)]


@njit(cache=True, nogil=True)
def _mark(keys: I64, marks: U64, new: bool, found: I64) -> int:
    count, last = 0, marks.shape[0] - 1
    for i in range(keys.shape[0]):
        mixed = keys[i] ^ (keys[i] >> 29)
        at = (mixed >> 12) & last
        bits = (_ONE << np.uint64(mixed & 63)) | (_ONE << np.uint64((mixed >> 6) & 63))
        if marks[at] & bits == bits:
            found[count] = keys[i]
            count += 1
        elif new:
            marks[at] |= bits
    return count


def packed(numbers: Sequence[I64], codes: Sequence[I32]) -> I64:
    """Columns of 64 bits and of 32 bits as rows that lie one after the other; codes stand two and two.

    Shapes:  (n,) each; returns (n, len(numbers) + half of len(codes), rounded up).
    """
    matrix = np.zeros((len(numbers[0]), len(numbers) + (len(codes) + 1) // 2), np.int64)
    _pack(np.stack(numbers), np.stack(codes), matrix, matrix.view(np.int32))
    return matrix


@njit(cache=True, nogil=True)
def _pack(numbers: I64, codes: I32, matrix: I64, halves: I32) -> None:
    whole = numbers.shape[0]
    for i in range(matrix.shape[0]):
        for j in range(whole):
            matrix[i, j] = numbers[j, i]
        for j in range(codes.shape[0]):
            halves[i, 2 * whole + j] = codes[j, i]


def unpacked(matrix: I64, whole: int, halves: int, order: I64) -> tuple[I64, I32]:
    """Some rows of a packed matrix as columns: (whole, n) of 64 bits, (halves, n) of 32 bits."""
    numbers, codes = np.empty((whole, len(order)), np.int64), np.empty((halves, len(order)), np.int32)
    rows = still(matrix, np.int64)
    _unpack(rows, rows.view(np.int32), still(order, np.int64), numbers, codes)
    return numbers, codes


@njit(cache=True, nogil=True)
def _unpack(matrix: I64, halves: I32, order: I64, numbers: I64, codes: I32) -> None:
    whole = numbers.shape[0]
    for i in range(order.shape[0]):
        row = order[i]
        for j in range(whole):
            numbers[j, i] = matrix[row, j]
        for j in range(codes.shape[0]):
            codes[j, i] = halves[row, 2 * whole + j]


def deal(bucket: I32, buckets: int, rows: I64) -> tuple[I64, I64]:
    """(rows of a matrix dealt out by bucket, in the order given; the end of each bucket)."""
    ends = np.cumsum(np.bincount(bucket, minlength=buckets)).astype(np.int64)
    dealt = np.empty_like(rows)
    _deal(still(bucket, np.int32), np.append(0, ends[:-1]), still(rows, np.int64), dealt)
    return dealt, ends


@njit(cache=True, nogil=True)
def _deal(bucket: I32, begins: I64, rows: I64, dealt: I64) -> None:
    for i in range(bucket.shape[0]):
        to = begins[bucket[i]]
        begins[bucket[i]] = to + 1
        for j in range(rows.shape[1]):
            dealt[to, j] = rows[i, j]


# ----------------------------------------------------------------------------------------------------------- order


class Arranged(NamedTuple):
    """Rows in the order of unit, moment and arrival."""

    order: I64
    """the row that lies at each place"""
    units: I32
    """the codes of the units, by their keys"""
    first: I64


def arranged(unit: I32, keys: I64, rows: I64, *, beside: I32) -> Arranged:
    """The order of rows by the key of their unit, then by at, recorded_at, place and row_key: their first columns.

    `beside` are units that are there even without any row.
    """
    units = np.union1d(np.flatnonzero(np.bincount(unit, minlength=1)), beside).astype(np.int32)
    units = units[np.argsort(keys[units])]
    rank = np.zeros(int(units.max(initial=0)) + 1, np.uint16 if len(units) < 1 << 16 else np.int32)
    rank[units] = np.arange(len(units))
    ranks = rank[unit]
    order = np.argsort(ranks, kind="stable")
    first = np.append(0, np.cumsum(np.bincount(ranks, minlength=len(units)))).astype(np.int64)
    _settle(first, order, rows[order, 0], still(rows, np.int64))
    return Arranged(order, units, first)


@njit(cache=True, nogil=True)
def _behind(a: int, b: int, rows: I64) -> bool:
    """Of rows of one moment, does row a lie behind row b?"""
    for column in range(1, 4):
        if rows[a, column] != rows[b, column]:
            return rows[a, column] > rows[b, column]
    return False


@njit(cache=True, nogil=True)
def _insert(order: I64, moment: I64, lo: int, hi: int, rows: I64) -> None:
    for i in range(lo + 1, hi):
        row, at = order[i], moment[i]
        j = i
        while j > lo and (moment[j - 1] > at or (moment[j - 1] == at and _behind(order[j - 1], row, rows))):
            order[j], moment[j] = order[j - 1], moment[j - 1]
            j -= 1
        order[j], moment[j] = row, at


@njit(cache=True, nogil=True)
def _settle(first: I64, order: I64, moment: I64, rows: I64) -> None:
    """Sort the rows of each unit: short stretches by insertion, then merged two by two; `moment` goes with `order`."""
    spare, moments = np.empty_like(order), np.empty_like(moment)
    for u in range(first.shape[0] - 1):
        lo, hi = first[u], first[u + 1]
        for begin in range(lo, hi, _SHORT):
            _insert(order, moment, begin, min(begin + _SHORT, hi), rows)
        width = _SHORT
        while width < hi - lo:
            for begin in range(lo, hi - width, 2 * width):
                middle, end = begin + width, min(begin + 2 * width, hi)
                if moment[middle - 1] < moment[middle]:
                    continue
                spare[begin:middle], moments[begin:middle] = order[begin:middle], moment[begin:middle]
                a, b = begin, middle
                for to in range(begin, end):
                    if a == middle:
                        break
                    if b < end and (
                        moments[a] > moment[b] or (moments[a] == moment[b] and _behind(spare[a], order[b], rows))
                    ):
                        order[to], moment[to] = order[b], moment[b]
                        b += 1
                    else:
                        order[to], moment[to] = spare[a], moments[a]
                        a += 1
            width *= 2


# --------------------------------------------------------------------------------------------------------- picking


class Columns(NamedTuple):
    """Rows of one file as the kernel reads them."""

    at: I64
    event: I32
    other: I32
    """the code of the account in the copy by user, of the user in that by account"""
    allowed: U64
    """the matchers whose conditions on properties the row meets; empty: all"""


class Units(NamedTuple):
    """The units of a bucket: their rows lie in the bucket's file, or all of them in the tail."""

    low: I64
    high: I64
    tail: U8
    allowed: U64
    """the matchers that may be met by any row of the unit"""
    shown: U8


class Rules(NamedTuple):
    """What a question looks for, by codes; the last entry of each table is for what is missing."""

    by_event: U64
    by_other: U64
    """the matchers that rows of this other unit may meet; empty: all"""
    other_shown: U8
    """whether rows of this other unit are looked at; empty: all are"""
    since: int
    before: int
    every: bool


class Picked(NamedTuple):
    """The events of a bucket that a question is about."""

    first: I64
    at: I64
    bits: U64
    place: I64
    """the row of each event: those of the tail count on from the last of the bucket's file; may be empty"""
    seen: U8
    """whether a unit has any row in the range that is looked at"""


class Room:
    """Arrays that one pick after the other fills, so that memory is asked for once: each takes from the one before."""

    def __init__(self) -> None:
        self._at, self._bits, self._place = _NO_NUMBERS, _NO_WORDS, _NO_NUMBERS

    def of(self, count: int, *, placed: bool) -> tuple[I64, U64, I64]:
        """(at, bits, place) of so many events; `place` only where it is asked for."""
        if len(self._at) < count:
            self._at, self._bits = np.empty(count, np.int64), np.empty(count, np.uint64)
        if placed and len(self._place) < count:
            self._place = np.empty(count, np.int64)
        return self._at, self._bits, self._place if placed else _NO_NUMBERS


@njit(cache=True, nogil=True)
def _pick(
    main: Columns, tail: Columns, units: Units, rules: Rules,
    first: I64, at: I64, bits: U64, place: I64, seen: U8,
) -> int:  # fmt: skip
    count = 0
    behind = main.at.shape[0]
    by_other, shown = rules.by_other.shape[0] > 0, rules.other_shown.shape[0] > 0
    placed = place.shape[0] > 0
    for u in range(units.low.shape[0]):
        if units.shown[u]:
            from_tail = units.tail[u] != 0
            rows = tail if from_tail else main
            narrowed = rows.allowed.shape[0] > 0
            allowed = units.allowed[u]
            low = first_from(rows.at, units.low[u], units.high[u], rules.since)
            high = first_from(rows.at, low, units.high[u], rules.before)
            if not shown:
                seen[u] = high > low
            for i in range(low, high):
                word = rules.by_event[rows.event[i]] & allowed
                if word == _NONE and seen[u] and not rules.every:
                    continue
                if shown:
                    if not rules.other_shown[rows.other[i]]:
                        continue
                    seen[u] = 1
                if by_other:
                    word &= rules.by_other[rows.other[i]]
                if narrowed:
                    word &= rows.allowed[i]
                if word != _NONE or rules.every:
                    at[count] = rows.at[i]
                    bits[count] = word
                    if placed:
                        place[count] = i + behind if from_tail else i
                    count += 1
        first[u + 1] = count
    return count


def pick(main: Columns, tail: Columns, units: Units, rules: Rules, room: Room, *, placed: bool) -> Picked:
    """The rows of each unit that meet a matcher (or every one) in [since, before), with the matchers they meet.

    `placed` says whether it is asked where they lie. What is picked lies in the room, until the next pick.
    """
    most = int((units.high - units.low).sum())
    first, seen = np.zeros(len(units.low) + 1, np.int64), np.zeros(len(units.low), np.uint8)
    at, bits, place = room.of(most, placed=placed)
    types = (np.int64, np.int32, np.int32, np.uint64)
    count = _pick(
        Columns(*(still(c, t) for c, t in zip(main, types, strict=True))),
        Columns(*(still(c, t) for c, t in zip(tail, types, strict=True))),
        Units(*(still(c, t) for c, t in zip(units, (np.int64, np.int64, np.uint8, np.uint64, np.uint8), strict=True))),
        Rules(
            still(rules.by_event, np.uint64), still(rules.by_other, np.uint64), still(rules.other_shown, np.uint8),
            rules.since, rules.before, rules.every,
        ),
        first, at, bits, place, seen,
    )  # fmt: skip
    return Picked(first, at[:count], bits[:count], place[:count], seen)


@njit(cache=True, nogil=True)
def _narrow(allowed: U64, codes: I32, table: U64) -> None:
    for i in range(allowed.shape[0]):
        allowed[i] &= table[codes[i]]


def narrowed(allowed: U64 | None, codes: I32, table: U64) -> U64:
    """What is allowed of each row once its value of a property is looked up; the table's last entry is for none."""
    if allowed is None:
        return table[codes]
    _narrow(allowed, still(codes, np.int32), still(table, np.uint64))
    return allowed
