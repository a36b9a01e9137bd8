"""`event_catalogue` and `event_properties`: which events there are, what is said of them, and whether they drift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from tenure.core import catalogue as drift
from tenure.core.metrics.mrr import ratio
from tenure.core.money import MONEY
from tenure.core.sequences.edges import interval_edges
from tenure.core.tracking import SAID
from tenure.warehouse import catalogue, trails
from tenure.warehouse.answer import Result
from tenure.warehouse.catalogue import Entry
from tenure.warehouse.questions import base, behaviour
from tenure.warehouse.questions.base import Ask, Question, asked
from tenure.warehouse.revenue import rounded
from tenure.warehouse.schema import STAMP
from tenure.warehouse.slices import Where
from tenure.warehouse.snapshot import Snapshot
from tenure.warehouse.trails import Integers

MOST_NAMES = 2_000
DAYS = asked("whole", "How many days are counted, the last one included.", 30, bounds=(7, 92))
LAST = asked("day", "The last day that is counted. Default: today.", None)
SHAPE = pa.schema(
    [
        ("event", pa.string()), ("feature", pa.string()), ("owner", pa.string()), ("description", pa.string()),
        ("hidden", pa.bool_()), ("events", pa.int64()), ("users", pa.int64()), ("accounts", pa.int64()),
        ("by_day", pa.list_(pa.int64())), ("first_seen", STAMP), ("last_seen", STAMP),
        ("properties", pa.list_(pa.string())), ("alarms", pa.list_(pa.string())), ("complete", pa.bool_()),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class EventCatalogue(Question):
    """Every event that was ever seen, with what people wrote of it."""

    name: ClassVar[str] = "event_catalogue"
    doc: ClassVar[str] = "Every event: how often, by how many, since when, what belongs to it, and whether it drifts."
    of_events: ClassVar[bool] = True
    of_lines: ClassVar[bool] = False
    columns: ClassVar[Mapping[str, str]] = {
        "event": "the event's name",
        "feature": "the feature it belongs to, as people wrote it",
        "owner": "who knows about it",
        "description": "what it means",
        "hidden": "whether it is noise: no list offers it",
        "events": "how often it came in the days counted",
        "users": "distinct users of them",
        "accounts": "distinct accounts of them",
        "by_day": "how often on each day, the oldest first",
        "first_seen": "when it first happened, of all time",
        "last_seen": "when it last happened, of all time",
        "properties": "names of its properties, the most frequent first",
        "alarms": "`new`, `silent`, and `type:NAME` for each property that came in a new type",
        "complete": "false while the last day is not over",
    }
    days: int = DAYS
    to: date | None = LAST
    where: Where = behaviour.WHERE
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        snapshot = ask.snapshot
        edges = _edges(snapshot, self.to, self.days)
        known = catalogue.entries(snapshot)
        counted = _counted(snapshot, edges, self.where)
        spans = _spans(ask, self.where)
        for event, row in counted.items():
            first, last = spans.get(event, (row["first"], row["last"]))
            spans[event] = (min(first, row["first"]), max(last, row["last"]))
        said = catalogue.parsed(_of_accounts(ask, ask.summaries.samples(_version(ask)), self.where))
        recent = int(edges[-1]) - drift.RECENT_DAYS * trails.DAY
        began = min((_micros(first) for first, _ in spans.values()), default=None)
        described = set() if self.where.accounts else set(known)
        rows = [
            _row(event, known.get(event), counted.get(event), spans.get(event), edges)
            | _said(said.get(event, []), recent)
            for event in spans.keys() | described
        ]
        for row in rows:
            first = None if row["first_seen"] is None else _micros(row["first_seen"])
            signs = [("new", drift.is_new(first, began, recent)), ("silent", drift.is_silent(row["by_day"]))]
            row["alarms"] = [name for name, is_so in signs if is_so] + row["alarms"]
            row["complete"] = int(edges[-1]) <= behaviour.now_of(None, snapshot)
        rows.sort(key=lambda row: (-row["events"], row["event"]))
        more = len(rows) - MOST_NAMES
        notes = [{"code": "events_left_out", "count": more}] if more > 0 else []
        return Result(pa.Table.from_pylist(rows[:MOST_NAMES], schema=SHAPE), [], notes)


@dataclass(frozen=True)
class EventProperties(Question):
    """The properties of one event."""

    name: ClassVar[str] = "event_properties"
    doc: ClassVar[str] = "The properties of an event with their types and examples, from a sample of its rows."
    of_events: ClassVar[bool] = True
    of_lines: ClassVar[bool] = False
    columns: ClassVar[Mapping[str, str]] = {
        "property": "the property's name",
        "types": "types it came in: text, number, boolean, list, object",
        "share": "share of the sampled events that have it",
        "changed": "whether it lately came in a type that it had not before",
        "examples": "some of its newest values; only for who may read what is personal",
        "complete": "always true",
    }
    event: str = asked("text", "The event's name.")
    to: date | None = LAST
    where: Where = behaviour.WHERE
    definition: str | None = base.DEFINITION

    def persons(self) -> frozenset[str]:
        return frozenset({self.event} & {*SAID})

    def personal(self) -> frozenset[str]:
        return frozenset({"examples"})

    def answer(self, ask: Ask) -> Result:
        edges = _edges(ask.snapshot, self.to, drift.RECENT_DAYS)
        samples = _of_accounts(ask, ask.summaries.samples(_version(ask), self.event), self.where)
        said = catalogue.parsed(samples).get(self.event, [])
        rows = [
            {
                "property": name,
                "types": one.types,
                "share": _share(one.count, len(said)),
                "changed": one.changed,
                "examples": one.examples,
                "complete": True,
            }
            for name, one in drift.properties_of(said, int(edges[0])).items()
        ]
        shape = pa.schema(
            [("property", pa.string()), ("types", pa.list_(pa.string())), ("share", MONEY), ("changed", pa.bool_()),
             ("examples", pa.list_(pa.string())), ("complete", pa.bool_())]
        )  # fmt: skip
        return Result(pa.Table.from_pylist(rows, schema=shape), [], [{"code": "sampled", "count": len(said)}])


def _edges(snapshot: Snapshot, to: date | None, days: int) -> Integers:
    """The beginnings of the local days that are counted, and the end of the last."""
    last = snapshot.today if to is None else to
    return interval_edges(last - timedelta(days=days - 1), "day", days, snapshot.definition.timezone)


def _version(ask: Ask) -> int | None:
    return ask.snapshot.versions.get("events")


def _counted(snapshot: Snapshot, edges: Integers, where: Where) -> dict[str, dict[str, Any]]:
    """Event -> its counts in the days."""
    if not snapshot.has("events"):
        return {}
    rows = trails.tally(snapshot, edges, where).to_pylist()
    return {row["event"]: row for row in rows if row["event"] not in SAID}


def _spans(ask: Ask, where: Where) -> dict[str, tuple[datetime, datetime]]:
    """Event -> the first and the last moment of all time."""
    names = _of_accounts(ask, ask.summaries.names(_version(ask)), where)
    found = names.group_by("event").aggregate([("first", "min"), ("last", "max")]).to_pylist()
    return {row["event"]: (row["first_min"], row["last_max"]) for row in found}


def _of_accounts(ask: Ask, rows: pa.Table, where: Where) -> pa.Table:
    """The rows of some accounts: of events that name their account themselves."""
    if not (where.accounts or where.rows):
        return rows
    ids = rows["account_id"].unique().drop_null()
    return rows.filter(pc.is_in(rows["account_id"], trails.accounts_of(ask.snapshot, ids, where)))


def _row(
    event: str,
    entry: Entry | None,
    counts: Mapping[str, Any] | None,
    span: tuple[datetime, datetime] | None,
    edges: Integers,
) -> dict[str, Any]:
    by_day = [0 if counts is None else counts[f"n{place}"] for place in range(len(edges) - 1)]
    first, last = (None, None) if span is None else span
    return {
        "event": event,
        "feature": None if entry is None else entry.feature,
        "owner": None if entry is None else entry.owner,
        "description": None if entry is None else entry.description,
        "hidden": entry is not None and entry.hidden,
        "events": sum(by_day),
        "users": 0 if counts is None else counts["users"],
        "accounts": 0 if counts is None else counts["accounts"],
        "by_day": by_day,
        "first_seen": first,
        "last_seen": last,
    }


def _said(samples: list[tuple[int, dict[str, Any]]], recent: int) -> dict[str, Any]:
    found = drift.properties_of(samples, recent)
    return {"properties": list(found), "alarms": [f"type:{name}" for name, one in found.items() if one.changed]}


def _share(part: int, whole: int) -> Decimal | None:
    share = ratio(part, whole)
    return None if share is None else rounded(share)


def _micros(stamp: datetime) -> int:
    return int(pa.scalar(stamp, STAMP).cast(pa.int64()).as_py())
