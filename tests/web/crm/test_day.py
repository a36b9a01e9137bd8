"""My day: whose tasks are shown, and what is written from it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone as clock

from tenure.apps.crm import services
from tenure.apps.crm.models import ActivityVersion

pytestmark = pytest.mark.django_db


def test_a_day_shows_the_own_and_takes_what_was_done(client: Any, member: Any, own_sample: Any) -> None:
    sam = member("sales", scope="own")
    client.force_login(sam)
    now = clock.now()
    for account, owner in (("mine", "SALES@example.com"), ("theirs", "other@example.com")):
        services.add("accounts", {"account_id": account, "name": account.title(), "owner": owner}, by="t")
        for whose in (sam.email, "other@example.com"):
            task = {"account_id": account, "kind": "task", "owner": whose, "due_at": now - timedelta(1)}
            name = f"{account}-{whose.split('@')[0]}"
            services.add("activities", {**task, "activity_id": name, "subject": f"Call {name}"}, by="t")
        bid = {"tender_id": f"t-{account}", "name": f"Bid {account}", "account_id": account}
        services.add("tenders", {**bid, "submit_by": now + timedelta(3)}, by="t")
        step = {"deal_id": f"d-{account}", "account_id": account, "next_step": f"Ring {account}"}
        services.add("deals", {**step, "owner": sam.email if account == "mine" else owner}, by="t")
    shown = client.get("/customers/day/").content.decode()
    for wanted in ("Call mine-sales", "Bid mine", "Ring mine", "due--urgent"):
        assert wanted in shown, wanted
    for other in ("theirs", "Call mine-other"):
        assert other not in shown, other
    assert client.post("/customers/day/done/theirs-sales/").status_code == 404
    assert client.post("/customers/day/done/mine-sales/", {"outcome": "Sent the offer"}).status_code == 302
    done = ActivityVersion.objects.live().get(activity_id="mine-sales")
    assert (done.outcome, done.done_at >= now) == ("Sent the offer", True)
    visit = {"kind": "visit", "subject": "On site", "account_id": "mine"}
    assert client.post("/customers/day/add/", visit).status_code == 302
    assert client.post("/customers/day/add/", {**visit, "account_id": "theirs"}).status_code == 422
    added = ActivityVersion.objects.live().get(subject="On site")
    assert (added.owner, added.occurred_at >= now, added.done_at) == (sam.email, True, None)
