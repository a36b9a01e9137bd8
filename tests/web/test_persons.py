"""Who a person is, and what is said of them, is for those who write records; others see how many there are."""

from __future__ import annotations

import json

import pytest

import tenure

ZOE = {"user_id": "zoe@example.com", "account_id": "acme"}
EVENTS = [
    {**ZOE, "event": "login", "ts": "2024-01-02", "properties": {"q": "7"}},
    {**ZOE, "event": "$identify", "ts": "2024-01-01", "properties": {"email": "zoe@example.com"}},
]
JANUARY = {"period": "month", "first_interval": "2024-01-01", "intervals": 1}
LOGINS = {"question": "lifecycle", "match": {"event": "login"}, **JANUARY}
HERS = {"event": "login", "where": [{"prop": "user_id", "op": "contains", "value": "z"}]}
CELL = {"interval": "2024-01", "state": "new"}


@pytest.fixture
def call(client, key, home):
    tenure.open(home).load("events", EVENTS)

    def called(role, path, body):
        return client.post(f"/api/{path}", json.dumps(body), content_type="application/json", headers=key(role))

    return called


@pytest.mark.parametrize(("role", "may"), [("sales", True), ("analyst", False), ("viewer", False)])
@pytest.mark.parametrize("unit", ["user", "account"])
def test_actors_and_rows(call, role, may, unit):
    asked = {**LOGINS, "unit": unit}
    (actor,) = call(role, "ask", {"question": "actors", "of": asked, "cell": CELL}).json()["rows"]
    assert actor["account_id"] == "acme"
    assert (actor["unit"] is not None) == (may or unit == "account")
    rows = call(role, "rows-behind", {"question": asked, "cell": CELL})
    (row,) = rows.json()["rows"]
    assert (row["event"], row["account_id"]) == ("login", "acme")
    assert [row[name] is not None for name in ("user_id", "properties")] == [may, may]
    assert ("zoe@" in rows.content.decode()) == may


@pytest.mark.parametrize(
    "asked",
    [
        {"question": "funnel", "steps": [{"event": "login"}], "breakdown": "user_id"},
        {"question": "funnel", "steps": [HERS]},
        {"question": "funnel", "steps": [{"event": "$identify"}], "breakdown": "email"},
        {"question": "funnel", "steps": [{"event": "login"}], "hold_constant": "user_id"},
        {**LOGINS, "unit": "prop:user_id"},
        {"question": "paths", "node": "prop:user_id"},
        {"question": "trend", "series": {"a": {"event_in": ["login", "$identify"]}}},
        {"question": "feature_retention", "features": {"a": {"event": "$group"}}},
        {"question": "actors", "of": {**LOGINS, "unit": "prop:title"}, "cell": CELL},
    ],
)
def test_questions_that_name_persons(call, asked):
    assert call("sales", "ask", asked).status_code == 200
    refused = call("viewer", "ask", asked)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "permission.denied")
