"""Deals and what belongs to them: whose account they are of, what a stage means, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tenure.apps.crm import services
from tenure.apps.crm.models import ActivityVersion, CommitteeMemberVersion, DealVersion
from tenure.apps.workspaces.services.values import ValueRefused

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal() -> Any:
    services.add("accounts", {"account_id": "acme", "name": "Acme"}, by="t")
    services.add("contacts", {"contact_id": "li", "account_id": "acme", "name": "李雷"}, by="t")
    return services.add("deals", {"deal_id": "d1", "account_id": "acme", "stage": "proposal", "mrr": "900"}, by="t")


def test_a_deal_enters_its_stages_and_ends_with_won_or_lost(deal: Any) -> None:
    assert deal.created_at is not None
    assert deal.stage_at >= deal.created_at
    won = services.edit("deals", deal.version_key, {"stage": "won"}, by="t")
    assert won.won_at == won.stage_at > deal.stage_at
    lost = services.edit("deals", deal.version_key, {"stage": "lost", "lost_reason": "price"}, by="t")
    assert (lost.won_at, lost.lost_at) == (None, lost.stage_at)
    same = services.edit("deals", deal.version_key, {"stage": "lost", "amount": "1200"}, by="t")
    assert same.stage_at == lost.stage_at
    stages = list(DealVersion.objects.order_by("pk").values_list("stage", flat=True))
    assert stages == ["proposal", "won", "lost", "lost"]


def test_a_moment_that_is_given_stands(deal: Any) -> None:
    day = datetime(2026, 3, 1, 12, tzinfo=UTC)
    won = services.edit("deals", deal.version_key, {"stage": "won", "stage_at": day.isoformat()}, by="t")
    assert (won.stage_at, won.won_at) == (day, day)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        pytest.param("committee_members", {"contact_id": "li", "stance": 2, "roles": ["champion"]}, id="committee"),
        pytest.param("tenders", {"tender_id": "t1", "state": "found"}, id="tender"),
        pytest.param("activities", {"activity_id": "a1", "kind": "call", "subject": "intro"}, id="activity"),
    ],
)
def test_what_belongs_to_a_deal_is_of_its_account(deal: Any, kind: str, values: dict[str, Any]) -> None:
    assert services.add(kind, {"deal_id": "d1", **values}, by="t").account_id == "acme"
    with pytest.raises(ValueRefused, match="account_id"):
        services.add(kind, {"deal_id": "d1", "account_id": "other", **values}, by="t")
    with pytest.raises(ValueRefused, match="deal_id"):
        services.add(kind, {"deal_id": "none", **values}, by="t")


@pytest.mark.parametrize(
    ("kind", "values", "field"),
    [
        pytest.param("committee_members", {"contact_id": "li", "stance": 3}, "stance", id="stance beyond the scale"),
        pytest.param("committee_members", {"contact_id": "li", "roles": ["boss"]}, "roles", id="no such role"),
        pytest.param("committee_members", {"contact_id": "li", "influences": ["li"]}, "influences", id="sways oneself"),
        pytest.param("activities", {"activity_id": "a", "kind": "call"}, "subject", id="says nothing"),
        pytest.param("activities", {"activity_id": "a", "kind": "dance", "subject": "x"}, "kind", id="no such kind"),
        pytest.param("tenders", {"tender_id": "t", "deposit": "-1"}, "deposit", id="deposit below zero"),
    ],
)
def test_what_makes_no_sense_is_refused(deal: Any, kind: str, values: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueRefused) as caught:
        services.add(kind, {"deal_id": "d1", **values}, by="t")
    assert caught.value.where["field"] == field
    assert not CommitteeMemberVersion.objects.exists()
    assert not ActivityVersion.objects.exists()


def test_a_person_is_forgotten_in_what_was_written_of_talks(deal: Any) -> None:
    services.add("activities", {"activity_id": "a1", "kind": "note", "subject": "李雷 called", "deal_id": "d1"}, by="t")
    assert services.forget_in_texts(lambda text: text.replace("李雷", "(erased)")) == 1
    assert ActivityVersion.objects.get().subject == "(erased) called"
