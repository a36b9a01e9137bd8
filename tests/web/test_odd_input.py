"""Input that no sane reader sends: refused or kept, through the API and through the forms, and shown; never a fault."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest

from tenure.apps.crm import services as crm
from tenure.web.records import words
from tenure.web.records.effect import COUNTED
from tenure.web.records.kinds import KINDS, Kind, token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]

_TEXTS = ("a\x00b", "\u202e\u200fabc\u0001", "x" * 10_001, "..", "~%7E/%", '=cmd()"<b>')
_DAYS = ("0000-00-00", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00")
_NUMBERS = ("1e400", "1e-400", "NaN", "-Infinity", "１２３", "9" * 26, "9" * 5000)
_LISTS = ("[5]", "[" * 9000, "NaN", '[{"from": "9999-12-31", "to": null, "amount": "1e400"}]', "{}")
ODD: Mapping[str, tuple[str, ...]] = {
    "text": _TEXTS,
    "number": _NUMBERS,
    "integer": (*_NUMBERS, "--3", "2147483648", "-5"),
    "boolean": ("１", "x" * 10_001),
    "day": _DAYS,
    "stamp": _DAYS,
    "spans": (*_LISTS, "0001-01-01 9999-12-31"),
    "steps": (*_LISTS, "0001-01-01 9999-12-31 1e400"),
    "texts": (*_LISTS, '["a\\u0000b"]'),
    "json": (*_LISTS, '"\\ud800"'),
}
"""By kind of column, what a form can carry."""
SHAPES = ("\ud800", 5.5, -(10**400), True, [], [[5]], {"from": 5}, {"from": {"to": []}})
"""What only JSON can."""

WHOLE: Mapping[str, Mapping[str, str]] = {
    "accounts": {"account_id": "acme"},
    "contacts": {"contact_id": "li", "account_id": "acme"},
    "products": {"product": "suite"},
    "plans": {"plan": "team"},
    "subscriptions": {"subscription_id": "s", "account_id": "acme", "start": "2024-01-01", "amount": "10"},
    "discounts": {"subscription_id": "s", "kind": "percent", "value": "5", "duration": "forever"},
    "contracts": {
        "contract_id": "c", "account_id": "acme", "currency": "USD", "start": "2024-01-01", "end": "2025-01-01",
        "total": "1200",
    },
    "trials": {"trial_id": "t", "account_id": "acme", "start": "2024-01-01"},
    "fx_rates": {"day": "2024-01-01", "currency": "EUR", "rate": "1.1"},
    "invoice_lines": {
        "line_id": "i", "account_id": "acme", "amount": "1", "currency": "USD", "period_start": "2024-01-01",
        "period_end": "2024-02-01",
    },
    "deals": {"deal_id": "d", "account_id": "acme", "created_at": "2024-01-01", "stage": "proposal"},
    "committee_members": {"contact_id": "li", "deal_id": "whole", "account_id": "acme"},
    "tenders": {"tender_id": "t", "account_id": "acme"},
    "tender_items": {"item": "1", "tender_id": "whole", "account_id": "acme"},
    "demands": {"demand_id": "n", "title": "SSO"},
    "demand_links": {"link_id": "l", "demand_id": "n", "account_id": "acme"},
    "spend": {"campaign": "c", "day": "2024-01-01", "cost": "5"},
    "touches": {"touch_id": "o", "ts": "2024-01-01T00:00:00Z", "channel": "sem"},
    "leads": {"lead_id": "e", "created_at": "2026-01-01T00:00:00Z"},
    "activities": {"activity_id": "v", "kind": "note", "subject": "intro"},
}  # fmt: skip


def odd(kind: Kind) -> Iterator[tuple[str, str]]:
    for column in kind.fields:
        for value in ODD[column.kind]:
            yield column.name, value


def once(kind: Kind) -> Iterator[tuple[str, str]]:
    """As `odd`, for one column of each kind of column; and the ends of the calendar for every day."""
    columns = {column.kind: column for column in reversed(kind.fields)}
    for column in columns.values():
        for value in ODD[column.kind]:
            yield column.name, value
    for column in kind.fields:
        if column.kind == "day":
            yield column.name, "0001-01-01"
            yield column.name, "9999-12-31"


def values(kind: Kind, number: int, column: str, value: Any) -> dict[str, Any]:
    """A whole record with one odd value, which differs from all others in its id where it has one."""
    key = next(iter(WHOLE[kind.name]))
    own = (
        {key: f"{WHOLE[kind.name][key]}-{number}"}
        if key.endswith(("_id", "product", "plan", "item", "campaign"))
        else {}
    )
    return {**WHOLE[kind.name], **own, column: value}


@pytest.fixture(autouse=True)
def acme() -> None:
    crm.add("accounts", {"account_id": "acme", "name": "Acme"}, by="test")
    crm.add("deals", {"deal_id": "whole", "account_id": "acme"}, by="test")
    crm.add("tenders", {"tender_id": "whole", "account_id": "acme"}, by="test")


@pytest.mark.parametrize("kind", list(KINDS.values()), ids=list(KINDS))
def test_the_api_takes_or_refuses_whatever_a_field_is_given(kind: Kind, signed_in: Any) -> None:
    owner = signed_in("owner")
    faults = []
    shapes = [(column.name, value) for column in kind.fields[:1] + kind.fields[-1:] for value in SHAPES]
    for number, (column, value) in enumerate([*odd(kind), *shapes]):
        body = json.dumps({"values": values(kind, number, column, value)})
        made = owner.post(f"/api/records/{kind.name}", body, content_type="application/json")
        if made.status_code not in (201, 409, 422):
            faults.append((column, repr(value)[:60], made.status_code))
    assert not faults


@pytest.mark.parametrize("name", list(words.KINDS))
def test_a_form_takes_or_refuses_whatever_is_typed_and_every_page_shows_it(name: str, signed_in: Any) -> None:
    kind, owner, faults, kept = KINDS[name], signed_in("owner"), [], 0
    owner.raise_request_exception = False
    for number, (column, value) in enumerate(once(kind)):
        made = owner.post(f"/customers/new/{name}/", values(kind, number, column, value))
        kept += made.status_code == 302
        if made.status_code not in (302, 422):
            faults.append((column, repr(value)[:60], made.status_code))
    pages = [f"/customers/{name}/", f"/customers/{name}/{name}.csv", f"/customers/{name}/{name}.xlsx", "/"]
    pages += [f"/customers/accounts/acme/?tab={tab}" for tab in ("", "history", "contracts", "subscriptions")]
    if name in COUNTED:
        pages += [f"/retain/{page}/" for page in ("movements", "metrics", "cohorts", "renewals", "health")]
    for version in kind.model.objects.live():
        named = quote(token(version.version_key), safe="")
        pages.append(f"/customers/edit/{name}/{named}/")
        if name != "accounts":
            pages.append(f"/customers/{name}/{named}/")
    for page in pages:
        shown = owner.get(page)
        if shown.status_code != 200:
            faults.append((page, "", shown.status_code))
    assert kept, "some odd values are taken"
    assert not faults


@pytest.mark.parametrize(
    "address", ["/customers/new/contacts/", "/customers/accounts/bulk/", "/imports/new/", "/targets/"]
)
@pytest.mark.parametrize(
    "form", [{f"f{number}": "x" for number in range(10_000)}, {"name": "x" * 11_000_000}], ids=["fields", "text"]
)
def test_a_huge_form_is_refused(address: str, form: dict[str, str], signed_in: Any) -> None:
    assert signed_in("owner").post(address, form).status_code in (400, 413, 422)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"values": ' * 20_000, b"\xff\xfe", b'{"values": NaN}', b"", b"7"])
def test_a_body_that_is_no_record_is_refused(body: bytes, signed_in: Any) -> None:
    answer = signed_in("owner").post("/api/records/plans", body, content_type="application/json")
    assert answer.status_code in (400, 413, 422)
    assert answer.json()["error"]["fix"]
