"""Data health: the sentence, the checks with those that failed first, the anomalies by kind, freshness."""

from __future__ import annotations

import csv
import io
import re

import pytest

import tenure
from reference.pages import Tables
from tenure.apps.crm import services as crm
from tenure.apps.subscriptions import services as subscriptions
from tenure.web import asking
from tenure.web.subscriptions import checks, health

PAGE = "/retain/health/"
LINE = {"account_id": "amber", "subscription_id": "s", "amount": "9", "currency": "USD", "start": "2024-05-01"}
ODD = [{**LINE, "row_id": "r1", "end": "2024-01-01"}, {**LINE, "row_id": "r2", "currency": "XTS"}]


@pytest.fixture
def odd(home):
    tenure.open(home, settings={"reporting_currency": "USD"}).load("subscriptions", ODD)
    return home


def test_a_sound_workspace_says_so(signed_in, sample):
    page = signed_in("viewer").get(PAGE).content.decode()
    assert "All checks hold, and no row looks wrong" in page
    assert "No row looks wrong" in page
    tried, fresh = Tables(page).tables
    assert {row[1] for row in tried[1:]} == {"holds"}
    assert "Opening, movements and exchange rates add up to the close" in [row[0] for row in tried]
    assert [row[:2] for row in fresh[1:]] == [["Subscriptions", "7"], ["Contracts", "3"]]


def test_anomalies_are_counted_by_kind_and_opened_one_by_one(signed_in, odd, db):
    crm.add("accounts", {"account_id": "amber", "name": "Amber Ltd", "owner": "wang"}, by="test")
    browser = signed_in("viewer")
    page = browser.get(PAGE).content.decode()
    assert "2 anomalies in the rows count in a way that should be looked at" in page
    listed = Tables(page).tables[1]
    assert ["Amber Ltd", "Ends before it starts", "Left out", "wang", "Subscriptions", "r1"] in listed
    one_kind = Tables(browser.get(f"{PAGE}?kind=end_before_start").content.decode()).tables[1]
    assert [row[1] for row in one_kind[1:]] == ["Ends before it starts"]
    proof = browser.get("/retain/health/row/?kind=end_before_start&row=r1").content.decode()
    assert "Correct start or end of the row." in proof
    assert "1 source row" in proof


def test_a_kind_that_is_none_is_refused(signed_in, odd):
    assert signed_in("viewer").get(f"{PAGE}?kind=tea").status_code == 422


def test_the_files_have_what_the_page_has(signed_in, odd):
    browser = signed_in("viewer")
    rows = list(csv.reader(io.StringIO(browser.get(f"{PAGE}anomalies.csv").content.decode("utf-8-sig"))))
    assert rows[0][0] == "Anomaly"
    assert {row[0] for row in rows[1:]} == {"Ends before it starts", "No exchange rate"}
    tried = list(csv.reader(io.StringIO(browser.get(f"{PAGE}checks.csv").content.decode("utf-8-sig"))))
    assert {row[2] for row in tried[1:]} == {"holds"}


def test_a_check_that_fails_comes_first_and_is_the_sentence(signed_in, member, sample, monkeypatch):
    opened = asking.workspace(member("owner"))
    asked = type(opened).ask

    def broken(self, question, **more):
        answer = asked(self, question, **more)
        for check in answer.checks:
            check["ok"] = check["name"] != "customers roll forward"
        return answer

    monkeypatch.setattr(type(opened), "ask", broken)
    page = signed_in("viewer").get(PAGE).content.decode()
    assert "1 check failed: do not rely on these figures" in page
    assert Tables(page).tables[0][1][:2] == ["Customers come and gone add up", "failed 12"]
    assert health.summary(opened).mood == "broken"
    assert [check.ok for check in checks.every(opened.ask)][:2] == [False, True]


def test_the_summary_for_other_pages(odd, member):
    found = health.summary(asking.workspace(member("viewer")))
    assert found is not None
    assert (found.failing, found.anomalies, found.mood, found.href) == (0, 2, "doubtful", PAGE)


def test_an_anomaly_leads_to_the_record_and_the_account(signed_in, home, db):
    crm.add("accounts", {"account_id": "amber", "name": "Amber Ltd"}, by="test")
    tenure.open(home, settings={"reporting_currency": "USD"})
    subscriptions.add("subscriptions", {**LINE, "quantity": 1, "currency": "XTS"}, by="test")
    later = {**LINE, "start": "2024-06-01", "currency": "USD"}
    subscriptions.add("subscriptions", later, by="test")
    browser = signed_in("operator")
    page = browser.get(PAGE).content.decode()
    assert "No exchange rate" in page
    link = re.search(r'href="(/retain/health/row/[^"]*kind=overlap[^"]*)"', page)
    assert link is not None
    assert 'href="/customers/accounts/amber/"' in page
    proof = browser.get(link[1].replace("&amp;", "&")).content.decode()
    assert 'href="/customers/edit/subscriptions/amber~s~main~2024-05-01/"' in proof


def test_who_sees_some_accounts_only_gets_no_summary_and_no_tables(client, odd, member):
    seller = member("sales", scope="own")
    assert health.summary(asking.workspace(seller)) is None
    client.force_login(seller)
    page = client.get(PAGE).content.decode()
    assert "checks hold" in page
    assert "Last recorded" not in page
