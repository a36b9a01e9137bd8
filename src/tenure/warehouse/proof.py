"""The proof of a figure: from a cell to accounts, to the rows that made it. Hides which table a row lies in."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tenure.core.money import MONEY
from tenure.warehouse.book import Book
from tenure.warehouse.snapshot import Snapshot

PROOF_OF = {
    "subscription_rows": "proof_subscriptions",
    "contract_rows": "proof_contracts",
    "invoice_rows": "proof_invoice_lines",
}
COLUMNS = (
    "table", "row_id", "source", "account_id", "line", "item", "product", "plan", "currency", "amount", "quantity",
    "interval", "interval_count", "start", "end", "mrr", "recorded_at", "superseded_at",
)  # fmt: skip


def rows(snapshot: Snapshot, book: Book, chosen: npt.NDArray[np.integer]) -> pa.Table:
    """The source rows behind row numbers of a book, as they were given; money as given and per month."""
    tables = []
    at = 0
    for measure, count in book.parts:
        here = chosen[(chosen >= at) & (chosen < at + count)]
        at += count
        if len(here):
            tables.append(by_keys(snapshot, PROOF_OF[measure], book.row_key[here]))
    return joined(tables)


def by_keys(snapshot: Snapshot, measure: str, row_keys: npt.NDArray[np.int64]) -> pa.Table:
    """The rows of a proof measure with these keys; a row sent twice shows twice."""
    return _keyed(snapshot, measure, row_keys).select([*COLUMNS])


def row_ids(snapshot: Snapshot, measure: str, row_keys: npt.NDArray[np.int64]) -> dict[int, set[str]]:
    """Row key -> what the rows of a proof measure with it are called."""
    found: dict[int, set[str]] = {key: set() for key in row_keys.tolist()}
    table = _keyed(snapshot, measure, row_keys)
    for key, row_id in zip(table["row_key"].to_pylist(), table["row_id"].to_pylist(), strict=True):
        found[key].add(row_id)
    return found


def _keyed(snapshot: Snapshot, measure: str, row_keys: npt.NDArray[np.int64]) -> pa.Table:
    keys = pa.table({"row_key": pa.array(np.unique(row_keys))})
    return snapshot.run(measure, beside={"keys": keys})


def joined(tables: list[pa.Table]) -> pa.Table:
    """Proof tables one after the other, sorted for reading; an empty one with the same columns if there are none."""
    if not tables:
        texts = {name: pa.array([], pa.string()) for name in COLUMNS}
        return pa.table({**texts, "amount": pa.array([], MONEY), "mrr": pa.array([], MONEY)}).select([*COLUMNS])
    first = tables[0].schema
    table = pa.concat_tables([t.cast(first) for t in tables])
    return table.sort_by([("account_id", "ascending"), ("line", "ascending"), ("start", "ascending")])


def with_movements(table: pa.Table, amounts: Mapping[str, object]) -> pa.Table:
    """The rows with a column `movement`: what their account's MRR moved by, in the reporting currency."""
    column = pa.array([amounts.get(a) for a in table["account_id"].to_pylist()], MONEY)
    return table.add_column(0, "movement", column)
