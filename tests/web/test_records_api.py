"""Records by program: read, added, changed, ended, withdrawn, taken back; and what a second editor is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]
CONTRACT = {
    "contract_id": "c/1",
    "account_id": "acme",
    "start": "2024-01-01",
    "end": "2025-01-01",
    "total": "1200.50",
    "renews": ["c0"],
}
ADDRESS = "/api/records/contracts/c%252F1"


@pytest.fixture
def call(client, key):
    """Call the API with a key of a role; the status and the decoded answer."""

    def send(method: str, address: str, body: Any = None, role: str = "sales", **headers: str) -> tuple[int, Any]:
        response = getattr(client, method)(
            address,
            *([] if body is None else [json.dumps(body)]),
            content_type="application/json",
            headers={**key(role), **headers},
        )
        return response.status_code, json.loads(response.content)

    return send


def test_a_record_is_read_as_it_was_given(call):
    status, made = call("post", "/api/records/contracts", {"values": CONTRACT, "reason": "signed"})
    assert (status, made["key"], made["address"]) == (201, "c%2F1", "/api/records/contracts/c%252F1")
    status, found = call("get", ADDRESS, role="viewer")
    assert (status, found["version"]) == (200, made["version"])
    assert {name: found["values"][name] for name in CONTRACT} == {**CONTRACT, "total": "1200.5"}
    again = {name: value for name, value in found["values"].items() if value is not None}
    status, same = call("patch", ADDRESS, {"values": again})
    assert (status, same["version"]) == (200, made["version"])


def test_the_second_editor_gets_409_and_nothing_is_overwritten(call):
    _status, made = call("post", "/api/records/contracts", {"values": CONTRACT})
    seen = made["version"]
    status, mine = call("patch", ADDRESS, {"values": {"total": "1300"}, "version": seen})
    assert status == 200
    for address, method, body in (
        (ADDRESS, "patch", {"values": {"total": "1400"}, "version": seen}),
        (f"{ADDRESS}/end", "post", {"day": "2024-06-01", "version": seen}),
        (f"{ADDRESS}/withdraw", "post", {"version": seen}),
        (f"{ADDRESS}/undo", "post", {"version": seen}),
    ):
        status, refused = call(method, address, body)
        assert (status, refused["error"]["code"]) == (409, "record.changed")
        assert (refused["error"]["fields"], refused["error"]["version"]) == (["total"], mine["version"])
    status, refused = call("patch", ADDRESS, {"values": {"total": "1400"}}, **{"If-Match": f'"{seen}"'})
    assert status == 409
    assert call("get", ADDRESS)[1]["values"]["total"] == "1300"
    status, done = call("patch", ADDRESS, {"values": {"total": "1400"}}, **{"If-Match": f'"{mine["version"]}"'})
    assert (status, done["values"]["total"]) == (200, "1400")


def test_end_withdraw_undo_and_history(call):
    call("post", "/api/records/contracts", {"values": CONTRACT, "reason": "signed"})
    call("post", f"{ADDRESS}/end", {"day": "2024-06-01", "reason": "notice"})
    _status, gone = call("post", f"{ADDRESS}/withdraw", {"reason": "a test order"})
    assert call("get", ADDRESS)[0] == 404
    status, back = call("post", f"{ADDRESS}/undo", {"version": gone["version"]})
    assert (status, back["values"]["end"]) == (200, "2024-06-01")
    _status, told = call("get", f"{ADDRESS}/history", role="viewer")
    assert [(step["verb"], step["reason"]) for step in told["steps"]] == [
        ("restored", ""), ("withdrew", "a test order"), ("ended", "notice"), ("added", "signed"),
    ]  # fmt: skip
    assert told["steps"][2]["changes"] == {"end": {"before": "2025-01-01", "after": "2024-06-01"}}


def test_a_list_goes_on_where_it_ended(call):
    for number in range(5):
        call("post", "/api/records/accounts", {"values": {"account_id": f"a{number}"}})
    seen, after = [], ""
    while after is not None:
        _status, page = call("get", f"/api/records/accounts?limit=2&after={after}")
        seen += [record["key"] for record in page["records"]]
        after = page["next"]
    assert seen == ["a0", "a1", "a2", "a3", "a4"]
    _status, page = call("get", "/api/records/contracts?account=acme")
    assert page == {"records": [], "next": None}
    assert call("get", "/api/records/products?account=acme")[0] == 422


def test_who_does_not_write_records_sees_no_personal_data(call):
    values = {"contact_id": "p1", "account_id": "acme", "name": "Zoe Li", "email": "zoe@example.com"}
    call("post", "/api/records/contacts", {"values": values})
    call("patch", "/api/records/contacts/p1", {"values": {"email": "z@example.com"}})
    assert call("get", "/api/records/contacts/p1")[1]["values"]["name"] == "Zoe Li"
    for address in ("/api/records/contacts", "/api/records/contacts/p1", "/api/records/contacts/p1/history"):
        _status, told = call("get", address, role="viewer")
        assert "Zoe" not in json.dumps(told)
        assert "example.com" not in json.dumps(told.get("steps", told))


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param({"values": {**CONTRACT, "total": 0.1}}, 422, "record.bad_value", id="a binary float"),
        pytest.param({"values": {**CONTRACT, "colour": "red"}}, 422, "record.unknown_field", id="unknown field"),
        pytest.param({"values": []}, 422, "request.invalid", id="not by column"),
        pytest.param({}, 422, "request.invalid", id="no values"),
    ],
)
def test_what_is_refused(call, body, status, code):
    found, refused = call("post", "/api/records/contracts", body)
    assert (found, refused["error"]["code"]) == (status, code)


def test_an_unknown_kind_is_refused(call):
    assert call("get", "/api/records/teas")[0] == 404


@pytest.mark.django_db(transaction=True)
def test_a_person_is_erased_by_program_with_a_proof(call):
    person = {"contact_id": "p1", "name": "Zoeline Qwertz", "email": "z@z.example"}
    call("post", "/api/records/contacts", {"values": person})
    status, proof = call("post", "/api/erasures", {"who": "z@z.example"}, role="owner")
    assert (status, proof["contact_ids"], proof["replaced"]["store_versions"]) == (201, ["p1"], 1)
    assert "Zoeline" not in json.dumps(proof)
    assert call("get", "/api/records/contacts/p1")[1]["values"]["name"] is None


def test_a_rate_is_added_and_read_by_its_day(call):
    rate = {"day": "2024-01-01", "currency": "EUR", "rate": "1.1"}
    status, made = call("post", "/api/records/fx_rates", {"values": rate}, role="owner")
    assert status == 201
    status, found = call("get", made["address"], role="viewer")
    assert (status, {name: found["values"][name] for name in rate}) == (200, rate)


PUT = "/api/records/accounts/acme"


def test_putting_twice_writes_one_version(call):
    status, made = call("put", PUT, {"values": {"name": "Acme", "tier": "S"}, "reason": "nightly"})
    assert (status, made["key"], made["values"]["name"]) == (201, "acme", "Acme")
    status, same = call("put", PUT, {"values": {"name": "Acme"}})
    assert (status, same["version"], same["values"]["tier"]) == (200, made["version"], "S")
    status, changed = call("put", PUT, {"values": {"account_id": "acme", "tier": None}})
    assert (status, changed["values"]["tier"], changed["values"]["name"]) == (200, None, "Acme")
    steps = call("get", f"{PUT}/history")[1]["steps"]
    assert [step["verb"] for step in steps] == ["edited", "added"]


def test_a_key_of_several_columns_is_read_from_the_address(call):
    address = "/api/records/subscriptions/acme~s%252F1~main~2024-01-01"
    status, made = call("put", address, {"values": {"amount": "10"}})
    told = [made["values"][name] for name in ("account_id", "subscription_id", "start")]
    assert (status, told) == (201, ["acme", "s/1", "2024-01-01"])
    assert call("put", address, {"values": {"amount": "10.00"}})[0] == 200


@pytest.mark.parametrize(
    ("address", "body", "headers", "refused"),
    [
        pytest.param(PUT, {"values": {"account_id": "other"}}, {}, (422, "record.key_mismatch"), id="another key"),
        pytest.param("/api/records/contracts/c9", {"values": {"total": "1"}}, {}, (422, "record.missing_value"),
                     id="lacks columns"),
        pytest.param("/api/records/subscriptions/s9", {"values": {}}, {}, (404, "record.bad_key"), id="half a key"),
        pytest.param("/api/records/accounts/row:~crm~7", {"values": {}}, {}, (422, "record.no_own_id"), id="own id"),
        pytest.param(PUT, {"values": {}, "version": "edit-0"}, {}, (404, "record.unknown"), id="seen, never there"),
        pytest.param("/api/records/accounts/known", {"values": {"tier": "A"}}, {"If-None-Match": "*"},
                     (422, "record.exists"), id="new alone"),
        pytest.param("/api/records/accounts/known", {"values": {"tier": "A"}}, {"If-Match": '"edit-0"'},
                     (409, "record.changed"), id="changed since"),
    ],
)  # fmt: skip
def test_what_is_put_wrongly_writes_nothing(call, address, body, headers, refused):
    call("post", "/api/records/accounts", {"values": {"account_id": "known"}})
    status, told = call("put", address, body, **headers)
    assert (status, told["error"]["code"]) == refused
    assert [record["key"] for record in call("get", "/api/records/accounts")[1]["records"]] == ["known"]
    assert call("get", "/api/records/accounts/known")[1]["values"]["tier"] is None


def test_what_a_caller_does_not_see_cannot_be_put(call, client, member):
    call("post", "/api/records/accounts", {"values": {"account_id": "acme", "owner": "somebody@example.com"}})
    client.force_login(member("sales", scope="own"))
    response = client.put(PUT, json.dumps({"values": {"tier": "A"}}), content_type="application/json")
    assert response.status_code == 404
    assert call("get", PUT)[1]["values"]["tier"] is None
