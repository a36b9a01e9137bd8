"""The identities that hold in every answer, tried on the data as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.urls import reverse
from django.utils.translation import gettext as _

from tenure.web import formatting as f
from tenure.web.subscriptions.board import Answer, Ask
from tenure.web.subscriptions.proof import check_said

MONTHS = 12
"""How far back the identities are tried; the questions' own default."""


@dataclass(frozen=True, slots=True)
class Check:
    """One identity on one question: in words, what it covers, whether it held, when, and the page to look at."""

    said: str
    over: str
    ok: bool
    detail: str
    at: datetime
    href: str


def movements(ask: Ask) -> Iterator[Check]:
    """The identities of the movements of the last twelve months: the ones every figure hangs on."""
    answer = ask({"question": "movements"})
    yield from _of(answer, _stretch(answer), reverse("movements"))


def every(ask: Ask) -> list[Check]:
    """All identities, those that failed first."""
    found = [*movements(ask)]
    for question, route, over in (
        ("renewals", "renewals", _stretch),
        ("cohorts", "cohorts", lambda _answer: _("every cohort of the last 12 months")),
        ("accounts", "movements", lambda _answer: _("today")),
        ("committed_mrr", "metrics", lambda _answer: _("today")),
    ):
        answer = ask({"question": question})
        found += _of(answer, over(answer), reverse(route))
    found.append(_invoices(ask))
    return sorted(found, key=lambda check: check.ok)


def of_month(ask: Ask, month: str) -> list[Check]:
    """The identities of one month, those that failed first."""
    stretch = {"from": month, "to": month}
    found = []
    for question, route in (("movements", "movements"), ("renewals", "renewals")):
        answer = ask({"question": question, **stretch})
        found += _of(answer, f.period(month), f"{reverse(route)}?from={month}&to={month}")
    return sorted(found, key=lambda check: check.ok)


def _of(answer: Answer, over: str, href: str) -> Iterator[Check]:
    for check in answer.checks:
        yield Check(check_said(check["name"]), over, check["ok"], str(check["detail"]), answer.computed_at, href)


def _stretch(answer: Answer) -> str:
    rows = answer.to_dicts()
    if not rows:
        return ""
    return _("%(first)s to %(last)s") % {"first": f.period(rows[0]["period"]), "last": f.period(rows[-1]["period"])}


def _invoices(ask: Ask) -> Check:
    """What was invoiced in each currency adds up to what was invoiced in all."""
    whole = ask({"question": "invoiced"})
    parts = ask({"question": "invoiced", "by": ["currency"]})
    apart = _net(parts) - _net(whole)
    return Check(
        _("Invoiced in each currency adds up to invoiced in all"),
        _stretch(whole),
        abs(apart) <= f.SMALLEST * MONTHS,
        f.plain(apart),
        whole.computed_at,
        reverse("health"),
    )


def _net(answer: Answer) -> Decimal:
    return sum((row["net"] for row in answer.to_dicts()), Decimal(0))
