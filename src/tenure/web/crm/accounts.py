"""The list of accounts: its columns, the views it comes with, and the short summary of one beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.core.errors import QuestionRefused
from tenure.core.periods import label
from tenure.warehouse.slices import ATTRIBUTES
from tenure.web import asking
from tenure.web import formatting as f
from tenure.web.asking import Seen
from tenure.web.listing import ArrowRows, Cell, Column, Empty, Listing, Row, View
from tenure.web.records import own
from tenure.web.records.kinds import KINDS, hidden

NAME = "accounts"
QUESTION = {"question": "accounts"}
STATES: Mapping[str, Any] = {
    "paying": gettext_lazy("Paying"),
    "left": gettext_lazy("Left"),
    "never": gettext_lazy("Never paid"),
}
SOON_DAYS = 30
"""A notice day that is so near is said in days."""
URGENT_DAYS = 14
_TIERS = {"s": "tier tier--s", "a": "tier tier--a"}


@dataclass(frozen=True, slots=True)
class Opened:
    """The answer the list shows, as one caller sees it."""

    rows: ArrowRows
    currency: str
    today: date
    own: tuple[Column, ...] = ()
    """the custom fields that the caller may see"""


def opened(seen: Seen) -> Opened:
    """Every account the caller sees, with what it pays today."""
    unseen = frozenset() if seen.caller is None else hidden(KINDS[NAME], seen.caller)
    added = own.columns(NAME, unseen)
    shown = {f"{ATTRIBUTES}{column.name.removeprefix(own.PREFIX)}": column.name for column in added}
    answer = seen.ask({**QUESTION, "show": list(shown)} if shown else QUESTION)
    table = answer.table.rename_columns([shown.get(name, name) for name in answer.table.column_names])
    return Opened(
        ArrowRows(table, "account_id"),
        answer.definition["settings"]["reporting_currency"],
        asking.today(seen),
        added,
    )


def columns(currency: str, today: date, added: Sequence[Column] = ()) -> tuple[Column, ...]:
    """The columns of the list; `added` are those of custom fields."""
    unit = f.symbol(currency).strip()
    return (
        Column("name", _("Account"), "link", card="start"),
        Column("tier", _("Tier"), "choice", dress=_tier, card="end"),
        Column("state", _("State"), "choice", choices=STATES, dress=_state, card="start"),
        Column("mrr", _("MRR"), "money", unit=unit, total=True, card="end"),
        Column("change", _("This month"), "money", unit=unit, total=True, dress=_change),
        Column("notice_by", _("Notice by"), "day", dress=lambda row, cell: _notice(row, cell, today), card="start"),
        Column("ends", _("Contract ends"), "day", shown=False),
        Column("owner", _("Account owner"), "choice", card="end"),
        Column("region", _("Region"), "choice"),
        Column("industry", _("Industry"), "choice"),
        Column("since", _("Customer since"), "day"),
        Column("contracts", _("Contracts in force"), "number", shown=False),
        Column("auto_renew", _("Renews by itself"), "yes_no", shown=False),
        Column("employees", _("Employees"), "number", shown=False),
        Column("account_id", _("Account id"), shown=False),
        Column("parent_id", _("Belongs to"), shown=False),
        *added,
    )


def listing(found: Opened, actions: Sequence[Mapping[str, Any]] = ()) -> Listing:
    """The list of accounts; `actions` are what can be done with the chosen ones."""
    return Listing(
        name=NAME,
        label=_("Accounts"),
        columns=columns(found.currency, found.today, found.own),
        key="account_id",
        sort="-mrr",
        search=("name", "account_id"),
        currency=found.currency,
        counted=lambda count: ngettext("%(count)s account", "%(count)s accounts", count) % {"count": f.exact(count)},
        empty=Empty(
            _("There are no accounts yet"),
            _(
                "This list shows every company you sell to, with what it pays and when it has to be renewed. "
                "It fills when accounts, subscriptions or contracts are imported."
            ),
            command="tenure import accounts accounts.csv --dry-run",
        ),
        row=lambda row: reverse("account_record", args=[row["account_id"]]),
        peek=lambda row: summary_address(row["account_id"]),
        files={form: reverse("accounts_file", args=[form]) for form in ("csv", "xlsx")},
        bulk=reverse("accounts_bulk"),
        actions=tuple(actions),
    )


def summary_address(account_id: str) -> str:
    """Where the summary of an account is."""
    return f"{reverse('account_summary')}?{urlencode({'account': account_id})}"


def views() -> tuple[View, ...]:
    """The views that come with the list."""
    return (
        View(_("All"), ""),
        View(_("Paying"), "f=state~eq~paying"),
        View(_("To be renewed in 90 days"), "f=notice_by~lt~%2B91d&sort=notice_by"),
        View(_("Without an owner"), "f=owner~not_set&f=state~eq~paying"),
        View(_("Left"), "f=state~eq~left"),
    )


def _tier(row: Row, cell: Cell) -> Cell:
    return replace(cell, shape=_TIERS.get(str(row["tier"]).lower(), "tier")) if row["tier"] else cell


def _state(row: Row, cell: Cell) -> Cell:
    return replace(cell, shape="" if row["state"] == "paying" else "quiet")


def _change(row: Row, cell: Cell) -> Cell:
    """The change with its arrow; nothing to see where nothing changed."""
    change = row["change"]
    if not change:
        return replace(cell, text="0", shape="quiet")
    places = len(cell.text.partition(".")[2])
    text = f.exact(change, places, plus=True)
    return replace(cell, delta={"text": text, "arrow": "up" if change > 0 else "fall", "mood": ""})


def _notice(row: Row, cell: Cell, today: date) -> Cell:
    """A notice day: in days where it is near or has passed."""
    day = row["notice_by"]
    if day is None:
        return cell
    days = (day - today).days
    if days > SOON_DAYS:
        return cell
    shape = "due due--urgent" if days <= URGENT_DAYS else "due due--soon"
    if days < 0:
        text = ngettext("%(count)s day ago", "%(count)s days ago", -days) % {"count": -days}
        return replace(cell, text=text, title=day.isoformat(), shape="due due--soon")
    text = _("today") if days == 0 else ngettext("in %(count)s day", "in %(count)s days", days) % {"count": days}
    return replace(cell, text=text, title=day.isoformat(), shape=shape)


def summary(seen: Seen, account_id: str) -> dict[str, Any]:
    """What is known of one account, in short.

    Raises: QuestionRefused if there is no such account, or the caller does not see it.
    """
    found = opened(seen)
    rows = found.rows.named([account_id])
    if not rows:
        raise QuestionRefused(
            "account.unknown",
            _("There is no account %(value)s.") % {"value": repr(account_id)},
            fix=_("Choose one from the list of accounts."),
            field="account",
            value=account_id,
        )
    (row,) = rows
    by_name = {column.name: column for column in columns(found.currency, found.today)}
    cells = {name: column.cell(row, _places(row, name, found.currency)) for name, column in by_name.items()}
    close = {"grain": "month", "period": label(found.today.replace(day=1), "month"), "kind": "close"}
    facts = ("tier", "owner", "region", "industry", "employees", "since", "contracts", "ends", "notice_by")
    return {
        "title": row["name"] or row["account_id"],
        "account_id": row["account_id"],
        "state": STATES[row["state"]],
        "mrr": f.money(row["mrr"], found.currency),
        "exact": f.plain(row["mrr"]),
        "change": cells["change"],
        "proof": f"{reverse('movement_rows')}?{urlencode({**close, 'account': row['account_id']})}",
        "facts": [{"label": by_name[name].label, "cell": cells[name]} for name in facts],
        "here": summary_address(row["account_id"]),
        "record": reverse("account_record", args=[row["account_id"]]),
    }


def _places(row: Row, name: str, currency: str) -> int:
    return f.places_of([row[name]], currency) if isinstance(row[name], Decimal) else 0
