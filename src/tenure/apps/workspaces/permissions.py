"""The one list of permissions: what may be done, and which role may do it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tenure.apps.workspaces.models import ApiKey, Member, Role
from tenure.core.errors import TenureError

_EVERYBODY = frozenset(Role.values)
_WRITERS = frozenset({Role.OWNER, Role.ADMIN, Role.OPERATOR, Role.SUCCESS, Role.SALES})
_KEEPERS = frozenset({Role.OWNER, Role.ADMIN})

PERMISSIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "ask": _EVERYBODY,
        "own_account": _EVERYBODY,
        "import": frozenset({Role.OWNER, Role.ADMIN, Role.OPERATOR}),
        "edit_records": _WRITERS,
        "close_month": frozenset({Role.OWNER, Role.ADMIN, Role.ANALYST}),
        "definitions": frozenset({Role.OWNER, Role.ADMIN, Role.ANALYST}),
        "manage_members": _KEEPERS,
        "manage_keys": _KEEPERS,
        "erase": _KEEPERS,
    }
)


class NotAllowed(TenureError):
    """The person or key has a role that may not do this."""


def may(who: Member | ApiKey, permission: str) -> bool:
    """Whether somebody's role includes a permission; nobody inactive or revoked may anything."""
    if isinstance(who, Member) and not who.is_active:
        return False
    if isinstance(who, ApiKey) and who.revoked_at is not None:
        return False
    return who.role in PERMISSIONS[permission]


def require(who: Member | ApiKey, permission: str) -> None:
    """Refuse, with the roles that may, if somebody's role does not include a permission."""
    if not may(who, permission):
        roles = ", ".join(sorted(PERMISSIONS[permission]))
        raise NotAllowed(
            "permission.denied",
            f"The role {who.role} may not do this ({permission}).",
            fix=f"Ask a member with one of these roles: {roles}.",
            permission=permission,
            role=who.role,
        )
