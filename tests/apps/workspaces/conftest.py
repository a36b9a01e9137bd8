"""Rows for the tests of the store."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any


def line(number: int, **changed: Any) -> dict[str, Any]:
    """Subscription `number` of account `a`, at 10 a month."""
    row = {"account_id": "a", "subscription_id": f"s{number}", "amount": Decimal(10), "start": date(2024, 1, 1)}
    return {**row, **changed}
