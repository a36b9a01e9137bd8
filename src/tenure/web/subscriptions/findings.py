"""The sentences over the charts: what the figures say, found in the figures; whole sentences in each language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenure.core.metrics.cohorts import Cell
from tenure.core.metrics.renewal import Slot
from tenure.web import formatting as f
from tenure.web.subscriptions.figures import Row, net_new

MUCH_MORE = Decimal("1.5")
"""Churn of this many times the compared period is part of the title."""


def bridge_title(row: Row, before: Row | None, name: str, before_name: str) -> str:
    change = row["close"] - row["open"]
    places = {"period": name, "amount": str(f.short(abs(change))), "before": before_name}
    lost, lost_before = -row["churn"], -before["churn"] if before else Decimal(0)
    if change > 0 and lost_before > 0 and lost >= lost_before * MUCH_MORE:
        places["times"] = f.exact(lost / lost_before, 1)
        return _("%(period)s: MRR grew by %(amount)s, but churn was %(times)s times that of %(before)s") % places
    if change > 0:
        return _("%(period)s: MRR grew by %(amount)s") % places
    if change < 0:
        return _("%(period)s: MRR fell by %(amount)s") % places
    return _("%(period)s: MRR closed where it opened") % places


def bridge_summary(row: Row, moves: Sequence[Row], names: dict[str, str]) -> str:
    """Who made most of the loss; where nothing was lost, who made most of the gain."""
    churned = sorted((m for m in moves if m["kind"] == "churn"), key=lambda m: m["amount"])
    if churned and row["churn"]:
        return _most_of(
            churned[:2],
            names,
            row["churn"],
            one=_("Of %(total)s lost to churn, %(part)s came from one account: %(first)s."),
            two=_("Of %(total)s lost to churn, %(part)s came from two accounts: %(first)s and %(second)s."),
        )
    gained = sorted((m for m in moves if m["amount"] > 0), key=lambda m: -m["amount"])
    total = sum((m["amount"] for m in gained), Decimal(0))
    if gained:
        return _most_of(
            gained[:2],
            names,
            total,
            one=_("Nobody churned. Of %(total)s gained, %(part)s came from one account: %(first)s."),
            two=_("Nobody churned. Of %(total)s gained, %(part)s came from two accounts: %(first)s and %(second)s."),
        )
    return _("No account moved in this period.")


def _most_of(top: Sequence[Row], names: dict[str, str], total: Decimal, *, one: str, two: str) -> str:
    shown = [names.get(m["account_id"], m["account_id"]) for m in top]
    places = {
        "total": str(f.short(abs(total))),
        "part": str(f.short(abs(sum((m["amount"] for m in top), Decimal(0))))),
        "first": shown[0],
        "second": shown[-1],
    }
    return (one if len(top) == 1 else two) % places


def moves_title(rows: Sequence[Row]) -> str:
    """`rows`: the finished periods of the chart."""
    nets = [net_new(row) for row in rows]
    if not any(nets):
        return _("Nothing moved in these periods")
    up = sum(1 for net in nets if net > 0)
    best = f.period(rows[nets.index(max(nets))]["period"])
    if up == len(nets) > 1:
        return ngettext(
            "Net new MRR was positive in all %(count)s period; %(best)s was the best",
            "Net new MRR was positive in all %(count)s periods; %(best)s was the best",
            len(nets),
        ) % {"count": len(nets), "best": best}
    return ngettext(
        "Net new MRR was positive in %(up)s of %(count)s period; %(best)s was the best",
        "Net new MRR was positive in %(up)s of %(count)s periods; %(best)s was the best",
        len(nets),
    ) % {"up": up, "count": len(nets), "best": best}


def moves_summary(running: str | None, until: Any) -> str:
    if running is None:
        return _("The black stroke is the net of each period.")
    said = _("The black stroke is the net. %(period)s is not over: it is shown until %(day)s, pale and dashed.")
    return said % {"period": running, "day": f.day(until, year=False)}


def renewals_title(row: Row, name: str) -> str:
    if not row["expiring"]:
        return _("%(period)s: no contract expires") % {"period": name}
    places = {"period": name, "rate": f.percent(row["renewal_rate_decided"]), "pending": row["pending"]}
    if row["renewal_rate_decided"] is None:
        return (
            ngettext(
                "%(period)s: %(pending)s contract expires and is still pending",
                "%(period)s: %(pending)s contracts expire and are still pending",
                row["pending"],
            )
            % places
        )
    if row["pending"]:
        return (
            ngettext(
                "%(period)s: %(rate)s of the decided contracts were renewed, %(pending)s is pending",
                "%(period)s: %(rate)s of the decided contracts were renewed, %(pending)s are pending",
                row["pending"],
            )
            % places
        )
    return _("%(period)s: %(rate)s of the contracts that expired were renewed") % places


def due_title(whole: Slot, passed: int, until: date, currency: str) -> str:
    """`whole`: every contract in sight; `passed`: those past their notice day that nobody has decided on."""
    count = whole.undecided
    if not count:
        return _("Nothing waits for a decision until %(day)s") % {"day": f.day(until)}
    places = {
        "count": f.exact(count),
        "amount": str(f.short(whole.undecided_mrr, currency=currency)),
        "day": f.day(until),
        "passed": f.exact(passed),
    }
    if passed:
        return (
            ngettext(
                "Until %(day)s, %(count)s contract worth %(amount)s a month waits for a decision; "
                "of %(passed)s the notice day has passed",
                "Until %(day)s, %(count)s contracts worth %(amount)s a month wait for a decision; "
                "of %(passed)s the notice day has passed",
                count,
            )
            % places
        )
    return (
        ngettext(
            "Until %(day)s, %(count)s contract worth %(amount)s a month waits for a decision",
            "Until %(day)s, %(count)s contracts worth %(amount)s a month wait for a decision",
            count,
        )
        % places
    )


def rates_title(rows: Sequence[Row]) -> str:
    """`rows`: the periods of the table. Says which was the weakest."""
    decided = [row for row in rows if row["renewal_rate_decided"] is not None]
    if not decided:
        return _("No contract was decided in these periods")
    weakest = min(decided, key=lambda row: row["renewal_rate_decided"])
    places = {"period": f.period(weakest["period"]), "rate": f.percent(weakest["renewal_rate_decided"])}
    if len(decided) == 1 or all(row["renewal_rate_decided"] == weakest["renewal_rate_decided"] for row in decided):
        return _("%(rate)s of the decided contracts were renewed") % places
    return _("%(period)s was the weakest: %(rate)s of the decided contracts were renewed") % places


def after(k: int, grain: str) -> str:
    """The k-th close of a cohort in words."""
    if not k:
        return {
            "month": _("in its first month"),
            "quarter": _("in its first quarter"),
            "year": _("in its first year"),
        }[grain]
    said = {
        "month": ngettext("after %(count)s month", "after %(count)s months", k),
        "quarter": ngettext("after %(count)s quarter", "after %(count)s quarters", k),
        "year": ngettext("after %(count)s year", "after %(count)s years", k),
    }
    return said[grain] % {"count": k}


def cohorts_title(average: Sequence[Cell], grain: str, value: str) -> str:
    """`average`: the weighted average at each close. Says what is left at the last of them that is usual to quote."""
    reached = [k for k in (24, 12, 6, 4, 3, 2, 1, 0) if k < len(average) and average[k].share is not None]
    if not reached:
        return _("No cohort has been followed to a close yet")
    places = {"when": after(reached[0], grain), "share": f.percent(average[reached[0]].share)}
    if value == "mrr":
        return _("Cohorts pay %(share)s of what they began with, %(when)s") % places
    return _("%(share)s of the customers are still there, %(when)s") % places


def metrics_title(unusual: Sequence[Any], count: int, name: str) -> str:
    """`unusual`: the names of the metrics whose change is news."""
    places = {"period": name, "count": count, "unusual": len(unusual), "first": unusual[0] if unusual else ""}
    if not unusual:
        return _("%(period)s: all %(count)s metrics moved within their usual range") % places
    if len(unusual) == 1:
        return _("%(period)s: %(first)s left its usual range, the other metrics did not") % places
    return (
        ngettext(
            "%(period)s: %(unusual)s of %(count)s metrics left its usual range, %(first)s first",
            "%(period)s: %(unusual)s of %(count)s metrics left their usual range, %(first)s first",
            len(unusual),
        )
        % places
    )


def committed_title(row: Row, currency: str) -> str:
    places = {
        "cmrr": str(f.short(row["cmrr"], currency=currency)),
        "signed": str(f.short(row["signed_not_started"], currency=currency)),
        "ends": str(f.short(row["known_ends"], currency=currency)),
    }
    return _("Committed MRR is %(cmrr)s: %(signed)s signed that has not started, %(ends)s known to end") % places


def ltv_title(row: Row, method: Any, currency: str) -> str:
    if row["ltv"] is None:
        return _("The lifetime value of a customer cannot be told yet")
    places = {"ltv": str(f.short(row["ltv"], currency=currency)), "method": method}
    if row["low"] is None or row["high"] is None:
        return _("A customer is worth about %(ltv)s until it leaves: %(method)s") % places
    places |= {"low": str(f.short(row["low"], currency=currency)), "high": str(f.short(row["high"], currency=currency))}
    return _("A customer is worth %(ltv)s until it leaves, between %(low)s and %(high)s: %(method)s") % places
