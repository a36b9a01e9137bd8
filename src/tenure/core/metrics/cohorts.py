"""What is left of cohorts: shares of where they began, and the average over all of them. Pure values in and out.

Source: docs/metrics/cohorts.md. A cell whose period still runs is shown, but no average counts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tenure.core.metrics.mrr import ratio


@dataclass(frozen=True, slots=True)
class Cell:
    """What is there at one close, of what there was at the start."""

    part: Decimal
    whole: Decimal
    complete: bool

    @property
    def share(self) -> Decimal | None:
        return ratio(self.part, self.whole)


def grid(cohorts: Sequence[tuple[Decimal, Sequence[Decimal]]], complete: bool) -> list[list[Cell]]:
    """The cells of each cohort, given as its start and its values at the closes.

    The last value of every cohort is of the same, last period; `complete` says whether that is over.
    """
    return [
        [Cell(value, whole, complete or k < len(values) - 1) for k, value in enumerate(values)]
        for whole, values in cohorts
    ]


def average(cells: Sequence[Sequence[Cell]]) -> list[Cell]:
    """The k-th close over all cohorts that have reached it: sums over sums, so a large cohort weighs more."""
    out = []
    for k in range(max((len(row) for row in cells), default=0)):
        reached = [row[k] for row in cells if k < len(row) and row[k].complete]
        if reached:
            part, whole = sum((c.part for c in reached), Decimal(0)), sum((c.whole for c in reached), Decimal(0))
            out.append(Cell(part, whole, True))
    return out
