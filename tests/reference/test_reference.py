"""The slow reference gives the figures of every worked example: it may be trusted to judge the engine."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from reference.answers import cohorts, ledger, movements, renewals, revenue_metrics
from reference.cases import Example, examples, missing, near
from reference.rates import month_span
from reference.rows import World

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))


def by_name(name: str) -> Any:
    return pytest.mark.parametrize("example", [pytest.param(e, id=e.name) for e in examples() if name in e.expect])


def world(example: Example) -> World:
    known = example.as_known_on
    return World(example.tables, example.settings, None if known is None else date.fromisoformat(known))


def span(example: Example) -> tuple[date, date]:
    return month_span(example.window["from"])[0], month_span(example.window["to"])[1]


def assert_near(found: dict[str, Any], expected: dict[str, Any]) -> None:
    wrong = {name: (found[name], value) for name, value in expected.items() if not near_fraction(found[name], value)}
    assert not wrong


def near_fraction(found: Any, expected: Any) -> bool:
    return near(None if found is None else float(found), expected, "0.0000011")


@by_name("months")
def test_movements(example: Example) -> None:
    found = movements(world(example), *span(example), where=example.where)
    assert [key[0] for key in sorted(found)] == [row["month"] for row in example.expect["months"]]
    for row in example.expect["months"]:
        assert_near(found[row["month"],], {k: v for k, v in row.items() if k != "month"})


@by_name("ledger")
def test_ledger(example: Example) -> None:
    found = ledger(world(example), *span(example), where=example.where)
    rows = sorted((m.date.isoformat(), m.account, m.kind) for m in found)
    assert rows == sorted((r["date"], r["customer_id"], r["type"]) for r in example.expect["ledger"])
    amounts = {(m.date.isoformat(), m.account): m.amount for m in found}
    assert_near(amounts, {(r["date"], r["customer_id"]): r["amount"] for r in example.expect["ledger"]})


@by_name("metrics")
def test_metrics(example: Example) -> None:
    found = revenue_metrics(world(example), *span(example), where=example.where)
    for month, expected in example.expect["metrics"].items():
        assert_near(found[month,], expected)


@by_name("cohorts")
def test_cohorts(example: Example) -> None:
    found = cohorts(world(example), *span(example))
    for row in example.expect["cohorts"]:
        own = found[row["cohort"]]
        assert (own["size"], own["customers"]) == (row["size"], row["customers"])
        assert all(near_fraction(a, b) for a, b in zip(own["mrr"], row["mrr"], strict=True))
        assert near_fraction(own["start_mrr"], row["start_mrr"])


@by_name("renewals")
def test_renewals(example: Example) -> None:
    for month, expected in example.expect["renewals"].items():
        found = renewals(world(example), *month_span(month), date.fromisoformat(example.as_of))
        assert_near(found[month], expected)
