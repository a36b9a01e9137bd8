"""From a book to movements in the reporting currency, by period and slice. Hides kernels, cells, rates and Decimal.

Money meets its rate here and only here: sums of whole numbers per currency x rate, in Decimal, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tenure.core.errors import QuestionRefused
from tenure.core.metrics.mrr import EXACT, PLACES, Movements
from tenure.core.money import from_word_pair, from_words, to_scaled, to_words
from tenure.core.periods import Periods, day_date, day_number
from tenure.core.sequences import walk, wide
from tenure.core.sequences.daily import Daily, Traits, daily
from tenure.core.sequences.net import Cells, Net, net
from tenure.core.sequences.spans import OPEN, Spans
from tenure.warehouse.arrays import coded
from tenure.warehouse.book import Book, Shelf
from tenure.warehouse.rates import as_integers, month_end_before, month_end_until
from tenure.warehouse.slices import Slicing, Where, select_accounts, slicing
from tenure.warehouse.snapshot import Snapshot

MOST_CELLS = 1_000_000
ZERO = Decimal(0)


def value(pairs: npt.NDArray[np.int64], rates: Sequence[Decimal]) -> Decimal:
    """The sum over currencies of amount x rate, exact. `pairs` (currencies, 2)."""
    total = ZERO
    for (low, high), rate in zip(pairs.tolist(), rates, strict=True):
        if low or high:
            amount = Decimal(from_word_pair(low, high)).scaleb(-12, EXACT)
            total = EXACT.add(total, amount if rate == 1 else EXACT.multiply(amount, rate))
    return total


def rounded(amount: Decimal) -> Decimal:
    """Half to even at 12 decimals."""
    return amount.quantize(PLACES, context=EXACT)


@dataclass
class Ledger:
    """A book read under a snapshot's definition and a question's conditions."""

    snapshot: Snapshot
    book: Book
    spans: Spans
    where: Where

    @classmethod
    def open(cls, snapshot: Snapshot, shelf: Shelf, where: Where) -> Ledger:
        """The ledger of the accounts and rows that meet `where`."""
        book = shelf.open(snapshot, where.rows)
        spans = book.spans
        if where.accounts:
            spans = select_accounts(snapshot, spans, where.accounts)
        return cls(snapshot, book, spans, where)

    @property
    def currencies(self) -> tuple[str, ...]:
        return self.book.currencies

    @property
    def valued(self) -> list[str]:
        """The currencies with a rate, in the order of their codes (others have no spans; they get rate 0)."""
        return [c for c in self.currencies if self.snapshot.rates.known(c)]

    def _rates(self, month_ends: Sequence[Any]) -> list[list[Decimal]]:
        rates = self.snapshot.rates
        return [[rates.at(c, end) if rates.known(c) else ZERO for c in self.currencies] for end in month_ends]

    @property
    def window(self) -> int:
        days = self.snapshot.definition.reactivation_window_days
        return walk.NO_LIMIT if days is None else days

    @property
    def grace(self) -> int:
        return self.snapshot.definition.grace_gap_days or 0

    def slices(
        self, by: Sequence[str], account_slice: tuple[npt.NDArray[np.int32], list[str]] | None = None
    ) -> Slicing:
        """How the question's fields cut rows and accounts."""
        return slicing(self.snapshot, self.book, self.spans, self.where, by, account_slice)

    def net(self, periods: Periods, cut: Slicing, *, keep: bool = False) -> NetResult:
        """Period-net movements.

        Raises: QuestionRefused if periods x slices x currencies is more than a million cells.
        """
        currencies = len(self.currencies)
        size = len(periods) * cut.count * currencies
        if size > MOST_CELLS:
            raise QuestionRefused(
                "question.too_many_slices",
                f"{len(periods)} periods x {cut.count} slices x {currencies} currencies are over {MOST_CELLS} cells.",
                fix="Slice by a field with fewer values, narrow it with `where`, or ask for fewer periods.",
                field="by",
                value=list(cut.fields),
            )
        firsts = [month_end_before(first) for first in periods.edges[:-1]]
        lasts = [month_end_until(day_date(day_number(after) - 1)) for after in periods.edges[1:]]
        opening, closing = self._rates(firsts), self._rates(lasts)
        opening_integers, closing_integers = as_integers(opening, closing)
        cells = Cells(cut.of_row, cut.of_account, cut.row_slices, cut.count, currencies)
        edges = np.array([day_number(e) for e in periods.edges], np.int64)
        sums = net(
            self.spans, cells, edges,
            opening_integers.reshape(-1, currencies), closing_integers.reshape(-1, currencies),
            window=self.window, grace=self.grace, keep=keep, threads=self.snapshot.threads,
        )  # fmt: skip
        return NetResult(periods, cut, sums, opening, closing, currencies)

    def traits(self) -> Traits:
        """What rows say beside their price, for reasons."""
        plan = self._codes("plan")
        product = self._codes("product")
        interval = self._codes("interval")
        count = self._numbers("interval_count", 1.0)
        return Traits(
            self.book.row_line,
            plan * (int(product.max(initial=0)) + 1) + product,
            interval * 10_000 + count.astype(np.int64),
            self._numbers("quantity", 1.0),
        )

    def _codes(self, column: str) -> npt.NDArray[np.int64]:
        codes, _ = coded(self.book.trait(self.snapshot, self.where.rows, column).cast("string"))
        return codes.astype(np.int64)

    def _numbers(self, column: str, missing: float) -> npt.NDArray[np.float64]:
        parts = self.book.by_part(self.snapshot, self.where.rows, column)
        joined = [np.asarray(p.cast("float64").fill_null(missing).to_numpy(), np.float64) for p in parts]
        return np.concatenate(joined) if joined else np.zeros(0)

    def daily(self, since: int, until: int) -> tuple[Daily, list[list[Decimal]]]:
        """Ledger movements of the days [since, until), and the rates their `month` points into."""
        first = min(int(self.spans.start.min(initial=since)), since)
        edges = [day_date(first).replace(day=1)]
        last = min(until, int(self.last_change()) + 1)
        while day_number(edges[-1]) < max(last, first + 1):
            following = edges[-1].replace(day=28)
            edges.append(day_date(day_number(following) + 4).replace(day=1))
        ends = [month_end_before(e) for e in edges]
        rates = self._rates(ends)
        (integers,) = as_integers(rates)
        moves = daily(
            self.spans, self.traits(), len(self.currencies),
            np.array([day_number(e) for e in edges], np.int64), integers.reshape(-1, len(self.currencies)),
            since=since, until=until, window=self.window, grace=self.grace,
        )  # fmt: skip
        return moves, rates

    def last_change(self) -> int:
        """The last day on which a span begins or ends."""
        stops = self.spans.stop[self.spans.stop < OPEN]
        return max(int(self.spans.start.max(initial=0)), int(stops.max(initial=0)))

    def first_paid(self) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
        """Per account its first day with MRR above 0 and its MRR then, by currency."""
        rates = self._rates([self.snapshot.today])
        (integers,) = as_integers(rates)
        return walk.first_paid(self.spans, len(self.currencies), integers.reshape(-1))

    def mrr_by_account(self, day: int) -> pa.Array:
        """What each account's lines add up to at the close of `day`, in the order of the spans.

        MRR where it is above 0; below 0 it counts 0.
        """
        rates = self._rates([month_end_until(day_date(day))])[0]
        (integers,) = as_integers([rates])
        words = walk.by_account(self.spans, len(rates), integers.reshape(-1), day, grace=self.grace)
        home = [c for c, rate in enumerate(rates) if rate == 1][:1]
        out = np.zeros((len(words), 2), np.int64) if not home else words[:, home[0]].copy()
        away = (np.delete(words, home, axis=1) != 0).any(axis=(1, 2))
        for at in np.flatnonzero(away).tolist():  # money in another currency is valued one account at a time
            out[at] = to_words(to_scaled(rounded(value(words[at], rates))))
        return from_words(out)

    def state_at(self, day: int) -> Decimal:
        """MRR at the close of `day`, added up straight from the spans: a second way to a figure, for the checks."""
        rates = self._rates([month_end_until(day_date(day))])[0]
        return rounded(value(walk.in_force(self.spans, len(rates), day), rates))


@dataclass
class NetResult:
    """Sums of a walk with the rates that value them."""

    periods: Periods
    cut: Slicing
    net: Net
    opening_rates: list[list[Decimal]]
    closing_rates: list[list[Decimal]]
    currencies: int

    def movements(self, period: int, piece: int) -> Movements:
        """The movements of one period and slice, in the reporting currency, to 12 decimals."""
        cells = slice(piece * self.currencies, (piece + 1) * self.currencies)
        at_open, at_close = self.opening_rates[period], self.closing_rates[period]
        kinds = []
        for kind in range(len(walk.KINDS)):
            rates = at_close if kind in walk.AT_CLOSING_RATE else at_open
            kinds.append(rounded(value(self.net.amounts[kind, period, cells], rates)))
        state = self._state
        opened = rounded(value(state[period, cells], at_open))
        closed = rounded(value(state[period + 1, cells], at_close))
        counts = [int(c) for c in self.net.counts[:5, period, piece]]
        customers = self._customers
        return Movements(
            open=opened,
            new=kinds[walk.NEW],
            expansion=kinds[walk.EXPANSION],
            contraction=kinds[walk.CONTRACTION],
            churn=kinds[walk.CHURN],
            reactivation=kinds[walk.REACTIVATION],
            entering=kinds[walk.ENTERING],
            leaving=kinds[walk.LEAVING],
            fx=closed - opened - sum(kinds, ZERO),
            close=closed,
            customers_open=int(customers[period, piece]),
            customers_new=counts[walk.C_NEW],
            customers_churned=counts[walk.C_CHURNED],
            customers_reactivated=counts[walk.C_REACTIVATED],
            customers_entering=counts[walk.C_ENTERING],
            customers_leaving=counts[walk.C_LEAVING],
            customers_close=int(customers[period + 1, piece]),
        )

    @cached_property
    def _state(self) -> npt.NDArray[np.int64]:
        """(periods + 1, cells, 2): the state at the opening of each period and at the last close."""
        states = np.zeros((len(self.periods) + 1, *self.net.opening.shape), np.int64)
        states[0] = self.net.opening
        for period in range(len(self.periods)):
            states[period + 1] = wide.add_columns(states[period], self.net.change[period])
        return states

    @cached_property
    def _customers(self) -> npt.NDArray[np.int64]:
        change = self.net.counts[walk.C_CLOSE]
        return np.concatenate([self.net.customers_open[None], self.net.customers_open + np.cumsum(change, axis=0)])

    def occupied(self) -> list[int]:
        """The slices in which anything was or happened, by their labels: rows come in no order that means anything."""
        busy = (self.net.opening != 0).any(axis=1) | (self.net.change != 0).any(axis=(0, 2))
        busy |= (self.net.amounts != 0).any(axis=(0, 1, 3))
        per_slice = busy.reshape(-1, self.currencies).any(axis=1)
        per_slice |= (self.net.customers_open != 0) | (self.net.counts != 0).any(axis=(0, 1))
        return sorted(np.flatnonzero(per_slice).tolist(), key=lambda piece: self.cut.labels[piece])
