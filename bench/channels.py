"""The table of channels over 10 M rows of spend and leads, beside the same table by pandas.

    python bench/channels.py [--rows 10000000]

Half of the rows are spend (a day, one of 12 channels, 400 campaigns and 20,000 keywords), half are leads, of which one
in fifty was won. They are made from a seed and written into a lake. The product's time is that of the whole question,
never from the cache of answers: the median of three after one that is not counted. pandas gets the two tables ready in
memory and sums cost, leads and wins by channel, which must be equal, or the run fails. Target: 3 s. Without pandas only
the product is timed.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tenure.core.hashing import stable_hash
from tenure.warehouse.lake import ROWS_PER_FILE, schema_of
from tenure.warehouse.workspace import Workspace

FIRST_DAY, DAYS = 19_723, 366
"""The days of 2024."""
DAY = 86_400_000_000
CHANNELS, CAMPAIGNS, KEYWORDS = 12, 400, 20_000
QUESTION = {"question": "channels", "from": "2024-01", "to": "2024-12"}


def timed(work: Callable[[], Any], runs: int = 3) -> tuple[float, Any]:
    """(median seconds after one run that is not counted, the result)."""
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:]), result


def made(rows: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns of spend and of leads."""
    rng = np.random.default_rng(13)
    half = rows // 2

    def names(prefix: str, most: int) -> pa.Array:
        listed = pa.array([f"{prefix}{n}" for n in range(most)])
        return listed.take(pa.array((most * rng.random(half) ** 2).astype(np.int32)))

    def placed() -> dict[str, Any]:
        keyword = names("word ", KEYWORDS)
        return {"channel": names("channel ", CHANNELS), "campaign": names("campaign ", CAMPAIGNS), "keyword": keyword}

    day = FIRST_DAY + rng.integers(0, DAYS, half)
    cents = pa.array(rng.integers(1, 100_000, half)).cast(pa.decimal128(38, 0))
    spend = {
        **placed(),
        "day": pa.array(day.astype(np.int32)).cast(pa.date32()),
        "cost": pa.Array.from_buffers(pa.decimal128(38, 2), half, cents.buffers()),
        "clicks": pa.array(rng.integers(0, 50, half).astype(np.int32)),
        "impressions": pa.array(rng.integers(0, 2_000, half).astype(np.int32)),
        "currency": pa.DictionaryArray.from_arrays(np.zeros(half, np.int32), ["USD"]).cast(pa.string()),
        "kind": pa.DictionaryArray.from_arrays(np.zeros(half, np.int32), ["media"]).cast(pa.string()),
    }
    came = (FIRST_DAY + rng.integers(0, DAYS, half)) * DAY
    won = rng.random(half) < 0.02
    moments = pa.timestamp("us", "UTC")
    leads = {
        **placed(),
        "lead_id": pa.array(np.arange(half)).cast(pa.string()),
        "created_at": pa.array(came).cast(moments),
        "mql_at": pa.array(came + DAY, mask=rng.random(half) < 0.6).cast(moments),
        "won_at": pa.array(came + 40 * DAY, mask=~won).cast(moments),
    }
    return spend, leads


def filled(home: Path, spend: dict[str, Any], leads: dict[str, Any]) -> Workspace:
    """A workspace with both tables."""
    workspace = Workspace.open(home, {"reporting_currency": "USD"})
    for table, columns in (("spend", spend), ("leads", leads)):
        count, shape = len(columns["channel"]), schema_of(table)
        ids = pa.array(np.arange(count)).cast(pa.string())
        given = {**columns, "row_id": ids, "row_key": pa.array(stable_hash(ids))}
        given["recorded_at"] = pa.array(np.full(count, FIRST_DAY * DAY)).cast(pa.timestamp("us", "UTC"))
        whole = [given[f.name].cast(f.type) if f.name in given else pa.nulls(count, f.type) for f in shape]
        rows = pa.Table.from_arrays(whole, schema=shape)
        for begin in range(0, count, ROWS_PER_FILE):
            workspace.lake.append(table, rows.slice(begin, ROWS_PER_FILE))
    return workspace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000)
    rows = parser.parse_args().rows
    spend, leads = made(rows)
    with tempfile.TemporaryDirectory() as folder:
        workspace = filled(Path(folder), spend, leads)

        def ask() -> Any:
            return workspace.ask({**QUESTION, "ceiling": str(time.time())})  # asked anew, never from the cache

        ours, answer = timed(ask)
        print(f"channels of {rows:,} rows: {ours:.2f} s (target 3 s)")
        by_word, _ = timed(lambda: workspace.ask({**QUESTION, "by": "keyword", "ceiling": str(time.time())}), 1)
        print(f"the same by {KEYWORDS:,} keywords: {by_word:.2f} s")
        print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    if importlib.util.find_spec("pandas") is None:
        return
    import pandas

    cents = np.asarray(spend["cost"].cast(pa.float64()))
    paid = pandas.DataFrame({"channel": spend["channel"].to_pandas(), "cost": cents})
    came = pandas.DataFrame(
        {"channel": leads["channel"].to_pandas(), "won": leads["won_at"].is_valid().to_numpy(False)}
    )

    def peer() -> Any:
        return paid.groupby("channel")["cost"].sum(), came.groupby("channel")["won"].agg(["size", "sum"])

    theirs, (cost, counted) = timed(peer)
    for row in answer.to_dicts():
        name = row["channel"]
        if row["leads"] != counted.loc[name, "size"] or abs(float(row["cost"]) - cost[name]) > 1:
            raise SystemExit(
                f"{name}: {row['leads']}, {row['cost']} against {counted.loc[name].to_dict()}, {cost[name]}"
            )
    print(f"pandas, cost and leads alone, tables ready in memory: {theirs:.2f} s, {theirs / ours:.2f} times ours")


if __name__ == "__main__":
    main()
