"""A stable 64-bit hash of texts, the same on every machine and engine. Hides Arrow's string buffers.

The hash is MurmurHash64A (Austin Appleby, public domain) over the UTF-8 bytes, read as little-endian words. A key of
several columns is chained: the hash of one field is the seed of the next, and a field's length goes into its hash, so
("a", "bc") and ("ab", "c") differ. Null is a field of its own, unlike the empty text. Keys are stored in the lake:
changing anything here changes every table.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

Texts: TypeAlias = "pa.Array | pa.ChunkedArray | Sequence[str | None]"
Keys = npt.NDArray[np.int64]

_M = np.uint64(0xC6A4A7935BD1E995)
_R = np.uint64(47)
_NULL = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, inline="always")
def _finish(h: np.uint64) -> np.uint64:
    h ^= h >> _R
    h *= _M
    h ^= h >> _R
    return h


@njit(cache=True, nogil=True)
def _fold(seeds, offsets, data, valid, has_valid, shift):  # type: ignore[no-untyped-def]  # pragma: no cover
    for i in range(seeds.shape[0]):
        seed = seeds[i]
        if has_valid and not (valid[(i + shift) >> 3] >> ((i + shift) & 7)) & 1:
            seeds[i] = _finish((seed ^ _NULL) * _M)
            continue
        at, end = offsets[i], offsets[i + 1]
        h = seed ^ (np.uint64(end - at) * _M)
        while end - at >= 8:
            k = np.uint64(0)
            for b in range(8):
                k |= np.uint64(data[at + b]) << np.uint64(8 * b)
            k *= _M
            k ^= k >> _R
            k *= _M
            h ^= k
            h *= _M
            at += 8
        if end > at:
            for b in range(end - at):
                h ^= np.uint64(data[at + b]) << np.uint64(8 * b)
            h *= _M
        seeds[i] = _finish(h)


def _strings(column: Texts) -> list[pa.Array]:
    """The column as plain string chunks (32- or 64-bit offsets)."""
    if not isinstance(column, pa.Array | pa.ChunkedArray):
        column = pa.array(column, pa.string())
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        column = column.cast(pa.large_string())
    return column.chunks if isinstance(column, pa.ChunkedArray) else [column]


def _fold_column(seeds: npt.NDArray[np.uint64], column: Texts) -> None:
    at = 0
    for chunk in _strings(column):
        if len(chunk) == 0:
            continue
        valid, offsets, data = chunk.buffers()
        wide = pa.types.is_large_string(chunk.type)
        bounds = np.frombuffer(offsets, np.int64 if wide else np.int32)[chunk.offset : chunk.offset + len(chunk) + 1]
        octets = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
        bits = np.frombuffer(valid, np.uint8) if valid is not None else np.zeros(1, np.uint8)
        _fold(seeds[at : at + len(chunk)], bounds.astype(np.int64), octets, bits, valid is not None, chunk.offset)
        at += len(chunk)


def stable_hash(*columns: Texts, tag: str | None = None) -> Keys:
    """One key per row over the columns' texts; `tag` is a constant first field that keeps kinds of keys apart."""
    length = len(columns[0])
    if any(len(column) != length for column in columns):
        raise ValueError("columns of one key must have one length")
    seeds = np.zeros(1, np.uint64)
    if tag is not None:
        _fold_column(seeds, [tag])
    keys = np.full(length, seeds[0], np.uint64)
    for column in columns:
        _fold_column(keys, column)
    return keys.view(np.int64)
