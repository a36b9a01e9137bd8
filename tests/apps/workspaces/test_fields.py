"""Decimals of 38 digits and 12 places survive the store exactly; what does not fit is refused, never rounded."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.apps.subscriptions.models import FxRateVersion
from tenure.apps.workspaces.fields import exact

NUMBERS = st.integers(-(10**38) + 1, 10**38 - 1).map(lambda whole: Decimal(f"{whole}e-12"))


@pytest.mark.django_db
def test_numbers_come_back_as_they_went() -> None:
    @settings(max_examples=60, deadline=None, database=None)
    @given(number=NUMBERS)
    def holds(number: Decimal) -> None:
        FxRateVersion.objects.all().delete()
        FxRateVersion.objects.create(
            version_key="k",
            row_id="r",
            recorded_at="2024-01-01T00:00:00Z",
            day="2024-01-31",
            currency="EUR",
            rate=number,
        )
        assert FxRateVersion.objects.get().rate == number
        assert FxRateVersion.objects.filter(rate=number).exists()

    holds()


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("1e26", id="27 digits before the point"),
        pytest.param("0.0000000000001", id="13 places"),
        pytest.param("NaN", id="not a number"),
        pytest.param("Infinity", id="infinite"),
        pytest.param("ten", id="a word"),
    ],
)
def test_numbers_that_do_not_fit(value: Any) -> None:
    with pytest.raises(InvalidOperation):
        exact(value)
