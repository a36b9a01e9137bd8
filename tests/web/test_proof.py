"""Every figure opens what is behind it, and that adds up to the figure."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from reference.pages import text_of

PAGE = "/retain/movements/"
DOOR = re.compile(r'<a class="figure" title="(-?[\d.]*)" href="([^"]*)"')
AMOUNT = re.compile(r'<td class="num ink" title="(-?[\d.]*)">')


@pytest.fixture
def browser(signed_in, sample):
    return signed_in("viewer")


def test_each_figure_of_the_page_is_the_sum_of_its_accounts(browser):
    page = browser.get(f"{PAGE}?to=2024-05&from=2024-01").content.decode()
    doors = {href.replace("&amp;", "&"): Decimal(exact) for exact, href in DOOR.findall(page)}
    assert len(doors) > 40
    for href, figure in doors.items():
        proof = browser.get(href, headers={"hx-request": "true"}).content.decode()
        accounts = proof[proof.index('data-step="2"') : proof.find('data-step="3"')]
        assert sum((Decimal(a) for a in AMOUNT.findall(accounts)), Decimal(0)) == figure, href


def test_the_chain_of_one_figure(browser):
    address = "/retain/movements/rows/?grain=month&period=2024-02&kind=contraction"
    page = browser.get(address).content.decode()
    assert "−$149.45" in page
    assert "cedar" in page
    assert "The plan changed" in page
    assert "2024-01-05 →<br>2024-02-05" in page
    assert "SELECT" in page.upper()
    assert "<nav" in page


def test_the_fragment_is_the_part_the_page_includes(browser):
    address = "/retain/movements/rows/?grain=month&period=2024-02&kind=contraction"
    fragment = browser.get(address, headers={"hx-request": "true"}).content.decode()
    assert "<nav" not in fragment
    assert fragment.strip() in browser.get(address).content.decode()


def test_one_account_of_a_figure(browser):
    page = browser.get("/retain/movements/rows/?grain=month&period=2024-04&kind=close&account=birch").content.decode()
    chosen = page[page.index('data-step="3"') :]
    assert "birch" in chosen
    assert "s3" in chosen
    assert "acme" not in chosen


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("", id="nothing"),
        pytest.param("period=2024-04", id="no kind"),
        pytest.param("period=2024-04&kind=tea", id="unknown kind"),
        pytest.param("period=April&kind=new", id="no period"),
        pytest.param("period=9999-12&kind=new", id="the end of the calendar"),
        pytest.param("period=2024-04&kind=new&grain=hour", id="unknown grain"),
        pytest.param("period=2024-04&kind=new&days=0", id="no days"),
        pytest.param("period=2024-04&kind=new&days=1e9", id="days that are no number"),
    ],
)
@pytest.mark.parametrize("fragment", [True, False])
def test_figures_that_are_none(browser, query, fragment):
    headers = {"hx-request": "true"} if fragment else {}
    response = browser.get(f"/retain/movements/rows/?{query}", headers=headers)
    assert response.status_code == 422
    assert (b"<html" in response.content) is not fragment


def test_an_account_without_a_part_of_the_figure_has_no_rows(browser):
    response = browser.get("/retain/movements/rows/?period=2024-04&kind=churn&account=birch")
    assert response.status_code == 200
    assert "0 source rows" in response.content.decode()


@pytest.mark.parametrize("fragment", [True, False])
def test_an_account_that_is_none_is_not_found(browser, fragment):
    headers = {"HX-Request": "true"} if fragment else {}
    response = browser.get("/retain/movements/rows/?period=2024-04&kind=close&account=nobody", headers=headers)
    assert response.status_code == 404
    assert (b"<html" in response.content) is not fragment
    assert "Open it from the list it is in." in response.content.decode()


def test_the_renewals_open_their_contracts(browser):
    page = text_of(browser.get("/retain/renewals/rows/?grain=month&period=2024-04&kind=lost"))
    assert "c3" in page
    assert "elm" not in page
    assert browser.get("/retain/renewals/rows/?period=2024-04&kind=tea").status_code == 422


def test_anomalies_are_listed_with_what_was_done(signed_in, home):
    import tenure

    row = {"account_id": "a", "subscription_id": "s", "amount": "9", "currency": "USD", "start": "2024-05-01"}
    tenure.open(home).load("subscriptions", [{**row, "end": "2024-01-01"}, {**row, "currency": "XTS"}])
    page = signed_in("viewer").get("/retain/health/").content.decode()
    assert "Ends before it starts" in page
    assert "Left out" in page
    assert "No exchange rate" in page
