"""Webhook endpoints: made, changed, stopped, started again, deleted; their secret changed; what was sent to them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from tenure.apps.connectors.models import DeliveryState, Stopped, WebhookDelivery, WebhookEndpoint
from tenure.apps.connectors.webhooks import addresses, events, sending, signing
from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.permissions import Caller, require
from tenure.apps.workspaces.services import erasure
from tenure.apps.workspaces.services.values import plain_text
from tenure.apps.workspaces.services.writing import actor_reference, writing
from tenure.core.errors import TenureError
from tenure.warehouse import schema

MOST = 50
"""Endpoints of an installation."""
KIND = "webhook"
"""The kind of the audit entries about endpoints."""
VERBS = (
    "added", "edited", "ended", "merged", "withdrawn", "restored", "reverted", "imported", "import_undone", "erased",
)  # fmt: skip
"""What an endpoint can choose to hear of; without a choice it hears of everything."""


DELIVERIES = WebhookDelivery._meta.db_table
"""The table with what receivers answered, which may be about a person."""


def every() -> QuerySet[WebhookEndpoint]:
    """Every endpoint, the oldest first, with how much waits for it and when something arrived last."""
    waiting = Count("deliveries", filter=Q(deliveries__state=DeliveryState.WAITING))
    arrived = Max("deliveries__last_at", filter=Q(deliveries__state=DeliveryState.SENT))
    found = WebhookEndpoint.objects.annotate(waiting=waiting, arrived=arrived).select_related("made_by", "made_by_key")
    return found.order_by("pk")


def one(number: int) -> WebhookEndpoint:
    """One endpoint by its number.

    Raises: TenureError webhook.unknown.
    """
    found = every().filter(pk=number).first()
    if found is None:
        raise TenureError(
            "webhook.unknown",
            _("There is no such webhook."),
            fix=_("Choose one from the list of webhooks."),
            value=str(number),
        )
    return found


def deliveries(endpoint: WebhookEndpoint) -> QuerySet[WebhookDelivery]:
    """What was or is to be sent to an endpoint."""
    return endpoint.deliveries.all()


def delivery(endpoint: WebhookEndpoint, message_id: str) -> WebhookDelivery:
    """One delivery by its message id.

    Raises: TenureError webhook.unknown_delivery.
    """
    found = endpoint.deliveries.filter(message_id=message_id).first()
    if found is None:
        raise TenureError(
            "webhook.unknown_delivery",
            _("There is no such delivery."),
            fix=_("Deliveries are kept for 30 days: choose one from the list."),
            value=message_id[:100],
        )
    return found


def make(
    url: str,
    *,
    by: Caller,
    kinds: Sequence[str] = (),
    verbs: Sequence[str] = (),
    leaves_out: str = "",
    note: str = "",
) -> tuple[WebhookEndpoint, str]:
    """A new endpoint and its secret, which is shown this once. It hears of what is written from now on."""
    require(by, "manage_webhooks")
    values = _checked(url, kinds, verbs, leaves_out, note)
    if WebhookEndpoint.objects.count() >= MOST:
        raise TenureError(
            "webhook.too_many",
            _("There are %(most)s webhooks already.") % {"most": MOST},
            fix=_("Delete one that nobody needs."),
            most=MOST,
        )
    maker = actor_reference(by)
    newest = selectors.audit_in_order().last()
    with writing(by) as write:
        endpoint = WebhookEndpoint.objects.create(
            uid=secrets.token_hex(16),
            made_by_id=maker.get("member"),
            made_by_key_id=maker.get("key"),
            made_at=write.now,
            heard_up_to=0 if newest is None else newest.pk,
            **values,
        )
        write.audit("created", KIND, str(endpoint.pk), after=values)
    return endpoint, signing.secret_text(endpoint.uid, endpoint.secret_round)


def change(endpoint: WebhookEndpoint, *, by: Caller, **given: Any) -> WebhookEndpoint:
    """Change what an endpoint is and hears; what is not given stays."""
    require(by, "manage_webhooks")
    names = ("url", "kinds", "verbs", "leaves_out", "note")
    before = {name: getattr(endpoint, name) for name in names}
    values = _checked(**{**before, **{name: value for name, value in given.items() if value is not None}})
    changed = [name for name in names if values[name] != before[name]]
    if changed:
        with writing(by) as write:
            for name in changed:
                setattr(endpoint, name, values[name])
            endpoint.save(update_fields=changed)
            told = {"before": {n: before[n] for n in changed}, "after": {n: values[n] for n in changed}}
            write.audit("edited", KIND, str(endpoint.pk), **told)
    return endpoint


def rotate(endpoint: WebhookEndpoint, *, by: Caller) -> str:
    """Another secret, shown this once; for a day the former one signs, too."""
    require(by, "manage_webhooks")
    with writing(by) as write:
        endpoint.secret_round += 1
        endpoint.rotated_at = write.now
        endpoint.save(update_fields=["secret_round", "rotated_at"])
        write.audit("changed secret", KIND, str(endpoint.pk))
    return signing.secret_text(endpoint.uid, endpoint.secret_round)


def stop(endpoint: WebhookEndpoint, *, by: Caller) -> None:
    """Send nothing more until it is started again; what is written meanwhile waits."""
    require(by, "manage_webhooks")
    with writing(by) as write:
        if WebhookEndpoint.objects.filter(pk=endpoint.pk, stopped="").update(
            stopped=Stopped.BY_HAND, stopped_at=write.now
        ):
            write.audit("stopped", KIND, str(endpoint.pk), after={"url": endpoint.url})


def start(endpoint: WebhookEndpoint, *, by: Caller) -> None:
    """Send again, at once, what waits and what was written meanwhile. Who starts it answers for it from now on."""
    require(by, "manage_webhooks")
    maker = actor_reference(by)
    with writing(by) as write:
        found = WebhookEndpoint.objects.filter(pk=endpoint.pk).exclude(stopped="")
        if found.update(
            stopped="",
            stopped_at=None,
            failing_since=None,
            made_by_id=maker.get("member"),
            made_by_key_id=maker.get("key"),
        ):
            sending.resume(endpoint, write.now)
            write.audit("started", KIND, str(endpoint.pk), after={"url": endpoint.url})


def delete(endpoint: WebhookEndpoint, *, by: Caller) -> None:
    """Forget an endpoint and what was sent to it."""
    require(by, "manage_webhooks")
    with writing(by) as write:
        write.audit("deleted", KIND, str(endpoint.pk), before={"url": endpoint.url})
        endpoint.delete()


def test(endpoint: WebhookEndpoint, *, by: Caller) -> WebhookDelivery:
    """Let a test event be sent.

    Raises: TenureError webhook.stopped.
    """
    require(by, "manage_webhooks")
    _running(endpoint)
    return events.queue_test(endpoint)


def again(found: WebhookDelivery, *, by: Caller) -> None:
    """Let a delivery be sent once more, under the same message id.

    Raises: TenureError webhook.stopped.
    """
    require(by, "manage_webhooks")
    _running(found.endpoint)
    sending.send_again(found, timezone.now())


def _running(endpoint: WebhookEndpoint) -> None:
    if endpoint.stopped:
        raise TenureError(
            "webhook.stopped",
            _("Nothing is sent to this webhook: it is stopped."),
            fix=_("Start it first."),
            reason=endpoint.stopped,
        )


def forget(words: erasure.Words) -> int:
    """Replace the words about a person in what receivers answered; how many deliveries were changed."""
    return erasure.blank_columns(WebhookDelivery, ("last_answer",), words)


def _checked(url: str, kinds: Sequence[str], verbs: Sequence[str], leaves_out: str, note: str) -> dict[str, Any]:
    """What an endpoint is made of, if all of it can be.

    Raises: TenureError webhook.bad_url, webhook.bad_value.
    """
    addresses.require_allowed(url)
    for field, given, allowed in (("kinds", kinds, sorted(schema.TABLES)), ("verbs", verbs, VERBS)):
        wrong = next((value for value in given if value not in allowed), None)
        if wrong is not None:
            raise _bad(field, wrong, _("Use some of: %(allowed)s.") % {"allowed": ", ".join(allowed)})
    sort, _sign, named = leaves_out.partition(":")
    if leaves_out and not (named and ((sort == "member" and named.isdigit()) or sort == "key")):
        raise _bad("leaves_out", leaves_out, _("Write member:NUMBER or key:PREFIX, or nothing."))
    return {
        "url": url.strip(),
        "kinds": sorted(set(kinds)),
        "verbs": sorted(set(verbs)),
        "leaves_out": plain_text("leaves_out", leaves_out)[:100],
        "note": plain_text("note", note)[:200],
    }


def _bad(field: str, value: object, fix: str) -> TenureError:
    return TenureError(
        "webhook.bad_value",
        _("%(field)s cannot be %(value)s.") % {"field": field, "value": repr(value)[:80]},
        fix=fix,
        field=field,
        value=str(value)[:80],
    )
