"""The page of a deal: its committee and what is missing in it, its stages, and the contract of one that was won."""

from __future__ import annotations

from typing import Any

import pytest

from tenure.apps.crm import services
from tenure.apps.crm.models import DealVersion
from tenure.apps.subscriptions import signing
from tenure.apps.subscriptions.models import ContractVersion
from tenure.apps.workspaces.services.values import ValueRefused
from tenure.core.periods import add_months
from tenure.web.crm.people_map import Node, drawn

PAGE = "/customers/deals/d1/"


@pytest.fixture
def deal(home: Any, db: None) -> Any:
    services.add("accounts", {"account_id": "acme", "name": "Acme", "owner": "sales@example.com"}, by="t")
    services.add("contacts", {"contact_id": "li", "account_id": "acme", "name": "李雷"}, by="t")
    given = {"deal_id": "d1", "account_id": "acme", "name": "Suite", "stage": "discovery", "mrr": "900"}
    return services.add("deals", {**given, "currency": "USD"}, by="t")


def shown(client: Any) -> str:
    return str(client.get(PAGE).content.decode())


def test_what_is_missing_in_the_committee_is_said_until_it_is_there(deal: Any, signed_in: Any) -> None:
    sales = signed_in("sales")
    assert "No decision maker is known" in shown(sales)
    services.add(
        "committee_members", {"deal_id": "d1", "contact_id": "li", "roles": ["decision_maker", "champion"]}, by="t"
    )
    touched = {"activity_id": "v", "deal_id": "d1", "kind": "call", "subject": "intro", "contacts": ["li"]}
    services.add("activities", {**touched, "occurred_at": deal.created_at.isoformat()}, by="t")
    page = shown(sales)
    assert "No decision maker is known" not in page
    assert "Contact with only one person for 30 days: 李雷" in page
    assert 'role="img"' in page


def test_a_stage_asks_for_what_it_needs(deal: Any, signed_in: Any) -> None:
    sales = signed_in("sales")
    chosen = [sales.get(f"{PAGE}move/{query}").status_code for query in ("", "?stage=", "?stage=nowhere")]
    assert chosen == [302, 302, 422]
    asked = sales.get(f"{PAGE}move/?stage=lost").content.decode()
    assert "Why it was won or lost" in asked
    assert sales.post(f"{PAGE}move/", {"stage": "lost", "version": deal.row_id}).status_code == 422
    why = {"stage": "lost", "version": deal.row_id, "lost_reason": "price", "lost_to": "Rival"}
    assert sales.post(f"{PAGE}move/", why).status_code == 302
    now = DealVersion.objects.live().get()
    assert (now.stage, now.lost_reason, now.lost_at is not None) == ("lost", "price", True)


def test_a_deal_that_is_won_becomes_one_contract(deal: Any) -> None:
    with pytest.raises(ValueRefused, match="stage"):
        signing.sign("d1", deal.created_at.date(), by="t")
    services.edit("deals", "d1", {"stage": "won", "term_months": "24"}, by="t")
    contract = signing.sign("d1", deal.created_at.date(), by="t")
    assert (contract.total, contract.end) == (21_600, add_months(contract.start, 24))
    assert DealVersion.objects.live().get().contract_id == contract.contract_id
    with pytest.raises(ValueRefused, match="contract_id"):
        signing.sign("d1", deal.created_at.date(), by="t")
    assert ContractVersion.objects.live().count() == 1


def test_who_only_looks_moves_nothing(deal: Any, signed_in: Any) -> None:
    viewer = signed_in("viewer")
    assert "Put into the stage" not in shown(viewer)
    assert viewer.post(f"{PAGE}move/", {"stage": "won"}).status_code == 403


def test_the_map_has_a_box_for_each_person_and_a_line_for_who_sways_whom() -> None:
    people = [
        Node("a", "Ann", "Decision maker", 3, -1, []),
        Node("b", "欧阳司徒诸葛上官慕容", "Champion", 1, 2, ["a", "gone"]),
        Node("c", "Cy", "", 1, 2, []),
    ]
    found = drawn(people)
    assert [(box["name"], box["shape"].split("--")[-1]) for box in found["boxes"]] == [
        ("Ann", "against"),
        ("欧阳司徒诸葛上…", "for"),
        ("Cy", "for"),
    ]
    assert len(found["lines"]) == 1
    assert len({(box["x"], box["y"]) for box in found["boxes"]}) == 3
