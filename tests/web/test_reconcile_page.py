"""Reconciling: totals pasted or uploaded, each gap explained and opened, bad lines named, the files, the programs."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

import tenure
from reference.pages import Tables, text_of
from tenure.apps.crm import services as crm
from tenure.apps.subscriptions import selectors
from tenure.apps.workspaces.models import AuditEntry

PAGE = "/retain/reconcile/"
LINES = [
    {"account_id": "acme", "subscription_id": "s1", "amount": "100", "currency": "USD", "start": "2024-01-01"},
    {"account_id": "birch", "subscription_id": "s2", "amount": "50", "currency": "USD", "start": "2024-01-01"},
]
DISCOUNTS = [{"subscription_id": "s1", "kind": "percent", "value": "20", "duration": "forever", "start": "2024-01-01"}]
"""The example of docs/how-to/reconcile-with-billing.md: the billing system shows list prices."""


@pytest.fixture
def home(home, db):
    opened = tenure.open(home, settings={"reporting_currency": "USD", "timezone": "UTC"})
    opened.load("subscriptions", LINES)
    opened.load("discounts", DISCOUNTS)
    return home


@pytest.fixture
def give(signed_in, home):
    browser = signed_in("analyst")

    def post(text="", **more):
        given = {"text": text, "compare": "mrr", "definition": "", **more}
        return browser.post(PAGE, given, follow=True)

    post.browser = browser
    return post


def test_a_pasted_gap_is_explained_to_the_cent(give):
    response = give("Month\tMRR\n2024-01\t150.00\n2024-02\t130")
    assert response.redirect_chain == [(f"{PAGE}{selectors.reconciliations()[0].pk}/", 302)]
    page = response.content.decode()
    assert "1 of 2 periods differs, and the gap is explained to the cent" in page
    assert Tables(page).tables[0][1:] == [
        ["Feb 2024", "130", "130", "agrees", "", ""],
        ["Jan 2024", "130", "150", "+20", "they show list prices, without discounts +20", ""],
    ]
    listed = give.browser.get(PAGE).content.decode()
    assert Tables(listed).tables[0][1][:2] == ["Jan 2024 to Feb 2024", "MRR at the end of the period"]
    assert AuditEntry.objects.filter(verb="reconciled").count() == 1


def test_each_part_opens_its_rows(give):
    page = give("2024-01\t155")
    kept = selectors.reconciliations()[0]
    text = page.content.decode()
    assert "1 of 1 periods differs; +$5 is not explained" in text
    assert "kind=close" in text
    proof = text_of(give.browser.get(f"{PAGE}{kept.pk}/rows/?period=2024-01&cause=discounts_not_deducted"))
    assert "they show list prices, without discounts" in proof
    assert "1 source row" in proof
    assert "s1" in proof
    assert "s2" not in proof
    assert give.browser.get(f"{PAGE}{kept.pk}/rows/?period=2024-01&cause=tea").status_code == 422
    assert give.browser.get(f"{PAGE}{kept.pk}/rows/?period=2029-01").status_code == 422


def test_totals_by_account_name_who_makes_the_gap(give):
    crm.add("accounts", {"account_id": "acme", "name": "Acme Ltd"}, by="test")
    page = give("account\t2024-01\nAcme Ltd\t100\nzebra\t7").content.decode()
    accounts = Tables(page).tables[1]
    assert accounts[1:] == [
        ["birch", "Jan 2024", "50", "–", "−50", "only with us"],
        ["Acme Ltd", "Jan 2024", "80", "100", "+20", ""],
        ["zebra", "Jan 2024", "–", "7", "+7", "only with them"],
    ]
    kept = selectors.reconciliations()[0]
    text = give.browser.get(f"{PAGE}{kept.pk}/accounts.csv").content.decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text)))[2][:6] == ["Acme Ltd", "acme", "2024-01", "80", "100", "20"]


def test_bad_lines_are_named_and_nothing_typed_is_lost(give):
    text = "Month\tMRR\n2024-01\t150\nTotal\t150"
    response = give(text)
    page = response.content.decode()
    assert response.status_code == 422
    assert "Some lines could not be read." in page
    assert ["3", "Total | 150", "“Total” is no month."] in Tables(page).tables[0]
    assert "2024-01\t150\nTotal\t150</textarea>" in page
    assert not selectors.reconciliations().exists()
    page = give(text, leave_out="on").content.decode()
    assert "1 line was left out" in page
    assert ["3", "“Total” is no month."] in Tables(page).tables[-1]


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "Paste the totals, or choose a file"), ("tea", "No line could be read"), ("<html>", "is none of CSV")],
)
def test_nothing_to_compare(give, text, said):
    response = give(text)
    assert response.status_code == 422
    assert said in response.content.decode()


def test_a_file_and_invoiced_totals(give):
    file = SimpleUploadedFile("billing.csv", "月份,金额\n2024年1月,10\n".encode("gb18030"))
    page = give(file=file, compare="invoiced").content.decode()
    assert "billing.csv" in page
    assert Tables(page).tables[0][1][:4] == ["Jan 2024", "0", "10", "+10"]
    kept = selectors.reconciliations()[0]
    assert "what we invoiced" in give.browser.get(f"{PAGE}{kept.pk}/rows/?period=2024-01").content.decode()


def test_the_file_has_a_line_per_cause(give):
    give("2024-01\t150")
    kept = selectors.reconciliations()[0]
    text = give.browser.get(f"{PAGE}{kept.pk}/periods.csv").content.decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text)))[1] == [
        *("2024-01", "130", "150", "20", "they show list prices, without discounts", "20", "0"),
    ]
    assert give.browser.get(f"{PAGE}{kept.pk}/periods.xlsx").getvalue().startswith(b"PK")


def test_a_definition_can_be_chosen(give):
    page = give("2024-01\t130", definition="stripe-like").content.decode()
    assert "Definition stripe-like, version 1" in page
    assert "definition=stripe-like" in page


def test_who_only_looks_sees_the_list_without_the_form(signed_in, home):
    page = signed_in("viewer").get(PAGE).content.decode()
    assert "<textarea" not in page
    assert "Nothing was compared yet" in page


def test_who_sees_some_accounts_only_is_refused(signed_in, home, give):
    give("2024-01\t150")
    browser = signed_in("sales")
    from tenure.apps.workspaces.models import Member

    Member.objects.filter(role="sales").update(scope="own")
    for path in (PAGE, f"{PAGE}{selectors.reconciliations()[0].pk}/"):
        assert browser.get(path).status_code == 403


def test_programs_compare_too(client, home, key):
    headers = key("analyst")
    body = {"text": "account,2024-01\nacme,100\nbirch,50\nsum,x", "name": "billing"}
    made = client.post("/api/reconciliations", body, content_type="application/json", headers=headers)
    assert made.status_code == 201
    told = made.json()
    assert told["periods"][0]["difference"] == "20.000000"
    assert told["periods"][0]["explained"] == [{"cause": "discounts_not_deducted", "amount": "20.000000"}]
    assert [(row["account_id"], row["gap"]) for row in told["accounts"]] == [("acme", "20.000000")]
    assert told["left_out"] == [{"line": 4, "why": "This is no amount."}]
    assert client.get(f"/api/reconciliations/{told['number']}", headers=headers).json()["periods"] == told["periods"]
    assert [row["name"] for row in client.get("/api/reconciliations", headers=headers).json()["reconciliations"]] == [
        "billing"
    ]
    refused = client.post("/api/reconciliations", {"text": "tea"}, content_type="application/json", headers=headers)
    assert refused.json()["error"]["code"] == "reconcile.periods"
