"""A record and its history in words: its name, its facts, its steps, and where it stands among the pages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tenure.apps.crm import selectors as crm
from tenure.apps.subscriptions import selectors as subscriptions
from tenure.apps.workspaces import selectors as workspaces
from tenure.apps.workspaces.history import Step
from tenure.apps.workspaces.permissions import Caller, may
from tenure.apps.workspaces.services import custom
from tenure.apps.workspaces.services.rows import list_value
from tenure.core.money import trimmed
from tenure.warehouse import schema
from tenure.web import formatting as f
from tenure.web.pages import Action
from tenure.web.records import own, words
from tenure.web.records.forms import texts
from tenure.web.records.kinds import KINDS, Kind, hidden, token, visible

OFFERED = 200
CURRENCIES = ("CNY", "USD", "EUR", "GBP", "HKD", "JPY", "KRW", "TWD", "SGD", "AUD", "CAD", "CHF", "INR")
"""What a form offers; any other ISO 4217 code can be typed."""
NAMED_BY = {
    "tender_items": "title",
    "demands": "title",
    "activities": "subject",
    "committee_members": "contact_id",
    "leads": "company_name",
}
"""The columns by which records are called that have no name."""


def name(kind: Kind, version: Any, unseen: Collection[str]) -> str:
    """What a record is called: its name where it has one that may be read, else its own id."""
    column = NAMED_BY.get(kind.name, "name")
    called = getattr(version, column, None)
    if called and column not in unseen:
        return str(called)
    if kind.name == "subscriptions":
        item = version.item
        return f"{version.subscription_id} · {item}" if item and item != "main" else str(version.subscription_id)
    if kind.name == "spend":
        return " · ".join(part for part in (version.day.isoformat(), version.channel, version.campaign) if part)
    if kind.name == "discounts":
        return f"{version.subscription_id} · {value_text(kind, kind.table.by_name['value'], version)}"
    return str(getattr(version, kind.table.key[0]))


def address(kind: Kind, version: Any) -> str:
    """The page of a record."""
    if kind.name == "accounts":
        return reverse("account_record", args=[version.account_id])
    return place(kind.name, version.version_key)


def place(kind: str, key: str) -> str:
    """The page of a record that is named by its key."""
    return reverse("lead", args=[token(key)]) if kind == "leads" else reverse("record", args=[kind, token(key)])


def undo_address(kind: Kind, version: Any) -> str:
    """Where a form takes back the step that wrote (or withdrew) a version."""
    place = reverse("record_undo", args=[kind.name, token(version.version_key)])
    return f"{place}?{urlencode({'version': version.row_id})}"


def crumbs(kind: Kind, version: Any, caller: Caller, *, itself: bool = False) -> list[tuple[str, str]]:
    """The pages above a record: the account it is of, and, for its forms, its own page; above none yet: its list."""
    if version is None:
        return [(str(words.KINDS[kind.name].many), reverse(kind.name))]
    way = []
    account = getattr(version, "account_id", None)
    if account and kind.name != "accounts":
        way.append((crm.names(caller, [account]).get(account, account), reverse("account_record", args=[account])))
    if itself:
        way.append((name(kind, version, ()), address(kind, version)))
    return way


def actions(*named: tuple[str, str]) -> list[Action]:
    """What can be done on a page, as its head shows it: (label, address), the last one the primary."""
    return [Action(label, href, primary=(label, href) == named[-1]) for label, href in named]


def ending(kind: str) -> str:
    """The button that ends a record of a kind."""
    said = {
        "subscriptions": _("End the subscription"),
        "discounts": _("End the discount"),
        "contracts": _("End the contract"),
        "contacts": _("Has left"),
    }
    return said.get(kind, "")


def known(steps: Sequence[Step]) -> str:
    """What the newest step did, when and by whom, and how many versions there are."""
    newest = steps[0]
    count = sum(step.version is not None for step in steps)
    versions = ngettext("%(count)s version", "%(count)s versions", count) % {"count": f.exact(count)}
    parts = (words.verb(newest.verb), f.day(localtime(newest.at).date()), newest.actor, versions)
    return " · ".join(part for part in parts if part)


def facts(kind: Kind, version: Any, unseen: Collection[str], caller: Caller) -> list[dict[str, str]]:
    """What is known of a record, in the order of its columns; empty ones are left out."""
    found = []
    called = _names(kind, version, caller)
    for column in kind.fields:
        if column.name in unseen or column.name == "attributes" or getattr(version, column.name) is None:
            continue
        text = value_text(kind, column, version)
        href = ""
        if column.name in ("account_id", "parent_id", "merged_into") and kind.name != "accounts":
            href = reverse("account_record", args=[text])
            text = called.get(text, text)
        label = words.KINDS["accounts"].one if column.name == "account_id" and href else ""
        found.append({"label": label or words.label(kind.name, column.name), "text": text, "href": href})
    return found + own.facts(kind.name, version, unseen)


def discounts(version: Any, caller: Caller) -> dict[str, Any]:
    """The discounts of a subscription, as a group of related records."""
    kind = KINDS["discounts"]
    rows = list(visible(kind, caller).filter(subscription_id=version.subscription_id).order_by("version_key")[:OFFERED])
    new = f"{reverse('record_new', args=[kind.name])}?{urlencode({'subscription_id': version.subscription_id})}"
    columns = kind.table.by_name
    return {
        "kind": kind.name,
        "title": words.KINDS[kind.name].many,
        "count": f.exact(len(rows)),
        "new": new if may(caller, "edit_records") else "",
        "new_label": words.KINDS[kind.name].new,
        "rows": [
            {
                "name": value_text(kind, columns["kind"], row),
                "amount": value_text(kind, columns["value"], row),
                "what": value_text(kind, columns["duration"], row) if row.duration else "",
                "aside": " – ".join("…" if day is None else day.isoformat() for day in (row.start, row.end)),
                "href": address(kind, row),
            }
            for row in rows
        ],
    }


def _names(kind: Kind, version: Any, caller: Caller) -> dict[str, str]:
    account = getattr(version, "account_id", None)
    return crm.names(caller, [account]) if account and kind.name != "accounts" else {}


def value_text(kind: Kind, column: schema.Column, version: Any) -> str:
    """One value as a sentence or cell shows it."""
    return text_of(kind, column, getattr(version, column.name))


def text_of(kind: Kind, column: schema.Column, value: Any) -> str:
    if value is None:
        return f.NOTHING
    chosen = words.CHOICES.get((kind.name, column.name), {})
    match column.kind:
        case "number":
            return f"{trimmed(Decimal(value)):,f}"
        case "integer":
            return str(chosen.get(str(value)) or f.exact(value))
        case "boolean":
            return str(words.YES_NO["true" if value else "false"])
        case "day":
            return value.isoformat()
        case "stamp":
            return localtime(value).strftime("%Y-%m-%d %H:%M")
        case "texts":
            return f.listed(str(chosen.get(item, item)) for item in list_value("texts", value) or [])
        case "spans" | "steps":
            return f.listed(_stretch(item) for item in list_value(column.kind, value) or [])
        case _:
            return str(chosen.get(value, value))


def _stretch(item: Mapping[str, Any]) -> str:
    until = f.NOTHING if item["to"] is None else item["to"].isoformat()
    stretch = f"{item['from'].isoformat()} – {until}"
    return f"{stretch}: {trimmed(item['amount']):,f}" if "amount" in item else stretch


def proof(kind: Kind, version: Any) -> str:
    """Where the figures of a record are proven; empty for kinds that are in none by themselves."""
    if kind.name == "contracts" and version.end is not None:
        named = {"account": version.account_id, "contract": version.contract_id}
        return f"{reverse('contract_rows')}?{urlencode(named)}"
    if kind.name == "subscriptions":
        month = (version.start if version.end is None else min(version.start, version.end)).strftime("%Y-%m")
        named = {"grain": "month", "period": month, "kind": "net", "account": version.account_id}
        return f"{reverse('movement_rows')}?{urlencode(named)}"
    return ""


def history(kind: Kind, steps: Sequence[Step], caller: Caller) -> dict[str, Any]:
    """The steps of a record by both clocks, when it holds and when it was known so; and how to take the newest back."""
    unseen, newest = hidden(kind, caller), steps[0] if steps else None
    undoable = newest is not None and may(caller, "edit_records") and is_undoable(newest)
    together = newest.batch if undoable and newest.verb == "edited" else ""
    return {
        "history": told(kind, steps, unseen),
        "undo": undo_address(kind, newest.version or newest.former) if undoable else "",
        "undo_all": reverse("accounts_bulk_undo", args=[together]) if together else "",
    }


def told(kind: Kind, steps: Sequence[Step], unseen: Collection[str]) -> list[dict[str, Any]]:
    """What each step did, by both clocks, without the values of what the reader may not see."""
    return [
        {
            "verb": words.verb(step.verb),
            "at": localtime(step.at).strftime("%Y-%m-%d %H:%M"),
            "until": _until(step),
            "holds": _holds(step.version),
            "who": step.actor,
            "reason": step.reason,
            "file": "" if step.run is None else step.run.file_name,
            "changes": changes(kind, step, unseen),
            "is_now": step.version is not None and step.version.superseded_at is None,
        }
        for step in steps
    ]


def _until(step: Step) -> str:
    if step.version is None:
        return ""
    gone = step.version.superseded_at
    return _("now") if gone is None else localtime(gone).strftime("%Y-%m-%d %H:%M")


def _holds(version: Any) -> str:
    if version is None or not hasattr(version, "start") or not hasattr(version, "end"):
        return ""
    days: list[date | None] = [version.start, version.end]
    return " – ".join("…" if day is None else day.isoformat() for day in days)


def changes(kind: Kind, step: Step, unseen: Collection[str]) -> list[dict[str, str]]:
    """The columns a step changed, from what to what; personal ones are only named to who may not read them."""
    found = []
    columns = kind.table.by_name
    for column in step.fields:
        if column not in columns or columns[column].kind == "derived":
            continue
        if column == "attributes":
            found += own.changes(kind.name, step.former, step.version, unseen)
            continue
        hide = column in unseen
        found.append(
            {
                "label": words.label(kind.name, column),
                "before": "" if hide else value_text(kind, columns[column], step.former),
                "after": "" if hide else value_text(kind, columns[column], step.version),
            }
        )
    return found


def is_undoable(step: Step) -> bool:
    """Whether a step can be taken back here; an import is taken back as a whole."""
    return step.run is None and step.verb not in ("undid edit", "restored", "erased")


def both(kind: Kind, seen: Any, live: Any, mine: Mapping[str, Any], typed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every column that either of two editors changed: as it was, as it is now, and as this one typed it."""
    was, now = texts(kind, seen), texts(kind, live)
    return [
        {
            "name": column.name,
            "label": words.label(kind.name, column.name),
            "was": _plain(was[column.name]),
            "theirs": _plain(now[column.name]),
            "mine": _plain(typed[column.name] if column.name in mine else now[column.name]),
            "is_mine": column.name in mine,
            "differs": column.name in mine and typed[column.name] != now[column.name],
        }
        for column in kind.fields
        if column.name != "attributes" and (column.name in mine or was[column.name] != now[column.name])
    ] + own.both(custom.fields(kind.name), seen, live, mine, typed)


def _plain(value: Any) -> str:
    text = f.listed(value) if isinstance(value, list) else str(value)
    return text or f.NOTHING


def known_values(kind: Kind, caller: Caller) -> dict[str, list[str]]:
    """Values that a form offers beside free text, by column."""
    found: dict[str, list[str]] = {}
    columns = {column.name for column in kind.fields}
    if "currency" in columns:
        found["currency"] = list(CURRENCIES)
    for column in ("plan", "product"):
        if column in columns and kind.table.key != (column,):
            found[column] = subscriptions.suggestions(column, OFFERED)
    if kind.name == "accounts":
        found["owner"] = [member.email for member in workspaces.members() if member.is_active]
        found |= {column: crm.suggestions(caller, column, OFFERED) for column in ("tier", "industry", "region")}
    return found
