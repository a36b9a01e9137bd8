"""Contracts as arrays, an entry each: which are in force on a day, and which of an account is to be decided next.

The same contracts as `renewals` and `contracts_due` see, for all accounts at once. Hides versions and successors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.periods import day_number
from tenure.warehouse.snapshot import Snapshot

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
NEVER = 2**31 - 1
_WANTED = (
    "row_key", "account_key", "recorded_at", "start", "end", "contract_id", "renews", "kind", "notice_given",
    "notice_days", "auto_renew",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Terms:
    """The known contracts: their account, their days as numbers (`end` exclusive), and what succeeds them."""

    account: Ints
    start: Ints
    end: Ints
    notice_days: Ints
    notice_given: Ints
    is_monthly: Flags
    renews_itself: pa.Array
    """null where nothing is said"""
    first_successor: Ints
    """the first day of the contract that renews it and begins first; NEVER if there is none"""

    @classmethod
    def read(cls, snapshot: Snapshot, roots: Mapping[int, int]) -> Terms:
        """The contracts of a snapshot; those of merged accounts belong to the account in `roots`."""
        if not snapshot.has("contracts"):
            nothing = np.zeros(0, np.int64)
            flags = np.zeros(0, np.bool_)
            return cls(nothing, nothing, nothing, nothing, nothing, flags, pa.nulls(0, pa.bool_()), nothing)
        rows = snapshot.run("contract_rows", _WANTED)
        rows = rows.filter(pc.and_(pc.is_valid(rows["contract_id"]), pc.less(rows["start"], rows["end"])))
        rows = rows.filter(pc.not_equal(rows["contract_id"], "")).combine_chunks()
        encoded = pc.dictionary_encode(rows["contract_id"]).combine_chunks()
        encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
        contract = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        count = len(encoded.dictionary)
        start, end = _days(rows["start"]), _days(rows["end"])
        recorded = rows["recorded_at"].cast(pa.int64()).to_numpy()
        key = rows["row_key"].to_numpy()
        # the version with the last end speaks for the contract; of several the one that starts, was recorded, last
        last = _last_of(contract, np.lexsort((key, recorded, start, end, contract)), count)
        first_known = _first_of(contract, np.lexsort((key, recorded, contract)), count)
        earliest = np.full(count, NEVER, np.int64)
        np.minimum.at(earliest, contract, start)
        account = rows["account_key"].to_numpy()[first_known]
        moved = np.isin(account, np.array(list(roots), np.int64))
        account = account.copy()
        account[moved] = [roots[k] for k in account[moved].tolist()]
        chosen = rows.take(pa.array(last))
        return cls(
            account,
            earliest,
            end[last],
            np.asarray(chosen["notice_days"].fill_null(0).to_numpy(), np.int64),
            _days(chosen["notice_given"], NEVER),
            np.asarray(pc.equal(chosen["kind"], "month_to_month").fill_null(False).to_numpy(), np.bool_),
            chosen["auto_renew"].combine_chunks(),
            _first_successors(rows, encoded.dictionary, contract, earliest),
        )

    def due(self, accounts: Ints, day: date, grace_days: int) -> dict[str, pa.Array]:
        """For each account (keys, ascending): contracts in force, and the one to be decided next."""
        today = day_number(day)
        place = np.minimum(np.searchsorted(accounts, self.account), max(len(accounts) - 1, 0))
        of_them = np.zeros(len(self.account), np.bool_)
        if len(accounts):
            of_them = accounts[place] == self.account
        in_force = of_them & (self.start <= today) & (today < self.end)
        counted = np.bincount(place[in_force], minlength=len(accounts)).astype(np.int64)
        open_ones = np.flatnonzero(in_force & (self.first_successor > self.end + grace_days))
        order = open_ones[np.lexsort((open_ones, self.end[open_ones], place[open_ones]))]
        owner, at = np.unique(place[order], return_index=True)
        next_one = np.full(len(accounts), -1, np.int64)
        next_one[owner] = order[at]
        there = next_one >= 0
        chosen = np.where(there, next_one, 0)
        last_day, notice = np.zeros(len(accounts), np.int64), np.zeros(len(accounts), np.int64)
        decided = ~there
        itself = pa.nulls(len(accounts), pa.bool_())
        if len(self.account):
            last_day = self.end[chosen] - 1
            days = np.clip(self.notice_days[chosen], 0, last_day - self.start[chosen])
            notice = last_day - days
            decided = ~there | self.is_monthly[chosen] | (self.notice_given[chosen] <= today)
            itself = self.renews_itself.take(pa.array(chosen, mask=~there))
        return {
            "contracts": pa.array(counted, pa.int64()),
            "ends": pa.array(last_day.astype(np.int32), pa.int32(), mask=~there).cast(pa.date32()),
            "notice_by": pa.array(notice.astype(np.int32), pa.int32(), mask=decided).cast(pa.date32()),
            "auto_renew": itself,
        }


def _days(column: pa.ChunkedArray, missing: int = 0) -> Ints:
    return np.asarray(column.cast(pa.int32()).fill_null(missing).to_numpy(), np.int64)


def _last_of(group: Ints, order: Ints, count: int) -> Ints:
    """Of each group the last in an order that has the groups one after the other."""
    out = np.zeros(count, np.int64)
    out[group[order]] = order  # the last written stays
    return out


def _first_of(group: Ints, order: Ints, count: int) -> Ints:
    return _last_of(group, order[::-1], count)


def _first_successors(rows: pa.Table, ids: pa.Array, contract: Ints, start: Ints) -> Ints:
    """For each contract the first day of what renews it."""
    out = np.full(len(ids), NEVER, np.int64)
    renews = rows["renews"].combine_chunks()
    renews = renews.chunk(0) if isinstance(renews, pa.ChunkedArray) else renews
    if not len(renews) or pa.types.is_null(renews.type):
        return out
    parents = pc.list_parent_indices(renews).to_numpy()
    named = pc.index_in(pc.list_flatten(renews), ids)
    there = np.asarray(pc.is_valid(named).to_numpy(zero_copy_only=False), np.bool_)
    renewed = named.fill_null(0).to_numpy(zero_copy_only=False)[there].astype(np.int64)
    successor = contract[parents[there]]
    other = renewed != successor
    np.minimum.at(out, renewed[other], start[successor[other]])
    return out
