"""`ltv`: what a customer is worth over its life, with the method and why it was taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pyarrow as pa

from tenure.core.metrics import mrr
from tenure.core.metrics.mrr import Movements as Figures
from tenure.core.money import MONEY
from tenure.core.periods import add_months
from tenure.warehouse import proof
from tenure.warehouse.answer import Result
from tenure.warehouse.questions import base
from tenure.warehouse.questions.base import Ask, Question, no_cell
from tenure.warehouse.questions.movements import KINDS_BEHIND, Movements, cell_rows, sliced_rows
from tenure.warehouse.revenue import NetResult
from tenure.warehouse.slices import Where

METHODS = ("auto", "simple", "margin", "trailing6", "net_retention")
CONFIDENCE_Z = Decimal("1.959963984540")


@dataclass(frozen=True)
class Ltv(Question):
    """Lifetime value per customer."""

    name: ClassVar[str] = "ltv"
    doc: ClassVar[str] = "Lifetime value from ARPA and churn of the last whole month, with the method and why."
    columns: ClassVar[Mapping[str, str]] = {
        "slice": "values of `by`, joined by ' / '; 'all' without `by`",
        "method": "simple, margin, trailing6, net_retention, or arpa (a stand-in while there is no churn to measure)",
        "why": "code of the reason the method was taken, or of the reason the value is empty",
        "n": "customers the churn was measured on",
        "ltv": "money per customer; empty where it is not defined",
        "low": "the value at the upper end of the 95 % interval of churn (Wilson)",
        "high": "the value at the lower end; empty where that is 0",
        "complete": "true: the month measured is over",
    }
    method: str = base.asked("choice", "How to measure. auto takes the best the history allows.", "auto", METHODS)
    as_of: date | None = base.asked("day", "Measure the last whole month before this day. Default: today.", None)
    by: tuple[str, ...] = base.BY
    where: Where = base.WHERE
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        _, result = self._walk(ask)
        rows = [(_name(result, piece), *self._measure(ask, _history(result, piece))) for piece in sliced_rows(result)]
        names = ("slice", "method", "why", "n", "ltv", "low", "high")
        types = (pa.string(), pa.string(), pa.string(), pa.int64(), MONEY, MONEY, MONEY)
        data = {n: pa.array([r[i] for r in rows], t) for i, (n, t) in enumerate(zip(names, types, strict=True))}
        data["complete"] = pa.array([True] * len(rows), pa.bool_())
        return Result(pa.table(data))

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        """The lines of whom the churn was measured on, in the months it was; of ARPA alone, the lines in force."""
        question, result = self._walk(ask)
        pieces = {_name(result, piece): piece for piece in sliced_rows(result)}
        wanted = str(cell.get("slice", "" if self.by else "all"))
        if wanted not in pieces or set(cell) - {"slice", *self.columns}:
            raise no_cell(self.name, cell, "Name a cell by its slice.", ("slice",))
        piece = pieces[wanted]
        method = self._measure(ask, _history(result, piece))[0]
        months = result.periods.labels[:-1] if method == "trailing6" else result.periods.labels[-1:]
        kinds = {"net_retention": KINDS_BEHIND["ltv_net_retention"], "arpa": ("close",)}.get(method, ("churn",))
        fields = dict(zip(self.by, result.cut.labels[piece], strict=True))
        return proof.joined([cell_rows(question, ask, {"period": month, **fields}, kinds) for month in months])

    def arpa(self, ask: Ask) -> Decimal | None:
        """Mean MRR of a customer in the month measured."""
        return mrr.arpa(_history(self._walk(ask)[1], 0)[-1])

    def _walk(self, ask: Ask) -> tuple[Movements, NetResult]:
        """The movements of the month measured, the last, and of the months before it that its churn may be of."""
        day = self.as_of or ask.snapshot.today
        month = add_months(day.replace(day=1), 0 if (day + timedelta(days=1)).day == 1 and self.as_of else -1)
        first = add_months(month, -mrr.TRAILING_MONTHS)
        question = Movements(
            f"{first:%Y-%m}", f"{month:%Y-%m}", "month", self.by, self.where, self.as_known_on, self.definition
        )
        return question, question.net(ask)[1]

    def _measure(
        self, ask: Ask, history: list[Figures]
    ) -> tuple[str, str, int, Decimal | None, Decimal | None, Decimal | None]:
        """Method, why, n, value and its bounds, from seven months of which the last is measured."""
        now, margin = history[-1], ask.snapshot.definition.gross_margin
        former = [mrr.customer_churn_rate(m) for m in history[:-1]]
        known = [m for m, c in zip(history[:-1], former, strict=True) if c is not None]
        method, why = self.method, "asked"
        if method == "auto":
            if len(known) == mrr.TRAILING_MONTHS and any(c for c in former):
                method, why = "trailing6", "six_months_of_history"
            elif mrr.ltv_simple(now, "month") is not None:
                method, why = "simple", "short_history"
            else:
                return "arpa", "no_churn_yet", now.customers_open, mrr.arpa(now), None, None
        churned, base_ = now.customers_churned, now.customers_open
        if method == "trailing6":
            churned, base_ = sum(m.customers_churned for m in known), sum(m.customers_open for m in known)
            value = mrr.ltv_trailing6(now, former)
        elif method == "margin":
            value = mrr.times(mrr.ltv_simple(now, "month"), margin)
            why = "no_gross_margin" if margin is None else why
        elif method == "net_retention":
            return method, *self._net_retention(now, why)
        else:
            value = mrr.ltv_simple(now, "month")
        if value is None:
            return method, why if why != "asked" else "no_churn_yet", base_, None, None, None
        share = margin if method == "margin" and margin is not None else Decimal(1)
        low, high = _bounds(mrr.arpa(now), churned, base_, share)
        return method, why, base_, value, low, high

    @staticmethod
    def _net_retention(now: Figures, why: str) -> tuple[str, int, Decimal | None, None, None]:
        value = mrr.ltv_net_retention(now, "month")
        return ("nrr_not_below_1" if value is None else why), now.customers_open, value, None, None


def _name(result: NetResult, piece: int) -> str:
    return " / ".join(result.cut.labels[piece]) or "all"


def _history(result: NetResult, piece: int) -> list[Figures]:
    return [result.movements(p, piece) for p in range(len(result.periods))]


def _bounds(arpa: Decimal | None, churned: int, whole: int, share: Decimal) -> tuple[Decimal | None, Decimal | None]:
    """ARPA over the ends of Wilson's 95 % interval of the churn rate."""
    if arpa is None or whole == 0:
        return None, None
    n, z2 = Decimal(whole), CONFIDENCE_Z**2
    p = Decimal(churned) / n
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = (CONFIDENCE_Z / (1 + z2 / n)) * ((p * (1 - p) / n + z2 / (4 * n * n)).sqrt())
    low, high = centre - half, centre + half
    worth = arpa * share
    return mrr.ratio(worth, high), (mrr.ratio(worth, low) if low > 0 else None)
