"""Closing months: the list, what to look at first, closing and opening again, and what moved since, line by line."""

from __future__ import annotations

import csv
import io
import re

import pytest

import tenure
from reference.pages import Tables
from tenure.apps.subscriptions import services
from tenure.apps.workspaces.models import AuditEntry
from tenure.apps.workspaces.services import lake

PAGE = "/retain/closing/"
MARCH = f"{PAGE}2024-03/"
LINE = {"account_id": "acme", "subscription_id": "s1", "amount": "100", "currency": "USD", "start": "2024-01-15"}
OTHER = {**LINE, "account_id": "birch", "subscription_id": "s2", "amount": "60"}


@pytest.fixture
def home(home, db):
    tenure.open(home, settings={"reporting_currency": "USD", "timezone": "UTC"})
    services.add("subscriptions", LINE, by="Li Wei")
    services.add("subscriptions", OTHER, by="Li Wei")
    return home


def edit(reason="signed for less"):
    services.edit("subscriptions", "acme/s1/main/2024-01-15", {"amount": "80"}, by="Wang Fang", reason=reason)


def test_an_open_month_says_what_to_look_at_first(signed_in, home):
    page = signed_in("analyst").get(MARCH).content.decode()
    assert "Close Mar 2024" in page
    assert "1 thing to look at first" in page
    assert "Feb 2024 is still open" in page
    assert "Every exchange rate of the month is known" in page
    assert "No anomaly touches the month" in page
    assert {row[1] for row in Tables(page).tables[0][1:]} == {"holds"}


def test_a_doubtful_month_is_not_forbidden(signed_in, home):
    services.add("subscriptions", {**LINE, "subscription_id": "s3", "currency": "XTS"}, by="test")
    browser = signed_in("owner")
    page = browser.get(MARCH).content.decode()
    assert "Rates are missing: XTS" in page
    assert browser.post(f"{MARCH}close/", {"note": ""}).status_code == 302


def test_closing_and_opening_again_with_a_reason(signed_in, home):
    browser = signed_in("analyst")
    page = browser.post(f"{MARCH}close/", {"note": "Checked against the invoices"}, follow=True).content.decode()
    assert "Mar 2024 is closed" in page
    assert "Checked against the invoices" in page
    assert "Nothing has moved since the close" in page
    listed = Tables(browser.get(f"{PAGE}?from=2024-02&to=2024-04").content.decode()).tables[0]
    assert [row[:6] for row in listed[1:]] == [
        ["Apr 2024", "not closed", "–", "160", "", ""],
        ["Mar 2024", "closed", "160", "160", "", "Analyst"],
        ["Feb 2024", "not closed", "–", "160", "", ""],
    ]
    assert "It stays beside the month" in page
    assert browser.post(f"{MARCH}reopen/", {"note": ""}).status_code == 422
    page = browser.post(f"{MARCH}reopen/", {"note": "An invoice was missing"}, follow=True).content.decode()
    history = Tables(page).tables[-1]
    assert [(row[1], row[3]) for row in history[1:]] == [
        ("opened again", "An invoice was missing"),
        ("closed", "Checked against the invoices"),
    ]
    assert [entry.verb for entry in AuditEntry.objects.filter(kind="closes").order_by("pk")] == ["closed", "reopened"]


def test_what_moved_since_is_told_line_by_line(signed_in, home):
    services.close_month("2024-03", by="test", name="Li Wei")
    edit()
    browser = signed_in("viewer")
    listed = Tables(browser.get(f"{PAGE}?from=2024-03&to=2024-03").content.decode()).tables[0]
    assert listed[1][:6] == ["Mar 2024", "closed", "160", "140", "−20", "Li Wei"]
    page = browser.get(MARCH).content.decode()
    assert re.findall(r"<dd>(?:<a[^>]*>)?([^<]+)", page)[:3] == ["$160", "$140", "−$20"]
    assert Tables(page).tables[0][1:] == [
        ["acme", "Opening", "−20", "Changed after the close", "2"],
        ["Together", "", "−20", "", ""],
    ]
    assert "The restatements add up to the difference" in page
    assert "/reopen/" not in page
    proof = browser.get(f"{PAGE}rows/?month=2024-03&account=acme").content.decode()
    assert "<b>Changed</b> · Subscriptions · " in proof
    assert "Wang Fang · signed for less" in proof
    assert "100 → 80" in proof
    assert "2 source rows" in proof
    assert "birch" not in proof


def test_a_discount_changed_since_is_told_with_who_changed_it(signed_in, home):
    given = {"subscription_id": "s1", "kind": "percent", "value": "10", "start": "2024-01-15"}
    discount = services.add("discounts", given, by="Li Wei")
    services.close_month("2024-03", by="test", name="Li Wei")
    services.edit("discounts", discount.version_key, {"value": "25"}, by="Wang Fang", reason="a promise of sales")
    browser = signed_in("viewer")
    assert Tables(browser.get(MARCH).content.decode()).tables[0][1] == [
        *("acme", "Opening", "−15", "Changed after the close", "2"),
    ]
    proof = browser.get(f"{PAGE}rows/?month=2024-03&account=acme").content.decode()
    assert "<b>Changed</b> · Discounts · " in proof
    assert "Wang Fang · a promise of sales" in proof
    assert {cell for row in Tables(proof).tables[-1][1:] for cell in row} >= {"10%", "25%"}


def test_the_files(signed_in, home):
    services.close_month("2024-03", by="test", name="Li Wei")
    edit()
    browser = signed_in("viewer")
    text = browser.get(f"{MARCH}restatements.csv").content.decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text)))[1][:6] == [
        *("2024-03", "acme", "acme", "Opening", "-20", "Changed after the close"),
    ]
    months = browser.get(f"{PAGE}months.csv?from=2024-03&to=2024-03").content.decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(months)))[1][:6] == ["2024-03", "closed", "160", "140", "-20", "1"]
    assert browser.get(f"{PAGE}months.xlsx").getvalue().startswith(b"PK")


@pytest.mark.parametrize("month", ["2999-01", "2024-13", "tea", "2024", "2024-Q1"])
def test_a_month_that_is_none_is_refused(signed_in, home, month):
    browser = signed_in("owner")
    assert browser.get(f"{PAGE}{month}/").status_code == 422
    assert browser.post(f"{PAGE}{month}/close/", {"note": ""}).status_code == 422


def test_closing_twice_says_so(signed_in, home):
    browser = signed_in("owner")
    browser.post(f"{MARCH}close/", {"note": ""})
    response = browser.post(f"{MARCH}close/", {"note": "again"})
    assert response.status_code == 422
    assert "2024-03 is closed already." in response.content.decode()


def test_programs_read_close_and_open_again(client, home, key):
    headers, body = key("analyst"), {"month": "2024-03", "name": "Li Wei"}
    post = {"content_type": "application/json", "headers": headers}
    assert client.post("/api/closes", body, **post).status_code == 201
    (closed,) = client.get("/api/closes", headers=headers).json()["closes"]
    assert (closed["month"], closed["closed_by"]) == ("2024-03", "Li Wei")
    assert client.post("/api/closes/2024-03/reopen", {"note": "late"}, **post).status_code == 200
    assert client.get("/api/closes", headers=headers).json()["closes"] == []
    again = client.post("/api/closes/2024-03/reopen", {"note": "late"}, **post)
    assert (again.status_code, again.json()["error"]["code"]) == (422, "close.not_closed")


def test_a_month_closed_before_its_rows_were_loaded_into_the_lake(signed_in, home):
    services.close_month("2024-03", by="test", name="Li Wei")
    lake.flush()
    tenure.open(home).load("subscriptions", [{**LINE, "account_id": "cedar", "subscription_id": "s9"}])
    proof = signed_in("viewer").get(f"{PAGE}rows/?month=2024-03&account=cedar").content.decode()
    assert "Recorded after the close" in proof
    assert "The rows were loaded straight into the lake" in proof
