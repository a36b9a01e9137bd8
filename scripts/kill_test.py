"""Kill a process that imports, edits, mirrors and compacts, at random moments; then store and lake must agree.

    python scripts/kill_test.py --rounds 100 [--seed 1] [--home DIR]

Each round starts a process on the same workspace, lets it work, kills it with SIGKILL and checks: an import is whole
or absent, what was acknowledged is there, a reader sees whole imports and no record twice, and after one flush the
lake has exactly the store's versions. With TENURE_DATABASE_URL set, the store is a scratch database on that server.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

KEYS = 1_500
LONGEST_SECONDS = 1.5
FORKS = multiprocessing.get_context("forkserver")
"""Processes are forked from one that has read the libraries, so that they work at once."""


class Disagreement(AssertionError):
    """What the check found."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    FORKS.set_forkserver_preload(
        ["django.contrib.admin", "pypinyin", "tenure.warehouse.mirror", "tenure.warehouse.workspace"]
    )
    with tempfile.TemporaryDirectory() as folder, store():
        home = given.home or Path(folder)
        set_up(home)
        seen = Counter(kill_once(home, seed) for seed in range(given.seed, given.seed + given.rounds))
        print(f"{given.rounds} rounds, killed during: {dict(seen)}; store and lake agree.")
    return 0


@contextmanager
def store() -> Iterator[None]:
    """A scratch database where a PostgreSQL server is named."""
    url = os.environ.get("TENURE_DATABASE_URL", "")
    if not url:
        yield
        return
    import psycopg

    name = f"tenure_kill_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        os.environ["TENURE_DATABASE_URL"] = url.rpartition("/")[0] + f"/{name}"
        try:
            yield
        finally:
            from django.db import connection

            connection.close()
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def set_up(home: Path) -> None:
    os.environ["TENURE_HOME"] = str(home)
    os.environ["TENURE_LOG_LEVEL"] = "ERROR"
    from tenure.config import cli

    cli.ready()


# ---------------------------------------------------------------------- the process that is killed


def work(home: Path, seed: int, says: Connection) -> None:
    """Import, edit, undo, mirror and compact without end; says what it begins and what is done."""
    set_up(home)
    from tenure.apps.subscriptions import services
    from tenure.apps.subscriptions.models import SubscriptionVersion
    from tenure.apps.workspaces import selectors
    from tenure.apps.workspaces.services import lake

    def edit() -> None:
        key = SubscriptionVersion.objects.live().order_by("?").values_list("version_key", flat=True).first()
        if key is not None:
            services.edit("subscriptions", key, {"quantity": str(rng.randrange(1, 99))}, by="kill test")

    def undo() -> None:
        run = selectors.import_runs("subscriptions").filter(state="applied").first()
        if run is not None:
            services.undo_import(run, "kill test")

    rng = random.Random(seed)
    choices = [("import", lambda: import_file(rng)), ("edit", edit), ("mirror", lake.flush), ("compaction", lake.tidy)]
    weights = [4, 2, 4, 2]
    says.send("ready")
    while True:
        name, act = ("undo", undo) if rng.random() < 0.05 else rng.choices(choices, weights)[0]
        says.send(f"begin {name}")
        done = act()
        says.send(f"done {name} {done}")


def import_file(rng: random.Random) -> int:
    """Import a file of random subscriptions; gives the number of the run."""
    from tenure.apps.connectors.files import run_import

    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["account_id", "subscription_id", "amount", "start"])
        for key in rng.sample(range(KEYS), rng.randrange(1, KEYS // 2)):
            writer.writerow([f"a{key % 500}", f"s{key}", rng.randrange(1, 9999), "2024-01-01"])
        file.flush()
        return run_import(Path(file.name), "subscriptions", by="kill test").run


# ---------------------------------------------------------------------- the process that kills and checks


def kill_once(home: Path, seed: int) -> str:
    """One round; gives what the process was doing when it was killed."""
    heard, says = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=work, args=(home, seed, says))
    process.start()
    says.close()
    if next(lines_of(heard), "") != "ready":
        raise Disagreement(f"round {seed}: the process did not start")
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(lines_of(heard)))
    reader.start()
    time.sleep(random.Random(seed).uniform(0, LONGEST_SECONDS))
    process.kill()
    process.join()
    reader.join()
    acknowledged = [int(line.split()[2]) for line in lines if line.startswith("done import")]
    try:
        check(acknowledged)
    except Disagreement as found:
        raise Disagreement(f"round {seed}, after {lines[-1:]}: {found}") from None
    last = lines[-1].split() if lines else ["begin", "nothing"]
    return last[1] if last[0] == "begin" else "nothing"


def lines_of(heard: Connection) -> Iterator[str]:
    """What a process says, until it is no more."""
    with suppress(EOFError):
        while True:
            yield heard.recv()


def check(acknowledged: list[int]) -> None:
    """Everything that must hold after a kill."""
    from django.db import connection

    from tenure.apps.workspaces.services import lake

    connection.close()
    whole = check_imports(acknowledged)
    check_reader(whole)
    lake.flush()
    wrong = lake.differences()
    require(not wrong, f"store and lake differ: {wrong}")
    check_rows()


def check_imports(acknowledged: list[int]) -> dict[int, int]:
    """Imports are whole or absent; gives the rows each wrote."""
    from django.db.models import Count

    from tenure.apps.subscriptions.models import SubscriptionVersion
    from tenure.apps.workspaces import selectors

    counted = SubscriptionVersion.objects.exclude(run=None).values_list("run").annotate(Count("pk"))
    written: dict[int, int] = dict(counted.order_by())
    runs = {run.pk: run for run in selectors.import_runs()}
    for pk, run in runs.items():
        expected = run.created + run.changed if run.state in {"applied", "undone"} else 0
        require(written.get(pk, 0) == expected, f"import {pk} ({run.state}) wrote {written.get(pk)} of {expected} rows")
    for pk in acknowledged:
        require(runs[pk].state in {"applied", "undone"}, f"import {pk} was acknowledged and is {runs[pk].state}")
    return written


def check_reader(whole: dict[int, int]) -> None:
    """A reader right after the kill sees imports whole or not at all, and no record twice."""
    from tenure.apps.workspaces.services import lake
    from tenure.warehouse import mirror

    here = lake.lake()
    versions = mirror.snapshot(here)
    if "subscriptions" not in versions:
        return
    rows = here.read("subscriptions", ["row_id", "row_key", "subscription_id"], versions["subscriptions"]).to_pylist()
    runs = Counter(int(row["row_id"].split("-")[1]) for row in rows if row["row_id"].startswith("import-"))
    for run, count in runs.items():
        require(count == whole.get(run), f"a reader sees {count} of {whole.get(run)} rows of import {run}")
    gone: set[Any] = set()
    if "supersessions" in versions:
        gone = set(here.read("supersessions", ["row_key"], versions["supersessions"])["row_key"].to_pylist())
    live = Counter(row["subscription_id"] for row in rows if row["row_key"] not in gone)
    twice = [name for name, count in live.items() if count > 1]
    require(not twice, f"a reader sees twice: {twice[:3]}")


def check_rows() -> None:
    """The lake has exactly the store's versions, with their values."""
    from tenure.apps.subscriptions.models import SubscriptionVersion
    from tenure.apps.workspaces.services import lake

    here = lake.lake()
    rows = here.read("subscriptions", ["row_id", "row_key", "amount", "quantity"]).to_pylist()
    gone = here.read("supersessions", ["row_key"])["row_key"].to_pylist()
    require(len(set(gone)) == len(gone), "a supersession is in the lake twice")
    superseded = set(gone)
    mirrored = Counter((r["row_id"], r["amount"], r["quantity"], r["row_key"] in superseded) for r in rows)
    stored = Counter(
        (v.row_id, v.amount, 1 if v.quantity is None else v.quantity, v.superseded_at is not None)
        for v in SubscriptionVersion.objects.all()
    )
    require(mirrored == stored, f"rows differ: {list((mirrored - stored) + (stored - mirrored))[:3]}")


def require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Disagreement(otherwise)


if __name__ == "__main__":
    sys.exit(main())
