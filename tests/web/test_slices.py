"""Slices of the revenue pages: tables by a field, pages narrowed to one value, and proofs of both."""

from __future__ import annotations

import re

import pytest

import tenure
from reference.pages import Tables

PAGE = "/retain/movements/"
ROWS = [
    {"account_id": "a", "subscription_id": "s", "plan": "Pro", "amount": "100", "start": "2024-01-05"},
    {"account_id": "b", "subscription_id": "t", "plan": "Pro", "amount": "40", "start": "2024-03-28"},
    {"account_id": "a", "subscription_id": "u", "plan": "Team", "amount": "7", "start": "2024-03-03"},
    {"account_id": "c", "subscription_id": "v", "amount": "9", "start": "2024-02-03", "end": "2024-03-04"},
]
ACCOUNTS = [
    {"account_id": "a", "region": "East", "tier": "S"},
    {"account_id": "b", "region": "West"},
    {"account_id": "c", "region": "East"},
]


@pytest.fixture
def look(signed_in, home):
    opened = tenure.open(home, settings={"reporting_currency": "USD", "timezone": "UTC"})
    opened.load("subscriptions", [{"currency": "USD", **row} for row in ROWS])
    opened.load("accounts", ACCOUNTS)
    browser = signed_in("viewer")

    def get(query="", path=PAGE):
        response = browser.get(f"{path}?{query}")
        return response, response.content.decode()

    return get


def cut(page):
    return {row[0]: row[1:] for row in Tables(page).tables[2]}


def test_the_slices_add_up_to_the_whole(look):
    _response, page = look("to=2024-03&by=plan")
    table = cut(page)
    heads = table["Plan"]
    assert table["Pro"][heads.index("New")] == "+40"
    assert table["Team"][heads.index("Entering")] == "+7"
    assert table["Not given"][heads.index("Churn")] == "−9"
    assert table["Together"][heads.index("Close")] == "147"
    assert {row[0]: row[1] for row in Tables(page).tables[0]}["Close"] == "147"


@pytest.mark.parametrize(
    ("query", "close"),
    [
        ("f=plan~eq~Pro", "140"),
        ("f=plan~not_set", "0"),
        ("f=region~eq~East", "107"),
        ("f=plan~eq~Pro&f=region~eq~East", "100"),
        ("f=plan~in~Pro|Team", "147"),
        ("f=tier~not_set", "40"),
    ],
)
def test_a_page_narrowed_to_a_slice(look, query, close):
    _response, page = look(f"to=2024-03&{query}")
    assert {row[0]: row[1] for row in Tables(page).tables[0]}["Close"] == close
    assert "of this slice alone" in page
    links = re.findall(r'href="(/retain/movements/rows/[^"]*)"', page)
    assert links
    assert all("&amp;f=" in link for link in links)


def test_a_click_on_a_slice_narrows_and_a_chip_widens(look):
    _response, page = look("to=2024-03&by=region")
    narrowed = re.search(r'href="/retain/movements/\?([^"]*f=region~eq~East[^"]*)"', page.replace("%7E", "~"))
    _response, page = look(narrowed[1].replace("&amp;", "&"))
    assert cut(page)["Together"][-2] == "107"
    wide = re.search(r'class="chip__drop" href="[^"?]*\?([^"]*)"', page)[1].replace("&amp;", "&")
    assert "f=" not in wide
    assert cut(look(wide)[1])["Together"][-2] == "147"


@pytest.mark.parametrize(
    ("query", "figure", "accounts"),
    [
        ("kind=entering&slice=plan~Team", "+$7", {"a"}),
        ("kind=close&slice=plan~Pro", "$140", {"a", "b"}),
        ("kind=churn&slice=plan~(none)", "−$9", {"c"}),
        ("kind=close&f=region~eq~East", "$107", {"a"}),
        ("kind=new&f=region~eq~West", "+$40", {"b"}),
    ],
)
def test_the_proof_of_a_slice_is_of_the_slice(look, query, figure, accounts):
    _response, page = look(f"grain=month&period=2024-03&{query}", PAGE + "rows/")
    assert re.search(r'class="proof__figure"[^>]*>([^<]*)<', page)[1] == figure
    assert {row[0] for row in Tables(page).tables[0][1:]} == accounts


def test_the_form_is_written_as_an_address(look):
    response, _page = look("to=2024-03&slice_field=plan&slice_op=eq&slice_value=Pro|Team")
    assert (response.status_code, response["Location"]) == (302, f"{PAGE}?to=2024-03&f=plan~in~Pro%7CTeam")


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("f=colour~eq~red", PAGE),
        ("f=plan~like~P", PAGE),
        ("by=colour", PAGE),
        ("period=2024-03&kind=new&slice=colour~red", PAGE + "rows/"),
        ("period=2024-03&kind=new&slice=plan~Gold", PAGE + "rows/"),
    ],
)
def test_a_bad_slice_is_refused_with_a_remedy(look, query, path):
    response, page = look(query, path)
    assert response.status_code == 422
    assert "state__id" in page


@pytest.mark.parametrize("path", ["/retain/metrics/", "/retain/cohorts/", "/retain/renewals/"])
def test_the_other_pages_are_narrowed_too(look, path):
    response, page = look("to=2024-03&f=region~eq~West", path)
    assert response.status_code == 200
    assert "of this slice alone" in page


def test_renewal_rates_by_slice_and_their_contracts(look, home):
    contracts = [
        {"contract_id": f"k{n}", "account_id": account, "plan": plan, "currency": "USD", "total": "1200",
         "start": start, "end": end, "renews": renews}
        for n, (account, plan, start, end, renews) in enumerate([
            ("a", "Pro", "2023-03-10", "2024-03-10", []), ("a", "Pro", "2024-03-10", "2025-03-10", ["k0"]),
            ("b", "Pro", "2023-03-20", "2024-03-20", []), ("c", "Team", "2023-03-20", "2024-03-20", []),
        ])
    ]  # fmt: skip
    tenure.open(home).load("contracts", contracts)
    _response, page = look("from=2024-01&to=2024-03&days=30&by=plan", "/retain/renewals/")
    table = {row[0]: row[1:] for row in Tables(page).tables[-1]}
    assert table["Pro"][0] == "50.0%"
    assert table["Team"][0] == "0.0%"
    assert "days=30" in re.search(r'href="([^"]*)" title="Show this slice alone"', page)[1]
    door = re.search(r'href="/retain/renewals/rows/\?([^"]*kind=expiring&amp;slice=plan~Pro[^"]*)"', page)
    response, proof = look(door[1].replace("&amp;", "&"), "/retain/renewals/rows/")
    assert response.status_code == 200
    named = {cell.split(" · ")[0] for table in Tables(proof).tables for row in table for cell in row}
    assert {"k0", "k1", "k2", "k3"} & named == {"k0", "k1", "k2"}
    response, _page = look("period=2024-03&kind=expiring&slice=plan~Gold", "/retain/renewals/rows/")
    assert response.status_code == 422


def test_cohorts_by_slice_of_the_first_line(look):
    _response, page = look("from=2024-01&to=2024-03&by=plan&value=mrr", "/retain/cohorts/")
    table = {row[0]: row[1:] for row in Tables(page).tables[-1]}
    assert table["Pro"] == ["140", "100%", "100%", "107%"]
    assert table["Not given"] == ["9", "100%", "0%"]
    assert "Team" not in table
    assert "value=mrr" in re.search(r'href="([^"]*)" title="Show this slice alone"', page)[1]


def test_from_the_ninth_slice_on_they_are_others(look, home):
    rows = [
        {"account_id": f"m{n}", "subscription_id": f"m{n}", "plan": f"P{n}", "amount": f"{n}", "currency": "USD",
         "start": "2024-03-02"}
        for n in range(1, 12)
    ]  # fmt: skip
    tenure.open(home).load("subscriptions", rows)
    table = cut(look("to=2024-03&by=plan")[1])
    assert len(table) == 1 + 8 + 1
    assert any(name.startswith("Others (") for name in table)
    assert table["Together"][-2] == "213"
