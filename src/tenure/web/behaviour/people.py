"""Who is behind a figure of a page of behaviour: accounts for everybody, users for those who may know who they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenure.apps.workspaces.permissions import may
from tenure.warehouse.answer import Answer
from tenure.web import asking
from tenure.web import formatting as f
from tenure.web.asking import Seen
from tenure.web.behaviour import said, sheet
from tenure.web.behaviour.list import SHEETS
from tenure.web.behaviour.sheet import PAGE, Given, Table
from tenure.web.choices import one_of
from tenure.web.export import exports

SHOWN = 500
IN_THE_DRAWER = 50
EVENTS_SHOWN = 100
_OF_ACCOUNTS = ("account_id", "name", "tier", "owner", "mrr")


@dataclass(frozen=True, slots=True)
class Behind:
    """The people behind one figure."""

    given: Given
    cell: Mapping[str, Any]
    unit: str
    named: bool
    """whether users are named: their accounts alone are where the reader may not know who people are"""
    answer: Answer
    rows: list[dict[str, Any]]
    """a row for each account or user: account_id, name, tier, owner, mrr, when; of users `user_id`, else `users`"""
    currency: str
    query: str

    @property
    def title(self) -> str:
        return self.given.sheet.behind(self.given, self.cell)

    @property
    def count(self) -> int:
        """How many the figure counts."""
        return self.answer.table.num_rows


def behind(seen: Seen, query: QueryDict) -> Behind:
    """Who is behind the figure that an address names.

    Raises: QuestionRefused if it names no page, or no figure of it.
    """
    this = SHEETS[one_of(query, PAGE, SHEETS, next(iter(SHEETS)))]
    given = sheet.read(query, this, asking.today(seen), seen.definition())
    cell = sheet.cell_of(query, this)
    unit, asked = given.whose
    answer = seen.ask({"question": "actors", "of": asked, "cell": cell})
    named = unit == "user" and (seen.caller is None or may(seen.caller, "read_personal"))
    about, currency = _accounts(seen, answer.table["account_id"])
    rows = [
        {**about.get(row["account_id"], _unknown(row["account_id"])), "when": row["when"], "user_id": row["user_id"]}
        for row in answer.to_dicts()
    ]
    rows = rows if named or unit == "account" else _by_account(rows)
    rows.sort(key=lambda row: (-(row["mrr"] or Decimal(0)), row["account_id"] or "", row["user_id"] or ""))
    return Behind(given, cell, unit, named, answer, rows, currency, query.urlencode())


def _accounts(seen: Seen, account_ids: pa.ChunkedArray) -> tuple[dict[str, dict[str, Any]], str]:
    """(what is known of each of the accounts, the currency of their MRR)."""
    answer = seen.ask({"question": "accounts"})
    kept = answer.table.select(_OF_ACCOUNTS)
    kept = kept.filter(pc.is_in(kept["account_id"], account_ids.combine_chunks().cast(kept["account_id"].type)))
    currency = answer.definition["settings"]["reporting_currency"]
    return {row["account_id"]: row for row in kept.to_pylist()}, currency


def _unknown(account_id: str | None) -> dict[str, Any]:
    """An account of which nothing but its events is known."""
    return {"account_id": account_id, "name": None, "tier": None, "owner": None, "mrr": None}


def _by_account(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for each account, with how many of its users there are."""
    out: dict[str | None, dict[str, Any]] = {}
    for row in rows:
        one = out.setdefault(row["account_id"], {**row, "users": 0})
        one["users"] += 1
        one["when"] = min(one["when"], row["when"])
    return list(out.values())


def board(found: Behind, most: int) -> dict[str, Any]:
    """The list as values a template prints."""
    shown = found.rows[:most]
    places = f.places_of([row["mrr"] for row in shown], found.currency)
    left = len(found.rows) - len(shown)
    return {
        "title": found.title,
        "count": said.units(found.unit, found.count),
        "page_name": found.given.sheet.heading,
        "page_href": f"{reverse(found.given.sheet.name)}?{found.given.query}",
        "named": found.named,
        "by_account": found.unit == "user" and not found.named,
        "unit": f.symbol(found.currency).strip(),
        "total": f.exact(_total(found.rows), 0),
        "rows": [_row(row, places) for row in shown],
        "more": ngettext("%(count)s more is in the file.", "%(count)s more are in the file.", left)
        % {"count": f.exact(left)}
        if left > 0
        else "",
        "here": f"{reverse('people')}?{found.query}",
        "events": f"{reverse('people_events')}?{found.query}",
        "exports": exports("people_file", query=found.query),
    }


def _total(rows: Sequence[Mapping[str, Any]]) -> Decimal:
    """The MRR of the accounts, each counted once."""
    return sum({row["account_id"]: row["mrr"] or Decimal(0) for row in rows}.values(), Decimal(0))


def _row(row: Mapping[str, Any], places: int) -> dict[str, Any]:
    account = row["account_id"]
    return {
        "user": row["user_id"] or "",
        "account": row["name"] or account or _("No account"),
        "href": reverse("account_record", args=[account]) if row["name"] else "",
        "tier": row["tier"] or f.NOTHING,
        "owner": row["owner"] or f.NOTHING,
        "mrr": f.exact(row["mrr"], places),
        "exact": f.plain(row["mrr"]),
        "when": f.NOTHING if row["when"] is None else timezone.localtime(row["when"]).isoformat(" ", "minutes")[:16],
        "moment": "" if row["when"] is None else timezone.localtime(row["when"]).isoformat(" ", "seconds"),
        "users": f.exact(row["users"]) if "users" in row else "",
    }


def table(found: Behind) -> Table:
    """The whole list, exact."""
    heads = [_("Account id"), _("Account"), _("Tier"), _("Account owner"), _("MRR"), _("When")]
    names = ["account_id", "name", "tier", "owner", "mrr", "when"]
    if found.unit == "user":
        heads.append(_("User") if found.named else _("Users"))
        names.append("user_id" if found.named else "users")
    return heads, [[row[name] for name in names] for row in found.rows]


def events(found: Behind) -> pa.Table:
    """The events that put them there, as they came."""
    return found.answer.rows_behind({})


def events_board(found: Behind) -> dict[str, Any]:
    """The same as values a template prints."""
    table = events(found)
    left = table.num_rows - EVENTS_SHOWN
    return {
        "title": _("The events behind: %(figure)s") % {"figure": found.title},
        "here": f"{reverse('people_events')}?{found.query}",
        "people_href": f"{reverse('people')}?{found.query}",
        "rows": [
            {
                "when": timezone.localtime(row["ts"]).isoformat(" ", "seconds"),
                "event": row["event"],
                "account": row["account_id"] or "",
                "user": row["user_id"] or "",
                "properties": row["properties"] or "",
            }
            for row in table.slice(0, EVENTS_SHOWN).to_pylist()
        ],
        "count": ngettext("%(count)s event", "%(count)s events", table.num_rows) % {"count": f.exact(table.num_rows)},
        "more": ngettext("%(count)s more is in the file.", "%(count)s more are in the file.", left)
        % {"count": f.exact(left)}
        if left > 0
        else "",
        "exports": exports("people_events_file", query=found.query),
    }
