"""A bid is ready when nothing is lacking."""

from __future__ import annotations

from typing import Any

import pytest

from tenure.apps.crm import services
from tenure.apps.workspaces.services.values import ValueRefused

pytestmark = pytest.mark.django_db


def test_a_certificate_that_ends_a_day_before_submission_keeps_a_bid_from_being_ready(home: Any) -> None:
    services.add("accounts", {"account_id": "acme", "name": "Acme"}, by="t")
    bid = services.add(
        "tenders", {"tender_id": "t1", "account_id": "acme", "submit_by": "2026-03-10T09:00:00+00:00"}, by="t"
    )
    item = {"tender_id": "t1", "item": "1", "title": "ISO 27001", "state": "open", "valid_until": "2026-03-09"}
    paper = services.add("tender_items", item, by="t")
    for change, reason in (({}, "is open"), ({"state": "done"}, "ends before")):
        services.edit("tender_items", paper.version_key, change, by="t")
        with pytest.raises(ValueRefused) as refused:
            services.edit("tenders", bid.version_key, {"state": "ready"}, by="t")
        assert reason in str(refused.value.fix)
    services.edit("tender_items", paper.version_key, {"valid_until": "2026-03-10"}, by="t")
    assert services.edit("tenders", bid.version_key, {"state": "ready"}, by="t").state == "ready"
