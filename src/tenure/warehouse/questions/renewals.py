"""`renewals`, `contracts_due` and `committed_mrr`: what ran out and came back, is due, is promised."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, reduce
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.hashing import stable_hash
from tenure.core.metrics import renewal
from tenure.core.metrics.renewal import Contract, Expiry
from tenure.core.money import MONEY, from_word_pair
from tenure.core.periods import Periods, day_number, label, month_end
from tenure.core.sequences.spans import OPEN
from tenure.warehouse import proof
from tenure.warehouse.answer import Result
from tenure.warehouse.lines import FIELDS, NONE, meets, merged_roots
from tenure.warehouse.measures import Condition
from tenure.warehouse.questions import base
from tenure.warehouse.questions.base import Ask, Question, no_cell
from tenure.warehouse.questions.movements import known
from tenure.warehouse.rates import month_end_until
from tenure.warehouse.revenue import Ledger, rounded
from tenure.warehouse.slices import Where, account_ids, account_values
from tenure.warehouse.snapshot import Snapshot

RATES = (
    "renewal_rate", "renewal_rate_decided", "gross_renewal_rate", "net_renewal_rate", "gross_renewal_rate_decided",
    "net_renewal_rate_decided",
)  # fmt: skip
COUNTS = ("expiring", "renewed", "pending", "lost", "win_back")
DUE_DAYS = 90
"""How far `contracts_due` looks ahead unless it is told."""
_DUE_TYPES = {
    **dict.fromkeys(("notice_by", "last_day", "notice_given"), pa.date32()),
    **dict.fromkeys(("mrr", "new_mrr"), MONEY),
    **dict.fromkeys(("auto_renew", "complete"), pa.bool_()),
}


Chosen = Callable[[pa.Table], pa.ChunkedArray]
"""Which rows of contracts are asked for."""


@dataclass(frozen=True)
class _Term:
    """A contract with what slices it."""

    contract: Contract
    fields: Mapping[str, str]
    row_keys: tuple[int, ...]
    auto_renew: bool | None


@dataclass(frozen=True)
class Renewals(Question):
    """Renewal rates of the contracts whose last day of service lies in a period."""

    name: ClassVar[str] = "renewals"
    doc: ClassVar[str] = "Contracts by the period of their last day of service: renewed, pending, lost, won back."
    columns: ClassVar[Mapping[str, str]] = {
        "period": "label of the period",
        "expiring": "contracts whose last day of service lies in it",
        "renewed": "of these, renewed by a contract that starts by their end plus the grace days",
        "pending": "still inside the grace days, without a successor",
        "lost": "not renewed: the grace is over, or notice was given",
        "win_back": "of the lost, those with a successor that began after the grace",
        "renewal_rate": "renewed / expiring",
        "renewal_rate_decided": "renewed / (expiring - pending)",
        "expiring_mrr": "MRR of the expiring contracts on their last day",
        "gross_renewal_rate": "new MRR of the renewed, each capped at its old MRR / expiring MRR",
        "net_renewal_rate": "new MRR of the renewed / expiring MRR",
        "gross_renewal_rate_decided": "the same without the pending in the base",
        "net_renewal_rate_decided": "the same without the pending in the base",
        "customers_expiring": "customers with an expiring contract",
        "customers_renewed": "of these, with at least one renewed",
        "customers_pending": "of the others, with at least one pending",
        "customers_lost": "the rest",
        "customers_win_back": "of the lost, those won back",
        "customer_renewal_rate": "customers renewed / expiring",
        "customer_renewal_rate_decided": "customers renewed / (expiring - pending)",
        "complete": "false while the period is not over or a contract is pending",
    }
    from_: str | None = base.FROM
    to: str | None = base.TO
    as_of: date | None = base.asked("day", "The day of the view. Default: today.", None)
    grain: str = base.GRAIN
    by: tuple[str, ...] = base.BY
    where: Where = base.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        snapshot = known(ask, self.as_known_on)
        periods = base.periods_of(self.from_, self.to, self.grain, snapshot)
        groups: dict[tuple[str, ...], dict[int, list[Expiry]]] = {}
        for period, fields, expiry, _ in self._expiries(snapshot, periods):
            groups.setdefault(fields, {}).setdefault(period, []).append(expiry)
        if not self.by:
            groups.setdefault((), {})
        done = base.complete(periods, ask.snapshot)
        rows: list[dict[str, Any]] = []
        for i, name in enumerate(periods.labels):
            for fields in sorted(groups):
                found = groups[fields].get(i, [])
                rows.append(_row(name, dict(zip(self.by, fields, strict=True)), found, done[i]))
        columns = ["period", *self.by, *(c for c in self.columns if c != "period")]
        data = {c: pa.array([r[c] for r in rows], _type(c, self.by)) for c in columns}
        adds_up = all(r["renewed"] + r["pending"] + r["lost"] == r["expiring"] for r in rows)
        check = {"name": "renewed + pending + lost = expiring", "ok": adds_up, "detail": len(rows)}
        return Result(pa.table(data), [check], [])

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        if "period" not in cell or set(cell) - {"period", "kind", *self.by}:
            raise no_cell(self.name, cell, "Name a cell by period and kind.", ("period", "kind", *self.by))
        kind = str(cell.get("kind", "expiring")).removeprefix("customers_")
        if kind not in (*COUNTS, *RATES, "expiring_mrr"):
            raise no_cell(self.name, cell, f"`kind` is one of: {', '.join(COUNTS)}.", COUNTS)
        snapshot = known(ask, self.as_known_on)
        periods = base.periods_of(self.from_, self.to, self.grain, snapshot)
        place = periods.index(str(cell["period"]))
        keys: list[int] = []
        for period, fields, expiry, row_keys in self._expiries(snapshot, periods):
            same = all(str(cell[f]) == fields[i] for i, f in enumerate(self.by) if f in cell)
            wanted = (
                kind not in COUNTS or kind in ("expiring", expiry.status) or (kind == "win_back" and expiry.won_back)
            )
            if period == place and same and wanted:
                keys += row_keys
        if not keys:
            return proof.joined([])
        return proof.joined([proof.by_keys(snapshot, "proof_contracts", np.array(keys, np.int64))])

    def outlook(self, snapshot: Snapshot, periods: Periods) -> list[Expiry]:
        """The state of every contract whose last day of service lies in the periods; those that still run are there."""
        return [expiry for _, _, expiry, _ in self._outlook(snapshot, periods)]

    def _expiries(
        self, snapshot: Snapshot, periods: Periods
    ) -> list[tuple[int, tuple[str, ...], Expiry, tuple[int, ...]]]:
        """What `_outlook` gives of every contract that counts."""
        return [found for found in self._outlook(snapshot, periods) if found[2].status != renewal.RUNNING]

    def _outlook(
        self, snapshot: Snapshot, periods: Periods
    ) -> list[tuple[int, tuple[str, ...], Expiry, tuple[int, ...]]]:
        """Period, slice, expiry and rows (its own and its successors') of every contract that ends in the periods."""
        if not len(periods):
            return []
        terms = _terms(snapshot, self.by, self.where, _ending(periods.edges[0], periods.edges[-1]))
        followers = _followers(_within(terms, self.where.accounts))
        out = []
        for expiry, term in _outlook(snapshot, terms, self.as_of or snapshot.today, self.where):
            period = bisect_right(periods.edges, expiry.contract.last_day) - 1
            if 0 <= period < len(periods):
                fields = tuple(term.fields[f] for f in self.by)
                rows = (*term.row_keys, *followers.get(expiry.contract.contract_id, []))
                out.append((period, fields, expiry, rows))
        return out


@dataclass(frozen=True)
class ContractsDue(Question):
    """Contracts by the day by which notice must be given, and what is decided about each."""

    name: ClassVar[str] = "contracts_due"
    doc: ClassVar[str] = (
        "Contracts whose last day to give notice lies in a stretch, the earliest first, with their state."
    )
    columns: ClassVar[Mapping[str, str]] = {
        "contract_id": "the contract",
        "account_id": "the account that signed it",
        "plan": "its plan",
        "notice_by": "the last day on which notice is in time: the last day of service less `notice_days`",
        "last_day": "its last day of service",
        "auto_renew": "whether it renews by itself unless notice is given",
        "notice_given": "day on which notice was given",
        "mrr": "MRR on its last day, at that month's rate",
        "new_mrr": "of what renews it, its part; 0 unless renewed",
        "state": "running (not over, nothing known of what follows), pending, renewed or lost",
        "complete": "true once it is renewed or lost",
    }
    from_: str | None = base.asked("label", "First notice day or period. Default: the day of the view.", None)
    to: str | None = base.asked(
        "label", "Last period, inclusive as a label, exclusive as a day. Default: 90 days on.", None
    )
    as_of: date | None = base.asked("day", "The day of the view. Default: today.", None)
    where: Where = base.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        snapshot = known(ask, self.as_known_on)
        as_of = self.as_of or snapshot.today
        after = self.to or (as_of + timedelta(days=DUE_DAYS)).isoformat()
        start, stop = base.stretch(self.from_ or as_of.isoformat(), after, snapshot)
        terms = _terms(snapshot, (), self.where, _to_be_noticed(start, stop))
        found = [
            (expiry, term)
            for expiry, term in _outlook(snapshot, terms, as_of, self.where)
            if start <= expiry.contract.notice_by < stop
        ]
        found.sort(key=lambda pair: (pair[0].contract.notice_by, pair[0].contract.contract_id))
        rows = [_due(expiry, term) for expiry, term in found]
        table = pa.table({c: pa.array([r[c] for r in rows], _DUE_TYPES.get(c, pa.string())) for c in self.columns})
        return Result(table, [], [])

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        if set(cell) != {"contract_id"}:
            raise no_cell(self.name, cell, "Name a cell by contract_id.", ("contract_id",))
        snapshot = known(ask, self.as_known_on)
        name = str(cell["contract_id"])
        terms = _within(_terms(snapshot, (), self.where, _called(name)), self.where.accounts)
        keys = [key for t in terms if t.contract.contract_id == name for key in t.row_keys]
        if not keys:
            raise no_cell(self.name, cell, "Take a contract_id of the answer.")
        keys += _followers(terms).get(name, [])
        return proof.joined([proof.by_keys(snapshot, "proof_contracts", np.array(keys, np.int64))])


def _due(expiry: Expiry, term: _Term) -> dict[str, Any]:
    contract = expiry.contract
    return {
        "contract_id": contract.contract_id,
        "account_id": contract.account,
        "plan": term.fields["plan"],
        "notice_by": contract.notice_by,
        "last_day": contract.last_day,
        "auto_renew": term.auto_renew,
        "notice_given": contract.notice_given,
        "mrr": rounded(expiry.old_mrr),
        "new_mrr": rounded(expiry.new_mrr),
        "state": expiry.status,
        "complete": expiry.status not in renewal.UNDECIDED,
    }


def _outlook(snapshot: Snapshot, terms: Sequence[_Term], as_of: date, where: Where) -> list[tuple[Expiry, _Term]]:
    """What became of every contract that meets the conditions, those that still run among them."""

    @cache
    def at(currency: str, day: date) -> Decimal:
        return snapshot.rates.at(currency, day) if snapshot.rates.known(currency) else Decimal(0)

    def rate(currency: str, day: date) -> Decimal:
        return at(currency, month_end(day))

    by_id = {t.contract.contract_id: t for t in terms}
    contracts = [t.contract for t in terms]
    expiries = renewal.outlook(contracts, as_of, snapshot.definition.renewal_grace_days, rate)
    outlook = [(expiry, by_id[expiry.contract.contract_id]) for expiry in expiries]
    return [(expiry, term) for expiry, term in outlook if _meets(term, (*where.rows, *where.accounts))]


def _within(terms: Sequence[_Term], where: Sequence[Condition]) -> list[_Term]:
    """The contracts of the accounts that meet all conditions."""
    return [term for term in terms if _meets(term, where)]


def _meets(term: _Term, where: Sequence[Condition]) -> bool:
    return all(meets(term.fields[c.column], c) for c in where)


def _followers(terms: Sequence[_Term]) -> dict[str, list[int]]:
    """Contract -> the rows of the contracts that name it as renewed."""
    followers: dict[str, list[int]] = {}
    for t in terms:
        for name in t.contract.renews:
            followers.setdefault(name, []).extend(t.row_keys)
    return followers


def _row(name: str, fields: Mapping[str, str], found: list[Expiry], over: bool) -> dict[str, Any]:
    contracts, customers = renewal.summary(found), renewal.by_customers(found)
    row: dict[str, Any] = {"period": name, **fields}
    row |= {c: getattr(contracts, c) for c in COUNTS}
    row |= {c: getattr(contracts, c) for c in RATES}
    row["expiring_mrr"] = rounded(contracts.expiring_mrr)
    row |= {f"customers_{c}": getattr(customers, c) for c in COUNTS}
    row["customer_renewal_rate"] = customers.renewal_rate
    row["customer_renewal_rate_decided"] = customers.renewal_rate_decided
    row["complete"] = over and contracts.pending == 0
    return row


def _type(column: str, by: tuple[str, ...]) -> pa.DataType:
    if column == "complete":
        return pa.bool_()
    if column == "period" or column in by:
        return pa.string()
    if column.endswith(("rate", "rate_decided", "mrr")):
        return MONEY
    return pa.int64()


def _ending(first: date, after: date) -> Chosen:
    """Rows of contracts whose last day of service may lie in a stretch."""
    return lambda rows: pc.and_(pc.greater(rows["end"], first), pc.less_equal(rows["end"], after))


def _to_be_noticed(first: date, after: date) -> Chosen:
    """Rows of contracts whose last day to give notice may lie in a stretch."""

    def chosen(rows: pa.Table) -> pa.ChunkedArray:
        notice = pc.max_element_wise(rows["notice_days"].cast(pa.int64()), 0)  # of two, the one that is said
        earliest = pc.subtract(rows["end"].cast(pa.int32()).cast(pa.int64()), notice)
        return pc.and_(pc.greater(rows["end"], first), pc.less_equal(earliest, day_number(after)))

    return chosen


def _called(contract_id: str) -> Chosen:
    """Rows of one contract."""
    return lambda rows: pc.equal(rows["contract_id"], contract_id)


def _of_accounts(snapshot: Snapshot, where: Where) -> Chosen | None:
    """Rows of the accounts that are named; None if the question names none."""
    asked = next((c for c in where.accounts if c.column == "account_id" and c.op in ("eq", "in")), None)
    if asked is None:
        return None
    ids = asked.value if isinstance(asked.value, (list, tuple)) else (asked.value,)
    named = set(stable_hash([str(value) for value in ids]).tolist())
    roots = merged_roots(snapshot)
    merged = {key for key, root in roots.items() if root in named}
    keys = pa.array(sorted((named - set(roots)) | merged), pa.int64())
    return lambda rows: pc.is_in(rows["account_key"], keys)


def _depended_on(rows: pa.Table, chosen: Sequence[Chosen]) -> pa.Table:
    """The rows on which the outlook of some contracts depends: theirs, what renews those, and what that renews.

    Who asks for one account, or for one month, must not walk through the contracts of all. The contracts are those of
    which each of `chosen` takes a row; all their versions stay.
    """
    if not rows.num_rows:
        return rows
    ids = rows["contract_id"]

    def with_ids(wanted: pa.ChunkedArray) -> pa.ChunkedArray:
        return pc.is_in(ids, wanted.combine_chunks(), skip_nulls=True)

    own = reduce(pc.and_, (with_ids(rows.filter(takes(rows))["contract_id"]) for takes in chosen))
    following = with_ids(rows.filter(_renews_one_of(rows, rows.filter(own)["contract_id"]))["contract_id"])
    beside = with_ids(pc.list_flatten(rows.filter(following)["renews"]))
    return rows.filter(pc.or_(pc.or_(own, following), beside))


def _renews_one_of(rows: pa.Table, contract_ids: pa.ChunkedArray) -> pa.Array:
    """Which rows name one of the contracts as renewed."""
    renews = rows["renews"].combine_chunks()
    hits = pc.is_in(pc.list_flatten(renews), contract_ids.combine_chunks())
    parents = pc.list_parent_indices(renews).filter(hits)
    found = np.zeros(rows.num_rows, bool)
    found[parents.to_numpy()] = True
    return pa.array(found)


def _terms(snapshot: Snapshot, by: Sequence[str], where: Where, chosen: Chosen) -> list[_Term]:
    """The known contracts, each once, with MRR on their first and last day in their own currency.

    All those that `chosen` takes, and those on which the outlook of these depends; others may be left out.
    """
    if not snapshot.has("contracts"):
        return []
    wanted = (
        "row_key", "account_key", "contract_id", "account_id", "renews", "kind", "notice_given", "currency", "plan",
        "product", "start", "end", "mrr", "schedule", "recorded_at", "notice_days", "auto_renew",
    )  # fmt: skip
    of_accounts = _of_accounts(snapshot, where)
    takes = [chosen] if of_accounts is None else [chosen, of_accounts]
    rows = _depended_on(snapshot.run("contract_rows", [*wanted]), takes).to_pylist()
    versions: dict[str, dict[int, dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda r: (r["recorded_at"], r["row_key"])):
        if row["contract_id"] and row["start"] and row["end"] and row["start"] < row["end"]:
            versions.setdefault(row["contract_id"], {}).setdefault(row["row_key"], row)
    keys = np.array([next(iter(v.values()))["account_key"] for v in versions.values()], np.int64)
    roots = merged_roots(snapshot)
    keys = np.array([roots.get(k, k) for k in keys.tolist()], np.int64)
    unique = np.unique(keys)
    names = dict(zip(unique.tolist(), account_ids(snapshot, unique), strict=True))
    attributes = {
        f: dict(zip(unique.tolist(), account_values(snapshot, unique, f), strict=True))
        for f in {*by, *(c.column for c in where.accounts)} - {*FIELDS, "account_id"}
    }
    out = []
    for key, (name, listed) in zip(keys.tolist(), versions.items(), strict=True):
        ordered = sorted(listed.values(), key=lambda r: (r["start"], r["recorded_at"], r["row_key"]))
        end = max(r["end"] for r in ordered)
        last = max((r for r in ordered if r["end"] == end), key=lambda r: (r["start"], r["recorded_at"]))
        start = ordered[0]["start"]
        fields = {
            **{f: last[f] or NONE for f in ("plan", "product", "currency")},
            "interval": NONE,
            "item": NONE,
            **{f: values[key] for f, values in attributes.items()},
            "account_id": names[key],
        }
        contract = Contract(
            name,
            names[key],
            start,
            end,
            _mrr_on(ordered[0], start),
            _mrr_on(last, end - timedelta(days=1)),
            tuple(dict.fromkeys(n for r in ordered for n in r["renews"] or [])),
            last["kind"] == "month_to_month",
            last["notice_given"],
            last["currency"],
            last["notice_days"] or 0,
        )
        out.append(_Term(contract, fields, tuple(listed), last["auto_renew"]))
    return out


def _mrr_on(row: Mapping[str, Any], day: date) -> Decimal:
    for step in row["schedule"] or []:
        if step["from"] and step["to"] and step["from"] <= day < step["to"]:
            return step["mrr"] or Decimal(0)
    return Decimal(0) if row["schedule"] else row["mrr"] or Decimal(0)


@dataclass(frozen=True)
class CommittedMrr(Question):
    """MRR with what is already signed and what is already known to end."""

    name: ClassVar[str] = "committed_mrr"
    doc: ClassVar[str] = "MRR + signed but not started - known ends, as seen on a day."
    columns: ClassVar[Mapping[str, str]] = {
        "month": "the month of `as_of`",
        "mrr": "MRR at the close of `as_of`",
        "signed_not_started": "MRR of lines signed by then that start later",
        "known_ends": "MRR of lines in force whose end was known by then and that nothing continues",
        "cmrr": "mrr + signed_not_started - known_ends",
        "complete": "false while the day is not over",
    }
    as_of: date | None = base.asked("day", "The day of the view. Default: today.", None)
    where: Where = base.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        book, day, live, signed, ends = self._walk(ask)
        mrr = book.state_at(day_number(day))
        plus = self._value(book, signed, day)
        minus = self._value(book, ends, day)
        data = {
            "month": pa.array([label(day.replace(day=1), "month")], pa.string()),
            "mrr": pa.array([mrr], MONEY),
            "signed_not_started": pa.array([plus], MONEY),
            "known_ends": pa.array([minus], MONEY),
            "cmrr": pa.array([mrr + plus - minus], MONEY),
            "complete": pa.array([day < ask.snapshot.today], pa.bool_()),
        }
        check = {"name": "known ends are part of MRR", "ok": minus <= mrr or not len(live), "detail": str(minus)}
        return Result(pa.table(data), [check], [])

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        kind = str(cell.get("kind", "cmrr"))
        book, _, live, signed, ends = self._walk(ask)
        chosen = {"mrr": live, "signed_not_started": signed, "known_ends": ends}
        if kind == "cmrr":
            picked = np.concatenate([live, signed])
        elif kind in chosen:
            picked = chosen[kind]
        else:
            raise no_cell(self.name, cell, "`kind` is one of: mrr, signed_not_started, known_ends, cmrr.", [*chosen])
        return proof.rows(book.snapshot, book.book, np.unique(book.spans.row[picked]))

    def _walk(self, ask: Ask) -> tuple[Ledger, date, Any, Any, Any]:
        """The ledger and, as span numbers, what is in force, signed for later, and known to end."""
        snapshot = known(ask, self.as_known_on)
        day = self.as_of or snapshot.today
        number = day_number(day)
        book = Ledger.open(snapshot, ask.shelf, self.where)
        spans = book.spans
        signed = self._days(book, "signed", missing=int(OPEN))[spans.row] <= number
        cancelled = self._days(book, "cancelled", missing=int(-OPEN))[spans.row]
        live = np.flatnonzero((spans.start <= number) & (spans.stop > number))
        line = book.book.row_line[spans.row]
        later = np.flatnonzero((spans.start > number) & signed)
        first_later = self._first_of_line(later, spans.start, line)
        continued = set(
            zip(line[spans.start > number].tolist(), spans.start[spans.start > number].tolist(), strict=True)
        )
        promised = set(zip(line[later].tolist(), spans.start[later].tolist(), strict=True))
        ends = []
        for s in live.tolist():
            if spans.stop[s] >= OPEN or cancelled[s] > number:
                continue
            joint = (int(line[s]), int(spans.stop[s]))
            if joint not in continued or joint in promised:
                ends.append(s)
        contract_lines = self._is_contract(book)
        notice = self._days(book, "notice_given", missing=int(OPEN))
        ends = [s for s in ends if not contract_lines[spans.row[s]] or notice[spans.row[s]] <= number]
        return book, day, live, first_later, np.array(ends, np.int64)

    @staticmethod
    def _first_of_line(spans: Any, start: Any, line: Any) -> Any:
        """Of several later spans of one line, the one that begins first: a ramp is not signed twice."""
        order = spans[np.argsort(start[spans], kind="stable")]
        _, at = np.unique(line[order], return_index=True)
        return order[np.sort(at)]

    def _days(self, book: Ledger, column: str, missing: int) -> Any:
        parts = [
            pc.fill_null(part.cast(pa.int32()), missing)
            for part in book.book.by_part(book.snapshot, book.where.rows, column)
        ]
        return np.concatenate([np.asarray(p.to_numpy(), np.int64) for p in parts] or [np.zeros(0, np.int64)])

    @staticmethod
    def _is_contract(book: Ledger) -> Any:
        return np.concatenate([np.full(n, m == "contract_rows") for m, n in book.book.parts] or [np.zeros(0, bool)])

    @staticmethod
    def _value(book: Ledger, spans: Any, day: date) -> Decimal:
        rates = book.snapshot.rates
        end = month_end_until(day)
        total = Decimal(0)
        for s in spans.tolist():
            currency = book.currencies[book.spans.currency[s]]
            amount = Decimal(from_word_pair(*book.spans.amount[s].tolist())).scaleb(-12)
            total += amount * rates.at(currency, end)
        return rounded(total)
