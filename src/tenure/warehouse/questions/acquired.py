"""What channels cost and what became of their leads, slice by slice.

Hides which leads, spend and wins belong to a stretch, how foreign money is valued, and to whom a win is credited. The
leads are those that came in the stretch; the wins are of these leads, whenever they were won, and of deals without a
lead that began in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.core.localtime import DAY
from tenure.core.metrics.channels import Worth, maturity
from tenure.core.money import MONEY
from tenure.core.periods import month_end
from tenure.warehouse import measures, touches
from tenure.warehouse.lines import NONE
from tenure.warehouse.measures import Condition
from tenure.warehouse.questions.attribution import Credited, exact
from tenure.warehouse.snapshot import Snapshot
from tenure.warehouse.touches import NEVER

SALES = "sales"
COMMISSION = "agent_commission"
MONTHS = 12
"""Of the first year."""


@dataclass(frozen=True, slots=True)
class Leads:
    """Counts of the leads of one slice; `matured` ones are old enough to have been won."""

    leads: int = 0
    mql: int = 0
    accepted: int = 0
    opportunities: int = 0
    lost: int = 0
    won: int = 0
    matured: int = 0
    matured_won: int = 0
    young: int = 0


@dataclass
class Spent:
    """Money of one slice by what it was spent for, and what was seen and clicked for it."""

    by_kind: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    impressions: int = 0
    clicks: int = 0

    @property
    def cost(self) -> Fraction:
        return sum(self.by_kind.values(), Fraction(0))


@dataclass(frozen=True)
class Acquired:
    """The leads, spend and wins of a stretch [start, stop) by channel, campaign or keyword."""

    snapshot: Snapshot
    start: date
    stop: date
    by: str
    maturity_days: int | None = None
    as_of: date | None = None

    @cached_property
    def spent(self) -> tuple[dict[str, Spent], int]:
        """(spend by slice, rows in a currency without a rate, which count 0)."""
        found: dict[str, Spent] = {}
        unvalued = 0
        rates = self.snapshot.rates
        for row in self._select(
            "spend_sums", (), by=self.by, reporting=rates.reporting_currency, **self._days
        ).to_pylist():
            one = found.setdefault(row["slice"] or NONE, Spent())
            one.impressions += row["impressions"] or 0
            one.clicks += row["clicks"] or 0
            worth = Fraction(row["cost"])
            if row["day"] is not None:
                if not rates.known(row["currency"]):
                    unvalued += row["n"]
                    continue
                worth *= Fraction(rates.at(row["currency"], month_end(row["day"])))
            one.by_kind[row["kind"] or "media"] += worth
        return found, unvalued

    @cached_property
    def leads(self) -> dict[str, Leads]:
        """Leads by slice."""
        day = self.as_of or self.snapshot.today
        matured = self.snapshot.end_of(day - timedelta(days=self.maturity + 1))
        rows = self._select("lead_sums", (), by=self.by, matured_before=matured, **self._moments).to_pylist()
        found: dict[str, Leads] = {}
        for row in rows:
            name = row.pop("slice") or NONE
            known = found.get(name, Leads())
            found[name] = Leads(**{column: getattr(known, column) + count for column, count in row.items()})
        return found

    @cached_property
    def maturity(self) -> int:
        """Days after which a lead counts as old enough: as asked, or those in which four of five wins have come."""
        if self.maturity_days is not None:
            return self.maturity_days
        return maturity([days for days, _name, _came in self._wins.values() if days >= 0])

    @cached_property
    def days_to_win(self) -> dict[str, float]:
        """The median days from lead to win by slice, of the leads of the stretch."""
        first, last = (moment.timestamp() for moment in self._moments.values())
        found: dict[str, list[float]] = defaultdict(list)
        for days, name, came in self._wins.values():
            if days >= 0 and first <= came < last:
                found[name].append(days)
        return {name: median(days) for name, days in found.items()}

    @property
    def wins(self) -> int:
        """How many wins there are."""
        return len(self._happened[0].at)

    @property
    def unvalued(self) -> int:
        """Wins in a currency without a rate, which count without money."""
        return self._happened[0].unvalued

    def credited(self, model: str | None, lookback_days: int) -> dict[str, tuple[Fraction, Fraction, Fraction]]:
        """(wins, new MRR, first year's revenue) by slice, as a model of attribution shares them.

        A win without a touch in the time before it is credited to the slice of its lead. A model that says nothing of
        money gives 0 of it.
        """
        happened, mrr, revenue = self._happened
        found: dict[str, list[Fraction]] = defaultdict(lambda: [Fraction(0)] * 3)

        def add(name: str, *parts: Fraction) -> None:
            found[name] = [a + b for a, b in zip(found[name], parts, strict=True)]

        bare = list(range(len(happened.at)))
        if model is not None and self.snapshot.has("touches"):
            reached = touches.read(self.snapshot, happened, self.by, lookback_days, reset=False, where=())
            since = int(self._moments["came_from"].timestamp()) * 1_000_000
            credit = Credited(reached, since, np.iinfo(np.int64).max)
            place = {name: at for at, name in enumerate(happened.name.to_pylist())}
            order = np.array([place[name] for name in reached.happened.name.to_pylist()], np.int64)
            for at, shares in enumerate(credit.handed_out(model, [[v[k] for k in order] for v in (mrr, revenue)])):
                if any(shares):
                    add(credit.names[at], *shares)
            bare = [int(order[k]) for k in credit.untouched]
        for k in bare:
            add(self._origin[k], Fraction(1), mrr[k], revenue[k])
        return {name: (parts[0], parts[1], parts[2]) for name, parts in found.items()}

    def worth(self, model: str | None, lookback_days: int, money: bool = True) -> dict[str, Worth]:
        """What is known of each slice."""
        spent, leads, won = self.spent[0], self.leads, self.credited(model, lookback_days)
        out = {}
        for name in {*spent, *leads, *won}:
            cost, came = spent.get(name, Spent()), leads.get(name, Leads())
            wins, mrr, revenue = won.get(name, (Fraction(0),) * 3)
            out[name] = Worth(
                cost.impressions,
                cost.clicks,
                cost.cost,
                came.leads,
                came.mql,
                came.accepted,
                came.opportunities,
                came.lost,
                wins,
                mrr if money else None,
                revenue if money else None,
            )
        return out

    @property
    def notes(self) -> Iterator[dict[str, Any]]:
        """What could not be valued."""
        if self.spent[1]:
            yield {"code": "spend_without_rate", "count": self.spent[1]}
        if self.unvalued:
            yield {"code": "deals_without_rate", "count": self.unvalued}

    def lead_rows(self, name: str | None = None) -> pa.Table:
        """The leads of the stretch: of a slice, or all."""
        rows = self.snapshot.run("lead_rows", where=self._of(name))
        first, last = (pa.scalar(moment, pa.timestamp("us", "UTC")) for moment in self._moments.values())
        rows = rows.filter(pc.and_(pc.greater_equal(rows["created_at"], first), pc.less(rows["created_at"], last)))
        return rows.drop_columns(["row_key", "account_key"])

    def spend_rows(self, name: str | None = None) -> pa.Table:
        """The spend of the stretch: of a slice, or all."""
        return self._select("spend_rows", self._of(name), **self._days)

    def win_rows(self, name: str) -> pa.Table:
        """The wins whose lead is of a slice, with what they brought."""
        happened, mrr, revenue = self._happened
        chosen = [k for k in range(len(happened.at)) if self._origin[k] == name]
        at = pa.array(happened.at[chosen] if chosen else np.zeros(0, np.int64)).cast(pa.timestamp("us", "UTC"))
        return pa.table(
            {
                "conversion": happened.name.take(pa.array(chosen, pa.int64())),
                "account_id": happened.account_id.take(pa.array(chosen, pa.int64())),
                "won_at": at,
                "new_mrr": pa.array([exact(mrr[k]) for k in chosen], MONEY),
                "first_year_revenue": pa.array([exact(revenue[k]) for k in chosen], MONEY),
            }
        )

    # ---------------------------------------------------------------------------------------------------- inside

    @property
    def _days(self) -> dict[str, date]:
        return {"first_day": self.start, "after_day": self.stop}

    @property
    def _moments(self) -> dict[str, Any]:
        first, last = (self.snapshot.end_of(day - timedelta(days=1)) for day in (self.start, self.stop))
        return {"came_from": first, "came_before": last}

    def _of(self, name: str | None) -> Sequence[Condition]:
        return () if name is None else (Condition(self.by, "eq", name),)

    def _select(self, measure: str, where: Sequence[Condition], /, **values: Any) -> pa.Table:
        sql, more = measures.compose(measure, where=where)
        return self.snapshot.select(measure, sql, {**values, **more}, None)

    @cached_property
    def _wins(self) -> Mapping[str, tuple[float, str, float]]:
        """Of every won lead: the days it took, its slice, and the moment it came."""
        rows = touches.origins(self.snapshot)
        rows = rows.filter(pc.is_valid(rows["bought_at"]))
        came, won = touches.micros(rows["created_at"]), touches.micros(rows["bought_at"])
        days = ((won - came) / DAY).tolist()
        names = rows[self.by].fill_null(NONE).to_pylist()
        at = (came / 1_000_000).tolist()
        return dict(zip(rows["lead_id"].to_pylist(), zip(days, names, at, strict=True), strict=True))

    @cached_property
    def _happened(self) -> tuple[touches.Happened, list[Fraction], list[Fraction]]:
        """The wins of the stretch, with their MRR and the revenue of their first year."""
        found = touches.of_deals(self.snapshot, "won_at")
        began = np.where(found.lead_at == NEVER, found.opportunity_at, found.lead_at)
        first, last = (int(moment.timestamp()) * 1_000_000 for moment in self._moments.values())
        found = found.taken((began >= first) & (began < last))
        deals = touches.deals(self.snapshot)
        deals = deals.filter(pc.is_valid(deals["won_at"]))
        monthly, _unvalued = touches.valued(self.snapshot, deals, "won_at", "mrr")
        whole, _unvalued = touches.valued(self.snapshot, deals, "won_at", "amount")
        stated = pc.is_valid(deals["mrr"]).to_pylist()
        known = {
            deal: (Fraction(a), Fraction(a) * MONTHS if has else Fraction(b))
            for deal, a, b, has in zip(
                deals["deal_id"].to_pylist(), monthly.to_pylist(), whole.to_pylist(), stated, strict=True
            )
        }
        worth = [known.get(name, (Fraction(0), Fraction(0))) for name in found.name.to_pylist()]
        return found, [mrr for mrr, _ in worth], [revenue for _, revenue in worth]

    @cached_property
    def _origin(self) -> list[str]:
        """Of each win of the stretch the slice of the lead it came from; (none) where that is not known."""
        lead = self._happened[0].lead
        slices = touches.origins(self.snapshot)[self.by].combine_chunks()
        names: list[str] = slices.take(pa.array(lead, mask=lead < 0)).fill_null(NONE).to_pylist()
        return names
