"""Reads of this app: prospects and leads as far as somebody sees them, profile and policy in force, the collector."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import gettext as _

from tenure.apps.acquisition import working_days
from tenure.apps.acquisition.models import (
    CallList,
    Collection,
    CollectorSetting,
    DayKind,
    LeadForm,
    LeadPolicy,
    LeadSignal,
    LeadVersion,
    OptOut,
    Outcome,
    OwnDay,
    ProfileVersion,
    Prospect,
    RunState,
    Site,
    Visit,
)
from tenure.apps.crm import selectors as crm
from tenure.apps.workspaces.permissions import Caller, colleagues_of, is_agent, limited, may
from tenure.apps.workspaces.services.lake import timezone
from tenure.apps.workspaces.services.writing import Actor
from tenure.apps.workspaces.versions import Version
from tenure.core import leads as scoring
from tenure.core import sla
from tenure.core.errors import TenureError
from tenure.core.icp import Rule, rule_from
from tenure.core.localtime import zone

WAITING = ("new", "working", "recycled", "mql")
"""What the status of a lead is that nobody accepted or rejected."""
DEFAULT_RULES = """role: 总监, 经理, 主管, 负责人, 总裁, director, head, manager, vp, chief, ceo, cto, founder = 50
employees: 50- = 30
industry: 软件, 制造, 金融, 零售, software, manufacturing, finance, retail = 20"""
UNDER_WAY = (RunState.RUNNING, RunState.STOPPING)


def prospects(caller: Caller) -> QuerySet[Prospect]:
    """The prospects somebody sees: all, or those nobody works on and their own (their team's)."""
    found = Prospect.objects.select_related("who", "call_list", "profile").annotate(
        title=Coalesce(NullIf(F("name"), Value("")), F("domain"))
    )
    colleagues = colleagues_of(caller)
    return found if colleagues is None else found.filter(Q(who=None) | Q(who__in=colleagues))


def prospect(caller: Caller, prospect_id: int) -> Prospect:
    """One prospect.

    Raises: TenureError (prospect.unknown) if there is none that the caller sees.
    """
    found = prospects(caller).filter(pk=prospect_id).first()
    if found is None:
        raise TenureError(
            "prospect.unknown",
            _("There is no such prospect."),
            fix=_("Choose one from the list of prospects."),
            value=str(prospect_id),
        )
    return found


def profile() -> ProfileVersion | None:
    """The ideal customer profile in force; None until one is written."""
    return ProfileVersion.objects.order_by("-pk").first()


def profiles() -> QuerySet[ProfileVersion]:
    """Every version of the profile, the newest first."""
    return ProfileVersion.objects.select_related("by").order_by("-pk")


def rules() -> tuple[Rule, ...]:
    """The rules in force."""
    found = profile()
    return rules_of(found) if found is not None else ()


def rules_of(version: ProfileVersion) -> tuple[Rule, ...]:
    """The rules of one version."""
    return tuple(rule_from(one) for one in version.rules)


def call_lists() -> QuerySet[CallList]:
    """Every telephone list with how many companies it has, how many of them were called, and how many agreed."""
    called = Count("prospects", filter=Q(prospects__called_at__isnull=False), distinct=True)
    agreed = Count("prospects", filter=Q(prospects__calls__outcome=Outcome.SOLD), distinct=True)
    size = Count("prospects", distinct=True)
    return CallList.objects.annotate(size=size, called=called, agreed=agreed).order_by("-pk")


def due_to_empty(today: date) -> QuerySet[Prospect]:
    """The prospects whose fields are to be emptied by now."""
    return Prospect.objects.filter(emptied_at=None, expires_on__lte=today)


# ---------------------------------------------------------------------- the collector


def collector() -> CollectorSetting:
    """Whether the collector may run, and what for; off where nobody said."""
    return CollectorSetting.objects.select_related("signed_by").filter(pk=1).first() or CollectorSetting(pk=1)


def sites() -> QuerySet[Site]:
    """The sites that are to be looked at, by name."""
    return Site.objects.order_by("domain")


def opt_outs() -> QuerySet[OptOut]:
    """The domains whose owners do not want it."""
    return OptOut.objects.order_by("domain")


def is_opted_out(domain: str) -> bool:
    """Whether the owner of a domain, or of one above it, does not want it looked at."""
    parts = domain.split(".")
    return OptOut.objects.filter(domain__in=[".".join(parts[place:]) for place in range(len(parts) - 1)]).exists()


def collections(most: int = 20) -> Sequence[Collection]:
    """The walks through the list of sites with what they did, the newest first."""
    found = Collection.objects.select_related("by").annotate(
        sites=Count("visits"),
        visited=Count("visits", filter=Q(visits__at__isnull=False)),
        pages=Sum("visits__pages"),
    )
    return list(found.order_by("-pk")[:most])


def under_way() -> Collection | None:
    """The walk that is under way."""
    return Collection.objects.filter(state__in=UNDER_WAY).first()


def collection(collection_id: int) -> Collection:
    """One walk.

    Raises: TenureError (collection.unknown).
    """
    found = Collection.objects.filter(pk=collection_id).first()
    if found is None:
        raise TenureError(
            "collection.unknown",
            _("There is no such collection."),
            fix=_("Look at the list of collections."),
            value=str(collection_id),
        )
    return found


def is_to_stop(collection_id: int) -> bool:
    """Whether a walk was told to stop, or may not go on because the collector was switched off."""
    running = Collection.objects.filter(pk=collection_id, state=RunState.RUNNING).exists()
    return not running or not CollectorSetting.objects.filter(pk=1, signed_at__isnull=False).exists()


def next_visit(collection_id: int) -> Visit | None:
    """The site whose turn it is."""
    return Visit.objects.filter(collection_id=collection_id, at=None).order_by("pk").first()


def visits(collection_id: int) -> QuerySet[Visit]:
    """What became of each site of a walk."""
    return Visit.objects.filter(collection_id=collection_id).order_by("pk")


def progress(collection_id: int) -> dict[str, Any]:
    """How far a walk is: sites in all, sites done, pages read."""
    return Visit.objects.filter(collection_id=collection_id).aggregate(
        sites=Count("pk"), done=Count("pk", filter=Q(at__isnull=False)), pages=Sum("pages"), last=Max("at")
    )


# ---------------------------------------------------------------------- leads


def leads_visible_to(caller: Caller) -> QuerySet[Any]:
    """The leads somebody sees, as they are now: all, or their own (their team's) and those of accounts they see."""
    rows: QuerySet[Any] = LeadVersion.objects.live()
    if not limited(caller):
        return rows
    return rows.filter(
        Q(owner__in=crm.spellings_in(caller, rows, "owner"))
        | Q(account_id__in=crm.accounts_visible_to(caller).values("account_id"))
    )


def visible_to(caller: Caller, model: type[Version]) -> QuerySet[Any]:
    """The records of a kind of this app that somebody sees, as they are now."""
    return leads_visible_to(caller) if model is LeadVersion else model.objects.live()


def sees(caller: Caller, version: Any) -> bool:
    """Whether somebody sees the lead a version is of, also one that was withdrawn."""
    if not limited(caller) or crm.is_named(caller, version.owner):
        return True
    return crm.accounts_visible_to(caller).filter(account_id=version.account_id or "").exists()


def lead_for(by: Actor, lead_id: str) -> Any:
    """One lead as it is now.

    Raises: TenureError (lead.unknown) if there is none that the caller sees.
    """
    rows = leads_visible_to(by) if isinstance(by, Caller) else LeadVersion.objects.live()
    found = rows.filter(lead_id=lead_id).order_by("-recorded_at", "-pk").first()
    if found is None:
        raise TenureError(
            "lead.unknown",
            _("There is no such lead."),
            fix=_("Choose one from the list of leads."),
            field="lead_id",
            value=lead_id[:80],
        )
    return found


def reads_person(caller: Caller, lead: Any) -> bool:
    """Whether somebody reads who a lead is: an agent only from when the lead was accepted."""
    return may(caller, "read_personal") or (is_agent(caller) and lead.sql_at is not None)


def leads_waiting(caller: Caller) -> QuerySet[Any]:
    """The leads that nobody answered, those due first on top."""
    return leads_visible_to(caller).filter(status__in=WAITING).order_by(F("respond_by").asc(nulls_last=True), "pk")


def leads_accepted(caller: Caller) -> QuerySet[Any]:
    """The leads that were accepted and are no deal yet, the longest accepted first."""
    return leads_visible_to(caller).filter(status="sql").order_by("sql_at", "pk")


def signals(lead_id: str) -> QuerySet[LeadSignal]:
    """What a lead did, the newest first."""
    return LeadSignal.objects.filter(lead_id=lead_id).order_by("-at", "-pk")


def lead_forms() -> QuerySet[LeadForm]:
    """Every form, by name."""
    return LeadForm.objects.order_by("name")


def lead_form(form_id: int) -> LeadForm:
    """One form by its number.

    Raises: TenureError (form.unknown).
    """
    found = LeadForm.objects.filter(pk=form_id).first()
    if found is None:
        raise _no_form(str(form_id))
    return found


def open_form(token: str) -> LeadForm:
    """The form that an address names, while it is open.

    Raises: TenureError (form.unknown).
    """
    found = LeadForm.objects.filter(token=token, is_open=True).first()
    if found is None:
        raise _no_form(token)
    return found


def _no_form(value: str) -> TenureError:
    return TenureError(
        "form.unknown",
        _("There is no such form, or it is closed."),
        fix=_("Ask whoever gave you the address for a new one."),
        value=value[:40],
    )


# ---------------------------------------------------------------------- how leads are worked


def lead_policy() -> LeadPolicy:
    """The policy in force; what Tenure comes with until one is saved."""
    return LeadPolicy.objects.order_by("-pk").first() or LeadPolicy(
        rules=[rule.as_dict() for rule in scoring.rules_from(DEFAULT_RULES)],
        points=dict(scoring.DEFAULT_POINTS),
        half_life_days=14,
        fit_line=50,
        engagement_line=40,
        respond_minutes=240,
        week={str(day): "09:00-18:00" for day in range(5)},
        country="CN",
    )


def fit_rules(policy: LeadPolicy) -> tuple[Rule, ...]:
    """The rules of fit of a policy."""
    return tuple(scoring.rule_from(rule) for rule in policy.rules)


def own_days() -> QuerySet[OwnDay]:
    """The days on which work differs from the public calendar, the newest first."""
    return OwnDay.objects.order_by("-day")


def business_calendar(policy: LeadPolicy, around: datetime) -> sla.BusinessCalendar:
    """When work is done in the years around a moment: hours of the policy, public holidays, own days."""
    off, extra = working_days.public(policy.country, around.year)
    own = dict(OwnDay.objects.values_list("day", "kind"))
    mine = {kind: {day for day, one in own.items() if one == kind} for kind in DayKind.values}
    return sla.BusinessCalendar(
        {int(day): sla.hours_from(hours) for day, hours in policy.week.items()},
        zone(timezone()),
        off=(off - mine[DayKind.WORKED]) | mine[DayKind.OFF],
        extra=(extra - mine[DayKind.OFF]) | mine[DayKind.WORKED],
    )


@dataclass(frozen=True, slots=True)
class Match:
    """An account that a lead may be of, and by what: domain, email or uscc."""

    account_id: str
    name: str
    by: str


@dataclass(frozen=True, slots=True)
class Matches:
    """The accounts that a lead may be of, as far as somebody sees them, and whether there are others."""

    seen: tuple[Match, ...]
    is_others: bool


def matches(by: Actor, lead: Any) -> Matches:
    """The accounts that have the lead's domain, a contact with its address, or its credit code; never by name alone."""
    visible = crm.accounts_visible_to(by) if isinstance(by, Caller) else crm.every_account()
    found: dict[str, str] = {}
    for reason, ids in crm.accounts_with(
        domain=scoring.domain_of(lead.email), email=lead.email, uscc=_uscc(lead)
    ).items():
        for account_id in ids:
            found.setdefault(account_id, reason)
    names = dict(visible.filter(account_id__in=list(found)).values_list("account_id", "name"))
    seen = tuple(Match(one, names[one] or one, reason) for one, reason in found.items() if one in names)
    return Matches(seen, len(seen) < len(found))


def _uscc(lead: Any) -> str | None:
    further = json.loads(lead.attributes or "{}")
    return str(further.get("uscc") or "") or None if isinstance(further, dict) else None
