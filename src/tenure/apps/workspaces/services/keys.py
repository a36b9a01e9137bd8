"""API keys: made, checked and revoked. A key is `tnr_PREFIX_SECRET`; the store has the prefix and a hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.utils import OperationalError
from django.utils import timezone
from django.utils.translation import gettext as _

from tenure.apps.workspaces.models import KEY_ROLES, ApiKey, Role, Scope, Team
from tenure.apps.workspaces.permissions import PERMISSIONS
from tenure.apps.workspaces.services.members import keep_to_owners
from tenure.apps.workspaces.services.writing import Actor, Writing, writing
from tenure.core.errors import TenureError

_MARK = "tnr"
_SEEN_EVERY = timedelta(minutes=1)


def create_key(name: str, role: str, *, by: Actor, team: Team | None = None) -> tuple[ApiKey, str]:
    """A new key and its text, which is shown this once; with a team it sees the accounts of that team only."""
    if role not in KEY_ROLES:
        raise TenureError(
            "key.bad_role",
            _("There is no role %(value)s.") % {"value": repr(role)},
            fix=_("Use one of: %(allowed)s.") % {"allowed": ", ".join(KEY_ROLES)},
            field="role",
            value=role,
        )
    if not name.strip():
        raise TenureError(
            "key.no_name",
            _("The key has no name."),
            fix=_("Name it after the program that will use it."),
            field="name",
            value=name,
        )
    if role == Role.OWNER:
        keep_to_owners(by)
    scope = Scope.ALL if team is None else Scope.TEAM
    prefix = secrets.token_hex(4)
    text = f"{_MARK}_{prefix}_{secrets.token_hex(24)}"
    with writing(by) as write:
        key = ApiKey.objects.create(
            name=name.strip(),
            prefix=prefix,
            digest=digest(text),
            role=role,
            scope=scope,
            team=team,
            created_by=write.member,
        )
        made = {"name": key.name, "role": role, "scope": str(scope), "team": None if team is None else team.name}
        write.audit("created", "api key", prefix, after=made)
    return key, text


def authenticate_key(text: str) -> ApiKey | None:
    """The key that a text is, if it is one and not revoked; notes when it was last used."""
    parts = text.strip().split("_")
    if len(parts) != 3 or parts[0] != _MARK:
        return None
    key = ApiKey.objects.filter(prefix=parts[1], revoked_at=None).first()
    if key is None or not hmac.compare_digest(key.digest, digest(text)):
        return None
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at > _SEEN_EVERY:
        _note_use(key, now)
    return key


def _note_use(key: ApiKey, now: datetime) -> None:
    """Keep when a key was last used, unless the store is being written: who only asks does not wait for that."""
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        if sqlite:
            cursor.execute("PRAGMA busy_timeout")
            patience = int(cursor.fetchone()[0])
            cursor.execute("PRAGMA busy_timeout = 0")
        try:
            with transaction.atomic():
                ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
            key.last_used_at = now
        except OperationalError:
            if not sqlite:
                raise
        finally:
            if sqlite:
                cursor.execute(f"PRAGMA busy_timeout = {patience}")


def write_keys() -> dict[str, str]:
    """The hashes of the keys that may send events, each with the name of its source."""
    found = ApiKey.objects.filter(role__in=PERMISSIONS["send_events"], revoked_at=None)
    return dict(found.values_list("digest", "name"))


def digest(text: str) -> str:
    """What the store knows a key's text by."""
    return hashlib.sha256(text.strip().encode()).hexdigest()


def revoke_key(prefix: str, *, by: Actor) -> ApiKey:
    """Make a key useless from now on."""
    with writing(by) as write:
        key = ApiKey.objects.filter(prefix=prefix, revoked_at=None).first()
        if key is None:
            raise TenureError(
                "key.unknown",
                _("There is no key %(value)s that could be revoked.") % {"value": repr(prefix)},
                fix=_("Give the eight characters after `tnr_`; `tenure api-key list` shows them."),
                field="prefix",
                value=prefix,
            )
        _revoke(write, key)
    return key


def _revoke(write: Writing, key: ApiKey) -> None:
    key.revoked_at = write.now
    key.save(update_fields=["revoked_at"])
    write.audit("revoked", "api key", key.prefix, before={"name": key.name, "role": key.role})
