"""What moved a figure: its change, split exactly over slices or over the factors it is made of.

Every split adds up to the change of the figure; docs/explanation/what-moved-a-figure.md works through each by hand.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import TypeVar

from tenure.core.metrics.mrr import EXACT, PLACES

K = TypeVar("K", bound=Hashable)
ZERO = Decimal(0)


def of_sum(now: Mapping[K, Decimal], before: Mapping[K, Decimal]) -> dict[K, Decimal]:
    """What each slice gives to the change of a sum of slices."""
    return {key: now.get(key, ZERO) - before.get(key, ZERO) for key in {**now, **before}}


def of_share(
    now: Mapping[K, Decimal], whole_now: Decimal, before: Mapping[K, Decimal], whole_before: Decimal
) -> dict[K, Decimal] | None:
    """What each slice gives to the change of a share whose part is a sum of slices; None if a share is of nothing."""
    if whole_now == 0 or whole_before == 0:
        return None
    return {
        key: (EXACT.divide(now.get(key, ZERO), whole_now) - EXACT.divide(before.get(key, ZERO), whole_before)).quantize(
            PLACES, context=EXACT
        )
        for key in {**now, **before}
    }


def of_product(now: tuple[Decimal, Decimal], before: tuple[Decimal, Decimal]) -> tuple[Decimal, Decimal]:
    """What each of two factors gives to the change of their product: each moves at the mean of the other."""
    (a, b), (a0, b0) = now, before
    first = EXACT.multiply(a - a0, EXACT.divide(b + b0, Decimal(2)))
    return first, EXACT.multiply(a, b) - EXACT.multiply(a0, b0) - first


def largest(found: Mapping[K, Decimal], count: int) -> list[tuple[K, Decimal]]:
    """The slices that moved it most, in either direction."""
    ordered = sorted(found.items(), key=lambda item: (-abs(item[1]), str(item[0])))
    return [(key, amount) for key, amount in ordered[:count] if amount]
