"""A walk through the list of sites as a job: signed for, one at a time, stopped and killed without loss."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from apps.connectors.local_sites import Sites, html
from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.models import Collection, CollectorSetting, Prospect
from tenure.apps.acquisition.services import collecting, sites
from tenure.apps.connectors import tasks
from tenure.apps.connectors.crawler import visits
from tenure.apps.connectors.crawler.walking import Limits
from tenure.apps.workspaces.models import AuditEntry
from tenure.core.errors import TenureError

PURPOSE = "To find makers of pumps whom our product would help."
CONTACT = "https://us.example.com/collector"


@pytest.fixture(scope="module")
def server() -> Iterator[Sites]:
    made = Sites()
    yield made
    made.close()


@pytest.fixture
def local(server, monkeypatch) -> Sites:
    """Three companies on our own server, asked through the real fetcher, with a clock that does not wait."""
    server.asked.clear()
    server.pages = {f"{n}.example": {"/": html(n, f"<title>{n.title()}</title>")} for n in ("acme", "birch", "cedar")}
    real = visits.visit_next

    def visit(collection_id, **more):
        given = {"web": server.web(), "clock": server.clock, "starts": lambda d: [server.start(d)], **more}
        return real(collection_id, limits=Limits(page_seconds=0.5), **given)

    monkeypatch.setattr(visits, "visit_next", visit)
    return server


@pytest.fixture
def signed(home, owner):
    collecting.sign(PURPOSE, CONTACT, "olga", by=owner)
    sites.add_sites(["acme.example, reading allowed", "birch.example", "cedar.example"], by=owner)
    return owner


def every(queued) -> None:
    while DBTaskResult.objects.ready().exists():
        queued()


def test_nothing_is_collected_before_a_person_signed(home, owner):
    sites.add_sites(["acme.example"], by=owner)
    with pytest.raises(TenureError, match="off"):
        tasks.queue_collection(by=owner)
    assert not DBTaskResult.objects.exists()


@pytest.mark.parametrize(
    ("purpose", "contact", "signature", "field"),
    [
        ("sales", CONTACT, "Olga", "purpose"),
        (PURPOSE, "javascript:alert(1)", "Olga", "contact"),
        (PURPOSE, "http://localhost/", "Olga", "contact"),
        (PURPOSE, "https://us.example.com/\r\nX: y", "Olga", "contact"),
        (PURPOSE, CONTACT, "Otto", "signature"),
    ],
)
def test_a_purpose_is_signed_by_who_stands_for_it(home, owner, purpose, contact, signature, field):
    with pytest.raises(TenureError) as refused:
        collecting.sign(purpose, contact, signature, by=owner)
    assert refused.value.where["field"] == field
    assert not selectors.collector().is_on


def test_a_walk_visits_every_site_once_and_says_what_came_of_it(local, signed, queued):
    local.pages["birch.example"] = {"/robots.txt": "User-agent: *\nDisallow: /"}
    begun = tasks.queue_collection(by=signed)
    with pytest.raises(TenureError, match="under way"):
        tasks.queue_collection(by=signed)
    every(queued)
    assert list(selectors.visits(begun.pk).values_list("domain", "verdict", "pages")) == [
        ("acme.example", "visited", 1),
        ("birch.example", "robots", 0),
        ("cedar.example", "visited", 1),
    ]
    assert set(Prospect.objects.values_list("domain", "name")) == {("acme.example", "Acme"), ("cedar.example", "Cedar")}
    begun.refresh_from_db()
    assert (begun.state, begun.purpose) == ("done", PURPOSE)
    assert AuditEntry.objects.filter(kind="collection").count() == 2


def test_what_a_killed_process_had_written_stays_and_its_site_is_visited_again(local, signed, queued):
    begun = tasks.queue_collection(by=signed)
    queued()

    class Killed(BaseException):
        pass

    class Dying:
        def get(self, url, **more):
            raise Killed

    with pytest.raises(Killed):
        visits.visit_next(begun.pk, web=Dying())
    assert selectors.progress(begun.pk)["done"] == 1
    every(queued)
    begun.refresh_from_db()
    assert (begun.state, Prospect.objects.count(), local.paths("acme.example").count("/")) == ("done", 3, 1)


def test_a_walk_that_no_job_goes_on_with_is_ended(local, signed):
    begun = tasks.queue_collection(by=signed)
    tasks.sweep()
    assert selectors.under_way() == begun, "its job waits"
    DBTaskResult.objects.all().delete()
    tasks.sweep()
    begun.refresh_from_db()
    assert begun.state == "failed"


@pytest.mark.parametrize("how", ["stopped", "switched off"])
def test_a_walk_ends_before_its_next_request(local, signed, queued, how):
    begun = tasks.queue_collection(by=signed)
    local.pages["birch.example"] = {"/": html("<a href='/a'>a</a>"), "/a": html("")}
    queued()
    asked = []

    class Watched:
        def get(self, url, **more):
            asked.append(url)
            if how == "stopped":
                collecting.stop(begun.pk, by=signed)
            else:
                collecting.switch_off(by=signed)
            return local.web().get(url, **more)

    assert visits.visit_next(begun.pk, web=Watched())
    assert len(asked) == 1
    every(queued)
    begun.refresh_from_db()
    assert begun.state == "cancelled"
    assert Prospect.objects.get().domain == "acme.example", "what was found before stays"


def test_an_owner_who_opts_out_while_their_site_is_visited_is_left_alone(local, signed, queued):
    begun = tasks.queue_collection(by=signed)
    sites.opt_out("birch.example", by=signed)
    every(queued)
    assert not local.paths("birch.example")
    assert selectors.visits(begun.pk).get(domain="birch.example").verdict == "opted_out"


def test_a_site_that_nothing_was_made_for_does_not_end_the_walk(local, signed, queued):
    begun = tasks.queue_collection(by=signed)

    class Broken:
        def get(self, url, **more):
            raise ZeroDivisionError

    assert visits.visit_next(begun.pk, web=Broken())
    every(queued)
    begun.refresh_from_db()
    assert begun.state == "done"
    assert [*selectors.visits(begun.pk).values_list("verdict", flat=True)] == ["failed", "visited", "visited"]


def test_two_processes_never_collect_at_once(local, signed):
    begun = tasks.queue_collection(by=signed)
    with visits._alone() as alone:
        assert alone
        assert not visits.visit_next(begun.pk)
    assert not local.asked
    assert Collection.objects.get().state == "running"


def test_what_was_collected_before_is_replaced_and_lives_longer(local, signed, queued):
    tasks.queue_collection(by=signed)
    every(queued)
    local.pages["acme.example"] = {"/": html("", "<title>Acme AG</title><meta name=description content='Pumps'>")}
    Prospect.objects.update(expires_on="2026-01-01")
    tasks.queue_collection(by=signed)
    every(queued)
    acme = Prospect.objects.get(domain="acme.example")
    assert (acme.name, [*acme.facts.values_list("subject", "value", "robots", "terms")]) == (
        "Acme AG",
        [("about", "Pumps", "no_file", "reading allowed")],
    )
    assert str(acme.expires_on) > "2026-06-01"


def test_the_setting_is_one_row_that_somebody_signed(home, owner):
    for values in ({"pk": 2}, {"pk": 1, "signed_at": timezone.now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CollectorSetting.objects.create(**values)
