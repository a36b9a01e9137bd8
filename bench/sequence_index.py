"""Questions about behaviour asked of a lake through the sequence index, beside ClickHouse and DuckDB's SQL.

    python bench/sequence_index.py [--events 50000000] [--threads 2] [--runs 3]

The events are made from a seed and written into a lake: 50 a user on average over 84 days at whole minutes, so that
moments tie; 40 names as uneven as those of a product, so that steps repeat; users in no, one and two accounts, devices
that became users, events of nobody. The index is built as it is at first, and again with a column for the property of
the filtered funnel, each as often as a question is asked. The product's time is that of the whole question, never from
the cache of answers. The others read a table in its best order in which who is who was settled beforehand. Every count
is compared; a run stops where one differs. Beside the time stands that of all processors, which other work on the
machine does not stretch.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tenure.core.hashing import stable_hash
from tenure.warehouse.lake import schema_of
from tenure.warehouse.sequences.folder import MANIFEST
from tenure.warehouse.workspace import Workspace

DAY = 86_400_000_000
SINCE = 1_704_067_200_000_000
"""2024-01-01, a Monday."""
DAYS, WEEKS, NAMES = 84, 12, 40
STEPS = (3, 5, 8, 13)
WINDOW = 7 * DAY
ENTERS = SINCE + 14 * DAY, SINCE + 63 * DAY
"""Entries of the funnels: from 2024-01-15 up to 2024-03-04."""
CHUNK = 1_000_000
PLACES = 12
"""Digits to which a rate is compared; both sides round half to even."""
NOBODY = -1
WEEK = f"intDiv(ts - {SINCE}, {7 * DAY})"


def made(count: int) -> Iterator[dict[str, Any]]:
    """Events in chunks: who did it (a device's number where one did), account, moment, name, plan."""
    rng = np.random.default_rng(1)
    users = max(count // 50, 10)
    share = 1 / np.arange(1, NAMES + 1)
    for begin in range(0, count, CHUNK):
        n = min(CHUNK, count - begin)
        user = rng.integers(0, users, n)
        first, second = user // 20, user // 20 + 7
        account = np.where((user % 5 == 0) & (rng.random(n) < 0.5), second, first)  # a fifth is in two
        account = np.where(user % 7 == 0, NOBODY, account)  # a seventh in none
        user = np.where(rng.random(n) < 0.01, NOBODY, user)
        yield {
            "user": user,
            "device": (user >= 0) & (user % 100 == 1) & (rng.random(n) < 0.5),  # seen before the user was known
            "account": account,
            "ts": SINCE + rng.integers(0, DAYS * 1_440, n) * 60_000_000,
            "name": rng.choice(NAMES, n, p=share / share.sum()).astype(np.int32),
            "plan": rng.integers(0, 3, n).astype(np.int32),
        }


def filled(home: Path, file: Path, count: int, threads: int) -> Workspace:
    """A workspace with the events in its lake; the same in a file, with who is who settled."""
    workspace = Workspace.open(home, threads=threads)
    names = pa.array([f"event {n}" for n in range(NAMES)])
    plans = pa.array([f'{{"plan": "plan {n}", "page": "/a/b/c"}}' for n in range(3)])
    shape = schema_of("events")
    plain = pa.schema(
        [(n, pa.int64()) for n in ("user", "account", "ts")] + [(n, pa.int32()) for n in ("name", "plan")]
    )
    with pq.ParquetWriter(file, plain, compression="lz4") as out:
        for number, chunk in enumerate(made(count)):
            out.write_table(pa.table({field.name: chunk[field.name] for field in plain}, schema=plain))
            size = len(chunk["user"])
            known = (chunk["user"] >= 0) & ~chunk["device"]
            columns: dict[str, Any] = {
                "event_id": _texts(chunk["ts"], np.zeros(size, bool)),
                "user_id": _texts(chunk["user"], ~known),
                "anonymous_id": pa.array(
                    [
                        f"d{u}" if d else None
                        for u, d in zip(chunk["user"].tolist(), chunk["device"].tolist(), strict=True)
                    ],
                    pa.string(),
                ),
                "account_id": _texts(chunk["account"], chunk["account"] < 0),
                "event": names.take(pa.array(chunk["name"])),
                "properties": plans.take(pa.array(chunk["plan"])),
                "ts": pa.array(chunk["ts"]).cast(pa.timestamp("us", "UTC")),
                "recorded_at": pa.array(np.full(size, SINCE + 365 * DAY + number)).cast(pa.timestamp("us", "UTC")),
                "row_key": pa.array(stable_hash(_texts(np.arange(size) + number * CHUNK, np.zeros(size, bool)))),
                "place": pa.array(np.arange(size)),
            }
            columns["user_key"] = pa.array(
                stable_hash(pa.compute.coalesce(columns["user_id"], columns["anonymous_id"]))
            )
            columns["account_key"] = pa.array(stable_hash(columns["account_id"]))
            whole = [columns[f.name].cast(f.type) if f.name in columns else pa.nulls(size, f.type) for f in shape]
            workspace.lake.append("events", pa.Table.from_arrays(whole, schema=shape))
    users = max(count // 50, 10)
    linked = [{"anonymous_id": f"d{u}", "user_id": str(u), "valid_from": "2024-01-02"} for u in range(1, users, 100)]
    workspace.load("identities", linked)
    return workspace


def _texts(numbers: Any, missing: Any) -> pa.Array:
    return pa.array(numbers, mask=missing).cast(pa.string())


def median(run: Callable[[], Any], runs: int) -> tuple[tuple[float, float], Any]:
    """(median time, median processor time of all threads) of several runs after one that is not counted; the answer."""
    found = run()
    times, busy = [], []
    for _ in range(runs):
        start, worked = time.perf_counter(), time.process_time()
        found = run()
        times.append(time.perf_counter() - start)
        busy.append(time.process_time() - worked)
    return (statistics.median(times), statistics.median(busy)), found


def built(workspace: Workspace) -> tuple[float, float]:
    """(time, processor time of all threads) of building the index, none being there."""
    index = workspace.sequences
    assert index is not None
    (index.folder.path / MANIFEST).unlink(missing_ok=True)
    start, worked = time.perf_counter(), time.process_time()
    workspace.index()
    return time.perf_counter() - start, time.process_time() - worked


class Ours:
    """Whole questions, asked of the workspace."""

    name = "tenure"

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._moments = itertools.count()

    def _ask(self, **question: Any) -> pa.Table:
        # another moment is another question, with the same answer
        now = f"2026-01-01T00:{next(self._moments) // 60 % 60:02d}:{next(self._moments) % 60:02d}"
        return self.workspace.ask({**question, "now": now}).table

    def _funnel(self, unit: str, where: dict[str, Any] | None = None) -> list[int]:
        steps: list[dict[str, Any]] = [{"event": f"event {name}"} for name in STEPS]
        steps[1] |= {"where": where} if where else {}
        return self._ask(
            question="funnel", steps=steps, unit=unit, window_seconds=WINDOW // 1_000_000,
            **{"from": "2024-01-15", "to": "2024-03-04"},
        )["units"].to_pylist()  # fmt: skip

    def funnel(self) -> list[int]:
        return self._funnel("user")

    def accounts(self) -> list[int]:
        return self._funnel("account")

    def filtered(self) -> list[int]:
        return self._funnel("user", {"plan": "plan 1"})

    def features(self) -> list[int]:
        features = {f"event {n}": {"event": f"event {n}"} for n in range(NAMES)}
        found = self._ask(
            question="feature_retention", features=features, unit="user", period="week", first_interval="2024-01-01",
            intervals=WEEKS,
        ).to_pylist()  # fmt: skip
        by_name = {row["feature"]: row for row in found}
        rows = [by_name[f"event {n}"] for n in range(NAMES)]
        return [n for row in rows for n in (row["size"], *(int(r.scaleb(PLACES)) for r in row["rate"][1:WEEKS]))]

    def lifecycle(self) -> list[int]:
        found = self._ask(question="lifecycle", period="week", first_interval="2024-01-01", intervals=WEEKS)
        return [n for name in ("new", "returning", "resurrecting") for n in found[name].to_pylist()]

    def stickiness(self) -> list[int]:
        found = self._ask(question="stickiness", period="day", first_interval="2024-01-01", intervals=DAYS)
        return found["units"].to_pylist()


BEFORE = "WINDOW w AS (PARTITION BY unit ORDER BY ts RANGE UNBOUNDED PRECEDING)"
FUNNEL_SQL = """
WITH steps AS (
  SELECT {unit} AS unit, ts, array_position([3, 5, 8, 13], name) AS step FROM events
  WHERE {unit} >= 0 AND name IN (3, 5, 8, 13) AND ts >= {since} AND ts <= {before} + {window} {filter}
),
one AS (SELECT *, CASE WHEN step = 1 AND ts < {before} THEN ts END AS s1 FROM steps),
two AS (SELECT *, max(s1) OVER w AS r1 FROM one {over}),
twos AS (SELECT *, CASE WHEN step = 2 AND ts - r1 <= {window} THEN r1 END AS s2 FROM two),
three AS (SELECT *, max(s2) OVER w AS r2 FROM twos {over}),
threes AS (SELECT *, CASE WHEN step = 3 AND ts - r2 <= {window} THEN r2 END AS s3 FROM three),
four AS (SELECT *, max(s3) OVER w AS r3 FROM threes {over})
SELECT count(DISTINCT unit) FILTER (s1 IS NOT NULL), count(DISTINCT unit) FILTER (s2 IS NOT NULL),
  count(DISTINCT unit) FILTER (s3 IS NOT NULL), count(DISTINCT unit) FILTER (step = 4 AND ts - r3 <= {window}) FROM four
"""


def rates(rows: list[Any]) -> list[int]:
    """Sizes, and rates to PLACES digits, of rows (came back after 1 .. weeks, could come back after 0 .. weeks)."""
    out = []
    for row in rows:
        back, could = row[: WEEKS - 1], row[WEEKS - 1 :]
        out += [int(could[0]), *(round(Fraction(b * 10**PLACES, c)) for b, c in zip(back, could[1:], strict=True))]
    return out


class Duck:
    """DuckDB's SQL over a table in the order of users."""

    name = "duckdb"

    def __init__(self, file: Path, threads: int) -> None:
        self.connection = duckdb.connect(config={"threads": threads})
        self.connection.execute(f"CREATE TABLE events AS SELECT * FROM '{file}' ORDER BY user, ts")

    def _rows(self, sql: str) -> list[Any]:
        return self.connection.execute(sql).fetchall()

    def _funnel(self, unit: str, narrowed: str = "") -> list[int]:
        since, before = ENTERS
        sql = FUNNEL_SQL.format(unit=unit, since=since, before=before, window=WINDOW, over=BEFORE, filter=narrowed)
        return list(self._rows(sql)[0])

    def funnel(self) -> list[int]:
        return self._funnel("user")

    def accounts(self) -> list[int]:
        return self._funnel("account")

    def filtered(self) -> list[int]:
        return self._funnel("user", "AND (name <> 5 OR plan = 1)")

    def features(self) -> list[int]:
        back = ", ".join(f"sum(bit_count(weeks & (weeks >> {c})))::BIGINT" for c in range(1, WEEKS))
        could = ", ".join(f"sum(bit_count(weeks & {(1 << (WEEKS - c)) - 1}))::BIGINT" for c in range(WEEKS))
        used = (
            f"SELECT user, name, bit_or(1::UBIGINT << ((ts - {SINCE}) // {7 * DAY})::INTEGER) AS weeks FROM events "
            "WHERE user >= 0 GROUP BY user, name"
        )
        rows = self._rows(f"SELECT name, {back}, {could} FROM ({used}) GROUP BY name ORDER BY name")
        return rates([row[1:] for row in rows])

    def lifecycle(self) -> list[int]:
        rows = self._rows(
            f"WITH active AS (SELECT DISTINCT user, (ts - {SINCE}) // {7 * DAY} AS week FROM events WHERE user >= 0), "
            "told AS (SELECT week, lag(week) OVER (PARTITION BY user ORDER BY week) AS before FROM active) "
            "SELECT week, count(*) FILTER (before IS NULL), count(*) FILTER (before = week - 1), "
            "count(*) FILTER (before < week - 1) "
            "FROM told GROUP BY week ORDER BY week"
        )
        return [n for column in zip(*rows, strict=True) for n in column][WEEKS:]

    def stickiness(self) -> list[int]:
        days = f"SELECT user, count(DISTINCT (ts - {SINCE}) // {DAY}) AS days FROM events WHERE user >= 0 GROUP BY user"
        found = dict(self._rows(f"SELECT days, count(*) FROM ({days}) GROUP BY days"))
        return [found.get(k, 0) for k in range(1, DAYS + 1)]


class ClickHouse:
    """ClickHouse in this process (chdb), over a MergeTree in the order that suits the question."""

    name = "clickhouse"

    def __init__(self, file: Path, threads: int) -> None:
        from chdb.session import Session

        self.session = Session()
        self.settings = f"SETTINGS max_threads = {threads}"
        self.session.query("CREATE DATABASE bench")
        for unit in ("user", "account"):
            order = f"ENGINE = MergeTree ORDER BY ({unit}, ts)"
            self.session.query(
                f"CREATE TABLE bench.by_{unit} (user Int64, account Int64, ts UInt64, name Int32, plan Int32) {order}"
            )
            columns = "user, account, toUInt64(ts), name, plan"
            self.session.query(f"INSERT INTO bench.by_{unit} SELECT {columns} FROM file('{file}')")
            self.session.query(f"OPTIMIZE TABLE bench.by_{unit} FINAL")

    def _rows(self, sql: str) -> list[list[int]]:
        said = str(self.session.query(f"{sql} {self.settings}", "TabSeparated"))
        return [[int(cell) for cell in line.split("\t")] for line in said.strip().splitlines()]

    def _funnel(self, unit: str, second: str = "") -> list[int]:
        since, before = ENTERS
        steps = [f"name = {name}" for name in STEPS]
        steps[0] += f" AND ts < {before}"
        steps[1] += second
        rows = self._rows(
            f"SELECT depth, count() FROM (SELECT {unit}, windowFunnel({WINDOW})(ts, {', '.join(steps)}) AS depth "
            f"FROM bench.by_{unit} WHERE {unit} >= 0 AND name IN {STEPS} AND ts >= {since} AND ts <= {before + WINDOW} "
            f"GROUP BY {unit}) GROUP BY depth"
        )
        return [sum(count for depth, count in rows if depth >= k) for k in range(1, len(STEPS) + 1)]

    def funnel(self) -> list[int]:
        return self._funnel("user")

    def accounts(self) -> list[int]:
        return self._funnel("account")

    def filtered(self) -> list[int]:
        return self._funnel("user", " AND plan = 1")

    def features(self) -> list[int]:
        back = ", ".join(f"sum(bitCount(bitAnd(weeks, bitShiftRight(weeks, {c}))))" for c in range(1, WEEKS))
        could = ", ".join(f"sum(bitCount(bitAnd(weeks, {(1 << (WEEKS - c)) - 1})))" for c in range(WEEKS))
        used = (
            f"SELECT user, name, groupBitOr(bitShiftLeft(toUInt64(1), {WEEK})) AS weeks FROM bench.by_user "
            "WHERE user >= 0 GROUP BY user, name"
        )
        return rates(
            [row[1:] for row in self._rows(f"SELECT name, {back}, {could} FROM ({used}) GROUP BY name ORDER BY name")]
        )

    def lifecycle(self) -> list[int]:
        active = (
            f"SELECT user, arraySort(groupUniqArray(toInt32({WEEK}))) AS weeks FROM bench.by_user WHERE user >= 0 "
            "GROUP BY user"
        )
        former = "arrayPushFront(arrayPopBack(weeks), -2)"
        told = f"SELECT week, before FROM ({active}) ARRAY JOIN weeks AS week, {former} AS before"
        counts = "countIf(before = -2), countIf(before = week - 1), countIf(before >= 0 AND before < week - 1)"
        rows = self._rows(f"SELECT week, {counts} FROM ({told}) GROUP BY week ORDER BY week")
        return [n for column in zip(*rows, strict=True) for n in column][WEEKS:]

    def stickiness(self) -> list[int]:
        days = (
            f"SELECT user, uniqExact(intDiv(ts - {SINCE}, {DAY})) AS days FROM bench.by_user WHERE user >= 0 "
            "GROUP BY user"
        )
        found = dict(self._rows(f"SELECT days, count() FROM ({days}) GROUP BY days"))
        return [found.get(k, 0) for k in range(1, DAYS + 1)]


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--events", type=int, default=50_000_000)
    given.add_argument("--threads", type=int, default=2)
    given.add_argument("--runs", type=int, default=3)
    options = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "events.parquet"
        workspace = filled(Path(folder) / "home", file, options.events, options.threads)
        index = workspace.sequences
        if index is None:
            raise SystemExit("the workspace has no cache")
        for properties in ([], ["plan"]):
            index.folder.clear()
            index.remember(properties)
            builds = [built(workspace) for _ in range(options.runs)]
            took, worked = (statistics.median(times) for times in zip(*builds, strict=True))
            rate, size = options.events / took, index.folder.size() / options.events
            said = (
                f"index built in {took:.1f} s ({worked:.1f} s of processors), {rate:,.0f}/s, the first time in "
                f"{builds[0][0]:.1f} s; {size:.0f} bytes an event"
            )
            print(f"{options.events:,} events, columns for {properties}: {said}; peak memory {_peak()} MB", flush=True)
        ours = Ours(workspace)
        questions = ("funnel", "accounts", "filtered", "features", "lifecycle", "stickiness")
        times: dict[str, dict[str, tuple[float, float]]] = {what: {} for what in questions}
        counts = {}
        for what in questions:
            times[what]["tenure"], counts[what] = median(getattr(ours, what), options.runs)
        print(f"peak memory after the questions {_peak()} MB", flush=True)
        others: list[Any] = [Duck]
        if importlib.util.find_spec("chdb") is not None:
            others.append(ClickHouse)
        for other in others:
            side = other(file, options.threads)
            for what in questions:
                times[what][side.name], found = median(getattr(side, what), options.runs)
                if found != counts[what]:
                    raise SystemExit(f"{what}: {side.name} counts otherwise: {found[:8]} and {counts[what][:8]}")
        for what, by in times.items():
            mine = by.pop("tenure")
            rest = (
                f"{name} {wall:.2f} s ({wall / mine[0]:.1f} x), processors {busy:.2f} s ({busy / mine[1]:.1f} x)"
                for name, (wall, busy) in by.items()
            )
            print(f"{what}: tenure {mine[0]:.3f} s, processors {mine[1]:.3f} s; {'; '.join(rest)}")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
