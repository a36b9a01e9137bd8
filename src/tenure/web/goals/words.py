"""The words of the cockpit: what its figures, and the kinds of what happened, are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from tenure.web.subscriptions.words import METRICS, Metric

_SHOWN = ("mrr", "net_new_mrr", "customer_churn_rate", "nrr", "grr", "ltv_trailing6")
TILES = tuple(metric for metric in METRICS if metric.name in _SHOWN)
RENEWAL = Metric(
    "renewal_rate_decided",
    _("Renewal rate"),
    _("Contracts renewed, as a share of those that ran out in the period and are decided."),
    "rate",
    True,
    "renewal_rate_decided",
    cases="decided",
)
TARGETED: Mapping[str, Any] = {metric.name: metric.label for metric in (*TILES, RENEWAL)}
ANNOTATIONS: Mapping[str, Any] = {
    "release": _("Release"),
    "price": _("Price change"),
    "campaign": _("Campaign"),
    "other": _("Other"),
}
