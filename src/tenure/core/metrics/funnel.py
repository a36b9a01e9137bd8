"""The figures of a funnel: steps, shares, times between steps, attribution. Pure functions of what the walk found.

Source: docs/metrics/funnels.md. Waits and codes are per unit, so those of several slices are put one after another.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from tenure.core.metrics.mrr import ratio

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]

SECOND = 1_000_000
MISSING = -1
"""The value of an event, or of a whole chain, that has none: "(none)"."""
_HOUR, _DAY = 3_600, 86_400
EDGES = (
    *(0, 60, 300, 900, _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR),
    *(days * _DAY for days in (1, 2, 3, 5, 7, 14, 30, 60, 90, 180, 365)),
)
"""Seconds at which a bracket of a distribution begins."""
NOT_THERE = -2
"""The unit does not reach the step whose value is asked for, and is not in the breakdown."""


class Bar(NamedTuple):
    """One step of a funnel."""

    units: int
    of_first: Decimal | None
    of_previous: Decimal | None
    """of the required step before it, since an optional one is no gate; as `of_first`, None for a share of nobody"""


class Waits(NamedTuple):
    """Seconds from the step before; None where nobody waited."""

    mean: float | None
    median: float | None
    p90: float | None


class Bracket(NamedTuple):
    """How many waited from so many seconds on, and less than so many; None is without end."""

    since: int
    before: int | None
    units: int


def reached(event: I64) -> I64:
    """How many units have each step in their chain."""
    return np.asarray((event >= 0).sum(axis=0, dtype=np.int64))


def bars(units: Sequence[int], optional: Sequence[bool]) -> list[Bar]:
    """The steps with their shares: of those who entered, and of those at the required step before."""
    found: list[Bar] = []
    previous = None
    for count, skipped in zip(map(int, units), optional, strict=True):
        found.append(Bar(count, ratio(count, int(units[0])), None if previous is None else ratio(count, previous)))
        previous = previous if skipped else count
    return found


def waited(event: I64, at: I64) -> I64:
    """Per unit and step the microseconds since the step before that its chain has; -1 without one."""
    found = np.full(event.shape, MISSING, np.int64)
    if event.shape[1] == 0 or len(at) == 0:
        return found
    former = np.full(len(event), MISSING, np.int64)
    for k in range(event.shape[1]):
        there = event[:, k] >= 0
        both = there & (former >= 0)
        found[both, k] = at[event[both, k]] - at[former[both]]
        former[there] = event[there, k]
    return found


def waits(column: I64) -> Waits:
    """Mean, median and 90th percentile of one step's column of `waited`; between two values it is interpolated."""
    known = column[column >= 0]
    if len(known) == 0:
        return Waits(None, None, None)
    median, p90 = np.percentile(known, [50, 90])
    return Waits(int(known.sum()) / len(known) / SECOND, float(median) / SECOND, float(p90) / SECOND)


def way(event: I64, at: I64) -> I64:
    """Per unit the microseconds from the entry to the last step; -1 for those that do not reach it."""
    there = (event[:, 0] >= 0) & (event[:, -1] >= 0)
    found = np.full(len(event), MISSING, np.int64)
    found[there] = at[event[there, -1]] - at[event[there, 0]]
    return found


def spread(column: I64) -> list[Bracket]:
    """How many took how long, by the brackets of `EDGES`; those without a wait are in none."""
    place = np.searchsorted(np.array(EDGES[1:], np.int64) * SECOND, column[column >= 0], "right")
    counts = np.bincount(place, minlength=len(EDGES)).tolist()
    return [Bracket(low, high, n) for low, high, n in zip(EDGES, (*EDGES[1:], None), counts, strict=True)]


def attributed(event: I64, value: I32, by: Literal["first_touch", "last_touch"] | int) -> I32:
    """The value under which each unit is counted: the first or last its chain's events have, or that of step `by`.

    Shapes:  value has one code an event, MISSING without one; `by` counts steps from 1.
    Returns: a code a unit; MISSING if none of the events asked has a value; NOT_THERE for units without a chain or
             without the step.
    """
    if event.shape[1] == 0 or len(value) == 0:
        return np.full(len(event), NOT_THERE, np.int32)
    codes = np.where(event >= 0, value[event], MISSING).astype(np.int32)
    if isinstance(by, int):
        return np.where(event[:, by - 1] >= 0, codes[:, by - 1], np.int32(NOT_THERE)).astype(np.int32)
    found = np.full(len(event), MISSING, np.int32)
    columns = range(event.shape[1])
    for k in reversed(columns) if by == "first_touch" else columns:
        found = np.where(codes[:, k] >= 0, codes[:, k], found)
    found[(event < 0).all(axis=1)] = NOT_THERE
    return found


def leading(entered: dict[str, int], limit: int) -> list[str]:
    """The values a breakdown shows by name: those with the most units at step 1, ties by name; the rest is one."""
    return sorted(entered, key=lambda name: (-entered[name], name))[:limit]
