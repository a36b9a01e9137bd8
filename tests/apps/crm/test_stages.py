"""Stages of pipelines: what they ask for, who may move a deal and change a stage, and what stays fixed."""

from __future__ import annotations

from typing import Any

import pytest

from tenure.apps.crm import services, stages
from tenure.apps.crm.models import PipelineStage
from tenure.apps.workspaces.models import AuditEntry, Member
from tenure.apps.workspaces.permissions import NotAllowed
from tenure.apps.workspaces.services.values import ValueRefused
from tenure.core.errors import TenureError

pytestmark = pytest.mark.django_db


@pytest.fixture
def deal() -> Any:
    services.add("accounts", {"account_id": "acme", "name": "Acme", "owner": "li@x.example"}, by="t")
    return services.add("deals", {"deal_id": "d1", "account_id": "acme", "stage": "discovery"}, by="t")


def test_every_pipeline_ends_with_won_and_lost() -> None:
    for pipeline in ("new", "expansion", "renewal", "tender"):
        assert [stage.key for stage in stages.of(pipeline)][-2:] == ["won", "lost"]
    assert stages.probabilities("new")["won"] == 1


def test_a_stage_asks_for_its_columns(deal: Any) -> None:
    with pytest.raises(ValueRefused, match="amount"):
        stages.move(deal.version_key, "evaluation", by="t")
    assert stages.move(deal.version_key, "evaluation", {"amount": "10"}, by="t").stage == "evaluation"
    with pytest.raises(ValueRefused, match="lost_to"):
        stages.move(deal.version_key, "lost", {"lost_reason": "price"}, by="t")
    lost = stages.move(deal.version_key, "lost", {"lost_reason": "price", "lost_to": "Rival"}, by="t")
    assert lost.lost_at is not None
    with pytest.raises(ValueRefused, match="stage"):
        stages.move(deal.version_key, "submitted", by="t")


def test_a_viewer_moves_nothing_and_a_seller_only_what_is_theirs(deal: Any) -> None:
    with pytest.raises(NotAllowed):
        stages.move(deal.version_key, "won", by=Member.objects.create(email="v@x.example", role="viewer"))
    other = Member.objects.create(email="other@x.example", role="sales", scope="own")
    with pytest.raises(TenureError, match=r"no account"):
        stages.move(deal.version_key, "won", by=other)
    owner = Member.objects.create(email="li@x.example", role="sales", scope="own")
    assert stages.move(deal.version_key, "won", by=owner).stage == "won"
    with pytest.raises(NotAllowed):
        stages.change(stages.of("new")[0], {"name_en": "First"}, by=owner)


def test_a_change_is_audited_and_the_ends_keep_their_probability() -> None:
    first = stages.change(stages.of("new")[0], {"probability": 15, "required": ["amount"]}, by="t")
    assert PipelineStage.objects.get(pk=first.pk).probability == 15
    assert AuditEntry.objects.get(kind=stages.KIND).detail["after"] == {"probability": 15, "required": ["amount"]}
    assert stages.change(stages.of("new")[-1], {"probability": 50}, by="t").probability == 0
    for wrong in ({"probability": 101}, {"probability": "9"}, {"name_zh": ""}, {"required": ["deal_id"]}):
        with pytest.raises(ValueRefused):
            stages.change(first, wrong, by="t")
