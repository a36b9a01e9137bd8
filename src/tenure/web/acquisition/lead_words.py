"""What leads, their signals and their forms are called on screen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

SIGNALS: Mapping[str, Any] = {
    "form": _("Sent a form"),
    "demo_request": _("Asked for a demo"),
    "trial": _("Began a trial"),
    "event": _("Came to an event"),
    "download": _("Took a document"),
    "visit": _("Visited the site"),
    "reply": _("Answered"),
    "call": _("Talked on the telephone"),
    "referral": _("Was recommended"),
}
SUBJECTS: Mapping[str, Any] = {
    "industry": _("Industry"),
    "employees": _("Employees"),
    "region": _("Region"),
    "role": _("Job title"),
}
MATCHED_BY: Mapping[str, Any] = {
    "domain": _("the same domain"),
    "email": _("a contact with the same address"),
    "uscc": _("the same credit code"),
}
ASKED: Mapping[str, Any] = {
    "company_name": _("Company"),
    "person_name": _("Your name"),
    "title": _("Your job title"),
    "email": _("E-mail address"),
    "phone": _("Telephone number"),
    "wechat": _("WeChat id"),
    "industry": _("Industry"),
    "region": _("Region"),
    "employees": _("Number of employees"),
    "message": _("What would you like to know?"),
    "heard_from": _("Where did you hear of us?"),
}
"""The fields of a form, as the person who fills it in reads them."""
WEEKDAYS = (
    *(_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday")),
    *(_("Saturday"), _("Sunday")),
)
