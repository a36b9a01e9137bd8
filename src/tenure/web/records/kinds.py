"""The kinds of records that pages, the API and commands write, and how each record is named in an address.

A record is named by its `version_key`, whose parts are joined by slashes. In an address the slashes are written as `~`
(and a `~` as %7E), so that a record is one part of a path.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tenure.apps.acquisition import selectors as acquisition
from tenure.apps.acquisition.services import leads, reach
from tenure.apps.crm import services as crm
from tenure.apps.subscriptions import selectors as sold
from tenure.apps.subscriptions import services as subscriptions
from tenure.apps.workspaces import history
from tenure.apps.workspaces.permissions import Caller, may, wrote
from tenure.apps.workspaces.services import custom
from tenure.apps.workspaces.versions import Version
from tenure.core.errors import TenureError
from tenure.warehouse import schema

Services = Any
"""The module whose add, edit, end, withdraw and undo write a kind."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record: its model, the services that write it, and the column that ends it, if one does."""

    name: str
    model: type[Version]
    services: Services
    end: str

    @property
    def scope(self) -> Any:
        """The module that says who sees its records."""
        return acquisition if self.services is leads else sold

    @property
    def table(self) -> schema.Table:
        return self.model.table()

    @property
    def fields(self) -> tuple[schema.Column, ...]:
        """The columns a person may give."""
        own = {"row_id", "recorded_at", "superseded_at"}
        return tuple(column for column in self.table.inputs if column.name not in own)


KINDS: Mapping[str, Kind] = {
    name: Kind(name, model, services, services.ENDS.get(name, ""))
    for services in (crm, subscriptions, reach, leads)
    for name, model in services.MODELS.items()
}


def kind_of(name: str) -> Kind:
    """A kind by its name.

    Raises: TenureError record.unknown_kind.
    """
    if name not in KINDS:
        raise TenureError(
            "record.unknown_kind",
            _("There are no records of the kind %(value)s.") % {"value": repr(name)},
            fix=_("Use one of: %(allowed)s.") % {"allowed": ", ".join(KINDS)},
            field="kind",
            value=name,
            allowed=list(KINDS),
        )
    return KINDS[name]


def token(key: str) -> str:
    """A record's key as one part of an address."""
    return key.replace("~", "%7E").replace("/", "~")


def key_of(token: str) -> str:
    """The key that an address names."""
    return token.replace("~", "/").replace("%7E", "~")


def visible(kind: Kind, caller: Caller) -> QuerySet[Any]:
    """The records of a kind that the caller may see, as they are now."""
    return kind.scope.visible_to(caller, kind.model)


def record_for(kind: Kind, key: str, caller: Caller) -> Any:
    """One record as it is now; one the caller may not see is refused as one that is not there.

    Raises: TenureError record.unknown.
    """
    found = visible(kind, caller).filter(version_key=key).first()
    if found is None:
        raise _unknown(kind, key)
    return found


def is_live(kind: Kind, key: str) -> bool:
    """Whether there is a record with the key now, whoever may see it."""
    return bool(kind.model.objects.live().filter(version_key=key).exists())


def history_for(kind: Kind, key: str, caller: Caller) -> list[history.Step]:
    """Every step of a record, the newest first, also of one that was withdrawn.

    Raises: TenureError record.unknown.
    """
    steps = history.steps(kind.model, key)
    newest = steps[0] if steps else None
    if newest is None or not kind.scope.sees(caller, newest.version or newest.former):
        raise _unknown(kind, key)
    return steps


def steps_to_undo(kind: Kind, key: str, caller: Caller) -> list[history.Step]:
    """Every step of a record whose newest one the caller may take back: also one that gave it out of their sight.

    Raises: TenureError record.unknown.
    """
    steps = history.steps(kind.model, key)
    replaced = [
        (step.version, step.former) for step in steps[:1] if step.version is not None and step.former is not None
    ]
    if any(wrote(caller, version) and kind.scope.sees(caller, former) for version, former in replaced):
        return steps
    return history_for(kind, key, caller)


def seen_version(kind: Kind, key: str, caller: Caller, row_id: str) -> Any:
    """The version an editor had before them, of those the record had; the one it has now where they name none of it.

    Raises: TenureError record.unknown.
    """
    known = [step.version for step in history_for(kind, key, caller) if step.version is not None]
    return next((version for version in known if version.row_id == row_id), None) or record_for(kind, key, caller)


def hidden(kind: Kind, caller: Caller) -> frozenset[str]:
    """What of a kind the caller may not read: personal columns and fields, for roles that do not write records."""
    if may(caller, "read_personal"):
        return frozenset()
    own = (f"{custom.GIVEN}.{key}" for key in custom.personal_keys(kind.name))
    return frozenset((*kind.model.PERSONAL, *own))


def _unknown(kind: Kind, key: str) -> TenureError:
    return TenureError(
        "record.unknown",
        _("There is no %(kind)s %(key)s.") % {"kind": kind.name, "key": repr(key)},
        fix=_("Check the key: its parts are joined by a slash, as in %(parts)s.") % {"parts": "/".join(kind.table.key)},
        kind=kind.name,
        key=key,
    )
