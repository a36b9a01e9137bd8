"""A workspace of the oldest tables, with data in it, is brought up to date and answers the same."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

OLDEST = """
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader
from tenure.config import cli

cli.ready(migrated=False)
loader = MigrationLoader(None)
for label in sorted({app for app, _name in loader.disk_migrations}):
    names = sorted(name for app, name in loader.disk_migrations if app == label)
    if loader.disk_migrations[label, names[0]].__module__.startswith("tenure."):
        call_command("migrate", label, names[0], verbosity=0)
"""
QUESTIONS = (
    ("movements", "--from", "2024-01", "--to", "2024-12"),
    ("movements", "--from", "2024-01", "--to", "2024-12", "--as-known-on", "2024-06-30"),
    ("renewals", "--from", "2024-01", "--to", "2025-12"),
    ("anomalies",),
)
FILES = {
    "accounts": "account_id,name,region\na1,Acme,EU\na2,天工,CN\n",
    "contacts": "contact_id,account_id,name,roles\nc1,a1,Zoë,champion\n",
    "subscriptions": (
        "account_id,subscription_id,amount,start\na1,s1,100.25,2024-01-01\na2,s2,50,2024-02-01\na2,s3,x,2024-02-01\n"
    ),
    "contracts": "contract_id,account_id,total,start,end\nk1,a1,1200,2024-01-01,2025-01-01\n",
    "fx_rates": "day,currency,rate\n2024-01-01,EUR,1.1\n",
}


def answers(script: Any, home: Path) -> str:
    said = script(*(("ask", *words, "--format", "csv") for words in QUESTIONS), TENURE_HOME=str(home))
    assert said.returncode == 0, said.stderr
    return str(said.stdout)


def tables(store: sqlite3.Connection, database: str) -> dict[str, list[str]]:
    """Table -> its columns, of those that hold data."""
    found = store.execute(f"SELECT name FROM {database}.sqlite_master WHERE type = 'table'").fetchall()
    names = [n for (n,) in found if not n.startswith(("sqlite_", "django_", "auth_"))]
    return {n: [row[1] for row in store.execute(f"PRAGMA {database}.table_info({n})")] for n in names}


@pytest.mark.slow
def test_the_oldest_tables_with_data_are_upgraded_and_answer_the_same(
    script: Any, environ: dict[str, str], tmp_path: Path
) -> None:
    now, old = tmp_path / "home", tmp_path / "old"
    for kind, text in FILES.items():
        (tmp_path / f"{kind}.csv").write_text(text, encoding="utf-8")
    done = script(
        ("create-owner", "olga@example.com"),
        *(("import", kind, f"{kind}.csv", "--skip-bad") for kind in FILES),
        ("edit", "subscriptions", "a1/s1/main/2024-01-01", "amount=120"),
    )
    assert done.returncode == 0, done.stderr
    assert (done.stdout + done.stderr).count("new") >= len(FILES)
    expected = answers(script, now)

    made = subprocess.run(
        [sys.executable, "-c", OLDEST],
        env={**environ, "TENURE_HOME": str(old), "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    for name in ("lake", "workspace.json", "imports"):
        place = now / name
        if place.is_dir():
            shutil.copytree(place, old / name, dirs_exist_ok=True)
        else:
            shutil.copy(place, old / name)
    copied = 0
    with sqlite3.connect(old / "store.sqlite3") as store:
        store.execute("ATTACH ? AS new", [str(now / "store.sqlite3")])
        known = tables(store, "new")
        for table, columns in tables(store, "main").items():
            both = ", ".join(f'"{c}"' for c in columns if c in known.get(table, ()))
            if both:
                copied += store.execute(f"INSERT INTO main.{table} ({both}) SELECT {both} FROM new.{table}").rowcount
        store.execute("DELETE FROM main.sqlite_sequence")
        store.execute("INSERT INTO main.sqlite_sequence SELECT name, seq FROM new.sqlite_sequence")
        applied = {row[0] for row in store.execute("SELECT name FROM django_migrations WHERE app = 'workspaces'")}
    assert copied > 10
    assert len(applied) == 1

    assert answers(script, old) == expected
    done = script(
        ("doctor",),
        ("add", "subscriptions", "account_id=a3", "subscription_id=s9", "amount=7", "start=2024-03-01"),
        ("import", "--undo", "1"),
        TENURE_HOME=str(old),
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
