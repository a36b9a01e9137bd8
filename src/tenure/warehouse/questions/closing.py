"""`closes` and `restatements`: months that were closed by a person, and what has moved in them since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.money import MONEY
from tenure.core.periods import Periods, between, day_number, parse_label
from tenure.core.sequences.walk import AT_CLOSING_RATE, KINDS
from tenure.warehouse import proof
from tenure.warehouse.answer import Result
from tenure.warehouse.discounts import let_in
from tenure.warehouse.questions import base
from tenure.warehouse.questions.base import Ask, Question, no_cell
from tenure.warehouse.revenue import Ledger, rounded, value
from tenure.warehouse.schema import STAMP
from tenure.warehouse.slices import Where, account_ids
from tenure.warehouse.snapshot import Snapshot

Keys = npt.NDArray[np.int64]
NEAR = Decimal("1e-6")


def closed_months(ask: Ask, from_: str | None, to: str | None) -> list[dict[str, Any]]:
    """The closed months of a stretch, each with the moment, the person and the note."""
    if not ask.snapshot.has("closes"):
        return []
    rows: list[dict[str, Any]] = ask.snapshot.run("closes").to_pylist()
    if from_ is None and to is None:
        return rows
    start, stop = base.stretch(from_, to, ask.snapshot)
    return [r for r in rows if start <= parse_label(r["month"])[0] < stop]


@dataclass(frozen=True)
class Closes(Question):
    """Who closed which month, and when."""

    name: ClassVar[str] = "closes"
    doc: ClassVar[str] = "The months that were closed, with the moment and the person."
    columns: ClassVar[Mapping[str, str]] = {
        "month": "the closed month",
        "closed_at": "what was known then is the closed figure",
        "closed_by": "the person's name",
        "note": "what was said",
        "complete": "true: a closed month is over",
    }
    of_accounts: ClassVar[bool] = False
    from_: str | None = base.FROM
    to: str | None = base.TO

    def answer(self, ask: Ask) -> Result:
        rows = closed_months(ask, self.from_, self.to)
        data = {
            "month": pa.array([r["month"] for r in rows], pa.string()),
            "closed_at": pa.array([r["closed_at"] for r in rows], STAMP),
            "closed_by": pa.array([r["closed_by"] for r in rows], pa.string()),
            "note": pa.array([r["note"] for r in rows], pa.string()),
            "complete": pa.array([parse_label(r["month"])[1] <= ask.snapshot.today for r in rows], pa.bool_()),
        }
        return Result(pa.table(data))


@dataclass(frozen=True)
class Restatements(Question):
    """What has moved in closed months since they were closed."""

    name: ClassVar[str] = "restatements"
    doc: ClassVar[str] = "Differences between a closed month as it was known at its close and as it is known now."
    columns: ClassVar[Mapping[str, str]] = {
        "month": "the closed month",
        "account_id": "the account whose figures moved",
        "kind": "open, or the kind of movement, that is different now",
        "amount": "now - then, in the reporting currency",
        "reason": "added (recorded since), superseded (no longer known), replaced (both), carried (from before)",
        "rows": "row_id of the rows recorded or superseded since",
        "closed_by": "who closed the month",
        "complete": "true: a closed month is over",
    }
    from_: str | None = base.FROM
    to: str | None = base.TO
    where: Where = base.WHERE
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        rows: list[tuple[Any, ...]] = []
        checks = []
        for month in closed_months(ask, self.from_, self.to):
            now, then = self._sides(ask, month)
            changed = _differences(now.amounts, then.amounts)
            keys = sorted({account for account, _ in changed})
            ids = dict(zip(keys, account_ids(ask.snapshot, np.array(keys, np.int64)), strict=True))
            causes = _causes(now, then, keys)
            for (account, kind), amount in sorted(changed.items(), key=lambda c: (ids[c[0][0]], c[0][1])):
                reason, row_ids = causes[account]
                rows.append((month["month"], ids[account], kind, amount, reason, row_ids, month["closed_by"], True))
            moved = sum(changed.values(), Decimal(0))
            apart = abs(now.close - then.close - moved)
            checks.append(
                {"name": "restatements = close now - close then", "ok": apart <= NEAR, "detail": month["month"]}
            )
        types = (
            pa.string(), pa.string(), pa.string(), MONEY, pa.string(), pa.list_(pa.string()), pa.string(), pa.bool_(),
        )  # fmt: skip
        data = {n: pa.array([r[i] for r in rows], t) for i, (n, t) in enumerate(zip(self.columns, types, strict=True))}
        return Result(pa.table(data), checks)

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        if not {"month", "account_id"} <= set(cell):
            raise no_cell(self.name, cell, "Name a restatement by month and account_id.", ("month", "account_id"))
        for month in closed_months(ask, str(cell["month"]), str(cell["month"])):
            now, then = self._sides(ask, month)
            keys = np.union1d(now.book.spans.accounts, then.book.spans.accounts)
            names = account_ids(ask.snapshot, keys)
            for key, name in zip(keys.tolist(), names, strict=True):
                if name == cell["account_id"]:
                    one = np.array([key], np.int64)
                    return proof.joined([*_only_in(now, then, one).rows(), *_only_in(then, now, one).rows()])
        return proof.joined([])

    def _sides(self, ask: Ask, month: Mapping[str, Any]) -> tuple[_Side, _Side]:
        start, stop, _ = parse_label(month["month"])
        periods = between(start, stop, "month")
        closed_at: datetime = month["closed_at"]
        return self._side(ask, ask.snapshot, periods), self._side(ask, ask.snapshot.known(closed_at), periods)

    def _side(self, ask: Ask, snapshot: Snapshot, periods: Periods) -> _Side:
        book = Ledger.open(snapshot, ask.shelf, self.where)
        result = book.net(periods, book.slices(()), keep=True)
        amounts: dict[tuple[int, str], Decimal] = {}
        _, account, cells, kind, pairs = result.net.lines
        for a, c, k, pair in zip(account.tolist(), cells.tolist(), kind.tolist(), pairs, strict=True):
            rates = result.closing_rates[0] if k in AT_CLOSING_RATE else result.opening_rates[0]
            place = (int(book.spans.accounts[a]), KINDS[k])
            amounts[place] = amounts.get(place, Decimal(0)) + value(pair[None, :], [rates[c]])
        figures = result.movements(0, 0)
        _add_states(amounts, book, periods, result.opening_rates[0], result.closing_rates[0])
        return _Side(book, {k: rounded(v) for k, v in amounts.items()}, figures.close)


@dataclass(frozen=True)
class _Side:
    """One view of a closed month: its ledger, amounts by account and kind, and the close."""

    book: Ledger
    amounts: dict[tuple[int, str], Decimal]
    close: Decimal


def _add_states(
    amounts: dict[tuple[int, str], Decimal],
    book: Ledger,
    periods: Periods,
    opening: list[Decimal],
    closing: list[Decimal],
) -> None:
    """Add each account's opening and what rates did to it, so that the kinds of an account add up to its close."""
    first, last = day_number(periods.edges[0]) - 1, day_number(periods.edges[1]) - 1
    spans = book.spans
    owner = np.repeat(np.arange(len(spans.accounts)), np.diff(spans.first))
    for day, rates, sign in ((first, opening, 1), (last, closing, -1)):
        live = np.flatnonzero((spans.start <= day) & (spans.stop > day))
        for s in live.tolist():
            key = int(spans.accounts[owner[s]])
            worth = value(spans.amount[s][None, :], [rates[int(spans.currency[s])]])
            if sign > 0:
                amounts[(key, "open")] = amounts.get((key, "open"), Decimal(0)) + worth
            amounts[(key, "fx")] = amounts.get((key, "fx"), Decimal(0)) - sign * worth
    for key, kind in list(amounts):
        if kind not in ("open", "fx"):
            amounts[(key, "fx")] = amounts.get((key, "fx"), Decimal(0)) - amounts[(key, kind)]
    for place in [p for p, amount in amounts.items() if p[1] == "fx" and amount == 0]:
        del amounts[place]


def _differences(
    now: Mapping[tuple[int, str], Decimal], then: Mapping[tuple[int, str], Decimal]
) -> dict[tuple[int, str], Decimal]:
    """now - then where they differ."""
    places = {*now, *then}
    apart = {p: now.get(p, Decimal(0)) - then.get(p, Decimal(0)) for p in places}
    return {p: amount for p, amount in apart.items() if amount != 0}


@dataclass(frozen=True)
class _Only:
    """Rows of some accounts that one side of a closed month knows and the other does not."""

    snapshot: Snapshot
    found: Mapping[str, tuple[Keys, Keys]]
    """measure of their proof -> the accounts and the row keys, side by side"""

    def rows(self) -> list[pa.Table]:
        """The rows, one table for each place they lie in."""
        return [proof.by_keys(self.snapshot, measure, keys) for measure, (_, keys) in self.found.items()]

    def row_ids(self) -> dict[int, set[str]]:
        """Account -> row_id of its rows."""
        out: dict[int, set[str]] = {}
        for measure, (accounts, keys) in self.found.items():
            ids = proof.row_ids(self.snapshot, measure, keys)
            for account, key in zip(accounts.tolist(), keys.tolist(), strict=True):
                out.setdefault(account, set()).update(ids[key])
        return out


def _only_in(side: _Side, other: _Side, accounts: Keys) -> _Only:
    here, parts = _rows_of(side, accounts), side.book.book.parts
    only = here.join(_rows_of(other, accounts).drop_columns("part"), ["account", "key"], join_type="left anti")
    found = {}
    for part, (measure, _) in enumerate(parts):
        of_part = only.filter(pc.equal(only["part"], part))
        found[proof.PROOF_OF[measure]] = of_part["account"].to_numpy(), of_part["key"].to_numpy()
    found["proof_discounts"] = _discounts_only_in(side, other, accounts)
    return _Only(side.book.snapshot, {measure: rows for measure, rows in found.items() if len(rows[1])})


def _rows_of(side: _Side, accounts: Keys) -> pa.Table:
    """Account, row key and part of the ledger's rows of some accounts."""
    book = side.book.book
    part = np.repeat(np.arange(len(book.parts)), [count for _, count in book.parts])
    chosen = np.isin(book.row_account, accounts)
    return pa.table({"account": book.row_account[chosen], "key": book.row_key[chosen], "part": part[chosen]})


def _discounts_only_in(side: _Side, other: _Side, accounts: Keys) -> tuple[Keys, Keys]:
    """The accounts and row keys of the discounts of their subscriptions that one side knows and the other does not."""
    none = np.zeros(0, np.int64), np.zeros(0, np.int64)
    here, there = (let_in(one.book.snapshot, ["row_key", "subscription_key"]) for one in (side, other))
    if here is None:
        return none
    changed = here if there is None else here.filter(pc.invert(pc.is_in(here["row_key"], there["row_key"])))
    if not changed.num_rows:
        return none
    book, at = side.book.book, 0
    named = book.by_part(side.book.snapshot, side.book.where.rows, "subscription_key")
    pairs: set[tuple[int, int]] = set()
    for (measure, count), keys in zip(book.parts, named, strict=True):
        owners = book.row_account[at : at + count]
        at += count
        if measure == "subscription_rows":
            met = np.isin(owners, accounts) & np.asarray(pc.is_in(keys, changed["subscription_key"], skip_nulls=True))
            pairs |= set(zip(keys.filter(pa.array(met)).to_pylist(), owners[met].tolist(), strict=True))
    owners_of: dict[int, list[int]] = {}
    for subscription, account in sorted(pairs):
        owners_of.setdefault(subscription, []).append(account)
    rows = [
        (account, row_key)
        for row_key, subscription in zip(*(changed[c].to_pylist() for c in changed.column_names), strict=True)
        for account in owners_of.get(subscription, ())
    ]
    return np.array([row[0] for row in rows], np.int64), np.array([row[1] for row in rows], np.int64)


def _causes(now: _Side, then: _Side, accounts: list[int]) -> dict[int, tuple[str, list[str]]]:
    """Why each account's figures moved, and the rows that say so."""
    if not accounts:
        return {}
    keys = np.array(accounts, np.int64)
    here, there = _only_in(now, then, keys).row_ids(), _only_in(then, now, keys).row_ids()
    out = {}
    for account in accounts:
        added, gone = here.get(account, set()), there.get(account, set())
        reason = "replaced" if added and gone else "added" if added else "superseded" if gone else "carried"
        out[account] = reason, sorted(added | gone)
    return out
