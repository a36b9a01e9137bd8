"""Bringing the index up to date with what arrived since, without building it anew.

A unit to which anything happened moves as a whole into the copy's tail: what it did before, and what is new. The rows
it has in a bucket count no more. New events touch their own units; what is newly known of who is who touches the users
it speaks of, with the accounts they were and are in. A tail that has grown is merged into the buckets.

Hides: which rows a change touches. What it cannot do (rows that went, accounts that were merged) it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tenure.core.sequences.buckets import KeyCodes, bucket_of
from tenure.core.sequences.events import I32, I64
from tenure.warehouse.identity import Identities
from tenure.warehouse.lake import Lake, schema_of
from tenure.warehouse.sequences import building, parts
from tenure.warehouse.sequences.building import EVENTS
from tenure.warehouse.sequences.folder import COPIES, Folder, Manifest, in_threads
from tenure.warehouse.sequences.parts import Part
from tenure.warehouse.sequences.rows import MEASURE, Coding, Rows, TooManyTexts, resolved, together
from tenure.warehouse.snapshot import Snapshot

MOST_ROWS = 5_000_000
"""More rows than this, new or told anew, are not worth an extension."""
TAIL_SHARE = 16
LEAST_TAIL = 200_000
"""A tail of more rows than this, and more than this part of all, is merged into the buckets."""
MOST_NOBODY = 16
_OUTGROWN = 4


def new_rows(lake: Lake, manifest: Manifest, snapshot: Snapshot) -> int | None:
    """How many rows arrived since the index was made; None where it can only be built anew."""
    version, until = manifest.versions[EVENTS], snapshot.versions.get(EVENTS)
    if until is None or until < version:
        return None
    added = lake.added_since(EVENTS, version, until)
    return None if added is None else lake.rows_in(added)


def extended(folder: Folder, lake: Lake, snapshot: Snapshot, manifest: Manifest) -> Manifest | None:
    """The index of a snapshot, made of an older one; None where it must be built anew.

    The caller holds the lock, and publishes it.
    """
    version = snapshot.versions[EVENTS]
    added = lake.added_since(EVENTS, manifest.versions[EVENTS], version)
    if added is None or manifest.until is not None:
        return None
    moment = building.micros(snapshot)
    identities = Identities.of(snapshot)
    former = Identities(*(folder.table(part) for part in (manifest.people, manifest.members, manifest.merged)))
    if not former.merged.equals(identities.merged) or building.known_until(lake, added, moment) is not None:
        return None
    coding = Coding.of(folder, manifest)
    main = {copy: [parts.read(folder, name, copy) for name in manifest.main[copy]] for copy in COPIES}
    tail = {copy: [parts.read(folder, name, copy) for name in manifest.tail[copy]] for copy in COPIES}
    nobody = {copy: [parts.read(folder, name, copy) for name in manifest.nobody[copy]] for copy in COPIES}
    touched, ids = _said_anew(former, identities)
    try:
        moved = _rows_of(coding, main["user"], tail["user"], touched)
        if moved is None:
            return None
        told = _told_anew(lake, snapshot, identities, coding, ids, moved)
        fresh = _fresh(lake, snapshot, identities, coding, manifest, added)
    except TooManyTexts:
        return None
    if told is None or fresh is None:
        return None
    arrived = together([told, fresh])
    changed = replace(
        manifest,
        versions={EVENTS: version},
        identity_versions=building.identity_versions(snapshot),
        moment=moment,
        rows=manifest.rows + len(fresh.at),
        sizes={},
        **coding.write(folder),
    )
    if not former.people.equals(identities.people):
        changed = replace(changed, people=folder.write("people", identities.people))
    if not former.members.equals(identities.members):
        changed = replace(changed, members=folder.write("members", identities.members))
    if not len(arrived.at) and not len(moved.at):
        return changed
    gone = np.sort(moved.row_key)
    tails, nobodies = {}, {}
    for copy in COPIES:
        keys = coding.keys(copy)
        units = np.unique(np.concatenate([arrived.unit(copy), moved.unit(copy)]))
        rows = _trails(main[copy], tail[copy], units[units >= 0], gone, arrived, copy)
        moved_before = [part.units for part in tail[copy]]
        beside = np.concatenate([units[units >= 0], *moved_before])  # one that lost its rows still hides its old ones
        tails[copy] = (parts.write(folder, f"{copy}-tail", copy, rows, keys, beside),)
        nobodies[copy] = _nobodies(folder, nobody[copy], manifest.nobody[copy], gone, arrived, copy)
    size = max(sum(len(folder.table(name)) for name in tails[copy]) for copy in COPIES)
    changed = replace(changed, tail=tails, nobody=nobodies, tail_rows=size)
    if changed.rows > _OUTGROWN * building.ROWS_PER_BUCKET * changed.buckets:
        return None
    if size > max(LEAST_TAIL, changed.rows // TAIL_SHARE):
        return merged(folder, changed, snapshot.threads)
    return changed


def merged(folder: Folder, manifest: Manifest, threads: int) -> Manifest:
    """The same index without a tail."""
    made: dict[str, tuple[str, ...]] = {}
    with in_threads(threads) as pool:
        for copy in COPIES:
            tail = parts.read(folder, manifest.tail[copy][0], copy)
            of_tail = bucket_of(tail.keys, manifest.buckets)

            def one(b: int, copy: str = copy, tail: Part = tail, of_tail: I32 = of_tail) -> str:
                part = parts.read(folder, manifest.main[copy][b], copy)
                stays = ~np.isin(part.keys, tail.keys)
                comes = (of_tail == b) & (np.diff(tail.first) > 0)
                return parts.write_merged(folder, f"{copy}-{b}", copy, (part, tail), (stays, comes))

            made[copy] = tuple(pool.map(one, range(manifest.buckets)))
    return replace(manifest, main=made, tail=dict.fromkeys(COPIES, ()), tail_rows=0)


# ------------------------------------------------------------------------------------------ what is newly said


def _said_anew(former: Identities, now: Identities) -> tuple[I64, I64]:
    """(keys of the users whose events may count otherwise, keys of the ids of which something else is said)."""
    ids = _changed(former.people, now.people, ("id_key", "since", "until", "user_key"))
    users = _changed(former.members, now.members, ("user_key", "since", "until", "account_key"))
    targets = [ids, users]
    for people in (former.people, now.people):
        of = np.isin(np.asarray(people["id_key"].to_numpy(), np.int64), ids)
        targets.append(np.asarray(people["user_key"].to_numpy(), np.int64)[of])
    touched = np.unique(np.concatenate(targets))
    behind = [touched]
    for people in (former.people, now.people):  # all ids whose events count for one of these users
        of = np.isin(np.asarray(people["user_key"].to_numpy(), np.int64), touched)
        behind.append(np.asarray(people["id_key"].to_numpy(), np.int64)[of])
    return touched, np.unique(np.concatenate(behind))


def _changed(former: pa.Table, now: pa.Table, names: Sequence[str]) -> I64:
    """The keys, in the first column, of the rows that stand in one of the tables only."""
    tables = [[np.asarray(t[n].cast(pa.int64()).to_numpy(), np.int64) for n in names] for t in (former, now)]
    marks = []
    for columns in tables:
        mark = np.zeros(len(columns[0]), np.uint64)
        for column in columns:
            mark = (mark ^ column.view(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
            mark ^= mark >> np.uint64(29)
        marks.append(mark)
    odd = np.setxor1d(marks[0], marks[1])
    return np.unique(np.concatenate([c[0][np.isin(m, odd)] for c, m in zip(tables, marks, strict=True)]))


def _rows_of(coding: Coding, main: list[Part], tail: list[Part], users: I64) -> Rows | None:
    """The rows of some users, as the index has them; None where they are too many."""
    if not len(users):
        return _none(coding)
    chosen = [(part, np.isin(part.keys, users)) for part in tail]
    still = np.setdiff1d(users, tail[0].keys) if tail else users
    chosen += [(part, np.isin(part.keys, still)) for part in main]
    if sum(int(np.diff(part.first)[those].sum()) for part, those in chosen) > MOST_ROWS:
        return None
    return together([*(part.of_units(those) for part, those in chosen), _none(coding)])


def _told_anew(
    lake: Lake, snapshot: Snapshot, identities: Identities, coding: Coding, ids: I64, moved: Rows
) -> Rows | None:
    """The same rows as what is said now has them."""
    if not len(moved.at):
        return _none(coding)
    files = lake.files(EVENTS, snapshot.versions[EVENTS])
    whole = _with(lake, files, "user_key", ids)
    read = coding.read(resolved(snapshot, identities, coding.properties, whole))
    read = read.taken(np.isin(read.row_key, moved.row_key))
    return read if len(read.at) == len(moved.at) else None


def _fresh(
    lake: Lake, snapshot: Snapshot, identities: Identities, coding: Coding, manifest: Manifest, added: list[str]
) -> Rows | None:
    """The rows that arrived; those that were there before came again and are left out. None: one came before it."""
    if not added:
        return _none(coding)
    read = coding.read(resolved(snapshot, identities, coding.properties, added))
    keys = np.sort(read.row_key)
    before = lake.files(EVENTS, manifest.versions[EVENTS])
    there = _with_keys(snapshot, before, keys)
    if not there.num_rows:
        return read
    again = np.asarray(there["row_key"].to_numpy(), np.int64)
    mine = read.taken(np.isin(read.row_key, again))
    first = {key: (recorded, place) for key, recorded, place in zip(
        mine.row_key.tolist(), mine.recorded_at.tolist(), mine.place.tolist(), strict=True)}  # fmt: skip
    stamps = there["recorded_at"].cast(pa.int64()).to_pylist()
    for key, recorded, place in zip(again.tolist(), stamps, there["place"].to_pylist(), strict=True):
        if (recorded, place) >= first[key]:
            return None
    return read.taken(~np.isin(read.row_key, again))


def _with_keys(snapshot: Snapshot, files: list[str], keys: I64) -> pa.Table:
    """(row_key, recorded_at, place) of the events of some files that have one of the keys."""
    sql = (
        f"SELECT r.row_key, r.recorded_at, r.place FROM ({_EVENTS_AS_SENT}) AS r "
        "SEMI JOIN wanted AS w ON w.row_key = r.row_key"
    )
    return snapshot.select(MEASURE, sql, {}, {EVENTS: files, "wanted": pa.table({"row_key": pa.array(keys)})})


_EVENTS_AS_SENT = (
    "SELECT e.row_key, e.recorded_at, e.place FROM events AS e WHERE e.event IS NOT NULL AND e.ts IS NOT NULL "
    "AND (e.superseded_at IS NULL OR e.superseded_at >= $superseded_from)"
)


def _with(lake: Lake, files: list[str], name: str, keys: I64) -> pa.Table:
    """The events of some files that have one of the keys in a column, which alone is read of all of them."""
    wanted = KeyCodes(keys)
    found = [schema_of(EVENTS).empty_table()]
    for file in files:
        source = lake.parquet(file)
        numbers = np.asarray(source.read([name])[name].fill_null(0).to_numpy(), np.int64)
        hits = np.flatnonzero(wanted.has(numbers))
        groups = [source.metadata.row_group(g).num_rows for g in range(source.num_row_groups)]
        begins = np.append(0, np.cumsum(groups)).astype(np.int64)
        for group in np.unique(np.searchsorted(begins, hits, "right") - 1).tolist():
            rows = hits[(hits >= begins[group]) & (hits < begins[group + 1])] - begins[group]
            found.append(source.read_row_group(group).take(pa.array(rows)))
    return pa.concat_tables(found, promote_options="default")


# -------------------------------------------------------------------------------------------------- the parts


def _trails(main: list[Part], tail: list[Part], units: I32, gone: I64, arrived: Rows, copy: str) -> Rows:
    """The rows of a new tail: those of the old one, and all rows of the units that are touched now."""
    out = [part.all() for part in tail]
    moved = tail[0].units if tail else np.zeros(0, np.int32)
    coming = np.setdiff1d(units, moved)
    out += [part.of_units(np.isin(part.units, coming)) for part in main]
    old = together(out)
    stays = old.taken(~np.isin(old.row_key, gone)) if len(gone) else old
    return together([stays, arrived.taken(arrived.unit(copy) >= 0)])


def _nobodies(
    folder: Folder, former: list[Part], names: Sequence[str], gone: I64, arrived: Rows, copy: str
) -> tuple[str, ...]:
    """The parts with rows that have no unit: those as they were, less what has one now, and one with what came."""
    new: list[Any] = []
    kept: list[str] = []
    many = len(names) >= MOST_NOBODY
    for part, name in zip(former, names, strict=True):
        goes: npt.NDArray[np.bool_] = np.isin(part.row_key, gone)
        if many or goes.any():
            new.append(part.all().taken(~goes))
        else:
            kept.append(name)
    new.append(arrived.taken(arrived.unit(copy) < 0))
    rows = together(new)
    return (*kept, parts.write_nobody(folder, copy, rows)) if len(rows.at) else tuple(kept)


def _none(coding: Coding) -> Rows:
    """No rows."""
    whole, code = np.zeros(0, np.int64), np.zeros(0, np.int32)
    return Rows(whole, whole, whole, whole, code, code, code, tuple(code for _ in coding.properties))
