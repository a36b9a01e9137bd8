"""What moved a figure: every split adds up to its change."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tenure.core.metrics import drivers

amounts = st.integers(-1_000_000, 1_000_000).map(lambda cents: Decimal(cents) / 100)
slices = st.dictionaries(st.sampled_from("abcd"), amounts, max_size=4)
positive = st.integers(1, 1_000_000).map(lambda cents: Decimal(cents) / 100)


def test_worked_by_hand():
    moved = drivers.of_sum({"Pro": Decimal(140), "Team": Decimal(7)}, {"Pro": Decimal(100), "Solo": Decimal(9)})
    assert moved == {"Pro": Decimal(40), "Team": Decimal(7), "Solo": Decimal(-9)}
    assert drivers.largest(moved, 2) == [("Pro", Decimal(40)), ("Solo", Decimal(-9))]
    shares = drivers.of_share({"East": Decimal(2)}, Decimal(100), {"East": Decimal(1), "West": Decimal(1)}, Decimal(50))
    assert shares == {"East": Decimal(0), "West": Decimal("-0.02")}
    # 10 x 20 became 12 x 15: 2 x 17.5 from the first, -5 x 11 from the second
    assert drivers.of_product((Decimal(12), Decimal(15)), (Decimal(10), Decimal(20))) == (Decimal(35), Decimal(-55))


def test_a_share_of_nothing_cannot_be_split():
    assert drivers.of_share({}, Decimal(0), {}, Decimal(1)) is None


def test_what_did_not_move_is_no_driver():
    assert drivers.largest({"a": Decimal(0), "b": Decimal(1)}, 2) == [("b", Decimal(1))]


@given(slices, slices)
def test_a_sum_adds_up(now, before):
    moved = drivers.of_sum(now, before)
    assert sum(moved.values(), Decimal(0)) == sum(now.values(), Decimal(0)) - sum(before.values(), Decimal(0))


@given(slices, slices, positive, positive)
def test_a_share_adds_up(now, before, whole_now, whole_before):
    moved = drivers.of_share(now, whole_now, before, whole_before)
    change = sum(now.values(), Decimal(0)) / whole_now - sum(before.values(), Decimal(0)) / whole_before
    assert abs(sum(moved.values(), Decimal(0)) - change) <= Decimal("1e-11")


@given(positive, positive, positive, positive)
def test_a_product_adds_up(a, b, a0, b0):
    assert sum(drivers.of_product((a, b), (a0, b0))) == a * b - a0 * b0
