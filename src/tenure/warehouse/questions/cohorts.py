"""`cohorts`: the customers who first paid in one period, followed for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tenure.core.money import MONEY
from tenure.core.periods import Periods, day_date, day_number
from tenure.core.sequences.spans import OPEN
from tenure.warehouse import proof
from tenure.warehouse.answer import Result
from tenure.warehouse.lines import FIELDS, NONE
from tenure.warehouse.questions import base
from tenure.warehouse.questions.base import Ask, Question, no_cell
from tenure.warehouse.questions.movements import known, notes_of
from tenure.warehouse.rates import month_end_until
from tenure.warehouse.revenue import Ledger, NetResult, rounded, value
from tenure.warehouse.slices import Slicing, Where, account_values

COHORT_GRAINS = ("month", "quarter", "year")


@dataclass(frozen=True)
class Cohorts(Question):
    """Customers and MRR by the period of their first paid day."""

    name: ClassVar[str] = "cohorts"
    doc: ClassVar[str] = (
        "Accounts by the period of their first day with MRR above 0, followed to `to`; returners rejoin."
    )
    columns: ClassVar[Mapping[str, str]] = {
        "cohort": "label of the period of the first paid day",
        "size": "accounts that first paid in it, those already gone by its close included",
        "start_mrr": "their MRR at the close of their first paid day",
        "customers": "members with MRR at the close of the k-th period; k = 0 is the cohort's own",
        "mrr": "their MRR at that close",
        "values": "customers or mrr, as `value` asks",
        "complete": "false while the last period is not over",
    }
    from_: str | None = base.FROM
    to: str | None = base.TO
    grain: str = base.asked("choice", "Length of the periods.", "month", COHORT_GRAINS)
    value: str = base.asked("choice", "What `values` holds.", "customers", ("customers", "mrr"))
    by: tuple[str, ...] = base.asked(
        "fields", "Slice accounts: by an attribute, or by a field of the line they first paid for.", ()
    )
    where: Where = base.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        book, periods, days, start = self._members(ask)
        cohort = _cohort_codes(periods, days)
        cut, cohorts = self._cut(book, periods, cohort, days)
        result = book.net(periods, cut)
        places: dict[tuple[str, ...], tuple[int, Decimal]] = {}
        for account, piece in enumerate(cut.of_account.tolist()):
            if cohort[account] < len(periods):
                size, begun = places.get(cut.labels[piece], (0, Decimal(0)))
                places[cut.labels[piece]] = size + 1, begun + start[account]
        rows = []
        order = {label: i for i, label in enumerate(cohorts)}
        for piece in sorted(range(cut.count), key=lambda s: (order[cut.labels[s][0]], cut.labels[s])):
            label = cut.labels[piece]
            if label in places:
                rows.append((label, *places[label], *_followed(result, piece, order[label[0]])))
        done = base.complete(periods, ask.snapshot)
        data: dict[str, pa.Array] = {"cohort": pa.array([r[0][0] for r in rows], pa.string())}
        data |= {f: pa.array([r[0][1 + i] for r in rows], pa.string()) for i, f in enumerate(self.by)}
        data["size"] = pa.array([r[1] for r in rows], pa.int64())
        data["start_mrr"] = pa.array([rounded(r[2]) for r in rows], MONEY)
        data["customers"] = pa.array([r[3] for r in rows], pa.list_(pa.int64()))
        data["mrr"] = pa.array([r[4] for r in rows], pa.list_(MONEY))
        data["values"] = data["customers"] if self.value == "customers" else data["mrr"]
        data["complete"] = pa.array([done[-1]] * len(rows) if done else [], pa.bool_())
        total = sum(r[1] for r in rows)
        members = int((cohort < len(periods)).sum())
        check = {"name": "sizes add up to the accounts that first paid", "ok": total == members, "detail": members}
        return Result(pa.table(data), [check], notes_of(book, result))

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        if "cohort" not in cell or set(cell) - {"cohort", "k", *self.by}:
            raise no_cell(self.name, cell, "Name a cell by cohort and k.", ("cohort", "k", *self.by))
        book, periods, days, _ = self._members(ask)
        place = periods.index(str(cell["cohort"]))
        cohort = _cohort_codes(periods, days)
        cut, _ = self._cut(book, periods, cohort, days)
        chosen = cohort == place
        for i, f in enumerate(self.by):
            if f in cell:
                chosen &= np.array([cut.labels[s][1 + i] == str(cell[f]) for s in cut.of_account], bool)
        spans = book.spans
        owner = np.repeat(np.arange(len(spans.accounts)), np.diff(spans.first))
        live = chosen[owner]
        if "k" in cell:
            k = int(cell["k"]) if str(cell["k"]).isdecimal() else -1
            if not 0 <= k < len(periods) - place:
                raise no_cell(self.name, cell, f"k runs from 0 to {len(periods) - place - 1}.")
            day = day_number(periods.edges[place + k + 1]) - 1
            live &= (spans.start <= day) & (spans.stop > day)
        else:
            live &= spans.start <= days[owner]
        return proof.rows(book.snapshot, book.book, np.unique(spans.row[live]))

    def _members(self, ask: Ask) -> tuple[Ledger, Periods, npt.NDArray[np.int32], list[Decimal]]:
        """The ledger, the periods, each account's first paid day and its MRR then."""
        snapshot = known(ask, self.as_known_on)
        book = Ledger.open(snapshot, ask.shelf, self.where)
        periods = base.periods_of(self.from_, self.to, self.grain, snapshot)
        days, amounts = book.first_paid()
        rates = snapshot.rates
        start = []
        for day, pairs in zip(days.tolist(), amounts, strict=True):
            if day >= OPEN:
                start.append(Decimal(0))
                continue
            end = month_end_until(_month_end(day_date(day)))
            at = [rates.at(c, end) if rates.known(c) else Decimal(0) for c in book.currencies]
            start.append(value(pairs, at))
        return book, periods, days, start

    def _cut(
        self, book: Ledger, periods: Periods, cohort: npt.NDArray[np.int32], days: npt.NDArray[np.int32]
    ) -> tuple[Slicing, list[str]]:
        """Slices of accounts: the cohort first, then the fields of `by`."""
        labels = [*periods.labels, ""]
        parts: list[list[str]] = [[labels[c] for c in cohort]]
        for f in self.by:
            if f in FIELDS:
                parts.append(_first_line(book, days, f))
            else:
                parts.append(account_values(book.snapshot, book.spans.accounts, f))
        keys = list(zip(*parts, strict=True))
        listed = sorted(set(keys)) or [("", *(NONE for _ in self.by))]
        place = {key: i for i, key in enumerate(listed)}
        of_account = np.array([place[key] for key in keys], np.int32)
        of_row = np.zeros(len(book.book.row_key), np.int32)
        return Slicing(("cohort", *self.by), of_row, of_account, 1, listed), labels


def _month_end(day: date) -> date:
    return day_date(day_number(day.replace(day=28)) + 4).replace(day=1) - (day_date(1) - day_date(0))


def _cohort_codes(periods: Periods, days: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The period of each first paid day; len(periods) for accounts outside."""
    edges = np.array([day_number(e) for e in periods.edges], np.int64)
    code = np.searchsorted(edges, days, "right") - 1
    return np.where((code < 0) | (code >= len(periods)), len(periods), code).astype(np.int32)


def _followed(result: NetResult, piece: int, first: int) -> tuple[list[int], list[Decimal]]:
    """Customers and MRR of a slice at each close from period `first` on."""
    moves = [result.movements(p, piece) for p in range(first, len(result.periods))]
    return [m.customers_close for m in moves], [m.close for m in moves]


def _first_line(book: Ledger, days: npt.NDArray[np.int32], field: str) -> list[str]:
    """The field of the line each account first paid for."""
    spans = book.spans
    owner = np.repeat(np.arange(len(spans.accounts)), np.diff(spans.first))
    live = np.flatnonzero((spans.start <= days[owner]) & (spans.stop > days[owner]))
    accounts, at = np.unique(owner[live], return_index=True)
    texts = book.book.trait(book.snapshot, book.where.rows, field)
    out = [NONE] * len(spans.accounts)
    taken = texts.take(pa.array(spans.row[live[at]].astype(np.int64))).to_pylist()
    for account, text in zip(accounts.tolist(), taken, strict=True):
        out[account] = NONE if text is None else str(text)
    return out
