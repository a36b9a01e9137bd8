"""One write: a transaction in which nobody else writes, at one moment, by one actor, with its audit entry.

Writers take turns (SQLite: immediate transactions; PostgreSQL: an advisory lock), so positions of the outbox are given
in the order of commits and the moment of a write is never earlier than that of the one before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from tenure.apps.workspaces.models import ApiKey, AuditEntry, Door, Member

Actor = Member | ApiKey | str | None
"""Who writes: a member, a program by its key, or the name of a person or job that has no account here."""
_origin: ContextVar[tuple[str, str]] = ContextVar("origin", default=(Door.COMMAND, ""))
"""The door and the address from which this thread is asked to do what it does."""
_LOCK = 0x7465_6E75_7265


@dataclass(frozen=True, slots=True)
class Writing:
    """The moment and the actor of a write."""

    now: datetime
    member: Member | None
    actor: str

    def audit(self, verb: str, kind: str, key: str, **detail: Any) -> None:
        """Say what was done, in the same transaction; `before` and `after` are values by column."""
        door, address = _origin.get()
        AuditEntry.objects.create(
            at=self.now,
            member=self.member,
            actor=self.actor,
            verb=verb,
            kind=kind,
            key=key,
            detail=_plain(detail),
            door=door,
            address=address,
        )

    def audit_many(self, verb: str, kind: str, told: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        """Say of many objects of a kind, by key, what was done with each."""
        AuditEntry.objects.bulk_create(
            AuditEntry(
                at=self.now, member=self.member, actor=self.actor, verb=verb, kind=kind, key=key, detail=dict(detail)
            )
            for key, detail in told
        )


def _plain(value: Any) -> Any:
    """A value as JSON keeps it."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


@contextmanager
def coming_from(door: str, address: str = "") -> Iterator[None]:
    """Note in every audit entry of the block by which door the change came in, and from which address."""
    token = _origin.set((door, address[:64]))
    try:
        yield
    finally:
        _origin.reset(token)


def actor_name(by: Actor) -> str:
    """How an actor is named in the audit trail."""
    if isinstance(by, Member):
        return f"{by.display_name} <{by.email}>"
    if isinstance(by, ApiKey):
        return f"{by.name} ({by.prefix})"
    return by or "tenure"


def actor_reference(by: Actor) -> dict[str, Any]:
    """An actor as JSON, for a job that acts in their name later."""
    if isinstance(by, Member):
        return {"member": by.pk}
    if isinstance(by, ApiKey):
        return {"key": by.pk}
    return {"name": actor_name(by)}


def actor_from(reference: Mapping[str, Any]) -> Member | ApiKey | str:
    """The actor of a reference, as they are now."""
    if "member" in reference:
        return Member.objects.get(pk=reference["member"])
    if "key" in reference:
        return ApiKey.objects.get(pk=reference["key"])
    return str(reference["name"])


@contextmanager
def writing(by: Actor) -> Iterator[Writing]:
    """Open the transaction of a write; nothing of it remains if the block raises or the process dies."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        last = AuditEntry.objects.order_by("-at").values_list("at", flat=True).first()
        now = timezone.now()
        yield Writing(
            now=now if last is None else max(now, last),
            member=by if isinstance(by, Member) else None,
            actor=actor_name(by),
        )
