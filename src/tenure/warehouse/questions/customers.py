"""`customers`: every account with MRR at the close of a day, the largest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from tenure.core.money import MONEY
from tenure.core.periods import EPOCH, day_number
from tenure.warehouse.answer import Result
from tenure.warehouse.questions import base
from tenure.warehouse.questions.base import Ask, Question
from tenure.warehouse.questions.movements import Movements, known, notes_of_rates, notes_of_rows
from tenure.warehouse.revenue import Ledger, rounded
from tenure.warehouse.slices import Where, account_ids, account_values


@dataclass(frozen=True)
class Customers(Question):
    """Who pays how much."""

    name: ClassVar[str] = "customers"
    doc: ClassVar[str] = "Every account with MRR at the close of a day, the largest first."
    columns: ClassVar[Mapping[str, str]] = {
        "account_id": "the account",
        "mrr": "its MRR at the close of the day, in the reporting currency",
        "share": "its share of the MRR of all in the answer",
        "since": "the first day it ever had MRR",
        "complete": "false while the day is not over",
    }
    as_of: date | None = base.asked("day", "At the close of this day. Default: today.", None)
    show: tuple[str, ...] = base.asked("fields", "Attributes of the accounts to show, one column each.", ())
    where: Where = base.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        snapshot = known(ask, self.as_known_on)
        day = self.as_of or snapshot.today
        book = Ledger.open(snapshot, ask.shelf, self.where)
        worth = book.mrr_by_account(day_number(day))
        paying = [i for i, amount in enumerate(worth) if amount > 0]
        paying.sort(key=lambda i: (-worth[i], int(book.spans.accounts[i])))
        accounts = book.spans.accounts[paying]
        firsts, _ = book.first_paid()
        total = sum((worth[i] for i in paying), Decimal(0))
        data = {
            "account_id": pa.array(account_ids(snapshot, accounts), pa.string()),
            "mrr": pa.array([worth[i] for i in paying], MONEY),
            "share": pa.array([rounded(worth[i] / total) for i in paying], MONEY),
            "since": pa.array([EPOCH + timedelta(days=int(firsts[i])) for i in paying], pa.date32()),
        }
        order = np.argsort(accounts, kind="stable")
        for name in self.show:
            values = np.empty(len(accounts), object)
            values[order] = account_values(snapshot, accounts[order], name)
            data[name] = pa.array(list(values), pa.string())
        data["complete"] = pa.array([day < snapshot.today] * len(paying), pa.bool_())
        checks = []
        if not book.grace:
            straight = book.state_at(day_number(day))
            ok = abs(sum(worth, Decimal(0)) - straight) <= Decimal("1e-9") * max(1, len(worth))
            checks = [{"name": "MRR of all accounts = sum of spans in force", "ok": ok, "detail": str(straight)}]
        notes = [*notes_of_rates(snapshot, book.currencies, day, min(day, snapshot.today)), *notes_of_rows(book)]
        return Result(pa.table(data), checks, notes)

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        if "account_id" not in cell:
            raise base.no_cell(self.name, cell, "Name a customer by account_id.", ("account_id",))
        day = self.as_of or ask.snapshot.today
        after = day + timedelta(days=1)
        whole = Movements(
            day.isoformat(), after.isoformat(), "day", ("account_id",), self.where, self.as_known_on, self.definition
        )
        return whole.rows_behind(ask, {"period": day.isoformat(), "kind": "close", "account_id": cell["account_id"]})
