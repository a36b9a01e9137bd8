"""Settings: teams and keys on pages and by program, the audit trail as a list, the export of everything."""

from __future__ import annotations

import io
import json
import re
import zipfile

import pyarrow.parquet as pq
import pytest

from tenure.apps.crm import services as crm
from tenure.apps.workspaces.models import ApiKey, AuditEntry, Member, Team
from tenure.apps.workspaces.services import keys, teams
from tenure.web.api import api

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]


@pytest.fixture
def page(client, owner):
    client.force_login(owner)
    return client


def call(client, method, address, body=None):
    arguments = () if body is None else (json.dumps(body),)
    response = getattr(client, method)(address, *arguments, content_type="application/json")
    return response.status_code, json.loads(response.content or "null")


def test_a_team_is_made_renamed_filled_and_deleted_on_pages(page):
    made = page.post("/settings/teams/", {"name": "North"})
    north = Team.objects.get(name="North")
    assert made["Location"] == f"/settings/teams/{north.pk}/"
    assert page.post("/settings/teams/", {"name": "ｎｏｒｔｈ"}).status_code == 422
    page.post(f"/settings/teams/{north.pk}/", {"name": "Far North"})
    member = Member.objects.create(email="tess@example.com", display_name="Tess", role="sales")
    given = {"scope": "team", "team": north.pk, "owns_as": "Tess of North"}
    assert page.post(f"/settings/members/{member.pk}/scope/", given).status_code == 302
    member.refresh_from_db()
    assert (member.scope, member.team, member.owns_as) == ("team", north, "Tess of North")
    shown = page.get(f"/settings/teams/{north.pk}/").content.decode()
    assert "Far North" in shown
    assert "Tess" in shown
    assert "Delete the team" not in shown
    refused = page.post(f"/settings/teams/{north.pk}/delete/")
    assert refused.status_code == 422
    assert page.post(f"/settings/members/{member.pk}/scope/", {"scope": "team"}).status_code == 422
    page.post(f"/settings/members/{member.pk}/scope/", {"scope": "own"})
    assert page.post(f"/settings/teams/{north.pk}/delete/").status_code == 302
    assert not Team.objects.exists()


def test_a_key_is_shown_once_and_works_until_it_is_revoked(page, client):
    north = teams.create_team("North", by="the test")
    shown = page.post("/settings/keys/", {"name": "a program", "role": "analyst", "team": north.pk}).content.decode()
    key = ApiKey.objects.get()
    assert (key.team, key.scope, key.role) == (north, "team", "analyst")
    text = shown.split("<code>", 1)[1].split("</code>", 1)[0]
    assert text.startswith(f"tnr_{key.prefix}_")
    listed = page.get("/settings/keys/").content.decode()
    assert key.prefix in listed
    assert text not in listed
    assert "Never" in listed
    page.logout()
    header = {"authorization": f"Bearer {text}"}
    assert page.get("/api/tables", headers=header).status_code == 200
    assert keys.authenticate_key(text).last_used_at is not None
    keys.revoke_key(key.prefix, by="the test")
    assert page.get("/api/tables", headers=header).status_code == 401


def test_a_write_key_opens_no_door_of_the_api(client, db):
    """It stands in pages that everybody sees."""
    _key, text = keys.create_key("web shop", "sender", by="the test")
    header = {"authorization": f"Bearer {text}"}
    paths = api.get_openapi_schema()["paths"]
    opened = {}
    for path, calls in paths.items():
        for method in calls.keys() & {"get", "post", "put", "patch", "delete"}:
            address = re.sub(r"{\w+}", "1", path)
            status = getattr(client, method)(address, headers=header, content_type="application/json").status_code
            if status < 400:
                opened[path] = (method, status)
    assert len(paths) > 20
    assert not opened


def test_an_admin_is_not_offered_the_role_of_an_owner(client, db):
    client.force_login(Member.objects.create(email="ada@example.com", display_name="Ada", role="admin"))
    assert 'value="owner"' not in client.get("/settings/keys/").content.decode()
    assert client.post("/settings/keys/", {"name": "mine", "role": "owner"}).status_code == 422
    assert not ApiKey.objects.exists()


def test_the_trail_is_filtered_searched_and_exported(page, owner):
    for name in ("acme", "birch"):
        crm.add("accounts", {"account_id": name, "tier": "B"}, by=owner)
    crm.edit("accounts", "acme", {"tier": "A"}, by=owner, reason="it grew")
    shown = page.get("/settings/audit/?f=verb~eq~edited").content.decode()
    assert "tier: B" in shown
    assert "tier: A" in shown
    assert "it grew" in shown
    assert "birch" not in shown.split("<tbody", 1)[1].split("</tbody", 1)[0]
    assert "birch" in page.get("/settings/audit/?q=birch").content.decode()
    assert page.get("/settings/audit/?f=nothing~eq~x").status_code == 422
    lines = page.get("/settings/audit/audit.csv?f=kind~eq~accounts").content.decode("utf-8-sig").splitlines()
    assert len(lines) == 4
    assert any("tier: B,tier: A,it grew" in line for line in lines)


def test_programs_of_administrators_do_the_same(page):
    status, team = call(page, "post", "/api/teams", {"name": "North"})
    assert (status, team["name"]) == (201, "North")
    status, nina = call(page, "post", "/api/members", {"email": "nina@example.com", "name": "Nina", "role": "sales"})
    assert (status, nina["scope"]) == (201, "all")
    assert "/login/" in nina["link"]
    change = {"scope": "team", "team": "North", "owns_as": "N.", "role": "success"}
    status, nina = call(page, "patch", f"/api/members/{nina['id']}", change)
    assert (status, nina["scope"], nina["team"], nina["role"]) == (200, "team", "North", "success")
    assert call(page, "patch", f"/api/members/{nina['id']}", {"active": False})[1]["active"] is False
    assert call(page, "delete", f"/api/teams/{team['id']}")[0] == 422
    assert call(page, "patch", f"/api/members/{nina['id']}", {"scope": "own", "team": ""})[1]["team"] is None
    assert call(page, "patch", f"/api/teams/{team['id']}", {"name": "South"})[1]["name"] == "South"
    assert call(page, "delete", f"/api/teams/{team['id']}")[0] == 204
    status, key = call(page, "post", "/api/keys", {"name": "a program"})
    assert (status, key["key"].startswith("tnr_")) == (201, True)
    assert "key" not in call(page, "get", "/api/keys")[1]["keys"][0]
    assert call(page, "post", f"/api/keys/{key['prefix']}/revoke", {})[1]["revoked_at"] is not None
    entries = call(page, "get", "/api/audit?kind=member&limit=2")[1]["entries"]
    assert [entry["kind"] for entry in entries] == ["member", "member"]
    older = call(page, "get", f"/api/audit?before={entries[-1]['id']}")[1]["entries"]
    assert all(entry["id"] < entries[-1]["id"] for entry in older)
    assert {entry["verb"] for entry in call(page, "get", "/api/audit?verb=revoked")[1]["entries"]} == {"revoked"}


def _archive(response):
    return zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))


def test_everything_is_taken_away_exactly_and_harmlessly(page, owner):
    crm.add("accounts", {"account_id": "=cmd()", "name": "某公司", "employees": 12}, by=owner)
    crm.edit("accounts", "=cmd()", {"employees": 13}, by=owner)
    keys.create_key("a program", "viewer", by=owner)
    with _archive(page.post("/settings/export/", {"form": "parquet"})) as archive:
        exact = pq.read_table(io.BytesIO(archive.read("accounts.parquet")))
        assert exact["account_id"].to_pylist() == ["=cmd()", "=cmd()"]
        counts = json.loads(archive.read("tables.json"))
    assert counts["accounts"] == 2
    assert counts["members"] == 1
    with _archive(page.get("/api/export?format=csv")) as archive:
        accounts = archive.read("accounts.csv").decode("utf-8-sig")
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert "'=cmd()" in accounts
    assert "某公司" in accounts
    assert ApiKey.objects.get().digest.encode() not in everything
    assert owner.password.encode() not in everything or not owner.password
    assert AuditEntry.objects.filter(verb="exported everything", member=owner).count() == 2
    assert page.post("/settings/export/", {"form": "xml"}).status_code == 422
