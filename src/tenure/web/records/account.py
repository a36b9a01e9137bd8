"""Everything the page of an account shows: answers, facts, MRR over time, what happened, who and what belongs to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.apps.crm import selectors as crm
from tenure.apps.workspaces.permissions import may, sees_everything
from tenure.core.errors import TenureError
from tenure.core.metrics.renewal import UNDECIDED
from tenure.core.money import trimmed
from tenure.core.periods import add_months, label
from tenure.web import asking
from tenure.web import formatting as f
from tenure.web.choices import one_of
from tenure.web.goals.annotations import Happened, between
from tenure.web.records import dealing, own, said, words
from tenure.web.records.kinds import KINDS, hidden, token, visible
from tenure.web.records.line import line
from tenure.web.subscriptions.due import LOOK_BACK, SOON_DAYS, contract_address
from tenure.web.subscriptions.figures import delta
from tenure.web.subscriptions.proof import Figure
from tenure.web.subscriptions.words import METRICS

MONTHS = 24
BESIDE = 5
"""So many of each kind stand beside the timeline; the rest has a tab."""
AHEAD = timedelta(days=3650)
TABS: Mapping[str, Any] = {
    "overview": gettext_lazy("Overview"),
    "contracts": words.KINDS["contracts"].many,
    "subscriptions": words.KINDS["subscriptions"].many,
    "contacts": words.KINDS["contacts"].many,
    "history": gettext_lazy("History"),
}
EDITED = ("name", "tier", "owner", "industry", "region", "employees", "product", "parent_id")
"""Facts that stand on the page even while they are empty, so that they can be filled in."""
MRR = next(metric for metric in METRICS if metric.name == "mrr")


@dataclass(frozen=True, slots=True)
class Account:
    """An account as its caller sees it; `record` is None where only its revenue is known."""

    caller: Any
    account_id: str
    record: Any
    opened: asking.Seen

    @property
    def name(self) -> str:
        called = None if self.record is None else self.record.name
        return str(called or self.account_id)

    @property
    def only(self) -> dict[str, Any]:
        return {"where": {"account_id": self.account_id}}

    @property
    def may_edit(self) -> bool:
        return may(self.caller, "edit_records")

    def address(self, **query: str) -> str:
        kept = {name: value for name, value in query.items() if value}
        place = reverse("account_record", args=[self.account_id])
        return f"{place}?{urlencode(kept)}" if kept else place


def opened(caller: Any, account_id: str) -> Account:
    """An account by its id, also one of which only contracts, subscriptions or contacts are known.

    Raises: TenureError account.unknown, also for one the caller does not see.
    """
    workspace = asking.workspace(caller)
    try:
        return Account(caller, account_id, crm.account_for(caller, account_id), workspace)
    except TenureError:
        if not sees_everything(caller) or not workspace.has_account(account_id):
            raise
        return Account(caller, account_id, None, workspace)


def tab_of(query: Mapping[str, str]) -> str:
    """The part of the page an address asks for.

    Raises: QuestionRefused if there is none of that name.
    """
    return one_of(query, "tab", TABS, "overview")


def head(account: Account, tab: str) -> dict[str, Any]:
    """What stands above every tab: the answers, the tabs with their counts, and what the account is part of."""
    counts = {kind: _rows(account, kind).count() for kind in ("contracts", "subscriptions", "contacts")}
    return {
        "heading": account.name,
        "tier": "" if account.record is None else account.record.tier or "",
        "strip": _strip(account, counts["contacts"]),
        "tabs": [
            {
                "label": label_,
                "count": f.exact(counts[name]) if name in counts else "",
                "href": account.address(tab="" if name == "overview" else name),
                "current": name == tab,
            }
            for name, label_ in TABS.items()
        ],
        "family": _family(account),
        "is_recorded": account.record is not None,
        "add": f"{reverse('record_new', args=['accounts'])}?{urlencode({'account_id': account.account_id})}"
        if account.may_edit
        else "",
    }


def happened(account: Account) -> Happened:
    """What happened in the months of the line of MRR."""
    today = asking.today(account.opened)
    return between(add_months(today.replace(day=1), -MONTHS), today, lambda day: label(day.replace(day=1), "month"))


def overview(account: Account, happened: Happened) -> dict[str, Any]:
    """The first tab without its timeline: facts, MRR over time, and some of each related kind."""
    return {
        "facts": facts(account),
        "mrr": _mrr(account, happened),
        "usage": f"{reverse('account_usage')}?{urlencode({'account': account.account_id})}"
        if "events" in account.opened.versions()
        else "",
        "related": [
            *_dealing(account),
            *(_related(account, kind) for kind in ("contacts", "contracts", "subscriptions")),
        ],
    }


def _dealing(account: Account) -> list[dict[str, Any]]:
    found = dealing.open_deals(account.caller, account.account_id)
    zone, today = account.opened.definition().timezone, asking.today(account.opened)
    return dealing.groups(account.caller, account.account_id, found, today, zone)


def _rows(account: Account, kind: str) -> Any:
    """What of a kind belongs to the account, and to what was merged into it, as it is now."""
    return visible(KINDS[kind], account.caller).filter(account_id__in=crm.family(account.account_id))


def _strip(account: Account, contacts: int) -> list[dict[str, Any]]:
    """The five answers: tier, MRR, term, people, next step."""
    today = asking.today(account.opened)
    currency = account.opened.definition().reporting_currency
    found = account.opened.ask({"question": "accounts", **account.only}).to_dicts()
    row = found[0] if found else None
    due = _due(account, today)
    return [
        {
            "label": words.label("accounts", "tier"),
            "text": (account.record and account.record.tier) or f.NOTHING,
            "note": (account.record and account.record.owner) or _("no owner"),
        },
        _revenue(account, row, today, currency),
        _term(due, row, today),
        _people(account, contacts),
        _next(due, dealing.open_deals(account.caller, account.account_id), today),
    ]


def _revenue(account: Account, row: Any, today: date, currency: str) -> dict[str, Any]:
    month = label(today.replace(day=1), "month")
    if row is None:
        return {"label": _("MRR"), "text": f.NOTHING, "note": _("no revenue known")}
    before = row["mrr"] - row["change"]
    against = f.period(label(add_months(today.replace(day=1), -1), "month"))
    return {
        "label": _("MRR"),
        "text": f.money(row["mrr"], currency),
        "exact": f.plain(row["mrr"]),
        "href": Figure("month", month, "close", None, account.account_id).address(account=account.account_id),
        "delta": delta(MRR, row["mrr"], before, news=False) if row["change"] else None,
        "note": _("against %(period)s") % {"period": against}
        if row["change"]
        else _("as in %(period)s") % {"period": against},
    }


def _due(account: Account, today: date) -> list[dict[str, Any]]:
    """The account's contracts that nobody has decided on, the next notice day first."""
    stretch = {"from": (today - timedelta(days=LOOK_BACK)).isoformat(), "to": (today + AHEAD).isoformat()}
    rows = account.opened.ask({"question": "contracts_due", **stretch, **account.only}).to_dicts()
    return sorted((row for row in rows if row["state"] in UNDECIDED), key=lambda row: row["notice_by"])


def _term(due: Sequence[Mapping[str, Any]], row: Any, today: date) -> dict[str, Any]:
    if not due:
        held = row["contracts"] if row else 0
        note = _("in force, nothing to decide") if held else _("no contract in force")
        return {"label": _("Contract ends"), "text": f.NOTHING, "note": note}
    first = due[0]
    passed = first["notice_by"] < today
    told = {"day": first["notice_by"].isoformat()}
    return {
        "label": _("Contract ends"),
        "text": f.day(first["last_day"]),
        "href": contract_address(first),
        "note": _("Notice day passed, %(day)s") % told if passed else _("Notice by %(day)s") % told,
        "shape": "due--urgent" if first["notice_by"] <= today + timedelta(days=SOON_DAYS) else "",
    }


def _people(account: Account, count: int) -> dict[str, Any]:
    here = _rows(account, "contacts").filter(left=None)
    decides = here.filter(roles__contains='"decision_maker"').exists()
    return {
        "label": words.KINDS["contacts"].many,
        "text": f.exact(here.count()) if count else f.NOTHING,
        "href": account.address(tab="contacts"),
        "is_page": True,
        "note": _("with a decision maker") if decides else _("no decision maker known"),
    }


def _next(due: Sequence[Mapping[str, Any]], deals: Sequence[Any], today: date) -> dict[str, Any]:
    """The next step is what is due first: the step of an open deal, or a renewal.

    A contract over and undecided comes before every deal, for each day of waiting costs revenue.
    """
    step = deals[0] if deals and deals[0].next_step_on is not None else None
    if step is not None and not any(row["state"] == "pending" or row["notice_by"] <= step.next_step_on for row in due):
        late = step.next_step_on < today
        told = {"deal": step.name or step.deal_id, "day": step.next_step_on.isoformat()}
        return {
            "label": _("Next step"),
            "text": step.next_step or _("Next step of a deal"),
            "href": said.address(KINDS["deals"], step),
            "is_page": True,
            "note": _("%(deal)s, late since %(day)s") % told if late else _("%(deal)s, by %(day)s") % told,
            "shape": "due--urgent" if late else "",
        }
    if not due:
        return {"label": _("Next step"), "text": f.NOTHING, "note": _("nothing is due")}
    over = next((row for row in due if row["state"] == "pending"), None)
    first = over or due[0]
    text = _("Decide the renewal") if over or first["notice_by"] < today else _("Prepare the renewal")
    days = (first["notice_by"] - today).days
    note = (
        _("%(contract)s is over") % {"contract": first["contract_id"]}
        if over
        else _("since %(day)s") % {"day": first["notice_by"].isoformat()}
        if days < 0
        else ngettext("%(count)s day left", "%(count)s days left", days) % {"count": f.exact(days)}
    )
    return {
        "label": _("Next step"),
        "text": text,
        "href": contract_address(first),
        "note": note,
        "shape": "due--urgent" if days <= SOON_DAYS else "",
    }


def _family(account: Account) -> list[dict[str, Any]]:
    """Parent, what it was merged into, and the accounts that name it."""
    if account.record is None:
        return []
    up = [account.record.parent_id, account.record.merged_into]
    children = crm.children(account.caller, account.account_id)
    called = crm.names(account.caller, [one for one in up if one])
    found = [
        {"label": label_, "rows": [{"name": called.get(one, one), "href": reverse("account_record", args=[one])}]}
        for label_, one in ((_("Belongs to"), up[0]), (_("Merged into"), up[1]))
        if one
    ]
    for label_, column in ((_("Has"), "parent_id"), (_("Was merged with"), "merged_into")):
        rows = [row for row in children if getattr(row, column) == account.account_id]
        if rows:
            links = [
                {"name": row.name or row.account_id, "href": reverse("account_record", args=[row.account_id])}
                for row in rows
            ]
            found.append({"label": label_, "rows": links})
    return found


def facts(account: Account) -> list[dict[str, Any]]:
    """The account's columns, each with the address of its own small form."""
    if account.record is None:
        return []
    kind = KINDS["accounts"]
    shown = [
        fact(account, column)
        for column in kind.fields
        if column.name in EDITED
        or (column.name not in ("source", "attributes") and getattr(account.record, column.name) is not None)
    ]
    return shown + own.facts(kind.name, account.record, hidden(kind, account.caller))


def fact(account: Account, column: Any) -> dict[str, Any]:
    """One fact of the account."""
    named = ["accounts", token(account.record.version_key), column.name]
    editable = account.may_edit and column.name in EDITED
    return {
        "name": column.name,
        "label": words.label("accounts", column.name),
        "text": said.value_text(KINDS["accounts"], column, account.record),
        "edit": reverse("record_fact", args=named) if editable else "",
    }


def _mrr(account: Account, happened: Happened) -> dict[str, Any]:
    """MRR at the close of each of the last months, as a picture and as a table of doors."""
    today = asking.today(account.opened)
    last = today.replace(day=1)
    asked = {"from": label(add_months(last, -MONTHS), "month"), "to": label(last, "month"), **account.only}
    rows = account.opened.ask({"question": "movements", **asked}).to_dicts()
    currency = account.opened.definition().reporting_currency
    places = f.places_of([row["close"] for row in rows], currency)
    values, periods = [row["close"] for row in rows], [row["period"] for row in rows]
    return {
        "title": _title(rows, currency),
        "summary": _("At the close of each month; the running month as of today."),
        "unit": f.symbol(currency).strip(),
        "is_empty": not any(values),
        "line": line(periods, values, happened.marks(periods)),
        "rows": [
            {
                "label": f.period(row["period"]),
                "running": "" if row["complete"] else _("not over"),
                "text": f.exact(row["close"], places),
                "exact": f.plain(row["close"]),
                "href": Figure("month", row["period"], "close", None, account.account_id).address(
                    account=account.account_id
                ),
            }
            for row in reversed(rows)
        ],
    }


def _title(rows: Sequence[Mapping[str, Any]], currency: str) -> str:
    first, last = rows[0]["close"], rows[-1]["close"]
    told = {
        "first": str(f.short(first, currency=currency)),
        "last": str(f.short(last, currency=currency)),
        "since": f.period(rows[0]["period"]),
    }
    if not first and not last:
        return _("No MRR now, and none in %(since)s") % told
    if not last:
        return _("No MRR any more; %(first)s in %(since)s") % told
    if not first:
        return _("MRR %(last)s; none yet in %(since)s") % told
    if first == last:
        return _("MRR %(last)s, as in %(since)s") % told
    return _("MRR from %(first)s in %(since)s to %(last)s now") % told


def _related(account: Account, kind: str) -> dict[str, Any]:
    """Some rows of a kind: those in force first."""
    rows = list(_rows(account, kind))
    today = asking.today(account.opened)
    rows.sort(key=lambda row: _order(kind, row, today))
    named = words.KINDS[kind]
    new = f"{reverse('record_new', args=[kind])}?{urlencode({'account_id': account.account_id})}"
    return {
        "kind": kind,
        "title": named.many,
        "count": f.exact(len(rows)),
        "new": new if account.may_edit else "",
        "new_label": named.new,
        "rows": [related_row(account, kind, row, today) for row in rows[:BESIDE]],
        "all": account.address(tab=kind) if len(rows) > BESIDE else "",
        "all_label": _("All %(count)s") % {"count": f.exact(len(rows))},
    }


def _order(kind: str, row: Any, today: date) -> tuple[Any, ...]:
    if kind == "contacts":
        return (row.left is not None, not row.roles, row.name or row.contact_id)
    over = row.end is not None and row.end <= today
    return (over, -(row.start.toordinal()), row.version_key)


def related_row(account: Account, kind: str, row: Any, today: date) -> dict[str, str]:
    """A contact, contract or subscription in two lines."""
    chosen = KINDS[kind]
    unseen = hidden(chosen, account.caller)
    columns = chosen.table.by_name
    href = said.address(chosen, row)
    if kind == "contacts":
        roles = said.value_text(chosen, columns["roles"], row) if row.roles else ""
        title = "" if "title" in unseen else row.title or ""
        return {
            "name": said.name(chosen, row, unseen),
            "what": " · ".join(part for part in (title, roles) if part),
            "amount": "",
            "aside": _("left %(day)s") % {"day": row.left.isoformat()} if row.left else "",
            "href": href,
        }
    over = row.end is not None and row.end <= today
    amount = row.total if kind == "contracts" else row.amount
    currency = row.currency or account.opened.definition().reporting_currency
    return {
        "name": said.name(chosen, row, unseen),
        "what": " · ".join(str(part) for part in (row.plan or row.product, _quantity(row)) if part),
        "amount": f.money(amount, currency) if amount is not None else "",
        "aside": _stretch(row, over),
        "href": href,
    }


def _quantity(row: Any) -> str:
    if row.quantity is None or row.quantity == 1:
        return ""
    return f"× {trimmed(Decimal(row.quantity)):,f}"


def _stretch(row: Any, over: bool) -> str:
    if over:
        return _("ended %(day)s") % {"day": row.end.isoformat()}
    return (
        _("until %(day)s") % {"day": row.end.isoformat()}
        if row.end
        else _("since %(day)s") % {"day": row.start.isoformat()}
    )
