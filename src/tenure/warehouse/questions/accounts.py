"""`accounts`: every account with what is known of it and what it pays at the close of a day, the largest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.money import MONEY
from tenure.core.periods import day_number
from tenure.warehouse.answer import Result
from tenure.warehouse.lines import NONE, meets, merged_roots
from tenure.warehouse.measures import Condition
from tenure.warehouse.questions import base
from tenure.warehouse.questions.base import Ask, Question
from tenure.warehouse.questions.movements import Movements, known, notes_of_rates, notes_of_rows
from tenure.warehouse.revenue import Ledger, rounded
from tenure.warehouse.slices import Where, account_ids, account_values
from tenure.warehouse.snapshot import Snapshot
from tenure.warehouse.terms import Terms

ATTRIBUTES_SHOWN = ("name", "tier", "owner", "region", "industry", "employees", "parent_id")
STATES = ("paying", "left", "never")
_NOTHING = pa.scalar(Decimal(0), MONEY)

Keys = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Accounts(Question):
    """Who there is, and who pays how much."""

    name: ClassVar[str] = "accounts"
    doc: ClassVar[str] = "Every account, paying or not, with its attributes, MRR, contracts; the largest MRR first."
    columns: ClassVar[Mapping[str, str]] = {
        "account_id": "the account; what was merged into another is not there",
        "name": "its name",
        "tier": "its tier",
        "owner": "who looks after it",
        "region": "its region",
        "industry": "its industry",
        "employees": "how many people work there",
        "parent_id": "the account it belongs to",
        "state": "paying (MRR above 0 at the close of the day), left (it had MRR before) or never",
        "mrr": "its MRR at the close of the day, in the reporting currency; below 0 it counts 0",
        "change": "`mrr` less its MRR at the close of the month before, each at its own month's rate",
        "share": "its share of the MRR of all in the answer; null where there is none",
        "since": "the first day it ever had MRR, if that is not after the day",
        "contracts": "contracts in force on the day",
        "ends": "last day of service of the contract in force that ends first and that nothing renews",
        "notice_by": "last day to give notice for that contract; null if notice was given or it runs month to month",
        "auto_renew": "whether that contract renews by itself",
        "complete": "false while the day is not over",
    }
    as_of: date | None = base.asked("day", "At the close of this day. Default: today.", None)
    show: tuple[str, ...] = base.asked("fields", "Further attributes to show, as `attributes.NAME`.", ())
    where: Where = base.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        snapshot = known(ask, self.as_known_on)
        day = self.as_of or snapshot.today
        book = Ledger.open(snapshot, ask.shelf, Where(self.where.rows))
        attributes = _attributes(snapshot)
        roots = merged_roots(snapshot)
        own = attributes["account_key"].to_numpy()
        own = own[~np.isin(own, np.array(list(roots), np.int64))]
        terms = Terms.read(snapshot, roots)
        keys = _distinct(np.concatenate([own, book.spans.accounts, terms.account]))
        keys = keys[_selected(snapshot, keys, self.where.accounts)]
        worth = _at(keys, book.spans.accounts, book.mrr_by_account(day_number(day)))
        before = _at(keys, book.spans.accounts, book.mrr_by_account(day_number(day.replace(day=1)) - 1))
        mrr, opening = (_not_below_zero(column) for column in (worth, before))
        first, _ = book.first_paid()
        since = _since(keys, book.spans.accounts, first, day_number(day))
        due = terms.due(keys, day, snapshot.definition.renewal_grace_days)
        total = pc.sum(mrr).as_py() or Decimal(0)
        data = {
            **_of_accounts(snapshot, attributes, keys),
            "state": _states(mrr, since),
            "mrr": mrr,
            "change": pc.subtract(mrr.cast(_NARROWER), opening.cast(_NARROWER)).cast(MONEY),
            "share": _shares(mrr, total),
            "since": since,
            **due,
        }
        for name in self.show:
            if name not in data:
                values = account_values(snapshot, keys, name)
                data[name] = pa.array([None if value == NONE else value for value in values], pa.string())
        data["complete"] = pa.array(np.full(len(keys), day < snapshot.today), pa.bool_())
        table = pa.table(data)
        table = table.take(pc.sort_indices(table, [("mrr", "descending"), ("account_id", "ascending")]))
        checks = []
        if not book.grace and not self.where.accounts:
            straight = book.state_at(day_number(day))
            ok = abs((pc.sum(worth).as_py() or Decimal(0)) - straight) <= Decimal("1e-9") * max(1, len(worth))
            checks = [{"name": "MRR of all accounts = sum of spans in force", "ok": ok, "detail": str(straight)}]
        about = Ledger.open(snapshot, ask.shelf, self.where)
        notes = [*notes_of_rates(snapshot, book.currencies, day, min(day, snapshot.today)), *notes_of_rows(about)]
        return Result(table, checks, notes)

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        if "account_id" not in cell:
            raise base.no_cell(self.name, cell, "Name an account by account_id.", ("account_id",))
        day = self.as_of or ask.snapshot.today
        after = day + timedelta(days=1)
        whole = Movements(
            day.isoformat(), after.isoformat(), "day", ("account_id",), self.where, self.as_known_on, self.definition
        )
        return whole.rows_behind(ask, {"period": day.isoformat(), "kind": "close", "account_id": cell["account_id"]})


_NARROWER = pa.decimal128(MONEY.precision - 1, MONEY.scale)  # a difference has one digit more


def _attributes(snapshot: Snapshot) -> pa.Table:
    """What is known of each account, by its key."""
    names = ("account_key", "account_id", *ATTRIBUTES_SHOWN)
    if not snapshot.has("accounts"):
        return pa.table({name: pa.array([], pa.int64() if name == "account_key" else pa.string()) for name in names})
    return snapshot.known(None).run("account_rows", names)


def _distinct(keys: Keys) -> Keys:
    """The different keys, ascending."""
    ordered = np.sort(keys)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered


def _of_accounts(snapshot: Snapshot, attributes: pa.Table, keys: Keys) -> dict[str, Any]:
    """The id and the attributes of the keys, in their order; no attributes where only other tables name an account."""
    known_keys = attributes["account_key"].to_numpy()
    order = np.argsort(known_keys)
    places = np.searchsorted(known_keys[order], keys)
    there = places < len(order)
    there[there] = known_keys[order[places[there]]] == keys[there]
    at = pa.array(np.where(there, order[np.minimum(places, len(order) - 1)] if len(order) else 0, 0), mask=~there)
    taken = {name: attributes[name].take(at) for name in ("account_id", *ATTRIBUTES_SHOWN)}
    if not there.all():
        others = pa.array(account_ids(snapshot, keys[~there]), pa.string())
        ids = taken["account_id"].combine_chunks()
        taken["account_id"] = pc.replace_with_mask(ids, pa.array(~there), others)
    return {**taken, "employees": taken["employees"].cast(pa.int32())}


def _selected(snapshot: Snapshot, keys: Keys, where: tuple[Condition, ...]) -> npt.NDArray[np.bool_]:
    """Which accounts meet all conditions."""
    stay = np.ones(len(keys), np.bool_)
    for condition in where:
        values = account_values(snapshot, keys, condition.column)
        met = {value: meets(value, condition) for value in set(values)}
        stay &= np.fromiter((met[value] for value in values), np.bool_, len(values))
    return stay


def _at(keys: Keys, accounts: Keys, amounts: pa.Array) -> pa.Array:
    """Amounts of accounts in the order of the keys; 0 for those that have none."""
    if not len(accounts):
        return pa.repeat(_NOTHING, len(keys))
    places = np.minimum(np.searchsorted(accounts, keys), len(accounts) - 1)
    return amounts.take(pa.array(places, mask=accounts[places] != keys)).fill_null(Decimal(0))


def _not_below_zero(amounts: pa.Array) -> pa.Array:
    return pc.if_else(pc.greater(amounts, _NOTHING), amounts, _NOTHING)


def _since(keys: Keys, accounts: Keys, first: npt.NDArray[np.int32], day: int) -> pa.Array:
    """The first day each account had MRR; null if it had none by the day."""
    if not len(accounts):
        return pa.nulls(len(keys), pa.date32())
    places = np.minimum(np.searchsorted(accounts, keys), len(accounts) - 1)
    missing = (accounts[places] != keys) | (first[places] > day)
    return pa.array(first[places].astype(np.int32), pa.int32(), mask=missing).cast(pa.date32())


def _states(mrr: pa.Array, since: pa.Array) -> pa.Array:
    left = pc.if_else(pc.is_valid(since), "left", "never")
    return pc.if_else(pc.greater(mrr, _NOTHING), "paying", left)


def _shares(mrr: pa.Array, total: Decimal) -> pa.Array:
    if not total:
        return pa.nulls(len(mrr), MONEY)
    encoded = mrr.dictionary_encode()
    shares = pa.array([rounded(value / total) for value in encoded.dictionary.to_pylist()], MONEY)
    return shares.take(encoded.indices)
