"""`movements`, `ledger` and `revenue_metrics`: what happened to MRR, period by period or day by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tenure.core.hashing import stable_hash
from tenure.core.metrics import mrr
from tenure.core.money import MONEY
from tenure.core.periods import Periods, add_months, between, day_date, day_number
from tenure.core.sequences.daily import REASONS
from tenure.core.sequences.walk import AT_CLOSING_RATE, KINDS
from tenure.warehouse import proof
from tenure.warehouse.answer import Result
from tenure.warehouse.book import EMPTY, REPEATED, UNVALUED
from tenure.warehouse.lines import merged_roots
from tenure.warehouse.questions import base
from tenure.warehouse.questions.base import Ask, Question, day_of, no_cell
from tenure.warehouse.revenue import Ledger, NetResult, rounded, value
from tenure.warehouse.slices import Where, account_ids
from tenure.warehouse.snapshot import Snapshot

MOVEMENT_COLUMNS = tuple(f.name for f in fields(mrr.Movements))
MONEY_COLUMNS = MOVEMENT_COLUMNS[:10]
METRICS = (
    "mrr", "arr", "arpa", "asp", "customer_churn_rate", "customer_churn_rate_incl_new_in_base", "gross_mrr_churn_rate",
    "net_mrr_churn_rate", "net_mrr_churn_rate_incl_reactivation", "nrr", "grr", "quick_ratio",
    "quick_ratio_excl_reactivation", "ltv_simple", "ltv_trailing6", "ltv_margin", "ltv_net_retention",
)  # fmt: skip
KINDS_BEHIND = {
    "asp": ("new",),
    "customer_churn_rate": ("churn",),
    "customer_churn_rate_incl_new_in_base": ("churn", "new"),
    "gross_mrr_churn_rate": ("contraction", "churn", "leaving"),
    "net_mrr_churn_rate": ("contraction", "churn", "leaving", "expansion"),
    "net_mrr_churn_rate_incl_reactivation": ("contraction", "churn", "leaving", "expansion", "reactivation"),
    "nrr": ("contraction", "churn", "leaving", "expansion"),
    "grr": ("contraction", "churn", "leaving"),
    "quick_ratio": ("new", "expansion", "reactivation", "contraction", "churn"),
    "quick_ratio_excl_reactivation": ("new", "expansion", "contraction", "churn"),
    "ltv_simple": ("churn",),
    "ltv_trailing6": ("churn",),
    "ltv_margin": ("churn",),
    "ltv_net_retention": ("contraction", "churn", "leaving", "expansion"),
}
"""Which movements explain a metric; the others are explained by what is in force at the close."""
SET_ASIDE = REPEATED | UNVALUED | EMPTY
COUNT_KINDS = {
    "customers_new": "new",
    "customers_churned": "churn",
    "customers_reactivated": "reactivation",
    "customers_entering": "entering",
    "customers_leaving": "leaving",
}


def known(ask: Ask, day: date | None) -> Snapshot:
    """The snapshot as it was known by the end of a local day."""
    return ask.snapshot if day is None else ask.snapshot.known(ask.snapshot.end_of(day))


def sliced_rows(result: NetResult) -> list[int]:
    """The slices an answer shows: those that occur, or the single one of a question without `by`."""
    return result.occupied() if result.cut.fields else list(range(result.cut.count))


def checks_of(book: Ledger, result: NetResult, rows: Sequence[mrr.Movements]) -> list[dict[str, Any]]:
    """The identities of an answer, each checked on its figures."""
    checks: list[dict[str, Any]] = [
        {"name": "open + movements + fx = close", "ok": all(m.money_adds_up for m in rows), "detail": len(rows)},
        {"name": "customers roll forward", "ok": all(m.customers_add_up for m in rows), "detail": len(rows)},
    ]
    follows = True
    for earlier, later in zip(rows, rows[len(sliced_rows(result)) :], strict=False):
        follows = follows and earlier.close == later.open and earlier.customers_close == later.customers_open
    checks.append({"name": "open = close of the period before", "ok": follows, "detail": len(rows)})
    if len(result.periods) and not result.net.negative.any() and not book.grace:
        last = day_number(result.periods.edges[-1]) - 1
        ours = sum((m.close for m in rows[len(rows) - len(sliced_rows(result)) :]), Decimal(0))
        straight = book.state_at(last)
        ok = abs(ours - straight) <= Decimal("1e-9") * max(1, result.cut.count)
        checks.append({"name": "last close = sum of spans in force", "ok": ok, "detail": str(straight)})
    taken = np.zeros(len(book.book.row_flags), bool)
    taken[book.spans.row] = True
    used = int(taken.sum())
    flags = _flags(book)
    aside = {"read": len(flags), "used": used, "set_aside": int((flags & SET_ASIDE != 0).sum())}
    checks.append(
        {
            "name": "rows read = rows used, worth nothing or set aside",
            "ok": used + aside["set_aside"] <= len(flags),
            "detail": aside,
        }
    )
    return checks


def notes_of(book: Ledger, result: NetResult) -> list[dict[str, Any]]:
    """What a reader of the figures should know: rates carried, rows set aside, negative accounts."""
    snapshot = book.snapshot
    notes: list[dict[str, Any]] = []
    if len(result.periods):
        first = result.periods.edges[0] - timedelta(days=1)
        last = min(result.periods.edges[-1] - timedelta(days=1), snapshot.today)
        notes += notes_of_rates(snapshot, book.currencies, first, last)
    notes += notes_of_rows(book)
    if result.net.negative.any():
        notes.append({"code": "negative_account", "accounts": int(result.net.negative.sum()), "done": "counted_0"})
    return notes


def notes_of_rates(snapshot: Snapshot, currencies: Sequence[str], first: date, last: date) -> list[dict[str, Any]]:
    """Which currencies have no rate, or none for some months between two days."""
    notes: list[dict[str, Any]] = []
    for currency in currencies:
        if not snapshot.rates.known(currency):
            notes.append({"code": "missing_rate", "currency": currency, "months": [], "done": "counted_0"})
        elif months := snapshot.rates.missing(currency, first, last):
            notes.append({"code": "missing_rate", "currency": currency, "months": months, "done": "rate_carried"})
    return notes


def _flags(book: Ledger) -> npt.NDArray[np.uint8]:
    """The flags of the rows of the accounts that a ledger is about."""
    flags = book.book.row_flags
    return flags[np.isin(book.book.row_account, book.spans.accounts)] if book.where.accounts else flags


def notes_of_rows(book: Ledger) -> list[dict[str, Any]]:
    """How many rows were sent twice, and how many gave way to another."""
    flags = _flags(book)
    counts = {code: int((flags & bit != 0).sum()) for bit, code in ((1, "duplicate"), (2, "overlap"))}
    return [{"code": code, "rows": count} for code, count in counts.items() if count]


def period_columns(
    result: NetResult, done: Sequence[bool], shown: Sequence[int]
) -> tuple[list[str], list[bool], dict[str, list[str]]]:
    """The columns every answer by period and slice begins and ends with: period, complete, one per field."""
    labels = result.periods.labels
    cut = result.cut
    period = [label for label in labels for _ in shown]
    finished = [d for d in done for _ in shown]
    by = {field: [cut.labels[s][i] for _ in labels for s in shown] for i, field in enumerate(cut.fields)}
    return period, finished, by


@dataclass(frozen=True)
class Movements(Question):
    """MRR from one close to the next."""

    name: ClassVar[str] = "movements"
    doc: ClassVar[str] = "What moved MRR between two closes, per period and slice."
    columns: ClassVar[Mapping[str, str]] = {
        "period": "label of the period",
        "open": "MRR at the close before, at the opening rate",
        "new": "MRR of accounts that never paid before",
        "expansion": "more from customers of the opening",
        "contraction": "less from customers of the opening that stay (negative)",
        "churn": "all of the customers of the opening that have none at the close (negative)",
        "reactivation": "MRR of former customers that came back",
        "entering": "MRR in this slice of customers that had it only in others",
        "leaving": "MRR that customers no longer have in this slice but have in others (negative)",
        "fx": "what exchange rates did; never a movement",
        "close": "MRR at the close, at the period's own rate",
        "customers_open": "accounts with MRR at the opening",
        "customers_new": "accounts that became customers",
        "customers_churned": "customers that left",
        "customers_reactivated": "former customers that came back",
        "customers_entering": "customers that entered the slice",
        "customers_leaving": "customers that left the slice for others",
        "customers_close": "accounts with MRR at the close",
        "complete": "false while the period is not over",
    }
    from_: str | None = base.FROM
    to: str | None = base.TO
    grain: str = base.GRAIN
    by: tuple[str, ...] = base.BY
    where: Where = base.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def net(self, ask: Ask, periods: Periods | None = None, *, keep: bool = False) -> tuple[Ledger, NetResult]:
        """The walk behind the answer, over all periods or some of them."""
        snapshot = known(ask, self.as_known_on)
        book = Ledger.open(snapshot, ask.shelf, self.where)
        if periods is None:
            periods = base.periods_of(self.from_, self.to, self.grain, snapshot)
        return book, book.net(periods, book.slices(self.by), keep=keep)

    def answer(self, ask: Ask) -> Result:
        book, result = self.net(ask)
        shown = sliced_rows(result)
        rows = [result.movements(p, s) for p in range(len(result.periods)) for s in shown]
        period, finished, by = period_columns(result, base.complete(result.periods, ask.snapshot), shown)
        data: dict[str, pa.Array] = {"period": pa.array(period, pa.string())}
        data |= {f: pa.array(v, pa.string()) for f, v in by.items()}
        for name in MOVEMENT_COLUMNS:
            kind = MONEY if name in MONEY_COLUMNS else pa.int64()
            data[name] = pa.array([getattr(m, name) for m in rows], kind)
        data["complete"] = pa.array(finished, pa.bool_())
        return Result(pa.table(data), checks_of(book, result, rows), notes_of(book, result))

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        kinds = [cell["kind"]] if "kind" in cell else [*KINDS]
        return cell_rows(self, ask, cell, [COUNT_KINDS.get(k, k) for k in kinds])


def cell_rows(question: Movements, ask: Ask, cell: Mapping[str, Any], kinds: Sequence[str]) -> pa.Table:
    """The rows behind movements of some kinds (or `open`, `close`, `fx`) in one period and slice."""
    states = ("open", "close", "fx", "customers_open", "customers_close")
    allowed = (*KINDS, *states)
    if not set(kinds) <= set(allowed):
        raise no_cell(question.name, cell, f"`kind` is one of: {', '.join(allowed)}.", allowed)
    unknown = set(cell) - {"period", "kind", "metric", "complete", *question.by}
    if unknown or "period" not in cell:
        raise no_cell(question.name, cell, f"Name a cell by: {', '.join(('period', 'kind', *question.by))}.")
    snapshot = known(ask, question.as_known_on)
    whole = base.periods_of(question.from_, question.to, question.grain, snapshot)
    place = whole.index(str(cell["period"]))
    one = Periods(whole.grain, whole.edges[place : place + 2], whole.week_start, whole.year_start)
    book, result = question.net(ask, one, keep=True)
    first, after = day_number(one.edges[0]), day_number(one.edges[1])
    pieces = [
        s for s, labels in enumerate(result.cut.labels)
        if all(str(cell[f]) == labels[i] for i, f in enumerate(result.cut.fields) if f in cell)
    ]  # fmt: skip
    spans = book.spans
    owner = np.repeat(np.arange(len(spans.accounts)), np.diff(spans.first))
    slices = result.cut.of_account[owner] * result.cut.row_slices + result.cut.of_row[spans.row]
    inside = np.isin(slices, pieces)
    if kinds[0] in states:
        day = first - 1 if kinds[0].endswith("open") else after - 1
        touched = inside & (spans.start <= day) & (spans.stop > day)
        return proof.rows(snapshot, book.book, np.unique(spans.row[touched]))
    _, account, cells, kind, amount = result.net.lines
    wanted = np.isin(kind, [KINDS.index(k) for k in kinds]) & np.isin(cells // result.currencies, pieces)
    moved = _amounts(result, account[wanted], cells[wanted], kind[wanted], amount[wanted])
    accounts = np.array(sorted(moved), np.int64)
    changed = ((spans.start >= first) & (spans.start < after)) | ((spans.stop >= first) & (spans.stop < after))
    touched = inside & changed & np.isin(owner, accounts)
    ids = account_ids(snapshot, spans.accounts[accounts])
    names = dict(zip(spans.accounts[accounts].tolist(), ids, strict=True))
    table = proof.rows(snapshot, book.book, np.unique(spans.row[touched]))
    by_root = {names[int(spans.accounts[a])]: v for a, v in moved.items()}
    return proof.with_movements(table, _by_given_id(snapshot, table, by_root, names))


def _by_given_id(
    snapshot: Snapshot, table: pa.Table, amounts: Mapping[str, Decimal], names: Mapping[int, str]
) -> dict[str, Decimal]:
    """Movements by the account id written in the rows, which for a merged account is its former one."""
    out = dict(amounts)
    given = [a for a in set(table["account_id"].to_pylist()) if a not in out]
    if given:
        roots = merged_roots(snapshot)
        for account, key in zip(given, stable_hash(pa.array(given)).tolist(), strict=True):
            root = names.get(roots.get(key, key))
            if root is not None and root in amounts:
                out[account] = amounts[root]
    return out


def _amounts(
    result: NetResult,
    account: npt.NDArray[np.int32],
    cells: npt.NDArray[np.int32],
    kind: npt.NDArray[np.int8],
    amount: npt.NDArray[np.int64],
) -> dict[int, Decimal]:
    """What each account moved by, in the reporting currency."""
    out: dict[int, Decimal] = {}
    for a, c, k, pair in zip(account.tolist(), cells.tolist(), kind.tolist(), amount, strict=True):
        rates = result.closing_rates[0] if k in AT_CLOSING_RATE else result.opening_rates[0]
        rate = rates[c % result.currencies]
        out[a] = rounded(out.get(a, Decimal(0)) + value(pair[None, :], [rate]))
    return out


@dataclass(frozen=True)
class MovementLedger(Question):
    """Every movement, one per account and local day."""

    name: ClassVar[str] = "ledger"
    doc: ClassVar[str] = "One movement per account and local day, with its reason and the rows that caused it."
    columns: ClassVar[Mapping[str, str]] = {
        "date": "local day: the first day with the new state",
        "account_id": "the account",
        "kind": "new, expansion, contraction, churn or reactivation",
        "reason": f"why: one of {', '.join(REASONS)}",
        "amount": "what MRR moved by, in the reporting currency",
        "rows": "row_id of the rows that caused it",
        "complete": "false for a day that is not over",
    }
    from_: str | None = base.FROM
    to: str | None = base.TO
    where: Where = base.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        snapshot = known(ask, self.as_known_on)
        start, stop = base.stretch(self.from_, self.to, snapshot)
        book = Ledger.open(snapshot, ask.shelf, self.where)
        moves, rates = book.daily(day_number(start), day_number(stop))
        ids = account_ids(snapshot, book.spans.accounts[moves.account])
        amounts = [
            rounded(
                sum(
                    (
                        value(moves.amount[k][None, :], [rates[int(month)][int(moves.amount_currency[k])]])
                        for k in range(int(a), int(b))
                    ),
                    Decimal(0),
                )
            )
            for month, a, b in zip(moves.month, moves.amount_first, moves.amount_first[1:], strict=False)
        ]
        row_ids = _row_ids(snapshot, book, moves.row)
        rows = [
            sorted({row_ids[int(r)] for r in moves.row[a:b]})
            for a, b in zip(moves.row_first.tolist(), moves.row_first[1:].tolist(), strict=False)
        ]
        order = sorted(range(len(ids)), key=lambda i: (int(moves.day[i]), ids[i]))
        data = {
            "date": pa.array([day_date(int(moves.day[i])) for i in order], pa.date32()),
            "account_id": pa.array([ids[i] for i in order], pa.string()),
            "kind": pa.array([KINDS[moves.kind[i]] for i in order], pa.string()),
            "reason": pa.array([REASONS[moves.reason[i]] for i in order], pa.string()),
            "amount": pa.array([amounts[i] for i in order], MONEY),
            "rows": pa.array([rows[i] for i in order], pa.list_(pa.string())),
            "complete": pa.array([day_date(int(moves.day[i])) < snapshot.today for i in order], pa.bool_()),
        }
        return Result(pa.table(data), [], [])

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        if not {"date", "account_id"} <= set(cell):
            raise no_cell(self.name, cell, "Name a movement by date and account_id.", ("date", "account_id"))
        snapshot = known(ask, self.as_known_on)
        try:
            day = day_number(day_of(str(cell["date"])))
        except ValueError:
            raise no_cell(self.name, cell, "Write the date as 2024-03-31.", ("date", "account_id")) from None
        book = Ledger.open(snapshot, ask.shelf, self.where)
        moves, _ = book.daily(day, day + 1)
        ids = account_ids(snapshot, book.spans.accounts[moves.account])
        chosen = [i for i, name in enumerate(ids) if name == cell["account_id"]]
        rows = [moves.row[moves.row_first[i] : moves.row_first[i + 1]] for i in chosen]
        return proof.rows(snapshot, book.book, np.unique(np.concatenate(rows)) if rows else np.zeros(0, np.int64))


def _row_ids(snapshot: Snapshot, book: Ledger, rows: npt.NDArray[np.int32]) -> dict[int, str]:
    """Row number -> row_id of the rows that movements name."""
    needed = np.unique(rows)
    out: dict[int, str] = {}
    at = 0
    for measure, count in book.book.parts:
        here = needed[(needed >= at) & (needed < at + count)]
        at += count
        if len(here):
            keys = pa.table({"row_key": pa.array(np.unique(book.book.row_key[here]))})
            found = snapshot.run(proof.PROOF_OF[measure], ["row_key", "row_id"], beside={"keys": keys})
            names = dict(zip(found["row_key"].to_pylist(), found["row_id"].to_pylist(), strict=True))
            out |= {int(r): names[int(book.book.row_key[r])] for r in here}
    return out


@dataclass(frozen=True)
class RevenueMetrics(Question):
    """The metrics made of movements."""

    name: ClassVar[str] = "revenue_metrics"
    doc: ClassVar[str] = "MRR, ARR and every rate of a period, measured end to end."
    columns: ClassVar[Mapping[str, str]] = {
        "period": "label of the period",
        "mrr": "MRR at the close",
        "arr": "12 x MRR",
        "arpa": "MRR per customer at the close",
        "asp": "new MRR per new customer",
        "customer_churn_rate": "customers of the opening without MRR at the close / customers at the opening",
        "customer_churn_rate_incl_new_in_base": "the same over customers at the opening and new ones",
        "gross_mrr_churn_rate": "(churn + contraction) / opening MRR",
        "net_mrr_churn_rate": "(churn + contraction - expansion) / opening MRR",
        "net_mrr_churn_rate_incl_reactivation": "the same less reactivation",
        "nrr": "closing MRR of the customers of the opening, at the opening rate / opening MRR",
        "grr": "the same with each customer capped at its opening MRR",
        "quick_ratio": "(new + expansion + reactivation) / (contraction + churn)",
        "quick_ratio_excl_reactivation": "(new + expansion) / (contraction + churn)",
        "ltv_simple": "ARPA / customer churn",
        "ltv_trailing6": "ARPA / mean customer churn of the six months before",
        "ltv_margin": "ltv_simple x gross margin",
        "ltv_net_retention": "ARPA / (1 - NRR)",
        "complete": "false while the period is not over",
    }
    from_: str | None = base.FROM
    to: str | None = base.TO
    grain: str = base.GRAIN
    by: tuple[str, ...] = base.BY
    where: Where = base.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    @property
    def movements(self) -> Movements:
        """The question whose figures these are made of."""
        return Movements(self.from_, self.to, self.grain, self.by, self.where, self.as_known_on, self.definition)

    def answer(self, ask: Ask) -> Result:
        book, result = self.movements.net(ask)
        shown = sliced_rows(result)
        rows = [result.movements(p, s) for p in range(len(result.periods)) for s in shown]
        former = _former_churn(book, result, shown)
        values = [
            metrics(m, self.grain, former[p][s], ask.snapshot.definition.gross_margin)
            for m, (p, s) in zip(rows, [(p, s) for p in range(len(result.periods)) for s in shown], strict=True)
        ]
        period, finished, by = period_columns(result, base.complete(result.periods, ask.snapshot), shown)
        data: dict[str, pa.Array] = {"period": pa.array(period, pa.string())}
        data |= {f: pa.array(v, pa.string()) for f, v in by.items()}
        data |= {name: pa.array([v[name] for v in values], MONEY) for name in METRICS}
        data["complete"] = pa.array(finished, pa.bool_())
        return Result(pa.table(data), checks_of(book, result, rows), notes_of(book, result))

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        metric = str(cell.get("metric", cell.get("kind", "mrr")))
        if metric not in METRICS:
            raise no_cell(self.name, cell, f"`metric` is one of: {', '.join(METRICS)}.", METRICS)
        return cell_rows(self.movements, ask, cell, KINDS_BEHIND.get(metric, ("close",)))


def metrics(
    m: mrr.Movements, grain: str, former_churn: Sequence[Decimal | None], margin: Decimal | None
) -> dict[str, Decimal | None]:
    """All metrics of one period and slice, by name."""
    simple = mrr.ltv_simple(m, grain)
    return {
        "mrr": m.close,
        "arr": mrr.arr(m),
        "arpa": mrr.arpa(m),
        "asp": mrr.asp(m),
        "customer_churn_rate": mrr.customer_churn_rate(m),
        "customer_churn_rate_incl_new_in_base": mrr.customer_churn_rate_incl_new_in_base(m),
        "gross_mrr_churn_rate": mrr.gross_mrr_churn_rate(m),
        "net_mrr_churn_rate": mrr.net_mrr_churn_rate(m),
        "net_mrr_churn_rate_incl_reactivation": mrr.net_mrr_churn_rate_incl_reactivation(m),
        "nrr": mrr.nrr(m),
        "grr": mrr.grr(m),
        "quick_ratio": mrr.quick_ratio(m),
        "quick_ratio_excl_reactivation": mrr.quick_ratio_excl_reactivation(m),
        "ltv_simple": simple,
        "ltv_trailing6": mrr.ltv_trailing6(m, former_churn),
        "ltv_margin": mrr.times(simple, margin),
        "ltv_net_retention": mrr.ltv_net_retention(m, grain),
    }


def _former_churn(book: Ledger, result: NetResult, shown: Sequence[int]) -> list[dict[int, list[Decimal | None]]]:
    """Customer churn of the six months before the month of each period's last day, by period and slice."""
    if not len(result.periods):
        return []
    lasts = [after - timedelta(days=1) for after in result.periods.edges[1:]]
    start = add_months(lasts[0].replace(day=1), -mrr.TRAILING_MONTHS)
    months = between(start, max(lasts[-1].replace(day=1), start + timedelta(days=1)), "month")
    monthly = book.net(months, result.cut)
    place = {first: i for i, first in enumerate(months.edges[:-1])}
    rates = {s: [mrr.customer_churn_rate(monthly.movements(p, s)) for p in range(len(months))] for s in shown}
    out = []
    for last in lasts:
        wanted = [place[add_months(last.replace(day=1), -k)] for k in range(1, mrr.TRAILING_MONTHS + 1)]
        out.append({s: [rates[s][w] for w in wanted] for s in shown})
    return out
