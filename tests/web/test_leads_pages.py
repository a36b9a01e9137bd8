"""Pages of leads: the form that people outside send, what each role sees of a lead, and what an agent may not read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tenure.apps.acquisition.models import LeadForm, LeadVersion
from tenure.apps.acquisition.services import lead_forms, working
from tenure.apps.workspaces.models import AuditEntry, Member
from tenure.apps.workspaces.services.keys import create_key

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("home")]
LI = {
    "company_name": "云杉科技",
    "person_name": "李雷明",
    "title": "IT总监",
    "email": "li@yunshan.example",
    "employees": "120",
}


@pytest.fixture
def form() -> LeadForm:
    given = {"name": "Fair", "title": "Meet <us>", "fields": list(LI), "required": ["email"], "channel": "fair"}
    more = {"consent": "You may write to me.", "signal": "demo_request", "embedded_in": "https://www.acme.example"}
    return lead_forms.save({**given, **more}, by="t")


def sent(client: Client, form: LeadForm, path: str = "", **given: str) -> Any:
    return client.post(f"/f/{form.token}/{path}", {**LI, "seen": lead_forms.seal(form), "consent": "on", **given})


def member(role: str, **more: Any) -> Client:
    inside = Client()
    inside.force_login(Member.objects.create(email=f"{role}@x.example", display_name=role, role=role, **more))
    return inside


def test_the_form_of_others_sites(client: Client, form: LeadForm, monkeypatch: Any) -> None:
    monkeypatch.setattr(lead_forms, "LEAST_SECONDS", 0)
    page = client.get(f"/f/{form.token}/")
    assert "Meet &lt;us&gt;" in page.text
    assert "frame-ancestors https://www.acme.example" in page["Content-Security-Policy"]
    assert "script-src" not in page["Content-Security-Policy"]
    assert "X-Frame-Options" not in page
    assert not page.cookies
    outside = Client(enforce_csrf_checks=True)
    came = "?utm_source=baidu&utm_medium=cpc&utm_campaign=spring&utm_term=CRM系统"
    done = sent(outside, form, came, referrer="https://www.acme.example/pricing")
    assert done.status_code == 200
    lead = LeadVersion.objects.live().get()
    assert (lead.utm_source, lead.medium, lead.campaign, lead.keyword) == ("baidu", "cpc", "spring", "CRM系统")
    assert (lead.channel, lead.referrer, lead.status) == ("fair", "https://www.acme.example/pricing", "mql")
    assert json.loads(lead.consent)["text"] == "You may write to me."
    assert AuditEntry.objects.filter(kind="leads", verb="captured", actor="form Fair").count() == 1


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        pytest.param({"email": "nobody"}, 422, "This is no e-mail address.", id="no address"),
        pytest.param({"consent": ""}, 422, "Please agree", id="no consent"),
        pytest.param({"seen": ""}, 422, "open for too long", id="no seal"),
        pytest.param({"email": "x" * 400 + "@y.example"}, 422, "at most 300", id="too long"),
        pytest.param({"person_name": "x" * 70_000}, 413, "Meet", id="far too long"),
        pytest.param({"website": "http://spam.example"}, 200, "Thank you", id="a machine learns nothing"),
    ],
)
def test_what_a_form_answers(
    client: Client, form: LeadForm, monkeypatch: Any, given: dict[str, str], status: int, said: str
) -> None:
    monkeypatch.setattr(lead_forms, "LEAST_SECONDS", 0)
    answer = sent(client, form, **given)
    assert (answer.status_code, said in answer.text) == (status, True)
    assert not LeadVersion.objects.exists()


def test_a_form_that_is_closed_or_speaks_chinese(client: Client, form: LeadForm) -> None:
    assert 'lang="zh-hans"' in client.get(f"/f/{form.token}/?language=zh-hans").text
    assert 'lang="en"' in client.get(f"/f/{form.token}/?language=tlh").text
    LeadForm.objects.update(is_open=False)
    assert client.get(f"/f/{form.token}/").status_code == 404
    assert sent(client, form).status_code == 404


def test_a_code_for_posters_leads_to_the_form(form: LeadForm) -> None:
    code = member("operator").get(f"/acquire/forms/{form.pk}/code.svg?utm_source=poster")
    assert (code["Content-Type"], b"<svg" in code.content) == ("image/svg+xml", True)


def test_the_work_on_a_lead_from_page_to_page() -> None:
    sales, viewer = member("sales"), member("viewer")
    lead = working.capture(LI, by="t", signal="demo_request").lead
    place = f"/acquire/leads/{lead.lead_id}/"
    assert "李雷明" in sales.get("/acquire/leads/").text
    assert "李雷明" in sales.get(place).text
    for page in ("/acquire/leads/", place, "/customers/leads/", "/customers/leads/leads.csv"):
        shown = viewer.get(page)
        text = b"".join(shown).decode() if shown.streaming else shown.text
        assert "李雷明" not in text
        assert LI["email"] not in text
    assert sales.post(f"{place}reject/", {"reason": ""}).status_code == 422
    assert sales.post(f"{place}accept/", {"version": lead.row_id}).status_code == 302
    assert sales.post(f"{place}accept/").status_code == 409
    assert sales.post(f"{place}convert/", {"account_id": "none"}).status_code == 422
    assert sales.post(f"{place}convert/", {"account_id": "", "amount": "1", "currency": "USD"}).status_code == 302
    assert LeadVersion.objects.live().get().status == "converted"


def test_an_agent_sees_its_own_leads_and_whom_it_accepted() -> None:
    agent = member("agent", owns_as="Ann Agency")
    own = working.capture(LI, by="t", signal="demo_request", owner="ann agency").lead
    other = working.capture({**LI, "email": "han@pine.example", "company_name": "松树"}, by="t").lead
    place = f"/acquire/leads/{own.lead_id}/"
    for page in ("/acquire/leads/", place, "/customers/leads/", f"/api/records/leads/{own.lead_id}"):
        text = json.dumps(agent.get(page).json(), ensure_ascii=False) if "/api/" in page else agent.get(page).text
        assert "云杉" in text
        assert "松树" not in text
        assert "李雷明" not in text
    for page in (f"/acquire/leads/{other.lead_id}/", f"/customers/leads/{other.lead_id}/"):
        assert agent.get(page).status_code == 404
    assert agent.post(f"/acquire/leads/{other.lead_id}/reject/", {"reason": "spam"}).status_code == 404
    for page in ("/customers/new/leads/", f"/customers/edit/leads/{own.lead_id}/", "/acquire/forms/", "/imports/"):
        assert agent.get(page).status_code == 403
    assert agent.post(f"{place}accept/").status_code == 302
    assert "李雷明" in agent.get(place).text
    assert agent.post(f"{place}convert/", {"account_id": ""}).status_code == 302
    deal = LeadVersion.objects.live().get(lead_id=own.lead_id).deal_id
    assert deal in agent.get("/customers/deals/").text or agent.get(f"/customers/deals/{deal}/").status_code == 200


def test_a_key_that_may_only_send_leads(client: Client) -> None:
    _key, text = create_key("our site", "capturer", by="t")
    headers = {"HTTP_AUTHORIZATION": f"Bearer {text}", "content_type": "application/json"}
    first = client.post("/api/leads", {**LI, "signal": "trial", "campaign": "spring"}, **headers)
    lead = LeadVersion.objects.live().get()
    assert (first.status_code, first.json()) == (201, {"lead_id": lead.lead_id, "is_new": True})
    assert lead.status == "mql"
    assert client.post("/api/leads", LI, **headers).status_code == 200
    assert client.post("/api/leads", {"email": "x" * 400}, **headers).status_code == 422
    assert client.post("/api/leads", {**LI, "signal": "magic"}, **headers).status_code == 422
    assert client.get("/api/records/leads", **headers).status_code == 403
    assert LeadVersion.objects.live().count() == 1
