"""A deal's committee as it is written down: the newest touch of each, and gaps that vanish once filled."""

from __future__ import annotations

from datetime import date

import pytest

from tenure.apps.crm import committee, services
from tenure.apps.workspaces.models import Member

pytestmark = pytest.mark.django_db
TODAY = date(2026, 6, 30)


def test_a_gap_vanishes_once_its_role_is_filled_and_touched() -> None:
    services.add("accounts", {"account_id": "acme", "owner": "li@x.example"}, by="t")
    for contact in ("boss", "friend"):
        services.add("contacts", {"contact_id": contact, "account_id": "acme"}, by="t")
    deal = services.add("deals", {"deal_id": "d1", "account_id": "acme", "amount": "50"}, by="t")
    caller = Member.objects.create(email="v@x.example", role="viewer")

    def kinds(who: Member = caller) -> list[str]:
        return [gap.kind for gap in committee.of_deal(who, deal, TODAY, "UTC").gaps]

    assert kinds() == ["no_decision_maker", "no_champion"]
    for contact, role in (("boss", "decision_maker"), ("friend", "champion")):
        services.add("committee_members", {"deal_id": "d1", "contact_id": contact, "roles": [role]}, by="t")
    assert kinds() == ["silent"]
    for number, day in enumerate(("2026-06-20T08:00:00Z", "2026-07-02T08:00:00Z")):
        told = {"activity_id": f"a{number}", "deal_id": "d1", "kind": "call", "subject": "call", "occurred_at": day}
        services.add("activities", {**told, "contacts": ["boss", "friend"]}, by="t")
    found = committee.of_deal(caller, deal, TODAY, "UTC")
    assert (found.gaps, found.coverage, found.people[0].touched_on) == ((), 1, date(2026, 6, 20))
    other = Member.objects.create(email="other@x.example", role="sales", scope="own")
    assert committee.of_deal(other, deal, TODAY, "UTC").people == ()
