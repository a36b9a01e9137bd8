"""Retention: who of those that started in an interval came back in a later one, by calendar or by the clock.

One pass over the events of each unit; the state of a unit is a byte per interval. Source: docs/metrics/retention.md.
Hides: which start puts a unit into a cohort, what an interval later means, and which cells are over.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

import numpy as np
from numba import njit

from tenure.core.errors import QuestionRefused
from tenure.core.metrics.mrr import ratio
from tenure.core.sequences.edges import HOUR, LENGTHS, interval_at, interval_edges, intervals_over
from tenure.core.sequences.events import I32, I64, NO_CODES, U8, U64, Flags, columns, mask, still

Basis = Literal["calendar", "rolling", "rolling_hour_floor"]
MOST_CELLS = 10_000_000
"""More cells than this in one table are refused: 80 MB of counts."""


class Layout(NamedTuple):
    """The rows and columns of a retention table, and the intervals they stand for."""

    edges: I64
    rows: int
    columns: int | None
    """None: a triangle that ends with the last row's interval"""
    length: int = 0
    """microseconds of a column counted from each start; 0: columns are intervals of the calendar"""
    floor: int = 1
    """a start counts from the last multiple of so many microseconds"""

    @property
    def widths(self) -> I64:
        """How many columns each row has."""
        rows = np.arange(self.rows, dtype=np.int64)
        return self.rows - rows if self.columns is None else np.full_like(rows, self.columns)

    @property
    def width(self) -> int:
        """How many columns the widest row has."""
        return self.rows if self.columns is None else self.columns

    def over(self, now: int | None) -> I64:
        """How many columns of each row are over at a moment; all of them if there is none."""
        if now is None:
            return self.widths
        rows = np.arange(self.rows)
        if self.length == 0:
            done = intervals_over(self.edges, now) - rows
        else:
            ends = self.edges[1 : self.rows + 1]
            # column 0 is over with the interval; column c once the last possible start has had c + 1 lengths
            done = np.where(now >= ends, np.maximum((now - ends) // self.length, 1), 0)
        return np.asarray(np.clip(done, 0, self.widths), np.int64)

    def complete(self, now: int | None) -> Flags:
        """(rows, width): the cells that are over."""
        return np.arange(self.width) < self.over(now)[:, None]


def layout(
    first_interval: date,
    period: str,
    rows: int,
    timezone_name: str,
    *,
    columns: int | None = None,
    week_start: int = 0,
    year_start: int = 1,
    basis: Basis = "calendar",
) -> Layout:
    """The table of a question: `rows` cohorts from a local date (or date and hour), with their columns.

    Raises: QuestionRefused if the first interval is not the beginning of a period or the table has too many cells.
    """
    width = rows if columns is None else columns
    if rows * width > MOST_CELLS:
        raise QuestionRefused(
            "question.too_long",
            f"{rows} rows of {width} columns are more than {MOST_CELLS} cells.",
            fix="Ask for fewer intervals or a longer period.",
            field="intervals",
            value=rows,
        )
    count = rows if columns is None or basis != "calendar" else rows + max(columns, 1) - 1
    edges = interval_edges(first_interval, period, count, timezone_name, week_start=week_start, year_start=year_start)
    length = 0 if basis == "calendar" else LENGTHS[period]
    return Layout(edges, rows, columns, length, HOUR if basis == "rolling_hour_floor" else 1)


class Rule(NamedTuple):
    """Which events start and which return, as numbers of matchers, and how they count."""

    start: int = 0
    back: int = 0
    once: int | None = None
    """None: recurring. Else a unit is only in the cohort of its first event of this matcher, if that meets `start`:
    the start's own matcher for the first time, that of the event's bare name for the first time ever"""
    unbounded: bool = False
    least: int = 1
    """so many returns in one interval"""


class Retention(NamedTuple):
    """Counts of a retention table; the first axis is the breakdown's value, the last of it is "none"."""

    size: I64
    """(values + 1, rows)"""
    retained: I64
    """(values + 1, rows, width): column 0 is the size; 0 beyond the widths"""


@njit(cache=True, nogil=True)
def _starts(
    low: int, high: int, at: I64, bits: U64, edges: I64, rows: int, start: np.uint64, once: np.uint64, out: I64
) -> int:
    """Write (row, event) of the cohorts of one unit, ascending; returns how many."""
    found = 0
    here = -1
    until = edges[0]
    every = once == np.uint64(0)
    looked_for = start if every else once
    for i in range(low, high):
        if bits[i] & looked_for == 0:
            continue
        if at[i] >= until:
            here = interval_at(edges, at[i], here + 1)
            if here >= rows:
                break
            until = edges[here + 1]
            if bits[i] & start != 0:
                out[found, 0], out[found, 1] = here, i
                found += 1
        if not every:
            break
    return found


@njit(cache=True, nogil=True)
def _returns(low: int, high: int, at: I64, bits: U64, edges: I64, back: np.uint64, least: int, out: U8) -> None:
    """Mark the calendar's intervals in which one unit has enough returns."""
    out[:] = 0
    intervals = edges.shape[0] - 1
    here, count = -1, 0
    until = edges[0]
    for i in range(low, high):
        if bits[i] & back == 0:
            continue
        if at[i] >= until:
            here, count = interval_at(edges, at[i], here + 1), 0
            if here >= intervals:
                break
            until = edges[here + 1]
        count += 1
        if here >= 0 and count == least:
            out[here] = 1


@njit(cache=True, nogil=True)
def _came(
    row: int, event: int, high: int, width: int, at: I64, bits: U64, back: np.uint64, least: int, length: int,
    floor: int, unbounded: bool, returned: U8, out: U8,
) -> None:  # fmt: skip
    """Mark the columns from 1 in which one unit came back, after the start of its row."""
    if length == 0:
        for c in range(1, width):
            out[c] = returned[row + c]
    else:
        out[1:width] = 0
        start = at[event] - at[event] % floor
        column, count = 0, 0
        until = start + length
        for i in range(event, high):
            if bits[i] & back == 0:
                continue
            if at[i] >= until:
                column, count = (at[i] - start) // length, 0
                if column >= width:
                    break
                until = start + (column + 1) * length
            count += 1
            if column > 0 and count == least:
                out[column] = 1
    if unbounded:
        for c in range(width - 2, 0, -1):
            out[c] |= out[c + 1]


@njit(cache=True, nogil=True)
def _retention(
    first: I64, at: I64, bits: U64, value: I32, values: int, edges: I64, widths: I64, width: int, length: int,
    floor: int, start: np.uint64, back: np.uint64, once: np.uint64, unbounded: bool, least: int,
) -> I64:  # fmt: skip
    rows = widths.shape[0]
    retained = np.zeros((values + 1, rows, width), np.int64)
    starts = np.empty((max(rows, 1), 2), np.int64)
    returned = np.empty(edges.shape[0] - 1, np.uint8)
    came = np.empty(width, np.uint8)
    for u in range(first.shape[0] - 1):
        low, high = first[u], first[u + 1]
        cohorts = _starts(low, high, at, bits, edges, rows, start, once, starts)
        if cohorts == 0:
            continue
        if length == 0:
            _returns(starts[0, 1], high, at, bits, edges, back, least, returned)
        for k in range(cohorts):
            row, event = starts[k, 0], starts[k, 1]
            slot = values
            if value.shape[0] > 0 and 0 <= value[event] < values:
                slot = value[event]
            cell = retained[slot, row]
            cell[0] += 1
            if length == 0 and not unbounded:
                # as _came would say, without its copy
                for c in range(1, widths[row]):
                    cell[c] += returned[row + c]
                continue
            _came(row, event, high, widths[row], at, bits, back, least, length, floor, unbounded, returned, came)
            for c in range(1, widths[row]):
                cell[c] += came[c]
    return retained


@njit(cache=True, nogil=True)
def _appearances(
    first: I64, at: I64, bits: U64, value: I32, code: int, edges: I64, widths: I64, width: int, length: int,
    floor: int, start: np.uint64, back: np.uint64, once: np.uint64, unbounded: bool, least: int, only: int, shown: I64,
) -> Flags:  # fmt: skip
    rows = widths.shape[0]
    out = np.zeros((first.shape[0] - 1, width), np.bool_)
    starts = np.empty((max(rows, 1), 2), np.int64)
    returned = np.empty(edges.shape[0] - 1, np.uint8)
    came = np.empty(width, np.uint8)
    for u in range(first.shape[0] - 1):
        low, high = first[u], first[u + 1]
        cohorts = _starts(low, high, at, bits, edges, rows, start, once, starts)
        if cohorts > 0 and length == 0:
            _returns(starts[0, 1], high, at, bits, edges, back, least, returned)
        for k in range(cohorts):
            row, event = starts[k, 0], starts[k, 1]
            if (only >= 0 and only != row) or shown[row] == 0:
                continue
            if value.shape[0] > 0 and value[event] != code:
                continue
            _came(row, event, high, widths[row], at, bits, back, least, length, floor, unbounded, returned, came)
            out[u, 0] = True
            for c in range(1, shown[row]):
                out[u, c] |= came[c] != 0
    return out


def _rule(rule: Rule) -> tuple[np.uint64, np.uint64, np.uint64, bool, int]:
    once = np.uint64(0) if rule.once is None else mask(rule.once)
    return mask(rule.start), mask(rule.back), once, rule.unbounded, rule.least


def retention(
    first: I64, at: I64, bits: U64, table: Layout, rule: Rule, *, value: I32 = NO_CODES, values: int = 0
) -> Retention:
    """How many units each cohort has, and how many of them came back in each column.

    `value` is the code of the breakdown's value of each event, below `values`: in a row a unit has that of its first
    start. Results of slices of units are added with `events.added`.

    Raises: QuestionRefused if the values make the table larger than MOST_CELLS.
    """
    if (values + 1) * table.rows * table.width > MOST_CELLS:
        raise QuestionRefused(
            "question.too_many_slices",
            f"{values} tables of {table.rows} rows and {table.width} columns are more than {MOST_CELLS} cells.",
            fix="Break down by fewer values, or ask for fewer intervals.",
            field="breakdown",
            value=values,
        )
    events = columns(first, at, bits)
    counts = _retention(
        *events, still(value, np.int32), values, still(table.edges, np.int64), still(table.widths, np.int64),
        max(table.width, 1), table.length, table.floor, *_rule(rule),
    )  # fmt: skip
    return Retention(counts[:, :, 0].copy(), counts[:, :, : table.width])


def appearances(
    first: I64, at: I64, bits: U64, table: Layout, rule: Rule, row: int | None = None, now: int | None = None,
    *, value: I32 = NO_CODES, code: int = -1,
) -> Flags:  # fmt: skip
    """(units, width): who is in which cells of a row, or of any row; column 0 says who is in the cohort.

    Cells that are not over at `now` have nobody. With `value`, a code per event as in `retention`, only the cohorts of
    one `code` are looked at; -1 is for those that have none.
    """
    events = columns(first, at, bits)
    out = _appearances(
        *events, still(value, np.int32), code, still(table.edges, np.int64), still(table.widths, np.int64),
        max(table.width, 1), table.length, table.floor, *_rule(rule), -1 if row is None else row,
        still(table.over(now), np.int64),
    )  # fmt: skip
    return np.asarray(out[:, : table.width])


def average(size: I64, retained: I64, complete: Flags, *, weighted: bool = True) -> list[Decimal | None]:
    """The share that came back in each column, over all cohorts whose cell is over; None if there is none.

    `weighted`: sums over sums, so a large cohort weighs more; else the mean of the shares of cohorts that are not
    empty. Shapes: size (rows,), retained and complete (rows, width).
    """
    out = []
    for c in range(retained.shape[1]):
        rows = np.flatnonzero(complete[:, c] & (size > 0))
        if weighted:
            out.append(ratio(int(retained[rows, c].sum()), int(size[rows].sum())))
        else:
            shares = [ratio(int(retained[r, c]), int(size[r])) or Decimal(0) for r in rows]
            out.append(ratio(sum(shares, Decimal(0)), len(shares)))
    return out
