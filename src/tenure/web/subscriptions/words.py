"""The words of recurring revenue: what kinds, reasons, metrics and anomalies are called on screen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

GAINS = ("new", "expansion", "reactivation", "entering")
LOSSES = ("contraction", "churn", "leaving")
"""Kinds of movement in the order in which charts and tables show them."""

KINDS: Mapping[str, Any] = {
    "open": _("Opening"),
    "new": _("New"),
    "expansion": _("Expansion"),
    "reactivation": _("Reactivation"),
    "entering": _("Entering"),
    "contraction": _("Contraction"),
    "churn": _("Churn"),
    "leaving": _("Leaving"),
    "fx": _("Exchange rates"),
    "net": _("Net new"),
    "close": _("Close"),
}
REASONS: Mapping[str, Any] = {
    "started": _("A line started"),
    "ended": _("A line ended"),
    "plan": _("The plan changed"),
    "term": _("The billing period changed"),
    "quantity": _("The quantity changed"),
    "discount": _("A discount began or ended"),
    "price": _("The price changed"),
    "paused": _("A pause began"),
    "resumed": _("A pause ended"),
    "trial": _("A trial ended"),
    "involuntary": _("Given up unpaid"),
}
RENEWALS: Mapping[str, Any] = {
    "renewal_rate_decided": _("Renewed, of the decided"),
    "pending": _("Pending"),
    "lost": _("Lost"),
    "renewal_rate": _("Renewed, of all"),
    "gross_renewal_rate_decided": _("Revenue renewed, gross"),
    "net_renewal_rate_decided": _("Revenue renewed, net"),
}
"""The figures of the renewals block, in their order: the rate of the decided leads, the pending stand beside it."""
EXPIRING: Mapping[str, Any] = {"expiring": _("Expiring"), "renewed": _("Renewed")}
"""What the table of rates shows beside `RENEWALS`."""
STATES: Mapping[str, Any] = {
    "running": _("Running"),
    "pending": _("Pending"),
    "renewed": _("Renewed"),
    "lost": _("Lost"),
}
STATES_SAID: Mapping[str, Any] = {
    "running": _("Not over yet; neither a successor nor a notice is known."),
    "pending": _("Over, without a successor, and still in grace."),
    "renewed": _("A successor begins in time."),
    "lost": _("Notice was given, or the grace is over."),
}
TABLES: Mapping[str, Any] = {
    "accounts": _("Accounts"),
    "contacts": _("Contacts"),
    "products": _("Products"),
    "plans": _("Plans"),
    "subscriptions": _("Subscriptions"),
    "discounts": _("Discounts"),
    "contracts": _("Contracts"),
    "invoice_lines": _("Invoice lines"),
    "trials": _("Trials"),
    "deals": _("Deals"),
    "committee_members": _("Buying committee"),
    "tenders": _("Tenders"),
    "tender_items": _("Parts of the bid"),
    "demands": _("Demands"),
    "demand_links": _("Remarks on demands"),
    "activities": _("Activities"),
    "spend": _("Spend"),
    "touches": _("Touches of accounts"),
    "leads": _("Leads"),
    "fx_rates": _("Exchange rates"),
    "metric_definitions": _("Metric definitions"),
    "closes": _("Closed months"),
    "targets": _("Targets"),
    "annotations": _("Annotations"),
    "event_entries": _("Event catalogue"),
}
GRAINS: Mapping[str, Any] = {
    "day": _("Day"),
    "week": _("Week"),
    "month": _("Month"),
    "quarter": _("Quarter"),
    "year": _("Year"),
}

Form = Literal["money", "rate", "ratio"]


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of the tiles: its column, how it is written, which way is better, and the movements behind it."""

    name: str
    label: Any
    meaning: Any
    form: Form
    more_is_better: bool
    behind: str
    places: int = 1
    cases: str = ""
    """the column that counts what the figure is made of, where few of them make it a matter of chance"""


LIFETIME = _("Customer lifetime value")
METRICS = (
    Metric("mrr", _("MRR"), _("Recurring revenue per month at the close of the period."), "money", True, "close"),
    Metric(
        "net_new_mrr",
        _("Net new MRR"),
        _("New, expansion and reactivation less contraction and churn; without exchange rates."),
        "money",
        True,
        "net",
    ),
    Metric(
        "customer_churn_rate",
        _("Customer churn rate"),
        _("Customers at the opening who are none at the close, as a share of the customers at the opening."),
        "rate",
        False,
        "churn",
        2,
        cases="customers_open",
    ),
    Metric(
        "nrr",
        _("Net revenue retention"),
        _("What the customers of the opening pay at the close, as a share of what they paid at the opening."),
        "rate",
        True,
        "open",
        cases="customers_open",
    ),
    Metric(
        "grr",
        _("Gross revenue retention"),
        _("The same, where nobody counts for more than at the opening: expansion is left out."),
        "rate",
        True,
        "open",
        cases="customers_open",
    ),
    Metric(
        "quick_ratio",
        _("Quick ratio"),
        _("New, expansion and reactivation divided by contraction and churn."),
        "ratio",
        True,
        "net",
        2,
    ),
    Metric("arpa", _("ARPA"), _("MRR at the close divided by the customers at the close."), "money", True, "close"),
    Metric(
        "ltv_trailing6",
        LIFETIME,
        _("ARPA divided by the mean monthly churn rate of the six months before."),
        "money",
        True,
        "close",
        cases="customers_open",
    ),
)
MORE_METRICS = (
    Metric("arr", _("ARR"), _("Twelve times MRR at the close."), "money", True, "close"),
    Metric("asp", _("ASP"), _("MRR of new customers divided by the new customers."), "money", True, "new"),
    Metric(
        "gross_mrr_churn_rate",
        _("Gross MRR churn"),
        _("Churn and contraction as a share of MRR at the opening."),
        "rate",
        False,
        "churn",
        2,
        cases="customers_open",
    ),
    Metric(
        "net_mrr_churn_rate",
        _("Net MRR churn"),
        _("Churn and contraction less expansion, as a share of MRR at the opening."),
        "rate",
        False,
        "net",
        2,
        cases="customers_open",
    ),
)
"""Metrics that the page of metrics shows beside those of the tiles."""
FORMULAS: Mapping[str, Any] = {
    "mrr": _("Σ price per month of every line in force at the close"),
    "net_new_mrr": _("new + expansion + reactivation − contraction − churn"),
    "customer_churn_rate": _("customers lost / customers at the opening"),
    "nrr": _("(opening + expansion − contraction − churn) / opening"),
    "grr": _("(opening − contraction − churn) / opening"),
    "quick_ratio": _("(new + expansion + reactivation) / (contraction + churn)"),
    "arpa": _("MRR / customers at the close"),
    "ltv_trailing6": _("ARPA / mean customer churn rate of the six months before"),
    "arr": _("12 × MRR"),
    "asp": _("new MRR / new customers"),
    "gross_mrr_churn_rate": _("(contraction + churn) / opening"),
    "net_mrr_churn_rate": _("(contraction + churn − expansion) / opening"),
    "renewal_rate_decided": _("renewed / (expiring − pending)"),
    "cmrr": _("MRR + signed and not started − known to end"),
}
"""How each metric is made, as its info says it; the proof fills in the figures."""
COMMITTED: Mapping[str, Any] = {
    "cmrr": _("Committed MRR"),
    "mrr": _("MRR"),
    "signed_not_started": _("Signed, not started"),
    "known_ends": _("Known to end"),
}
METHODS: Mapping[str, Any] = {
    "simple": _("ARPA / churn"),
    "margin": _("ARPA / churn, times the margin"),
    "trailing6": _("ARPA / churn of six months"),
    "net_retention": _("ARPA / (1 − NRR)"),
    "arpa": _("ARPA as a stand-in"),
}
WHY: Mapping[str, Any] = {
    "asked": _("As its formula says"),
    "six_months_of_history": _("Six months with customers, and some churn in them"),
    "short_history": _("Less than six months of history, but churn in the month"),
    "no_churn_yet": _("Nobody has left yet"),
    "no_gross_margin": _("The setting gross_margin is missing"),
    "nrr_not_below_1": _("What stayed outgrew what left"),
}
SLICES: Mapping[str, Any] = {
    "plan": _("Plan"),
    "product": _("Product"),
    "currency": _("Currency"),
    "region": _("Region"),
    "industry": _("Industry"),
    "tier": _("Tier"),
    "owner": _("Owner"),
}
