"""The page of a deal: its stages, who has a say in it, what is missing among them, and its contract."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone as clock
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.apps.crm import committee, rules, stages
from tenure.apps.subscriptions import signing
from tenure.apps.workspaces.permissions import Caller, may
from tenure.core import deals as rule
from tenure.core.errors import TenureError
from tenure.web import asking
from tenure.web import formatting as f
from tenure.web.crm.people_map import Node, drawn
from tenure.web.pages import page, requires, undoable
from tenure.web.records import dealing, forms, said, views, words
from tenure.web.records.kinds import KINDS, hidden, history_for, key_of, record_for, token, visible

KIND = KINDS["deals"]
SHOWN = 8
STEPS = {
    rule.NONE: gettext_lazy("no next step"),
    rule.LATE: gettext_lazy("late"),
    rule.PLANNED: gettext_lazy("planned"),
}


@require_GET
@requires("ask")
def deal(request: HttpRequest, key: str) -> HttpResponse:
    """One deal; of one that was withdrawn, its record."""
    steps = history_for(KIND, key_of(key), request.user)
    version = steps[0].version
    if version is None:
        return views.record(request, "deals", key)
    opened = asking.workspace(request.user)
    today, zone = asking.today(opened), opened.definition().timezone
    unseen = hidden(KIND, request.user)
    return page(
        request,
        "crm/deal.html",
        crumbs=said.crumbs(KIND, version, request.user),
        heading=said.name(KIND, version, unseen),
        actions=_actions(request.user, version),
        note=said.known(steps),
        strip=_strip(version, opened.definition().reporting_currency, today),
        bar=_bar(version, [one.version for one in steps if one.version is not None]),
        move=_move(request.user, version),
        facts=said.facts(KIND, version, unseen, request.user),
        **_committee(request.user, version, today, zone),
        related=[*_related(request.user, version)],
        **said.history(KIND, steps, request.user),
    )


@require_http_methods(["GET", "POST"])
@requires("edit_records")
def deal_move(request: HttpRequest, key: str) -> HttpResponse:
    """Put a deal into another stage; what the stage asks for is asked for first."""
    version = record_for(KIND, key_of(key), request.user)
    given = request.POST if request.method == "POST" else request.GET
    to = given.get("stage", "")
    if not to and request.method == "GET":
        return HttpResponseRedirect(said.address(KIND, version))  # where it is chosen
    stage = stages.found(version.pipeline, to)
    lacking = stages.missing(version, stage, {})
    form = forms.RecordForm(
        KIND, request.POST if "version" in request.POST else None, seen=version, only=lacking or ["-"]
    )
    if request.method == "POST" and (not lacking or form.is_valid()):
        values = form.changes() if lacking else {}
        try:
            moved = stages.move(
                version.version_key, to, values, by=request.user, seen=request.POST.get("version") or version.row_id
            )
        except TenureError as problem:
            if not lacking:
                raise
            form.refuse(problem)
        else:
            undoable(request, _("It is now: %(stage)s.") % {"stage": _stage(moved)}, said.undo_address(KIND, moved))
            return HttpResponseRedirect(_back(request, moved))
    return page(
        request,
        "crm/deal_move.html",
        status=422 if form.is_bound and form.errors else 200,
        crumbs=said.crumbs(KIND, version, request.user, itself=True),
        heading=_("To the stage %(stage)s") % {"stage": stages.name(stage)},
        form=form,
        stage=to,
        to_board=_is_of_board(request),
        back=_back(request, version),
    )


def _is_of_board(request: HttpRequest) -> bool:
    return request.POST.get("back") == "board"


def _back(request: HttpRequest, version: Any) -> str:
    """Where a move goes on: at the board it came from, else at the deal."""
    if _is_of_board(request):
        return f"{reverse('board')}?{urlencode({'pipeline': version.pipeline or stages.USUAL})}"
    return said.address(KIND, version)


@require_POST
@requires("edit_records")
def deal_sign(request: HttpRequest, key: str) -> HttpResponse:
    """Write the contract of a deal that was won, from today on."""
    version = record_for(KIND, key_of(key), request.user)
    contract = signing.sign(version.version_key, asking.today(asking.workspace(request.user)), by=request.user)
    undoable(
        request,
        _("The contract is written. Check its days and its total."),
        said.undo_address(KINDS["contracts"], contract),
    )
    return HttpResponseRedirect(said.address(KINDS["contracts"], contract))


def _actions(caller: Caller, version: Any) -> list[Any]:
    if not may(caller, "edit_records"):
        return []
    named = ["deals", token(version.version_key)]
    return said.actions(
        (_("Withdraw"), reverse("record_withdraw", args=named)), (_("Edit"), reverse("record_edit", args=named))
    )


def _stage(version: Any) -> str:
    """The stage of a deal in words; one that no pipeline knows keeps its name."""
    return dealing.stage_names(version.pipeline).get(version.stage or "", version.stage or f.NOTHING)


def _strip(version: Any, currency: str, today: date) -> list[dict[str, str]]:
    """Worth, decision, next step and who sells it."""
    money = version.currency or currency
    state = rule.next_step(version.next_step, version.next_step_on, today)
    urgent = "due--urgent" if state == rule.LATE else "due--soon" if state == rule.NONE else ""
    on = f.day(version.next_step_on) if version.next_step_on else ""
    pipeline = words.CHOICES["deals", "pipeline"].get(version.pipeline or "new", "")
    return [
        {"label": _("MRR it would add"), "text": f.money(version.mrr, money), "note": pipeline},
        {"label": _("Amount without tax"), "text": f.money(version.amount, money), "note": ""},
        {
            "label": _("Expected decision"),
            "text": f.day(version.close_date) if version.close_date else f.NOTHING,
            "note": version.competitor or _("no competitor known"),
        },
        {
            "label": _("Next step"),
            "text": version.next_step or f.NOTHING,
            "note": " · ".join(part for part in (on, str(STEPS[state])) if part),
            "shape": urgent,
        },
        {"label": _("Sold by member"), "text": version.owner or f.NOTHING, "note": version.partner or ""},
    ]


def _bar(version: Any, versions: Sequence[Any]) -> list[dict[str, Any]]:
    """The stages of the pipeline with the days the deal spent in each."""
    now = clock.now()
    history = [rule.Entry(one.stage, one.stage_at) for one in versions]
    spent = rule.durations(rule.stays(history, rule.Entry(version.stage, version.stage_at)), now)
    listed = stages.of(version.pipeline)
    keys = [one.key for one in listed]
    if version.stage and version.stage not in keys:
        keys, listed = [version.stage, *keys], [None, *listed]
    here = keys.index(version.stage) if version.stage in keys else -1
    ended = version.stage in (rules.WON, rules.LOST)
    out = []
    for number, (key, stage) in enumerate(zip(keys, listed, strict=True), start=1):
        if key in (rules.WON, rules.LOST) and ended and key != version.stage:
            continue
        days = spent[key].days if key in spent else None
        out.append(
            {
                "number": number,
                "label": stages.name(stage) if stage else key,
                "is_done": number - 1 < here or (ended and key in spent),
                "is_current": number - 1 == here,
                "is_error": key == rules.LOST and version.stage == rules.LOST,
                "days": ""
                if days is None
                else ngettext("%(count)s day", "%(count)s days", days) % {"count": f.exact(days)},
            }
        )
    return out


def _days(count: int) -> str:
    return ngettext("%(count)s day", "%(count)s days", count) % {"count": f.exact(count)}


def _move(caller: Caller, version: Any) -> dict[str, Any] | None:
    """The stages it may be put into, and the contract it may be signed for."""
    if not may(caller, "edit_records"):
        return None
    named = [token(version.version_key)]
    return {
        "href": reverse("deal_move", args=named),
        "stages": [
            {"key": one.key, "label": stages.name(one)}
            for one in stages.of(version.pipeline)
            if one.key != version.stage
        ],
        "sign": reverse("deal_sign", args=named) if version.won_at is not None and not version.contract_id else "",
    }


def _committee(caller: Caller, version: Any, today: date, zone: str) -> dict[str, Any]:
    """The committee as a list and as a map, and what is missing in it."""
    found = committee.of_deal(caller, version, today, zone)
    members = {
        one.contact_id: one for one in visible(KINDS["committee_members"], caller).filter(deal_id=version.deal_id)
    }
    unseen = hidden(KINDS["contacts"], caller)
    contacts = {
        one.contact_id: said.name(KINDS["contacts"], one, unseen)
        for one in visible(KINDS["contacts"], caller).filter(contact_id__in=list(members))
    }
    reports = dict(
        visible(KINDS["contacts"], caller).filter(contact_id__in=list(members)).values_list("contact_id", "reports_to")
    )
    kind = KINDS["committee_members"]
    private = hidden(kind, caller)

    def text(member: Any, column: str) -> str:
        return "" if column in private or getattr(member, column) is None else said.value_text(
            kind, kind.table.by_name[column], member
        )  # fmt: skip

    def named(ids: Sequence[str]) -> str:
        return f.listed(contacts.get(one, one) for one in ids)

    rows = [
        {
            "name": contacts.get(person.contact_id, person.contact_id),
            "href": said.address(kind, member),
            "roles": text(member, "roles"),
            "power": text(member, "decision_power"),
            "influence": text(member, "influence"),
            "stance": text(member, "stance"),
            "concerns": text(member, "concerns"),
            "touched": f.day(person.touched_on) if person.touched_on else _("never"),
        }
        for person in found.people
        if (member := members.get(person.contact_id)) is not None
    ]
    nodes = [
        Node(
            one.contact_id,
            contacts.get(one.contact_id, one.contact_id),
            text(one, "roles"),
            one.decision_power or 0,
            one.stance or 0,
            [*json.loads(one.influences or "[]"), *([reports[one.contact_id]] if reports.get(one.contact_id) else [])],
        )
        for one in members.values()
    ]
    new = urlencode({"deal_id": version.deal_id, "account_id": version.account_id})
    return {
        "members": rows,
        "map": drawn(nodes) if nodes else None,
        "gaps": [_gap(gap, named(gap.contacts)) for gap in found.gaps],
        "coverage": _("%(share)s of the roles a deal of this size needs") % {"share": f.percent(found.coverage, 0)}
        if found.coverage is not None
        else "",
        "new_member": f"{reverse('record_new', args=['committee_members'])}?{new}"
        if may(caller, "edit_records")
        else "",
    }


def _gap(gap: Any, names: str) -> str:
    """What is missing, and whom it is about."""
    text = dealing.gap_text(gap)
    return _("%(gap)s: %(names)s") % {"gap": text, "names": names} if names else text


def _related(caller: Caller, version: Any) -> Any:
    """What was done and is to be done, demands and tenders, each with a few rows and a way to add one."""
    new = {"deal_id": version.deal_id, "account_id": version.account_id}
    for name, order in (("activities", "-occurred_at"), ("demand_links", "-pk"), ("tenders", "-submit_by")):
        kind, unseen = KINDS[name], hidden(KINDS[name], caller)
        rows = list(visible(kind, caller).filter(deal_id=version.deal_id).order_by(order)[: SHOWN + 1])
        asked = [row.demand_id for row in rows] if name == "demand_links" else []
        demands = dict(visible(KINDS["demands"], caller).filter(demand_id__in=asked).values_list("demand_id", "title"))
        yield {
            "kind": name,
            "title": words.KINDS[name].many,
            "count": f.exact(min(len(rows), SHOWN)) + ("+" if len(rows) > SHOWN else ""),
            "new": f"{reverse('record_new', args=[name])}?{urlencode(new)}" if may(caller, "edit_records") else "",
            "new_label": words.KINDS[name].new,
            "rows": [_line(kind, row, unseen, demands) for row in rows[:SHOWN]],
        }


def _line(kind: Any, row: Any, unseen: Any, demands: Mapping[str, str]) -> dict[str, str]:
    at = getattr(row, "occurred_at", None) or getattr(row, "due_at", None) or getattr(row, "submit_by", None)
    column = {"activities": "kind", "demand_links": "need", "tenders": "state"}[kind.name]
    name = demands.get(row.demand_id, row.demand_id) if kind.name == "demand_links" else said.name(kind, row, unseen)
    what = "" if getattr(row, column) is None else said.value_text(kind, kind.table.by_name[column], row)
    aside = f.day(clock.localtime(at).date()) if at else ""
    return {"name": name, "what": what, "amount": "", "aside": aside, "href": said.address(kind, row)}
