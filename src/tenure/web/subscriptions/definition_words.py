"""What the settings of a metric definition are called, what they mean, what they touch, and how their values read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tenure.core.definition import DAYS, FLAGS
from tenure.web import formatting as f


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting in words: what it decides, the figures it touches, what its values (and an empty one) mean."""

    name: str
    label: Any
    meaning: Any
    touches: Any
    values: Mapping[str, Any]
    empty: Any = ""

    def said(self, value: Any) -> str:
        """A value of this setting in words."""
        if value is None:
            return str(self.empty) or f.NOTHING
        if self.name in FLAGS:
            return _now("yes") if value else _now("no")
        if self.name in DAYS:
            return ngettext("%(count)s day", "%(count)s days", int(value)) % {"count": f.exact(int(value))}
        if self.name == "gross_margin":
            return f.percent(_share(value))
        return str(self.values.get(str(value), value))


def _share(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


SETTINGS = (
    Setting(
        "churn_recognition",
        _("When a customer is lost"),
        _("The day a subscription ends for MRR."),
        _("MRR, churn, NRR, GRR, cohorts"),
        {
            "service_end": _("when service ends"),
            "cancel_request": _("when they ask to leave, if that is earlier"),
        },
    ),
    Setting(
        "discount_policy",
        _("Discounts"),
        _("Which discounts are taken off MRR."),
        _("MRR, ARPA, expansion and contraction"),
        {
            "active": _("all that are in force"),
            "forever": _("only those that never end"),
            "none": _("none: list prices"),
        },
    ),
    Setting(
        "pause_policy",
        _("Pauses"),
        _("What a paused subscription counts while it is paused."),
        _("MRR, contraction, churn"),
        {"zero": _("it counts nothing"), "keep": _("as if it went on")},
    ),
    Setting(
        "reactivation_window_days",
        _("Until when a return is a return"),
        _("Who comes back after a gap of more days counts as a new customer."),
        _("New and returning MRR, quick ratio, ASP"),
        {},
        _("always a return"),
    ),
    Setting(
        "grace_gap_days",
        _("Gaps that are bridged"),
        _("A gap between two lines of at most so many days is no churn."),
        _("Churn, returning MRR, NRR, GRR, cohorts"),
        {},
        _("none"),
    ),
    Setting(
        "renewal_grace_days",
        _("Grace of a renewal"),
        _("So many days after its end a contract can still be renewed."),
        _("Renewal rates"),
        {},
    ),
    Setting(
        "net_churn_includes_reactivation",
        _("Returns reduce net churn"),
        _("Whether net MRR churn also subtracts what came back."),
        _("Net MRR churn"),
        {},
    ),
    Setting(
        "churn_base_includes_new",
        _("New customers in the churn base"),
        _("Whether the customers won in a period belong to those of which a share is lost."),
        _("Customer churn rate, LTV"),
        {},
    ),
    Setting(
        "revenue_source",
        _("Where MRR comes from"),
        _("The rows MRR is made of."),
        _("Every figure of MRR"),
        {
            "subscriptions": _("subscriptions and contracts"),
            "invoices": _("invoice lines"),
        },
    ),
    Setting(
        "gross_margin",
        _("Gross margin"),
        _("The share of revenue that is left after the cost of service."),
        _("LTV with margin"),
        {},
        _("not set"),
    ),
    Setting(
        "reporting_currency",
        _("Reporting currency"),
        _("The currency of every figure."),
        _("Every amount"),
        {},
    ),
    Setting(
        "timezone",
        _("Time zone"),
        _("Where a day begins and ends."),
        _("Every figure of a day or period"),
        {},
    ),
    Setting(
        "week_start",
        _("First day of the week"),
        _("Where a week begins."),
        _("Figures by week"),
        {
            "monday": _("Monday"),
            "tuesday": _("Tuesday"),
            "wednesday": _("Wednesday"),
            "thursday": _("Thursday"),
            "friday": _("Friday"),
            "saturday": _("Saturday"),
            "sunday": _("Sunday"),
        },
    ),
    Setting(
        "fiscal_year_start",
        _("First month of the year"),
        _("In which month years and quarters begin."),
        _("Figures by quarter and year"),
        {
            "1": _("January"),
            "2": _("February"),
            "3": _("March"),
            "4": _("April"),
            "5": _("May"),
            "6": _("June"),
            "7": _("July"),
            "8": _("August"),
            "9": _("September"),
            "10": _("October"),
            "11": _("November"),
            "12": _("December"),
        },
    ),
)
"""Every setting, the ones that schools of metrics argue about first."""
