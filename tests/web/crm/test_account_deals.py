"""An account's page tells of its open deals, what their committees lack, what it asks for and what was said."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone as clock

from tenure.apps.crm import services, stages

pytestmark = pytest.mark.django_db
LATE = date(2026, 1, 5)


def _deal(account: str, key: str, **more: Any) -> Any:
    return services.add("deals", {"deal_id": key, "account_id": account, "name": f"Deal {key}", **more}, by="t")


def test_the_page_of_an_account_tells_of_its_deals(client: Any, member: Any, own_sample: Any) -> None:
    for account, owner in (("mine", "sales@example.com"), ("theirs", "other@example.com")):
        services.add("accounts", {"account_id": account, "name": account.title(), "owner": owner}, by="t")
    _deal("mine", "late", stage="found by hand", next_step="Send the offer", next_step_on=LATE)
    _deal("mine", "odd", stage="from elsewhere")
    _deal("mine", "over", stage="lost")
    _deal("theirs", "secret", stage="discovery")
    stages.move("late", "discovery", by="t")
    now = clock.now()
    for key, day in (("spoke", -1), ("planned", 1)):
        talk = {"activity_id": key, "account_id": "mine", "kind": "call", "subject": f"Call {key}"}
        services.add("activities", {**talk, "occurred_at": now + timedelta(day)}, by="t")
    for key, state in (("wanted", "open"), ("had", "shipped")):
        services.add("demands", {"demand_id": key, "title": f"Demand {key}", "state": state}, by="t")
        for remark in "ab":
            link = {"link_id": f"{key}-{remark}", "demand_id": key, "account_id": "mine", "need": "must"}
            services.add("demand_links", link, by="t")

    client.force_login(member("sales", scope="own"))
    shown = client.get("/customers/accounts/mine/", {"show": "selling"})
    groups = {group["kind"]: group for group in shown.context["related"]}
    assert [row["name"] for row in groups["deals"]["rows"]] == ["Deal late", "Deal odd"]
    assert "No decision maker is known" in groups["deals"]["rows"][0]["what"]
    assert groups["deals"]["rows"][0]["aside"] == "late since 2026-01-05"
    assert groups["deals"]["rows"][1]["what"].startswith("from elsewhere")
    assert (groups["demand_links"]["count"], len(groups["demand_links"]["rows"])) == ("1", 1)
    step = shown.context["strip"][-1]
    assert (step["text"], step["note"]) == ("Send the offer", "Deal late, late since 2026-01-05")
    told = [item["event"].title for group in shown.context["timeline"]["groups"] for item in group["events"]]
    assert {"Deal late: now found by hand", "Deal late: now Discovery", "Call: Call spoke"} <= set(told), told
    assert not any("planned" in title for title in told)
    assert "Deal secret" not in shown.content.decode()
    assert client.get("/customers/accounts/theirs/").status_code == 404

    client.force_login(member("viewer"))
    groups = client.get("/customers/accounts/mine/").context["related"]
    assert not any(group["new"] for group in groups)
