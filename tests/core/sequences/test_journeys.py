"""Journeys: windows closed at both ends, touches of a day once, each conversion its own journey."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.core.sequences.journeys import NONE, Conversions, Touches, journeys

DAY = 24


def laid(accounts: list[tuple[list[tuple[int, int, int]], list[int]]]) -> tuple[Touches, Conversions]:
    """Accounts as ([(hour, channel, contact)], [hour of a conversion])."""
    touches = [sorted(of, key=lambda one: one[0]) for of, _ in accounts]
    flat = np.array([one for of in touches for one in of], np.int64).reshape(-1, 3)
    conversions = [sorted(of) for _, of in accounts]
    return Touches(
        np.cumsum([0, *map(len, touches)]),
        flat[:, 0],
        flat[:, 1].astype(np.int32),
        flat[:, 2].astype(np.int32),
        (flat[:, 0] // DAY).astype(np.int32),
    ), Conversions(np.cumsum([0, *map(len, conversions)]), np.array([at for of in conversions for at in of], np.int64))


def walked(accounts: Any, lookback: int, *, reset: bool = False) -> list[tuple[int, int, list[int]]]:
    """(account, conversion, hours of the touches) of each journey."""
    touches, conversions = laid(accounts)
    made = journeys(touches, conversions, lookback, reset=reset)
    spans = pairwise(made.first.tolist())
    return [
        (account, conversion, touches.at[made.touch[a:b]].tolist())
        for account, conversion, (a, b) in zip(made.account.tolist(), made.conversion.tolist(), spans, strict=True)
    ]


def test_both_ends_of_the_window_count() -> None:
    account = [(0, 0, 0), (99, 1, 0), (100, 2, 0), (280, 3, 0), (281, 4, 0)], [280]
    assert walked([account], 180) == [(0, 0, [100, 280])]


def test_a_contact_counts_once_a_day_by_channel() -> None:
    touches = [(1, 0, 0), (2, 0, 0), (3, 0, 1), (4, 1, 0), (5, 0, NONE), (6, 0, NONE), (25, 0, 0)]
    assert walked([(touches, [30])], 100) == [(0, 0, [1, 3, 4, 5, 25])]
    # the first of a day lies before the window: the second counts
    assert walked([([(1, 0, 0), (3, 0, 0)], [10])], 8) == [(0, 0, [3])]


def test_each_conversion_has_its_own_journey() -> None:
    account = [(1, 0, 0), (50, 1, 0), (100, 2, 0)], [60, 110]
    assert walked([account], 1_000) == [(0, 0, [1, 50]), (0, 1, [1, 50, 100])]
    assert walked([account], 1_000, reset=True) == [(0, 0, [1, 50]), (0, 1, [100])]


def test_an_account_that_did_not_convert_has_one_journey_to_its_last_touch() -> None:
    never = [(1, 0, 0), (50, 1, 0), (230, 2, 0)], []
    assert walked([never, ([], []), ([], [5])], 180) == [(0, NONE, [50, 230]), (2, 0, [])]


def test_moments_that_are_not_in_order_are_refused() -> None:
    touches, conversions = laid([([(1, 0, 0), (2, 0, 0)], [3])])
    with pytest.raises(ValueError, match="order"):
        journeys(touches._replace(at=touches.at[::-1]), conversions, 10)


ACCOUNT = st.tuples(
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 2), st.integers(-1, 2)), max_size=12),
    st.lists(st.integers(0, 200), max_size=3),
)


@settings(deadline=None)
@given(accounts=st.lists(ACCOUNT, max_size=5), lookback=st.integers(1, 150), reset=st.booleans())
def test_every_journey_is_what_its_definition_says(accounts: Any, lookback: int, reset: bool) -> None:
    wanted = []
    conversion = 0
    for number, (touches, moments) in enumerate(accounts):
        ordered = sorted(touches, key=lambda one: one[0])
        before = None
        for moment in sorted(moments):
            inside = [
                one for one in ordered
                if moment - lookback <= one[0] <= moment and not (reset and before is not None and one[0] <= before)
            ]  # fmt: skip
            wanted.append((number, conversion, _once(inside)))
            conversion, before = conversion + 1, moment
        if not moments and ordered:
            wanted.append((number, NONE, _once([one for one in ordered if one[0] >= ordered[-1][0] - lookback])))
    assert walked(accounts, lookback, reset=reset) == wanted


def _once(touches: list[tuple[int, int, int]]) -> list[int]:
    seen = set()
    out = []
    for at, channel, contact in touches:
        if (at // DAY, channel, contact) not in seen:
            seen.add((at // DAY, channel, contact))
            out.append(at)
    return out
