"""The command palette: what a member finds, in both languages, and what another member does not."""

from __future__ import annotations

import re

import pytest

from tenure.apps.crm import services as crm
from tenure.apps.subscriptions import services as subscriptions
from tenure.apps.workspaces.models import Member, Scope
from tenure.apps.workspaces.services import views

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def records(db):
    for account, name, owner in (("a1", "云梯科技", "viewer@example.com"), ("a2", "Birch <b>", "else@example.com")):
        crm.add("accounts", {"account_id": account, "name": name, "owner": owner}, by="test")
    for contact, account, name in (("c1", "a1", "李敏"), ("c2", "a2", "Bill")):
        crm.add("contacts", {"contact_id": contact, "account_id": account, "name": name}, by="test")
    for contract, account in (("k-1", "a1"), ("k-2", "a2")):
        rows = {"contract_id": contract, "account_id": account, "currency": "CNY", "total": "1200"}
        subscriptions.add("contracts", {**rows, "start": "2026-01-01", "end": "2027-01-01"}, by="test")


@pytest.fixture
def type_in(signed_in):
    browsers = {}

    def ask(query="", role="owner", fragment=True, **more):
        browser = browsers.setdefault(role, signed_in(role)) if role not in browsers else browsers[role]
        headers = {"HX-Request": "true"} if fragment else {}
        return browser.get("/palette/", {"q": query, **more}, headers=headers).content.decode()

    return ask


def names(page: str) -> list[str]:
    return re.findall(r'class="palette__name">(.*?)</span>', page)


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("new contr", "New contract"),
        ("xzht", "New contract"),
        ("import a", "Import a file"),
        ("close a", "Close a month"),
        ("moveme", "Movements"),
        ("srbd", "Movements"),
        ("收入变", "Movements"),
        ("retain", "Movements"),
        ("ytkj", "云梯科技"),
        ("ｙｕｎｔｉ", "云梯科技"),
        ("a1", "云梯科技"),
        ("limin", "李敏"),
        ("k-1", "k-1"),
        ("dark", "Dark colours"),
        ("shense", "Dark colours"),
        ("sign", "Sign out"),
        ("invite", "Invite somebody"),
    ],
)
def test_what_is_typed_finds(type_in, query, first):
    assert names(type_in(query))[0] == first


@pytest.mark.usefixtures("records")
def test_nothing_of_another_owner_is_found(type_in, member):
    page = type_in("yt", role="viewer")
    assert "云梯科技" in names(page)
    Member.objects.filter(role="viewer").update(scope=Scope.OWN)
    assert "云梯科技" in names(type_in("yt", role="viewer"))
    assert names(type_in("birch", role="viewer")) == []
    assert names(type_in("bill", role="viewer")) == []
    assert names(type_in("k-", role="viewer")) == ["k-1"]


@pytest.mark.usefixtures("records")
def test_who_may_not_read_of_people_finds_none(type_in):
    assert names(type_in("limin", role="sales")) == ["李敏"]
    assert names(type_in("limin", role="viewer")) == []


def test_what_a_role_may_not_do_is_not_offered(type_in):
    assert "Members" in names(type_in("members"))
    assert names(type_in("members", role="viewer")) == []
    assert names(type_in("invite", role="viewer")) == []
    assert {"Invite somebody", "New account"} <= set(names(type_in(only="create")))
    assert names(type_in(role="viewer", only="create")) == []
    assert "New account" not in names(type_in("new", role="analyst"))


@pytest.mark.usefixtures("records")
def test_the_recent_come_first_if_they_are_there_and_theirs(type_in):
    sent = ["/retain/renewals/", "/customers/accounts/a2/", "//evil.example/", "/no/", "x" * 9999]
    shown = names(type_in(recent=sent))
    assert shown[:2] == ["Renewals", "Birch &lt;b&gt;"]
    type_in(role="viewer")
    Member.objects.filter(role="viewer").update(scope=Scope.OWN)
    assert names(type_in(role="viewer", recent=sent))[:2] == ["Renewals", "Cockpit"]


def test_saved_views_are_found_by_who_sees_them(type_in, member):
    type_in(role="viewer")
    own = Member.objects.get(role="viewer")
    views.save("华东续约", "movements", "", by=own)
    assert names(type_in("hdxy", role="viewer")) == ["华东续约"]
    assert names(type_in("hdxy")) == []


def test_the_actions_of_the_page_are_found_by_pinyin(type_in):
    page = type_in("bj", on=["导出", "编辑合同"])
    assert names(page)[0] == "编辑合同"
    assert 'data-on="1"' in page


def test_it_is_a_page_of_its_own_without_script(type_in):
    page = type_in("moveme", fragment=False)
    assert "<h1>Search</h1>" in page
    assert 'role="option"' not in page
    assert names(page) == ["Movements"]
    assert "Nothing is called “&lt;i&gt;”" in type_in("<i>", fragment=False)
