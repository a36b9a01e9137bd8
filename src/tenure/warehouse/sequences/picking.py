"""What a question wants to know, looked up in the index. Hides how matchers and conditions become tables by code.

A condition on a property is asked once for each value of it, of an account's attribute once for each account, by the
same SQL that is asked of rows elsewhere. What the index has no column for it does not answer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlglot import exp

from tenure.core.sequences import buckets
from tenure.core.sequences.buckets import EVER, MISSING, NEVER, Columns, Picked, Room, Rules, Units
from tenure.core.sequences.events import I32, I64, U8, U64
from tenure.core.tracking import SAID
from tenure.warehouse import measures, traits
from tenure.warehouse.matchers import ACCOUNT_TRAITS, CONTACT_TRAITS, Parameters, column, meets
from tenure.warehouse.sequences.folder import in_threads
from tenure.warehouse.sequences.opened import Bucket, Opened
from tenure.warehouse.sequences.parts import Part
from tenure.warehouse.slices import Where
from tenure.warehouse.snapshot import Snapshot
from tenure.warehouse.wanted import Trails, Wanted

T = TypeVar("T")
Column = npt.NDArray[Any]
Asked = Callable[[Parameters], exp.Expression]
Get = Callable[[Part], Column]
_ALL = np.uint64(0xFFFF_FFFF_FFFF_FFFF)
_OWN = {"event": "event", "user_id": "user", "account_id": "account"}
_NO_WORDS = np.zeros(0, np.uint64)
_NO_FLAGS = np.zeros(0, np.uint8)


@dataclass(frozen=True, slots=True)
class Value:
    """Where the codes of a property come from."""

    source: str
    place: I32 | None
    """code of the source -> code of the value, the last for none; None where they are the same"""
    texts: list[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """How each bucket is looked through."""

    opened: Opened
    wanted: Wanted
    rules: Rules
    of_unit: U64
    """code of the unit -> the matchers its rows may meet; the last for rows without unit"""
    shown: U8
    """code of the unit -> whether it is looked at"""
    texts: dict[str, U64]
    """property -> code of its value -> the matchers that rows with it may meet"""
    values: dict[str, Value]

    def walked(self, walk: Callable[[Trails], T], threads: int, *, lent: bool) -> list[T]:
        """What `walk` makes of each bucket, in their order; with `lent` it keeps no array of the trails."""
        numbers = range(self.opened.manifest.buckets)
        own = threading.local()

        def one(number: int) -> T:
            if not lent or not hasattr(own, "room"):
                own.room = Room()
            return walk(self._one(number, own.room))

        with in_threads(threads) as pool:
            return list(pool.map(one, numbers))

    def _one(self, number: int, room: Room) -> Trails:
        """The trails of a bucket."""
        nobody = self.opened.nobody(self.wanted.unit)[number :: self.opened.manifest.buckets]
        left_out = sum(self._without_unit(part, room) for part in nobody)
        bucket = self.opened.bucket(self.wanted.unit, number)
        main, tail = self._columns(bucket.main), self._columns(bucket.tail or bucket.main)
        units = Units(bucket.low, bucket.high, bucket.in_tail, self.of_unit[bucket.units], self.shown[bucket.units])
        found = buckets.pick(main, tail, units, self.rules, room, placed=self._placed)
        return self._trails(bucket, found, left_out)

    def _without_unit(self, part: Part, room: Room) -> int:
        columns = self._columns(part)
        units = Units(part.first[:1], part.first[1:], np.zeros(1, np.uint8), self.of_unit[-1:], self.shown[-1:])
        return len(buckets.pick(columns, columns, units, self.rules, room, placed=False).at)

    @property
    def _placed(self) -> bool:
        """Whether columns of the rows are asked for that the walk itself does not need."""
        of_rows = any(value.source != self.wanted.unit for value in self.values.values())
        return self.wanted.proof or of_rows or (self.wanted.person and self.wanted.unit == "account")

    def _columns(self, part: Part) -> Columns:
        allowed: U64 | None = None
        for name, table in self.texts.items():
            allowed = buckets.narrowed(allowed, part.texts[self.opened.manifest.properties.index(name)], table)
        return Columns(part.at, part.event, part.other, _NO_WORDS if allowed is None else allowed)

    def _trails(self, bucket: Bucket, found: Picked, left_out: int) -> Trails:
        kept = np.flatnonzero((np.diff(found.first) > 0) | (found.seen.astype(bool) & self.wanted.silent))
        names = self.opened.users if self.wanted.unit == "user" else self.opened.accounts
        first = np.append(found.first[kept], found.first[-1])

        @cache
        def units() -> I32:
            return np.repeat(bucket.units, np.diff(found.first))

        def of_rows(get: Get) -> Column:
            return _gathered(bucket, found.place, get)

        values = {name: (self._codes(value, units, of_rows), value.texts) for name, value in self.values.items()}
        person: Column = np.zeros(0, np.int32)
        if self.wanted.person:
            person = of_rows(lambda part: part.other) if self.wanted.unit == "account" else units()
        named = bucket.units[kept] if self.wanted.named else kept[:0]
        return Trails(
            names["id"].take(pa.array(named)).combine_chunks(),
            first,
            found.at,
            found.bits,
            of_rows(lambda part: part.row_key) if self.wanted.proof else np.zeros(0, np.int64),
            person.astype(np.int32, copy=False),
            values,
            left_out,
        )

    def _codes(self, value: Value, units: Callable[[], I32], of_rows: Callable[[Get], Column]) -> I32:
        codes: Column
        if value.source == self.wanted.unit:
            codes = units()
        elif value.source in ("user", "account"):
            codes = of_rows(lambda part: part.other)
        elif value.source == "event":
            codes = of_rows(lambda part: part.event)
        else:
            place = self.opened.manifest.properties.index(value.source)
            codes = of_rows(lambda part: part.texts[place])
        return (codes if value.place is None else value.place[codes]).astype(np.int32, copy=False)


def _gathered(bucket: Bucket, place: I64, get: Get) -> Column:
    """A column at the rows picked, some of which lie in the tail."""
    main = get(bucket.main)
    if bucket.tail is None:
        return np.asarray(main[place])
    moved = place >= len(main)
    found = main[np.where(moved, 0, place)] if len(main) else np.zeros(len(place), main.dtype)
    found[moved] = get(bucket.tail)[place[moved] - len(main)]
    return found


def properties(wanted: Wanted) -> set[str]:
    """The properties of events that a question names."""
    return {*wanted.values}.union(*(matcher.props() for matcher in wanted.matchers)) - {*_OWN}


def plan(
    opened: Opened, snapshot: Snapshot, wanted: Wanted, where: Where,
    of_accounts: Callable[[], pa.Table], of_contacts: Callable[[], pa.Table],
) -> Plan | None:  # fmt: skip
    """How the index answers a question; None where it has no column for what is asked."""
    if wanted.unit not in ("user", "account"):
        return None
    if not all(_has(opened, name) for name in properties(wanted)):
        return None
    tables = _Tables(opened, snapshot, of_accounts, of_contacts)
    for k, matcher in enumerate(wanted.matchers):
        for condition in matcher.where:
            source, text = tables.place(condition.prop)
            tables.ask(source, k, partial(meets, condition, text))
        role = (wanted.roles or {}).get(k)
        if role is not None:
            tables.ask("user", k, partial(_has_role, k, role))
    for shown in where.accounts:
        tables.ask("account", None, partial(measures.predicate, shown, traits.trait(shown.column)))
    words, shown_accounts = tables.answered()
    unit, other = wanted.unit, "account" if wanted.unit == "user" else "user"
    count = len(opened.users if unit == "user" else opened.accounts)
    by_event = _by_event(opened, wanted) & words.pop("event", np.full(1, _ALL))
    seen = shown_accounts if unit == "account" and len(shown_accounts) else np.ones(count + 1, np.uint8)
    rules = Rules(
        by_event,
        words.pop(other, _NO_WORDS),
        shown_accounts if unit == "user" else _NO_FLAGS,
        EVER if wanted.since is None else wanted.since,
        NEVER if wanted.before is None else wanted.before,
        wanted.every,
    )
    values = {name: tables.value(name) for name in wanted.values}
    return Plan(opened, wanted, rules, words.pop(unit, np.full(count + 1, _ALL)), seen, words, values)


def _has(opened: Opened, name: str) -> bool:
    """Whether the index can tell a property; one that is an attribute too only if no event has it itself."""
    column = opened.texts.get(name)
    return column is not None and (name not in (*ACCOUNT_TRAITS, *CONTACT_TRAITS) or not column.num_rows)


def _by_event(opened: Opened, wanted: Wanted) -> U64:
    """Code of the event -> the matchers that name it; the last entry is for none."""
    codes = {name: code for code, name in enumerate(opened.events)}
    table = np.zeros(len(codes) + 1, np.uint64)
    for k, matcher in enumerate(wanted.matchers):
        bit = np.uint64(1 << k)
        if matcher.events is None:
            table[[code for name, code in codes.items() if name not in SAID]] |= bit
        else:
            table[[codes[name] for name in dict.fromkeys(matcher.events) if name in codes]] |= bit
    return table


def _has_role(k: int, role: str, values: Parameters) -> exp.Expression:
    values[f"role{k}"] = f"|{role}|"
    has = exp.Contains(this=column("role_marks", "contact"), expression=exp.Parameter(this=exp.Var(this=f"role{k}")))
    return exp.Coalesce(this=has, expressions=[exp.false()])


class _Tables:
    """Conditions by the codes that they are asked of."""

    def __init__(
        self, opened: Opened, snapshot: Snapshot,
        of_accounts: Callable[[], pa.Table], of_contacts: Callable[[], pa.Table],
    ) -> None:  # fmt: skip
        self._opened, self._snapshot = opened, snapshot
        self._traits = {"account": of_accounts, "user": of_contacts}
        self._asked: dict[str, list[tuple[int | None, Asked]]] = {}

    def place(self, prop: str) -> tuple[str, exp.Expression]:
        """(what a property is asked of, its text there)."""
        if prop in _OWN:
            return _OWN[prop], column("text")
        if prop in ACCOUNT_TRAITS:
            return "account", column(prop, "account")
        return ("user", column(prop, "contact")) if prop in CONTACT_TRAITS else (prop, column("text"))

    def ask(self, source: str, matcher: int | None, condition: Asked) -> None:
        """Ask a condition; without a matcher it says which accounts are looked at."""
        self._asked.setdefault(source, []).append((matcher, condition))

    def answered(self) -> tuple[dict[str, U64], U8]:
        """(source -> code -> the matchers whose conditions hold, code of the account -> whether it is looked at)."""
        words: dict[str, U64] = {}
        shown = _NO_FLAGS
        for source, asked in self._asked.items():
            values: Parameters = {}
            terms = [condition(values) for _, condition in asked]
            found = self._selected(source, [exp.Coalesce(this=t, expressions=[exp.false()]) for t in terms], values)
            for (matcher, _), met in zip(asked, found.columns, strict=True):
                flags = np.asarray(met.to_numpy(), np.bool_)
                if matcher is None:
                    shown = flags.astype(np.uint8) if not len(shown) else shown & flags
                else:
                    word = words.setdefault(source, np.full(len(flags), _ALL))
                    word[~flags] &= ~np.uint64(1 << matcher)
        return words, shown

    def value(self, prop: str) -> Value:
        """Where the values of a property come from."""
        source, text = self.place(prop)
        if prop in (*ACCOUNT_TRAITS, *CONTACT_TRAITS):
            found = self._selected(source, [text], {}).column(0).combine_chunks().dictionary_encode()
            codes = found.indices.fill_null(MISSING).to_numpy(zero_copy_only=False).astype(np.int32)
            return Value(source, codes, found.dictionary.to_pylist())
        return Value(source, None, self._coded(source)["text"].to_pylist())

    def _coded(self, source: str) -> pa.Table:
        """The texts of a source by code, with the key where it has one."""
        if source == "event":
            return pa.table({"text": pa.array(self._opened.events, pa.string())})
        if source in ("user", "account"):
            table = self._opened.users if source == "user" else self._opened.accounts
            return pa.table({f"{source}_key": table["key"], "text": table["id"], f"{source}_id": table["id"]})
        return self._opened.texts[source]

    def _selected(self, source: str, terms: Sequence[exp.Expression], values: Parameters) -> pa.Table:
        """Expressions for each code of a source; the last row is for what is missing."""
        coded = self._coded(source)
        nothing = pa.Table.from_arrays([pa.nulls(1, f.type) for f in coded.schema], schema=coded.schema)
        coded = pa.concat_tables([coded, nothing])
        coded = coded.append_column("code", pa.array(np.arange(len(coded))))
        tables = {"r": coded}
        statement = exp.select(*(t.as_(f"c{i}") for i, t in enumerate(terms))).from_(exp.to_table("r"))
        name = {"account": "account", "user": "contact"}.get(source)
        if name is not None and any(c.table == name for term in terms for c in term.find_all(exp.Column)):
            tables[name] = self._traits[source]()
            same = exp.EQ(this=column(f"{source}_key"), expression=column(f"{source}_key", name))
            statement = statement.join(exp.to_table(name), on=same, join_type="left")
        statement = statement.order_by(column("code"))
        return self._snapshot.engine.query(measures.written(statement), values, tables)
