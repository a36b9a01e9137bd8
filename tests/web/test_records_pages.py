"""Pages of records: an account, the forms, both versions of two editors, what a write did to the figures."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from reference.pages import text_of
from tenure.apps.crm import services as crm
from tenure.apps.crm.models import AccountVersion, ContactVersion
from tenure.apps.goals import services as goals
from tenure.apps.subscriptions import services
from tenure.apps.subscriptions.models import ContractVersion, SubscriptionVersion

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]
CONTRACT = {
    "contract_id": "c1", "account_id": "acme", "currency": "USD", "start": "2024-01-01", "end": "2025-01-01",
    "total": "1200",
}  # fmt: skip


@pytest.fixture
def acme(home: Any) -> Any:
    """An account with one contract of 100 a month."""
    crm.add("accounts", {"account_id": "acme", "name": "Acme", "tier": "A"}, by="test")
    return services.add("contracts", CONTRACT, by="test")


@pytest.fixture
def sales(signed_in: Any) -> Any:
    return signed_in("sales")


def form_of(version: Any, **changed: str) -> dict[str, str]:
    """What the form of a contract posts: everything it shows, some of it changed."""
    shown = {"account_id": version.account_id, "currency": "USD", "total": "1200", "start": "2024-01-01",
             "end": "2025-01-01", "kind": "", "auto_renew": "", "version": version.row_id}  # fmt: skip
    return {**shown, **changed}


def test_an_account_answers_in_one_screen(sales: Any, acme: Any) -> None:
    crm.add("contacts", {"contact_id": "p1", "account_id": "acme", "name": "Zoe", "roles": "decision_maker"}, by="test")
    crm.add("accounts", {"account_id": "branch", "name": "Branch", "parent_id": "acme"}, by="test")
    response = sales.get("/customers/accounts/acme/")
    said = text_of(response)
    assert "<title>Acme · Tenure</title>" in response.content.decode()
    for words in ("Tier A", "with a decision maker", "Has Branch", "c1", "Zoe", "Contract c1: Added", "New ", "+100"):
        assert words in said, words
    for tab in ("contracts", "contacts", "subscriptions", "history"):
        assert sales.get(f"/customers/accounts/acme/?tab={tab}").status_code == 200
    assert sales.get("/customers/accounts/acme/?tab=tea").status_code == 422
    assert sales.get("/customers/accounts/acme/?show=money").status_code == 200
    assert "c1: Added" not in text_of(sales.get("/customers/accounts/acme/?show=imports"))


def test_what_happened_is_marked_on_the_line_of_an_account(sales: Any, signed_in: Any, home: Any) -> None:
    """The contract runs now, so its line has the months of these two years."""
    today = timezone.now().date()
    start, end = today - timedelta(days=200), today + timedelta(days=165)
    services.add("contracts", {**CONTRACT, "start": start.isoformat(), "end": end.isoformat()}, by="test")
    goals.annotate((today - timedelta(days=70)).isoformat(), "New prices", "price", by="Ada")
    goals.annotate((today - timedelta(days=1200)).isoformat(), "Long before", "other", by="Ada")
    page = sales.get("/customers/accounts/acme/").content.decode()
    line = re.search(r'<svg class="step".*?</svg>', page, re.DOTALL)[0]
    assert re.search(r"<title>[^<]*, Price change: New prices</title>", line)
    assert "Take “New prices” from the charts" in html.unescape(page)
    assert "Long before" not in page
    seen = signed_in("viewer").get("/customers/accounts/acme/").content.decode()
    assert "<b>New prices</b>" in seen
    assert "from the charts" not in seen


def test_a_record_is_added_edited_and_undone_by_its_pages(sales: Any, acme: Any) -> None:
    response = sales.post(
        "/customers/new/contracts/", {**CONTRACT, "contract_id": "c2", "reason": "signed"}, follow=True
    )
    assert response.redirect_chain[-1][0] == "/customers/contracts/c2/"
    assert "signed" in text_of(response)
    c2 = ContractVersion.objects.live().get(contract_id="c2")
    response = sales.post("/customers/edit/contracts/c2/", form_of(c2, total="2400", reason="a typo"), follow=True)
    assert "Total without tax 1,200 → 2,400" in text_of(response)
    now = ContractVersion.objects.live().get(contract_id="c2")
    sales.post(f"/customers/undo/contracts/c2/?version={now.row_id}")
    assert ContractVersion.objects.live().get(contract_id="c2").total == 1200
    assert sales.post(f"/customers/undo/contracts/c2/?version={now.row_id}").status_code == 409


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(sales: Any, acme: Any) -> None:
    response = sales.post("/customers/edit/contracts/c1/", form_of(acme, total="12,50,0", end="2023-01-01"))
    page = response.content.decode()
    assert response.status_code == 422
    assert 'value="12,50,0"' in page
    assert 'value="2023-01-01"' in page
    assert re.search(r'id="id_total_error">.*1234\.50', page, re.S)
    assert ContractVersion.objects.count() == 1


def test_the_second_editor_sees_both_and_chooses(sales: Any, acme: Any) -> None:
    services.edit("contracts", "c1", {"total": "1300", "plan": "pro"}, by="Olga")
    posted = form_of(acme, total="1400", quantity="3")
    response = sales.post("/customers/edit/contracts/c1/", posted)
    page, said = response.content.decode(), text_of(response)
    assert response.status_code == 409
    assert "Olga" in said
    assert re.search(r"Total without tax 1200 1300 1400", said)
    assert 'name="take-total" value="theirs"' in page
    live = ContractVersion.objects.live().get()
    assert (live.total, live.plan, live.quantity) == (1300, "pro", None)
    assert live.row_id in page
    again = {**posted, "plan": "pro", "version": live.row_id}
    sales.post("/customers/edit/contracts/c1/", {**again, "take-total": "theirs"})
    live = ContractVersion.objects.live().get()
    assert (live.total, live.plan, live.quantity) == (1300, "pro", 3)


def test_a_save_says_what_it_did_to_the_figures(sales: Any, acme: Any) -> None:
    services.add("subscriptions", {"account_id": "acme", "subscription_id": "s", "amount": "10", "currency": "USD",
                                   "start": "2024-01-01"}, by="test")  # fmt: skip
    services.close_month("2026-01", by="test")
    key = "/customers/edit/subscriptions/acme~s~main~2024-01-01/"
    seen = SubscriptionVersion.objects.get().row_id
    form = {"account_id": "acme", "amount": "10", "quantity": "3", "currency": "USD", "start": "2024-01-01",
            "version": seen}  # fmt: skip
    said = text_of(sales.post(key, form, follow=True))
    assert "+$20" in said
    assert "1 closed month is restated" in said
    assert "This save restates closed months" in said
    assert "Jan 2026" in said
    seen = SubscriptionVersion.objects.live().get().row_id
    form |= {"product": "desk", "version": seen}
    assert "MRR is as it was" in text_of(sales.post(key, form, follow=True))


def test_a_large_amount_keeps_every_digit_on_its_page_and_through_its_form(sales: Any, acme: Any) -> None:
    large = "12345678901234567.123456789012"
    services.add("contracts", {**CONTRACT, "contract_id": "big", "total": large}, by="test")
    written = ContractVersion.objects.live().get(contract_id="big")
    assert f"{Decimal(large):,f}" in text_of(sales.get("/customers/contracts/big/"))
    form = sales.get("/customers/edit/contracts/big/").content.decode()
    assert f'value="{large}"' in form
    sales.post("/customers/edit/contracts/big/", form_of(written, total=large, kind="renewal", reason="Named"))
    assert ContractVersion.objects.live().get(contract_id="big").total == Decimal(large)


def test_end_and_withdraw(sales: Any, acme: Any) -> None:
    sub = {"account_id": "acme", "subscription_id": "s", "amount": "10", "start": "2024-01-01"}
    services.add("subscriptions", sub, by="test")
    seen = SubscriptionVersion.objects.get().row_id
    at = "subscriptions/acme~s~main~2024-01-01/"
    assert sales.post(f"/customers/end/{at}", {"version": seen, "end": ""}).status_code == 422
    sales.post(f"/customers/end/{at}", {"version": seen, "end": "2024-06-01", "reason": "notice"})
    assert SubscriptionVersion.objects.live().get().end.isoformat() == "2024-06-01"
    discount = {"subscription_id": "s", "kind": "percent", "value": "20", "duration": "forever"}
    assert sales.post("/customers/new/discounts/", discount).status_code == 302
    assert "Discounts 1 New discount Percent 20 As long as the subscription" in text_of(sales.get(f"/customers/{at}"))
    assert sales.post(f"/customers/withdraw/{at}", {"version": seen}).status_code == 422
    sales.post(f"/customers/withdraw/{at}", {"version": SubscriptionVersion.objects.live().get().row_id})
    assert not SubscriptionVersion.objects.live().exists()
    assert "This record is withdrawn" in text_of(sales.get(f"/customers/{at}"))
    listed = re.search(r'href="(/customers/discounts/s~[^"]*)"', sales.get("/customers/discounts/").content.decode())
    assert listed is not None
    assert sales.get(listed[1]).status_code == 200, "a discount of a subscription that is gone"


def test_a_fact_is_edited_in_its_place(sales: Any, acme: Any) -> None:
    seen = AccountVersion.objects.get().row_id
    at = "/customers/edit/accounts/acme/tier/"
    form = sales.get(at, headers={"hx-request": "true"}).content.decode()
    assert 'value="A"' in form
    assert "<html" not in form
    shown = sales.post(at, {"version": seen, "tier": "B"}, headers={"hx-request": "true"})
    assert (shown.status_code, AccountVersion.objects.live().get().tier) == (200, "B")
    assert "data-fact-edit" in shown.content.decode()
    refused = sales.post(at, {"version": seen, "tier": "C"}, headers={"hx-request": "true"})
    assert (refused.status_code, AccountVersion.objects.live().get().tier) == (409, "B")
    assert 'value="C"' in refused.content.decode()
    assert "It is now: B" in refused.content.decode()
    without_script = sales.post(at, {"version": AccountVersion.objects.live().get().row_id, "tier": "C"})
    assert without_script["Location"] == "/customers/accounts/acme/"


@pytest.mark.parametrize("kind", ["contracts", "subscriptions", "contacts", "products", "plans", "discounts"])
def test_every_kind_has_a_list_a_form_and_a_file(sales: Any, kind: str) -> None:
    for address in (f"/customers/{kind}/", f"/customers/new/{kind}/", f"/customers/{kind}/{kind}.csv"):
        assert sales.get(address).status_code == 200
    assert sales.get(f"/customers/{kind}/?f=nonsense~eq~x").status_code == 422


def test_who_does_not_write_records_reads_no_personal_data(signed_in: Any, acme: Any) -> None:
    person = {"contact_id": "p1", "account_id": "acme", "name": "Zoe Li", "email": "zoe@example.com"}
    crm.add("contacts", person, by="test")
    crm.edit("contacts", "p1", {"email": "z@example.com"}, by="test")
    viewer = signed_in("viewer")
    for address in ("/customers/contacts/", "/customers/contacts/p1/", "/customers/contacts/contacts.csv",
                    "/customers/accounts/acme/", "/customers/accounts/acme/?tab=contacts"):  # fmt: skip
        said = b"".join(viewer.get(address)).decode()
        assert "p1" in said
        assert "Zoe Li" not in said
        assert "@example.com" not in said.replace("viewer@example.com", "")


@pytest.mark.django_db(transaction=True)
def test_a_person_is_erased_only_after_the_id_was_typed_and_the_proof_is_shown(signed_in: Any, home: Any) -> None:
    crm.add("accounts", {"account_id": "acme"}, by="test")
    for number in ("1", "2"):
        person = {"contact_id": f"p{number}", "account_id": "acme", "name": f"Zoeline Qwertz {number}"}
        crm.add("contacts", person, by="test")
    owner = signed_in("owner")
    assert "Erase this person" in text_of(owner.get("/customers/contacts/p1/"))
    refused = owner.post("/customers/erase/p1/", {"confirm": "p2"})
    assert refused.status_code == 422
    assert ContactVersion.objects.get(contact_id="p1").name == "Zoeline Qwertz 1"
    said = text_of(owner.post("/customers/erase/p1/", {"confirm": "p1"}))
    assert "Versions in the store 1" in said
    assert "Zoeline" not in said
    assert ContactVersion.objects.get(contact_id="p1").name is None
    assert ContactVersion.objects.get(contact_id="p2").name == "Zoeline Qwertz 2"
    assert "Zoeline Qwertz 1" not in text_of(owner.get("/customers/contacts/p1/"))


@pytest.mark.parametrize("kind", ["contracts", "contacts"])
def test_a_list_asks_the_store_as_often_for_many_rows_as_for_few(
    signed_in: Any, acme: Any, kind: str, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        services.add("contracts", {**CONTRACT, "contract_id": f"k{number}"}, by="test")
        crm.add("contacts", {"contact_id": f"p{number}", "account_id": "acme"}, by="test")
    owner = signed_in("owner")
    owner.get(f"/customers/{kind}/")
    with django_assert_max_num_queries(12):
        assert owner.get(f"/customers/{kind}/").status_code == 200


def test_amounts_of_several_currencies_are_not_added_up(sales: Any) -> None:
    for number, currency in enumerate(("USD", "CNY")):
        services.add("contracts", {**CONTRACT, "contract_id": f"m{number}", "currency": currency}, by="test")
    page = sales.get("/customers/contracts/").content.decode()
    assert "USD" in page
    assert "CNY" in page
    assert "<tfoot" not in page


@pytest.mark.parametrize("kind", ["contracts", "contacts", "plans"])
def test_the_form_of_a_new_record_stands_below_its_list(sales: Any, kind: str) -> None:
    page = sales.get(f"/customers/new/{kind}/").content.decode()
    address = f"/customers/{kind}/"
    assert f'<ol class="crumbs"><li><a href="{address}">' in page
    assert f'<a class="button" href="{address}">Cancel</a>' in page


def test_a_withdrawn_account_keeps_its_page_with_a_way_back(sales: Any, acme: Any) -> None:
    birch = crm.add("accounts", {"account_id": "birch", "name": "Birch"}, by="test")
    gone = sales.post("/customers/withdraw/accounts/birch/", {"version": birch.row_id}, follow=True)
    assert (gone.redirect_chain[-1][0], gone.status_code) == ("/customers/accounts/birch/", 200)
    assert "This record is withdrawn" in text_of(gone)
    back = re.search(r'action="(/customers/undo/accounts/birch/[^"]+)"', gone.content.decode())
    assert back is not None
    assert sales.post(back[1], follow=True).status_code == 200
    assert AccountVersion.objects.live().filter(account_id="birch").exists()


@pytest.fixture
def limited(member: Any, home: Any) -> Client:
    """A browser of somebody who sees their own accounts: acme, birch and cedar. Others have dune."""
    browser = Client()
    browser.force_login(member("sales", scope="own"))
    for name, owner in (("acme", "sales@"), ("birch", "sales@"), ("cedar", "sales@"), ("dune", "others@")):
        account = {"account_id": name, "name": f"{name.title()} Ltd", "owner": f"{owner}example.com"}
        crm.add("accounts", account, by="test")
    return browser


def test_who_gives_an_account_away_may_take_that_back_and_nothing_else(limited: Client) -> None:
    given = {"name": "Acme Ltd", "owner": "others@example.com"}
    page = limited.post("/customers/edit/accounts/acme/", given, follow=True)
    assert (page.redirect_chain[-1][0], page.status_code) == ("/customers/accounts/", 200)
    assert limited.get("/customers/accounts/acme/").status_code == 404
    undo = re.search(r'action="(/customers/undo/accounts/acme/[^"]+)"', page.content.decode())
    assert undo is not None
    dune = AccountVersion.objects.live().get(account_id="dune").row_id
    assert limited.post(f"/customers/undo/accounts/dune/?version={dune}").status_code == 404
    assert limited.post(undo[1], {"next": "/customers/accounts/"}).status_code == 302
    assert limited.get("/customers/accounts/acme/").status_code == 200
    limited.post("/customers/edit/accounts/acme/", given)
    mine = AccountVersion.objects.live().get(account_id="acme").row_id
    crm.edit("accounts", "acme", {"tier": "B"}, by="its new owner")
    assert limited.post(f"/customers/undo/accounts/acme/?version={mine}").status_code == 404


def test_many_given_away_come_back_but_for_those_that_were_changed(limited: Client) -> None:
    change = {"action": "set_owner", "key": ["acme", "birch", "cedar", "dune"], "query": "", "confirmed": "yes"}
    done = limited.post("/customers/accounts/bulk/", {**change, "value": "others@example.com"}, follow=True)
    assert "3 accounts changed." in text_of(done)
    crm.edit("accounts", "cedar", {"tier": "B"}, by="its new owner")
    undo = re.search(r'action="(/customers/accounts/bulk/\w+/undo/)"', done.content.decode())
    assert undo is not None
    said = text_of(limited.post(undo[1], follow=True))
    assert "2 accounts are as they were before. 1 was changed since, and stays as it is." in said
    owners = dict(AccountVersion.objects.live().values_list("account_id", "owner"))
    mine, theirs = "sales@example.com", "others@example.com"
    assert owners == {"acme": mine, "birch": mine, "cedar": theirs, "dune": theirs}


def test_a_change_of_many_is_taken_back_from_the_history_of_any(signed_in: Any, sales: Any, acme: Any) -> None:
    crm.add("accounts", {"account_id": "birch", "tier": "B"}, by="test")
    change = {"action": "set_tier", "key": ["acme", "birch"], "value": "S", "query": "", "confirmed": "yes"}
    sales.post("/customers/accounts/bulk/", change)
    history = "/customers/accounts/birch/?tab=history"
    undo = re.search(r'action="(/customers/accounts/bulk/\w+/undo/)"', sales.get(history).content.decode())
    assert undo is not None
    assert "/undo/" not in signed_in("viewer").get(history).content.decode()
    assert sales.post(undo[1], {"next": history})["Location"] == history
    tiers = dict(AccountVersion.objects.live().values_list("account_id", "tier"))
    assert tiers == {"acme": "A", "birch": "B"}
    assert undo[1] not in sales.get(history).content.decode()


@pytest.mark.parametrize("address", ["/customers/edit/accounts/acme/", "/customers/edit/accounts/acme/tier/"])
def test_a_form_that_names_a_version_of_others_says_nothing_of_them(limited: Client, address: str) -> None:
    foreign = AccountVersion.objects.live().get(account_id="dune").row_id
    page = limited.post(address, {"version": foreign, "tier": "x" * 10_001, "employees": "many"})
    assert page.status_code == 422
    assert "Dune" not in page.content.decode()


def test_a_line_of_a_form_is_read_whole_or_refused(sales: Any, acme: Any) -> None:
    ramp = "2024-01-01 2024-07-01 1 000"
    page = sales.post("/customers/edit/contracts/c1/", form_of(acme, schedule=ramp))
    assert page.status_code == 422
    assert ramp in page.content.decode()
    sales.post("/customers/edit/contracts/c1/", form_of(acme, schedule="2024-01-01  2024-07-01  1000 "))
    assert '"amount":"1000"' in ContractVersion.objects.live().get().schedule
    sub = {"account_id": "acme", "subscription_id": "s", "amount": "10", "start": "2024-01-01"}
    pause = sales.post("/customers/new/subscriptions/", {**sub, "pauses": "2024-02-01 2024-03-01 2024-04-01"})
    assert pause.status_code == 422


@pytest.mark.parametrize("query", [f"page={'1' * 5000}", "page=²", "page=-1", "page=0", "show=%00", "tab=%00"])
def test_an_address_made_up_is_refused(sales: Any, acme: Any, query: str) -> None:
    assert sales.get(f"/customers/accounts/acme/?{query}").status_code == 422
