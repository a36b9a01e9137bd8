"""Webhooks by hand and over HTTP: the secret is shown once, what was sent can be looked at and sent again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tenure.apps.connectors.models import WebhookDelivery, WebhookEndpoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]


@pytest.fixture(autouse=True)
def private(settings: Any) -> None:
    settings.TENURE_WEBHOOKS_PRIVATE = True


def test_the_life_of_a_webhook_on_its_pages(signed_in: Any) -> None:
    browser = signed_in("owner")
    typed = {"url": "http://127.0.0.1:9/", "note": "ERP", "kinds": ["accounts"], "verbs": ["added"]}
    assert "whsec_" in browser.post("/settings/webhooks/", typed).content.decode()
    number = WebhookEndpoint.objects.get().pk
    here = f"/settings/webhooks/{number}/"
    assert "whsec_" not in browser.get(here).content.decode()
    assert browser.post(f"{here}test/").status_code == 302
    sent = WebhookDelivery.objects.get()
    shown = browser.get(f"{here}sent/{sent.message_id}/").content.decode()
    assert "tenure.test" in shown
    assert browser.post(f"{here}sent/{sent.message_id}/again/").status_code == 302
    assert browser.post(here, {**typed, "note": "Ledger"}).status_code == 302
    assert "whsec_" in browser.post(f"{here}secret/").content.decode()
    assert browser.post(f"{here}stop/").status_code == 302
    assert browser.post(f"{here}test/").status_code == 422
    found = WebhookEndpoint.objects.get()
    assert (found.note, found.secret_round, found.stopped) == ("Ledger", 2, "by_hand")
    assert browser.post(f"{here}delete/").status_code == 302
    assert not WebhookEndpoint.objects.exists()


def test_a_webhook_over_http(client: Any, key: Any) -> None:
    headers = key("admin")

    def call(method: str, address: str, body: Any = None) -> tuple[int, Any]:
        given = [] if body is None else [json.dumps(body)]
        answer = getattr(client, method)(address, *given, content_type="application/json", headers=headers)
        return answer.status_code, answer.json()

    status, refused = call("post", "/api/webhooks", {"url": "gopher://example.com/"})
    assert (status, refused["error"]["code"], refused["error"]["field"]) == (422, "webhook.bad_url", "url")
    status, made = call("post", "/api/webhooks", {"url": "http://127.0.0.1:9/", "kinds": ["accounts"]})
    here = f"/api/webhooks/{made['number']}"
    assert (status, made["secret"][:6], made["running"]) == (201, "whsec_", True)
    assert "secret" not in call("get", "/api/webhooks")[1]["webhooks"][0]
    assert call("post", f"{here}/secret")[1]["secret"] != made["secret"]
    _status, sent = call("post", f"{here}/test")
    assert [one["id"] for one in call("get", f"{here}/deliveries?state=waiting")[1]["deliveries"]] == [sent["id"]]
    assert call("post", f"{here}/deliveries/{sent['id']}/again")[1]["state"] == "waiting"
    assert call("patch", here, {"note": "x", "running": False})[1]["stopped"] == "by_hand"
    assert call("post", f"{here}/test")[0] == 422
    assert call("delete", here) == (200, {"deleted": made["number"]})
