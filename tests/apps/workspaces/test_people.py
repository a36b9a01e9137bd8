"""Members, one-time links, API keys and permissions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from tenure.apps.workspaces import permissions, selectors
from tenure.apps.workspaces.models import ApiKey, AuditEntry, LoginLink, Role
from tenure.apps.workspaces.services import keys, members
from tenure.core.errors import TenureError

pytestmark = pytest.mark.django_db


def test_a_link_signs_its_member_in_once(owner: Any) -> None:
    token = members.make_login_link("OLGA@example.com", by="test")
    assert token not in str(LoginLink.objects.values())
    assert members.use_login_link(token) == owner
    with pytest.raises(TenureError) as refused:
        members.use_login_link(token)
    assert refused.value.code == "login.link_refused"


@pytest.mark.parametrize("why", ["expired", "deactivated", "never made"])
def test_links_that_are_refused(owner: Any, operator: Any, why: str) -> None:
    token = members.make_login_link(operator.email, by=owner)
    if why == "expired":
        LoginLink.objects.update(expires_at=LoginLink.objects.get().created_at - timedelta(seconds=1))
    if why == "deactivated":
        members.deactivate(operator, by=owner)
    with pytest.raises(TenureError):
        members.use_login_link("x" if why == "never made" else token)


@pytest.mark.django_db(transaction=True)
def test_of_many_requests_with_one_link_one_succeeds(owner: Any) -> None:
    token = members.make_login_link(owner.email, by="test")

    def attempt(_number: int) -> bool:
        try:
            members.use_login_link(token)
        except TenureError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1


@pytest.mark.parametrize(
    ("email", "role", "code"),
    [
        pytest.param("nobody", "owner", "member.bad_email", id="no address"),
        pytest.param("new@example.com", "king", "member.bad_role", id="no role"),
        pytest.param("Olga@Example.com", "owner", "member.exists", id="taken, in other letters"),
    ],
)
def test_members_that_cannot_be_made(owner: Any, email: str, role: str, code: str) -> None:
    with pytest.raises(TenureError) as refused:
        members.create_member(email, "New", role, by=owner)
    assert refused.value.code == code


def test_no_link_for_strangers_and_leavers(leaver: Any) -> None:
    for email in ("stranger@example.com", leaver.email):
        with pytest.raises(TenureError) as refused:
            members.make_login_link(email, by="test")
        assert refused.value.code == "member.unknown"


def test_the_last_owner_stays(owner: Any, operator: Any) -> None:
    with pytest.raises(TenureError) as refused:
        members.deactivate(owner, by=owner)
    assert refused.value.code == "member.last_owner"
    members.deactivate(operator, by=owner)
    assert not selectors.members().get(pk=operator.pk).is_active


def test_who_left_and_what_was_revoked_may_nothing(owner: Any, leaver: Any) -> None:
    key, _text = keys.create_key("report", "admin", by=owner)
    assert permissions.may(owner, "ask")
    assert permissions.may(key, "ask")
    keys.revoke_key(key.prefix, by=owner)
    for who in (leaver, ApiKey.objects.get(pk=key.pk)):
        assert not [name for name in permissions.PERMISSIONS if permissions.may(who, name)]


def test_a_key_is_shown_once_and_kept_as_a_hash(owner: Any) -> None:
    key, text = keys.create_key("report", "analyst", by=owner)
    stored = str(ApiKey.objects.values())
    assert text.split("_")[2] not in stored
    found = keys.authenticate_key(text)
    assert (found, found and found.last_used_at is not None) == (key, True)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda text: text[:-1] + ("0" if text[-1] != "0" else "1"), id="another secret"),
        pytest.param(lambda text: text.replace("tnr", "xyz"), id="another mark"),
        pytest.param(lambda text: text.rpartition("_")[0], id="no secret"),
        pytest.param(lambda text: text + "_0", id="too long"),
        pytest.param(lambda _text: "", id="empty"),
    ],
)
def test_what_is_not_a_key(spoil: Any) -> None:
    _key, text = keys.create_key("report", "analyst", by="test")
    assert keys.authenticate_key(spoil(text)) is None


def test_a_revoked_key_opens_nothing(owner: Any) -> None:
    key, text = keys.create_key("report", "analyst", by=owner)
    revoked = keys.revoke_key(key.prefix, by=owner)
    assert keys.authenticate_key(text) is None
    assert not permissions.may(revoked, "ask")
    with pytest.raises(TenureError) as refused:
        keys.revoke_key(key.prefix, by=owner)
    assert refused.value.code == "key.unknown"


def test_a_write_key_may_send_events_and_nothing_else(owner: Any) -> None:
    key, text = keys.create_key("web shop", "sender", by=owner)
    keys.create_key("report", "admin", by=owner)
    assert {name for name in permissions.PERMISSIONS if permissions.may(key, name)} == {"send_events"}
    assert keys.write_keys() == {keys.digest(text): "web shop"}
    keys.revoke_key(key.prefix, by=owner)
    assert keys.write_keys() == {}


def test_a_key_of_a_sender_of_leads_hands_in_leads_and_nothing_else(owner: Any) -> None:
    key, _text = keys.create_key("our site", "capturer", by=owner)
    assert {name for name in permissions.PERMISSIONS if permissions.may(key, name)} == {"capture_leads"}


def test_an_agent_never_sees_everything(viewer: Any) -> None:
    viewer.role = "agent"
    assert permissions.owners_visible_to(viewer) == {viewer.email}


def test_no_member_is_a_sender(owner: Any, viewer: Any) -> None:
    with pytest.raises(TenureError) as refused:
        members.set_role(viewer, "sender", by=owner)
    assert refused.value.code == "member.bad_role"


@pytest.mark.parametrize(
    ("permission", "roles"),
    [
        ("ask", {"owner", "admin", "operator", "success", "sales", "analyst", "viewer", "agent"}),
        ("work_leads", {"owner", "admin", "operator", "success", "sales", "agent"}),
        ("capture_leads", {"owner", "admin", "operator", "success", "sales", "agent"}),
        ("lead_settings", {"owner", "admin", "operator"}),
        ("import", {"owner", "admin", "operator"}),
        ("edit_records", {"owner", "admin", "operator", "success", "sales"}),
        ("close_month", {"owner", "admin", "analyst"}),
        ("definitions", {"owner", "admin", "analyst"}),
        ("manage_members", {"owner", "admin"}),
        ("manage_keys", {"owner", "admin"}),
        ("manage_webhooks", {"owner", "admin"}),
        ("define_fields", {"owner", "admin", "operator"}),
    ],
)
def test_who_may_what(viewer: Any, permission: str, roles: set[str]) -> None:
    allowed = set()
    for role in Role.values:
        viewer.role = role
        if permissions.may(viewer, permission):
            allowed.add(role)
    assert allowed == roles
    assert permission in permissions.PERMISSIONS


def test_whoever_left_may_nothing(leaver: Any) -> None:
    with pytest.raises(permissions.NotAllowed) as refused:
        permissions.require(leaver, "ask")
    assert refused.value.where["permission"] == "ask"


def test_the_audit_trail_only_grows(owner: Any) -> None:
    members.make_login_link(owner.email, by=owner)
    entry = AuditEntry.objects.get()
    entry.verb = "changed"
    for attempt in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(verb=""),
    ):
        with pytest.raises(TypeError):
            attempt()
    assert list(selectors.audit(key=owner.email).values_list("verb", flat=True)) == ["made login link"]
