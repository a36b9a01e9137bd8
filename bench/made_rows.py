"""The rows of the revenue benchmark, made from a seed: accounts with about three versions of subscriptions each.

All semantics are on: overlapping versions, gaps, trials, pauses, unpaid and cancelled subscriptions, two currencies
(also inside one account), discounts on 5 % of the subscriptions. Every paid stretch is long enough to hold a month-end:
so an account x month grid, which sees nothing else, can tell new customers from returning ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

FIRST = date(2021, 1, 1)
MONTHS = 60
DAYS = 1826
CURRENCIES = ("USD", "EUR")
PLANS = ("free-trial", "starter", "team", "business", "enterprise", "legacy")
SETTLED = 60
"""Days before which nothing happens to a new version."""

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Made:
    """Tables by name, with the columns of the contract."""

    tables: dict[str, pa.Table]

    @property
    def rows(self) -> int:
        return sum(table.num_rows for table in self.tables.values())


def names(prefix: str, numbers: Ints) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pc.cast(pa.array(numbers), pa.string()), "")


def days(numbers: Ints, missing: Flags | None = None) -> pa.Array:
    epoch = (FIRST - date(1970, 1, 1)).days
    return pa.array((numbers + epoch).astype(np.int32), pa.int32(), mask=missing).cast(pa.date32())


def picked(values: tuple[str, ...], codes: Ints) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8)), pa.array(values)).cast(pa.string())


def decimals(numbers: Ints, places: int) -> pa.Array:
    """The numbers as units of the last place; none of them is negative."""
    words = np.column_stack([numbers, np.zeros_like(numbers)])
    return pa.Array.from_buffers(pa.decimal128(18, places), len(numbers), [None, pa.py_buffer(words)])


def make(accounts: int, versions: int, seed: int = 1) -> Made:
    """`accounts` accounts with `versions` subscription rows in all (about three for each account)."""
    rng = np.random.default_rng(seed)
    owners = np.repeat(np.arange(accounts), rng.choice([1, 2, 3], accounts, p=[0.6, 0.3, 0.1]))
    counts = rng.choice([1, 2, 3, 4], len(owners), p=[0.38, 0.35, 0.18, 0.09])
    while counts.sum() < versions:
        counts[rng.integers(0, len(counts), versions - counts.sum())] += 1
    subscription = np.repeat(np.arange(len(owners)), counts)[:versions]
    place = np.arange(versions) - np.maximum.accumulate(
        np.where(np.r_[True, subscription[1:] != subscription[:-1]], np.arange(versions), 0)
    )
    start, end, is_open = terms(rng, subscription, place, versions)
    account = owners[subscription]
    return Made(
        {
            "subscriptions": pa.table(
                {
                    "account_id": names("a", account),
                    "subscription_id": names("s", subscription),
                    **prices(rng, subscription, account, versions),
                    **dates(rng, place, start, end, is_open),
                    "row_id": names("r", np.arange(versions)),
                }
            ),
            "discounts": discounts(rng, start[place == 0], subscription[place == 0]),
            "fx_rates": rates(rng),
        }
    )


def terms(
    rng: np.random.Generator, subscription: Ints, place: Ints, n: int
) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """Start, end and `has no end` of each version: mostly one after the other, some apart, some overlapping."""
    length = SETTLED + 40 + rng.geometric(1 / 140, n)
    step = rng.choice(3, n, p=[0.80, 0.12, 0.08])
    apart = np.where(step == 1, rng.integers(5, 200, n), np.where(step == 2, -rng.integers(1, 26, n), 0))
    advance = np.where(place == 0, 0, np.r_[0, length[:-1]] + apart)
    total = np.cumsum(advance)
    first = np.maximum.accumulate(np.where(place == 0, np.arange(n), 0))
    begun = rng.integers(0, DAYS - 360, n)[first]
    start = begun + total - total[first]
    last = np.r_[subscription[1:] != subscription[:-1], True]
    return start, start + length, last & (rng.random(n) < 0.6)


def prices(rng: np.random.Generator, subscription: Ints, account: Ints, n: int) -> dict[str, pa.Array]:
    home = (account * 2654435761 % 5 == 0).astype(np.int64)
    abroad = subscription * 40503 % 20 == 0
    interval = (subscription * 7919 % 100)[:n]
    codes = np.where(interval < 70, 0, np.where(interval < 95, 1, 2))
    return {
        "plan": picked(PLANS, rng.integers(0, len(PLANS), n)),
        "currency": picked(CURRENCIES, np.where(abroad, 1 - home, home)),
        "amount": decimals(rng.integers(20, 1000, n) * 50 * np.array([1, 12, 1])[codes], 2),
        "quantity": pa.array(rng.integers(1, 20, n)),
        "interval": picked(("month", "year", "week"), codes),
    }


def dates(rng: np.random.Generator, place: Ints, start: Ints, end: Ints, is_open: Flags) -> dict[str, pa.Array]:
    n = len(start)
    long_enough = is_open | (end - start >= SETTLED + 90)
    paused = (rng.random(n) < 0.05) & long_enough
    pause_from = start + SETTLED
    pause_to = pause_from + rng.integers(10, 41, n)
    spans = pa.ListArray.from_arrays(
        pa.array(np.r_[0, np.cumsum(paused)].astype(np.int32)),
        pa.StructArray.from_arrays([days(pause_from[paused]), days(pause_to[paused])], names=["from", "to"]),
    )
    return {
        "start": days(start),
        "end": days(end, is_open),
        "trial_end": days(start + 14, ~((place == 0) & (rng.random(n) < 0.15))),
        "unpaid_at": days(start + SETTLED + 35 + rng.integers(0, 90, n), ~(rng.random(n) < 0.01) | paused),
        "cancelled_at": days(end - 20, is_open | (rng.random(n) < 0.7)),
        "pauses": spans,
    }


def discounts(rng: np.random.Generator, start: Ints, subscription: Ints) -> pa.Table:
    """One in twenty subscriptions has one, some of them two: a share and an amount."""
    chosen = np.flatnonzero(rng.random(len(start)) < 0.05)
    twice = chosen[rng.random(len(chosen)) < 0.2]
    owner = np.r_[chosen, twice]
    n = len(owner)
    is_amount = np.r_[rng.random(len(chosen)) < 0.3, np.ones(len(twice), bool)]
    begins = start[owner] + rng.choice([0, 30], n)
    limited = rng.random(n) < 0.5
    return pa.table(
        {
            "subscription_id": names("s", subscription[owner]),
            "kind": picked(("percent", "amount"), is_amount.astype(np.int64)),
            "value": pa.array(np.where(is_amount, 5, rng.choice([10, 20, 25, 50], n))),
            "duration": picked(("forever", "repeating"), limited.astype(np.int64)),
            "start": days(begins),
            "end": days(begins + 180, ~limited),
            "row_id": names("d", np.arange(n)),
        }
    )


def rates(rng: np.random.Generator) -> pa.Table:
    """A rate of the euro on the last day of each month, from the month before the first."""
    months = np.datetime64(FIRST, "M") + np.arange(MONTHS + 1)
    last_days = (months.astype("datetime64[D]") - 1 - np.datetime64(FIRST)).astype(np.int64)
    micros = np.round((1.1 + np.cumsum(rng.normal(0, 0.01, MONTHS + 1))) * 10**6).astype(np.int64)
    return pa.table(
        {
            "day": days(last_days),
            "currency": pa.array(["EUR"] * (MONTHS + 1)),
            "rate": decimals(micros, 6),
        }
    )
