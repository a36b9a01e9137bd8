"""The one list of permissions, and the one rule of scope: what may be done by whom, and over whose accounts."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeGuard

from tenure.apps.workspaces.models import CAPTURER, SENDER, ApiKey, Member, Role, Scope
from tenure.apps.workspaces.versions import Version
from tenure.core.errors import TenureError

Caller = Member | ApiKey
"""Who looks or acts: a member, or a program by its key."""
_EVERYBODY = frozenset(Role.values)
_WRITERS = frozenset({Role.OWNER, Role.ADMIN, Role.OPERATOR, Role.SUCCESS, Role.SALES})
_KEEPERS = frozenset({Role.OWNER, Role.ADMIN})

PERMISSIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "ask": _EVERYBODY,
        "own_account": _EVERYBODY,
        "import": frozenset({Role.OWNER, Role.ADMIN, Role.OPERATOR}),
        "edit_records": _WRITERS,
        "read_personal": _WRITERS,
        "work_leads": _WRITERS | {Role.AGENT},
        "capture_leads": _WRITERS | {Role.AGENT, CAPTURER},
        "lead_settings": frozenset({Role.OWNER, Role.ADMIN, Role.OPERATOR}),
        "call_prospects": _WRITERS,
        "collect_prospects": frozenset({Role.OWNER, Role.ADMIN, Role.OPERATOR}),
        "close_month": frozenset({Role.OWNER, Role.ADMIN, Role.ANALYST}),
        "definitions": frozenset({Role.OWNER, Role.ADMIN, Role.ANALYST}),
        "set_targets": frozenset({Role.OWNER, Role.ADMIN, Role.OPERATOR, Role.ANALYST}),
        "describe_events": frozenset({Role.OWNER, Role.ADMIN, Role.OPERATOR, Role.ANALYST}),
        "annotate": _WRITERS | {Role.ANALYST},
        "manage_members": _KEEPERS,
        "manage_keys": _KEEPERS,
        "manage_webhooks": _KEEPERS,
        "define_fields": _KEEPERS | {Role.OPERATOR},
        "erase": _KEEPERS,
        "read_audit": _KEEPERS,
        "export_all": _KEEPERS,
        "send_events": frozenset({SENDER}),
    }
)

OF_EVERYTHING = frozenset(
    {
        "import",
        "collect_prospects",
        "lead_settings",
        "close_month",
        "definitions",
        "set_targets",
        "describe_events",
        "manage_members",
        "manage_keys",
        "manage_webhooks",
        "define_fields",
        "erase",
        "read_audit",
        "export_all",
    }
)
"""What touches every account: only who sees all of them may do it."""


class NotAllowed(TenureError):
    """The person or key has a role that may not do this, or does not see all it is about."""


def folded(owner: str) -> str:
    """The form in which an account's owner and a member are compared: width and case do not matter."""
    return unicodedata.normalize("NFKC", owner).casefold().strip()


def sees_everything(who: Caller) -> bool:
    """Whether somebody's scope is every account; never an agent's, who is of another firm."""
    return who.scope == Scope.ALL and who.role != Role.AGENT


def is_agent(who: object) -> bool:
    """Whether somebody is an agent: of another firm, who sees only what they brought or were given."""
    return isinstance(who, (Member, ApiKey)) and who.role == Role.AGENT


def is_person(by: object) -> bool:
    """Whether a member writes, not a program, a command or a job."""
    return isinstance(by, Member)


def word_of(by: object) -> str | None:
    """The word by which what somebody owns names them; None for whoever is no member."""
    return (by.owns_as or by.email) if isinstance(by, Member) else None


def limited(by: object) -> TypeGuard[Caller]:
    """Whether somebody who writes sees some accounts only; commands and jobs see all."""
    return isinstance(by, (Member, ApiKey)) and not sees_everything(by)


def owners_visible_to(caller: Caller) -> frozenset[str] | None:
    """The folded owners whose accounts somebody sees; None is every account, those without an owner among them."""
    if sees_everything(caller):
        return None
    if caller.scope == Scope.TEAM:
        colleagues = Member.objects.filter(team_id=caller.team_id, team__isnull=False)
        named = [word for pair in colleagues.values_list("email", "owns_as") for word in pair]
    else:
        named = [caller.email, caller.owns_as] if isinstance(caller, Member) else []
    return frozenset(folded(word) for word in named if word.strip())


def colleagues_of(caller: Caller) -> frozenset[int] | None:
    """The members whose work somebody sees, by number: all (None), those of their team, or themselves."""
    if sees_everything(caller):
        return None
    if caller.scope == Scope.TEAM:
        return frozenset(Member.objects.filter(team_id=caller.team_id, team__isnull=False).values_list("pk", flat=True))
    return frozenset({caller.pk} if isinstance(caller, Member) else ())


def wrote(who: Caller, version: Version) -> bool:
    """Whether a version of a record is somebody's own."""
    return isinstance(who, Member) and version.by_id == who.pk


def may(who: Caller, permission: str) -> bool:
    """Whether somebody's role and scope include a permission; nobody inactive or revoked may anything."""
    if isinstance(who, Member) and not who.is_active:
        return False
    if isinstance(who, ApiKey) and who.revoked_at is not None:
        return False
    return who.role in PERMISSIONS[permission] and (permission not in OF_EVERYTHING or sees_everything(who))


def require(who: Caller, permission: str) -> None:
    """Refuse, with what is needed, if somebody's role or scope does not include a permission."""
    if who.role in PERMISSIONS[permission] and permission in OF_EVERYTHING:
        require_everything(who, permission)
    if not may(who, permission):
        roles = ", ".join(sorted(PERMISSIONS[permission]))
        raise NotAllowed(
            "permission.denied",
            f"The role {who.role} may not do this ({permission}).",
            fix=f"Ask a member with one of these roles: {roles}.",
            permission=permission,
            role=who.role,
        )


def require_everything(who: Caller, wanted: str) -> None:
    """Refuse what speaks of all accounts to somebody who sees some of them."""
    if not sees_everything(who):
        raise NotAllowed(
            "permission.scope",
            f"This speaks of all accounts ({wanted}), and you see some of them.",
            fix="Ask a member who sees all accounts, or an administrator to change your scope.",
            wanted=wanted,
            scope=who.scope,
        )
