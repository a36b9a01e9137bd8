"""Custom fields on pages and over HTTP: asked for, shown, filtered by, and kept from who may not read them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tenure.apps.crm import services as crm
from tenure.apps.workspaces.services import custom

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]


@pytest.fixture
def fields() -> None:
    """A number for everybody, a personal text, and an account that has both."""
    custom.define("accounts", "shops", "number", by="test", label_en="Shops", required=True)
    custom.define("accounts", "godfather", "text", by="test", label_en="Godfather", personal=True)
    custom.define("contacts", "size", "choice", by="test", label_en="Shirt", options=["M", "L"])
    crm.add(
        "accounts", {"account_id": "a", "name": "Acme", "custom": {"shops": "1200", "godfather": "Zhang San"}}, by="t"
    )
    crm.add("accounts", {"account_id": "b", "name": "Birch", "custom": {"shops": "7"}}, by="t")
    crm.add("contacts", {"contact_id": "c", "email": "ann@example.com", "custom": {"size": "L"}}, by="t")


@pytest.mark.usefixtures("fields")
@pytest.mark.parametrize(("role", "reads"), [("sales", True), ("analyst", False), ("viewer", False)])
def test_a_personal_field_is_kept_from_who_may_not_read_it(
    client: Any, key: Any, signed_in: Any, role: str, reads: bool
) -> None:
    crm.edit("accounts", "a", {"custom": {"godfather": "Zhang Si"}}, by="t")
    headers = key(role)
    browser = signed_in(role)
    addresses = ["/api/records/accounts/a", "/api/records/accounts", "/api/records/accounts/a/history"]
    for address in addresses:
        assert ("Zhang" in json.dumps(client.get(address, headers=headers).json())) is reads, address
    pages = ["/customers/accounts/a/", "/customers/accounts/a/?tab=history"]
    pages += ["/customers/accounts/?columns=name,own_shops" + (",own_godfather" if reads else "")]
    for address in pages:
        page = browser.get(address)
        assert (page.status_code, "Zhang" in page.content.decode()) == (200, reads), address
    assert client.get(addresses[0], headers=headers).json()["custom"]["shops"] == "1200"
    asked = {"question": "accounts", "show": ["attributes.godfather"]}
    answer = client.post("/api/ask", json.dumps(asked), content_type="application/json", headers=headers)
    assert (answer.status_code, b"Zhang" in answer.content) == ((200, True) if reads else (403, False))
    contact = client.get("/api/records/contacts/c", headers=headers).json()
    assert (contact["custom"], "ann@example.com" in json.dumps(contact)) == ({"size": "L"}, reads)


@pytest.mark.usefixtures("fields")
def test_the_api_takes_and_gives_custom_fields(client: Any, key: Any) -> None:
    headers = key("sales")

    def call(method: str, address: str, body: Any) -> tuple[int, Any]:
        answer = getattr(client, method)(address, json.dumps(body), content_type="application/json", headers=headers)
        return answer.status_code, answer.json()

    status, refused = call("put", "/api/records/accounts/n", {"values": {"name": "New"}})
    assert (status, refused["error"]["field"]) == (422, "custom.shops")
    status, made = call("put", "/api/records/accounts/n", {"custom": {"shops": "3.0"}})
    assert (status, made["custom"]) == (201, {"shops": "3", "godfather": None})
    status, same = call("put", "/api/records/accounts/n", {"custom": made["custom"]})
    assert (status, same["version"]) == (200, made["version"])
    status, refused = call("patch", "/api/records/accounts/n", {"custom": {"shoes": "3"}})
    assert (status, refused["error"]["code"]) == (422, "record.unknown_field")
    status, refused = call("patch", "/api/records/accounts/n", {"custom": {"shops": "some"}})
    assert (status, refused["error"]["field"]) == (422, "custom.shops")


@pytest.mark.usefixtures("fields")
def test_a_form_asks_for_custom_fields_and_keeps_them(signed_in: Any) -> None:
    browser = signed_in("sales")
    typed = {"account_id": "n", "name": "New"}
    assert browser.post("/customers/new/accounts/", typed).status_code == 422
    assert browser.post("/customers/new/accounts/", {**typed, "custom.shops": "5"}).status_code == 302
    page = browser.get("/customers/edit/accounts/n/")
    version = page.context["form"].seen
    typed |= {"custom.shops": "5", "custom.godfather": "Li Si", "version": version.row_id}
    assert browser.post("/customers/edit/accounts/n/", typed).status_code == 302
    late = browser.post("/customers/edit/accounts/n/", {**typed, "custom.godfather": "Wang Wu"})
    assert (late.status_code, "Li Si" in late.content.decode()) == (409, True)
    assert "Li Si" in browser.get("/customers/accounts/n/").content.decode()


@pytest.mark.usefixtures("fields")
@pytest.mark.parametrize(
    ("address", "shown", "left_out"),
    [
        ("/customers/accounts/?columns=name,own_shops&f=own_godfather~contains~San", "1,200", "Birch"),
        ("/customers/contacts/?columns=contact_id,own_size&f=own_size~eq~L", "L</", "nothing"),
        ("/customers/contacts/contacts.csv?columns=contact_id,own_size", "Shirt", "nothing"),
    ],
)
def test_lists_show_and_filter_by_custom_fields(signed_in: Any, address: str, shown: str, left_out: str) -> None:
    answer = signed_in("sales").get(address)
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert answer.status_code == 200
    assert (shown in content.decode(), left_out in content.decode()) == (True, False)
