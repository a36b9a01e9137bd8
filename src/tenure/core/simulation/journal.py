"""What a firm writes down about its customers: rows that are only appended. Hides how they become Arrow tables.

A later row of the same key replaces an earlier one; when each was recorded, and until when it was known, is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

STAMP = pa.timestamp("us", tz="UTC")
DAY_US = 86_400_000_000
OFFICE_US = 7_200_000_000
"""Rows are recorded at 02:00 UTC, ten in the morning in China."""


class _Shape(NamedTuple):
    """A table: how many of its first columns are its key, and the kind of each column."""

    key: int
    columns: dict[str, str]


SHAPES = {
    "accounts": _Shape(1, {
        "account_id": "text", "name": "text", "industry": "text", "region": "text", "employees": "int", "tier": "text",
        "owner": "text", "product": "text", "created_at": "stamp", "channel": "text",
    }),
    "contacts": _Shape(1, {
        "contact_id": "text", "account_id": "text", "user_id": "text", "name": "text", "title": "text",
        "roles": "texts", "left_at": "day",
    }),
    "subscriptions": _Shape(4, {
        "account_id": "text", "subscription_id": "text", "item": "text", "start": "day", "product": "text",
        "plan": "text", "currency": "text", "amount": "money", "quantity": "int", "interval": "text", "end": "day",
        "cancelled_at": "day", "trial_end": "day", "unpaid_at": "day", "signed_at": "day",
    }),
    "discounts": _Shape(4, {
        "subscription_id": "text", "kind": "text", "duration": "text", "start": "day", "value": "money", "end": "day",
    }),
    "contracts": _Shape(1, {
        "contract_id": "text", "account_id": "text", "currency": "text", "total": "money", "start": "day", "end": "day",
        "renews": "texts", "kind": "text", "product": "text", "plan": "text", "quantity": "int", "notice_days": "int",
        "notice_given_at": "day", "auto_renew": "bool", "signed_at": "day",
    }),
    "invoice_lines": _Shape(1, {
        "line_id": "text", "account_id": "text", "subscription_id": "text", "type": "text", "invoice_id": "text",
        "plan": "text", "amount": "money", "tax": "money", "currency": "text", "interval": "text",
        "interval_count": "int", "period_start": "day", "period_end": "day",
    }),
    "fx_rates": _Shape(2, {"day": "day", "currency": "text", "rate": "rate"}),
    "leads": _Shape(1, {
        "lead_id": "text", "account_id": "text", "channel": "text", "campaign": "text", "keyword": "text",
        "created_at": "stamp", "mql_at": "stamp", "sql_at": "stamp", "opportunity_at": "stamp", "won_at": "stamp",
        "lost_at": "stamp", "reason": "text", "owner": "text",
    }),
    "spend": _Shape(5, {
        "day": "day", "channel": "text", "campaign": "text", "keyword": "text", "kind": "text", "impressions": "int",
        "clicks": "int", "cost": "money", "currency": "text",
    }),
    "touches": _Shape(1, {
        "touch_id": "text", "account_id": "text", "contact_id": "text", "ts": "stamp", "channel": "text",
        "campaign": "text", "keyword": "text", "kind": "text", "role": "text",
    }),
    "deals": _Shape(1, {
        "deal_id": "text", "account_id": "text", "name": "text", "pipeline": "text", "stage": "text",
        "stage_at": "stamp", "owner": "text", "amount": "money", "mrr": "money", "currency": "text",
        "term_months": "int", "created_at": "stamp", "won_at": "stamp", "lost_at": "stamp", "close_date": "day",
        "next_step": "text", "next_step_on": "day", "competitor": "text", "lost_reason": "text", "lost_to": "text",
        "partner": "text", "source_lead": "text",
    }),
    "committee_members": _Shape(2, {
        "deal_id": "text", "contact_id": "text", "account_id": "text", "roles": "texts", "decision_power": "int",
        "influence": "int", "stance": "int",
    }),
    "tenders": _Shape(1, {
        "tender_id": "text", "account_id": "text", "deal_id": "text", "name": "text", "method": "text", "state": "text",
        "owner": "text", "budget": "money", "currency": "text", "published_on": "day", "sign_up_by": "stamp",
        "documents_by": "stamp", "questions_by": "stamp", "deposit_by": "stamp", "submit_by": "stamp",
        "opening_at": "stamp", "result_by": "stamp", "deposit": "money", "deposit_form": "text", "our_price": "money",
        "winner": "text", "winning_price": "money",
    }),
    "tender_items": _Shape(2, {
        "tender_id": "text", "item": "text", "account_id": "text", "kind": "text", "title": "text", "due_at": "stamp",
        "state": "text",
    }),
    "demands": _Shape(1, {
        "demand_id": "text", "title": "text", "kind": "text", "product_area": "text", "delivery": "text",
        "state": "text",
    }),
    "demand_links": _Shape(1, {
        "link_id": "text", "demand_id": "text", "account_id": "text", "need": "text", "quote": "text",
    }),
    "activities": _Shape(1, {
        "activity_id": "text", "account_id": "text", "deal_id": "text", "contacts": "texts", "kind": "text",
        "subject": "text", "owner": "text", "occurred_at": "stamp", "due_at": "stamp", "done_at": "stamp",
    }),
}  # fmt: skip
"""The tables a firm emits, beside its events."""


class Journal:
    """The rows of every table, in the order they were recorded."""

    def __init__(self, since: int, until: int) -> None:
        self._since, self._until = since, until
        self._weeks: dict[str, dict[int, list[tuple[int, tuple[Any, ...]]]]] = {name: {} for name in SHAPES}
        self._unwritten: list[Callable[[], object]] = []

    def later(self, write: Callable[[], object]) -> None:
        """Let something known from the beginning be written down once somebody reads: it costs nobody who does not."""
        self._unwritten.append(write)

    def _read(self) -> None:
        while self._unwritten:
            self._unwritten.pop()()

    def add(self, table: str, recorded: int, *row: Any) -> None:
        """Write a row down on a day; one of a day after the last is never seen."""
        if recorded < self._until:
            week = (max(recorded, self._since) - self._since) // 7
            self._weeks[table].setdefault(week, []).append((max(recorded, self._since), row))

    def of_week(self, week: int) -> dict[str, pa.Table]:
        """What was written down in a week, with `recorded_at`."""
        self._read()
        out = {}
        for name, weeks in self._weeks.items():
            found = sorted(weeks.get(week, []), key=_recorded)
            if found:
                out[name] = _table(name, found).append_column("recorded_at", _moments([day for day, _ in found]))
        return out

    def history(self) -> dict[str, pa.Table]:
        """All rows ever written, with `recorded_at`, `superseded_at` and a `row_id` of their own."""
        out = {}
        for name, shape in SHAPES.items():
            rows = self._rows(name)
            gone: list[int | None] = [None] * len(rows)
            last: dict[tuple[Any, ...], int] = {}
            for place, (day, row) in enumerate(rows):
                former = last.get(row[: shape.key])
                if former is not None:
                    gone[former] = day
                last[row[: shape.key]] = place
            table = _table(name, rows)
            ids = ["/".join(map(str, row[: shape.key])) + f"@{day}.{k}" for k, (day, row) in enumerate(rows)]
            table = table.append_column("row_id", pa.array(ids, pa.string()))
            table = table.append_column("recorded_at", _moments([day for day, _ in rows]))
            out[name] = table.append_column("superseded_at", _moments(gone))
        return out

    def current(self) -> dict[str, pa.Table]:
        """The rows that are known at the end: the last of each key."""
        out = {}
        for name, shape in SHAPES.items():
            last = {row[: shape.key]: (day, row) for day, row in self._rows(name)}
            out[name] = _table(name, list(last.values()))
        return out

    def _rows(self, name: str) -> list[tuple[int, tuple[Any, ...]]]:
        self._read()
        weeks = self._weeks[name]
        return [row for week in sorted(weeks) for row in sorted(weeks[week], key=_recorded)]


def _recorded(row: tuple[int, tuple[Any, ...]]) -> int:
    return row[0]


def _table(name: str, rows: Sequence[tuple[int, tuple[Any, ...]]]) -> pa.Table:
    kinds = SHAPES[name].columns
    columns = zip(*(row for _, row in rows), strict=True) if rows else ([] for _ in kinds)
    arrays = [_ARROW[kind](list(column)) for kind, column in zip(kinds.values(), columns, strict=True)]
    return pa.table(dict(zip(kinds, arrays, strict=True)))


def _moments(days: Sequence[int | None]) -> pa.Array:
    return pa.array([None if day is None else day * DAY_US + OFFICE_US for day in days], pa.int64()).cast(STAMP)


def _scaled(values: list[Any], places: int) -> pa.Array:
    """Whole numbers read as decimals with so many places."""
    whole = pa.array(values, pa.int64()).cast(pa.decimal128(38, 0))
    return pa.Array.from_buffers(pa.decimal128(38, places), len(whole), whole.buffers())


_ARROW: dict[str, Callable[[list[Any]], pa.Array]] = {
    "text": lambda values: pa.array(values, pa.string()),
    "texts": lambda values: pa.array(values, pa.list_(pa.string())),
    "int": lambda values: pa.array(values, pa.int64()),
    "bool": lambda values: pa.array(values, pa.bool_()),
    "day": lambda values: pa.array(values, pa.int32()).cast(pa.date32()),
    "stamp": _moments,
    "money": lambda values: _scaled(values, 2),
    "rate": lambda values: _scaled(values, 4),
}


def plain(values: np.ndarray[Any, Any]) -> list[Any]:
    """An array's values as Python's own."""
    return list(values.tolist())
