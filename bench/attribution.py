"""Attribution of 1 M journeys with 5 M touches by every model, beside marketing-attribution-models.

    python bench/attribution.py [--accounts 1000000] [--peer-accounts 100000]

The touches are made from a seed and written into a lake: five an account on average over 180 days by ten channels; one
account in five buys. The product's time is that of the whole question, never from the cache of answers: the median of
three after one that is not counted. The peer gets the same touches in memory, on a size that it can finish, and runs
the models that both have; so does the same question here, from the lake. Beside it the models of both are timed alone,
over journeys that are laid out. Where both mean the same
(first, last, linear, position), their credits must be equal, or the run fails. Targets: 10 s; 5 x the peer. Without the
peer (pip install marketing-attribution-models) only the product is timed.
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
from tenure.core.stats import attribution
from tenure.warehouse.cache import AnswerCache
from tenure.warehouse.lake import ROWS_PER_FILE, schema_of
from tenure.warehouse.workspace import Workspace

SINCE = 1_704_067_200_000_000
DAY = 86_400_000_000
DAYS, APART = 180, 12
"""Each touch of an account has days of its own: none repeats another, so that the peer sees the same journeys."""
CHANNELS = ("SEM", "WeChat", "Event", "EDM", "Agent", "Call", "Direct", "Referral", "Content", "Visit")
BOTH = {"first": "first_click", "last": "last_click", "linear": "linear", "position": "position_based"}
FURTHER = ("time_decay", "markov", "shapley_rate")
QUESTION = {"question": "attribution", "lookback_days": 365}


def timed(work: Callable[[], Any], runs: int = 3) -> tuple[float, Any]:
    """(median seconds after one run that is not counted, the result)."""
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:]), result


def made(accounts: int) -> tuple[dict[str, Any], np.ndarray[Any, Any]]:
    """Touches by account and moment, and whether each account buys."""
    rng = np.random.default_rng(11)
    count = np.minimum(rng.poisson(4, accounts) + 1, DAYS // APART)
    account = np.repeat(np.arange(accounts), count)
    place = np.arange(len(account)) - np.repeat(np.cumsum(count) - count, count)
    day = place * APART + rng.integers(0, APART, len(account))
    at = SINCE + day * DAY + rng.integers(0, 1_440, len(account)) * 60_000_000
    share = 1 / np.arange(1, len(CHANNELS) + 1)
    channel = rng.choice(len(CHANNELS), len(account), p=share / share.sum())
    return {"account": account, "at": at, "channel": channel}, rng.random(accounts) < 0.2


def filled(home: Path, touches: dict[str, Any], buys: np.ndarray[Any, Any]) -> Workspace:
    """A workspace with the touches, and a deal of each account that buys."""
    workspace = Workspace.open(home)
    names = pa.array([f"a{n}" for n in range(len(buys))])

    def append(table: str, columns: dict[str, Any], count: int) -> None:
        shape = schema_of(table)
        ids = pa.array(np.arange(count)).cast(pa.string())
        columns["row_id"], columns["row_key"] = ids, pa.array(stable_hash(ids))
        columns["account_key"] = pa.array(stable_hash(columns["account_id"]))
        columns["recorded_at"] = pa.array(np.full(count, SINCE)).cast(pa.timestamp("us", "UTC"))
        whole = [columns[f.name].cast(f.type) if f.name in columns else pa.nulls(count, f.type) for f in shape]
        rows = pa.Table.from_arrays(whole, schema=shape)
        for begin in range(0, count, ROWS_PER_FILE):
            workspace.lake.append(table, rows.slice(begin, ROWS_PER_FILE))

    moments = pa.array(touches["at"]).cast(pa.timestamp("us", "UTC"))
    channel = pa.array(CHANNELS).take(pa.array(touches["channel"]))
    append(
        "touches",
        {"account_id": names.take(pa.array(touches["account"])), "ts": moments, "channel": channel},
        len(moments),
    )
    bought = np.flatnonzero(buys)
    ids = names.take(pa.array(bought))
    sold = pa.array(np.full(len(bought), SINCE + (DAYS + 1) * DAY)).cast(pa.timestamp("us", "UTC"))
    amount = pa.array(1_000 + bought % 997).cast(pa.decimal128(38, 12))
    currency = pa.array(["USD"] * len(bought))
    append(
        "deals",
        {"account_id": ids, "deal_id": ids, "amount": amount, "currency": currency, "created_at": sold, "won_at": sold},
        len(bought),
    )
    return workspace


def asked(workspace: Workspace, question: dict[str, Any]) -> pa.Table:
    """The answer, computed."""
    workspace._answers = AnswerCache(None)
    return workspace.ask(question).table


def models_alone(touches: dict[str, Any], buys: np.ndarray[Any, Any]) -> float:
    """Seconds of the same models over journeys that are laid out already, as the peer's are."""
    account = touches["account"]
    first = np.append(np.flatnonzero(np.append(True, np.diff(account) != 0)), len(account))
    age = (SINCE + (DAYS + 1) * DAY - touches["at"]) / DAY
    nowhere = np.full(len(buys), attribution.NONE)
    bought = buys.astype(np.int64)
    paths = attribution.Paths(first, touches["channel"].astype(np.int32), age, bought, 1 - bought, nowhere, nowhere)
    whole = (*BOTH, *FURTHER)

    def run() -> None:
        some, _ = attribution.that_converted(paths)
        for model in whole:
            of = paths if model in attribution.OF_ALL_JOURNEYS else some
            attribution.credited(of, model, None, len(CHANNELS), {})

    return timed(run)[0]


def by_peer(touches: dict[str, Any], buys: np.ndarray[Any, Any]) -> tuple[float, float, dict[str, dict[str, float]]]:
    """(seconds from touches to credits, seconds of its models alone, credited by model and channel)."""
    import polars as pl
    from mam import MAM

    account = touches["account"]
    last = np.append(np.diff(account) != 0, True)
    names = pl.Series(np.array([f"a{n}" for n in range(len(buys))])[account])
    frame = pl.DataFrame(
        {
            "account": names,
            "at": pl.Series(touches["at"]).cast(pl.Datetime("us")),
            "channel": np.array(CHANNELS)[touches["channel"]],
            "bought": buys[account] & last,
        }
    )
    found: dict[str, Any] = {}

    def laid_out() -> Any:
        return MAM(
            frame, format_type="session", channels_colname="channel", journey_with_conv_colname="bought",
            user_id_colname="account", datetime_colname="at",
        )  # fmt: skip

    def credit(ready: Any) -> None:
        for name in BOTH.values():
            found[name] = getattr(ready, f"run_{name}")()
        ready.run_time_decay(half_life_hours=720)
        ready.run_markov()
        ready.run_shapley(max_size=len(CHANNELS))

    ready = laid_out()
    models, _ = timed(lambda: credit(ready), 1)
    whole, _ = timed(lambda: credit(laid_out()), 1)
    credited = {}
    for name, result in found.items():
        table = result.to_polars()
        label, share = table.columns[0], table.columns[-1]
        credited[name] = dict(zip(map(str, table[label].to_list()), map(float, table[share].to_list()), strict=True))
    return whole, models, credited


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--accounts", type=int, default=1_000_000)
    given.add_argument("--peer-accounts", type=int, default=100_000)
    options = given.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        touches, buys = made(options.accounts)
        workspace = filled(Path(folder) / "whole", touches, buys)
        took, table = timed(lambda: asked(workspace, QUESTION))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        models = len(set(table["model"].to_pylist()))
        print(
            f"{len(touches['at']):,} touches of {options.accounts:,} accounts, {int(buys.sum()):,} conversions, "
            f"{models} models: {took:.2f} s, peak {peak:,.0f} MB, target 10 s"
        )
        if importlib.util.find_spec("mam") is None:
            print("marketing-attribution-models is not installed: not compared")
            return
        touches, buys = made(options.peer_accounts)
        workspace = filled(Path(folder) / "some", touches, buys)
        question = {**QUESTION, "models": [*BOTH, *FURTHER]}
        took, table = timed(lambda: asked(workspace, question))
        theirs, their_models, credited = by_peer(touches, buys)
        ours = models_alone(touches, buys)
        for mine, name in BOTH.items():
            rows = [row for row in table.to_pylist() if row["model"] == mine and row["channel"] != "(none)"]
            for row in rows:
                if abs(float(row["credit"]) - credited[name].get(row["channel"], 0.0)) > 1e-3:
                    raise SystemExit(f"{mine} of {row['channel']}: {row['credit']} and {credited[name]}")
        print(
            f"{len(touches['at']):,} touches of {options.peer_accounts:,} accounts, {len(BOTH) + len(FURTHER)} models: "
            f"{took:.2f} s; marketing-attribution-models {theirs:.2f} s: {theirs / took:.1f} x, target 5 x; "
            f"the models alone {ours:.3f} s and {their_models:.2f} s: {their_models / ours:.1f} x"
        )


if __name__ == "__main__":
    main()
