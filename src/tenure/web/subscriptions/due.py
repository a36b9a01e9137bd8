"""Everything the page of renewals shows: what is due by notice day, contract by contract, and the rates of periods."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.core.definition import WEEKDAYS
from tenure.core.metrics.renewal import UNDECIDED, Slot, calendar
from tenure.core.periods import between, label
from tenure.web import formatting as f
from tenure.web.choices import one_of, refused
from tenure.web.export import exports
from tenure.web.goals.annotations import Happened
from tenure.web.meter import meter
from tenure.web.stretch import COARSE, Stretch
from tenure.web.subscriptions import findings, slices
from tenure.web.subscriptions.board import Ask, cut_fields, freshness, made_of, narrowing, picker, renewals
from tenure.web.subscriptions.figures import Row
from tenure.web.subscriptions.words import EXPIRING, GRAINS, RENEWALS, SLICES, STATES, STATES_SAID

SHOWN = 100
SLICES_SHOWN = 50
SOON_DAYS = 7
"""A notice day as near as this is due now."""
LOOK_BACK = 730
"""Days before today in which a notice day may lie that nobody has decided on."""
AHEAD = (30, 90, 180, 365)
STEPS: Mapping[str, Any] = {"week": gettext_lazy("Weeks"), "month": gettext_lazy("Months")}
PASSED = "passed"
FILTERS: Mapping[str, Any] = {
    "undecided": gettext_lazy("To decide"),
    "pending": STATES["pending"],
    "renewed": STATES["renewed"],
    "lost": STATES["lost"],
    "all": gettext_lazy("All"),
}
SORTS: Mapping[str, Callable[[Row], Any]] = {
    "notice": lambda row: (row["notice_by"], row["contract_id"]),
    "end": lambda row: (row["last_day"], row["contract_id"]),
    "mrr": lambda row: (-row["mrr"], row["contract_id"]),
}
RATES = ("renewal_rate_decided", "pending", "expiring", "renewed", "lost", "gross_renewal_rate_decided",
         "net_renewal_rate_decided")  # fmt: skip
"""Columns of the table of rates: the rate of the decided leads, the pending stand beside it."""
Names = Callable[[list[str]], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the reader chose in the address: how far ahead, in which steps, which states, which step, which order, and
    the field by which the rates are cut."""

    today: date
    days: int
    steps: str
    state: str
    on: str
    sort: str
    by: str

    @property
    def stop(self) -> date:
        return self.today + timedelta(days=self.days)

    @property
    def last(self) -> date:
        """The last day of the calendar."""
        return self.stop - timedelta(days=1)

    def address(self, stretch: Stretch, route: str = "renewals", **more: str) -> str:
        """The page with some choices changed; an empty one is left out."""
        kept = {name: value for name, value in {**self.kept, **more}.items() if value}
        return f"{reverse(route)}?{stretch.query(**kept)}"

    @property
    def own(self) -> dict[str, str]:
        """The choices but the field."""
        own = {"days": str(self.days), "steps": self.steps, "state": self.state, "on": self.on, "sort": self.sort}
        return {name: value for name, value in own.items() if value}

    @property
    def kept(self) -> dict[str, str]:
        return {**self.own, "by": self.by}


def choices(query: Mapping[str, str], today: date) -> Choices:
    """What an address asks of this page.

    Raises: QuestionRefused if a value is not one of its kind.
    """
    on = query.get("on", "")
    if on and on != PASSED:
        try:
            date.fromisoformat(on)
        except ValueError:
            raise refused("on", on, [PASSED, today.isoformat()]) from None
    return Choices(
        today,
        int(one_of(query, "days", [str(days) for days in AHEAD], "90")),
        one_of(query, "steps", list(STEPS), "week"),
        one_of(query, "state", list(FILTERS), "undecided"),
        on,
        one_of(query, "sort", list(SORTS), "notice"),
        slices.by(query),
    )


@dataclass(frozen=True, slots=True)
class Listed:
    """The contracts in sight: those to come, and those past their notice day that nobody has decided on."""

    rows: list[Row]
    edges: tuple[date, ...]
    currency: str

    def step_of(self, day: date) -> str:
        """The step of the calendar that holds a day, by its own first day; or that the day has passed."""
        place = bisect_right(self.edges, day) - 1
        return self.edges[place].isoformat() if place >= 0 else PASSED

    def on(self, chosen: Choices) -> list[Row]:
        """The contracts of the chosen step, in any state."""
        return [row for row in self.rows if chosen.on in ("", self.step_of(row["notice_by"]))]

    def within(self, chosen: Choices, state: str) -> list[Row]:
        wanted = UNDECIDED if state == "undecided" else tuple(STATES) if state == "all" else (state,)
        return sorted((row for row in self.on(chosen) if row["state"] in wanted), key=SORTS[chosen.sort])


def _listed(ask: Ask, chosen: Choices) -> Listed:
    first = chosen.today - timedelta(days=LOOK_BACK)
    answer = ask({"question": "contracts_due", "from": first.isoformat(), "to": chosen.stop.isoformat()})
    settings = answer.definition["settings"]
    edges = between(chosen.today, chosen.stop, chosen.steps, WEEKDAYS.index(settings["week_start"])).edges
    rows = [row for row in answer.to_dicts() if row["notice_by"] >= chosen.today or row["state"] in UNDECIDED]
    return Listed(rows, edges, settings["reporting_currency"])


def board(ask: Ask, stretch: Stretch, chosen: Choices, names: Names, happened: Happened) -> dict[str, Any]:
    """The whole page as values a template only has to print."""
    listed = _listed(ask, chosen)
    measured = ask(_measured(stretch))
    rates = measured.to_dicts()
    return {
        "range": picker(stretch, "renewals", compares=False, grains=COARSE, **chosen.kept),
        "facts": [freshness(), made_of(measured)],
        "is_empty": not listed.rows and not any(row["expiring"] for row in rates),
        "renewals": renewals(ask, stretch, listed.currency),
        "calendar": _calendar(listed, chosen, stretch, happened),
        "due": _due(listed, chosen, stretch, names),
        "rates": _rates(rates, stretch, listed.currency),
        "cut": _cut(ask, stretch, chosen, listed.currency),
        "exports": exports("renewals_file", query=stretch.query(**chosen.kept)),
        "rates_exports": exports("renewal_rates_file", query=stretch.query(**chosen.kept)),
    }


def _measured(stretch: Stretch) -> dict[str, str]:
    return {"question": "renewals", **stretch.asked(stretch.first, stretch.shown[-1])}


def _calendar(listed: Listed, chosen: Choices, stretch: Stretch, happened: Happened) -> dict[str, Any]:
    due = [(row["notice_by"], row["state"], row["mrr"]) for row in listed.rows]
    before = chosen.today - timedelta(days=LOOK_BACK)
    (past,) = calendar(due, [before, chosen.today])
    (whole,) = calendar(due, [before, chosen.stop])
    slots = [(PASSED, past)] if past.contracts else []
    slots += [(slot.first.isoformat(), slot) for slot in calendar(due, listed.edges)]
    said = replace(happened, name=listed.step_of).said([name for name, _slot in slots])
    widest = max((slot.mrr for _name, slot in slots), default=Decimal(0))
    places = f.places_of([slot.mrr for _name, slot in slots], listed.currency)
    return {
        "title": findings.due_title(whole, past.contracts, chosen.stop, listed.currency),
        "summary": _("By the last day on which notice is in time."),
        "unit": f.symbol(listed.currency).strip(),
        "steps": [
            {
                "label": said,
                "href": chosen.address(stretch, steps=code, on=""),
                "current": code == chosen.steps,
            }
            for code, said in STEPS.items()
        ],
        "ahead": [
            {
                "label": ngettext("%(count)s day", "%(count)s days", days) % {"count": days},
                "href": chosen.address(stretch, days=str(days), on=""),
                "current": days == chosen.days,
            }
            for days in AHEAD
        ],
        "rows": [
            {
                "label": _step_name(name, slot, chosen),
                "happened": said.get(name, ""),
                "is_passed": name == PASSED,
                "is_picked": name == chosen.on,
                "href": _step_address(name, slot, chosen, stretch),
                "meter": meter(slot.mrr, slot.undecided_mrr, widest),
                "contracts": f.exact(slot.contracts),
                "undecided": f.exact(slot.undecided),
                "undecided_mrr": f.exact(slot.undecided_mrr, places),
                "mrr": f.exact(slot.mrr, places),
                "exact": f.plain(slot.mrr),
            }
            for name, slot in slots
        ],
    }


def _step_name(name: str, slot: Slot, chosen: Choices) -> str:
    if name == PASSED:
        return _("Notice day passed")
    if chosen.steps == "month":
        return f.period(label(slot.first.replace(day=1), "month"))
    return _("from %(day)s") % {"day": f.day(slot.first)}


def _step_address(name: str, slot: Slot, chosen: Choices, stretch: Stretch) -> str:
    """The list of one step; of the one that is open, the whole list again."""
    if name == chosen.on:
        return chosen.address(stretch, on="")
    return chosen.address(stretch, on=name, state="all") if slot.contracts else ""


def _due(listed: Listed, chosen: Choices, stretch: Stretch, names: Names) -> dict[str, Any]:
    rows = listed.within(chosen, chosen.state)
    shown, rest = rows[:SHOWN], len(rows) - SHOWN
    called = names([row["account_id"] for row in shown])
    places = f.places_of([row["mrr"] for row in rows], listed.currency)
    counted = {code: len(listed.within(chosen, code)) for code in FILTERS}
    heads = {
        "notice": (_("Notice by"), "ascending", ""),
        "mrr": (_("MRR, %(unit)s") % {"unit": f.symbol(listed.currency).strip()}, "descending", "num"),
        "end": (_("Ends"), "ascending", ""),
    }
    return {
        "title": ngettext("%(count)s contract", "%(count)s contracts", len(rows)) % {"count": f.exact(len(rows))},
        "summary": _where(chosen),
        "clear": chosen.address(stretch, state="", on=""),
        "is_filtered": bool(chosen.on) or chosen.state not in ("undecided", "all"),
        "states": [
            {
                "label": said,
                "count": f.exact(counted[code]),
                "href": chosen.address(stretch, state=code),
                "current": code == chosen.state,
            }
            for code, said in FILTERS.items()
        ],
        "heads": [
            {
                "label": said,
                "order": order if code == chosen.sort else "",
                "shape": shape,
                "href": chosen.address(stretch, sort=code),
            }
            for code, (said, order, shape) in heads.items()
        ],
        "rows": [
            {
                "account": called.get(row["account_id"], row["account_id"]),
                "contract": row["contract_id"],
                "href": contract_address(row, stretch.kept),
                "last_day": row["last_day"].isoformat(),
                "notice_by": row["notice_by"].isoformat(),
                "is_urgent": _is_urgent(row, chosen.today),
                "mrr": f.exact(row["mrr"], places),
                "exact": f.plain(row["mrr"]),
                "state": row["state"],
                "said": STATES[row["state"]],
                "meaning": STATES_SAID[row["state"]],
                "note": _note(row, chosen.today),
            }
            for row in shown
        ],
        "more": _("and %(count)s more in the export") % {"count": f.exact(rest)} if rest > 0 else "",
    }


def _is_urgent(row: Row, today: date) -> bool:
    """Whether there is something to do now: it is over and nobody has decided, or its notice day is near."""
    near = today <= row["notice_by"] <= today + timedelta(days=SOON_DAYS)
    return bool(row["state"] == "pending" or (row["state"] == "running" and near))


def contract_address(row: Row, kept: Sequence[tuple[str, str]] = ()) -> str:
    """The proof of a contract that is due."""
    asked = [("account", row["account_id"]), ("contract", row["contract_id"]), *kept]
    return f"{reverse('contract_rows')}?{urlencode(asked)}"


def _where(chosen: Choices) -> str:
    if chosen.on == PASSED:
        return _("Their notice day has passed, and nobody has decided.")
    if chosen.on:
        return _("Notice in the step from %(day)s.") % {"day": f.day(date.fromisoformat(chosen.on))}
    return _("Notice until %(day)s, and those past their notice day without a decision.") % {"day": f.day(chosen.stop)}


def _note(row: Row, today: date) -> str:
    if row["state"] == "running" and row["notice_by"] < today:
        return _("Notice day passed, renews by itself") if row["auto_renew"] else _("Notice day passed")
    if row["state"] == "running" and row["auto_renew"]:
        return _("Renews by itself")
    if row["state"] == "lost" and row["notice_given"]:
        return _("Notice of %(day)s") % {"day": row["notice_given"].isoformat()}
    return ""


def _rates(rows: Sequence[Row], stretch: Stretch, currency: str) -> dict[str, Any]:
    places = f.places_of([row["expiring_mrr"] for row in rows], currency)
    return {
        "title": findings.rates_title(rows),
        "summary": _("A contract belongs to the period of its last day of service."),
        "corner": GRAINS[stretch.grain],
        "heads": _heads(currency),
        "rows": [
            {
                "label": f.period(row["period"]),
                "is_focus": row["period"] == stretch.last,
                "running": "" if row["complete"] else _("not over"),
                "cells": _cells(row, stretch, places),
            }
            for row in reversed(rows)
        ],
    }


def _cut(ask: Ask, stretch: Stretch, chosen: Choices, currency: str) -> dict[str, Any]:
    """The rates of the period in focus, slice by slice."""
    by = chosen.by
    asked = {"question": "renewals", **stretch.asked(stretch.last, stretch.last), "by": [by]}
    rows = sorted(ask(asked).to_dicts(), key=lambda row: (-row["expiring_mrr"], row[by]))
    rows = [row for row in rows if row["expiring"]]
    places = f.places_of([row["expiring_mrr"] for row in rows], currency)
    said = {"period": f.period(stretch.last, stretch.grain), "field": SLICES[by]}
    return {
        "title": _("Renewals of %(period)s by %(field)s") % said,
        "summary": _("Those with the most expiring MRR first.") if rows else _("No contract ended in this period."),
        "by": SLICES[by],
        "fields": cut_fields(stretch, "renewals", by, kept=chosen.own),
        "heads": _heads(currency),
        "rows": [
            {
                "name": slices.said(row[by]),
                "href": narrowing(stretch, "renewals", by, row[by], chosen.own),
                "cells": _cells(row, stretch, places, slice=f"{by}~{row[by]}"),
            }
            for row in rows[:SLICES_SHOWN]
        ],
    }


def _heads(currency: str) -> list[str]:
    named = {**EXPIRING, **RENEWALS}
    return [*(named[kind] for kind in RATES), _("Expiring MRR, %(unit)s") % {"unit": f.symbol(currency).strip()}]


def _cells(row: Row, stretch: Stretch, places: int, **piece: str) -> list[dict[str, str]]:
    return [
        *(_rate(row, kind, stretch, piece) for kind in RATES),
        {"text": f.exact(row["expiring_mrr"], places), "exact": f.plain(row["expiring_mrr"]), "href": ""},
    ]


def _rate(row: Row, kind: str, stretch: Stretch, piece: Mapping[str, str]) -> dict[str, str]:
    value = row[kind]
    own = {"grain": stretch.grain, "period": row["period"], "kind": kind, **piece}
    address = urlencode([*own.items(), *stretch.kept])
    return {
        "text": f.exact(value) if isinstance(value, int) else f.percent(value),
        "exact": f.plain(value),
        "href": f"{reverse('renewal_rows')}?{address}" if row["expiring"] else "",
    }


def table(ask: Ask, chosen: Choices, names: Names) -> tuple[list[Any], list[list[Any]]]:
    """The contracts of the page, all of them and exact, for a file."""
    listed = _listed(ask, chosen)
    rows = listed.within(chosen, chosen.state)
    called = names([row["account_id"] for row in rows])
    heads = [_("Account"), _("Account id"), _("Contract"), _("Ends"), _("Notice by"), _("MRR"), _("State"), _("Note")]
    return heads, [
        [
            called.get(row["account_id"], row["account_id"]),
            row["account_id"],
            row["contract_id"],
            row["last_day"].isoformat(),
            row["notice_by"].isoformat(),
            row["mrr"],
            STATES[row["state"]],
            _note(row, chosen.today),
        ]
        for row in rows
    ]


def rates_table(ask: Ask, stretch: Stretch) -> tuple[list[Any], list[list[Any]]]:
    """The rates of the page, exact, for a file."""
    rows = ask(_measured(stretch)).to_dicts()
    named = {**EXPIRING, **RENEWALS}
    heads = [GRAINS[stretch.grain], *(named[kind] for kind in RATES), _("Expiring MRR"), _("Over")]
    kinds = (*RATES, "expiring_mrr")
    return heads, [
        [row["period"], *(row[kind] for kind in kinds), _("yes") if row["complete"] else _("no")]
        for row in reversed(rows)
    ]
