"""`account_stickiness`: how many people of each account come how often, and how many seats it pays for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from tenure.core.localtime import local_stamp, zone
from tenure.core.metrics.mrr import ratio
from tenure.core.money import MONEY
from tenure.core.sequences.edges import interval_edges
from tenure.core.sequences.people import DAYS, people
from tenure.warehouse import trails
from tenure.warehouse.answer import Result
from tenure.warehouse.matchers import Matcher
from tenure.warehouse.questions import base, behaviour
from tenure.warehouse.questions.accounts import Accounts
from tenure.warehouse.questions.base import Ask, asked, no_cell
from tenure.warehouse.questions.behaviour import Behaviour
from tenure.warehouse.questions.movements import known
from tenure.warehouse.revenue import Ledger, rounded
from tenure.warehouse.seats import seats_on
from tenure.warehouse.slices import Where
from tenure.warehouse.snapshot import Snapshot
from tenure.warehouse.trails import Integers, Trails, Wanted

LOOKED_BACK_DAYS = 365
"""How far back the last event of an account is looked for."""
_SHAPE = pa.schema(
    [("account_id", pa.string()), ("name", pa.string()), ("tier", pa.string()), ("mrr", MONEY), ("daily", MONEY),
     ("weekly", pa.int64()), ("monthly", pa.int64()), ("stickiness", MONEY), ("seats", MONEY), ("seat_use", MONEY),
     ("last_seen", pa.timestamp("us", "UTC")), ("complete", pa.bool_())]
)  # fmt: skip


@dataclass(frozen=True)
class AccountStickiness(Behaviour):
    """Active people and seats, account by account."""

    name: ClassVar[str] = "account_stickiness"
    doc: ClassVar[str] = (
        "For each account how many people are active by day, week and four weeks, and of how many seats."
    )
    columns: ClassVar[Mapping[str, str]] = {
        "account_id": "the account: one that did something in the year before, pays, or has seats",
        "name": "its name",
        "tier": "its tier",
        "mrr": "its MRR at the close of the day",
        "daily": f"users active on a day, on average over the {DAYS} days up to the day",
        "weekly": "users active in the last seven of these days",
        "monthly": f"users active in the {DAYS} days",
        "stickiness": "daily / monthly; null where nobody was active",
        "seats": "seats of its lines in force on the day; null where none of them is sold by seats",
        "seat_use": "monthly / seats; above 1 where more people came than seats were bought",
        "last_seen": f"moment of its last event, of those of {LOOKED_BACK_DAYS} days",
        "complete": "false while the day is not over",
    }
    of_lines: ClassVar[bool] = True
    unit: ClassVar[str] = "account"
    match: Matcher = behaviour.MATCH
    as_of: date | None = asked("day", "The last of the days. Default: yesterday, the last one that is over.", None)
    where: Where = asked(
        "where", "Conditions on accounts; those on rows, such as the plan, say which lines are seats.", Where()
    )
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        snapshot = known(ask, self.as_known_on)
        day = self._day(snapshot)
        edges = self._edges(snapshot, day)
        found = self._read(snapshot, edges)
        counts = people(found.first, found.at, found.person, edges)
        seen = dict(zip(found.names.to_pylist(), range(found.units), strict=True))
        paid = Accounts(
            day, where=Where((), self.where.accounts), as_known_on=self.as_known_on, definition=self.definition
        ).answer(ask).table.select(["account_id", "name", "tier", "mrr"])  # fmt: skip
        seats = seats_on(Ledger.open(snapshot, ask.shelf, self.where), day)
        about = {row["account_id"]: row for row in paid.to_pylist()}
        unknown = {account: {"account_id": account, "mrr": Decimal(0)} for account in seen if account not in about}
        rows = []
        for account, row in (about | unknown).items():
            place, bought = seen.get(account), seats.get(account)
            if place is None and not row["mrr"] and bought is None:
                continue
            daily, weekly, monthly = (0, 0, 0) if place is None else (int(column[place]) for column in counts)
            rows.append(
                {
                    **row,
                    "daily": rounded(Decimal(daily) / DAYS),
                    "weekly": weekly,
                    "monthly": monthly,
                    "stickiness": ratio(daily, DAYS * monthly),
                    "seats": bought,
                    "seat_use": None if bought is None else ratio(monthly, bought),
                    "last_seen": None if place is None else int(found.at[found.first[place + 1] - 1]),
                    "complete": day < snapshot.today,
                }
            )
        rows.sort(key=lambda row: (-row["mrr"], row["account_id"]))
        notes = [{"code": "without_unit", "count": found.left_out}] if found.left_out else []
        return Result(pa.Table.from_pylist(rows, schema=_SHAPE), [], notes)

    def behind(self, ask: Ask, cell: Mapping[str, Any]) -> tuple[Trails, Integers]:
        if set(cell) != {"account_id"}:
            raise no_cell(self.name, cell, "Name an account by account_id.", ("account_id",))
        snapshot = known(ask, self.as_known_on)
        edges = self._edges(snapshot, self._day(snapshot))
        found = self._read(snapshot, edges)
        names = found.names.to_pylist()
        account = str(cell["account_id"])
        if account not in names:
            return found, np.zeros(0, np.int64)
        here = np.arange(*found.first[names.index(account) :][:2].tolist())
        return found, here[found.at[here] >= edges[0]]

    def _day(self, snapshot: Snapshot) -> date:
        return self.as_of or snapshot.today - timedelta(days=1)

    def _edges(self, snapshot: Snapshot, day: date) -> Integers:
        """The edges of the days that are counted."""
        return interval_edges(day - timedelta(days=DAYS - 1), "day", DAYS, snapshot.definition.timezone)

    def _read(self, snapshot: Snapshot, edges: Integers) -> Trails:
        local = zone(snapshot.definition.timezone)
        before = local_stamp(int(edges[-1]), local).date()
        since = interval_edges(before - timedelta(days=LOOKED_BACK_DAYS), "day", 1, snapshot.definition.timezone)
        wanted = Wanted("account", [self.match], person=True, since=int(since[0]), before=int(edges[-1]))
        return trails.read(snapshot, wanted, Where((), self.where.accounts))
