"""The kernels of behaviour beside ClickHouse and DuckDB's SQL: one run, medians, equal counts asserted.

    python bench/behaviour.py [--events 10000000] [--threads 2] [--runs 5]

The events are made from a seed: 50 a user on average over 84 days, 40 names as uneven as those of a product, of which
the 4 steps are a seventh. All sides read data that lie as suits them best: the kernels arrays by user and time, with
codes for names; ClickHouse a MergeTree ordered by (user, ts); DuckDB a table sorted alike. Every count is compared.
ClickHouse is measured where chdb is installed (`pip install chdb`), and left out otherwise.

What the product adds to the walk (reading the lake, sorting, people and accounts) is measured as `question`: the same
funnel asked of a workspace that holds a million of the events.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import tenure
from tenure.core.sequences import events as seam
from tenure.core.sequences import features, funnel, lifecycle, stickiness
from tenure.core.sequences.edges import interval_edges
from tenure.core.sequences.retention import layout

DAY = 86_400_000_000
SINCE = 1_704_067_200_000_000
"""2024-01-01, a Monday."""
DAYS, WEEKS, NAMES = 84, 12, 40
STEPS = (3, 5, 8, 13)
WEEK = f"intDiv(ts - {SINCE}, {7 * DAY})"
WINDOW = 7 * DAY
ASKED = 1_000_000


def made(count: int) -> dict[str, Any]:
    """Events by user and time: first, at, name."""
    rng = np.random.default_rng(1)
    users = count // 50
    user = np.sort(rng.integers(0, users, count))
    at = SINCE + rng.integers(0, DAYS * 86_400, count) * 1_000_000
    at = at[np.lexsort((at, user))]
    share = 1 / np.arange(1, NAMES + 1)
    name = rng.choice(NAMES, count, p=share / share.sum()).astype(np.int32)
    first = np.searchsorted(user, np.arange(users + 1)).astype(np.int64)
    return {"user": user, "at": at, "name": name, "first": first}


def median(run: Callable[[], Any], runs: int) -> tuple[float, Any]:
    """The median time of several runs after one that is not counted, and what the last one gave."""
    found = run()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        found = run()
        times.append(time.perf_counter() - start)
    return statistics.median(times), found


class Ours:
    """The kernels over mapped arrays, a slice of users a thread; bits are looked up by the code of the name."""

    name = "tenure"

    def __init__(self, events: dict[str, Any], threads: int) -> None:
        self.events, self.pool = events, ThreadPoolExecutor(threads)
        users = len(events["first"]) - 1
        cuts = np.linspace(0, users, threads * 4 + 1).astype(np.int64)
        self.slices = [events["first"][a : b + 1] for a, b in itertools.pairwise(cuts)]

    def _bits(self, table: np.ndarray[Any, Any], first: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The bits of a slice's events, at their places in a view of the whole."""
        return table[self.events["name"][first[0] : first[-1]]]

    def _each(self, table: np.ndarray[Any, Any], walk: Callable[[Any, Any, Any], Any]) -> list[Any]:
        def one(first: np.ndarray[Any, Any]) -> Any:
            at = self.events["at"][first[0] : first[-1]]
            return walk(first - first[0], at, self._bits(table, first))

        return list(self.pool.map(one, self.slices))

    def funnel(self) -> list[int]:
        table = np.zeros(NAMES, np.uint64)
        for k, name in enumerate(STEPS):
            table[name] = 1 << k
        plan = funnel.Funnel(tuple(funnel.Step(k) for k in range(len(STEPS))), WINDOW)
        found = self._each(table, lambda *columns: funnel.walk(plan, funnel.Events(*columns)).depth)
        depth = np.concatenate(found)
        return [int((depth >= k).sum()) for k in range(1, len(STEPS) + 1)]

    def features(self) -> list[int]:
        table = (np.uint64(1) << np.arange(NAMES, dtype=np.uint64)) | np.uint64(1 << NAMES)
        shape = layout(np.datetime64(SINCE, "us").item().date(), "week", WEEKS, "UTC")
        counts = seam.added(
            self._each(table, lambda *columns: features.feature_retention(*columns, shape, NAMES, NAMES))
        )
        return [int(n) for n in counts.retained[:, 1:].ravel()]

    def lifecycle(self) -> list[int]:
        table = np.ones(NAMES, np.uint64)
        first = np.datetime64(SINCE, "us").item().date()
        edges = interval_edges(first, "week", WEEKS, "UTC", before=1)
        counts = seam.added(self._each(table, lambda *columns: lifecycle.lifecycle(*columns, 0, edges)))
        return [int(n) for n in (*counts.new[1:], *counts.returning[1:], *counts.resurrecting[1:])]

    def stickiness(self) -> list[int]:
        first = np.datetime64(SINCE, "us").item().date()
        edges = interval_edges(first, "day", DAYS, "UTC")
        table = np.ones(NAMES, np.uint64)
        active = self._each(table, lambda *columns: stickiness.active_intervals(*columns, 0, edges))
        return [int(n) for n in stickiness.stickiness(np.concatenate(active), DAYS)]


BEFORE = "WINDOW w AS (PARTITION BY user ORDER BY ts RANGE UNBOUNDED PRECEDING)"
FUNNEL_SQL = """
WITH steps AS (SELECT user, ts, array_position([3, 5, 8, 13], name) AS step FROM events WHERE name IN (3, 5, 8, 13)),
one AS (SELECT *, CASE WHEN step = 1 THEN ts END AS s1 FROM steps),
two AS (SELECT *, max(s1) OVER w AS r1 FROM one {before}),
twos AS (SELECT *, CASE WHEN step = 2 AND ts - r1 <= {window} THEN r1 END AS s2 FROM two),
three AS (SELECT *, max(s2) OVER w AS r2 FROM twos {before}),
threes AS (SELECT *, CASE WHEN step = 3 AND ts - r2 <= {window} THEN r2 END AS s3 FROM three),
four AS (SELECT *, max(s3) OVER w AS r3 FROM threes {before})
SELECT count(DISTINCT user) FILTER (s1 IS NOT NULL), count(DISTINCT user) FILTER (s2 IS NOT NULL),
  count(DISTINCT user) FILTER (s3 IS NOT NULL), count(DISTINCT user) FILTER (step = 4 AND ts - r3 <= {window}) FROM four
"""
FEATURES_SQL = """
WITH used AS (
  SELECT user, name, bit_or(1::UBIGINT << ((ts - {since}) // {week})::INTEGER) AS weeks FROM events GROUP BY user, name
)
SELECT name, {columns} FROM used GROUP BY name ORDER BY name
"""
LIFECYCLE_SQL = """
WITH active AS (SELECT DISTINCT user, (ts - {since}) // {week} AS week FROM events),
told AS (SELECT week, lag(week) OVER (PARTITION BY user ORDER BY week) AS before FROM active)
SELECT week, count(*) FILTER (before IS NULL), count(*) FILTER (before = week - 1), count(*) FILTER (before < week - 1)
FROM told GROUP BY week ORDER BY week
"""

STICKINESS_SQL = """
SELECT days, count(*) FROM (SELECT user, count(DISTINCT (ts - {since}) // {day}) AS days FROM events GROUP BY user)
GROUP BY days
"""


def by_days(rows: list[Any]) -> list[int]:
    """Users by their number of days, from 1 on."""
    found = dict(rows)
    return [int(found.get(k, 0)) for k in range(1, DAYS + 1)]


class Duck:
    """DuckDB's SQL, as written for it: windows for the funnel, masks of weeks for the features."""

    name = "duckdb"

    def __init__(self, file: Path, threads: int) -> None:
        self.connection = duckdb.connect(config={"threads": threads})
        self.connection.execute(f"CREATE TABLE events AS SELECT * FROM '{file}' ORDER BY user, ts")

    def funnel(self) -> list[int]:
        return list(self.connection.execute(FUNNEL_SQL.format(window=WINDOW, before=BEFORE)).fetchone() or ())

    def features(self) -> list[int]:
        columns = ", ".join(f"sum(bit_count(weeks & (weeks >> {c})))::BIGINT" for c in range(1, WEEKS))
        sql = FEATURES_SQL.format(since=SINCE, week=7 * DAY, columns=columns)
        return [n for row in self.connection.execute(sql).fetchall() for n in row[1:]]

    def lifecycle(self) -> list[int]:
        rows = self.connection.execute(LIFECYCLE_SQL.format(since=SINCE, week=7 * DAY)).fetchall()
        return [n for column in zip(*rows, strict=True) for n in column][WEEKS:]

    def stickiness(self) -> list[int]:
        return by_days(self.connection.execute(STICKINESS_SQL.format(since=SINCE, day=DAY)).fetchall())


class ClickHouse:
    """ClickHouse in this process (chdb), over a MergeTree in its best order."""

    name = "clickhouse"

    def __init__(self, file: Path, threads: int) -> None:
        from chdb.session import Session

        self.session = Session()
        self.settings = f"SETTINGS max_threads = {threads}"
        self.session.query("CREATE DATABASE bench")
        order = "ENGINE = MergeTree ORDER BY (user, ts)"
        self.session.query(f"CREATE TABLE bench.events (user Int64, ts UInt64, name Int32) {order}")
        self.session.query(f"INSERT INTO bench.events SELECT user, toUInt64(ts), name FROM file('{file}')")
        self.session.query("OPTIMIZE TABLE bench.events FINAL")

    def _rows(self, sql: str) -> list[list[int]]:
        said = str(self.session.query(f"{sql} {self.settings}", "TabSeparated"))
        return [[int(cell) for cell in line.split("\t")] for line in said.strip().splitlines()]

    def funnel(self) -> list[int]:
        steps = ", ".join(f"name = {name}" for name in STEPS)
        rows = self._rows(
            f"SELECT depth, count() FROM (SELECT user, windowFunnel({WINDOW})(ts, {steps}) AS depth FROM bench.events "
            f"WHERE name IN {STEPS} GROUP BY user) GROUP BY depth"
        )
        return [sum(count for depth, count in rows if depth >= k) for k in range(1, len(STEPS) + 1)]

    def features(self) -> list[int]:
        columns = ", ".join(f"sum(bitCount(bitAnd(weeks, bitShiftRight(weeks, {c}))))" for c in range(1, WEEKS))
        weeks = f"groupBitOr(bitShiftLeft(toUInt64(1), {WEEK}))"
        used = f"SELECT user, name, {weeks} AS weeks FROM bench.events GROUP BY user, name"
        rows = self._rows(f"SELECT name, {columns} FROM ({used}) GROUP BY name ORDER BY name")
        return [n for row in rows for n in row[1:]]

    def lifecycle(self) -> list[int]:
        active = f"SELECT user, arraySort(groupUniqArray(toInt32({WEEK}))) AS weeks FROM bench.events GROUP BY user"
        former = "arrayPushFront(arrayPopBack(weeks), -2)"
        told = f"SELECT week, before FROM ({active}) ARRAY JOIN weeks AS week, {former} AS before"
        counts = "countIf(before = -2), countIf(before = week - 1), countIf(before >= 0 AND before < week - 1)"
        rows = self._rows(f"SELECT week, {counts} FROM ({told}) GROUP BY week ORDER BY week")
        return [n for column in zip(*rows, strict=True) for n in column][WEEKS:]

    def stickiness(self) -> list[int]:
        days = f"SELECT user, uniqExact(intDiv(ts - {SINCE}, {DAY})) AS days FROM bench.events GROUP BY user"
        return by_days(self._rows(f"SELECT days, count() FROM ({days}) GROUP BY days"))


def question(events: dict[str, Any], runs: int) -> float:
    """Seconds of the same funnel, asked of a workspace with the first million of the events; never from its cache."""
    names = pa.array([f"event {n}" for n in range(NAMES)])
    users = pa.array(events["user"][:ASKED]).cast(pa.string())
    rows = {"user_id": users, "event": names.take(pa.array(events["name"][:ASKED]))}
    rows["ts"] = pa.array(events["at"][:ASKED]).cast(pa.timestamp("us", "UTC"))
    with tempfile.TemporaryDirectory() as folder:
        opened = tenure.open(folder)
        opened.load("events", pa.table(rows))
        steps = [{"event": f"event {name}"} for name in STEPS]
        windows = iter(range(WINDOW // 1_000_000, WINDOW))

        def asked() -> Any:
            return opened.ask({"question": "funnel", "steps": steps, "window_seconds": next(windows)})

        return median(asked, runs)[0]


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--events", type=int, default=10_000_000)
    given.add_argument("--threads", type=int, default=2)
    given.add_argument("--runs", type=int, default=5)
    options = given.parse_args()
    events = made(options.events)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.parquet"
        pq.write_table(pa.table({"user": events["user"], "ts": events["at"], "name": events["name"]}), file)
        sides: list[Any] = [Ours(events, options.threads), Duck(file, options.threads)]
        if importlib.util.find_spec("chdb") is not None:
            sides.append(ClickHouse(file, options.threads))
        print(f"{options.events:,} events, {len(events['first']) - 1:,} users, {options.threads} threads")
        for what in ("funnel", "features", "lifecycle", "stickiness"):
            took: dict[str, float] = {}
            expected = None
            for side in sides:
                took[side.name], counts = median(getattr(side, what), options.runs)
                expected = counts if expected is None else expected
                if counts != expected:
                    raise SystemExit(f"{what}: {side.name} counts otherwise: {counts[:8]} and {expected[:8]}")
            ours = took["tenure"]
            others = ", ".join(f"{name} {s:.2f} s ({s / ours:.1f} x)" for name, s in took.items() if name != "tenure")
            print(f"{what}: tenure {ours:.3f} s, {others}")
    asked, took_asked = min(ASKED, options.events), question(events, options.runs)
    print(f"question: the funnel over {asked:,} events of a lake, without an index: {took_asked:.2f} s")


if __name__ == "__main__":
    main()
