"""`attribution`: to which channel conversions are credited, by every model side by side."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.localtime import DAY
from tenure.core.metrics.renewal import RENEWED
from tenure.core.money import MONEY, UNIT, from_scaled
from tenure.core.periods import between
from tenure.core.sequences.journeys import NONE as NO_CONVERSION
from tenure.core.stats import attribution as models
from tenure.core.stats.attribution import DIRECT, HALF_LIFE_DAYS, MEASURED, MOST_CHANNELS, RULES, Paths
from tenure.warehouse import touches
from tenure.warehouse.answer import Result
from tenure.warehouse.lines import NONE
from tenure.warehouse.questions import base, behaviour
from tenure.warehouse.questions.base import Ask, Question, asked, bad, no_cell
from tenure.warehouse.questions.movements import MovementLedger, known
from tenure.warehouse.questions.renewals import Renewals
from tenure.warehouse.revenue import rounded
from tenure.warehouse.slices import Where
from tenure.warehouse.snapshot import Snapshot
from tenure.warehouse.touches import NEVER, Happened, Reached

MODELS = (*(name for name in RULES if name != "shapley_counts"), "last_non_direct", *MEASURED)
NOISE = frozenset({"markov", "shapley_rate"})
ENOUGH = 30
"""Conversions below which what is measured is noise."""
MOST_DRAWN = 200_000_000
"""Touches that are credited for intervals, over all models and rounds: about a minute."""
CONVERSIONS = ("won", "opportunity", "lead", "expansion", "renewal")
FIELDS = ("channel", "campaign", "keyword")
_SINCE = date(1990, 1, 1)
"""Before anything that is told of."""
_CONFIDENCE = (2.5, 97.5)
_SHAPE = [("credit", MONEY), ("value", MONEY), ("low", pa.float64()), ("high", pa.float64()), ("complete", pa.bool_())]


def _read_models(f: Field[Any], value: Any) -> tuple[str, ...]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, (list, tuple)) or not given or not all(name in MODELS for name in given):
        raise bad(f, value, f"Use some of: {', '.join(MODELS)}.", MODELS)
    return tuple(dict.fromkeys(given))


base.READERS["models"] = _read_models


@dataclass(frozen=True)
class Attribution(Question):
    """Conversions by channel, by every model asked for."""

    name: ClassVar[str] = "attribution"
    doc: ClassVar[str] = "To which channel conversions are credited, by every model side by side."
    columns: ClassVar[Mapping[str, str]] = {
        "channel": "the channel, campaign or keyword; (none) for conversions without a touch",
        "model": "the model",
        "credit": "its part of the conversions; all channels of a model add up to them",
        "value": "its part of their money, in the reporting currency; null where a model says nothing of money",
        "low": "2.5 % of the credits of accounts drawn anew lie below; null without `bootstrap`",
        "high": "2.5 % lie above",
        "complete": "false while the stretch is not over",
    }
    of_lines: ClassVar[bool] = False
    models: tuple[str, ...] = asked("models", "Models, side by side. Default: all.", MODELS, MODELS)
    conversion: str = asked("choice", "What is credited.", "won", CONVERSIONS)
    by: str = asked("choice", "What of a touch is credited.", "channel", FIELDS)
    from_: str | None = asked("label", "First period or day of the conversions. Default: all.", None)
    to: str | None = asked("label", "Last period, inclusive as a label, exclusive as a day. Default: all.", None)
    lookback_days: int = asked("whole", "How far before its conversion a touch counts.", 180, bounds=(1, 3_650))
    half_life_days: int = asked(
        "whole", "By time_decay, a touch counts half of one so much younger.", HALF_LIFE_DAYS, bounds=(1, 3_650)
    )
    reset_on_conversion: bool = asked("flag", "A touch serves only the next conversion.", False)
    bootstrap: int = asked("whole", "How often accounts are drawn anew for low and high.", 0, bounds=(0, 1_000))
    where: Where = behaviour.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def __post_init__(self) -> None:
        super().__post_init__()
        base.check_of_accounts(self.name, self.where)

    def answer(self, ask: Ask) -> Result:
        snapshot = known(ask, self.as_known_on)
        found = self._read(ask, snapshot)
        self._check_size(found)
        conversions = len(found.ended)
        rows: list[dict[str, Any]] = []
        adds_up = True
        over = self._is_over(snapshot)
        for model in self.models:
            counts, values = found.credit(model, self.half_life_days)
            adds_up &= abs(float(sum(counts)) - conversions) <= 1e-9 * max(conversions, 1)
            low, high = found.interval(model, self)
            for place in found.order:
                row = {self.by: found.names[place], "model": model, "credit": exact(counts[place]), "complete": over}
                row |= {"value": None if values is None else exact(values[place])}
                rows.append(row | {"low": low[place], "high": high[place]})
        shape = pa.schema([(self.by, pa.string()), ("model", pa.string()), *_SHAPE])
        checks = [{"name": "credits add up to the conversions", "ok": adds_up, "detail": conversions}]
        return Result(pa.Table.from_pylist(rows, schema=shape), checks, [*self._notes(found)])

    def personal(self) -> frozenset[str]:
        return frozenset({"contact_id"})

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        model = str(cell.get("model", self.models[0]))
        if self.by not in cell or set(cell) - {self.by, "model"} or model not in self.models:
            raise no_cell(
                self.name, cell, f"Name a cell by {self.by}, and a model that was asked for.", (self.by, "model")
            )
        return self._read(ask, known(ask, self.as_known_on)).behind(str(cell[self.by]), model, self)

    def _read(self, ask: Ask, snapshot: Snapshot) -> Credited:
        reached = touches.read(
            snapshot,
            self._happened(ask, snapshot),
            self.by,
            self.lookback_days,
            reset=self.reset_on_conversion,
            where=self.where.accounts,
        )
        since, until = self._span(snapshot)
        return Credited(reached, since, until)

    def _happened(self, ask: Ask, snapshot: Snapshot) -> Happened:
        if self.conversion == "won":
            return touches.of_deals(snapshot, "won_at")
        if self.conversion == "opportunity":
            return touches.of_deals(snapshot, "created_at")
        if self.conversion == "lead":
            return touches.of_leads(snapshot)
        accounts = Where((), self.where.accounts)
        if self.conversion == "expansion":
            ledger = (
                MovementLedger(
                    _SINCE.isoformat(), None, where=accounts, as_known_on=self.as_known_on, definition=self.definition
                )
                .answer(ask)
                .table
            )
            grown = ledger.filter(pc.equal(ledger["kind"], "expansion"))
            ids, days = grown["account_id"].combine_chunks(), grown["date"].to_pylist()
            return touches.of_days(
                snapshot,
                ids,
                days,
                grown["amount"].combine_chunks(),
                pc.cast(grown["date"], pa.string()).combine_chunks(),
            )
        periods = between(_SINCE, snapshot.today + timedelta(days=1), "year", 0, 1)
        contracts = Renewals(where=accounts, as_known_on=self.as_known_on, definition=self.definition)
        renewed = [one for one in contracts.outlook(snapshot, periods) if one.status == RENEWED]
        return touches.of_days(
            snapshot,
            pa.array([one.contract.account for one in renewed], pa.string()),
            [one.contract.last_day for one in renewed],
            pa.array([rounded(one.new_mrr) for one in renewed], MONEY),
            pa.array([one.contract.contract_id for one in renewed], pa.string()),
        )

    def _span(self, snapshot: Snapshot) -> tuple[int, int]:
        """The moments from and until which conversions count."""
        if self.from_ is None and self.to is None:
            return NEVER, np.iinfo(np.int64).max
        start, stop = base.stretch(self.from_ or _SINCE.isoformat(), self.to, snapshot)
        begin, end = (snapshot.end_of(day - timedelta(days=1)) for day in (start, stop))
        return int(begin.timestamp()) * 1_000_000, int(end.timestamp()) * 1_000_000

    def _is_over(self, snapshot: Snapshot) -> bool:
        return (
            self.to is not None
            and base.stretch(self.from_ or _SINCE.isoformat(), self.to, snapshot)[1] <= snapshot.today
        )

    def _check_size(self, found: Credited) -> None:
        """Refuse what would take more memory or minutes than anybody waits for."""
        channels = len(found.names)
        for model in self.models:
            if channels > MOST_CHANNELS.get(model, channels):
                fix = f"There are {channels:,}, and {model} takes {MOST_CHANNELS[model]:,}: leave it out of `models`."
                raise base.refused("by", fix)
        rounds = self.bootstrap * len(self.models) * len(found.touch)
        if rounds > MOST_DRAWN:
            fix = f"{rounds:,} touches would be credited, and {MOST_DRAWN:,} may be: ask for fewer rounds or models."
            raise base.refused("bootstrap", fix)

    def _notes(self, found: Credited) -> Iterator[dict[str, Any]]:
        if len(found.ended) < ENOUGH and NOISE & set(self.models):
            yield {"code": "few_conversions", "count": len(found.ended)}
        if found.reached.of_nobody:
            yield {"code": "touches_of_nobody", "count": found.reached.of_nobody}
        if found.reached.happened.unvalued:
            yield {"code": "deals_without_rate", "count": found.reached.happened.unvalued}


class Credited:
    """The journeys that count in a stretch, as the models take them."""

    def __init__(self, reached: Reached, since: int, until: int) -> None:
        self.reached = reached
        self.names = reached.channels if NONE in reached.channels else (*reached.channels, NONE)
        self._none = self.names.index(NONE)
        self.order = sorted(range(len(self.names)), key=lambda place: (place == self._none, self.names[place]))
        """the channels by name, that of no channel last"""
        made, at = reached.journeys, reached.touches.at
        count = np.diff(made.first)
        converts = made.conversion != NO_CONVERSION
        last = (
            np.where(count > 0, made.touch[np.maximum(made.first[1:] - 1, 0)], 0)
            if len(made.touch)
            else made.conversion
        )
        end = np.where(
            converts,
            reached.happened.at[np.maximum(made.conversion, 0)] if len(reached.happened.at) else 0,
            at[last] if len(at) else 0,
        )
        counts = (end >= since) & (end < until)
        self._bare = np.flatnonzero(counts & converts & (count == 0))
        self._journeys = np.flatnonzero(counts & (count > 0))
        self._end = end
        self.ended = made.conversion[counts & converts]
        """the conversions that count"""

    @cached_property
    def bare(self) -> tuple[int, Decimal]:
        """(conversions without a touch, their money)."""
        value = self.reached.happened.value.take(pa.array(self.reached.journeys.conversion[self._bare]))
        return len(self._bare), pc.sum(value).as_py() or Decimal(0)

    @cached_property
    def touch(self) -> npt.NDArray[np.int64]:
        """The touches of the journeys, one journey after the other."""
        made = self.reached.journeys
        chosen = np.zeros(len(made.account), bool)
        chosen[self._journeys] = True
        return np.asarray(made.touch[np.repeat(chosen, np.diff(made.first))], np.int64)

    @cached_property
    def paths(self) -> Paths:
        """The journeys as the models take them."""
        made, reached = self.reached.journeys, self.reached
        lengths = np.diff(made.first)[self._journeys]
        first = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        at = reached.touches.at[self.touch]
        conversion = made.conversion[self._journeys]
        converted = (conversion != NO_CONVERSION).astype(np.int64)
        anchors = [
            _anchor(first, at, moments[np.maximum(conversion, 0)] if len(moments) else conversion, converted)
            for moments in (reached.happened.lead_at, reached.happened.opportunity_at)
        ]
        age = (np.repeat(self._end[self._journeys], lengths) - at) / DAY
        return Paths(first, reached.touches.channel[self.touch], age, converted, 1 - converted, *anchors)

    @cached_property
    def _converted(self) -> tuple[Paths, npt.NDArray[np.bool_]]:
        return models.that_converted(self.paths)

    @cached_property
    def value(self) -> pa.Array:
        """The money of each journey's conversion; 0 where there is none."""
        conversion = self.reached.journeys.conversion[self._journeys]
        none = conversion == NO_CONVERSION
        return self.reached.happened.value.take(pa.array(conversion, mask=none)).fill_null(Decimal(0))

    def credit(
        self, model: str, half_life_days: int = HALF_LIFE_DAYS
    ) -> tuple[list[Fraction | float], list[Fraction | float] | None]:
        """What a model credits each channel with: conversions, and money if it says so."""
        credit = self._credit(model, half_life_days, self.value, None)
        counts, values = [*credit.conversions], None if credit.value is None else [*credit.value]
        bare, bare_value = self.bare
        counts[self._none] += bare
        if values is not None:
            values[self._none] = Fraction(values[self._none]) + Fraction(bare_value)
        return counts, values

    @property
    def untouched(self) -> list[int]:
        """The conversions that count and have no touch."""
        return [int(one) for one in self.reached.journeys.conversion[self._bare]]

    def handed_out(self, model: str, values: Sequence[Sequence[Fraction]]) -> Iterator[list[Fraction]]:
        """What a model credits each channel with, conversions without a touch left out: conversions, and of each list
        of values (one for each conversion) a part; 0 of it where the model says nothing of money."""
        conversion = self.reached.journeys.conversion[self._journeys]
        parts: list[Sequence[Fraction | float]] = []
        for number, listed in enumerate([None, *values]):
            column = None
            if listed is not None:
                column = pa.array([exact(listed[k] if k != NO_CONVERSION else 0) for k in conversion], MONEY)
            credit = self._credit(model, HALF_LIFE_DAYS, column, None)
            if number == 0:
                parts.append(credit.conversions)
            else:
                parts.append(credit.value if credit.value is not None else [Fraction(0)] * len(self.names))
        for shares in zip(*parts, strict=True):
            yield [Fraction(share) for share in shares]

    def _credit(
        self, model: str, half_life_days: int, value: pa.Array | None, times: npt.NDArray[np.int64] | None
    ) -> models.Credit:
        """What a model credits each channel with; a journey counts so many `times`, once if that is None."""
        params = {"half_life_days": half_life_days}
        paths = self.paths
        if model not in models.OF_ALL_JOURNEYS:  # most journeys do not convert
            paths, chosen = self._converted
            value = None if value is None else value.filter(pa.array(chosen))
            times = None if times is None else times[chosen]
        if times is not None:
            paths = paths._replace(conversions=paths.conversions * times, nulls=paths.nulls * times)
        return models.credited(paths, model, value, len(self.names), params, self._direct, _chance(model))

    def interval(self, model: str, asked: Attribution) -> npt.NDArray[np.float64] | list[list[None]]:
        """The lowest and the highest credit of each channel, over accounts drawn anew."""
        if not asked.bootstrap:
            return [[None] * len(self.names)] * 2
        made = self.reached.journeys
        owners = np.concatenate([made.account[self._journeys], made.account[self._bare]])
        accounts, place = np.unique(owners, return_inverse=True)
        rng = _chance(f"bootstrap {model}")
        found = np.zeros((asked.bootstrap, len(self.names)))
        for drawn in found if len(accounts) else ():
            times = np.bincount(rng.integers(0, len(accounts), len(accounts)), minlength=len(accounts))[place]
            here, bare = times[: len(self._journeys)], times[len(self._journeys) :]
            drawn[:] = [float(part) for part in self._credit(model, asked.half_life_days, None, here).conversions]
            drawn[self._none] += bare.sum()
        return np.percentile(found, _CONFIDENCE, axis=0)

    def behind(self, name: str, model: str, asked: Attribution) -> pa.Table:
        """The touches of a channel that lead to conversions, or the conversions without a touch."""
        made, happened = self.reached.journeys, self.reached.happened
        journey = np.repeat(self._journeys, np.diff(self.paths.first))
        label = pa.array(self.names, pa.string()).take(pa.array(self.reached.touches.channel[self.touch]))
        chosen = pc.equal(label, name).to_numpy(zero_copy_only=False).astype(bool) if len(label) else np.zeros(0, bool)
        chosen &= made.conversion[journey] != NO_CONVERSION
        rows = self.reached.rows.take(pa.array(self.touch[chosen]))
        bare = self._bare if name == NONE else self._bare[:0]
        conversion = pa.array(made.conversion[np.concatenate([journey[chosen], bare]).astype(np.int64)])
        gone = pa.nulls(len(bare), pa.string())
        params = {"half_life_days": asked.half_life_days}
        shares = models.shares(self.paths, model, params, self._direct, np.flatnonzero(chosen))
        share = [None] * int(chosen.sum()) if shares is None else [exact(one) for one in shares]
        texts = {
            column: pa.concat_arrays([rows[column].combine_chunks(), gone])
            for column in ("contact_id", "channel", "campaign", "keyword")
        }
        return pa.table(
            {
                "conversion": happened.name.take(conversion),
                "account_id": happened.account_id.take(conversion),
                "converted_at": pa.array(happened.at).take(conversion).cast(pa.timestamp("us", "UTC")),
                "value": happened.value.take(conversion),
                "ts": pa.concat_arrays([rows["ts"].combine_chunks(), pa.nulls(len(bare), pa.timestamp("us", "UTC"))]),
                **texts,
                "credit": pa.array([*share, *([Decimal(1)] * len(bare))], MONEY),
            }
        ).sort_by([("converted_at", "ascending"), ("conversion", "ascending"), ("ts", "ascending")])

    @property
    def _direct(self) -> int:
        return self.names.index(DIRECT) if DIRECT in self.names else models.NONE


def _anchor(
    first: npt.NDArray[np.int64],
    at: npt.NDArray[np.int64],
    moment: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """The place of each journey's last touch up to a moment; NONE where it has none."""
    journey = np.repeat(np.arange(len(first) - 1), np.diff(first))
    before = (
        np.bincount(journey[at <= moment[journey]], minlength=len(first) - 1)
        if len(at)
        else np.zeros(len(first) - 1, np.int64)
    )
    there = (before > 0) & (moment != NEVER) & (counts > 0)
    return np.where(there, first[:-1] + before - 1, models.NONE)


def _chance(what: str) -> np.random.Generator:
    """The same chance for the same journeys, whatever else there is."""
    return np.random.Generator(np.random.PCG64(int(hashlib.sha256(what.encode()).hexdigest()[:16], 16)))


def exact(number: Fraction | float) -> Decimal:
    """A number with the places that money has."""
    return from_scaled(round(Fraction(number) * UNIT))  # half to even
