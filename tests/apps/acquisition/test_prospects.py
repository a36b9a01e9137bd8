"""Prospects: scored by the profile, called, made accounts, and emptied on their day; what the store itself refuses."""

from __future__ import annotations

import csv
import gzip
import io
from datetime import timedelta
from itertools import islice

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from reference.cases import SHARED
from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.models import Call, CollectedAddress, Prospect, ProspectFact
from tenure.apps.acquisition.services import erasing, lists, profile, prospects, sites
from tenure.apps.acquisition.services.prospects import Collected
from tenure.apps.acquisition.tasks import queue_emptying
from tenure.apps.crm import selectors as crm
from tenure.apps.crm.models import ActivityVersion
from tenure.apps.workspaces.models import AuditEntry, Team
from tenure.apps.workspaces.services.erasure import replacing
from tenure.apps.workspaces.services.writing import writing
from tenure.core.errors import TenureError

pytestmark = pytest.mark.django_db
RULES = [
    {"name": "Makers", "subject": "industry", "values": "manufacturing, 制造", "points": 60},
    {"name": "Size", "subject": "employees", "values": "50-500", "points": 40},
]
PAGE = "https://acme.example/"


@pytest.fixture
def acme(home) -> Prospect:
    found = Collected(
        "acme.example",
        "Acme",
        "allowed",
        facts={("industry", "manufacturing"): PAGE, ("employees", "60"): PAGE, ("region", "上海"): PAGE},
        addresses={("info", "acme.example"): PAGE},
    )
    with writing("test") as write:
        return prospects.note_collected(write, found)


def taken(rows, by="test", **more):
    given = {"fields": ["phone"], "ground": "Bought from the chamber of commerce", "expires_on": later(30)} | more
    return lists.import_list("Fair 2026", rows, by=by, **given)


def later(days: int):
    return timezone.localdate() + timedelta(days=days)


# ---------------------------------------------------------------------- the score


def test_a_new_profile_scores_everybody_and_the_former_one_is_known(acme, owner):
    assert acme.score is None
    first = profile.save_profile("Makers", RULES, by=owner)
    acme.refresh_from_db()
    assert (acme.score, acme.profile) == (100, first)
    profile.save_profile("Makers", [RULES[0], {**RULES[1], "values": "200-500"}], by=owner)
    acme.refresh_from_db()
    assert acme.score == 60
    assert [(one.rule.name, one.holds, one.fact.url) for one in profile.evidence(acme)] == [
        ("Makers", True, PAGE),
        ("Size", False, PAGE),
    ]
    entry = AuditEntry.objects.get(kind="profile", detail__before__name="Makers")
    assert "50-500" in str(entry.before)
    assert "200-500" in str(entry.after)


def test_a_profile_that_did_not_change_has_no_new_version(acme, owner):
    first = profile.save_profile("Makers", RULES, by=owner)
    assert profile.save_profile("Makers", RULES, by=owner) == first


@pytest.mark.parametrize(
    ("name", "rules", "code"),
    [("", RULES, "icp.bad_name"), ("x", [*RULES, {}], "icp.bad_rule"), ("x", RULES * 21, "icp.too_many")],
)
def test_a_bad_profile_leaves_the_former_one(home, owner, name, rules, code):
    with pytest.raises(TenureError) as refused:
        profile.save_profile(name, rules, by=owner)
    assert refused.value.code == code
    assert selectors.profile() is None


# ---------------------------------------------------------------------- calls


@pytest.mark.parametrize(
    ("outcome", "state"),
    [("no_answer", "called"), ("call_back", "called"), ("interested", "called"), ("refused", "refused")],
)
def test_a_call_says_what_becomes_of_a_prospect(acme, owner, outcome, state):
    prospects.record_call(acme, outcome, by=owner, note="asked for prices", next_on=later(3))
    acme.refresh_from_db()
    assert (acme.state, acme.who, acme.next_on) == (state, owner, later(3))
    assert Call.objects.get().note == "asked for prices"
    assert "asked for prices" not in str(AuditEntry.objects.get(verb="called").detail)


def test_who_said_no_is_not_called_again(acme, owner):
    prospects.record_call(acme, "refused", by=owner)
    with pytest.raises(TenureError, match="said no"):
        prospects.record_call(acme, "interested", by=owner)


def test_who_does_not_want_to_be_called_is_forgotten_at_once(acme, owner):
    prospects.record_call(acme, "no_more", by=owner, note="angry")
    acme.refresh_from_db()
    assert (acme.name, acme.state, acme.facts.count(), acme.addresses.count()) == ("", "refused", 0, 0)
    assert Call.objects.get().note == ""


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"outcome": "won"}, "outcome"),
        ({"note": "x" * 1_001}, "note"),
        ({"next_on": -1}, "next_on"),
        ({"next_on": 400}, "next_on"),
    ],
)
def test_a_call_that_cannot_be_is_refused(acme, owner, given, field):
    given = {"outcome": "call_back", **given}
    if "next_on" in given:
        given["next_on"] = later(given["next_on"])
    with pytest.raises(TenureError) as refused:
        prospects.record_call(acme, by=owner, **given)
    assert refused.value.where["field"] == field
    assert not Call.objects.exists()


def test_it_becomes_an_account_of_who_made_it_one_without_any_address(acme, owner):
    account_id = prospects.convert(acme, by=owner)
    acme.refresh_from_db()
    account = crm.account_for(owner, account_id)
    assert (acme.state, acme.account_id, acme.who) == ("converted", "acme.example", owner)
    assert (account.name, account.domain, account.owner) == ("Acme", "acme.example", owner.email)
    assert (account.industry, account.region, account.employees) == ("manufacturing", "上海", 60)
    task = crm.visible_to(owner, ActivityVersion).get()
    assert (task.kind, task.account_id, task.owner, task.done_at) == ("task", account_id, owner.email, None)
    assert "@acme" not in str({**account.as_row(), "owner": ""})
    with pytest.raises(TenureError, match="account already"):
        prospects.convert(acme, by=owner)


# ---------------------------------------------------------------------- the day on which it is emptied


def test_on_its_day_everything_known_is_emptied_and_the_outcome_stays(acme, owner, queued):
    prospects.record_call(acme, "interested", by=owner, note="their buyer is Ms. Li")
    Prospect.objects.update(expires_on=timezone.localdate())
    queue_emptying()
    queue_emptying()
    queued()
    acme.refresh_from_db()
    assert (acme.name, acme.state, acme.emptied_at is None) == ("", "called", False)
    assert (ProspectFact.objects.count(), CollectedAddress.objects.count()) == (0, 0)
    assert list(Call.objects.values_list("outcome", "note")) == [("interested", "")]
    assert AuditEntry.objects.filter(verb="emptied").count() == 1
    with pytest.raises(TenureError, match="emptied"):
        prospects.convert(acme, by=owner)
    queue_emptying()
    queued()
    assert AuditEntry.objects.filter(verb="emptied").count() == 1


def test_the_day_before_nothing_is_emptied(acme):
    Prospect.objects.update(expires_on=later(1))
    assert prospects.empty_expired() == 0


# ---------------------------------------------------------------------- what the store refuses


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"role": "info", "sendable": True}, id="one that may be sent to"),
        pytest.param({"role": "jane.doe"}, id="a person's"),
    ],
)
def test_no_collected_address_can_be_one_that_is_sent_to(acme, values):
    row = {"prospect": acme, "domain": "b.example", "url": PAGE, "fetched_at": timezone.now(), **values}
    with pytest.raises(IntegrityError), transaction.atomic():
        CollectedAddress.objects.create(**row)
    with pytest.raises(IntegrityError), transaction.atomic():
        CollectedAddress.objects.update(**values)


def test_a_fact_from_a_page_that_was_not_allowed_cannot_be_kept(acme):
    with pytest.raises(IntegrityError), transaction.atomic():
        ProspectFact.objects.create(
            prospect=acme, subject="words", value="x", url=PAGE, fetched_at=timezone.now(), robots="unreachable"
        )


def test_a_person_who_is_erased_is_replaced_in_what_was_written_of_prospects(acme, owner):
    prospects.record_call(acme, "interested", by=owner, note="Ask for Li Min in January")
    assert erasing.forget_in_texts(replacing(["Li Min"])) == 1
    assert Call.objects.get().note == "Ask for (erased) in January"


# ---------------------------------------------------------------------- whose they are


@pytest.mark.parametrize(("scope", "seen"), [("own", {"mine", "free"}), ("team", {"mine", "free", "ours"})])
def test_who_sees_some_accounts_sees_their_own_prospects_and_the_free_ones(home, viewer, operator, owner, scope, seen):
    north = Team.objects.create(name="North")
    viewer.team = operator.team = north
    viewer.scope = scope
    viewer.save()
    operator.save()
    for name, who in (("mine", viewer), ("ours", operator), ("theirs", owner), ("free", None)):
        Prospect.objects.create(name=name, who=who, found_at=timezone.now(), expires_on=later(9))
    assert {one.name for one in selectors.prospects(viewer)} == seen
    hidden = Prospect.objects.get(name="theirs")
    with pytest.raises(TenureError, match="no such prospect"):
        selectors.prospect(viewer, hidden.pk)


# ---------------------------------------------------------------------- telephone lists


def test_a_list_keeps_the_fields_it_may_and_nothing_else(home, owner):
    profile.save_profile("Makers", RULES, by=owner)
    rows = [
        {"name": "Birch 制造", "phone": "021-1", "email": "a@b.example", "industry": "制造", "contact": "Jane"},
        {"name": "联系人：张伟", "phone": "021-2"},
        {"name": "", "phone": "021-3"},
        {"name": "Cedar", "phone": "021-4", "industry": "制造"},
    ]
    found = taken(rows, by=owner, fields=["phone", "industry"])
    assert (found.added, found.without_name) == (2, 2)
    assert dict(found.dropped) == {"email": 1, "contact": 1, "name": 1}
    assert list(Prospect.objects.values_list("name", "phone", "score", "expires_on")) == [
        ("Birch 制造", "021-1", 60, later(30)),
        ("Cedar", "021-4", 60, later(30)),
    ]


def test_who_is_known_or_opted_out_is_not_taken_again(acme, owner):
    sites.opt_out("no.example", by=owner)
    rows = [{"name": n, "domain": d} for n, d in (("A", "www.acme.example"), ("B", "x.no.example"), ("C", "c.example"))]
    found = taken([*rows, rows[-1]], fields=["domain"])
    assert (found.added, found.known) == (1, 3)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"ground": "bought"}, "list.no_ground"),
        ({"fields": ["phone", "email"]}, "list.bad_field"),
        ({"expires_on": 0}, "list.bad_day"),
        ({"expires_on": 400}, "list.bad_day"),
    ],
)
def test_a_list_without_ground_limit_or_day_is_not_taken_in(home, given, code):
    if "expires_on" in given:
        given = {"expires_on": later(given["expires_on"])}
    with pytest.raises(TenureError) as refused:
        taken([{"name": "A"}], **given)
    assert refused.value.code == code
    assert not Prospect.objects.exists()


# ---------------------------------------------------------------------- owners who do not want it


def test_an_owner_who_does_not_want_it_is_forgotten_with_all_below(acme, owner):
    sites.add_sites(["acme.example", "shop.acme.example", "acme.example.org"], by=owner)
    sites.opt_out("https://www.acme.example/imprint", "asked by mail", by=owner)
    acme.refresh_from_db()
    assert (acme.name, acme.facts.count(), acme.addresses.count()) == ("", 0, 0)
    assert [site.domain for site in selectors.sites()] == ["acme.example.org"]
    assert sites.add_sites(["eu.acme.example"], by=owner) == (0, ["eu.acme.example"])
    sites.drop_opt_out("acme.example", by=owner)
    assert sites.add_sites(["eu.acme.example"], by=owner) == (1, [])


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.Acme.example/about?x=1", "acme.example"),
        ("例子.公司.cn", "xn--fsqu00a.xn--55qx5d.cn"),
        ("acme.example:8443", "acme.example"),
        *(
            (text, None)
            for text in ("", "localhost", "10.0.0.1", "[::1]", "a.local", "a..b", "x", "://", "a b.example")
        ),
    ],
)
def test_what_names_a_site(text, domain):
    assert sites.domain_of(text) == domain


# ---------------------------------------------------------------------- a real list


BANK = SHARED / "data" / "bank_telemarketing" / "bank_additional_full.csv.gz"


def bank(most: int | None = None):
    """The calls of a bank (UCI 222), its clients by number: what a list says of persons is left to be dropped."""
    with gzip.open(BANK, "rt", encoding="utf-8") as file:
        for number, row in enumerate(islice(csv.DictReader(file), most), start=1):
            yield {**row, "name": f"No. {number}", "outcome": {"yes": "sold", "no": "refused"}[row["y"]]}


@pytest.mark.skipif(not BANK.is_file(), reason="the public data sets are not beside this clone")
def test_a_bank_s_calls_are_a_list_with_outcomes_and_nothing_of_its_clients(home):
    rows = list(islice(bank(), 30_000, 31_000))
    done = taken(rows, fields=[])
    found = selectors.call_lists().get()
    assert (done.added, done.called, found.size, found.called) == (1_000, 1_000, 1_000, 1_000)
    assert found.agreed == sum(row["y"] == "yes" for row in rows)
    assert {"age", "job", "marital", "education", "default"} <= set(done.dropped)
    assert not ProspectFact.objects.exists()


@pytest.mark.parametrize(("text", "added"), [('name,phone\n"A,1\nB', 1), ("name\n\n\n", 0), ("", 0), ("phone\n1", 0)])
def test_a_file_that_is_hardly_a_list_is_read_as_far_as_it_is_one(home, text, added):
    assert taken(lists.rows_of(io.StringIO(text))).added == added


def test_a_file_that_is_no_text_is_refused_and_nothing_is_kept(home):
    with pytest.raises(TenureError) as refused:
        taken(lists.rows_of(io.TextIOWrapper(io.BytesIO(b"name\nAcme\n\xff\xfe\x81"), "utf-8")))
    assert refused.value.code == "list.unreadable"
    assert not Prospect.objects.exists()
