"""The collector's switch and its walks: off until a person signs what it is for; one walk at a time."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from tenure.apps.acquisition import selectors
from tenure.apps.acquisition.models import Collection, CollectorSetting, RunState, Site, Visit
from tenure.apps.acquisition.services.prospects import Collected, note_collected
from tenure.apps.acquisition.services.sites import domain_of
from tenure.apps.workspaces.services.writing import Actor, writing
from tenure.core.errors import TenureError

SHORTEST_PURPOSE = 20
LONGEST_PURPOSE = 2_000


def sign(purpose: str, contact: str, signature: str, *, by: Actor) -> CollectorSetting:
    """Switch the collector on: a person says what it is for, where site owners reach them, and signs with their name.

    Raises: TenureError (collector.bad_purpose, collector.bad_contact, collector.bad_signature).
    """
    purpose, contact, signature = purpose.strip(), contact.strip(), signature.strip()
    if not SHORTEST_PURPOSE <= len(purpose) <= LONGEST_PURPOSE:
        fix = _("Say in 20 to 2,000 characters what the facts are for.")
        raise _refused("bad_purpose", "purpose", purpose, fix)
    if urlsplit(contact).scheme not in ("http", "https") or domain_of(contact) is None or not contact.isascii():
        raise _refused("bad_contact", "contact", contact, _("Write the address of a public page, such as https://…"))
    if len(contact) > 300 or any(sign <= " " or sign in "()" for sign in contact):
        raise _refused("bad_contact", "contact", contact, _("Write the address of a public page, such as https://…"))
    with writing(by) as write:
        if write.member is None or signature.casefold() != write.member.display_name.strip().casefold():
            raise _refused("bad_signature", "signature", signature, _("Write your own name as it stands in Tenure."))
        former = selectors.collector()
        wanted = {"purpose": purpose, "contact": contact, "signature": signature}
        made, _new = CollectorSetting.objects.update_or_create(
            pk=1, defaults={**wanted, "signed_by": write.member, "signed_at": write.now}
        )
        before = {"purpose": former.purpose, "contact": former.contact} if former.is_on else {}
        write.audit("signed", "collector", "", before=before, after=wanted)
    return made


def switch_off(*, by: Actor) -> None:
    """Switch the collector off; a walk that is under way ends before its next request."""
    with writing(by) as write:
        if CollectorSetting.objects.filter(pk=1, signed_at__isnull=False).update(signed_at=None):
            write.audit("switched off", "collector", "")


def begin(*, by: Actor) -> Collection:
    """Begin a walk through every site of the list that nobody opted out of.

    Raises: TenureError (collector.off, collector.no_sites, collector.under_way).
    """
    with writing(by) as write:
        setting = selectors.collector()
        if not setting.is_on:
            raise TenureError(
                "collector.off",
                _("The collector is off: nobody signed what it is for."),
                fix=_("Somebody who may signs the purpose under Acquire → Prospects → Collector."),
            )
        if selectors.under_way() is not None:
            raise TenureError(
                "collector.under_way",
                _("A collection is under way."),
                fix=_("Wait until it is done, or stop it."),
            )
        domains = [site.domain for site in selectors.sites() if not selectors.is_opted_out(site.domain)]
        if not domains:
            raise TenureError(
                "collector.no_sites", _("There is no site to look at."), fix=_("Add sites to the list first.")
            )
        made = Collection.objects.create(purpose=setting.purpose, by=write.member, began_at=write.now)
        Visit.objects.bulk_create((Visit(collection=made, domain=domain) for domain in domains), batch_size=1_000)
        write.audit("began", "collection", str(made.pk), sites=len(domains))
    return made


def stop(collection_id: int, *, by: Actor) -> None:
    """Let a walk end before its next request; what it found stays."""
    with writing(by) as write:
        running = Collection.objects.filter(pk=selectors.collection(collection_id).pk, state=RunState.RUNNING)
        if running.update(state=RunState.STOPPING):
            write.audit("stopped", "collection", str(collection_id))


def note_visit(visit: Visit, verdict: str, counts: Mapping[str, object], found: Collected | None) -> None:
    """Write down what became of a site and what was found there, together; a visit is written once."""
    with writing(visit.collection.by or _("Collector")) as write:
        held = Visit.objects.filter(pk=visit.pk, at=None)
        if not held.update(verdict=verdict, at=write.now, **counts):
            return
        Site.objects.filter(domain=visit.domain).update(visited_at=write.now)
        if found is not None and not selectors.is_opted_out(visit.domain):
            note_collected(write, found)


def end(collection_id: int, *, failed: bool = False) -> None:
    """Say that a walk is over: done, stopped, or given up."""
    with writing(_("Collector")) as write:
        held = Collection.objects.filter(pk=collection_id, state__in=selectors.UNDER_WAY).first()
        if held is None:
            return
        over = selectors.next_visit(collection_id) is None
        held.state = RunState.DONE if over else RunState.FAILED if failed else RunState.CANCELLED
        held.ended_at = write.now
        held.save(update_fields=["state", "ended_at"])
        write.audit("ended", "collection", str(collection_id), state=str(held.state))


def _refused(reason: str, field: str, value: str, fix: str) -> TenureError:
    return TenureError(
        f"collector.{reason}",
        _("The collector stays as it is."),
        fix=fix,
        field=field,
        value=value[:80],
    )
