"""The page of renewals: what is due, filtered and in its file; the rates; its empty and refused states."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime

import pytest

import tenure
from reference.pages import Tables
from tenure.apps.goals import services
from tenure.web import asking

PAGE = "/retain/renewals/"
NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)
"""A Wednesday."""


def contract(name: str, account: str, start: str, end: str, total: str = "1200", **more: object) -> dict[str, object]:
    return {
        "contract_id": name,
        "account_id": account,
        "currency": "CNY",
        "total": total,
        "start": start,
        "end": end,
        **more,
    }


CONTRACTS = [
    contract("k1", "amber", "2025-12-10", "2026-12-10", notice_days=30),
    contract("k2", "beech", "2026-01-01", "2027-01-01", "2400", notice_days=30, auto_renew=True),
    contract("k3", "coral", "2025-11-20", "2026-11-20", notice_days=30),
    contract("k4", "dahlia", "2025-11-20", "2026-11-20", "3600"),
    contract("k5", "dahlia", "2026-11-20", "2027-11-20", "4800", renews=["k4"]),
    contract("k6", "<b>elm</b>", "2025-12-01", "2026-12-01", notice_given_at="2026-10-05"),
    contract("k7", "fig", "2025-10-20", "2026-10-20"),
    contract("k8", "grape", "2025-09-01", "2026-09-01"),
]
"""To decide by 9 Nov and 1 Dec (k1, k2); past its notice day (k3); renewed, lost by notice; pending; lost."""


@pytest.fixture
def look(signed_in, home, monkeypatch):
    tenure.open(home, settings={"reporting_currency": "CNY"}).load("contracts", CONTRACTS)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)
    asked = asking._opened(home)
    monkeypatch.setattr(asked, "asking", lambda *of: type(asked).asking(asked, *of, now=NOON))
    browser = signed_in("viewer")

    def get(query="", path=PAGE, **headers):
        response = browser.get(f"{path}?{query}", headers=headers)
        return response, response.content.decode("utf-8-sig")

    return get


def column(page: str, table: int, place: int) -> list[str]:
    return [row[place] for row in Tables(page).tables[table][1:]]


def test_what_waits_for_a_decision(look):
    response, page = look()
    assert response.status_code == 200
    calendar, due, rates, _slices = Tables(page).tables
    steps = {row[0]: row[2:] for row in calendar[1:]}
    assert steps["Notice day passed"] == ["300", "300", "3", "3"]
    assert steps["from 30 Nov 2026"] == ["200", "300", "1", "2"]
    assert steps["from 16 Nov 2026"] == ["0", "300", "0", "1"]
    assert [row[0] for row in due[1:]] == ["fig", "coral", "amber", "beech"]
    assert [row[4] for row in due[1:]] == ["Pending", "Running", "Running", "Running"]
    assert due[4][1:4] == ["2026-12-01", "200", "2026-12-31"]
    assert "4 contracts worth CN¥500 a month wait for a decision; of 3 the notice day has passed" in page
    assert rates[1][0] == "Nov 2026 not over"


def test_the_strip_leads_with_the_decided_and_has_the_pending_beside_it(look):
    _response, page = look("from=2026-09&to=2026-10")
    labels = re.findall(r"<dt>(.*?)</dt>", page)
    assert labels[:2] == ["Renewed, of the decided", "Pending"]
    assert "Oct 2026: 1 contract expires and is still pending" in page


@pytest.mark.parametrize(
    ("query", "accounts"),
    [
        pytest.param("state=all", ["fig", "coral", "amber", "dahlia", "<b>elm</b>", "beech"], id="all"),
        pytest.param("state=renewed", ["dahlia"], id="renewed"),
        pytest.param("state=lost", ["<b>elm</b>"], id="lost: what was lost long ago is not due"),
        pytest.param("state=pending", ["fig"], id="pending"),
        pytest.param("state=all&on=2026-11-30", ["<b>elm</b>", "beech"], id="one week"),
        pytest.param("state=all&on=2026-12-01&steps=month", ["beech"], id="one month"),
        pytest.param("on=passed", ["fig", "coral", "amber"], id="past the notice day"),
        pytest.param("sort=mrr", ["beech", "amber", "coral", "fig"], id="the largest first"),
        pytest.param("sort=end", ["fig", "coral", "amber", "beech"], id="the first to end"),
        pytest.param("days=30&state=renewed&on=passed", [], id="nothing left"),
    ],
)  # fmt: skip
def test_filters(look, query, accounts):
    _response, page = look(query)
    if accounts:
        assert column(page, 1, 0) == accounts
    else:
        assert "No contract is left with these filters" in page


@pytest.mark.parametrize("query", ["", "state=all&sort=mrr", "on=passed"])
def test_the_file_is_what_the_screen_shows(look, query):
    _response, page = look(query)
    href = re.search(r'href="([^"]*contracts\.csv)\?([^"]*)"', page)
    _response, file = look(href[2].replace("&amp;", "&"), path=href[1])
    rows = list(csv.DictReader(io.StringIO(file)))
    shown = Tables(page).tables[1][1:]
    assert [
        [r["Account"], r["Notice by"], r["MRR"], r["Ends"], r["State"], r["Contract"], r["Note"]] for r in rows
    ] == shown


def test_the_file_of_the_rates(look):
    _response, page = look("from=2026-08&to=2026-10")
    _response, file = look("from=2026-08&to=2026-10", path=PAGE + "rates.csv")
    rows = list(csv.reader(io.StringIO(file)))
    assert rows[0][:4] == ["Month", "Renewed, of the decided", "Pending", "Expiring"]
    assert [row[0] for row in rows[1:]] == ["2026-11", "2026-10", "2026-09", "2026-08"]
    assert rows[4][1:6] == ["0", "0", "1", "0", "1"]
    assert [row[2] for row in Tables(page).tables[2][1:]] == [row[2] for row in rows[1:]]


def test_the_proof_of_a_contract(look):
    _response, page = look("account=dahlia&contract=k4", path=PAGE + "contract/")
    assert "CN¥300" in page
    assert "A successor begins in time." in page
    assert {"k4", "k5"} <= set(re.findall(r"\bk\d\b", page))


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("days=7", PAGE), ("state=gone", PAGE), ("steps=day", PAGE), ("on=tomorrow", PAGE), ("sort=%00", PAGE),
        ("grain=week", PAGE), ("days=7", PAGE + "contracts.csv"),
    ],
)  # fmt: skip
def test_a_bad_address_is_refused_with_a_remedy(look, query, path):
    response, page = look(query, path)
    assert response.status_code == 422
    assert "state__id" in page


@pytest.mark.parametrize("query", ["contract=k9&account=dahlia", "contract=k4&account=amber", ""])
def test_a_contract_that_is_not_the_accounts_is_not_found(look, query):
    response, page = look(query, PAGE + "contract/")
    assert response.status_code == 404
    assert "state__id" in page


def test_names_stay_text(look):
    _response, page = look("state=all")
    assert "<b>elm" not in page
    _response, page = look("account=%3Cb%3Eelm%3C/b%3E&contract=k6", path=PAGE + "contract/")
    assert "<b>elm" not in page


def test_a_workspace_without_contracts_says_the_next_step(signed_in, home):
    row = {"account_id": "a", "subscription_id": "s", "amount": "10", "currency": "USD", "start": "2024-01-05"}
    tenure.open(home).load("subscriptions", [row])
    page = signed_in("viewer").get(PAGE, headers={"accept-language": "zh-CN"}).content.decode()
    assert "还没有合同数据" in page
    assert "tenure import contracts" in page


def test_an_empty_workspace_says_the_next_step(signed_in, home):
    page = signed_in("viewer").get(PAGE).content.decode()
    assert "tenure import subscriptions" in page


def test_no_query_to_the_store_grows_with_the_rows(look, django_assert_max_num_queries):
    look("state=all")
    with django_assert_max_num_queries(8):
        look("state=all")


def test_chinese(look):
    _response, page = look("state=all", **{"accept-language": "zh-CN"})
    words = re.sub(r"<(script|style|code|pre)\b.*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    english = set(re.findall(r"[A-Za-z]{3,}", words)) - {
        "MRR",
        "UTC",
        "English",
        "CSV",
        "Excel",
        "Ctrl",
        "Esc",
        "default",
        "ChartMogul",
        "Stripe",
    }
    assert not english - {"amber", "beech", "coral", "dahlia", "elm", "fig", "Viewer"}


def test_what_will_happen_is_marked_in_the_calendar(look):
    """The day is in the step that holds it; what is past, or beyond the calendar, is not there."""
    for day, text in (("2026-11-25", "Trade fair"), ("2026-11-10", "Yesterday"), ("2027-02-09", "Too far")):
        services.annotate(day, text, "other", by="Ada")
    _response, page = look("days=90")
    marked = re.findall(r'>([^<>]*)</(?:a|span)><span class="happened-row" title="([^"]*)"', page)
    assert marked == [("from 23 Nov 2026", "25 Nov 2026, Other: Trade fair")]
    listed = re.search(r'<div class="annotations">(.*?)</div>', page, re.DOTALL)[1]
    assert "Trade fair" in listed
    assert "Yesterday" not in page
    assert "Too far" not in page
