"""Credits add up in every model, the worked examples hold, and the measured models are what their definition says."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference.cases import SHARED
from tenure.core.money import MONEY
from tenure.core.stats import attribution
from tenure.core.stats.attribution import MEASURED, NONE, RULES, Paths, attribute

PLACE = SHARED / "cases" / "growth_examples.json"
CASES = [
    case
    for case in (json.loads(PLACE.read_text(encoding="utf-8"))["cases"] if PLACE.exists() else [])
    if case["kind"] == "attribution"
]
MODELS = (*RULES, "last_non_direct", *MEASURED)
HOURS = st.floats(0, 5_000)


@st.composite
def journeys(draw: st.DrawFn, channels: str = "ABCD") -> list[dict[str, Any]]:
    """Paths of a few channels, some of them without a touch, some that never convert."""
    touch = st.tuples(st.sampled_from([*channels, "Direct"]), HOURS)
    path = st.fixed_dictionaries(
        {
            "touches": st.lists(touch, max_size=6).map(lambda found: sorted(found, key=lambda one: -one[1])),
            "conversions": st.integers(0, 4),
            "nulls": st.integers(0, 4),
            "value": st.decimals(0, 10**6, places=2),
        }
    )
    found = draw(st.lists(path, min_size=1, max_size=8))
    return [one if one["conversions"] else {**one, "value": 0} for one in found]


def paths(found: list[dict[str, Any]], lead: int = NONE, opportunity: int = NONE) -> tuple[Paths, list[str]]:
    """The same as the models take them; the anchors are places in every journey that is long enough."""
    names = sorted({channel for one in found for channel, _ in one["touches"]})
    first = np.cumsum([0, *(len(one["touches"]) for one in found)])
    touches = [touch for one in found for touch in one["touches"]]

    def anchor(place: int) -> Any:
        return np.array([a + place if NONE < place < b - a else NONE for a, b in itertools.pairwise(first)], np.int64)

    return Paths(
        first.astype(np.int64),
        np.array([names.index(channel) for channel, _ in touches], np.int32),
        np.array([hours / 24 for _, hours in touches]),
        np.array([one["conversions"] for one in found], np.int64),
        np.array([one["nulls"] for one in found], np.int64),
        anchor(lead),
        anchor(opportunity),
    ), names


@pytest.mark.skipif(not CASES, reason="needs the worked cases in the folder shared")
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_examples(case: dict[str, Any]) -> None:
    found = attribute(**case["input"])
    for name, wanted in case["expected"].items():
        assert found[name] == pytest.approx(wanted, rel=case["rtol"], abs=case["atol"])


@pytest.mark.parametrize("model", MODELS)
@settings(deadline=None)
@given(found=journeys())
def test_credits_add_up_to_the_conversions_that_have_touches(model: str, found: list[dict[str, Any]]) -> None:
    credit = attribute(found, model)
    some = [one for one in found if one["touches"]]
    conversions = sum(one["conversions"] for one in some)
    assert sum(credit["credit"].values()) == pytest.approx(conversions, rel=1e-12, abs=1e-9)
    if "value" in credit:
        assert sum(credit["value"].values()) == pytest.approx(float(sum(one["value"] for one in some)), abs=1e-6)


@pytest.mark.parametrize("model", list(RULES))
@settings(deadline=None)
@given(found=journeys())
def test_rules_are_exact(model: str, found: list[dict[str, Any]]) -> None:
    made, names = paths(found, 1, 2)
    value = pa.array([Decimal(one["value"]) for one in found]).cast(MONEY)
    credit = attribution.credited(made, model, value, len(names), {})
    some = [one for one in found if one["touches"]]
    assert sum(credit.conversions, Fraction(0)) == sum(one["conversions"] for one in some)
    assert credit.value is not None
    assert sum(credit.value, Fraction(0)) == sum((Fraction(one["value"]) for one in some), Fraction(0))
    assert all(share >= 0 for share in credit.conversions)


@pytest.mark.parametrize("model", sorted({*MODELS} - {*attribution.OF_ALL_JOURNEYS}))
@settings(deadline=None)
@given(found=journeys(), lead=st.integers(NONE, 3), opportunity=st.integers(NONE, 3))
def test_shares_of_conversions_ask_only_of_journeys_that_converted(
    model: str, found: list[dict[str, Any]], lead: int, opportunity: int
) -> None:
    whole, names = paths(found, lead, opportunity)
    some, chosen = attribution.that_converted(whole)
    value = pa.array([Decimal(one["value"]) for one in found]).cast(MONEY)
    assert len(some.conversions) == sum(one["conversions"] > 0 for one in found)
    wanted = attribution.credited(whole, model, value, len(names), {})
    assert attribution.credited(some, model, value.filter(pa.array(chosen)), len(names), {}) == wanted


@settings(deadline=None)
@given(found=journeys())
def test_markov_is_what_removing_a_channel_leaves(found: list[dict[str, Any]]) -> None:
    made, names = paths(found)
    measured = attribution.removal(made, len(names))
    whole = _chance(found, None)
    assert measured.probability == pytest.approx(whole, abs=1e-12)
    for place, name in enumerate(names):
        wanted = 0.0 if not whole else 1 - _chance(found, name) / whole
        assert measured.effect[place] == pytest.approx(wanted, abs=1e-12)


def _chance(found: list[dict[str, Any]], without: str | None) -> float:
    """P(conversion) of the chain in which a channel leads nowhere, by solving it."""
    names = sorted({channel for one in found for channel, _ in one["touches"]})
    moves = np.zeros(
        (len(names) + 1, len(names) + 2)
    )  # from the start and each channel, to each channel, sale, nothing
    for one in found:
        states = [names.index(channel) + 1 for channel, _ in one["touches"]]
        if not states:
            continue
        weight = one["conversions"] + one["nulls"]
        for here, there in itertools.pairwise([0, *states]):
            moves[here, there - 1] += weight
        moves[states[-1], len(names)] += one["conversions"]
        moves[states[-1], len(names) + 1] += one["nulls"]
    total = moves.sum(axis=1, keepdims=True)
    chance = np.divide(moves, total, out=np.zeros_like(moves), where=total > 0)
    if without is not None:
        chance[names.index(without) + 1] = 0
    steps = np.zeros((len(names) + 1, len(names) + 1))
    steps[:, 1:] = chance[:, : len(names)]
    return float(np.linalg.solve(np.eye(len(names) + 1) - steps, chance[:, len(names)])[0])


@settings(deadline=None)
@given(found=journeys("AB"))
def test_shapley_is_the_mean_over_all_orders(found: list[dict[str, Any]]) -> None:
    made, names = paths(found)
    some = [one for one in found if one["touches"]]
    walked = sum(one["conversions"] + one["nulls"] for one in some)

    def rate(inside: set[str]) -> float:
        within = [one for one in some if {channel for channel, _ in one["touches"]} <= inside]
        whole = sum(one["conversions"] + one["nulls"] for one in within)
        return sum(one["conversions"] for one in within) / whole if whole else 0.0

    wanted = dict.fromkeys(names, 0.0)
    orders = list(itertools.permutations(names))
    for order in orders:
        for place, name in enumerate(order):
            wanted[name] += (rate(set(order[: place + 1])) - rate(set(order[:place]))) / len(orders) * walked
    credit = attribution.shapley_rate(made, len(names), np.random.default_rng(1))
    assert credit.conversions == pytest.approx([wanted[name] for name in names], abs=1e-9)
    assert credit.value is None


def test_many_channels_are_sampled_near_the_exact_values(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(7)
    found = [
        {"touches": [("ABCDEFGH"[n], 1) for n in rng.integers(0, 8, 3)], "conversions": int(rng.integers(0, 3)),
         "nulls": 2, "value": 0}
        for _ in range(60)
    ]  # fmt: skip
    made, names = paths(found)
    exact = attribution.shapley_rate(made, len(names), rng).conversions
    monkeypatch.setattr(attribution, "EXACT_CHANNELS", 4)
    sampled = attribution.shapley_rate(made, len(names), rng).conversions
    assert sum(sampled) == pytest.approx(sum(exact))
    assert sampled == pytest.approx(exact, abs=0.15 * max(map(abs, exact)))


def of(*channels: str, hours: tuple[float, ...] = ()) -> list[dict[str, Any]]:
    """One journey that converts once."""
    moments = hours or tuple(range(len(channels), 0, -1))
    return [{"touches": list(zip(channels, moments, strict=True)), "conversions": 1, "nulls": 0, "value": 100}]


@pytest.mark.parametrize(
    ("model", "params", "found", "wanted"),
    [
        ("first", {}, of("A", "B", "A"), {"A": 1, "B": 0}),
        ("last", {}, of("A", "B"), {"A": 0, "B": 1}),
        ("last_non_direct", {}, of("A", "B", "Direct"), {"A": 0, "B": 1, "Direct": 0}),
        ("last_non_direct", {}, of("Direct", "Direct"), {"Direct": 1}),
        ("last_non_direct", {"direct": "B"}, of("A", "B"), {"A": 1, "B": 0}),
        ("linear", {}, of("A", "B", "A"), {"A": 2 / 3, "B": 1 / 3}),
        ("linear_unique", {}, of("A", "B", "A"), {"A": 1 / 2, "B": 1 / 2}),
        ("shapley_counts", {}, of("A", "B", "A"), {"A": 1 / 2, "B": 1 / 2}),
        ("position", {}, of("A", "B", "C", "D"), {"A": 0.4, "B": 0.1, "C": 0.1, "D": 0.4}),
        ("position", {"first": 0.6, "last": 0.2}, of("A", "B"), {"A": 0.75, "B": 0.25}),
        ("position", {"first": 0.5, "last": 0.5}, of("A", "B", "C"), {"A": 0.5, "B": 0, "C": 0.5}),
        ("position", {}, of("A"), {"A": 1}),
        ("w_shaped", {}, of("A"), {"A": 1}),
        ("w_shaped", {}, of("A", "B", "C"), {"A": 0.75, "B": 0.125, "C": 0.125}),
        ("time_decay", {"half_life_days": 7}, of("A", "B", hours=(168, 0)), {"A": 1 / 3, "B": 2 / 3}),
        ("time_decay", {"half_life_hours": 12}, of("A", "B", hours=(24, 0)), {"A": 1 / 5, "B": 4 / 5}),
        ("time_decay", {}, of("A", "B", hours=(720, 0)), {"A": 1 / 3, "B": 2 / 3}),
        ("time_decay", {"half_life_days": 1}, of("A", "B", hours=(10**6, 10**6)), {"A": 1 / 2, "B": 1 / 2}),
        ("markov", {}, of("A"), {"A": 1}),
    ],
)
def test_rules_by_hand(model: str, params: dict[str, Any], found: Any, wanted: dict[str, float]) -> None:
    assert attribute(found, model, params)["credit"] == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("lead", "opportunity", "wanted"),
    [
        (1, 2, {"A": 0.3, "B": 0.3, "C": 0.3, "D": 0.1}),
        (1, 1, {"A": 0.3, "B": 0.6, "C": 0.05, "D": 0.05}),
        (0, NONE, {"A": 6 / 7, "B": 1 / 21, "C": 1 / 21, "D": 1 / 21}),
        (NONE, 3, {"A": 3 / 7, "B": 1 / 14, "C": 1 / 14, "D": 3 / 7}),
    ],
)
def test_the_w_stands_on_what_is_known(lead: int, opportunity: int, wanted: dict[str, float]) -> None:
    made, names = paths(of("A", "B", "C", "D"), lead, opportunity)
    credit = attribution.credited(made, "w_shaped", None, 4, {}).conversions
    assert dict(zip(names, map(float, credit), strict=True)) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("model", "params"),
    [
        ("tea", {}),
        ("position", {"first": 0.8, "last": 0.3}),
        ("position", {"first": -1}),
        ("time_decay", {"half_life_days": 0}),
        ("markov", {"order": 2}),
    ],
)
def test_what_cannot_be_meant_is_refused(model: str, params: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"model|share|half-life|order"):
        attribute(of("A", "B"), model, params)


@pytest.mark.parametrize("model", ["shapley_rate", "markov"])
def test_more_channels_than_a_model_can_take_are_refused(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(attribution.MOST_CHANNELS, model, 1)
    with pytest.raises(ValueError, match="at most"):
        attribution.credited(paths(of("A", "B"))[0], model, None, 2, {})


def test_sixty_four_channels_have_room() -> None:
    names = [f"c{n:02}" for n in range(64)]
    found = [{"touches": [(name, 1)], "conversions": 1, "nulls": n % 2, "value": 0} for n, name in enumerate(names)]
    credit = attribute(found, "shapley_rate")["credit"]
    assert sum(credit.values()) == pytest.approx(64)


def test_nothing_gives_nothing() -> None:
    for model in MODELS:
        assert attribute([], model)["credit"] == {}
        assert attribute([{"touches": [], "conversions": 2, "nulls": 1, "value": 5}], model)["credit"] == {}
