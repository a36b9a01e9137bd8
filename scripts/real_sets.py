"""The real data sets that the simulated firm is drawn beside. Hides their files and columns.

They lie in `TENURE_SHARED`/data, by default in ../shared beside the repository, and are never copied.
"""

from __future__ import annotations

import gzip
import io
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq

SHARED = Path(os.environ.get("TENURE_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "data"
TELCO = 26.54
"""Per cent of customers lost in telco_churn: 1,869 of 7,043."""
DAY = 86_400

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def _csv(name: str) -> pa.Table:
    path = SHARED / name
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = pv.ConvertOptions(column_types={"ts": pa.string(), "ts_utc": pa.string()})
    return pv.read_csv(io.BytesIO(data), convert_options=text)


class Openstack:
    """openstack_events: product use by companies over 16 years."""

    def __init__(self) -> None:
        table = _csv("openstack_events/events.csv.gz")
        self.second = np.array([text[:16] for text in table["ts_utc"].to_pylist()], "datetime64[s]").astype(np.int64)
        self.month = self.second.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)
        self.user = pc.dictionary_encode(table["user_id"]).combine_chunks().indices.to_numpy().astype(np.int64)
        self.account = pc.dictionary_encode(table["account_id"]).combine_chunks().indices.to_numpy().astype(np.int64)
        self.company = pc.equal(table["account_kind"], "company").to_numpy()
        kinds = pc.binary_join_element_wise(table["module"], table["event"], "/")
        self.uses = np.sort(pc.value_counts(kinds.combine_chunks()).field("counts").to_numpy())[::-1]

    def spans(self) -> tuple[Ints, Ints]:
        """First and last month of every company."""
        month, account = self.month[self.company], self.account[self.company]
        first = np.full(account.max() + 1, 1 << 30)
        last = np.full(account.max() + 1, -1)
        np.minimum.at(first, account, month)
        np.maximum.at(last, account, month)
        return first[last >= 0], last[last >= 0]

    def churn(self) -> dict[int, float]:
        """Year -> per cent of the companies of the year that are not seen in the next, as far as that is whole."""
        year, account = self.month[self.company] // 12 + 1970, self.account[self.company]
        seen = {y: set(account[year == y].tolist()) for y in range(2011, 2026)}
        return {y: 100 * len(seen[y] - seen[y + 1]) / len(seen[y]) for y in range(2011, 2025)}

    def commits(self) -> tuple[Ints, Ints]:
        """User and second of every commit: its rows lie in one minute."""
        both = np.unique(self.user * (1 << 34) + self.second)
        return both >> 34, both & ((1 << 34) - 1)

    def clock(self, *, own: bool) -> Ints:
        """Commits by weekday and hour: of UTC, or of each user's own day.

        Where users live is not stored. A user with 100 commits or more has the middle of the work of his odd days (the
        circular mean) put at 13:30 on the clock by which his even days are counted, and the reverse: so the shape is
        not made by the fitting. Lunch is blurred, as the middle is known to an hour or so.
        """
        user, second = self.commits()
        if own:
            often = np.bincount(user)[user] >= 100
            user, second = user[often], second[often]
            odd = second // DAY % 2
            angle = second % DAY / DAY * 2 * np.pi
            mean = np.zeros((2, user.max() + 1), complex)
            np.add.at(mean, (odd, user), np.exp(1j * angle))
            middle = (np.angle(mean[1 - odd, user]) / (2 * np.pi) * DAY).astype(np.int64)
            second = second + (13 * 3_600 + 1_800 - middle + DAY // 2) % DAY - DAY // 2
        table = np.zeros((7, 24), np.int64)
        np.add.at(table, ((second // DAY + 3) % 7, second % DAY // 3_600), 1)
        return table


def online_retail() -> Floats:
    """Turnover of the customers of a wholesaler: the 397,884 lines everybody reports on."""
    lines = pq.read_table(SHARED / "online_retail_2010_2011" / "lines.parquet")
    kept = pc.and_(pc.equal(lines["kind"], "sale"), pc.greater(lines["unit_price"], 0))
    lines = lines.filter(pc.and_(kept, pc.is_valid(lines["customer_id"])))
    worth = pc.multiply(pc.cast(lines["quantity"], pa.float64()), lines["unit_price"])
    table = pa.table({"customer": lines["customer_id"], "worth": worth})
    return table.group_by("customer").aggregate([("worth", "sum")])["worth_sum"].to_numpy()


def wholesale() -> Floats:
    """Yearly spend of the customers of a wholesaler."""
    table = _csv("wholesale_customers/wholesale_customers.csv")
    return np.sum([table[name].to_numpy() for name in table.column_names[2:]], axis=0).astype(np.float64)


def contributors() -> Floats:
    """What each contributor of an open-source project has paid in all, refunds taken off."""
    table = _csv("oss_subscriptions/contributions.csv")
    paid = table.group_by("contributor_id").aggregate([("amount_usd", "sum")])["amount_usd_sum"].to_numpy()
    return paid[paid > 0]


def payers() -> tuple[Ints, Ints, int]:
    """First and last month in which each monthly contributor paid, and the last month of the set."""
    table = _csv("oss_subscriptions/contributions.csv")
    months: dict[str, list[int]] = {}
    latest = 0
    for row in table.to_pylist():
        month = int(row["ts"][:4]) * 12 + int(row["ts"][5:7]) - 1
        latest = max(latest, month)
        if row["frequency"] == "monthly" and not row["is_refund"] and not row["is_refunded"]:
            months.setdefault(row["contributor_id"], []).append(month)
    return np.array([min(m) for m in months.values()]), np.array([max(m) for m in months.values()]), latest
