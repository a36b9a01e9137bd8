"""`channels`: what each channel, campaign or keyword cost, what came of it, and whether to go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar

import pyarrow as pa

from tenure.core.metrics import channels as figures
from tenure.core.metrics.channels import Worth
from tenure.core.money import MONEY
from tenure.warehouse.answer import Result
from tenure.warehouse.lines import NONE
from tenure.warehouse.questions import base
from tenure.warehouse.questions.acquired import Acquired, Leads
from tenure.warehouse.questions.attribution import FIELDS, MODELS, exact
from tenure.warehouse.questions.base import Ask, Question, asked, bad, no_cell
from tenure.warehouse.questions.movements import known

CREDITS = ("lead", *MODELS)
"""How wins are credited: to the channel of their lead, or by a model of attribution."""
WITHOUT_MONEY = "shapley_rate"
ROWS = ("leads", "cost", "won")
"""What of a row has rows behind it."""
_COUNTS = ("impressions", "clicks", "leads", "mql", "sql", "opportunities", "immature_leads")
_FIGURES = ("ctr", "cpc", "lead_rate", "cpl", "win_rate", "cac", "new_mrr", "roi", "payback_months")


@dataclass(frozen=True)
class Channels(Question):
    """Channels, campaigns or keywords side by side, over the leads that came in a stretch."""

    name: ClassVar[str] = "channels"
    doc: ClassVar[str] = "What each channel, campaign or keyword cost, what came of its leads, and whether to go on."
    columns: ClassVar[Mapping[str, str]] = {
        "channel": "the channel, campaign or keyword; (none) where that is not known",
        "impressions": "how often it was shown; empty if it is not counted",
        "clicks": "how often it was followed; empty if it is not counted",
        "ctr": "clicks / impressions",
        "cost": "what it cost in the stretch, all kinds of spend, in the reporting currency",
        "cpc": "cost / clicks",
        "leads": "leads that came by it in the stretch",
        "lead_rate": "leads / clicks",
        "cpl": "cost / leads",
        "mql": "of its leads, those that marketing found worth a call",
        "sql": "of its leads, those that a seller accepted",
        "opportunities": "of its leads, those that became a deal",
        "won": "wins that are credited to it",
        "win_rate": "won / (won + lost opportunities)",
        "win_rate_low": "2.5 % of its Beta distribution lie below",
        "win_rate_high": "2.5 % lie above",
        "cac": "cost / won",
        "new_mrr": "MRR of what was won",
        "first_year_revenue": "twelve times that, or the amount of a deal without MRR",
        "roi": "(first_year_revenue - cost) / cost",
        "payback_months": "cost / new_mrr",
        "days_to_win": "median days from lead to win",
        "immature_leads": "leads that are undecided and younger than four of five wins were",
        "verdict": "raise, keep, test or stop; empty where nothing was spent",
        "complete": "false while the stretch is not over",
    }
    of_lines: ClassVar[bool] = False
    from_: str | None = base.FROM
    to: str | None = base.TO
    by: str = asked("choice", "What a row is.", "channel", FIELDS)
    credit: str = asked("choice", "How wins are credited.", "lead", CREDITS)
    lookback_days: int = asked("whole", "How far before a win a touch counts.", 180, bounds=(1, 3_650))
    ceiling: str | None = asked(
        "text", "The most a customer may cost. Default: the first year's revenue of a mean win.", None
    )
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ceiling is not None:
            _amount(self, self.ceiling)

    def answer(self, ask: Ask) -> Result:
        snapshot = known(ask, self.as_known_on)
        found = self._acquired(ask)
        worth = found.worth(
            None if self.credit == "lead" else self.credit, self.lookback_days, self.credit != WITHOUT_MONEY
        )
        ceiling = self._ceiling(worth)
        over = found.stop <= snapshot.today
        rows = [
            self._row(name, worth[name], found, ceiling) | {"complete": over}
            for name in sorted(worth, key=lambda name: (name == NONE, -worth[name].cost, name))
        ]
        whole = sum((one.won for one in worth.values()), Fraction(0))
        checks = [
            {
                "name": "credits add up to the wins",
                "ok": abs(whole - found.wins) < Fraction(1, 10**6),
                "detail": found.wins,
            }
        ]
        return Result(pa.Table.from_pylist(rows, schema=self._shape()), checks, list(found.notes))

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        """Leads, spend or wins of a row; wins are shown where their lead came from, whatever the credit."""
        of = str(cell.get("of", "leads"))
        if self.by not in cell or set(cell) - {self.by, "of"} or of not in ROWS:
            raise no_cell(self.name, cell, f"Name a row by {self.by}, and `of`: leads, cost or won.", (self.by, "of"))
        found, name = self._acquired(ask), str(cell[self.by])
        if name not in {*found.spent[0], *found.leads, *found.credited(None, 1)}:
            raise no_cell(self.name, cell, f"Name a {self.by} of the answer.", (self.by,))
        return {"leads": found.lead_rows, "cost": found.spend_rows, "won": found.win_rows}[of](name)

    def _acquired(self, ask: Ask) -> Acquired:
        snapshot = known(ask, self.as_known_on)
        return Acquired(snapshot, *base.stretch(self.from_, self.to, snapshot), self.by)

    def _ceiling(self, worth: Mapping[str, Worth]) -> Fraction | None:
        if self.ceiling is not None:
            return Fraction(_amount(self, self.ceiling))
        revenue = sum((one.revenue or Fraction(0) for one in worth.values()), Fraction(0))
        return figures.ratio(revenue, sum((one.won for one in worth.values()), Fraction(0)))

    def _row(self, name: str, one: Worth, found: Acquired, ceiling: Fraction | None) -> dict[str, Any]:
        low, high = figures.spread(one.won, one.lost)
        counted = one.impressions or one.clicks
        row: dict[str, Any] = {
            self.by: name,
            "impressions": one.impressions if counted else None,
            "clicks": one.clicks if counted else None,
            "cost": exact(one.cost),
            "leads": one.leads,
            "mql": one.mql,
            "sql": one.sql,
            "opportunities": one.opportunities,
            "won": exact(one.won),
            "win_rate_low": low,
            "win_rate_high": high,
            "first_year_revenue": None if one.revenue is None else exact(one.revenue),
            "days_to_win": found.days_to_win.get(name),
            "immature_leads": found.leads.get(name, Leads()).young,
            "verdict": figures.verdict(one.won, one.cost, ceiling),
        }
        for figure in _FIGURES:
            value = getattr(one, figure)
            row[figure] = None if value is None else exact(value)
        return row

    def _shape(self) -> pa.Schema:
        types = {
            **dict.fromkeys(_COUNTS, pa.int64()),
            **dict.fromkeys(("win_rate_low", "win_rate_high", "days_to_win"), pa.float64()),
            "verdict": pa.string(),
            "complete": pa.bool_(),
        }
        names = [self.by if name == "channel" else name for name in self.columns]
        return pa.schema([(name, pa.string() if name == self.by else types.get(name, MONEY)) for name in names])


def _amount(question: Channels, text: str) -> Decimal:
    """A ceiling as a number.

    Raises: QuestionRefused if it is none.
    """
    field = next(f for f in question.__dataclass_fields__.values() if f.name == "ceiling")
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise bad(field, text, "Write an amount above 0 as text, such as 12000.") from None
    if not value.is_finite() or not 0 < value < 10**20:
        raise bad(field, text, "Write an amount above 0 as text, such as 12000.")
    return value
