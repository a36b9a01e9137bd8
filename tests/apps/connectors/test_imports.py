"""What an import does to the store: whole or nothing, twice is once, and back again."""

from __future__ import annotations

import csv
import gzip
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from apps.connectors.made_files import GOOD, table
from apps.connectors.mutations import SAMPLE
from tenure.apps.connectors import files
from tenure.apps.connectors.files import staging

pytestmark = pytest.mark.django_db
Stored = Callable[[], dict[str, int]]


def subscription(number: int = 1) -> Any:
    from tenure.apps.subscriptions.models import SubscriptionVersion

    return SubscriptionVersion.objects.live().get(subscription_id=f"S{number}")


def test_the_same_file_twice_changes_nothing(home: Path, stored: Stored) -> None:
    first = files.run_import(table(GOOD), "subscriptions", by="test")
    assert (first.created, first.changed, first.unchanged) == (1, 0, 0)
    before = stored()
    again = files.run_import(table(GOOD), "subscriptions", by="test")
    assert (again.created, again.changed, again.unchanged) == (0, 0, 1)
    assert stored() == before


def test_the_same_rows_in_another_format_change_nothing(home: Path) -> None:
    files.run_import(table(GOOD), "subscriptions", by="test")
    other = table(GOOD).decode().replace(",", ";").encode("utf-16")
    assert files.run_import(other, "subscriptions", by="test").unchanged == 1


def test_a_changed_row_is_a_new_version_and_can_be_taken_back(home: Path) -> None:
    files.run_import(table(GOOD), "subscriptions", by="test")
    second = files.run_import(table(GOOD.replace(",100,", ",120,")), "subscriptions", by="test")
    assert (second.created, second.changed) == (0, 1)
    assert subscription().amount == 120
    files.undo(second.run, by="test")
    assert subscription().amount == 100


@pytest.mark.parametrize(("run", "code"), [("999", "import.unknown_run"), ("x", "import.unknown_run")])
def test_only_an_import_can_be_undone(home: Path, run: str, code: str) -> None:
    with pytest.raises(files.ImportRefused) as refused:
        files.undo(run, by="test")
    assert refused.value.code == code


def test_an_import_is_undone_once(home: Path, stored: Stored) -> None:
    done = files.run_import(table(GOOD), "subscriptions", by="test")
    files.undo(done.run, by="test")
    with pytest.raises(files.ImportRefused) as refused:
        files.undo(done.run, by="test")
    assert refused.value.code == "import.not_undoable"


def test_a_preview_writes_nothing(home: Path, stored: Stored) -> None:
    found = files.preview(table(GOOD, GOOD), "subscriptions")
    assert found.outcome.rows_read == 2
    assert stored() == {}
    assert not any(p.is_file() for p in (home / "imports").rglob("*"))


def test_progress_is_told_and_an_import_can_be_stopped(home: Path, stored: Stored) -> None:
    content = table(*(f"A{n},T{n},CNY,1,1,month,2026-01-01," for n in range(5000)))
    seen: list[files.Progress] = []
    limits = files.Limits(batch_rows=1000)
    files.preview(content, "subscriptions", progress=seen.append, limits=limits)
    assert [p.rows for p in seen] == [1000, 2000, 3000, 4000, 5000]
    assert seen[-1].done == seen[-1].total
    with pytest.raises(files.ImportRefused) as refused:
        files.run_import(content, "subscriptions", by="test", cancelled=lambda: len(seen) > 0, limits=limits)
    assert refused.value.code == "import.cancelled"
    assert stored() == {}


def test_the_report_lists_every_bad_row(home: Path) -> None:
    content = table(GOOD, *(f"A,B{n},CNY,x,1,month,2026-01-01," for n in range(500)))
    with pytest.raises(files.ImportRefused) as refused:
        files.run_import(content, "subscriptions", by="test", name="ledger.csv")
    with Path(refused.value.where["report"]).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [int(r["Row"]) for r in rows] == list(range(3, 503))
    assert {(r["File"], r["Heading"], r["Value"], r["Code"]) for r in rows} == {
        ("ledger.csv", "amount", "x", "import.bad_number")
    }
    assert len(refused.value.where["problems"]) == 200


def test_columns_nobody_mapped_are_kept_as_attributes(home: Path) -> None:
    content = table('A1,"says ""hi"", \\",', "A2,,", headings="account_id,备注,x")
    files.run_import(content, "accounts", by="test")
    from tenure.apps.crm.models import AccountVersion

    kept = dict(AccountVersion.objects.values_list("account_id", "attributes"))
    assert kept == {"A1": '{"备注":"says \\"hi\\", \\\\"}', "A2": None}


def test_a_moment_is_kept_beside_its_day(home: Path) -> None:
    content = table("A1,S1,1,2026-01-31T17:00:00Z", headings="account_id,subscription_id,amount,start")
    files.run_import(content, "subscriptions", by="test")
    found = subscription()
    assert found.start == date(2026, 2, 1)
    assert found.start_at.isoformat() == "2026-01-31T17:00:00+00:00"


def test_a_small_firm_imports_without_a_word(home: Path) -> None:
    for kind in ("accounts", "subscriptions", "discounts", "contracts", "fx_rates", "invoice_lines"):
        done = files.run_import(SAMPLE / f"{kind}.csv", kind, by="test")
        assert done.created == done.outcome.rows_read > 0
        assert not done.outcome.counts, kind


def test_what_a_dead_process_left_is_swept_and_its_run_failed(home: Path) -> None:
    from tenure.apps.workspaces.models import ImportRun
    from tenure.apps.workspaces.services import imports

    run = imports.start_run("subscriptions", "x.csv", "", by="test")
    folder = home / "imports" / str(run.pk)
    folder.mkdir(parents=True)
    for name in (".lock", "staged.part"):
        (folder / name).touch()
    assert files.sweep_abandoned() == 1
    assert not folder.exists()
    assert ImportRun.objects.get(pk=run.pk).state == "failed"


def test_what_a_process_told_that_died_after_it_had_written_is_swept(home: Path) -> None:
    done = files.run_import(SAMPLE / "accounts.csv", "accounts", by="test")
    from tenure.apps.workspaces.services import imports

    running = imports.start_run("subscriptions", "x.csv", "", by="test")
    told = home / "imports"
    for name in (f"{done.run}.progress", f".{done.run}.progress.4711", f"{running.pk}.progress"):
        (told / name).write_text('{"done": 1, "total": 2, "rows": 1}')
    files.sweep_abandoned()
    assert [place.name for place in told.iterdir() if "progress" in place.name] == [f"{running.pk}.progress"]


def test_a_folder_somebody_works_in_is_left_alone(home: Path) -> None:
    folder = staging.Folder(home / "imports" / "7")
    with folder.held():
        assert files.sweep_abandoned() == 0


_IMPORTS = """
import os, sys, django
django.setup()
from tenure.apps.connectors import files
for _ in iter(sys.stdin.readline, ""):
    child = os.fork()
    if not child:
        files.run_import(sys.argv[1], "subscriptions", by="test")
        os._exit(0)
    print(child, flush=True)
    sys.stdin.readline()
    print(os.waitpid(child, 0)[1], flush=True)
"""
"""A line begins an import in a process, whose number is told; the next line asks how it ended."""


@pytest.mark.slow
def test_a_killed_import_leaves_all_or_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "TENURE_HOME": str(home), "DJANGO_SETTINGS_MODULE": "tenure.config.settings"}
    environment.pop("TENURE_DATABASE_URL", None)
    path = tmp_path / "many.csv"
    rows = 20_000
    path.write_bytes(table(*(f"A{n},T{n},CNY,1,1,month,2026-01-01," for n in range(rows))))
    make_store(home, environment)
    rng = random.Random(5)
    command = [sys.executable, "-c", _IMPORTS, str(path)]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as shell:
        assert shell.stdin is not None
        assert shell.stdout is not None

        def told() -> int:
            shell.stdin.write("\n")  # type: ignore[union-attr]
            shell.stdin.flush()  # type: ignore[union-attr]
            return int(shell.stdout.readline())  # type: ignore[union-attr]

        for _ in range(4):
            child = told()
            time.sleep(0.1 + rng.random())
            os.kill(child, signal.SIGKILL)
            assert told() in (0, signal.SIGKILL)
            assert counted(home) in (0, rows)
        told()
        assert told() == 0
    assert counted(home) == rows
    assert not [p for p in (home / "imports").rglob("*") if p.is_file()]


def make_store(home: Path, environment: dict[str, str]) -> None:
    """A store of the workspace with all tables: a copy of that of the tests where it is a file."""
    import sqlite3

    from django.db import connection

    if connection.vendor != "sqlite":
        subprocess.run([sys.executable, "-m", "django", "migrate", "--verbosity", "0"], env=environment, check=True)
        return
    with sqlite3.connect(connection.settings_dict["NAME"]) as ours, sqlite3.connect(home / "store.sqlite3") as copy:
        ours.backup(copy)


def counted(home: Path) -> int:
    """Rows in the store, read without Django."""
    import sqlite3

    with sqlite3.connect(home / "store.sqlite3") as store:
        return int(store.execute("SELECT COUNT(*) FROM subscriptions_subscriptionversion").fetchone()[0])


def test_gzip_is_unpacked_without_being_asked(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(table(GOOD)))
    assert files.run_import(path, "subscriptions", by="test").created == 1
