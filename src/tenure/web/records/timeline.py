"""What happened at an account, the newest first: movements with their reasons, talks, deals, edits and imports.

Five sources are merged by day: the ledger (what moved), talks with its people, the stages its deals went through, the
audit trail (who wrote what) and the imports by which its rows came. Each gives as many as the pages shown so far need,
so a page costs no more than its number says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tenure.apps.crm import selectors as crm
from tenure.apps.workspaces import history
from tenure.core import deals as dealing_rule
from tenure.web import asking
from tenure.web import formatting as f
from tenure.web.choices import one_of, refused
from tenure.web.records import dealing, said, words
from tenure.web.records.account import Account
from tenure.web.records.kinds import KINDS, Kind, hidden, visible
from tenure.web.subscriptions.proof import Figure
from tenure.web.subscriptions.words import KINDS as MOVES
from tenure.web.subscriptions.words import REASONS

PER_PAGE = 25
MOST_PAGES = 40
_PAGES = {str(number): number for number in range(1, MOST_PAGES + 1)}
SHOWS: Mapping[str, Any] = {
    "all": gettext_lazy("All"),
    "money": gettext_lazy("Money"),
    "selling": gettext_lazy("Talks and deals"),
    "edits": gettext_lazy("Edits"),
    "imports": gettext_lazy("Imports"),
}
OF_ACCOUNT = ("accounts", "contacts", "subscriptions", "contracts", "discounts")
EVERYTHING = {"from": "1900-01-01", "to": "9998-01-01"}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened: when, what, how much, and where to read on."""

    at: datetime
    icon: str
    title: str
    body: str
    amount: str
    href: str
    is_door: bool
    whole_day: bool


def shown(account: Account, query: Mapping[str, str]) -> dict[str, Any]:
    """A page of the timeline, of the kind of events the address asks for.

    Raises: QuestionRefused if the address asks for what there is not.
    """
    show, number = one_of(query, "show", SHOWS, "all"), _number(query)
    wanted = number * PER_PAGE + 1
    events = []
    if show in ("all", "money"):
        events += _money(account, wanted)
    if show in ("all", "selling"):
        events += _talks(account, wanted) + _moves(account, wanted)
    if show in ("all", "edits"):
        events += _edits(account, wanted)
    if show in ("all", "imports"):
        events += _imports(account, wanted)
    events.sort(key=lambda event: event.at, reverse=True)
    part = events[(number - 1) * PER_PAGE : number * PER_PAGE]
    kept = {} if show == "all" else {"show": show}
    return {
        "shows": [
            {
                "label": label,
                "href": account.address(**({} if name == "all" else {"show": name})) + "#timeline-title",
                "current": name == show,
            }
            for name, label in SHOWS.items()
        ],
        "groups": _by_year(part),
        "newer": _page(account, kept, number - 1) if number > 1 else "",
        "older": _page(account, kept, number + 1) if len(events) > number * PER_PAGE and number < MOST_PAGES else "",
    }


def _page(account: Account, kept: Mapping[str, str], number: int) -> str:
    return account.address(**kept, page="" if number == 1 else str(number)) + "#timeline-title"


def _number(query: Mapping[str, str]) -> int:
    text = query.get("page") or "1"
    if text not in _PAGES:
        raise refused("page", text, [f"1 … {MOST_PAGES}"])
    return _PAGES[text]


def _by_year(events: list[Event]) -> list[dict[str, Any]]:
    groups: list[dict[str, Any]] = []
    for event in events:
        local = timezone.localtime(event.at)
        year = f.year(local.year)
        if not groups or groups[-1]["year"] != year:
            groups.append({"year": year, "events": []})
        when = f.day(local.date(), year=False) if event.whole_day else f.moment(local)
        groups[-1]["events"].append({"event": event, "when": when, "iso": local.isoformat()})
    return groups


def _money(account: Account, wanted: int) -> list[Event]:
    """Movements of the ledger, with the proof of each."""
    asked = {"question": "ledger", **EVERYTHING, **account.only}
    rows = account.opened.ask(asked).to_dicts()
    today = asking.today(account.opened)
    rows = sorted((row for row in rows if row["date"] <= today), key=lambda row: row["date"], reverse=True)[:wanted]
    places = f.places_of([row["amount"] for row in rows])
    zone = ZoneInfo(account.opened.definition().timezone)
    return [
        Event(
            datetime.combine(row["date"], time(), zone),
            "up" if row["amount"] > 0 else "fall",
            str(MOVES[row["kind"]]),
            str(REASONS.get(row["reason"], row["reason"])),
            f.exact(row["amount"], places, plus=True),
            Figure("month", f"{row['date']:%Y-%m}", "net", None, account.account_id).address(
                account=account.account_id
            ),
            is_door=True,
            whole_day=True,
        )
        for row in rows
    ]


def _talks(account: Account, wanted: int) -> list[Event]:
    """What was done with the account's people; what is still to be done has not happened."""
    kind, now = KINDS["activities"], timezone.now()
    unseen = hidden(kind, account.caller)
    rows = visible(kind, account.caller).filter(account_id__in=crm.family(account.account_id))
    told = words.CHOICES[("activities", "kind")]
    beside = [column for column in ("outcome", "owner") if column not in unseen]
    return [
        Event(
            row.occurred_at,
            "customers",
            f"{told.get(row.kind, row.kind or words.KINDS['activities'].one)}: {said.name(kind, row, unseen)}",
            " · ".join(text for column in beside if (text := getattr(row, column))),
            "",
            said.address(kind, row),
            is_door=False,
            whole_day=False,
        )
        for row in rows.filter(occurred_at__lte=now).order_by("-occurred_at", "-pk")[:wanted]
    ]


def _moves(account: Account, wanted: int) -> list[Event]:
    """The stages the account's deals went through; those that were undone are left out."""
    kind = KINDS["deals"]
    unseen = hidden(kind, account.caller)
    rows = visible(kind, account.caller).filter(account_id__in=crm.family(account.account_id))
    # A deal that stood still for longer than `wanted` others moved cannot be among the newest moves.
    live = list(rows.exclude(stage_at=None).order_by("-stage_at", "-pk")[:wanted])
    past: dict[str, list[dealing_rule.Entry]] = {}
    versions = kind.model.objects.filter(deal_id__in=[row.deal_id for row in live])
    for deal_id, stage, at in versions.values_list("deal_id", "stage", "stage_at"):
        past.setdefault(deal_id, []).append(dealing_rule.Entry(stage, at))
    called = {pipeline: dealing.stage_names(pipeline) for pipeline in {row.pipeline for row in live}}
    found = []
    for row in live:
        for stay in dealing_rule.stays(past[row.deal_id], dealing_rule.Entry(row.stage, row.stage_at)):
            told = {
                "deal": said.name(kind, row, unseen),
                "stage": called[row.pipeline].get(stay.stage, stay.stage),
            }
            title = _("%(deal)s: now %(stage)s") % told
            href = said.address(kind, row)
            found.append(Event(stay.since, "right", title, "", "", href, is_door=False, whole_day=False))
    found.sort(key=lambda event: event.at, reverse=True)
    return found[:wanted]


def _edits(account: Account, wanted: int) -> list[Event]:
    """What people and programs wrote about the account and what belongs to it."""
    found: list[Event] = []
    for name in OF_ACCOUNT:
        kind = KINDS[name]
        for step in history.edits(kind.model, versions_of(account, kind), wanted):
            found.append(_edit(account, kind, step))
    found.sort(key=lambda event: event.at, reverse=True)
    return found[:wanted]


def versions_of(account: Account, kind: Kind) -> Any:
    """Every version, also of former ones, of the records of a kind that are the account's."""
    rows, family = kind.model.objects.all(), crm.family(account.account_id)
    if "account_id" in kind.table.by_name:
        return rows.filter(account_id__in=family)
    own = KINDS["subscriptions"].model.objects.filter(account_id__in=family).values("subscription_id")
    return rows.filter(subscription_id__in=own)


def _edit(account: Account, kind: Kind, step: history.Step) -> Event:
    unseen = hidden(kind, account.caller)
    version = step.version or step.former
    told = {"kind": words.KINDS[kind.name].one, "name": said.name(kind, version, unseen), "verb": words.verb(step.verb)}
    changes = [
        f"{one['label']}: {one['before']} → {one['after']}" if one["before"] or one["after"] else one["label"]
        for one in said.changes(kind, step, unseen)
    ]
    parts = [*changes, step.reason, step.actor]
    return Event(
        step.at,
        "edit",
        _("%(kind)s %(name)s: %(verb)s") % told,
        " · ".join(part for part in parts if part),
        "",
        account.address(tab="history") if kind.name == "accounts" else said.address(kind, version),
        is_door=False,
        whole_day=False,
    )


def _imports(account: Account, wanted: int) -> list[Event]:
    """The imports by which rows of the account came, with how many."""
    found: list[Event] = []
    for name in OF_ACCOUNT:
        kind = KINDS[name]
        for run, rows in history.imports(versions_of(account, kind), wanted):
            count = ngettext("%(count)s row", "%(count)s rows", rows) % {"count": f.exact(rows)}
            told = {"kind": words.KINDS[name].many, "count": count}
            found.append(
                Event(
                    run.finished_at or run.started_at,
                    "download",
                    _("Imported: %(kind)s, %(count)s") % told,
                    run.file_name,
                    "",
                    "",
                    is_door=False,
                    whole_day=False,
                )
            )
    found.sort(key=lambda event: event.at, reverse=True)
    return found[:wanted]
