"""Amounts as Arrow keeps them, as scaled integers and as Decimal. Hides the two machine words of a decimal128.

A money column is `decimal128(38, 12)`. Kernels see it as an int64 array of shape (n, 2): low word, high word of the
amount times 10**12. `words` and `from_words` change between the two without touching single values.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

MONEY = pa.decimal128(38, 12)
PLACES = 12
UNIT = 10**PLACES
LIMIT = 10**20
"""Amounts of this size and above are refused: a million of them still add up inside decimal(38, 12)."""

Words = npt.NDArray[np.int64]

_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_WORD = 1 << 64

_MINOR_UNITS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
"""ISO 4217 currencies whose number of decimals is not 2."""


def minor_units(currency: str) -> int:
    """Decimals of a currency when shown: 0 for JPY, 3 for KWD, 2 for most (ISO 4217)."""
    return _MINOR_UNITS.get(currency.upper(), 2)


def trimmed(value: Decimal) -> Decimal:
    """The amount without the zeros behind it, with every other digit: Decimal.normalize alone rounds to 28 of them."""
    return value.normalize(_EXACT)


def to_scaled(value: Decimal | int) -> int:
    """The amount times 10**12 as an integer, rounded half to even beyond the 12th decimal.

    Raises: OverflowError for amounts that could not be added up safely (10**20 and above), ValueError for NaN and inf.
    """
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(f"{value} is not a finite amount")
    if number.adjusted() >= 21 or number.copy_abs() >= LIMIT:
        raise OverflowError(f"{value} is too large: amounts stay below 10**20")
    return int(number.scaleb(PLACES, _EXACT).to_integral_value(ROUND_HALF_EVEN, _EXACT))


def from_scaled(scaled: int) -> Decimal:
    """The Decimal with 12 decimals behind a scaled integer."""
    return Decimal(scaled).scaleb(-PLACES, _EXACT)


def to_words(scaled: int) -> tuple[int, int]:
    """(low, high) of a scaled integer as two signed machine words."""
    low = scaled & (_WORD - 1)
    return low - _WORD if low >= _WORD >> 1 else low, scaled >> 64


def from_word_pair(low: int, high: int) -> int:
    """The scaled integer of two machine words."""
    return (int(high) << 64) + (int(low) & (_WORD - 1))


def words(column: pa.Array | pa.ChunkedArray) -> Words:
    """The column's amounts as an int64 array (n, 2); null reads as 0. A view where there is one chunk and no null."""
    if column.type != MONEY:
        column = column.cast(MONEY)
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], MONEY)
    if len(column) == 0:
        return np.zeros((0, 2), np.int64)
    pairs = np.frombuffer(column.buffers()[1], np.int64).reshape(-1, 2)[column.offset : column.offset + len(column)]
    if column.null_count:
        pairs = pairs * np.asarray(pc.is_valid(column).to_numpy(zero_copy_only=False), np.int64)[:, None]
    return pairs


def from_words(pairs: Words, valid: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """The Arrow money column of an int64 array (n, 2); rows whose `valid` is false become null."""
    pairs = np.ascontiguousarray(pairs, np.int64)
    mask = None
    if valid is not None and not valid.all():
        mask = pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
    return pa.Array.from_buffers(MONEY, len(pairs), [mask, pa.py_buffer(pairs)])


def too_large(column: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Which rows hold an amount of 10**20 or more in size (null: no)."""
    if column.type != MONEY:
        column = column.cast(pa.decimal128(38, 12))
    size = pc.fill_null(pc.abs(column), Decimal(0))
    return np.asarray(pc.greater_equal(size, pa.scalar(Decimal(LIMIT), MONEY)).to_numpy(zero_copy_only=False), np.bool_)
