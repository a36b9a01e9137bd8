"""Rows of events by unit: codes of keys, buckets in the order of keys, and rows in the order of time inside a unit."""

from __future__ import annotations

import numpy as np
import pytest

from tenure.core.sequences.buckets import MISSING, KeyCodes, Seen, arranged, bucket_of, deal


def test_buckets_one_after_the_other_are_in_the_order_of_keys() -> None:
    keys = np.sort(np.random.default_rng(1).integers(-(1 << 63), (1 << 63) - 1, 1_000))
    buckets = bucket_of(keys, 8)
    assert (np.diff(buckets) >= 0).all()
    assert set(buckets.tolist()) == set(range(8))


def test_a_key_keeps_the_code_it_got_when_it_was_first_seen() -> None:
    known = KeyCodes()
    codes, fresh = known.encode(np.array([30, 10, 30, 0]), np.array([True, True, True, False]))
    assert codes.tolist() == [0, 1, 0, MISSING]
    assert fresh.tolist() == [0, 1]
    codes, fresh = known.encode(np.array([10, 20, 0, 30]), np.ones(4, bool))
    assert codes.tolist() == [1, 2, 3, 0]
    assert fresh.tolist() == [1, 2]
    assert known.keys.tolist() == [30, 10, 20, 0]
    assert known.has(np.array([20, 40])).tolist() == [True, False]


def test_many_keys_get_as_many_codes() -> None:
    keys = np.random.default_rng(1).integers(-(1 << 63), (1 << 63) - 1, 50_000)
    known = KeyCodes()
    for part in np.array_split(np.concatenate([keys, keys]), 7):
        known.encode(part, np.ones(len(part), bool))
    assert known.count == len(np.unique(keys))
    assert (known.keys[known.encode(keys, np.ones(len(keys), bool))[0]] == keys).all()


@pytest.mark.parametrize("units", [1, 3, 400], ids=["one long unit", "three", "many short ones"])
def test_rows_lie_by_unit_moment_and_arrival(units: int) -> None:
    rng = np.random.default_rng(units)
    count = 2_000
    unit = rng.integers(0, units, count).astype(np.int32)
    keys = rng.permutation(units).astype(np.int64) - units // 2
    columns = [rng.integers(0, 40, count), rng.integers(0, 2, count), rng.integers(0, 3, count), rng.permutation(count)]
    found = arranged(unit, keys, np.stack(columns, 1), beside=np.zeros(0, np.int32))
    assert found.order.tolist() == np.lexsort((*columns[::-1], keys[unit])).tolist()
    assert (np.repeat(found.units, np.diff(found.first)) == unit[found.order]).all()


def test_a_unit_beside_is_there_without_rows() -> None:
    row = np.full((1, 4), 5)
    found = arranged(np.array([1], np.int32), np.array([7, 3, 9]), row, beside=np.array([2], np.int32))
    assert found.units.tolist() == [1, 2]
    assert found.first.tolist() == [0, 1, 1]


def test_rows_are_dealt_out_in_the_order_they_came() -> None:
    bucket = np.array([2, 0, 2, 1], np.int32)
    dealt, ends = deal(bucket, 3, np.arange(8).reshape(4, 2))
    assert ends.tolist() == [1, 2, 4]
    assert dealt.tolist() == [[2, 3], [6, 7], [0, 1], [4, 5]]


def test_a_key_that_came_before_is_never_missed() -> None:
    rng = np.random.default_rng(3)
    keys = rng.integers(-(1 << 63), (1 << 63) - 1, 20_000)
    seen = Seen(len(keys))
    assert len(seen.add(keys[:10_000])) < 500  # some share both bits with others
    again = seen.add(np.concatenate([keys[5_000:10_000], keys[10_000:]]))
    assert np.isin(keys[5_000:10_000], again).all()
    assert len(again) < 10_000
    assert np.isin(keys, seen.among(keys)).all()
    assert len(seen.among(rng.integers(-(1 << 63), (1 << 63) - 1, 20_000))) < 4_000
