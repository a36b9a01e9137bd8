"""Laws of funnels on random data full of ties: the kernels equal the slow reference under every option."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reference import funnels
from reference.funnels import Event, Rules, Step
from reference.told import compiled, gathered, results
from tenure.core.sequences import funnel

NOISE = 6


def some_rules(rng: np.random.Generator, order: str) -> Rules:
    """A funnel with any of the options that its order knows."""
    count = int(rng.integers(1, 5))
    plain = order != "ordered" or rng.random() < 0.4
    found = []
    for k in range(count):
        optional = not plain and 0 < k < count - 1 and rng.random() < 0.4
        users = int(rng.integers(2, 4)) if not plain and rng.random() < 0.25 else 1
        found.append(Step(int(rng.integers(0, 4)), optional, users))
    exclusions = []
    if order != "strict" and count > 1 and rng.random() < 0.6:
        for _ in range(int(rng.integers(1, 3))):
            opens = int(rng.integers(0, count - 1))
            exclusions.append((int(rng.integers(3, 6)), opens, int(rng.integers(opens + 1, count))))
    days = rng.random() < 0.15
    ranged = rng.random() < 0.4
    return Rules(
        tuple(found),
        window=int(rng.choice([0, 1, 2, 3, 4, 6, 100])),
        closes=(0, 3, 5, 9) if days else (),
        order=order,
        exclusions=tuple(exclusions),
        strict_time=order != "unordered" and rng.random() < 0.25,
        event_reuse=order == "ordered" and rng.random() < 0.15,
        reentry="first" if rng.random() < 0.2 else "latest",
        enters_from=int(rng.integers(0, 4)) if ranged else -funnels.NEVER,
        enters_to=int(rng.integers(3, 8)) if ranged else funnels.NEVER,
        ignored=NOISE if rng.random() < 0.3 else None,
    )


def some_unit(rng: np.random.Generator, most: int) -> list[Event]:
    """Few moments, few kinds of events, some of which meet several matchers or none."""
    odds = rng.choice([0.15, 0.3, 0.5])
    moments = sorted(rng.integers(0, int(rng.choice([2, 5, 9])), int(rng.integers(1, most + 1))).tolist())
    found = []
    for at in moments:
        does = {int(rng.integers(0, 7))} | {b for b in range(7) if rng.random() < odds / 2}
        found.append(Event(at, frozenset(does), int(rng.integers(-1, 3)), int(rng.integers(-1, 2))))
    return found


def some_units(rng: np.random.Generator, order: str, count: int) -> list[list[Event]]:
    return [some_unit(rng, 6 if order == "strict" else 8) for _ in range(count)]


@pytest.mark.parametrize("order", ["ordered", "strict", "unordered"])
def test_the_kernel_is_the_reference(order):
    rng = np.random.default_rng(20261122)
    for _ in range(400):
        rules, units = some_rules(rng, order), some_units(rng, order, 8)
        events, _ = gathered(units)
        found = results(events, funnel.walk(compiled(rules), events), rules.event_reuse)
        for unit, one in zip(units, found, strict=True):
            assert one == funnels.funnel(rules, unit), (rules, unit)


@pytest.mark.parametrize("order", ["ordered", "strict", "unordered"])
def test_the_trend_is_a_funnel_of_each_period(order):
    rng = np.random.default_rng(7)
    edges = [1, 3, 4, 8]
    for _ in range(30):
        rules, units = some_rules(rng, order), some_units(rng, order, 6)
        expected = np.sum([funnels.trend(rules, unit, edges) for unit in units], axis=0)
        found = funnel.by_entry(compiled(rules), gathered(units)[0], np.array(edges))
        assert found.tolist() == expected.tolist(), (rules, units)


def test_a_constant_property_is_the_best_funnel_of_its_values():
    rng = np.random.default_rng(11)
    for n in range(60):
        order = ("ordered", "strict", "unordered")[n % 3]
        rules, units = some_rules(rng, order), some_units(rng, order, 8)
        events, value = gathered(units)
        parts = funnel.by_value(events, value)
        chains = funnel.whole(parts, funnel.walk(compiled(rules), parts.events), len(units))
        found = results(events, chains, rules.event_reuse)
        for unit, one in zip(units, found, strict=True):
            expected = funnels.funnel_by_value(rules, unit)
            assert (one.depth, one.excluded, one.entry) == (expected.depth, expected.excluded, expected.entry), (
                rules,
                unit,
            )


def test_depth_never_falls_when_an_event_is_added_or_the_window_widens():
    rng = np.random.default_rng(5)
    for _ in range(60):
        rules = replace(some_rules(rng, "ordered"), exclusions=(), reentry="latest", closes=())
        units = some_units(rng, "ordered", 30)
        before = funnel.walk(compiled(rules), gathered(units)[0]).depth
        more = [sorted([*unit, *some_unit(rng, 1)], key=lambda e: e.at) for unit in units]
        wider = compiled(replace(rules, window=rules.window + 1))
        assert (funnel.walk(compiled(rules), gathered(more)[0]).depth >= before).all()
        assert (funnel.walk(wider, gathered(units)[0]).depth >= before).all()


def test_every_event_of_a_chain_is_its_step():
    rng = np.random.default_rng(3)
    for _ in range(60):
        rules = some_rules(rng, "ordered")
        events, _ = gathered(some_units(rng, "ordered", 30))
        chain = funnel.walk(compiled(rules), events).event
        for k, step in enumerate(rules.steps):
            there = chain[:, k][chain[:, k] >= 0]
            assert (events.bits[there] >> np.uint64(step.bit) & np.uint64(1) == 1).all()
