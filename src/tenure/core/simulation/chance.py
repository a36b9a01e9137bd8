"""Chance that belongs to a place: the same number for one purpose, week and slot, whatever else was drawn.

Two runs of a firm that part in week 40 go on drawing the same numbers for what happened in neither: they are compared
with common random numbers. A run over a part of the accounts draws what the whole would. Hides the mixing of bits
(the finaliser of splitmix64), normal and Poisson numbers.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Slots = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int64]

_ALL = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB


def _mixed(number: int) -> int:
    number = ((number ^ (number >> 30)) * _FIRST) & _ALL
    number = ((number ^ (number >> 27)) * _SECOND) & _ALL
    return number ^ (number >> 31)


class Chance:
    """Draws by purpose, week and slot; made from one number of a generator."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._root = int(rng.integers(0, 1 << 64, dtype=np.uint64))
        self._keys: dict[tuple[str, int], int] = {}

    def uniform(self, purpose: str, week: int, slots: Slots, draw: int = 0) -> Floats:
        """One number in [0, 1) for each slot; `draw` tells several of one purpose apart."""
        key = self._keys.get((purpose, draw))
        if key is None:
            key = _mixed(self._root + crc32(purpose.encode()) * _STEP & _ALL)
            key = self._keys[purpose, draw] = _mixed(key + (draw + 1) * _STEP & _ALL)
        key = _mixed(key + (week + 1_000) * _STEP & _ALL)
        return np.asarray(_uniform(np.ascontiguousarray(slots, np.int64), np.uint64(key)))

    def normal(self, purpose: str, week: int, slots: Slots, draw: int = 0) -> Floats:
        """One standard normal number for each slot (Box and Muller)."""
        radius = np.sqrt(-2 * np.log1p(-self.uniform(purpose, week, slots, 2 * draw)))
        return np.asarray(radius * np.cos(2 * np.pi * self.uniform(purpose, week, slots, 2 * draw + 1)))

    def happens(self, purpose: str, week: int, slots: Slots, probability: Floats | float) -> npt.NDArray[np.bool_]:
        """Does it happen to each slot? A larger probability only adds slots."""
        return self.uniform(purpose, week, slots) < probability


@njit(cache=True)
def _uniform(slots: Slots, key: np.uint64) -> Floats:
    out = np.empty(slots.shape[0], np.float64)
    for i in range(slots.shape[0]):
        bits = np.uint64(slots[i]) * np.uint64(_STEP) + key
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(_FIRST)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(_SECOND)
        bits = bits ^ (bits >> np.uint64(31))
        out[i] = np.float64(bits >> np.uint64(11)) * 2.0**-53
    return out


def counted(share: Floats, mean: Floats) -> Counts:
    """Poisson counts of these means at these shares of their distribution: monotone in both, of one shape.

    By inversion; above a mean of 30 by the normal approximation.
    """
    return np.asarray(_counted(share.ravel(), mean.ravel()).reshape(mean.shape), np.int64)


@njit(cache=True)
def _counted(share: Floats, mean: Floats) -> Counts:
    out = np.zeros(share.shape[0], np.int64)
    for i in range(share.shape[0]):
        if mean[i] > 30:
            # the normal quantile by Tukey's lambda: within 0.01 between 0.1 % and 99.9 %
            inside = min(max(share[i], 1e-6), 1 - 1e-6)
            quantile = (inside**0.1349 - (1 - inside) ** 0.1349) / 0.1975
            out[i] = max(int(np.rint(mean[i] + np.sqrt(mean[i]) * quantile)), 0)
            continue
        term = np.exp(-mean[i])
        below = term
        while share[i] > below and out[i] < 200:
            out[i] += 1
            term *= mean[i] / out[i]
            below += term
    return out
