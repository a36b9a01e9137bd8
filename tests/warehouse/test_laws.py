"""The engine against the slow reference, and the laws of revenue, on random small worlds.

`TENURE_EXAMPLES=500` runs more than the 15 worlds a law takes otherwise.
"""

from __future__ import annotations

import os
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note
from hypothesis import settings as profile
from hypothesis import strategies as st

from reference import answers
from reference.asked import cells, differences, opened
from reference.rows import World, end_day
from reference.worlds import FIRST, TABLES, any_day, settings, stamp, tables

FROM, TO = "2022-12", "2024-06"
SPAN = (date(2022, 12, 1), date(2024, 6, 30))
GRAINS = ("month", "month", "quarter", "year", "week")
SLICES = ((), ("plan",), ("currency",), ("product", "plan"), ("item",), ("industry",), ("industry", "plan"))
FLOWS = ("new", "expansion", "contraction", "churn", "reactivation", "entering", "leaving", "fx")
RATES = (
    "mrr", "arr", "arpa", "asp", "customer_churn_rate", "customer_churn_rate_incl_new_in_base", "gross_mrr_churn_rate",
    "net_mrr_churn_rate", "net_mrr_churn_rate_incl_reactivation", "nrr", "grr", "quick_ratio",
    "quick_ratio_excl_reactivation",
)  # fmt: skip
SHARED_OUT = ("expansion", "contraction", "entering", "leaving")
LAST_DIGIT = Decimal("1e-12")
"""Amounts are converted by rates and kept to twelve places: each slice may be off by half of the last one."""

worlds = profile(
    max_examples=int(os.environ.get("TENURE_EXAMPLES", "8")),
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # the worlds are small enough to be read as they are
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    derandomize="TENURE_EXAMPLES" not in os.environ,
)


def filters() -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(
        ({}, {}, {}, {"plan": "pro"}, {"currency": ["USD", "EUR"]}, {"product": "crm"}, {"industry": "retail"})
    )


def movements(workspace: Any, by: tuple[str, ...] = (), **fields: Any) -> dict[Any, dict[str, Any]]:
    asked = {"question": "movements", "from": FROM, "to": TO, **fields}
    if by:
        asked["by"] = list(by)
    answer = workspace.ask(asked)
    assert all(check["ok"] for check in answer.checks), answer.checks
    return cells(answer, "period", *by)


def rows_of(given_tables: dict[str, list[Any]]) -> str:
    return "\n".join(f"{name}: {row}" for name, rows in given_tables.items() for row in rows)


def agree(found: dict[Any, Any], expected: dict[Any, Any], given_tables: dict[str, list[Any]]) -> None:
    lines = differences(found, expected)
    if lines:
        note(rows_of(given_tables))
        pytest.fail("\n".join(lines[:20]))


def only(answer: dict[Any, Any], names: tuple[str, ...]) -> dict[Any, dict[str, Any]]:
    return {key: {name: row[name] for name in names} for key, row in answer.items()}


# The engine equals the reference ------------------------------------------------------------------------------------


@worlds
@given(tables(), settings(), st.sampled_from(GRAINS), st.sampled_from(SLICES), filters())
def test_movements_equal_the_reference(
    made: dict[str, list[Any]], definition: dict[str, Any], grain: str, by: tuple[str, ...], where: dict[str, Any]
) -> None:
    found = movements(opened(made, definition), by, grain=grain, where=where)
    agree(found, answers.movements(World(made, definition), *SPAN, grain, by=by, where=where), made)


@worlds
@given(tables(), settings(invoices=True), st.sampled_from(SLICES[:3]))
def test_movements_from_invoices_equal_the_reference(
    made: dict[str, list[Any]], definition: dict[str, Any], by: tuple[str, ...]
) -> None:
    found = movements(opened(made, definition), by)
    agree(found, answers.movements(World(made, definition), *SPAN, by=by), made)


@worlds
@given(tables(), settings(), any_day)
def test_movements_as_known_equal_the_reference(
    made: dict[str, list[Any]], definition: dict[str, Any], known: date
) -> None:
    found = movements(opened(made, definition), as_known_on=known.isoformat())
    agree(found, answers.movements(World(made, definition, known), *SPAN), made)


@worlds
@given(tables(), settings(), filters())
def test_ledger_equals_the_reference(
    made: dict[str, list[Any]], definition: dict[str, Any], where: dict[str, Any]
) -> None:
    answer = opened(made, definition).ask({"question": "ledger", "from": FROM, "to": TO, "where": where})
    found = {key: {"amount": row["amount"]} for key, row in cells(answer, "date", "account_id", "kind").items()}
    walked = answers.ledger(World(made, definition), *SPAN, where=where)
    agree(found, {(m.date, m.account, m.kind): {"amount": m.amount} for m in walked}, made)


@worlds
@given(tables(), settings(), st.sampled_from(GRAINS), st.sampled_from(SLICES))
def test_metrics_equal_the_reference(
    made: dict[str, list[Any]], definition: dict[str, Any], grain: str, by: tuple[str, ...]
) -> None:
    definition = {**definition, "gross_margin": "0.8"}
    fields: dict[str, Any] = {"from": FROM, "to": TO, "grain": grain, **({"by": list(by)} if by else {})}
    answer = opened(made, definition).ask({"question": "revenue_metrics", **fields})
    found = cells(answer, "period", *by)
    expected = answers.revenue_metrics(World(made, definition), *SPAN, grain, by=by)
    compared = RATES if grain != "month" else (*RATES, "ltv_simple", "ltv_margin", "ltv_net_retention")
    agree(only(found, compared), only(expected, compared), made)


@worlds
@given(tables(), settings(), st.sampled_from(("month", "quarter", "year")))
def test_cohorts_equal_the_reference(made: dict[str, list[Any]], definition: dict[str, Any], grain: str) -> None:
    workspace = opened(made, definition)
    expected = answers.cohorts(World(made, definition), *SPAN, grain)
    for value in ("customers", "mrr"):
        answer = workspace.ask({"question": "cohorts", "from": FROM, "to": TO, "grain": grain, "value": value})
        found = {row["cohort"]: row for row in answer.to_dicts()}
        for cohort, own in expected.items():
            row = found.get(cohort, {"size": 0, "start_mrr": 0, value: [0] * len(own[value])})
            pairs = zip(
                [row["size"], row["start_mrr"], *row[value]], [own["size"], own["start_mrr"], *own[value]], strict=True
            )
            wrong = [(a, b) for a, b in pairs if abs(Fraction(a) - b) > Fraction(1, 10**6)]
            assert not wrong, f"{cohort} {value}: {wrong}\n{rows_of(made)}"


@worlds
@given(tables(), settings(), any_day)
def test_renewals_equal_the_reference(made: dict[str, list[Any]], definition: dict[str, Any], as_of: date) -> None:
    fields = {"from": "2023-01", "to": "2025-06", "as_of": as_of.isoformat()}
    answer = opened(made, definition).ask({"question": "renewals", **fields})
    expected = answers.renewals(World(made, definition), date(2023, 1, 1), date(2025, 6, 30), as_of)
    found = {
        key: {name: row[name] for name in next(iter(expected.values()))} for key, row in cells(answer, "period").items()
    }
    agree(found, {(period,): row for period, row in expected.items()}, made)


# The laws -----------------------------------------------------------------------------------------------------------


@worlds
@given(tables(), settings(), st.sampled_from((*GRAINS, "day")), st.sampled_from(SLICES), filters())
def test_opening_plus_movements_is_closing_in_every_cell(
    made: dict[str, list[Any]], definition: dict[str, Any], grain: str, by: tuple[str, ...], where: dict[str, Any]
) -> None:
    span = {"from": "2023-03-10", "to": "2023-06-20"} if grain == "day" else {}
    found = movements(opened(made, definition), by, grain=grain, where=where, **span)
    closes: dict[Any, Any] = {}
    for key, row in sorted(found.items(), key=str):
        assert row["open"] + sum(row[flow] for flow in FLOWS) == row["close"]
        came = row["customers_new"] + row["customers_reactivated"] + row["customers_entering"]
        went = row["customers_churned"] + row["customers_leaving"]
        assert row["customers_open"] + came - went == row["customers_close"]
        assert closes.get(key[1:], (row["open"], row["customers_open"])) == (row["open"], row["customers_open"])
        closes[key[1:]] = (row["close"], row["customers_close"])
        assert row["churn"] <= 0 or by
        assert min(row["new"], row["reactivation"], row["expansion"]) >= 0 or by


@worlds
@given(tables(), settings(), st.sampled_from(SLICES[1:]), st.sampled_from(GRAINS))
def test_slices_add_up(made: dict[str, list[Any]], definition: dict[str, Any], by: tuple[str, ...], grain: str) -> None:
    workspace = opened(made, definition)
    whole, parts = movements(workspace, grain=grain), movements(workspace, by, grain=grain)
    for (period,), row in whole.items():
        own = [part for key, part in parts.items() if key[0] == period]
        for name in ("open", "new", "churn", "reactivation", "fx", "close"):
            assert abs(sum(part[name] for part in own) - row[name]) <= LAST_DIGIT * (len(own) + 1), (period, name)
        together = sum(part[n] for part in own for n in SHARED_OUT) - sum(row[n] for n in SHARED_OUT)
        assert abs(together) <= LAST_DIGIT * len(SHARED_OUT) * (len(own) + 1), period


@worlds
@given(tables(), settings(), st.sampled_from(SLICES), st.randoms())
def test_order_of_rows_never_matters(
    made: dict[str, list[Any]], definition: dict[str, Any], by: tuple[str, ...], chance: Any
) -> None:
    mixed = {name: list(rows) for name, rows in made.items()}
    for rows in mixed.values():
        chance.shuffle(rows)
    workspace = opened(mixed, definition)
    again = opened({name: rows[:1] for name, rows in mixed.items()}, definition)
    for name in sorted(mixed, reverse=True):
        if mixed[name][1:]:
            again.load(name, mixed[name][1:])
    first = movements(opened(made, definition), by)
    assert movements(workspace, by) == first
    assert movements(again, by) == first


@worlds
@given(tables(), settings(), st.sampled_from(SLICES), st.integers(0, 100), any_day)
def test_cutting_a_row_in_two_changes_nothing(
    made: dict[str, list[Any]], definition: dict[str, Any], by: tuple[str, ...], place: int, cut: date
) -> None:
    """Where no other version of the line lies over the row: a later start would win over it."""
    whole = made["subscriptions"]
    lines = defaultdict(list)
    for row in whole:
        lines[row["account_id"], row["subscription_id"], row["item"]].append(row)
    alone = [rows[0] for rows in lines.values() if len(rows) == 1]
    if not alone:
        return
    row = alone[place % len(alone)]
    world = World({}, definition)
    start, end = end_day(row["start"], world.zone), end_day(row["end"], world.zone)
    if not start < cut or (end is not None and not cut < end):
        return
    pieces = [{**row, "end": cut.isoformat()}, {**row, "start": cut.isoformat(), "row_id": "the second piece"}]
    cut_up = {**made, "subscriptions": [r for r in whole if r is not row] + pieces}
    assert movements(opened(cut_up, definition), by) == movements(opened(made, definition), by)


@worlds
@given(tables(), settings(), st.sampled_from(SLICES), st.sampled_from(TABLES[1:5]))
def test_a_row_sent_twice_changes_only_the_anomalies(
    made: dict[str, list[Any]], definition: dict[str, Any], by: tuple[str, ...], table: str
) -> None:
    once = opened(made, definition)
    twice = opened(made, definition)
    if made[table]:
        twice.load(table, made[table])
        kinds = {row["kind"] for row in twice.ask({"question": "anomalies"}).to_dicts()}
        assert "duplicate" in kinds
    assert movements(twice, by) == movements(once, by)


@worlds
@given(tables(), settings(), st.sampled_from(("3", "0.5", "1000")), st.sampled_from(SLICES[:3]))
def test_prices_times_k_is_amounts_times_k(
    made: dict[str, list[Any]], definition: dict[str, Any], k: str, by: tuple[str, ...]
) -> None:
    factor = Fraction(k)
    scaled = {name: [times(name, row, Decimal(k)) for row in rows] for name, rows in made.items()}
    before, after = opened(made, definition), opened(scaled, definition)
    expected = {
        key: {name: Fraction(value) * (1 if name.startswith("customers") else factor) for name, value in row.items()}
        for key, row in movements(before, by).items()
    }
    agree(movements(after, by), expected, made)
    fields = {"question": "revenue_metrics", "from": FROM, "to": TO}
    amounts = {"mrr", "arr", "arpa", "asp", "ltv_simple", "ltv_trailing6", "ltv_margin", "ltv_net_retention"}
    old, new = cells(before.ask(fields), "period"), cells(after.ask(fields), "period")
    rates = [
        {key: {n: v for n, v in row.items() if n not in amounts} for key, row in side.items()} for side in (new, old)
    ]
    agree(rates[0], rates[1], made)


def times(table: str, row: dict[str, Any], k: Decimal) -> dict[str, Any]:
    changed = dict(row)
    money = {"subscriptions": ("amount",), "contracts": ("total",), "invoice_lines": ("amount", "tax")}
    for name in money.get(table, ("value",) if row.get("kind") == "amount" else ()):
        if changed.get(name) is not None:
            changed[name] = str(Decimal(changed[name]) * k)
    if changed.get("schedule"):
        changed["schedule"] = [{**s, "amount": str(Decimal(s["amount"]) * k)} for s in changed["schedule"]]
    return changed


@worlds
@given(tables(prefix="x-"), tables(prefix="y-"), settings(), st.sampled_from(SLICES[:4]))
def test_disjoint_customers_add_up(
    left: dict[str, list[Any]], right: dict[str, list[Any]], definition: dict[str, Any], by: tuple[str, ...]
) -> None:
    right = {**right, "fx_rates": left["fx_rates"]}
    union = {**{name: left[name] + right[name] for name in TABLES}, "fx_rates": left["fx_rates"]}
    both = movements(opened(union, definition), by)
    sums: dict[Any, dict[str, Any]] = {}
    for side in (left, right):
        for key, row in movements(opened(side, definition), by).items():
            own = sums.setdefault(key, dict.fromkeys(row, 0))
            for name, value in row.items():
                own[name] += value
    agree(both, sums, union)


@worlds
@given(tables(), settings(), filters())
def test_ledger_adds_up_to_the_months(
    made: dict[str, list[Any]], definition: dict[str, Any], where: dict[str, Any]
) -> None:
    workspace = opened(made, definition)
    by_month: dict[str, Any] = defaultdict(Decimal)
    for row in workspace.ask({"question": "ledger", "from": FROM, "to": TO, "where": where}).to_dicts():
        by_month[row["date"].isoformat()[:7]] += row["amount"]
    for (month,), row in movements(workspace, where=where).items():
        assert by_month[month] == sum(row[flow] for flow in FLOWS if flow != "fx"), month


@worlds
@given(tables(), tables(prefix="later-"), settings(), any_day)
def test_what_was_known_never_changes(
    made: dict[str, list[Any]], later: dict[str, list[Any]], definition: dict[str, Any], known: date
) -> None:
    workspace = opened(made, definition)
    before = movements(workspace, as_known_on=known.isoformat())
    recorded_at = f"{known + timedelta(days=2)}T00:00:00+00:00"
    for name in ("subscriptions", "contracts", "discounts"):
        if later[name]:
            workspace.load(name, [{**row, "recorded_at": recorded_at, "superseded_at": None} for row in later[name]])
    assert movements(workspace, as_known_on=known.isoformat()) == before


@worlds
@given(tables(), settings(), st.sampled_from(("month", "quarter", "year")))
def test_cohorts_add_up_to_the_closes(made: dict[str, list[Any]], definition: dict[str, Any], grain: str) -> None:
    workspace = opened(made, definition)
    closes = movements(workspace, grain=grain)
    periods = [key[0] for key in closes]
    for value, name in (("customers", "customers_close"), ("mrr", "close")):
        answer = workspace.ask({"question": "cohorts", "from": FROM, "to": TO, "grain": grain, "value": value})
        sums: dict[str, Any] = defaultdict(Decimal)
        for row in answer.to_dicts():
            first = periods.index(row["cohort"])
            for k, number in enumerate(row[value]):
                sums[periods[first + k]] += number
        assert all(sums[period] == closes[period,][name] for period in periods)


@worlds
@given(tables(), settings(), st.sampled_from(GRAINS))
def test_rates_keep_their_bounds(made: dict[str, list[Any]], definition: dict[str, Any], grain: str) -> None:
    answer = opened(made, definition).ask({"question": "revenue_metrics", "from": FROM, "to": TO, "grain": grain})
    for row in answer.to_dicts():
        for name in ("customer_churn_rate", "gross_mrr_churn_rate", "grr"):
            assert row[name] is None or 0 <= row[name] <= 1, (name, row)
        if row["nrr"] is not None:
            assert abs(row["nrr"] + row["net_mrr_churn_rate"] - 1) <= Decimal("0.000001")
            assert row["nrr"] >= row["grr"]
        assert row["arr"] == 12 * row["mrr"]


@worlds
@given(tables(), settings())
def test_longer_periods_are_measured_end_to_end(made: dict[str, list[Any]], definition: dict[str, Any]) -> None:
    workspace = opened(made, definition)
    span = {"from": "2023-01", "to": "2024-06"}
    months = list(movements(workspace, **span).values())
    for n, quarter in enumerate(movements(workspace, grain="quarter", **span).values()):
        assert (quarter["open"], quarter["customers_open"]) == (months[3 * n]["open"], months[3 * n]["customers_open"])
        last = months[3 * n + 2]
        assert (quarter["close"], quarter["customers_close"]) == (last["close"], last["customers_close"])


@worlds
@given(tables(), settings(), st.sampled_from(SLICES))
def test_an_answer_stays_the_same_until_rows_arrive(
    made: dict[str, list[Any]], definition: dict[str, Any], by: tuple[str, ...]
) -> None:
    workspace = opened(made, definition)
    first = movements(workspace, by)
    assert movements(workspace, by) == first
    row = {"account_id": "late", "subscription_id": "late", "amount": "12", "start": FIRST.isoformat()}
    workspace.load("subscriptions", [{**row, "currency": "USD", "recorded_at": stamp(0)}])
    added = movements(workspace)["2023-12",]["close"] - movements(opened(made, definition))["2023-12",]["close"]
    assert added == 12
