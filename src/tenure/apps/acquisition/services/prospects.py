"""What is done with a prospect: it is found, kept, called, refused, made an account, and emptied on its day."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.models import (
    Call,
    CollectedAddress,
    Outcome,
    Prospect,
    ProspectFact,
    ProspectState,
)
from tenure.apps.acquisition.services import profile
from tenure.apps.crm import services as crm
from tenure.apps.workspaces.services.writing import Actor, Writing, writing
from tenure.core.errors import TenureError

KEEP_DAYS = 180
"""After so many days what was collected is emptied, unless it is collected again."""
LONGEST_NOTE = 1_000
MOST_FACTS = 200
STATES: Mapping[str, str] = {
    Outcome.NO_ANSWER: ProspectState.CALLED,
    Outcome.CALL_BACK: ProspectState.CALLED,
    Outcome.INTERESTED: ProspectState.CALLED,
    Outcome.SOLD: ProspectState.CALLED,
    Outcome.REFUSED: ProspectState.REFUSED,
    Outcome.NO_MORE: ProspectState.REFUSED,
    Outcome.WRONG: ProspectState.REFUSED,
}
"""What a call makes of a prospect."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What was found of a company on its own site, personal data already dropped."""

    domain: str
    name: str
    robots: str
    terms: str = ""
    facts: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """subject and value -> address of the page"""
    addresses: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """role and domain -> address of the page"""


def note_collected(write: Writing, found: Collected) -> Prospect:
    """Write what was collected of a company in the place of what was collected before, and score it."""
    fields = {"name": found.name[:200], "expires_on": timezone.localdate(write.now) + timedelta(days=KEEP_DAYS)}
    prospect = Prospect.objects.filter(domain=found.domain).first()
    if prospect is None:
        prospect = Prospect.objects.create(domain=found.domain, found_at=write.now, **fields)
        write.audit("collected", "prospect", found.domain)
    elif prospect.call_list_id is None:  # a list's own day stays
        Prospect.objects.filter(pk=prospect.pk).update(**fields, emptied_at=None)
    elif prospect.emptied_at is not None:
        return prospect
    prospect.facts.exclude(url="").delete()
    prospect.addresses.all().delete()
    _write_facts(prospect, found.facts, write.now, found.robots, found.terms)
    CollectedAddress.objects.bulk_create(
        CollectedAddress(prospect=prospect, role=role, domain=domain, url=url, fetched_at=write.now)
        for (role, domain), url in found.addresses.items()
    )
    prospect.refresh_from_db()
    profile.score([prospect], selectors.profile(), selectors.rules())
    return prospect


def record_call(prospect: Prospect, outcome: str, *, by: Actor, note: str = "", next_on: date | None = None) -> Call:
    """Write down what came of a call; who called works on the prospect from then on, if nobody did.

    Raises: TenureError (prospect.bad_call, prospect.emptied, prospect.refused).
    """
    if outcome not in Outcome.values:
        raise _bad_call("outcome", outcome, _("Use one of: %(allowed)s.") % {"allowed": ", ".join(Outcome.values)})
    if len(note) > LONGEST_NOTE or "\0" in note:
        raise _bad_call("note", note[:40], _("Write at most %(most)s characters.") % {"most": LONGEST_NOTE})
    with writing(by) as write:
        held = _held(prospect)
        if next_on is not None and not timezone.localdate(write.now) <= next_on <= held.expires_on:
            raise _bad_call("next_on", next_on, _("Choose a day from today on, before what is known is emptied."))
        call = Call.objects.create(prospect=held, at=write.now, by=write.member, outcome=outcome, note=note.strip())
        state = held.state if held.state == ProspectState.CONVERTED else STATES[outcome]
        wanted = {"state": state, "called_at": write.now, "next_on": next_on}
        if held.who_id is None and write.member is not None:
            wanted["who"] = write.member
        before = {"state": held.state}
        _change(held, wanted)
        if outcome == Outcome.NO_MORE:
            _empty([held], write.now)
        write.audit("called", "prospect", _key(held), before=before, after={"state": held.state, "outcome": outcome})
    return call


def set_state(prospect: Prospect, state: str, *, by: Actor) -> Prospect:
    """Keep a prospect, refuse it, or make it new again; what was made an account stays that."""
    allowed = (ProspectState.NEW, ProspectState.KEPT, ProspectState.REFUSED)
    if state not in allowed:
        raise _bad_call("state", state, _("Use one of: %(allowed)s.") % {"allowed": ", ".join(allowed)})
    with writing(by) as write:
        held = _held(prospect, refused=True)
        if held.state == ProspectState.CONVERTED:
            raise _converted(held)
        before = {"state": held.state}
        taken = {"who": write.member} if state == ProspectState.KEPT and held.who_id is None and write.member else {}
        _change(held, {"state": state, **taken})
        if before["state"] != state:
            write.audit("edited", "prospect", _key(held), before=before, after={"state": state})
    return held


def convert(prospect: Prospect, *, by: Actor) -> str:
    """Make a prospect an account, owned by who does it; gives the account's id.

    Only what is known of the company goes along: no address that was collected, and no telephone number of a list.
    Raises: TenureError (prospect.converted, prospect.emptied, prospect.refused).
    """
    with writing(by) as write:
        held = _held(prospect)
        if held.state == ProspectState.CONVERTED:
            raise _converted(held)
        account_id = held.domain or f"prospect-{held.pk}-{secrets.token_hex(3)}"
        values: dict[str, Any] = {"account_id": account_id, "name": held.name or held.domain}
        if write.member is not None:
            values["owner"] = write.member.owns_as or write.member.email
        known = {"domain": held.domain, "icp_fit": held.score, **_facts(held)}
        values |= {column: value for column, value in known.items() if value is not None}
        crm.add("accounts", values, by=by, reason=_("Made from a prospect."))
        _plan_call(write, account_id, values, held.next_on, by)
        taken = {"who": write.member} if held.who_id is None and write.member is not None else {}
        before = {"state": held.state}
        _change(held, {"state": ProspectState.CONVERTED, "account_id": account_id, **taken})
        after = {"state": held.state, "account_id": account_id}
        write.audit("converted", "prospect", _key(held), before=before, after=after)
    return account_id


def empty_expired(*, by: Actor = None) -> int:
    """Empty the fields of every prospect whose day has come; how many there were."""
    with writing(by) as write:
        due = list(selectors.due_to_empty(timezone.localdate(write.now)))
        _empty(due, write.now)
        if due:
            write.audit("emptied", "prospect", "", count=len(due))
    return len(due)


def forget_domain(write: Writing, domain: str) -> int:
    """Empty what was collected of a domain and those below it, because its owner does not want it; how many."""
    found = Prospect.objects.filter(domain=domain) | Prospect.objects.filter(domain__endswith=f".{domain}")
    held = list(found)
    _empty(held, write.now)
    return len(held)


def _empty(prospects: Iterable[Prospect], now: datetime) -> None:
    """Take away all that is known; that a company was called, and with what outcome, stays without who it was.

    The domain of a site stays: it says which company not to begin with again, and is in the list of sites anyway.
    """
    numbers = [one.pk for one in prospects]
    for at in range(0, len(numbers), 500):
        part = numbers[at : at + 500]
        ProspectFact.objects.filter(prospect_id__in=part).delete()
        CollectedAddress.objects.filter(prospect_id__in=part).delete()
        Call.objects.filter(prospect_id__in=part).update(note="")
        Prospect.objects.filter(pk__in=part).update(name="", phone="", next_on=None, emptied_at=now)


def _write_facts(
    prospect: Prospect, facts: Mapping[tuple[str, str], str], at: datetime, robots: str, terms: str
) -> None:
    rows = [
        ProspectFact(
            prospect=prospect, subject=subject, value=value[:300], url=url, fetched_at=at, robots=robots, terms=terms
        )
        for (subject, value), url in list(facts.items())[:MOST_FACTS]
    ]
    ProspectFact.objects.bulk_create(rows, ignore_conflicts=True)  # a list said the same before


def _facts(prospect: Prospect) -> dict[str, Any]:
    """What is known of a company as the columns of an account: of each subject what was read first."""
    found: dict[str, Any] = {}
    for subject, value in prospect.facts.order_by("pk").values_list("subject", "value"):
        if subject in ("industry", "region", "employees"):
            found.setdefault(subject, int(value) if subject == "employees" and value.isdecimal() else value)
    if not isinstance(found.get("employees", 0), int):
        del found["employees"]
    return found


def _plan_call(write: Writing, account_id: str, account: Mapping[str, Any], day: date | None, by: Actor) -> None:
    """A task to call the new account, for its owner: on the day that was agreed, or the next."""
    day = day or timezone.localdate(write.now) + timedelta(days=1)
    task = {
        "activity_id": f"call-{secrets.token_hex(8)}",
        "account_id": account_id,
        "kind": "task",
        "subject": _("Call %(name)s") % {"name": account["name"]},
        "owner": account.get("owner"),
        "due_at": datetime(day.year, day.month, day.day, 18, tzinfo=timezone.get_current_timezone()),
    }
    crm.add("activities", {name: value for name, value in task.items() if value is not None}, by=by)


def _held(prospect: Prospect, *, refused: bool = False) -> Prospect:
    """The prospect as it is now, inside the write."""
    held = Prospect.objects.get(pk=prospect.pk)
    if held.emptied_at is not None:
        raise TenureError(
            "prospect.emptied",
            _("What was known of this prospect was emptied on its day."),
            fix=_("Collect its site again, or import a newer list."),
        )
    if held.state == ProspectState.REFUSED and not refused:
        raise TenureError(
            "prospect.refused",
            _("This prospect said no."),
            fix=_("Leave it alone; if it came back by itself, make it new again first."),
        )
    return held


def _change(prospect: Prospect, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(prospect, name, value)
    prospect.save(update_fields=[*values])


def _key(prospect: Prospect) -> str:
    """What names a prospect in the audit trail, which keeps what it says: never a name or number of a list."""
    return prospect.domain or f"#{prospect.pk}"


def _converted(prospect: Prospect) -> TenureError:
    return TenureError(
        "prospect.converted",
        _("This prospect is an account already: %(value)s.") % {"value": prospect.account_id},
        fix=_("Go on with the account."),
        value=prospect.account_id,
    )


def _bad_call(field_name: str, value: Any, fix: str) -> TenureError:
    return TenureError(
        "prospect.bad_call",
        _("The field %(field)s cannot be %(value)s.") % {"field": field_name, "value": repr(value)},
        fix=fix,
        field=field_name,
        value=str(value),
    )
