"""`trend`: how often something is done over time, by how many, or how much of it; cut by a property, or by formula."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tenure.core.formula import Formula
from tenure.core.money import MONEY
from tenure.core.periods import between, first_day
from tenure.core.sequences.edges import intervals_over
from tenure.warehouse import trails
from tenure.warehouse.answer import Result
from tenure.warehouse.lines import NONE
from tenure.warehouse.matchers import Matcher
from tenure.warehouse.questions import base, behaviour
from tenure.warehouse.questions.base import Ask, asked, no_cell
from tenure.warehouse.questions.behaviour import Behaviour, Breakdown
from tenure.warehouse.questions.movements import known
from tenure.warehouse.revenue import rounded
from tenure.warehouse.slices import Where
from tenure.warehouse.trails import MISSING, Trails, Wanted

COUNTED = {"count": trails.EVERYTHING, "users": "user", "accounts": "account"}
TOO_LARGE = Decimal(10**20)
"""A figure of this size is not shown: a note says so."""
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Tally:
    """What events come to, of some units or of all: as many rows as there are cells that differ."""

    cells: Codes
    """(rows, 4): series, interval, code of the cut, and the code of the amount or the number of the unit"""
    counts: Codes
    """events in each row; units where units are counted and nothing is cut"""
    cuts: list[str]
    of_cut: Codes
    """events of each cut"""
    amounts: list[str | None]
    """values of the property that is measured; None where an event has none"""
    units: int
    left_out: int


@dataclass(frozen=True)
class Trend(Behaviour):
    """Events of each interval, counted or added up."""

    name: ClassVar[str] = "trend"
    doc: ClassVar[str] = "Events by interval: how many, by how many users or accounts, or a property's sum."
    columns: ClassVar[Mapping[str, str]] = {
        "interval": "label of the interval: the month, the day, or the local hour",
        "series": "name of the matcher, where `series` was asked for",
        "value": "the measure; null where nothing defines it",
        "complete": "false while the interval is not over",
    }
    match: Matcher = behaviour.MATCH
    series: tuple[tuple[str, Matcher], ...] = asked(
        "named_matchers", "Several matchers by name, in place of `match`; `formula` may speak of them.", ()
    )
    period: str = behaviour.PERIOD
    from_: str | None = base.FROM
    to: str | None = base.TO
    measure: str = asked("measure", "count, users, accounts, or sum:NAME, avg:NAME, p90:NAME of a property.", "count")
    breakdown: Breakdown | None = asked("breakdown", "A property to cut by; values beyond `limit` are Other.", None)
    formula: str | None = asked("text", "Arithmetic over the names of `series`, such as A / B.", None)
    now: str | None = behaviour.NOW
    where: Where = behaviour.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        snapshot = known(ask, self.as_known_on)
        named = self.series or (("", self.match),)
        formula = Formula.parse(self.formula, tuple(n for n, _ in named)) if self.formula is not None else None
        edges, labels = self._intervals(ask)
        tally = self._counted(ask, [m for _, m in named], edges)
        values, notes = self._values(tally, len(named))
        over = intervals_over(edges, behaviour.now_of(self.now, snapshot))
        cuts = sorted({cut for _, cut, _ in values} or ({NONE} if self.breakdown else {""}))
        rows: list[tuple[str, str, str, Decimal | None, bool]] = []
        for cut in cuts:
            for i, label in enumerate(labels):
                figures = {n: self._figure(values.get((k, cut, i))) for k, (n, _) in enumerate(named)}
                told = {"": formula.value(figures)} if formula is not None else figures
                rows += [(label, cut, name, value, i < over) for name, value in told.items()]
        whole = formula is None and self.measure in COUNTED
        value_type = pa.int64() if whole else MONEY
        data: dict[str, pa.Array] = {"interval": pa.array([r[0] for r in rows], pa.string())}
        if self.breakdown is not None:
            data[self.breakdown.prop] = pa.array([r[1] for r in rows], pa.string())
        if self.series and formula is None:
            data["series"] = pa.array([r[2] for r in rows], pa.string())
        data["value"] = pa.array([_typed(r[3], whole) for r in rows], value_type)
        data["complete"] = pa.array([r[4] for r in rows], pa.bool_())
        if any(value is not None and abs(value) >= TOO_LARGE for _, _, _, value, _ in rows):
            notes.append({"code": "too_large", "limit": str(TOO_LARGE)})
        if tally.left_out:
            notes.append({"code": "without_unit", "count": tally.left_out})
        return Result(pa.table(data), [], notes)

    def behind(self, ask: Ask, cell: Mapping[str, Any]) -> tuple[Trails, Codes]:
        allowed = ("interval", "series", *((self.breakdown.prop,) if self.breakdown else ()))
        edges, labels = self._intervals(ask)
        if cell.get("interval") not in labels or set(cell) - {*allowed}:
            raise no_cell(self.name, cell, f"Name an interval from {labels[0]} to {labels[-1]}.", allowed)
        named = self.series or (("", self.match),)
        chosen = [m for n, m in named if "series" not in cell or cell["series"] == n]
        if not chosen:
            raise no_cell(self.name, cell, f"The series are: {', '.join(n for n, _ in named)}.", allowed)
        found = self._read(ask, chosen)
        here = np.searchsorted(edges, found.at, "right") - 1 == labels.index(str(cell["interval"]))
        if self.breakdown is not None and self.breakdown.prop in cell:
            codes, texts = found.values[self.breakdown.prop]
            here &= np.array([*texts, NONE], object)[codes] == str(cell[self.breakdown.prop])
        return found, np.flatnonzero(here)

    def _intervals(self, ask: Ask) -> tuple[npt.NDArray[np.int64], list[str]]:
        """(edges, labels) of the intervals from `from` to `to`."""
        snapshot = known(ask, self.as_known_on)
        definition = snapshot.definition
        start, stop = base.stretch(self.from_, self.to, snapshot)
        grain = "day" if self.period == "hour" else self.period
        days = between(start, stop, grain, definition.first_weekday, definition.fiscal_year_start)
        count = len(days) * (24 if self.period == "hour" else 1)
        first = (
            first_day(days.edges[0], grain, definition.first_weekday, definition.fiscal_year_start) if count else start
        )
        edges = behaviour.edges_from(first, self.period, count, snapshot)
        return edges, [behaviour.interval_label(e, self.period, snapshot) for e in edges[:-1].tolist()]

    def _read(self, ask: Ask, matchers: list[Matcher]) -> Trails:
        return trails.read(known(ask, self.as_known_on), self._wanted(ask, matchers), self.where)

    def _wanted(self, ask: Ask, matchers: list[Matcher]) -> Wanted:
        edges, _ = self._intervals(ask)
        props = [None if self.breakdown is None else self.breakdown.prop, _measured(self.measure)[1]]
        values = tuple(dict.fromkeys(prop for prop in props if prop is not None))
        unit = COUNTED.get(self.measure, trails.EVERYTHING)
        return Wanted(unit, matchers, values=values, since=int(edges[0]), before=int(edges[-1]))

    def _counted(self, ask: Ask, matchers: list[Matcher], edges: Codes) -> _Tally:
        wanted = replace(self._wanted(ask, matchers), proof=False, named=False)
        walk = partial(self._tally, len(matchers), edges)
        parts = trails.each(known(ask, self.as_known_on), wanted, self.where, walk, lent=True)
        return _together(parts, units=wanted.unit != trails.EVERYTHING)

    def _tally(self, series: int, edges: Codes, part: Trails) -> _Tally:
        """What some trails come to."""
        how, prop = _measured(self.measure)
        cut, cuts = _codes(part, None if self.breakdown is None else self.breakdown.prop)
        amount, amounts = _codes(part, prop)
        interval = np.searchsorted(edges, part.at, "right") - 1
        units = how in ("users", "accounts")
        columns = []
        for k in range(series):
            met = np.flatnonzero((part.bits >> np.uint64(k)) & np.uint64(1))
            last = part.unit_of(met) if units else amount[met]
            columns.append(np.stack([np.full(len(met), k), interval[met], cut[met], last]))
        dims = (series, max(len(edges) - 1, 1), len(cuts), max(part.units if units else len(amounts), 1))
        cells, counts = _distinct(np.concatenate(columns, axis=1), dims)
        if units and self.breakdown is None:  # a unit is in no other part
            cells[3] = 0
            cells, counts = _distinct(cells, (*dims[:3], 1))
        of_cut = np.bincount(cut, minlength=len(cuts)).astype(np.int64)
        texts = [NONE if text is None else text for text in cuts]
        return _Tally(cells.T, counts, texts, of_cut, amounts, part.units, part.left_out)

    def _values(self, tally: _Tally, series: int) -> tuple[dict[tuple[int, str, int], Any], list[dict[str, Any]]]:
        """({(series, cut, interval): what is known of its events}, notes)."""
        how, prop = _measured(self.measure)
        place, names = self._cuts(tally)
        cells = np.stack([tally.cells[:, 0], place[tally.cells[:, 2]], tally.cells[:, 1], tally.cells[:, 3]], axis=1)
        out: dict[tuple[int, str, int], Any] = {}
        if prop is None:
            counts = tally.counts
            if how in ("users", "accounts") and self.breakdown is not None:  # one with several values of Other is one
                cells = np.unique(cells, axis=0)
                counts = np.ones(len(cells), np.int64)
            found, of = np.unique(cells[:, :3], axis=0, return_inverse=True)
            sums = np.zeros(len(found), np.int64)
            np.add.at(sums, of.ravel(), counts)
            for (k, cut, interval), count in zip(found.tolist(), sums.tolist(), strict=True):
                out[k, names[cut], interval] = Decimal(count)
            return out, []
        numbers = [None if text is None else _number(text) for text in tally.amounts]
        bad = [text is not None and number is None for text, number in zip(tally.amounts, numbers, strict=True)]
        wrong = [0] * series
        amounts: dict[tuple[int, str, int], dict[int, int]] = {}
        for (k, cut, interval, amount), count in zip(cells.tolist(), tally.counts.tolist(), strict=True):
            wrong[k] += count if bad[amount] else 0
            here = amounts.setdefault((k, names[cut], interval), {})
            here[amount] = here.get(amount, 0) + count
        for cell, counted in amounts.items():
            pairs = [(numbers[amount], n) for amount, n in counted.items()]
            out[cell] = _of_amounts(how, [(number, n) for number, n in pairs if number is not None])
        return out, [{"code": "not_a_number", "property": prop, "count": count} for count in wrong if count]

    def _cuts(self, tally: _Tally) -> tuple[Codes, list[str]]:
        """(place of each value among the cuts, names of the cuts): the values met most, and Other for the rest."""
        if self.breakdown is None:
            return np.zeros(1, np.int64), [""]
        texts, counts = tally.cuts, tally.of_cut
        order = sorted((c for c in range(len(texts)) if counts[c]), key=lambda c: (-counts[c], texts[c]))
        kept = order[: self.breakdown.limit]
        place = np.full(len(texts), len(kept), np.int64)
        place[kept] = np.arange(len(kept))
        return place, [texts[c] for c in kept] + [behaviour.OTHER]

    def _figure(self, value: Decimal | None) -> Decimal | None:
        """A cell's figure: nothing counted is 0, a mean of nothing is not defined."""
        return Decimal(0) if value is None and _measured(self.measure)[0] not in ("avg", "p90") else value


def _codes(part: Trails, prop: str | None) -> tuple[Codes, list[str | None]]:
    """(the code of each event's value, the values, None at last for none); all alike without a property."""
    if prop is None:
        return np.zeros(len(part.at), np.int64), [""]
    codes, texts = part.values[prop]
    return np.where(codes == MISSING, len(texts), codes).astype(np.int64), [*texts, None]


def _distinct(cells: Codes, dims: tuple[int, ...]) -> tuple[Codes, Codes]:
    """(the columns that differ, how often each stands there) of (4, n) numbers below `dims`."""
    if math.prod(dims) < 1 << 62:
        found, counts = np.unique(np.ravel_multi_index(tuple(cells), dims), return_counts=True)
        return np.stack(np.unravel_index(found, dims)).astype(np.int64), counts.astype(np.int64)
    found, counts = np.unique(cells, axis=1, return_counts=True)
    return found.astype(np.int64), counts.astype(np.int64)


def _together(parts: Sequence[_Tally], *, units: bool) -> _Tally:
    """What all parts come to: their values get the same codes, and units numbers of their own."""
    cuts: dict[str, int] = {}
    amounts: dict[str | None, int] = {}
    cells, cut_places, before = [], [], 0
    for part in parts:
        own = part.cells.copy()
        cut_places.append(_places(cuts, part.cuts))
        own[:, 2] = cut_places[-1][own[:, 2]]
        own[:, 3] = own[:, 3] + before if units else _places(amounts, part.amounts)[own[:, 3]]
        cells.append(own)
        before += part.units
    of_cut = np.zeros(len(cuts), np.int64)
    for place, part in zip(cut_places, parts, strict=True):
        np.add.at(of_cut, place, part.of_cut)
    return _Tally(
        np.concatenate(cells), np.concatenate([part.counts for part in parts]), [*cuts], of_cut, [*amounts], before,
        sum(part.left_out for part in parts),
    )  # fmt: skip


def _places(known: dict[Any, int], texts: Sequence[Any]) -> Codes:
    """The place of each text among all that are known, to which new ones are added."""
    return np.array([known.setdefault(text, len(known)) for text in texts], np.int64)


def _measured(measure: str) -> tuple[str, str | None]:
    """(how, property) of a measure."""
    how, _, prop = measure.partition(":")
    return how, prop or None


def _of_amounts(how: str, amounts: list[tuple[Decimal, int]]) -> Decimal | None:
    """Sum, mean or 90th percentile (interpolated) of amounts, each with how often it stands there."""
    count = sum(n for _, n in amounts)
    total = sum((a * n for a, n in amounts), Decimal(0))
    if how == "sum":
        return total
    if not count:
        return None
    if how == "avg":
        return total / count
    ordered = sorted(amounts)
    rank = Decimal(count - 1) * Decimal("0.9")
    low, high = _at_rank(ordered, int(rank)), _at_rank(ordered, min(int(rank) + 1, count - 1))
    return low + (high - low) * (rank - int(rank))


def _at_rank(ordered: list[tuple[Decimal, int]], rank: int) -> Decimal:
    for amount, times in ordered:
        if rank < times:
            return amount
        rank -= times
    return ordered[-1][0]


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 10**20 else None


def _typed(value: Decimal | None, whole: bool) -> Any:
    if value is None or abs(value) >= TOO_LARGE:
        return None
    return int(value) if whole else rounded(value)
