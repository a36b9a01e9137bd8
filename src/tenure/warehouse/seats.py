"""How many seats accounts have bought, from the lines that are in force. Hides which lines are sold by seats.

A line says in `quantity` how many units it is for; one of 1, or without a quantity, is not told apart from one that is
not sold by seats and counts none. Source: docs/metrics/stickiness.md, "Seats".
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.money import MONEY
from tenure.core.periods import day_number
from tenure.warehouse.revenue import Ledger
from tenure.warehouse.slices import account_ids

ONE = Decimal(1)


def seats_on(book: Ledger, day: date) -> dict[str, Decimal]:
    """Account -> seats of its lines in force on a day; an account that is not sold by seats is not in it."""
    spans, number = book.spans, day_number(day)
    rows = np.unique(spans.row[np.flatnonzero((spans.start <= number) & (spans.stop > number))])
    parts = book.book.by_part(book.snapshot, book.where.rows, "quantity")
    chunks = [chunk.cast(MONEY) for part in parts for chunk in part.chunks]
    if not len(rows) or not chunks:
        return {}
    taken = pa.chunked_array(chunks).take(pa.array(rows))
    sold = np.asarray(pc.greater(taken, ONE).fill_null(False).to_numpy(), np.bool_)
    keys = book.book.row_account[rows[sold]]
    unique = np.unique(keys)
    names = dict(zip(unique.tolist(), account_ids(book.snapshot, unique), strict=True))
    seats: dict[str, Decimal] = {}
    for key, quantity in zip(keys.tolist(), taken.filter(pa.array(sold)).to_pylist(), strict=True):
        seats[names[key]] = seats.get(names[key], Decimal(0)) + quantity
    return seats
