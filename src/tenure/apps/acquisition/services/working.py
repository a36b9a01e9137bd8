"""What is done with leads: captured, scored, accepted or rejected by a person, and made a deal.

new -> mql (both scores and somebody to reach) -> sql (a person accepted) -> converted. A rejected lead goes back to
nurture, and comes again as `recycled` when it does something new. See docs/explanation/leads-and-sla.md.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone as clock
from django.utils.translation import gettext as _

from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.models import LeadSignal, LeadVersion
from tenure.apps.acquisition.services.leads import require_place, rule
from tenure.apps.crm import selectors as crm_selectors
from tenure.apps.crm import services as crm
from tenure.apps.workspaces.permissions import is_agent, is_person, limited, word_of
from tenure.apps.workspaces.services import records
from tenure.apps.workspaces.services.values import plain_text, refuse
from tenure.apps.workspaces.services.writing import Actor, actor_name, writing
from tenure.core import leads as scoring
from tenure.core import sla
from tenure.core.errors import TenureError

ASKED = (
    *("company_name", "person_name", "title", "email", "phone", "wechat", "industry", "region", "employees"),
    *("message", "heard_from"),
)
"""What a form may ask."""
ORIGIN = ("channel", "utm_source", "medium", "campaign", "keyword", "landing", "referrer")
REASONS = ("no_need", "no_budget", "no_authority", "later", "too_small", "competitor", "unreachable", "spam", "other")
"""Why a lead is rejected: what the rules of fit are corrected by."""
LONGEST: Mapping[str, int] = {"message": 2_000}
LONG = 300
MOST_KEPT = 8_000
"""Characters of what arrived that a lead keeps: the first time always, then as many others as there is room for."""
SAME_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Captured:
    """A lead that came, and whether it is a new one."""

    lead: Any
    is_new: bool


def capture(
    given: Mapping[str, Any],
    *,
    by: Actor,
    signal: str = "form",
    consent: Mapping[str, Any] | None = None,
    owner: str | None = None,
    told: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> Captured:
    """Write what arrived as a lead, and score it; `told` is kept as it came, beside what is read of it.

    Who comes again within a day by the same address (or number), or after a rejection, is the same lead, if the actor
    sees it.

    Raises: ValueRefused.
    """
    values = _read(given)
    kind = _signal(signal)
    if not any(values.get(name) for name in ("company_name", "person_name", "email", "phone", "wechat")):
        raise refuse("email", None, _("Say who it is: a company, a name, an address or a number."))
    owner = owner or _own_word(by)
    with writing(by) as write:
        now = at or write.now
        arrived = {"at": now.isoformat(), "by": actor_name(by), "fields": dict(told if told is not None else given)}
        if len(json.dumps(arrived, default=str)) > MOST_KEPT:
            raise refuse("message", "", _("That is too much at once: write less."))
        former = _same(values, now, by)
        if former is None:
            policy = selectors.lead_policy()
            content = {
                **values,
                "lead_id": f"lead-{secrets.token_hex(6)}",
                "owner": owner,
                "created_at": now,
                "status": "new",
                "respond_by": sla.due(selectors.business_calendar(policy, now), now, policy.respond_minutes),
                "consent": dict(consent) if consent else None,
                "capture": [arrived],
            }
            require_place(by, content, new=True)
            lead = records.add(LeadVersion, content, by=by, rule=rule, verb="captured")
        else:
            kept = json.loads(former.capture or "[]")
            empty = {name: value for name, value in values.items() if getattr(former, name) is None}
            changes: dict[str, Any] = {**empty, "capture": _kept([*kept, arrived])}
            if consent:
                changes["consent"] = dict(consent)
            lead = records.edit(LeadVersion, former.version_key, changes, by=by, rule=rule, verb="captured")
        LeadSignal.objects.create(lead_id=lead.lead_id, kind=kind, at=now, by=actor_name(by)[:300])
        return Captured(_judged(lead, now, by), former is None)


def note_signal(lead_id: str, kind: str, *, by: Actor) -> Any:
    """Note that a lead did something now, and score it anew.

    Raises: TenureError lead.unknown; ValueRefused.
    """
    lead, kind = selectors.lead_for(by, lead_id), _signal(kind)
    with writing(by) as write:
        LeadSignal.objects.create(lead_id=lead.lead_id, kind=kind, at=write.now, by=actor_name(by)[:300])
        write.audit("noted", LeadVersion.KIND, lead.version_key, signal=kind)
        return _judged(lead, write.now, by)


@dataclass(frozen=True, slots=True)
class Worth:
    """Both scores of a lead with what they are made of, and the grade."""

    fit: Any
    engagement: scoring.Engagement
    grade: str | None
    is_worth_a_call: bool


def worth(lead: Any, as_of: datetime) -> Worth:
    """What a lead is worth at a moment, by the policy in force."""
    policy = selectors.lead_policy()
    known = {**lead.as_row(), "role": lead.title}
    fit = scoring.fit(selectors.fit_rules(policy), known)
    done = [scoring.Signal(one.kind, one.at) for one in selectors.signals(lead.lead_id)]
    engaged = scoring.engagement(done, as_of, policy.points, policy.half_life_days)
    lines = scoring.Lines(policy.fit_line, policy.engagement_line)
    return Worth(
        fit,
        engaged,
        scoring.grade(fit.value, engaged.value),
        scoring.is_worth_a_call(fit.value, engaged.value, known, lines),
    )


def accept(lead_id: str, *, by: Actor, seen: str | None = None) -> Any:
    """Say that sales takes a lead on: from here on it is theirs, and its clock stands.

    Raises: TenureError lead.by_a_person, lead.wrong_status, lead.unknown; RecordChanged.
    """
    if not is_person(by):
        raise TenureError(
            "lead.by_a_person",
            _("Only a person can accept a lead."),
            fix=_("Sign in and accept it on its page."),
        )
    lead = selectors.lead_for(by, lead_id)
    _require_status(lead, "mql")
    now = clock.now()
    changes = {"status": "sql", "sql_at": now, "responded_at": now, "owner": lead.owner or word_of(by)}
    seen = seen or lead.row_id  # of two who accept it at once one is told
    return records.edit(LeadVersion, lead.version_key, changes, by=by, rule=rule, verb="accepted", seen=seen)


def reject(lead_id: str, reason: str, *, by: Actor, note: str = "", seen: str | None = None) -> Any:
    """Say why a lead is none for sales now; it goes back to nurture.

    Raises: ValueRefused; TenureError lead.wrong_status, lead.unknown; RecordChanged.
    """
    if reason not in REASONS:
        raise refuse("reason", reason, _("Use one of: %(allowed)s.") % {"allowed": ", ".join(REASONS)})
    lead = selectors.lead_for(by, lead_id)
    _require_status(lead, *selectors.WAITING, "sql")
    now = clock.now()
    changes = {"status": "rejected", "lost_at": now, "responded_at": lead.responded_at or now, "reason": reason}
    changes["respond_by"] = lead.respond_by
    return records.edit(
        LeadVersion, lead.version_key, changes, by=by, rule=rule, verb="rejected", seen=seen or lead.row_id, reason=note
    )


def convert(
    lead_id: str,
    *,
    by: Actor,
    account_id: str = "",
    deal_name: str = "",
    amount: str = "",
    currency: str = "",
    seen: str | None = None,
) -> Any:
    """Make an accepted lead a deal of an account, with its contact, all in one transaction.

    Without `account_id` a new account is made. Refused if an account that the caller does not see has the lead's
    domain, address or credit code: two sellers would work on one company.

    Raises: TenureError lead.wrong_status, lead.account_of_others, lead.unknown, account.unknown; ValueRefused.
    """
    lead = selectors.lead_for(by, lead_id)
    _require_status(lead, "sql")
    if selectors.matches(by, lead).is_others and not account_id:
        raise TenureError(
            "lead.account_of_others",
            _("An account that you do not see has the domain, address or credit code of this lead."),
            fix=_("Ask a member who sees all accounts to convert it."),
            field="account_id",
        )
    why = _("Made of the lead %(lead)s") % {"lead": lead.lead_id}
    owner = lead.owner or _own_word(by)
    called = lead.company_name or scoring.domain_of(lead.email) or lead.person_name or lead.lead_id
    with writing(by) as write:
        account = _account(lead, account_id, called, owner, by=by, why=why)
        contact = _contact(lead, account, by=by, why=why)
        deal = {
            "deal_id": f"deal-{secrets.token_hex(6)}",
            "account_id": account,
            "name": deal_name.strip() or called,
            "pipeline": "new",
            "owner": owner,
            "partner": word_of(by) if is_agent(by) else None,
            "source_lead": lead.lead_id,
            "amount": amount or None,
            "currency": currency or None,
        }
        made = crm.add("deals", deal, by=by, reason=why)
        changes = {
            "status": "converted",
            "account_id": account,
            "contact_id": contact,
            "deal_id": made.deal_id,
            "opportunity_at": write.now,
        }
        seen = seen or lead.row_id  # who comes second makes nothing
        return records.edit(LeadVersion, lead.version_key, changes, by=by, rule=rule, verb="converted", seen=seen)


def _account(lead: Any, account_id: str, called: str, owner: str | None, *, by: Actor, why: str) -> str:
    """The account that is chosen, or a new one."""
    if account_id:
        known = crm_selectors.accounts_visible_to(by) if limited(by) else crm_selectors.every_account()
        if not known.filter(account_id=account_id).exists():
            raise refuse("account_id", account_id, _("Choose one from the list of accounts."))
        return account_id
    values = {
        "account_id": f"account-{secrets.token_hex(6)}",
        "name": called,
        "domain": scoring.domain_of(lead.email),
        "industry": lead.industry,
        "region": lead.region,
        "employees": lead.employees,
        "acquired_channel": lead.channel,
        "owner": owner,
        "created_at": clock.now(),
    }
    return str(crm.add("accounts", values, by=by, reason=why).account_id)


def _contact(lead: Any, account_id: str, *, by: Actor, why: str) -> str | None:
    """The contact of the account who has the lead's address, or a new one; None if nobody is known."""
    known = crm_selectors.contact_with(account_id, lead.email)
    if known is not None or not any((lead.person_name, lead.email, lead.phone, lead.wechat)):
        return known
    values = {
        "contact_id": f"contact-{secrets.token_hex(6)}",
        "account_id": account_id,
        "name": lead.person_name,
        "title": lead.title,
        "email": lead.email,
        "phone": lead.phone,
        "wechat": lead.wechat,
        "consent": json.loads(lead.consent) if lead.consent else None,
    }
    return str(crm.add("contacts", values, by=by, reason=why).contact_id)


def _judged(lead: Any, now: datetime, by: Actor) -> Any:
    """The lead with its scores as they are now; one that is worth a call becomes an MQL, with a clock of its own."""
    found = worth(lead, now)
    changes: dict[str, Any] = {
        "fit_score": found.fit.value,
        "engagement_score": found.engagement.value,
        "grade": found.grade,
    }
    if lead.status == "rejected":
        changes["status"] = "recycled"
    if found.is_worth_a_call and lead.status in (None, "new", "working", "recycled", "rejected"):
        changes |= {"status": "mql", "mql_at": lead.mql_at or now}
        if lead.responded_at is not None or lead.respond_by is None or lead.respond_by < now:
            policy = selectors.lead_policy()
            until = sla.due(selectors.business_calendar(policy, now), now, policy.respond_minutes)
            changes |= {"respond_by": until, "responded_at": None}
    return records.edit(LeadVersion, lead.version_key, changes, by=by, rule=rule, verb="scored")


def _kept(captures: list[Any]) -> list[Any]:
    """As many of the captures as there is room for, the first ones."""
    while len(captures) > 1 and len(json.dumps(captures)) > MOST_KEPT:
        captures = captures[:-1]
    return captures


def _same(values: Mapping[str, Any], now: datetime, by: Actor) -> Any:
    """The lead that what arrived is of: by its address, or by its number where it has no address.

    Of who sees some leads only those: a lead in other hands is neither changed by them nor told to them.
    """
    column = "email" if values.get("email") else "phone"
    if not values.get(column):
        return None
    known = selectors.leads_visible_to(by) if limited(by) else LeadVersion.objects.live()
    rows = known.filter(**{f"{column}__iexact": values[column]}).exclude(status="converted")
    for lead in rows.order_by("-created_at", "-pk")[:20]:
        last = selectors.signals(lead.lead_id).values_list("at", flat=True).first() or lead.created_at
        if lead.status in ("rejected", "recycled") or now - last <= SAME_WITHIN:
            return lead
    return None


def _read(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of the columns a capture may fill; too long a text is refused."""
    values: dict[str, Any] = {}
    for name in (*ASKED, *ORIGIN):
        value = given.get(name)
        if value in (None, ""):
            continue
        text = plain_text(name, value)
        most = LONGEST.get(name, LONG)
        if len(text) > most:
            raise refuse(name, text[:80], _("Write at most %(most)s characters.") % {"most": most})
        if text:
            values[name] = text
    return values


def _signal(kind: str) -> str:
    if kind not in scoring.SIGNALS:
        raise refuse("signal", kind, _("Use one of: %(allowed)s.") % {"allowed": ", ".join(scoring.SIGNALS)})
    return kind


def _own_word(by: Actor) -> str | None:
    """The word by which a member who sees some leads owns what they write."""
    return word_of(by) if limited(by) else None


def _require_status(lead: Any, *allowed: str) -> None:
    if (lead.status or "new") not in allowed:
        raise TenureError(
            "lead.wrong_status",
            _("This lead is %(status)s now: this cannot be done with it.") % {"status": lead.status or "new"},
            fix=_("Look at its page: what can be done stands there."),
            value=lead.lead_id,
            status=lead.status,
        )
