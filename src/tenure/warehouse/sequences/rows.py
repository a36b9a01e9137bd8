"""Rows of events as the index holds them: numbers and codes. Hides the statement, and who gets which code.

The rows come from the measure of events, so who a user is and what account an event counts for is said in one place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from tenure.core.sequences.buckets import KeyCodes, packed, unpacked
from tenure.core.sequences.events import I32, I64
from tenure.warehouse import measures
from tenure.warehouse.identity import Identities
from tenure.warehouse.matchers import column, in_event
from tenure.warehouse.sequences.folder import Folder, Manifest
from tenure.warehouse.snapshot import Snapshot

MEASURE = "event_rows"
_WHOLE = 4
"""Columns of 64 bits."""
MOST_TEXTS = 100_000
"""A property with more values than this gets no column."""


class TooManyTexts(Exception):
    """A property has more values than a column of codes is good for."""

    def __init__(self, prop: str) -> None:
        super().__init__(prop)
        self.prop = prop


class Rows(NamedTuple):
    """Events, one entry a row in each column."""

    at: I64
    recorded_at: I64
    place: I64
    row_key: I64
    user: I32
    account: I32
    event: I32
    texts: tuple[I32, ...]
    """per property the code of its value"""

    def taken(self, rows: Any) -> Rows:
        """Some of the rows."""
        return Rows._make([*(c[rows] for c in self[:7]), tuple(c[rows] for c in self.texts)])

    def unit(self, copy: str) -> I32:
        """What the rows of a copy are sorted by."""
        return self.user if copy == "user" else self.account


class Packed:
    """Rows that lie one after the other in memory, in numbers of 64 bits: on their way they are moved whole."""

    def __init__(self, matrix: I64, texts: int) -> None:
        self.matrix, self.texts = matrix, texts
        self.at, self.recorded_at, self.place, self.row_key = matrix[:, :_WHOLE].T

    @classmethod
    def of(cls, rows: Rows) -> Packed:
        """The same rows, packed."""
        numbers = (rows.at, rows.recorded_at, rows.place, rows.row_key)
        return cls(packed(numbers, (rows.user, rows.account, rows.event, *rows.texts)), len(rows.texts))

    def unit(self, copy: str) -> I32:
        """What the rows of a copy are sorted by."""
        first = 2 * _WHOLE  # the user stands there, then the account, the event, the texts
        return np.ascontiguousarray(self.matrix.view(np.int32)[:, first if copy == "user" else first + 1])

    def taken(self, order: I64) -> Rows:
        """Some of the rows, unpacked."""
        numbers, codes = unpacked(self.matrix, _WHOLE, 3 + self.texts, order)
        return Rows._make([*numbers, *codes[:3], tuple(codes[3:])])


def width(texts: int) -> int:
    """How many numbers a packed row has: codes stand two and two."""
    return _WHOLE + (3 + texts + 1) // 2


def together(parts: Sequence[Rows]) -> Rows:
    """Rows one after the other; there is at least one part."""
    if len(parts) == 1:
        return parts[0]
    plain = (np.concatenate(columns) for columns in zip(*(part[:7] for part in parts), strict=True))
    texts = tuple(np.concatenate(c) for c in zip(*(part.texts for part in parts), strict=True))
    return Rows._make([*plain, texts])


class Names:
    """Texts by code, in the order they were first seen, and which of them are in no part yet."""

    def __init__(self, known: pa.Table | None = None) -> None:
        self._codes: dict[str, int] = {}
        self.parts: tuple[str, ...] = ()
        if known is not None:
            self.codes(known["text"].to_pylist())
        self._written = len(self._codes)

    def __len__(self) -> int:
        return len(self._codes)

    def codes(self, texts: Sequence[str]) -> I32:
        """The code of each text."""
        known = self._codes
        return np.array([known.setdefault(text, len(known)) for text in texts], np.int32)

    def encode(self, texts: pa.ChunkedArray) -> I32:
        """The code of each row's text; MISSING where it is null."""
        out = []
        for chunk in texts.chunks:
            encoded = chunk.dictionary_encode()
            codes = np.append(self.codes(encoded.dictionary.to_pylist()), np.int32(-1))
            out.append(codes[np.asarray(encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False), np.int64)])
        return np.concatenate(out) if out else np.zeros(0, np.int32)

    def write(self, folder: Folder, kind: str) -> tuple[str, ...]:
        """The parts with all texts; new ones are written."""
        fresh = list(self._codes)[self._written :]
        if fresh or not self.parts:
            self.parts += (folder.write(kind, pa.table({"text": pa.array(fresh, pa.string())})),)
            self._written = len(self._codes)
        return self.parts


class Keys:
    """Codes of users or accounts with their ids, and which of them are in no part yet."""

    def __init__(self, known: pa.Table | None = None) -> None:
        self.codes = KeyCodes(None if known is None else np.asarray(known["key"].to_numpy(), np.int64))
        self.parts: tuple[str, ...] = ()
        self._written = self.codes.count
        self._fresh: list[pa.Array] = []

    def encode(self, keys: pa.ChunkedArray, ids: pa.ChunkedArray) -> I32:
        """The code of each row's key; MISSING where it is null."""
        numbers = np.asarray(keys.fill_null(0).to_numpy(), np.int64)
        codes, fresh = self.codes.encode(numbers, np.asarray(pc.is_valid(keys).to_numpy(), np.bool_))
        if len(fresh):
            self._fresh.append(ids.take(pa.array(fresh)).combine_chunks())
        return codes

    def write(self, folder: Folder, kind: str) -> tuple[str, ...]:
        """The parts with all keys; new ones are written."""
        if self._fresh or not self.parts:
            ids = pa.chunked_array(self._fresh, pa.string()).combine_chunks()
            keys = pa.array(self.codes.keys[self._written :])
            self.parts += (folder.write(kind, pa.table({"key": keys, "id": ids})),)
            self._written, self._fresh = self.codes.count, []
        return self.parts


class Coding:
    """The codes of an index, which only grow."""

    def __init__(self, properties: Sequence[str]) -> None:
        self.properties = tuple(properties)
        self.events = Names()
        self.users, self.accounts = Keys(), Keys()
        self.texts = [Names() for _ in properties]

    @classmethod
    def of(cls, folder: Folder, manifest: Manifest) -> Coding:
        """Those of an index that is there."""
        coding = cls(manifest.properties)
        coding.events = Names(folder.tables(manifest.events))
        coding.users, coding.accounts = (Keys(folder.tables(p)) for p in (manifest.users, manifest.accounts))
        coding.texts = [Names(folder.tables(parts)) for parts in manifest.texts]
        coding.events.parts, coding.users.parts = manifest.events, manifest.users
        coding.accounts.parts = manifest.accounts
        for names, parts in zip(coding.texts, manifest.texts, strict=True):
            names.parts = parts
        return coding

    def keys(self, copy: str) -> I64:
        """The keys of a copy's units, by code."""
        return (self.users if copy == "user" else self.accounts).codes.keys

    def write(self, folder: Folder) -> Mapping[str, Any]:
        """The fields of a manifest that name the codes' parts."""
        return {
            "properties": self.properties,
            "events": self.events.write(folder, "events"),
            "users": self.users.write(folder, "users"),
            "accounts": self.accounts.write(folder, "accounts"),
            "texts": tuple(names.write(folder, f"texts{i}") for i, names in enumerate(self.texts)),
        }

    def read(self, found: pa.Table) -> Rows:
        """The rows of a statement's answer.

        Raises: TooManyTexts.
        """
        stamps = [
            np.asarray(found[n].cast(pa.int64()).fill_null(0).to_numpy(), np.int64) for n in ("ts", "recorded_at")
        ]
        plain = [np.asarray(found[n].fill_null(0).to_numpy(), np.int64) for n in ("place", "row_key")]
        texts = []
        for i, names in enumerate(self.texts):
            texts.append(names.encode(found[f"text{i}"]))
            if len(names) > MOST_TEXTS:
                raise TooManyTexts(self.properties[i])
        users = self.users.encode(found["user_key"], found["user_id"])
        accounts = self.accounts.encode(found["account_key"], found["account_id"])
        return Rows._make([*stamps, *plain, users, accounts, self.events.encode(found["event"]), tuple(texts)])


def resolved(
    snapshot: Snapshot, identities: Identities, properties: Sequence[str], events: Any, *, once: bool = False
) -> pa.Table:
    """Some events, each once, with the user and the account they count for; given as a table or a list of files.

    `once` leaves out the look for what was sent twice, where it is known that nothing was, or is looked for elsewhere.
    """
    names = ("row_key", "ts", "recorded_at", "place", "event", "user_key", "user_id", "account_key", "account_id")
    measure = measures.within(MEASURE, "r")
    if once:
        sent = next(part for part in measure.find_all(exp.CTE) if part.alias == "sent")
        sent.set("this", exp.select("*").from_("seen"))
    statement = exp.select(*(column(name) for name in names), *_texts(properties)).from_(measure, copy=False)
    beside = {**identities.tables, "events": events}
    return snapshot.select(MEASURE, measures.written(statement), {}, beside)


def _texts(properties: Sequence[str]) -> list[exp.Expression]:
    return [in_event(name).as_(f"text{i}") for i, name in enumerate(properties)]
