"""What imports are called in the pages: kinds, columns, and remedies that a page has where a command has flags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tenure.apps.connectors.files import ImportRefused, Problem
from tenure.core.errors import TenureError
from tenure.web import errors
from tenure.web.errors import Said
from tenure.web.records import words as record_words

KINDS: Mapping[str, tuple[Any, Any]] = {
    "accounts": (gettext_lazy("Accounts"), gettext_lazy("the companies that buy: id, name, industry, owner")),
    "contacts": (gettext_lazy("Contacts"), gettext_lazy("the people at the accounts: id, account, name, role")),
    "subscriptions": (
        gettext_lazy("Subscriptions"),
        gettext_lazy("what is paid per period: account, plan, price, seats, start, end"),
    ),
    "contracts": (
        gettext_lazy("Signed contracts"),
        gettext_lazy("what was signed: id, account, total, start, end, notice period"),
    ),
    "discounts": (gettext_lazy("Discounts"), gettext_lazy("reductions of subscriptions: percent or amount, from, to")),
    "invoice_lines": (
        gettext_lazy("Lines of invoices"),
        gettext_lazy("what was billed: line, account, amount, from, to"),
    ),
    "deals": (gettext_lazy("Deals"), gettext_lazy("what accounts may buy: id, account, stage, amount, owner")),
    "committee_members": (
        gettext_lazy("Buying committees"),
        gettext_lazy("who has a say in a deal: deal, contact, roles, stance"),
    ),
    "tenders": (
        gettext_lazy("Tenders"),
        gettext_lazy("calls for bids: id, account, deadlines, deposit, result"),
    ),
    "tender_items": (
        gettext_lazy("Parts of bids"),
        gettext_lazy("what a bid must have in it: tender, number, due, state"),
    ),
    "demands": (gettext_lazy("Demands"), gettext_lazy("what customers ask for: id, title, kind, state")),
    "demand_links": (
        gettext_lazy("Remarks on demands"),
        gettext_lazy("who asks for a demand: demand, account, need, words"),
    ),
    "activities": (gettext_lazy("Activities"), gettext_lazy("calls, visits, notes and tasks: id, kind, account, when")),
    "spend": (gettext_lazy("Spend"), gettext_lazy("what channels and campaigns cost: day, campaign, keyword, cost")),
    "touches": (
        gettext_lazy("Touches of accounts"),
        gettext_lazy("when accounts were reached: id, account, time, channel"),
    ),
    "leads": (gettext_lazy("Leads"), gettext_lazy("who asked: id, company, person, address, channel, when, status")),
    "fx_rates": (gettext_lazy("Exchange rates"), gettext_lazy("a rate per day and currency")),
    "events": (gettext_lazy("Events"), gettext_lazy("what people did in the product: id, event, time, user, account")),
    "identities": (gettext_lazy("Identities"), gettext_lazy("who is behind an id, and where a person belongs")),
}
"""Each kind: its name, and what its rows say."""

COLUMNS: Mapping[str, Any] = {
    "account_id": gettext_lazy("Account id"),
    "anonymous_id": gettext_lazy("Anonymous id"),
    "amount": gettext_lazy("Price per unit and period"),
    "attributes": gettext_lazy("More attributes (JSON)"),
    "auto_renew": gettext_lazy("Renews by itself"),
    "cancelled": gettext_lazy("Cancelled on"),
    "consent": gettext_lazy("Consent (JSON)"),
    "contact_id": gettext_lazy("Contact id"),
    "contract_id": gettext_lazy("Contract id"),
    "created_at": gettext_lazy("Created at"),
    "currency": gettext_lazy("Currency"),
    "day": gettext_lazy("Day"),
    "duration": gettext_lazy("Duration"),
    "email": gettext_lazy("E-mail address"),
    "employees": gettext_lazy("Number of employees"),
    "end": gettext_lazy("Service ends"),
    "event": gettext_lazy("Event"),
    "event_id": gettext_lazy("Event id"),
    "full_period_end": gettext_lazy("Whole period ends"),
    "full_period_start": gettext_lazy("Whole period starts"),
    "industry": gettext_lazy("Industry"),
    "interval": gettext_lazy("Billing period"),
    "interval_count": gettext_lazy("Number of periods billed at once"),
    "invoice_id": gettext_lazy("Invoice number"),
    "item": gettext_lazy("Item of the subscription"),
    "kind": gettext_lazy("Type"),
    "left": gettext_lazy("Left on"),
    "line_id": gettext_lazy("Line id"),
    "merged_into": gettext_lazy("Merged into account"),
    "name": gettext_lazy("Name"),
    "notice_days": gettext_lazy("Notice period, days"),
    "notice_given": gettext_lazy("Notice given on"),
    "owner": gettext_lazy("Owner"),
    "parent_id": gettext_lazy("Parent account"),
    "pauses": gettext_lazy("Pauses (JSON)"),
    "period_end": gettext_lazy("Period ends"),
    "period_start": gettext_lazy("Period starts"),
    "phone": gettext_lazy("Phone"),
    "plan": gettext_lazy("Plan"),
    "product": gettext_lazy("Product"),
    "prorated": gettext_lazy("Prorated"),
    "properties": gettext_lazy("Properties (JSON)"),
    "quantity": gettext_lazy("Quantity (seats)"),
    "rate": gettext_lazy("Rate"),
    "received_at": gettext_lazy("Received at"),
    "region": gettext_lazy("Region"),
    "renews": gettext_lazy("Renews contract"),
    "roles": gettext_lazy("Roles in the buying committee"),
    "row_id": gettext_lazy("Row id in the source"),
    "schedule": gettext_lazy("Payment steps (JSON)"),
    "signed": gettext_lazy("Signed on"),
    "source": gettext_lazy("Source system"),
    "start": gettext_lazy("Service starts"),
    "subscription_id": gettext_lazy("Subscription id"),
    "tax": gettext_lazy("Tax amount"),
    "tax_inclusive_rate": gettext_lazy("Tax rate inside the price"),
    "tier": gettext_lazy("Tier"),
    "title": gettext_lazy("Job title"),
    "total": gettext_lazy("Total of the term"),
    "trial_end": gettext_lazy("Trial ends"),
    "ts": gettext_lazy("Time"),
    "type": gettext_lazy("Type of line"),
    "unpaid": gettext_lazy("Given up as unpaid on"),
    "user_id": gettext_lazy("User id in events"),
    "valid_from": gettext_lazy("Valid from"),
    "value": gettext_lazy("Value of the discount"),
}
"""Columns that imports call otherwise than the pages of records do."""
OF_KIND: Mapping[tuple[str, str], Any] = {
    ("invoice_lines", "amount"): gettext_lazy("Amount with tax"),
    ("discounts", "start"): gettext_lazy("In force from"),
    ("discounts", "end"): gettext_lazy("No more in force from"),
}
"""Columns that one kind calls otherwise."""

HERE: Mapping[str, Any] = {
    "import.missing_column": gettext_lazy(
        "Choose under “Read as” which column of the file it is, or give one value for all rows below."
    ),
    "import.ambiguous_column": gettext_lazy("Choose under “Read as” which one it is."),
    "import.ambiguous_number": gettext_lazy("Choose the decimal sign under “How the file is read”."),
    "import.ambiguous_day": gettext_lazy(
        "Choose the order of dates under “How the file is read”, or write dates as YYYY-MM-DD."
    ),
    "import.no_days": gettext_lazy(
        "The end is the first day without service; tick “Ends are last days of service” if yours are."
    ),
    "import.ends_look_inclusive": gettext_lazy(
        "Tenure reads an end as the first day without service. If yours are last days, go back to the columns and tick"
        " “Ends are last days of service”."
    ),
    "import.quantity_left_out": gettext_lazy("If it is the price of one unit, choose the quantity's column yourself."),
    "import.rejected": gettext_lazy("Repair the rows listed below, or import the others and leave these out."),
    "import.unknown_run": gettext_lazy("Look for it in the list of imports."),
    "import.too_large": gettext_lazy("Split the file, or let the command `tenure import` read it where Tenure runs."),
}
"""Remedies where a page has another one than the command."""


def kind(code: str) -> str:
    return str(KINDS[code][0]) if code in KINDS else code


def column(kind_of: str, name: str) -> str:
    """What a column of a kind is called."""
    return str(OF_KIND.get((kind_of, name)) or COLUMNS.get(name) or record_words.label(kind_of, name))


def problem(found: Problem, kind_of: str) -> tuple[str, str]:
    """Message and remedy of a row's problem, as a page says them."""
    message, fix = replace(found, column=column(kind_of, found.column)).sentences()
    return message, str(HERE.get(found.code, fix))


def refusal(found: TenureError, kind_of: str = "") -> Said:
    """A refusal as a page says it: columns by their names, remedies of the page."""
    if isinstance(found, ImportRefused):
        names = {place: column(kind_of, found.where[place]) for place in ("missing", "column") if place in found.where}
        found = ImportRefused(found.code, **{**found.where, **names})
    said = errors.translated(found)
    return Said(said.code, said.message, str(HERE.get(found.code, said.fix)))


def separators() -> list[tuple[str, str]]:
    return [
        ("", _("Found in the file")),
        ("comma", _("Comma")),
        ("semicolon", _("Semicolon")),
        ("tab", _("Tab")),
        ("pipe", _("Vertical bar")),
    ]


def date_orders() -> list[tuple[str, str]]:
    return [
        ("auto", _("Found in the file")),
        ("ymd", _("Year, month, day")),
        ("dmy", _("Day, month, year")),
        ("mdy", _("Month, day, year")),
    ]


def decimal_signs() -> list[tuple[str, str]]:
    return [("", _("Found in the file")), ("point", _("Point: 1,250.50")), ("comma", _("Comma: 1.250,50"))]
