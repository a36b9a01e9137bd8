"""The page of cohorts: its map by customers and by MRR, who is behind a cell, its file, its refusals."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

import pytest

import tenure
from reference.pages import Tables
from tenure.apps.goals import services

PAGE = "/retain/cohorts/"
SPRING = "from=2024-01&to=2024-04"


@pytest.fixture
def look(signed_in, sample):
    browser = signed_in("viewer")

    def get(query=SPRING, path=PAGE, **headers):
        response = browser.get(f"{path}?{query}", headers=headers)
        return response, response.content.decode("utf-8-sig")

    return get


def rows(page: str) -> dict[str, list[str]]:
    return {row[0]: row[1:] for row in Tables(page).tables[0]}


def test_customers(look):
    """January: acme, birch and cedar, of whom birch is away in March; March: one; in 2023 elm and fir by contract."""
    response, page = look()
    assert response.status_code == 200
    found = rows(page)
    assert found["Month"] == ["New customers", "0", "1", "2", "3"]
    assert found["Jan 2024"] == ["3", "100%", "100%", "67%", "100%"]
    assert found["Mar 2024"] == ["1", "100%", "100%"]
    assert found["Weighted average"] == ["", "100%", "100%", "67%", "100%"]
    assert "100.0% of the customers are still there, after 3 months" in page
    assert "Cohort Jan 2024, after 2 months: 2 of 3, 66.7%" in page


def test_mrr_in_numbers(look):
    _response, page = look(f"{SPRING}&value=mrr&show=number")
    found = rows(page)
    assert found["Jan 2024"] == ["360", "360", "250.55", "190.55", "270.55"]
    assert "Cohorts pay" in page


def test_a_period_that_runs_is_hatched_and_not_averaged(signed_in, home):
    row = {"account_id": "a", "subscription_id": "s", "amount": "10", "currency": "USD", "start": "2024-01-05"}
    tenure.open(home).load("subscriptions", [row])
    page = signed_in("viewer").get(f"{PAGE}?from=2024&to=2025&grain=year").content.decode()
    running = re.findall(r'<td class="is-running">.*?aria-label="([^"]*)"', page)
    assert all(said.endswith("; not over") for said in running)
    assert len(rows(page)["Weighted average"]) == 1 + len(rows(page)["2024"]) - 1 - len(running)


def test_the_accounts_behind_a_cell(look):
    _response, page = look()
    href = re.search(r'aria-label="Cohort Jan 2024, after 2 months[^"]*" href="([^"]*)"', page)[1].replace("&amp;", "&")
    path, _, query = href.partition("?")
    response, page = look(query, path)
    assert response.status_code == 200
    gone, stay = Tables(page).tables[:2]
    assert gone[1:] == [["birch", "60"]]
    assert [row[0] for row in stay[1:]] == ["acme", "cedar"]
    assert "2 / 3 = 66.7%" in page


@pytest.mark.parametrize("query", [SPRING, f"{SPRING}&value=mrr", f"{SPRING}&show=number", "grain=quarter&to=2024-Q2"])
def test_the_file_is_what_the_screen_shows(look, query):
    _response, page = look(query)
    shown = Tables(page).tables[0]
    href = re.search(r'href="([^"]*cohorts\.csv)\?([^"]*)"', page)
    _response, file = look(href[2].replace("&amp;", "&"), href[1])
    written = list(csv.reader(io.StringIO(file)))
    assert written[0] == shown[0]
    assert len(written) == len(shown)
    for screen, line in zip(shown[1:], written[1:], strict=True):
        for seen, exact in zip(screen[2:], line[2:], strict=True):
            if seen.endswith("%"):
                assert abs(Decimal(seen[:-1]) - Decimal(exact) * 100) <= Decimal("0.5")


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("value=tea", PAGE), ("show=both", PAGE), ("grain=week", PAGE), ("to=soon", PAGE),
        ("value=tea", PAGE + "cohorts.csv"), ("cohort=x&k=1", PAGE + "accounts/"),
        ("cohort=2024-01&k=-1", PAGE + "accounts/"), ("cohort=2024-01", PAGE + "accounts/"),
        ("cohort=2024-01&k=9999", PAGE + "accounts/"), ("cohort=2024-01&k=1&value=tea", PAGE + "accounts/"),
        ("cohort=9990-01&k=240", PAGE + "accounts/"),
    ],
)  # fmt: skip
def test_a_bad_address_is_refused_with_a_remedy(look, query, path):
    response, page = look(query, path)
    assert response.status_code == 422
    assert "state__id" in page


def test_a_cell_nobody_is_in(look):
    response, page = look("cohort=2024-02&k=1", PAGE + "accounts/")
    assert response.status_code == 200
    assert "0 accounts are gone" in page


def test_periods_without_new_customers_say_so(look):
    _response, page = look("from=2025-01&to=2025-03")
    assert "Nobody became a customer in these periods" in page


def test_an_empty_workspace_says_the_next_step(signed_in, home):
    assert "tenure import subscriptions" in signed_in("viewer").get(PAGE).content.decode()


def test_hostile_names_stay_text(signed_in, home):
    row = {
        "account_id": "<script>x</script>",
        "subscription_id": "s",
        "amount": "1",
        "currency": "USD",
        "start": "2024-01-05",
    }
    tenure.open(home).load("subscriptions", [row])
    page = signed_in("viewer").get(f"{PAGE}accounts/?cohort=2024-01&k=1").content.decode()
    assert "<script>x" not in page


def test_no_query_to_the_store_grows_with_the_rows(look, django_assert_max_num_queries):
    look()
    with django_assert_max_num_queries(8):
        look()


def test_chinese(look):
    _response, page = look(**{"accept-language": "zh-CN"})
    words = re.sub(r"<(script|style|code|pre)\b.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    assert not set(re.findall(r"[A-Za-z]{3,}", words)) - {
        "MRR",
        "UTC",
        "English",
        "CSV",
        "Excel",
        "Ctrl",
        "Esc",
        "default",
        "Viewer",
        "ChartMogul",
        "Stripe",
        "team",
        "solo",
    }
    assert "的客户" in page


def test_what_happened_is_marked_at_its_cohort(look, own_sample):
    services.annotate("2024-01-05", "New prices", "price", by="Ada")
    _response, page = look()
    marked = re.findall(r'<th scope="row">([^<]*)<span class="happened-row" title="([^"]*)"', page)
    assert marked == [("Jan 2024", "5 Jan 2024, Price change: New prices")]
    assert re.search(r'<div class="annotations">.*New prices', page, re.DOTALL)
