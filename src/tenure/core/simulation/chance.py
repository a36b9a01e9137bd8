"""Chance that belongs to a place: the same number for one purpose, week and slot, whatever else was drawn.

Two runs of a firm that part in week 40 go on drawing the same numbers for what happened in neither: they are compared
with common random numbers. A run over a part of the accounts draws what the whole would. Hides the mixing of bits
(the finaliser of splitmix64), normal and Poisson numbers.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Slots = npt.NDArray[np.int64]

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

    def uniform(self, purpose: str, week: int, slots: Slots, draw: int = 0) -> Floats:
        """One number in [0, 1) for each slot; `draw` tells several of one purpose apart."""
        key = _mixed(self._root + crc32(purpose.encode()) * _STEP & _ALL)
        key = _mixed(key + (week + 1_000) * _STEP & _ALL)
        key = _mixed(key + (draw + 1) * _STEP & _ALL)
        bits = slots.astype(np.uint64)
        bits *= np.uint64(_STEP)
        bits += np.uint64(key)
        bits ^= bits >> np.uint64(30)
        bits *= np.uint64(_FIRST)
        bits ^= bits >> np.uint64(27)
        bits *= np.uint64(_SECOND)
        bits ^= bits >> np.uint64(31)
        return np.asarray((bits >> np.uint64(11)) * 2.0**-53, np.float64)

    def normal(self, purpose: str, week: int, slots: Slots, draw: int = 0) -> Floats:
        """One standard normal number for each slot (Box and Muller)."""
        radius = np.sqrt(-2 * np.log1p(-self.uniform(purpose, week, slots, 2 * draw)))
        return np.asarray(radius * np.cos(2 * np.pi * self.uniform(purpose, week, slots, 2 * draw + 1)))

    def happens(self, purpose: str, week: int, slots: Slots, probability: Floats | float) -> npt.NDArray[np.bool_]:
        """Does it happen to each slot? A larger probability only adds slots."""
        return self.uniform(purpose, week, slots) < probability


def counted(share: Floats, mean: Floats) -> npt.NDArray[np.int64]:
    """Poisson counts of these means at these shares of their distribution: monotone in both.

    By inversion; above a mean of 30 by the normal approximation with a continuity correction of a half.
    """
    shape = mean.shape
    share, mean = share.ravel(), mean.ravel()
    out = np.zeros(len(mean), np.int64)
    many = mean > 30
    if many.any():
        out[many] = np.maximum(np.rint(mean[many] + np.sqrt(mean[many]) * _quantile(share[many])), 0).astype(np.int64)
    term = np.exp(-mean)
    left = np.flatnonzero(~many & (share > term))
    above, term, mean = share[left] - term[left], term[left], mean[left]
    count = 0
    while len(left):
        count += 1
        term = term * mean / count
        stay = (above > term) & (count < 120)
        out[left[~stay]] = count
        left, above, term, mean = left[stay], above[stay] - term[stay], term[stay], mean[stay]
    return out.reshape(shape)


def _quantile(share: Floats) -> Floats:
    """The standard normal quantile by Tukey's lambda: within 0.01 between 0.1 % and 99.9 %."""
    inside = np.clip(share, 1e-6, 1 - 1e-6)
    return np.asarray((inside**0.1349 - (1 - inside) ** 0.1349) / 0.1975)
