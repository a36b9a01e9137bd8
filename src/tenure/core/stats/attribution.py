"""Attribution: to which channel a conversion is credited, by rule and by measurement.

Every model hands out exactly one credit a conversion that has touches: the credits of all channels add up to the
conversions. Rules give fractions, which are exact; the others are floats. Source: docs/metrics/attribution.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import factorial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.money import MONEY
from tenure.core.sequences.events import I32, I64
from tenure.core.sequences.journeys import new_in_journey

F64 = npt.NDArray[np.float64]
NONE = -1
EXACT_CHANNELS = 12
"""Up to so many channels Shapley values are computed exactly; more are sampled."""
ORDERS, LEAST_ORDERS = 2_000, 50
"""So many orders of channels are drawn, and so few where there are many sets of them."""
_MOST_LOOKS = 2_000_000_000
HALF_LIFE_DAYS = 30
"""Of a touch in B2B, where deals take months."""
MOST_CHANNELS = {"markov": 2_000, "shapley_rate": 64}
"""Of more channels these models would say little, and hold too much."""
_SHARES = {"first": 3, "lead": 3, "opportunity": 3, "rest": 1}
"""Tenths of a conversion by the w-shaped model."""


class Paths(NamedTuple):
    """Journeys as the models take them; those of journey j are the touches first[j] .. first[j + 1]."""

    first: I64
    channel: I32
    """per touch the code of its channel"""
    age: F64
    """per touch the days before the end of its journey"""
    conversions: I64
    """per journey how often it ended in a conversion"""
    nulls: I64
    """per journey how often it did not"""
    lead: I64
    """per journey the place of the touch that brought the lead; NONE if it is not known"""
    opportunity: I64
    """per journey that of the touch before the opportunity"""


class Credit(NamedTuple):
    """What each channel is credited with."""

    conversions: Sequence[Fraction | float]
    value: Sequence[Fraction | float] | None
    """money of the conversions; None where a model says nothing of money"""


class Classes(NamedTuple):
    """Per touch the number of its share of a conversion."""

    number: I64
    shares: list[Fraction]


class Removal(NamedTuple):
    """What removing a channel would cost, by a Markov chain of the first order."""

    effect: F64
    """1 - P(conversion without the channel) / P(conversion)"""
    probability: float
    """P(conversion) of a journey"""


# --------------------------------------------------------------------------------------------------------- rules


def _lengths(paths: Paths) -> I64:
    return np.diff(paths.first)


def _journey(paths: Paths) -> I64:
    """The journey of each touch."""
    return np.repeat(np.arange(len(paths.first) - 1), _lengths(paths))


def _place(paths: Paths) -> I64:
    """The place of each touch in its journey, from 0."""
    return np.arange(len(paths.channel)) - paths.first[_journey(paths)]


def _only(paths: Paths, chosen: npt.NDArray[np.bool_]) -> Classes:
    return Classes(chosen.astype(np.int64), [Fraction(0), Fraction(1)])


def first_touch(paths: Paths) -> Classes:
    """All to the first touch."""
    return _only(paths, _place(paths) == 0)


def last_touch(paths: Paths) -> Classes:
    """All to the last touch."""
    return _only(paths, _place(paths) == _lengths(paths)[_journey(paths)] - 1)


def last_non_direct(paths: Paths, direct: int) -> Classes:
    """All to the last touch of another channel than `direct`; to the last where there is none."""
    journey, rows = _journey(paths), np.arange(len(paths.channel))
    chosen = paths.first[1:] - 1
    other = paths.channel != direct
    latest = np.full(len(paths.first) - 1, NONE, np.int64)
    np.maximum.at(latest, journey[other], rows[other])
    chosen = np.where(latest >= 0, latest, chosen)
    return _only(paths, rows == chosen[journey])


def linear(paths: Paths) -> Classes:
    """The same to each touch."""
    return _by(_lengths(paths)[_journey(paths)], lambda n: Fraction(1, n))


def linear_unique(paths: Paths) -> Classes:
    """The same to each different channel. Shapley values of the number of conversions are this."""
    is_first = new_in_journey(paths.first, paths.channel)
    journey = _journey(paths)
    distinct = np.bincount(journey[is_first], minlength=len(paths.first) - 1)
    return _by(np.where(is_first, distinct[journey], 0), lambda n: Fraction(1, n) if n else Fraction(0))


def position(paths: Paths, first: Fraction = Fraction(2, 5), last: Fraction = Fraction(2, 5)) -> Classes:
    """A share to the first, one to the last, the rest to those between; of two touches by the ratio of both shares.

    Raises: ValueError for shares that are negative or above 1 together.
    """
    if first < 0 or last < 0 or not 0 < first + last <= 1:
        raise ValueError("the shares of the first and the last touch are from 0 to 1 together")
    count, place = _lengths(paths)[_journey(paths)], _place(paths)
    role = np.where(place == 0, 0, np.where(place == count - 1, 1, 2))

    def share(number: int) -> Fraction:
        n, which = divmod(number, 3)
        if n == 1:
            return Fraction(1)
        if n == 2:
            return (first, last)[which] / (first + last)
        if first + last == 1 and which == 2:
            return Fraction(0)
        return (first, last, (1 - first - last) / (n - 2))[which]

    return _by(count * 3 + role, share)


def w_shaped(paths: Paths) -> Classes:
    """30 % each to the first touch, to that of the lead and to that before the opportunity; 10 % to the others.

    What a journey does not have (no lead, no opportunity, no other touches) goes to what it has, in proportion.
    """
    journey, rows = _journey(paths), np.arange(len(paths.channel))
    anchors = (paths.first[:-1], paths.lead, paths.opportunity)
    on = sum((rows == anchor[journey]).astype(np.int64) for anchor in anchors)
    there = sum((anchor != NONE).astype(np.int64) for anchor in anchors)
    others = np.bincount(journey[on == 0], minlength=len(paths.first) - 1)
    most = int(others.max(initial=0)) + 1

    def share(number: int) -> Fraction:
        rest, number = number % most, number // most
        known, anchored = number % 4, number // 4
        whole = known * _SHARES["first"] + (_SHARES["rest"] if rest else 0)
        part = Fraction(anchored * _SHARES["first"]) if anchored else Fraction(_SHARES["rest"], rest)
        return part / whole

    return _by((on * 4 + there[journey]) * most + others[journey], share)


def _by(number: I64, share: Callable[[int], Fraction]) -> Classes:
    known = np.flatnonzero(np.bincount(number))
    places = np.zeros(int(number.max(initial=0)) + 1, np.int64)
    places[known] = np.arange(len(known))
    return Classes(places[number], [share(int(one)) for one in known])


def that_converted(paths: Paths) -> tuple[Paths, npt.NDArray[np.bool_]]:
    """(the journeys that converted, which of all these are): what a share of a conversion is asked of."""
    chosen = paths.conversions > 0
    touches = chosen[_journey(paths)]
    earlier = np.concatenate([[0], np.cumsum(touches)])

    def moved(anchor: I64) -> I64:
        return np.where(anchor == NONE, NONE, earlier[anchor])[chosen]

    some = Paths(
        np.concatenate([[0], np.cumsum(_lengths(paths)[chosen])]).astype(np.int64),
        paths.channel[touches],
        paths.age[touches],
        paths.conversions[chosen],
        paths.nulls[chosen],
        moved(paths.lead),
        moved(paths.opportunity),
    )
    return some, chosen


def by_rule(paths: Paths, classes: Classes, value: pa.Array | None, channels: int) -> Credit:
    """What a rule credits each of `channels` with; `value` is the money of all conversions of each journey.

    Shapes:  classes of each touch; value of type MONEY per journey.
    Returns: exact fractions.
    """
    journey, width = _journey(paths), max(len(classes.shares), 1)
    key = paths.channel.astype(np.int64) * width + classes.number

    def credited(of_journeys: pa.Array) -> list[Fraction]:
        of_touches = pa.table({"key": key, "of": of_journeys.take(pa.array(journey))})
        summed = of_touches.group_by("key").aggregate([("of", "sum")])
        out = [Fraction(0)] * channels
        for place, amount in zip(summed["key"].to_pylist(), summed["of_sum"].to_pylist(), strict=True):
            if amount:
                out[place // width] += Fraction(amount) * classes.shares[place % width]
        return out

    return Credit(credited(pa.array(paths.conversions)), None if value is None else credited(value))


def decayed(paths: Paths, half_life_days: float) -> F64:
    """Per touch its share of a conversion: half of that of one that is a half-life younger.

    Raises: ValueError unless the half-life is above 0.
    """
    if not half_life_days > 0:
        raise ValueError("the half-life is above 0 days")
    some = _lengths(paths) > 0
    journey = _journey(paths)
    youngest = np.zeros(len(some))
    starts = paths.first[:-1][some]
    youngest[some] = np.minimum.reduceat(paths.age, starts) if len(starts) else 0
    weight = np.exp2(-(paths.age - youngest[journey]) / half_life_days)
    whole = np.ones(len(some))
    whole[some] = np.add.reduceat(weight, starts) if len(starts) else 1
    return weight / whole[journey]


def time_decay(paths: Paths, value: pa.Array | None, channels: int, half_life_days: float = HALF_LIFE_DAYS) -> Credit:
    """What the age of touches credits each of `channels` with."""
    share, journey = decayed(paths, half_life_days), _journey(paths)
    credit = np.bincount(paths.channel, share * paths.conversions[journey], channels).tolist()
    if value is None:
        return Credit(credit, None)
    money = np.asarray(value.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    return Credit(credit, np.bincount(paths.channel, share * money[journey], channels).tolist())


# --------------------------------------------------------------------------------------------------- measurements


def removal(paths: Paths, channels: int) -> Removal:
    """The removal effect of each channel, all of them by one inversion.

    With N = (I - Q)^-1 over the channels, s the chance of a journey to begin at each and h that to convert from each,
    a journey comes by channel i with (s N)_i / N_ii, and then converts with h_i.
    """
    some = _lengths(paths) > 0
    walked = (paths.conversions + paths.nulls)[some].astype(np.float64)
    begin, end = paths.first[:-1][some], paths.first[1:][some] - 1
    channel = paths.channel.astype(np.int64)
    inner = np.ones(len(channel), bool)
    inner[end] = False
    source = np.flatnonzero(inner)
    times = (paths.conversions + paths.nulls)[_journey(paths)][source].astype(np.float64)
    pairs = channel[source] * channels + channel[source + 1]
    moves = np.bincount(pairs, times, channels * channels).reshape(channels, channels)
    converted = np.bincount(channel[end], paths.conversions[some].astype(np.float64), channels)
    left = moves.sum(axis=1) + np.bincount(channel[end], walked, channels)
    seen = left > 0
    started = np.bincount(channel[begin], walked, channels)
    if not walked.sum() or not converted.sum():
        return Removal(np.zeros(channels), 0.0)
    chance = moves[np.ix_(seen, seen)] / left[seen, None]
    visits = np.linalg.inv(np.eye(int(seen.sum())) - chance)
    reach = visits @ (converted[seen] / left[seen])
    come = (started[seen] / started.sum()) @ visits / np.diag(visits)
    probability = float((started[seen] / started.sum()) @ reach)
    effect = np.zeros(channels)
    effect[seen] = come * reach / probability
    return Removal(effect, probability)


def markov(paths: Paths, value: pa.Array | None, channels: int) -> Credit:
    """All conversions by the shares of the removal effects."""
    effect = removal(paths, channels).effect
    share = effect / effect.sum() if effect.sum() else effect
    some = _lengths(paths) > 0
    credit = (share * int(paths.conversions[some].sum())).tolist()
    if value is None:
        return Credit(credit, None)
    money = pc.sum(value.filter(pa.array(some))).as_py() or 0
    return Credit(credit, (share * float(money)).tolist())


def shapley_rate(paths: Paths, channels: int, rng: np.random.Generator) -> Credit:
    """Shapley values of the rate of conversion of the journeys inside a set of channels, in conversions.

    May be negative, so it says nothing of money. Exact up to EXACT_CHANNELS channels that are there, else the mean of
    up to ORDERS orders.
    """
    some = _lengths(paths) > 0
    there = np.unique(paths.channel)
    code = np.searchsorted(there, paths.channel)
    sets, converted, walked = _sets(paths, code, some, len(there))
    values = np.zeros(channels)
    total = float(walked.sum())
    if len(there) and total:
        if len(there) <= EXACT_CHANNELS:
            found = _exact(sets, converted, walked, len(there))
        else:
            found = _sampled(sets, converted, walked, len(there), rng)
        values[there] = found * total
    return Credit(values.tolist(), None)


def _sets(paths: Paths, code: I64, some: npt.NDArray[np.bool_], count: int) -> tuple[npt.NDArray[np.bool_], F64, F64]:
    """The different sets of channels of journeys, with how many converted and how many there were."""
    bits = np.uint64(1) << code.astype(np.uint64)
    starts = paths.first[:-1][some]
    members = np.bitwise_or.reduceat(bits, starts) if len(starts) else bits
    sets, place = np.unique(members, return_inverse=True)
    converted, nulls = (
        np.asarray(np.bincount(place, times[some].astype(np.float64), len(sets)), np.float64)
        for times in (paths.conversions, paths.nulls)
    )
    inside = (sets[:, None] >> np.arange(count, dtype=np.uint64)) & np.uint64(1)
    return inside.astype(bool), converted, converted + nulls


def _exact(sets: npt.NDArray[np.bool_], converted: F64, walked: F64, count: int) -> F64:
    number = sets @ (1 << np.arange(count))
    won, all_ = np.zeros(1 << count), np.zeros(1 << count)
    np.add.at(won, number, converted)
    np.add.at(all_, number, walked)
    every = np.arange(1 << count)
    for bit in range(count):  # sums over all that lies inside a set
        has = every[(every >> bit) & 1 == 1]
        won[has] += won[has ^ (1 << bit)]
        all_[has] += all_[has ^ (1 << bit)]
    rate = np.divide(won, all_, out=np.zeros_like(won), where=all_ > 0)
    size = np.array([one.bit_count() for one in range(1 << count)])
    weight = np.array([factorial(s) * factorial(count - s - 1) / factorial(count) for s in range(count)])
    out = np.zeros(count)
    for bit in range(count):
        without = every[(every >> bit) & 1 == 0]
        out[bit] = (weight[size[without]] * (rate[without | (1 << bit)] - rate[without])).sum()
    return out


def _sampled(sets: npt.NDArray[np.bool_], converted: F64, walked: F64, count: int, rng: np.random.Generator) -> F64:
    out = np.zeros(count)
    orders = int(np.clip(_MOST_LOOKS // max(sets.size, 1), LEAST_ORDERS, ORDERS))
    for _ in range(orders):
        order = rng.permutation(count)
        rank = np.empty(count, np.int64)
        rank[order] = np.arange(count)
        complete = np.where(sets, rank, -1).max(axis=1)  # a journey is inside once its last channel came
        won = np.cumsum(np.bincount(complete, converted, count))
        all_ = np.cumsum(np.bincount(complete, walked, count))
        rate = np.divide(won, all_, out=np.zeros(count), where=all_ > 0)
        out[order] += np.diff(rate, prepend=0.0)
    return out / orders


# ------------------------------------------------------------------------------------------------ as plain values

RULES: Mapping[str, Callable[[Paths], Classes]] = {
    "first": first_touch,
    "last": last_touch,
    "linear": linear,
    "linear_unique": linear_unique,
    "shapley_counts": linear_unique,
    "position": position,
    "w_shaped": w_shaped,
}
"""Models whose credits are fractions. What Shapley values make of the number of conversions is linear_unique."""
MEASURED = ("time_decay", "markov", "shapley_rate")
OF_ALL_JOURNEYS = ("markov", "shapley_rate")
"""Models that ask of the journeys that did not convert, too."""
DIRECT = "Direct"


def attribute(
    journeys: Sequence[Mapping[str, Any]],
    model: str,
    params: Mapping[str, Any] | None = None,
    rng: np.random.Generator | None = None,
) -> dict[str, Any]:
    """What a model credits each channel with, from journeys as plain values.

    `journeys`: {touches: [[channel, hours before the end], ...] in the order of time, conversions, nulls, value}, each
    a path with how often it converted, how often not, and the money of all its conversions.
    `params`: `first` and `last` of position, `half_life_days` or `half_life_hours` of time_decay, `direct` of
    last_non_direct, `order` of markov, which is 1.
    Returns: credit and value by channel; for markov also removal_effect and p_conversion.
    Raises: ValueError for an unknown model or parameters that cannot be meant.
    """
    given = dict(params or {})
    if "half_life_hours" in given:
        given["half_life_days"] = given["half_life_hours"] / 24
    if given.get("order", 1) != 1:
        raise ValueError("markov is a model of the first order")
    names = sorted({channel for journey in journeys for channel, _ in journey["touches"]})
    code = {name: place for place, name in enumerate(names)}
    touches = [touch for journey in journeys for touch in journey["touches"]]
    nobody = np.full(len(journeys), NONE, np.int64)
    paths = Paths(
        np.cumsum([0, *(len(journey["touches"]) for journey in journeys)]).astype(np.int64),
        np.array([code[channel] for channel, _ in touches], np.int32),
        np.array([hours / 24 for _, hours in touches], np.float64),
        np.array([journey["conversions"] for journey in journeys], np.int64),
        np.array([journey["nulls"] for journey in journeys], np.int64),
        nobody,
        nobody,
    )
    value = pa.array([Decimal(str(journey["value"])) for journey in journeys]).cast(MONEY)
    if model == "markov":
        measured = removal(paths, len(names))
        beside = {
            "removal_effect": dict(zip(names, measured.effect.tolist(), strict=True)),
            "p_conversion": measured.probability,
        }
        credit = markov(paths, value, len(names))
    else:
        beside = {}
        credit = credited(paths, model, value, len(names), given, code.get(given.get("direct", DIRECT), NONE), rng)
    out: dict[str, Any] = {"credit": {n: float(c) for n, c in zip(names, credit.conversions, strict=True)}, **beside}
    if credit.value is not None:
        out["value"] = {n: float(c) for n, c in zip(names, credit.value, strict=True)}
    return out


def credited(
    paths: Paths,
    model: str,
    value: pa.Array | None,
    channels: int,
    params: Mapping[str, Any],
    direct: int = NONE,
    rng: np.random.Generator | None = None,
) -> Credit:
    """What a model credits each of `channels` with.

    Raises: ValueError for an unknown model, parameters that cannot be meant, or more than MOST_CHANNELS channels.
    """
    if channels > MOST_CHANNELS.get(model, channels):
        raise ValueError(f"{model} takes at most {MOST_CHANNELS[model]:,} channels")
    classes = _classes(paths, model, params, direct)
    if classes is not None:
        return by_rule(paths, classes, value, channels)
    if model == "time_decay":
        return time_decay(paths, value, channels, float(params.get("half_life_days", HALF_LIFE_DAYS)))
    if model == "markov":
        return markov(paths, value, channels)
    if model == "shapley_rate":
        return shapley_rate(paths, channels, rng or np.random.Generator(np.random.PCG64(0)))
    raise ValueError(f"there is no model {model!r}: use {', '.join((*RULES, 'last_non_direct', *MEASURED))}")


def shares(
    paths: Paths, model: str, params: Mapping[str, Any], direct: int, of: I64
) -> Sequence[Fraction | float] | None:
    """The shares of a conversion of some touches; None where a model does not say that of a touch."""
    classes = _classes(paths, model, params, direct)
    if classes is not None:
        return [classes.shares[number] for number in classes.number[of]]
    if model == "time_decay":
        return [float(share) for share in decayed(paths, float(params.get("half_life_days", HALF_LIFE_DAYS)))[of]]
    return None


def _classes(paths: Paths, model: str, params: Mapping[str, Any], direct: int) -> Classes | None:
    if model == "position":
        given = {name: Fraction(str(params[name])) for name in ("first", "last") if name in params}
        return position(paths, **given)
    if model == "last_non_direct":
        return last_non_direct(paths, direct)
    return RULES[model](paths) if model in RULES else None
