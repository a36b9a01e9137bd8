"""Asks the product what the reference answers, and brings both answers into one shape."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import tenure
from reference.rows import Row

Key = tuple[Any, ...]


def opened(tables: dict[str, list[Row]], settings: dict[str, Any]) -> Any:
    """A workspace in memory with these rows."""
    workspace = tenure.open(settings={name: value for name, value in settings.items() if value is not None})
    for name, rows in tables.items():
        if rows:
            workspace.load(name, [dict(row) for row in rows])
    return workspace


def cells(answer: Any, *keys: str) -> dict[Key, dict[str, Any]]:
    """The answer's rows by these columns, in exact numbers, without the mark of what is not over yet."""
    found = {}
    for row in answer.to_dicts():
        key = tuple(row.pop(name) for name in keys)
        row.pop("complete", None)
        assert key not in found, f"two rows for {key}"
        found[key] = row
    return found


def fraction(value: Any) -> Any:
    return Fraction(value) if isinstance(value, Decimal | int) and not isinstance(value, bool) else value


def differences(
    found: dict[Key, dict[str, Any]], expected: dict[Key, dict[str, Any]], within: Fraction = Fraction(1, 10**6)
) -> list[str]:
    """What the product says otherwise than expected; a cell only one side has must be all zeros or nulls there."""
    lines = []
    for key in sorted({*found, *expected}, key=str):
        ours, theirs = found.get(key, {}), expected.get(key, {})
        for name in theirs or ours:
            a, b = fraction(ours.get(name)), fraction(theirs.get(name))
            if not same(a, b, within, one_sided=not (ours and theirs)):
                lines.append(f"{key} {name}: engine {shown(a)}, reference {shown(b)}")
    return lines


def same(a: Any, b: Any, within: Fraction, one_sided: bool = False) -> bool:
    if a is None or b is None:
        return (a is None and b is None) or (one_sided and (a or b or 0) == 0)
    if not isinstance(a, Fraction) or not isinstance(b, Fraction):
        return bool(a == b)
    return abs(a - b) <= within * max(1, abs(b))  # a rate of thousands carries the rounding of the price it is over


def shown(value: Any) -> str:
    return f"{float(value):.9g}" if isinstance(value, Fraction) else str(value)
