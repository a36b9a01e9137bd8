"""What an endpoint is told: entries of the audit trail as events, and the deliveries made of them."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from tenure.apps.connectors.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from tenure.apps.workspaces import selectors
from tenure.apps.workspaces.versions import key_columns
from tenure.core.errors import TenureError
from tenure.warehouse import schema

SAID: Mapping[str, str] = {
    "withdrew": "withdrawn",
    "undid edit": "reverted",
    "undid import": "import_undone",
    "failed to import": "import_failed",
    "cancelled import": "import_cancelled",
}
"""Verbs of the audit trail that events say otherwise."""
AT_ONCE = 1_000
"""Entries of the trail that are read in one transaction."""
TEST = "tenure.test"
_NOT_PLAIN = re.compile("[^a-z0-9]+")
_NAMED = ("row_id", "former", "batch", "created", "changed", "unchanged", "withdrawn", "restored", "kept")


def verb_of(verb: str) -> str:
    """A verb of the trail as events say it."""
    return SAID.get(verb) or _NOT_PLAIN.sub("_", verb.lower()).strip("_") or "changed"


def type_of(kind: str, verb: str) -> str:
    """What an event is called: `account.added`, `tender_item.edited`."""
    one = kind[:-3] + "y" if kind.endswith("ies") else kind.removesuffix("s")
    return f"{one}.{verb_of(verb)}"


def body_of(entry: Any) -> str:
    """The body of the event that an entry of the trail is: ids and names, and no value of any column."""
    detail = entry.detail
    data: dict[str, Any] = {"kind": entry.kind, "verb": verb_of(entry.verb)}
    if "import" in verb_of(entry.verb):
        data["import"] = int(entry.key) if entry.key.isdigit() else entry.key
    else:
        data |= {"key": entry.key, "ids": _ids(entry.kind, entry.key)}
        changed = detail.get("fields")
        data["changed"] = sorted(detail.get("after") or {}) if changed is None else changed
    renamed = {"row_id": "version", "changed": "rows_changed"}
    data |= {renamed.get(name, name): detail[name] for name in _NAMED if detail.get(name) is not None}
    return _text(type_of(entry.kind, entry.verb), entry.at, data)


def _ids(kind: str, key: str) -> dict[str, str]:
    try:
        return key_columns(schema.TABLES[kind], key)
    except TenureError:
        return {}


def _text(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": kind, "timestamp": moment, "data": data}, ensure_ascii=False, separators=(",", ":"))


def hears(endpoint: WebhookEndpoint, entry: Any) -> bool:
    """Whether an endpoint is to be told of an entry of the trail."""
    if entry.kind not in schema.TABLES or (endpoint.kinds and entry.kind not in endpoint.kinds):
        return False
    if endpoint.verbs and verb_of(entry.verb) not in endpoint.verbs:
        return False
    sort, _sign, named = endpoint.leaves_out.partition(":")
    if sort == "member":
        return str(entry.member_id) != named
    return sort != "key" or not entry.actor.endswith(f" ({named})")


def queue() -> int:
    """Make the deliveries of what was written since the last look; how many. Every entry is looked at once."""
    trail = selectors.audit_in_order()
    newest = trail.last()
    if newest is None:
        return 0
    behind = WebhookEndpoint.objects.filter(stopped="", heard_up_to__lt=newest.pk)
    return sum(_queue(number) for number in list(behind.values_list("pk", flat=True)))


def _queue(number: int) -> int:
    with transaction.atomic():
        endpoint = WebhookEndpoint.objects.select_for_update().filter(pk=number, stopped="").first()
        if endpoint is None:
            return 0
        entries = list(selectors.audit_in_order().filter(pk__gt=endpoint.heard_up_to)[:AT_ONCE])
        if not entries:
            return 0
        now = timezone.now()
        made = [
            _delivery(endpoint, type_of(entry.kind, entry.verb), body_of(entry), now)
            for entry in entries
            if hears(endpoint, entry)
        ]
        WebhookDelivery.objects.bulk_create(made)
        endpoint.heard_up_to = entries[-1].pk
        endpoint.save(update_fields=["heard_up_to"])
    return len(made)


def queue_test(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Make the delivery of an event that says nothing but that it is a test."""
    now = timezone.now()
    made = _delivery(endpoint, TEST, _text(TEST, now, {"endpoint": endpoint.pk}), now)
    made.save()
    return made


def _delivery(endpoint: WebhookEndpoint, kind: str, body: str, now: datetime) -> WebhookDelivery:
    return WebhookDelivery(
        endpoint=endpoint,
        message_id=f"msg_{secrets.token_hex(16)}",
        type=kind,
        body=body,
        made_at=now,
        due_at=now,
        state=DeliveryState.WAITING,
    )
