"""`anomalies` and `definition_diff`: what is odd in the rows, and what another definition would say."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.hashing import stable_hash
from tenure.core.money import MONEY
from tenure.core.periods import Periods, day_date, day_number, later
from tenure.core.sequences.spans import repeated
from tenure.warehouse import proof
from tenure.warehouse.answer import Result
from tenure.warehouse.arrays import numbers
from tenure.warehouse.book import EMPTY, OVERLAPPING, REPEATED
from tenure.warehouse.lines import meets, merged_roots
from tenure.warehouse.questions import base
from tenure.warehouse.questions.base import Ask, Question, no_cell
from tenure.warehouse.questions.movements import METRICS, metrics
from tenure.warehouse.revenue import Ledger
from tenure.warehouse.slices import Where, account_ids, account_values
from tenure.warehouse.snapshot import Snapshot

DONE = {
    "duplicate": "counted_once",
    "overlap": "later_start_counts",
    "negative_account": "counted_0",
    "unknown_interval": "counted_0",
    "missing_amount": "counted_0",
    "negative_quantity": "counted_0",
    "too_large": "counted_0",
    "end_before_start": "left_out",
    "bad_date": "left_out",
}
"""What was done about each kind of anomaly; anything else that could not be read was read as empty."""
MONEY_ROWS = (
    ("subscriptions", "subscription_rows"),
    ("contracts", "contract_rows"),
    ("invoice_lines", "invoice_rows"),
    ("discounts", "discount_rows"),
)
FLAWED = ("subscriptions", "contracts", "invoice_lines", "discounts", "accounts", "fx_rates")


@dataclass(frozen=True)
class Anomalies(Question):
    """Everything odd in the rows, and what was done about it."""

    name: ClassVar[str] = "anomalies"
    doc: ClassVar[str] = "Rows with something wrong in them, and what was done; nothing is dropped silently."
    columns: ClassVar[Mapping[str, str]] = {
        "row": "row_id, or what is missing (a currency)",
        "kind": "duplicate, overlap, end_before_start, unknown_interval, missing_rate, negative_account ...",
        "done": "what was done about it, as a code",
        "table": "the table of the row",
        "account_id": "the account, if the row names one",
        "complete": "true",
    }
    of_lines: ClassVar[bool] = False
    from_: str | None = base.asked(
        "label", "List missing rates of these months only. Default: gaps between known ones.", None
    )
    to: str | None = base.asked("label", "See `from`.", None)
    where: Where = base.asked(
        "where", "Conditions on accounts: list what names an account that meets them, and nothing else.", Where()
    )
    definition: str | None = base.DEFINITION

    def __post_init__(self) -> None:
        super().__post_init__()
        base.check_of_accounts(self.name, self.where)

    def answer(self, ask: Ask) -> Result:
        snapshot = ask.snapshot
        book = Ledger.open(snapshot, ask.shelf, Where())
        found = [
            *_flaws(snapshot),
            *_sent_twice(snapshot),
            *_overlapping(snapshot, book),
            *_negative(snapshot, book),
            *self._rates(snapshot, book),
        ]
        if self.where.accounts:
            met = _meeting(snapshot, {account for *_, account in found}, self.where)
            found = [one for one in found if one[-1] in met]
        found = sorted(set(found))
        names = ("row", "kind", "done", "table", "account_id")
        data = {n: pa.array([f[i] or None for f in found], pa.string()) for i, n in enumerate(names)}
        data["complete"] = pa.array([True] * len(found), pa.bool_())
        return Result(pa.table(data))

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        if "row" not in cell:
            raise no_cell(self.name, cell, "Name an anomaly by its row.", ("row",))
        book = Ledger.open(ask.snapshot, ask.shelf, Where())
        at, tables = 0, []
        for measure, count in book.book.parts:
            keys = pa.table({"row_key": pa.array(np.unique(book.book.row_key[at : at + count]))})
            rows = ask.snapshot.run(proof.PROOF_OF[measure], beside={"keys": keys}).select([*proof.COLUMNS])
            tables.append(rows.filter(pc.equal(rows["row_id"], str(cell["row"]))))
            at += count
        joined = proof.joined([t for t in tables if t.num_rows])
        if not self.where.accounts:
            return joined
        met = _meeting(ask.snapshot, {*joined["account_id"].to_pylist()}, self.where)
        return joined.filter(pc.is_in(joined["account_id"], pa.array(sorted(met), pa.string())))

    def _rates(self, snapshot: Snapshot, book: Ledger) -> list[tuple[str, ...]]:
        rates = snapshot.rates
        out: list[tuple[str, ...]] = []
        for currency in book.currencies:
            if not rates.known(currency):
                out.append((currency, "missing_rate", "counted_0", "fx_rates", ""))
                continue
            months = rates.gaps(currency)
            if self.from_ is not None or self.to is not None:
                start, stop = base.stretch(self.from_, self.to, snapshot)
                last = min(stop, snapshot.today) - timedelta(days=1)
                months = rates.missing(currency, start - timedelta(days=1), last)
            out += [(f"{currency} {m}", "missing_rate", "rate_carried", "fx_rates", "") for m in months]
        return out


def _meeting(snapshot: Snapshot, account_ids: Collection[str | None], where: Where) -> set[str]:
    """Those of the accounts that meet the conditions; a merged account is what it was merged into."""
    ids = sorted(account for account in account_ids if account)
    roots = merged_roots(snapshot)
    keys = [roots.get(key, key) for key in stable_hash(pa.array(ids, pa.string())).tolist()]
    unique = np.unique(np.array(keys, np.int64))
    met = set(unique.tolist())
    for condition in where.accounts:
        values = zip(unique.tolist(), account_values(snapshot, unique, condition.column), strict=True)
        met &= {key for key, value in values if meets(value, condition)}
    return {account for account, key in zip(ids, keys, strict=True) if key in met}


def _flaws(snapshot: Snapshot) -> list[tuple[str, ...]]:
    """Flaws noted when rows were loaded."""
    out: list[tuple[str, ...]] = []
    for table in FLAWED:
        if snapshot.has(table):
            for row in snapshot.run(f"flawed_{table}").to_pylist():
                for kind in row["flaws"] or []:
                    done = DONE.get(kind, "read_as_empty")
                    out.append((row["row_id"] or "", kind, done, table, row["account_id"] or ""))
    return out


def _sent_twice(snapshot: Snapshot) -> list[tuple[str, ...]]:
    """Rows that were sent more than once, known still or no longer, in every table that money is made from."""
    snapshot = replace(snapshot, with_superseded=True)
    out: list[tuple[str, ...]] = []
    for table, measure in MONEY_ROWS:
        if not snapshot.has(table):
            continue
        rows = snapshot.run(measure, ["row_key", "recorded_at"])
        keys = numbers(rows["row_key"])
        chosen = keys[repeated(keys, numbers(rows["recorded_at"]))]
        if not len(chosen):
            continue
        if table == "discounts":
            named = snapshot.run(measure, ["row_key", "row_id"])
            found = named.filter(pc.is_in(named["row_key"], pa.array(np.unique(chosen)))).to_pylist()
        else:
            found = proof.by_keys(snapshot, proof.PROOF_OF[measure], chosen).to_pylist()
        out += [(row["row_id"], "duplicate", DONE["duplicate"], table, row.get("account_id") or "") for row in found]
    return out


def _overlapping(snapshot: Snapshot, book: Ledger) -> list[tuple[str, ...]]:
    """Rows that give way to a version of their line that began later."""
    out: list[tuple[str, ...]] = []
    at = 0
    for measure, count in book.book.parts:
        flags = book.book.row_flags[at : at + count]
        keys = book.book.row_key[at : at + count]
        at += count
        chosen = keys[(flags & OVERLAPPING != 0) & (flags & (EMPTY | REPEATED) == 0)]
        if len(chosen):
            for row in proof.by_keys(snapshot, proof.PROOF_OF[measure], chosen).to_pylist():
                out.append((row["row_id"], "overlap", DONE["overlap"], row["table"], row["account_id"] or ""))
    return out


def _negative(snapshot: Snapshot, book: Ledger) -> list[tuple[str, ...]]:
    """Accounts whose lines add up below 0 on some day."""
    if not len(book.spans.row):
        return []
    first, last = day_date(int(book.spans.start.min())), later(day_date(book.last_change()), 1)
    result = book.net(Periods("day", (first, last)), book.slices(()))
    keys = book.spans.accounts[result.net.negative]
    ids = account_ids(snapshot, keys)
    return [(name, "negative_account", DONE["negative_account"], "accounts", name) for name in ids]


COMPARED = ("customers_open", "customers_new", "customers_churned", "customers_close", *METRICS)
MOST_ACCOUNTS = 100


@dataclass(frozen=True)
class DefinitionDiff(Question):
    """The same rows under several definitions."""

    name: ClassVar[str] = "definition_diff"
    doc: ClassVar[str] = "Every metric under several metric definitions, with the accounts that make the difference."
    columns: ClassVar[Mapping[str, str]] = {
        "period": "label of the period",
        "metric": "the metric or count",
        "differs": "whether the definitions disagree",
        "accounts": f"up to {MOST_ACCOUNTS} accounts whose MRR or movement differs in the period",
        "complete": "false while the period is not over",
    }
    definitions: tuple[str, ...] = base.asked("names", "Names of two or more metric definitions; one column each.")
    from_: str | None = base.FROM
    to: str | None = base.TO
    grain: str = base.GRAIN
    where: Where = base.WHERE

    def answer(self, ask: Ask) -> Result:
        periods = base.periods_of(self.from_, self.to, self.grain, ask.snapshot)
        values: dict[str, list[dict[str, Decimal | None]]] = {}
        states = []
        for name in self.definitions:
            snapshot = ask.snapshot.under(ask.definition(name))
            book = Ledger.open(snapshot, ask.shelf, self.where)
            result = book.net(periods, book.slices(()), keep=True)
            values[name] = [_figures(snapshot, result.movements(p, 0), self.grain) for p in range(len(periods))]
            states.append(_states(book, periods, result.net.lines))
        accounts = [_apart(ask.snapshot, [s[p] for s in states]) for p in range(len(periods))]
        done = base.complete(periods, ask.snapshot)
        rows = []
        for p, label in enumerate(periods.labels):
            for metric in COMPARED:
                figures = [values[name][p][metric] for name in self.definitions]
                differs = len(set(figures)) > 1
                rows.append((label, metric, *figures, differs, accounts[p] if differs else [], done[p]))
        names = ("period", "metric", *self.definitions, "differs", "accounts", "complete")
        types = (
            pa.string(), pa.string(), *(MONEY for _ in self.definitions), pa.bool_(), pa.list_(pa.string()), pa.bool_(),
        )  # fmt: skip
        data = {n: pa.array([r[i] for r in rows], t) for i, (n, t) in enumerate(zip(names, types, strict=True))}
        return Result(pa.table(data))


def _figures(snapshot: Snapshot, m: Any, grain: str) -> dict[str, Decimal | None]:
    """All compared figures of a period, the headline rates as the definition reads them."""
    definition = snapshot.definition
    out: dict[str, Decimal | None] = {
        name: Decimal(getattr(m, name)) for name in COMPARED if name.startswith("customers_")
    }
    out |= metrics(m, grain, [], definition.gross_margin)
    if definition.churn_base_includes_new:
        out["customer_churn_rate"] = out["customer_churn_rate_incl_new_in_base"]
    if definition.net_churn_includes_reactivation:
        out["net_mrr_churn_rate"] = out["net_mrr_churn_rate_incl_reactivation"]
    return out


def _states(book: Ledger, periods: Periods, lines: Any) -> list[tuple[dict[int, float], set[tuple[int, int]]]]:
    """Per period: roughly what each account pays at the close, and which kinds of movement it had."""
    spans = book.spans
    owner = np.repeat(np.arange(len(spans.accounts)), np.diff(spans.first))
    rough = spans.amount[:, 1].astype(float) * 2.0**64 + spans.amount[:, 0].view(np.uint64).astype(float)
    period, account, _, kind, _ = lines
    out = []
    for p in range(len(periods)):
        day = day_number(periods.edges[p + 1]) - 1
        live = (spans.start <= day) & (spans.stop > day)
        sums = np.bincount(owner[live], rough[live], minlength=len(spans.accounts))
        paying = np.flatnonzero(sums)
        here = period == p
        moved = set(zip(spans.accounts[account[here]].tolist(), kind[here].tolist(), strict=True))
        out.append((dict(zip(spans.accounts[paying].tolist(), sums[paying].tolist(), strict=True)), moved))
    return out


def _apart(snapshot: Snapshot, sides: list[tuple[dict[int, float], set[tuple[int, int]]]]) -> list[str]:
    """The accounts on which the sides disagree."""
    first, moved = sides[0]
    keys: set[int] = set()
    for paying, other in sides[1:]:
        keys |= {k for k in {*first, *paying} if abs(first.get(k, 0.0) - paying.get(k, 0.0)) > 1e-9 * 1e12}
        keys |= {k for k, _ in moved ^ other}
    chosen: npt.NDArray[np.int64] = np.array(sorted(keys)[:MOST_ACCOUNTS], np.int64)
    return sorted(account_ids(snapshot, chosen)) if len(chosen) else []
