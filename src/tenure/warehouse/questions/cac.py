"""`cac`: what a customer costs, by slice and composite, and what that is worth against lifetime value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from fractions import Fraction
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.metrics import cac, channels
from tenure.core.metrics.cac import Campaign
from tenure.core.metrics.channels import ratio
from tenure.core.money import MONEY
from tenure.warehouse.answer import Result
from tenure.warehouse.lines import NONE
from tenure.warehouse.questions import base
from tenure.warehouse.questions.acquired import COMMISSION, SALES, Acquired, Leads, Spent
from tenure.warehouse.questions.attribution import FIELDS, exact
from tenure.warehouse.questions.base import Ask, Question, asked, no_cell
from tenure.warehouse.questions.ltv import Ltv
from tenure.warehouse.questions.movements import MovementLedger, known

ALL = "all"


@dataclass(frozen=True)
class Cac(Question):
    """Cost of a customer: cost per lead by what matured leads became, with yardsticks beside it."""

    name: ClassVar[str] = "cac"
    doc: ClassVar[str] = "What a customer costs, by slice and composite, with payback and LTV against it."
    columns: ClassVar[Mapping[str, str]] = {
        "slice": "the channel, campaign or keyword; all for everything together",
        "spend": "what it cost to be found: media, events, content, commission",
        "sales_cost": "what selling cost",
        "leads": "leads that came in the stretch",
        "matured_leads": "of these, the ones old enough to have been won",
        "rate": "share of the matured leads that were won; shrunk to that of all while too few are matured",
        "rate_low": "2.5 % of its Beta distribution lie below",
        "rate_high": "2.5 % lie above",
        "young": "whether the rate is shrunk: too few leads are old enough",
        "expected_customers": "leads x rate",
        "cost_per_lead": "spend / leads",
        "campaign_cac": "(spend + sales_cost) / expected_customers of the slice",
        "composite_cac": "the money of all slices / the expected customers of all",
        "blended_cac": "all money / customers won; of all together, new customers of the stretch",
        "paid_cac": "media spend / customers won of the slices that have any",
        "agent_cac": "all money of slices with commission / customers they won",
        "asp": "first year's revenue of a mean win",
        "payback_months": "cost of a customer / new MRR of a mean win",
        "ltv": "lifetime value of a customer; of a slice, as many months of its own mean MRR",
        "ltv_to_cac": "ltv / cost of a customer; 3 is a yardstick, no verdict",
        "complete": "false while the stretch is not over",
    }
    of_lines: ClassVar[bool] = False
    from_: str | None = base.FROM
    to: str | None = base.TO
    as_of: date | None = asked("day", "Leads are old or young on this day. Default: today.", None)
    maturity_days: int | None = asked(
        "whole", "Days after which a lead is old enough. Default: those in which four of five wins came.", None,
        bounds=(1, 3_650),
    )  # fmt: skip
    by: str = asked("choice", "What a slice is.", "channel", FIELDS)
    as_known_on: date | None = base.KNOWN
    definition: str | None = base.DEFINITION

    def answer(self, ask: Ask) -> Result:
        found = self._acquired(ask)
        spent, leads, won = found.spent[0], found.leads, found.credited(None, 1)
        names = sorted({*spent, *leads, *won}, key=lambda name: (name == NONE, name))
        everyone = _added(leads.values())
        pooled = Fraction(everyone.matured_won, everyone.matured) if everyone.matured else None
        parts = {
            name: _Slice(spent.get(name, Spent()), leads.get(name, Leads()), won.get(name), pooled) for name in names
        }
        composite, expected = cac.together(one.campaign for one in parts.values())
        months = self._lifetime(ask)
        over = found.stop <= ask.snapshot.today
        rows = [one.row(name, months) | {"composite_cac": composite} for name, one in parts.items()]
        whole = _Slice(_together(spent.values()), everyone, _won(won.values()), pooled)
        rows.append(
            whole.row(ALL, months)
            | {
                "expected_customers": expected,
                "campaign_cac": None,
                "composite_cac": composite,
                "blended_cac": ratio(whole.money, self._new_customers(ask, found)),
                "paid_cac": _over(parts.values(), "media"),
                "agent_cac": _over(parts.values(), COMMISSION),
                "payback_months": None if composite is None else whole.payback(composite),
                "ltv_to_cac": None if composite is None else whole.against(composite, months),
            }
        )
        schema = self._shape()
        table = [
            {n: exact(v) if isinstance(v, Fraction) else v for n, v in (row | {"complete": over}).items()}
            for row in rows
        ]
        notes = [{"code": "maturity_days", "count": found.maturity}, *found.notes]
        return Result(pa.Table.from_pylist(table, schema=schema), [], notes)

    def rows_behind(self, ask: Ask, cell: Mapping[str, Any]) -> pa.Table:
        """The leads of a slice, or its spend."""
        of = str(cell.get("of", "leads"))
        if "slice" not in cell or set(cell) - {"slice", "of"} or of not in ("leads", "cost"):
            raise no_cell(self.name, cell, "Name a slice, and `of`: leads or cost.", ("slice", "of"))
        found, name = self._acquired(ask), str(cell["slice"])
        rows = found.lead_rows if of == "leads" else found.spend_rows
        if name == ALL:
            return rows()
        if name not in {*found.spent[0], *found.leads}:
            raise no_cell(self.name, cell, "Name a slice of the answer.", ("slice",))
        return rows(name)

    def _acquired(self, ask: Ask) -> Acquired:
        snapshot = known(ask, self.as_known_on)
        stretch = base.stretch(self.from_, self.to, snapshot)
        return Acquired(snapshot, *stretch, self.by, self.maturity_days, self.as_of)

    def _new_customers(self, ask: Ask, found: Acquired) -> int:
        """Accounts that first paid in the stretch."""
        ledger = MovementLedger(
            found.start.isoformat(), found.stop.isoformat(), as_known_on=self.as_known_on, definition=self.definition
        )
        rows = ledger.answer(ask).table
        return int(pc.count_distinct(rows.filter(pc.equal(rows["kind"], "new"))["account_id"]).as_py())

    def _lifetime(self, ask: Ask) -> Fraction | None:
        """Months of a customer's MRR that make its lifetime value; None where that is not defined."""
        day = self.as_of or ask.snapshot.today
        lifetime = Ltv(as_of=day, as_known_on=self.as_known_on, definition=self.definition)
        row = lifetime.answer(ask).table.to_pylist()[0]
        mean = lifetime.arpa(ask)
        return None if row["ltv"] is None or not mean else Fraction(row["ltv"]) / Fraction(mean)

    def _shape(self) -> pa.Schema:
        types = {
            **{"slice": pa.string(), "leads": pa.int64(), "matured_leads": pa.int64()},
            **{"young": pa.bool_(), "complete": pa.bool_(), "rate_low": pa.float64(), "rate_high": pa.float64()},
        }
        return pa.schema([(name, types.get(name, MONEY)) for name in self.columns])


@dataclass(frozen=True)
class _Slice:
    """One slice with everything that its row says."""

    spent: Spent
    came: Leads
    won: tuple[Fraction, Fraction, Fraction] | None
    pooled: Fraction | None

    @property
    def campaign(self) -> Campaign:
        spend = self.spent.cost - self.sales
        return Campaign(spend, self.sales, self.came.leads, self.came.matured, self.came.matured_won, self.pooled)

    @property
    def sales(self) -> Fraction:
        return self.spent.by_kind.get(SALES, Fraction(0))

    @property
    def money(self) -> Fraction:
        return self.spent.cost

    @property
    def wins(self) -> Fraction:
        return Fraction(0) if self.won is None else self.won[0]

    def payback(self, cost: Fraction) -> Fraction | None:
        """Months in which a mean win has paid its cost back."""
        return None if self.won is None or not self.won[0] else ratio(cost, self.won[1] / self.won[0])

    def worth(self, months: Fraction | None) -> Fraction | None:
        """Lifetime value of a mean win."""
        return None if months is None or not self.wins or self.won is None else months * self.won[1] / self.wins

    def against(self, cost: Fraction, months: Fraction | None) -> Fraction | None:
        worth = self.worth(months)
        return None if worth is None else ratio(worth, cost)

    def row(self, name: str, months: Fraction | None) -> dict[str, Any]:
        one, cost = self.campaign, self.campaign.cac
        low, high = channels.spread(Fraction(self.came.matured_won), self.came.matured - self.came.matured_won)
        commission = COMMISSION in self.spent.by_kind
        return {
            "slice": name,
            "spend": one.spend,
            "sales_cost": one.sales_cost,
            "leads": self.came.leads,
            "matured_leads": self.came.matured,
            "rate": one.rate,
            "rate_low": low,
            "rate_high": high,
            "young": one.is_young,
            "expected_customers": one.expected_customers,
            "cost_per_lead": one.cost_per_lead,
            "campaign_cac": cost,
            "blended_cac": ratio(self.money, self.wins),
            "paid_cac": ratio(self.spent.by_kind.get("media", Fraction(0)), self.wins)
            if "media" in self.spent.by_kind
            else None,
            "agent_cac": ratio(self.money, self.wins) if commission else None,
            "asp": None if self.won is None else ratio(self.won[2], self.wins),
            "payback_months": None if cost is None else self.payback(cost),
            "ltv": self.worth(months),
            "ltv_to_cac": None if cost is None else self.against(cost, months),
        }


def _added(several: Iterable[Leads]) -> Leads:
    """The leads of several slices together."""
    listed = list(several)
    return Leads(*(sum(getattr(one, f.name) for one in listed) for f in fields(Leads)))


def _together(several: Iterable[Spent]) -> Spent:
    """The spend of several slices together."""
    whole = Spent()
    for one in several:
        whole.impressions += one.impressions
        whole.clicks += one.clicks
        for kind, money in one.by_kind.items():
            whole.by_kind[kind] += money
    return whole


def _won(several: Iterable[tuple[Fraction, Fraction, Fraction]]) -> tuple[Fraction, Fraction, Fraction]:
    """Wins, MRR and revenue of several slices together."""
    listed = list(several)
    wins, monthly, revenue = (sum((one[k] for one in listed), Fraction(0)) for k in range(3))
    return wins, monthly, revenue


def _over(parts: Iterable[_Slice], kind: str) -> Fraction | None:
    """Money for each customer won by the slices with spend of a kind: that spend, or of commission all of theirs."""
    some = [one for one in parts if kind in one.spent.by_kind]
    money = sum((one.money if kind == COMMISSION else one.spent.by_kind[kind] for one in some), Fraction(0))
    return ratio(money, sum((one.wins for one in some), Fraction(0)))
