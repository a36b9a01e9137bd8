"""The pages of members: inviting, roles, access, and what an administrator may not do to an owner."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tenure.apps.workspaces.models import AuditEntry, LoginLink, Member

INVITED = {"email": "nina@example.com", "display_name": "Nina", "role": "sales", "language": "zh-hans"}
GOOD = {"password1": "correct horse battery", "password2": "correct horse battery"}


def address(page):
    return re.search(r"http://testserver(/login/[^/]+/)", page.content.decode())[1]


def test_an_invitation_is_a_link_to_copy(signed_in, sample):
    page = signed_in("admin").post("/settings/members/", INVITED)
    link = address(page)
    nina = Member.objects.get(email="nina@example.com")
    assert (nina.role, nina.language, nina.has_usable_password()) == ("sales", "zh-hans", False)
    browser = Client()
    assert browser.post(link, GOOD).status_code == 302
    assert "我的账户" in browser.get("/account/").content.decode(), "in the language she was invited in"
    verbs = list(AuditEntry.objects.order_by("pk").values_list("verb", "actor"))
    assert verbs[:2] == [("created", "Admin <admin@example.com>"), ("made login link", "Admin <admin@example.com>")]


def test_an_invitation_is_mailed_where_mail_is_set_up(signed_in, sample, settings, mailoutbox, queued):
    settings.MAIL = True
    signed_in("admin").post("/settings/members/", INVITED)
    queued()
    [mail] = mailoutbox
    assert (mail.to, "Nina" in mail.body, "邀请" in mail.subject) == (["nina@example.com"], True, True)
    link = re.search(r"http://testserver(/login/[^/]+/)", mail.body)[1]
    assert Client().post(link, GOOD).status_code == 302


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"email": "nobody"}, b"valid email address", id="no address"),
        pytest.param({"email": "ADMIN@example.com"}, b"already a member", id="taken"),
        pytest.param({"role": "king"}, b"king", id="no role"),
        pytest.param({"role": "owner"}, b"Only an owner", id="an owner, by an administrator"),
    ],
)
def test_invitations_that_are_refused(signed_in, sample, changed, said):
    page = signed_in("admin").post("/settings/members/", INVITED | changed)
    assert page.status_code == 422
    assert said in page.content
    assert b"Nina" in page.content, "what was filled in stays"
    assert not LoginLink.objects.exists()


def test_an_owner_may_make_owners(signed_in, sample):
    assert signed_in("owner").post("/settings/members/", INVITED | {"role": "owner"}).status_code == 200
    assert Member.objects.get(email="nina@example.com").role == "owner"


@pytest.mark.parametrize("what", ["role", "active", "link", "second-step"])
def test_an_administrator_cannot_touch_an_owner(signed_in, member, sample, what):
    owner = member("owner")
    member_page = signed_in("admin")
    assert b"Only an owner" in member_page.get(f"/settings/members/{owner.pk}/").content
    answer = member_page.post(f"/settings/members/{owner.pk}/{what}/", {"role": "viewer", "active": "no"})
    assert answer.status_code == 403
    unchanged = Member.objects.get(pk=owner.pk)
    assert (unchanged.role, unchanged.is_active, unchanged.login_links.count()) == ("owner", True, 0)


def test_nobody_makes_themselves_an_owner(signed_in, sample):
    browser = signed_in("admin")
    me = Member.objects.get()
    assert browser.post(f"/settings/members/{me.pk}/role/", {"role": "owner"}).status_code == 403
    assert Member.objects.get().role == "admin"


@pytest.mark.parametrize(("what", "given"), [("role", {"role": "viewer"}), ("active", {"active": "no"})])
def test_the_last_owner_stays(signed_in, sample, what, given):
    browser = signed_in("owner")
    me = Member.objects.get()
    assert browser.post(f"/settings/members/{me.pk}/{what}/", given).status_code == 422
    assert (Member.objects.get().role, Member.objects.get().is_active) == ("owner", True)


def test_a_role_is_changed_and_the_trail_says_from_what_to_what(signed_in, member, sample):
    carl = member("viewer")
    browser = signed_in("owner")
    assert browser.post(f"/settings/members/{carl.pk}/role/", {"role": "analyst"}).status_code == 302
    assert b"Changed the role from Viewer to Analyst" in browser.get(f"/settings/members/{carl.pk}/").content
    assert browser.post(f"/settings/members/{carl.pk}/role/", {"role": "king"}).status_code == 422


def test_access_is_taken_away_at_once_and_given_back(signed_in, member, sample):
    carl = member("viewer")
    his = Client()
    his.force_login(carl)
    browser = signed_in("owner")
    link = address(browser.post(f"/settings/members/{carl.pk}/link/"))
    browser.post(f"/settings/members/{carl.pk}/active/", {"active": "no"})
    assert his.get("/account/").status_code == 302
    assert Client().post(link, GOOD).status_code == 410
    browser.post(f"/settings/members/{carl.pk}/active/", {"active": "yes"})
    assert Client().post(link, GOOD).status_code == 302


def test_a_member_that_does_not_exist(signed_in, sample):
    browser = signed_in("owner")
    assert browser.get("/settings/members/999/").status_code == 404
    assert browser.post("/settings/members/999/role/", {"role": "viewer"}).status_code == 404


def test_the_list_asks_the_store_little(signed_in, member, sample, django_assert_max_num_queries):
    browser = signed_in("owner")
    for number in range(60):
        Member.objects.create(email=f"m{number}@example.com", display_name=f"M{number}", role="viewer")
    with django_assert_max_num_queries(12):
        assert browser.get("/settings/members/").content.count(b"@example.com") >= 61
