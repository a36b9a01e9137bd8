"""Whether the latest change of a figure is news: outside the swing it usually has."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from statistics import median

FEWEST = 6
"""With fewer earlier changes than this nobody can say what is usual."""
_NORMAL = Decimal("1.4826")
"""Median deviation to standard deviation, for normal noise."""
_WIDTH = 3


def outside_usual(values: Sequence[Decimal | None]) -> bool | None:
    """Whether the last step of a series is outside the swing of the steps before it.

    Shapes:  the figure of consecutive, finished periods, the latest last; a period without a figure is None.
    Returns: True if the last change lies more than three (robust) standard deviations from the median of the earlier
             ones, None if there are fewer than `FEWEST` of them or no last change. Where the earlier changes are mostly
             equal (their median deviation is 0), the farthest of them is the bound.
    Source:  docs/explanation/usual-swing.md.
    """
    steps = [None if a is None or b is None else b - a for a, b in pairwise(values)]
    earlier = [step for step in steps[:-1] if step is not None]
    if not steps or steps[-1] is None or len(earlier) < FEWEST:
        return None
    middle = median(earlier)
    distances = [abs(step - middle) for step in earlier]
    bound = _WIDTH * _NORMAL * median(distances) or max(distances)
    return abs(steps[-1] - middle) > bound
