"""Events as the kernels walk them: by unit, in the order they happened, with a bit for each matcher they meet.

They come out of the sequence index where that stands for the snapshot and has what is asked for, and else out of the
lake by SQL, which gives the same. Hides which way, the statement that is made of the matchers, the joins of people,
accounts and contacts, and the codes of texts. A unit is a user, an account, or the value of a property; events without
one are counted, and are in no trail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, cached_property, partial, reduce
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from tenure.core.errors import QuestionRefused
from tenure.core.hashing import stable_hash
from tenure.core.sequences.events import added
from tenure.core.tracking import SAID
from tenure.warehouse import measures, traits
from tenure.warehouse.arrays import coded
from tenure.warehouse.identity import Identities
from tenure.warehouse.matchers import ACCOUNT_TRAITS, CONTACT_TRAITS, Matcher, Parameters, column, property_of
from tenure.warehouse.sequences import picking
from tenure.warehouse.sequences.opened import Opened
from tenure.warehouse.slices import ATTRIBUTES, Where
from tenure.warehouse.snapshot import Snapshot
from tenure.warehouse.wanted import EVERYTHING, MISSING, PROPERTY, Codes, Integers, Trails, Wanted, joined

__all__ = [
    "DAY",
    "EVERYTHING",
    "MISSING",
    "PROPERTY",
    "Integers",
    "Trails",
    "Wanted",
    "accounts_of",
    "counted",
    "each",
    "event_names",
    "joined",
    "read",
    "rows",
    "tally",
]

MEASURE = "event_rows"
MOST_MATCHERS = 62
DAY = 86_400_000_000
T = TypeVar("T")


def read(snapshot: Snapshot, wanted: Wanted, where: Where) -> Trails:
    """The trails of a question; `where` narrows to accounts.

    Raises: QuestionRefused for too many matchers, or conditions on rows, which events do not have.
    """
    return snapshot.made("trails", (wanted, where), lambda: joined(each(snapshot, wanted, where, lambda part: part)))


def each(
    snapshot: Snapshot, wanted: Wanted, where: Where, walk: Callable[[Trails], T], *, lent: bool = False
) -> list[T]:
    """What `walk` makes of the trails, part by part.

    Parts of the index are walked by several threads, each of which has one in memory; elsewhere there are as many parts
    as the engine makes, each of which may be walked on another machine. `lent`: what `walk` gives holds no array of its
    part, whose memory serves for the next one.
    Raises: as `read` does.
    """
    if len(wanted.matchers) > MOST_MATCHERS:
        raise QuestionRefused(
            "question.too_many_matchers",
            f"A question can tell {MOST_MATCHERS} matchers apart, not {len(wanted.matchers)}.",
            fix="Ask for fewer steps, exclusions or features at once.",
            field="steps",
            value=len(wanted.matchers),
        )
    joins = _joined(snapshot, wanted, where)
    if not snapshot.has("events"):
        return [walk(_trails(wanted, _empty(wanted)))]
    sql, values = _statement(joins, wanted, where)
    opened = snapshot.sequences.of(snapshot) if snapshot.sequences is not None else None
    if isinstance(opened, Opened):
        plan = picking.plan(opened, snapshot, wanted, where, joins.of_accounts, joins.of_contacts)
        if plan is not None:
            snapshot.sql[MEASURE] = sql
            return plan.walked(walk, snapshot.threads, lent=lent)
    if snapshot.sequences is not None:
        snapshot.sequences.remember(sorted(picking.properties(wanted)))
    together = None if wanted.unit == EVERYTHING else "unit"
    parts = snapshot.walked(MEASURE, sql, values, joins.tables, _ORDER, together, partial(_walked, wanted, walk))
    return parts or [walk(_trails(wanted, _empty(wanted)))]


def _walked(wanted: Wanted, walk: Callable[[Trails], T], rows: pa.Table) -> T:
    return walk(_trails(wanted, rows))


def counted(snapshot: Snapshot, wanted: Wanted, where: Where, walk: Callable[[Trails], T]) -> tuple[T, int]:
    """(the sum over all parts of what `walk` counts, a tuple of arrays; the events that are in no trail)."""
    less = replace(wanted, proof=False, named=False)
    parts = each(snapshot, less, where, lambda part: (walk(part), part.left_out), lent=True)
    return added(counts for counts, _ in parts), sum(left_out for _, left_out in parts)  # type: ignore[misc]


def rows(snapshot: Snapshot, row_keys: Integers) -> pa.Table:
    """The events with these keys, as they are: what proves a figure."""
    names = ("row_key", "row_id", "ts", "event", "user_id", "account_id", "properties", "received_at")
    if not snapshot.has("events"):
        return pa.table({name: pa.array([], pa.int64() if name == "row_key" else pa.string()) for name in names})
    keys = pa.table({"row_key": pa.array(np.unique(row_keys))})
    return snapshot.select(MEASURE, _rows_of_keys(names), {}, {**_Joins(snapshot, set()).tables, "keys": keys})


@cache
def _rows_of_keys(names: tuple[str, ...]) -> str:
    """The statement that gives these columns of the events whose keys are in the table `keys`."""
    statement = exp.select(*(column(name) for name in names)).from_(measures.within(MEASURE, "r"), copy=False)
    same = exp.EQ(this=column("row_key"), expression=column("row_key", "keys"))
    statement = statement.join(exp.to_table("keys"), on=same, copy=False)
    return measures.written(statement.order_by(column("ts"), column("recorded_at"), column("place"), copy=False))


class _Joins:
    """The small tables that events are joined with: people and where they belong always, traits where named."""

    def __init__(self, snapshot: Snapshot, props: set[str]) -> None:
        self._snapshot = snapshot
        self.of_account = bool(props & {*ACCOUNT_TRAITS, ATTRIBUTES})
        self.of_contact = bool(props & {*CONTACT_TRAITS})

    @cached_property
    def _identities(self) -> Identities:
        return self._snapshot.made("identities", None, partial(Identities.of, self._snapshot))

    def of_accounts(self) -> pa.Table:
        """Attributes by account key."""
        return traits.accounts(self._snapshot)

    def of_contacts(self) -> pa.Table:
        """Title and roles by user key."""
        return traits.contacts(self._snapshot, self._identities.people)

    @cached_property
    def tables(self) -> dict[str, pa.Table]:
        """Each by the name that statements give it."""
        found = dict(self._identities.tables)
        found |= {"account": self.of_accounts()} if self.of_account else {}
        return found | ({"contact": self.of_contacts()} if self.of_contact else {})

    def onto(self, statement: exp.Select) -> exp.Select:
        """The statement with its joins."""
        for there, name, key in ((self.of_account, "account", "account_key"), (self.of_contact, "contact", "user_key")):
            if there:
                same = exp.EQ(this=column(key), expression=column(key, name))
                statement = statement.join(exp.to_table(name), on=same, join_type="left", copy=False)
        return statement


def _joined(snapshot: Snapshot, wanted: Wanted, where: Where) -> _Joins:
    """The tables that the question's events are joined with."""
    if where.rows:
        raise QuestionRefused(
            "question.bad_value",
            f"Events have no field {where.rows[0].column!r}.",
            fix="Name attributes of accounts here; conditions on events stand in the matchers.",
            field="where",
            value=where.rows[0].column,
        )
    props = set(wanted.values).union(*(matcher.props() for matcher in wanted.matchers))
    props |= {ATTRIBUTES if c.column.startswith(ATTRIBUTES) else c.column for c in where.accounts}
    props |= {wanted.unit.removeprefix(PROPERTY)} if wanted.unit.startswith(PROPERTY) else set()
    return _Joins(snapshot, props | ({"roles"} if wanted.roles else set()))


def _narrowed(statement: exp.Select, wanted: Wanted, where: Where, values: Parameters) -> exp.Select:
    """The statement for a stretch of time and for some accounts."""
    for name, moment, compare in (("since", wanted.since, exp.GTE), ("before", wanted.before, exp.LT)):
        if moment is not None:
            values[name] = pa.scalar(moment, pa.timestamp("us", "UTC")).as_py()
            moments = compare(this=column("ts"), expression=exp.Parameter(this=exp.Var(this=name)))
            statement = statement.where(moments, copy=False)
    for condition in where.accounts:
        met = measures.predicate(condition, traits.trait(condition.column), values)
        statement = statement.where(met, copy=False)
    return statement


def _statement(joins: _Joins, wanted: Wanted, where: Where) -> tuple[str, Parameters]:
    """(SQL, parameters) of the rows of the trails."""
    values: Parameters = {}
    bits = [
        exp.Case(ifs=[exp.If(this=_with_role(wanted, k, matcher, values), true=_integer(1 << k))], default=_integer(0))
        for k, matcher in enumerate(wanted.matchers)
    ]
    columns = [
        _unit(wanted.unit).as_("unit"),
        *([_unit_name(wanted.unit).as_("unit_name")] if wanted.named else []),
        column("ts").as_("at"),
        column("recorded_at"),
        column("place"),
        column("row_key"),
        reduce(lambda one, other: exp.Add(this=one, expression=other), bits).as_("bits"),
    ]
    if wanted.person:
        columns.append(column("user_key").as_("person"))
    columns += [property_of(name).as_(f"value{i}") for i, name in enumerate(wanted.values)]
    inner = joins.onto(exp.select(*columns).from_(measures.within(MEASURE, "r"), copy=False))
    inner = _narrowed(inner, wanted, where, values)
    if wanted.every:
        return measures.written(inner), values
    met = exp.select("*").from_(inner.subquery("t", copy=False), copy=False)
    met = met.where(exp.NEQ(this=column("bits", "t"), expression=exp.Literal.number(0)), copy=False)
    if not wanted.silent:
        return measures.written(met), values
    there = _units_there(joins, wanted, where, values)
    return measures.written(exp.union(met, there, distinct=False, copy=False)), values


def _units_there(joins: _Joins, wanted: Wanted, where: Where, values: Parameters) -> exp.Select:
    """A row for each unit that did anything, without a moment: so those that meet no matcher have a trail too."""
    unit = _unit(wanted.unit)
    columns = [
        unit.as_("unit"),
        *([exp.Min(this=_unit_name(wanted.unit)).as_("unit_name")] if wanted.named else []),
        *(_nothing("timestamptz").as_(name) for name in ("at", "recorded_at")),
        *(_nothing("bigint").as_(name) for name in ("place", "row_key")),
        _integer(0).as_("bits"),
        *([_nothing("bigint").as_("person")] if wanted.person else []),
        *(_nothing("text").as_(f"value{i}") for i in range(len(wanted.values))),
    ]
    units = joins.onto(exp.select(*columns).from_(measures.within(MEASURE, "r"), copy=False))
    units = _narrowed(units, wanted, where, values)
    units = units.where(exp.Not(this=exp.Is(this=unit.copy(), expression=exp.Null())), copy=False)
    return units.group_by(unit.copy(), copy=False)


def _nothing(kind: str) -> exp.Expression:
    return exp.cast(exp.Null(), kind)


_ORDER = ("unit", "at", "recorded_at", "place", "row_key")


def _with_role(wanted: Wanted, k: int, matcher: Matcher, values: Parameters) -> exp.Expression:
    condition = matcher.sql(values)
    role = (wanted.roles or {}).get(k)
    if role is None:
        return condition
    values[f"role{k}"] = f"|{role}|"
    has = exp.Contains(this=column("role_marks", "contact"), expression=exp.Parameter(this=exp.Var(this=f"role{k}")))
    return exp.and_(condition, exp.Coalesce(this=has, expressions=[exp.false()]))


def _integer(value: int) -> exp.Expression:
    return exp.cast(exp.Literal.number(value), "bigint")


def _unit(unit: str) -> exp.Expression:
    """What events are sorted by: a key, or the text of a property."""
    if unit == EVERYTHING:
        return _integer(0)
    if unit in ("user", "account"):
        return column(f"{unit}_key")
    return property_of(unit.removeprefix(PROPERTY))


def _unit_name(unit: str) -> exp.Expression:
    if unit == EVERYTHING:
        return exp.Literal.string("")
    return column(f"{unit}_id") if unit in ("user", "account") else property_of(unit.removeprefix(PROPERTY))


def _empty(wanted: Wanted) -> pa.Table:
    text = wanted.unit.startswith(PROPERTY)
    columns: dict[str, Any] = {"unit": pa.array([], pa.string() if text else pa.int64())}
    columns["unit_name"] = pa.array([], pa.string())
    columns["at"] = pa.array([], pa.timestamp("us", "UTC"))
    columns |= {name: pa.array([], pa.int64()) for name in ("row_key", "bits", "person")}
    columns |= {f"value{i}": pa.array([], pa.string()) for i in range(len(wanted.values))}
    return pa.table(columns)


def _trails(wanted: Wanted, found: pa.Table) -> Trails:
    """The trails of rows that lie in their order; a row without a moment says that its unit is there."""
    left_out = found["unit"].null_count
    found = found.slice(0, found.num_rows - left_out)  # those without a unit lie last
    units = found["unit"]
    if pa.types.is_string(units.type):
        keys = coded(units)[0].astype(np.int64)
    else:
        keys = np.asarray(units.to_numpy(), np.int64)
    begins = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else np.zeros(0, np.int64)
    names = pa.array([], pa.string())
    if wanted.named:
        names = found["unit_name"].take(pa.array(begins)).cast(pa.string())
        names = names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
    first = np.append(begins, len(keys)).astype(np.int64)
    if found["at"].null_count:
        happened = pc.is_valid(found["at"])
        first = np.append(0, np.cumsum(np.asarray(happened.to_numpy(), np.int64)))[first]
        found = found.filter(happened)
    person = np.zeros(0, np.int32)
    if wanted.person:
        known = pc.is_valid(found["person"]).to_numpy()
        distinct = np.unique(np.asarray(found["person"].fill_null(0).to_numpy(), np.int64), return_inverse=True)[1]
        person = np.where(known, distinct, MISSING).astype(np.int32)
    return Trails(
        names,
        first,
        np.asarray(found["at"].cast(pa.int64()).to_numpy(), np.int64),
        np.asarray(found["bits"].to_numpy(), np.int64).view(np.uint64),
        np.asarray(found["row_key"].to_numpy(), np.int64),
        person,
        {name: _coded(found[f"value{i}"]) for i, name in enumerate(wanted.values)},
        left_out,
    )


def _coded(column: pa.ChunkedArray) -> tuple[Codes, list[str]]:
    """(codes, texts); MISSING for null."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    codes = encoded.indices.fill_null(MISSING).to_numpy(zero_copy_only=False)
    return codes.astype(np.int32), encoded.dictionary.to_pylist()


def event_names(snapshot: Snapshot, since: int, before: int, where: Where) -> list[str]:
    """The names of the events that accounts did in a stretch of time, the most frequent first."""
    if not snapshot.has("events"):
        return []
    wanted = Wanted(EVERYTHING, (), since=since, before=before)
    joins = _joined(snapshot, wanted, where)
    values: Parameters = {}
    name, often = column("event"), exp.Count(this=exp.Star())
    statement = exp.select(name, often.as_("often")).from_(measures.within(MEASURE, "r"), copy=False)
    statement = statement.group_by(name.copy(), copy=False)
    statement = _narrowed(joins.onto(statement), wanted, where, values)
    found = snapshot.select(MEASURE, measures.written(statement), values, joins.tables)
    counts = dict(zip(found["event"].to_pylist(), found["often"].to_pylist(), strict=True))
    return sorted(counts.keys() - {*SAID}, key=lambda event: (-counts[event], event))


def tally(snapshot: Snapshot, edges: Integers, where: Where) -> pa.Table:
    """Of each event that accounts did: how often between two edges (n0, n1 ...), by how many, first and last moment.

    A copy of an event that lies further than a day before the edges is not known here, so that old files are not read.
    """
    wanted = Wanted(EVERYTHING, (), since=int(edges[0]), before=int(edges[-1]))
    joins = _joined(snapshot, wanted, where)
    values: Parameters = {}
    rows = measures.within(MEASURE, "r")
    near = ((exp.GTE, "near_since", edges[0] - DAY), (exp.LT, "near_before", edges[-1] + DAY))
    for compare, name, moment in near:
        values[name] = pa.scalar(int(moment), pa.timestamp("us", "UTC")).as_py()
        rows.find(exp.CTE).this.where(compare(this=column("ts", "e"), expression=_parameter(name)), copy=False)
    columns = [
        column("event"),
        exp.Count(this=exp.Distinct(expressions=[column("user_key")])).as_("users"),
        exp.Count(this=exp.Distinct(expressions=[column("account_key")])).as_("accounts"),
        exp.Min(this=column("ts")).as_("first"),
        exp.Max(this=column("ts")).as_("last"),
    ]
    for place, (since, before) in enumerate(pairwise(edges.tolist())):
        terms = []
        for compare, side, moment in ((exp.GTE, "from", since), (exp.LT, "to", before)):
            values[f"{side}{place}"] = pa.scalar(moment, pa.timestamp("us", "UTC")).as_py()
            terms.append(compare(this=column("ts"), expression=_parameter(f"{side}{place}")))
        here = exp.Case(ifs=[exp.If(this=exp.and_(*terms), true=_integer(1))], default=_integer(0))
        columns.append(exp.cast(exp.Sum(this=here), "bigint").as_(f"n{place}"))
    statement = exp.select(*columns).from_(rows, copy=False).group_by(column("event"), copy=False)
    statement = _narrowed(joins.onto(statement), wanted, where, values)
    return snapshot.select(MEASURE, measures.written(statement), values, joins.tables)


def accounts_of(snapshot: Snapshot, ids: pa.Array, where: Where) -> pa.Array:
    """Those of the ids whose accounts meet the conditions."""
    joins = _joined(snapshot, Wanted(EVERYTHING, ()), where)
    values: Parameters = {}
    statement = joins.onto(exp.select(column("account_id")).from_(exp.to_table("ids").as_("r")))
    statement = _narrowed(statement, Wanted(EVERYTHING, ()), where, values)
    keys = pa.table({"account_id": ids, "account_key": pa.array(stable_hash(ids))})
    sql = measures.written(statement)
    return snapshot.engine.query(sql, values, {**joins.tables, "ids": keys})["account_id"].combine_chunks()


def _parameter(name: str) -> exp.Expression:
    return exp.Parameter(this=exp.Var(this=name))
