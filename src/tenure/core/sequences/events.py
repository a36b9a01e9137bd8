"""Events as the kernels of behaviour take them: plain arrays in the order of unit, moment, arrival.

- `first` (units + 1): the events of unit u are first[u] .. first[u + 1]. A part of it, first[a : b + 1], is a slice of
  units over the same events, so threads share them without a copy.
- `at`: moments in microseconds UTC, ascending inside a unit; equal moments stand in the order of arrival.
- `bits`: bit k is set where an event meets matcher k; at most 64 matchers.
- `node`, `value`: a code per event; -1 where there is none.

Hides how arrays are handed to compiled code.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
U8 = npt.NDArray[np.uint8]
U64 = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]

NO_CODES = np.empty(0, np.int32)
"""The column of codes of a question that has none."""


def still(array: Any, dtype: Any) -> npt.NDArray[Any]:
    """The array as a kernel reads it: contiguous, of one type, not to be written. Nothing is copied that fits.

    A mapped file and a fresh array are then of one kind to the compiler, which compiles once.
    """
    view = np.require(array, dtype, ["C"]).view()
    view.flags.writeable = False
    return view


@njit(cache=True, nogil=True)
def first_from(at: I64, low: int, high: int, moment: int) -> int:
    """The first of the events low .. high, which ascend, that is not before a moment; or high."""
    while low < high:
        middle = (low + high) >> 1
        if at[middle] < moment:
            low = middle + 1
        else:
            high = middle
    return low


def columns(first: Any, at: Any, bits: Any) -> tuple[I64, I64, U64]:
    """The three columns every kernel reads."""
    return still(first, np.int64), still(at, np.int64), still(bits, np.uint64)


def mask(*matchers: int) -> np.uint64:
    """The bits of some matchers."""
    return np.uint64(sum(1 << k for k in set(matchers)))


def added(parts: Iterable[tuple[Any, ...]]) -> Any:
    """One result from those of slices of units, for results that are tuples of counts."""
    whole, *rest = parts
    for part in rest:
        whole = type(whole)(*(a + b for a, b in zip(whole, part, strict=True)))
    return whole
