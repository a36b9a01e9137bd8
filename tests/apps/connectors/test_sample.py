"""Sample data: into an empty workspace, marked in every row, and out of it again whatever was done to it."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

import tenure
from tenure.apps.acquisition.services import leads, reach
from tenure.apps.connectors.simulation import KINDS, sample
from tenure.apps.crm import services as crm
from tenure.apps.subscriptions import services as subscriptions
from tenure.apps.workspaces.services import lake
from tenure.core.errors import TenureError

UNTIL = date(2026, 11, 1)
FILL = 'action="/sample/"'
MODELS = {**crm.MODELS, **subscriptions.MODELS, **reach.MODELS, **leads.MODELS}


@pytest.fixture
def home(tmp_path, settings, db):
    settings.TENURE_HOME = tmp_path
    tenure.open(tmp_path, settings={"timezone": "Asia/Shanghai", "reporting_currency": "CNY"})
    return tmp_path


def live(kind):
    return MODELS[kind].objects.live()


def test_every_row_is_marked_and_counts(home):
    rows = sample.fill(UNTIL, by="the test")
    assert rows == sum(live(kind).count() for kind in KINDS) > 500
    assert {row.source for kind in KINDS for row in live(kind)} == {sample.SOURCE}
    assert sample.is_present()
    lake.flush()
    month = tenure.open(home).ask({"question": "movements", "from": "2026-10", "to": "2026-10"}).to_dicts()[0]
    assert month["close"] > 0


def test_it_goes_whatever_was_done_to_it(home):
    sample.fill(UNTIL, by="the test")
    edited = live("accounts").first()
    crm.edit("accounts", edited.version_key, {"tier": "gold"}, by="the test")
    own = crm.add("accounts", {"account_id": "own", "name": "A company of ours"}, by="the test")
    assert sample.remove(by="the test") > 500
    assert not sample.is_present()
    assert [row.version_key for kind in MODELS for row in live(kind)] == [own.version_key]
    lake.flush()
    month = tenure.open(home).ask({"question": "movements", "from": "2026-10", "to": "2026-10"}).to_dicts()[0]
    assert month["close"] == 0


def test_it_does_not_mix_with_real_data(home):
    crm.add("accounts", {"account_id": "own", "name": "A company of ours"}, by="the test")
    with pytest.raises(TenureError) as refused:
        sample.fill(UNTIL, by="the test")
    assert refused.value.code == "sample.not_empty"
    assert live("subscriptions").count() == 0


def test_one_click_and_one_click_more(home, client, django_user_model):
    owner = django_user_model.objects.create(email="o@example.com", display_name="O", role="owner")
    client.force_login(owner)
    page = client.get(reverse("movements")).content.decode()
    assert FILL in page
    assert reverse("import_new") in page
    client.post(reverse("sample_fill"))
    page = client.get(reverse("movements")).content.decode()
    assert reverse("sample_remove") in page
    assert FILL not in page
    client.post(reverse("sample_remove"))
    assert FILL in client.get(reverse("movements")).content.decode()


def test_who_may_not_import_is_not_offered_it(home, client, django_user_model):
    client.force_login(django_user_model.objects.create(email="v@example.com", display_name="V", role="viewer"))
    assert FILL not in client.get(reverse("movements")).content.decode()
    assert client.post(reverse("sample_fill")).status_code == 403
