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
from reference.pages import Tables, text_of

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


def test_who_pays_most_comes_first_and_who_never_paid_is_there_too(look: Any) -> None:
    response = look()
    assert names(response) == ["长安汽车", "=HYPERLINK(1)", "elm", "<b>Coral</b>", "北京水泥"]
    (table,) = Tables(response.content.decode()).tables
    assert table[1][1:5] == ["长安汽车", "S", "Paying", "900.50"]
    assert [row[3] for row in table[4:6]] == ["Left", "Never paid"]
    assert table[-1][4] == "1,040.50"
    assert "5 accounts" in text_of(response)
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
    assert "State is Paying" in text_of(shown)
    assert "Tier is S" in text_of(shown)


def test_nothing_left_offers_to_clear_the_filters(look: Any) -> None:
    response = look("f=mrr~gt~99999&sort=name")
    assert "Nothing meets these filters" in text_of(response)
    assert 'href="?sort=name"' in response.content.decode()


def test_an_empty_workspace_says_what_to_do(signed_in: Any, home: Any) -> None:
    response = signed_in("viewer").get(PAGE)
    assert response.status_code == 200
    assert "There are no accounts yet" in text_of(response)
    assert "tenure import accounts" in text_of(response)


@pytest.mark.parametrize("query", ["f=mrr~gt~lots", "sort=-nothing", "after=x", "columns=mrr,secret", "f=name~gt~a"])
def test_a_bad_address_is_refused_with_a_remedy(look: Any, query: str) -> None:
    for path in (PAGE, PAGE + "accounts.csv"):
        response = look(query, path)
        assert response.status_code == 422
        assert "Take one of" in text_of(response) or "beginning" in text_of(response)


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
    shown = text_of(response)
    assert shown.startswith("长安汽车")
    assert "CN¥900.50" in shown
    assert "<html" not in response.content.decode()
    assert look("account=nobody", PAGE + "summary/").status_code == 404


def test_a_page_asks_the_store_few_questions(look: Any, django_assert_max_num_queries: Any) -> None:
    look()
    with django_assert_max_num_queries(12):
        assert look("f=state~eq~paying&q=a&sort=-name").status_code == 200


# ---------------------------------------------------------------------- many accounts at once

BULK = PAGE + "bulk/"


@pytest.fixture
def edit(look: Any, member: Any) -> Any:
    """Send a form of the list as a member who may edit."""
    from django.test import Client

    browser = Client()
    browser.force_login(member("operator"))

    def send(address: str = BULK, **fields: Any) -> Any:
        return browser.post(address, fields)

    send.browser = browser
    return send


def owners() -> dict[str, str | None]:
    from tenure.apps.crm.models import AccountVersion

    return dict(AccountVersion.objects.live().values_list("account_id", "owner"))


def test_one_value_for_many_is_seen_before_it_is_written(edit: Any, known: Any) -> None:
    chosen = {"action": "set_owner", "key": ["amber", "coral", "dune", "elm", "nobody"]}
    asked = edit(**chosen)
    assert "4 accounts" in text_of(asked)
    assert re.search(r"sales@example.com 2 no value 1 1 has no record of its own yet, and stays out", text_of(asked))
    seen = edit(**chosen, value="wang@example.com")
    assert "Account owner becomes: wang@example.com" in text_of(seen)
    assert "Change 3 accounts" in text_of(seen)
    assert owners()["amber"] == "sales@example.com"

    done = edit(**chosen, value="wang@example.com", confirmed="yes")
    assert done.status_code == 302
    wang = "wang@example.com"
    assert owners() == {"amber": wang, "beech": "li@example.com", "coral": wang, "dune": wang}
    page = edit.browser.get(done["Location"])
    assert "3 accounts changed." in text_of(page)
    found = known("accounts", "account_id", "owner")
    assert ("amber", wang) in found
    assert ("beech", "li@example.com") in found

    from tenure.apps.workspaces.models import AuditEntry

    entries = AuditEntry.objects.filter(kind="accounts", verb="edited").order_by("pk")
    assert [entry.key for entry in entries] == ["amber", "coral", "dune"]
    assert {tuple(entry.detail["fields"]) for entry in entries} == {("owner",)}
    assert AuditEntry.objects.get(kind="batches").detail["changed"] == 3


def test_undoing_leaves_what_was_changed_since(edit: Any) -> None:
    from tenure.apps.crm import services

    edit(action="set_owner", key=["amber", "coral", "dune"], value="wang@example.com", confirmed="yes")
    services.edit("accounts", "coral", {"owner": "zhao@example.com"}, by="somebody")
    undo = re.search(r'action="(/customers/accounts/bulk/\w+/undo/)"', edit.browser.get(PAGE).content.decode())
    assert undo is not None
    page = edit.browser.get(edit(undo[1])["Location"])
    assert "2 accounts are as they were before. 1 was changed since, and stays as it is." in text_of(page)
    assert owners() == {
        "amber": "sales@example.com", "beech": "li@example.com", "coral": "zhao@example.com", "dune": None,
    }  # fmt: skip
    again = edit.browser.get(edit(undo[1])["Location"])
    assert "0 accounts are as they were before." in text_of(again)


def test_all_that_match_are_changed_and_no_others(edit: Any) -> None:
    fields = {"action": "set_tier", "all": "yes", "query": "f=region~set", "value": "C"}
    assert "Change 2 accounts" in text_of(edit(**fields))
    done = edit(**fields, confirmed="yes")
    assert done["Location"] == f"{PAGE}?f=region~set"
    from tenure.apps.crm.models import AccountVersion

    tiers = dict(AccountVersion.objects.live().values_list("account_id", "tier"))
    assert tiers == {"amber": "C", "beech": "C", "coral": "B", "dune": None}


def test_what_has_the_value_already_stays_as_it_is(edit: Any) -> None:
    done = edit(action="set_tier", key=["amber", "beech"], value="S", confirmed="yes")
    assert "1 account changed. 1 has it already." in text_of(edit.browser.get(done["Location"]))
    again = edit(action="set_tier", key=["amber", "beech"], value="S", confirmed="yes")
    assert "0 accounts changed. 2 have it already." in text_of(edit.browser.get(again["Location"]))


def test_an_empty_value_takes_it_away(edit: Any) -> None:
    edit(action="set_owner", key=["amber"], value=" ", confirmed="yes")
    assert owners()["amber"] is None


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "set_owner"}, {"action": "set_owner", "key": ["nobody"]}, {"action": "remove", "key": ["amber"]},
        {"action": "set_owner", "all": "yes", "query": "f=mrr~gt~lots"},
        {"action": "set_owner", "all": "yes", "query": "f=mrr~gt~99999"},
        {"action": "set_owner", "key": ["amber"], "value": "a\x00b", "confirmed": "yes"},
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused(edit: Any, fields: dict[str, Any]) -> None:
    assert edit(**fields).status_code == 422
    assert owners()["amber"] == "sales@example.com"


def test_chosen_rows_are_exported_as_they_stand(edit: Any) -> None:
    file = edit(action="export_csv", key=["amber", "dune"], query="columns=name,tier")
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert sorted(rows[1:]) == [["北京水泥", ""], ["长安汽车", "S"]]


def test_a_limited_member_changes_only_what_they_see(look: Any, member: Any) -> None:
    from django.test import Client

    limited = Client()
    limited.force_login(member("sales", scope="own"))
    fields = {"action": "set_tier", "all": "yes", "query": "", "value": "X", "confirmed": "yes"}
    limited.post(BULK, fields)
    limited.post(BULK, {**fields, "all": "", "key": ["beech", "amber"], "value": "Y"})
    from tenure.apps.crm.models import AccountVersion

    tiers = dict(AccountVersion.objects.live().values_list("account_id", "tier"))
    assert tiers == {"amber": "Y", "beech": "A", "coral": "X", "dune": None}


def test_who_may_not_edit_may_export(look: Any) -> None:
    browser = look.browser
    fields = {"action": "set_owner", "key": ["amber"], "value": "me", "confirmed": "yes"}
    assert browser.post(BULK, fields).status_code == 403
    assert owners()["amber"] == "sales@example.com"
    assert browser.post(BULK, {"action": "export_xlsx", "key": ["amber"]}).status_code == 200
    assert "Set the owner" not in text_of(look())
