"""How many people of each unit are active by day, in a week, in four weeks. Source: docs/metrics/stickiness.md."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tenure.core.sequences.events import I32, I64

DAYS = 28
"""Four whole weeks: no day of the week is there more often than another."""
WEEK = 7


class People(NamedTuple):
    """Per unit; people are told apart by their code, an event without one is nobody's."""

    daily: I64
    """people active on a day, added up over all days"""
    weekly: I64
    """people active in the last seven days"""
    monthly: I64
    """people active in any of the days"""


def people(first: I64, at: I64, person: I32, edges: I64) -> People:
    """The people of each unit between the edges of DAYS days."""
    units = len(first) - 1
    unit = np.repeat(np.arange(units), np.diff(first))
    day = np.searchsorted(edges, at, side="right") - 1
    counted = (person >= 0) & (day >= 0) & (day < len(edges) - 1)
    unit, day, who = unit[counted], day[counted], person[counted].astype(np.int64)
    daily = _distinct(unit, who * (len(edges) - 1) + day, units)
    late = day >= len(edges) - 1 - WEEK
    return People(daily, _distinct(unit[late], who[late], units), _distinct(unit, who, units))


def _distinct(unit: npt.NDArray[np.int64], value: npt.NDArray[np.int64], units: int) -> I64:
    """How many different values each unit has."""
    if not len(unit):
        return np.zeros(units, np.int64)
    span = int(value.max()) + 1
    pairs = np.unique(unit * span + value)
    return np.bincount(pairs // span, minlength=units).astype(np.int64)
