"""The audit trail: who did what, to which record, before, after, and from where; for who may read it."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import PermissionDenied

from tenure.apps.crm import services as crm
from tenure.apps.workspaces.models import AuditEntry
from tenure.apps.workspaces.services import keys, members
from tenure.apps.workspaces.services.writing import coming_from
from tenure.web import origin

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]


def newest(**of):
    return AuditEntry.objects.filter(**of).order_by("-pk")[0]


def test_an_edit_says_what_was_there_and_what_is(owner):
    crm.add("accounts", {"account_id": "acme", "name": "Acme", "tier": "B"}, by=owner)
    assert newest().detail["after"] == {"account_id": "acme", "name": "Acme", "tier": "B"}
    crm.edit("accounts", "acme", {"tier": "A", "name": "Acme"}, by=owner, reason="grew")
    entry = newest()
    assert (entry.detail["before"], entry.detail["after"]) == ({"tier": "B"}, {"tier": "A"})
    assert (entry.verb, entry.kind, entry.key, entry.member, entry.detail["reason"]) == (
        "edited", "accounts", "acme", owner, "grew",
    )  # fmt: skip
    crm.withdraw("accounts", "acme", by=owner)
    assert newest().detail["before"] == {"account_id": "acme", "name": "Acme", "tier": "A"}


def test_what_tells_who_a_contact_is_is_named_and_not_kept(owner):
    ada = {"contact_id": "c1", "account_id": "acme", "name": "Ada Low", "email": "ada@x.example"}
    crm.add("contacts", ada, by=owner)
    crm.edit("contacts", "c1", {"name": "Ada High", "roles": ["champion"]}, by=owner)
    crm.withdraw("contacts", "c1", by=owner)
    said = json.dumps([entry.detail for entry in AuditEntry.objects.all()])
    assert "Ada" not in said
    assert "ada@" not in said
    assert newest(verb="edited").detail["after"] == {"name": "…", "roles": '["champion"]'}


def test_every_door_is_told_apart(owner, client, queued):
    crm.add("accounts", {"account_id": "a"}, by=owner)
    assert (newest().door, newest().address) == ("command", "")
    with coming_from("job"):
        crm.edit("accounts", "a", {"tier": "A"}, by=owner)
    assert newest().door == "job"
    _key, text = keys.create_key("a program", "sales", by=owner)
    body = json.dumps({"values": {"tier": "B"}})
    headers = {"authorization": f"Bearer {text}", "x-forwarded-for": "203.0.113.9"}
    client.patch("/api/records/accounts/a", body, content_type="application/json", headers=headers)
    assert (newest().door, newest().address, newest().member) == ("api", "127.0.0.1", None)
    assert newest().actor.startswith("a program (")
    client.force_login(owner)
    other = members.create_member("ann@example.com", "Ann", "viewer", by=owner)
    client.post(f"/settings/members/{other.pk}/role/", {"role": "sales"}, REMOTE_ADDR="198.51.100.7")
    entry = newest()
    assert (entry.door, entry.address, entry.verb) == ("page", "198.51.100.7", "changed role")
    assert (entry.detail["before"], entry.detail["after"]) == ({"role": "viewer"}, {"role": "sales"})
    members.deactivate(other, by=owner)
    assert newest().door == "command"


def test_only_proxies_of_ours_say_where_a_request_comes_from(owner, client, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    client.force_login(owner)
    other = members.create_member("ann@example.com", "Ann", "viewer", by=owner)
    client.post(
        f"/settings/members/{other.pk}/role/", {"role": "sales"}, headers={"x-forwarded-for": "6.6.6.6, 203.0.113.9"}
    )
    assert newest().address == "203.0.113.9"


def test_a_server_reached_by_a_socket_has_no_address(owner, client, monkeypatch):
    class Unknown:
        def get_client_ip(self, request):
            raise PermissionDenied

    monkeypatch.setattr(origin, "get_adapter", Unknown)
    client.force_login(owner)
    assert client.get("/account/").status_code == 200


def test_a_file_that_is_taken_away_is_noted(owner, client):
    client.force_login(owner)
    client.get("/retain/metrics/ltv.csv?from=2024-01&q=%E5%BC%A0")
    entry = newest()
    assert (entry.verb, entry.key, entry.member) == ("exported", "ltv.csv", owner)
    assert entry.detail["path"] == "/retain/metrics/ltv.csv?from=2024-01&q=张"


def test_the_trail_is_append_only(owner):
    crm.add("accounts", {"account_id": "a"}, by=owner)
    entry = newest()
    with pytest.raises(TypeError):
        entry.save()
    with pytest.raises(TypeError):
        entry.delete()
    with pytest.raises(TypeError):
        AuditEntry.objects.all().delete()
    with pytest.raises(TypeError):
        AuditEntry.objects.update(actor="nobody")
