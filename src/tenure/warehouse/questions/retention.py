"""`retention`: who of those that started in an interval came back; `feature_retention`: the same for each feature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from tenure.core.metrics.features import Use, points
from tenure.core.metrics.mrr import ratio
from tenure.core.money import MONEY
from tenure.core.sequences import features as kernel
from tenure.core.sequences import retention as walks
from tenure.core.sequences.retention import Layout, Rule
from tenure.core.stats.intervals import wilson
from tenure.warehouse import catalogue, trails
from tenure.warehouse.answer import Result
from tenure.warehouse.lines import NONE
from tenure.warehouse.matchers import Matcher
from tenure.warehouse.questions import base, behaviour, worth
from tenure.warehouse.questions.base import Ask, asked, no_cell
from tenure.warehouse.questions.behaviour import ANY, Behaviour, Breakdown
from tenure.warehouse.questions.movements import known
from tenure.warehouse.revenue import rounded
from tenure.warehouse.slices import Where
from tenure.warehouse.snapshot import Snapshot
from tenure.warehouse.trails import MISSING, Integers, Trails, Wanted

START, BACK, BARE = range(3)
MOST_EVENTS = 310
"""Events that `all` makes features of, the most frequent ones: five passes."""
COLUMNS = asked(
    "whole", "Columns, the first is the cohort's own interval. Default: a triangle.", None, bounds=(1, 1_000)
)


@dataclass(frozen=True)
class Retention(Behaviour):
    """Cohorts by the interval of a start, followed by the intervals of a return."""

    name: ClassVar[str] = "retention"
    doc: ClassVar[str] = "Of the units that started in an interval, how many came back in each later one."
    columns: ClassVar[Mapping[str, str]] = {
        "cohort": "label of the interval of the start",
        "size": "units that started in it",
        "values": "units that came back in the k-th interval after it; k = 0 is the size; null while it is not over",
        "rate": "their share of the size; null where it is not over or nobody started",
        "complete": "false while one of its intervals is not over",
    }
    start: Matcher = asked("matcher", "The events that put a unit into a cohort. Default: any.", ANY)
    return_: Matcher = asked("matcher", "The events that count as coming back. Default: any.", ANY)
    period: str = behaviour.PERIOD
    first_interval: str | None = behaviour.FIRST_INTERVAL
    intervals: int = behaviour.INTERVALS
    columns_: int | None = COLUMNS
    mode: str = asked(
        "choice", "recurring: in every interval it starts; first_time: its first start; first_ever: if that meets.",
        "recurring", ("recurring", "first_time", "first_ever"),
    )  # fmt: skip
    unbounded: bool = asked("flag", "Came back in the interval or in any later one.", False)
    min_returns: int = asked("whole", "So many returns in an interval.", 1, bounds=(1, 1_000_000))
    basis: walks.Basis = asked(
        "choice", "calendar: local intervals; rolling: lengths of the clock from each start.", "calendar",
        ("calendar", "rolling", "rolling_hour_floor"),
    )  # fmt: skip
    unit: str = behaviour.UNIT
    breakdown: Breakdown | None = asked("breakdown", "Property of the start to cut by.", None)
    now: str | None = behaviour.NOW
    where: Where = behaviour.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        snapshot = known(ask, self.as_known_on)
        table, now = self._layout(snapshot), behaviour.now_of(self.now, snapshot)
        counts, texts, left_out = self._counts(snapshot, table)
        labels = [behaviour.interval_label(edge, self.period, snapshot) for edge in table.edges[: table.rows].tolist()]
        complete = table.complete(now)
        widths = table.widths.tolist()
        shown = [v for v in range(len(texts) + 1) if counts.size[v].any()] or [len(texts)]
        rows: list[tuple[str, str, int, list[int | None], list[Decimal | None], bool]] = []
        for v in shown:
            for r, cohort in enumerate(labels):
                size = int(counts.size[v, r])
                over = complete[r, : widths[r]].tolist()
                values = [int(n) if o else None for n, o in zip(counts.retained[v, r].tolist(), over, strict=False)]
                rates = [None if n is None else _share(n, size) for n in values]
                rows.append((cohort, [*texts, NONE][v], size, values, rates, all(over)))
        data: dict[str, pa.Array] = {"cohort": pa.array([r[0] for r in rows], pa.string())}
        if self.breakdown is not None:
            data[self.breakdown.prop] = pa.array([r[1] for r in rows], pa.string())
        data["size"] = pa.array([r[2] for r in rows], pa.int64())
        data["values"] = pa.array([r[3] for r in rows], pa.list_(pa.int64()))
        data["rate"] = pa.array([r[4] for r in rows], pa.list_(MONEY))
        data["complete"] = pa.array([r[5] for r in rows], pa.bool_())
        size, retained = counts.size.sum(axis=0), counts.retained.sum(axis=0)
        means = [_rounded(walks.average(size, retained, complete, weighted=w)) for w in (True, False)]
        average = pa.table(
            {"column": pa.array(range(table.width), pa.int64()), "rate": pa.array(means[0], MONEY),
             "mean_of_cohorts": pa.array(means[1], MONEY)}
        )  # fmt: skip
        notes = [{"code": "without_unit", "count": left_out}] if left_out else []
        return Result(pa.table(data), [], notes, {"average": average})

    def _counts(self, snapshot: Snapshot, table: Layout) -> tuple[walks.Retention, list[str], int]:
        """(the counts, the values they are cut by, events without a unit); what values lead only all parts say."""

        def walk(part: Trails) -> walks.Retention:
            codes, texts = self._cuts(part)
            return walks.retention(part.first, part.at, part.bits, table, self._rule(), value=codes, values=len(texts))

        if self.breakdown is None:
            counts, left_out = trails.counted(snapshot, self._wanted(table), self.where, walk)
            return counts, [], left_out
        found = self._read(snapshot, table)
        return walk(found), self._cuts(found)[1], found.left_out

    def behind(self, ask: Ask, cell: Mapping[str, Any]) -> tuple[Trails, Integers]:
        snapshot = known(ask, self.as_known_on)
        table, now = self._layout(snapshot), behaviour.now_of(self.now, snapshot)
        labels = [behaviour.interval_label(edge, self.period, snapshot) for edge in table.edges[: table.rows].tolist()]
        column = str(cell.get("column", 0))
        prop = None if self.breakdown is None else self.breakdown.prop
        allowed = ("cohort", "column", *(() if prop is None else (prop,)))
        if set(cell) - {*allowed} or (cell.get("cohort") not in (None, *labels)) or not column.isdecimal():
            raise no_cell(self.name, cell, "Name a cohort of the answer and a column, from 0.", allowed)
        row = None if cell.get("cohort") is None else labels.index(str(cell["cohort"]))
        if int(column) >= (table.width if row is None else int(table.widths[row])):
            raise no_cell(self.name, cell, f"Columns run from 0 to {table.width - 1}.", allowed)
        found = self._read(snapshot, table)
        one: dict[str, Any] = {}
        if prop is not None and prop in cell:
            codes, texts = self._cuts(found)
            if str(cell[prop]) not in (*texts, NONE):
                raise no_cell(self.name, cell, f"The values of {prop} are: {', '.join((*texts, NONE))}.", allowed)
            one = {"value": codes, "code": texts.index(str(cell[prop])) if cell[prop] in texts else MISSING}
        who = walks.appearances(found.first, found.at, found.bits, table, self._rule(), row, now, **one)[:, int(column)]
        matcher = START if column == "0" else BACK
        # the event that counts: in the cell's own interval where the cell names one of the calendar
        since, before = int(table.edges[0]), int(table.edges[-1])
        if row is not None and not table.length:
            since = int(table.edges[row + int(column)])
            before = before if self.unbounded and column != "0" else int(table.edges[row + int(column) + 1])
        return found, behaviour.first_events(found, np.flatnonzero(who), matcher, since, before)

    def _layout(self, snapshot: Snapshot) -> Layout:
        definition = snapshot.definition
        first = behaviour.first_of(self.first_interval, self.period, self.intervals, 1, snapshot)
        return walks.layout(
            first, self.period, self.intervals, definition.timezone, columns=self.columns_,
            week_start=definition.first_weekday, year_start=definition.fiscal_year_start, basis=self.basis,
        )  # fmt: skip

    def _read(self, snapshot: Snapshot, table: Layout) -> Trails:
        return trails.read(snapshot, self._wanted(table), self.where)

    def _wanted(self, table: Layout) -> Wanted:
        matchers = [self.start, self.return_, self.start.bare()]
        values = () if self.breakdown is None else (self.breakdown.prop,)
        since = int(table.edges[0]) if self.mode == "recurring" else None
        last = int(table.edges[-1]) + table.length * (table.width + 1)
        return Wanted(self.unit, matchers, values=values, since=since, before=last)

    def _rule(self) -> Rule:
        once = {"recurring": None, "first_time": START, "first_ever": BARE}[self.mode]
        return Rule(START, BACK, once, self.unbounded, self.min_returns)

    def _cuts(self, found: Trails) -> tuple[Any, list[str]]:
        """(code of each event's value, the values): the leading ones, and Other for the rest."""
        if self.breakdown is None:
            return np.zeros(0, np.int32), []
        codes, texts = found.values[self.breakdown.prop]
        starts = codes[(found.bits & np.uint64(1)) != 0]
        counts = np.bincount(starts[starts >= 0], minlength=len(texts))
        order = sorted((c for c in range(len(texts)) if counts[c]), key=lambda c: (-counts[c], texts[c]))
        kept = order[: self.breakdown.limit]
        place = np.full(len(texts) + 1, len(kept), np.int32)
        place[kept] = np.arange(len(kept))
        place[-1] = MISSING
        names = [texts[c] for c in kept] + ([behaviour.OTHER] if len(order) > len(kept) else [])
        return place[codes], names


@dataclass(frozen=True)
class FeatureRetention(Behaviour):
    """The features side by side: how far they reach, and how well they hold those who use them."""

    name: ClassVar[str] = "feature_retention"
    doc: ClassVar[str] = "For each feature: how many use it, and what share of them comes back in each later interval."
    columns: ClassVar[Mapping[str, str]] = {
        "feature": "the feature's name",
        "reach": "units that used it in the range",
        "share_of_active": "their share of all units that did anything; null where nobody did",
        "size": "uses by unit and interval that the rates are of",
        "rate": "share that came back k intervals later, over all cohorts whose interval is over; null without one",
        "low": "lower end of the 95 % Wilson interval of the rate",
        "high": "upper end of the same",
        "held": "share that came back in a later interval, the average one; null where no later interval is over",
        "point": "growth, hidden, leak or minor, by reach and `held`; null where the uses are too few to tell",
        **{name: f"with `revenue`: {meaning}" for name, meaning in worth.COLUMNS.items()},
        "complete": "false while one of the intervals is not over",
    }
    features: Any = asked(
        "named_matchers", "Matchers by the feature's name, or all: as the event catalogue has them.", "all", ("all",)
    )
    period: str = behaviour.PERIOD
    first_interval: str | None = behaviour.FIRST_INTERVAL
    intervals: int = behaviour.INTERVALS
    columns_: int | None = COLUMNS
    return_: str = asked("choice", "same: back in the feature; any: back in anything.", "same", ("same", "any"))
    unit: str = asked("unit", "What is counted: account, user, or prop:NAME.", "account")
    revenue: bool = asked(
        "flag", "Also MRR and renewals of the accounts that use each feature, beside the others.", False
    )
    now: str | None = behaviour.NOW
    where: Where = behaviour.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        snapshot = known(ask, self.as_known_on)
        table, now = self._layout(snapshot), behaviour.now_of(self.now, snapshot)
        rows: list[dict[str, Any]] = []
        uses: list[Use] = []
        left_out = 0
        named, more = self._features(snapshot, table)
        paid = self._worth(ask, snapshot, table) if self.revenue else None
        for at in range(0, len(named), kernel.MOST_FEATURES - 1):
            part = named[at : at + kernel.MOST_FEATURES - 1]
            wanted = self._wanted(table, [matcher for _, matcher in part])
            counts, without = trails.counted(
                snapshot, wanted, self.where, partial(self._counted, len(part), table, now)
            )
            left_out = max(left_out, without)
            exposed = kernel.exposed(counts, table, now)
            low, high = wilson(counts.retained, exposed)
            users = self._accounts(snapshot, table, part) if paid is not None else []
            for f, (name, _) in enumerate(part):
                rows.append(
                    {
                        "feature": name,
                        "reach": int(counts.reach[f]),
                        "share_of_active": _share(int(counts.reach[f]), int(counts.active[0])),
                        "size": int(exposed[f, 0]),
                        "rate": [_share(int(n), int(of)) for n, of in zip(counts.retained[f], exposed[f], strict=True)],
                        "low": [None if np.isnan(v) else float(v) for v in low[f]],
                        "high": [None if np.isnan(v) else float(v) for v in high[f]],
                        **(paid.of(users[f]) if paid is not None else {}),
                        "complete": bool(table.complete(now).sum() == table.widths.sum()),
                    }
                )
                later = (int(counts.retained[f, 1:].sum()), int(exposed[f, 1:].sum()))
                uses.append(Use(int(counts.reach[f]), int(exposed[f, 0]), *later))
        for row, use, point in zip(rows, uses, points(uses), strict=True):
            row |= {"held": use.held, "point": point}
        rows.sort(key=lambda row: (-row["reach"], row["feature"]))
        shape = pa.schema(
            [("feature", pa.string()), ("reach", pa.int64()), ("share_of_active", MONEY), ("size", pa.int64()),
             ("rate", pa.list_(MONEY)), ("low", pa.list_(pa.float64())), ("high", pa.list_(pa.float64())),
             ("held", MONEY), ("point", pa.string()), *(worth.TYPES.items() if self.revenue else ()),
             ("complete", pa.bool_())]
        )  # fmt: skip
        notes = [{"code": "without_unit", "count": left_out}] if left_out else []
        notes += [{"code": "features_left_out", "count": more}] if more else []
        return Result(pa.Table.from_pylist(rows, schema=shape), [], notes)

    def behind(self, ask: Ask, cell: Mapping[str, Any]) -> tuple[Trails, Integers]:
        snapshot = known(ask, self.as_known_on)
        table = self._layout(snapshot)
        named = dict(self._features(snapshot, table)[0])
        if set(cell) != {"feature"} or cell["feature"] not in named:
            raise no_cell(self.name, cell, "Name a feature of the answer.", ("feature",))
        found = trails.read(snapshot, self._wanted(table, [named[str(cell["feature"])]]), self.where)
        since, before = int(table.edges[0]), int(table.edges[table.rows])
        return found, behaviour.first_events(found, np.arange(found.units), 0, since, before)

    def _layout(self, snapshot: Snapshot) -> Layout:
        definition = snapshot.definition
        first = behaviour.first_of(self.first_interval, self.period, self.intervals, 1, snapshot)
        return walks.layout(
            first, self.period, self.intervals, definition.timezone, columns=self.columns_,
            week_start=definition.first_weekday, year_start=definition.fiscal_year_start,
        )  # fmt: skip

    def _counted(self, features: int, table: Layout, now: int, events: Trails) -> kernel.FeatureCounts:
        return kernel.feature_retention(
            events.first, events.at, events.bits, table, features, features, same=self.return_ == "same", now=now
        )

    def _features(self, snapshot: Snapshot, table: Layout) -> tuple[list[tuple[str, Matcher]], int]:
        """(the features by name, how many more events there are than are looked at)."""
        if self.features != "all":
            return list(self.features), 0
        since, before = int(table.edges[0]), int(table.edges[table.rows])
        names = trails.event_names(snapshot, since, before, self.where)
        found = catalogue.features(names, catalogue.entries(snapshot))
        return [(name, Matcher(events)) for name, events in found[:MOST_EVENTS]], max(len(found) - MOST_EVENTS, 0)

    def _wanted(self, table: Layout, matchers: list[Matcher], unit: str | None = None) -> Wanted:
        return Wanted(unit or self.unit, [*matchers, ANY], since=int(table.edges[0]), before=int(table.edges[-1]))

    def _worth(self, ask: Ask, snapshot: Snapshot, table: Layout) -> worth.Worth:
        return worth.worth(
            ask, snapshot, int(table.edges[0]), int(table.edges[table.rows]), self.now, self.where,
            as_known_on=self.as_known_on, definition=self.definition,
        )  # fmt: skip

    def _accounts(self, snapshot: Snapshot, table: Layout, part: list[tuple[str, Matcher]]) -> list[list[str]]:
        """For each feature the accounts that used it in the range."""
        wanted = replace(self._wanted(table, [matcher for _, matcher in part], "account"), proof=False)
        found = trails.read(snapshot, wanted, self.where)
        inside = np.where(found.at < table.edges[table.rows], found.bits, np.uint64(0))
        used = np.bitwise_or.reduceat(inside, found.first[:-1]) if found.units else inside
        return [found.names.filter(pa.array((used >> np.uint64(f)) & 1 == 1)).to_pylist() for f in range(len(part))]


def _share(part: int, whole: int) -> Decimal | None:
    share = ratio(part, whole)
    return None if share is None else rounded(share)


def _rounded(shares: list[Decimal | None]) -> list[Decimal | None]:
    return [None if share is None else rounded(share) for share in shares]
