"""Edges of the revenue definitions, worked by hand: each case is a rule that is easy to get wrong by one."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import tenure
from reference.by_hand import asked, closes, contract, months, moved, opened, sub

# Days ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "settings", "days"),
    [
        pytest.param({"start": "2024-01-03", "end": "2024-01-05"}, {}, "0011000", id="start counts, end does not"),
        pytest.param({"start": "2024-01-03", "end": "2024-01-03"}, {}, "0000000", id="no day"),
        pytest.param({"start": "2024-01-03", "end": "2024-01-04T23:59:59Z"}, {}, "0011000", id="the last second"),
        pytest.param({"start": "2024-01-03", "end": "2024-01-05T10:00:00Z"}, {}, "0011000", id="an end during the day"),
        pytest.param({"trial_end": "2024-01-03"}, {}, "0011111", id="the end of the trial is paid"),
        pytest.param({"pauses": [["2024-01-03", "2024-01-05"]]}, {}, "1100111", id="a pause"),
        pytest.param({"pauses": [["2024-01-03", "2024-01-05"]]}, {"pause_policy": "keep"}, "1111111", id="kept"),
        pytest.param({"unpaid_at": "2024-01-04"}, {}, "1110000", id="given up"),
        pytest.param({"unpaid_at": "2024-01-06", "end": "2024-01-04"}, {}, "1110000", id="ended first"),
        pytest.param({"cancelled_at": "2024-01-04", "end": "2024-01-06"}, {}, "1111100", id="cancelled, still served"),
        pytest.param(
            {"cancelled_at": "2024-01-04", "end": "2024-01-06"}, {"churn_recognition": "cancel_request"}, "1110000",
            id="cancelled counts",
        ),
        pytest.param(
            {"cancelled_at": "2024-01-06", "end": "2024-01-04"}, {"churn_recognition": "cancel_request"}, "1110000",
            id="cancelled after the end",
        ),
        pytest.param(
            {"start": "2024-01-02T23:59:59Z"}, {"timezone": "Asia/Shanghai"}, "0011111", id="tomorrow in Shanghai"
        ),
        pytest.param(
            {"start": "2024-01-03T04:59:59Z"}, {"timezone": "America/New_York"}, "0111111", id="yesterday in New York"
        ),
        pytest.param(
            {"end": "2024-01-04T23:59:59-05:00"}, {"timezone": "America/New_York"}, "1111000", id="its last second"
        ),
        pytest.param(
            {"end": "2024-01-04T23:59:59Z"}, {"timezone": "America/New_York"}, "1110000", id="not its last second"
        ),
    ],
)  # fmt: skip
def test_which_days_count(fields: dict[str, Any], settings: dict[str, Any], days: str) -> None:
    span = {"from_": "2024-01-01", "to": "2024-01-08", "grain": "day"}
    found = asked(opened(settings, subscriptions=[sub(**fields)]), "movements", "period", **span)
    assert "".join("1" if row["close"] == 100 else "0" for row in found.values()) == days


@pytest.mark.parametrize(
    ("fields", "zone", "days"),
    [
        pytest.param({"start": "2024-01-02T23:59:59Z"}, "Asia/Shanghai", "0011111", id="a start, tomorrow in Shanghai"),
        pytest.param({"end": "2024-01-04T23:59:59-05:00"}, "America/New_York", "1111000", id="its last second"),
        pytest.param({"end": "2024-01-04T23:59:58-05:00"}, "America/New_York", "1110000", id="a second before"),
        pytest.param({"end": "2024-01-04T23:59:59Z"}, "America/New_York", "1110000", id="the last second of UTC"),
        pytest.param({"end": "2024-01-05"}, "America/New_York", "1111000", id="a day without a time is the same"),
        pytest.param(
            {"trial_end": "2024-01-03T23:59:59-05:00"}, "America/New_York", "0011111", id="a trial has no last second"
        ),
    ],
)
def test_another_time_zone_counts_the_days_again(fields: dict[str, Any], zone: str, days: str, tmp_path: Path) -> None:
    """The rows were loaded while the organisation's days were those of UTC."""
    tenure.open(tmp_path).load("subscriptions", [sub(**fields)])
    workspace = tenure.open(tmp_path, settings={"timezone": zone})
    found = asked(workspace, "movements", "period", from_="2024-01-01", to="2024-01-08", grain="day")
    assert "".join("1" if row["close"] == 100 else "0" for row in found.values()) == days


# Prices -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "close"),
    [
        pytest.param({"interval": "year"}, "8.333333", id="a year"),
        pytest.param({"interval": "month", "interval_count": 3}, "33.333333", id="a quarter"),
        pytest.param({"interval": "week"}, "433.333333", id="52 weeks a year"),
        pytest.param({"interval": "day"}, "3041.666667", id="365 days a year"),
        pytest.param({"interval": "day", "interval_count": 30}, "101.388889", id="30 days"),
        pytest.param({"quantity": "2.5"}, "250", id="seats and a half"),
        pytest.param({"amount": "113", "tax_inclusive_rate": "0.13"}, "100", id="tax inside"),
        pytest.param({"interval": "fortnightly or so"}, "0", id="an interval nobody knows"),
    ],
)
def test_price_per_month(fields: dict[str, Any], close: str) -> None:
    assert closes(opened(subscriptions=[sub(**fields)]), "2024-01", "2024-01") == [Decimal(close)]


def test_three_seats_of_100_a_year_are_25_a_month() -> None:
    rows = [sub(account_id="a", subscription_id=f"s{n}", interval="year") for n in range(3)]
    assert closes(opened(subscriptions=rows), "2024-01", "2024-01") == [25]


@pytest.mark.parametrize(
    ("discounts", "policy", "close"),
    [
        pytest.param(
            [("percent", "10", "forever"), ("percent", "50", "forever")], "active", "45", id="shares multiply"
        ),
        pytest.param(
            [("amount", "20", "forever"), ("percent", "50", "forever")], "active", "30", id="shares come first"
        ),
        pytest.param([("amount", "80", "forever"), ("amount", "80", "forever")], "active", "0", id="never below 0"),
        pytest.param([("percent", "120", "forever")], "active", "0", id="more than all"),
        pytest.param(
            [("percent", "10", "forever"), ("percent", "50", "repeating")], "forever", "90", id="only forever"
        ),
        pytest.param([("percent", "10", "forever"), ("amount", "5", "forever")], "none", "100", id="list price"),
    ],
)
def test_discounts(discounts: list[tuple[str, str, str]], policy: str, close: str) -> None:
    rows = [{"subscription_id": "s", "kind": k, "value": v, "duration": d} for k, v, d in discounts]
    workspace = opened({"discount_policy": policy}, subscriptions=[sub()], discounts=rows)
    assert closes(workspace, "2024-01", "2024-01") == [Decimal(close)]


def test_an_amount_is_per_billing_period() -> None:
    rows = [{"subscription_id": "s", "kind": "amount", "value": "60"}]
    workspace = opened(subscriptions=[sub(amount="1200", interval="year")], discounts=rows)
    assert closes(workspace, "2024-01", "2024-01") == [95]


@pytest.mark.parametrize(
    ("fields", "days"),
    [
        pytest.param({"start": "2024-01-03", "end": "2024-01-05"}, "1100111", id="from its start, before its end"),
        pytest.param({"end": "2024-01-03"}, "0011111", id="from the beginning"),
        pytest.param({"start": "2024-01-06"}, "1111100", id="open"),
    ],
)
def test_days_of_a_discount(fields: dict[str, Any], days: str) -> None:
    rows = [{"subscription_id": "s", "kind": "percent", "value": "50", "duration": "repeating", **fields}]
    span = {"from_": "2024-01-01", "to": "2024-01-08", "grain": "day"}
    found = asked(opened(subscriptions=[sub()], discounts=rows), "movements", "period", **span)
    assert "".join("1" if row["close"] == 100 else "0" for row in found.values()) == days


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"start": "2024-01-31"}, [50, 100, 100, 100], id="a month from the 31st ends on 29 February"),
        pytest.param({"start": "2024-02-15"}, [100, 50, 100, 100], id="a month from the middle"),
        pytest.param({}, [50, 100, 100, 100], id="from the beginning, and not again with a new version"),
    ],
)
def test_once_is_one_billing_period(fields: dict[str, Any], expected: list[int]) -> None:
    versions = [sub(end="2024-03-01", row_id="1"), sub(start="2024-03-01", row_id="2")]
    rows = [{"subscription_id": "s", "kind": "percent", "value": "50", "duration": "once", **fields}]
    assert closes(opened(subscriptions=versions, discounts=rows), "2024-01", "2024-04") == expected


@pytest.mark.parametrize(
    ("main", "addon", "expected"),
    [
        pytest.param({"amount": "100"}, {"amount": "50"}, {"main": 20, "addon": 50}, id="off main first"),
        pytest.param({"amount": "30"}, {"amount": "60"}, {"main": 0, "addon": 10}, id="the rest off the next"),
        pytest.param({"amount": "30"}, {"amount": "40"}, {"main": 0, "addon": 0}, id="each down to 0"),
        pytest.param({"trial_end": "2025-01-01"}, {"amount": "90"}, {"main": 0, "addon": 10}, id="main in trial"),
        pytest.param(
            {"pauses": [["2024-01-02", "2025-01-01"]]}, {"amount": "90"}, {"main": 0, "addon": 10}, id="main paused"
        ),
        pytest.param({"end": "2024-01-10"}, {"amount": "90"}, {"main": 0, "addon": 10}, id="main gone"),
    ],
)
def test_an_amount_is_taken_off_a_subscription_once(
    main: dict[str, Any], addon: dict[str, Any], expected: dict[str, int]
) -> None:
    rows = [sub(item="main", **main), sub(item="addon", **addon)]
    workspace = opened(subscriptions=rows, discounts=[{"subscription_id": "s", "kind": "amount", "value": "80"}])
    found = asked(workspace, "movements", "period", "item", from_="2024-01", to="2024-01", by=["item"])
    assert {item: row["close"] for (_, item), row in found.items() if row["close"]} == {
        item: close for item, close in expected.items() if close
    }


def test_a_row_sent_twice_bears_no_second_discount() -> None:
    rows = [
        sub(item="main", row_id="1", recorded_at="2024-01-01"),
        sub(item="addon", row_id="2"),
        sub(item="main", amount="70", row_id="1", recorded_at="2024-02-01"),
    ]
    workspace = opened(subscriptions=rows, discounts=[{"subscription_id": "s", "kind": "amount", "value": "80"}])
    assert closes(workspace, "2024-01", "2024-01") == [120]


@pytest.mark.parametrize(
    ("start", "end", "total", "close"),
    [
        pytest.param("2024-01-01", "2025-01-01", "1200", "100", id="a year"),
        pytest.param("2024-01-31", "2024-02-29", "100", "100", id="a month from the 31st"),
        pytest.param("2024-01-15", "2024-03-01", "100", "65.909091", id="a month and 15 of 29 days"),
        pytest.param("2024-01-31", "2024-02-15", "100", "193.333333", id="15 of 29 days"),
    ],
)
def test_contract_spread_over_its_term(start: str, end: str, total: str, close: str) -> None:
    assert closes(opened(contracts=[contract("a", start, end, total)]), "2024-01", "2024-01") == [Decimal(close)]


def test_a_ramp_steps_and_is_not_averaged() -> None:
    ramp = [
        {"from": "2024-01-01", "to": "2024-03-01", "amount": "200"},
        {"from": "2024-03-01", "to": "2024-05-01", "amount": "600"},
    ]
    workspace = opened(contracts=[contract("a", "2024-01-01", "2024-05-01", "800", schedule=ramp)])
    assert closes(workspace, "2024-01", "2024-05") == [100, 100, 300, 300, 0]


def test_contracts_and_subscriptions_of_an_account_add_up() -> None:
    workspace = opened(subscriptions=[sub()], contracts=[contract("a", "2024-02-01", "2025-02-01")])
    assert months(workspace, "2024-01", "2024-02")["2024-02"] == {
        "open": 100, "expansion": 1000, "close": 1100, "customers_open": 1, "customers_close": 1,
    }  # fmt: skip


# Versions -----------------------------------------------------------------------------------------------------------


def test_the_last_begun_version_is_in_force_and_the_earlier_comes_back() -> None:
    rows = [
        sub(row_id="1"),
        sub(amount="150", start="2024-02-01", end="2024-03-01", row_id="2"),
        sub(amount="180", start="2024-02-10", end="2024-02-20", row_id="3"),
    ]
    assert closes(opened(subscriptions=rows), "2024-01", "2024-03") == [100, 150, 100]


def test_of_versions_with_one_start_the_last_recorded_wins() -> None:
    rows = [
        sub(row_id="1", amount="300", recorded_at="2024-01-01"),
        sub(row_id="2", amount="200", recorded_at="2024-01-03"),
        sub(row_id="3", amount="100", recorded_at="2024-01-02"),
    ]
    assert closes(opened(subscriptions=rows), "2024-01", "2024-01") == [200]


@pytest.mark.parametrize(
    "later",
    [
        pytest.param({"trial_end": "2024-06-01"}, id="in trial"),
        pytest.param({"pauses": [["2024-02-01", "2024-06-01"]]}, id="paused"),
        pytest.param({"amount": "0"}, id="free"),
        pytest.param({"currency": "ZZZ"}, id="of a currency without a rate"),
    ],
)
def test_a_version_without_a_price_still_replaces_the_earlier(later: dict[str, Any]) -> None:
    rows = [sub(row_id="1"), sub(row_id="2", start="2024-02-01", end="2024-04-01", **later)]
    assert closes(opened(subscriptions=rows), "2024-01", "2024-04") == [100, 0, 0, 100]


# Customers ----------------------------------------------------------------------------------------------------------


def test_merged_accounts_are_one_customer() -> None:
    rows = [sub(account_id="x"), sub(account_id="y", amount="50"), sub(account_id="z", amount="7", start="2024-02-01")]
    merges = [{"account_id": "z", "merged_into": "y"}, {"account_id": "y", "merged_into": "x"}, {"account_id": "x"}]
    found = months(opened(accounts=merges, subscriptions=rows), "2024-01", "2024-02")
    assert found["2024-01"] == {"new": 150, "close": 150, "customers_new": 1, "customers_close": 1}
    assert found["2024-02"] == {"open": 150, "expansion": 7, "close": 157, "customers_open": 1, "customers_close": 1}


def test_a_circle_of_merges_is_one_customer() -> None:
    merges = [{"account_id": "x", "merged_into": "y"}, {"account_id": "y", "merged_into": "x"}]
    workspace = opened(accounts=merges, subscriptions=[sub(account_id="x"), sub(account_id="y")])
    assert months(workspace, "2024-01", "2024-01")["2024-01"]["customers_close"] == 1


def test_a_credit_nets_inside_its_account_and_never_below_0() -> None:
    rows = [
        sub(account_id="a"), sub(account_id="a", subscription_id="credit", amount="-30"),
        sub(account_id="b"), sub(account_id="b", subscription_id="credit", amount="-130", start="2024-02-01"),
    ]  # fmt: skip
    workspace = opened(subscriptions=rows)
    assert closes(workspace, "2024-01", "2024-02") == [170, 70]
    assert months(workspace, "2024-02", "2024-02")["2024-02"]["churn"] == -100
    found = asked(workspace, "anomalies", "kind", "row")
    assert ("negative_account", "b") in found
    assert ("negative_account", "a") not in found


@pytest.mark.parametrize(
    ("window", "back", "kind"),
    [
        pytest.param(None, "2026-01-10", "reactivation", id="without a window always a return"),
        pytest.param(90, "2024-04-09", "reactivation", id="after exactly 90 days"),
        pytest.param(90, "2024-04-10", "new", id="after 91 days"),
    ],
)
def test_reactivation_window(window: int | None, back: str, kind: str) -> None:
    rows = [sub(start="2023-05-01", end="2024-01-10", row_id="1"), sub(start=back, row_id="2")]
    workspace = opened({"reactivation_window_days": window}, subscriptions=rows)
    assert months(workspace, back[:7], back[:7])[back[:7]][kind] == 100
    assert [k for _, k in asked(workspace, "ledger", "date", "kind", from_=back[:7], to=back[:7])] == [kind]


@pytest.mark.parametrize(
    ("grace", "back", "kinds"),
    [
        pytest.param(5, "2024-01-15", ["expansion"], id="a gap of exactly 5 days did not happen"),
        pytest.param(5, "2024-01-16", ["churn", "reactivation"], id="a gap of 6 days did"),
        pytest.param(None, "2024-01-11", ["churn", "reactivation"], id="without grace every gap does"),
    ],
)
def test_grace(grace: int | None, back: str, kinds: list[str]) -> None:
    rows = [sub(start="2023-05-01", end="2024-01-10", row_id="1"), sub(start=back, amount="120", row_id="2")]
    workspace = opened({"grace_gap_days": grace}, subscriptions=rows)
    found = asked(workspace, "ledger", "date", "kind", from_="2024-01", to="2024-01")
    assert [kind for _, kind in found] == kinds


def test_a_bridged_gap_keeps_the_amount_before_it_over_a_close() -> None:
    rows = [sub(end="2024-01-29", row_id="1"), sub(start="2024-02-03", amount="120", row_id="2")]
    found = months(opened({"grace_gap_days": 5}, subscriptions=rows), "2024-01", "2024-02")
    assert found["2024-01"]["close"] == 100
    assert found["2024-02"]["expansion"] == 20


def test_the_first_return_inside_a_period_names_it() -> None:
    """New on the 5th, gone, back on the 20th: the month's net is `new`, the ledger has all three."""
    rows = [sub(start="2024-01-05", end="2024-01-10", row_id="1"), sub(start="2024-01-20", amount="70", row_id="2")]
    workspace = opened(subscriptions=rows)
    assert moved(asked(workspace, "movements", "period", from_="2024-01", to="2024-01")["2024-01",])["new"] == 70
    ledger = asked(workspace, "ledger", "date", "kind", from_="2024-01", to="2024-01")
    assert [kind for _, kind in ledger] == ["new", "churn", "reactivation"]


def test_joined_and_left_inside_a_month_is_in_neither_rate() -> None:
    rows = [sub(start="2024-01-05", end="2024-01-10"), sub(account_id="b", start="2023-12-01")]
    found = asked(opened(subscriptions=rows), "revenue_metrics", "period", from_="2024-01", to="2024-01")
    assert found["2024-01",]["customer_churn_rate"] == 0


# Rates of exchange --------------------------------------------------------------------------------------------------

EURO = [sub(currency="EUR"), sub(account_id="b", start="2024-02-10", currency="EUR"), sub(account_id="c", amount="5")]


def fx(*rates: tuple[str, str]) -> list[dict[str, str]]:
    return [{"day": day, "currency": "EUR", "rate": rate} for day, rate in rates]


def test_open_customers_move_at_the_opening_rate_and_others_at_the_months_own() -> None:
    rows = [*EURO, sub(currency="EUR", subscription_id="more", amount="10", start="2024-02-05")]
    workspace = opened(subscriptions=rows, fx_rates=fx(("2024-01-31", "1.2"), ("2024-02-29", "1.5")))
    assert months(workspace, "2024-02", "2024-02")["2024-02"] == {
        "open": 125, "new": 150, "expansion": 12, "fx": 33, "close": 320,
        "customers_open": 2, "customers_new": 1, "customers_close": 3,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("dollars", "euros", "expected"),
    [
        pytest.param("165", "50", {"expansion": 5, "fx": 15, "close": 240}, id="65 - 50 x 1.2 is up, x 1.5 is down"),
        pytest.param("46", "140", {"contraction": -6, "fx": 42, "close": 256}, id="40 x 1.2 - 54 is down, x 1.5 is up"),
    ],
)
def test_the_opening_rate_says_whether_two_currencies_went_up(
    dollars: str, euros: str, expected: dict[str, int]
) -> None:
    """100 USD and 100 EUR of one plan become these; a line of another plan stays as it was."""
    rows = [sub(subscription_id="other", plan="solo", amount="10")]
    for currency, amount in (("USD", dollars), ("EUR", euros)):
        line = {"subscription_id": currency, "currency": currency, "plan": "team"}
        rows += [sub(**line, end="2024-02-10", row_id=f"{currency} before")]
        rows += [sub(**line, start="2024-02-10", amount=amount, row_id=f"{currency} after")]
    workspace = opened(subscriptions=rows, fx_rates=fx(("2024-01-31", "1.2"), ("2024-02-29", "1.5")))
    one = {"customers_open": 1, "customers_close": 1}
    found = asked(workspace, "movements", "period", "plan", from_="2024-02", to="2024-02", by=["plan"])
    assert moved(found["2024-02", "team"]) == {"open": 220, **expected, **one}
    assert moved(found["2024-02", "solo"]) == {"open": 10, "close": 10, **one}
    whole = months(workspace, "2024-02", "2024-02")["2024-02"]
    assert whole == {**expected, "open": 230, "close": expected["close"] + 10, **one}


def test_churn_never_exceeds_the_opening() -> None:
    rows = [sub(currency="EUR", end="2024-02-20")]
    workspace = opened(subscriptions=rows, fx_rates=fx(("2024-01-31", "1"), ("2024-02-29", "2")))
    assert months(workspace, "2024-02", "2024-02")["2024-02"] == {
        "open": 100, "churn": -100, "customers_open": 1, "customers_churned": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        pytest.param(
            fx(("2024-01-15", "1.1"), ("2024-03-31", "1.3")), [110, 110, 130], id="carried, and the last day's"
        ),
        pytest.param(
            fx(("2024-02-29", "1.2"), ("2024-03-01", "1.4")), [120, 120, 140], id="before the first the first"
        ),
        pytest.param([], [0, 0, 0], id="none at all counts 0"),
    ],
)
def test_rate_of_a_month(rates: list[dict[str, str]], expected: list[int]) -> None:
    tables = {"subscriptions": [sub(currency="EUR")], **({"fx_rates": rates} if rates else {})}
    assert closes(opened(**tables), "2024-01", "2024-03") == expected


def test_a_quarter_opens_with_the_month_end_before_it_and_closes_with_its_own_last() -> None:
    rates = fx(("2023-12-31", "1.0"), ("2024-01-31", "1.2"), ("2024-03-31", "1.5"))
    rows = [sub(currency="EUR", start="2023-05-01")]
    found = months(opened(subscriptions=rows, fx_rates=rates), "2024-Q1", "2024-Q1", grain="quarter")
    assert found["2024-Q1"] == {"open": 100, "fx": 50, "close": 150, "customers_open": 1, "customers_close": 1}


def test_a_day_inside_a_month_is_valued_at_the_month_end_before_it() -> None:
    rates = fx(("2024-01-31", "1.2"), ("2024-02-29", "1.5"))
    workspace = opened(subscriptions=[sub(currency="EUR")], fx_rates=rates)
    assert closes(workspace, "2024-02-28", "2024-03-02", grain="day") == [120, 150, 150]


def test_the_ledger_has_no_fx_rows() -> None:
    rates = fx(("2024-01-31", "1.2"), ("2024-02-29", "1.5"))
    rows = [sub(currency="EUR", end="2024-02-15", row_id="1"), sub(account_id="b", currency="EUR", start="2024-02-03")]
    found = asked(
        opened(subscriptions=rows, fx_rates=rates), "ledger", "account_id", "kind", from_="2024-02", to="2024-02"
    )
    assert {key: row["amount"] for key, row in found.items()} == {("a", "churn"): -120, ("b", "new"): 150}


# Slices -------------------------------------------------------------------------------------------------------------


def test_a_change_of_plan_enters_one_slice_and_leaves_the_other() -> None:
    rows = [
        sub(plan="basic", end="2024-02-10", row_id="1"),
        sub(plan="pro", amount="150", start="2024-02-10", row_id="2"),
        sub(account_id="b", plan="pro", amount="10", start="2024-02-01"),
    ]
    found = asked(opened(subscriptions=rows), "movements", "period", "plan", from_="2024-02", to="2024-03", by=["plan"])
    assert moved(found["2024-02", "basic"]) == {
        "open": 100, "leaving": -100, "customers_open": 1, "customers_leaving": 1,
    }  # fmt: skip
    assert moved(found["2024-02", "pro"]) == {
        "new": 10, "entering": 150, "close": 160, "customers_new": 1, "customers_entering": 1, "customers_close": 2,
    }  # fmt: skip
    assert moved(found["2024-03", "basic"]) == {}


def test_where_on_rows_makes_a_change_of_plan_churn_and_new() -> None:
    rows = [sub(plan="basic", end="2024-02-10", row_id="1"), sub(plan="pro", start="2024-02-10", row_id="2")]
    workspace = opened(subscriptions=rows)
    assert months(workspace, "2024-02", "2024-02", where={"plan": "basic"})["2024-02"]["churn"] == -100
    assert months(workspace, "2024-02", "2024-02", where={"plan": ["pro"]})["2024-02"]["new"] == 100


def test_where_on_accounts_selects_accounts() -> None:
    accounts = [{"account_id": "a", "industry": "retail"}, {"account_id": "b", "industry": "media"}]
    workspace = opened(accounts=accounts, subscriptions=[sub(), sub(account_id="b", amount="7")])
    assert closes(workspace, "2024-01", "2024-01", where={"industry": "media"}) == [7]
    by = asked(workspace, "movements", "period", "industry", from_="2024-01", to="2024-01", by="industry")
    assert {industry: row["close"] for (_, industry), row in by.items()} == {"retail": 100, "media": 7}


# Knowledge ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "close"),
    [
        pytest.param("2024-03-04", 0, id="the day before"),
        pytest.param("2024-03-05", 100, id="recorded in the last second of the day"),
        pytest.param("2024-03-07", 100, id="the day before it ceased to be"),
        pytest.param("2024-03-08", 0, id="ceased to be in the last second of the day"),
    ],
)
def test_known_by_the_end_of_the_local_day(known: str, close: int) -> None:
    row = sub(recorded_at="2024-03-05T23:59:59-05:00", superseded_at="2024-03-08T23:59:59-05:00")
    workspace = opened({"timezone": "America/New_York"}, subscriptions=[row])
    assert closes(workspace, "2024-01", "2024-01", as_known_on=known) == [close]
    assert closes(workspace, "2024-01", "2024-01") == [0]
