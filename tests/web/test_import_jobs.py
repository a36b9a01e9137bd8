"""Imports as jobs over HTTP: accepted, followed, stopped at every moment, begun again after a kill, and by whom."""

from __future__ import annotations

import io
import sqlite3
import time
from contextlib import closing
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django_tasks_db.models import DBTaskResult

from tenure.apps.connectors import tasks as import_tasks
from tenure.apps.connectors.files import importer, jobs
from tenure.apps.connectors.files.limits import Limits
from tenure.apps.connectors.files.reading import Progress
from tenure.apps.connectors.files.signs import Signs
from tenure.apps.subscriptions.models import SubscriptionVersion
from tenure.apps.workspaces import tasks
from tenure.apps.workspaces.models import ApiKey, AuditEntry, OutboxEntry
from tenure.apps.workspaces.services import bulk

pytestmark = pytest.mark.django_db
HEAD = b"account_id,subscription_id,amount,currency,start\n"
FILE = HEAD + b"".join(b"a%d,s%d,100,USD,2024-01-01\n" % (n, n) for n in range(6))
BAD = FILE + b"a9,s9,much,USD,2024-01-01\n"


@pytest.fixture
def headers(key: Any, home: Any) -> Any:
    return key("operator")


@pytest.fixture
def send(client: Any, headers: Any) -> Any:
    """Send a file as a job; the response."""

    def post(content: bytes = FILE, **fields: Any) -> Any:
        given = {"file": io.BytesIO(content), "kind": "subscriptions", "wait": "false", **fields}
        given["file"].name = "subscriptions.csv"
        return client.post("/api/imports", given, headers=headers)

    return post


@pytest.fixture
def status(client: Any, headers: Any) -> Any:
    def get(run: int, **more: str) -> Any:
        return client.get(f"/api/imports/{run}", headers={**headers, **more}).json()

    return get


@pytest.fixture
def cancel(client: Any, headers: Any) -> Any:
    def post(run: int) -> Any:
        response = client.post(f"/api/imports/{run}/cancel", headers=headers)
        return response.status_code, response.json()

    return post


def work() -> None:
    """What the worker does until its queue is empty, on the connection of the test."""
    with patch("django_tasks_db.management.commands.db_worker.close_old_connections"):
        tasks.job_runner("tenure-test", until_empty=True).run()


def written() -> tuple[int, int]:
    return SubscriptionVersion.objects.count(), OutboxEntry.objects.count()


def kept(home: Any) -> list[str]:
    """Files that an import left, beside its report and the rows it refused."""
    return sorted(
        p.name for p in (home / "imports").rglob("*") if p.is_file() and p.name not in {"report.csv", "rejects.jsonl"}
    )


def test_a_job_is_accepted_followed_and_done(send: Any, status: Any, home: Any) -> None:
    response = send()
    accepted = response.json()
    assert (response.status_code, accepted["state"]) == (202, "queued")
    assert response["Location"] == accepted["status"] == f"/api/imports/{accepted['run']}"
    waiting = status(accepted["run"])
    assert (waiting["state"], waiting["share"], waiting["rows_read"]) == ("queued", 0, 0)
    assert written() == (0, 0)
    work()
    done = status(accepted["run"])
    assert (done["state"], done["share"], done["error"]) == ("applied", 1, None)
    assert (done["rows_read"], done["created"], done["changed"], done["unchanged"]) == (6, 6, 0, 0)
    assert done["result"]["rows_good"] == 6
    assert written()[0] == 6
    assert kept(home) == []


def test_the_same_file_twice_changes_nothing(send: Any, status: Any) -> None:
    first, second = send().json()["run"], send().json()["run"]
    work()
    assert (status(first)["created"], status(second)["created"], status(second)["unchanged"]) == (6, 0, 6)


@pytest.mark.parametrize(("limit", "wait", "code"), [(10**6, "true", 200), (100, "true", 202), (10**6, "false", 202)])
def test_a_large_file_or_a_caller_who_does_not_wait_makes_a_job(
    send: Any, monkeypatch: Any, limit: int, wait: str, code: int
) -> None:
    monkeypatch.setattr("tenure.web.uploads.MOST_AT_ONCE", limit)
    assert send(wait=wait).status_code == code
    assert DBTaskResult.objects.count() == (code == 202)


def test_a_running_job_says_how_far_it_is(send: Any, status: Any, monkeypatch: Any) -> None:
    seen = []
    run = send(BAD, options='{"skip_bad": true}').json()["run"]
    monkeypatch.setattr(importer, "Limits", lambda: Limits(batch_rows=1))
    after_each_look(monkeypatch, lambda: seen.append(status(run)))
    work()
    assert [found["rows_read"] for found in seen] == [1, 2, 3, 4, 5, 6, 7]
    assert [found["problems"] for found in seen] == [0, 0, 0, 0, 0, 0, 1]
    assert {(found["state"], found["cancelling"]) for found in seen} == {("staged", False)}
    assert seen[-1]["share"] == 1
    done = status(run)
    assert (done["rows_read"], done["created"], done["rows_bad"], done["problems"]) == (7, 6, 1, 1)


@pytest.mark.parametrize(("done", "total", "share"), [(0, 300, 0), (100, 300, 0.3333), (300, 300, 1), (5, 0, None)])
def test_the_share_of_the_file_that_is_read(send: Any, status: Any, done: int, total: int, share: float | None) -> None:
    run = send().json()["run"]
    importer.imports.ImportRun.objects.update(state="staged")
    assert status(run)["share"] == 0
    Signs(run).tell(Progress(9, done, total))
    assert status(run)["share"] == share


def after_each_look(monkeypatch: Any, act: Any) -> None:
    """Do something whenever the import has said how far it is."""
    tell = Signs.tell

    def told(self: Signs, progress: Any) -> None:
        tell(self, progress)
        act()

    monkeypatch.setattr(Signs, "tell", told)


@pytest.mark.django_db(transaction=True)
def test_how_far_an_import_is_can_be_asked_while_its_rows_are_written(send: Any, status: Any) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite makes all writers wait for one")
    run = send().json()["run"]
    ApiKey.objects.update(last_used_at=None)
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        assert status(run)["state"] == "queued"
        assert time.monotonic() - begun < 10
        writer.execute("ROLLBACK")
    assert ApiKey.objects.get().last_used_at is None
    status(run)
    assert ApiKey.objects.get().last_used_at is not None


def test_a_refused_file_says_why_in_the_readers_language(send: Any, status: Any, client: Any, headers: Any) -> None:
    run = send(BAD).json()["run"]
    work()
    failed = status(run)
    assert (failed["state"], failed["share"], failed["result"], failed["problems"]) == ("failed", None, None, 1)
    assert failed["error"]["code"] == "import.rejected"
    assert failed["error"]["problems"][0]["code"] == "import.bad_number"
    assert status(run, **{"accept-language": "zh-CN"})["error"]["message"].startswith("「subscriptions.csv」")
    report = client.get(f"/api/imports/{run}/report", headers=headers)
    assert b"much" in b"".join(report.streaming_content)
    assert written() == (0, 0)


def test_a_fault_of_ours_shows_nothing_of_its_inside(send: Any, status: Any, monkeypatch: Any, home: Any) -> None:
    run = send().json()["run"]
    monkeypatch.setattr(importer, "_read", lambda *_: 1 / 0)
    work()
    failed = status(run)
    assert (failed["state"], failed["error"]["code"]) == ("failed", "import.failed")
    assert "division" not in str(failed)
    assert DBTaskResult.objects.get().status == "FAILED"
    assert kept(home) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        pytest.param({"kind": "tea"}, "import.unknown_kind", id="unknown kind"),
        pytest.param({"options": '{"colour": 1}'}, "import.bad_option", id="unknown option"),
    ],
)
def test_what_is_known_to_be_wrong_is_refused_at_once(send: Any, home: Any, fields: Any, code: str) -> None:
    response = send(**fields)
    assert (response.status_code, response.json()["error"]["code"]) == (422, code)
    assert (kept(home), DBTaskResult.objects.count()) == ([], 0)


# ---------------------------------------------------------------------- stopped


def test_a_waiting_job_is_cancelled_at_once(send: Any, status: Any, cancel: Any, home: Any) -> None:
    run = send().json()["run"]
    code, said = cancel(run)
    assert (code, said["state"], said["error"]["code"]) == (202, "cancelled", "import.cancelled")
    work()
    assert status(run)["state"] == "cancelled"
    assert cancel(run)[0] == 202
    assert (written(), kept(home)) == ((0, 0), [])
    assert AuditEntry.objects.filter(verb="cancelled import", key=str(run)).count() == 1


def test_a_job_that_reads_is_stopped_with_nothing_written(
    send: Any, status: Any, cancel: Any, home: Any, monkeypatch: Any
) -> None:
    said = []
    run = send().json()["run"]
    monkeypatch.setattr(importer, "Limits", lambda: Limits(batch_rows=2))
    after_each_look(monkeypatch, lambda: said.append(cancel(run)))
    work()
    assert [(code, now["state"], now["cancelling"], now["rows_read"]) for code, now in said] == [
        (202, "staged", True, 2)
    ]
    assert (status(run)["state"], status(run)["cancelling"]) == ("cancelled", False)
    assert (written(), kept(home)) == ((0, 0), [])


@pytest.mark.parametrize("step", ["_stage", "_match", "_supersede", "_insert"])
def test_a_job_that_writes_is_stopped_and_its_rows_rolled_back(
    send: Any, status: Any, cancel: Any, home: Any, monkeypatch: Any, step: str
) -> None:
    send(FILE.replace(b"100", b"90"))
    work()
    before = written()
    run = send().json()["run"]
    original = getattr(bulk, step)

    def then_cancel(*arguments: Any) -> Any:
        done = original(*arguments)
        Signs(run).ask_to_stop()
        return done

    monkeypatch.setattr(bulk, step, then_cancel)
    work()
    assert (status(run)["state"], written(), kept(home)) == ("cancelled", before, [])


def test_a_wish_that_comes_with_the_last_row_takes_the_import_back(
    send: Any, status: Any, cancel: Any, home: Any, monkeypatch: Any
) -> None:
    run = send().json()["run"]
    note = importer.imports.note_outcome

    def note_late(*arguments: Any) -> None:
        Signs(run).ask_to_stop()
        note(*arguments)

    monkeypatch.setattr(importer.imports, "note_outcome", note_late)
    work()
    assert (status(run)["state"], kept(home)) == ("undone", [])
    assert not SubscriptionVersion.objects.live().exists()


def test_who_cancels_just_after_the_end_hears_that_it_has_ended(
    send: Any, status: Any, cancel: Any, monkeypatch: Any, home: Any
) -> None:
    run = send().json()["run"]
    stale = jobs.selectors.import_run(run)
    work()
    looks = iter([stale])
    known = jobs.selectors.import_run
    monkeypatch.setattr(jobs.selectors, "import_run", lambda number: next(looks, None) or known(number))
    code, refused = cancel(run)
    assert (code, refused["error"]["code"]) == (422, "import.not_cancellable")
    assert (status(run)["state"], kept(home)) == ("applied", [])


def test_an_import_that_has_ended_cannot_be_cancelled(send: Any, cancel: Any, status: Any) -> None:
    run = send().json()["run"]
    work()
    code, refused = cancel(run)
    assert (code, refused["error"]["code"]) == (422, "import.not_cancellable")
    assert status(run)["state"] == "applied"


def test_an_import_stopped_at_the_terminal_is_cancelled(home: Any, status: Any, monkeypatch: Any) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(importer, "_read", stop)
    with pytest.raises(KeyboardInterrupt):
        importer.run_import(FILE, "subscriptions", by="test")
    found = status(importer.imports.ImportRun.objects.get().pk)
    assert (found["state"], found["error"]["code"]) == ("cancelled", "import.cancelled")


def test_a_request_that_waits_can_be_cancelled_too(send: Any, cancel: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(importer, "Limits", lambda: Limits(batch_rows=2))
    after_each_look(monkeypatch, lambda: cancel(importer.imports.ImportRun.objects.get().pk))
    response = send(wait="true")
    assert (response.status_code, response.json()["error"]["code"]) == (422, "import.cancelled")
    assert written() == (0, 0)


# ---------------------------------------------------------------------- killed


def lose_the_worker() -> None:
    """As after a kill: the jobs that are done are of a worker that is gone."""
    DBTaskResult.objects.update(status="RUNNING", worker_ids=["tenure-1-dead"])
    assert tasks.take_up_lost_jobs() == 1


def test_a_job_whose_worker_is_killed_while_it_reads_is_begun_again(send: Any, status: Any, home: Any) -> None:
    run = send().json()["run"]
    importer.imports.ImportRun.objects.update(state="staged")
    folder = home / "imports" / str(run)
    folder.mkdir()
    for name in (".lock", "staged.part"):
        (folder / name).touch()
    lose_the_worker()
    import_tasks.sweep()
    assert (status(run)["state"], folder.exists()) == ("staged", False)
    work()
    assert (status(run)["state"], status(run)["created"], kept(home)) == ("applied", 6, [])


@pytest.mark.parametrize(("wish", "state", "live"), [(False, "applied", 6), (True, "undone", 0)])
def test_a_job_whose_worker_is_killed_after_writing_writes_nothing_again(
    send: Any, status: Any, home: Any, wish: bool, state: str, live: int
) -> None:
    run = send().json()["run"]
    upload = jobs.selectors.import_run(run).upload
    work()
    importer.imports.ImportRun.objects.update(upload=upload)
    (jobs.uploads_folder() / upload).write_bytes(FILE)
    if wish:
        Signs(run).ask_to_stop()
    lose_the_worker()
    work()
    assert (status(run)["state"], SubscriptionVersion.objects.live().count()) == (state, live)
    assert (SubscriptionVersion.objects.count(), kept(home)) == (6, [])


def test_a_job_that_kills_every_worker_fails(send: Any, status: Any, home: Any) -> None:
    run = send().json()["run"]
    importer.imports.ImportRun.objects.update(state="staged")
    DBTaskResult.objects.update(status="RUNNING", worker_ids=["tenure-1-a", "tenure-2-b", "tenure-3-c"])
    tasks.tend(import_tasks.sweep)
    assert (status(run)["state"], status(run)["error"]["code"], kept(home)) == ("failed", "import.killed", [])


def test_only_files_that_nobody_waits_for_are_swept(send: Any, home: Any) -> None:
    send()
    (waiting,) = kept(home)
    with jobs.kept(FILE) as held:
        (jobs.uploads_folder() / "left-by-a-killed-process").touch()
        import_tasks.sweep()
        assert kept(home) == sorted([waiting, held.name])
    import_tasks.sweep()
    assert kept(home) == [waiting]


def test_an_upload_lies_in_the_workspace_and_is_not_swept_while_its_request_lasts(
    send: Any, home: Any, settings: Any, monkeypatch: Any
) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 10
    seen = []
    run_import = importer.run_import

    def look(given: Any, *arguments: Any, **more: Any) -> Any:
        import_tasks.sweep()
        seen.append((given.parent, given.read_bytes()))
        return run_import(given, *arguments, **more)

    monkeypatch.setattr("tenure.web.api.imports.files.run_import", look)
    assert send(wait="true").json()["created"] == 6
    assert seen == [(jobs.uploads_folder(), FILE)]
    assert kept(home) == []
    run = send().json()["run"]
    assert kept(home) == [jobs.selectors.import_run(run).upload]


def test_a_file_is_not_kept_if_its_job_cannot_be_queued(send: Any, home: Any, monkeypatch: Any, client: Any) -> None:
    monkeypatch.setattr(jobs.imports, "queue_run", lambda *_, **__: 1 / 0)
    assert send().status_code == 500
    assert kept(home) == []


# ---------------------------------------------------------------------- by whom


@pytest.mark.parametrize("role", ["owner", "admin", "operator", "success", "sales", "analyst", "viewer"])
def test_each_role(client: Any, key: Any, home: Any, role: str) -> None:
    headers = key(role)
    given = {"file": io.BytesIO(FILE), "kind": "subscriptions", "wait": "false"}
    response = client.post("/api/imports", given, headers=headers)
    if role not in {"owner", "admin", "operator"}:
        assert (response.status_code, kept(home)) == (403, [])
        return
    address = response.json()["status"]
    assert client.get(address, headers=headers).json()["state"] == "queued"
    assert client.post(f"{address}/cancel", headers=headers).json()["state"] == "cancelled"


def test_a_member_is_named_with_what_their_job_wrote(signed_in: Any, home: Any) -> None:
    browser = signed_in("admin")
    run = browser.post("/api/imports", {"file": io.BytesIO(FILE), "kind": "subscriptions", "wait": "false"}).json()
    work()
    assert browser.get(run["status"]).json()["by"] == "Admin"
    assert SubscriptionVersion.objects.first().by.email == "admin@example.com"
    assert "admin@example.com" in AuditEntry.objects.get(verb="imported").actor


def test_a_key_that_was_revoked_in_between_imports_nothing(send: Any, home: Any, signed_in: Any) -> None:
    from tenure.apps.workspaces.services.keys import revoke_key

    run = send().json()["run"]
    revoke_key(ApiKey.objects.get().prefix, by="the test")
    work()
    found = signed_in("owner").get(f"/api/imports/{run}").json()
    assert (found["state"], found["error"]["code"]) == ("failed", "permission.denied")
    assert (written(), kept(home)) == ((0, 0), [])


def test_the_schema_describes_the_job(client: Any, db: None) -> None:
    paths = client.get("/api/openapi.json").json()["paths"]
    assert set(paths["/api/imports"]["post"]["responses"]) == {"200", "202"}
    assert set(paths["/api/imports/{run_id}"]) == {"get"}
    assert set(paths["/api/imports/{run_id}/cancel"]["post"]["responses"]) == {"202"}
