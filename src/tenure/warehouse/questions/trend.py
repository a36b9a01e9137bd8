"""`trend`: how often something is done over time, by how many, or how much of it; cut by a property, or by formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
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
        found = self._read(ask, [m for _, m in named])
        values, notes = self._values(found, edges, len(named))
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
        if found.left_out:
            notes.append({"code": "without_unit", "count": found.left_out})
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
        edges, _ = self._intervals(ask)
        props = [None if self.breakdown is None else self.breakdown.prop, _measured(self.measure)[1]]
        values = tuple(dict.fromkeys(prop for prop in props if prop is not None))
        unit = COUNTED.get(self.measure, trails.EVERYTHING)
        wanted = Wanted(unit, matchers, values=values, since=int(edges[0]), before=int(edges[-1]))
        return trails.read(known(ask, self.as_known_on), wanted, self.where)

    def _values(
        self, found: Trails, edges: npt.NDArray[np.int64], series: int
    ) -> tuple[dict[tuple[int, str, int], Any], list[dict[str, Any]]]:
        """({(series, cut, interval): what is known of its events}, notes)."""
        interval = np.searchsorted(edges, found.at, "right") - 1
        cut, names = self._cuts(found)
        out: dict[tuple[int, str, int], Any] = {}
        notes: list[dict[str, Any]] = []
        how, prop = _measured(self.measure)
        intervals = max(len(edges) - 1, 1)
        for k in range(series):
            met = np.flatnonzero((found.bits >> np.uint64(k)) & np.uint64(1))
            place = cut[met] * intervals + interval[met]
            if how in ("users", "accounts"):
                place = np.unique(np.stack([place, found.unit_of(met)]), axis=1)[0]
            if prop is None:
                for cell, count in zip(*np.unique(place, return_counts=True), strict=True):
                    out[k, names[cell // intervals], int(cell % intervals)] = Decimal(int(count))
                continue
            codes, texts = found.values[prop]
            numbers = [_number(text) for text in texts]
            bad = sum(int((codes[met] == c).sum()) for c, n in enumerate(numbers) if n is None)
            if bad:
                notes.append({"code": "not_a_number", "property": prop, "count": bad})
            for cell in np.unique(place).tolist():
                counts = zip(*np.unique(codes[met[place == cell]], return_counts=True), strict=True)
                amounts = [(numbers[c], int(n)) for c, n in counts if c != MISSING and numbers[c] is not None]
                out[k, names[cell // intervals], cell % intervals] = _of_amounts(how, amounts)
        return out, notes

    def _cuts(self, found: Trails) -> tuple[Codes, list[str]]:
        """(code of each event's cut, names of the cuts): the values met most, and Other for the rest."""
        if self.breakdown is None:
            return np.zeros(len(found.at), np.int64), [""]
        codes, texts = found.values[self.breakdown.prop]
        texts = [*texts, NONE]
        codes = np.where(codes == MISSING, len(texts) - 1, codes)
        counts = np.bincount(codes, minlength=len(texts))
        order = sorted((c for c in range(len(texts)) if counts[c]), key=lambda c: (-counts[c], texts[c]))
        kept = order[: self.breakdown.limit]
        place = np.full(len(texts), len(kept), np.int64)
        place[kept] = np.arange(len(kept))
        return place[codes], [texts[c] for c in kept] + [behaviour.OTHER]

    def _figure(self, value: Decimal | None) -> Decimal | None:
        """A cell's figure: nothing counted is 0, a mean of nothing is not defined."""
        return Decimal(0) if value is None and _measured(self.measure)[0] not in ("avg", "p90") else value


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
