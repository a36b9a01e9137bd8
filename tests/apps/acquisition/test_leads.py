"""Leads: captured, scored, answered in time by a person, made deals; who sees them, and how a person is forgotten."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import signing
from django.utils import timezone

from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.models import LeadForm, LeadVersion, Submission
from tenure.apps.acquisition.services import lead_forms, leads, policy, working
from tenure.apps.connectors import erasure
from tenure.apps.crm import selectors as crm_selectors
from tenure.apps.crm import services as crm
from tenure.apps.crm.models import AccountVersion, ContactVersion, DealVersion
from tenure.apps.workspaces.models import AuditEntry, Member, Team
from tenure.apps.workspaces.permissions import may
from tenure.apps.workspaces.services import lake
from tenure.apps.workspaces.services.keys import create_key
from tenure.apps.workspaces.services.records import RecordChanged
from tenure.apps.workspaces.services.values import ValueRefused
from tenure.core.errors import TenureError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]
LI = {
    "company_name": "云杉科技",
    "person_name": "李雷明",
    "title": "IT总监",
    "email": "li@yunshan.example",
    "employees": "120",
    "industry": "软件",
    "channel": "baidu",
}


def captured(**more: Any) -> Any:
    given = {key: more.pop(key) for key in list(more) if key not in working.capture.__kwdefaults__ and key != "by"}
    return working.capture({**LI, **given}, **{"by": "the form", "signal": "demo_request", **more}).lead


@pytest.fixture
def seller(db: None) -> Member:
    return Member.objects.create(email="sam@example.com", display_name="Sam", role="sales")


@pytest.fixture
def agent(db: None) -> Member:
    return Member.objects.create(email="ann@agents.example", display_name="Ann", role="agent", owns_as="Ann Agency")


# ---------------------------------------------------------------------- from the capture to the deal


def test_a_lead_that_fits_and_engages_is_an_mql_with_a_clock() -> None:
    lead = captured()
    assert (lead.status, lead.grade, lead.fit_score, lead.engagement_score) == ("mql", "A2", 100, 60)
    assert lead.mql_at is not None
    assert lead.respond_by > lead.created_at
    first = json.loads(lead.capture)[0]
    assert first["fields"] == LI
    entry = AuditEntry.objects.get(kind="leads", verb="captured")
    assert entry.after["email"] == "…"


@pytest.mark.parametrize(
    ("more", "status"),
    [
        pytest.param({"title": "student", "employees": "3"}, "new", id="does not fit"),
        pytest.param({"signal": "visit"}, "new", id="does not engage"),
        pytest.param({"email": "", "company_name": "云杉"}, "new", id="nobody to reach"),
    ],
)
def test_what_is_no_mql(more: dict[str, Any], status: str) -> None:
    assert captured(**more).status == status


def test_the_clock_of_the_acceptance_counts_made_up_days(settings: Any) -> None:
    settings.TENURE_TIMEZONE = "Asia/Shanghai"
    received = datetime(2026, 2, 13, 9, 30, tzinfo=UTC)  # Friday 17:30 in Shanghai
    assert captured(at=received).respond_by == datetime(2026, 2, 14, 4, 30, tzinfo=UTC)
    policy.set_day("2026-02-14", "off", "the firm's own day", by="t")
    lead = captured(at=received, email="han@yunshan.example")
    assert lead.respond_by == datetime(2026, 2, 24, 4, 30, tzinfo=UTC)
    assert AuditEntry.objects.filter(kind="own_day", key="2026-02-14").count() == 1


def test_who_comes_again_within_a_day_is_the_same_lead() -> None:
    first = captured(title="")
    again = captured(email="LI@yunshan.example", message="once more", signal="form")
    assert again.lead_id == first.lead_id
    assert [again.title, again.message, again.engagement_score] == ["IT总监", "once more", 100]
    assert len(json.loads(again.capture)) == 2
    later = captured(at=timezone.now() + timedelta(days=2))
    assert later.lead_id != first.lead_id
    assert LeadVersion.objects.live().count() == 2


def test_only_a_person_accepts_and_only_what_is_worth_a_call(seller: Member) -> None:
    lead = captured()
    with pytest.raises(TenureError) as caught:
        working.accept(lead.lead_id, by=create_key("robot", "sales", by="t")[0])
    assert caught.value.code == "lead.by_a_person"
    accepted = working.accept(lead.lead_id, by=seller)
    assert (accepted.status, accepted.owner, accepted.sql_at) == ("sql", seller.email, accepted.responded_at)
    with pytest.raises(TenureError) as caught:
        working.accept(captured(title="student", employees="1", email="x@y.example").lead_id, by=seller)
    assert caught.value.code == "lead.wrong_status"


def test_a_rejected_lead_goes_back_and_may_come_again(seller: Member) -> None:
    lead = captured()
    with pytest.raises(ValueRefused, match="reason"):
        working.reject(lead.lead_id, "did not like it", by=seller)
    rejected = working.reject(lead.lead_id, "later", note="in autumn", by=seller)
    assert (rejected.status, rejected.reason) == ("rejected", "later")
    assert AuditEntry.objects.get(kind="leads", verb="rejected").reason == "in autumn"
    again = working.note_signal(lead.lead_id, "demo_request", by=seller)
    assert (again.status, again.responded_at) == ("mql", None)


def test_a_lead_becomes_an_account_a_contact_and_a_deal_at_once(seller: Member) -> None:
    lead = captured()
    working.accept(lead.lead_id, by=seller)
    done = working.convert(lead.lead_id, by=seller, deal_name="云杉一期", amount="120000", currency="CNY")
    account = AccountVersion.objects.live().get()
    contact, deal = ContactVersion.objects.live().get(), DealVersion.objects.live().get()
    assert (account.name, account.domain, account.acquired_channel) == ("云杉科技", "yunshan.example", "baidu")
    assert (contact.account_id, contact.email) == (account.account_id, LI["email"])
    assert (deal.account_id, deal.source_lead, deal.owner) == (account.account_id, lead.lead_id, seller.email)
    assert (done.status, done.account_id, done.deal_id) == ("converted", account.account_id, deal.deal_id)
    why = {entry.reason for entry in AuditEntry.objects.filter(kind__in=("accounts", "contacts", "deals"))}
    assert len(why) == 1
    assert lead.lead_id in why.pop()
    told = AuditEntry.objects.get(kind="leads", verb="converted").after
    assert {told["account_id"], told["contact_id"], told["deal_id"]} == {
        account.account_id,
        contact.contact_id,
        deal.deal_id,
    }


def test_a_conversion_that_fails_leaves_nothing(seller: Member) -> None:
    lead = working.accept(captured().lead_id, by=seller)
    with pytest.raises(ValueRefused):
        working.convert(lead.lead_id, by=seller, amount="much")
    assert not AccountVersion.objects.exists()
    assert not ContactVersion.objects.exists()


def test_an_account_is_proposed_by_what_is_exact_never_by_its_name(seller: Member) -> None:
    crm.add("accounts", {"account_id": "same-name", "name": "云杉科技"}, by="t")
    lead = working.accept(captured().lead_id, by=seller)
    assert selectors.matches(seller, lead) == selectors.Matches((), is_others=False)
    crm.add("accounts", {"account_id": "by-domain", "name": "Spruce", "domain": "Yunshan.example"}, by="t")
    assert [(one.account_id, one.by) for one in selectors.matches(seller, lead).seen] == [("by-domain", "domain")]
    crm.add("contacts", {"contact_id": "li", "account_id": "by-domain", "email": "LI@yunshan.example"}, by="t")
    assert [one.by for one in selectors.matches(seller, lead).seen] == ["email"]
    done = working.convert(lead.lead_id, by=seller, account_id="by-domain")
    assert (done.account_id, done.contact_id) == ("by-domain", "li")


# ---------------------------------------------------------------------- who sees what


def test_who_sees_which_leads(seller: Member, agent: Member) -> None:
    crm.add("accounts", {"account_id": "acme", "owner": "Nora"}, by="t")
    north = Team.objects.create(name="North")
    nora = Member.objects.create(
        email="nora@example.com", display_name="Nora", role="sales", scope="team", team=north, owns_as="Nora"
    )
    nick = Member.objects.create(email="nick@example.com", display_name="Nick", role="sales", scope="team", team=north)
    known: dict[str, dict[str, str]] = {
        "of-nick": {"owner": "NICK@example.com"},
        "of-acme": {"account_id": "acme"},
        "of-agent": {"owner": "ann agency"},
        "nobodys": {},
    }
    for lead_id, more in known.items():
        leads.add("leads", {"lead_id": lead_id, "created_at": "2026-01-01T00:00:00Z", **more}, by="t")

    def seen(by: Member) -> set[str]:
        rows = set(selectors.leads_visible_to(by).values_list("lead_id", flat=True))
        for lead in LeadVersion.objects.live():
            assert selectors.sees(by, lead) == (lead.lead_id in rows)
        return rows

    assert seen(seller) == {"of-nick", "of-acme", "of-agent", "nobodys"}
    assert seen(nora) == seen(nick) == {"of-nick", "of-acme"}
    assert seen(agent) == {"of-agent"}
    with pytest.raises(TenureError) as caught:
        leads.add("leads", {"lead_id": "x", "created_at": "2026-01-01T00:00:00Z", "owner": "Sam"}, by=nora)
    assert caught.value.code == "lead.not_yours"
    with pytest.raises(TenureError) as caught:
        working.reject("nobodys", "spam", by=agent)
    assert caught.value.code == "lead.unknown"


def test_an_agent_sees_its_own_deals_and_whom_it_accepted(agent: Member) -> None:
    assert not may(agent, "read_personal")
    assert not may(agent, "edit_records")
    crm.add("accounts", {"account_id": "acme", "name": "Acme", "owner": "Sam"}, by="t")
    crm.add("deals", {"deal_id": "brought", "account_id": "acme", "partner": "ANN AGENCY"}, by="t")
    crm.add("deals", {"deal_id": "others", "account_id": "acme", "owner": "Sam"}, by="t")
    deals = crm_selectors.visible_to(agent, DealVersion)
    assert [deal.deal_id for deal in deals] == ["brought"]
    assert [crm_selectors.sees(agent, deal) for deal in DealVersion.objects.order_by("pk")] == [True, False]
    demand = crm.add("demands", {"demand_id": "d", "title": "Our secret plan"}, by="t")
    assert not crm_selectors.visible_to(agent, type(demand)).exists()
    assert not crm_selectors.sees(agent, demand)
    lead = working.capture(LI, by=agent, signal="demo_request").lead
    assert lead.owner == "Ann Agency"
    assert not selectors.reads_person(agent, lead)
    accepted = working.accept(lead.lead_id, by=agent)
    assert selectors.reads_person(agent, accepted)
    done = working.convert(lead.lead_id, by=agent)
    deal = crm_selectors.visible_to(agent, DealVersion).get(deal_id=done.deal_id)
    assert (deal.owner, deal.partner) == ("Ann Agency", "Ann Agency")


def test_a_lead_of_others_is_neither_told_nor_changed(agent: Member) -> None:
    theirs = captured(owner="Sam", title="")
    came = working.capture({**LI, "message": "mine"}, by=agent)
    assert (came.is_new, came.lead.owner, came.lead.lead_id != theirs.lead_id) == (True, "Ann Agency", True)
    assert LeadVersion.objects.live().get(lead_id=theirs.lead_id).title is None
    assert working.capture({**LI, "message": "again"}, by=agent).lead.lead_id == came.lead.lead_id


def test_of_two_who_take_a_lead_on_at_once_one_is_told(seller: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    lead, find = captured(), selectors.lead_for

    def find_and_be_late(by: Any, lead_id: str) -> Any:
        found = find(by, lead_id)
        monkeypatch.setattr(selectors, "lead_for", find)
        working.reject(lead_id, "spam", by="somebody quicker")
        return found

    monkeypatch.setattr(selectors, "lead_for", find_and_be_late)
    with pytest.raises(RecordChanged):
        working.accept(lead.lead_id, by=seller)
    assert LeadVersion.objects.live().get(lead_id=lead.lead_id).status == "rejected"


def test_an_account_of_others_is_neither_named_nor_doubled(agent: Member) -> None:
    crm.add("accounts", {"account_id": "secret", "domain": "yunshan.example", "owner": "Sam"}, by="t")
    lead = working.accept(working.capture(LI, by=agent, signal="demo_request").lead.lead_id, by=agent)
    assert selectors.matches(agent, lead) == selectors.Matches((), is_others=True)
    for given in ({}, {"account_id": "secret"}):
        with pytest.raises(TenureError) as caught:
            working.convert(lead.lead_id, by=agent, **given)
        assert "yunshan" not in str(caught.value)
    assert AccountVersion.objects.count() == 1


# ---------------------------------------------------------------------- a person who is to be forgotten


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_contact", [True, False])
def test_a_person_is_forgotten_as_a_lead_too(owner: Member, seller: Member, is_contact: bool) -> None:
    lead = captured(phone="138 0013 8000", message="Please call 李雷明")
    other = captured(email="han@other.example", person_name="韩梅梅", message="李雷明 sent me")
    if is_contact:
        working.accept(lead.lead_id, by=seller)
        working.convert(lead.lead_id, by=seller)
    captured(email="private@li.example", phone="+86 13800138000", at=timezone.now() + timedelta(days=3))
    lake.flush()
    proof = erasure.erase_person(LI["email"], by=owner)
    assert len(proof["lead_ids"]) == 2
    assert other.lead_id not in proof["lead_ids"]
    assert proof["still_found"] == []
    for version in LeadVersion.objects.filter(lead_id__in=proof["lead_ids"]):
        assert {getattr(version, name) for name in LeadVersion.PERSONAL} == {None}
    rows = lake.lake().read("leads").to_pylist()
    assert all(row["email"] is None for row in rows if row["lead_id"] in proof["lead_ids"])
    assert any(row["person_name"] == "韩梅梅" for row in rows)


# ---------------------------------------------------------------------- forms


@pytest.fixture
def form(db: None) -> LeadForm:
    return lead_forms.save(
        {
            "name": "Fair",
            "title": "Meet us",
            "fields": ["company_name", "email", "title", "employees"],
            "required": ["email"],
            "channel": "fair",
            "consent": "You may write to me.",
            "signal": "demo_request",
        },
        by="t",
    )


def sent(form: LeadForm, **given: Any) -> Any:
    values = {"email": "li@yunshan.example", "title": "总监", "employees": "80", "consent": "on", **given}
    values.setdefault("seen", lead_forms.seal(form))
    return lead_forms.submit(form, values, sender="192.0.2.1", origin={"campaign": "spring"}, least_seconds=0)


def test_a_form_makes_a_lead_and_keeps_what_was_agreed_to(form: LeadForm) -> None:
    lead = sent(form).lead
    assert (lead.status, lead.channel, lead.campaign) == ("mql", "fair", "spring")
    agreed = json.loads(lead.consent)
    assert (agreed["text"], agreed["version"], agreed["form"]) == ("You may write to me.", 1, "Fair")
    given = {"name": "Fair", "title": "Meet us", "fields": ["email"], "consent": "You may call me."}
    assert lead_forms.save(given, by="t", form=form).consent_version == 2
    assert not sent(form).is_new
    assert json.loads(sent(form).lead.consent)["version"] == 2


@pytest.mark.parametrize(
    ("given", "code"),
    [
        pytest.param({"seen": "made up"}, "form.expired", id="no seal"),
        pytest.param({"consent": ""}, "value.bad", id="no consent"),
        pytest.param({"email": "nobody"}, "value.bad", id="no address"),
        pytest.param({"email": ""}, "value.bad", id="what is required"),
        pytest.param({"employees": "many"}, "value.bad", id="no number"),
        pytest.param({"company_name": "x" * 301}, "value.bad", id="too long"),
        pytest.param({"company_name": "a\x00b"}, "value.bad", id="a NUL character"),
    ],
)
def test_what_a_form_refuses(form: LeadForm, given: dict[str, Any], code: str) -> None:
    with pytest.raises(TenureError) as caught:
        sent(form, **given)
    assert caught.value.code == code or isinstance(caught.value, ValueRefused)
    assert not LeadVersion.objects.exists()


def test_machines_are_kept_out(form: LeadForm, monkeypatch: Any) -> None:
    assert sent(form, website="http://spam.example") is None
    with pytest.raises(TenureError) as caught:
        lead_forms.submit(form, {"seen": lead_forms.seal(form)}, sender="a", origin={}, least_seconds=2)
    assert caught.value.code == "form.too_fast"
    other = signing.TimestampSigner(salt="tenure.lead_form").sign("another form")
    with pytest.raises(TenureError, match="open for too long"):
        sent(form, seen=other)
    monkeypatch.setattr(lead_forms, "MOST_IN_WINDOW", 2)
    sent(form)
    sent(form)
    with pytest.raises(TenureError) as caught:
        sent(form)
    assert caught.value.code == "form.too_often"
    assert "192.0.2.1" not in {one.sender for one in Submission.objects.all()}


# ---------------------------------------------------------------------- the policy


def test_a_changed_policy_is_told_and_counts_from_then_on(owner: Member) -> None:
    policy.save({"rules": "role: 总监 = 50", "fit_line": "60", "respond_minutes": "60"}, by=owner)
    policy.save({"engagement_line": "90", "week": {"0": "9:00-12:00"}}, by=owner)
    assert (selectors.lead_policy().fit_line, selectors.lead_policy().week) == (60, {"0": "09:00-12:00"})
    assert captured().status == "new"
    entry = AuditEntry.objects.filter(kind="lead_policy").latest("pk")
    assert (entry.before["engagement_line"], entry.after["engagement_line"]) == (40, 90)


@pytest.mark.parametrize(
    "given",
    [{"fit_line": "101"}, {"half_life_days": "0"}, {"rules": "mood: x = 4"}, {"week": {"0": "late"}}, {"week": {}},
     {"country": "XX"}, {"points": {"form": "-1"}}],
)  # fmt: skip
def test_what_a_policy_cannot_be(given: dict[str, Any], owner: Member) -> None:
    with pytest.raises(TenureError):
        policy.save(given, by=owner)
    assert selectors.lead_policy().pk is None
