"""The questions, answered slowly: what the engine's tables are compared with."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from fractions import Fraction
from typing import Any

from reference.movements import Cell, Movement, Movements
from reference.rates import Rates, periods
from reference.renewals import renewals
from reference.rows import World

__all__ = ["cohorts", "ledger", "metrics", "movements", "renewals", "revenue_metrics"]

Answer = dict[tuple[Any, ...], dict[str, Any]]
"""Rows by (period label, slice values...)."""


def movements(
    world: World,
    first: date,
    last: date,
    grain: str = "month",
    *,
    by: tuple[str, ...] = (),
    where: dict[str, Any] | None = None,
) -> Answer:
    """Every slice that is seen anywhere in the span has a row in every period, zeros included."""
    spans = periods(first, last, grain, world.setting("week_start"))
    walked = Movements(world, spans[-1].last, where)
    found = {p.label: walked.net(p, by) for p in spans}
    keys = {key for cells in found.values() for key in cells}
    return {(p.label, *key): found[p.label].get(key, Cell()).to_dict() for p in spans for key in keys}


def ledger(world: World, first: date, last: date, where: dict[str, Any] | None = None) -> list[Movement]:
    return [m for m in Movements(world, last, where).ledger if m.date >= first]


def ratio(part: Fraction, whole: Fraction | int) -> Fraction | None:
    return None if whole == 0 else part / Fraction(whole)


def metrics(m: dict[str, Any], gross_margin: Fraction | None = None) -> dict[str, Fraction | None]:
    """The rates of one period and slice from its movements. What left a slice is lost to it."""
    lost = -(m["churn"] + m["contraction"] + m["leaving"])
    gained = m["new"] + m["expansion"]
    arpa = ratio(m["close"], m["customers_close"])
    churn = ratio(Fraction(m["customers_churned"]), m["customers_open"])
    nrr = ratio(m["open"] - lost + m["expansion"], m["open"])
    simple = None if arpa is None or not churn else arpa / churn
    return {
        "mrr": m["close"],
        "arr": 12 * m["close"],
        "arpa": arpa,
        "asp": ratio(m["new"], m["customers_new"]),
        "customer_churn_rate": churn,
        "customer_churn_rate_incl_new_in_base": ratio(
            Fraction(m["customers_churned"]), m["customers_open"] + m["customers_new"]
        ),
        "gross_mrr_churn_rate": ratio(lost, m["open"]),
        "net_mrr_churn_rate": ratio(lost - m["expansion"], m["open"]),
        "net_mrr_churn_rate_incl_reactivation": ratio(lost - m["expansion"] - m["reactivation"], m["open"]),
        "nrr": nrr,
        "grr": ratio(m["open"] - lost, m["open"]),
        "quick_ratio": ratio(gained + m["reactivation"], -(m["churn"] + m["contraction"])),
        "quick_ratio_excl_reactivation": ratio(gained, -(m["churn"] + m["contraction"])),
        "ltv_simple": simple,
        "ltv_margin": None if simple is None or gross_margin is None else simple * gross_margin,
        "ltv_net_retention": None if arpa is None or nrr is None or nrr >= 1 else arpa / (1 - nrr),
    }


def revenue_metrics(
    world: World,
    first: date,
    last: date,
    grain: str = "month",
    *,
    by: tuple[str, ...] = (),
    where: dict[str, Any] | None = None,
) -> Answer:
    margin = world.setting("gross_margin")
    found = movements(world, first, last, grain, by=by, where=where)
    return {key: metrics(cell, None if margin is None else Fraction(str(margin))) for key, cell in found.items()}


def cohorts(
    world: World, first: date, last: date, grain: str = "month", *, where: dict[str, Any] | None = None
) -> dict[str, dict[str, Any]]:
    """Accounts by the period of their first paid day; column k is the close of the k-th period after it."""
    spans = periods(first, last, grain)
    walked = Movements(world, spans[-1].last, where)
    members: dict[str, list[str]] = defaultdict(list)
    for account in walked.accounts:
        joined = walked.first_paid_day(account)
        for p in spans:
            if joined is not None and p.first <= joined <= p.last:
                members[p.label].append(account)
    answer = {}
    for k, p in enumerate(spans):
        own = members[p.label]
        joined_on = {a: walked.first_paid_day(a) for a in own}
        answer[p.label] = {
            "size": len(own),
            "start_mrr": sum((walked.value(a, d, Rates.month_end(d)) for a, d in joined_on.items()), Fraction(0)),
            "customers": [sum(walked.closing(a, q) > 0 for a in own) for q in spans[k:]],
            "mrr": [sum((walked.closing(a, q) for a in own), Fraction(0)) for q in spans[k:]],
        }
    return answer
