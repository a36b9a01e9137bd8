"""Random small worlds: a few accounts with everything that rows can do, for hypothesis.

What is left out, because the definitions leave it open: credits in an account with several currencies (whether it is a
customer would depend on the rate), and items of one discounted subscription with different billing intervals.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from reference.rows import ONE_DAY, Row

FIRST = date(2023, 1, 1)
DAYS = 480
ZONES = ("UTC", "Asia/Shanghai", "America/New_York")
INTERVALS = (("month", 1), ("month", 1), ("month", 3), ("year", 1), ("year", 2), ("week", 1), ("day", 1), ("day", 30))
AMOUNTS = ("100", "100", "50", "120", "99.99", "33.33", "0.01", "0")
PLANS = ("basic", "pro", None)
INDUSTRIES = ("retail", "media", None)
TABLES = ("accounts", "subscriptions", "discounts", "contracts", "invoice_lines", "fx_rates")

some_day = st.integers(0, DAYS).map(lambda n: FIRST + timedelta(days=n))
month_edge = st.integers(1, 14).flatmap(
    lambda n: st.sampled_from((date(2023 + n // 12, n % 12 + 1, 1), date(2023 + n // 12, n % 12 + 1, 1) - ONE_DAY))
)
any_day = st.one_of(some_day, month_edge)


def maybe(strategy: st.SearchStrategy[Any], share: int = 3) -> st.SearchStrategy[Any]:
    """None in `share` of `share + 1` draws."""
    return st.integers(0, share).flatmap(lambda n: strategy if n == 0 else st.none())


@st.composite
def given_day(draw: st.DrawFn) -> str:
    """A day, or a moment with an offset."""
    found: date = draw(any_day)
    clock = draw(maybe(st.sampled_from(("00:00:00Z", "03:59:59Z", "05:00:00Z", "16:00:00+08:00", "23:30:00-05:00"))))
    return found.isoformat() if clock is None else f"{found}T{clock}"


@st.composite
def stretch(draw: st.DrawFn, open_share: int = 2) -> tuple[str, str | None]:
    """[start, end) with an end that is mostly there, mostly later than the start, and sometimes a last second."""
    start: date = draw(any_day)
    if draw(st.integers(0, open_share)) == 0:
        return start.isoformat(), None
    length = draw(st.one_of(st.integers(-3, 20), st.integers(20, 200), st.sampled_from((31, 59, 90, 365))))
    return start.isoformat(), (start + timedelta(days=length)).isoformat()


@st.composite
def pauses(draw: st.DrawFn) -> list[list[str]] | None:
    if draw(st.integers(0, 3)):
        return None
    found = []
    for _ in range(draw(st.integers(1, 2))):
        start: date = draw(any_day)
        found.append([start.isoformat(), (start + timedelta(days=draw(st.integers(1, 60)))).isoformat()])
    return found


def stamp(minutes: int) -> str:
    return (datetime(2022, 12, 1, tzinfo=UTC) + timedelta(minutes=minutes)).isoformat()


@st.composite
def recorded(draw: st.DrawFn, index: int) -> Row:
    """When a row became known (no two at one moment) and, rarely, ceased to be."""
    known = draw(st.integers(0, 500)) * 24 * 60 + index
    gone = draw(maybe(st.integers(1, 200), 7))
    return {"recorded_at": stamp(known), "superseded_at": None if gone is None else stamp(known + gone * 24 * 60)}


@st.composite
def version(draw: st.DrawFn, account: str, subscription: str, item: str, currencies: tuple[str, ...]) -> Row:
    start, end = draw(stretch())
    if draw(st.integers(0, 5)) == 0:
        start = draw(given_day())
        end = None if end is None else f"{end}T23:59:59+00:00"
    return {
        "account_id": account,
        "subscription_id": subscription,
        "item": item,
        "plan": draw(st.sampled_from(PLANS)),
        "product": draw(st.sampled_from(("crm", "mail"))),
        "currency": draw(st.sampled_from(currencies)),
        "amount": draw(st.sampled_from(AMOUNTS)),
        "quantity": draw(st.sampled_from(("1", "1", "3", "2.5", None))),
        "start": start,
        "end": end,
        "cancelled_at": draw(maybe(given_day())),
        "trial_end": draw(maybe(given_day())),
        "unpaid_at": draw(maybe(given_day(), 5)),
        "pauses": draw(pauses()),
        "tax_inclusive_rate": draw(maybe(st.sampled_from(("0.13", "0.06")), 5)),
    }


@st.composite
def subscriptions(
    draw: st.DrawFn, account: str, index: int, currencies: tuple[str, ...], with_credits: bool
) -> list[Row]:
    """One subscription: one or two items, each in one to three versions that may overlap or leave gaps."""
    interval, count = draw(st.sampled_from(INTERVALS))
    rows: list[Row] = []
    for item in draw(st.sampled_from((("main",), ("main",), ("main", "addon"), ("seats", "addon")))):
        for _ in range(draw(st.integers(1, 3))):
            row = draw(version(account, f"{account}-{index}", item, currencies))
            if with_credits and draw(st.integers(0, 3)) == 0:
                row["amount"] = draw(st.sampled_from(("-20", "-100")))
            rows.append({**row, "interval": interval, "interval_count": count})
    return rows


@st.composite
def discount(draw: st.DrawFn, subscription: str) -> Row:
    kind = draw(st.sampled_from(("percent", "amount")))
    start = draw(st.one_of(st.none(), any_day))
    duration = draw(st.sampled_from(("forever", "repeating", "once")))
    end = draw(maybe(any_day)) if duration != "forever" else None
    return {
        "subscription_id": subscription,
        "kind": kind,
        "value": draw(st.sampled_from(("10", "25", "33.3", "100", "150" if kind == "amount" else "50"))),
        "duration": duration,
        "start": None if start is None else start.isoformat(),
        "end": None if end is None else end.isoformat(),
    }


@st.composite
def contract(draw: st.DrawFn, account: str, index: int, currencies: tuple[str, ...], earlier: list[Row]) -> Row:
    start: date = draw(any_day)
    if earlier and draw(st.booleans()):
        due = date.fromisoformat(draw(st.sampled_from(earlier))["end"])
        start = due + timedelta(days=draw(st.integers(-40, 60)))
    end = start + timedelta(days=draw(st.sampled_from((28, 30, 31, 45, 90, 180, 365, 366))))
    schedule = None
    if draw(st.integers(0, 3)) == 0:
        middle = start + timedelta(days=draw(st.integers(1, (end - start).days - 1)))
        edges = (start.isoformat(), middle.isoformat(), end.isoformat())
        steps = zip(edges, edges[1:], ("300", "900"), strict=False)
        schedule = [{"from": a, "to": b, "amount": amount} for a, b, amount in steps]
    return {
        "contract_id": f"{account}-k{index}",
        "account_id": account,
        "currency": draw(st.sampled_from(currencies)),
        "total": draw(st.sampled_from(("1200", "1000", "999.99", "36000"))),
        "start": start.isoformat(),
        "end": end.isoformat(),
        "schedule": schedule,
        "kind": draw(st.sampled_from(("term", "term", "term", "month_to_month"))),
        "plan": draw(st.sampled_from(PLANS)),
        "product": draw(st.sampled_from(("crm", "mail"))),
        "renews": [r["contract_id"] for r in earlier if draw(st.booleans())],
        "notice_given_at": draw(maybe(any_day.map(date.isoformat))),
    }


@st.composite
def invoice_line(draw: st.DrawFn, account: str, index: int, currencies: tuple[str, ...]) -> Row:
    start: date = draw(any_day)
    interval, full = draw(st.sampled_from((("month", 30), ("month", 31), ("year", 365), ("week", 7))))
    row: Row = {
        "line_id": f"{account}-l{index}",
        "account_id": account,
        "subscription_id": f"{account}-0",
        "type": draw(st.sampled_from(("subscription", "subscription", "subscription", "one_time", "usage", "refund"))),
        "plan": draw(st.sampled_from(PLANS)),
        "amount": draw(st.sampled_from(("113", "100", "1200.50"))),
        "tax": draw(st.sampled_from(("13", "0", None))),
        "currency": draw(st.sampled_from(currencies)),
        "interval": interval,
        "interval_count": 1,
        "period_start": start.isoformat(),
        "period_end": (start + timedelta(days=full)).isoformat(),
        "prorated": False,
    }
    if draw(st.integers(0, 3)) == 0:
        cut = start + timedelta(days=draw(st.integers(1, full - 1)))
        row |= {
            "prorated": True,
            "full_period_start": row["period_start"],
            "full_period_end": row["period_end"],
            "period_start": cut.isoformat(),
        }
    return row


@st.composite
def fx_rates(draw: st.DrawFn, currencies: tuple[str, ...]) -> list[Row]:
    """Rates for some of the foreign currencies, on some days."""
    rows: dict[tuple[str, str], Row] = {}
    for currency in currencies[1:]:
        for _ in range(draw(st.integers(0, 5))):
            row = {"day": draw(any_day).isoformat(), "currency": currency}
            rate = draw(st.sampled_from(("1", "1.1", "0.95", "7.123456", "0.00654321")))
            rows[row["day"], currency] = {**row, "rate": rate}
    return list(rows.values())


@st.composite
def settings(draw: st.DrawFn, invoices: bool = False) -> dict[str, Any]:
    """A metric definition."""
    return {
        "timezone": draw(st.sampled_from(ZONES)),
        "discount_policy": draw(st.sampled_from(("active", "active", "forever", "none"))),
        "churn_recognition": draw(st.sampled_from(("service_end", "cancel_request"))),
        "pause_policy": draw(st.sampled_from(("zero", "keep"))),
        "reactivation_window_days": draw(st.sampled_from((None, 1, 30, 90))),
        "grace_gap_days": draw(st.sampled_from((None, None, 1, 14, 45))),
        "renewal_grace_days": draw(st.sampled_from((0, 30, 30, 45))),
        "revenue_source": "invoices" if invoices else "subscriptions",
    }


@st.composite
def tables(draw: st.DrawFn, *, plain: bool = False, prefix: str = "") -> dict[str, list[Row]]:
    """All tables of a small world. `plain`: nothing that a law needs to leave out (see each law)."""
    currencies = draw(st.sampled_from((("USD",), ("USD", "EUR"), ("USD", "EUR", "JPY"))))
    with_credits = currencies == ("USD",) and draw(st.booleans())
    found: dict[str, list[Row]] = {name: [] for name in TABLES}
    names = [f"{prefix}{letter}" for letter in "abc"[: draw(st.integers(1, 3))]]
    for n, account in enumerate(names):
        row: Row = {"account_id": account, "industry": draw(st.sampled_from(INDUSTRIES))}
        if n and not draw(st.integers(0, 4)):
            row["merged_into"] = draw(st.sampled_from(names))
        if draw(st.integers(0, 4)) and row.get("merged_into") != account:
            found["accounts"].append(row)
        own: list[Row] = []
        for index in range(draw(st.integers(0, 2))):
            rows = draw(subscriptions(account, index, currencies, with_credits))
            own += rows
            if not with_credits and draw(st.booleans()):
                subscription = f"{account}-{index}"
                found["discounts"] += draw(st.lists(discount(subscription), min_size=1, max_size=3))
        contracts: list[Row] = []
        for index in range(draw(st.integers(0, 2))):
            contracts.append(draw(contract(account, index, currencies, contracts)))
        found["subscriptions"] += own
        found["contracts"] += contracts
        found["invoice_lines"] += [
            draw(invoice_line(account, index, currencies)) for index in range(draw(st.integers(0, 2)))
        ]
    found["fx_rates"] = draw(fx_rates(currencies))
    index = 0
    for name in ("subscriptions", "discounts", "contracts", "invoice_lines"):
        for row in found[name]:
            row.update({"row_id": f"{prefix}{name[0]}{index}", "source": "made"})
            row.update({"recorded_at": stamp(index)} if plain else draw(recorded(index)))
            index += 1
    if not plain and found["subscriptions"] and draw(st.booleans()):
        twice = draw(st.sampled_from(found["subscriptions"]))
        found["subscriptions"].append({**twice, "amount": "77", "recorded_at": stamp(10**6)})
    return found
