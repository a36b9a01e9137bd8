"""The pages of prospects: somebody writes a profile, calls, refuses, makes accounts, and lets the collector run."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.models import Prospect
from tenure.apps.acquisition.services import prospects
from tenure.apps.acquisition.services.prospects import Collected
from tenure.apps.workspaces.services.writing import writing

LIST = "/acquire/prospects/"
PAGE = "https://acme.example/<script>"
RULE = {"name-0": "Makers", "subject-0": "industry", "values-0": "manufacturing", "points-0": "50"}


@pytest.fixture
def acme(home, db) -> Prospect:
    facts = {("industry", "manufacturing <b>"): PAGE, ("employees", "60"): PAGE}
    with writing("test") as write:
        return prospects.note_collected(
            write,
            Collected("acme.example", "<Acme>", "allowed", facts=facts, addresses={("info", "acme.example"): PAGE}),
        )


def test_a_profile_is_written_and_the_list_is_ordered_by_it(signed_in, acme):
    browser = signed_in("operator")
    saved = browser.post(f"{LIST}profile/", {"name": "Makers", **RULE, "points-7": ""})
    assert saved.status_code == 302
    text = browser.get(LIST).content.decode()
    assert "&lt;Acme&gt;" in text
    assert ">100<" in text
    assert (
        browser.get(f"{LIST}prospects.csv").content.decode().splitlines()[1].startswith("<Acme>,100,New,acme.example")
    )


def test_a_bad_rule_is_said_and_what_was_typed_stays(signed_in, acme):
    browser = signed_in("operator")
    answer = browser.post(f"{LIST}profile/", {"name": "Makers", **RULE, "points-0": "many"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="many"' in text
    assert "whole number from -100 to 100" in text
    assert selectors.profile() is None


def test_a_page_shows_what_is_known_and_where_from(signed_in, acme):
    browser = signed_in("sales")
    text = browser.get(f"{LIST}{acme.pk}/").content.decode()
    assert "manufacturing &lt;b&gt;" in text
    assert "https://acme.example/&lt;script&gt;" in text
    assert "info@acme.example" in text
    assert "mailto:" not in text


def test_somebody_calls_and_makes_it_an_account(signed_in, acme):
    browser = signed_in("sales")
    day = timezone.localdate() + timedelta(days=2)
    called = browser.post(f"{LIST}{acme.pk}/", {"outcome": "call_back", "next_on": day, "note": "prices"})
    assert called.status_code == 302
    assert "prices" in browser.get(f"{LIST}{acme.pk}/").content.decode()
    made = browser.post(f"{LIST}{acme.pk}/convert/")
    assert made["Location"] == "/customers/accounts/acme.example/"
    again = browser.post(f"{LIST}{acme.pk}/convert/")
    assert again.status_code == 422
    assert "account already" in again.content.decode()


def test_who_refused_is_not_called_from_the_page_until_it_is_new_again(signed_in, acme):
    browser = signed_in("sales")
    browser.post(f"{LIST}{acme.pk}/state/", {"state": "refused"})
    assert "Write the call down" not in browser.get(f"{LIST}{acme.pk}/").content.decode()
    assert browser.post(f"{LIST}{acme.pk}/", {"outcome": "interested"}).status_code == 422
    browser.post(f"{LIST}{acme.pk}/state/", {"state": "new"})
    assert "Write the call down" in browser.get(f"{LIST}{acme.pk}/").content.decode()


def test_a_list_is_taken_in_from_a_file(signed_in, home):
    browser = signed_in("operator")
    file = SimpleUploadedFile("fair.csv", "\ufeffname,phone,email\nBirch,021-1,a@b.example\n".encode())
    given = {"name": "Fair", "file": file, "ground": "Bought from the fair", "fields_kept": ["phone"]}
    day = timezone.localdate() + timedelta(days=9)
    assert browser.post(f"{LIST}lists/", {**given, "expires_on": day}).status_code == 302
    assert list(Prospect.objects.values_list("name", "phone")) == [("Birch", "021-1")]
    assert "Fair" in browser.get(f"{LIST}lists/").content.decode()


def test_the_collector_is_signed_run_watched_and_stopped(signed_in, home):
    browser = signed_in("operator")
    place = f"{LIST}collector/"
    browser.post(f"{place}sites/", {"sites": "acme.example, allowed\nlocalhost\n"})
    assert browser.post(f"{LIST}collections/").status_code == 422, "nobody signed"
    signed = {"purpose": "To find makers of pumps for our sellers.", "contact": "https://us.example.com/bot"}
    assert browser.post(place, {**signed, "signature": "Somebody"}).status_code == 422
    assert browser.post(place, {**signed, "signature": "operator"}).status_code == 302
    assert browser.post(f"{LIST}collections/").status_code == 302
    walk = selectors.under_way()
    part = browser.get(f"{LIST}collections/{walk.pk}/", headers={"HX-Request": "true"})
    assert "0 of 1 sites, 0 pages read" in part.content.decode()
    browser.post(f"{LIST}collections/{walk.pk}/stop/")
    assert "Stopping" in browser.get(place).content.decode()
    DBTaskResult.objects.all().delete()
    assert browser.post(f"{place}opt-outs/", {"domain": "acme.example"}).status_code == 302
    assert not selectors.sites().exists()
    assert browser.post(f"{place}off/").status_code == 302
    assert not selectors.collector().is_on
