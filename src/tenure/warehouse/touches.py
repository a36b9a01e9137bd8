"""Touches and conversions of accounts, laid out for the models of attribution.

Hides whose a touch is, what makes a conversion, what its money is worth, and which lead and opportunity it came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.hashing import stable_hash
from tenure.core.localtime import DAY, local_micros, local_stamp, zone
from tenure.core.metrics.mrr import EXACT
from tenure.core.money import LIMIT, MONEY
from tenure.core.periods import month_end
from tenure.core.sequences import journeys
from tenure.core.sequences.journeys import Conversions, Journeys, Touches
from tenure.warehouse.lines import NONE, meets, merged_roots
from tenure.warehouse.measures import Condition
from tenure.warehouse.revenue import rounded
from tenure.warehouse.slices import account_values
from tenure.warehouse.snapshot import Snapshot

Integers = npt.NDArray[np.int64]
NEVER = np.iinfo(np.int64).min
"""The moment of what did not happen."""


class Happened(NamedTuple):
    """Conversions of accounts, row by row."""

    account: Integers
    at: Integers
    value: pa.Array
    """money in the reporting currency"""
    name: pa.Array
    """what names it: the id of a deal, a lead or a contract, or the day"""
    account_id: pa.Array
    lead_at: Integers
    """when its lead came; NEVER if that is not known"""
    lead: Integers
    """the row of its lead among `origins`, of a conversion that is a deal or was a lead; -1 if that is not known"""
    opportunity_at: Integers
    unvalued: int
    """how many are in a currency without a rate, or worth too much to be added up"""

    def taken(self, chosen: npt.NDArray[np.bool_] | Integers) -> Happened:
        """Some of them, by place or by flag."""
        some = pa.array(np.arange(len(self.at))[chosen])
        return self._replace(
            account=self.account[chosen],
            at=self.at[chosen],
            value=self.value.take(some),
            name=self.name.take(some),
            account_id=self.account_id.take(some),
            lead_at=self.lead_at[chosen],
            lead=self.lead[chosen],
            opportunity_at=self.opportunity_at[chosen],
        )


@dataclass(frozen=True, slots=True)
class Reached:
    """The journeys of accounts: touches and conversions in the order of account and moment."""

    touches: Touches
    rows: pa.Table
    """the rows of the touches"""
    channels: tuple[str, ...]
    """what the codes of channels mean"""
    happened: Happened
    journeys: Journeys
    of_nobody: int
    """touches that name neither an account nor a contact of one"""


def read(
    snapshot: Snapshot,
    happened: Happened,
    by: str,
    lookback_days: int,
    *,
    reset: bool,
    where: Sequence[Condition],
) -> Reached:
    """The journeys to conversions, of accounts that meet all conditions, with `by` naming what is a channel."""
    found = snapshot.run("touch_rows")
    owned = pc.is_valid(found["account_key"])
    of_nobody = found.num_rows - int(pc.sum(owned).as_py() or 0)
    found = found.filter(owned)
    account = rooted(snapshot, np.asarray(found["account_key"].to_numpy(), np.int64))
    at = np.asarray(found["ts"].cast(pa.int64()).to_numpy(), np.int64)
    if _falls(account, at):  # where accounts were merged; else they come in order
        order = np.lexsort((at, account))
        found, account, at = found.take(pa.array(order)), account[order], at[order]
    accounts = np.union1d(account[np.diff(account, prepend=account[:1] - 1) != 0], happened.account)
    stays = np.ones(len(accounts), bool)
    for condition in where:
        values = account_values(snapshot, accounts, condition.column)
        met = {v: meets(v, condition) for v in set(values)}
        stays &= np.array([met[v] for v in values], bool)
    if not stays.all():
        here = stays[np.searchsorted(accounts, account)]
        found, account, at = found.filter(pa.array(here)), account[here], at[here]
        happened = happened.taken(stays[np.searchsorted(accounts, happened.account)])
        accounts = accounts[stays]
    encoded = pc.dictionary_encode(found[by].combine_chunks().fill_null(NONE))
    names, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy().astype(np.int32)
    people = pc.dictionary_encode(found["contact_id"].combine_chunks())
    touches = Touches(
        _first(account, accounts),
        at,
        codes,
        people.indices.fill_null(journeys.NONE).to_numpy().astype(np.int32),
        (local_micros(at, snapshot.definition.timezone) // DAY).astype(np.int32),
    )
    happened = happened.taken(np.lexsort((happened.at, happened.account)))
    conversions = Conversions(_first(happened.account, accounts), happened.at)
    made = journeys.journeys(touches, conversions, lookback_days * DAY, reset=reset)
    return Reached(touches, found, tuple(names), happened, made, of_nobody)


def _falls(account: Integers, at: Integers) -> bool:
    """Whether rows are not in the order of account and moment."""
    step = np.diff(account)
    return bool(((step < 0) | ((step == 0) & (np.diff(at) < 0))).any())


def _first(account: Integers, accounts: Integers) -> Integers:
    return np.append(np.searchsorted(account, accounts), len(account)).astype(np.int64)


def rooted(snapshot: Snapshot, account: Integers) -> Integers:
    """Account keys, with the account in the place of those that were merged into it."""
    roots = merged_roots(snapshot)
    if not roots or not len(account):
        return account
    known = np.array(sorted(roots), np.int64)
    place = np.minimum(np.searchsorted(known, account), len(known) - 1)
    into = np.array([roots[key] for key in known.tolist()], np.int64)
    return np.where(known[place] == account, into[place], account)


# ---------------------------------------------------------------------------------------------------- conversions


def origins(snapshot: Snapshot) -> pa.Table:
    """The leads that deals and wins may have come from, by lead_id."""
    return snapshot.made("origins", None, partial(_origins, snapshot))


def _origins(snapshot: Snapshot) -> pa.Table:
    roots = merged_roots(snapshot)
    merged = {"account_key": pa.array(roots, pa.int64()), "root_key": pa.array(roots.values(), pa.int64())}
    return snapshot.run("origin_rows", beside={"merged": pa.table(merged)})


def deals(snapshot: Snapshot) -> pa.Table:
    """The deals that are known, by deal_id."""
    return snapshot.made("deals", None, partial(snapshot.run, "deal_rows"))


def of_deals(snapshot: Snapshot, moment: str) -> Happened:
    """Deals, and leads that no deal was made of, with what `moment` names: created_at or won_at of a deal."""
    made, leads = deals(snapshot), origins(snapshot)
    of_lead = {"created_at": "opportunity_at", "won_at": "won_at"}[moment]
    made = made.filter(pc.is_valid(made[moment]))
    sold = pc.is_in(leads["lead_id"], made["source_lead"].combine_chunks().unique())
    alone = leads.filter(
        pc.and_(pc.and_(pc.is_valid(leads["account_key"]), pc.is_valid(leads[of_lead])), pc.invert(sold))
    )
    value, unvalued = valued(snapshot, made, moment)
    nothing = pa.array([Decimal(0)] * alone.num_rows, MONEY)
    both = _Rows(snapshot, made, moment), _Rows(snapshot, alone, of_lead)
    account, at = (np.concatenate([getattr(rows, name) for rows in both]) for name in ("account", "at"))
    source = pa.concat_arrays([made["source_lead"].combine_chunks(), alone["lead_id"].combine_chunks()])
    lead = _lead(snapshot, source, account, at)
    came = micros(leads["created_at"])[lead] if leads.num_rows else np.full(len(lead), NEVER)
    return Happened(
        account,
        at,
        pa.concat_arrays([value, nothing]),
        pa.concat_arrays([made["deal_id"].combine_chunks(), alone["lead_id"].combine_chunks()]),
        pa.concat_arrays([made["account_id"].combine_chunks(), alone["account_id"].combine_chunks()]),
        np.where((lead < 0) | (came > at), NEVER, came),
        lead,
        np.concatenate([micros(made["created_at"]), micros(alone["opportunity_at"])]),
        unvalued,
    )


def of_leads(snapshot: Snapshot) -> Happened:
    """Leads of accounts."""
    leads = snapshot.run("lead_rows")
    leads = leads.filter(pc.is_valid(leads["account_key"]))
    rows = _Rows(snapshot, leads, "created_at")
    return Happened(
        rows.account,
        rows.at,
        pa.array([Decimal(0)] * leads.num_rows, MONEY),
        leads["lead_id"].combine_chunks(),
        leads["account_id"].combine_chunks(),
        rows.at,
        np.full(leads.num_rows, -1),
        np.full(leads.num_rows, NEVER),
        0,
    )


def of_days(
    snapshot: Snapshot, account_ids: pa.Array, days: Sequence[date], value: pa.Array, name: pa.Array
) -> Happened:
    """What is known by the day: it happened at the day's end, so that touches of the day come before it."""
    ends = {day: int(snapshot.end_of(day).timestamp()) * 1_000_000 - 1 for day in set(days)}
    never = np.full(len(days), NEVER)
    account = rooted(snapshot, stable_hash(account_ids)) if len(days) else np.zeros(0, np.int64)
    at = np.array([ends[day] for day in days], np.int64)
    return Happened(account, at, value, name, account_ids, never, np.full(len(days), -1), never, 0)


class _Rows:
    """The account and the moment of rows of deals or leads."""

    def __init__(self, snapshot: Snapshot, rows: pa.Table, moment: str) -> None:
        self.account = rooted(snapshot, np.asarray(rows["account_key"].to_numpy(), np.int64))
        self.at = micros(rows[moment])


def micros(column: pa.ChunkedArray) -> Integers:
    """Moments as numbers; NEVER where there is none."""
    return np.asarray(column.cast(pa.int64()).fill_null(NEVER).to_numpy(), np.int64)


def valued(snapshot: Snapshot, deals: pa.Table, moment: str, column: str = "amount") -> tuple[pa.Array, int]:
    """(a column of money of deals in the reporting currency, how many cannot be valued in it and count 0)."""
    rates, local = snapshot.rates, zone(snapshot.definition.timezone)
    amount = deals[column].combine_chunks().fill_null(Decimal(0))
    foreign = pc.not_equal(deals["currency"], rates.reporting_currency).fill_null(False)
    if not pc.any(foreign).as_py():
        return amount, 0
    amounts, unvalued = amount.to_pylist(), 0
    currencies, moments = deals["currency"].to_pylist(), micros(deals[moment])
    for place in np.flatnonzero(foreign.to_numpy()).tolist():
        worth = None
        if rates.known(currencies[place]):
            month = month_end(local_stamp(int(moments[place]), local).date())
            worth = EXACT.multiply(amounts[place], rates.at(currencies[place], month))
        if worth is None or abs(worth) >= LIMIT:
            worth, unvalued = Decimal(0), unvalued + 1
        amounts[place] = rounded(worth)
    return pa.array(amounts, MONEY), unvalued


def _lead(snapshot: Snapshot, source: pa.Array, account: Integers, at: Integers) -> Integers:
    """The row among `origins` of the lead of each conversion: the one it names, else the first of its account.

    -1 if there is none, or if the first of its account came after it.
    """
    leads = origins(snapshot)
    found = pc.index_in(source, leads["lead_id"].combine_chunks()).fill_null(-1)
    named: Integers = found.to_numpy(False).astype(np.int64)
    named[source.is_null().to_numpy(False)] = -1
    rows = np.flatnonzero(leads["account_key"].is_valid().to_numpy())
    if not len(rows):
        return named
    owner = rooted(snapshot, leads["account_key"].take(pa.array(rows)).to_numpy())
    came = micros(leads["created_at"])[rows]
    order = np.lexsort((came, owner))
    accounts, first = np.unique(owner[order], return_index=True)
    place = np.minimum(np.searchsorted(accounts, account), len(accounts) - 1)
    earliest = order[first[place]]
    met = (accounts[place] == account) & (came[earliest] <= at)
    return np.where(named < 0, np.where(met, rows[earliest], -1), named)
