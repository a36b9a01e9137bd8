"""Accounts and contacts found by what they are called: fresh after every write, and only those the caller sees."""

from __future__ import annotations

from typing import Any

import pytest

from tenure.apps.crm import selectors
from tenure.apps.crm import services as crm
from tenure.apps.workspaces import finding
from tenure.apps.workspaces.models import Scope

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]


@pytest.fixture
def accounts() -> None:
    for account, name, owner in (
        ("a1", "云梯科技", "olga@example.com"),
        ("a2", "云南物流", "vera@example.com"),
        ("a3", "Birch & Sons", None),
        ("yt-4", None, None),
    ):
        crm.add("accounts", {"account_id": account, "name": name, "owner": owner}, by="test")


def ids(caller: Any, query: str, limit: int = 5) -> list[str]:
    return [account.account_id for account in selectors.found_accounts(caller, query, limit)]


@pytest.mark.usefixtures("accounts")
def test_accounts_are_found_by_name_pinyin_and_id(owner: Any) -> None:
    assert ids(owner, "云梯") == ["a1"]
    assert ids(owner, "ytkj") == ["a1"]
    assert ids(owner, "yun") == ["a1", "a2"]
    assert ids(owner, "ＢＩＲＣＨ") == ["a3"]
    assert ids(owner, "yt") == ["yt-4", "a1"]
    assert ids(owner, "yun", limit=1) == ["a1"]
    assert ids(owner, "none such") == []


@pytest.mark.usefixtures("accounts")
def test_what_was_renamed_withdrawn_or_added_is_known_at_once(owner: Any) -> None:
    assert ids(owner, "ytkj") == ["a1"]
    crm.edit("accounts", "a1", {"name": "长安银行"}, by="test")
    crm.withdraw("accounts", "a2", by="test")
    crm.add("accounts", {"account_id": "a5", "name": "云海"}, by="test")
    assert ids(owner, "ytkj") == []
    assert ids(owner, "cayh") == ["a1"]
    assert ids(owner, "yun") == ["a5"]


@pytest.mark.usefixtures("accounts")
def test_an_index_that_much_was_added_to_is_made_anew(owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MOST_ADDED", 2)
    assert ids(owner, "yun") == ["a1", "a2"]
    for number in range(6):
        crm.add("accounts", {"account_id": f"n{number}", "name": "新云"}, by="test")
        assert len(ids(owner, "xinyun", limit=9)) == number + 1
    assert ids(owner, "ytkj") == ["a1"]


@pytest.mark.usefixtures("accounts")
def test_who_searches_first_does_not_wait_for_an_index(owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    crm.add("contacts", {"contact_id": "p1", "account_id": "a1", "name": "云青"}, by="test")
    selectors.make_findable()
    monkeypatch.setattr(finding, "_indexed", lambda _rows: pytest.fail("an index is made while somebody waits"))
    assert ids(owner, "ytkj") == ["a1"]
    assert [contact.contact_id for contact in selectors.found_contacts(owner, "yunqing", 5)] == ["p1"]


@pytest.mark.usefixtures("accounts")
def test_accounts_of_others_are_not_found(viewer: Any) -> None:
    viewer.scope = Scope.OWN
    assert ids(viewer, "yun") == ["a2"]
    assert ids(viewer, "birch") == []


@pytest.mark.usefixtures("accounts")
def test_a_contact_is_found_with_the_account_it_is_at(owner: Any, viewer: Any) -> None:
    crm.add("contacts", {"contact_id": "c1", "account_id": "a1", "name": "李敏", "email": "lm@yt.example"}, by="test")
    assert [c.contact_id for c in selectors.found_contacts(owner, "limin", 5)] == ["c1"]
    viewer.scope = Scope.OWN
    assert selectors.found_contacts(viewer, "limin", 5) == []
