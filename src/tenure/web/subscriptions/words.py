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
GRAINS: Mapping[str, Any] = {"month": _("Month"), "quarter": _("Quarter"), "year": _("Year")}

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
    ),
    Metric(
        "nrr",
        _("Net revenue retention"),
        _("What the customers of the opening pay at the close, as a share of what they paid at the opening."),
        "rate",
        True,
        "open",
    ),
    Metric(
        "grr",
        _("Gross revenue retention"),
        _("The same, where nobody counts for more than at the opening: expansion is left out."),
        "rate",
        True,
        "open",
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
        _("Customer lifetime value"),
        _("ARPA divided by the mean monthly churn rate of the six months before."),
        "money",
        True,
        "close",
    ),
)
