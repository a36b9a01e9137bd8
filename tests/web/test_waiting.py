"""Answers that a cluster computes: a page waits for them, tells how far they are, stops them, or shows the last one."""

from __future__ import annotations

import json
import os
import re
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tenure.core.errors import TenureError
from tenure.warehouse.engines import routed
from tenure.warehouse.engines.duckdb import DuckDBEngine
from tenure.warehouse.engines.spark import lost
from tenure.warehouse.workspace import Asking
from tenure.web import asking

FUNNEL = {"question": "funnel", "steps": [{"event": "signup"}, {"event": "search"}], "window_seconds": 5_000_000}
PAGE = "/activate/lifecycle/?period=month&from=2024-01&to=2024-03"


class Cluster:
    """Stands for a cluster: computes here, tells how far it is, and may be lost."""

    def __init__(self, lake: Any) -> None:
        self._here = DuckDBEngine(lake)
        self._watch: Any = None
        self.is_lost = False
        self.asked = 0

    def query(self, *given: Any) -> Any:
        self._look()
        return self._here.query(*given)

    def walked(self, *given: Any) -> Any:
        self._look()
        return self._here.walked(*given)

    @contextmanager
    def watching(self, watch: Any) -> Any:
        self._watch = watch
        yield
        self._watch = None

    def _look(self) -> None:
        self.asked += 1
        assert self._watch is not None, "a page asked the cluster"
        if self.is_lost:
            raise lost("spark://one:7077", "connection refused")
        self._watch.tell(3, 8)
        if self._watch.stop():
            raise TenureError("engine.cancelled", "The question was cancelled.", fix="Ask it again when you need it.")


@pytest.fixture
def cluster(own_sample, monkeypatch):
    """Every question of events is the cluster's."""
    import tenure
    from tenure.apps.workspaces.services import lake

    opened = tenure.open(own_sample)
    rows = [
        {"event": event, "ts": f"2024-0{month}-05T10:00:00Z", "user_id": f"u{user}", "account_id": account}
        for user, account in enumerate(("acme", "acme", "birch"))
        for month, event in ((1, "signup"), (2, "search"))
    ]
    rows += [{"event": "other", "ts": f"2024-01-0{day}T10:00:00Z", "user_id": "u0"} for day in range(1, 10)] * 4
    opened.load("events", rows)
    made = {}

    def engine(lake: Any, name: str = "", **limits: Any) -> routed.RoutedEngine:
        here = made.setdefault(lake.path, Cluster(lake))
        return routed.RoutedEngine(DuckDBEngine(lake), here, 40)

    monkeypatch.setattr(routed, "engine", engine)
    for known in (asking._opened, lake._whole):
        known.cache_clear()
    asking._opened(own_sample)
    yield made[own_sample / "lake"]
    for known in (asking._opened, lake._whole):
        known.cache_clear()


def work():
    """What the process that asks the cluster does until nothing waits."""
    from tenure.apps.workspaces import tasks
    from tenure.apps.workspaces.services import computing

    tasks.job_runner("test", queue=computing.QUEUE, until_empty=True).run()


def test_a_page_waits_and_is_loaded_again(cluster, signed_in, transactional_db):
    browser = signed_in("owner")
    waits = browser.get(PAGE)
    assert waits.status_code == 202
    assert "Waiting for the cluster" in waits.content.decode()
    assert cluster.asked == 0
    (looked,) = {line.split('"')[0] for line in waits.content.decode().split('hx-get="')[1:] if "/computing/" in line}
    assert "HX-Redirect" not in browser.get(looked, headers={"HX-Request": "true"})
    work()
    assert browser.get(looked, headers={"HX-Request": "true"})["HX-Redirect"] == PAGE
    shown = browser.get(PAGE)
    assert shown.status_code == 200
    assert "2024" in shown.content.decode()


def test_one_question_is_one_job_however_often_it_is_asked(cluster, signed_in, transactional_db):
    from django_tasks_db.models import DBTaskResult

    for role in ("owner", "analyst", "viewer"):
        assert signed_in(role).get(PAGE).status_code == 202
    assert DBTaskResult.objects.count() == 1


def test_it_can_be_stopped_and_tried_again(cluster, signed_in, transactional_db):
    browser = signed_in("owner")
    page = browser.get(PAGE).content.decode()
    signed = page.split('name="asked" value="')[1].split('"')[0]
    assert browser.post("/computing/stop/", {"asked": signed, "next": PAGE}).url == PAGE
    work()
    stopped = browser.get(PAGE)
    assert stopped.status_code == 409
    assert "The question was cancelled." in stopped.content.decode()
    assert browser.get(f"{PAGE}&answer=again").status_code == 202
    work()
    assert browser.get(PAGE).status_code == 200


def test_a_key_that_is_not_ours_stops_nothing(cluster, signed_in, transactional_db):
    browser = signed_in("owner")
    browser.get(PAGE)
    browser.post("/computing/stop/", {"asked": "made-up"})
    work()
    assert browser.get(PAGE).status_code == 200


def test_a_lost_cluster_is_said_with_the_last_answer(cluster, signed_in, transactional_db, settings):
    browser = signed_in("owner")
    browser.get(PAGE)
    work()
    settings.TENURE_CLUSTER_MINUTES = 0
    cluster.is_lost = True
    assert browser.get(f"{PAGE}&density=1").status_code in (200, 202)
    import tenure

    tenure.open(settings.TENURE_HOME).load("events", [{"event": "late", "ts": "2024-03-01T00:00:00Z", "user_id": "u1"}])
    assert browser.get(PAGE).status_code == 202
    work()
    gone = browser.get(PAGE)
    assert gone.status_code == 503
    text = gone.content.decode()
    assert "The cluster at spark://one:7077 does not answer." in text
    assert "The last answer, of" in text
    last = browser.get(f"{PAGE}&answer=last")
    assert last.status_code == 200
    cluster.is_lost = False
    assert browser.get(f"{PAGE}&answer=again").status_code == 202


def test_programs_wait_too(cluster, client, key, transactional_db):
    headers = key("viewer")

    def post(address: str) -> Any:
        return client.post(address, json.dumps(FUNNEL), content_type="application/json", headers=headers)

    waits = post("/api/ask")
    assert (waits.status_code, waits["Retry-After"]) == (202, "2")
    assert waits.json() == {"computing": {"done": 0, "known": 0, "last": None}}
    work()
    assert [row["units"] for row in post("/api/ask").json()["rows"]] == [3, 3]
    assert post("/api/ask/stop").json() == {"stopping": False}


def test_nobody_gets_an_answer_about_what_they_do_not_see(cluster, client, key, signed_in, transactional_db):
    from tenure.apps.crm import services
    from tenure.apps.workspaces.services import teams

    for account, owner in (("acme", "Sally"), ("birch", "Tess")):
        services.add("accounts", {"account_id": account, "owner": owner}, by="the test")
    seller = signed_in("sales")
    from tenure.apps.workspaces.models import Member

    teams.set_scope(Member.objects.get(role="sales"), scope="own", team=None, owns_as="Sally", by="the test")
    assert (
        client.post("/api/ask", json.dumps(FUNNEL), content_type="application/json", headers=key("viewer")).status_code
        == 202
    )
    work()
    asked = seller.post("/api/ask", json.dumps(FUNNEL), content_type="application/json")
    assert asked.status_code == 202
    work()
    asked = seller.post("/api/ask", json.dumps(FUNNEL), content_type="application/json")
    assert [row["units"] for row in asked.json()["rows"]] == [2, 2]


def test_what_reads_no_events_does_not_wait(cluster, signed_in, transactional_db):
    assert signed_in("owner").get("/retain/movements/").status_code == 200
    assert cluster.asked == 0


def test_a_stop_that_comes_too_late_or_too_early_stops_nothing(cluster, client, key, settings, transactional_db):
    headers = key("viewer")

    def post(address: str) -> Any:
        return client.post(address, json.dumps(FUNNEL), content_type="application/json", headers=headers)

    post("/api/ask/stop")
    assert not list((Path(settings.TENURE_HOME) / "cache").glob("asked/*"))
    post("/api/ask")
    work()
    assert post("/api/ask").status_code == 200


def test_a_try_that_failed_is_told_and_not_begun_anew(cluster, signed_in, transactional_db):
    cluster.is_lost = True
    browser = signed_in("owner")
    browser.get(PAGE)
    work()
    again = browser.get(f"{PAGE}&answer=again").content.decode()
    (looked,) = re.findall(r'hx-get="(/computing/[^"]*)"', again)
    work()
    sent_to = browser.get(looked, headers={"HX-Request": "true"})["HX-Redirect"]
    assert browser.get(sent_to).status_code == 503


def test_a_failure_that_nobody_foresaw_is_told(cluster, signed_in, monkeypatch, transactional_db):
    def broken(self: Cluster) -> None:
        raise RuntimeError("the gateway is gone")

    monkeypatch.setattr(Cluster, "_look", broken)
    browser = signed_in("owner")
    browser.get(PAGE)
    work()
    told = browser.get(PAGE)
    assert told.status_code == 502
    assert "engine.cluster_failed" in told.content.decode()


@pytest.mark.parametrize("wish", ["", "&answer=last"])
def test_an_answer_of_before_is_shown_with_its_moment(
    cluster, signed_in, settings, monkeypatch, transactional_db, wish
):
    browser = signed_in("owner")
    browser.get(PAGE)
    work()
    asking._opened(Path(settings.TENURE_HOME)).load("events", [{"event": "late", "ts": "2024-03-01T00:00:00Z"}])
    settings.TENURE_CLUSTER_MINUTES = 10**7
    last, then = Asking.last, datetime(2021, 5, 6, 12, tzinfo=UTC)
    monkeypatch.setattr(Asking, "last", lambda self: replace(last(self), computed_at=then))
    assert "Data as of 6 May" in browser.get(PAGE + wish).content.decode()


def test_an_answer_that_was_thrown_away_for_an_erasure_is_not_the_last(
    cluster, client, key, settings, transactional_db
):
    from tenure.apps.connectors import erasure

    headers = key("viewer")

    def ask() -> int:
        return client.post("/api/ask", json.dumps(FUNNEL), content_type="application/json", headers=headers).status_code

    ask()
    work()
    assert ask() == 200
    home = Path(settings.TENURE_HOME)
    erasure._drop_answers(home)
    asking._opened(home).load("events", [{"event": "late", "ts": "2024-03-01T00:00:00Z"}])
    assert ask() == 202


def test_rows_behind_a_figure_are_the_cluster_s_too(cluster, client, key, transactional_db):
    headers = key("analyst")
    asked = {"question": FUNNEL, "cell": {"step": "2"}}

    def post(address: str, body: Any) -> Any:
        return client.post(address, json.dumps(body), content_type="application/json", headers=headers)

    post("/api/ask", FUNNEL)
    work()
    before = cluster.asked
    assert post("/api/rows-behind", asked).status_code == 202
    assert cluster.asked == before
    work()
    rows = post("/api/rows-behind", asked)
    assert (rows.status_code, rows.json()["count"]) == (200, 3)
    assert {row["event"] for row in rows.json()["rows"]} == {"search"}
    wrong = {"question": FUNNEL, "cell": {"step": "9"}}
    assert post("/api/rows-behind", wrong).status_code == 202
    work()
    assert post("/api/rows-behind", wrong).json()["error"]["code"] == "question.unknown_cell"


def test_an_old_failure_is_forgotten(cluster, signed_in, transactional_db, settings):
    from tenure.apps.workspaces.services import computing

    cluster.is_lost = True
    browser = signed_in("owner")
    browser.get(PAGE)
    work()
    assert browser.get(PAGE).status_code == 503
    cluster.is_lost = False
    for sign in computing._folder().glob("*.json"):
        os.utime(sign, (0, time.time() - computing.FAILURE_SECONDS - 1))
    assert browser.get(PAGE).status_code == 202
    work()
    assert browser.get(PAGE).status_code == 200
    stale = computing._folder() / "old.json"
    stale.write_text("{}")
    os.utime(stale, (0, 0))
    assert computing.sweep() == 1


def test_a_job_that_its_workers_died_of_is_told(cluster, signed_in, transactional_db):
    from django_tasks_db.models import DBTaskResult

    from tenure.apps.workspaces.services import computing

    browser = signed_in("owner")
    browser.get(PAGE)
    job = DBTaskResult.objects.get()
    computing._tell(job.args_kwargs["args"][0], computing.Progress(3, 8))
    assert "3 of 8 tasks so far" in browser.get(PAGE).content.decode()
    job.set_failed(RuntimeError("killed"))
    told = browser.get(PAGE)
    assert told.status_code == 502
    assert "engine.cluster_failed" in told.content.decode()
    assert DBTaskResult.objects.count() == 1
