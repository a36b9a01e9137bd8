"""Who is behind an id, and to which account a person belongs, as stretches of time. Hides merges and their order.

An id names a user: directly, or through `identities` rows, which `identify` makes of a device and `alias` of an id that
the person had before. From its `valid_from` on such a row holds until the next one of the same id; the first one also
speaks for the time before it, so that what a visitor did before signing up is found. A user belongs to accounts in the
same way; one of whom no row says so belongs to the account of the contact with that user id.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.hashing import stable_hash
from tenure.warehouse.lines import merged_roots
from tenure.warehouse.schema import STAMP
from tenure.warehouse.slices import account_ids
from tenure.warehouse.snapshot import Snapshot

Keys = npt.NDArray[np.int64]

ALWAYS = -(1 << 62), 1 << 62
"""Moments before and after all others, in microseconds."""
PEOPLE = pa.schema(
    [("id_key", pa.int64()), ("since", STAMP), ("until", STAMP), ("user_key", pa.int64()), ("user_id", pa.string())]
)
MEMBERS = pa.schema(
    [
        ("user_key", pa.int64()),
        ("since", STAMP),
        ("until", STAMP),
        ("account_key", pa.int64()),
        ("account_id", pa.string()),
    ]
)

MERGED = pa.schema([("account_key", pa.int64()), ("root_key", pa.int64()), ("root_id", pa.string())])


@dataclass(frozen=True, slots=True)
class Identities:
    """Tables that events are joined with; the stretches of one key never overlap."""

    people: pa.Table
    """(id_key, since, until, user_key, user_id): ids that stand for another user's"""
    members: pa.Table
    """(user_key, since, until, account_key, account_id): the accounts of users"""
    merged: pa.Table
    """(account_key, root_key, root_id): accounts that were merged into another, which they count for"""

    @property
    def tables(self) -> dict[str, pa.Table]:
        """Each by the name that the measure gives it."""
        return {"people": self.people, "members": self.members, "merged": self.merged}

    @classmethod
    def of(cls, snapshot: Snapshot) -> Identities:
        """What is known of ids and accounts at the snapshot's moment of knowledge."""
        said = snapshot.run("identity_rows") if snapshot.has("identities") else None
        people = PEOPLE.empty_table() if said is None else _people(said)
        parts = [] if said is None else [_said_members(said, people)]
        if snapshot.has("contacts"):
            contacts = snapshot.known(None).run("contact_users", ["user_id", "account_id"])
            contacts = contacts.filter(pc.is_valid(contacts["account_id"]))
            parts.append(_contact_members(contacts, people, parts))
        return cls(people, pa.concat_tables(parts) if parts else MEMBERS.empty_table(), _merged(snapshot))


def _merged(snapshot: Snapshot) -> pa.Table:
    roots = merged_roots(snapshot)
    ids = account_ids(snapshot, np.array(list(roots.values()), np.int64)) if roots else []
    columns = [pa.array(roots, pa.int64()), pa.array(roots.values(), pa.int64()), pa.array(ids, pa.string())]
    return pa.Table.from_arrays(columns, schema=MERGED)


def _people(said: pa.Table) -> pa.Table:
    rows = said.filter(pc.and_(pc.is_valid(said["anonymous_id"]), pc.is_valid(said["user_id"])))
    if not rows.num_rows:
        return PEOPLE.empty_table()
    ids, users = _keys(rows["anonymous_id"]), _keys(rows["user_id"])
    order, since, until = _stretches(ids, rows["valid_from"])
    ids, users = ids[order], users[order]
    final = _followed(ids, users)
    named, first = np.unique(users, return_index=True)
    names = _one(rows["user_id"]).take(pa.array(order[first[np.searchsorted(named, final)]]))
    table = [pa.array(ids), _moments(since), _moments(until), pa.array(final), names]
    return pa.Table.from_arrays(table, schema=PEOPLE).filter(pa.array(final != ids))


def _followed(ids: Keys, users: Keys) -> Keys:
    """The user at the end of each row's chain of ids; of ids in a circle, the one with the smallest key."""
    last = np.flatnonzero(np.append(ids[1:] != ids[:-1], True))
    heads, ends = ids[last], users[last]
    least = np.minimum(heads, ends)
    for _ in range(len(heads).bit_length() + 1):
        at = np.minimum(np.searchsorted(heads, ends), len(heads) - 1)
        onward = heads[at] == ends
        least = np.where(onward, np.minimum(least, least[at]), least)
        ends = np.where(onward, ends[at], ends)
    at = np.minimum(np.searchsorted(heads, users), len(heads) - 1)
    final = np.where(heads[at] == users, ends[at], users)
    at = np.minimum(np.searchsorted(heads, final), len(heads) - 1)
    return np.where(heads[at] == final, least[at], final)


def _said_members(said: pa.Table, people: pa.Table) -> pa.Table:
    who = pc.coalesce(said["user_id"], said["anonymous_id"])
    rows = said.append_column("who", who)
    rows = rows.filter(pc.and_(pc.is_valid(rows["account_id"]), pc.is_valid(rows["who"])))
    if not rows.num_rows:
        return MEMBERS.empty_table()
    users = _current(_keys(rows["who"]), people)
    order, since, until = _stretches(users, rows["valid_from"])
    accounts = _one(rows["account_id"]).take(pa.array(order))
    table = [pa.array(users[order]), _moments(since), _moments(until), pa.array(_keys(accounts)), accounts]
    return pa.Table.from_arrays(table, schema=MEMBERS)


def _contact_members(contacts: pa.Table, people: pa.Table, said: list[pa.Table]) -> pa.Table:
    """The account of the last contact with a user's id, for users of whom nothing else is said."""
    users = _current(_keys(contacts["user_id"]), people)
    _, last = np.unique(users[::-1], return_index=True)
    rows = np.sort(len(users) - 1 - last)
    known = np.concatenate([np.asarray(part["user_key"].to_numpy(), np.int64) for part in said] or [users[:0]])
    rows = rows[~np.isin(users[rows], known)]
    accounts = _one(contacts["account_id"]).take(pa.array(rows))
    since, until = (np.full(len(rows), moment, np.int64) for moment in ALWAYS)
    table = [pa.array(users[rows]), _moments(since), _moments(until), pa.array(_keys(accounts)), accounts]
    return pa.Table.from_arrays(table, schema=MEMBERS)


def _current(keys: Keys, people: pa.Table) -> Keys:
    """The users that ids stand for today."""
    if not people.num_rows:
        return keys
    ids = np.asarray(people["id_key"].to_numpy(), np.int64)
    users = np.asarray(people["user_key"].to_numpy(), np.int64)
    last = np.flatnonzero(np.append(ids[1:] != ids[:-1], True))
    at = np.minimum(np.searchsorted(ids[last], keys), len(last) - 1)
    return np.where(ids[last[at]] == keys, users[last[at]], keys)


def _stretches(keys: Keys, valid_from: pa.ChunkedArray) -> tuple[Keys, Keys, Keys]:
    """(order of the rows by key, since, until): each row holds until the next of its key, the first from ever."""
    moments = np.asarray(valid_from.cast(pa.int64()).fill_null(ALWAYS[0]).to_numpy(), np.int64)
    order = np.lexsort((np.arange(len(keys)), moments, keys))
    keys, since = keys[order], moments[order]
    begins = np.append(True, keys[1:] != keys[:-1])
    until = np.append(since[1:], ALWAYS[1])
    until[np.append(begins[1:], True)] = ALWAYS[1]
    return order, np.where(begins, ALWAYS[0], since), until


def _keys(column: pa.ChunkedArray | pa.Array) -> Keys:
    return stable_hash(column)


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks()


def _moments(micros: Keys) -> pa.Array:
    return pa.array(micros).cast(STAMP)
