"""Exact 128-bit integers for compiled kernels: money as Arrow keeps it, two machine words, low and high.

Arrow's decimal128 is a little-endian two's complement integer; a column of n values is an int64 array of shape (n, 2)
whose column 0 is the low word (its bits read as unsigned) and column 1 the high word. The functions here take and give
such pairs `(lo, hi)` of int64 and hide the carries; their types are fixed, so that each is compiled once. Sums wrap at
2**127; a column of decimal(38, 12) stays a factor of 1.7 below that, and `core.money` refuses input that could add up
beyond it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import boolean, int64, njit, types, uint64

PAIR = types.UniTuple(int64, 2)
TRIPLE = types.UniTuple(int64, 3)

_TOP = np.uint64(1 << 63)
_MASK = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)


@njit(PAIR(int64, int64, int64, int64), cache=True)
def add(alo: int, ahi: int, blo: int, bhi: int) -> tuple[int, int]:
    """(lo, hi) of a + b."""
    lo = alo + blo
    carry = 1 if (uint64(lo) < uint64(alo)) else 0
    return lo, ahi + bhi + carry


@njit(PAIR(int64, int64), cache=True)
def negate(lo: int, hi: int) -> tuple[int, int]:
    """(lo, hi) of -a."""
    nlo = -lo
    return nlo, ~hi + (1 if nlo == 0 else 0)


@njit(PAIR(int64, int64, int64, int64), cache=True)
def subtract(alo: int, ahi: int, blo: int, bhi: int) -> tuple[int, int]:
    """(lo, hi) of a - b."""
    lo = alo - blo
    borrow = 1 if (uint64(alo) < uint64(blo)) else 0
    return lo, ahi - bhi - borrow


@njit(int64(int64, int64), cache=True)
def sign(lo: int, hi: int) -> int:
    """-1, 0 or 1."""
    if hi < 0:
        return -1
    return 0 if (hi == 0 and lo == 0) else 1


@njit(boolean(int64, int64, int64, int64), cache=True)
def less(alo: int, ahi: int, blo: int, bhi: int) -> bool:
    """Is a < b?"""
    if ahi != bhi:
        return bool(ahi < bhi)
    return bool(uint64(alo) < uint64(blo))


@njit(PAIR(int64, int64), cache=True)
def multiply_words(a: int, b: int) -> tuple[int, int]:
    """(lo, hi) of the product of two unsigned 64-bit words."""
    ua, ub = uint64(a), uint64(b)
    al, ah = ua & _MASK, ua >> _32
    bl, bh = ub & _MASK, ub >> _32
    p0 = al * bl
    p1 = al * bh
    p2 = ah * bl
    middle = (p0 >> _32) + (p1 & _MASK) + (p2 & _MASK)
    lo = (p0 & _MASK) | (middle << _32)
    hi = ah * bh + (p1 >> _32) + (p2 >> _32) + (middle >> _32)
    return np.int64(lo), np.int64(hi)  # type: ignore[return-value]  # a word is a word to the compiler


@njit(TRIPLE(int64, int64, int64), cache=True)
def weigh(lo: int, hi: int, rate: int) -> tuple[int, int, int]:
    """Three words (low, middle, high) of a * rate for 0 <= rate < 2**63: exact, two's complement."""
    negative = hi < 0
    if negative:
        lo, hi = negate(lo, hi)
    p0, p1 = multiply_words(lo, rate)
    q0, q1 = multiply_words(hi, rate)
    middle, high = add(p1, 0, q0, q1)
    # add() treats the pair as (lo, hi): p1 as an unsigned word, the carry goes into q1
    if negative:
        p0, carry = -p0, (1 if p0 == 0 else 0)
        middle = ~middle + carry
        high = ~high + (1 if (carry == 1 and middle == 0) else 0)
    return p0, middle, high


@njit(TRIPLE(int64, int64, int64, int64, int64, int64), cache=True)
def add_weighed(a0: int, a1: int, a2: int, b0: int, b1: int, b2: int) -> tuple[int, int, int]:
    """Three words of a + b."""
    s0 = a0 + b0
    c0 = 1 if uint64(s0) < uint64(a0) else 0
    s1 = a1 + b1
    c1 = 1 if uint64(s1) < uint64(a1) else 0
    t1 = s1 + c0
    c1 += 1 if (c0 == 1 and t1 == 0) else 0
    return s0, t1, a2 + b2 + c1


@njit(int64(int64, int64, int64), cache=True)
def sign_weighed(a0: int, a1: int, a2: int) -> int:
    """-1, 0 or 1 of a three-word number."""
    if a2 < 0:
        return -1
    return 0 if (a0 == 0 and a1 == 0 and a2 == 0) else 1


@njit(types.Tuple((int64, int64, boolean))(int64, int64, int64, int64), cache=True)
def scale(lo: int, hi: int, numerator: int, denominator: int) -> tuple[int, int, bool]:
    """(lo, hi, exact range kept) of a * numerator / denominator, rounded half to even.

    0 <= numerator < 2**63, 0 < denominator < 2**31. The flag is False where the result does not fit: the caller must
    take the slow way (Python integers).
    """
    negative = hi < 0
    if negative:
        lo, hi = negate(lo, hi)
    w0, w1, w2 = weigh(lo, hi, numerator)
    den = uint64(denominator)
    rest = uint64(0)
    out0, out1, out2 = uint64(0), uint64(0), uint64(0)
    for word in range(3):
        value = uint64(w2) if word == 0 else (uint64(w1) if word == 1 else uint64(w0))
        if value == uint64(0) and rest == uint64(0):
            continue  # most amounts are one word long, and a division is slow
        upper = (rest << _32) | (value >> _32)
        qh = upper // den
        rest = upper % den
        lower = (rest << _32) | (value & _MASK)
        ql = lower // den
        rest = lower % den
        q = (qh << _32) | ql
        if word == 0:
            out2 = q
        elif word == 1:
            out1 = q
        else:
            out0 = q
    twice = rest * uint64(2)
    if twice > den or (twice == den and (out0 & uint64(1)) == uint64(1)):
        out0 = out0 + uint64(1)
        if out0 == uint64(0):
            out1 = out1 + uint64(1)
    fits = out2 == uint64(0) and out1 < _TOP
    rlo, rhi = np.int64(out0), np.int64(out1)
    if negative:
        rlo, rhi = negate(rlo, rhi)
    return rlo, rhi, fits  # type: ignore[return-value]  # a word is a word to the compiler


def add_columns(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """a + b of whole arrays of pairs (..., 2)."""
    low = a[..., 0] + b[..., 0]
    carry = (low.view(np.uint64) < a[..., 0].view(np.uint64)).astype(np.int64)
    return np.stack([low, a[..., 1] + b[..., 1] + carry], axis=-1)
