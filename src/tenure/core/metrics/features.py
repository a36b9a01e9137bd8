"""How much a feature is used and how well it holds, side by side: which ones are points of growth.

Source: docs/metrics/feature-retention.md, "Points".
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from statistics import median
from typing import NamedTuple

from tenure.core.metrics.mrr import ratio

GROWTH, HIDDEN, LEAK, MINOR = POINTS = ("growth", "hidden", "leak", "minor")
"""Widely used and well retained; little used and well retained; widely used and badly retained; neither."""
ENOUGH = 20
"""Uses by unit and interval below which a rate is noise, and no point is named."""


class Use(NamedTuple):
    """What is counted of one feature."""

    reach: int
    size: int
    """uses by unit and interval"""
    retained: int
    """of `exposed`, the units that came back, over all later intervals that are over"""
    exposed: int

    @property
    def held(self) -> Decimal | None:
        """The share that came back in a later interval, the average one; None where no later interval is over."""
        return ratio(self.retained, self.exposed)


def points(features: Sequence[Use]) -> list[str | None]:
    """Which of POINTS each feature is; None where its uses are too few to tell.

    Wide is a reach of at least the median of the features that can be told, held is a share of at least that of all of
    them together.
    """
    told = [f for f in features if f.size >= ENOUGH and f.exposed]
    whole = ratio(sum(f.retained for f in told), sum(f.exposed for f in told))
    if whole is None:
        return [None] * len(features)
    middle = median(f.reach for f in told)
    names = {(True, True): GROWTH, (False, True): HIDDEN, (True, False): LEAK, (False, False): MINOR}
    return [
        names[f.reach >= middle, f.held >= whole] if f.size >= ENOUGH and f.held is not None else None for f in features
    ]
