"""The list of accounts: what it shows, filters and exports; its empty, refused and limited states; its queries."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from typing import Any

import pytest
from openpyxl import load_workbook

import tenure
from reference.pages import Tables

PAGE = "/customers/accounts/"
ACCOUNTS = [
    {"account_id": "amber", "name": "长安汽车", "tier": "S", "owner": "sales@example.com", "region": "华北"},
    {"account_id": "beech", "name": "=HYPERLINK(1)", "tier": "A", "owner": "li@example.com", "region": "华东"},
    {"account_id": "coral", "name": "<b>Coral</b>", "tier": "B", "owner": "sales@example.com"},
    {"account_id": "dune", "name": "北京水泥"},
]
SUBSCRIPTIONS = [
    {"account_id": "amber", "subscription_id": "s1", "plan": "team", "amount": "900.50", "start": "2024-01-15"},
    {"account_id": "beech", "subscription_id": "s2", "plan": "team", "amount": "100", "start": "2025-03-01"},
    {"account_id": "coral", "subscription_id": "s3", "plan": "solo", "amount": "70", "start": "2024-05-01",
     "end": "2025-05-01"},
    {"account_id": "elm", "subscription_id": "s4", "plan": "solo", "amount": "40", "start": "2024-05-01"},
]  # fmt: skip


@pytest.fixture
def look(signed_in: Any, home: Any, import_rows: Any) -> Any:
    tenure.open(home, settings={"reporting_currency": "CNY"}).load("subscriptions", SUBSCRIPTIONS)
    import_rows(ACCOUNTS, "accounts")
    browser = signed_in("viewer")

    def get(query: str = "", path: str = PAGE, **headers: str) -> Any:
        return browser.get(f"{path}?{query}", headers=headers)

    get.browser = browser
    return get


def names(response: Any) -> list[str]:
    return [unescape(name) for name in re.findall(r'table__name" [^>]*>([^<]*)<', response.content.decode())]


def text(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def test_who_pays_most_comes_first_and_who_never_paid_is_there_too(look: Any) -> None:
    response = look()
    assert names(response) == ["长安汽车", "=HYPERLINK(1)", "elm", "<b>Coral</b>", "北京水泥"]
    (table,) = Tables(response.content.decode()).tables
    assert table[1][1:4] == ["S", "Paying", "900.50"]
    assert [row[2] for row in table[4:6]] == ["Left", "Never paid"]
    assert table[-1][3] == "1,040.50"
    assert "5 accounts" in text(response)
    assert "<b>Coral" not in response.content.decode()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("f=state~eq~left", ["<b>Coral</b>"], id="who left"),
        pytest.param("f=mrr~gt~50", ["长安汽车", "=HYPERLINK(1)"], id="by MRR"),
        pytest.param("f=owner~not_set", ["elm", "北京水泥"], id="without an owner"),
        pytest.param("q=caqc", ["长安汽车"], id="by the initials of the pinyin"),
        pytest.param("q=BEECH", ["=HYPERLINK(1)"], id="by its id, in any case"),
        pytest.param("sort=name", ["<b>Coral</b>", "=HYPERLINK(1)", "北京水泥", "长安汽车", "elm"], id="by pinyin"),
        pytest.param("f=since~lt~2024-02-01", ["长安汽车"], id="by day"),
        pytest.param("f=tier~eq~S&f=region~eq~华东&match=any", ["长安汽车", "=HYPERLINK(1)"], id="any holds"),
    ],
)
def test_filters_search_and_order(look: Any, query: str, expected: list[str]) -> None:
    assert names(look(query)) == expected


def test_a_filter_added_by_the_form_becomes_an_address(look: Any) -> None:
    response = look("f=state~eq~paying&field=tier&op=eq&value=S")
    assert response.status_code == 302
    assert response["Location"] == f"{PAGE}?f=state~eq~paying&f=tier~eq~S"
    shown = look.browser.get(response["Location"])
    assert names(shown) == ["长安汽车"]
    assert "State is Paying" in text(shown)
    assert "Tier is S" in text(shown)


def test_nothing_left_offers_to_clear_the_filters(look: Any) -> None:
    response = look("f=mrr~gt~99999&sort=name")
    assert "Nothing meets these filters" in text(response)
    assert 'href="?sort=name"' in response.content.decode()


def test_an_empty_workspace_says_what_to_do(signed_in: Any, home: Any) -> None:
    response = signed_in("viewer").get(PAGE)
    assert response.status_code == 200
    assert "There are no accounts yet" in text(response)
    assert "tenure import accounts" in text(response)


@pytest.mark.parametrize("query", ["f=mrr~gt~lots", "sort=-nothing", "after=x", "columns=mrr,secret", "f=name~gt~a"])
def test_a_bad_address_is_refused_with_a_remedy(look: Any, query: str) -> None:
    for path in (PAGE, PAGE + "accounts.csv"):
        response = look(query, path)
        assert response.status_code == 422
        assert "Take one of" in text(response) or "beginning" in text(response)


def test_the_files_are_what_the_screen_shows(look: Any) -> None:
    query = "f=state~ne~never&sort=mrr&columns=name,owner,mrr,since"
    page = look(query)
    found = re.findall(r'href="(/customers/accounts/accounts\.(?:csv|xlsx))\?([^"]*)"', page.content.decode())
    assert len(found) == 2
    (plain, book) = (look(unescape(query), path) for path, query in found)
    rows = list(csv.reader(io.StringIO(plain.content.decode("utf-8-sig"))))
    assert rows[0] == ["Account", "Account owner", "MRR, CN¥", "Customer since"]
    assert rows[1:] == [
        ["<b>Coral</b>", "sales@example.com", "0", "2024-05-01"],
        ["", "", "40", "2024-05-01"],
        ["'=HYPERLINK(1)", "li@example.com", "100", "2025-03-01"],
        ["长安汽车", "sales@example.com", "900.5", "2024-01-15"],
    ]
    assert plain.content.startswith(b"\xef\xbb\xbf")
    sheet = load_workbook(io.BytesIO(b"".join(book.streaming_content))).active
    assert [cell.value for cell in sheet[1]] == rows[0]
    assert sheet["A4"].value == "=HYPERLINK(1)"
    assert sheet["A4"].data_type == "s"
    assert (sheet["C5"].value, sheet["D5"].value.isoformat()[:10]) == (900.5, "2024-01-15")


def test_a_member_who_sees_their_own_sees_no_others(look: Any, member: Any) -> None:
    from django.test import Client

    limited = Client()
    limited.force_login(member("sales", scope="own"))
    assert names(limited.get(PAGE)) == ["长安汽车", "<b>Coral</b>"]
    assert "li@example.com" not in limited.get(PAGE).content.decode()
    assert "HYPERLINK" not in limited.get(PAGE + "accounts.csv").content.decode()
    assert limited.get(PAGE + "summary/?account=beech").status_code == 404
    assert limited.get(PAGE + "summary/?account=amber").status_code == 200


def test_the_summary_of_an_account(look: Any) -> None:
    response = look("account=amber", PAGE + "summary/", hx_request="true")
    assert response.status_code == 200
    shown = text(response)
    assert shown.startswith("长安汽车")
    assert "CN¥900.50" in shown
    assert "<html" not in response.content.decode()
    assert look("account=nobody", PAGE + "summary/").status_code == 404


def test_a_page_asks_the_store_few_questions(look: Any, django_assert_max_num_queries: Any) -> None:
    look()
    with django_assert_max_num_queries(12):
        assert look("f=state~eq~paying&q=a&sort=-name").status_code == 200
