"""`invoiced` and `reconcile`: what was billed, and why our figures and theirs differ."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.definition import Definition
from tenure.core.money import MONEY
from tenure.core.periods import Periods, between, month_end, parse_label
from tenure.warehouse import proof
from tenure.warehouse.answer import Result
from tenure.warehouse.lines import NONE, meets
from tenure.warehouse.measures import Condition
from tenure.warehouse.questions import base
from tenure.warehouse.questions.base import Ask, Question, no_cell
from tenure.warehouse.questions.movements import Movements, known
from tenure.warehouse.revenue import rounded
from tenure.warehouse.slices import Where, account_values
from tenure.warehouse.snapshot import Snapshot

INVOICED = ("invoiced", "refunded", "tax", "net")
ROW_FIELDS = ("plan", "currency")
LACKING = ("product", "interval", "item")
"""What other rows have and invoice lines do not."""


@dataclass(frozen=True)
class Invoiced(Question):
    """Sums of invoice lines."""

    name: ClassVar[str] = "invoiced"
    doc: ClassVar[str] = "What was billed, refunded and taxed, by the first day of the billed period."
    columns: ClassVar[Mapping[str, str]] = {
        "period": "label of the period",
        "invoiced": "lines that are no refunds, with tax",
        "refunded": "refunds, with tax, as a positive amount",
        "tax": "tax in the lines less tax in the refunds",
        "net": "invoiced - refunded - tax",
        "complete": "false while the period is not over",
    }
    from_: str | None = base.FROM
    to: str | None = base.TO
    grain: str = base.GRAIN
    by: tuple[str, ...] = base.BY
    where: Where = base.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        snapshot = known(ask, self.as_known_on)
        periods = base.periods_of(self.from_, self.to, self.grain, snapshot)
        sums, notes = self._sums(snapshot, periods)
        slices = sorted({fields for _, fields in sums}) if self.by else [()]
        done = base.complete(periods, ask.snapshot)
        rows = []
        for i, name in enumerate(periods.labels):
            for fields in slices:
                billed, back, tax = (rounded(v) for v in sums.get((i, fields), [Decimal(0)] * 3))
                rows.append((name, *fields, billed, back, tax, billed - back - tax, done[i]))
        names = ["period", *self.by, *INVOICED, "complete"]
        types = [pa.string()] * (1 + len(self.by)) + [MONEY] * 4 + [pa.bool_()]
        data = {n: pa.array([r[i] for r in rows], t) for i, (n, t) in enumerate(zip(names, types, strict=True))}
        return Result(pa.table(data), [], notes)

    def _sums(
        self, snapshot: Snapshot, periods: Periods
    ) -> tuple[dict[tuple[int, tuple[str, ...]], list[Decimal]], list[dict[str, Any]]]:
        """Billed, refunded and tax by period and slice, in the reporting currency."""
        if not snapshot.has("invoice_lines") or not len(periods):
            return {}, []
        table = snapshot.run("invoiced")
        accounts = np.unique(np.asarray(table["account_key"].to_numpy(), np.int64))
        needed = {*self.by, *(c.column for c in (*self.where.rows, *self.where.accounts))} - set(ROW_FIELDS)
        values = {
            f: dict(zip(accounts.tolist(), account_values(snapshot, accounts, f), strict=True))
            for f in needed.difference(LACKING)
        }
        rates = snapshot.rates
        sums: dict[tuple[int, tuple[str, ...]], list[Decimal]] = {}
        undated, priceless = 0, set()
        for row in table.to_pylist():
            if row["day"] is None:
                undated += row["n"]
                continue
            period = bisect_right(periods.edges, row["day"]) - 1
            if not 0 <= period < len(periods):
                continue
            fields = _fields(row, values)
            if not all(meets(fields[c.column], c) for c in (*self.where.rows, *self.where.accounts)):
                continue
            if not rates.known(row["currency"]):
                priceless.add(row["currency"])
                continue
            rate = rates.at(row["currency"], month_end(row["day"]))
            place = sums.setdefault((period, tuple(fields[f] for f in self.by)), [Decimal(0)] * 3)
            sign = -1 if row["type"] == "refund" else 1
            place[1 if row["type"] == "refund" else 0] += row["amount"] * rate
            place[2] += sign * row["tax"] * rate
        notes: list[dict[str, Any]] = [
            {"code": "missing_rate", "currency": c, "months": [], "done": "counted_0"} for c in sorted(priceless)
        ]
        if undated:
            notes.append({"code": "undated_lines", "rows": undated, "done": "left_out"})
        return sums, notes

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        if "period" not in cell:
            raise no_cell(self.name, cell, "Name a cell by period.", ("period", *self.by))
        snapshot = known(ask, self.as_known_on)
        if not snapshot.has("invoice_lines"):
            return proof.joined([])
        periods = base.periods_of(self.from_, self.to, self.grain, snapshot)
        place = periods.index(str(cell["period"]))
        rows = snapshot.run("invoice_rows", ["row_key", "account_key", "period_start", "type", "plan", "currency"])
        kind = cell.get("kind")
        accounts = np.unique(np.asarray(rows["account_key"].to_numpy(), np.int64))
        conditions = (*self.where.rows, *self.where.accounts)
        wanted = {*(f for f in self.by if f in cell), *(c.column for c in conditions)}
        values = {
            f: dict(zip(accounts.tolist(), account_values(snapshot, accounts, f), strict=True))
            for f in wanted.difference(ROW_FIELDS, LACKING)
        }
        keys = []
        for row in rows.to_pylist():
            day = row["period_start"]
            inside = day is not None and periods.edges[place] <= day < periods.edges[place + 1]
            right = kind not in ("invoiced", "refunded") or (row["type"] == "refund") == (kind == "refunded")
            if not (inside and right):
                continue
            fields = _fields(row, values)
            same = all(str(cell[f]) == fields[f] for f in self.by if f in cell)
            if same and all(meets(fields[c.column], c) for c in conditions):
                keys.append(row["row_key"])
        return proof.joined([proof.by_keys(snapshot, "proof_invoice_lines", np.array(keys, np.int64))] if keys else [])


def _fields(row: Mapping[str, Any], values: Mapping[str, Mapping[int, str]]) -> dict[str, str]:
    """What a line may be sliced and chosen by: its own fields, and the attributes of its account that are needed."""
    own = {f: row[f] or NONE for f in ROW_FIELDS} | dict.fromkeys(LACKING, NONE)
    return own | {f: v[row["account_key"]] for f, v in values.items()}


CENT = Decimal("0.005")
MOST_CAUSES = 3


@dataclass(frozen=True)
class Reconcile(Question):
    """Our figures beside somebody else's."""

    name: ClassVar[str] = "reconcile"
    doc: ClassVar[str] = "Totals of a billing system or a ledger beside ours, with the gap explained by cause."
    columns: ClassVar[Mapping[str, str]] = {
        "period": "label of the period",
        "ours": "our figure",
        "theirs": "the total given",
        "difference": "theirs - ours",
        "explained": "causes that together give the difference: what our figure would move by under each",
        "remainder": "what no cause explains",
        "complete": "false while the period is not over",
    }
    totals: tuple[tuple[str, Decimal], ...] = base.asked(
        "totals", 'Their totals: [{"period": "2024-01", "amount": "1200.50"}, ...].'
    )
    compare: str = base.asked("choice", "Which figure of ours.", "mrr", ("mrr", "invoiced"))
    where: Where = base.WHERE
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        rows: list[tuple[Any, ...]] = []
        for label, theirs in self.totals:
            year_start = ask.snapshot.definition.fiscal_year_start if label.startswith("FY") else 1
            start, stop, is_day = parse_label(label, year_start)
            grain = (
                "day"
                if is_day
                else "month"
                if len(label) == 7 and "Q" not in label
                else "quarter"
                if "Q" in label
                else "year"
            )
            periods = between(start, stop, grain, year_start=year_start)
            ours, causes = self._mrr(ask, periods) if self.compare == "mrr" else self._invoiced(ask, periods)
            difference = rounded(theirs - ours)
            found = explain(difference, causes)
            listed = [{"cause": name, "amount": amount} for name, amount in found]
            remainder = difference - sum((a for _, a in found), Decimal(0))
            rows.append((label, ours, rounded(theirs), difference, listed, remainder, stop <= ask.snapshot.today))
        cause = pa.list_(pa.struct([("cause", pa.string()), ("amount", MONEY)]))
        types = (pa.string(), MONEY, MONEY, MONEY, cause, MONEY, pa.bool_())
        data = {n: pa.array([r[i] for r in rows], t) for i, (n, t) in enumerate(zip(self.columns, types, strict=True))}
        adds_up = all(r[3] == sum((c["amount"] for c in r[4]), Decimal(0)) + r[5] for r in rows)
        return Result(pa.table(data), [{"name": "causes + remainder = difference", "ok": adds_up, "detail": len(rows)}])

    def _mrr(self, ask: Ask, periods: Periods) -> tuple[Decimal, list[tuple[str, Decimal]]]:
        definition = ask.snapshot.definition

        def under(changed: Definition) -> Decimal:
            at = replace(ask, snapshot=ask.snapshot.under(changed))
            question = Movements(from_=periods.labels[0], to=periods.labels[-1], grain=periods.grain, where=self.where)
            _, result = question.net(at, periods)
            return result.movements(len(periods) - 1, 0).close

        ours = under(definition)
        causes = []
        for name, settings in VARIANTS:
            changed = definition.with_settings(settings)
            if changed.fingerprint != definition.fingerprint:
                causes.append((name, under(changed) - ours))
        at = ask.snapshot.under(definition)
        if at.rates.days:
            plain = replace(ask, snapshot=_unconverted(at))
            question = Movements(from_=periods.labels[0], to=periods.labels[-1], grain=periods.grain, where=self.where)
            _, result = question.net(plain, periods)
            causes.append((UNCONVERTED, result.movements(len(periods) - 1, 0).close - ours))
        return ours, causes

    def _invoiced(self, ask: Ask, periods: Periods) -> tuple[Decimal, list[tuple[str, Decimal]]]:
        question = Invoiced(periods.labels[0], periods.labels[-1], periods.grain, where=self.where)
        row = question.answer(ask).table.to_pylist()[-1]
        causes = [("tax", row["tax"]), ("refunds_not_deducted", row["refunded"])]
        plain = replace(ask, snapshot=_unconverted(ask.snapshot))
        if ask.snapshot.rates.days:
            causes.append((UNCONVERTED, question.answer(plain).table.to_pylist()[-1]["net"] - row["net"]))
        return row["net"], causes

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        if "period" not in cell:
            raise no_cell(self.name, cell, "Name a row by its period.", ("period", "cause"))
        label, cause = str(cell["period"]), str(cell.get("cause", ""))
        known_causes = [name for name, _ in VARIANTS] if self.compare == "mrr" else ["tax", "refunds_not_deducted"]
        if cause and cause not in (*known_causes, UNCONVERTED):
            raise no_cell(self.name, cell, f"`cause` is one of: {', '.join((*known_causes, UNCONVERTED))}.", ("cause",))
        if self.compare == "invoiced":
            kind = {"refunds_not_deducted": {"kind": "refunded"}}.get(cause, {})
            rows = Invoiced(label, label, where=self.where).rows_behind(ask, {"period": label, **kind})
        else:
            rows = self._rows_of_mrr(ask, label, dict(VARIANTS).get(cause))
        if cause == UNCONVERTED:
            rows = rows.filter(pc.not_equal(rows["currency"], ask.snapshot.definition.reporting_currency))
        return rows

    def _rows_of_mrr(self, ask: Ask, label: str, settings: Mapping[str, Any] | None) -> pa.Table:
        """The rows of the accounts that pay otherwise under other settings, where they pay more; without settings,
        the rows of all."""
        question = Movements(label, label, _grain(label), where=self.where)
        cell = {"period": label, "kind": "close"}
        if settings is None:
            return question.rows_behind(ask, cell)
        other = replace(ask, snapshot=ask.snapshot.under(ask.snapshot.definition.with_settings(settings)))
        ours, theirs = self._closes(question, ask), self._closes(question, other)
        apart = [name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)]
        only = Condition("account_id", "in", tuple(sorted(apart)))
        narrowed = replace(question, where=Where(self.where.rows, (*self.where.accounts, only)))
        more = sum((theirs.get(name, Decimal(0)) - ours.get(name, Decimal(0)) for name in apart), Decimal(0)) > 0
        return narrowed.rows_behind(other if more else ask, cell) if apart else proof.joined([])

    def _closes(self, question: Movements, ask: Ask) -> dict[str, Decimal]:
        rows = replace(question, by=("account_id",)).answer(ask).table.to_pylist()
        return {row["account_id"]: row["close"] for row in rows if row["close"]}


def _grain(label: str) -> str:
    """The length of a period by its label."""
    if parse_label(label)[2]:
        return "day"
    return "quarter" if "Q" in label else "month" if len(label) == 7 else "year"


UNCONVERTED = "currency_not_converted"
VARIANTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("discounts_not_deducted", {"discount_policy": "none"}),
    ("only_lasting_discounts", {"discount_policy": "forever"}),
    ("pauses_counted", {"pause_policy": "keep"}),
    ("churn_on_request", {"churn_recognition": "cancel_request"}),
    ("churn_at_service_end", {"churn_recognition": "service_end"}),
    ("timezone_utc", {"timezone": "UTC"}),
    ("invoices_instead_of_prices", {"revenue_source": "invoices"}),
    ("subscriptions_instead_of_invoices", {"revenue_source": "subscriptions"}),
)
"""What other systems do differently, as settings: each is tried alone and together."""


def _unconverted(snapshot: Snapshot) -> Snapshot:
    """The snapshot with every rate at 1: amounts of all currencies added as they stand."""
    plain = replace(snapshot, sql=snapshot.sql, rows_read=snapshot.rows_read)
    rates = type(snapshot.rates)(snapshot.rates.reporting_currency)
    for currency in snapshot.rates.days:
        rates.days[currency] = [date(1970, 1, 31)]
        rates.values[currency] = [Decimal(1)]
    plain.__dict__["rates"] = rates
    return plain


def explain(difference: Decimal, causes: Sequence[tuple[str, Decimal]]) -> list[tuple[str, Decimal]]:
    """The fewest causes whose amounts add up to the difference (to half a cent); else the ones that come nearest."""
    usable = [(name, amount) for name, amount in causes if amount != 0]
    if abs(difference) <= CENT or not usable:
        return []
    best: tuple[Decimal, tuple[tuple[str, Decimal], ...]] = abs(difference), ()
    for size in range(1, min(MOST_CAUSES, len(usable)) + 1):
        for picked in combinations(usable, size):
            rest = abs(difference - sum((a for _, a in picked), Decimal(0)))
            if rest <= CENT:
                return list(picked)
            if rest < best[0]:
                best = rest, picked
    return list(best[1])
