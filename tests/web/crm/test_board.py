"""The board of deals: what stands in which column, what is summed, who sees it, and how a card moves."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tenure.apps.crm import services
from tenure.apps.crm.models import DealVersion
from tenure.apps.workspaces.models import Member

BOARD = "/convert/board/"


@pytest.fixture
def deals(home: Any, db: None) -> Any:
    now = timezone.now()
    for account, owner in (("acme", "sales@example.com"), ("pine", "other@example.com")):
        services.add("accounts", {"account_id": account, "name": account.title(), "owner": owner}, by="t")
    listed = stages_of = ["discovery", "proposal"]
    for number, (stage, amount, more) in enumerate(
        (
            (listed[0], "100", {"currency": "CNY", "next_step": "Call", "next_step_on": "2020-01-01"}),
            (stages_of[1], "50.5", {"currency": "CNY"}),
            (listed[1], "7", {"currency": "USD", "account_id": "pine"}),
            ("imported stage", None, {}),
            ("won", "10", {"created_at": (now - timedelta(days=10)).isoformat(), "won_at": now.isoformat()}),
            ("lost", "10", {}),
        )
    ):
        given = {"deal_id": f"d{number}", "name": f"Deal {number}", "account_id": "acme", "stage": stage, **more}
        services.add("deals", given if amount is None else {**given, "amount": amount}, by="t")


def text(client: Any, query: str = "") -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", client.get(f"{BOARD}{query}").content.decode()))


def test_columns_sums_and_what_was_decided(deals: Any, signed_in: Any) -> None:
    owner = signed_in("owner")
    shown = text(owner)
    assert re.search(r"Of no stage known here 1 .*Deal 3", shown)
    assert "Open deals CN¥150.50 + $7 Weighted by probability CN¥35.25 + $3.50 Win rate, last 12 months 50.0%" in shown
    assert "10 days" in shown
    assert ["late" in shown, "no next step" in shown, "Deal 4" in shown] == [True, True, False]
    assert "No deal is open in this pipeline" in text(owner, "?pipeline=renewal")
    assert owner.get(f"{BOARD}?pipeline=nowhere").status_code == 422


def test_a_card_moves_and_the_board_comes_back(deals: Any, signed_in: Any) -> None:
    owner = signed_in("owner")
    version = DealVersion.objects.live().get(deal_id="d0")
    sent = {"stage": "evaluation", "version": version.row_id, "back": "board"}
    moved = owner.post("/customers/deals/d0/move/", sent)
    assert (moved.status_code, moved.headers["Location"]) == (302, f"{BOARD}?pipeline=new")
    assert DealVersion.objects.live().get(deal_id="d0").stage == "evaluation"
    assert owner.post("/customers/deals/d0/move/", sent).status_code == 409
    asked = owner.post("/customers/deals/d1/move/", {"stage": "lost", "back": "board", "version": "x"})
    assert (asked.status_code, 'name="back" value="board"' in asked.content.decode()) == (422, True)


def test_who_sees_and_moves_what(deals: Any, signed_in: Any) -> None:
    assert "move/" not in signed_in("viewer").get(BOARD).content.decode()
    seller = signed_in("sales")
    Member.objects.filter(role="sales").update(scope="own")
    shown = text(seller)
    assert ["Deal 0" in shown, "Deal 2" in shown, "$7" in shown] == [True, False, False]
