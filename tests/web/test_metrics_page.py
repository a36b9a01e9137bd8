"""The page of metrics: each over time, what is committed, what a customer is worth; its files and refusals."""

from __future__ import annotations

import csv
import io
import re

import pytest

import tenure
from reference.pages import Tables
from tenure.apps.goals import services

PAGE = "/retain/metrics/"
SPRING = "from=2024-01&to=2024-04"


@pytest.fixture
def look(signed_in, sample):
    browser = signed_in("viewer")

    def get(query=SPRING, path=PAGE, **headers):
        response = browser.get(f"{path}?{query}", headers=headers)
        return response, response.content.decode("utf-8-sig")

    return get


def test_every_metric_over_time(look):
    response, page = look()
    assert response.status_code == 200
    table = Tables(page).tables[0]
    april = dict(zip(table[0], table[1], strict=True))
    assert (april["Month"], april["MRR, $"], april["ARR, $"]) == ("Apr 2024", "460.55", "5,526.60")
    assert april["Customer churn rate"] == "20.00%"
    assert page.count('class="multiple"') == len(table[0]) - 1
    assert page.count('class="multiple__line"') >= 8


def test_a_metric_of_nothing_is_a_dash(look):
    _response, page = look("from=2023-01&to=2023-04")
    table = Tables(page).tables[0]  # elm with 100 and fir with 50 come in April 2023
    assert dict(zip(table[0], table[1], strict=True))["ASP, $"] == "75"
    assert dict(zip(table[0], table[4], strict=True))["ARPA, $"] == "–"


def test_the_file_is_what_the_screen_shows(look):
    _response, page = look()
    table = Tables(page).tables[0]
    href = re.search(r'href="([^"]*metrics\.csv)\?([^"]*)"', page)
    _response, file = look(href[2].replace("&amp;", "&"), href[1])
    rows = list(csv.reader(io.StringIO(file)))
    assert [head.removesuffix(", $") for head in table[0]] == rows[0][:-1]
    assert len(rows) == len(table)
    for shown, written in zip(table[1:], rows[1:], strict=True):
        for seen, exact in zip(shown[1:], written[1:-1], strict=True):
            if seen == "–":
                assert exact == ""
            else:
                number = float(seen.strip("%").replace(",", "").replace("−", "-"))
                assert number == pytest.approx(float(exact) * (100 if seen.endswith("%") else 1), abs=0.06)


def test_what_is_committed_opens_its_lines(look):
    _response, page = look()
    assert "Committed MRR is" in page
    for kind in ("cmrr", "mrr", "signed_not_started", "known_ends"):
        response, behind = look(f"kind={kind}", PAGE + "committed/")
        assert response.status_code == 200
        assert "where it comes from" in behind


@pytest.mark.parametrize("by", ["plan", "product", "currency", "region", "industry", "tier"])
def test_lifetime_value_by_method_and_slice_and_its_file(look, by):
    _response, page = look(f"{SPRING}&by={by}")
    _metrics, _cut, methods, slices = Tables(page).tables
    assert len(methods) == 5
    _response, file = look(f"by={by}", PAGE + "ltv.csv")
    rows = list(csv.reader(io.StringIO(file)))
    assert len(rows) == 1 + 4 + len(slices) - 1
    assert [row[0] for row in rows[5:]] == [row[0] for row in slices[1:]]


def test_every_lifetime_value_opens_the_lines_it_was_measured_on(look):
    _response, page = look(f"{SPRING}&by=plan")
    doors = re.findall(r'href="([^"?]*lifetime/)\?([^"]*)"', page)
    _metrics, _cut, methods, slices = Tables(page).tables
    assert len(doors) == len(methods) + len(slices) - 2
    for path, query in doors:
        response, behind = look(query.replace("&amp;", "&"), path)
        assert response.status_code == 200
        assert "Customer lifetime value: where it comes from" in behind


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("by=colour", PAGE), ("grain=hour", PAGE), ("to=soon", PAGE), ("by=%00", PAGE + "ltv.csv"),
        ("to=x", PAGE + "metrics.csv"), ("kind=tea", PAGE + "committed/"), ("", PAGE + "committed/"),
        ("method=magic", PAGE + "lifetime/"), ("slice=colour~red", PAGE + "lifetime/"),
        ("slice=plan~Gold", PAGE + "lifetime/"),
    ],
)  # fmt: skip
def test_a_bad_address_is_refused_with_a_remedy(look, query, path):
    response, page = look(query, path)
    assert response.status_code == 422
    assert "state__id" in page


def test_an_empty_workspace_says_the_next_step(signed_in, home):
    browser = signed_in("viewer")
    assert "tenure import subscriptions" in browser.get(PAGE).content.decode()
    for path in ("ltv.csv", "metrics.csv", "committed/?kind=cmrr"):
        assert browser.get(PAGE + path).status_code == 200


def test_hostile_slices_stay_text(signed_in, home):
    row = {
        "account_id": "a",
        "subscription_id": "s",
        "plan": "<i>p",
        "amount": "1",
        "currency": "USD",
        "start": "2024-01-05",
    }
    tenure.open(home).load("subscriptions", [row])
    assert "<i>p" not in signed_in("viewer").get(PAGE).content.decode()


def test_no_query_to_the_store_grows_with_the_rows(look, django_assert_max_num_queries):
    look()
    with django_assert_max_num_queries(8):
        look()


def test_chinese(look):
    _response, page = look(**{"accept-language": "zh-CN"})
    words = re.sub(r"<(script|style|code|pre)\b.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    left = set(re.findall(r"[A-Za-z]{3,}", words)) - {
        "MRR",
        "NRR",
        "GRR",
        "LTV",
        "ARR",
        "ARPA",
        "UTC",
        "English",
        "CSV",
        "Excel",
        "Ctrl",
        "Esc",
        "default",
        "Viewer",
    }
    assert not left - {"team", "solo", "gross", "margin", "ChartMogul", "Stripe", "Ctrl", "Esc"}


def test_every_metric_says_what_it_is(look):
    _response, page = look()
    tiles = page.split('class="multiple"')[1:]
    said = [tile.partition('class="menu info__body"')[2].partition("</details>")[0] for tile in tiles]
    assert len(said) == len(Tables(page).tables[0][0]) - 1
    for text in said:
        assert re.search(r'class="formula">\S', text)
        assert "Made of subscriptions, contracts" in text
        assert "Data as of" in text
        assert 'href="/retain/definitions/"' in text


def test_what_happened_is_marked_on_every_line(look, own_sample):
    services.annotate("2024-03-05", "New <prices>", "price", by="Ada")
    services.annotate("2023-06-01", "Long before", "other", by="Ada")
    _response, page = look()
    lines = re.findall(r'<svg class="multiple__line".*?</svg>', page, re.DOTALL)
    places = {re.search(r'<path class="happened__line" d="M([\d.]+) 0V56"', line)[1] for line in lines}
    assert places == {"159.0"}  # the third of four months, of 240 units with 3 on each side
    said = "<title>5 Mar 2024, Price change: New &lt;prices&gt;</title>"
    assert all(line.count(said) == 1 for line in lines)
    listed = re.search(r'<div class="annotations">(.*?)</div>', page, re.DOTALL)[1]
    assert "New &lt;prices&gt;" in listed
    assert "Long before" not in page
