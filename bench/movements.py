"""Movements over 60 months for 1 M accounts and 3 M subscription rows, against a grid in SQL and against pandas.

    python bench/movements.py [--accounts 1000000] [--rows 3000000] [--folder F] [--without grid pandas]

Each figure comes from a process of its own, one after the other, on the same lake; the peak memory is the process'.
`cold` starts without any cache, `stored` with the ledger in the cache folder but without answers: the median of three
questions after the process' first. The three tables must be equal, or the run fails. Targets: cold 2.5 s, stored
0.5 s, repeated 0.05 s, 3 x the grid, 20 x pandas, under 4 GB.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
QUESTION = {"question": "movements", "from": "2021-01", "to": "2025-12"}
SUBSCRIPTION_COLUMNS = (
    "account_key", "line_key", "subscription_key", "start", "end", "unpaid", "trial_end", "pauses", "currency", "mrr",
    "interval",
)  # fmt: skip
DISCOUNT_COLUMNS = ("subscription_key", "kind", "value", "start", "end")
FIGURES = (
    "open", "new", "expansion", "contraction", "churn", "reactivation", "fx", "close", "customers_open",
    "customers_new", "customers_churned", "customers_reactivated", "customers_close",
)  # fmt: skip
TARGETS = {"cold": 2.5, "stored": 0.5, "repeated": 0.05}
TIMES_FASTER = {"grid": 3, "pandas": 20}
MOST_MEGABYTES = 4000
TOLERANCE = {"stored": Decimal(0), "grid": Decimal("0.0001"), "pandas": Decimal("0.05")}
"""How far the tables may be apart: the grid rounds discounted prices elsewhere, pandas adds floats up."""

Step = dict[str, Any]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def told(table: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"period": row["period"], **{name: str(row[name]) for name in FIGURES}} for row in table]


# The steps, each in a process of its own ----------------------------------------------------------------------------


def prepare(folder: Path, accounts: int, rows: int) -> Step:
    """Make the rows and load them."""
    import tenure
    from made_rows import make

    made = make(accounts, rows)
    workspace = tenure.open(folder)
    seconds, _ = timed(lambda: [workspace.load(name, table) for name, table in made.tables.items()])
    return {"seconds": seconds, "rows": made.rows}


def cold(folder: Path) -> Step:
    """Without a ledger: the first question of a process, and with warm kernels."""
    return asked_without(folder / "cache", folder)


def stored(folder: Path) -> Step:
    """From the stored ledger, without an answer."""
    return asked_without(folder / "cache" / "answers", folder)


def asked_without(cache: Path, folder: Path) -> Step:
    """Ask four times, each without what is kept in `cache` and after the last ledger is written."""
    import tenure

    times = []
    for _ in range(4):
        shutil.rmtree(cache, ignore_errors=True)
        workspace = tenure.open(folder)
        seconds, answer = timed(partial(workspace.ask, QUESTION))
        times.append(seconds)
        assert all(check["ok"] for check in answer.checks)
        for thread in threading.enumerate():
            if thread.name == "keep-book":
                thread.join()
    return {"seconds": statistics.median(times[1:]), "first in a process": times[0], "table": told(answer.to_dicts())}


def repeated(folder: Path) -> Step:
    """The same question again: by another process, and by the same."""
    import tenure

    tenure.open(folder).ask(QUESTION)
    other, _ = timed(lambda: tenure.open(folder).ask(QUESTION))
    workspace = tenure.open(folder)
    seconds = statistics.median(timed(lambda: workspace.ask(QUESTION))[0] for _ in range(9))
    return {"seconds": seconds, "first in a process": other}


def files(folder: Path, table: str) -> list[str]:
    from tenure.warehouse.lake import Lake

    return Lake(folder / "lake").files(table)


def grid(folder: Path) -> Step:
    """The grid query over the same files."""
    import duckdb

    connection = duckdb.connect(config={"memory_limit": "12GB", "temp_directory": str(folder / "cache" / "spill")})
    for name in ("subscriptions", "discounts", "fx_rates"):
        connection.register(name, connection.read_parquet(files(folder, name)))
    sql = (HERE / "movements_grid.sql").read_text()
    seconds, table = timed(lambda: connection.sql(sql).to_arrow_table())
    return {"seconds": seconds, "table": told(table.to_pylist())}


def pandas(folder: Path) -> Step:
    """pandas over the same files, with only the columns it needs."""
    import pandas as pd
    import pyarrow.parquet as pq

    from movements_pandas import movements

    def read(name: str, columns: tuple[str, ...]) -> Any:
        return pd.concat([pq.read_table(file, columns=list(columns)).to_pandas() for file in files(folder, name)])

    def work() -> Any:
        fx = read("fx_rates", ("day", "rate"))
        rates = dict(zip(pd.to_datetime(fx["day"]), fx["rate"].astype(float), strict=True))
        months = [f"{year}-{month:02d}" for year in range(2021, 2026) for month in range(1, 13)]
        subscriptions = read("subscriptions", SUBSCRIPTION_COLUMNS)
        return movements(subscriptions, read("discounts", DISCOUNT_COLUMNS), rates, months)

    seconds, table = timed(work)
    return {"seconds": seconds, "table": told(table.to_dict("records"))}


STEPS: dict[str, Callable[..., Step]] = {
    "prepare": prepare, "cold": cold, "stored": stored, "repeated": repeated, "grid": grid, "pandas": pandas,
}  # fmt: skip


# The run ------------------------------------------------------------------------------------------------------------


def run(step: str, folder: Path, *numbers: int) -> Step:
    """A step in a process of its own, with its peak memory in megabytes."""
    command = [sys.executable, str(Path(__file__).resolve()), "--step", step, "--folder", str(folder)]
    command += [str(number) for number in numbers]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def farthest(a: list[dict[str, str]], b: list[dict[str, str]]) -> Decimal:
    """The largest difference between two tables."""
    assert [row["period"] for row in a] == [row["period"] for row in b]
    return max(abs(Decimal(x[n]) - Decimal(y[n])) for x, y in zip(a, b, strict=True) for n in FIGURES)


def report(found: dict[str, Step]) -> int:
    """Print the figures; how many targets were missed."""
    missed = 0
    print(f"{'':<10}{'seconds':>9}{'first':>9}{'MB':>7}   compared with cold")
    for name, step in found.items():
        first = f"{step['first in a process']:9.3f}" if "first in a process" in step else ""
        line = f"{name:<10}{step['seconds']:9.3f}{first:>9}{step['peak']:7.0f}"
        notes = []
        if name in TARGETS:
            notes.append((f"target {TARGETS[name]} s", step["seconds"] <= TARGETS[name]))
        if name in TIMES_FASTER:
            ratio = step["seconds"] / found["cold"]["seconds"]
            notes.append((f"{ratio:.1f} x (target {TIMES_FASTER[name]} x)", ratio >= TIMES_FASTER[name]))
        if name in TOLERANCE:
            apart = farthest(step["table"], found["cold"]["table"])
            notes.append((f"tables apart by {apart:.2g}", apart <= TOLERANCE[name]))
        if name not in TIMES_FASTER:
            notes.append((f"under {MOST_MEGABYTES} MB", step["peak"] < MOST_MEGABYTES))
        missed += sum(not ok for _, ok in notes)
        print(line + "   " + ", ".join(f"{note} {'ok' if ok else 'MISSED'}" for note, ok in notes))
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--folder", type=Path, help="keep the rows here, to run again without making them")
    parser.add_argument("--without", nargs="*", default=[], choices=["grid", "pandas"])
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("numbers", nargs="*", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step is not None:
        step = STEPS[given.step](given.folder, *given.numbers)
        print(json.dumps({**step, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return 0
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as temporary:
        folder = (given.folder or Path(temporary)) / f"{given.accounts}-{given.rows}"
        if not (folder / "lake").exists():
            made = run("prepare", folder, given.accounts, given.rows)
            print(f"loaded {made['rows']:,} rows in {made['seconds']:.1f} s, {made['peak']:.0f} MB")
        names = [n for n in STEPS if n != "prepare" and n not in given.without]
        return 1 if report({name: run(name, folder) for name in names}) else 0


if __name__ == "__main__":
    sys.exit(main())
