"""`lifecycle_contracts`: which accounts sleep and must decide soon whether to renew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from tenure.core.metrics import renewal
from tenure.core.money import MONEY
from tenure.core.periods import between
from tenure.core.sequences import lifecycle as states
from tenure.core.sequences.edges import interval_edges
from tenure.warehouse import trails
from tenure.warehouse.answer import Result
from tenure.warehouse.matchers import Matcher
from tenure.warehouse.questions import base, behaviour
from tenure.warehouse.questions.accounts import Accounts
from tenure.warehouse.questions.base import Ask, asked, no_cell
from tenure.warehouse.questions.behaviour import Behaviour
from tenure.warehouse.questions.movements import known
from tenure.warehouse.questions.renewals import Renewals
from tenure.warehouse.questions.worth import view_day
from tenure.warehouse.slices import Where
from tenure.warehouse.snapshot import Snapshot
from tenure.warehouse.trails import Integers, Trails, Wanted

NEVER = "never"
STATES = ("new", "returning", "resurrecting", "dormant", "asleep", NEVER)
CONTRACTS = ("due", "running", "none")
_ACTIVE = {states.NEW: "new", states.RETURNING: "returning", states.RESURRECTING: "resurrecting"}
_SHAPE = pa.schema(
    [("state", pa.string()), ("contract", pa.string()), ("accounts", pa.int64()), ("mrr", MONEY),
     ("interval", pa.string()), ("complete", pa.bool_())]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Table:
    """Every account with its two states, and what it pays."""

    found: Trails
    edges: Integers
    place: int
    cells: Mapping[str, tuple[str, str]]
    mrr: Mapping[str, Decimal]
    paid: Decimal
    """MRR of all accounts of the question, added up before any state was looked at"""


@dataclass(frozen=True)
class LifecycleContracts(Behaviour):
    """Accounts by what they did of late and by whether a contract of theirs is to be decided."""

    name: ClassVar[str] = "lifecycle_contracts"
    doc: ClassVar[str] = (
        "Accounts and their MRR by lifecycle state in the last interval that is over, and by state of their contracts."
    )
    columns: ClassVar[Mapping[str, str]] = {
        "state": "new, returning, resurrecting, dormant, asleep; never: no match, and it pays or has a contract",
        "contract": "due: one to be decided within `due_days`; running: in force, none to be decided; or none",
        "accounts": "accounts in both states",
        "mrr": "their MRR at the close of the day of the view",
        "interval": "label of the interval of the state, the last one that is over",
        "complete": "always true: the interval is over",
    }
    unit: ClassVar[str] = "account"
    match: Matcher = behaviour.MATCH
    period: str = asked("choice", "Length of the intervals, by the local calendar.", "week", ("day", "week", "month"))
    asleep_from: int = asked("whole", "Asleep are those silent for at least so many intervals.", 2, bounds=(1, 1_000))
    due_days: int = asked("whole", "To be decided are contracts that end within so many days.", 60, bounds=(1, 3_660))
    now: str | None = behaviour.NOW
    where: Where = behaviour.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        snapshot = known(ask, self.as_known_on)
        table = self._table(ask, snapshot)
        counts = dict.fromkeys(((state, contract) for state in STATES for contract in CONTRACTS), 0)
        worth = dict.fromkeys(counts, Decimal(0))
        for account, cell in table.cells.items():
            counts[cell] += 1
            worth[cell] += table.mrr.get(account, Decimal(0))
        interval = behaviour.interval_label(int(table.edges[table.place]), self.period, snapshot)
        rows = [
            {"state": cell[0], "contract": cell[1], "accounts": n, "mrr": worth[cell], "interval": interval,
             "complete": True}
            for cell, n in counts.items()
        ]  # fmt: skip
        whole = sum(worth.values(), Decimal(0))
        checks = [{"name": "MRR of all cells = MRR of all accounts", "ok": whole == table.paid, "detail": str(whole)}]
        notes = [{"code": "without_unit", "count": table.found.left_out}] if table.found.left_out else []
        return Result(pa.Table.from_pylist(rows, schema=_SHAPE), checks, notes)

    def behind(self, ask: Ask, cell: Mapping[str, Any]) -> tuple[Trails, Integers]:
        table, chosen = self._chosen(ask, cell)
        units = np.flatnonzero(np.isin(table.found.names.to_numpy(zero_copy_only=False), chosen))
        return table.found, behaviour.last_events(table.found, units, int(table.edges[table.place + 1]))

    def silent(self, ask: Ask, cell: Mapping[str, Any]) -> list[str]:
        if cell.get("state") not in (None, NEVER):
            return []
        return sorted(self._chosen(ask, {**cell, "state": NEVER})[1])

    def _chosen(self, ask: Ask, cell: Mapping[str, Any]) -> tuple[_Table, list[str]]:
        """The accounts of a cell; without `state` or `contract`, of the whole column or row."""
        for name, allowed in (("state", STATES), ("contract", CONTRACTS)):
            if cell.get(name) not in (None, *allowed):
                raise no_cell(self.name, cell, f"`{name}` is one of: {', '.join(allowed)}.", allowed)
        if set(cell) - {"state", "contract"} or not cell:
            raise no_cell(self.name, cell, "Name a state, a contract, or both.", ("state", "contract"))
        table = self._table(ask, known(ask, self.as_known_on))
        wanted = (cell.get("state"), cell.get("contract"))
        return table, [
            account
            for account, has in table.cells.items()
            if all(want in (None, have) for want, have in zip(wanted, has, strict=True))
        ]

    def _table(self, ask: Ask, snapshot: Snapshot) -> _Table:
        return snapshot.made(self.name, self, lambda: self._laid_out(ask, snapshot))

    def _laid_out(self, ask: Ask, snapshot: Snapshot) -> _Table:
        definition, day = snapshot.definition, view_day(self.now, snapshot)
        back = self.asleep_from
        try:
            first = behaviour.first_of(None, self.period, back + 2, 1, snapshot, self.now)
            until = day + timedelta(days=self.due_days + 1)
        except (OverflowError, ValueError) as error:
            raise base.refused("now", "Ask for fewer days or intervals: they end beyond the calendar.") from error
        edges = interval_edges(first, self.period, back + 1, definition.timezone, week_start=definition.first_weekday)
        wanted = Wanted("account", [self.match], before=int(edges[-1]))
        found = trails.read(snapshot, wanted, self.where)
        state, last = states.lifecycle_states(found.first, found.at, found.bits, 0, edges, back)
        silent_for = states.intervals_asleep(last, edges, back)
        shared = {"where": self.where, "as_known_on": self.as_known_on, "definition": self.definition}
        paid = Accounts(day, **shared).answer(ask).table  # type: ignore[arg-type]
        ids = paid["account_id"].to_pylist()
        mrr = dict(zip(ids, paid["mrr"].to_pylist(), strict=True))
        in_force = {account for account, n in zip(ids, paid["contracts"].to_pylist(), strict=True) if n}
        due = self._due(snapshot, day, until, shared)

        def contract(account: str) -> str:
            return "due" if account in due else "running" if account in in_force else "none"

        cells: dict[str, tuple[str, str]] = {}
        for account, code, silent in zip(found.names.to_pylist(), state.tolist(), silent_for.tolist(), strict=True):
            name = _ACTIVE.get(code) or ("asleep" if silent >= back else "dormant")
            cells[account] = (name, contract(account))
        for account in ids:
            if account not in cells and (mrr[account] or account in in_force or account in due):
                cells[account] = (NEVER, contract(account))
        return _Table(found, edges, back, cells, mrr, sum(mrr.values(), Decimal(0)))

    def _due(self, snapshot: Snapshot, day: date, until: date, shared: Mapping[str, Any]) -> set[str]:
        """Accounts with a contract that ends before a day, or ended and waits out its grace, and is not decided."""
        stretch = between(day - timedelta(days=snapshot.definition.renewal_grace_days + 1), until, "year")
        found = Renewals(as_of=day, **shared).outlook(snapshot, stretch)
        return {expiry.contract.account for expiry in found if expiry.status in renewal.UNDECIDED}
